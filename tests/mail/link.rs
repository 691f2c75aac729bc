//! The link in a mail: it opens that conversation, for whoever has it, and nothing else.

use baton::conversation::{ConversationId, SiteId, Time, VisitorId};
use baton::engine::Pass;
use baton::server::ServerConfig;
use serde_json::{Value, json};

use crate::smtp::Fake;
use crate::support::server::{Client, Server, cid, other_site};
use crate::world::{Asked, PAGE, agent, reply, ticket, with_mail};

fn pass_of(body: &str) -> String {
    let at = body.find("#baton-chat=").expect("a link") + "#baton-chat=".len();
    body[at..].split_whitespace().next().unwrap().to_owned()
}

fn texts(ok: &Value) -> Vec<&str> {
    let messages = ok["conversation"]["messages"].as_array().unwrap();
    messages.iter().map(|m| m["text"].as_str().unwrap()).collect()
}

async fn mailed(smtp: &mut Fake, server: &Server) -> (Asked, String, Client) {
    let asked = ticket(server, "Where is order 4711?", "Maya", "maya@example.com").await;
    let mut dana = agent(server, "Dana").await;
    reply(&mut dana, &asked, "It left yesterday.").await;
    let pass = pass_of(&smtp.mails(1).await[0].body());
    (asked, pass, dana)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_restores_the_conversation_elsewhere_and_what_is_written_goes_there() {
    let mut smtp = Fake::start(&[]).await;
    let server = Server::start(with_mail(smtp.port)).await;
    let (asked, pass, _dana) = mailed(&mut smtp, &server).await;
    let (mut elsewhere, ok) = server.visitor(json!({ "token": pass })).await;
    assert_eq!((&ok["token"], &ok["conversation"]["id"]), (&json!(pass), &asked.conversation));
    assert!(texts(&ok).contains(&"It left yesterday."), "{ok}");
    let sent = elsewhere.ok("message.send", json!({ "cid": cid(), "text": "Thanks for the mail" })).await;
    assert_eq!(sent["conversation"], asked.conversation);
    let (_, home) = server.visitor(json!({ "token": asked.token })).await;
    assert!(texts(&home).contains(&"Thanks for the mail"), "{home}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_good_for_one_site_and_one_time_and_nobody_can_make_one() {
    let mut smtp = Fake::start(&[]).await;
    let port = smtp.port;
    let two_sites = |config: &mut ServerConfig| {
        with_mail(port)(config);
        let other = other_site(config, "other");
        config.sites.push(other);
    };
    let server = Server::start(two_sites).await;
    let (asked, pass, _dana) = mailed(&mut smtp, &server).await;
    let refuse = async |path: &str, token: &str| {
        let mut socket = Client::open(server.addr, path).await;
        socket.refused("auth", json!({ "token": token }), "auth.failed").await;
        assert_eq!(socket.closed().await, Some(4200));
    };
    refuse("/ws/visitor?site=other", &pass).await;
    let parts: Vec<&str> = pass.split('.').collect();
    let id = |hex: &str| uuid::Uuid::parse_str(hex).unwrap();
    let (visitor, conversation) = (VisitorId(id(parts[1])), ConversationId(id(parts[2])));
    let demo = SiteId::new("demo").unwrap();
    let sign = |until| server.engine.sign_pass(&demo, &Pass { visitor, conversation, until });
    assert_eq!(json!(conversation), asked.conversation);
    refuse("/ws/visitor?site=demo", &sign(Time(1))).await;
    let later = parts[3].parse::<i64>().unwrap() + 1;
    refuse("/ws/visitor?site=demo", &pass.replace(parts[3], &later.to_string())).await;
    let other = uuid::Uuid::new_v4().simple().to_string();
    refuse("/ws/visitor?site=demo", &pass.replace(parts[1], &other)).await;
    refuse("/ws/visitor?site=demo", &pass.replace(parts[2], &other)).await;
    // No token of an agent, either.
    let mut agents = server.agent_socket().await;
    agents
        .refused("auth", json!({ "token": pass, "client": "test/1", "instance": "x" }), "auth.failed")
        .await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_never_shows_another_conversation_of_the_same_visitor() {
    let mut smtp = Fake::start(&[]).await;
    let port = smtp.port;
    let server = Server::start(|config| {
        with_mail(port)(config);
        config.sites[0].settings.timings.reopen_window_ms = 300;
        config.sites[0].settings.timings.resolve_notice_ms = 0;
    })
    .await;
    // An earlier conversation, then the one that is mailed about.
    let (mut visitor, ok) = server.visitor(json!({ "page": { "url": PAGE } })).await;
    let first = visitor.ok("message.send", json!({ "cid": cid(), "text": "an earlier secret" })).await;
    let mut dana = agent(&server, "Dana").await;
    dana.ok("resolve", json!({ "conversation": first["conversation"], "cid": cid() })).await;
    visitor.listen_for(400).await;
    let second = visitor.ok("message.send", json!({ "cid": cid(), "text": "Where is it?" })).await;
    assert_ne!(first["conversation"], second["conversation"]);
    visitor.ok("lead.submit", json!({ "cid": cid(), "email": "maya@example.com" })).await;
    let asked = Asked { conversation: second["conversation"].clone(), token: ok["token"].clone() };
    reply(&mut dana, &asked, "It left yesterday.").await;
    let pass = pass_of(&smtp.mails(1).await[0].body());
    // Also to one who claims to have been here before.
    let resume = json!({ "log_id": server.engine.log_id(), "last_seq": 1 });
    let (mut elsewhere, came) = server.visitor(json!({ "token": pass, "resume": resume })).await;
    assert_eq!(came["mode"], "snapshot");
    assert!(!came.to_string().contains("secret"), "{came}");
    // Its conversation ends; the visitor begins another at home: whoever came by the link is sent away, unknowing.
    dana.ok("resolve", json!({ "conversation": asked.conversation, "cid": cid() })).await;
    visitor.listen_for(400).await;
    elsewhere.refused("message.send", json!({ "cid": cid(), "text": "still here" }), "link.over").await;
    let third = visitor.ok("message.send", json!({ "cid": cid(), "text": "a later secret" })).await;
    assert_ne!(third["conversation"], asked.conversation);
    assert_eq!(elsewhere.closed().await, Some(4200));
    assert!(!elsewhere.kept.iter().any(|f| f.to_string().contains("secret")));
    let mut again = server.visitor_socket().await;
    again.refused("auth", json!({ "token": pass }), "auth.failed").await;
    server.stop().await;
}
