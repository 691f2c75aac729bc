//! What is asked by those who read: `search`; and cursors: how far an agent has read a conversation, and how far its visitor
//! has seen what they were told. Cursors only ever move forward; they are stored, and they are no events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::conversation::{ConversationId, Row};

/// `read`: "I have read so many messages of the visitor here", counted as `visitor_messages` of the conversation's row; more
/// than there are counts as all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadArg {
    /// Where.
    pub conversation: ConversationId,
    /// Messages of the visitor that were read. A smaller number than before changes nothing.
    pub messages: u64,
}

/// A visitor's `seen`: "everything up to this version was on my screen".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenArg {
    /// Version of the newest message that was seen. A smaller one than before changes nothing; one the conversation has
    /// not reached is ignored.
    pub version: u64,
}

/// `search`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchArg {
    /// Words, all of which must occur, and operators: `from: page: tag: is: site: before: after: has:`, each also with `-`
    /// in front.
    pub query: String,
    /// Where the page before ended, as `next` gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Hits at most (default 50, at most 200).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// One conversation found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SearchHit {
    /// Its line.
    pub row: Row,
    /// The text around the words, raw.
    pub excerpt: String,
    /// Version of the message found.
    pub version: u64,
}

/// The answer to `search`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SearchOk {
    /// Newest first.
    pub hits: Vec<SearchHit>,
    /// Where the next page starts; none: this was the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
