//! The server as it stands on the internet: the real binary with TLS of its own, behind real proxies, drained and reloaded
//! by signals, handed its socket by a service manager. Real commands speak to it.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test fails that way")]
#![allow(clippy::print_stderr, reason = "what is skipped is said")]

mod door;
mod drain;
mod host;
mod log;
mod metrics;
mod older;
mod proxies;
mod reload;
mod service;
mod tls;
