//! The agent's socket against the real engine: snapshot, watching, one winner, resuming at every cut, rights, slow readers.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::collections::HashMap;

use baton::conversation::Role;
use futures_util::future::join_all;
use serde_json::{Value, json};
use support::server::{Client, Server, cid, other_site};

/// A conversation somebody has begun; its id.
async fn begin(server: &Server, text: &str) -> (Client, Value) {
    let (mut visitor, _) = server.visitor(json!({})).await;
    let sent = visitor.ok("message.send", json!({ "cid": cid(), "text": text })).await;
    (visitor, sent["conversation"].clone())
}

fn on(conversation: &Value) -> Value {
    json!({ "conversation": conversation, "cid": cid() })
}

fn says(conversation: &Value, text: &str) -> Value {
    json!({ "conversation": conversation, "cid": cid(), "text": text })
}

/// Reads an agent's snapshot: its rows by conversation.
async fn snapshot(agent: &mut Client) -> HashMap<String, Value> {
    let mut rows = HashMap::new();
    loop {
        let page = agent.until("a page of the snapshot", |f| f["type"] == "snapshot").await;
        for row in page["rows"].as_array().unwrap() {
            rows.insert(row["id"].as_str().unwrap().to_owned(), row.clone());
        }
        if page["more"] == false {
            return rows;
        }
    }
}

#[tokio::test]
async fn a_snapshot_then_rows_of_all_and_events_of_what_is_watched() {
    let server = Server::without_assistant(|_| {}).await;
    let token = server.add_agent("Dana", Role::Agent);
    let (_v1, first) = begin(&server, "first").await;
    let (mut v2, second) = begin(&server, "second").await;
    let (mut agent, ok) = server.agent(&token, "console/test", "i", None).await;
    assert_eq!((&ok["mode"], &ok["reason"]), (&json!("snapshot"), &json!("first")));
    assert_eq!(ok["agent"]["name"], "Dana");
    assert_eq!(ok["agent"]["present"], true);
    assert_eq!(ok["sites"].as_array().unwrap().len(), 1);
    assert_eq!(snapshot(&mut agent).await.len(), 2);

    let watched = agent.ok("watch", json!({ "conversation": first })).await;
    assert_eq!(watched["conversation"]["id"], first);
    assert!(
        watched["entries"].as_array().unwrap().iter().any(|e| e["kind"]["d"]["text"] == "first"),
        "{watched}"
    );
    let accepted = agent.ok("accept", on(&first)).await;
    let event = agent.event("accepted").await;
    assert_eq!(event["seq"], accepted["seq"]);
    let row = agent.until("the row", |f| f["t"] == "row" && f["seq"] == accepted["seq"]).await;
    assert_eq!((&row["conversation"], &row["d"]["state"]), (&first, &json!("active")));

    // What is not watched comes as a row only.
    let sent = v2.ok("message.send", json!({ "cid": cid(), "text": "more" })).await;
    let row = agent.until("a frame of the other", |f| f["conversation"] == second && f["t"] != "eph").await;
    assert_eq!((&row["t"], &row["d"]["last_text"]), (&json!("row"), &json!("more")));
    assert_eq!(row["seq"], sent["seq"]);

    agent.ok("unwatch", json!({ "conversation": first })).await;
    agent.ok("note.add", says(&first, "a note")).await;
    let after = agent.until("the row", |f| f["conversation"] == first && f["t"] != "eph").await;
    assert_eq!(after["t"], "row", "no event of what is no longer watched");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_who_accept_one_wins_and_the_others_learn_who() {
    let server = Server::without_assistant(|_| {}).await;
    let tokens: Vec<String> = (0..64).map(|n| server.add_agent(&format!("agent-{n}"), Role::Agent)).collect();
    let (_visitor, conversation) = begin(&server, "help").await;
    let sockets = join_all(tokens.iter().map(|t| server.agent(t, "script/test", "i", None))).await;
    let race = sockets.into_iter().map(|(mut agent, ok)| {
        let d = on(&conversation);
        async move { (ok["agent"]["name"].clone(), agent.request("accept", d).await, agent) }
    });
    let answers = join_all(race).await;
    let won: Vec<_> = answers.iter().filter(|(_, r, _)| r["ok"] == true).collect();
    assert_eq!(won.len(), 1);
    for (name, response, _) in answers.iter().filter(|(_, r, _)| r["ok"] == false) {
        assert_eq!(response["error"]["code"], "conversation.already_taken", "{response}");
        assert_eq!(response["error"]["details"]["by"]["name"], won[0].0, "{name}");
        assert_eq!(response["error"]["retryable"], false);
    }
    server.stop().await;
}

/// A conversation of a site one has no right to answers in every way as one that does not exist.
#[tokio::test]
async fn a_foreign_conversation_is_an_unknown_one() {
    let server = Server::without_assistant(|config| {
        let other = other_site(config, "other");
        config.sites.push(other);
    })
    .await;
    let token = server.add_agent_of("Oda", &["other"]);
    let (mut visitor, foreign) = begin(&server, "secret words").await;
    let unknown = json!("01900000-0000-7000-8000-00000000dead");
    let (mut agent, ok) = server.agent(&token, "console/test", "i", None).await;
    assert_eq!(ok["sites"], json!([{ "id": "other", "name": "other", "mail": false }]));
    assert!(snapshot(&mut agent).await.is_empty());
    for (op, extra) in [
        ("watch", json!({})),
        ("history", json!({})),
        ("typing", json!({ "on": true })),
        ("accept", json!({ "cid": cid() })),
        ("take_over", json!({ "cid": cid() })),
        ("release", json!({ "cid": cid() })),
        ("transfer", json!({ "cid": cid(), "group": "billing" })),
        ("hand_back", json!({ "cid": cid() })),
        ("message.send", json!({ "cid": cid(), "text": "hi" })),
        ("note.add", json!({ "cid": cid(), "text": "hi" })),
        ("snooze", json!({ "cid": cid() })),
        ("resolve", json!({ "cid": cid() })),
        ("reopen", json!({ "cid": cid() })),
    ] {
        let mut answers = Vec::new();
        for id in [&foreign, &unknown] {
            let mut d = extra.clone();
            d["conversation"] = id.clone();
            answers.push(agent.refused(op, d, "conversation.unknown").await);
        }
        assert_eq!(answers[0], answers[1], "{op}");
    }
    for tab in ["queue", "mine", "assistant", "snoozed", "resolved", "all"] {
        assert_eq!(agent.ok("list", json!({ "tab": tab })).await["rows"], json!([]), "{tab}");
        let foreign_site = agent.refused("list", json!({ "tab": tab, "site": "demo" }), "site.unknown").await;
        let no_site = agent.refused("list", json!({ "tab": tab, "site": "none" }), "site.unknown").await;
        assert_eq!(foreign_site, no_site);
    }
    assert_eq!(agent.ok("search", json!({ "query": "secret" })).await["hits"], json!([]));
    // Nothing of it passes by either: the next numbered frame is of the own site.
    visitor.ok("message.send", json!({ "cid": cid(), "text": "more secret words" })).await;
    let mut own = Client::open(server.addr, "/ws/visitor?site=other").await;
    own.ok("auth", json!({})).await;
    own.ok("message.send", json!({ "cid": cid(), "text": "ours" })).await;
    let row = agent.until("a row", |f| f["t"] == "row").await;
    assert_eq!(row["d"]["site"], "other");
    for frame in &agent.kept {
        assert!(!frame.to_string().contains("secret"), "{frame}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_resume_at_every_cut_ends_at_the_same_rows() {
    let server = Server::without_assistant(|_| {}).await;
    let token = server.add_agent("Dana", Role::Agent);
    let (mut live, ok) = server.agent(&token, "script/live", "live", None).await;
    let mut rows = snapshot(&mut live).await;
    let mut states = vec![(live.last_seq, rows.clone())];
    let mut agent = server.agent(&token, "script/test", "acts", None).await.0;
    let mut visitors = Vec::new();
    for n in 0..3 {
        let (visitor, conversation) = begin(&server, &format!("question {n}")).await;
        agent.ok("accept", on(&conversation)).await;
        agent.ok("message.send", says(&conversation, "On it")).await;
        if n == 1 {
            agent.ok("release", on(&conversation)).await;
        }
        visitors.push(visitor);
    }
    let end = server.engine.head();
    while live.last_seq < end {
        let frame = live.next().await;
        if frame["t"] == "row" {
            rows.insert(frame["conversation"].as_str().unwrap().to_owned(), frame["d"].clone());
            states.push((frame["seq"].as_u64().unwrap(), rows.clone()));
        }
    }
    assert!(states.len() >= 10, "{}", states.len());
    for (n, (cut, had)) in states.into_iter().enumerate() {
        let mut socket = server.agent_socket().await;
        socket.last_seq = cut;
        let d = json!({
            "token": token, "client": "script/test", "instance": format!("cut-{n}"),
            "resume": { "log_id": ok["log_id"], "last_seq": cut },
        });
        let again = socket.ok("auth", d).await;
        assert_eq!(again["mode"], "resumed", "{again}");
        let mut now = had;
        let mut replayed = 0;
        loop {
            let frame = socket.next().await;
            if frame["t"] == "row" {
                replayed += 1;
                now.insert(frame["conversation"].as_str().unwrap().to_owned(), frame["d"].clone());
            }
            if frame["type"] == "heartbeat" {
                assert_eq!(frame["head"], again["head"]);
                break;
            }
        }
        assert_eq!(again["replayed"], json!(replayed), "after {cut}");
        assert_eq!(now, rows, "after {cut}");
        socket.cut();
    }
    for (log_id, seq, reason) in
        [("another", 1, "another_log"), (ok["log_id"].as_str().unwrap(), 1_000_000, "ahead")]
    {
        let resume = json!({ "log_id": log_id, "last_seq": seq });
        let (mut socket, again) = server.agent(&token, "script/test", "anew", Some(resume)).await;
        assert_eq!((&again["mode"], &again["reason"]), (&json!("snapshot"), &json!(reason)));
        assert_eq!(snapshot(&mut socket).await, rows);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_restart_says_goaway_and_a_resume_goes_on() {
    let server = Server::without_assistant(|_| {}).await;
    let token = server.add_agent("Dana", Role::Agent);
    let (_visitor, conversation) = begin(&server, "before").await;
    let (mut agent, ok) = server.agent(&token, "console/test", "i", None).await;
    snapshot(&mut agent).await;
    let seen = agent.last_seq;
    let stop = tokio::spawn(server.stop());
    agent.until("goaway", |f| f["type"] == "goaway").await;
    assert_eq!(agent.closed().await, Some(4000));
    let dir = stop.await.unwrap();

    let server = Server::start_in(dir, |c| c.sites[0].settings.assistant_on = false).await;
    let mut agent = server.agent_socket().await;
    agent.last_seq = seen;
    let resume = json!({ "log_id": ok["log_id"], "last_seq": seen });
    let d = json!({ "token": token, "client": "console/test", "instance": "i", "resume": resume });
    assert_eq!(agent.ok("auth", d).await["mode"], "resumed");
    let accepted = agent.ok("accept", on(&conversation)).await;
    let row = agent.until("the row", |f| f["t"] == "row").await;
    assert_eq!(row["seq"], accepted["seq"]);
    server.stop().await;
}

/// A reader that stops is held back, not dropped in silence: what it missed comes from the log once it acknowledges.
#[tokio::test]
async fn a_client_that_does_not_acknowledge_catches_up_when_it_does() {
    let server = Server::without_assistant(|config| {
        config.limits.message_burst = 1000;
        config.limits.messages_per_second = 1000.0;
    })
    .await;
    let token = server.add_agent("Dana", Role::Agent);
    let (mut visitor, conversation) = begin(&server, "0").await;
    let (mut slow, _) = server.agent(&token, "script/slow", "slow", None).await;
    snapshot(&mut slow).await;
    slow.ok("watch", json!({ "conversation": conversation })).await;
    // Two frames a message: well past the 256 a client may owe.
    for n in 1..=200 {
        visitor.ok("message.send", json!({ "cid": cid(), "text": n.to_string() })).await;
    }
    let end = server.engine.head();
    let mut texts = Vec::new();
    let mut acks = 0;
    while slow.last_seq < end || !slow.kept.is_empty() {
        // Nothing more comes without an acknowledgement: only then is one given.
        if slow.kept.is_empty() && slow.chained >= 256 && acks == 0 {
            acks += 1;
            assert!(slow.last_seq < end, "held back before the end");
            let seq = slow.last_seq;
            slow.send_text(&json!({ "t": "ctl", "type": "ack", "seq": seq }).to_string()).await;
        }
        let frame = slow.next().await;
        if frame["type"] == "message.posted" {
            texts.push(frame["d"]["text"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(acks, 1);
    assert_eq!(texts, (1..=200).map(|n| n.to_string()).collect::<Vec<_>>(), "every event once, in order");
    server.stop().await;
}

/// Who never acknowledges is closed in the end, with the code that says "reconnect and resume".
#[tokio::test]
async fn a_client_that_never_acknowledges_is_closed() {
    let server = Server::without_assistant(|config| {
        config.limits.message_burst = 1000;
        config.limits.messages_per_second = 1000.0;
        config.limits.write_ms = 300;
    })
    .await;
    let token = server.add_agent("Dana", Role::Agent);
    let (mut visitor, conversation) = begin(&server, "0").await;
    let (mut slow, _) = server.agent(&token, "script/slow", "slow", None).await;
    slow.ok("watch", json!({ "conversation": conversation })).await;
    for n in 1..=150 {
        visitor.ok("message.send", json!({ "cid": cid(), "text": n.to_string() })).await;
    }
    assert_eq!(slow.closed().await, Some(4010));
    server.stop().await;
}

/// With a queue of two deliveries nearly every burst overflows; the socket reads from the log and the chain has no gap.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_overflows_is_made_good_from_the_log() {
    let server = Server::without_assistant(|config| {
        config.limits.outbox_frames = 2;
        config.limits.message_burst = 1000;
        config.limits.messages_per_second = 1000.0;
    })
    .await;
    let token = server.add_agent("Dana", Role::Agent);
    let (mut visitor, conversation) = begin(&server, "0").await;
    let (mut agent, _) = server.agent(&token, "script/test", "i", None).await;
    snapshot(&mut agent).await;
    agent.ok("watch", json!({ "conversation": conversation })).await;
    let mut ids = Vec::new();
    for n in 1..=100 {
        ids.push(visitor.send("message.send", json!({ "cid": cid(), "text": n.to_string() })).await);
    }
    for id in &ids {
        assert_eq!(visitor.response(id).await["ok"], true);
    }
    let expected: Vec<String> = (1..=100).map(|n| n.to_string()).collect();
    for (who, client) in [("agent", &mut agent), ("visitor", &mut visitor)] {
        let mut texts = Vec::new();
        while texts.last() != expected.last() {
            let frame = client.event("message.posted").await;
            let text = frame["d"]["text"].as_str().unwrap().to_owned();
            if text != "0" {
                texts.push(text);
            }
        }
        assert_eq!(texts, expected, "{who}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_wrong_token_and_a_second_socket_of_one_console_end_with_their_codes() {
    let server = Server::start(|_| {}).await;
    let token = server.add_agent("Dana", Role::Agent);
    let mut wrong = server.agent_socket().await;
    let d = json!({ "token": "bt_wrong", "client": "console/test", "instance": "i" });
    let error = wrong.refused("auth", d, "auth.failed").await;
    assert!(!error.to_string().contains("bt_wrong"), "{error}");
    assert_eq!(wrong.closed().await, Some(4200));
    let (mut first, _) = server.agent(&token, "console/test", "i", None).await;
    let (mut second, _) = server.agent(&token, "console/test", "i", None).await;
    assert_eq!(first.closed().await, Some(4202));
    // The newer socket keeps the presence that the older one had.
    second.ok("availability.set", json!({ "available": true })).await;
    let (_, visitor) = server.visitor(json!({})).await;
    assert_eq!(visitor["availability"]["offered"], true);
    let (mut other, _) = server.agent(&token, "console/test", "another", None).await;
    other.ok("list", json!({ "tab": "queue" })).await;
    second.ok("list", json!({ "tab": "queue" })).await;
    server.stop().await;
}

/// A script that sets Available makes nobody present.
#[tokio::test]
async fn only_a_console_leases_presence() {
    let server = Server::start(|_| {}).await;
    let token = server.add_agent("Dana", Role::Agent);
    let (mut script, ok) = server.agent(&token, "cli/test", "s", None).await;
    assert_eq!(ok["agent"]["present"], false);
    let set = script.ok("availability.set", json!({ "available": true, "reason": "  " })).await;
    assert_eq!((&set["availability"]["available"], &set["present"]), (&json!(true), &json!(false)));
    let (_, visitor) = server.visitor(json!({})).await;
    assert_eq!(visitor["availability"]["offered"], false);
    server.stop().await;
}

#[tokio::test]
async fn requests_that_cannot_be_done_say_why() {
    let server = Server::without_assistant(|_| {}).await;
    let token = server.add_agent("Dana", Role::Agent);
    let (_visitor, c) = begin(&server, "help").await;
    let (mut agent, _) = server.agent(&token, "script/test", "i", None).await;
    agent.refused("auth", json!({ "token": "x", "client": "y", "instance": "z" }), "auth.done").await;
    agent.refused("list", json!({ "tab": "bin" }), "request.malformed").await;
    agent
        .refused("availability.set", json!({ "available": true, "mood": "good" }), "request.malformed")
        .await;
    let past = json!({ "available": false, "until": "2020-01-01T00:00:00Z" });
    let error = agent.refused("availability.set", past, "availability.past").await;
    assert!(error["message"].as_str().unwrap().starts_with("2020-01-01T00:00:00.000Z is past"), "{error}");
    agent.refused("search", json!({ "query": " " }), "search.bad_query").await;
    agent.refused("transfer", on(&c), "request.malformed").await;
    let nobody = json!({ "conversation": c, "cid": cid(), "agent": "01900000-0000-7000-8000-00000000dead" });
    agent.refused("transfer", nobody, "agent.unknown").await;
    agent.refused("message.send", says(&c, "a\u{0}b"), "request.malformed").await;
    agent.refused("release", on(&c), "conversation.not_held").await;
    agent.refused("launch", json!({}), "request.unknown_op").await;
    let cid = cid();
    let first = agent.ok("note.add", json!({ "conversation": c, "cid": cid, "text": "n" })).await;
    let again = agent.ok("note.add", json!({ "conversation": c, "cid": cid, "text": "n" })).await;
    assert_eq!(first, again, "the same client id: the first answer");
    let reused = json!({ "conversation": c, "cid": cid, "text": "other" });
    agent.refused("note.add", reused, "request.cid_reused").await;
    for _ in 0..16 {
        agent.send_text("{}").await;
    }
    assert_eq!(agent.closed().await, Some(4204));
    server.stop().await;
}

#[tokio::test]
async fn lists_are_paged_and_history_goes_back() {
    let server = Server::without_assistant(|config| {
        config.limits.message_burst = 1000;
        config.limits.messages_per_second = 1000.0;
    })
    .await;
    let token = server.add_agent("Dana", Role::Agent);
    let mut visitors = Vec::new();
    for n in 0..5 {
        visitors.push(begin(&server, &format!("q{n}")).await);
    }
    let (mut agent, _) = server.agent(&token, "script/test", "i", None).await;
    let mut seen = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let mut d = json!({ "tab": "queue", "limit": 2 });
        if !cursor.is_null() {
            d["cursor"] = cursor;
        }
        let page = agent.ok("list", d).await;
        seen.extend(page["rows"].as_array().unwrap().iter().map(|r| r["id"].clone()));
        cursor = page["next"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(seen, visitors.iter().map(|(_, id)| id.clone()).collect::<Vec<_>>(), "longest wait first");

    let (visitor, c) = &mut visitors[0];
    for n in 0..30 {
        visitor.ok("message.send", json!({ "cid": cid(), "text": n.to_string() })).await;
    }
    let watched = agent.ok("watch", json!({ "conversation": c, "limit": 10 })).await;
    assert_eq!(watched["more"], true);
    let mut versions: Vec<u64> = Vec::new();
    let mut entries = watched["entries"].as_array().unwrap().clone();
    loop {
        let page: Vec<u64> = entries.iter().map(|e| e["version"].as_u64().unwrap()).collect();
        versions.splice(0..0, page);
        let d = json!({ "conversation": c, "before": versions[0], "limit": 10 });
        let older = agent.ok("history", d).await;
        entries = older["entries"].as_array().unwrap().clone();
        if entries.is_empty() {
            break;
        }
    }
    assert!(versions.windows(2).all(|w| w[0] < w[1]) && versions.len() >= 31, "{versions:?}");
    server.stop().await;
}
