//! One open socket: dialling, greeting, signing in, frames out and in, and the watchdog over the server's silence.
//!
//! Invariant: whatever the other end does (nothing, garbage, a gigabyte, a close), each call ends within its time with a
//! frame or with a [`Broken`] that says why and what to do next.

use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde::Serialize;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError, SubProtocolError};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

use super::trust;
use crate::protocol::{
    CloseCode, Control, Frame, Range, SUBPROTOCOL, WireError, encode_control, encode_request,
};

/// Time for the connection, the upgrade, the hello and the sign-in, each.
const STEP: Duration = Duration::from_secs(10);
/// Time for one frame to leave.
const WRITE: Duration = Duration::from_secs(10);
/// Frames waiting to leave; a server that reads so slowly is as good as gone.
const WAITING: usize = 512;
/// Longest frame taken from a server: a snapshot page of 500 long lines stays well under it.
const LONGEST: usize = 8 << 20;
/// Socket buffers; the default of 128 KiB is for bulk data.
const BUFFER: usize = 4 << 10;

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Why a socket is no more, or never was.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Broken {
    /// For a person. May quote the server.
    pub(super) why: String,
    /// What to do next.
    pub(super) then: Range,
    /// The server's typed refusal, where it gave one.
    pub(super) error: Option<WireError>,
    /// The close code, where it closed with one.
    pub(super) code: Option<u16>,
}

impl Broken {
    pub(super) fn back_off(why: impl Into<String>) -> Self {
        Self { why: why.into(), then: Range::BackOff, error: None, code: None }
    }

    pub(super) fn reconnect(why: impl Into<String>) -> Self {
        Self { why: why.into(), then: Range::Reconnect, error: None, code: None }
    }

    pub(super) fn stop(why: impl Into<String>) -> Self {
        Self { why: why.into(), then: Range::Stop, error: None, code: None }
    }

    fn closed(frame: Option<CloseFrame>) -> Self {
        let Some(frame) = frame else {
            return Self::back_off("the server closed the connection without saying why");
        };
        let code = u16::from(frame.code);
        let said = match code {
            c if c == CloseCode::Restart.number() => "the server restarts",
            c if c == CloseCode::HeartbeatMissed.number() => "the server missed our heartbeat",
            c if c == CloseCode::SlowConsumer.number() => "we read too slowly",
            c if c == CloseCode::RightsChanged.number() => {
                "your role, sites or groups were changed; connecting again with those you have now"
            }
            c if c == CloseCode::Overloaded.number() => "the server is overloaded",
            c if c == CloseCode::RateLimited.number() => "the server says: too fast",
            c if c == CloseCode::AuthFailed.number() => {
                "the server does not accept this token; make a new one with `baton agent add` where the server runs"
            }
            c if c == CloseCode::Revoked.number() => {
                "your access was withdrawn; drafts are kept. Ask for a new token, then `baton login`"
            }
            c if c == CloseCode::Replaced.number() => {
                "this console was opened again elsewhere, and that one goes on"
            }
            c if c == CloseCode::Version.number() => {
                "the server speaks another version of the protocol; update Baton"
            }
            c if c == CloseCode::ProtocolError.number() => {
                "the server refused what we sent as no frame of the protocol"
            }
            c if c == CloseCode::FrameTooLarge.number() => "the server refused a frame as too large",
            c if c == CloseCode::ForbiddenOrigin.number() => {
                "the server does not allow connections of this origin"
            }
            c if c == CloseCode::Blocked.number() => "this site has blocked you",
            _ => "the server closed the connection",
        };
        let reason = frame.reason.as_str();
        let why = if reason.is_empty() || reason == said {
            format!("{said} ({code})")
        } else {
            format!("{said} ({code}: {})", reason.chars().take(200).collect::<String>())
        };
        Self { why, then: Range::of(code), error: None, code: Some(code) }
    }

    fn of(error: Error) -> Self {
        match error {
            Error::ConnectionClosed | Error::AlreadyClosed => Self::closed(None),
            Error::Io(e) => match certificate(&e) {
                Some(why) => Self::stop(why),
                None => Self::back_off(format!("the connection failed: {e}")),
            },
            Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => Self::back_off(format!(
                "the server sent a frame of {size} bytes; at most {max_size} are taken"
            )),
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                Self::back_off("the connection broke off")
            }
            Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(SubProtocolError::NoSubProtocol)) => {
                Self::stop(format!("what answers there does not speak {SUBPROTOCOL}: is it a Baton server?"))
            }
            Error::Http(response) => Self::http(response.status().as_u16(), response.body().as_deref()),
            other => Self::back_off(format!("the server does not keep to the WebSocket protocol: {other}")),
        }
    }

    fn http(status: u16, body: Option<&[u8]>) -> Self {
        let body = body.unwrap_or_default();
        // Our own server says why in the shape of a refusal.
        let told: Option<Value> = serde_json::from_slice(body).ok();
        let error: Option<WireError> =
            told.and_then(|mut v| serde_json::from_value(v.get_mut("error")?.take()).ok());
        let said: String = match &error {
            Some(error) => format!(": {}", error.message.chars().take(400).collect::<String>()),
            None => {
                String::from_utf8_lossy(body).trim().chars().take(100).flat_map(char::escape_debug).collect()
            }
        };
        let broken = match status {
            400 | 426 => Self::stop(format!(
                "the server refused the connection (HTTP {status}){said}; it may speak another version of the protocol"
            )),
            403 => Self::stop(format!("the server does not allow this connection (HTTP 403){said}")),
            404 if error.is_some() => Self::stop(said.trim_start_matches(": ").to_owned()),
            404 => Self::stop("there is a web server at that address, but it is no Baton server (HTTP 404)"),
            408 | 429 | 500.. => Self::back_off(format!("the server is not ready (HTTP {status}){said}")),
            _ => Self::stop(format!("the server answered HTTP {status} instead of opening a socket{said}")),
        };
        Self { error, ..broken }
    }
}

/// What is wrong with the server's certificate, and what to do, where that is why a connection failed.
fn certificate(error: &std::io::Error) -> Option<String> {
    use rustls::{CertificateError as Bad, Error as Tls, InvalidMessage};
    Some(match error.get_ref()?.downcast_ref::<Tls>()? {
        Tls::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature) => "the server's certificate is of nobody this system trusts. If it is self-made, give it with --ca FILE (the server's certificate, PEM)".into(),
        Tls::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => {
            "the server's certificate has expired; tell whoever runs the server. If it has not, this machine's clock is wrong".into()
        }
        Tls::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. }) => {
            "the server's certificate is not valid yet: is this machine's clock right?".into()
        }
        Tls::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            "the server's certificate is for another name; use the name it was made for as the address".into()
        }
        Tls::InvalidCertificate(why) => format!("the server's certificate cannot be used: {why}"),
        Tls::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "what answers there does not speak TLS; use http:// if it is on this machine, or the address of the proxy".into()
        }
        _ => return None,
    })
}

/// An open socket whose hello has been read.
#[derive(Debug)]
pub(super) struct Socket {
    out: mpsc::Sender<Message>,
    read: SplitStream<Stream>,
    writer: JoinHandle<()>,
    heard: Instant,
    silence: Duration,
    max_frame: usize,
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Without a close frame: the server keeps our lease for the reconnect. `goodbye` is the other way.
        self.writer.abort();
    }
}

impl Socket {
    /// Connects and reads the hello.
    pub(super) async fn dial(url: &str) -> Result<Self, Broken> {
        let uri = url.parse().map_err(|_| Broken::stop("that is no address of a server"))?;
        let request = ClientRequestBuilder::new(uri).with_sub_protocol(SUBPROTOCOL);
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(BUFFER)
            .max_message_size(Some(LONGEST))
            .max_frame_size(Some(LONGEST));
        let tls = match url.starts_with("wss://") {
            // Read from the system's files the first time.
            true => tokio::task::spawn_blocking(trust::trusted)
                .await
                .map_err(|e| Broken::back_off(format!("the system's certificates could not be read: {e}")))?
                .map(|config| Some(Connector::Rustls(config)))
                .map_err(Broken::stop)?,
            false => Some(Connector::Plain),
        };
        let dial = connect_async_tls_with_config(request, Some(config), true, tls);
        let dialled = timeout(STEP, dial).await;
        let (stream, _) = match dialled {
            Err(_) => return Err(Broken::back_off("nothing answered within 10 s")),
            Ok(Err(e)) => return Err(Broken::of(e)),
            Ok(Ok(opened)) => opened,
        };
        let (sink, read) = stream.split();
        let (out, waiting) = mpsc::channel(WAITING);
        let writer = tokio::spawn(write(sink, waiting));
        let mut socket =
            Self { out, read, writer, heard: Instant::now(), silence: STEP, max_frame: usize::MAX };
        socket.greet().await?;
        Ok(socket)
    }

    async fn greet(&mut self) -> Result<(), Broken> {
        let text = self.next().await.map_err(|b| {
            let why = if b.then == Range::Reconnect { "no hello came within 10 s".into() } else { b.why };
            Broken { why, ..b }
        })?;
        match read_frame(&text)? {
            Some(Frame::Ctl(value)) => match serde_json::from_value(value) {
                Ok(Control::Hello { protocols, heartbeat_ms, max_frame, .. }) => {
                    if !protocols.iter().any(|p| p == SUBPROTOCOL) {
                        return Err(Broken::stop(format!(
                            "the server does not speak {SUBPROTOCOL}; update Baton"
                        )));
                    }
                    // A server that names nonsense is held to reason.
                    let beat = Duration::from_millis(heartbeat_ms.clamp(200, 120_000));
                    // Two beats missed, and a little for the way.
                    self.silence = beat * 2 + beat / 4;
                    self.max_frame = max_frame.max(1024);
                    Ok(())
                }
                _ => Err(Broken::back_off("the server did not begin with a hello")),
            },
            _ => Err(Broken::back_off("the server did not begin with a hello")),
        }
    }

    /// Signs in and returns the answer's body.
    pub(super) async fn sign_in(&mut self, op: &impl Serialize) -> Result<Value, Broken> {
        self.request("auth", op)?;
        let answered = async {
            loop {
                let text = self.next().await?;
                match read_frame(&text)? {
                    Some(Frame::Res { id, ok, d, error, .. }) if id == "auth" => {
                        if ok {
                            return Ok(d);
                        }
                        let error = error.unwrap_or_else(WireError::internal);
                        let then = if error.retryable { Range::BackOff } else { Range::Stop };
                        return Err(Broken {
                            why: error.message.clone(),
                            then,
                            error: Some(error),
                            code: None,
                        });
                    }
                    Some(Frame::Ctl(value)) => self.control(value)?,
                    _ => {}
                }
            }
        };
        timeout(STEP, answered)
            .await
            .unwrap_or_else(|_| Err(Broken::back_off("the server did not answer the sign-in within 10 s")))
    }

    fn control(&self, value: Value) -> Result<(), Broken> {
        match serde_json::from_value(value) {
            Ok(Control::Heartbeat { .. }) => self.beat(),
            _ => Ok(()),
        }
    }

    /// Sends a request.
    pub(super) fn request(&self, id: &str, op: &impl Serialize) -> Result<(), Broken> {
        let text = encode_request(id, op)
            .map_err(|e| Broken::back_off(format!("a request had no JSON form: {e}")))?;
        self.text(text)
    }

    /// Whether the server takes a request of this size.
    pub(super) fn fits(&self, id: &str, op: &impl Serialize) -> bool {
        encode_request(id, op).is_ok_and(|text| text.len() <= self.max_frame)
    }

    /// Answers a heartbeat.
    pub(super) fn beat(&self) -> Result<(), Broken> {
        self.send_control(&Control::Heartbeat { head: None })
    }

    /// Acknowledges everything through `seq`.
    pub(super) fn ack(&self, seq: u64) -> Result<(), Broken> {
        self.send_control(&Control::Ack { seq })
    }

    fn send_control(&self, control: &Control) -> Result<(), Broken> {
        let text = encode_control(control)
            .map_err(|e| Broken::back_off(format!("a frame had no JSON form: {e}")))?;
        self.text(text)
    }

    fn text(&self, text: String) -> Result<(), Broken> {
        self.out.try_send(Message::text(text)).map_err(|e| match e {
            mpsc::error::TrySendError::Full(_) => Broken::reconnect("the server reads too slowly"),
            mpsc::error::TrySendError::Closed(_) => Broken::reconnect("the connection broke off"),
        })
    }

    /// The next text frame. Cancel-safe. Ends by itself when the server has been silent for two heartbeats.
    pub(super) async fn next(&mut self) -> Result<String, Broken> {
        loop {
            let read = timeout_at(self.heard + self.silence, self.read.next()).await.map_err(|_| {
                Broken::reconnect(format!("no sign of life from the server for {} s", self.silence.as_secs()))
            })?;
            self.heard = Instant::now();
            match read {
                None => return Err(Broken::closed(None)),
                Some(Err(e)) => return Err(Broken::of(e)),
                Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
                Some(Ok(Message::Close(frame))) => return Err(Broken::closed(frame)),
                Some(Ok(Message::Binary(_))) => {
                    return Err(Broken::back_off(
                        "the server sent binary data, which this protocol has none of",
                    ));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            }
        }
    }

    /// Says goodbye (the server ends presence at once) and waits briefly until the server has heard it.
    pub(super) async fn goodbye(mut self) {
        let frame = CloseFrame { code: 1000.into(), reason: "".into() };
        if self.out.try_send(Message::Close(Some(frame))).is_ok() {
            let _ = timeout(Duration::from_millis(500), async { while self.next().await.is_ok() {} }).await;
        }
    }
}

async fn write(mut sink: SplitSink<Stream, Message>, mut waiting: mpsc::Receiver<Message>) {
    while let Some(message) = waiting.recv().await {
        if !matches!(timeout(WRITE, sink.send(message)).await, Ok(Ok(()))) {
            return;
        }
    }
}

/// Reads a server's frame. A JSON object this version cannot use is skipped (none); what is no JSON object breaks the
/// socket: the other end is not what it says.
pub(super) fn read_frame(text: &str) -> Result<Option<Frame>, Broken> {
    if let Ok(frame) = serde_json::from_str(text) {
        return Ok(Some(frame));
    }
    let garbage = || {
        let start: String = text.chars().take(40).flat_map(char::escape_debug).collect();
        Broken::back_off(format!("the server sent something that is no frame: {start}"))
    };
    let value: Value = serde_json::from_str(text).map_err(|_| garbage())?;
    let kind = value.get("t").and_then(Value::as_str).ok_or_else(garbage)?;
    // A line or an event whose body is newer than this version still moves the cursor.
    let (Some(seq), Some(prev)) = (value["seq"].as_u64(), value["prev"].as_u64()) else { return Ok(None) };
    let (Ok(conversation), Some(version)) =
        (serde_json::from_value(value["conversation"].clone()), value["version"].as_u64())
    else {
        return Ok(None);
    };
    if kind != "row" && kind != "ev" {
        return Ok(None);
    }
    let at = serde_json::from_value(value["at"].clone()).unwrap_or_default();
    let kind = String::from("?");
    Ok(Some(Frame::Ev { seq, prev, at, conversation, version, kind, d: Value::Null }))
}
