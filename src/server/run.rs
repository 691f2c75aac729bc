//! The accept loop, and the way down.
//!
//! `axum::serve` has no header time-out, no cap on connections and no end to a silent one, so connections are served by
//! hand: a cap before the first byte, a time for the header, a time for a whole exchange, small buffers. Where TLS is on,
//! the first byte tells it from plain HTTP, so that both are served at one address and the door decides who may be plain.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use tower_service::Service as _;

use super::admission::{Admission, Full, Ticket};
use super::bells::Bells;
use super::door::{self, Seen, Via};
use super::live::Live;
use super::shared::Shared;
use super::stream::Stream;
use super::tls::{Look, Tls};
use super::{Reloader, ServerConfig, control, pages, routes, watch as follow};
use crate::connectors::mail;
use crate::engine::Engine;
use crate::protocol::WireError;

/// HTTP reads at most this much ahead; a request's head has to fit.
const HTTP_BUFFER: usize = 16 * 1024;
/// A connection that has not become a WebSocket by then is done with, however slowly its peer reads.
const HTTP_LIFE: Duration = Duration::from_secs(120);
/// How long sockets may take to go after the server said so.
const DRAIN: Duration = Duration::from_secs(10);
/// Refusals being told at the same time; past this a connection is dropped without a word.
const REFUSALS: usize = 64;
/// How often certificate files are looked at.
const CERTIFICATES: Duration = Duration::from_secs(2);
/// First byte of a TLS connection: a record of the handshake (RFC 8446, section 5.1).
const TLS_HANDSHAKE: u8 = 22;

/// What the accept loop tells the handlers about a request.
#[derive(Clone)]
pub(super) struct Connection {
    /// Keeps the connection counted while a socket's task lives on after the upgrade.
    pub(super) ticket: Arc<Ticket>,
    /// Whose request it is.
    pub(super) seen: Seen,
}

/// A server that is set up and not yet serving.
pub struct Server {
    shared: Arc<Shared>,
    door: Arc<Admission>,
    ended: mpsc::Receiver<()>,
    drain: watch::Sender<bool>,
    bells: Arc<Mutex<Bells>>,
    reloader: Reloader,
    mail: Option<tokio::task::JoinHandle<()>>,
}

/// Serves until `shutdown` ends, then drains: see [`Server::serve`].
///
/// # Errors
/// When the listener cannot be used at all.
pub async fn run(
    listener: TcpListener,
    engine: Engine,
    config: ServerConfig,
    shutdown: impl Future,
) -> anyhow::Result<()> {
    Server::new(engine, config)?.serve(listener, shutdown).await
}

impl Server {
    /// Sets up everything but the listener. Call inside a tokio runtime.
    ///
    /// # Errors
    /// No client for webhooks could be made.
    pub fn new(engine: Engine, config: ServerConfig) -> anyhow::Result<Self> {
        let (drain, draining) = watch::channel(false);
        let (door, ended) = Admission::new(&config.limits);
        let mail = mail::start(&engine, config.mail.clone(), &draining);
        let shared = Shared::new(engine.clone(), Live::of(&config), Arc::downgrade(&door), draining);
        let mut bells = Bells::new(engine.clone());
        bells.set(config.webhooks.clone())?;
        engine.keep(config.keep);
        let bells = Arc::new(Mutex::new(bells));
        follow::spawn(&shared);
        tokio::spawn(certificates(Arc::clone(&shared)));
        let reloader = Reloader::new(Arc::clone(&shared), Arc::clone(&bells), config);
        let powers = control::Control { engine, reloader: reloader.clone() };
        control::spawn(powers, &shared.draining);
        Ok(Self { shared, door, ended, drain, bells, reloader, mail })
    }

    /// What reads the configuration again while the server runs.
    pub fn reloader(&self) -> Reloader {
        self.reloader.clone()
    }

    /// Serves until `shutdown` ends, then drains: no new connection, `goaway` and close 4000 to every socket, what was
    /// begun is finished, and the engine is stopped (which flushes). Returns when all that is done.
    ///
    /// # Errors
    /// When the listener cannot be used at all.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future) -> anyhow::Result<()> {
        let Server { shared, door, mut ended, drain, bells, reloader, mail } = self;
        let router = routes::router(Arc::clone(&shared));
        let refusals = Arc::new(AtomicUsize::new(0));
        let local = listener.local_addr().context("the listener has no address")?;
        tracing::info!(%local, tls = shared.live().tls.is_some(), "serving");

        tokio::pin!(shutdown);
        loop {
            let (tcp, peer) = tokio::select! {
                biased;
                _ = &mut shutdown => break,
                why = shared.engine.failed() => anyhow::bail!(
                    "the store failed and the server stopped at once: {why}. What was acknowledged is on the disk; nothing was acknowledged since. Check the disk, then start the server again"
                ),
                accepted = listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        pause_after(&error).await;
                        continue;
                    }
                },
            };
            let proxy = door::contains(&shared.live().door.trusted_proxies, peer.ip());
            match door.enter(peer.ip(), proxy) {
                Ok(ticket) => {
                    let _ = tcp.set_nodelay(true);
                    tokio::spawn(connection(tcp, peer, router.clone(), Arc::clone(&shared), ticket));
                }
                Err(full) => {
                    shared.meters.refused(full.word());
                    // Behind TLS there is no word to say before the handshake.
                    let tls = shared.live().tls.is_some();
                    if !tls && refusals.load(Ordering::Relaxed) < REFUSALS {
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
        bells.lock().unwrap_or_else(PoisonError::into_inner).drain();
        drop((door, reloader));
        // The receiver ends when the last ticket is gone.
        if timeout(DRAIN, ended.recv()).await.is_err() {
            tracing::warn!("some sockets did not go in time and are cut");
        }
        if let Some(mail) = mail {
            // It ends by itself: what the mail server takes now is to be noted, or it would go again.
            let _ = mail.await;
        }
        shared.engine.stop().await;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Looks at the certificate's files now and then, until the server stops.
async fn certificates(shared: Arc<Shared>) {
    let mut look = Look::default();
    let mut draining = shared.draining.clone();
    loop {
        tokio::select! {
            _ = draining.changed() => return,
            () = sleep(CERTIFICATES) => {}
        }
        let Some(tls) = shared.live().tls.clone() else { continue };
        match tls.refresh(&mut look) {
            None => {}
            Some(Ok(())) => {
                shared.meters.certificate(true);
                tracing::info!(cert = %tls.files().cert.display(), "the certificate changed; new connections get the new one");
            }
            Some(Err(why)) => {
                shared.meters.certificate(false);
                tracing::error!("the changed certificate is not used, the one before goes on: {why}");
            }
        }
    }
}

/// Out of file descriptors is not the end: wait a little for some to come back. Other errors concern one connection.
async fn pause_after(error: &std::io::Error) {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!(kind = ?error.kind(), code = error.raw_os_error(), "cannot accept; trying again");
        sleep(Duration::from_millis(100)).await;
    }
}

/// Serves one connection to its end.
async fn connection(
    tcp: TcpStream,
    peer: SocketAddr,
    router: Router,
    shared: Arc<Shared>,
    ticket: Arc<Ticket>,
) {
    let live = shared.live();
    let header = Duration::from_millis(live.limits.header_ms);
    let mut draining = shared.draining.clone();
    let stream = match &live.tls {
        None => Stream::Plain(tcp),
        Some(tls) => {
            let greeted = tokio::select! {
                _ = draining.changed() => return,
                greeted = timeout(header, greet(tcp, tls)) => greeted,
            };
            match greeted {
                Ok(Ok(stream)) => stream,
                failed => {
                    // Scanners are the many; who it was and why is for those who look for it.
                    let why = failed.map(|f| f.err().map(|e| e.kind()));
                    tracing::debug!(%peer, ?why, "no TLS connection came about");
                    shared.meters.refused("tls");
                    return;
                }
            }
        }
    };
    drop(live);
    let tls = matches!(stream, Stream::Tls(_));
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let (mut router, shared, ticket) = (router.clone(), Arc::clone(&shared), Arc::clone(&ticket));
        async move {
            let reply = match let_in(&shared, peer.ip(), tls, &request, ticket) {
                Ok(connection) => {
                    let mut request = request.map(Body::new);
                    request.extensions_mut().insert(connection);
                    router.call(request).await.unwrap_or_else(|e| match e {})
                }
                Err(refusal) => *refusal,
            };
            shared.meters.answered(reply.status().as_u16());
            Ok::<Response<Body>, Infallible>(reply)
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header)
        .max_buf_size(HTTP_BUFFER)
        .max_headers(64)
        .serve_connection(TokioIo::new(stream), service)
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

/// TLS, or plain HTTP at the same address: the first byte tells.
async fn greet(tcp: TcpStream, tls: &Tls) -> std::io::Result<Stream> {
    let mut first = [0u8; 1];
    if tcp.peek(&mut first).await? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    if first[0] != TLS_HANDSHAKE {
        return Ok(Stream::Plain(tcp));
    }
    Ok(Stream::Tls(Box::new(tls.acceptor().accept(tcp).await?)))
}

/// Whose request this is, and whether it may go on.
fn let_in(
    shared: &Shared,
    peer: IpAddr,
    tls: bool,
    request: &Request<Incoming>,
    ticket: Arc<Ticket>,
) -> Result<Connection, Box<Response<Body>>> {
    let live = shared.live();
    let seen = door::seen(peer, tls, request.headers(), &live.door.trusted_proxies);
    if let Some(words) = live.door.stranger(&seen) {
        shared.said.warn(&words);
    }
    // Whoever watches over the server may do so plainly: the answers are two words.
    let health = matches!(request.uri().path(), "/healthz" | "/readyz");
    if !health && let Err(words) = live.door.check_plain(&seen) {
        shared.said.warn(&words);
        shared.meters.refused("plain");
        let why = "this server takes https and wss only. If it is yours: its log names the line of baton.toml that allows plain connections";
        return Err(refusal(StatusCode::FORBIDDEN, &WireError::new("plain.forbidden", why)));
    }
    let ticket = match (seen.via, shared.admission.upgrade()) {
        (Via::Trusted { .. }, Some(door)) => door.behind(ticket, seen.address).map_err(|full| {
            shared.meters.refused(full.word());
            let why = "too many connections from your address; close some or try again soon";
            refusal(StatusCode::TOO_MANY_REQUESTS, &WireError::retryable("address.full", why))
        })?,
        _ => ticket,
    };
    Ok(Connection { ticket, seen })
}

fn refusal(status: StatusCode, error: &WireError) -> Box<Response<Body>> {
    Box::new(pages::json(status, &json!({ "error": error })))
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
