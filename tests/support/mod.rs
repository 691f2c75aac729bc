//! What several tests need: sample values of every wire type, and a server with raw clients.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

pub mod samples;
pub mod server;
