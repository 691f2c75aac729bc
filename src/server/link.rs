//! One WebSocket, as the socket tasks use it: bounded buffers, bounded waiting, one way to close.
//!
//! Invariant: nothing here waits for a peer longer than the configured write time, and a close is always said with a code
//! before the connection goes, as far as the peer reads at all.

use std::time::Duration;

use axum::body::Bytes;
use futures_util::{FutureExt, SinkExt, StreamExt};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode as WsCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::stream::Stream;
use crate::protocol::{CloseCode, Control, Limits, encode_control};

/// Read and write buffers: the default of 128 KiB costs 19 times the memory of an idle socket.
const BUFFER: usize = 1024;
/// Longest frame we ever write; what is sent is cut to fit (snapshot pages, transcripts).
pub(super) const LONGEST_WRITE: usize = 4 * 1024 * 1024;
/// How long a close may take before the connection just goes.
const CLOSE_WAIT: Duration = Duration::from_secs(1);

/// Why a socket's task ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The peer closed; `clean` when it said goodbye (1000 or 1001).
    Peer { clean: bool },
    /// The link broke without a word.
    Lost,
    /// We close, with this code and these words.
    Close(CloseCode, &'static str),
}

/// What the peer sent.
#[derive(Debug)]
pub(super) enum Incoming {
    /// A text frame.
    Text(Utf8Bytes),
    /// A ping or pong: a sign of life.
    Alive,
    /// No more; why.
    Ended(End),
}

/// A WebSocket on a connection, plain or by TLS.
pub(super) struct Link {
    ws: WebSocketStream<Stream>,
    write: Duration,
}

impl Link {
    /// Takes the connection over from HTTP.
    pub(super) async fn open(upgrade: OnUpgrade, limits: &Limits) -> Option<Link> {
        let upgraded = upgrade.await.ok()?;
        // The accept loop made the connection, so the type is known; without it there is nothing to talk on.
        let parts = upgraded.downcast::<TokioIo<Stream>>().ok()?;
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(BUFFER)
            .max_write_buffer_size(LONGEST_WRITE + 64 * 1024)
            .max_message_size(Some(limits.frame_bytes))
            .max_frame_size(Some(limits.frame_bytes));
        let (io, rest): (Stream, Bytes) = (parts.io.into_inner(), parts.read_buf);
        let ws = if rest.is_empty() {
            WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await
        } else {
            WebSocketStream::from_partially_read(io, rest.to_vec(), Role::Server, Some(config)).await
        };
        Some(Link { ws, write: Duration::from_millis(limits.write_ms) })
    }

    /// What comes next. Cancel-safe.
    pub(super) async fn next(&mut self) -> Incoming {
        match self.ws.next().await {
            Some(Ok(Message::Text(text))) => Incoming::Text(text),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Incoming::Alive,
            Some(Ok(Message::Binary(_))) => {
                Incoming::Ended(End::Close(CloseCode::ProtocolError, "frames are JSON text"))
            }
            Some(Ok(Message::Close(frame))) => {
                let clean = frame.is_some_and(|f| matches!(f.code, WsCode::Normal | WsCode::Away));
                Incoming::Ended(End::Peer { clean })
            }
            Some(Err(Error::Capacity(CapacityError::MessageTooLong { .. }))) => {
                Incoming::Ended(End::Close(CloseCode::FrameTooLarge, "the frame is larger than max_frame"))
            }
            Some(Err(Error::Utf8(_))) => {
                Incoming::Ended(End::Close(CloseCode::ProtocolError, "the text is not UTF-8"))
            }
            Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) => {
                Incoming::Ended(End::Lost)
            }
            Some(Err(Error::Protocol(_))) => {
                Incoming::Ended(End::Close(CloseCode::ProtocolError, "that is no WebSocket frame"))
            }
            Some(Err(_)) | None => Incoming::Ended(End::Lost),
        }
    }

    /// Puts a frame into the write buffer; waits only while the peer does not read.
    pub(super) async fn feed(&mut self, text: String) -> Result<(), End> {
        if text.len() > LONGEST_WRITE {
            tracing::error!(bytes = text.len(), "a frame over the longest write was not sent");
            return Err(End::Close(CloseCode::Overloaded, "an answer was too large to be sent"));
        }
        let feed = self.ws.feed(Message::Text(text.into()));
        within(self.write, feed).await
    }

    /// Writes out what was fed.
    pub(super) async fn flush(&mut self) -> Result<(), End> {
        within(self.write, self.ws.flush()).await
    }

    /// One frame, at once.
    pub(super) async fn send(&mut self, text: String) -> Result<(), End> {
        self.feed(text).await?;
        self.flush().await
    }

    /// A control frame, at once.
    pub(super) async fn control(&mut self, control: &Control) -> Result<(), End> {
        self.send(encode_control(control).expect("control frames are plain data")).await
    }

    /// Ends it: says why where we end it, and lets the peer read that before the connection goes.
    pub(super) async fn close(mut self, end: End) {
        let _ = timeout(CLOSE_WAIT, async {
            match end {
                End::Lost => return,
                // The answer to the peer's close frame is queued already.
                End::Peer { .. } => {
                    let _ = self.ws.flush().await;
                }
                End::Close(code, reason) => {
                    let frame = CloseFrame { code: code.number().into(), reason: reason.into() };
                    if self.ws.send(Message::Close(Some(frame))).await.is_err() {
                        return;
                    }
                }
            }
            // Unread input would turn our goodbye into a reset on its way: say that no more comes, and read to the end.
            let io = self.ws.get_mut();
            let _ = io.shutdown().await;
            let mut scrap = [0u8; 512];
            let mut left: usize = 1024 * 1024;
            while left > 0 {
                match io.read(&mut scrap).await {
                    Ok(0) | Err(_) => break,
                    Ok(n) => left = left.saturating_sub(n),
                }
            }
        })
        .await;
    }
}

/// Runs a write to its end, or until the peer was given long enough to read.
async fn within(limit: Duration, write: impl Future<Output = Result<(), Error>>) -> Result<(), End> {
    tokio::pin!(write);
    // Nearly always done at once: no timer then.
    let done = match write.as_mut().now_or_never() {
        Some(done) => done,
        None => match timeout(limit, write).await {
            Ok(done) => done,
            Err(_) => return Err(End::Close(CloseCode::SlowConsumer, "you read too slowly")),
        },
    };
    done.map_err(|_| End::Lost)
}
