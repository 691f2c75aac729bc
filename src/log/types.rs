//! What goes in and what comes out of the log.

use crate::conversation::{
    AgentId, Cid, Conversation, ConversationId, Event, Role, Row, SiteId, Time, VisitorId,
};
use crate::protocol::AvailabilityInfo;

/// Who a client id belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Principal {
    /// A visitor.
    Visitor(VisitorId),
    /// An agent.
    Agent(AgentId),
    /// The assistant.
    Assistant,
    /// The engine's timers.
    System,
}

/// What a client id did the first time.
#[derive(Debug, Clone, PartialEq)]
pub struct Remembered {
    /// Hash of the content it was used for: other content under the same id is refused by the caller.
    pub content_hash: [u8; 16],
    /// Where.
    pub conversation: ConversationId,
    /// Version of the event that carries the id.
    pub version: u64,
    /// Its position in the log.
    pub seq: u64,
    /// The event itself.
    pub event: Event,
}

/// One command's events, to be appended.
#[derive(Debug)]
pub struct Append<'a> {
    /// To which conversation; it begins to exist with its first event.
    pub conversation: ConversationId,
    /// Version before.
    pub expected: u64,
    /// When: the time of all of them.
    pub at: Time,
    /// Whose command it was.
    pub principal: Principal,
    /// Client id, hash of the content, and the index of the event that carries it.
    pub cid: Option<(Cid, [u8; 16], usize)>,
    /// The events, in order; at least one.
    pub events: &'a [Event],
    /// The state after them.
    pub after: &'a Conversation,
}

/// Where they stand.
#[derive(Debug)]
pub struct Appended {
    /// Position of the first.
    pub first_seq: u64,
    /// Position of the last.
    pub last_seq: u64,
    /// Each event as JSON `{"type":…,"d":…}`, as stored.
    pub bodies: Vec<String>,
}

/// An event as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// Position in the log.
    pub seq: u64,
    /// Which conversation.
    pub conversation: ConversationId,
    /// Position in the conversation, from 1.
    pub version: u64,
    /// When.
    pub at: Time,
    /// What.
    pub event: Event,
    /// The JSON `{"type":…,"d":…}`.
    pub body: String,
    /// The client id, if a visitor's command made it.
    pub visitor_cid: Option<Cid>,
}

/// A page of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct ListPage {
    /// In the tab's order.
    pub rows: Vec<Row>,
    /// Keyset cursor of the next page; none: this was the last.
    pub next: Option<String>,
}

/// A conversation found by its words.
#[derive(Debug, Clone, PartialEq)]
pub struct LogHit {
    /// Its line.
    pub row: Row,
    /// The text around the words, raw, at most 160 characters.
    pub excerpt: String,
    /// Version of its newest message or note that has them.
    pub version: u64,
}

/// A page of what was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SearchPage {
    /// One hit a conversation.
    pub hits: Vec<LogHit>,
    /// Where the next page starts; none: this was the last.
    pub next: Option<String>,
}

/// An agent, as stored. The token itself is not: only its SHA-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentRecord {
    /// Id.
    pub id: AgentId,
    /// Name; unique whatever its case.
    pub name: String,
    /// Rights.
    pub role: Role,
    /// None: all sites.
    pub sites: Option<Vec<SiteId>>,
    /// What they want.
    pub availability: AvailabilityInfo,
    /// When a console of theirs was last seen.
    pub last_seen: Option<Time>,
    /// The groups they belong to, sorted.
    pub groups: Vec<String>,
    /// How often they were changed: a session made from an older record is no longer good.
    pub version: u64,
    /// How many tokens were withdrawn from them.
    pub token_no: u64,
    /// The log's position when their role or sites changed last; 0: never.
    pub rights_seq: u64,
}
