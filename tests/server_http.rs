//! What is at which address, what is refused, and how long a silent peer is borne.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::time::Duration;

use baton::protocol::Limits;
use support::server::{Client, Server, soon};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn status(head: &str) -> u16 {
    head.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn each_address_answers_and_each_answer_is_safe() {
    let server = Server::start(|_| {}).await;
    for (path, expected, says) in [
        ("/healthz", 200, "ok"),
        ("/widget.js", 200, "Baton"),
        ("/demo/", 200, "widget.js"),
        ("/demo/style.css", 200, "{"),
        ("/demo/docs/shipping.md", 200, "# Shipping"),
        ("/docs/shipping", 200, "<h1 id=\"shipping\">"),
        ("/docs/shipping.md", 200, "<h1 id=\"shipping\">"),
        ("/preview/demo", 200, "data-site=\"demo\""),
        ("/protocol/", 200, "agent.schema.json"),
        ("/protocol/asyncapi.json", 200, "asyncapi"),
        ("/demo", 308, ""),
        ("/", 404, "nothing at this address"),
        ("/docs/none", 404, ""),
        ("/docs/..%2f..%2fCargo.toml", 404, ""),
        ("/docs/../../Cargo.toml", 404, ""),
        ("/demo/../widget.js", 404, ""),
        ("/demo/%2e%2e/widget.js", 404, ""),
        ("/preview/none", 404, ""),
        ("/preview/%3Cscript%3E", 404, ""),
        ("/protocol/.keep", 404, ""),
        ("/ws/agent", 426, "WebSocket"),
        ("/ws/visitor?site=demo", 426, "WebSocket"),
    ] {
        let (head, body) = server.get(path).await;
        assert_eq!(status(&head), expected, "{path}: {head}");
        assert!(body.contains(says), "{path}: {body}");
        let head = head.to_ascii_lowercase();
        assert!(head.contains("x-content-type-options: nosniff"), "{path}: {head}");
        assert!(head.contains("content-security-policy: default-src 'none'"), "{path}: {head}");
        assert!(!head.contains("set-cookie"), "{path}: {head}");
        for secret in [server.dir.path().to_str().unwrap(), "src/", "SELECT"] {
            assert!(!body.contains(secret), "{path} tells {secret}");
        }
    }
    for request in ["POST /healthz", "DELETE /docs/shipping", "PUT /widget.js"] {
        let (head, _) =
            server.http(&format!("{request} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")).await;
        assert_eq!(status(&head), 405, "{request}: {head}");
    }
    let (head, _) = server.get("/widget.js").await;
    let tag = head.lines().find_map(|l| l.strip_prefix("etag: ")).unwrap().to_owned();
    let again =
        format!("GET /widget.js HTTP/1.1\r\nHost: t\r\nConnection: close\r\nIf-None-Match: {tag}\r\n\r\n");
    let (head, body) = server.http(&again).await;
    assert_eq!((status(&head), body.as_str()), (304, ""));
    server.stop().await;
}

#[tokio::test]
async fn handshakes_are_refused_with_their_reason() {
    let server = Server::start(|config| config.sites[0].loopback_origins = false).await;
    let ours = ("Sec-WebSocket-Protocol", "baton.v1+json");
    let visitor = "/ws/visitor?site=demo";
    for (path, headers, expected, code) in [
        (visitor, vec![], 400, "protocol.unsupported"),
        (visitor, vec![("Sec-WebSocket-Protocol", "baton.v9+json")], 400, "protocol.unsupported"),
        ("/ws/agent", vec![], 400, "protocol.unsupported"),
        ("/ws/agent", vec![ours, ("Origin", "https://example.com")], 403, "origin.forbidden"),
        ("/ws/agent", vec![ours, ("Origin", "http://localhost")], 403, "origin.forbidden"),
        ("/ws/agent", vec![ours, ("Origin", "null")], 403, "origin.forbidden"),
        ("/ws/visitor", vec![ours], 400, "site.missing"),
        ("/ws/visitor?site=none", vec![ours], 404, "site.unknown"),
        ("/ws/visitor?site=DEMO", vec![ours], 404, "site.unknown"),
        ("/ws/visitor?site=%64emo", vec![ours], 404, "site.unknown"),
        (visitor, vec![ours, ("Origin", "https://shop.example.com")], 403, "origin.forbidden"),
        (visitor, vec![ours, ("Origin", "http://127.0.0.1:8080")], 403, "origin.forbidden"),
        (visitor, vec![ours, ("Origin", "https://a"), ("Origin", "https://a")], 403, "origin.forbidden"),
    ] {
        let (head, body) = server.handshake(path, &headers).await;
        assert_eq!(status(&head), expected, "{path} {headers:?}: {head} {body}");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["error"]["code"], code, "{body}");
        if code == "protocol.unsupported" {
            assert_eq!(body["protocols"], serde_json::json!(["baton.v1+json"]));
        }
        if headers.iter().any(|h| h.1 == "https://shop.example.com") {
            let hint = body["error"]["message"].as_str().unwrap();
            assert!(hint.contains("origins = [\"https://shop.example.com\"]"), "{hint}");
        }
    }
    let (head, _) = server.handshake(visitor, &[ours]).await;
    assert_eq!(status(&head), 101, "{head}");
    assert!(
        head.to_ascii_lowercase().contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="),
        "{head}"
    );
    server.stop().await;
}

#[tokio::test]
async fn an_allowed_origin_gets_in() {
    let server =
        Server::start(|config| config.sites[0].origins = vec!["https://shop.example.com".into()]).await;
    for origin in ["https://shop.example.com", "http://localhost:3000", "http://[::1]:8080"] {
        let headers = [("Sec-WebSocket-Protocol", "baton.v1+json"), ("Origin", origin)];
        let (head, body) = server.handshake("/ws/visitor?site=demo", &headers).await;
        assert_eq!(status(&head), 101, "{origin}: {head} {body}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_silent_or_dripping_peer_is_let_go() {
    let server = Server::start(|config| config.limits.header_ms = 200).await;
    for start in ["", "GET /healthz HTTP/1.1\r\nHost:"] {
        let mut tcp = TcpStream::connect(server.addr).await.unwrap();
        tcp.write_all(start.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A read that ends is the server letting go; without its time-out this test would run into its patience.
        soon("the end of a silent connection", tcp.read_to_end(&mut answer)).await.unwrap();
    }
    let (head, _) = server.get("/healthz").await;
    assert_eq!(status(&head), 200, "others are served");
    server.stop().await;
}

#[tokio::test]
async fn past_the_cap_a_connection_is_told_so_and_room_comes_back() {
    let server = Server::start(|config| config.limits = Limits { sockets: 2, ..Limits::default() }).await;
    let first = Client::open(server.addr, "/ws/visitor?site=demo").await;
    let _second = Client::open(server.addr, "/ws/visitor?site=demo").await;
    let (head, body) = server.get("/healthz").await;
    assert_eq!(status(&head), 503, "{head}");
    assert!(head.contains("Retry-After: 5") && body.contains("no room"), "{head} {body}");
    first.bye().await;
    let back = async {
        while status(&server.get("/healthz").await.0) != 200 {
            tokio::task::yield_now().await;
        }
    };
    soon("room", back).await;
    server.stop().await;
}

#[tokio::test]
async fn an_upgrade_with_its_first_frame_in_the_same_packet_loses_nothing() {
    let server = Server::start(|_| {}).await;
    let mut tcp = TcpStream::connect(server.addr).await.unwrap();
    let request = "GET /ws/visitor?site=demo HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: baton.v1+json\r\n\r\n";
    let auth = br#"{"t":"req","id":"a","op":"auth","d":{"token":null}}"#;
    let mut bytes = request.as_bytes().to_vec();
    // A masked text frame, its mask all zero.
    bytes.extend_from_slice(&[0x81, 0x80 | auth.len() as u8, 0, 0, 0, 0]);
    bytes.extend_from_slice(auth);
    tcp.write_all(&bytes).await.unwrap();
    let mut got = Vec::new();
    let read = async {
        let mut chunk = [0u8; 4096];
        while !String::from_utf8_lossy(&got).contains("\"log_id\"") {
            let n = tcp.read(&mut chunk).await.unwrap();
            assert!(n > 0, "ended: {}", String::from_utf8_lossy(&got));
            got.extend_from_slice(&chunk[..n]);
        }
    };
    soon("the auth answer", read).await;
    server.stop().await;
}

#[tokio::test]
async fn a_server_with_open_connections_stops() {
    let server = Server::start(|config| config.limits.auth_ms = 100).await;
    let _idle = TcpStream::connect(server.addr).await.unwrap();
    let mut visitor = server.visitor(serde_json::json!({})).await.0;
    let stop = tokio::spawn(server.stop());
    let goaway = visitor.until("goaway", |f| f["type"] == "goaway").await;
    assert!(goaway["in_ms"].as_u64().unwrap() <= Duration::from_secs(5).as_millis() as u64);
    assert_eq!(visitor.closed().await, Some(4000));
    soon("the stop", stop).await.unwrap();
}
