//! The wire, as a browser uses it: a file, a page, a WebSocket handshake with an origin.
//!
//! One client for all of it, over `http` and `https` alike: the handshake is an HTTP upgrade by hand, so certificates,
//! names and time-outs are the same for the page and the socket. No proxy of the environment, no redirect.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use reqwest::header::{
    CONNECTION, CONTENT_TYPE, DATE, HeaderMap, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use reqwest::{Client, Response, StatusCode, redirect};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::doctor::facts::SocketRefused;
use crate::protocol::{Control, Frame, SUBPROTOCOL};

/// Longest time for a connection, and for a whole exchange.
const CONNECT: Duration = Duration::from_secs(5);
const EXCHANGE: Duration = Duration::from_secs(10);
/// Read of an answer at most.
const BODY: usize = 1 << 20;
/// Longest greeting.
const GREETING: usize = 64 << 10;

/// Looks at addresses.
#[derive(Debug, Clone)]
pub(super) struct Probe {
    client: Client,
}

/// What came back.
#[derive(Debug, Clone)]
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) kind: String,
    /// The `Date` header, in seconds since 1970.
    pub(super) date: Option<i64>,
    pub(super) body: String,
}

impl Probe {
    /// `resolve`: names that are looked up here and not in the DNS; `tls`: whose certificates are believed.
    ///
    /// # Errors
    /// In words: the system's certificates cannot be used.
    pub(super) fn new(
        resolve: &[(String, SocketAddr)],
        tls: Option<rustls::ClientConfig>,
    ) -> Result<Self, String> {
        // A provider that is there already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(EXCHANGE)
            .no_proxy()
            .pool_max_idle_per_host(0)
            .user_agent(concat!("baton-doctor/", env!("CARGO_PKG_VERSION")));
        if let Some(tls) = tls {
            builder = builder.tls_backend_preconfigured(tls);
        }
        for (name, address) in resolve {
            builder = builder.resolve(name, *address);
        }
        builder.build().map(|client| Self { client }).map_err(|e| told(&e))
    }

    /// Gets an address.
    ///
    /// # Errors
    /// In words: nothing answers there.
    pub(super) async fn get(&self, url: &str) -> Result<Got, String> {
        let answer = self.client.get(url).send().await.map_err(|e| told(&e))?;
        let status = answer.status().as_u16();
        let header = |name| text(answer.headers(), name);
        let kind = header(CONTENT_TYPE);
        let date = jiff::fmt::rfc2822::parse(&header(DATE)).ok().map(|at| at.timestamp().as_second());
        Ok(Got { status, kind, date, body: body(answer).await })
    }

    /// Opens a WebSocket as a page of this origin would, reads the greeting, and leaves: the protocols it names.
    ///
    /// # Errors
    /// What came instead.
    pub(super) async fn socket(&self, url: &str, origin: Option<&str>) -> Result<Vec<String>, SocketRefused> {
        let failed = |why: String| SocketRefused { status: None, code: None, why };
        let key = STANDARD.encode(uuid::Uuid::new_v4().as_bytes());
        let mut request = self
            .client
            .get(url)
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, &key)
            .header(SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL);
        if let Some(origin) = origin {
            request = request.header(ORIGIN, origin);
        }
        let answer = request.send().await.map_err(|e| failed(told(&e)))?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(refused(answer).await);
        }
        if text(answer.headers(), SEC_WEBSOCKET_ACCEPT) != derive_accept_key(key.as_bytes()) {
            return Err(failed("what answers there does not know the WebSocket handshake".into()));
        }
        if text(answer.headers(), SEC_WEBSOCKET_PROTOCOL) != SUBPROTOCOL {
            return Err(failed(format!("what answers there does not speak {SUBPROTOCOL}")));
        }
        let upgraded = answer.upgrade().await.map_err(|e| failed(told(&e)))?;
        let config =
            WebSocketConfig::default().max_message_size(Some(GREETING)).max_frame_size(Some(GREETING));
        let mut socket = WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await;
        let first = timeout(EXCHANGE, socket.next()).await;
        // Best effort: the server notices a socket that is gone.
        let _ = timeout(Duration::from_secs(1), socket.close(None)).await;
        let first = match first {
            Err(_) => return Err(failed("the socket opened and no greeting came within 10 s".into())),
            Ok(None) => return Err(failed("the socket opened and was closed at once".into())),
            Ok(Some(Err(e))) => return Err(failed(format!("the socket opened and broke: {e}"))),
            Ok(Some(Ok(message))) => message.into_text().map(|t| t.as_str().to_owned()).unwrap_or_default(),
        };
        let control = match serde_json::from_str(&first) {
            Ok(Frame::Ctl(value)) => serde_json::from_value(value).ok(),
            _ => None,
        };
        match control {
            Some(Control::Hello { protocols, .. }) => Ok(protocols),
            _ => Err(failed("the socket opened and what came was no greeting of Baton's".into())),
        }
    }
}

async fn refused(answer: Response) -> SocketRefused {
    let status = answer.status().as_u16();
    let body = body(answer).await;
    let value: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
    let word = |key: &str| value["error"][key].as_str().map(str::to_owned);
    let why = match (word("message"), status) {
        (Some(message), _) => message,
        (None, 400) => "HTTP 400: something on the way took the upgrade out of the request".into(),
        (None, 502 | 504) => format!("HTTP {status}: a proxy answers and does not reach the server"),
        (None, _) => format!("HTTP {status} came instead of a socket"),
    };
    SocketRefused { status: Some(status), code: word("code"), why }
}

/// The beginning of an answer's body, as text.
async fn body(mut answer: Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < BODY
        && let Ok(Some(part)) = answer.chunk().await
    {
        bytes.extend_from_slice(&part);
    }
    bytes.truncate(BODY);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn text(headers: &HeaderMap, name: reqwest::header::HeaderName) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// An error with its causes, without the address, which is named beside it.
fn told(error: &reqwest::Error) -> String {
    let mut words = if error.is_timeout() { "no answer in time".to_owned() } else { String::new() };
    let mut cause = std::error::Error::source(error);
    let mut last = String::new();
    while let Some(deeper) = cause {
        last = deeper.to_string();
        cause = deeper.source();
    }
    if words.is_empty() {
        words = if last.is_empty() { "the request failed".into() } else { last };
    }
    words
}
