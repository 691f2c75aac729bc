//! The whole story with the real binary: the server, visitors, and consoles in real terminals.
//!
//! Each test is a sentence or several: somebody does something, and what follows is waited for, with a deadline and
//! without sleeping. The terminal is a pty, read by a terminal emulator that also hears bells, titles and clipboards.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test fails that way")]

mod demo;
mod editor;
mod entering;
mod hostile;
mod house;
mod kill;
mod link;
mod passing;
mod people;
mod race;
mod reading;
mod relay;
mod resume;
mod terminal;
mod whole;

use std::time::Duration;

/// Long enough for the slowest machine; nothing waits this long when all is well.
const PATIENCE: Duration = Duration::from_secs(60);
