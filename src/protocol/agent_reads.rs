//! Cursors of those who read: how far an agent has read a conversation, and how far its visitor has seen what they were
//! told. Cursors only ever move forward; they are stored, and they are no events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::conversation::ConversationId;

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
