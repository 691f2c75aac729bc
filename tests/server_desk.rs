//! What a desk needs beside speaking, over the wire: tags, priority, groups, notes with a transfer, the limit, the visitor's
//! device and way, and why a person was brought in. None of it is ever the visitor's to see.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use baton::conversation::Role;
use serde_json::{Value, json};
use support::server::{Client, Server, cid};

async fn begin(server: &Server, text: &str) -> (Client, Value) {
    let (mut visitor, _) = server.visitor(json!({})).await;
    let sent = visitor.ok("message.send", json!({ "cid": cid(), "text": text })).await;
    (visitor, sent["conversation"].clone())
}

/// A change of this conversation, with a fresh client id and these further fields.
fn on(conversation: &Value, more: Value) -> Value {
    let mut d = json!({ "conversation": conversation, "cid": cid() });
    d.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    d
}

async fn watch(agent: &mut Client, conversation: &Value) -> Value {
    agent.ok("watch", json!({ "conversation": conversation })).await["conversation"].clone()
}

#[tokio::test]
async fn tags_and_priority_come_as_events_and_rows_and_once() {
    let server = Server::without_assistant(|_| {}).await;
    let (dana, eli) = (server.add_agent("Dana", Role::Agent), server.add_agent("Eli", Role::Agent));
    let (mut visitor, conversation) = begin(&server, "help").await;
    let (mut dana, _) = server.agent(&dana, "console/test", "i", None).await;
    let (mut eli, _) = server.agent(&eli, "console/test", "i", None).await;
    dana.ok("accept", on(&conversation, json!({}))).await;
    watch(&mut eli, &conversation).await;

    let tag = on(&conversation, json!({ "add": ["VIP", " refund "] }));
    let tagged = eli.ok("tag", tag.clone()).await;
    assert_eq!(eli.ok("tag", tag).await, tagged, "the same wish again: the first answer again");
    let event = eli.event("tagged").await;
    assert_eq!(event["seq"], tagged["seq"]);
    assert_eq!((&event["d"]["by"]["name"], &event["d"]["added"]), (&json!("Eli"), &json!(["refund", "VIP"])));
    let row = dana.until("the row", |f| f["t"] == "row" && f["seq"] == tagged["seq"]).await;
    assert_eq!((&row["d"]["tags"], &row["d"]["priority"]), (&json!(["refund", "VIP"]), &json!("normal")));
    assert_eq!((&row["d"]["visitor_messages"], &row["d"]["group"]), (&json!(1), &Value::Null));

    eli.ok("priority", on(&conversation, json!({ "priority": "urgent" }))).await;
    assert_eq!(eli.event("prioritised").await["d"]["priority"], "urgent");
    dana.ok("tag", on(&conversation, json!({ "remove": ["vip"] }))).await;
    let state = watch(&mut dana, &conversation).await;
    assert_eq!((&state["tags"], &state["priority"]), (&json!(["refund"]), &json!("urgent")));

    eli.refused("tag", on(&conversation, json!({ "add": ["a\nb"] })), "tag.bad").await;
    let many: Vec<String> = (0..21).map(|n| format!("t{n}")).collect();
    eli.refused("tag", on(&conversation, json!({ "add": many })), "tag.too_many").await;
    eli.refused("priority", on(&conversation, json!({ "priority": "extreme" })), "request.malformed").await;
    for (op, d) in [("tag", json!({ "add": ["x"] })), ("priority", json!({ "priority": "low" }))] {
        visitor.refused(op, on(&conversation, d), "request.unknown_op").await;
    }
    server.stop().await;
}

#[tokio::test]
async fn a_transfer_goes_to_groups_somebody_is_in_with_its_note() {
    let server = Server::without_assistant(|_| {}).await;
    let dana = server.add_agent_to("Dana", &["tech", "Billing", "TECH"]);
    let (_visitor, conversation) = begin(&server, "help").await;
    let (mut dana, ok) = server.agent(&dana, "console/test", "i", None).await;
    assert_eq!(
        (&ok["agent"]["groups"], &ok["groups"]),
        (&json!(["Billing", "tech"]), &json!(["Billing", "tech"]))
    );
    assert_eq!(ok["capacity"], Value::Null);
    // Somebody who was added since and never signed in counts, too.
    server.add_agent_to("Eli", &["sales"]);
    dana.ok("accept", on(&conversation, json!({}))).await;
    let unknown = on(&conversation, json!({ "group": "legal", "note": "not lost" }));
    let error = dana.refused("transfer", unknown, "group.unknown").await;
    assert_eq!(error["details"]["known"], json!(["Billing", "sales", "tech"]));
    assert!(error["message"].as_str().unwrap().contains("Billing, sales, tech"), "{error}");
    watch(&mut dana, &conversation).await;
    let done = dana
        .ok("transfer", on(&conversation, json!({ "group": "billing", "note": "promised a refund" })))
        .await;
    let note = dana.event("note.added").await;
    assert_eq!((&note["d"]["text"], &note["d"]["by"]["name"]), (&json!("promised a refund"), &json!("Dana")));
    let released = dana.event("released").await;
    assert_eq!((&released["seq"], &released["d"]["group"]), (&done["seq"], &json!("Billing")));
    assert_eq!(released["seq"].as_u64(), note["seq"].as_u64().map(|n| n + 1), "one commit, the note first");
    let row = dana.until("the row", |f| f["t"] == "row" && f["seq"] == done["seq"]).await;
    assert_eq!((&row["d"]["state"], &row["d"]["group"]), (&json!("queued"), &json!("Billing")));
    // A blank note is none.
    dana.ok("accept", on(&conversation, json!({}))).await;
    dana.ok("transfer", on(&conversation, json!({ "group": "tech", "note": " \n" }))).await;
    let state = watch(&mut dana, &conversation).await;
    assert_eq!(state["group"], "tech");
    let history = dana.ok("history", json!({ "conversation": conversation })).await;
    let notes = history["entries"].as_array().unwrap().iter().filter(|e| e["kind"]["kind"] == "note");
    assert_eq!(notes.count(), 1);
    server.stop().await;
}

#[tokio::test]
async fn without_any_group_a_transfer_to_one_says_how_groups_are_made() {
    let server = Server::without_assistant(|_| {}).await;
    let token = server.add_agent("Dana", Role::Agent);
    let (_visitor, conversation) = begin(&server, "help").await;
    let (mut dana, _) = server.agent(&token, "console/test", "i", None).await;
    dana.ok("accept", on(&conversation, json!({}))).await;
    let error = dana.refused("transfer", on(&conversation, json!({ "group": "x" })), "group.unknown").await;
    assert!(error["message"].as_str().unwrap().contains("--group"), "{error}");
    assert_eq!(error["details"]["known"], json!([]));
    server.stop().await;
}

#[tokio::test]
async fn the_limit_is_told_and_a_second_press_goes_above_it() {
    let server = Server::without_assistant(|config| config.capacity = 1).await;
    let token = server.add_agent("Dana", Role::Agent);
    let (_v1, first) = begin(&server, "first").await;
    let (_v2, second) = begin(&server, "second").await;
    let (mut one, ok) = server.agent(&token, "console/test", "i", None).await;
    let (mut two, _) = server.agent(&token, "console/test", "j", None).await;
    assert_eq!(ok["capacity"], 1);
    one.ok("accept", on(&first, json!({}))).await;
    let same = on(&second, json!({}));
    let error = two.refused("accept", same.clone(), "conversation.at_capacity").await;
    assert_eq!(
        (&error["details"], &error["retryable"]),
        (&json!({ "active": 1, "limit": 1 }), &json!(false))
    );
    two.refused("take_over", on(&second, json!({})), "conversation.at_capacity").await;
    // A refused command is not remembered: the same client id may ask again, knowing.
    let mut again = same;
    again["over_capacity"] = json!(true);
    two.ok("accept", again).await;
    server.stop().await;
}

#[tokio::test]
async fn what_a_browser_tells_of_itself_is_kept_bounded_as_data_and_never_shown_to_a_visitor() {
    let server = Server::without_assistant(|_| {}).await;
    let token = server.add_agent("Dana", Role::Agent);
    let name = [b"Mozilla/5.0 \xff ".to_vec(), vec![b'x'; 2_000]].concat();
    let mut visitor = Client::open_as(server.addr, "/ws/visitor?site=demo", Some(&name)).await;
    let hostile = "\u{202e}\u{1b}]0;x\u{7}";
    let page = |n: u32| json!({ "url": format!("http://shop.example/{n}"), "title": hostile });
    let auth = json!({ "locale": format!("de{hostile}\u{0}{}", "y".repeat(500)), "time_zone": "Europe/Zurich", "page": page(0) });
    let ok = visitor.ok("auth", auth).await;
    let sent = visitor.ok("message.send", json!({ "cid": cid(), "text": "help" })).await;
    for n in 1..=12 {
        visitor.ok("page", page(n)).await;
    }
    let (mut agent, _) = server.agent(&token, "console/test", "i", None).await;
    let state = watch(&mut agent, &sent["conversation"]).await;
    let device = &state["device"];
    assert_eq!(device["time_zone"], "Europe/Zurich");
    let locale = device["locale"].as_str().unwrap();
    assert!(locale.starts_with(&format!("de{hostile}y")) && locale.len() <= 64, "{locale:?}");
    let called = device["user_agent"].as_str().unwrap();
    assert!(called.starts_with("Mozilla/5.0 \u{fffd} xxx") && called.len() <= 512, "{called:?}");
    let trail = state["trail"].as_array().unwrap();
    assert_eq!(trail.len(), 10);
    assert_eq!((&trail[0]["page"]["url"], &trail[9]["page"]["url"]), (&page(3)["url"], &page(12)["url"]));
    assert_eq!(trail[9]["page"]["title"], hostile);
    assert!(trail.iter().all(|v| v["at"].is_string()));

    // Another browser of the same visitor: told at once, also where nothing is said.
    let mut phone = Client::open_as(server.addr, "/ws/visitor?site=demo", Some(b"Phone/1")).await;
    phone.ok("auth", json!({ "token": ok["token"], "locale": "fr", "page": page(12) })).await;
    let told = agent.event("device.told").await;
    let expected = json!({ "locale": "fr", "time_zone": "Europe/Zurich", "user_agent": "Phone/1" });
    assert_eq!(told["d"]["device"], expected);

    let (mut third, again) = server.visitor(json!({ "token": ok["token"] })).await;
    third.ok("typing", json!({ "on": false })).await;
    let seen = format!("{again} {:?} {:?}", visitor.kept, third.kept);
    for secret in ["Zurich", "Mozilla", "Phone/1", "trail", "device", "priority", "tags"] {
        assert!(!seen.contains(secret), "{secret} in {seen}");
    }
    server.stop().await;
}

/// Why (F4): the hits the assistant had, and the answer it did not give, on the handoff and on every turn of it.
#[tokio::test]
async fn a_handoff_and_a_turn_say_what_the_search_found() {
    let server = Server::start(|config| {
        config.sites[0].policy.restricted_topics = vec!["billing_dispute".into()];
    })
    .await;
    let token = server.add_agent("Dana", Role::Agent);
    let (mut agent, _) = server.agent(&token, "console/test", "i", None).await;
    agent.ok("availability.set", json!({ "available": true })).await;
    let (mut visitor, _) = server.visitor(json!({})).await;
    let ask = |text: &str| json!({ "cid": cid(), "text": text });
    let sent = visitor.ok("message.send", ask("How long does delivery take?")).await;
    let answered = |f: &Value| f["type"] == "message.posted" && f["d"]["author"] == "assistant";
    visitor.until("an answer", answered).await;
    let shown = agent.ok("watch", json!({ "conversation": sent["conversation"] })).await;
    let turn = shown["entries"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|e| e["kind"]["d"]["turn"]["hits"].as_array())
        .unwrap_or_else(|| panic!("{shown}"));
    assert!((1..=5).contains(&turn.len()), "{turn:?}");
    let scores: Vec<u64> = turn.iter().map(|h| h["score"].as_u64().unwrap()).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b) && scores[0] <= 1000 && scores[0] > 0, "{scores:?}");
    assert!(turn.iter().all(|h| h["title"].is_string() && h["url"].is_string()));

    visitor
        .ok("message.send", ask("I was charged twice for the delivery, how long does delivery take?"))
        .await;
    let handoff = agent.event("handoff.initiated").await["d"]["handoff"].clone();
    assert_eq!(handoff["reason"], "restricted_topic", "{handoff}");
    assert!(!handoff["hits"].as_array().unwrap().is_empty(), "{handoff}");
    assert!(handoff["withheld"].as_str().is_some_and(|text| !text.is_empty()), "{handoff}");
    let state = watch(&mut agent, &sent["conversation"]).await;
    assert_eq!(state["handoff"]["withheld"], handoff["withheld"]);
    visitor.event("handoff.completed").await;
    let seen = format!("{:?}", visitor.kept);
    for secret in ["withheld", "hits", "score"] {
        assert!(!seen.contains(secret), "{secret} in {seen}");
    }
    server.stop().await;
}
