//! The shared tails of event and row frames: what stands behind a socket's own `prev`.

use crate::engine::{Published, PublishedEvent};
use crate::protocol::{encode_event_tail, encode_row_tail, visitor_view};

/// An event's frame for agents, without `prev`.
pub(super) fn agent_tail(p: &Published, e: &PublishedEvent) -> String {
    encode_event_tail(e.seq, p.at, p.conversation, e.version, &e.body)
}

/// An event's frame for its visitor, without `prev`; none where it is not the visitor's to see.
pub(super) fn visitor_tail(p: &Published, e: &PublishedEvent) -> Option<String> {
    let view = visitor_view(e.seq, p.at, &e.event, e.visitor_cid)?;
    let body = serde_json::to_string(&view).expect("a projection is plain data");
    Some(encode_event_tail(e.seq, p.at, p.conversation, e.version, &body))
}

/// A row's frame, without `prev`.
pub(super) fn row_tail(p: &Published) -> String {
    encode_row_tail(p.seq, p.conversation, p.row.version, Some(&p.row)).expect("a row is plain data")
}
