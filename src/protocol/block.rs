//! What an agent's client sends and reads about blocks: visitors and addresses that may not write.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::conversation::{ConversationId, SiteId, Time, VisitorId};

/// `block`: exactly one of `conversation` and `address`. Who is blocked already gets this reason and this end, so a repeat is
/// harmless.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockArg {
    /// The visitor of this conversation, on its site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// An address or a network, e.g. `192.0.2.7` or `2001:db8::/64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Only with `address`: on this site alone; without it, on all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteId>,
    /// Why, for colleagues; at most 500 bytes. The visitor is not told.
    pub reason: String,
    /// When it ends; none: when it is lifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
}

/// `unblock`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnblockArg {
    /// The block's number.
    pub block: u64,
}

/// `blocks`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlocksArg {}

/// A block in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BlockInfo {
    /// Its number.
    pub block: u64,
    /// The visitor, if one is blocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitor: Option<VisitorId>,
    /// The network, if one is blocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Where; none: on all sites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteId>,
    /// Why.
    pub reason: String,
    /// When it ends; none: when it is lifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// Since when.
    pub at: Time,
    /// Who blocked.
    pub by: String,
}

/// The answer to `blocks`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BlocksOk {
    /// Oldest first.
    pub blocks: Vec<BlockInfo>,
}
