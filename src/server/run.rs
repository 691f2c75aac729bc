//! The accept loop, and the way down.
//!
//! `axum::serve` has no header time-out, no cap on connections and no end to a silent one, so connections are served by
//! hand: a cap before the first byte, a time for the header, a time for a whole exchange, small buffers.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tower_service::Service as _;

use super::admission::{Admission, Full, Ticket};
use super::shared::Shared;
use super::{ServerConfig, attention, routes};
use crate::connectors::mail;
use crate::engine::Engine;

/// HTTP reads at most this much ahead; a request's head has to fit.
const HTTP_BUFFER: usize = 16 * 1024;
/// A connection that has not become a WebSocket by then is done with, however slowly its peer reads.
const HTTP_LIFE: Duration = Duration::from_secs(120);
/// How long sockets may take to go after the server said so.
const DRAIN: Duration = Duration::from_secs(10);
/// Refusals being told at the same time; past this a connection is dropped without a word.
const REFUSALS: usize = 64;

/// What the accept loop tells the handlers about a connection.
#[derive(Clone)]
pub(super) struct Connection {
    /// Keeps the connection counted while a socket's task lives on after the upgrade.
    pub(super) ticket: Arc<Ticket>,
}

/// Serves until `shutdown` ends, then drains: no new connection, `goaway` and close 4000 to every socket, what was begun
/// is finished, and the engine is stopped (which flushes). Returns when all that is done.
///
/// # Errors
/// When the listener cannot be used at all.
pub async fn run(
    listener: TcpListener,
    engine: Engine,
    config: ServerConfig,
    shutdown: impl Future,
) -> anyhow::Result<()> {
    let (drain, draining) = watch::channel(false);
    let (door, mut ended) = Admission::new(&config.limits);
    let mail = mail::start(&engine, config.mail, &draining);
    let shared = Shared::new(engine.clone(), config.limits, config.docs, draining.clone());
    attention::spawn(&engine, config.webhooks, &draining)?;
    let router = routes::router(shared);
    let header = Duration::from_millis(config.limits.header_ms);
    let refusals = Arc::new(AtomicUsize::new(0));
    let local = listener.local_addr().context("the listener has no address")?;
    tracing::info!(%local, "serving");

    tokio::pin!(shutdown);
    loop {
        let (tcp, peer) = tokio::select! {
            biased;
            _ = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    pause_after(&error).await;
                    continue;
                }
            },
        };
        match door.enter(peer.ip()) {
            Ok(ticket) => {
                let _ = tcp.set_nodelay(true);
                let serve =
                    connection(tcp, peer, router.clone(), Connection { ticket }, header, draining.clone());
                tokio::spawn(serve);
            }
            Err(full) => {
                if refusals.load(Ordering::Relaxed) < REFUSALS {
                    refusals.fetch_add(1, Ordering::Relaxed);
                    let refusals = refusals.clone();
                    tokio::spawn(async move {
                        let _ = timeout(Duration::from_secs(2), refuse(tcp, full)).await;
                        refusals.fetch_sub(1, Ordering::Relaxed);
                    });
                }
            }
        }
    }

    tracing::info!("stopping: sockets are told to reconnect");
    drop(listener);
    drop(router);
    let _ = drain.send(true);
    drop(door);
    // The receiver ends when the last ticket is gone.
    if timeout(DRAIN, ended.recv()).await.is_err() {
        tracing::warn!("some sockets did not go in time and are cut");
    }
    if let Some(mail) = mail {
        // It ends by itself: what the mail server takes now is to be noted, or it would go again.
        let _ = mail.await;
    }
    engine.stop().await;
    tracing::info!("stopped");
    Ok(())
}

/// Out of file descriptors is not the end: wait a little for some to come back. Other errors concern one connection.
async fn pause_after(error: &std::io::Error) {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!(kind = ?error.kind(), code = error.raw_os_error(), "cannot accept; trying again");
        sleep(Duration::from_millis(100)).await;
    }
}

async fn connection(
    tcp: TcpStream,
    peer: SocketAddr,
    router: Router,
    connection: Connection,
    header: Duration,
    mut draining: watch::Receiver<bool>,
) {
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut router = router.clone();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(connection.clone());
        async move { Ok::<Response<Body>, Infallible>(router.call(request).await.unwrap_or_else(|e| match e {})) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header)
        .max_buf_size(HTTP_BUFFER)
        .max_headers(64)
        .serve_connection(TokioIo::new(tcp), service)
        .with_upgrades();
    let mut served = Box::pin(served);
    let whole = async {
        tokio::select! {
            done = served.as_mut() => done,
            _ = draining.changed() => {
                served.as_mut().graceful_shutdown();
                served.await
            }
        }
    };
    match timeout(HTTP_LIFE, whole).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::debug!(%peer, timeout = error.is_timeout(), "an HTTP connection ended early")
        }
        Err(_) => tracing::debug!(%peer, "an HTTP connection took too long"),
    }
}

/// Tells a connection that there is no room, without reading a word of what it wants.
async fn refuse(mut tcp: TcpStream, full: Full) {
    let (status, words) = match full {
        Full::Server => {
            ("503 Service Unavailable", "the server has no room for another connection; try again soon")
        }
        Full::Address => {
            ("429 Too Many Requests", "too many connections from your address; close some or try again soon")
        }
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\nRetry-After: 5\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\r\n{words}",
        words.len()
    );
    if tcp.write_all(answer.as_bytes()).await.is_ok() && tcp.shutdown().await.is_ok() {
        let mut scrap = [0u8; 512];
        for _ in 0..64 {
            if !matches!(tcp.read(&mut scrap).await, Ok(n) if n > 0) {
                break;
            }
        }
    }
}
