//! What the reducer wants done. The runtime carries it out and reports results as new events.

use crate::client::DraftKind;
use crate::conversation::{Cid, ConversationId};
use crate::protocol::AgentOp;

use super::event::TimerId;
use crate::console::config::Class;
use crate::text::SafeText;

/// The console's name for a request; comes back with its answer.
pub type Tag = u64;

/// Something to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Ask something that means nothing later.
    Request {
        /// Comes back.
        tag: Tag,
        /// What.
        op: AgentOp,
    },
    /// Send something that must not get lost.
    Durable {
        /// Comes back.
        tag: Tag,
        /// What.
        op: AgentOp,
    },
    /// Keep a draft; empty text forgets it.
    SaveDraft {
        /// Where.
        conversation: ConversationId,
        /// A reply or a note.
        kind: DraftKind,
        /// The words.
        text: String,
    },
    /// Open a draft in the agent's own editor; [`super::Event::Edited`] comes back.
    Edit {
        /// Where.
        conversation: ConversationId,
        /// A reply or a note.
        kind: DraftKind,
        /// The words.
        text: String,
    },
    /// Look at the folder of ready texts; [`super::Event::Macros`] comes back if it changed.
    ReadMacros,
    /// Follow a conversation, also over reconnects.
    Watch {
        /// Comes back with each answer.
        tag: Tag,
        /// Which.
        conversation: ConversationId,
    },
    /// No longer.
    Unwatch(ConversationId),
    /// Send an old outbox entry after all.
    Confirm(Cid),
    /// Make an outbox entry a draft again.
    Withdraw(Cid),
    /// Ring.
    Bell,
    /// Ask the terminal for a desktop notification.
    Notify(Alert),
    /// Run the agent's own program.
    RunHook(Alert),
    /// The cause of a class's alerts is gone: take notifications back, where that can be done.
    Unalert(Class),
    /// Put this into the window's title.
    SetTitle(Title),
    /// Start a timer anew.
    StartTimer {
        /// Which.
        id: TimerId,
        /// In how many milliseconds.
        ms: u64,
    },
    /// Stop a timer.
    CancelTimer(TimerId),
    /// Take the mouse (true), or leave it to the terminal.
    Mouse(bool),
    /// Put this on the terminal's clipboard.
    Copy(SafeText),
    /// Open this address, which our parser spelt, with the agent's opener.
    OpenLink(SafeText),
    /// Give a program the terminal and this text; [`super::Event::Piped`] comes back.
    Pipe {
        /// The program and its words.
        argv: Vec<String>,
        /// Its standard input.
        text: String,
    },
    /// Draw everything anew.
    Redraw,
    /// Stop the program as Ctrl-Z does.
    Suspend,
    /// End.
    Quit,
}

/// What is told of a class of alert. The program of the agent's gets all but the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Which.
    pub class: Class,
    /// 0, or 1 once it escalated.
    pub level: u8,
    /// How many conversations.
    pub count: usize,
    /// How long the one that waits longest has waited, seconds.
    pub longest_s: u64,
    /// For the notification: fixed words and counts, and a visitor's name only where the agent allowed it.
    pub words: SafeText,
}

/// The window's title: fixed words and counts, never a word from outside (SAFETY.md 2, rule 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Title {
    /// Handoffs nobody has taken.
    pub waiting: usize,
    /// Conversations of mine whose visitor waits.
    pub mine: usize,
}

impl Title {
    /// The words.
    pub fn words(self) -> String {
        match (self.waiting, self.mine) {
            (0, 0) => "baton".to_owned(),
            (waiting, 0) => format!("baton: {waiting} waiting"),
            (0, mine) => format!("baton: {mine} to answer"),
            (waiting, mine) => format!("baton: {waiting} waiting, {mine} to answer"),
        }
    }
}
