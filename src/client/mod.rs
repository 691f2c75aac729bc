//! The far ends of the wire: an agent's (console and commands) and a visitor's (`baton chat`, the demo).
//!
//! [`connect`] keeps an agent's link up for as long as its [`Handle`] lives: it reconnects with jitter, resumes from its
//! cursor, proves gaps, and keeps drafts and unsent words on disk. [`visitor::connect`] does the same for a visitor, in
//! memory. [`oneshot::Session`] asks one or several things and leaves.
//!
//! Invariant: what [`Handle::send_durable`] was given is on disk before [`ClientEvent::Stored`], is sent with one client
//! id however often, and ends as answered, as a draft again, or withdrawn. Whatever a server says, the link survives or
//! ends with a reason a person can read.
//!
//! Refused here: drawing, deciding who holds a conversation, and a server whose certificate cannot be checked.

mod acks;
mod address;
mod api;
mod backoff;
mod cursor;
mod disk;
mod journal;
pub mod oneshot;
mod outbox;
mod socket;
mod state_dir;
mod task;
mod trust;
mod up;
pub mod visitor;

pub use address::{Address, BadAddress};
pub use api::{ClientEvent, ConnectOptions, DraftKind, Handle, Link, connect};
pub use state_dir::{default_state_dir, edit_name};
pub use trust::{BadCa, trust, trusted};

#[cfg(test)]
mod fake_server;
#[cfg(test)]
mod task_tests;
#[cfg(test)]
mod visitor_tests;
