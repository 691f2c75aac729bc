//! What passes by and what is remembered of readers, over real sockets: seen, read, presence, typing, who looks.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use baton::conversation::Role;
use serde_json::{Value, json};
use support::server::{Client, Server, cid, other_site};

async fn begin(server: &Server, text: &str) -> (Client, Value, Value) {
    let (mut visitor, ok) = server.visitor(json!({})).await;
    let sent = visitor.ok("message.send", json!({ "cid": cid(), "text": text })).await;
    (visitor, ok, sent["conversation"].clone())
}

fn on(conversation: &Value) -> Value {
    json!({ "conversation": conversation, "cid": cid() })
}

async fn passing(client: &mut Client, kind: &str) -> Value {
    client.until(kind, |f| f["t"] == "eph" && f["type"] == kind).await
}

/// Reads until everything the server had to say so far is here, and gives what passed by.
async fn settled(client: &mut Client) -> Vec<Value> {
    client.ok("list", json!({ "tab": "queue" })).await;
    client.kept.drain(..).filter(|f| f["t"] == "eph").collect()
}

#[tokio::test]
async fn a_visitors_seen_reaches_those_who_watch_and_survives_a_restart() {
    let server = Server::without_assistant(|_| {}).await;
    let token = server.add_agent("Dana", Role::Agent);
    let idle = server.add_agent("Eli", Role::Agent);
    let (mut visitor, welcome, conversation) = begin(&server, "hello").await;
    let (mut dana, _) = server.agent(&token, "console/test", "i", None).await;
    let (mut eli, _) = server.agent(&idle, "console/test", "i", None).await;
    let watched = dana.ok("watch", json!({ "conversation": conversation })).await;
    assert!(watched["seen"].is_null(), "nothing was seen yet: {watched}");
    dana.ok("accept", on(&conversation)).await;
    let mut said = on(&conversation);
    said["text"] = json!("How can I help?");
    dana.ok("message.send", said).await;
    let reply = visitor.event("message.posted").await;
    let reply = if reply["d"]["author"] == "agent" { reply } else { visitor.event("message.posted").await };
    let version = reply["version"].as_u64().unwrap();

    visitor.ok("seen", json!({ "version": version + 50 })).await;
    visitor.ok("seen", json!({ "version": version })).await;
    // The socket remembers the largest it was told, so the older one of a second tab comes on another socket.
    let (mut tab, _) = server.visitor(json!({ "token": welcome["token"] })).await;
    tab.ok("seen", json!({ "version": version })).await;
    let seen = passing(&mut dana, "seen").await;
    assert_eq!((&seen["conversation"], &seen["version"]), (&conversation, &json!(version)));
    tab.ok("seen", json!({ "version": version - 1 })).await;

    // A marker behind it on the same way: by then all of the above has come.
    visitor.ok("typing", json!({ "on": true })).await;
    passing(&mut eli, "typing").await;
    assert!(settled(&mut eli).await.iter().all(|f| f["type"] != "seen"), "Eli does not watch");
    let again = dana.ok("watch", json!({ "conversation": conversation })).await;
    assert_eq!(again["seen"], version);

    let dir = server.stop().await;
    let server = Server::start_in(dir, |c| c.sites[0].settings.assistant_on = false).await;
    let (mut dana, _) = server.agent(&token, "console/test", "i", None).await;
    assert_eq!(dana.ok("watch", json!({ "conversation": conversation })).await["seen"], version);
    server.stop().await;
}

#[tokio::test]
async fn what_an_agent_has_read_is_kept_and_told_to_their_other_clients_only() {
    let server = Server::without_assistant(|config| {
        let other = other_site(config, "other");
        config.sites.push(other);
    })
    .await;
    let (dana, eli) = (server.add_agent("Dana", Role::Agent), server.add_agent("Eli", Role::Agent));
    let foreign = server.add_agent_of("Oda", &["other"]);
    let (mut visitor, _, conversation) = begin(&server, "one").await;
    visitor.ok("message.send", json!({ "cid": cid(), "text": "two" })).await;
    let (mut here, ok) = server.agent(&dana, "console/test", "here", None).await;
    assert_eq!(ok["reads"], json!([]));
    let (mut there, _) = server.agent(&dana, "console/test", "there", None).await;
    let (mut eli, _) = server.agent(&eli, "console/test", "i", None).await;
    let read = |n: u64| json!({ "conversation": conversation, "messages": n });

    here.ok("read", read(1)).await;
    let told = passing(&mut there, "read").await;
    assert_eq!((&told["conversation"], &told["messages"]), (&conversation, &json!(1)));
    here.ok("read", read(0)).await;
    here.ok("read", read(1_000)).await;
    assert_eq!(passing(&mut there, "read").await["messages"], 2, "no more than there are");
    assert!(settled(&mut here).await.iter().all(|f| f["type"] != "read"), "the teller knows");
    assert!(settled(&mut eli).await.iter().all(|f| f["type"] != "read"), "it is nobody else's");

    let (mut oda, _) = server.agent(&foreign, "console/test", "i", None).await;
    oda.refused("read", read(1), "conversation.unknown").await;
    oda.refused("read", json!({ "conversation": conversation }), "request.malformed").await;

    let (_again, ok) = server.agent(&dana, "console/test", "third", None).await;
    assert_eq!(ok["reads"], json!([[conversation, 2]]));
    here.ok("accept", on(&conversation)).await;
    here.ok("resolve", on(&conversation)).await;
    let (_again, ok) = server.agent(&dana, "console/test", "fourth", None).await;
    assert_eq!(ok["reads"], json!([]), "what is resolved is not told");
    server.stop().await;
}

#[tokio::test]
async fn who_left_is_told_to_everybody_while_they_wait_and_again_to_who_comes_later() {
    let server = Server::without_assistant(|_| {}).await;
    let token = server.add_agent("Dana", Role::Agent);
    let (visitor, welcome, conversation) = begin(&server, "anybody?").await;
    let (_other, _, here) = begin(&server, "me, too").await;
    let (mut dana, ok) = server.agent(&token, "console/test", "i", None).await;
    assert!(settled(&mut dana).await.iter().all(|f| f["type"] != "presence"), "both are there");

    visitor.bye().await;
    let left = passing(&mut dana, "presence").await;
    assert_eq!((&left["conversation"], &left["online"]), (&conversation, &json!(false)));
    assert!(left["since"].is_string(), "{left}");

    // Who comes, or comes back, hears of those who are gone, and only of those.
    let resume = json!({ "log_id": ok["log_id"], "last_seq": dana.last_seq });
    for (instance, resume) in [("new", None), ("back", Some(resume))] {
        let (mut later, _) = server.agent(&token, "console/test", instance, resume).await;
        let told = passing(&mut later, "presence").await;
        assert_eq!((&told["conversation"], &told["since"]), (&conversation, &left["since"]));
        assert!(settled(&mut later).await.iter().all(|f| f["conversation"] != here));
        later.ok("watch", json!({ "conversation": here })).await;
        let told = passing(&mut later, "presence").await;
        assert_eq!((&told["conversation"], &told["online"]), (&here, &json!(true)));
        assert!(told["since"].is_string());
    }

    let (_back, _) = server.visitor(json!({ "token": welcome["token"] })).await;
    let came = passing(&mut dana, "presence").await;
    assert_eq!((&came["conversation"], &came["online"]), (&conversation, &json!(true)));
    server.stop().await;
}

/// With the assistant, visitors come and go with every page: only who watches is told.
#[tokio::test]
async fn presence_with_the_assistant_is_for_those_who_watch() {
    let server = Server::start(|_| {}).await;
    let (watcher, idle) = (server.add_agent("Dana", Role::Agent), server.add_agent("Eli", Role::Agent));
    let (visitor, _, conversation) = begin(&server, "Where is my order?").await;
    let (mut dana, _) = server.agent(&watcher, "console/test", "i", None).await;
    let (mut eli, _) = server.agent(&idle, "console/test", "i", None).await;
    dana.ok("watch", json!({ "conversation": conversation })).await;
    assert_eq!(passing(&mut dana, "presence").await["online"], true);
    visitor.bye().await;
    assert_eq!(passing(&mut dana, "presence").await["online"], false);
    assert!(settled(&mut eli).await.iter().all(|f| f["type"] != "presence"));
    server.stop().await;
}

#[tokio::test]
async fn typing_reaches_every_agent_of_the_site_and_ends_by_itself() {
    let server = Server::without_assistant(|config| {
        let other = other_site(config, "other");
        config.sites.push(other);
    })
    .await;
    let (dana, eli) = (server.add_agent("Dana", Role::Agent), server.add_agent("Eli", Role::Agent));
    let foreign = server.add_agent_of("Oda", &["other"]);
    let (mut visitor, _, conversation) = begin(&server, "hello").await;
    let (mut dana, _) = server.agent(&dana, "console/test", "i", None).await;
    let (mut eli, _) = server.agent(&eli, "console/test", "i", None).await;
    let (mut oda, _) = server.agent(&foreign, "console/test", "i", None).await;

    visitor.ok("typing", json!({ "on": true })).await;
    for agent in [&mut dana, &mut eli] {
        let typing = passing(agent, "typing").await;
        assert_eq!((&typing["who"], &typing["on"]), (&json!("visitor"), &json!(true)));
        assert_eq!(typing["conversation"], conversation);
    }
    for _ in 0..20 {
        dana.ok("typing", json!({ "conversation": conversation, "on": true })).await;
    }
    let typing = passing(&mut eli, "typing").await;
    assert_eq!((&typing["who"], &typing["name"]), (&json!("agent"), &json!("Dana")));
    // Neither said that they stopped.
    let stopped = |who: &str| {
        let who = json!(who);
        move |f: &Value| f["type"] == "typing" && f["who"] == who && f["on"] == false
    };
    let mut ended = Vec::new();
    while ended.len() < 2 {
        let frame = eli.until("an end", |f| stopped("agent")(f) || stopped("visitor")(f)).await;
        assert!(!ended.contains(&frame["who"]), "each ends once");
        ended.push(frame["who"].clone());
    }
    assert!(settled(&mut oda).await.iter().all(|f| f["type"] == "availability"), "another site's");
    server.stop().await;
}

#[tokio::test]
async fn who_looks_is_told_to_every_agent_of_the_site_and_to_who_comes_later() {
    let server = Server::without_assistant(|config| {
        let other = other_site(config, "other");
        config.sites.push(other);
    })
    .await;
    let (dana, eli) = (server.add_agent("Dana", Role::Agent), server.add_agent("Eli", Role::Agent));
    let foreign = server.add_agent_of("Oda", &["other"]);
    let (_visitor, _, conversation) = begin(&server, "hello").await;
    let (mut dana, _) = server.agent(&dana, "console/test", "i", None).await;
    let (mut first, _) = server.agent(&eli, "console/test", "first", None).await;
    dana.ok("watch", json!({ "conversation": conversation })).await;
    let (mut later, _) = server.agent(&eli, "console/test", "later", None).await;
    for agent in [&mut first, &mut later] {
        let viewing = passing(agent, "viewing").await;
        assert_eq!((&viewing["conversation"], &viewing["names"]), (&conversation, &json!(["Dana"])));
    }
    let (mut oda, _) = server.agent(&foreign, "console/test", "i", None).await;
    dana.ok("unwatch", json!({ "conversation": conversation })).await;
    assert_eq!(passing(&mut first, "viewing").await["names"], json!([]));
    assert!(settled(&mut oda).await.iter().all(|f| f["type"] == "availability"), "another site's");
    server.stop().await;
}
