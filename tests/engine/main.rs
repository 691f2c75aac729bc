//! The engine against its own log: takeover while the assistant is at work, races for one accept, once-only commands,
//! timers, availability and restarts. No sockets here.
#![allow(clippy::unwrap_used, clippy::panic)]

mod availability;
mod capacity;
mod erasing;
mod once;
mod race;
mod restart;
mod takeover;
mod world;
