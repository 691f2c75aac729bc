//! An append-only file of what must survive: drafts, and the outbox.
//!
//! One line a record: eight hexadecimal digits of its SHA-256, a space, its JSON. A line without its newline or with a
//! wrong sum was torn by a crash: it is not counted, and what stands before and after it is. Invariant: cut at any byte,
//! the file reads as the fold of the records wholly before the cut.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::DraftKind;
use crate::conversation::{Cid, ConversationId, Time};
use crate::protocol::AgentOp;

/// Past this size, and four times what is alive in it, a file is written anew.
const REWRITE: u64 = 1 << 20;

/// One fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "snake_case")]
pub(super) enum Record {
    /// Into the outbox.
    Put {
        /// Client id; also inside `op`.
        cid: Cid,
        /// When the agent sent it.
        at: Time,
        /// What to send.
        op: Box<AgentOp>,
    },
    /// Out of the outbox: answered, or a draft again.
    Done {
        /// Which.
        cid: Cid,
    },
    /// What stands in a composer; empty: nothing.
    Draft {
        /// Where.
        conversation: ConversationId,
        /// Reply or note.
        kind: DraftKind,
        /// The words.
        text: String,
    },
}

/// The fold of records.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Kept {
    /// In the order they were sent.
    pub(super) outbox: Vec<(Cid, Time, AgentOp)>,
    /// What stands in composers.
    pub(super) drafts: BTreeMap<(ConversationId, DraftKind), String>,
}

impl Kept {
    /// Folds one record. A client id put twice counts once: an adopted file may tell it again.
    pub(super) fn apply(&mut self, record: Record) {
        match record {
            Record::Put { cid, at, op } => {
                if !self.outbox.iter().any(|(known, ..)| *known == cid) {
                    self.outbox.push((cid, at, *op));
                }
            }
            Record::Done { cid } => self.outbox.retain(|(known, ..)| *known != cid),
            Record::Draft { conversation, kind, text } => {
                if text.is_empty() {
                    self.drafts.remove(&(conversation, kind));
                } else {
                    self.drafts.insert((conversation, kind), text);
                }
            }
        }
    }

    /// The outbox as records.
    pub(super) fn outbox_records(&self) -> Vec<Record> {
        let put = |(cid, at, op): &(Cid, Time, AgentOp)| Record::Put {
            cid: *cid,
            at: *at,
            op: Box::new(op.clone()),
        };
        self.outbox.iter().map(put).collect()
    }

    /// The drafts as records.
    pub(super) fn draft_records(&self) -> Vec<Record> {
        let draft = |(&(conversation, kind), text): (&(ConversationId, DraftKind), &String)| Record::Draft {
            conversation,
            kind,
            text: text.clone(),
        };
        self.drafts.iter().map(draft).collect()
    }
}

/// A record as a line.
fn encode(record: &Record) -> io::Result<String> {
    let json = serde_json::to_string(record)?;
    Ok(format!("{} {json}\n", sum(&json)))
}

fn sum(json: &str) -> String {
    Sha256::digest(json.as_bytes())[..4].iter().map(|b| format!("{b:02x}")).collect()
}

/// The records in a file's bytes, and how many bytes of it end in a newline.
fn decode(bytes: &[u8]) -> (Vec<Record>, usize) {
    let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |last| last + 1);
    let records = bytes[..whole].split(|b| *b == b'\n').filter_map(|line| {
        let line = std::str::from_utf8(line).ok()?;
        let (claimed, json) = line.split_once(' ')?;
        if claimed != sum(json) {
            return None;
        }
        serde_json::from_str(json).ok()
    });
    (records.collect(), whole)
}

/// A file of records, open at its end.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    len: u64,
}

impl Journal {
    /// Opens or creates it, folds its records into `kept`, and cuts off a torn end.
    pub(super) fn open(path: &Path, kept: &mut Kept) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        private(&mut options);
        let mut file = options.open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let (records, whole) = decode(&bytes);
        records.into_iter().for_each(|record| kept.apply(record));
        let len = whole as u64;
        if whole < bytes.len() {
            file.set_len(len)?;
        }
        file.seek(SeekFrom::Start(len))?;
        Ok(Self { path: path.to_owned(), file, len })
    }

    /// Its file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends and flushes to disk. After an error the file is as it was before, as far as it can be.
    pub(super) fn append(&mut self, records: &[Record]) -> io::Result<()> {
        let mut lines = String::new();
        for record in records {
            lines.push_str(&encode(record)?);
        }
        let written = self.file.write_all(lines.as_bytes()).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => self.len += lines.len() as u64,
            Err(_) => {
                let _ = self.file.set_len(self.len).and_then(|()| self.file.seek(SeekFrom::Start(self.len)));
            }
        }
        written
    }

    /// Writes the file anew, with only what is alive, where that makes it much smaller. The old one stays until the new
    /// one is on disk.
    pub(super) fn tidy(&mut self, alive: &[Record]) -> io::Result<()> {
        if self.len < REWRITE {
            return Ok(());
        }
        self.rewrite_if_smaller(alive)
    }

    fn rewrite_if_smaller(&mut self, alive: &[Record]) -> io::Result<()> {
        let mut lines = String::new();
        for record in alive {
            lines.push_str(&encode(record)?);
        }
        if (lines.len() as u64).saturating_mul(4) > self.len {
            return Ok(());
        }
        let fresh = self.path.with_extension("new");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        private(&mut options);
        let mut file = options.open(&fresh)?;
        file.write_all(lines.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&fresh, &self.path)?;
        sync_folder(&self.path);
        self.len = lines.len() as u64;
        self.file = file;
        Ok(())
    }
}

/// Only the owner may read what an agent is writing to a customer.
fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = options;
}

/// Makes a new or renamed file's name durable. Where the platform cannot, the contents are still right.
pub(super) fn sync_folder(file: &Path) {
    if let Some(folder) = file.parent() {
        let _ = File::open(folder).and_then(|f| f.sync_all());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{CidOnly, MessageArg};
    use proptest::prelude::*;
    use uuid::Uuid;

    fn conversation(n: u8) -> ConversationId {
        ConversationId(Uuid::from_u128(u128::from(n) + 1))
    }

    fn cid(n: u8) -> Cid {
        Cid(Uuid::from_u128(u128::from(n) + 1))
    }

    fn record() -> impl Strategy<Value = Record> {
        let put = (0u8..6, 0u8..3, any::<String>(), 0i64..4_000_000_000_000).prop_map(|(c, n, text, at)| {
            let arg = MessageArg { conversation: conversation(n), cid: cid(c), text };
            Record::Put { cid: cid(c), at: Time(at), op: Box::new(AgentOp::MessageSend(arg)) }
        });
        let resolve = (0u8..6).prop_map(|c| {
            let arg = CidOnly { conversation: conversation(c), cid: cid(c) };
            Record::Put { cid: cid(c), at: Time(5), op: Box::new(AgentOp::Resolve(arg)) }
        });
        let done = (0u8..6).prop_map(|c| Record::Done { cid: cid(c) });
        let draft =
            (0u8..3, any::<bool>(), "[\\PC\n\r\u{1b}]{0,20}").prop_map(|(n, note, text)| Record::Draft {
                conversation: conversation(n),
                kind: if note { DraftKind::Note } else { DraftKind::Reply },
                text,
            });
        prop_oneof![put, resolve, done, draft]
    }

    fn fold(records: &[Record]) -> Kept {
        let mut kept = Kept::default();
        records.iter().cloned().for_each(|r| kept.apply(r));
        kept
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Cut at every byte: what is read is the records wholly before the cut, no more, no less, no error.
        #[test]
        fn a_cut_anywhere_leaves_a_prefix(records in proptest::collection::vec(record(), 0..8)) {
            let lines: Vec<String> = records.iter().map(|r| encode(r).expect("has a JSON form")).collect();
            let bytes = lines.concat().into_bytes();
            for cut in 0..=bytes.len() {
                let mut whole = 0;
                let mut end = 0;
                while whole < lines.len() && end + lines[whole].len() <= cut {
                    end += lines[whole].len();
                    whole += 1;
                }
                let (read, good) = decode(&bytes[..cut]);
                prop_assert_eq!(good, end);
                prop_assert_eq!(&read[..], &records[..whole]);
            }
        }

        /// A flipped byte costs its own record and no other, unless it makes a newline vanish (then two).
        #[test]
        fn a_damaged_byte_is_noticed(
            records in proptest::collection::vec(record(), 1..6), at in any::<prop::sample::Index>(), to in any::<u8>(),
        ) {
            let mut bytes = records.iter().map(|r| encode(r).expect("has a JSON form")).collect::<String>().into_bytes();
            let at = at.index(bytes.len());
            prop_assume!(bytes[at] != to);
            bytes[at] = to;
            let (read, _) = decode(&bytes);
            prop_assert!(read.len() + 2 >= records.len());
            prop_assert!(read.len() < records.len());
            prop_assert!(read.iter().all(|r| records.contains(r)));
        }

        /// The fold of the file is the fold of the records, also after a crash between any two appends and a rewrite.
        #[test]
        fn reopening_gives_the_fold(
            records in proptest::collection::vec(record(), 0..20), split in any::<prop::sample::Index>(), torn in 0usize..30,
        ) {
            let dir = tempfile::tempdir().expect("a temporary folder");
            let path = dir.path().join("outbox.log");
            let split = split.index(records.len() + 1);
            let mut kept = Kept::default();
            Journal::open(&path, &mut kept).expect("opens").append(&records[..split]).expect("appends");
            let torn_line = "0123abcd {\"k\":\"done\",\"cid\":\"00000000";
            let mut file = OpenOptions::new().append(true).open(&path).expect("opens");
            file.write_all(&torn_line.as_bytes()[..torn]).expect("writes");
            let mut kept = Kept::default();
            let mut journal = Journal::open(&path, &mut kept).expect("opens again");
            prop_assert_eq!(&kept, &fold(&records[..split]));
            journal.append(&records[split..]).expect("appends");
            let whole = fold(&records);
            let mut alive = whole.outbox_records();
            alive.extend(whole.draft_records());
            journal.rewrite_if_smaller(&alive).expect("rewrites");
            journal.append(&[]).expect("appends");
            let mut kept = Kept::default();
            Journal::open(&path, &mut kept).expect("opens a third time");
            prop_assert_eq!(kept, whole);
        }
    }

    #[test]
    fn a_file_that_is_mostly_dead_is_written_anew() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("drafts.log");
        let mut kept = Kept::default();
        let mut journal = Journal::open(&path, &mut kept).expect("opens");
        let draft =
            |text: String| Record::Draft { conversation: conversation(0), kind: DraftKind::Reply, text };
        for n in 0..300 {
            let record = draft(format!("{n} {}", "x".repeat(4096)));
            journal.append(std::slice::from_ref(&record)).expect("appends");
            kept.apply(record);
            journal.tidy(&kept.draft_records()).expect("tidies");
        }
        assert!(std::fs::metadata(&path).expect("is there").len() < REWRITE);
        let mut again = Kept::default();
        Journal::open(&path, &mut again).expect("opens again");
        assert_eq!(again, kept);
    }
}
