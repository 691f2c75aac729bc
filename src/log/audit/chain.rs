//! Reading the trail, and following its chain.

use std::path::Path;

use rusqlite::{Connection, params};

use super::{Entry, GENESIS, link};
use crate::conversation::Time;
use crate::log::error::OpenError;
use crate::log::{StoreError, agents};

/// An entry as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its number, from 1.
    pub no: u64,
    /// When.
    pub at: Time,
    /// The deed.
    pub entry: Entry,
}

/// What is wrong with the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The first entry that is not as it was written.
    pub no: u64,
    /// In words.
    pub why: &'static str,
}

/// The outcome of [`Trail::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Entries that are as they were written, from the first on.
    pub entries: u64,
    /// The hash of the last of them, in hexadecimal: what somebody can keep elsewhere.
    pub last_hash: String,
    /// Whether the hash that was expected is one of theirs.
    pub expected_seen: bool,
    /// The first that is not, if any.
    pub broken: Option<Broken>,
}

/// The trail of a store, read from another process.
#[derive(Debug)]
pub struct Trail(Connection);

impl Trail {
    /// Opens the store in this folder, also while a server has it open.
    ///
    /// # Errors
    /// [`OpenError`]: there is none, or it cannot be read.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        agents::open_existing(dir).map(Self)
    }

    /// Entries since a time (all, where none is given), oldest first; of those the newest `limit`.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn entries(&self, since: Option<Time>, limit: usize) -> Result<Vec<Recorded>, StoreError> {
        entries(&self.0, since, limit)
    }

    /// Follows the chain from its first entry to its last, or to the first that is broken. `expect`: a hash, in lower-case
    /// hexadecimal, that was the last one once.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn verify(&self, expect: Option<&str>) -> Result<Verified, StoreError> {
        verify(&self.0, expect)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Follows the chain from its first entry to its last or to the first that is broken.
fn verify(conn: &Connection, expect: Option<&str>) -> Result<Verified, StoreError> {
    let mut statement = conn.prepare("SELECT no, at, entry, hash FROM audit ORDER BY no")?;
    let mut rows = statement.query([])?;
    let mut before = GENESIS.to_vec();
    let mut entries = 0;
    let mut broken = None;
    let mut expected_seen = expect == Some(hex(&before).as_str());
    while let Some(row) = rows.next()? {
        let (no, at, text): (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let hash: Vec<u8> = row.get(3)?;
        let expected = entries as i64 + 1;
        let why = if no != expected {
            Some((expected, "it is missing"))
        } else if link(&before, no, Time(at), &text)[..] != hash[..] {
            Some((no, "it is not what was written, or the entry before it is not"))
        } else if serde_json::from_str::<Entry>(&text).is_err() {
            Some((no, "it is no entry this version of Baton knows"))
        } else {
            None
        };
        if let Some((no, why)) = why {
            broken = Some(Broken { no: no.max(1) as u64, why });
            break;
        }
        before = hash;
        entries += 1;
        expected_seen |= expect.is_some_and(|expect| expect == hex(&before));
    }
    Ok(Verified { entries, last_hash: hex(&before), expected_seen, broken })
}

/// Entries since a time (all, where none is given), oldest first; of those the newest `limit`.
fn entries(conn: &Connection, since: Option<Time>, limit: usize) -> Result<Vec<Recorded>, StoreError> {
    let mut statement =
        conn.prepare("SELECT no, at, entry FROM audit WHERE at >= ?1 ORDER BY no DESC LIMIT ?2")?;
    let mut rows =
        statement.query(params![since.unwrap_or(Time(i64::MIN)).0, i64::try_from(limit).unwrap_or(-1)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let entry = serde_json::from_str(row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?)?;
        found.push(Recorded { no: row.get::<_, i64>(0)? as u64, at: Time(row.get(1)?), entry });
    }
    found.reverse();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::{Actor, Deed, Entry, Target, append};
    use super::*;
    use serde_json::Value;

    fn store() -> Connection {
        let conn = Connection::open_in_memory().expect("memory");
        for step in crate::log::schema::STEPS {
            conn.execute_batch(step).expect("the tables");
        }
        conn
    }

    fn filled(n: u64) -> Connection {
        let conn = store();
        for i in 1..=n {
            let entry = Entry::new(Actor::here(), Deed::Reloaded, Target::Store)
                .with(Value::Null, serde_json::json!({ "i": i }));
            assert_eq!(append(&conn, Time(i as i64), &entry).expect("appended"), i);
        }
        conn
    }

    #[test]
    fn a_chain_as_written_verifies_and_says_its_last_hash() {
        let empty = verify(&store(), None).expect("read");
        assert_eq!((empty.entries, empty.broken), (0, None));
        let conn = filled(20);
        let whole = verify(&conn, None).expect("read");
        assert_eq!((whole.entries, &whole.broken, whole.last_hash.len()), (20, &None, 64));
        assert_ne!(whole.last_hash, empty.last_hash);
        let early = verify(&filled(5), None).expect("read").last_hash;
        assert!(
            verify(&conn, Some(&early)).expect("read").expected_seen,
            "what was the end is in the middle"
        );
        let later = verify(&filled(21), None).expect("read").last_hash;
        assert!(!verify(&conn, Some(&later)).expect("read").expected_seen, "an entry was cut off");
        assert_eq!(entries(&conn, Some(Time(18)), 100).expect("read").len(), 3);
        let newest = entries(&conn, None, 2).expect("read");
        assert_eq!(newest.iter().map(|r| r.no).collect::<Vec<_>>(), [19, 20]);
    }

    #[test]
    fn no_statement_changes_an_entry() {
        let conn = filled(3);
        for sql in ["UPDATE audit SET at = 0", "DELETE FROM audit", "DELETE FROM audit WHERE no = 3"] {
            assert!(conn.execute_batch(sql).is_err(), "{sql}");
        }
        assert_eq!(verify(&conn, None).expect("read").entries, 3);
    }

    #[test]
    fn whoever_goes_round_the_triggers_is_found_at_the_first_entry_they_touched() {
        let cases = [
            ("UPDATE audit SET entry = replace(entry, '\"i\":7', '\"i\":8') WHERE no = 7", 7),
            ("UPDATE audit SET at = at + 1 WHERE no = 5", 5),
            ("UPDATE audit SET hash = zeroblob(32) WHERE no = 9", 9),
            ("DELETE FROM audit WHERE no = 4", 4),
            ("DELETE FROM audit WHERE no = 1", 1),
            ("UPDATE audit SET no = 0 WHERE no = 1", 1),
            ("DELETE FROM audit WHERE no = 4; UPDATE audit SET no = no - 1 WHERE no > 4", 4),
        ];
        for (sql, first) in cases {
            let conn = filled(10);
            conn.execute_batch("DROP TRIGGER audit_stays; DROP TRIGGER audit_keeps").expect("dropped");
            conn.execute_batch(sql).expect(sql);
            let broken = verify(&conn, None).expect("read").broken.map(|b| b.no);
            assert_eq!(broken, Some(first), "{sql}");
        }
    }

    #[test]
    fn deeds_have_words_that_stay() {
        assert_eq!(Deed::AgentRemoved.word(), "agent.removed");
        assert_eq!(Deed::TakenOver.word(), "conversation.taken_over");
    }
}
