//! A server on port 0 over an engine in a temporary folder, and raw clients that see every frame.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use baton::conversation::{Role, SiteId};
use baton::engine::{Engine, SiteConfig};
use baton::protocol::SUBPROTOCOL;
use baton::server::ServerConfig;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;

/// Long enough for the slowest machine; nothing waits this long when all is well.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A future that has to end.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what}: nothing came"))
}

/// A running server.
pub struct Server {
    pub addr: SocketAddr,
    pub engine: Engine,
    pub dir: TempDir,
    stop: oneshot::Sender<()>,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Server {
    /// The demonstration site, changed as the test needs it.
    pub async fn start(change: impl FnOnce(&mut ServerConfig)) -> Server {
        Server::start_in(tempfile::tempdir().unwrap(), change).await
    }

    /// The same without an assistant: whoever writes is queued at once.
    pub async fn without_assistant(change: impl FnOnce(&mut ServerConfig)) -> Server {
        Server::start(|config| {
            config.sites[0].settings.assistant_on = false;
            change(config);
        })
        .await
    }

    /// On a folder that may have been used before.
    pub async fn start_in(dir: TempDir, change: impl FnOnce(&mut ServerConfig)) -> Server {
        let mut config = ServerConfig::demo();
        change(&mut config);
        let engine = Engine::start(config.engine_options(dir.path().to_owned())).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(baton::server::run(listener, engine.clone(), config, async move {
            let _ = stopped.await;
        }));
        Server { addr, engine, dir, stop, task }
    }

    /// Stops and drains; gives the folder back for the next start.
    pub async fn stop(self) -> TempDir {
        let Server { stop, task, dir, engine, .. } = self;
        let _ = stop.send(());
        soon("the drain", task).await.unwrap().unwrap();
        drop(engine);
        dir
    }

    /// A new agent's token.
    pub fn add_agent(&self, name: &str, role: Role) -> String {
        add_agent(self.dir.path(), name, role)
    }

    /// A new agent in these groups.
    pub fn add_agent_to(&self, name: &str, groups: &[&str]) -> String {
        let token = format!("bt_test_{name}");
        let hash = Sha256::digest(token.as_bytes()).into();
        let groups: Vec<String> = groups.iter().map(|g| (*g).to_owned()).collect();
        baton::log::add_agent_to(self.dir.path(), name, Role::Agent, &groups, &hash).unwrap();
        token
    }

    /// A new agent who may see these sites only.
    pub fn add_agent_of(&self, name: &str, sites: &[&str]) -> String {
        let token = add_agent(self.dir.path(), name, Role::Agent);
        let store = std::fs::read_dir(self.dir.path()).unwrap().map(|e| e.unwrap().path());
        let store =
            store.into_iter().find(|p| p.extension().is_some_and(|e| e == "db" || e == "sqlite")).unwrap();
        let db = rusqlite::Connection::open(store).unwrap();
        let changed = db
            .execute("UPDATE agents SET sites = ?1 WHERE name = ?2", (json!(sites).to_string(), name))
            .unwrap();
        assert_eq!(changed, 1);
        token
    }

    /// A plain HTTP exchange: status line with headers, and body.
    pub async fn http(&self, request: &str) -> (String, String) {
        let mut tcp = TcpStream::connect(self.addr).await.unwrap();
        tcp.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        soon("an HTTP answer", tcp.read_to_end(&mut answer)).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        (head.to_owned(), body.to_owned())
    }

    /// `GET path`.
    pub async fn get(&self, path: &str) -> (String, String) {
        self.http(&format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")).await
    }

    /// A WebSocket handshake with these headers; the status line with headers, and the body.
    pub async fn handshake(&self, path: &str, headers: &[(&str, &str)]) -> (String, String) {
        let mut request = format!(
            "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        );
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        let mut tcp = TcpStream::connect(self.addr).await.unwrap();
        tcp.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // An accepted one goes on with hello; a refused one is answered in full.
        let (head, mut body) = loop {
            let mut chunk = [0u8; 4096];
            let n = soon("a handshake's answer", tcp.read(&mut chunk)).await.unwrap();
            answer.extend_from_slice(&chunk[..n]);
            let text = String::from_utf8_lossy(&answer).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                break (head.to_owned(), body.to_owned());
            }
            assert!(n > 0, "the answer ended early: {text}");
        };
        let length = head.lines().find_map(|l| {
            l.to_ascii_lowercase().strip_prefix("content-length: ").map(|n| n.parse::<usize>().unwrap())
        });
        while let Some(length) = length
            && body.len() < length
        {
            let mut chunk = [0u8; 4096];
            let n = soon("a refusal's body", tcp.read(&mut chunk)).await.unwrap();
            body.push_str(&String::from_utf8_lossy(&chunk[..n]));
        }
        (head, body)
    }

    /// A visitor's socket, before its auth.
    pub async fn visitor_socket(&self) -> Client {
        Client::open(self.addr, "/ws/visitor?site=demo").await
    }

    /// A visitor's socket after its auth, and the answer.
    pub async fn visitor(&self, d: Value) -> (Client, Value) {
        let mut client = self.visitor_socket().await;
        let ok = client.ok("auth", d).await;
        (client, ok)
    }

    /// An agent's socket, before its auth.
    pub async fn agent_socket(&self) -> Client {
        Client::open(self.addr, "/ws/agent").await
    }

    /// An agent's socket after its auth, and the answer.
    pub async fn agent(
        &self,
        token: &str,
        client: &str,
        instance: &str,
        resume: Option<Value>,
    ) -> (Client, Value) {
        let mut socket = self.agent_socket().await;
        let mut d = json!({ "token": token, "client": client, "instance": instance });
        if let Some(resume) = resume {
            d["resume"] = resume;
        }
        let ok = socket.ok("auth", d).await;
        (socket, ok)
    }
}

/// Adds an agent to a store; gives the token.
pub fn add_agent(dir: &Path, name: &str, role: Role) -> String {
    let token = format!("bt_test_{name}");
    baton::log::add_agent(dir, name, role, &Sha256::digest(token.as_bytes()).into()).unwrap();
    token
}

/// A second site beside the demonstration's.
pub fn other_site(config: &ServerConfig, id: &str) -> SiteConfig {
    SiteConfig { id: SiteId::new(id).unwrap(), name: id.to_owned(), ..config.sites[0].clone() }
}

/// A client id.
pub fn cid() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// A raw client: every frame as JSON, in order.
pub struct Client {
    pub ws: WebSocketStream<TcpStream>,
    /// Frames that came while a response was waited for.
    pub kept: std::collections::VecDeque<Value>,
    /// The highest seq this client has, as a client keeps it.
    pub last_seq: u64,
    /// Every numbered frame that came, and that its `prev` was where we stood.
    pub chained: usize,
    ids: u64,
}

impl Client {
    /// Opens a socket and reads its hello.
    pub async fn open(addr: SocketAddr, path: &str) -> Client {
        Client::open_as(addr, path, None).await
    }

    /// The same from a browser that calls itself so.
    pub async fn open_as(addr: SocketAddr, path: &str, user_agent: Option<&[u8]>) -> Client {
        let mut request = format!("ws://{addr}{path}").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse().unwrap());
        if let Some(name) = user_agent {
            let name = tokio_tungstenite::tungstenite::http::HeaderValue::from_bytes(name).unwrap();
            request.headers_mut().insert("user-agent", name);
        }
        let tcp = TcpStream::connect(addr).await.unwrap();
        let (ws, _) = soon("the handshake", tokio_tungstenite::client_async(request, tcp)).await.unwrap();
        let mut client = Client { ws, kept: Default::default(), last_seq: 0, chained: 0, ids: 0 };
        let hello = client.raw().await;
        assert_eq!((&hello["t"], &hello["type"]), (&json!("ctl"), &json!("hello")), "{hello}");
        assert_eq!(hello["protocols"], json!([SUBPROTOCOL]));
        client
    }

    pub async fn send_text(&mut self, text: &str) {
        self.ws.send(Message::text(text)).await.unwrap();
    }

    /// Sends a request; gives its id.
    pub async fn send(&mut self, op: &str, d: Value) -> String {
        self.ids += 1;
        let id = format!("r{}", self.ids);
        self.send_text(&json!({ "t": "req", "id": id, "op": op, "d": d }).to_string()).await;
        id
    }

    /// A request's response.
    pub async fn request(&mut self, op: &str, d: Value) -> Value {
        let id = self.send(op, d).await;
        self.response(&id).await
    }

    /// The response to a request sent before.
    pub async fn response(&mut self, id: &str) -> Value {
        loop {
            let frame = self.raw().await;
            if frame["t"] == "res" && frame["id"] == *id {
                if frame["ok"] == true && frame["d"]["log_id"].is_string() && frame["d"]["mode"] == "snapshot"
                {
                    self.last_seq = frame["d"]["head"].as_u64().unwrap();
                }
                return frame;
            }
            self.kept.push_back(frame);
        }
    }

    /// A request that must succeed.
    pub async fn ok(&mut self, op: &str, d: Value) -> Value {
        let response = self.request(op, d).await;
        assert_eq!(response["ok"], true, "{op}: {response}");
        response["d"].clone()
    }

    /// A request that must be refused with this code.
    pub async fn refused(&mut self, op: &str, d: Value, code: &str) -> Value {
        let response = self.request(op, d).await;
        assert_eq!(response["ok"], false, "{op}: {response}");
        assert_eq!(response["error"]["code"], code, "{response}");
        response["error"].clone()
    }

    /// The next frame, whatever it is.
    pub async fn next(&mut self) -> Value {
        match self.kept.pop_front() {
            Some(frame) => frame,
            None => self.raw().await,
        }
    }

    /// The next frame that fits.
    pub async fn until(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let search = async {
            loop {
                let frame = self.next().await;
                if fits(&frame) {
                    return frame;
                }
            }
        };
        soon(what, search).await
    }

    /// The next event of this type.
    pub async fn event(&mut self, kind: &str) -> Value {
        self.until(kind, |f| f["t"] == "ev" && f["type"] == kind).await
    }

    async fn raw(&mut self) -> Value {
        loop {
            match soon("a frame", self.ws.next()).await {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    self.follow(&frame);
                    return frame;
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("the socket ended: {other:?}"),
            }
        }
    }

    /// Checks the chain as a client does: `prev` is where we stand, or there is a gap.
    fn follow(&mut self, frame: &Value) {
        match frame["t"].as_str() {
            Some("ev" | "row") => {
                assert_eq!(frame["prev"].as_u64(), Some(self.last_seq), "a gap: {frame}");
                let seq = frame["seq"].as_u64().unwrap();
                assert!(seq >= self.last_seq, "backwards: {frame}");
                self.last_seq = seq;
                self.chained += 1;
            }
            Some("ctl") if frame["type"] == "heartbeat" => {
                let head = frame["head"].as_u64().unwrap();
                assert!(head >= self.last_seq, "a head before what was written: {frame}");
                self.last_seq = head;
            }
            _ => {}
        }
    }

    /// Reads for so many milliseconds, as a client does that was told to wait.
    pub async fn listen_for(&mut self, ms: u64) {
        let listen = async {
            loop {
                let frame = self.raw().await;
                self.kept.push_back(frame);
            }
        };
        let _: Result<(), _> = timeout(Duration::from_millis(ms), listen).await;
    }

    /// Reads to the end; gives the close code, if one came.
    pub async fn closed(&mut self) -> Option<u16> {
        loop {
            match soon("the end", self.ws.next()).await {
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.map(|CloseFrame { code, .. }| u16::from(code));
                    // Answers the close and waits for the server to let go.
                    while let Some(Ok(_)) = soon("the end of the connection", self.ws.next()).await {}
                    return code;
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// The link breaks without a word.
    pub fn cut(self) {
        drop(self);
    }

    /// Says goodbye.
    pub async fn bye(mut self) {
        let _ = self.ws.close(Some(CloseFrame { code: 1000.into(), reason: "".into() })).await;
        while let Some(Ok(_)) = soon("the end of the connection", self.ws.next()).await {}
    }
}
