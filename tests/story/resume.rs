//! Resuming after cuts at random bytes, for an agent's socket and a visitor's: no gap, no repeat, across a restart too.
//!
//! The cuts are the relay's: each connection carries a random number of bytes and breaks, in the middle of a handshake, a
//! frame or a character. What was received is compared with what a socket that was never cut received.

use std::collections::BTreeMap;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::PATIENCE;
use super::house::House;
use super::relay::Relay;

/// Cuts each kind of socket has to survive.
const CUTS: usize = 120;

const CONFIG: &str = r#"
[limits]
messages_per_second = 1000.0
message_burst = 1000
[[site]]
id = "demo"
assistant = false
"#;

/// A link that broke, wherever.
struct Broken;

/// A socket that knows only frames.
struct Socket {
    ws: WebSocketStream<TcpStream>,
    ids: u64,
    /// Frames that came before the answer that was waited for.
    early: std::collections::VecDeque<Value>,
}

impl Socket {
    async fn open(port: u16, path: &str) -> Result<Self, Broken> {
        let mut request = format!("ws://127.0.0.1:{port}{path}").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", baton::protocol::SUBPROTOCOL.parse().unwrap());
        let tcp = TcpStream::connect(("127.0.0.1", port)).await.map_err(|_| Broken)?;
        let (ws, _) = tokio_tungstenite::client_async(request, tcp).await.map_err(|_| Broken)?;
        Ok(Self { ws, ids: 0, early: Default::default() })
    }

    async fn raw(&mut self) -> Result<Value, Broken> {
        loop {
            match timeout(PATIENCE, self.ws.next()).await.expect("a frame or an end") {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return Err(Broken),
            }
        }
    }

    async fn next(&mut self) -> Result<Value, Broken> {
        match self.early.pop_front() {
            Some(frame) => Ok(frame),
            None => self.raw().await,
        }
    }

    async fn ask(&mut self, op: &str, d: Value) -> Result<Value, Broken> {
        self.ids += 1;
        let id = format!("r{}", self.ids);
        let frame = json!({ "t": "req", "id": id, "op": op, "d": d });
        self.ws.send(Message::text(frame.to_string())).await.map_err(|_| Broken)?;
        loop {
            let frame = self.raw().await?;
            if frame["t"] == "res" && frame["id"] == *id {
                assert_eq!(frame["ok"], true, "{op}: {frame}");
                return Ok(frame["d"].clone());
            }
            self.early.push_back(frame);
        }
    }

    async fn must(&mut self, op: &str, d: Value) -> Value {
        self.ask(op, d).await.unwrap_or_else(|_| panic!("{op}: the link broke and nobody cut it"))
    }
}

/// What came so far, and where it goes on.
#[derive(Default)]
struct Follower {
    cursor: Option<u64>,
    log_id: Value,
    /// Visitor: every event by position. Agent: the events of the watched conversation, by version.
    events: BTreeMap<u64, Value>,
    /// Agent: the latest line of each conversation.
    rows: BTreeMap<String, Value>,
    resumed: usize,
}

impl Follower {
    fn resume(&self) -> Value {
        self.cursor.map_or(Value::Null, |seq| json!({ "log_id": self.log_id, "last_seq": seq }))
    }

    fn welcomed(&mut self, ok: &Value) {
        if self.cursor.is_some() {
            assert_eq!(ok["mode"], "resumed", "what was seen is not sent again: {ok}");
            self.resumed += 1;
        } else {
            self.cursor = ok["head"].as_u64();
            self.log_id = ok["log_id"].clone();
        }
    }

    /// Follows a frame: it goes on where the last one ended, or there is a gap.
    fn take(&mut self, frame: &Value, key: &str) {
        match frame["t"].as_str() {
            Some("ev" | "row") => {
                assert_eq!(frame["prev"].as_u64(), self.cursor, "a gap or a repeat: {frame}");
                self.cursor = frame["seq"].as_u64();
            }
            Some("ctl") if frame["type"] == "heartbeat" => {
                assert!(frame["head"].as_u64() >= self.cursor, "{frame}");
                self.cursor = frame["head"].as_u64();
            }
            _ => {}
        }
        if frame["t"] == "row" {
            self.rows.insert(frame["conversation"].as_str().unwrap().to_owned(), frame["d"].clone());
        }
        if frame["t"] == "ev" {
            let known = self.events.insert(frame[key].as_u64().unwrap(), frame["d"].clone());
            assert_eq!(known, None, "a repeat: {frame}");
        }
    }
}

/// A fixed sequence of numbers that look random (an xorshift).
fn numbers(mut state: u64) -> impl FnMut() -> u64 + Send {
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    }
}

/// Cuts after 1 to 6000 bytes: in the handshake, in the answer to `auth`, or somewhere in what follows.
fn random_bytes(seed: u64) -> impl FnMut() -> usize + Send {
    let mut next = numbers(seed);
    move || usize::try_from(next() % 6_000).unwrap() + 1
}

/// Follows through the relay until `done`; each time the link breaks it says something, so that there is news.
async fn follow(
    follower: &mut Follower,
    port: u16,
    path: &str,
    auth: &Value,
    key: &str,
    done: impl Fn(&Follower) -> bool,
) {
    let mut broken = 0;
    while !done(follower) {
        let Err(Broken) = once(follower, port, path, auth, key, &done).await else { return };
        broken += 1;
        assert!(broken < 20 * CUTS, "it gets on: {:?}", follower.cursor);
        tokio::task::yield_now().await;
    }
}

async fn once(
    follower: &mut Follower,
    port: u16,
    path: &str,
    auth: &Value,
    key: &str,
    done: &impl Fn(&Follower) -> bool,
) -> Result<(), Broken> {
    let mut socket = Socket::open(port, path).await?;
    let mut d = auth.clone();
    if follower.cursor.is_some() {
        d["resume"] = follower.resume();
    }
    let ok = socket.ask("auth", d).await?;
    follower.welcomed(&ok);
    while !done(follower) {
        let frame = socket.next().await?;
        follower.take(&frame, key);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_at_random_bytes_and_restarted_nothing_is_missed_and_nothing_comes_twice() {
    let mut house = House::configured(CONFIG);
    let token = house.agent("Ada");
    let relays = [Relay::to(house.port), Relay::to(house.port)];
    relays[0].cut_after(random_bytes(0x5eed_0001));
    relays[1].cut_after(random_bytes(0x5eed_0002));

    // Who talks is never cut.
    let mut visitor = Socket::open(house.port, "/ws/visitor?site=demo").await.ok().unwrap();
    let welcome = visitor.must("auth", json!({})).await;
    let said = visitor.must("message.send", json!({ "cid": cid(), "text": "message 0" })).await;
    let conversation = said["conversation"].clone();
    let visitor_auth = json!({ "token": welcome["token"] });
    let agent_auth = |instance: &str| {
        // A script leases no presence: the queue stays as it is.
        json!({ "token": token, "client": "script/story", "instance": instance })
    };

    // The followers begin at the same place as the reference: the log's head now.
    let mut first = Socket::open(house.port, "/ws/agent").await.ok().unwrap();
    let head = first.must("auth", agent_auth("first")).await;
    let begin =
        || Follower { cursor: head["head"].as_u64(), log_id: head["log_id"].clone(), ..Follower::default() };
    let (mut cut_agent, mut cut_visitor) = (begin(), begin());
    let cut_auth = agent_auth("cut");

    let mut n = 0;
    for part in 0..2 {
        // News, until both were cut often enough: half of it before the restart, half after.
        let enough = CUTS * (part + 1) / 2;
        let mut rounds = 0;
        while relays.iter().any(|relay| relay.cuts() < enough) {
            rounds += 1;
            assert!(rounds < 4_000, "{} {}", relays[0].cuts(), relays[1].cuts());
            let mut last = 0;
            for _ in 0..6 {
                n += 1;
                let text = format!("message {n} {}", "naïve 你好 ".repeat(n % 23));
                let ok = visitor.must("message.send", json!({ "cid": cid(), "text": text })).await;
                last = ok["seq"].as_u64().unwrap();
            }
            let there = |f: &Follower| f.cursor >= Some(last);
            tokio::join!(
                follow(&mut cut_agent, relays[0].port, "/ws/agent", &cut_auth, "version", there),
                follow(
                    &mut cut_visitor,
                    relays[1].port,
                    "/ws/visitor?site=demo",
                    &visitor_auth,
                    "seq",
                    there
                ),
            );
        }
        if part == 0 {
            house.kill();
            house.serve();
            visitor = Socket::open(house.port, "/ws/visitor?site=demo").await.ok().unwrap();
            visitor.must("auth", visitor_auth.clone()).await;
        }
    }
    assert!(relays.iter().all(|relay| relay.cuts() >= CUTS));
    assert!(
        cut_agent.resumed >= CUTS / 4 && cut_visitor.resumed >= CUTS / 4,
        "most cuts come after the auth"
    );

    // The same from the beginning, on sockets that nobody cuts.
    let (mut whole_agent, mut whole_visitor) = (begin(), begin());
    let end = cut_visitor.cursor;
    let there = |f: &Follower| f.cursor >= end;
    follow(&mut whole_agent, house.port, "/ws/agent", &agent_auth("whole"), "version", there).await;
    follow(&mut whole_visitor, house.port, "/ws/visitor?site=demo", &visitor_auth, "seq", there).await;
    assert_eq!(cut_agent.rows, whole_agent.rows);
    assert_eq!(cut_visitor.events, whole_visitor.events);

    // And the log: each message once, in its order.
    let kept = house.texts(&token, "visitor");
    let got: Vec<String> = cut_visitor
        .events
        .values()
        .filter(|d| d["author"]["kind"] == "visitor" || d["author"] == "visitor")
        .map(|d| d["text"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(got.len(), n, "{:?}", cut_visitor.events.values().next());
    assert_eq!(kept.len(), n + 1, "{conversation}");
    assert_eq!(got, kept[1..]);
}

fn cid() -> String {
    uuid::Uuid::now_v7().to_string()
}
