//! The data folder: `baton.db` (with its `-wal` and `-shm`) and `baton.lock`, readable by their owner only.
//!
//! A store comes into being whole: it is made under another name and linked into place. Hence a `baton.db` whose
//! header does not carry our mark was never ours, and is refused before SQLite touches it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

use super::error::OpenError;
use super::migrations;
use super::schema::{APP, APPLICATION_ID, FOLD, FOLD_KEY, LOG_ID, STEPS, TEXT_CURSOR};

/// First SQLite without the WAL-reset bug.
const SQLITE_MIN: i32 = 3_051_003;

/// How long a second process (`baton agent add`) and the writer wait for each other.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// What the WAL may keep of the disk once its content is in the database.
const WAL_BYTES: i64 = 64 << 20;

/// Statements kept prepared; more than there are in this room.
const STATEMENTS: usize = 64;

/// The store's file.
pub(super) const STORE: &str = "baton.db";
/// The lock's file.
pub(super) const LOCK: &str = "baton.lock";
/// Stands in the folder while a restore moves a store in.
pub(super) const MOVING: &str = "restore.unfinished";

pub(super) fn store_path(dir: &Path) -> PathBuf {
    dir.join(STORE)
}

/// A file whose being there says something.
pub(super) fn create_marker(path: &Path) -> Result<File, OpenError> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path);
    let file = file.map_err(OpenError::io("create", path))?;
    sync_folder_of(path)?;
    Ok(file)
}

/// Refuses a SQLite that can lose commits.
pub(super) fn check_sqlite() -> Result<(), OpenError> {
    if rusqlite::version_number() < SQLITE_MIN {
        return Err(OpenError::SqliteTooOld(rusqlite::version()));
    }
    Ok(())
}

/// Makes the folder, and an empty store in it, where there is none; checks that what is there is ours and not newer.
pub(super) fn prepare(dir: &Path) -> Result<PathBuf, OpenError> {
    check_sqlite()?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(OpenError::io("create the folder", dir))?;
    if dir.join(MOVING).exists() {
        return Err(OpenError::HalfRestored(dir.to_owned()));
    }
    let path = store_path(dir);
    if !check_header(&path)? {
        create(&path)?;
    }
    Ok(path)
}

/// The folder's lock.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing alone is not enough: a process being started at this moment shares the open file until it execs.
        let _ = self.0.unlock();
    }
}

/// Takes the folder's lock, held until it is dropped or the process ends, however it ends.
pub(super) fn lock(dir: &Path) -> Result<Lock, OpenError> {
    let path = dir.join(LOCK);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(OpenError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked(dir.to_owned())),
        Err(TryLockError::Error(source)) => Err(OpenError::Io { doing: "lock", path, source }),
    }
}

/// Whether there is a store. Reads the file's first bytes only, so that a foreign or newer file is not touched.
pub(super) fn check_header(path: &Path) -> Result<bool, OpenError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(OpenError::io("open", path)(e)),
    };
    let mut header = [0u8; 100];
    match file.read_exact(&mut header) {
        Ok(()) => {}
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => return Err(OpenError::NotOurs(path.to_owned())),
        Err(e) => return Err(OpenError::io("read", path)(e)),
    }
    // https://www.sqlite.org/fileformat2.html#the_database_header: user_version at 60, application_id at 68.
    let word = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    if !header.starts_with(b"SQLite format 3\0") || word(68) != APPLICATION_ID {
        return Err(OpenError::NotOurs(path.to_owned()));
    }
    let (found, known) = (word(60), STEPS.len() as u32);
    if found > known {
        return Err(OpenError::Newer { path: path.to_owned(), found, known, app: app(path) });
    }
    Ok(true)
}

/// The Baton that brought a store to its version, read without touching it.
pub(super) fn app(path: &Path) -> Option<String> {
    let conn = super::backup::still(path).ok()?;
    super::writer::meta::<String>(&conn, APP).ok()?.filter(|v| v.chars().all(|c| c.is_ascii_graphic()))
}

/// Makes an empty store of the present version under another name and links it into place. Where another process was
/// faster, theirs stays.
fn create(path: &Path) -> Result<(), OpenError> {
    let part = path.with_file_name(format!("baton-{}.part", Uuid::new_v4().simple()));
    let made = fill(&part).and_then(|()| match std::fs::hard_link(&part, path) {
        Ok(()) => sync_folder_of(path),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(OpenError::io("create", path)(e)),
    });
    let _ = std::fs::remove_file(&part);
    made
}

fn fill(part: &Path) -> Result<(), OpenError> {
    let file = create_private(part)?;
    let mut conn = Connection::open(part).map_err(OpenError::sqlite("be created"))?;
    let marks = |conn: &Connection| -> rusqlite::Result<()> {
        conn.pragma_update(None, "application_id", APPLICATION_ID)
    };
    marks(&conn).map_err(OpenError::sqlite("be created"))?;
    migrations::migrate(&mut conn, part, STEPS)?;
    let meta = |conn: &Connection| -> rusqlite::Result<()> {
        let sql = "INSERT INTO meta (name, value) VALUES (?1, ?2)";
        conn.execute(sql, (LOG_ID, Uuid::new_v4().simple().to_string()))?;
        conn.execute(sql, (FOLD_KEY, FOLD))?;
        conn.execute(sql, (TEXT_CURSOR, 0))?;
        Ok(())
    };
    meta(&conn).map_err(OpenError::sqlite("be created"))?;
    conn.close().map_err(|(_, e)| OpenError::sqlite("be created")(e))?;
    file.sync_all().map_err(OpenError::io("flush", part))
}

/// Creates a file only its owner may read. SQLite gives its `-wal` and `-shm` the same mode.
pub(super) fn create_private(path: &Path) -> Result<File, OpenError> {
    OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(OpenError::io("create", path))
}

/// Flushes the folder a file was named in, so that the name survives a power loss.
pub(super) fn sync_folder_of(path: &Path) -> Result<(), OpenError> {
    let dir = path.parent().filter(|dir| *dir != Path::new("")).unwrap_or(Path::new("."));
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(OpenError::io("flush the folder", dir))
}

/// Statements are prepared once and keep their plan. Without the planner's stability guarantee, SQLite as bundled (with
/// STAT4) plans those that may use a partial index anew for every value bound: half of a message's time.
fn steady(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

/// A connection that may write. Every commit is flushed before it returns.
pub(super) fn connect(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let set = || -> rusqlite::Result<Connection> {
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(BUSY)?;
        steady(&conn)?;
        conn.pragma_update(None, "journal_mode", "wal")?;
        conn.pragma_update(None, "synchronous", "full")?;
        conn.pragma_update(None, "foreign_keys", false)?;
        conn.pragma_update(None, "trusted_schema", false)?;
        conn.pragma_update(None, "cache_size", -8192)?;
        // SQLite hides the errors of checkpoints it starts by itself; the writer starts its own and sees them.
        conn.pragma_update(None, "wal_autocheckpoint", 0)?;
        conn.pragma_update(None, "journal_size_limit", WAL_BYTES)?;
        Ok(conn)
    };
    set().map_err(OpenError::sqlite("be opened"))
}

/// A connection that cannot write.
pub(super) fn connect_reader(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let set = || -> rusqlite::Result<Connection> {
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(BUSY)?;
        steady(&conn)?;
        super::search::register(&conn)?;
        conn.pragma_update(None, "query_only", true)?;
        conn.pragma_update(None, "trusted_schema", false)?;
        Ok(conn)
    };
    set().map_err(OpenError::sqlite("be opened for reading"))
}
