//! A backup: one folder with the store, the keys beside it, the list of what was erased, and a manifest.
//!
//! The store is copied by `VACUUM INTO`: one snapshot however long it takes and whatever a server writes meanwhile (the
//! page-by-page backup interface begins again with every write of another process), and no free page goes along, so nothing
//! that was erased does. A folder and not an archive: it can be looked at, compared and sent by any tool, and a restore
//! needs none.
//!
//! Invariant: the folder appears under its name whole and verified, or not at all. Refused here: overwriting.

use std::fs::{self, DirBuilder, File};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

use super::audit::{self, Actor, Deed, Entry, Target};
use super::error::OpenError;
use super::keep_error::KeepError;
use super::manifest::{FORMAT, FileDigest, MANIFEST, Manifest};
use super::open::STORE;
use super::schema::LOG_ID;
use super::{erased_list, open, writer};
use crate::conversation::Time;

/// How often progress is told.
const TICK: Duration = Duration::from_millis(250);
/// How long an operation waits for the store's locks.
const BUSY: Duration = Duration::from_secs(30);

/// How far a backup is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Bytes copied, of about so many.
    Copying(u64, u64),
    /// Reading the copy again.
    Verifying,
}

/// Copies the store in `dir`, and what belongs to it, into the folder `to`, which must not exist; also while a server runs.
///
/// # Errors
/// [`KeepError`]: nothing stands at `to` then, and the store was only read.
pub fn backup(
    dir: &Path,
    to: &Path,
    now: Time,
    mut progress: impl FnMut(Progress),
) -> Result<Manifest, KeepError> {
    open::check_sqlite()?;
    let path = open::store_path(dir);
    if !open::check_header(&path)? {
        return Err(KeepError::NoStore(dir.to_owned()));
    }
    if to.symlink_metadata().is_ok() {
        return Err(KeepError::Exists(to.to_owned()));
    }
    let part = Part::for_backup(to)?;
    let conn = source(&path)?;
    let at_least = writer::head(&conn).map_err(OpenError::sqlite("be read"))?;
    copy_store(conn, &part.0.join(STORE), &mut progress)?;
    let mut names = vec![STORE.to_owned()];
    for name in beside(dir)? {
        copy_file(&dir.join(&name), &part.0.join(&name))?;
        names.push(name);
    }
    progress(Progress::Verifying);
    let mut manifest = verify(&part.0, now)?;
    if manifest.head < at_least {
        return Err(KeepError::Unsound(format!("it ends at {}, the store had {at_least}", manifest.head)));
    }
    for name in names {
        let digest = FileDigest::of(&part.0, &name).map_err(KeepError::io("read", &part.0.join(&name)))?;
        manifest.files.push(digest);
    }
    write_manifest(&part.0, &manifest)?;
    part.named(to)?;
    Ok(manifest)
}

/// Notes a backup in the audit trail of the store it was made of. An older store has none, and is left as it is.
///
/// # Errors
/// Why it cannot be noted; the backup stands all the same.
pub fn note_backup(dir: &Path, made: &Manifest) -> Result<(), OpenError> {
    if made.store_version != super::schema::STEPS.len() as u32 {
        return Ok(());
    }
    let entry = Entry::new(Actor::here(), Deed::BackedUp, Target::Store);
    let after = serde_json::json!({ "head": made.head, "events": made.events });
    audit::append_to(dir, &entry.with(serde_json::Value::Null, after)).map(|_| ())
}

/// Names of the files beside the store that a restore needs: keys, and the list of what was erased.
pub(super) fn beside(dir: &Path) -> Result<Vec<String>, KeepError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(KeepError::io("read the folder", dir))? {
        let entry = entry.map_err(KeepError::io("read the folder", dir))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let ours = (name.ends_with(".key") && !name.starts_with('.')) || name == erased_list::FILE;
        if ours && entry.file_type().is_ok_and(|t| t.is_file()) {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Copies a file whole and flushed, readable by its owner only.
pub(super) fn copy_file(from: &Path, to: &Path) -> Result<(), KeepError> {
    let mut source = File::open(from).map_err(KeepError::io("read", from))?;
    let mut file = open::create_private(to)?;
    std::io::copy(&mut source, &mut file).and_then(|_| file.sync_all()).map_err(KeepError::io("write", to))
}

/// The store for copying: what is in the WAL included, and never written to.
fn source(path: &Path) -> Result<Connection, OpenError> {
    let open = || -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(BUSY)?;
        conn.pragma_update(None, "trusted_schema", false)?;
        Ok(conn)
    };
    open().map_err(OpenError::sqlite("be opened for reading"))
}

/// The copying thread owns the connection; this one watches the file grow.
fn copy_store(conn: Connection, to: &Path, progress: &mut impl FnMut(Progress)) -> Result<(), KeepError> {
    let file = open::create_private(to)?;
    let name = to.to_str().ok_or_else(|| OpenError::NotOurs(to.to_owned()))?.to_owned();
    let size = |conn: &Connection| -> rusqlite::Result<u64> {
        let pragma = |name: &str| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let pages = pragma("page_count")? - pragma("freelist_count")?;
        Ok((pages.max(0) * pragma("page_size")?) as u64)
    };
    let about = size(&conn).map_err(OpenError::sqlite("be read"))?;
    let (done, finished) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        // Nobody may wait any more; then there is nobody to tell.
        let _ = done.send(conn.execute("VACUUM INTO ?1", [name]));
    });
    let copied = loop {
        progress(Progress::Copying(fs::metadata(to).map_or(0, |m| m.len()), about));
        match finished.recv_timeout(TICK) {
            Ok(copied) => break copied.map(|_| ()),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                return Err(KeepError::Unsound("the copying thread ended without a word".into()));
            }
        }
    };
    let _ = thread.join();
    copied.map_err(OpenError::sqlite("be copied; nothing is left of the copy"))?;
    file.sync_all().map_err(KeepError::io("flush", to))
}

/// A connection to a store nobody else has open, which leaves no trace beside it.
pub(super) fn still(path: &Path) -> Result<Connection, OpenError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                uri.push(char::from(*byte))
            }
            other => uri.push_str(&format!("%{other:02x}")),
        }
    }
    uri.push_str("?immutable=1");
    Connection::open_with_flags(uri, flags).map_err(OpenError::sqlite("be opened for reading"))
}

/// Reads a copied store from end to end, and counts.
pub(super) fn verify(dir: &Path, now: Time) -> Result<Manifest, KeepError> {
    let path = dir.join(STORE);
    let conn = still(&path)?;
    let count = |sql: &str| -> Result<u64, OpenError> {
        conn.query_row(sql, [], |row| row.get::<_, i64>(0))
            .map(|n| n as u64)
            .map_err(OpenError::sqlite("be read again"))
    };
    let said: String = conn
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(OpenError::sqlite("be read again"))?;
    if said != "ok" {
        return Err(KeepError::Unsound(said));
    }
    let head = writer::head(&conn).map_err(OpenError::sqlite("be read again"))?;
    let events = count("SELECT count(*) FROM events")?;
    if events != head {
        return Err(KeepError::Unsound(format!("it has {events} events and ends at {head}")));
    }
    let gaps = count(
        "SELECT count(*) FROM (SELECT 1 FROM events GROUP BY stream HAVING count(*) <> max(version) OR min(version) <> 1)",
    )?;
    if gaps > 0 {
        return Err(KeepError::Unsound(format!("{gaps} conversations have a hole")));
    }
    Ok(Manifest {
        format: FORMAT.to_owned(),
        baton: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: now,
        store_version: super::migrations::version(&conn)?,
        log_id: writer::meta(&conn, LOG_ID)?.ok_or_else(|| KeepError::Unsound("it has no log id".into()))?,
        head,
        events,
        conversations: count("SELECT count(*) FROM conversations")?,
        agents: count("SELECT count(*) FROM agents")?,
        files: Vec::new(),
    })
}

fn write_manifest(dir: &Path, manifest: &Manifest) -> Result<(), KeepError> {
    let path = dir.join(MANIFEST);
    let mut file = open::create_private(&path)?;
    let text = serde_json::to_string_pretty(manifest).map_err(|e| KeepError::Unsound(e.to_string()))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.write_all(b"\n"))
        .and_then(|()| file.sync_all())
        .map_err(KeepError::io("write", &path))
}

/// A folder under a name of its own until it is whole; removed if it never is.
#[derive(Debug)]
pub(super) struct Part(pub(super) PathBuf, Option<open::Lock>);

/// How the folders of unfinished backups begin.
const UNFINISHED: &str = ".baton-backup-";

impl Part {
    /// Makes it in `folder`, readable by its owner only.
    pub(super) fn within(folder: &Path, prefix: &str) -> Result<Self, KeepError> {
        let path = folder.join(format!("{prefix}{}.part", Uuid::new_v4().simple()));
        DirBuilder::new().mode(0o700).create(&path).map_err(KeepError::io("create the folder", &path))?;
        Ok(Self(path, None))
    }

    /// Makes it beside `to`, and removes those that killed backups left there: they hold everything a store holds. One that
    /// is still at work holds its lock.
    fn for_backup(to: &Path) -> Result<Self, KeepError> {
        let folder = match to.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        for entry in fs::read_dir(folder).map_err(KeepError::io("read the folder", folder))?.flatten() {
            let ours =
                entry.file_name().to_str().is_some_and(|n| n.starts_with(UNFINISHED) && n.ends_with(".part"));
            if ours && open::lock(&entry.path()).is_ok() {
                // What cannot be removed is somebody else's; it does not stand in the way.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let mut part = Self::within(folder, UNFINISHED)?;
        part.1 = Some(open::lock(&part.0)?);
        Ok(part)
    }

    /// Gives it its name, durably.
    fn named(mut self, to: &Path) -> Result<(), KeepError> {
        let lock = self.0.join(open::LOCK);
        fs::remove_file(&lock).map_err(KeepError::io("remove", &lock))?;
        self.1 = None;
        let flush = |dir: &Path| File::open(dir).and_then(|dir| dir.sync_all());
        flush(&self.0).map_err(KeepError::io("flush the folder", &self.0))?;
        // Somebody may have made it meanwhile: renaming puts a folder in the place of an empty one only, and that is
        // refused, too.
        if to.symlink_metadata().is_ok() {
            return Err(KeepError::Exists(to.to_owned()));
        }
        fs::rename(&self.0, to).map_err(KeepError::io("rename to", to))?;
        Ok(open::sync_folder_of(to)?)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Renamed, it is not there any more.
        let _ = fs::remove_dir_all(&self.0);
    }
}
