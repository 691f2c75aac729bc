//! A console and a widget one version older: a session of theirs, stored, is played to this server, and what they read of its
//! answers then is there now. The other way round, what a later server adds is passed over by this version's clients.
//!
//! `tests/golden/session_0_1.json` was taken with version 0.1 and is never written anew for a change that breaks it: whoever
//! changes the protocol adds. The next version stores its own beside it (`BATON_WRITE=1`, with another file name here).

use std::path::{Path, PathBuf};

use baton::protocol::{
    AgentAuthOk, AgentEph, Control, Frame, VisitorAuthOk, VisitorEph, VisitorEvent, WatchOk,
};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Map, Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::host::{Host, PATIENCE};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

type Socket = WebSocketStream<TcpStream>;

async fn open(host: &Host, path: &str) -> Socket {
    let address = host.url.trim_start_matches("http://");
    let stream = TcpStream::connect(address).await.unwrap();
    let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "baton.v1+json".parse().unwrap());
    tokio_tungstenite::client_async(request, stream).await.unwrap().0
}

async fn frame(ws: &mut Socket) -> Value {
    loop {
        let next = tokio::time::timeout(PATIENCE, ws.next()).await.expect("a frame");
        if let Message::Text(text) = next.expect("the socket stays open").unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

/// What an older client sent, with `$…` where its own ids stood.
fn script() -> Vec<(&'static str, &'static str, Value)> {
    let of = |more: Value| {
        let mut d = json!({ "cid": "$CID", "conversation": "$CONVERSATION" });
        d.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        d
    };
    let page = json!({ "url": "https://shop.example.com/cart", "title": "Cart", "referrer": "https://shop.example.com/" });
    vec![
        (
            "visitor",
            "auth",
            json!({ "client": "widget/1", "page": page, "locale": "en-GB", "time_zone": "Europe/London" }),
        ),
        ("visitor", "identify", json!({ "name": "Mia", "email": "mia@example.com" })),
        ("visitor", "message.send", json!({ "cid": "$CID", "text": "Where is my order?" })),
        ("agent", "auth", json!({ "token": "$TOKEN", "client": "console/0.1.0", "instance": "i-1" })),
        ("agent", "availability.set", json!({ "available": true })),
        ("agent", "list", json!({ "tab": "queue", "limit": 20 })),
        ("agent", "watch", json!({ "conversation": "$CONVERSATION", "limit": 50 })),
        ("agent", "accept", of(json!({}))),
        ("agent", "typing", json!({ "conversation": "$CONVERSATION", "on": true })),
        ("agent", "message.send", of(json!({ "text": "On it." }))),
        ("agent", "note.add", of(json!({ "text": "a refund" }))),
        ("agent", "read", json!({ "conversation": "$CONVERSATION", "messages": 2 })),
        ("agent", "tag", of(json!({ "add": ["refund"], "remove": [] }))),
        ("agent", "priority", of(json!({ "priority": "urgent" }))),
        ("agent", "history", json!({ "conversation": "$CONVERSATION", "limit": 50 })),
        ("visitor", "typing", json!({ "on": true })),
        ("visitor", "page", json!({ "url": "https://shop.example.com/", "title": "Home" })),
        ("visitor", "message.send", json!({ "cid": "$CID", "text": "Thank you, order A-1042" })),
        ("visitor", "seen", json!({ "version": 4 })),
        ("agent", "search", json!({ "query": "order", "limit": 10 })),
        ("agent", "snooze", of(json!({}))),
        ("agent", "accept", of(json!({}))),
        ("agent", "release", of(json!({ "reason": "lunch" }))),
        ("agent", "take_over", of(json!({}))),
        ("agent", "resolve", of(json!({}))),
        ("agent", "reopen", of(json!({}))),
        ("agent", "hand_back", of(json!({}))),
        ("agent", "unwatch", json!({ "conversation": "$CONVERSATION" })),
        ("visitor", "end", json!({ "cid": "$CID" })),
    ]
}

/// Everything an older client read is there, of the same kind; more may be.
fn covers(old: &Value, new: &Value, at: &str, missing: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in old {
                match new.get(key) {
                    Some(now) => covers(value, now, &format!("{at}/{key}"), missing),
                    None => missing.push(format!("{at}/{key}")),
                }
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            if let (Some(old), Some(new)) = (old.first(), new.first()) {
                covers(old, new, &format!("{at}/0"), missing);
            }
        }
        (Value::Null, _) => {}
        _ if std::mem::discriminant(old) != std::mem::discriminant(new) => {
            missing.push(format!("{at} was {old} and is {new}"));
        }
        _ => {}
    }
}

#[tokio::test]
async fn a_session_of_version_0_1_is_answered_as_it_was() {
    let host = Host::start("");
    let token = host.agent("Ann");
    let mut sockets =
        [("visitor", open(&host, "/ws/visitor?site=demo").await), ("agent", open(&host, "/ws/agent").await)];
    let mut played = Vec::new();
    let mut pushed = Map::new();
    for (who, socket) in &mut sockets {
        pushed.insert(format!("{who} ctl hello"), frame(socket).await);
    }
    let mut conversation = String::new();
    for (n, (who, op, mut d)) in script().into_iter().enumerate() {
        let sent = json!({ "t": "req", "id": "r", "op": op, "d": d });
        for (key, value) in d.as_object_mut().unwrap() {
            match value.as_str() {
                Some("$CID") => *value = json!(uuid::Uuid::now_v7()),
                Some("$TOKEN") => *value = json!(token),
                Some("$CONVERSATION") => *value = json!(conversation),
                _ => {}
            }
            assert!(!value.to_string().contains('$'), "{key}");
        }
        let socket = &mut sockets.iter_mut().find(|(name, _)| *name == who).unwrap().1;
        let id = format!("r{n}");
        let request = json!({ "t": "req", "id": id, "op": op, "d": d });
        socket.send(Message::text(request.to_string())).await.unwrap();
        let response = loop {
            let frame = frame(socket).await;
            if frame["t"] == "res" {
                assert_eq!(frame["id"], id, "{frame}");
                break frame;
            }
            let kind =
                format!("{who} {} {}", frame["t"].as_str().unwrap(), frame["type"].as_str().unwrap_or(""));
            pushed.entry(kind).or_insert(frame);
        };
        if let Some(id) = response["d"]["conversation"].as_str() {
            conversation = id.to_owned();
        }
        // A client of then answers heartbeats and acknowledges.
        if who == "agent" {
            socket.send(Message::text(json!({ "t": "ctl", "type": "heartbeat" }).to_string())).await.unwrap();
            socket
                .send(Message::text(json!({ "t": "ctl", "type": "ack", "seq": 1 }).to_string()))
                .await
                .unwrap();
        }
        played.push(json!({ "who": who, "request": sent, "response": response }));
    }
    let now = json!({ "version": "0.1", "played": played, "pushed": pushed });
    let file = golden("session_0_1.json");
    if std::env::var_os("BATON_WRITE").is_some() && !file.exists() {
        let text = serde_json::to_string_pretty(&now).unwrap().replace(&token, "bt_token");
        std::fs::write(&file, text + "\n").unwrap();
    }
    let then: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let mut missing = Vec::new();
    let (then_played, now_played) = (then["played"].as_array().unwrap(), now["played"].as_array().unwrap());
    assert!(then_played.len() >= 29, "the stored session is whole");
    for (n, (old, new)) in then_played.iter().zip(now_played).enumerate() {
        let op = &old["request"]["op"];
        assert_eq!(old["request"], new["request"], "what an older client sends does not change");
        assert_eq!(old["response"]["ok"], new["response"]["ok"], "{op}: {}", new["response"]);
        covers(&old["response"], &new["response"], &format!("{n} {op}"), &mut missing);
    }
    for (kind, old) in then["pushed"].as_object().unwrap() {
        // What passes by (typing, presence) may come later than the answer.
        if let Some(new) = now["pushed"].get(kind) {
            covers(old, new, kind, &mut missing);
        } else {
            assert!(kind.contains(" eph "), "no {kind} is sent any more");
        }
    }
    assert!(missing.is_empty(), "an older client misses: {missing:#?}");
}

/// Puts a field of the future into every object, however deep.
fn with_future(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut all: Map<String, Value> =
                fields.iter().map(|(k, v)| (k.clone(), with_future(v))).collect();
            all.insert("field_of_the_future".into(), json!({ "of": ["a", 1] }));
            Value::Object(all)
        }
        Value::Array(items) => Value::Array(items.iter().map(with_future).collect()),
        other => other.clone(),
    }
}

#[test]
fn what_a_later_server_adds_is_passed_over() {
    let mut tried = 0;
    for file in [
        "agent_events.json",
        "visitor_events.json",
        "agent_passing.json",
        "visitor_passing.json",
        "rows.json",
        "control.json",
    ] {
        let frames: Map<String, Value> =
            serde_json::from_str(&std::fs::read_to_string(golden(file)).unwrap()).unwrap();
        for (name, old) in frames {
            // A heartbeat and an acknowledgement of a client are no word of a server.
            if matches!(name.as_str(), "ack" | "heartbeat of a client") {
                continue;
            }
            let say = |e: serde_json::Error| -> ! { panic!("{file}, {name}: {e}") };
            let frame: Frame = serde_json::from_value(with_future(&old)).unwrap_or_else(|e| say(e));
            match frame {
                Frame::Ev { kind, d, .. } if file.starts_with("visitor") => {
                    let event = json!({ "type": kind, "d": d });
                    serde_json::from_value::<VisitorEvent>(event).map(drop).unwrap_or_else(|e| say(e));
                }
                Frame::Ev { kind, d, .. } => {
                    let event = json!({ "type": kind, "d": d });
                    serde_json::from_value::<baton::conversation::Event>(event)
                        .map(drop)
                        .unwrap_or_else(|e| say(e));
                }
                Frame::Eph(value) if file.starts_with("visitor") => {
                    serde_json::from_value::<VisitorEph>(value).map(drop).unwrap_or_else(|e| say(e));
                }
                Frame::Eph(value) => {
                    serde_json::from_value::<AgentEph>(value).map(drop).unwrap_or_else(|e| say(e))
                }
                Frame::Ctl(value) => {
                    serde_json::from_value::<Control>(value).map(drop).unwrap_or_else(|e| say(e))
                }
                _ => {}
            }
            tried += 1;
        }
    }
    let text = std::fs::read_to_string(golden("session_0_1.json")).unwrap();
    let session: Value = serde_json::from_str(&text).unwrap();
    for played in session["played"].as_array().unwrap() {
        let d = with_future(&played["response"]["d"]);
        match (played["who"].as_str(), played["request"]["op"].as_str()) {
            (Some("agent"), Some("auth")) => drop(serde_json::from_value::<AgentAuthOk>(d).unwrap()),
            (Some("visitor"), Some("auth")) => drop(serde_json::from_value::<VisitorAuthOk>(d).unwrap()),
            (_, Some("watch")) => drop(serde_json::from_value::<WatchOk>(d).unwrap()),
            _ => continue,
        }
        tried += 1;
    }
    assert!(tried > 40, "{tried}");
}
