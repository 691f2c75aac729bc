//! [`Readers`]: a pool of read-only connections, and [`Reader`], one snapshot.
//!
//! A read never waits for the writer and the writer never waits for a read. A snapshot that is kept long keeps the WAL
//! from shrinking: read what is needed and leave.

use std::fmt;
use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use rusqlite::Connection;

use super::error::{OpenError, StoreError};
use super::keep_error::KeepError;
use super::{open, writer};

/// A pool of read-only connections. Clone, Send, Sync.
#[derive(Clone)]
pub struct Readers {
    pool: Arc<Pool>,
}

struct Pool {
    idle: Mutex<Vec<Reader>>,
    returned: Condvar,
}

/// A read transaction.
pub struct Reader {
    pub(super) conn: Connection,
}

impl Readers {
    pub(super) fn open(path: &Path, connections: usize) -> Result<Self, OpenError> {
        let idle = (0..connections.max(1))
            .map(|_| open::connect_reader(path).map(|conn| Reader { conn }))
            .collect::<Result<_, _>>()?;
        Ok(Self { pool: Arc::new(Pool { idle: Mutex::new(idle), returned: Condvar::new() }) })
    }

    /// Opens the store in a folder for reading alone, also while a server runs on it. Nothing is made or migrated.
    ///
    /// # Errors
    /// [`KeepError::NoStore`] where there is none; [`OpenError`] where it is not ours, older or newer.
    pub fn of(dir: &Path, connections: usize) -> Result<Self, KeepError> {
        let path = open::store_path(dir);
        if !open::check_header(&path)? {
            return Err(KeepError::NoStore(dir.to_owned()));
        }
        let readers = Self::open(&path, connections)?;
        let found = super::migrations::version(&readers.lend().conn)?;
        let known = super::schema::STEPS.len() as u32;
        if found != known {
            return Err(KeepError::Open(OpenError::Older { path, found, known }));
        }
        Ok(readers)
    }

    /// Runs a read in one read transaction: everything in it is of one position. Blocks, also while all connections are
    /// in use: call off the async threads, and not from within another read.
    ///
    /// # Errors
    /// [`StoreError`] from the store or from `f`.
    pub fn with<T>(&self, f: impl FnOnce(&Reader) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let lent = self.lend();
        lent.conn.execute_batch("BEGIN DEFERRED")?;
        // The snapshot is taken by the first read, not by BEGIN: take it before anything else happens.
        lent.head()?;
        f(&lent)
    }

    fn lend(&self) -> Lent<'_> {
        let idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut idle = self
            .pool
            .returned
            .wait_while(idle, |idle| idle.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        Lent { pool: &self.pool, reader: idle.pop() }
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Readers")
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader")
    }
}

/// A reader on loan: its transaction ends and it goes back when this is dropped, a panic of the borrower included.
struct Lent<'a> {
    pool: &'a Pool,
    reader: Option<Reader>,
}

impl Deref for Lent<'_> {
    type Target = Reader;
    fn deref(&self) -> &Reader {
        self.reader.as_ref().expect("taken only when dropped")
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let Some(reader) = self.reader.take() else { return };
        if !reader.conn.is_autocommit() {
            // Nothing was written; an error here shows in the connection's next BEGIN.
            let _ = reader.conn.execute_batch("ROLLBACK");
        }
        self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
        self.pool.returned.notify_one();
    }
}

impl Reader {
    /// The position this transaction reads at.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn head(&self) -> Result<u64, StoreError> {
        Ok(writer::head(&self.conn)?)
    }
}
