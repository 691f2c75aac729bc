//! What an agent's client sends with the verbs of a desk: who takes a conversation, to whom it goes, how it is labelled.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::AvailabilityInfo;
use crate::conversation::{AgentId, Cid, ConversationId, Priority, Time};

/// A conversation and the client id of a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CidOnly {
    /// Which.
    pub conversation: ConversationId,
    /// The client id.
    pub cid: Cid,
}

/// `accept`, `take_over`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptArg {
    /// Which.
    pub conversation: ConversationId,
    /// The client id.
    pub cid: Cid,
    /// Also where I hold as many as I am meant to (`conversation.at_capacity` otherwise).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over_capacity: bool,
}

impl From<CidOnly> for AcceptArg {
    /// Within the limit.
    fn from(CidOnly { conversation, cid }: CidOnly) -> Self {
        Self { conversation, cid, over_capacity: false }
    }
}

/// `tag`: removals come first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TagArg {
    /// Which.
    pub conversation: ConversationId,
    /// The client id.
    pub cid: Cid,
    /// Tags to add: 1 to 40 characters each, at most 20 on a conversation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<String>,
    /// Tags to take away; one that is not there is no error.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
}

/// `priority`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriorityArg {
    /// Which.
    pub conversation: ConversationId,
    /// The client id.
    pub cid: Cid,
    /// How urgent it is.
    pub priority: Priority,
}

/// `transfer`: exactly one of `agent` and `group`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferArg {
    /// Which.
    pub conversation: ConversationId,
    /// The client id.
    pub cid: Cid,
    /// To whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// To which group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// What the next one should know: a note, posted before the transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// [`AvailabilityInfo`] as a request: what clients read leniently, the server takes strictly.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StrictAvailability {
    available: bool,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    until: Option<Time>,
}

impl From<StrictAvailability> for AvailabilityInfo {
    fn from(a: StrictAvailability) -> Self {
        Self { available: a.available, reason: a.reason, until: a.until }
    }
}
