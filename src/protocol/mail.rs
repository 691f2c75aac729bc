//! Mail to visitors, as agents see it: how far each is, what failed, and what can be done about it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::conversation::{ConversationId, SiteId, Time};

/// How far a mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailState {
    /// It leaves, or is tried again, at `next`.
    Waiting,
    /// It is being handed to the mail server.
    Sending,
    /// The mail server took it.
    Sent,
    /// Given up; `reason` says why. It can be tried again.
    Failed,
}

impl MailState {
    /// All of them.
    pub const ALL: [MailState; 4] =
        [MailState::Waiting, MailState::Sending, MailState::Sent, MailState::Failed];

    /// The word on the wire and in lists.
    pub fn word(self) -> &'static str {
        match self {
            MailState::Waiting => "waiting",
            MailState::Sending => "sending",
            MailState::Sent => "sent",
            MailState::Failed => "failed",
        }
    }
}

impl std::str::FromStr for MailState {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        MailState::ALL.into_iter().find(|state| state.word() == s).ok_or_else(|| {
            format!(
                "“{}” is no state of a mail; they are waiting, sending, sent and failed",
                s.escape_debug()
            )
        })
    }
}

/// A mail: it carries the agents' replies of a conversation from version `first` to version `last`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MailInfo {
    /// Its number, for `mail.retry` and `mail.drop`.
    pub id: u64,
    /// Which conversation.
    pub conversation: ConversationId,
    /// Of which site.
    pub site: SiteId,
    /// Version of the first reply it carries.
    pub first: u64,
    /// Version of the last one.
    pub last: u64,
    /// How far it is.
    pub state: MailState,
    /// Since when.
    pub at: Time,
    /// Attempts so far.
    #[serde(default)]
    pub attempts: u32,
    /// When it is tried next, while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Time>,
    /// Why the last attempt failed, in words of ours or the mail server's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The visitor's name, as far as told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// It is no longer in the outbox: seen before it left, or dropped by an agent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
}

/// `mail.list`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailListArg {
    /// Only mails in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<MailState>,
    /// Mails at most (default 100, at most 500).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The answer to `mail.list`: the latest changed first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MailListOk {
    /// The mails.
    pub mails: Vec<MailInfo>,
    /// Whether replies on any site go out by mail at all.
    pub configured: bool,
    /// The server's clock.
    pub server_time: Time,
}

/// `mail.retry`, `mail.drop`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailArg {
    /// Its number.
    pub id: u64,
}
