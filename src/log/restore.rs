//! A backup becomes the store of a folder.
//!
//! All of it is made ready in a folder of its own beside the store: copied, checked, migrated, what was erased since erased
//! again, a new `log_id` given so that clients of the old log begin anew instead of mixing two histories. Only then is it
//! moved into place.
//!
//! Invariant: until the new store is whole nothing of the old is touched, and the old is put aside, never removed. Refused
//! here: a folder a server runs on, a backup that is not as it was made.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::audit::{self, Actor, Deed, Entry, Target};
use super::backup::{self, Part};
use super::error::OpenError;
use super::keep_error::KeepError;
use super::manifest::Manifest;
use super::open::{self, STORE};
use super::schema::{LOG_ID, STEPS};
use super::{Log, erased_list};
use crate::conversation::{ConversationId, Erasure, Time};

/// What to restore, and how.
#[derive(Debug, Clone)]
pub struct RestoreOptions<'a> {
    /// The backup.
    pub from: &'a Path,
    /// The data folder; made if it is not there.
    pub data: &'a Path,
    /// Put a store that is there aside, instead of refusing.
    pub replace: bool,
    /// A list of what was erased since the backup, where the data folder no longer has it.
    pub erased: Option<&'a Path>,
    /// The time now.
    pub now: Time,
}

/// What a restore did.
#[derive(Debug, Clone)]
pub struct Restored {
    /// What the backup said of itself.
    pub manifest: Manifest,
    /// The new incarnation of the log.
    pub log_id: String,
    /// Conversations erased again.
    pub erased_again: u64,
    /// Where the store that was there is now.
    pub aside: Option<PathBuf>,
}

/// Restores a backup.
///
/// # Errors
/// [`KeepError`]: the folder is as it was.
pub fn restore(options: &RestoreOptions<'_>) -> Result<Restored, KeepError> {
    let RestoreOptions { from, data, replace, erased, now } = *options;
    open::check_sqlite()?;
    let manifest = Manifest::check(from)?;
    let known = STEPS.len() as u32;
    if manifest.store_version > known {
        return Err(KeepError::Open(OpenError::Newer {
            path: from.join(STORE),
            found: manifest.store_version,
            known,
            app: Some(manifest.baton),
        }));
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .map_err(KeepError::io("create the folder", data))?;
    // Held to the end: no server begins meanwhile.
    let _lock = open::lock(data)?;
    let there = open::store_path(data).symlink_metadata().is_ok();
    if there && !replace {
        return Err(KeepError::HasStore(data.to_owned()));
    }
    let mut list = erased_list::read(&data.join(erased_list::FILE))?;
    for more in [Some(from.join(erased_list::FILE)), erased.map(Path::to_owned)].into_iter().flatten() {
        for (id, through) in erased_list::read(&more)? {
            let known = list.entry(id).or_insert(through);
            *known = through.max(*known);
        }
    }
    remove_unfinished(data)?;
    let part = Part::within(data, ".restore-")?;
    for file in &manifest.files {
        backup::copy_file(&from.join(&file.name), &part.0.join(&file.name))?;
    }
    let (log_id, erased_again) = make_ready(&part.0, &manifest, &list, now)?;
    write_list(&part.0, &list, now)?;
    let aside = move_in(&part.0, data, now)?;
    Ok(Restored { manifest, log_id, erased_again, aside })
}

/// The copied store brought to this version, with a new incarnation and without what was erased since.
fn make_ready(
    dir: &Path,
    manifest: &Manifest,
    list: &BTreeMap<ConversationId, u64>,
    now: Time,
) -> Result<(String, u64), KeepError> {
    let mut log = Log::open(dir)?;
    if log.head() != manifest.head {
        return Err(KeepError::Unsound(format!("it ends at {}, not at {}", log.head(), manifest.head)));
    }
    let wanted: Vec<_> = list.iter().map(|(id, through)| (*id, Some(*through))).collect();
    let mut erased = 0;
    for some in wanted.chunks(100) {
        erased += log.erase(some, Erasure::Everything, now, Some(&Actor::here()))?.len() as u64;
    }
    if log.scrub_due()? {
        log.scrub()?;
    }
    let id = Uuid::new_v4().simple().to_string();
    log.conn
        .execute("UPDATE meta SET value = ?2 WHERE name = ?1", (LOG_ID, &id))
        .map_err(OpenError::sqlite("be given a new log id"))?;
    let entry = Entry::new(Actor::here(), Deed::Restored, Target::Store);
    let was =
        serde_json::json!({ "log_id": manifest.log_id, "head": manifest.head, "made_at": manifest.made_at });
    audit::append(
        &log.conn,
        now,
        &entry.with(was, serde_json::json!({ "log_id": id, "erased_again": erased })),
    )?;
    // Closing it moves the WAL into the file.
    drop(log);
    for name in names(dir)? {
        // Of no use here: the migration's copy is the backup itself.
        if name == open::LOCK || name.starts_with("baton-before-") {
            let path = dir.join(name);
            fs::remove_file(&path).map_err(KeepError::io("remove", &path))?;
        }
    }
    Ok((id, erased))
}

fn write_list(dir: &Path, list: &BTreeMap<ConversationId, u64>, now: Time) -> Result<(), KeepError> {
    let path = dir.join(erased_list::FILE);
    if path.exists() {
        fs::remove_file(&path).map_err(KeepError::io("remove", &path))?;
    }
    if list.is_empty() {
        return Ok(());
    }
    let all: Vec<_> = list.iter().map(|(id, through)| (*id, *through)).collect();
    erased_list::add(dir, &all, now)
}

/// Puts what is there aside and what is ready in its place; the store last. While it is not there, a server refuses to
/// begin (see [`open::MOVING`]) instead of making an empty one.
fn move_in(ready: &Path, data: &Path, now: Time) -> Result<Option<PathBuf>, KeepError> {
    let renamed = |from: &Path, to: &Path| fs::rename(from, to).map_err(KeepError::io("rename to", to));
    let marker = data.join(open::MOVING);
    drop(open::create_marker(&marker)?);
    let old: Vec<String> = names(data)?
        .into_iter()
        .filter(|name| {
            let store = [STORE, "baton.db-wal", "baton.db-shm"].contains(&name.as_str());
            store || name.ends_with(".key") || name == erased_list::FILE
        })
        .collect();
    let aside = if old.is_empty() {
        None
    } else {
        let stamp: String = now.to_string().chars().filter(char::is_ascii_alphanumeric).take(15).collect();
        let aside = data.join(format!("replaced-{stamp}-{}", &Uuid::new_v4().simple().to_string()[..4]));
        DirBuilder::new().mode(0o700).create(&aside).map_err(KeepError::io("create the folder", &aside))?;
        // The store goes first: a crash then leaves a folder no server begins in, never one with another's keys.
        for name in old.iter().filter(|n| *n == STORE).chain(old.iter().filter(|n| *n != STORE)) {
            renamed(&data.join(name), &aside.join(name))?;
        }
        open::sync_folder_of(&aside.join(STORE))?;
        Some(aside)
    };
    let mut new = names(ready)?;
    new.sort_unstable_by_key(|name| name == STORE);
    for name in new {
        renamed(&ready.join(&name), &data.join(&name))?;
    }
    open::sync_folder_of(&marker)?;
    fs::remove_file(&marker).map_err(KeepError::io("remove", &marker))?;
    open::sync_folder_of(&marker)?;
    Ok(aside)
}

/// What a restore that was killed left behind.
fn remove_unfinished(data: &Path) -> Result<(), KeepError> {
    for entry in fs::read_dir(data).map_err(KeepError::io("read the folder", data))?.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(".restore-") && name.ends_with(".part") {
            fs::remove_dir_all(entry.path()).map_err(KeepError::io("remove", &entry.path()))?;
        }
    }
    Ok(())
}

fn names(dir: &Path) -> Result<Vec<String>, KeepError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(KeepError::io("read the folder", dir))? {
        let entry = entry.map_err(KeepError::io("read the folder", dir))?;
        if entry.file_type().is_ok_and(|t| t.is_file())
            && let Ok(name) = entry.file_name().into_string()
        {
            names.push(name);
        }
    }
    Ok(names)
}
