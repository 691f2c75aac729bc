//! Frames: how requests, responses, events, rows, ephemera and control stand in JSON text.
//!
//! The body of an event or row is encoded once for all sockets; `prev`, which differs by socket, is spliced in front.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::WireError;
use crate::conversation::{ConversationId, Event, Row, Time};

/// The version both ends name in `Sec-WebSocket-Protocol`.
pub const SUBPROTOCOL: &str = "baton.v1+json";

/// Where a client left off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// The log's incarnation.
    pub log_id: String,
    /// The last position the client has.
    pub last_seq: u64,
}

/// How a socket starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SyncMode {
    /// What was missed follows as events or rows.
    Resumed,
    /// Everything anew: forget what you had.
    Snapshot,
}

/// Control frames.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Control {
    /// First frame of the server.
    Hello {
        /// Versions it speaks.
        protocols: Vec<String>,
        /// Milliseconds between heartbeats.
        heartbeat_ms: u64,
        /// Longest frame it takes, bytes.
        max_frame: usize,
        /// Its clock.
        server_time: Time,
    },
    /// Alive. From the server with `head`: the position through which this socket is complete. Answered with one.
    Heartbeat {
        /// The position.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        head: Option<u64>,
    },
    /// The server is about to restart: open the next socket.
    Goaway {
        /// How soon.
        in_ms: u64,
    },
    /// The client has everything up to `seq`.
    Ack {
        /// The position.
        seq: u64,
    },
    /// A page of an agent's snapshot: all open conversations, as of one position.
    Snapshot {
        /// The position.
        as_of: u64,
        /// The lines.
        rows: Vec<Row>,
        /// Whether more pages follow.
        more: bool,
    },
}

/// What a server reads: strict at the top, the operation's own fields are checked by whoever parses `d`.
#[derive(Debug)]
pub enum FromClient<'a> {
    /// A request.
    Request(RawRequest<'a>),
    /// Control.
    Control(Control),
}

/// A request whose `d` is still to be parsed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRequest<'a> {
    #[serde(rename = "t")]
    _t: &'a str,
    /// The client's name for it; comes back in the response. At most 64 bytes.
    pub id: &'a str,
    /// The operation.
    pub op: &'a str,
    /// Its fields.
    #[serde(borrow)]
    pub d: Option<&'a RawValue>,
}

/// A control frame of a client, strict.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawControl<'a> {
    #[serde(rename = "t")]
    _t: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(default)]
    head: Option<u64>,
    #[serde(default)]
    seq: Option<u64>,
}

impl RawControl<'_> {
    fn control(&self) -> Result<Control, WireError> {
        match (self.kind, self.head, self.seq) {
            ("heartbeat", head, None) => Ok(Control::Heartbeat { head }),
            ("ack", None, Some(seq)) => Ok(Control::Ack { seq }),
            ("heartbeat" | "ack", ..) => {
                Err(WireError::bad_request("a heartbeat has no seq; an ack has a seq and nothing else"))
            }
            (other, ..) => Err(WireError::bad_request(format!(
                "“{}” is no control frame a client sends; clients send heartbeat and ack",
                other.escape_debug().take(32).collect::<String>()
            ))),
        }
    }
}

impl<'a> FromClient<'a> {
    /// Parses a frame from a client.
    ///
    /// # Errors
    /// `request.malformed` naming what is wrong.
    pub fn parse(text: &'a str) -> Result<Self, WireError> {
        #[derive(Deserialize)]
        struct Kind<'a> {
            t: &'a str,
        }
        let bad = |e: serde_json::Error| WireError::bad_request(format!("not a frame of this protocol: {e}"));
        let kind: Kind<'_> = serde_json::from_str(text).map_err(bad)?;
        match kind.t {
            "req" => {
                let req: RawRequest<'a> = serde_json::from_str(text).map_err(bad)?;
                if req.id.len() > 64 {
                    return Err(WireError::bad_request("a request's id has at most 64 bytes"));
                }
                Ok(FromClient::Request(req))
            }
            "ctl" => {
                let ctl: RawControl<'_> = serde_json::from_str(text).map_err(bad)?;
                ctl.control().map(FromClient::Control)
            }
            other => Err(WireError::bad_request(format!(
                "“{}” is no frame a client sends; clients send req and ctl",
                other.escape_debug().take(32).collect::<String>()
            ))),
        }
    }
}

/// What a client reads. Lenient: unknown fields and event types are kept as JSON and skipped by whoever cannot use them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "t", rename_all = "lowercase")]
pub enum Frame {
    /// The answer to a request.
    Res {
        /// The request's id.
        id: String,
        /// Whether it was done.
        ok: bool,
        /// The result.
        #[serde(default)]
        d: Value,
        /// Why not.
        #[serde(default)]
        error: Option<WireError>,
        /// Position of the effect.
        #[serde(default)]
        seq: Option<u64>,
    },
    /// An event of a watched (or one's own) conversation.
    Ev {
        /// Position.
        seq: u64,
        /// The position written to this socket before it.
        prev: u64,
        /// When.
        at: Time,
        /// Which conversation.
        conversation: ConversationId,
        /// Its version with this event.
        version: u64,
        /// The event's type.
        #[serde(rename = "type")]
        kind: String,
        /// Its fields.
        #[serde(default)]
        d: Value,
    },
    /// The latest line of a conversation; none: no longer visible.
    Row {
        /// Position.
        seq: u64,
        /// The position written to this socket before it.
        prev: u64,
        /// Which conversation.
        conversation: ConversationId,
        /// Its version.
        version: u64,
        /// The line.
        d: Option<Box<Row>>,
    },
    /// Something passing. Decoded by its `type`.
    Eph(Value),
    /// Control. Decoded by its `type`; an unknown one is skipped.
    Ctl(Value),
}

/// A request as a client writes it.
pub fn encode_request(id: &str, op_and_d: &impl Serialize) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Out<'a, T> {
        t: &'a str,
        id: &'a str,
        #[serde(flatten)]
        op: &'a T,
    }
    serde_json::to_string(&Out { t: "req", id, op: op_and_d })
}

/// A response.
pub fn encode_response(
    id: &str,
    result: Result<&impl Serialize, &WireError>,
    seq: Option<u64>,
) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Good<'a, T> {
        t: &'a str,
        id: &'a str,
        ok: bool,
        d: &'a T,
        #[serde(skip_serializing_if = "Option::is_none")]
        seq: Option<u64>,
    }
    #[derive(Serialize)]
    struct Bad<'a> {
        t: &'a str,
        id: &'a str,
        ok: bool,
        error: &'a WireError,
    }
    match result {
        Ok(d) => serde_json::to_string(&Good { t: "res", id, ok: true, d, seq }),
        Err(error) => serde_json::to_string(&Bad { t: "res", id, ok: false, error }),
    }
}

/// A control frame.
pub fn encode_control(control: &Control) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Out<'a> {
        t: &'a str,
        #[serde(flatten)]
        control: &'a Control,
    }
    serde_json::to_string(&Out { t: "ctl", control })
}

/// A passing thing; `eph` carries its own `type`.
pub fn encode_eph(eph: &impl Serialize) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Out<'a, T> {
        t: &'a str,
        #[serde(flatten)]
        eph: &'a T,
    }
    serde_json::to_string(&Out { t: "eph", eph })
}

/// The shared part of an event frame: everything after `prev`. `body` is the event as JSON, `{"type":…,"d":…}`.
pub fn encode_event_tail(
    seq: u64,
    at: Time,
    conversation: ConversationId,
    version: u64,
    body: &str,
) -> String {
    let inner = body.strip_prefix('{').unwrap_or(body);
    format!(r#""seq":{seq},"at":"{at}","conversation":"{conversation}","version":{version},{inner}"#)
}

/// An agent's event body: the event itself.
pub fn event_body(event: &Event) -> serde_json::Result<String> {
    serde_json::to_string(event)
}

/// The shared part of a row frame.
pub fn encode_row_tail(
    seq: u64,
    conversation: ConversationId,
    version: u64,
    row: Option<&Row>,
) -> serde_json::Result<String> {
    let d = serde_json::to_string(&row)?;
    Ok(format!(r#""seq":{seq},"conversation":"{conversation}","version":{version},"d":{d}}}"#))
}

/// Puts one socket's `prev` in front of a shared tail. `kind` is `ev` or `row`.
pub fn splice_prev(kind: &str, prev: u64, tail: &str) -> String {
    let mut out = String::with_capacity(tail.len() + 40);
    out.push_str(r#"{"t":""#);
    out.push_str(kind);
    out.push_str(r#"","prev":"#);
    out.push_str(&prev.to_string());
    out.push(',');
    out.push_str(tail);
    out
}
