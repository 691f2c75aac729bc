//! Why a command was refused: typed, and in words a person can act on.

use super::AgentRef;

/// A refusal. It changed nothing, and the same client id may be used again once the cause is gone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No such conversation, or none this principal may see: the same answer for both.
    #[error("there is no such conversation")]
    Unknown,
    /// Somebody else won it.
    #[error("taken by {}", .by.name)]
    AlreadyTaken {
        /// The winner.
        by: AgentRef,
    },
    /// Another agent holds it.
    #[error("{} holds this conversation; ask them to transfer it, or a supervisor to take it over", .by.name)]
    HeldByOther {
        /// The holder.
        by: AgentRef,
    },
    /// The verb needs a conversation somebody holds.
    #[error("nobody holds this conversation; accept or take it over first")]
    NotHeld,
    /// Accept needs a queued conversation; the assistant has this one.
    #[error("the assistant holds this conversation; take it over instead of accepting it")]
    NotQueued,
    /// It is resolved.
    #[error("this conversation is resolved; reopen it first")]
    Resolved,
    /// It was resolved already.
    #[error("this conversation is resolved already")]
    AlreadyResolved,
    /// It is with the assistant already.
    #[error("the assistant holds this conversation already")]
    AlreadyWithAssistant,
    /// An agent is with the visitor already.
    #[error("{} is with you already", .by.name)]
    AlreadyWithAgent {
        /// Who.
        by: AgentRef,
    },
    /// It is in the queue already.
    #[error("this conversation is in the queue already")]
    AlreadyQueued,
    /// There is no wait to cancel.
    #[error("nothing is waiting for a person here, so there is nothing to cancel")]
    NothingToCancel,
    /// The assistant is switched off on this site.
    #[error("the assistant is off on this site; release the conversation to the queue or resolve it")]
    AssistantOff,
    /// The assistant spoke with an old epoch, or may not speak now.
    #[error("the conversation moved on: the turn began at epoch {began}, it is {now} now")]
    StaleEpoch {
        /// The epoch the turn began with.
        began: u64,
        /// The epoch in force.
        now: u64,
    },
    /// This visitor message was answered already.
    #[error("this visitor message was answered already")]
    AlreadyAnswered,
    /// Nobody is there and the cause does not make a ticket.
    #[error("nobody is available, and this cause stays with the assistant")]
    NobodyThere,
    /// This principal may not do this at all.
    #[error("you may not do that; an agent with the right role can")]
    Forbidden,
    /// Nothing to send.
    #[error("the message is empty; nothing was sent")]
    EmptyMessage,
    /// Too much to send.
    #[error("the message has {bytes} bytes; at most {max} are taken, so split it. Nothing was sent")]
    MessageTooLong {
        /// Its size.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// Not an address mail could go to.
    #[error("that is not a complete e-mail address, such as name@example.com")]
    BadEmail,
    /// A snooze into the past.
    #[error("that time is past already; choose a later one")]
    TimePast,
    /// The reopen window has passed: the engine starts a new, linked conversation.
    #[error("this conversation was resolved too long ago to be continued")]
    ReopenWindowPassed,
    /// They hold as many conversations as they are meant to.
    #[error(
        "you have {active} active conversations, and {limit} is your limit; nothing was taken. Accept again to take it all the same"
    )]
    AtCapacity {
        /// How many they hold that count.
        active: u32,
        /// The limit.
        limit: u32,
    },
    /// Not a tag.
    #[error("a tag has 1 to {} characters on one line; nothing was changed", super::LABEL_CHARS)]
    BadTag,
    /// Too many of them.
    #[error(
        "a conversation has at most {} tags; remove some first. Nothing was changed",
        super::TAGS_AT_MOST
    )]
    TooManyTags,
    /// A timer that came too early or too late: the state has moved.
    #[error("this deadline is not due")]
    NotDue,
}

impl Rejection {
    /// The code on the wire (`area.reason`): clients switch on this alone.
    pub fn code(&self) -> &'static str {
        match self {
            Rejection::Unknown => "conversation.unknown",
            Rejection::AlreadyTaken { .. } => "conversation.already_taken",
            Rejection::HeldByOther { .. } => "conversation.held_by_other",
            Rejection::NotHeld => "conversation.not_held",
            Rejection::NotQueued => "conversation.not_queued",
            Rejection::Resolved => "conversation.resolved",
            Rejection::AlreadyResolved => "conversation.already_resolved",
            Rejection::AlreadyWithAssistant => "conversation.already_with_assistant",
            Rejection::AlreadyWithAgent { .. } => "conversation.already_with_agent",
            Rejection::AlreadyQueued => "conversation.already_queued",
            Rejection::NothingToCancel => "conversation.nothing_to_cancel",
            Rejection::AssistantOff => "site.assistant_off",
            Rejection::StaleEpoch { .. } => "conversation.stale_epoch",
            Rejection::AlreadyAnswered => "conversation.already_answered",
            Rejection::NobodyThere => "availability.nobody",
            Rejection::Forbidden => "auth.forbidden",
            Rejection::EmptyMessage => "message.empty",
            Rejection::MessageTooLong { .. } => "message.too_long",
            Rejection::BadEmail => "lead.bad_email",
            Rejection::TimePast => "snooze.time_past",
            Rejection::ReopenWindowPassed => "conversation.reopen_window_passed",
            Rejection::AtCapacity { .. } => "conversation.at_capacity",
            Rejection::BadTag => "tag.bad",
            Rejection::TooManyTags => "tag.too_many",
            Rejection::NotDue => "timer.not_due",
        }
    }

    /// The agent a refusal names, if it names one.
    pub fn names(&self) -> Option<&AgentRef> {
        match self {
            Rejection::AlreadyTaken { by }
            | Rejection::HeldByOther { by }
            | Rejection::AlreadyWithAgent { by } => Some(by),
            _ => None,
        }
    }
}
