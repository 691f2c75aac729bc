//! Why the store cannot be opened, and why a read or write failed.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;

/// Why a store cannot be opened or changed from the command line. Nothing was changed unless it says so.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The SQLite in this binary has the WAL-reset bug (fixed in 3.51.3).
    #[error(
        "SQLite {0} is too old: versions before 3.51.3 can lose commits. Use the binary as released, or build it with the bundled SQLite"
    )]
    SqliteTooOld(&'static str),
    /// The store was written by a newer Baton.
    #[error(
        "the store {} has version {found}, this Baton ({}) knows versions up to {known}. Nothing was touched. Install {} again, or open another folder",
        path.display(),
        env!("CARGO_PKG_VERSION"),
        app.as_ref().map_or("the newer Baton".to_owned(), |v| format!("Baton {v} or newer"))
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// Ours.
        known: u32,
        /// The Baton that brought it there, where it says so.
        app: Option<String>,
    },
    /// The store was last opened by an older Baton, and this command only reads.
    #[error(
        "the store {} has version {found}, this Baton works with {known}. Start the server once: it copies the store and then brings it up to date",
        path.display()
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// A restore did not come to its end.
    #[error(
        "a restore into {} was interrupted while the stores changed places; nothing is lost. Run the same `baton restore` again with --replace, or move the files of its folder `replaced-…` back and remove restore.unfinished",
        .0.display()
    )]
    HalfRestored(PathBuf),
    /// The file is something else.
    #[error(
        "{} is not a Baton store. Nothing was touched. Choose another data folder, or move that file away",
        .0.display()
    )]
    NotOurs(PathBuf),
    /// There is no store to look into or to change.
    #[error("there is no Baton store in {}; give the folder that `baton serve --data` uses", .0.display())]
    NoStore(PathBuf),
    /// Another server has it.
    #[error(
        "another Baton server has the store in {} open. Stop that one first, or choose another data folder",
        .0.display()
    )]
    Locked(PathBuf),
    /// An agent of this name exists.
    #[error("there is an agent named “{}” already; choose another name", .0.escape_debug())]
    NameTaken(String),
    /// The name cannot be an agent's.
    #[error(
        "an agent's name has 1 to 64 characters, no control characters, and is none of assistant, visitor, notice, note and system"
    )]
    BadName,
    /// Not the name of a group.
    #[error(
        "a group's name has 1 to {} characters on one line; nothing was changed",
        crate::conversation::LABEL_CHARS
    )]
    BadGroup,
    /// The token is in use.
    #[error("another agent has this very token; make a new one")]
    TokenTaken,
    /// The log contradicts itself.
    #[error("the store is damaged: {0}. Restore the last backup, or ask for help before changing anything")]
    Damaged(String),
    /// A file or folder.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite.
    #[error("the store could not {doing}: {source}")]
    Sqlite {
        /// What was tried.
        doing: &'static str,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

impl OpenError {
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| OpenError::Io { doing, path, source }
    }

    pub(super) fn sqlite(doing: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| OpenError::Sqlite { doing, source }
    }
}

/// Why a read or write failed. `Full` is typed: nothing was acknowledged and reading goes on.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// No space. Nothing of the group happened; the next group may succeed.
    #[error("the disk is full")]
    Full,
    /// Compare-and-set failed. Nothing of this append happened; the group goes on.
    #[error("the conversation is at version {found}, not {expected}")]
    Conflict {
        /// What the caller believed.
        expected: u64,
        /// What is.
        found: u64,
    },
    /// Anything else. After an I/O error of the writer every later write fails, too: restart and recover from disk.
    #[error("the store failed: {0}")]
    Failed(String),
}

impl StoreError {
    pub(super) fn failed(what: impl Into<String>) -> Self {
        StoreError::Failed(what.into())
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(e: rusqlite::Error) -> Self {
        let full = match e.sqlite_error() {
            Some(e) => e.code == ErrorCode::DiskFull || e.extended_code == SQLITE_IOERR_SHMSIZE,
            None => false,
        };
        // The WAL's index grows by a file of its own; no room for that is no room, not a broken disk.
        if full { StoreError::Full } else { StoreError::Failed(e.to_string()) }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(e: serde_json::Error) -> Self {
        StoreError::Failed(format!("a stored value does not read or write as JSON: {e}"))
    }
}

/// Whether, after this error, nothing the writer has in memory or in flight can be trusted to be on disk.
pub(super) fn fatal(e: &rusqlite::Error) -> bool {
    e.sqlite_error().is_some_and(|e| match e.code {
        ErrorCode::SystemIoFailure => e.extended_code != SQLITE_IOERR_SHMSIZE,
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => true,
        _ => false,
    })
}

/// Whether a statement was refused by a uniqueness rule, and undone alone.
pub(super) fn constraint(e: &rusqlite::Error) -> bool {
    e.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}
