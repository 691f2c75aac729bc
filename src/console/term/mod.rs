//! The terminal: taken and given back, written to, read from.
//!
//! Invariant: modes after the console are those of before, whatever ended it; nothing but our own sequences is written.
//! Refused here: text from outside (cells arrive cleaned; the title is made of fixed words and counts).

mod clipboard;
mod guard;
mod input;
mod keys;
mod notify;
mod panics;
mod screen;

pub use clipboard::Between;
pub use guard::{Guard, NoTerminal, check};
pub use input::event;
pub use keys::Keys;
pub use notify::Notifier;
pub use panics::Net;
pub use screen::{Screen, SizeOf, size};
