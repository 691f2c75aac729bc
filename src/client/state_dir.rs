//! Where a console keeps its drafts and outbox, and how a new console takes over what a dead one left.
//!
//! `<state>/<server>/<agent>/<instance>/{drafts,outbox}.log` and a `lock` that the console holds while it lives. `<agent>`
//! is made from the token, so that it is known while the server cannot be reached. A folder whose lock is free belonged
//! to a console that ended or was killed: its records are copied into the new console's files, flushed, and only then it
//! is removed. A crash between the two tells them twice, which counts once (same client ids).

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use sha2::{Digest, Sha256};

use super::Address;
use super::journal::{Journal, Kept, Record, sync_folder};

/// `$XDG_STATE_HOME/baton`, or the platform's place for state; none where there is no home folder.
pub fn default_state_dir() -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.state_dir().unwrap_or_else(|| base.data_dir()).join("baton"))
}

/// One console's files, locked.
#[derive(Debug)]
pub(super) struct Store {
    drafts: Journal,
    outbox: Journal,
    kept: Kept,
    /// A file in the folder, until the folder's entries are on disk: before the first record, not before the first screen.
    unsynced: Option<PathBuf>,
    _lock: File,
}

impl Store {
    /// Makes and locks this console's folder and adopts what unlocked ones beside it hold.
    pub(super) fn open(state: &Path, server: &Address, token: &str, instance: &str) -> io::Result<Self> {
        let ok = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if instance.is_empty() || instance.len() > 64 || !instance.chars().all(ok) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "an instance has 1 to 64 of A-Z a-z 0-9 - _",
            ));
        }
        let agent: String =
            Sha256::digest(token.as_bytes())[..8].iter().map(|b| format!("{b:02x}")).collect();
        let agents = state.join(server.folder()).join(agent);
        let own = agents.join(instance);
        make_private(&own)?;
        let Some(lock) = try_lock(&own)? else {
            return Err(io::Error::new(
                io::ErrorKind::ResourceBusy,
                "another console with this instance is running",
            ));
        };
        let mut kept = Kept::default();
        let outbox = Journal::open(&own.join("outbox.log"), &mut kept)?;
        let drafts = Journal::open(&own.join("drafts.log"), &mut kept)?;
        let unsynced = Some(own.join("lock"));
        let mut store = Self { drafts, outbox, kept, unsynced, _lock: lock };
        let mut others: Vec<PathBuf> = fs::read_dir(&agents)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| *path != own && path.is_dir())
            .collect();
        // Oldest first, so that of two drafts for one conversation the newer stays on top.
        others.sort_by_key(|path| fs::metadata(path.join("drafts.log")).and_then(|m| m.modified()).ok());
        for other in others {
            if let Err(e) = store.adopt(&other) {
                tracing::warn!(error = %e, "drafts of an earlier console could not be adopted; they stay where they are");
            }
        }
        store.kept.outbox.sort_by_key(|(_, at, _)| *at);
        Ok(store)
    }

    fn adopt(&mut self, other: &Path) -> io::Result<()> {
        let Some(lock) = try_lock(other)? else { return Ok(()) };
        let mut found = Kept::default();
        for name in ["outbox.log", "drafts.log"] {
            if other.join(name).exists() {
                Journal::open(&other.join(name), &mut found)?;
            }
        }
        for ((conversation, kind), text) in &mut found.drafts {
            if let Some(mine) = self.kept.drafts.get(&(*conversation, *kind)) {
                // Adopted before, and the crash came before the folder was removed: then mine holds it already.
                *text = if mine.contains(text.as_str()) { mine.clone() } else { format!("{text}\n{mine}") };
            }
        }
        let mut records = found.outbox_records();
        records.extend(found.draft_records());
        self.write(&records).1?;
        fs::remove_dir_all(other)?;
        drop(lock);
        Ok(())
    }

    /// What is kept now.
    pub(super) fn kept(&self) -> &Kept {
        &self.kept
    }

    /// Writes records in order, each run of one file with one flush. Returns how many are on disk, and why not all.
    pub(super) fn write(&mut self, records: &[Record]) -> (usize, io::Result<()>) {
        let is_draft = |r: &Record| matches!(r, Record::Draft { .. });
        if !records.is_empty()
            && let Some(file) = self.unsynced.take()
        {
            sync_folder(&file);
        }
        let mut done = 0;
        for run in records.chunk_by(|a, b| is_draft(a) == is_draft(b)) {
            let journal = if is_draft(&run[0]) { &mut self.drafts } else { &mut self.outbox };
            if let Err(e) = journal.append(run) {
                return (done, Err(e));
            }
            run.iter().cloned().for_each(|record| self.kept.apply(record));
            done += run.len();
        }
        let tidied = self
            .drafts
            .tidy(&self.kept.draft_records())
            .and_then(|()| self.outbox.tidy(&self.kept.outbox_records()));
        if let Err(e) = tidied {
            tracing::warn!(error = %e, "a journal could not be written anew; it goes on growing");
        }
        (done, Ok(()))
    }
}

fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// Locks a console's folder; none: a live console has it.
fn try_lock(folder: &Path) -> io::Result<Option<File>> {
    let file =
        File::options().read(true).write(true).create(true).truncate(false).open(folder.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::DraftKind;
    use crate::conversation::{Cid, ConversationId, Time};
    use crate::protocol::{AgentOp, MessageArg};
    use uuid::Uuid;

    fn put(n: u128, at: i64) -> Record {
        let arg = MessageArg {
            conversation: ConversationId(Uuid::from_u128(1)),
            cid: Cid(Uuid::from_u128(n)),
            text: format!("message {n}"),
        };
        Record::Put { cid: arg.cid, at: Time(at), op: Box::new(AgentOp::MessageSend(arg)) }
    }

    fn draft(n: u128, text: &str) -> Record {
        Record::Draft {
            conversation: ConversationId(Uuid::from_u128(n)),
            kind: DraftKind::Reply,
            text: text.into(),
        }
    }

    fn open(state: &Path, instance: &str) -> io::Result<Store> {
        let server = Address::parse("http://127.0.0.1:1").expect("an address");
        Store::open(state, &server, "bt_secret", instance)
    }

    #[test]
    fn a_new_console_adopts_what_a_dead_one_left_and_leaves_the_living_alone() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let mut dead = open(dir.path(), "dead").expect("opens");
        dead.write(&[put(1, 20), put(2, 10), draft(7, "older"), draft(8, "only here")]).1.expect("writes");
        let mut living = open(dir.path(), "living").expect("opens beside it");
        assert!(living.kept().outbox.is_empty(), "the first console still had its lock");
        living.write(&[put(3, 30), draft(7, "newer")]).1.expect("writes");
        drop(dead);

        let heir = open(dir.path(), "heir").expect("opens");
        let ids: Vec<u128> = heir.kept().outbox.iter().map(|(cid, ..)| cid.0.as_u128()).collect();
        assert_eq!(ids, [2, 1], "in the order they were sent, without the living console's");
        assert_eq!(heir.kept().drafts.len(), 2);
        drop(heir);
        drop(living);

        let last = open(dir.path(), "last").expect("opens");
        assert_eq!(last.kept().outbox.len(), 3);
        let both: Vec<&String> = last
            .kept()
            .drafts
            .iter()
            .filter(|((c, _), _)| c.0.as_u128() == 7)
            .map(|(_, text)| text)
            .collect();
        assert_eq!(both.len(), 1);
        assert!(both[0].contains("older") && both[0].contains("newer"), "neither draft is lost: {}", both[0]);
        drop(last);
        let again = open(dir.path(), "last").expect("opens its own folder again");
        assert_eq!(again.kept().outbox.len(), 3);
    }

    #[test]
    fn one_instance_runs_once() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let first = open(dir.path(), "a").expect("opens");
        assert_eq!(open(dir.path(), "a").expect_err("is locked").kind(), io::ErrorKind::ResourceBusy);
        drop(first);
        open(dir.path(), "a").expect("opens after the first has ended");
        for bad in ["", "..", "a/b", "a b"] {
            assert!(open(dir.path(), bad).is_err(), "{bad:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_them() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a temporary folder");
        let state = dir.path().join("state");
        let mut store = open(&state, "a").expect("opens");
        store.write(&[put(1, 1)]).1.expect("writes");
        let mut folders = vec![state];
        while let Some(folder) = folders.pop() {
            assert_eq!(fs::metadata(&folder).expect("is there").permissions().mode() & 0o077, 0);
            for entry in fs::read_dir(&folder).expect("reads") {
                let path = entry.expect("reads").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some() {
                    assert_eq!(fs::metadata(&path).expect("is there").permissions().mode() & 0o077, 0);
                }
            }
        }
    }
}
