//! Mail out, from an agent's reply to a mail server: one that does as it is told, and a real one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails that way")]
#![allow(clippy::print_stderr, reason = "a skipped test says why")]
#![allow(dead_code, reason = "the support is shared between tests")]

#[path = "../support/mod.rs"]
mod support;

mod letters;
mod link;
mod real;
mod sending;
mod smtp;
mod store;
mod world;
