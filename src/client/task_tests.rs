//! The agent's client against a server that does right, wrong, and nothing.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::fake_server::FakeServer;
use super::{ClientEvent, ConnectOptions, DraftKind, Handle, Link, connect};
use crate::conversation::{Cid, ConversationId, Tab};
use crate::protocol::{AgentOp, CidOnly, ListArg, MessageArg};

type Events = mpsc::Receiver<ClientEvent>;

fn options(url: &str, instance: &str, state: Option<&Path>) -> ConnectOptions {
    ConnectOptions {
        url: url.into(),
        token: "bt_test".into(),
        client: "console/0.1.0".into(),
        instance: instance.into(),
        state_dir: state.map(Path::to_owned),
    }
}

fn start(server: &FakeServer, state: Option<&Path>) -> (Handle, Events) {
    connect(options(&server.url, "one", state))
}

fn conversation() -> ConversationId {
    ConversationId(Uuid::from_u128(1))
}

fn reply(cid: u128, text: &str) -> AgentOp {
    let cid = Cid(Uuid::from_u128(cid));
    AgentOp::MessageSend(MessageArg { conversation: conversation(), cid, text: text.into() })
}

fn list() -> AgentOp {
    AgentOp::List(ListArg { tab: Tab::Queue, site: None, cursor: None, limit: None })
}

/// Skips events until one fits.
async fn until<T>(events: &mut Events, mut fits: impl FnMut(&ClientEvent) -> Option<T>) -> T {
    loop {
        let event = events.recv().await.expect("the client is running");
        if let Some(found) = fits(&event) {
            return found;
        }
    }
}

async fn until_link(events: &mut Events, wanted: Link) {
    until(events, |e| (*e == ClientEvent::Link(wanted.clone())).then_some(())).await;
}

async fn until_down(events: &mut Events) -> String {
    until(events, |e| match e {
        ClientEvent::Link(Link::Down { why, .. }) => Some(why.clone()),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn signs_in_syncs_and_lives() {
    let server = FakeServer::start().await;
    let (handle, mut events) = start(&server, None);
    assert_eq!(events.recv().await, Some(ClientEvent::Drafts(vec![])));
    assert!(!handle.request(1, list()), "a read while the link is down fails at once");
    let (mut peer, auth) = server.agent("snapshot", 10, 0).await;
    assert_eq!(auth["token"], "bt_test");
    assert_eq!(auth["instance"], "one");
    assert!(auth.get("resume").is_none());
    until_link(&mut events, Link::Syncing).await;
    peer.snapshot(10).await;
    until_link(&mut events, Link::Live).await;
    assert!(handle.request(2, list()));
    let asked = peer.request("list").await;
    peer.answer(&asked, json!({"x": 1})).await;
    let answer = until(&mut events, |e| match e {
        ClientEvent::Response { tag: 2, result } => Some(result.clone()),
        _ => None,
    });
    assert_eq!(answer.await.unwrap()["x"], 1);
    handle.close().await;
    assert_eq!(peer.next().await, Err(Some(1000)), "goodbye ends presence at once");
}

#[tokio::test]
async fn resumes_from_its_cursor_and_watches_again() {
    let server = FakeServer::start().await;
    let (handle, mut events) = start(&server, None);
    handle.watch(9, conversation());
    let (mut peer, _) = server.agent("snapshot", 10, 0).await;
    let watch = peer.request("watch").await;
    assert_eq!(watch["d"]["conversation"], json!(conversation()));
    peer.answer(&watch, json!({"first": true})).await;
    peer.snapshot(10).await;
    peer.event(10, 12).await;
    peer.event(10, 12).await;
    peer.event(12, 13).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        if let ClientEvent::Event { seq, event, .. } = events.recv().await.unwrap() {
            assert_eq!(event, None, "an unknown type is passed on as unknown");
            seen.push(seq);
        }
    }
    assert_eq!(seen, [12, 13], "a repeat is dropped");
    peer.send(json!({"t": "ctl", "type": "heartbeat", "head": 40})).await;
    peer.control("heartbeat").await;
    peer.close(4000).await;
    assert!(until_down(&mut events).await.contains("restarts"));
    let (mut peer, auth) = server.agent("resumed", 41, 1).await;
    assert_eq!(
        auth["resume"],
        json!({"log_id": "log-1", "last_seq": 40}),
        "the heartbeat's head was adopted"
    );
    let again = peer.request("watch").await;
    peer.answer(&again, json!({"second": true})).await;
    peer.event(40, 41).await;
    until(&mut events, |e| match e {
        ClientEvent::Response { tag: 9, result: Ok(d) } if d["second"] == true => Some(()),
        _ => None,
    })
    .await;
    until_link(&mut events, Link::Live).await;
}

#[tokio::test]
async fn a_gap_is_proved_and_healed() {
    let server = FakeServer::start().await;
    let (_handle, mut events) = start(&server, None);
    let (mut peer, _) = server.agent("snapshot", 5, 0).await;
    peer.snapshot(5).await;
    peer.event(5, 6).await;
    peer.event(8, 9).await;
    assert!(until_down(&mut events).await.contains("missing"));
    assert_eq!(peer.next().await, Err(None), "no goodbye: presence must not flicker");
    let (_peer, auth) = server.agent("resumed", 9, 3).await;
    assert_eq!(auth["resume"]["last_seq"], 6);
}

#[tokio::test]
async fn acknowledges_by_count() {
    let server = FakeServer::start().await;
    let (_handle, _events) = start(&server, None);
    let (mut peer, _) = server.agent("snapshot", 0, 0).await;
    for seq in 1..=64 {
        peer.event(seq - 1, seq).await;
    }
    assert_eq!(peer.control("ack").await["seq"], 64);
    peer.event(64, 65).await;
    assert_eq!(peer.control("ack").await["seq"], 65, "the last one after two seconds");
}

#[tokio::test]
async fn silence_is_noticed() {
    let server = FakeServer::start().await;
    let (_handle, mut events) = start(&server, None);
    let (mut peer, _) = server.agent("snapshot", 0, 0).await;
    peer.snapshot(0).await;
    until_link(&mut events, Link::Live).await;
    tokio::time::pause();
    assert!(until_down(&mut events).await.contains("no sign of life from the server for 45 s"));
    tokio::time::resume();
    let (_peer, auth) = server.agent("resumed", 0, 0).await;
    assert_eq!(auth["resume"]["last_seq"], 0);
}

#[tokio::test]
async fn an_unsent_reply_survives_the_console_and_is_sent_once_with_its_id() {
    let dir = tempfile::tempdir().unwrap();
    let server = FakeServer::start().await;
    // The server is there, and does not answer.
    let (handle, mut events) = connect(options(&server.url, "first", Some(dir.path())));
    let unanswered = server.tcp().await;
    handle.send_durable(1, reply(11, "first"));
    handle.send_durable(2, reply(12, "second"));
    handle.save_draft(conversation(), DraftKind::Note, "half a no".into());
    let mut stored = Vec::new();
    while stored.len() < 2 {
        if let ClientEvent::Stored { tag } = events.recv().await.unwrap() {
            stored.push(tag);
        }
    }
    assert_eq!(stored, [1, 2]);
    handle.close().await;
    drop(unanswered);

    let (handle, mut events) = start(&server, Some(dir.path()));
    let drafts = events.recv().await.unwrap();
    assert_eq!(drafts, ClientEvent::Drafts(vec![(conversation(), DraftKind::Note, "half a no".into())]));
    let waiting = until(&mut events, |e| match e {
        ClientEvent::OutboxState { waiting, .. } => Some(*waiting),
        _ => None,
    });
    assert_eq!(waiting.await, 2);
    let (mut peer, _) = server.agent("snapshot", 0, 0).await;
    let sent = peer.request("message.send").await;
    assert_eq!(sent["d"]["text"], "first");
    // The link dies before the answer: the same again, and the second still waits for the first.
    peer.close(4010).await;
    let (mut peer, _) = server.agent("snapshot", 0, 0).await;
    let again = peer.request("message.send").await;
    assert_eq!(again["d"], sent["d"]);
    peer.refuse(&again, "server.overloaded", true, json!({"retry_after_ms": 1})).await;
    let third = peer.request("message.send").await;
    assert_eq!(third["d"], sent["d"]);
    peer.answer(&third, json!({"seq": 1})).await;
    let second = peer.request("message.send").await;
    assert_eq!(second["d"]["text"], "second");
    peer.answer(&second, json!({"seq": 2})).await;
    let empty = until(&mut events, |e| match e {
        ClientEvent::OutboxState { waiting: 0, .. } => Some(()),
        _ => None,
    });
    empty.await;
    handle.close().await;
    drop(peer);

    let (_handle, mut events) = connect(options(&server.url, "third", Some(dir.path())));
    until_link(&mut events, Link::Connecting).await;
    drop(server.tcp().await);
    let next = events.recv().await;
    assert!(
        matches!(next, Some(ClientEvent::Link(Link::Down { .. }))),
        "what was answered is gone for good: {next:?}"
    );
}

#[tokio::test]
async fn a_refused_reply_is_a_draft_again() {
    let dir = tempfile::tempdir().unwrap();
    let server = FakeServer::start().await;
    let (handle, mut events) = start(&server, Some(dir.path()));
    handle.save_draft(conversation(), DraftKind::Reply, "and this".into());
    handle.send_durable(5, reply(1, "that"));
    let (mut peer, _) = server.agent("snapshot", 0, 0).await;
    let sent = peer.request("message.send").await;
    peer.refuse(&sent, "conversation.held_by_other", false, json!({"by": {"name": "Bea"}})).await;
    let refused = until(&mut events, |e| match e {
        ClientEvent::Response { tag: 5, result } => Some(result.clone()),
        _ => None,
    });
    assert_eq!(refused.await.unwrap_err().code, "conversation.held_by_other");
    let returned = until(&mut events, |e| match e {
        ClientEvent::Returned { kind, text, .. } => Some((*kind, text.clone())),
        _ => None,
    });
    assert_eq!(returned.await, (DraftKind::Reply, "that".into()));
    handle.close().await;
    let (_handle, mut events) = start(&server, Some(dir.path()));
    let drafts = ClientEvent::Drafts(vec![(conversation(), DraftKind::Reply, "that\nand this".into())]);
    assert_eq!(events.recv().await, Some(drafts));
}

#[tokio::test]
async fn what_has_no_client_id_is_not_kept() {
    let server = FakeServer::start().await;
    let (handle, mut events) = start(&server, None);
    handle.send_durable(3, list());
    let answer = until(&mut events, |e| match e {
        ClientEvent::Response { tag: 3, result } => Some(result.clone()),
        _ => None,
    });
    assert_eq!(answer.await.unwrap_err().code, "outbox.no_cid");
}

#[tokio::test]
async fn an_old_reply_asks_first() {
    let dir = tempfile::tempdir().unwrap();
    let server = FakeServer::start().await;
    let (handle, mut events) = connect(options("http://127.0.0.1:9", "first", Some(dir.path())));
    handle.send_durable(1, reply(1, "late"));
    handle.send_durable(2, reply(2, "later"));
    until(&mut events, |e| (*e == ClientEvent::Stored { tag: 2 }).then_some(())).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(601)).await;
    let asked = until(&mut events, |e| match e {
        ClientEvent::AskFirst { cid, text, age_ms, .. } => Some((*cid, text.clone(), *age_ms)),
        _ => None,
    });
    let (cid, text, age_ms) = asked.await;
    assert_eq!(text, "late");
    assert!(age_ms > 600_000);
    tokio::time::resume();
    handle.withdraw(cid);
    let returned = until(&mut events, |e| match e {
        ClientEvent::Returned { text, .. } => Some(text.clone()),
        _ => None,
    });
    assert_eq!(returned.await, "late");
    handle.close().await;
    drop(server);
}

#[tokio::test]
async fn requests_under_way_are_answered_when_the_link_dies() {
    let server = FakeServer::start().await;
    let (handle, mut events) = start(&server, None);
    let (mut peer, _) = server.agent("resumed", 0, 0).await;
    until_link(&mut events, Link::Live).await;
    let accept = CidOnly { conversation: conversation(), cid: Cid(Uuid::from_u128(1)) };
    assert!(handle.request(4, AgentOp::Accept(accept.into())));
    peer.request("accept").await;
    drop(peer);
    let answer = until(&mut events, |e| match e {
        ClientEvent::Response { tag: 4, result } => Some(result.clone()),
        _ => None,
    });
    let error = answer.await.unwrap_err();
    assert_eq!((error.code.as_str(), error.retryable), ("link.down", true));
}

#[tokio::test]
async fn goaway_moves_to_the_next_socket() {
    let server = FakeServer::start().await;
    let (_handle, mut events) = start(&server, None);
    let (mut peer, _) = server.agent("snapshot", 3, 0).await;
    peer.snapshot(3).await;
    until_link(&mut events, Link::Live).await;
    peer.send(json!({"t": "ctl", "type": "goaway", "in_ms": 20})).await;
    let (_next, auth) = server.agent("resumed", 3, 0).await;
    assert_eq!(auth["resume"]["last_seq"], 3);
    assert_eq!(peer.next().await, Err(None));
}

#[tokio::test]
async fn stop_codes_stop_and_say_why() {
    for (code, word) in
        [(4200, "token"), (4201, "withdrawn"), (4202, "elsewhere"), (4203, "version"), (4299, "because")]
    {
        let server = FakeServer::start().await;
        let (handle, mut events) = start(&server, None);
        let (peer, _) = server.agent("snapshot", 0, 0).await;
        peer.close(code).await;
        let fatal = until(&mut events, |e| match e {
            ClientEvent::Fatal(why) => Some(why.clone()),
            _ => None,
        });
        let fatal = fatal.await;
        assert!(fatal.contains(word), "{code}: {fatal}");
        assert!(!handle.request(1, list()));
        handle.close().await;
    }
}

#[tokio::test]
async fn a_wrong_token_is_told_in_the_servers_words() {
    let server = FakeServer::start().await;
    let (_handle, mut events) = start(&server, None);
    let mut peer = server.accept().await;
    peer.hello(20_000).await;
    let auth = peer.request("auth").await;
    peer.refuse(&auth, "auth.failed", false, json!(null)).await;
    until(&mut events, |e| (*e == ClientEvent::Fatal("auth.failed".into())).then_some(())).await;
}

#[tokio::test]
async fn a_lying_server_is_survived_with_a_reason() {
    let server = FakeServer::start().await;
    let (_handle, mut events) = start(&server, None);

    let mut tcp = server.tcp().await;
    tcp.write_all(b"SSH-2.0-whatever\r\n\r\n").await.unwrap();
    drop(tcp);
    until_down(&mut events).await;

    let lies: [(Message, &str); 5] = [
        (Message::text("\u{1b}]0;owned\u{7} not json"), "no frame"),
        (Message::text("[1,2]"), "no frame"),
        (Message::binary(vec![0, 1, 2]), "binary"),
        (Message::text("[".repeat(100_000)), "no frame"),
        (Message::text("x".repeat((8 << 20) + 1)), "at most"),
    ];
    for (lie, word) in lies {
        let server = FakeServer::start().await;
        let (_handle, mut events) = start(&server, None);
        let (mut peer, _) = server.agent("snapshot", 0, 0).await;
        peer.raw(lie).await;
        let why = until_down(&mut events).await;
        assert!(why.contains(word), "{why}");
        assert!(!why.contains('\u{1b}'), "{why:?}");
    }

    // Strange, but JSON: skipped, and the cursor moves where it can.
    let (mut peer, _) = server.agent("snapshot", 0, 0).await;
    peer.send(json!({"t": "song", "verse": 1})).await;
    peer.send(json!({"t": "ctl", "type": "dance"})).await;
    peer.send(json!({"t": "eph", "type": "rumour"})).await;
    peer.send(json!({"t": "res", "id": "r99", "ok": true})).await;
    peer.send(json!({"t": "row", "seq": 1, "prev": 0, "conversation": Uuid::from_u128(1), "version": 1,
        "d": {"state": "levitating"}}))
        .await;
    peer.event(1, 2).await;
    let seq = until(&mut events, |e| match e {
        ClientEvent::Event { seq, .. } if *seq == 2 => Some(*seq),
        _ => None,
    });
    assert_eq!(seq.await, 2);
}

#[tokio::test]
async fn no_address_no_client() {
    for (url, word) in [("ftp://example.com", "https://"), ("nonsense", "http://127.0.0.1:8080")] {
        let (handle, mut events) = connect(options(url, "one", None));
        let Some(ClientEvent::Fatal(why)) = events.recv().await else { panic!("no reason given") };
        assert!(why.contains(word), "{why}");
        handle.close().await;
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_said_so() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a file");
    std::fs::write(&file, "").unwrap();
    let (handle, mut events) = connect(options("http://127.0.0.1:9", "one", Some(&file)));
    let Some(ClientEvent::Fatal(why)) = events.recv().await else { panic!("no reason given") };
    assert!(why.contains("XDG_STATE_HOME"), "{why}");
    handle.close().await;
}

/// The promise of a quarter of a second, on a clock that is moved by hand: what was typed is in the file by then, however
/// many keys follow.
#[tokio::test(start_paused = true)]
async fn a_draft_is_on_disk_within_a_quarter_of_a_second() {
    let dir = tempfile::tempdir().unwrap();
    let (handle, mut events) = connect(options("http://127.0.0.1:9", "one", Some(dir.path())));
    assert_eq!(events.recv().await, Some(ClientEvent::Drafts(Vec::new())));
    let journal = handle.edit_folder().unwrap().with_file_name("drafts.log");
    let typed_at = tokio::time::Instant::now();
    handle.save_draft(conversation(), DraftKind::Reply, "the first key".into());
    let mut keys = 0;
    while !std::fs::read_to_string(&journal).unwrap().contains("the first key") {
        assert!(typed_at.elapsed() <= Duration::from_millis(250), "after {:?}", typed_at.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
        keys += 1;
        handle.save_draft(conversation(), DraftKind::Reply, format!("the first key and {keys} more"));
    }
    assert!(keys > 0, "it is gathered, not written key by key");
}

#[tokio::test]
async fn a_replaced_token_brings_its_drafts_along() {
    let dir = tempfile::tempdir().unwrap();
    let server = FakeServer::start().await;
    let (handle, mut events) = connect(options(&server.url, "old", Some(dir.path())));
    let (peer, _) = server.agent("snapshot", 0, 0).await;
    until(&mut events, |e| matches!(e, ClientEvent::Welcome(_)).then_some(())).await;
    handle.save_draft(conversation(), DraftKind::Reply, "half a rep".into());
    handle.close().await;
    drop(peer);

    let renewed =
        ConnectOptions { token: "bt_other".into(), ..options(&server.url, "new", Some(dir.path())) };
    let (handle, mut events) = connect(renewed);
    assert_eq!(events.recv().await, Some(ClientEvent::Drafts(Vec::new())), "not known yet whose token it is");
    handle.save_draft(conversation(), DraftKind::Reply, "begun".into());
    let (_peer, _) = server.agent("snapshot", 0, 0).await;
    let joined = until(&mut events, |e| match e {
        ClientEvent::Drafts(drafts) => Some(drafts.clone()),
        _ => None,
    });
    let expected = vec![(conversation(), DraftKind::Reply, "half a rep\nbegun".into())];
    assert_eq!(joined.await, expected);
}
