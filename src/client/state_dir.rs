//! Where a console keeps its drafts and outbox, and how a new console takes over what a dead one left.
//!
//! `<state>/<server>/<agent>/<instance>/{drafts,outbox}.log` and a `lock` that the console holds while it lives. `<agent>`
//! is made from the token, so that it is known while the server cannot be reached; once the server has said who that is, a
//! file `agent` in it says so too, and what dead consoles of the same agent left under another token is adopted as well: a
//! replaced token loses nothing. A folder whose lock is free belonged
//! to a console that ended or was killed: its records are copied into the new console's files, flushed, and only then it
//! is removed. A crash between the two tells them twice, which counts once (same client ids).

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use sha2::{Digest, Sha256};

use super::journal::{Journal, Kept, Record, sync_folder};
use super::{Address, DraftKind};
use crate::conversation::{AgentId, ConversationId};

/// The file beside a token's consoles that says which agent the token was.
const AGENT: &str = "agent";

/// `$XDG_STATE_HOME/baton`, or the platform's place for state; none where there is no home folder.
pub fn default_state_dir() -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.state_dir().unwrap_or_else(|| base.data_dir()).join("baton"))
}

/// Where the consoles of this token have their folders.
fn consoles(state: &Path, server: &Address, token: &str) -> PathBuf {
    let agent: String = Sha256::digest(token.as_bytes())[..8].iter().map(|b| format!("{b:02x}")).collect();
    state.join(server.folder()).join(agent)
}

/// The folder in a console's own where drafts lie while they are open in an editor.
pub(super) fn edit_folder(state: &Path, server: &Address, token: &str, instance: &str) -> PathBuf {
    consoles(state, server, token).join(instance).join("edit")
}

/// What the file of a draft is called while it is open in an editor.
pub fn edit_name(conversation: ConversationId, kind: DraftKind) -> String {
    let kind = match kind {
        DraftKind::Reply => "reply",
        DraftKind::Note => "note",
    };
    format!("{}.{kind}.md", conversation.0)
}

/// The other way round.
fn edited_of(name: &str) -> Option<(ConversationId, DraftKind)> {
    let (id, kind) = name.strip_suffix(".md")?.split_once('.')?;
    let kind = match kind {
        "reply" => DraftKind::Reply,
        "note" => DraftKind::Note,
        _ => return None,
    };
    Some((ConversationId(id.parse().ok()?), kind))
}

/// So much of an editor's file is found again, bytes: as much as a composer takes.
const EDITED_MOST: u64 = 1024 * 1024;

/// Takes the drafts that were open in an editor when a console died over what that console had kept of them. An empty file,
/// or one that is only the beginning of the draft, was being written when all ended: then the draft is the better one.
fn found_in_editor(folder: &Path, kept: &mut Kept) {
    let Ok(entries) = fs::read_dir(folder.join("edit")) else { return };
    for entry in entries.flatten() {
        let Some(key) = entry.file_name().to_str().and_then(edited_of) else { continue };
        let mut bytes = Vec::new();
        let read = File::open(entry.path()).and_then(|file| file.take(EDITED_MOST).read_to_end(&mut bytes));
        if read.is_err() {
            continue;
        }
        let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
        let fits = |c: &char| *c == '\n' || *c == '\t' || !c.is_control();
        let text: String = text.trim_end().chars().filter(fits).collect();
        let draft = kept.drafts.entry(key).or_default();
        if !draft.starts_with(&text) {
            *draft = text;
        }
    }
    kept.drafts.retain(|_, text| !text.is_empty());
}

/// One console's files, locked.
#[derive(Debug)]
pub(super) struct Store {
    drafts: Journal,
    outbox: Journal,
    kept: Kept,
    /// The folder of all consoles of this token.
    consoles: PathBuf,
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
        let consoles = consoles(state, server, token);
        let own = consoles.join(instance);
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
        let mut store = Self { drafts, outbox, kept, consoles, unsynced, _lock: lock };
        let beside = store.consoles.clone();
        for other in store.others_in(&beside)? {
            if let Err(e) = store.adopt(&other) {
                tracing::warn!(error = %e, "drafts of an earlier console could not be adopted; they stay where they are");
            }
        }
        store.kept.outbox.sort_by_key(|(_, at, _)| *at);
        Ok(store)
    }

    /// The folders of other consoles in one, oldest first, so that of two drafts for one conversation the newer stays on top.
    fn others_in(&self, consoles: &Path) -> io::Result<Vec<PathBuf>> {
        let own = |path: &PathBuf| self.drafts.path().parent() == Some(path);
        let mut others: Vec<PathBuf> = fs::read_dir(consoles)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.is_dir() && !own(path))
            .collect();
        others.sort_by_key(|path| fs::metadata(path.join("drafts.log")).and_then(|m| m.modified()).ok());
        Ok(others)
    }

    /// The server says which agent this token is: remembers it beside the token's consoles, and adopts what dead consoles
    /// left under other tokens of the same agent, as after the token was replaced. Gives what came in.
    pub(super) fn claim(&mut self, agent: AgentId) -> io::Result<Kept> {
        let mark = self.consoles.join(AGENT);
        let id = agent.0.to_string();
        if fs::read_to_string(&mark).ok().as_deref() != Some(id.as_str()) {
            fs::write(&mark, &id)?;
            sync_folder(&mark);
        }
        let mut found = Kept::default();
        let Some(server) = self.consoles.parent().map(Path::to_owned) else { return Ok(found) };
        for entry in fs::read_dir(server)?.flatten() {
            let tokens = entry.path();
            let same = tokens != self.consoles
                && fs::read_to_string(tokens.join(AGENT)).is_ok_and(|marked| marked.trim() == id);
            if !same {
                continue;
            }
            for other in self.others_in(&tokens)? {
                match self.adopt(&other) {
                    Ok(adopted) => {
                        found.outbox.extend(adopted.outbox);
                        found.drafts.extend(adopted.drafts);
                    }
                    Err(e) => tracing::warn!(error = %e, "drafts under an older token could not be adopted"),
                }
            }
        }
        Ok(found)
    }

    /// Takes over what a dead console left; gives its drafts as they were, and its outbox.
    fn adopt(&mut self, other: &Path) -> io::Result<Kept> {
        let Some(lock) = try_lock(other)? else { return Ok(Kept::default()) };
        let mut found = Kept::default();
        for name in ["outbox.log", "drafts.log"] {
            if other.join(name).exists() {
                Journal::open(&other.join(name), &mut found)?;
            }
        }
        found_in_editor(other, &mut found);
        let theirs = found.clone();
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
        Ok(theirs)
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

    fn under(state: &Path, token: &str, instance: &str) -> Store {
        let server = Address::parse("http://127.0.0.1:1").expect("an address");
        Store::open(state, &server, token, instance).expect("opens")
    }

    fn drafts(store: &Store) -> Vec<&str> {
        store.kept().drafts.values().map(String::as_str).collect()
    }

    #[test]
    fn a_replaced_token_loses_nothing_and_another_agents_drafts_stay_theirs() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (ana, bo) = (AgentId(Uuid::from_u128(1)), AgentId(Uuid::from_u128(2)));
        for (token, agent, text) in [("old", ana, "Ana's"), ("bos", bo, "Bo's")] {
            let mut store = under(dir.path(), token, "a");
            store.claim(agent).expect("claims");
            store.write(&[draft(7, text), put(agent.0.as_u128() + 10, 1)]).1.expect("writes");
        }
        let mut heir = under(dir.path(), "new", "b");
        assert!(heir.kept().drafts.is_empty(), "not known yet whose token this is");
        heir.write(&[draft(7, "begun")]).1.expect("writes");
        let found = heir.claim(ana).expect("claims");
        assert_eq!(found.drafts.values().collect::<Vec<_>>(), ["Ana's"]);
        assert_eq!(found.outbox.len(), 1);
        assert_eq!(drafts(&heir), ["Ana's\nbegun"]);
        assert!(heir.claim(ana).expect("claims again").drafts.is_empty(), "once");
        drop(heir);
        assert_eq!(drafts(&under(dir.path(), "new", "c")), ["Ana's\nbegun"]);
        assert_eq!(drafts(&under(dir.path(), "bos", "c")), ["Bo's"]);
    }

    #[test]
    fn what_an_editor_was_left_with_is_a_draft_again() {
        let conversation = |n| ConversationId(Uuid::from_u128(n));
        for (kept, file, expected) in [
            ("hello", "hello and more\n", "hello and more"),
            ("hello", "\u{1b}[31mhi\r\nyou\n", "[31mhi\nyou"),
            ("hello", "", "hello"),
            ("hello", "hel", "hello"),
            ("", "new\n", "new"),
        ] {
            let dir = tempfile::tempdir().expect("a temporary folder");
            let mut dead = open(dir.path(), "dead").expect("opens");
            dead.write(&[draft(7, kept)]).1.expect("writes");
            let folder = dead.consoles.join("dead/edit");
            fs::create_dir(&folder).expect("makes it");
            let name = edit_name(conversation(7), DraftKind::Reply);
            fs::write(folder.join(&name), file).expect("writes");
            fs::write(folder.join("something.md"), "else").expect("writes");
            assert!(open(dir.path(), "beside").expect("opens").kept().drafts.is_empty(), "it lives");
            drop(dead);
            assert_eq!(drafts(&open(dir.path(), "heir").expect("opens")), [expected], "{kept:?} {file:?}");
        }
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
