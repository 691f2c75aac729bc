//! Deadlines, derived from the state alone: whoever has the state knows what is due, also after a restart.

use serde::{Deserialize, Serialize};

use super::{Conversation, Settings, State, Time};

/// What a deadline is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerKind {
    /// Accepted, not answered: warn the agent.
    WarnUnanswered,
    /// Accepted, not answered: back to the queue.
    ReturnUnanswered,
    /// The holder's console is gone and the visitor waits: back to the queue.
    LeaseLost,
    /// The assistant owes an answer: a person is asked for.
    AssistantTimeout,
    /// Nobody said a word to the assistant for the idle time: resolved.
    IdleResolve,
    /// Tell the visitor of the resolve.
    AnnounceResolve,
    /// A snooze ends.
    Wake,
}

impl TimerKind {
    /// All of them.
    pub const ALL: [TimerKind; 7] = [
        TimerKind::WarnUnanswered,
        TimerKind::ReturnUnanswered,
        TimerKind::LeaseLost,
        TimerKind::AssistantTimeout,
        TimerKind::IdleResolve,
        TimerKind::AnnounceResolve,
        TimerKind::Wake,
    ];
}

/// A deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    /// When.
    pub at: Time,
    /// What for.
    pub kind: TimerKind,
}

impl Conversation {
    /// When the deadline of this kind falls, if the state has one. `typed_at`: when the holder last typed here;
    /// `lease_lost_at`: since when the holder has no live console.
    pub fn deadline(
        &self,
        kind: TimerKind,
        settings: &Settings,
        typed_at: Option<Time>,
        lease_lost_at: Option<Time>,
    ) -> Option<Time> {
        if !self.exists() {
            return None;
        }
        let t = &settings.timings;
        let unanswered = || {
            let waiting = self.waiting_since?;
            (self.state == State::Active && !self.answered)
                .then(|| self.held_since.max(waiting).max(typed_at.unwrap_or_default()))
        };
        match kind {
            TimerKind::WarnUnanswered if !self.warned => unanswered().map(|b| b.plus_ms(t.warn_after_ms)),
            TimerKind::WarnUnanswered => None,
            TimerKind::ReturnUnanswered => unanswered().map(|b| b.plus_ms(t.return_after_ms)),
            TimerKind::LeaseLost => {
                let (lost, waiting) = (lease_lost_at?, self.waiting_since?);
                (self.state == State::Active).then(|| lost.max(waiting).plus_ms(t.lease_return_ms))
            }
            TimerKind::AssistantTimeout => (self.assistant_owes() && self.state == State::Assistant)
                .then_some(self.waiting_since?.plus_ms(t.assistant_timeout_ms)),
            TimerKind::IdleResolve => (self.state == State::Assistant && !self.assistant_owes())
                .then(|| self.last_message_at.max(self.held_since).plus_ms(t.idle_resolve_ms)),
            TimerKind::AnnounceResolve => {
                let (at, _) = self.resolved.as_ref()?;
                (self.state == State::Resolved && !self.announced).then(|| at.plus_ms(t.resolve_notice_ms))
            }
            TimerKind::Wake => self.snoozed_until.filter(|_| self.state == State::Snoozed),
        }
    }

    /// The earliest deadline the state has.
    pub fn next_deadline(
        &self,
        settings: &Settings,
        typed_at: Option<Time>,
        lease_lost_at: Option<Time>,
    ) -> Option<Deadline> {
        TimerKind::ALL
            .iter()
            .filter_map(|&kind| {
                self.deadline(kind, settings, typed_at, lease_lost_at).map(|at| Deadline { at, kind })
            })
            .min()
    }
}
