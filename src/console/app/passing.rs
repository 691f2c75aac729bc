//! What passes by: who types, who is there. None of it is in the log, and all of it is void once the link is gone.

use super::state::State;
use crate::conversation::{ConversationId, Time};
use crate::text::SafeText;

/// Somebody types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typing {
    /// The agent; none: the visitor.
    pub agent: Option<SafeText>,
    /// When it expires, on the monotonic clock.
    pub until: u64,
}

/// Whether a visitor's browser is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presence {
    /// It is.
    pub online: bool,
    /// Since when, by the server's clock, if known.
    pub since: Option<Time>,
}

impl State {
    /// Whether a conversation is one this console knows of: what passes by about others is not kept.
    pub(super) fn knows(&self, id: ConversationId) -> bool {
        self.rows.contains_key(&id)
            || self.arriving.as_ref().is_some_and(|arriving| arriving.contains_key(&id))
            || self.open.as_ref().is_some_and(|open| open.id == id)
    }

    /// When a visitor left, where they have; none inside: nobody knows when.
    pub fn left(&self, id: ConversationId) -> Option<Option<Time>> {
        self.presence.get(&id).filter(|presence| !presence.online).map(|presence| presence.since)
    }
}
