//! PURE. What a conversation is.
//!
//! A conversation *is* a log of events. [`decide`] turns a command into events or a [`Rejection`]; [`Conversation::apply`]
//! folds events into the state. The server, the console, the tests and the simulator use this one fold.
//!
//! Invariant: nobody else decides who holds a conversation. `epoch` grows by one whenever the holder changes and fences
//! the assistant's speech; `version` counts events.
//!
//! Refused here: I/O, clocks, randomness. Time, fresh ids, rights and load arrive in [`Context`].

mod command;
mod context;
mod decide;
mod erasing;
mod event;
mod fold;
mod handoff;
mod ids;
mod labels;
mod priority;
mod rejection;
mod rows;
mod state;
mod timers;
mod transcript;

pub use command::{Command, SnoozeUntil, TransferTo};
pub use context::{Actor, Context, Load, Role, Settings, Texts, Timings};
pub use decide::{Decided, decide};
pub use erasing::{ERASED, Erasure};
pub use event::{
    AgentRef, AssistantTurn, Attachment, Author, Device, Event, Message, Page, ReleaseCause, ResolvedBy,
    Source, TurnOutcome, VisitorRef, WakeCause,
};
pub use handoff::{Card, Fact, Handoff, Hit, Reason};
pub use ids::{AgentId, Cid, ConversationId, InvalidSiteId, MessageId, SiteId, Time, VisitorId};
pub use labels::{LABEL_CHARS, TAGS_AT_MOST, label, same_label, sort_labels};
pub use priority::Priority;
pub use rejection::Rejection;
pub use rows::{Row, RowHolder, Tab};
pub use state::{Conversation, Counters, Holder, LOAD_WINDOW_MS, SetAside, State, Visit};
pub use timers::{Deadline, TimerKind};
pub use transcript::{Entry, EntryKind, Transcript};

#[cfg(test)]
mod tests;
