//! Where a conversation stands in the lists: the columns its indexes are made of, from its state alone.

use crate::conversation::{AgentId, Conversation, State, Time};

/// The columns lists are ordered and found by. A change here costs index entries; while it stays equal, a message
/// rewrites the state and the position of the last change only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// See [`code`].
    pub state: i64,
    /// Order within the state's list, ascending.
    pub rank: i64,
    /// The agent who holds it while it is active.
    pub agent: Option<AgentId>,
    /// Whether a timer may still concern it.
    pub unfinished: bool,
}

/// Above every wait: conversations nobody waits in follow those in which somebody does. 2^52 ms are 142,000 years.
const NOT_WAITING: i64 = 1 << 52;
/// Above every time: snoozed until the visitor writes.
const NO_TIME: i64 = 1 << 53;
/// Conversations with the assistant are ordered by the minute of their last message: by the millisecond, every
/// message would move the row in its index.
const MINUTE: i64 = 60_000;

/// A state as a number in the store. Resolved is the largest, so that "not resolved" is a range of the index.
pub(super) fn code(state: State) -> i64 {
    match state {
        State::Queued => 0,
        State::Active => 1,
        State::Assistant => 2,
        State::Snoozed => 3,
        State::Resolved => 4,
    }
}

impl Place {
    /// The place of a conversation.
    pub(super) fn of(c: &Conversation) -> Self {
        let rank = match c.state {
            State::Queued => c.queued_at.unwrap_or(c.held_since).0,
            State::Active => match c.waiting_since {
                Some(Time(since)) => since,
                None => c.held_since.0.saturating_add(NOT_WAITING),
            },
            State::Assistant => (c.last_message_at.0 / MINUTE).saturating_neg(),
            State::Snoozed => c.snoozed_until.map_or(NO_TIME, |t| t.0),
            State::Resolved => c.resolved.as_ref().map_or(c.last_at, |(at, _)| *at).0.saturating_neg(),
        };
        Self {
            state: code(c.state),
            rank,
            agent: c.holder.agent().filter(|_| c.state == State::Active).map(|a| a.id),
            unfinished: c.state != State::Resolved || !c.announced,
        }
    }
}
