//! A server of one's own, visitors on real sockets, and a ledger of what was acknowledged.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use baton::conversation::{Cid, Event};
use baton::log::Readers;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use uuid::Uuid;

/// After this long something hangs; it is no measure of speed.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// No assistant (only visitors speak) and no rate limit (it is a load).
const CONFIG: &str = r#"
[limits]
messages_per_second = 1000000.0
message_burst = 1000000

[[site]]
id = "demo"
assistant = false
loopback_origins = true
"#;

/// A server process; killed for good when it goes out of scope.
pub struct Server {
    pub child: Child,
    pub address: String,
    log: PathBuf,
}

/// The configuration of the servers here, beside the data.
pub fn config(dir: &Path) -> PathBuf {
    let path = dir.join("baton.toml");
    std::fs::write(&path, CONFIG).unwrap();
    path
}

impl Server {
    /// Starts `baton serve` on `data`, behind `before` (a tracer, say).
    pub fn start(dir: &Path, data: &Path, before: &[&str]) -> Self {
        let config = config(dir);
        let log = dir.join("server.log");
        let mut all: Vec<&str> = before.to_vec();
        all.extend([env!("CARGO_BIN_EXE_baton"), "serve", "--listen", "127.0.0.1:0", "--data"]);
        let mut command = Command::new(all[0]);
        command.args(&all[1..]).arg(data).arg("--config").arg(config);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(&log).unwrap());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").map(str::to_owned);
        let Some(address) = address else {
            let _ = child.wait();
            return Self { child, address: String::new(), log };
        };
        Self { child, address, log }
    }

    /// Whether it came up.
    pub fn up(&self) -> bool {
        !self.address.is_empty()
    }

    /// What it wrote to standard error.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Asks it to stop, and waits.
    pub fn stop(mut self) -> Option<i32> {
        crate::cli_support::signal(&self.child, "-TERM");
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a message went.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    /// Acknowledged, at this position.
    Acked(u64),
    /// Refused, with this code.
    Refused(String),
    /// The socket broke.
    Gone,
}

/// A visitor on a raw socket.
pub struct Visitor {
    ws: WebSocketStream<TcpStream>,
    pub token: String,
    pub log_id: String,
    pub last_seq: u64,
    pub welcome: Value,
}

impl Visitor {
    /// Comes for the first time, or comes back as whom `before` says.
    pub async fn come(address: &str, before: Option<&Visitor>) -> Option<Self> {
        let stream = TcpStream::connect(address).await.ok()?;
        let mut request = format!("ws://{address}/ws/visitor?site=demo").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "baton.v1+json".parse().unwrap());
        let (mut ws, _) = tokio_tungstenite::client_async(request, stream).await.ok()?;
        let d = match before {
            None => json!({}),
            Some(v) => {
                json!({"token": v.token, "resume": {"log_id": v.log_id, "last_seq": v.last_seq}})
            }
        };
        ws.send(Message::text(json!({"t":"req","id":"auth","op":"auth","d":d}).to_string())).await.ok()?;
        let welcome = answer(&mut ws, "auth").await?["d"].clone();
        Some(Self {
            ws,
            token: welcome["token"].as_str().unwrap().to_owned(),
            log_id: welcome["log_id"].as_str().unwrap().to_owned(),
            last_seq: welcome["head"].as_u64().unwrap(),
            welcome,
        })
    }

    /// Says something and waits for the answer.
    pub async fn say(&mut self, cid: Uuid, text: &str) -> Said {
        let request = json!({"t":"req","id":cid,"op":"message.send","d":{"cid":cid,"text":text}});
        if self.ws.send(Message::text(request.to_string())).await.is_err() {
            return Said::Gone;
        }
        match answer(&mut self.ws, &cid.to_string()).await {
            None => Said::Gone,
            Some(frame) if frame["ok"] == true => {
                self.last_seq = frame["d"]["seq"].as_u64().unwrap();
                Said::Acked(self.last_seq)
            }
            Some(frame) => Said::Refused(frame["error"]["code"].as_str().unwrap().to_owned()),
        }
    }
}

async fn answer(ws: &mut WebSocketStream<TcpStream>, id: &str) -> Option<Value> {
    let search = async {
        loop {
            let Message::Text(text) = ws.next().await?.ok()? else { continue };
            let frame: Value = serde_json::from_str(&text).unwrap();
            if frame["t"] == "res" && frame["id"] == id {
                return Some(frame);
            }
        }
    };
    tokio::time::timeout(PATIENCE, search).await.expect("an answer in time")
}

/// Every client id of a visitor's message in a store, with its position; checked to be there once and without a gap.
pub fn stored(data: &Path) -> BTreeMap<Uuid, u64> {
    let readers = Readers::of(data, 1).unwrap();
    readers
        .with(|r| {
            let mut found = BTreeMap::new();
            for row in r.open_rows(None)? {
                let events = r.events_of(row.id, 0, 1_000_000)?;
                let versions: Vec<u64> = events.iter().map(|e| e.version).collect();
                assert_eq!(versions, (1..=row.version).collect::<Vec<_>>(), "versions without a hole");
                for event in events {
                    if let (Event::MessagePosted(_), Some(Cid(cid))) = (&event.event, event.visitor_cid) {
                        assert_eq!(found.insert(cid, event.seq), None, "{cid} is there twice");
                    }
                }
            }
            Ok(found)
        })
        .unwrap()
}
