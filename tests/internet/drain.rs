//! Stopped with SIGTERM in the middle of a load, twenty times: everybody is told, nothing acknowledged is lost, and everybody
//! is back where they were by `resume`.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use baton::conversation::Event;
use baton::log::Log;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use uuid::Uuid;

use super::host::Host;

const STOPS: usize = 20;
const VISITORS: usize = 12;
/// Messages a visitor has said and not yet heard back about.
const IN_FLIGHT: usize = 3;
/// After this long something hangs; it is no measure of speed.
const PATIENCE: Duration = Duration::from_secs(240);
const CONFIG: &str = "[limits]\nmessages_per_second = 1000000.0\nmessage_burst = 1000000\n";

#[derive(Clone, Default)]
struct World {
    /// Where the server is; none: nowhere just now.
    address: Option<String>,
    finish: bool,
}

/// What all of them tell.
#[derive(Default)]
struct Book {
    ledger: Mutex<HashMap<Uuid, u64>>,
    /// Sessions that were told to go before they ended.
    told: AtomicUsize,
    /// Sessions that ended without a word.
    cut: AtomicUsize,
    resumed: AtomicUsize,
    snapshots: AtomicUsize,
}

type Socket = WebSocketStream<TcpStream>;

struct Peer {
    /// None: a visitor.
    agent: Option<String>,
    token: Option<String>,
    log_id: Option<String>,
    last: u64,
    open: VecDeque<Uuid>,
    book: Arc<Book>,
    acked: mpsc::UnboundedSender<()>,
}

impl Peer {
    async fn run(mut self, mut world: watch::Receiver<World>) {
        loop {
            let address = world.wait_for(|w| w.address.is_some()).await.unwrap().address.clone().unwrap();
            let mut told = false;
            let mut signed_in = false;
            if self.session(&address, &mut world, &mut told, &mut signed_in).await.is_some() {
                return;
            }
            if signed_in {
                let count = if told { &self.book.told } else { &self.book.cut };
                count.fetch_add(1, Ordering::Relaxed);
            }
            world.wait_for(|w| w.address.as_ref() != Some(&address)).await.unwrap();
        }
    }

    /// One connection; some: all is said and heard.
    async fn session(
        &mut self,
        address: &str,
        world: &mut watch::Receiver<World>,
        told: &mut bool,
        signed_in: &mut bool,
    ) -> Option<()> {
        let stream = TcpStream::connect(address).await.ok()?;
        let path = if self.agent.is_some() { "agent" } else { "visitor?site=demo" };
        let mut request = format!("ws://{address}/ws/{path}").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "baton.v1+json".parse().unwrap());
        let (mut ws, _) = tokio_tungstenite::client_async(request, stream).await.ok()?;
        let mut auth = match &self.agent {
            Some(token) => json!({ "token": token, "client": "test/1", "instance": "drain" }),
            None => json!({ "token": self.token }),
        };
        if let Some(log_id) = &self.log_id {
            auth["resume"] = json!({ "log_id": log_id, "last_seq": self.last });
        }
        self.request(&mut ws, "auth", "auth", auth).await?;
        let welcome = self.answer(&mut ws, told).await?;
        let d = &welcome["d"];
        match d["mode"].as_str() {
            Some("resumed") => {
                self.book.resumed.fetch_add(1, Ordering::Relaxed);
            }
            Some("snapshot") => {
                self.book.snapshots.fetch_add(1, Ordering::Relaxed);
                self.last = d["head"].as_u64().unwrap();
            }
            other => panic!("{other:?}: {welcome}"),
        }
        self.log_id = Some(d["log_id"].as_str().unwrap().to_owned());
        if self.agent.is_none() {
            self.token = Some(d["token"].as_str().unwrap().to_owned());
        }
        *signed_in = true;
        for cid in self.open.clone() {
            self.say(&mut ws, cid).await?;
        }
        if self.agent.is_some() {
            return self.listen(&mut ws, world, told).await;
        }
        loop {
            while self.open.len() < IN_FLIGHT && !*told && !world.borrow().finish {
                let cid = Uuid::now_v7();
                self.open.push_back(cid);
                self.say(&mut ws, cid).await?;
            }
            if self.open.is_empty() && world.borrow().finish {
                return Some(());
            }
            let answer = self.answer(&mut ws, told).await?;
            let cid: Uuid = answer["id"].as_str().unwrap().parse().unwrap();
            if answer["ok"] == false {
                // It says itself that nothing was saved and that it may be said again.
                assert_eq!(answer["error"]["retryable"], true, "{answer}");
                continue;
            }
            let seq = answer["d"]["seq"].as_u64().unwrap();
            self.open.retain(|open| *open != cid);
            assert_eq!(self.book.ledger.lock().unwrap().insert(cid, seq), None, "acknowledged twice");
            let _ = self.acked.send(());
        }
    }

    async fn listen(
        &mut self,
        ws: &mut Socket,
        world: &mut watch::Receiver<World>,
        told: &mut bool,
    ) -> Option<()> {
        loop {
            tokio::select! {
                heard = self.frame(ws, told) => drop(heard?),
                _ = world.wait_for(|w| w.finish) => return Some(()),
            }
        }
    }

    async fn request(&self, ws: &mut Socket, id: &str, op: &str, d: Value) -> Option<()> {
        ws.send(Message::text(json!({"t":"req","id":id,"op":op,"d":d}).to_string())).await.ok()
    }

    async fn say(&self, ws: &mut Socket, cid: Uuid) -> Option<()> {
        let text = format!("Where is my order {}?", cid.simple());
        self.request(ws, &cid.to_string(), "message.send", json!({"cid":cid,"text":text})).await
    }

    async fn answer(&mut self, ws: &mut Socket, told: &mut bool) -> Option<Value> {
        loop {
            let frame = self.frame(ws, told).await?;
            if frame["t"] == "res" {
                return Some(frame);
            }
        }
    }

    /// The next frame, its place in the chain checked; none: the socket ended.
    async fn frame(&mut self, ws: &mut Socket, told: &mut bool) -> Option<Value> {
        loop {
            let text = match ws.next().await?.ok()? {
                Message::Text(text) => text,
                Message::Close(frame) => {
                    assert_eq!(frame.map(|f| u16::from(f.code)), Some(4000), "the code says: come back");
                    return None;
                }
                _ => continue,
            };
            let frame: Value = serde_json::from_str(&text).unwrap();
            match (frame["t"].as_str(), frame["type"].as_str()) {
                (Some("ev" | "row"), _) => {
                    assert_eq!(frame["prev"].as_u64(), Some(self.last), "a gap: {frame}");
                    self.last = frame["seq"].as_u64().unwrap();
                }
                (Some("ctl"), Some("heartbeat")) => {
                    self.last = self.last.max(frame["head"].as_u64().unwrap())
                }
                (Some("ctl"), Some("goaway")) => {
                    assert!(frame["in_ms"].as_u64().is_some(), "{frame}");
                    *told = true;
                }
                _ => {}
            }
            return Some(frame);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_in_mid_load_it_tells_everybody_and_loses_nothing() {
    tokio::time::timeout(PATIENCE, story()).await.expect("something hangs");
}

async fn story() {
    let mut host = Host::new(CONFIG);
    let book = Arc::new(Book::default());
    let (tell, world) = watch::channel(World::default());
    let (acked, mut acks) = mpsc::unbounded_channel();
    // The store is made by the first start.
    host.serve(&["--listen", "127.0.0.1:0"]);
    let agent = host.agent("Ann");
    let peers: Vec<_> = (0..=VISITORS)
        .map(|n| {
            let peer = Peer {
                agent: (n == 0).then(|| agent.clone()),
                token: None,
                log_id: None,
                last: 0,
                open: VecDeque::new(),
                book: Arc::clone(&book),
                acked: acked.clone(),
            };
            tokio::spawn(peer.run(world.clone()))
        })
        .collect();
    for stop in 0..STOPS {
        if stop > 0 {
            host.serve(&["--listen", "127.0.0.1:0"]);
        }
        while acks.try_recv().is_ok() {}
        let address = host.url.trim_start_matches("http://").to_owned();
        tell.send_modify(|world| world.address = Some(address));
        for _ in 0..40 + stop * 17 % 150 {
            acks.recv().await.unwrap();
        }
        let code = tokio::task::block_in_place(|| host.stop());
        assert_eq!(code, Some(0), "{}", host.log());
        tell.send_modify(|world| world.address = None);
        assert!(peers.iter().all(|p| !p.is_finished()), "somebody gave up");
    }
    host.serve(&["--listen", "127.0.0.1:0"]);
    let address = host.url.trim_start_matches("http://").to_owned();
    tell.send_modify(|world| *world = World { address: Some(address), finish: true });
    for peer in peers {
        peer.await.unwrap();
    }
    assert_eq!(tokio::task::block_in_place(|| host.stop()), Some(0));
    let (told, cut) = (book.told.load(Ordering::Relaxed), book.cut.load(Ordering::Relaxed));
    let (resumed, fresh) = (book.resumed.load(Ordering::Relaxed), book.snapshots.load(Ordering::Relaxed));
    assert_eq!(cut, 0, "cut without a word ({told} were told)");
    assert!(told > STOPS * VISITORS / 2, "hardly anybody was there: {told}");
    assert!(fresh <= VISITORS + 1, "{fresh} began anew; {resumed} resumed");
    assert!(resumed > STOPS * VISITORS / 2, "{resumed} resumed");
    check(&host, &book.ledger.lock().unwrap());
}

/// Reads the store through the library and compares it with the ledger.
fn check(host: &Host, ledger: &HashMap<Uuid, u64>) {
    assert!(ledger.len() > STOPS * 40, "there was a load");
    let log = Log::open(&host.path("data")).unwrap();
    let mut stored = HashMap::new();
    let readers = log.readers(1).unwrap();
    readers
        .with(|reader| {
            for row in reader.open_rows(None)? {
                for event in reader.events_of(row.id, 0, usize::MAX >> 1)? {
                    if let (Event::MessagePosted(_), Some(cid)) = (&event.event, event.visitor_cid) {
                        assert_eq!(stored.insert(cid.0, event.seq), None, "{cid:?} is there twice");
                    }
                }
            }
            Ok::<_, baton::log::StoreError>(())
        })
        .unwrap();
    for (cid, seq) in ledger {
        assert_eq!(stored.get(cid), Some(seq), "an acknowledged message is not there");
    }
    assert_eq!(stored.len(), ledger.len(), "what was not acknowledged was said again and is there once");
}
