//! [`Log`]: the one writer.
//!
//! It keeps recent conversations decoded, so that a command costs no read; what it keeps is always what is committed.
//! After an I/O error it refuses all further work: a flush that failed once is never tried again and called good.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};

use super::batch::Batch;
use super::checkpoint::Wal;
use super::error::{OpenError, StoreError, fatal};
use super::keys::Keys;
use super::recent::Recent;
use super::schema::{FOLD, FOLD_KEY, LOG_ID, STEPS, TEXT_CURSOR};
use super::{Readers, migrations, open, rebuild, text_index};
use crate::conversation::{AgentId, Conversation, ConversationId, Time};
use crate::protocol::AvailabilityInfo;

/// Conversations kept decoded, at most twice this.
const STATES: usize = 25_000;
/// Visitors whose latest conversation is remembered, at most twice this.
const LATEST: usize = 25_000;
/// A conversation the writer knows, as committed.
#[derive(Debug)]
pub(super) struct Known {
    pub key: i64,
    pub state: Conversation,
}

/// The writer. One a folder: a lock keeps a second one out.
#[derive(Debug)]
pub struct Log {
    // Dropped in this order: the connection is closed before the lock is given up.
    pub(super) conn: Connection,
    _lock: open::Lock,
    path: PathBuf,
    id: String,
    pub(super) head: u64,
    pub(super) keys: Keys,
    pub(super) states: Recent<ConversationId, Known>,
    /// By keys of site and visitor.
    pub(super) latest: Recent<(i64, i64), ConversationId>,
    failed: Option<String>,
    pub(super) text_cursor: u64,
    pub(super) wal: Wal,
    /// Whether texts were indexed since the index was last tidied.
    untidy: bool,
}

impl Log {
    /// Opens or creates the store in this folder, alone (a lock file keeps a second server out), migrated.
    ///
    /// # Errors
    /// [`OpenError`]: not ours, newer, in use, or not readable. Nothing was touched then, except by a migration, which
    /// leaves a copy.
    pub fn open(dir: &Path) -> Result<Log, OpenError> {
        let path = open::prepare(dir)?;
        let lock = open::lock(dir)?;
        let mut conn = open::connect(&path)?;
        migrations::migrate(&mut conn, &path, STEPS)?;
        if meta::<i64>(&conn, FOLD_KEY)? != Some(FOLD) {
            rebuild::rebuild_in(&mut conn)?;
        }
        let id = meta(&conn, LOG_ID)?.ok_or_else(|| OpenError::Damaged("it has no log id".into()))?;
        let text_cursor = meta::<i64>(&conn, TEXT_CURSOR)?.unwrap_or(0) as u64;
        let head = head(&conn).map_err(OpenError::sqlite("be read"))?;
        Ok(Log {
            conn,
            _lock: lock,
            path,
            id,
            head,
            keys: Keys::new(),
            states: Recent::new(STATES),
            latest: Recent::new(LATEST),
            failed: None,
            text_cursor,
            wal: Wal::default(),
            untidy: false,
        })
    }

    /// The log's incarnation: random, made with the store; a client that resumes names it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The data folder.
    pub(super) fn dir(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Why nothing is written any more, once an error left the disk in doubt.
    pub fn failed(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// The last committed position; 0 where there is none.
    pub fn head(&self) -> u64 {
        self.head
    }

    /// When the last event happened, by the clock of then; none: there is none.
    pub fn newest(&self) -> Option<Time> {
        let sql = "SELECT at FROM events ORDER BY seq DESC LIMIT 1";
        self.conn.query_row(sql, [], |row| row.get(0).map(Time)).ok()
    }

    /// Opens a pool of read-only connections.
    ///
    /// # Errors
    /// [`OpenError`] when a connection cannot be opened.
    pub fn readers(&self, connections: usize) -> Result<Readers, OpenError> {
        Readers::open(&self.path, connections)
    }

    /// Opens a write transaction for a group of commands.
    ///
    /// # Errors
    /// [`StoreError::Failed`] after an I/O error, or when another process writes for more than five seconds.
    pub fn begin(&mut self) -> Result<Batch<'_>, StoreError> {
        self.usable()?;
        // Here and not after a commit: whoever waits for that one's acknowledgement has it by now.
        self.checkpoint(false);
        self.usable()?;
        self.run("BEGIN IMMEDIATE")?;
        Ok(Batch::new(self))
    }

    /// Brings the full-text index up to date by at most `events`; returns how many were looked at (0: it is up to date).
    /// Called when idle. Costs no flush: a power loss takes index and cursor back together.
    ///
    /// # Errors
    /// As [`Batch::commit`]; the index is then as it was.
    pub fn index_text(&mut self, events: usize) -> Result<usize, StoreError> {
        self.usable()?;
        if self.text_cursor >= self.head {
            self.idle()?;
            return Ok(0);
        }
        let after = self.text_cursor;
        let (looked_at, cursor) = self.unflushed(|conn| text_index::index(conn, after, events))?;
        self.text_cursor = cursor;
        self.untidy = true;
        self.wal.wrote(looked_at, 1);
        Ok(looked_at)
    }

    /// Sets what an agent wants; flushed when it returns.
    ///
    /// # Errors
    /// [`StoreError::Failed`] for an unknown agent.
    pub fn set_availability(
        &mut self,
        agent: AgentId,
        to: &AvailabilityInfo,
        at: Time,
    ) -> Result<(), StoreError> {
        self.usable()?;
        let sql =
            "UPDATE agents SET available = ?2, reason = ?3, until = ?4, available_at = ?5 WHERE id = ?1";
        let id = agent.0.as_bytes();
        let values = params![id, to.available, to.reason, to.until.map(|t| t.0), at.0];
        let changed = self.conn.prepare_cached(sql).and_then(|mut s| s.execute(values));
        known_agent(self.checked(changed)?)
    }

    /// When a console of this agent was last seen (kept over a restart; the last seconds may be lost with the power).
    ///
    /// # Errors
    /// [`StoreError::Failed`] for an unknown agent.
    pub fn set_last_seen(&mut self, agent: AgentId, at: Time) -> Result<(), StoreError> {
        self.usable()?;
        let changed = self.unflushed(|conn| {
            Ok(conn
                .prepare_cached("UPDATE agents SET last_seen = ?2 WHERE id = ?1")?
                .execute(params![agent.0.as_bytes(), at.0])?)
        })?;
        known_agent(changed)
    }

    /// Every conversation a timer may concern: all not resolved, and resolved ones not announced yet.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn unfinished(&mut self) -> Result<Vec<Conversation>, StoreError> {
        let mut statement =
            self.conn.prepare_cached("SELECT doc FROM conversations WHERE unfinished = 1 ORDER BY key")?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(serde_json::from_str(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
        }
        Ok(found)
    }

    /// Refuses once the store has failed.
    pub(super) fn usable(&self) -> Result<(), StoreError> {
        match &self.failed {
            Some(why) => {
                Err(StoreError::failed(format!("{why}; nothing is written until the server restarts")))
            }
            None => Ok(()),
        }
    }

    /// Types an error of the writer's connection; after one that leaves the disk in doubt, the writer is done.
    pub(super) fn checked<T>(&mut self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|e| {
            if fatal(&e) {
                self.failed = Some(e.to_string());
            }
            StoreError::from(e)
        })
    }

    /// Runs a statement that returns nothing.
    pub(super) fn run(&mut self, sql: &str) -> Result<(), StoreError> {
        let done = self.conn.prepare_cached(sql).and_then(|mut s| s.execute([]));
        self.checked(done).map(|_| ())
    }

    /// Ends the open transaction without effect, if SQLite has not done so already.
    pub(super) fn roll_back(&mut self) {
        if !self.conn.is_autocommit()
            && let Err(e) = self.conn.execute_batch("ROLLBACK")
        {
            self.failed = Some(format!("a rollback failed: {e}"));
        }
    }

    /// A small transaction of things that can be made anew: on disk with the next group's flush, not with one of its own.
    pub(super) fn unflushed<T>(
        &mut self,
        f: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let relaxed = self.conn.pragma_update(None, "synchronous", "normal");
        self.checked(relaxed)?;
        let done = self.run("BEGIN IMMEDIATE").and_then(|()| f(&self.conn)).and_then(|value| {
            self.run("COMMIT")?;
            Ok(value)
        });
        if done.is_err() {
            self.roll_back();
        }
        if let Err(e) = self.conn.pragma_update(None, "synchronous", "full") {
            self.failed = Some(format!("flushing could not be switched on again: {e}"));
            self.usable()?;
        }
        done
    }

    /// A small transaction of its own: on disk when this returns.
    pub(super) fn flushed<T>(
        &mut self,
        f: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.usable()?;
        let done = self.run("BEGIN IMMEDIATE").and_then(|()| f(&self.conn)).and_then(|value| {
            self.run("COMMIT")?;
            Ok(value)
        });
        if done.is_err() {
            self.roll_back();
        }
        done.inspect(|_| self.wal.wrote(1, 1))
    }

    /// Appends an audit entry; flushed when it returns.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be stored.
    pub fn audit(&mut self, at: Time, entry: &super::audit::Entry) -> Result<u64, StoreError> {
        self.flushed(|conn| super::audit::append(conn, at, entry))
    }

    /// What can wait until there is nothing else to do.
    fn idle(&mut self) -> Result<(), StoreError> {
        if self.untidy {
            self.untidy = false;
            self.unflushed(text_index::tidy)?;
        }
        self.checkpoint(true);
        self.usable()
    }

    /// Moves the WAL into the database where enough has been written. What is committed stays so whatever comes of it,
    /// but an error that leaves the disk in doubt ends the writer.
    pub(super) fn checkpoint(&mut self, idle: bool) {
        if self.wal.due(idle) {
            let moved = self.wal.checkpoint(&self.conn);
            let _ = self.checked(moved);
        }
    }
}

fn known_agent(changed: usize) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::failed("there is no such agent")) }
}

/// The last position in the log.
pub(super) fn head(conn: &Connection) -> rusqlite::Result<u64> {
    conn.prepare_cached("SELECT max(seq) FROM events")?
        .query_row([], |row| row.get::<_, Option<i64>>(0))
        .map(|head| head.unwrap_or(0) as u64)
}

/// A value of the `meta` table.
pub(super) fn meta<T: rusqlite::types::FromSql>(
    conn: &Connection,
    name: &str,
) -> Result<Option<T>, OpenError> {
    conn.query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0))
        .optional()
        .map_err(OpenError::sqlite("be read"))
}
