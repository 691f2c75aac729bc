//! The visitor's socket against the real engine: asking, resuming at every cut, and everything that is refused.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use baton::conversation::Role;
use serde_json::{Value, json};
use support::server::{Client, Server, cid, other_site};

/// What a widget keeps: the visible frames by seq, in order of arrival.
fn visible(frame: &Value) -> Option<(u64, String, Value)> {
    (frame["t"] == "ev").then(|| {
        (frame["seq"].as_u64().unwrap(), frame["type"].as_str().unwrap().to_owned(), frame["d"].clone())
    })
}

#[tokio::test]
async fn a_visitor_asks_and_the_assistant_answers_from_the_docs() {
    let server = Server::start(|_| {}).await;
    let (mut visitor, ok) = server.visitor(json!({ "page": { "url": "http://x/demo/" } })).await;
    assert_eq!(ok["mode"], "snapshot");
    assert_eq!(ok["site"]["id"], "demo");
    assert_eq!(ok["conversation"], Value::Null);
    assert_eq!(ok["availability"], json!({ "offered": false, "when_nobody": "ticket" }));
    let cid = cid();
    let response =
        visitor.request("message.send", json!({ "cid": cid, "text": "How long does delivery take?" })).await;
    assert_eq!(response["ok"], true, "{response}");
    assert_eq!(response["seq"], response["d"]["seq"]);
    let started = visitor.event("conversation.started").await;
    assert_eq!(started["d"], json!({}));
    let own = visitor.event("message.posted").await;
    assert_eq!((&own["d"]["author"], &own["d"]["cid"]), (&json!("visitor"), &json!(cid)));
    assert_eq!(own["seq"], response["d"]["seq"]);
    let answer = visitor.event("message.posted").await;
    assert_eq!(answer["d"]["author"], "assistant");
    assert!(!answer["d"]["sources"].as_array().unwrap().is_empty(), "{answer}");
    assert!(answer["d"].get("turn").is_none() && answer["d"].get("epoch").is_none(), "{answer}");
    // The same message again: the first answer again, and nothing new.
    let again =
        visitor.request("message.send", json!({ "cid": cid, "text": "How long does delivery take?" })).await;
    assert_eq!(again["d"], response["d"]);
    visitor.refused("message.send", json!({ "cid": cid, "text": "other" }), "request.cid_reused").await;
    server.stop().await;
}

#[tokio::test]
async fn a_snapshot_has_own_messages_with_their_client_ids_and_never_a_note() {
    let server = Server::without_assistant(|_| {}).await;
    let token = server.add_agent("Dana", Role::Agent);
    let (mut visitor, ok) = server.visitor(json!({})).await;
    let cid = cid();
    let sent = visitor.ok("message.send", json!({ "cid": cid, "text": "Hello" })).await;
    let conversation = sent["conversation"].clone();
    let (mut agent, _) = server.agent(&token, "console/test", "i1", None).await;
    let on = |text: Option<&str>| {
        let mut d = json!({ "conversation": conversation, "cid": support::server::cid() });
        if let Some(text) = text {
            d["text"] = json!(text);
        }
        d
    };
    agent.ok("accept", on(None)).await;
    agent.ok("note.add", on(Some("a secret note"))).await;
    agent.ok("message.send", on(Some("Hi, Dana here"))).await;
    let joined = visitor.event("agent.joined").await;
    assert_eq!(joined["d"], json!({ "name": "Dana" }));
    let reply = visitor.event("message.posted").await;
    let reply = if reply["d"]["author"] == "visitor" { visitor.event("message.posted").await } else { reply };
    assert_eq!(reply["d"]["name"], "Dana");

    let (mut second, ok2) = server.visitor(json!({ "token": ok["token"] })).await;
    assert_eq!(ok2["mode"], "snapshot");
    assert_eq!(ok2["visitor"], ok["visitor"]);
    let text = ok2.to_string();
    assert!(!text.contains("secret"), "{text}");
    let messages = ok2["conversation"]["messages"].as_array().unwrap();
    assert_eq!(messages[0]["cid"], json!(cid));
    assert!(messages.iter().any(|m| m["author"] == "agent" && m["name"] == "Dana"));
    assert_eq!(ok2["conversation"]["state"], "active");
    assert_eq!(ok2["conversation"]["holder"], json!({ "kind": "agent", "name": "Dana" }));
    // Both tabs see what follows.
    agent.ok("message.send", on(Some("Still here"))).await;
    for tab in [&mut visitor, &mut second] {
        let m = tab.event("message.posted").await;
        assert_eq!(m["d"]["text"], "Still here");
    }
    server.stop().await;
}

/// For every position a visitor can have stopped at: what they had and what they get makes the whole, once, in order.
#[tokio::test]
async fn a_resume_at_every_cut_has_no_gap_and_no_repeat() {
    let server = Server::without_assistant(|_| {}).await;
    let token = server.add_agent("Dana", Role::Agent);
    let (mut visitor, ok) = server.visitor(json!({})).await;
    let mut cuts = vec![visitor.last_seq];
    let first = visitor.ok("message.send", json!({ "cid": cid(), "text": "one" })).await;
    let conversation = first["conversation"].clone();
    let (mut agent, _) = server.agent(&token, "script/test", "i1", None).await;
    let on = || json!({ "conversation": conversation, "cid": cid() });
    let says = |text: &str| json!({ "conversation": conversation, "cid": cid(), "text": text });
    agent.ok("accept", on()).await;
    agent.ok("note.add", says("hidden")).await;
    agent.ok("message.send", says("two")).await;
    visitor.ok("page", json!({ "url": "https://x/cart" })).await;
    visitor.ok("message.send", json!({ "cid": cid(), "text": "three" })).await;
    agent.ok("release", on()).await;
    agent.ok("accept", on()).await;
    agent.ok("resolve", on()).await;
    // The history ends with commands that nothing follows by itself, so that its end stands still.
    agent.ok("reopen", on()).await;
    agent.ok("message.send", says("four")).await;
    let resume =
        |seq: u64| json!({ "token": ok["token"], "resume": { "log_id": ok["log_id"], "last_seq": seq } });
    let mut from_start = server.visitor_socket().await;
    let count = from_start.ok("auth", resume(cuts[0])).await["replayed"].as_u64().unwrap() as usize;
    let mut whole = Vec::new();
    while whole.len() < count {
        let frame = visitor.next().await;
        if let Some(event) = visible(&frame) {
            cuts.push(event.0);
            whole.push(event);
        }
    }
    assert!(whole.len() >= 10, "{whole:?}");
    let end = server.engine.head();
    for cut in (cuts[0]..=end).collect::<Vec<_>>() {
        let mut socket = server.visitor_socket().await;
        socket.last_seq = cut;
        let again = socket.ok("auth", resume(cut)).await;
        assert_eq!(again["mode"], "resumed", "{again}");
        assert_eq!(again["conversation"]["messages"], Value::Null);
        let expected: Vec<_> = whole.iter().filter(|e| e.0 > cut).cloned().collect();
        assert_eq!(again["replayed"], json!(expected.len()), "after {cut}");
        let mut got = Vec::new();
        // The heartbeat after the replay names the head.
        loop {
            let frame = socket.next().await;
            got.extend(visible(&frame));
            if frame["type"] == "heartbeat" {
                assert_eq!(frame["head"], again["head"]);
                break;
            }
        }
        assert_eq!(got, expected, "after {cut}");
        socket.cut();
    }
    // A position of another log, or one not reached yet, is answered with everything anew.
    for (log_id, seq) in [("another", 1), (ok["log_id"].as_str().unwrap(), 1_000_000)] {
        let d = json!({ "token": ok["token"], "resume": { "log_id": log_id, "last_seq": seq } });
        let (_, again) = server.visitor(d).await;
        assert_eq!(again["mode"], "snapshot");
        assert!(!again["conversation"]["messages"].as_array().unwrap().is_empty());
    }
    server.stop().await;
}

#[tokio::test]
async fn a_restart_keeps_token_transcript_and_position() {
    let server = Server::without_assistant(|_| {}).await;
    let (mut visitor, ok) = server.visitor(json!({})).await;
    let sent = visitor.ok("message.send", json!({ "cid": cid(), "text": "before" })).await;
    while visitor.last_seq < sent["seq"].as_u64().unwrap() {
        visitor.next().await;
    }
    let seen = visitor.last_seq;
    let dir = server.stop().await;
    assert_eq!(visitor.closed().await, Some(4000));

    let server = Server::start_in(dir, |c| c.sites[0].settings.assistant_on = false).await;
    let mut visitor = server.visitor_socket().await;
    visitor.last_seq = seen;
    let resume = json!({ "token": ok["token"], "resume": { "log_id": ok["log_id"], "last_seq": seen } });
    let again = visitor.ok("auth", resume).await;
    assert_eq!((&again["mode"], &again["log_id"]), (&json!("resumed"), &ok["log_id"]));
    visitor.ok("message.send", json!({ "cid": cid(), "text": "after" })).await;
    let event = visitor.event("message.posted").await;
    assert_eq!(event["d"]["text"], "after");
    assert_eq!(event["conversation"], sent["conversation"]);
    server.stop().await;
}

#[tokio::test]
async fn who_does_not_say_who_they_are_is_let_go() {
    let server = Server::start(|config| config.limits.auth_ms = 150).await;
    let mut silent = server.visitor_socket().await;
    assert_eq!(silent.closed().await, Some(4200));
    let mut forged = server.visitor_socket().await;
    forged.refused("auth", json!({ "token": "v1.forged.1.forged" }), "auth.failed").await;
    assert_eq!(forged.closed().await, Some(4200));
    let mut eager = server.visitor_socket().await;
    eager.refused("message.send", json!({ "cid": cid(), "text": "hi" }), "auth.required").await;
    eager.ok("auth", json!({})).await;
    eager.refused("auth", json!({}), "auth.done").await;
    let mut chatty = server.visitor_socket().await;
    for _ in 0..20 {
        chatty.send_text(r#"{"t":"ctl","type":"heartbeat"}"#).await;
    }
    assert_eq!(chatty.closed().await, Some(4204));
    server.stop().await;
}

/// A token is good for its own site only.
#[tokio::test]
async fn a_token_of_another_site_is_none() {
    let server = Server::start(|config| {
        let other = other_site(config, "other");
        config.sites.push(other);
    })
    .await;
    let (_, ok) = server.visitor(json!({})).await;
    let mut other = Client::open(server.addr, "/ws/visitor?site=other").await;
    other.refused("auth", json!({ "token": ok["token"] }), "auth.failed").await;
    server.stop().await;
}

#[tokio::test]
async fn frames_that_are_none_of_ours_are_answered_and_then_cut() {
    let server = Server::start(|_| {}).await;
    let (mut visitor, _) = server.visitor(json!({})).await;
    let c = cid();
    let error = visitor
        .refused("message.send", json!({ "cid": c, "text": "hi", "colour": 1 }), "request.malformed")
        .await;
    assert!(error["message"].as_str().unwrap().contains("colour"), "{error}");
    visitor.refused("accept", json!({}), "request.unknown_op").await;
    visitor.refused("message.send", json!({ "cid": "x", "text": "hi" }), "request.malformed").await;
    visitor.refused("message.send", json!({ "cid": c, "text": "a\u{0}b" }), "request.malformed").await;
    visitor.refused("message.send", json!({ "cid": c, "text": "  " }), "message.empty").await;
    visitor.refused("message.send", json!({ "cid": c, "text": "x".repeat(9000) }), "message.too_long").await;
    visitor.refused("identify", json!({ "email": "nobody" }), "lead.bad_email").await;
    visitor.refused("handoff.cancel", json!({ "cid": cid() }), "conversation.nothing_to_cancel").await;
    // After all that the link still stands, and the same client id is still free.
    visitor.ok("message.send", json!({ "cid": c, "text": "hi" })).await;
    for n in 0..16 {
        visitor.send_text(&format!("{{\"t\":\"req\",\"id\":\"bad{n}\"}}")).await;
    }
    assert_eq!(visitor.closed().await, Some(4204));
    server.stop().await;
}

#[tokio::test]
async fn a_frame_that_is_too_large_closes_with_its_code() {
    let server = Server::start(|_| {}).await;
    for bytes in [17 * 1024, 300 * 1024] {
        let (mut visitor, _) = server.visitor(json!({})).await;
        let text = "x".repeat(bytes);
        let frame =
            json!({ "t": "req", "id": "r", "op": "message.send", "d": { "cid": cid(), "text": text } });
        // The server may be gone before all of it is written.
        let _ = futures_util::SinkExt::send(
            &mut visitor.ws,
            tokio_tungstenite::tungstenite::Message::text(frame.to_string()),
        )
        .await;
        assert_eq!(visitor.closed().await, Some(4205), "{bytes}");
    }
    let (mut visitor, _) = server.visitor(json!({})).await;
    let binary = tokio_tungstenite::tungstenite::Message::binary(vec![1, 2, 3]);
    futures_util::SinkExt::send(&mut visitor.ws, binary).await.unwrap();
    assert_eq!(visitor.closed().await, Some(4204));
    server.stop().await;
}

#[tokio::test]
async fn too_fast_is_told_and_nothing_is_lost() {
    let server = Server::without_assistant(|config| {
        config.limits.message_burst = 3;
        config.limits.messages_per_second = 50.0;
    })
    .await;
    let (mut visitor, _) = server.visitor(json!({})).await;
    let mut told = 0;
    let mut texts = Vec::new();
    for n in 0..20 {
        let d = json!({ "cid": cid(), "text": format!("line {n}") });
        loop {
            let response = visitor.request("message.send", d.clone()).await;
            if response["ok"] == true {
                break;
            }
            assert_eq!(response["error"]["code"], "rate.limited", "{response}");
            assert_eq!(response["error"]["retryable"], true);
            let wait = response["error"]["details"]["retry_after_ms"].as_u64().unwrap();
            assert!(wait > 0 && wait <= 21, "{wait}");
            told += 1;
            visitor.listen_for(wait).await;
        }
    }
    assert!(told > 0, "twenty at once are more than three");
    while texts.len() < 20 {
        let frame = visitor.event("message.posted").await;
        texts.push(frame["d"]["text"].as_str().unwrap().to_owned());
    }
    assert_eq!(texts, (0..20).map(|n| format!("line {n}")).collect::<Vec<_>>());
    server.stop().await;
}

#[tokio::test]
async fn whoever_floods_is_cut() {
    let server = Server::start(|_| {}).await;
    let (mut visitor, _) = server.visitor(json!({})).await;
    for _ in 0..400 {
        if visitor.ws.get_ref().peer_addr().is_err() {
            break;
        }
        let ack = tokio_tungstenite::tungstenite::Message::text(r#"{"t":"ctl","type":"ack","seq":1}"#);
        if futures_util::SinkExt::send(&mut visitor.ws, ack).await.is_err() {
            break;
        }
    }
    assert_eq!(visitor.closed().await, Some(4108));
    server.stop().await;
}

#[tokio::test]
async fn two_missed_heartbeats_cut_the_link() {
    let server = Server::start(|config| {
        config.limits.heartbeat_ms = 100;
        config.limits.lease_ms = 1000;
    })
    .await;
    let (mut visitor, _) = server.visitor(json!({})).await;
    visitor.until("a heartbeat", |f| f["type"] == "heartbeat" && f["head"].is_u64()).await;
    assert_eq!(visitor.closed().await, Some(4009));
    let (mut alive, _) = server.visitor(json!({})).await;
    for _ in 0..6 {
        alive.until("a heartbeat", |f| f["type"] == "heartbeat").await;
        alive.send_text(r#"{"t":"ctl","type":"heartbeat"}"#).await;
    }
    server.stop().await;
}

/// A name told before there is a conversation stands in its first event; the page asked from is the source page.
#[tokio::test]
async fn a_name_told_early_and_the_page_go_along() {
    let server = Server::without_assistant(|_| {}).await;
    let token = server.add_agent("Dana", Role::Agent);
    let (mut visitor, _) = server.visitor(json!({})).await;
    visitor.ok("identify", json!({ "name": " Mia ", "email": "mia@example.com" })).await;
    visitor.ok("page", json!({ "url": "https://x/checkout", "title": "Checkout" })).await;
    let sent = visitor.ok("message.send", json!({ "cid": cid(), "text": "help" })).await;
    let (mut agent, _) = server.agent(&token, "script/test", "i", None).await;
    let watched = agent.ok("watch", json!({ "conversation": sent["conversation"] })).await;
    assert_eq!(watched["conversation"]["visitor"]["name"], "Mia");
    assert_eq!(watched["conversation"]["visitor"]["email"], "mia@example.com");
    assert_eq!(watched["conversation"]["page"]["title"], "Checkout");
    server.stop().await;
}

#[tokio::test]
async fn a_widget_hears_of_availability() {
    let server = Server::start(|_| {}).await;
    let token = server.add_agent("Dana", Role::Agent);
    let (mut visitor, ok) = server.visitor(json!({})).await;
    assert_eq!(ok["availability"]["offered"], false);
    let (mut agent, _) = server.agent(&token, "console/test", "i", None).await;
    agent.ok("availability.set", json!({ "available": true })).await;
    let is = |on: bool| move |f: &Value| f["t"] == "eph" && f["type"] == "availability" && f["offered"] == on;
    visitor.until("a person is offered", is(true)).await;
    agent.bye().await;
    visitor.until("nobody is there", is(false)).await;
    server.stop().await;
}
