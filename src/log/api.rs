//! The shape of the log room, before it was built.
#![allow(unused_variables, missing_docs)]

use std::path::Path;

use crate::conversation::{
    AgentId, Cid, Conversation, ConversationId, Entry, Event, Role, Row, SiteId, Tab, Time, VisitorId,
};
use crate::protocol::AvailabilityInfo;

/// Why a store cannot be opened: newer version, not ours, locked by another server, SQLite too old, I/O.
#[derive(Debug, thiserror::Error)]
#[error("todo")]
pub struct OpenError;

/// Why a read or write failed. `Full` is typed: nothing was acknowledged and reading goes on.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    #[error("the disk is full")]
    Full,
    #[error("the conversation is at version {found}, not {expected}")]
    Conflict { expected: u64, found: u64 },
    #[error("the store failed: {0}")]
    Failed(String),
}

/// Who a client id belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Principal {
    Visitor(VisitorId),
    Agent(AgentId),
    Assistant,
    System,
}

/// What a client id did the first time.
#[derive(Debug, Clone, PartialEq)]
pub struct Remembered {
    pub content_hash: [u8; 16],
    pub conversation: ConversationId,
    pub version: u64,
    pub seq: u64,
    pub event: Event,
}

/// One command's events, to be appended.
#[derive(Debug)]
pub struct Append<'a> {
    pub conversation: ConversationId,
    /// Version before.
    pub expected: u64,
    pub at: Time,
    pub principal: Principal,
    /// Client id, hash of the content, and the index of the event that carries it.
    pub cid: Option<(Cid, [u8; 16], usize)>,
    pub events: &'a [Event],
    /// The state after them.
    pub after: &'a Conversation,
}

/// Where they stand.
#[derive(Debug)]
pub struct Appended {
    pub first_seq: u64,
    pub last_seq: u64,
    /// Each event as JSON `{"type":…,"d":…}`, as stored.
    pub bodies: Vec<String>,
}

/// The writer.
pub struct Log {}

/// One open write transaction: many commands, one flush. Dropped without commit: rolled back.
pub struct Batch<'a> {
    _log: &'a mut Log,
}

impl Log {
    /// Opens or creates the store in this folder, alone (a lock file keeps a second server out), migrated.
    pub fn open(dir: &Path) -> Result<Log, OpenError> {
        unimplemented!()
    }
    pub fn id(&self) -> &str {
        unimplemented!()
    }
    pub fn head(&self) -> u64 {
        unimplemented!()
    }
    pub fn readers(&self, connections: usize) -> Result<Readers, OpenError> {
        unimplemented!()
    }
    pub fn begin(&mut self) -> Result<Batch<'_>, StoreError> {
        unimplemented!()
    }
    /// Brings the full-text index up to date by at most `events`; returns how many were indexed. Called when idle.
    pub fn index_text(&mut self, events: usize) -> Result<usize, StoreError> {
        unimplemented!()
    }
    pub fn set_availability(
        &mut self,
        agent: AgentId,
        to: &AvailabilityInfo,
        at: Time,
    ) -> Result<(), StoreError> {
        unimplemented!()
    }
    /// When a console of this agent was last seen (kept over a restart).
    pub fn set_last_seen(&mut self, agent: AgentId, at: Time) -> Result<(), StoreError> {
        unimplemented!()
    }
    /// Every conversation a timer may concern: all not resolved, and resolved ones not announced yet.
    pub fn unfinished(&mut self) -> Result<Vec<Conversation>, StoreError> {
        unimplemented!()
    }
}

impl Batch<'_> {
    pub fn remembered(&mut self, principal: Principal, cid: Cid) -> Result<Option<Remembered>, StoreError> {
        unimplemented!()
    }
    pub fn conversation(&mut self, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
        unimplemented!()
    }
    pub fn current_of(
        &mut self,
        site: &SiteId,
        visitor: VisitorId,
    ) -> Result<Option<ConversationId>, StoreError> {
        unimplemented!()
    }
    pub fn append(&mut self, append: Append<'_>) -> Result<Appended, StoreError> {
        unimplemented!()
    }
    /// Flushes to disk. Until this returns Ok nothing happened.
    pub fn commit(self) -> Result<(), StoreError> {
        unimplemented!()
    }
}

/// A pool of read-only connections. Clone, Send, Sync.
#[derive(Clone)]
pub struct Readers {}

impl Readers {
    /// Runs a read in one read transaction: everything in it is of one position. Blocks: call off the async threads.
    pub fn with<T>(&self, f: impl FnOnce(&Reader) -> Result<T, StoreError>) -> Result<T, StoreError> {
        unimplemented!()
    }
}

/// A read transaction.
pub struct Reader {}

/// An event as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    pub seq: u64,
    pub conversation: ConversationId,
    pub version: u64,
    pub at: Time,
    pub event: Event,
    /// The JSON `{"type":…,"d":…}`.
    pub body: String,
    /// The client id, if a visitor's command made it.
    pub visitor_cid: Option<Cid>,
}

/// A page of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct ListPage {
    pub rows: Vec<Row>,
    /// Keyset cursor of the next page.
    pub next: Option<String>,
}

/// A search hit.
#[derive(Debug, Clone, PartialEq)]
pub struct LogHit {
    pub row: Row,
    pub excerpt: String,
    pub version: u64,
}

/// An agent, as stored. The token itself is not: only its SHA-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentRecord {
    pub id: AgentId,
    pub name: String,
    pub role: Role,
    /// None: all sites.
    pub sites: Option<Vec<SiteId>>,
    pub availability: AvailabilityInfo,
    pub last_seen: Option<Time>,
}

impl Reader {
    /// The position this transaction reads at.
    pub fn head(&self) -> Result<u64, StoreError> {
        unimplemented!()
    }
    /// All rows not resolved, of these sites (none: all).
    pub fn open_rows(&self, sites: Option<&[SiteId]>) -> Result<Vec<Row>, StoreError> {
        unimplemented!()
    }
    /// Rows whose last change is after `seq`, in order of that change, with its seq (resolved ones included).
    pub fn rows_changed_after(
        &self,
        seq: u64,
        sites: Option<&[SiteId]>,
        limit: usize,
    ) -> Result<Vec<(u64, Row)>, StoreError> {
        unimplemented!()
    }
    /// A page of a tab, in the tab's order: queue by wait, mine by who waits longest, resolved newest first, …
    pub fn list(
        &self,
        tab: Tab,
        me: Option<AgentId>,
        sites: Option<&[SiteId]>,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<ListPage, StoreError> {
        unimplemented!()
    }
    pub fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
        unimplemented!()
    }
    /// Conversations whose id starts with these hexadecimal digits (at most 2 are returned).
    pub fn by_prefix(&self, hex: &str) -> Result<Vec<ConversationId>, StoreError> {
        unimplemented!()
    }
    /// The last `limit` entries before `before` (a version; none: the end), oldest first, and whether there are older ones.
    pub fn entries(
        &self,
        id: ConversationId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<Entry>, bool), StoreError> {
        unimplemented!()
    }
    /// Events of a conversation after a position, in order.
    pub fn events_of(
        &self,
        id: ConversationId,
        after_seq: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        unimplemented!()
    }
    /// The visitor's latest conversation on a site.
    pub fn current_of(
        &self,
        site: &SiteId,
        visitor: VisitorId,
    ) -> Result<Option<ConversationId>, StoreError> {
        unimplemented!()
    }
    /// Other conversations of this visitor on this site, newest first.
    pub fn of_visitor(
        &self,
        site: &SiteId,
        visitor: VisitorId,
        except: ConversationId,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        unimplemented!()
    }
    /// Place in its site's queue, from 1; none if it is not queued.
    pub fn queue_position(&self, id: ConversationId) -> Result<Option<u64>, StoreError> {
        unimplemented!()
    }
    pub fn search(
        &self,
        query: &str,
        sites: Option<&[SiteId]>,
        limit: usize,
    ) -> Result<Vec<LogHit>, StoreError> {
        unimplemented!()
    }
    pub fn agents(&self) -> Result<Vec<AgentRecord>, StoreError> {
        unimplemented!()
    }
    pub fn agent_by_token(&self, token_sha256: &[u8; 32]) -> Result<Option<AgentRecord>, StoreError> {
        unimplemented!()
    }
}

/// Adds an agent from another process, also while a server has the store open; creates the store where there is none.
pub fn add_agent(dir: &Path, name: &str, role: Role, token_sha256: &[u8; 32]) -> Result<AgentId, OpenError> {
    unimplemented!()
}

/// Makes the read model anew from the log. Refused while a server runs.
pub fn rebuild(dir: &Path) -> Result<u64, OpenError> {
    unimplemented!()
}
