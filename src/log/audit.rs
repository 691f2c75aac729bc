//! Who did what to which conversation, agent, site or setting: append-only, and chained by hashes.
//!
//! Every entry's hash covers the entry before it, so a row that was changed, taken out or slipped in by hand is found
//! ([`verify`]) and named. Triggers keep SQL from changing a row by accident. Invariant: an entry is written in the very
//! transaction that does the deed, so there is neither without the other. Refused here: visitors' words, tokens and other
//! secrets; whoever makes an [`Entry`] keeps them out of `before` and `after`.
//!
//! What a chain cannot show: entries cut off at its end by somebody who can write the file. Who needs that keeps the last
//! hash elsewhere (`baton audit --verify` prints it).
//!
//! Agents' deeds in conversations that change who answers (accepted, taken over, released, transferred, handed back,
//! resolved, reopened) are entries, too: written with their events by [`super::Batch`]. What was said is in the log alone.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::error::OpenError;
use super::{Reader, StoreError, agents};
use crate::conversation::{
    AgentRef, ConversationId, Event, ReleaseCause, ResolvedBy, SiteId, Time, VisitorId,
};

/// The hash before the first entry.
const GENESIS: [u8; 32] = [0; 32];

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// An agent, over a socket, by the name they had then.
    Agent(AgentRef),
    /// Whoever ran a command on the server's machine.
    CommandLine {
        /// Their number at the system.
        uid: u32,
    },
    /// The server by itself.
    Server,
}

impl Actor {
    /// Whoever runs this program.
    pub fn here() -> Self {
        Self::CommandLine { uid: rustix::process::getuid().as_raw() }
    }

    /// For people.
    pub fn words(&self) -> String {
        match self {
            Actor::Agent(agent) => agent.name.clone(),
            Actor::CommandLine { uid } => format!("the command line (uid {uid})"),
            Actor::Server => "the server".into(),
        }
    }
}

/// What was done. Append only: a word that was stored once keeps its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Deed {
    /// An agent was added.
    #[serde(rename = "agent.added")]
    AgentAdded,
    /// An agent got a new token; the old one is no longer good.
    #[serde(rename = "agent.rotated")]
    AgentRotated,
    /// An agent's role, sites or groups changed.
    #[serde(rename = "agent.changed")]
    AgentChanged,
    /// An agent was removed.
    #[serde(rename = "agent.removed")]
    AgentRemoved,
    /// A visitor or an address was blocked, or an existing block changed.
    #[serde(rename = "blocked")]
    Blocked,
    /// A block was lifted.
    #[serde(rename = "unblocked")]
    Unblocked,
    /// An agent took a conversation from the queue.
    #[serde(rename = "conversation.accepted")]
    Accepted,
    /// An agent took a conversation from the assistant, or a supervisor from an agent.
    #[serde(rename = "conversation.taken_over")]
    TakenOver,
    /// An agent gave a conversation back to the queue, or to a group.
    #[serde(rename = "conversation.released")]
    Released,
    /// A conversation went from one agent to another.
    #[serde(rename = "conversation.transferred")]
    Transferred,
    /// An agent gave a conversation back to the assistant.
    #[serde(rename = "conversation.handed_back")]
    HandedBack,
    /// An agent ended a conversation.
    #[serde(rename = "conversation.resolved")]
    Resolved,
    /// An agent took a resolved conversation up again.
    #[serde(rename = "conversation.reopened")]
    Reopened,
    /// Conversations or a visitor's data were written out.
    #[serde(rename = "exported")]
    Exported,
    /// A visitor's data were erased.
    #[serde(rename = "erased")]
    Erased,
    /// A retention rule erased what was due.
    #[serde(rename = "retention.ran")]
    RetentionRan,
    /// A site was added.
    #[serde(rename = "site.added")]
    SiteAdded,
    /// A site's settings changed.
    #[serde(rename = "site.changed")]
    SiteChanged,
    /// A site was removed.
    #[serde(rename = "site.removed")]
    SiteRemoved,
    /// The configuration was read anew.
    #[serde(rename = "configuration.reloaded")]
    Reloaded,
    /// The store was copied.
    #[serde(rename = "backed_up")]
    BackedUp,
    /// The store was restored from a copy.
    #[serde(rename = "restored")]
    Restored,
}

impl Deed {
    /// The word in the store, in JSON and on screen.
    pub fn word(self) -> String {
        match serde_json::to_value(self) {
            Ok(Value::String(word)) => word,
            _ => String::new(),
        }
    }
}

/// What it was done to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Target {
    /// An agent, by the name they had then.
    Agent(AgentRef),
    /// A conversation.
    Conversation {
        /// Which.
        id: ConversationId,
        /// Of which site.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        site: Option<SiteId>,
    },
    /// A visitor: by id alone, never by name.
    Visitor {
        /// Who.
        id: VisitorId,
        /// On which site; none: on all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        site: Option<SiteId>,
    },
    /// An address or a network.
    Address {
        /// As CIDR.
        net: String,
        /// On which site; none: on all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        site: Option<SiteId>,
    },
    /// A site.
    Site {
        /// Which.
        id: SiteId,
    },
    /// A setting, by its key.
    Setting {
        /// As in `baton.toml`.
        key: String,
    },
    /// The store as a whole.
    Store,
}

impl Target {
    /// For people.
    pub fn words(&self) -> String {
        let on = |site: &Option<SiteId>| site.as_ref().map(|s| format!(" on {s}")).unwrap_or_default();
        match self {
            Target::Agent(agent) => agent.name.clone(),
            Target::Conversation { id, site } => format!("conversation {id}{}", on(site)),
            Target::Visitor { id, site } => format!("visitor {id}{}", on(site)),
            Target::Address { net, site } => format!("address {net}{}", on(site)),
            Target::Site { id } => format!("site {id}"),
            Target::Setting { key } => format!("setting {key}"),
            Target::Store => "the store".into(),
        }
    }
}

/// One deed. No visitor's words and no secret in any of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Who.
    pub actor: Actor,
    /// What.
    pub deed: Deed,
    /// To what.
    pub target: Target,
    /// How it was; null where there was nothing.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub before: Value,
    /// How it is now; null where there is nothing left.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub after: Value,
}

impl Entry {
    /// A deed without before and after.
    pub fn new(actor: Actor, deed: Deed, target: Target) -> Self {
        Self { actor, deed, target, before: Value::Null, after: Value::Null }
    }

    /// With what changed.
    pub fn with(mut self, before: Value, after: Value) -> Self {
        (self.before, self.after) = (before, after);
        self
    }
}

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

/// The outcome of [`verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Entries that are as they were written, from the first on.
    pub entries: u64,
    /// The hash of the last of them, in hexadecimal: what somebody can keep elsewhere.
    pub last_hash: String,
    /// The first that is not, if any.
    pub broken: Option<Broken>,
}

/// The wall clock, for entries.
pub fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Appends an entry in the caller's open write transaction (a `rusqlite::Transaction` gives its connection by itself) and
/// returns its number. The caller commits it together with the deed.
///
/// # Errors
/// [`StoreError`] when it cannot be written; then the deed must not be committed either.
pub fn append(tx: &Connection, at: Time, entry: &Entry) -> Result<u64, StoreError> {
    Ok(insert(tx, at, entry)?)
}

/// [`append`], with SQLite's own error.
pub(super) fn insert(tx: &Connection, at: Time, entry: &Entry) -> rusqlite::Result<u64> {
    let text = serde_json::to_string(entry).map_err(|e| rusqlite::Error::ToSqlConversionFailure(e.into()))?;
    let last = tx
        .prepare_cached("SELECT no, hash FROM audit ORDER BY no DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))
        .optional()?;
    let (no, before) = last.unwrap_or((0, GENESIS.to_vec()));
    let no = no + 1;
    tx.prepare_cached("INSERT INTO audit (no, at, entry, hash) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![no, at.0, text, link(&before, no, at, &text)])?;
    Ok(no as u64)
}

/// Appends an entry from another process, in a transaction of its own, also while a server has the store open.
///
/// # Errors
/// Why the store cannot be opened or written; nothing was changed then.
pub fn append_to(dir: &Path, entry: &Entry) -> Result<u64, OpenError> {
    let mut conn = agents::open_existing(dir)?;
    let failed = || OpenError::sqlite("note what was done");
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed())?;
    let no = append(&tx, now(), entry).map_err(super::agents_change::damaged)?;
    tx.commit().map_err(failed())?;
    Ok(no)
}

/// SHA-256 over the hash before, the number, the time and the entry's text as stored.
fn link(before: &[u8], no: i64, at: Time, text: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(no.to_le_bytes());
    hash.update(at.0.to_le_bytes());
    hash.update(text.as_bytes());
    hash.finalize().into()
}

/// Follows the chain from its first entry to its last or to the first that is broken.
///
/// # Errors
/// [`StoreError`] when the store cannot be read.
pub fn verify(conn: &Connection) -> Result<Verified, StoreError> {
    let mut statement = conn.prepare("SELECT no, at, entry, hash FROM audit ORDER BY no")?;
    let mut rows = statement.query([])?;
    let mut before = GENESIS.to_vec();
    let mut entries = 0;
    let mut broken = None;
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
    }
    let last_hash = before.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Verified { entries, last_hash, broken })
}

/// Entries since a time (all, where none is given), oldest first; of those the newest `limit`.
///
/// # Errors
/// [`StoreError`] when the store cannot be read.
pub fn entries(conn: &Connection, since: Option<Time>, limit: usize) -> Result<Vec<Recorded>, StoreError> {
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

impl Reader {
    /// [`entries`], on this connection.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn audit(&self, since: Option<Time>, limit: usize) -> Result<Vec<Recorded>, StoreError> {
        entries(&self.conn, since, limit)
    }
}

/// The entry an event makes, where it is an agent's deed that changes who answers.
pub(super) fn of_event(event: &Event, id: ConversationId, site: Option<&SiteId>) -> Option<Entry> {
    let mut after = Value::Null;
    let mut before = Value::Null;
    let named = |agent: &AgentRef| serde_json::json!({ "id": agent.id, "name": agent.name });
    let (by, deed) = match event {
        Event::Accepted { agent } => (agent, Deed::Accepted),
        Event::TakenOver { agent, from } => {
            before = from.as_ref().map(named).unwrap_or_default();
            (agent, Deed::TakenOver)
        }
        Event::Released(ReleaseCause::Agent { by, .. }) => (by, Deed::Released),
        Event::Released(ReleaseCause::Transferred { by, group }) => {
            after = serde_json::json!({ "group": group });
            (by, Deed::Released)
        }
        Event::Transferred { by, to } => {
            after = named(to);
            (by, Deed::Transferred)
        }
        Event::HandedBack { by } if by.id != crate::conversation::AgentId::NIL => (by, Deed::HandedBack),
        Event::Resolved(ResolvedBy::Agent(by)) => (by, Deed::Resolved),
        Event::Reopened { agent, .. } => (agent, Deed::Reopened),
        _ => return None,
    };
    let target = Target::Conversation { id, site: site.cloned() };
    Some(Entry::new(Actor::Agent(by.clone()), deed, target).with(before, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> Connection {
        let conn = Connection::open_in_memory().expect("memory");
        for step in super::super::schema::STEPS {
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
        let empty = verify(&store()).expect("read");
        assert_eq!((empty.entries, empty.broken), (0, None));
        let conn = filled(20);
        let whole = verify(&conn).expect("read");
        assert_eq!((whole.entries, &whole.broken, whole.last_hash.len()), (20, &None, 64));
        assert_ne!(whole.last_hash, empty.last_hash);
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
        assert_eq!(verify(&conn).expect("read").entries, 3);
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
            let broken = verify(&conn).expect("read").broken.map(|b| b.no);
            assert_eq!(broken, Some(first), "{sql}");
        }
    }

    #[test]
    fn deeds_have_words_that_stay() {
        assert_eq!(Deed::AgentRemoved.word(), "agent.removed");
        assert_eq!(Deed::TakenOver.word(), "conversation.taken_over");
    }
}
