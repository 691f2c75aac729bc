//! The server killed with SIGKILL in the middle of a load, again and again: what it acknowledged is there, once.
//!
//! The real program on one data folder; visitors speak to it over real WebSockets, keep a ledger of what was acknowledged,
//! and after each death come back with their token and say again, with the same client ids, what was not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails that way")]

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use baton::conversation::{Cid, Event};
use baton::log::Log;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use uuid::Uuid;

const VISITORS: usize = 20;
const KILLS: usize = 24;
/// Messages a visitor has said and not yet heard back about.
const IN_FLIGHT: usize = 3;
/// After this long something hangs; it is no measure of speed.
const PATIENCE: Duration = Duration::from_secs(180);

/// No assistant (only visitors speak) and no rate limit (it is a load).
const CONFIG: &str = r#"
[limits]
messages_per_second = 1000000.0
message_burst = 1000000

[[site]]
id = "demo"
name = "Crash"
assistant = false
loopback_origins = true
"#;

/// A server process; killed for good when it goes out of scope.
struct Server(Child);

impl Server {
    fn spawn(dir: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_baton"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(dir.join("data"));
        command.arg("--config").arg(dir.join("baton.toml"));
        Self(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// Where it listens, once it does.
    fn address(&mut self) -> String {
        let mut line = String::new();
        BufReader::new(self.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://");
        address.unwrap_or_else(|| panic!("it did not come up again: {line:?}")).to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGKILL.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the visitors are told: where the server is (none: nowhere just now), and whether to say anything new.
#[derive(Clone, Default)]
struct World {
    address: Option<String>,
    finish: bool,
}

/// Acknowledged client ids and the position each was given.
type Ledger = Arc<Mutex<HashMap<Uuid, u64>>>;

struct Visitor {
    token: Option<String>,
    /// Said and not acknowledged, oldest first.
    open: VecDeque<Uuid>,
    /// Everything said, in order.
    said: Vec<Uuid>,
    ledger: Ledger,
    acked: mpsc::UnboundedSender<()>,
}

type Socket = WebSocketStream<TcpStream>;

impl Visitor {
    /// Works until told to finish and nothing is open; returns what was said, in order.
    async fn run(mut self, mut world: watch::Receiver<World>) -> Vec<Uuid> {
        loop {
            let address = world.wait_for(|w| w.address.is_some()).await.unwrap().address.clone().unwrap();
            if self.session(&address, &mut world).await.is_some() {
                return self.said;
            }
            // The server died: wait for another.
            world.wait_for(|w| w.address.as_ref() != Some(&address)).await.unwrap();
        }
    }

    /// One connection; none: it broke.
    async fn session(&mut self, address: &str, world: &mut watch::Receiver<World>) -> Option<()> {
        let stream = TcpStream::connect(address).await.ok()?;
        let mut request = format!("ws://{address}/ws/visitor?site=demo").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "baton.v1+json".parse().unwrap());
        let (mut ws, _) = tokio_tungstenite::client_async(request, stream).await.ok()?;
        let auth = json!({"t":"req","id":"auth","op":"auth","d":{"token":self.token}});
        ws.send(Message::text(auth.to_string())).await.ok()?;
        let welcome = answer(&mut ws).await?;
        assert_eq!(welcome["id"], "auth", "{welcome}");
        let token = welcome["d"]["token"].as_str().unwrap().to_owned();
        if let Some(before) = self.token.replace(token) {
            assert_eq!(Some(before), self.token, "a visitor who comes back is the same one");
        }
        for cid in self.open.clone() {
            say(&mut ws, cid).await?;
        }
        loop {
            while self.open.len() < IN_FLIGHT && !world.borrow().finish {
                let cid = Uuid::now_v7();
                self.open.push_back(cid);
                self.said.push(cid);
                say(&mut ws, cid).await?;
            }
            if self.open.is_empty() {
                return Some(());
            }
            let answer = answer(&mut ws).await?;
            let cid: Uuid = answer["id"].as_str().unwrap().parse().unwrap();
            let seq = answer["d"]["seq"].as_u64().unwrap();
            self.open.retain(|open| *open != cid);
            assert_eq!(self.ledger.lock().unwrap().insert(cid, seq), None, "acknowledged twice");
            let _ = self.acked.send(());
        }
    }
}

/// Sends a message; its request id is its client id.
async fn say(ws: &mut Socket, cid: Uuid) -> Option<()> {
    let text = format!("Where is my order {}?", cid.simple());
    let request = json!({"t":"req","id":cid,"op":"message.send","d":{"cid":cid,"text":text}});
    ws.send(Message::text(request.to_string())).await.ok()
}

/// The next answer; other frames are let pass. None: the socket broke.
async fn answer(ws: &mut Socket) -> Option<Value> {
    loop {
        let Message::Text(text) = ws.next().await?.ok()? else { continue };
        let frame: Value = serde_json::from_str(&text).unwrap();
        if frame["t"] == "res" {
            assert_eq!(frame["ok"], true, "{frame}");
            return Some(frame);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_mid_load_it_has_what_it_acknowledged_once() {
    tokio::time::timeout(PATIENCE, story()).await.expect("something hangs");
}

async fn story() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("baton.toml"), CONFIG).unwrap();
    let ledger = Ledger::default();
    let (tell, world) = watch::channel(World::default());
    let (acked, mut acks) = mpsc::unbounded_channel();
    let visitors: Vec<_> = (0..VISITORS)
        .map(|_| {
            let visitor = Visitor {
                token: None,
                open: VecDeque::new(),
                said: Vec::new(),
                ledger: Arc::clone(&ledger),
                acked: acked.clone(),
            };
            tokio::spawn(visitor.run(world.clone()))
        })
        .collect();

    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for kill in 0..KILLS {
        let mut server = Server::spawn(dir.path());
        // Every sixth dies while it starts; the others after so many acknowledgements, with more of them under way.
        if kill % 6 != 5 {
            let address = server.address();
            while acks.try_recv().is_ok() {}
            tell.send_modify(|world| world.address = Some(address));
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            for _ in 0..1 + (random >> 33) % 400 {
                acks.recv().await.unwrap();
            }
        }
        drop(server);
        tell.send_modify(|world| world.address = None);
        assert!(visitors.iter().all(|v| !v.is_finished()), "a visitor gave up");
    }

    let mut server = Server::spawn(dir.path());
    let address = server.address();
    tell.send_modify(|world| *world = World { address: Some(address), finish: true });
    let mut said = Vec::new();
    for visitor in visitors {
        said.push(visitor.await.unwrap());
    }
    // Not asked to stop either.
    drop(server);
    check(&dir.path().join("data"), &said, &ledger.lock().unwrap());
}

/// Reads the store through the library and compares it with the ledger.
fn check(data: &Path, said: &[Vec<Uuid>], ledger: &HashMap<Uuid, u64>) {
    let total: usize = said.iter().map(Vec::len).sum();
    assert!(total > KILLS * IN_FLIGHT, "there was a load");
    assert_eq!(ledger.len(), total, "in the end everything was acknowledged");
    let log = Log::open(data).unwrap();
    let mut stored: Vec<Vec<Uuid>> = Vec::new();
    let mut positions = HashMap::new();
    let mut seqs = Vec::new();
    let readers = log.readers(1).unwrap();
    readers
        .with(|reader| {
            for row in reader.open_rows(None)? {
                let events = reader.events_of(row.id, 0, usize::MAX >> 1)?;
                let versions: Vec<u64> = events.iter().map(|e| e.version).collect();
                assert_eq!(versions, (1..=row.version).collect::<Vec<_>>(), "versions without a hole");
                let mut messages = Vec::new();
                for event in events {
                    seqs.push(event.seq);
                    let Event::MessagePosted(message) = &event.event else { continue };
                    let Cid(cid) = event.visitor_cid.expect("only visitors speak here");
                    assert!(message.text.contains(&cid.simple().to_string()), "its own words");
                    messages.push(cid);
                    assert_eq!(positions.insert(cid, event.seq), None, "{cid} is there twice");
                }
                stored.push(messages);
            }
            Ok(())
        })
        .unwrap();
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=log.head()).collect::<Vec<_>>(), "every position once");
    assert_eq!(&positions, ledger, "what is stored is what was acknowledged, where it was said to be");
    // Each visitor has one conversation, with their messages in the order they were said.
    let stored: HashSet<Vec<Uuid>> = stored.into_iter().collect();
    let said: HashSet<Vec<Uuid>> = said.iter().cloned().collect();
    assert_eq!(stored, said);
}
