//! What goes, to whom, how often.

use baton::conversation::Time;
use serde_json::json;

use crate::smtp::{Act, Fake};
use crate::support::server::Server;
use crate::world::{agent, chatting, listed, reply, ticket, told, with_mail};

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_to_a_ticket_goes_by_mail_with_the_transcript_and_a_link_back() {
    let mut smtp = Fake::start(&[]).await;
    let server = Server::start(with_mail(smtp.port)).await;
    let asked = ticket(&server, "Where is order 4711?\nIt is late.", "Maya", "maya@example.com").await;
    let mut dana = agent(&server, "Dana").await;
    dana.ok("note.add", json!({ "conversation": asked.conversation, "cid": crate::support::server::cid(), "text": "a secret note" })).await;
    reply(&mut dana, &asked, "It left yesterday: grüße.").await;
    let mail = smtp.mails(1).await.remove(0);
    assert_eq!(mail.to, "RCPT TO:<maya@example.com>");
    assert_eq!(mail.from, "MAIL FROM:<help@shop.example> BODY=8BITMIME".split(" BODY").next().unwrap());
    let header = |name: &str| mail.header(name).unwrap_or_else(|| panic!("no {name}: {}", mail.text));
    assert_eq!(header("subject"), "Example Shop: Where is order 4711? It is late.");
    assert_eq!(header("to"), "maya@example.com");
    assert!(header("from").ends_with("<help@shop.example>") && header("from").contains("Example Shop"));
    assert_eq!(header("reply-to"), "desk@shop.example");
    let id = asked.conversation.as_str().unwrap().replace('-', "");
    assert_eq!(header("in-reply-to"), format!("<{id}.chat@shop.example>"));
    let body = mail.body();
    assert!(body.starts_with("It left yesterday: grüße.\r\n"), "{body}");
    assert!(body.contains("Dana, Example Shop\r\n"), "{body}");
    assert!(body.contains("> Where is order 4711?\r\n> It is late.\r\n"), "{body}");
    assert!(!body.contains("secret"), "a note never goes: {body}");
    assert!(body.contains("http://localhost:8080/help#baton-chat=l1."), "{body}");
    let listed = listed(&mut dana, "sent", |m| m.len() == 1 && m[0]["state"] == "sent").await;
    assert_eq!((&listed[0]["attempts"], &listed[0]["to"]), (&json!(1), &json!("maya@example.com")));
    server.stop().await;
    assert_eq!(smtp.came().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_there_gets_no_mail_and_who_left_gets_what_they_did_not_see() {
    let mut smtp = Fake::start(&[]).await;
    let server = Server::start(with_mail(smtp.port)).await;
    let (mut visitor, asked) = chatting(&server, "Is anybody there?", "leo@example.com").await;
    let mut dana = agent(&server, "Dana").await;
    let seen = reply(&mut dana, &asked, "the first, which is seen").await;
    visitor.event("message.posted").await;
    visitor.ok("seen", json!({ "version": seen["version"] })).await;
    listed(&mut dana, "nothing waits", |m| m.is_empty()).await;
    reply(&mut dana, &asked, "the second, which is not").await;
    listed(&mut dana, "one waits", |m| m.len() == 1 && m[0]["state"] == "waiting").await;
    assert_eq!(smtp.connections(), 0, "nothing goes while they are there");
    visitor.bye().await;
    let mail = smtp.mails(1).await.remove(0);
    let body = mail.body();
    assert!(body.starts_with("the second, which is not"), "{body}");
    let (top, below) = body.split_once("What was said before").unwrap();
    assert!(!top.contains("the first") && below.contains("> the first, which is seen"), "{body}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_within_the_delay_go_as_one_mail_and_later_ones_in_its_thread() {
    let mut smtp = Fake::start(&[]).await;
    let port = smtp.port;
    let server = Server::start(|config| {
        with_mail(port)(config);
        config.mail.as_mut().unwrap().delay_ms = 400;
    })
    .await;
    let asked = ticket(&server, "Hello", "Maya", "maya@example.com").await;
    let mut dana = agent(&server, "Dana").await;
    for text in ["one", "two", "three"] {
        reply(&mut dana, &asked, text).await;
    }
    let first = smtp.mails(1).await.remove(0);
    assert!(first.body().starts_with("one\r\n\r\ntwo\r\n\r\nthree\r\n\r\nDana"), "{}", first.body());
    told(&mut dana, "it is sent", |f| f["state"] == "sent").await;
    reply(&mut dana, &asked, "four").await;
    let second = smtp.mails(2).await.remove(1);
    assert!(second.body().starts_with("four\r\n"), "{}", second.body());
    let id = |m: &crate::smtp::Came| m.header("message-id").unwrap();
    assert_ne!(id(&first), id(&second));
    assert_eq!(second.header("in-reply-to").unwrap(), id(&first));
    assert!(second.header("references").unwrap().ends_with(&id(&first)));
    assert_eq!(second.header("subject"), first.header("subject"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_good_is_given_up_at_once_and_can_be_tried_again_or_dropped() {
    let mut smtp = Fake::start(&[Act::Recipient(550), Act::Mail(554)]).await;
    let server = Server::start(with_mail(smtp.port)).await;
    let asked = ticket(&server, "Hello", "Maya", "maya@example.com").await;
    let mut dana = agent(&server, "Dana").await;
    reply(&mut dana, &asked, "Hello Maya").await;
    let failed = told(&mut dana, "given up", |f| f["state"] == "failed").await;
    assert!(failed["reason"].as_str().unwrap().contains("550 no such user here"), "{failed}");
    assert_eq!(failed["attempts"], 1);
    let id = failed["id"].clone();
    dana.ok("mail.retry", json!({ "id": id })).await;
    let failed = told(&mut dana, "given up again", |f| f["state"] == "failed").await;
    assert!(failed["reason"].as_str().unwrap().contains("554"), "{failed}");
    dana.ok("mail.retry", json!({ "id": id })).await;
    told(&mut dana, "sent", |f| f["state"] == "sent").await;
    let came = smtp.mails(2).await;
    assert_eq!(came[0].header("message-id"), came[1].header("message-id"), "one name in every attempt");
    dana.refused("mail.drop", json!({ "id": id }), "mail.left").await;
    dana.refused("mail.retry", json!({ "id": 999 }), "mail.unknown").await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_pass_is_tried_again_under_the_same_name() {
    for act in [Act::Mail(451), Act::CutBefore, Act::Recipient(450), Act::Password] {
        let mut smtp = Fake::start(&[act]).await;
        let server = Server::start(with_mail(smtp.port)).await;
        let asked = ticket(&server, "Hello", "Maya", "maya@example.com").await;
        let mut dana = agent(&server, "Dana").await;
        reply(&mut dana, &asked, "Hello Maya").await;
        let waits = told(&mut dana, "it waits", |f| f["attempts"] == 1).await;
        assert_eq!(waits["state"], "waiting", "{act:?}: {waits}");
        let time = |key: &str| serde_json::from_value::<Time>(waits[key].clone()).unwrap();
        let wait = time("next").since_ms(time("at"));
        assert!((60_000..=90_000).contains(&wait), "{act:?}: {wait} ms");
        assert!(!waits["reason"].as_str().unwrap().is_empty(), "{act:?}: {waits}");
        // What comes meanwhile goes in a mail of its own: the first may have arrived.
        dana.ok("mail.retry", json!({ "id": waits["id"] })).await;
        let sent = told(&mut dana, "it is sent", |f| f["state"] == "sent").await;
        assert_eq!(sent["attempts"], 2, "{act:?}");
        let came = smtp.mails(1).await;
        let names: Vec<_> = came.iter().map(|m| m.header("message-id")).collect();
        assert!(names.windows(2).all(|w| w[0] == w[1]), "{act:?}: {names:?}");
        assert_eq!(came.iter().filter(|m| m.taken).count(), 1, "{act:?}");
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_was_taken_is_not_sent_again_whatever_the_server_does_afterwards() {
    let mut smtp = Fake::start(&[Act::CutAfter]).await;
    let server = Server::start(with_mail(smtp.port)).await;
    let asked = ticket(&server, "Hello", "Maya", "maya@example.com").await;
    let mut dana = agent(&server, "Dana").await;
    reply(&mut dana, &asked, "Hello Maya").await;
    told(&mut dana, "it is sent", |f| f["state"] == "sent").await;
    let dir = server.stop().await;
    let server = Server::start_in(dir, with_mail(smtp.port)).await;
    let mut robin = agent(&server, "Robin").await;
    let other = ticket(&server, "Another", "Leo", "leo@example.com").await;
    reply(&mut robin, &other, "Hello Leo").await;
    let came = smtp.mails(2).await;
    assert_eq!(came.len(), 2);
    assert!(came[1].to.contains("leo@"), "the first one once: {}", came[1].to);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_says_nothing_holds_up_nobody_else() {
    let mut smtp = Fake::start(&[Act::Silent]).await;
    let server = Server::start(with_mail(smtp.port)).await;
    let (one, two) = (
        ticket(&server, "Hello", "Maya", "maya@example.com").await,
        ticket(&server, "Hello", "Leo", "leo@example.com").await,
    );
    let mut dana = agent(&server, "Dana").await;
    reply(&mut dana, &one, "Hello Maya").await;
    smtp.connected(1).await;
    reply(&mut dana, &two, "Hello Leo").await;
    let mail = smtp.mails(1).await.remove(0);
    assert!(mail.to.contains("leo@"), "{}", mail.to);
    drop(dana);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_so_many_leave_in_an_hour() {
    let mut smtp = Fake::start(&[]).await;
    let port = smtp.port;
    let server = Server::start(|config| {
        with_mail(port)(config);
        config.mail.as_mut().unwrap().max_per_hour = 2;
    })
    .await;
    let mut dana = agent(&server, "Dana").await;
    for n in 0..4 {
        let asked = ticket(&server, "Hello", "Maya", &format!("v{n}@example.com")).await;
        reply(&mut dana, &asked, "Hello").await;
    }
    smtp.mails(2).await;
    listed(&mut dana, "two sent, two wait", |m| {
        let n = |state: &str| m.iter().filter(|m| m["state"] == state).count();
        (n("sent"), n("waiting")) == (2, 2)
    })
    .await;
    assert_eq!(smtp.connections(), 2);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_mail_nothing_waits_and_what_was_said_then_is_not_mailed_later() {
    let server = Server::start(|config| config.sites[0].settings.assistant_on = false).await;
    let asked = ticket(&server, "Hello", "Maya", "maya@example.com").await;
    let token = server.add_agent("Dana", baton::conversation::Role::Agent);
    let (mut dana, ok) = server.agent(&token, "test/1", "i-dana", None).await;
    assert_eq!(ok["sites"][0]["mail"], false);
    reply(&mut dana, &asked, "I copied this to my own mail").await;
    assert_eq!(dana.ok("mail.list", json!({})).await["configured"], false);
    drop(dana);
    let dir = server.stop().await;
    let mut smtp = Fake::start(&[]).await;
    let server = Server::start_in(dir, with_mail(smtp.port)).await;
    let (mut dana, ok) = server.agent(&token, "test/1", "i-dana", None).await;
    assert_eq!(ok["sites"][0]["mail"], true);
    reply(&mut dana, &asked, "now by mail").await;
    let mail = smtp.mails(1).await.remove(0);
    assert!(mail.body().starts_with("now by mail"), "{}", mail.body());
    server.stop().await;
    assert_eq!(smtp.came().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_a_site_sees_none_of_its_mail() {
    let mut smtp = Fake::start(&[Act::Recipient(550)]).await;
    let server = Server::start(with_mail(smtp.port)).await;
    let asked = ticket(&server, "Hello", "Maya", "maya@example.com").await;
    let mut dana = agent(&server, "Dana").await;
    let elsewhere = server.add_agent_of("Sam", &["other"]);
    let (mut sam, _) = server.agent(&elsewhere, "test/1", "i-sam", None).await;
    reply(&mut dana, &asked, "Hello").await;
    let failed = told(&mut dana, "given up", |f| f["state"] == "failed").await;
    assert_eq!(sam.ok("mail.list", json!({})).await["mails"], json!([]));
    sam.refused("mail.retry", json!({ "id": failed["id"] }), "mail.unknown").await;
    sam.refused("mail.drop", json!({ "id": failed["id"] }), "mail.unknown").await;
    assert!(!sam.kept.iter().any(|f| f["type"] == "mail"));
    dana.ok("mail.drop", json!({ "id": failed["id"] })).await;
    assert_eq!(dana.ok("mail.list", json!({})).await["mails"], json!([]));
    server.stop().await;
    smtp.connected(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_too_slow_or_not_there_is_tried_again_later() {
    let smtp = Fake::start(&[Act::Silent]).await;
    let port = smtp.port;
    let server = Server::start(|config| {
        with_mail(port)(config);
        let brief = std::time::Duration::from_millis(200);
        config.mail.as_mut().unwrap().smtp.patience = (brief, brief);
    })
    .await;
    let asked = ticket(&server, "Hello", "Maya", "maya@example.com").await;
    let mut dana = agent(&server, "Dana").await;
    reply(&mut dana, &asked, "Hello Maya").await;
    let waits = told(&mut dana, "it waits", |f| f["attempts"] == 1).await;
    assert!(waits["reason"].as_str().unwrap().contains("did not answer in time"), "{waits}");
    let dir = server.stop().await;
    // Nobody listens there any more.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Server::start_in(dir, with_mail(nobody)).await;
    let (mut dana, _) = server.agent("bt_test_Dana", "test/1", "again", None).await;
    dana.ok("mail.retry", json!({ "id": waits["id"] })).await;
    let waits = told(&mut dana, "it waits longer", |f| f["attempts"] == 2).await;
    assert!(waits["reason"].as_str().unwrap().contains("cannot be used"), "{waits}");
    let shown = dana.ok("watch", json!({ "conversation": asked.conversation })).await;
    assert_eq!(shown["mails"][0]["state"], "waiting", "it is told to whoever opens the conversation");
    server.stop().await;
}
