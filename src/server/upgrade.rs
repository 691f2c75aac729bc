//! The WebSocket handshake, by hand: what RFC 6455 section 4.2.1 asks for, and which version of our protocol is spoken.

use axum::http::header::{
    CONNECTION, HeaderMap, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::{Method, StatusCode};
use base64::Engine as _;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::protocol::SUBPROTOCOL;

/// A handshake that may be answered with 101.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    /// The value of `Sec-WebSocket-Accept`.
    pub accept: String,
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// Not a GET.
    #[error("a WebSocket is opened with GET")]
    Method,
    /// No upgrade was asked for.
    #[error("this address is a WebSocket; open it with a WebSocket client")]
    NotAnUpgrade,
    /// Another version of WebSocket itself.
    #[error("only version 13 of WebSocket is spoken here")]
    WebSocketVersion,
    /// No key, or not 16 bytes of it.
    #[error("the handshake has no valid Sec-WebSocket-Key")]
    Key,
    /// No version of our protocol that is spoken here.
    #[error(
        "this server speaks baton.v1+json; name it in Sec-WebSocket-Protocol, or use a client of the same version"
    )]
    Protocol,
}

impl HandshakeError {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            HandshakeError::Method => StatusCode::METHOD_NOT_ALLOWED,
            HandshakeError::NotAnUpgrade | HandshakeError::WebSocketVersion => StatusCode::UPGRADE_REQUIRED,
            HandshakeError::Key | HandshakeError::Protocol => StatusCode::BAD_REQUEST,
        }
    }

    /// The code on the wire.
    pub fn code(&self) -> &'static str {
        match self {
            HandshakeError::Protocol => "protocol.unsupported",
            _ => "handshake.malformed",
        }
    }
}

/// Checks a handshake.
///
/// # Errors
/// What is missing, in the order a client would notice.
pub fn check_handshake(method: &Method, headers: &HeaderMap) -> Result<Handshake, HandshakeError> {
    if method != Method::GET {
        return Err(HandshakeError::Method);
    }
    if !has_token(headers, &CONNECTION, "upgrade") || !has_token(headers, &UPGRADE, "websocket") {
        return Err(HandshakeError::NotAnUpgrade);
    }
    let one = |name| {
        let mut all = headers.get_all(name).iter();
        all.next().filter(|_| all.next().is_none()).map(|v| v.as_bytes())
    };
    if one(&SEC_WEBSOCKET_VERSION) != Some(b"13") {
        return Err(HandshakeError::WebSocketVersion);
    }
    let key = one(&SEC_WEBSOCKET_KEY).ok_or(HandshakeError::Key)?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(key).map_err(|_| HandshakeError::Key)?;
    if bytes.len() != 16 {
        return Err(HandshakeError::Key);
    }
    // Subprotocols are compared as they are: RFC 6455 gives them no other equality.
    let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|v| v.to_str().ok());
    if !offered.flat_map(|v| v.split(',')).any(|p| p.trim() == SUBPROTOCOL) {
        return Err(HandshakeError::Protocol);
    }
    Ok(Handshake { accept: derive_accept_key(key) })
}

fn has_token(headers: &HeaderMap, name: &axum::http::HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|v| v.to_str().ok());
    values.flat_map(|v| v.split(',')).any(|t| t.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    /// The example of RFC 6455, section 1.3, with our subprotocol.
    fn example() -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("upgrade", "websocket"),
            ("connection", "Upgrade"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", SUBPROTOCOL),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    fn with(name: &'static str, value: Option<&'static str>) -> Result<Handshake, HandshakeError> {
        let mut headers = example();
        headers.remove(name);
        if let Some(value) = value {
            headers.insert(name, HeaderValue::from_static(value));
        }
        check_handshake(&Method::GET, &headers)
    }

    #[test]
    fn the_example_of_the_rfc_is_accepted() {
        let ok = check_handshake(&Method::GET, &example()).expect("a good handshake");
        assert_eq!(ok.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn each_missing_or_wrong_part_is_named() {
        use HandshakeError as E;
        assert_eq!(check_handshake(&Method::POST, &example()), Err(E::Method));
        assert_eq!(with("upgrade", None), Err(E::NotAnUpgrade));
        assert_eq!(with("upgrade", Some("h2c")), Err(E::NotAnUpgrade));
        assert!(with("upgrade", Some("h2c, WebSocket")).is_ok());
        assert_eq!(with("connection", Some("keep-alive")), Err(E::NotAnUpgrade));
        assert!(with("connection", Some("keep-alive, Upgrade")).is_ok());
        assert_eq!(with("sec-websocket-version", None), Err(E::WebSocketVersion));
        assert_eq!(with("sec-websocket-version", Some("8")), Err(E::WebSocketVersion));
        assert_eq!(with("sec-websocket-key", None), Err(E::Key));
        assert_eq!(with("sec-websocket-key", Some("c2hvcnQ=")), Err(E::Key));
        assert_eq!(with("sec-websocket-key", Some("not base64 at all!")), Err(E::Key));
    }

    #[test]
    fn only_our_version_is_spoken() {
        for other in [None, Some(""), Some("baton.v2+json"), Some("BATON.V1+JSON"), Some("chat")] {
            assert_eq!(with("sec-websocket-protocol", other), Err(HandshakeError::Protocol), "{other:?}");
        }
        assert!(with("sec-websocket-protocol", Some("baton.v9+json, baton.v1+json")).is_ok());
    }

    #[test]
    fn two_keys_or_versions_are_none() {
        let mut headers = example();
        headers.append(SEC_WEBSOCKET_KEY, HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="));
        assert_eq!(check_handshake(&Method::GET, &headers), Err(HandshakeError::Key));
    }
}
