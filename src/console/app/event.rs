//! What happens to the console: keys, the client's reports, timers. Everything the reducer reacts to is here.

use uuid::Uuid;

use super::key::Key;
use super::mouse::Mouse;
use crate::client::{ClientEvent, DraftKind};
use crate::console::macros::Library;
use crate::conversation::{ConversationId, Time};
use crate::text::SafeText;

/// The time of an event and an id fresh for it: the reducer has no clock and no randomness of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Wall time, for what is shown.
    pub wall: Time,
    /// Milliseconds on a clock that never goes back, for what is measured.
    pub mono: u64,
    /// A fresh UUIDv7: the client id of the one command an event may cause; [`Now::nth`] where it causes several.
    pub fresh: Uuid,
}

impl Now {
    /// The `n`th client id of this event; the first, 0, is `fresh` itself.
    ///
    /// One event may act on many marked rows, and each command needs an id of its own. The index goes into the last 16 bits
    /// of `fresh`, which are random in a UUIDv7 (RFC 9562, 5.7), by exclusive or: within an event no two are the same, and
    /// time, version and variant stay, so they sort as `fresh` does. Two events meet only if their ids agree in all other
    /// bits, some 58 random ones in the same millisecond; and should they, the server refuses the second as the same id
    /// with another content, it does nothing twice. The same event always gives the same ids: the reducer stays a function.
    pub fn nth(&self, n: u16) -> Uuid {
        Uuid::from_u128(self.fresh.as_u128() ^ u128::from(n))
    }
}

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted, bracketed by the terminal.
    Paste(String),
    /// The mouse did something.
    Mouse(Mouse),
    /// The terminal has this size now, in cells.
    Resize {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// The terminal got or lost the focus.
    Focus(bool),
    /// The client reports.
    Client(ClientEvent),
    /// A timer came.
    Timer(TimerId),
    /// A clock on screen changes its words.
    Tick,
    /// A background part of the console panicked; these are its words.
    Panicked(SafeText),
    /// The agent's own program could not be run, or failed; why.
    HookFailed(SafeText),
    /// The agent's editor has ended.
    Edited {
        /// Where.
        conversation: ConversationId,
        /// A reply or a note.
        kind: DraftKind,
        /// The text; or why there is none, and what is safe.
        text: Result<String, SafeText>,
    },
    /// What the folder of ready texts holds.
    Macros(Library),
    /// The settings file is wrong, and how; the defaults hold.
    ConfigBroken(SafeText),
    /// A link could not be opened.
    NotOpened {
        /// Its address.
        address: SafeText,
        /// Why.
        why: SafeText,
    },
    /// The program that got the thread has ended.
    Piped {
        /// Which.
        program: String,
        /// Its exit status, none if it was killed; or why it never ran.
        how: Result<Option<i32>, SafeText>,
    },
    /// The program was stopped and goes on; the screen is empty.
    Resumed,
    /// The console is asked to end (a signal).
    Terminate,
}

/// The timers the reducer starts. Starting one again replaces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimerId {
    /// What is held longest goes.
    Held,
    /// The folder of ready texts is looked at again, while the picker is open.
    Macros,
    /// A toast goes.
    Toast,
    /// No key followed an Enter: it was a person's, the message goes.
    SendGuard,
    /// Somebody's typing expires.
    Typing,
    /// The search field rested: search.
    Search,
    /// One's own typing stopped.
    Idle,
    /// What was read is told to the server.
    Read,
    /// An alert is due again.
    Attention,
    /// No key came for long: Away.
    AutoAway,
    /// A prefix rests: say what may follow.
    WhichKey,
}
