//! Attention from the server: a webhook receiver on a local socket sees what is signed, tried again, repeated and ended.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::time::Duration;

use base64::Engine as _;
use baton::conversation::Role;
use baton::server::{Secret, ServerConfig, Webhook};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use support::server::{Client, Server, cid, soon};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

const SECRET: &str = "whsec_c2l4dGVlbi1ieXRlcy1hbmQtbW9yZQ==";

/// One request as it came.
struct Rang {
    id: String,
    body: Value,
    raw: String,
}

/// Answers with these statuses in turn, the last for ever; gives what came, with its signature checked.
async fn receiver(statuses: &'static [&'static str]) -> (String, mpsc::UnboundedReceiver<Rang>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut count = 0;
        while let Ok((mut tcp, _)) = listener.accept().await {
            let mut text = String::new();
            let mut part = [0u8; 4096];
            let whole = loop {
                let n = tcp.read(&mut part).await.unwrap_or(0);
                text.push_str(&String::from_utf8_lossy(&part[..n]));
                let length = |head: &str| {
                    head.lines().find_map(|l| l.to_lowercase().strip_prefix("content-length: ")?.parse().ok())
                };
                if let Some((head, body)) = text.split_once("\r\n\r\n")
                    && length(head).is_none_or(|length: usize| body.len() >= length)
                {
                    break true;
                }
                if n == 0 {
                    break false;
                }
            };
            if !whole {
                continue;
            }
            let status = statuses[count.min(statuses.len() - 1)];
            count += 1;
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            let header = |name: &str| {
                head.lines()
                    .find_map(|l| l.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)))
                    .unwrap_or_else(|| panic!("no {name} in {head}"))
                    .1
                    .to_owned()
            };
            let (id, at) = (header("webhook-id"), header("webhook-timestamp"));
            let key = base64::engine::general_purpose::STANDARD.decode(&SECRET[6..]).unwrap();
            let mut mac = <Hmac<sha2::Sha256> as KeyInit>::new_from_slice(&key).unwrap();
            mac.update(format!("{id}.{at}.{body}").as_bytes());
            let signed = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
            assert_eq!(header("webhook-signature"), format!("v1,{signed}"));
            let rang = Rang { id, body: serde_json::from_str(body).unwrap(), raw: body.to_owned() };
            let _ = tell.send(rang);
            let answer = format!(
                "HTTP/1.1 {status}\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            let _ = tcp.write_all(answer.as_bytes()).await;
        }
    });
    (url, told)
}

fn hook(url: &str) -> Webhook {
    Webhook {
        secret: Secret::parse(SECRET).unwrap(),
        repeat_ms: 0,
        gone_after_ms: 0,
        retry: Duration::from_millis(1),
        ..Webhook::to(url.parse().unwrap())
    }
}

async fn next(told: &mut mpsc::UnboundedReceiver<Rang>, kind: &str) -> Rang {
    let rang = soon("a ring", told.recv()).await.unwrap();
    assert_eq!(rang.body["type"], kind, "{}", rang.raw);
    rang
}

async fn begin(server: &Server) -> (Client, Value) {
    let (mut visitor, _) = server.visitor(json!({})).await;
    let sent = visitor.ok("message.send", json!({ "cid": cid(), "text": "my secret trouble" })).await;
    (visitor, sent["conversation"].clone())
}

async fn start(hooks: Vec<Webhook>) -> Server {
    Server::without_assistant(|config| config.webhooks = hooks).await
}

#[tokio::test]
async fn a_wait_rings_with_ids_and_counts_only_and_an_accept_ends_it() {
    let (url, mut told) = receiver(&["204 No Content"]).await;
    let server = start(vec![hook(&url)]).await;
    let token = server.add_agent("Dana", Role::Agent);
    let (_visitor, conversation) = begin(&server).await;
    let rang = next(&mut told, "handoff.waiting").await;
    assert_eq!(rang.body["data"]["conversation"], conversation);
    assert_eq!((&rang.body["data"]["site"], &rang.body["data"]["waiting"]), (&json!("demo"), &json!(1)));
    assert!(!rang.raw.contains("secret trouble"), "no word of the visitor's: {}", rang.raw);
    let (mut dana, _) = server.agent(&token, "console/test", "i", None).await;
    dana.ok("accept", json!({ "conversation": conversation, "cid": cid() })).await;
    let over = next(&mut told, "handoff.cleared").await;
    assert_eq!((&over.body["data"]["cause"], &over.body["data"]["waiting"]), (&json!("accepted"), &json!(0)));
    assert_ne!(over.id, rang.id);
    server.stop().await;
    assert!(told.try_recv().is_err(), "nothing more");
}

#[tokio::test]
async fn what_fails_is_tried_again_under_the_same_id_and_redirects_are_not_followed() {
    let (url, mut told) =
        receiver(&["500 Internal Server Error", "302 Found", "503 Service Unavailable", "200 OK"]).await;
    let server = start(vec![Webhook { include_text: true, ..hook(&url) }]).await;
    let (_visitor, _) = begin(&server).await;
    let first = next(&mut told, "handoff.waiting").await;
    assert_eq!(first.body["data"]["text"]["summary"], "my secret trouble");
    for _ in 0..3 {
        let again = next(&mut told, "handoff.waiting").await;
        assert_eq!((&again.id, &again.raw), (&first.id, &first.raw));
    }
    // Another one's: the retries of the first are over.
    let (_other, second) = begin(&server).await;
    assert_eq!(next(&mut told, "handoff.waiting").await.body["data"]["conversation"], second);
    server.stop().await;
}

#[tokio::test]
async fn it_repeats_until_the_visitor_leaves_and_goes_on_when_they_are_back() {
    let (url, mut told) = receiver(&["200 OK"]).await;
    let server = start(vec![Webhook { repeat_ms: 20, ..hook(&url) }]).await;
    let (mut visitor, ok) = server.visitor(json!({})).await;
    visitor.ok("message.send", json!({ "cid": cid(), "text": "hello?" })).await;
    let mut ids = Vec::new();
    for ring in 1..=3 {
        let rang = next(&mut told, "handoff.waiting").await;
        assert_eq!(rang.body["data"]["ring"], ring);
        assert!(!ids.contains(&rang.id), "each ring is a delivery of its own");
        ids.push(rang.id);
    }
    visitor.bye().await;
    let over = loop {
        let rang = soon("the end", told.recv()).await.unwrap();
        if rang.body["type"] == "handoff.cleared" {
            break rang;
        }
    };
    assert_eq!(over.body["data"]["cause"], "left");
    // Whatever was due meanwhile would be told before what comes now.
    let (_other, second) = begin(&server).await;
    assert_eq!(next(&mut told, "handoff.waiting").await.body["data"]["conversation"], second);
    let (_back, _) = server.visitor(json!({ "token": ok["token"] })).await;
    loop {
        let rang = soon("the first again", told.recv()).await.unwrap();
        if rang.body["data"]["conversation"] != second {
            assert_eq!(rang.body["type"], "handoff.waiting");
            break;
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_restart_neither_repeats_nor_forgets() {
    let (url, mut told) = receiver(&["200 OK"]).await;
    let hooks = vec![hook(&url)];
    let server = start(hooks.clone()).await;
    let token = server.add_agent("Dana", Role::Agent);
    let (_visitor, first) = begin(&server).await;
    next(&mut told, "handoff.waiting").await;
    let (_other, _) = begin(&server).await;
    let second = next(&mut told, "handoff.waiting").await;
    let dir = server.stop().await;

    // Without the webhook the first is accepted: nobody is told.
    let server = Server::start_in(dir, |c| c.sites[0].settings.assistant_on = false).await;
    let (mut dana, _) = server.agent(&token, "console/test", "i", None).await;
    dana.ok("accept", json!({ "conversation": first, "cid": cid() })).await;
    drop(dana);
    let dir = server.stop().await;
    assert!(told.try_recv().is_err());

    let server = Server::start_in(dir, |c| {
        c.sites[0].settings.assistant_on = false;
        c.webhooks = hooks;
    })
    .await;
    let over = next(&mut told, "handoff.cleared").await;
    assert_eq!(over.body["data"]["conversation"], first, "claimed while nobody told");
    let (_third, third) = begin(&server).await;
    loop {
        let rang = next(&mut told, "handoff.waiting").await;
        // One that was stopped before it was noted comes again, as the same delivery.
        if rang.id != second.id {
            assert_eq!(rang.body["data"]["conversation"], third);
            break;
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_wait_is_escalated_to_the_other_address() {
    let (url, mut told) = receiver(&["200 OK"]).await;
    let (loud, mut loud_told) = receiver(&["200 OK"]).await;
    let escalate_url = Some(loud.parse().unwrap());
    let server = start(vec![Webhook { escalate_after_ms: Some(1), escalate_url, ..hook(&url) }]).await;
    let (_visitor, _) = begin(&server).await;
    assert_eq!(next(&mut told, "handoff.waiting").await.body["data"]["escalated"], false);
    assert_eq!(next(&mut loud_told, "handoff.waiting").await.body["data"]["escalated"], true);
    server.stop().await;
}

#[test]
fn a_webhook_that_cannot_work_is_refused_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("good"), format!("{SECRET}\n")).unwrap();
    std::fs::write(dir.path().join("short"), "abc").unwrap();
    std::fs::write(dir.path().join("broken"), "whsec_***").unwrap();
    let parse = |hook: &str| {
        let text = format!("[[site]]\nid = \"shop\"\n\n[[webhook]]\n{hook}\n");
        ServerConfig::parse(&dir.path().join("baton.toml"), &text)
    };
    let url = "url = \"https://pager.example/x\"";
    let good = parse(&format!(
        "{url}\nsecret_file = \"good\"\nafter_s = 5\nsites = [\"shop\"]\nevents = [\"handoff.waiting\"]"
    ));
    let hook = good.unwrap().webhooks.remove(0);
    assert_eq!((hook.after_ms, hook.repeat_ms, hook.waiting, hook.cleared), (5_000, 60_000, true, false));
    assert!(!format!("{hook:?}").contains("sixteen"), "a secret is never printed");
    for (text, line, says) in [
        (url.to_owned(), 5, "secret_file or secret_env"),
        (format!("{url}\nsecret_file = \"nosuch\""), 6, "cannot be read"),
        (format!("{url}\nsecret_file = \"short\""), 6, "fewer than 16 bytes"),
        (format!("{url}\nsecret_file = \"broken\""), 6, "no base64"),
        (format!("{url}\nsecret_env = \"BATON_NO_SUCH_SECRET\""), 6, "the environment has no"),
        (format!("{url}\nsecret_file = \"good\"\nsecret_env = \"X\""), 7, "not both"),
        ("url = \"pager\"\nsecret_file = \"good\"".to_owned(), 5, "is no address"),
        ("url = \"file:///etc/passwd\"\nsecret_file = \"good\"".to_owned(), 5, "no web address"),
        ("url = \"https://a:b@x.example/\"\nsecret_file = \"good\"".to_owned(), 5, "name or password"),
        (format!("{url}\nsecret_file = \"good\"\nsites = [\"nosuch\"]"), 7, "no site nosuch"),
        (
            format!("{url}\nsecret_file = \"good\"\nescalate_url = \"https://x.example\""),
            7,
            "needs escalate_after_s",
        ),
        (format!("{url}\nsecret_file = \"good\"\nevents = [\"handoff.waitng\"]"), 7, "did you mean"),
        (format!("{url}\nsecret_file = \"good\"\nrepeat = 3"), 7, "did you mean `repeat_s`?"),
    ] {
        let error = parse(&text).expect_err(&text);
        assert_eq!(error.line, Some(line), "{text}: {error}");
        assert!(error.to_string().contains(says), "{text}: {error}");
    }
}
