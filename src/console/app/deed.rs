//! What an agent does to a conversation: one value for keys, questions, marked rows and undo alike.
//!
//! Invariant: a deed is sent only where [`Deed::may`] allows it; whether it had its effect only the server says.

use super::availability::{self, May};
use super::door::{HolderView, RowView, line};
use super::prompt::Receiver;
use super::state::State;
use super::when;
use crate::conversation::{Cid, Priority, State as Standing, Time};
use crate::protocol::{AcceptArg, AgentOp, CidOnly, PriorityArg, ReleaseArg, SnoozeArg, TagArg, TransferArg};
use crate::text::SafeText;

/// A verb with what it needs, without the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Accept what is queued or snoozed, take over what the assistant or (a supervisor) somebody has.
    Accept {
        /// Also above one's capacity.
        over_capacity: bool,
    },
    /// End it.
    Resolve,
    /// Take it up again.
    Reopen,
    /// Give it to the assistant.
    HandBack,
    /// Give it back to the queue.
    Release {
        /// Why, in words for colleagues.
        reason: Option<String>,
    },
    /// Pass it on.
    Transfer {
        /// To whom.
        to: Receiver,
        /// What they should know; a note.
        note: Option<String>,
    },
    /// Put it aside.
    Snooze {
        /// Until when (server's clock); none: until the visitor writes.
        until: Option<Time>,
    },
    /// Give and take tags; raw.
    Tag {
        /// These come.
        add: Vec<String>,
        /// These go, before.
        remove: Vec<String>,
    },
    /// Say how urgent it is.
    Prioritise(Priority),
}

impl Deed {
    /// The operation, for a conversation as it stands.
    pub(super) fn op(&self, row: &RowView, cid: Cid) -> AgentOp {
        let conversation = row.id;
        let plain = CidOnly { conversation, cid };
        match self {
            Deed::Accept { over_capacity } => {
                let arg = AcceptArg { conversation, cid, over_capacity: *over_capacity };
                match row.state {
                    Standing::Queued | Standing::Snoozed => AgentOp::Accept(arg),
                    _ => AgentOp::TakeOver(arg),
                }
            }
            Deed::Resolve => AgentOp::Resolve(plain),
            Deed::Reopen => AgentOp::Reopen(plain),
            Deed::HandBack => AgentOp::HandBack(plain),
            Deed::Release { reason } => {
                AgentOp::Release(ReleaseArg { conversation, cid, reason: reason.clone() })
            }
            Deed::Transfer { to, note } => {
                let (agent, group) = match to {
                    Receiver::Agent(id) => (Some(*id), None),
                    Receiver::Group(name) => (None, Some(name.clone())),
                };
                AgentOp::Transfer(TransferArg { conversation, cid, agent, group, note: note.clone() })
            }
            Deed::Snooze { until } => AgentOp::Snooze(SnoozeArg { conversation, cid, until: *until }),
            Deed::Tag { add, remove } => {
                AgentOp::Tag(TagArg { conversation, cid, add: add.clone(), remove: remove.clone() })
            }
            Deed::Prioritise(priority) => {
                AgentOp::Priority(PriorityArg { conversation, cid, priority: *priority })
            }
        }
    }

    /// Whether it can be done to a conversation, or why not.
    pub(super) fn may(&self, state: &State, row: &RowView) -> May {
        match self {
            Deed::Accept { .. } => availability::accept_row(state, row),
            Deed::Resolve => availability::resolve_row(state, row),
            Deed::Reopen => availability::reopen_row(state, row),
            Deed::HandBack => availability::hand_back_row(state, row),
            Deed::Release { .. } | Deed::Snooze { .. } => availability::held_row(state, row),
            Deed::Transfer { .. } => availability::transfer_row(state, row),
            Deed::Tag { .. } | Deed::Prioritise(_) => availability::label_row(state, row),
        }
    }

    /// The verb, as asked: `resolve`.
    pub fn verb(&self) -> &'static str {
        match self {
            Deed::Accept { .. } => "accept",
            Deed::Resolve => "resolve",
            Deed::Reopen => "reopen",
            Deed::HandBack => "hand back",
            Deed::Release { .. } => "release",
            Deed::Transfer { .. } => "transfer",
            Deed::Snooze { .. } => "snooze",
            Deed::Tag { .. } => "tag",
            Deed::Prioritise(_) => "set priority of",
        }
    }

    /// What the question before it says beside the verb: to whom, until when, which tags.
    pub fn detail(&self, state: &State) -> Option<SafeText> {
        match self {
            Deed::Transfer { to, .. } => {
                Some([SafeText::literal("to "), receiver(state, to)].into_iter().collect())
            }
            Deed::Snooze { until } => Some(line(&format!("until {}", when::until(state, *until)))),
            Deed::Tag { .. } => Some(self.done(state)),
            Deed::Prioritise(priority) => Some(SafeText::literal(priority.word())),
            Deed::Release { reason } => reason.as_deref().map(line),
            Deed::Accept { .. } | Deed::Resolve | Deed::Reopen | Deed::HandBack => None,
        }
    }

    /// What it did, without advice: `resolved`, `passed to Bo`.
    pub(super) fn done(&self, state: &State) -> SafeText {
        let words = match self {
            Deed::Accept { .. } => "accepted".to_owned(),
            Deed::Resolve => "resolved".to_owned(),
            Deed::Reopen => "reopened".to_owned(),
            Deed::HandBack => "handed back".to_owned(),
            Deed::Release { .. } => "released to the queue".to_owned(),
            Deed::Transfer { to, .. } => format!("passed to {}", receiver(state, to)),
            Deed::Snooze { until } => format!("snoozed until {}", when::until(state, *until)),
            Deed::Tag { add, remove } => match (add.is_empty(), remove.is_empty()) {
                (false, true) => format!("tagged {}", add.join(", ")),
                (true, false) => format!("no longer tagged {}", remove.join(", ")),
                _ => format!("tagged {}, no longer {}", add.join(", "), remove.join(", ")),
            },
            Deed::Prioritise(priority) => format!("priority {}", priority.word()),
        };
        line(&words)
    }

    /// What is said when it was done to one: with what follows from it.
    pub(super) fn done_to_one(&self, state: &State) -> SafeText {
        let fixed = match self {
            Deed::Accept { .. } => "yours; the assistant is silent. {reply} replies, {hello} says hello",
            Deed::Reopen => "reopened and yours; the assistant is silent",
            Deed::HandBack => "handed back; the assistant goes on; {undo} takes it back",
            Deed::Resolve
            | Deed::Release { .. }
            | Deed::Transfer { .. }
            | Deed::Snooze { .. }
            | Deed::Tag { .. }
            | Deed::Prioritise(_) => {
                return [self.done(state), state.words("; {undo} takes it back")].into_iter().collect();
            }
        };
        state.words(fixed)
    }

    /// Whether `u` knows a way back.
    pub(super) fn undoable(&self) -> bool {
        !matches!(self, Deed::Accept { .. } | Deed::Reopen)
    }

    /// The way back from here, as the conversation stands before; or why there is none.
    pub(super) fn inverse(&self, state: &State, row: &RowView) -> Result<Deed, &'static str> {
        let other = match &row.holder {
            HolderView::Agent { id, .. } if state.me.as_ref().is_none_or(|me| me.id != *id) => Some(*id),
            _ => None,
        };
        let take = Deed::Accept { over_capacity: true };
        match self {
            Deed::Resolve => Ok(Deed::Reopen),
            Deed::HandBack => Ok(take),
            // What a supervisor took from somebody goes back to them, not to the supervisor.
            Deed::Release { .. } => Ok(match other {
                Some(id) => Deed::Transfer { to: Receiver::Agent(id), note: None },
                None => take,
            }),
            Deed::Transfer { .. } if row.state == Standing::Queued => {
                Err("passed on from the queue: that cannot be taken back")
            }
            Deed::Transfer { .. } => Ok(match other {
                Some(id) => Deed::Transfer { to: Receiver::Agent(id), note: None },
                None => take,
            }),
            Deed::Snooze { .. } if row.state == Standing::Snoozed => {
                Ok(Deed::Snooze { until: row.snoozed_until })
            }
            Deed::Snooze { .. } => Ok(match other {
                Some(id) => Deed::Transfer { to: Receiver::Agent(id), note: None },
                None => take,
            }),
            Deed::Tag { add, remove } => Ok(Deed::Tag {
                add: row.labels.iter().filter(|had| has(remove, had)).cloned().collect(),
                remove: add.iter().filter(|new| !has(&row.labels, new)).cloned().collect(),
            }),
            Deed::Prioritise(_) => Ok(Deed::Prioritise(row.priority)),
            Deed::Accept { .. } | Deed::Reopen => {
                Err("that is taken back with {release}, {hand-back} or {resolve}")
            }
        }
    }
}

fn has(labels: &[String], label: &str) -> bool {
    labels.iter().any(|l| crate::conversation::same_label(l, label))
}

/// Who gets it, by name.
pub(super) fn receiver(state: &State, to: &Receiver) -> SafeText {
    match to {
        Receiver::Group(name) => line(&format!("group {name}")),
        Receiver::Agent(id) => state
            .agents
            .iter()
            .find(|agent| agent.id == *id)
            .map_or_else(|| SafeText::literal("a colleague"), |agent| agent.name.clone()),
    }
}
