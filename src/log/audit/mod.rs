//! Who did what to which conversation, agent, site or setting: append-only, and chained by hashes.
//!
//! Every entry's hash covers the entry before it, so a row that was changed, taken out or slipped in by hand is found
//! ([`Trail::verify`]) and named. Triggers keep SQL from changing a row by accident. Invariant: an entry is written in the very
//! transaction that does the deed, so there is neither without the other. Refused here: visitors' words, tokens and other
//! secrets; whoever makes an [`Entry`] keeps them out of `before` and `after`.
//!
//! What a chain cannot show: entries cut off at its end by somebody who can write the file. Who needs that keeps the last
//! hash elsewhere (`baton audit --verify` prints it).
//!
//! Agents' deeds in conversations that change who answers (accepted, taken over, released, transferred, handed back,
//! resolved, reopened), and what the server takes from an agent who may hold it no more, are entries, too: written with their
//! events by [`super::Batch`]. What was said is in the log alone.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::error::OpenError;
use super::{StoreError, agents};
use crate::conversation::{
    AgentRef, ConversationId, Event, ReleaseCause, ResolvedBy, SiteId, Time, VisitorId,
};

mod chain;

pub use chain::{Broken, Recorded, Trail, Verified};

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

/// The entry an event makes, where it is an agent's deed that changes who answers, or undoes an agent's hold.
pub(super) fn of_event(event: &Event, id: ConversationId, site: Option<&SiteId>) -> Option<Entry> {
    let mut after = Value::Null;
    let mut before = Value::Null;
    let named = |agent: &AgentRef| serde_json::json!({ "id": agent.id, "name": agent.name });
    let target = Target::Conversation { id, site: site.cloned() };
    let (by, deed) = match event {
        Event::Released(ReleaseCause::Withdrawn { from }) => {
            return Some(Entry::new(Actor::Server, Deed::Released, target).with(named(from), Value::Null));
        }
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
    Some(Entry::new(Actor::Agent(by.clone()), deed, target).with(before, after))
}
