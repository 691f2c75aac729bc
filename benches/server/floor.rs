//! The floor: accept, read a frame, insert, commit in groups, acknowledge.

use std::sync::mpsc;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

type Job = (String, String, String, oneshot::Sender<i64>);

pub fn serve(dir: &str) {
    let (jobs, inbox) = mpsc::sync_channel::<Job>(8192);
    let path = std::path::Path::new(dir).join("floor.db");
    std::thread::spawn(move || writer(&path, &inbox));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("listening on http://{}", listener.local_addr().unwrap());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            tokio::spawn(socket(stream, jobs.clone()));
        }
    });
}

async fn socket(stream: tokio::net::TcpStream, jobs: mpsc::SyncSender<Job>) {
    let config = WebSocketConfig::default().read_buffer_size(1024).write_buffer_size(1024);
    #[allow(clippy::result_large_err, reason = "the library's own signature")]
    let named = |_: &_, mut response: tokio_tungstenite::tungstenite::handshake::server::Response| {
        response.headers_mut().insert("sec-websocket-protocol", "baton.v1+json".parse().unwrap());
        Ok(response)
    };
    let accept = tokio_tungstenite::accept_hdr_async_with_config(stream, named, Some(config));
    let Ok(mut ws) = accept.await else { return };
    let hello = r#"{"t":"ctl","type":"hello"}"#;
    if ws.send(Message::text(hello)).await.is_err() {
        return;
    }
    while let Some(Ok(Message::Text(text))) = ws.next().await {
        let frame: Value = serde_json::from_str(&text).unwrap();
        let id = frame["id"].as_str().unwrap().to_owned();
        let d = if frame["op"] == "message.send" {
            let (reply, seq) = oneshot::channel();
            let field = |name: &str| frame["d"][name].as_str().unwrap_or_default().to_owned();
            jobs.send((id.clone(), field("cid"), field("text"), reply)).unwrap();
            seq.await.unwrap()
        } else {
            0
        };
        let answer = format!(r#"{{"t":"res","id":"{id}","ok":true,"d":{{"seq":{d}}},"seq":{d}}}"#);
        if ws.send(Message::text(answer)).await.is_err() {
            return;
        }
    }
}

fn writer(path: &std::path::Path, jobs: &mpsc::Receiver<Job>) {
    let db = rusqlite::Connection::open(path).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
         CREATE TABLE messages (seq INTEGER PRIMARY KEY, cid TEXT NOT NULL UNIQUE, body TEXT NOT NULL);",
    )
    .unwrap();
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        while let Ok(job) = jobs.try_recv() {
            group.push(job);
        }
        db.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut done = Vec::with_capacity(group.len());
        {
            let mut insert = db.prepare_cached("INSERT INTO messages (cid, body) VALUES (?, ?)").unwrap();
            for (_, cid, body, reply) in group {
                done.push((reply, insert.insert((&cid, &body)).unwrap()));
            }
        }
        db.execute_batch("COMMIT").unwrap();
        for (reply, seq) in done {
            let _ = reply.send(seq);
        }
    }
}
