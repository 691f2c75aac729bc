//! From an empty folder to a site of one's own, with the real binary: `baton init`, `baton site`, `baton doctor`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test fails that way")]

mod breaking;
mod house;
mod init;
mod site;
mod story;

use std::time::Duration;

/// Long enough for the slowest machine; nothing waits this long when all is well.
const PATIENCE: Duration = Duration::from_secs(60);
