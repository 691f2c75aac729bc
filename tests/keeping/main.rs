//! Keeping the data: backups under load and back, erasure down to the bytes, a full disk, a flush that fails. All against the
//! real program on a real folder.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test fails that way")]

#[path = "../cli_support/mod.rs"]
mod cli_support;

mod backup;
mod disk;
mod erase;
mod flush;
mod full;
mod killed;
mod load;
mod refusals;
