//! A look at a store from outside: is it there, is it ours, is it whole. Nothing is made, migrated or written.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::schema::{APPLICATION_ID, LOG_ID, STEPS};
use super::{AgentRecord, Reader, Readers, open};
use crate::conversation::Time;

/// What is in a data folder.
#[derive(Debug, Clone, PartialEq)]
pub enum Sight {
    /// No store.
    Absent,
    /// A file of that name that is no store of ours.
    Foreign,
    /// A store of a newer Baton.
    Newer {
        /// Its version.
        found: u32,
        /// The newest known here.
        known: u32,
    },
    /// It cannot be read.
    Unreadable(String),
    /// A store.
    Store(Box<StoreSight>),
}

/// A store that can be read.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreSight {
    /// Its version; an older one is migrated when a server opens it.
    pub version: u32,
    /// The newest version known here.
    pub known: u32,
    /// The log's incarnation; none: the store has lost it.
    pub log_id: Option<String>,
    /// The last position.
    pub head: u64,
    /// When the last event happened.
    pub last_at: Option<Time>,
    /// Everybody who may sign in; none: an older store, or an unreadable one.
    pub agents: Option<Vec<AgentRecord>>,
    /// What SQLite says of its own structures.
    pub integrity: Integrity,
}

/// The outcome of `PRAGMA quick_check`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Integrity {
    /// Nothing wrong.
    Whole,
    /// What is wrong, in SQLite's words.
    Damaged(String),
    /// Not looked through in time.
    Unfinished,
}

/// Looks at the store in `dir`; the look through its structures ends after `patience`.
pub fn inspect(dir: &Path, patience: Duration) -> Sight {
    let path = open::store_path(dir);
    match std::fs::metadata(&path) {
        Ok(_) => {}
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Sight::Absent,
        Err(e) => return Sight::Unreadable(e.to_string()),
    }
    let conn = match open::connect_reader(&path) {
        Ok(conn) => conn,
        Err(e) => return Sight::Unreadable(e.to_string()),
    };
    let pragma = |name: &str| conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, u32>(0));
    let (application, version) = match (pragma("application_id"), pragma("user_version")) {
        (Ok(application), Ok(version)) => (application, version),
        (Err(e), _) | (_, Err(e)) if e.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            return Sight::Foreign;
        }
        (Err(e), _) | (_, Err(e)) => return Sight::Unreadable(e.to_string()),
    };
    let known = STEPS.len() as u32;
    if application != APPLICATION_ID {
        return Sight::Foreign;
    }
    if version > known {
        return Sight::Newer { found: version, known };
    }
    let last = "SELECT seq, at FROM events ORDER BY seq DESC LIMIT 1";
    let last: Option<(i64, i64)> =
        conn.query_row(last, [], |row| Ok((row.get(0)?, row.get(1)?))).optional().unwrap_or_default();
    let log_id = conn
        .query_row("SELECT value FROM meta WHERE name = ?1", [LOG_ID], |row| row.get(0))
        .optional()
        .unwrap_or_default();
    let agents =
        (version == known).then(|| Readers::open(&path, 1).ok()?.with(Reader::agents).ok()).flatten();
    Sight::Store(Box::new(StoreSight {
        version,
        known,
        log_id,
        head: last.map_or(0, |(seq, _)| seq as u64),
        last_at: last.map(|(_, at)| Time(at)),
        agents,
        integrity: integrity(conn, patience),
    }))
}

/// Looks through the whole store, interrupted after `patience`.
fn integrity(conn: Connection, patience: Duration) -> Integrity {
    let interrupt = conn.get_interrupt_handle();
    let (done, wait) = mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        if wait.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Timeout) {
            interrupt.interrupt();
        }
    });
    let said = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    drop(done);
    let _ = watch.join();
    match said {
        Ok(said) if said == "ok" => Integrity::Whole,
        Ok(said) => Integrity::Damaged(said),
        Err(e) if e.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) => {
            Integrity::Unfinished
        }
        Err(e) => Integrity::Damaged(e.to_string()),
    }
}

/// Whether a server has the store open. None: that cannot be told. Asked only where no server answers: for the moment of
/// the question a server could not start.
pub fn in_use(dir: &Path) -> Option<bool> {
    let file = match File::open(dir.join("baton.lock")) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Some(false),
        Err(_) => return None,
    };
    match file.try_lock_shared() {
        Ok(()) => {
            let _ = file.unlock();
            Some(false)
        }
        Err(TryLockError::WouldBlock) => Some(true),
        Err(TryLockError::Error(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::Role;
    use crate::log::{Log, add_agent};

    const SOON: Duration = Duration::from_secs(60);

    #[test]
    fn a_store_is_seen_as_it_is_and_nothing_is_made() {
        let dir = tempfile::tempdir().expect("a folder");
        assert_eq!(inspect(dir.path(), SOON), Sight::Absent);
        assert_eq!(std::fs::read_dir(dir.path()).expect("readable").count(), 0);
        add_agent(dir.path(), "Ada", Role::Admin, &[7; 32]).expect("an agent");
        let Sight::Store(seen) = inspect(dir.path(), SOON) else { unreachable!("a store") };
        assert_eq!((seen.version, seen.head, seen.last_at), (seen.known, 0, None));
        assert_eq!(seen.integrity, Integrity::Whole);
        assert_eq!(seen.agents.as_ref().map(|all| all[0].name.as_str()), Some("Ada"));
        assert_eq!(in_use(dir.path()), Some(false));
        let log = Log::open(dir.path()).expect("opened");
        assert_eq!(in_use(dir.path()), Some(true));
        assert_eq!(seen.log_id.as_deref(), Some(log.id()));
        drop(log);
        assert_eq!(in_use(dir.path()), Some(false));
    }

    #[test]
    fn what_is_no_store_is_told_apart() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = open::store_path(dir.path());
        std::fs::write(&path, vec![b'x'; 4096]).expect("written");
        assert_eq!(inspect(dir.path(), SOON), Sight::Foreign);
        std::fs::remove_file(&path).expect("removed");
        Connection::open(&path).expect("a file").execute_batch("CREATE TABLE a (x)").expect("a table");
        assert_eq!(inspect(dir.path(), SOON), Sight::Foreign);
        std::fs::remove_file(&path).expect("removed");
        drop(Log::open(dir.path()).expect("a store"));
        Connection::open(&path).expect("a file").pragma_update(None, "user_version", 999).expect("set");
        assert!(matches!(inspect(dir.path(), SOON), Sight::Newer { found: 999, .. }));
    }
}
