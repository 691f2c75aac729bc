//! The load: visitors over real loopback WebSockets.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

pub type Socket = WebSocketStream<TcpStream>;

async fn connect(address: &str, path: &str) -> Socket {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "baton.v1+json".parse().unwrap());
    let config = WebSocketConfig::default().read_buffer_size(1024).write_buffer_size(1024);
    tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await.unwrap().0
}

/// Reads until the answer to `id`; other frames are let pass.
async fn answer(ws: &mut Socket, id: &str) -> String {
    let wanted = format!(r#""id":"{id}""#);
    loop {
        match ws.next().await.unwrap().unwrap() {
            Message::Text(text) if text.contains(r#""t":"res""#) && text.contains(&wanted) => {
                assert!(text.contains(r#""ok":true"#), "{text}");
                return text.to_string();
            }
            Message::Close(why) => panic!("closed: {why:?}"),
            _ => {}
        }
    }
}

async fn visitor(address: &str) -> Socket {
    let mut ws = connect(address, "/ws/visitor?site=demo").await;
    ws.send(Message::text(r#"{"t":"req","id":"a","op":"auth","d":{"token":null}}"#)).await.unwrap();
    answer(&mut ws, "a").await;
    ws
}

fn message(id: &str, cid: uuid::Uuid) -> Message {
    let text = "My order has not arrived yet and the tracking page shows nothing, can you have a look?";
    Message::text(format!(
        r#"{{"t":"req","id":"{id}","op":"message.send","d":{{"cid":"{cid}","text":"{text}"}}}}"#
    ))
}

/// Messages acknowledged in `time` by so many visitors who each wait for their acknowledgement. The first message of each
/// (which starts the conversation) is not counted: `warm` is called when they are all there.
pub async fn acknowledged(address: &str, visitors: usize, time: Duration, warm: impl FnOnce()) -> usize {
    let done = Arc::new(AtomicUsize::new(0));
    let mut sockets = vec![];
    for _ in 0..visitors {
        let mut ws = visitor(address).await;
        ws.send(message("0", uuid::Uuid::now_v7())).await.unwrap();
        answer(&mut ws, "0").await;
        sockets.push(ws);
    }
    warm();
    let end = Instant::now() + time;
    let tasks: Vec<_> = sockets
        .into_iter()
        .map(|mut ws| {
            let done = Arc::clone(&done);
            tokio::spawn(async move {
                for n in 1.. {
                    let id = n.to_string();
                    ws.send(message(&id, uuid::Uuid::now_v7())).await.unwrap();
                    answer(&mut ws, &id).await;
                    if Instant::now() >= end {
                        break;
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    done.load(Ordering::Relaxed)
}

pub async fn idle(address: &str, sockets: usize) -> Vec<Socket> {
    let mut open = Vec::with_capacity(sockets);
    for _ in 0..sockets {
        open.push(visitor(address).await);
    }
    open
}

/// For each message: when an agent had it, minus when its visitor had the acknowledgement, in milliseconds.
pub async fn delivery_minus_ack(address: &str, token: &str, per_second: u32, time: Duration) -> Vec<f64> {
    let acked: Arc<Mutex<HashMap<u64, Instant>>> = Arc::default();
    let seen: Arc<Mutex<HashMap<u64, Instant>>> = Arc::default();
    let mut agent = connect(address, "/ws/agent").await;
    let auth =
        json!({"t":"req","id":"a","op":"auth","d":{"token":token,"client":"bench/1","instance":"bench"}});
    agent.send(Message::text(auth.to_string())).await.unwrap();
    answer(&mut agent, "a").await;
    let at = Arc::clone(&seen);
    let reader = tokio::spawn(async move {
        let mut unacked = 0;
        while let Some(Ok(frame)) = agent.next().await {
            if let Message::Text(text) = frame {
                let now = Instant::now();
                if text.starts_with(r#"{"t":"row""#) {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    let seq = frame["seq"].as_u64().unwrap();
                    at.lock().unwrap().insert(seq, now);
                    // Without word from its reader the server would stop sending.
                    unacked += 1;
                    if unacked == 32 {
                        unacked = 0;
                        let ack = format!(r#"{{"t":"ctl","type":"ack","seq":{seq}}}"#);
                        agent.send(Message::text(ack)).await.unwrap();
                    }
                }
            }
        }
    });
    const SENDERS: u32 = 50;
    let every = Duration::from_secs(1) * SENDERS / per_second;
    let end = Instant::now() + time;
    let tasks: Vec<_> = (0..SENDERS)
        .map(|n| {
            let (address, acked) = (address.to_owned(), Arc::clone(&acked));
            tokio::spawn(async move {
                let mut ws = visitor(&address).await;
                ws.send(message("0", uuid::Uuid::now_v7())).await.unwrap();
                answer(&mut ws, "0").await;
                tokio::time::sleep(every * n / SENDERS).await;
                let mut tick = tokio::time::interval(every);
                for n in 1.. {
                    tick.tick().await;
                    if Instant::now() >= end {
                        break;
                    }
                    let id = n.to_string();
                    ws.send(message(&id, uuid::Uuid::now_v7())).await.unwrap();
                    let text = answer(&mut ws, &id).await;
                    let now = Instant::now();
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    acked.lock().unwrap().insert(frame["seq"].as_u64().unwrap(), now);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    reader.abort();
    let (acked, seen) = (acked.lock().unwrap(), seen.lock().unwrap());
    acked
        .iter()
        .filter_map(|(seq, at)| {
            let there = seen.get(seq)?;
            Some(if there >= at { (*there - *at).as_secs_f64() } else { -(*at - *there).as_secs_f64() } * 1e3)
        })
        .collect()
}
