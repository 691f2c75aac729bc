//! A `baton serve` with a queue and, if wanted, one very long conversation; the console beside it; messages that arrive.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use baton::conversation::{Author, Event, Message as Said, MessageId, Row};
use baton::log::{Append, Log, Principal};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use uuid::Uuid;

use super::pty::Pty;

const CONFIG: &str = r#"
[limits]
messages_per_second = 1000000.0
message_burst = 1000000
sockets = 50000

[[site]]
id = "demo"
name = "Bench"
assistant = false
loopback_origins = true
"#;

type Socket = WebSocketStream<TcpStream>;

pub struct Desk {
    child: Option<Child>,
    dir: tempfile::TempDir,
    pub address: String,
    agent: String,
    /// The token of the visitor who waits longest.
    pub first: String,
}

fn baton() -> &'static str {
    env!("CARGO_BIN_EXE_baton")
}

impl Desk {
    /// A desk where so many visitors wait.
    pub async fn with_waiting(waiting: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("baton.toml"), CONFIG).unwrap();
        let empty = String::new;
        let mut desk = Self { child: None, dir, address: empty(), agent: empty(), first: empty() };
        desk.serve();
        let added = Command::new(baton())
            .args(["agent", "add", "bench", "--role", "supervisor", "--data"])
            .arg(desk.data())
            .output()
            .unwrap();
        let text = String::from_utf8(added.stdout).unwrap();
        desk.agent = text.split_whitespace().find(|w| w.starts_with("bt_")).unwrap().to_owned();
        for n in 0..waiting {
            let (mut ws, token) = visitor(&desk.address, None).await;
            send(&mut ws, "message.send", json!({"cid": Uuid::now_v7(), "text": super::TEXT})).await;
            answer(&mut ws).await;
            send(&mut ws, "handoff.request", json!({"cid": Uuid::now_v7()})).await;
            answer(&mut ws).await;
            if n == 0 {
                desk.first = token;
            }
        }
        desk
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn serve(&mut self) {
        let mut child = Command::new(baton())
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(self.data())
            .arg("--config")
            .arg(self.dir.path().join("baton.toml"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.address = line.trim().strip_prefix("listening on http://").unwrap().to_owned();
        self.child = Some(child);
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Makes the conversation that waits longest so many messages longer, through the library's log, with the server stopped.
    pub fn lengthen(&mut self, messages: usize) {
        self.stop();
        let mut log = Log::open(&self.data()).unwrap();
        let rows = log.readers(1).unwrap().with(|reader| reader.open_rows(None)).unwrap();
        let first: &Row = rows.iter().min_by_key(|row| row.queued_at).unwrap();
        for chunk in (0..messages).collect::<Vec<_>>().chunks(500) {
            let mut batch = log.begin().unwrap();
            let before = batch.conversation(first.id).unwrap().unwrap();
            let who = before.visitor.clone().unwrap().id;
            let at = before.last_at;
            let events: Vec<Event> = chunk.iter().map(|n| message(&format!("{} {n}", super::TEXT))).collect();
            let mut after = before.clone();
            events.iter().for_each(|event| after.apply(event, at));
            let principal = Principal::Visitor(who);
            let (conversation, expected) = (first.id, before.version);
            batch
                .append(Append {
                    conversation,
                    expected,
                    at,
                    principal,
                    cid: None,
                    events: &events,
                    after: &after,
                })
                .unwrap();
            batch.commit().unwrap();
        }
        while log.index_text(5_000).unwrap() > 0 {}
        drop(log);
        self.serve();
    }

    /// The console, in a home of its own.
    pub fn console(&self) -> Pty {
        let home = self.dir.path().display().to_string();
        let env = [
            ("BATON_URL", format!("http://{}", self.address)),
            ("BATON_TOKEN", self.agent.clone()),
            ("HOME", home.clone()),
            ("XDG_STATE_HOME", home),
        ];
        Pty::start(baton(), &[], &env)
    }

    /// Messages of the first visitor, from several tabs, at this rate.
    pub fn arrivals(&self, per_second: u32) -> tokio::task::JoinHandle<()> {
        const TABS: u32 = 5;
        let (address, token) = (self.address.clone(), self.first.clone());
        let every = Duration::from_secs(1) * TABS / per_second;
        tokio::spawn(async move {
            let mut tabs = tokio::task::JoinSet::new();
            for tab in 0..TABS {
                let (address, token) = (address.clone(), token.clone());
                tabs.spawn(async move {
                    let (ws, _) = visitor(&address, Some(&token)).await;
                    let (mut sink, mut stream) = ws.split();
                    tokio::spawn(async move { while let Some(Ok(_)) = stream.next().await {} });
                    tokio::time::sleep(every * tab / TABS).await;
                    let mut tick = tokio::time::interval(every);
                    loop {
                        tick.tick().await;
                        let d = json!({"cid": Uuid::now_v7(), "text": super::TEXT});
                        let request = json!({"t":"req","id":"m","op":"message.send","d":d});
                        if sink.send(Message::text(request.to_string())).await.is_err() {
                            break;
                        }
                    }
                });
            }
            while tabs.join_next().await.is_some() {}
        })
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.stop();
    }
}

fn message(text: &str) -> Event {
    Event::MessagePosted(Said {
        id: MessageId(Uuid::new_v4()),
        author: Author::Visitor,
        text: text.to_owned(),
        epoch: 0,
        sources: Vec::new(),
        attachments: Vec::new(),
        turn: None,
        thanks: false,
    })
}

async fn visitor(address: &str, token: Option<&str>) -> (Socket, String) {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut request = format!("ws://{address}/ws/visitor?site=demo").into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "baton.v1+json".parse().unwrap());
    let (mut ws, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    send(&mut ws, "auth", json!({ "token": token })).await;
    let welcome = answer(&mut ws).await;
    let token = welcome["d"]["token"].as_str().unwrap().to_owned();
    (ws, token)
}

async fn send(ws: &mut Socket, op: &str, d: Value) {
    let request = json!({"t":"req","id":"1","op":op,"d":d});
    ws.send(Message::text(request.to_string())).await.unwrap();
}

async fn answer(ws: &mut Socket) -> Value {
    loop {
        let Message::Text(text) = ws.next().await.unwrap().unwrap() else { continue };
        let frame: Value = serde_json::from_str(&text).unwrap();
        if frame["t"] == "res" {
            return frame;
        }
    }
}
