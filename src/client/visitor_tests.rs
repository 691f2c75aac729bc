//! The visitor's client against a server that says what a test wants.
#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::{Value, json};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::fake_server::{FakeServer, Peer};
use super::oneshot::{OneshotError, Session};
use super::visitor::{VisitorClientEvent, VisitorHandle, VisitorOptions, connect};
use crate::conversation::{Cid, SiteId, Tab};
use crate::protocol::{AgentOp, ListArg, VisitorEvent};

fn start(server: &FakeServer) -> (VisitorHandle, mpsc::Receiver<VisitorClientEvent>) {
    let options = VisitorOptions {
        url: server.url.clone(),
        site: SiteId::new("demo").unwrap(),
        page: None,
        locale: None,
        time_zone: None,
        token: None,
        client: "chat/0.1.0".into(),
    };
    connect(options).unwrap()
}

async fn visitor(server: &FakeServer, mode: &str, head: u64) -> (Peer, Value) {
    let mut peer = server.accept().await;
    peer.hello(20_000).await;
    let auth = peer.request("auth").await;
    let welcome = json!({
        "token": "v1.kept", "visitor": Uuid::from_u128(1), "log_id": "log-1",
        "site": {"id": "demo", "name": "Demo", "greeting": "Hello"},
        "availability": {"offered": false, "when_nobody": "ticket"},
        "mode": mode, "head": head, "replayed": 0, "conversation": null,
    });
    peer.answer(&auth, welcome).await;
    (peer, auth["d"].clone())
}

#[tokio::test]
async fn nothing_is_dropped_repeated_or_reordered() {
    let server = FakeServer::start().await;
    let (handle, mut events) = start(&server);
    let sent: Vec<Cid> = (1..=3).map(|n| handle.say(format!("line {n}"))).collect();
    let (mut peer, auth) = visitor(&server, "snapshot", 7).await;
    assert_eq!(auth["token"], Value::Null);
    let one = peer.request("message.send").await;
    peer.refuse(&one, "rate.limited", true, json!({"retry_after_ms": 5})).await;
    let again = peer.request("message.send").await;
    assert_eq!(again["d"], one["d"], "too fast: the same again, later");
    peer.answer(&again, json!({"seq": 8})).await;
    let two = peer.request("message.send").await;
    assert_eq!(two["d"]["text"], "line 2");
    drop(peer);
    let (mut peer, auth) = visitor(&server, "resumed", 7).await;
    assert_eq!(auth["token"], "v1.kept");
    assert_eq!(auth["resume"], json!({"log_id": "log-1", "last_seq": 7}));
    let two_again = peer.request("message.send").await;
    assert_eq!(two_again["d"], two["d"]);
    peer.answer(&two_again, json!({"seq": 9})).await;
    let three = peer.request("message.send").await;
    peer.refuse(&three, "message.too_long", false, json!(null)).await;
    peer.send(json!({"t": "ev", "prev": 7, "seq": 12, "at": "2026-01-01T00:00:00.000Z",
        "conversation": Uuid::from_u128(1), "version": 3, "type": "agent.joined", "d": {"name": "Ada"}}))
        .await;
    let (mut acked, mut refused, mut joined) = (Vec::new(), Vec::new(), None);
    while joined.is_none() {
        match events.recv().await.unwrap() {
            VisitorClientEvent::Acked { cid, seq } => acked.push((cid, seq)),
            VisitorClientEvent::Refused { cid, .. } => refused.extend(cid),
            VisitorClientEvent::Event { event, .. } => joined = event,
            _ => {}
        }
    }
    assert_eq!(acked, [(sent[0], 8), (sent[1], 9)]);
    assert_eq!(refused, [sent[2]]);
    assert_eq!(joined, Some(VisitorEvent::AgentJoined { name: "Ada".into() }));
    handle.close().await;
    assert_eq!(peer.next().await, Err(Some(1000)));
}

#[tokio::test]
async fn one_shot_asks_again_where_the_link_breaks_and_tells_refusals_from_silence() {
    let server = FakeServer::start().await;
    let url = server.url.clone();
    let asking = tokio::spawn(async move {
        let mut session = Session::open(&url, "bt_x").await.unwrap();
        assert_eq!(session.welcome().agent.name, "Ada");
        let list = AgentOp::List(ListArg { tab: Tab::All, site: None, cursor: None, limit: None });
        let first = session.request(&list).await;
        let second = session.request(&list).await;
        session.close().await;
        (first, second)
    });
    let (mut peer, auth) = server.agent("snapshot", 0, 0).await;
    assert!(auth["client"].as_str().unwrap().starts_with("cli/"));
    peer.request("list").await;
    drop(peer);
    let (mut peer, _) = server.agent("snapshot", 0, 0).await;
    peer.event(0, 1).await;
    let asked = peer.request("list").await;
    peer.answer(&asked, json!({"rows": []})).await;
    let asked = peer.request("list").await;
    peer.refuse(&asked, "auth.forbidden", false, json!(null)).await;
    let (first, second) = asking.await.unwrap();
    assert_eq!(first.unwrap(), json!({"rows": []}));
    assert!(matches!(second, Err(OneshotError::Refused(e)) if e.code == "auth.forbidden"));
}

#[tokio::test]
async fn one_shot_says_what_kept_it_out() {
    let gone = FakeServer::start().await;
    let url = gone.url.clone();
    drop(gone);
    assert!(matches!(Session::open(&url, "t").await, Err(OneshotError::Unreachable { .. })));
    assert!(matches!(Session::open("ftp://a", "t").await, Err(OneshotError::Address(_))));

    let server = FakeServer::start().await;
    let url = server.url.clone();
    let asking = tokio::spawn(async move { Session::open(&url, "wrong").await });
    let mut peer = server.accept().await;
    peer.hello(20_000).await;
    peer.request("auth").await;
    peer.close(4200).await;
    assert!(matches!(asking.await.unwrap(), Err(OneshotError::Refused(e)) if e.message.contains("token")));
}
