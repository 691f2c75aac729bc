//! When the WAL is moved into the database: when idle, and under load before it grows without bound.
//!
//! Invariant: a checkpoint's error is seen. SQLite's own checkpoints, after a commit, swallow them.

use std::time::Duration;

use rusqlite::Connection;

use super::open::BUSY;

/// Pages (of 4 KiB) after which an idle writer moves them: rarely enough to cost nothing.
const IDLE: usize = 1_000;
/// Pages after which a busy writer does so between two groups. Its two flushes come once in some thousand messages.
const BUSY_PAGES: usize = 8_192;
/// Pages in the WAL above which readers are waited for, for a moment, so that it can begin again: 256 MiB.
const TOO_MANY: i64 = 65_536;
/// That moment.
const MOMENT: Duration = Duration::from_millis(50);

/// What is known of the WAL.
#[derive(Debug, Default)]
pub(super) struct Wal {
    /// Pages written since the last checkpoint, as an estimate: SQLite does not tell without asking for a checkpoint.
    pages: usize,
}

impl Wal {
    /// Something was committed: so many rows, in so many conversations.
    pub(super) fn wrote(&mut self, rows: usize, conversations: usize) {
        self.pages += 4 + rows + 2 * conversations;
    }

    /// The disk is full: what is in the WAL already moves before the next group, so that its space can be used again.
    pub(super) fn make_room(&mut self) {
        self.pages = BUSY_PAGES;
    }

    pub(super) fn due(&self, idle: bool) -> bool {
        self.pages >= if idle { IDLE } else { BUSY_PAGES }
    }

    /// Moves what no reader still needs from before.
    pub(super) fn checkpoint(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        self.pages = 0;
        let left: i64 = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))?;
        if left > TOO_MANY {
            conn.busy_timeout(MOMENT)?;
            let restarted = conn.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()));
            conn.busy_timeout(BUSY)?;
            restarted?;
        }
        Ok(())
    }
}
