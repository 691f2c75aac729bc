//! A server that says exactly what a test wants, on a real loopback socket.
#![allow(clippy::unwrap_used, clippy::panic)]

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::protocol::SUBPROTOCOL;

/// How long anything that must happen may take.
const DEADLINE: std::time::Duration = std::time::Duration::from_secs(30);

pub(super) struct FakeServer {
    listener: TcpListener,
    pub(super) url: String,
}

/// One connection.
pub(super) struct Peer(WebSocketStream<TcpStream>);

impl FakeServer {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self { listener, url }
    }

    /// The next raw connection.
    pub(super) async fn tcp(&self) -> TcpStream {
        let coming = tokio::time::timeout(DEADLINE, self.listener.accept());
        coming.await.expect("a client comes in time").unwrap().0
    }

    /// The next connection, upgraded, nothing said yet.
    #[allow(clippy::result_large_err)]
    pub(super) async fn accept(&self) -> Peer {
        let add = |_: &Request, mut response: Response| {
            response.headers_mut().insert("Sec-WebSocket-Protocol", SUBPROTOCOL.parse().unwrap());
            Ok(response)
        };
        Peer(tokio_tungstenite::accept_hdr_async(self.tcp().await, add).await.unwrap())
    }

    /// The next connection with the hello said and `auth` read; answers `auth` with the parts given.
    pub(super) async fn agent(&self, mode: &str, head: u64, replayed: u64) -> (Peer, Value) {
        let mut peer = self.accept().await;
        peer.hello(20_000).await;
        let auth = peer.request("auth").await;
        peer.answer(&auth, welcome(mode, head, replayed)).await;
        (peer, auth["d"].clone())
    }
}

pub(super) fn welcome(mode: &str, head: u64, replayed: u64) -> Value {
    json!({
        "agent": {"id": uuid::Uuid::from_u128(7), "name": "Ada", "role": "agent",
            "availability": {"available": false}, "present": true},
        "sites": [{"id": "demo", "name": "Demo"}],
        "agents": [],
        "log_id": "log-1", "head": head, "mode": mode, "replayed": replayed,
        "server_time": "2026-01-01T00:00:00.000Z", "warn_after_ms": 60000, "return_after_ms": 180000,
        "a_field_of_the_future": 1,
    })
}

impl Peer {
    pub(super) async fn send(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    pub(super) async fn raw(&mut self, message: Message) {
        let _ = self.0.send(message).await;
    }

    pub(super) async fn hello(&mut self, heartbeat_ms: u64) {
        self.send(
            json!({"t": "ctl", "type": "hello", "protocols": [SUBPROTOCOL], "heartbeat_ms": heartbeat_ms,
            "max_frame": 16384, "server_time": "2026-01-01T00:00:00.000Z"}),
        )
        .await;
    }

    pub(super) async fn answer(&mut self, request: &Value, d: Value) {
        self.send(json!({"t": "res", "id": request["id"], "ok": true, "d": d})).await;
    }

    pub(super) async fn refuse(&mut self, request: &Value, code: &str, retryable: bool, details: Value) {
        let error = json!({"code": code, "message": code, "retryable": retryable, "details": details});
        self.send(json!({"t": "res", "id": request["id"], "ok": false, "error": error})).await;
    }

    pub(super) async fn snapshot(&mut self, as_of: u64) {
        self.send(json!({"t": "ctl", "type": "snapshot", "as_of": as_of, "rows": [], "more": false})).await;
    }

    /// An event of a type nobody knows: moves the cursor only.
    pub(super) async fn event(&mut self, prev: u64, seq: u64) {
        self.send(json!({"t": "ev", "prev": prev, "seq": seq, "at": "2026-01-01T00:00:00.000Z",
            "conversation": uuid::Uuid::from_u128(1), "version": seq, "type": "of.the.future", "d": {"x": 1}}))
            .await;
    }

    pub(super) async fn close(mut self, code: u16) {
        let frame = CloseFrame { code: code.into(), reason: "because".into() };
        let _ = self.0.close(Some(frame)).await;
        while let Some(Ok(_)) = self.0.next().await {}
    }

    /// The next frame of the client; none: it is gone, with this close code if it said one.
    pub(super) async fn next(&mut self) -> Result<Value, Option<u16>> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map(|f| f.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// The next request; it must be this operation. Control frames in between are skipped.
    pub(super) async fn request(&mut self, op: &str) -> Value {
        loop {
            let frame = self.next().await.expect("the client is there");
            if frame["t"] == "req" {
                assert_eq!(frame["op"], op, "{frame}");
                return frame;
            }
        }
    }

    /// The next control frame of this type.
    pub(super) async fn control(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await.expect("the client is there");
            if frame["t"] == "ctl" && frame["type"] == kind {
                return frame;
            }
        }
    }
}
