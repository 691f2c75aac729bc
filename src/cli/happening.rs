//! What happened to a conversation, told from its line before and its line now. Pure.
//!
//! Lines are all that reaches a client for conversations it does not watch; several things may have happened between two.

use clap::ValueEnum;

use crate::conversation::{AgentId, Row, State};

/// Something a program can wait for with `follow --on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Happening {
    /// A conversation began
    New,
    /// Somebody said something
    Message,
    /// A person is needed: the assistant's conversation is in the queue
    Handoff,
    /// Back in the queue from an agent, or woken with nobody there
    Released,
    /// An agent has it who had it not: accepted, taken over or reopened
    Accepted,
    /// From one agent to another
    Transferred,
    /// Put aside
    Snoozed,
    /// Awake again, with its agent
    Woken,
    /// Ended
    Resolved,
    /// The assistant has it again
    Assistant,
}

impl Happening {
    /// The word in flags, JSON and the environment.
    pub(super) fn word(self) -> &'static str {
        match self {
            Happening::New => "new",
            Happening::Message => "message",
            Happening::Handoff => "handoff",
            Happening::Released => "released",
            Happening::Accepted => "accepted",
            Happening::Transferred => "transferred",
            Happening::Snoozed => "snoozed",
            Happening::Woken => "woken",
            Happening::Resolved => "resolved",
            Happening::Assistant => "assistant",
        }
    }
}

/// What is remembered of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    state: State,
    holder: Option<AgentId>,
    messages: u64,
}

impl Seen {
    pub(super) fn of(row: &Row) -> Self {
        Self { state: row.state, holder: row.holder.id, messages: row.messages }
    }
}

/// What happened, in order. A line never seen before is a new conversation, or, in a later episode, one that was resolved
/// (resolved ones are not listed at the start).
pub(super) fn since(before: Option<Seen>, row: &Row) -> Vec<Happening> {
    let now = Seen::of(row);
    let mut all = Vec::new();
    let before = match before {
        Some(before) => before,
        None if row.episode == 0 => {
            all.push(Happening::New);
            Seen { state: State::Assistant, holder: None, messages: 0 }
        }
        None => {
            let spoken = u64::from(row.state == State::Assistant);
            Seen { state: State::Resolved, holder: None, messages: row.messages.saturating_sub(spoken) }
        }
    };
    if now.messages > before.messages {
        all.push(Happening::Message);
    }
    let moved = match (before.state, now.state) {
        (State::Active, State::Active) if before.holder != now.holder => Some(Happening::Transferred),
        (from, to) if from == to => None,
        (State::Assistant | State::Resolved, State::Queued) => Some(Happening::Handoff),
        (_, State::Queued) => Some(Happening::Released),
        (State::Snoozed, State::Active) if before.holder == now.holder => Some(Happening::Woken),
        (_, State::Active) => Some(Happening::Accepted),
        (_, State::Snoozed) => Some(Happening::Snoozed),
        (_, State::Resolved) => Some(Happening::Resolved),
        (_, State::Assistant) => Some(Happening::Assistant),
    };
    all.extend(moved);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(state: &str, holder: Option<u128>, messages: u64, episode: u32) -> Row {
        let id = holder.map(uuid::Uuid::from_u128);
        let kind = if id.is_some() { "agent" } else { "nobody" };
        serde_json::from_value(json!({
            "id": uuid::Uuid::nil(), "site": "demo", "state": state, "holder": { "kind": kind, "id": id },
            "visitor": { "id": uuid::Uuid::nil() }, "summary": "", "held_since": "2026-01-01T00:00:00Z",
            "answered": false, "warned": false, "started_at": "2026-01-01T00:00:00Z",
            "last_message_at": "2026-01-01T00:00:00Z", "last_text": "", "last_author": "visitor", "epoch": 0,
            "episode": episode, "version": 1, "messages": messages, "failed_turns": 0,
        }))
        .expect("a row")
    }

    #[test]
    fn what_happened_between_two_lines() {
        use Happening::*;
        let (ada, bea) = (Some(1), Some(2));
        let cases = [
            (("assistant", None, 1), ("assistant", None, 1), vec![]),
            (("assistant", None, 1), ("assistant", None, 2), vec![Message]),
            (("assistant", None, 1), ("queued", None, 2), vec![Message, Handoff]),
            (("resolved", None, 1), ("queued", None, 1), vec![Handoff]),
            (("queued", None, 1), ("active", ada, 1), vec![Accepted]),
            (("assistant", None, 1), ("active", ada, 2), vec![Message, Accepted]),
            (("resolved", None, 1), ("active", ada, 1), vec![Accepted]),
            (("active", ada, 1), ("active", bea, 1), vec![Transferred]),
            (("active", ada, 1), ("queued", None, 1), vec![Released]),
            (("active", ada, 1), ("snoozed", ada, 1), vec![Snoozed]),
            (("snoozed", ada, 1), ("active", ada, 2), vec![Message, Woken]),
            (("snoozed", ada, 1), ("active", bea, 1), vec![Accepted]),
            (("snoozed", ada, 1), ("queued", None, 1), vec![Released]),
            (("active", ada, 1), ("assistant", None, 1), vec![Assistant]),
            (("active", ada, 1), ("resolved", None, 1), vec![Resolved]),
        ];
        for (before, now, happened) in cases {
            let line = |(state, holder, messages)| row(state, holder, messages, 0);
            assert_eq!(since(Some(Seen::of(&line(before))), &line(now)), happened, "{before:?} {now:?}");
        }
        assert_eq!(since(None, &row("assistant", None, 1, 0)), [New, Message]);
        assert_eq!(since(None, &row("queued", None, 1, 0)), [New, Message, Handoff]);
        assert_eq!(since(None, &row("assistant", None, 5, 1)), [Message, Assistant], "the visitor is back");
        assert_eq!(since(None, &row("resolved", None, 5, 1)), [], "a note on one that was resolved");
    }
}
