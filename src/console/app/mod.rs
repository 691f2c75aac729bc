//! PURE. The console as a function: `update(state, event, now)` gives effects; no terminal, no socket, no clock in here.
//!
//! `door` makes everything from outside inert; `command` is the one table of what can be done; `list` keeps rows from
//! moving under the cursor; `compose` keeps what is typed; `layout` is the arithmetic the panels and the reducer share.
//! Refused here: ratatui, crossterm, tokio, I/O.

mod after;
mod alerts;
mod attention;
mod availability;
mod away;
pub mod batch;
mod blocking;
mod claiming;
mod client;
pub mod clock;
pub mod command;
mod commands;
mod compose;
pub mod copying;
pub mod deed;
mod device;
pub mod door;
mod effect;
mod ending;
mod event;
pub mod held;
mod hints;
mod jump;
pub mod key;
pub mod key_docs;
pub mod keymap;
mod labels;
pub mod layout;
pub mod line;
pub mod list;
mod lists;
pub mod macros;
pub mod mail;
mod marks;
mod mouse;
pub mod page;
pub mod panel;
mod passing;
pub mod picker;
pub mod piping;
mod prefix;
pub mod presets;
mod press;
pub mod prompt;
pub mod remap;
pub mod search;
pub mod sending;
pub mod sites;
pub mod state;
mod table;
mod tick;
pub mod transcript;
pub mod undo;
mod unread;
mod update;
mod when;
pub mod why;
pub mod writing;

pub use alerts::Banner;
pub use effect::{Alert, Effect, Tag, Title};
pub use event::{Event, Now, TimerId};
pub use held::HELLO_HELD_MS;
pub use hints::useful;
pub use mouse::{Gesture, Mouse, Target};
pub use press::WHICH_KEY_MS;
pub use state::{Start, State};
pub use tick::next_tick;
pub use update::update;
