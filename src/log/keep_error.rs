//! Why a backup, a restore or an erasure from the command line did not happen.

use std::io;
use std::path::{Path, PathBuf};

use super::error::{OpenError, StoreError};

/// Why nothing was backed up, restored or erased. Nothing was changed unless it says so.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The store.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Reading or writing it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No store where one was named.
    #[error("there is no store in {}; name the server's folder with --data", .0.display())]
    NoStore(PathBuf),
    /// The target exists.
    #[error("{} is there already and was not touched; name a folder that does not exist yet", .0.display())]
    Exists(PathBuf),
    /// The data folder has a store.
    #[error(
        "{} holds a store already; nothing was touched. Restore into another folder, or add --replace: it puts the present store aside",
        .0.display()
    )]
    HasStore(PathBuf),
    /// Not a backup, or not finished.
    #[error(
        "{} is no whole backup: it has no manifest.json, which is written last. Nothing was touched; take another backup",
        .0.display()
    )]
    NoBackup(PathBuf),
    /// A backup that is not as it was made.
    #[error("the backup {} was changed after it was made: {what}. Nothing was touched; take another backup", dir.display())]
    Altered {
        /// The backup.
        dir: PathBuf,
        /// What differs.
        what: String,
    },
    /// The copy does not hold what it should.
    #[error(
        "the copy is not sound: {0}. It was removed; the store itself was only read. Run `baton rebuild`, or restore the last good backup"
    )]
    Unsound(String),
    /// A list of what was erased.
    #[error("{}, line {line}: this is no entry of a list of what was erased; nothing was touched", path.display())]
    BadList {
        /// The list.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
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
}

impl KeepError {
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| KeepError::Io { doing, path, source }
    }
}
