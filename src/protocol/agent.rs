//! The agent socket: operations, their answers, and what passes by.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::block::{BlockArg, BlocksArg, UnblockArg};
use super::desk::{AcceptArg, CidOnly, PriorityArg, StrictAvailability, TagArg, TransferArg};
use super::{MailArg, MailInfo, MailListArg, ReadArg, Resume, SearchArg, SyncMode, WireError};
use crate::conversation::{
    AgentId, Cid, Conversation, ConversationId, Entry, MessageId, Role, Row, SiteId, SnoozeUntil, Tab, Time,
};

/// First request: who connects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentAuth {
    /// The agent's token.
    pub token: String,
    /// Program and version, e.g. `console/0.1.0`. Only a `console/…` leases presence.
    pub client: String,
    /// A random id of this running program: the same instance connecting again replaces its older socket.
    pub instance: String,
    /// Where it left off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<Resume>,
}

/// An agent, as colleagues see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentInfo {
    /// Id.
    pub id: AgentId,
    /// Name.
    pub name: String,
    /// Rights.
    pub role: Role,
    /// What they want.
    pub availability: AvailabilityInfo,
    /// Whether a live console leases their presence.
    pub present: bool,
    /// The groups they belong to, sorted.
    #[serde(default)]
    pub groups: Vec<String>,
}

/// An agent's intent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct AvailabilityInfo {
    /// Available, or Away.
    pub available: bool,
    /// Why Away, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When Away ends, as announced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
}

/// A site, as agents see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SiteInfo {
    /// Id.
    pub id: SiteId,
    /// Name.
    pub name: String,
    /// Whether replies to visitors who left go out by mail; none: the server does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<bool>,
}

/// The answer to `auth`. In mode `snapshot`, `ctl snapshot` pages follow; in mode `resumed`, rows changed meanwhile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AgentAuthOk {
    /// Who you are.
    pub agent: AgentInfo,
    /// Your sites.
    pub sites: Vec<SiteInfo>,
    /// Everybody, for names and transfer.
    pub agents: Vec<AgentInfo>,
    /// The log's incarnation.
    pub log_id: String,
    /// Its position.
    pub head: u64,
    /// How it goes on.
    pub mode: SyncMode,
    /// Why a snapshot is needed, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Rows that follow, in mode `resumed`.
    #[serde(default)]
    pub replayed: u64,
    /// The server's clock.
    pub server_time: Time,
    /// Milliseconds after which an accepted, unanswered conversation is warned about and returned.
    pub warn_after_ms: i64,
    /// See `warn_after_ms`.
    pub return_after_ms: i64,
    /// Active conversations an agent is meant to hold at most; none: no limit.
    #[serde(default)]
    pub capacity: Option<u32>,
    /// All groups somebody belongs to, sorted: where a conversation can be transferred to.
    #[serde(default)]
    pub groups: Vec<String>,
    /// How many of the visitor's messages you have read, in those of your conversations that are not resolved and in which
    /// you have read any: the most lately changed 2,000.
    #[serde(default)]
    pub reads: Vec<(ConversationId, u64)>,
}

/// `list`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListArg {
    /// Which tab.
    pub tab: Tab,
    /// Only this site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteId>,
    /// Where the page before ended, as `next` gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Rows at most (default 100, at most 500).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A page of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ListOk {
    /// The rows, in the tab's order.
    pub rows: Vec<Row>,
    /// Where the next page starts; none: this was the last.
    #[serde(default)]
    pub next: Option<String>,
    /// Position they were read at.
    pub as_of: u64,
    /// The server's clock, for waits.
    pub server_time: Time,
}

/// A conversation, and how far back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConversationArg {
    /// Which.
    pub conversation: ConversationId,
    /// Entries before this version (for `history`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// Entries at most (default 100, at most 1000).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// `watch`: the folded state, the last entries, and from now on every event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WatchOk {
    /// The state, as of `as_of`.
    pub conversation: Box<Conversation>,
    /// The last entries.
    pub entries: Vec<Entry>,
    /// Whether there are older ones (`history`).
    pub more: bool,
    /// Position it was read at: events after it follow.
    pub as_of: u64,
    /// Earlier conversations of the same visitor, newest first, at most 5.
    #[serde(default)]
    pub earlier: Vec<Row>,
    /// Version up to which the visitor has seen it; none: nothing yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<u64>,
    /// The latest mails of its replies, at most 20, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mails: Vec<MailInfo>,
}

/// `history`: older entries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryOk {
    /// Oldest first.
    pub entries: Vec<Entry>,
    /// Whether there are older ones still.
    pub more: bool,
}

/// `message.send`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageArg {
    /// Which.
    pub conversation: ConversationId,
    /// The client id.
    pub cid: Cid,
    /// The words.
    pub text: String,
}

/// `note.add`.
pub type TextArg = MessageArg;

/// `release`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseArg {
    /// Which.
    pub conversation: ConversationId,
    /// The client id.
    pub cid: Cid,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `snooze`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SnoozeArg {
    /// Which.
    pub conversation: ConversationId,
    /// The client id.
    pub cid: Cid,
    /// When it wakes by itself; none: with the visitor's next message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
}

impl SnoozeArg {
    /// As the core wants it.
    pub fn until(&self) -> SnoozeUntil {
        self.until.map_or(SnoozeUntil::NextMessage, SnoozeUntil::Time)
    }
}

/// `typing`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TypingArg {
    /// Where.
    pub conversation: ConversationId,
    /// Started, or stopped.
    pub on: bool,
}

/// The answer to whatever changes something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answered {
    /// Which conversation.
    pub conversation: ConversationId,
    /// The message's or note's id, where one was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<MessageId>,
    /// Its version.
    pub version: u64,
    /// Its position.
    pub seq: u64,
}

/// What an agent's client asks for. Everything that changes something carries a `cid`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "op", content = "d")]
pub enum AgentOp {
    /// Who connects.
    #[serde(rename = "auth")]
    Auth(AgentAuth),
    /// A page of a tab.
    #[serde(rename = "list")]
    List(ListArg),
    /// Open a conversation.
    #[serde(rename = "watch")]
    Watch(ConversationArg),
    /// Close it.
    #[serde(rename = "unwatch")]
    Unwatch(ConversationArg),
    /// Older entries.
    #[serde(rename = "history")]
    History(ConversationArg),
    /// Take from the queue.
    #[serde(rename = "accept")]
    Accept(AcceptArg),
    /// Take from the assistant (a supervisor: from anybody).
    #[serde(rename = "take_over")]
    TakeOver(AcceptArg),
    /// Back to the queue.
    #[serde(rename = "release")]
    Release(ReleaseArg),
    /// To somebody else.
    #[serde(rename = "transfer")]
    Transfer(TransferArg),
    /// Back to the assistant.
    #[serde(rename = "hand_back")]
    HandBack(CidOnly),
    /// Reply.
    #[serde(rename = "message.send")]
    MessageSend(MessageArg),
    /// Note.
    #[serde(rename = "note.add")]
    NoteAdd(MessageArg),
    /// Give and take tags.
    #[serde(rename = "tag")]
    Tag(TagArg),
    /// Say how urgent it is.
    #[serde(rename = "priority")]
    Priority(PriorityArg),
    /// Aside.
    #[serde(rename = "snooze")]
    Snooze(SnoozeArg),
    /// End.
    #[serde(rename = "resolve")]
    Resolve(CidOnly),
    /// Take up again.
    #[serde(rename = "reopen")]
    Reopen(CidOnly),
    /// I am typing.
    #[serde(rename = "typing")]
    Typing(TypingArg),
    /// I have read so far.
    #[serde(rename = "read")]
    Read(ReadArg),
    /// Available or Away.
    #[serde(rename = "availability.set")]
    AvailabilitySet(AvailabilityInfo),
    /// Find.
    #[serde(rename = "search")]
    Search(SearchArg),
    /// Let a visitor, or an address, write no more.
    #[serde(rename = "block")]
    Block(BlockArg),
    /// Lift a block.
    #[serde(rename = "unblock")]
    Unblock(UnblockArg),
    /// Who is blocked.
    #[serde(rename = "blocks")]
    Blocks(BlocksArg),
    /// What mail is to leave, left, or failed.
    #[serde(rename = "mail.list")]
    MailList(MailListArg),
    /// Try a mail again, now.
    #[serde(rename = "mail.retry")]
    MailRetry(MailArg),
    /// Take a mail that waits or failed out of the outbox.
    #[serde(rename = "mail.drop")]
    MailDrop(MailArg),
}

impl AgentOp {
    /// Parses an operation and its fields strictly.
    ///
    /// # Errors
    /// `request.unknown_op`, or `request.malformed` naming the field.
    pub fn parse(op: &str, d: Option<&serde_json::value::RawValue>) -> Result<Self, WireError> {
        let d = d.map_or("{}", |d| d.get());
        macro_rules! parse {
            ($variant:ident) => {
                serde_json::from_str(d).map(AgentOp::$variant)
            };
        }
        let parsed = match op {
            "auth" => parse!(Auth),
            "list" => parse!(List),
            "watch" => parse!(Watch),
            "unwatch" => parse!(Unwatch),
            "history" => parse!(History),
            "accept" => parse!(Accept),
            "take_over" => parse!(TakeOver),
            "release" => parse!(Release),
            "transfer" => parse!(Transfer),
            "hand_back" => parse!(HandBack),
            "message.send" => parse!(MessageSend),
            "note.add" => parse!(NoteAdd),
            "tag" => parse!(Tag),
            "priority" => parse!(Priority),
            "snooze" => parse!(Snooze),
            "resolve" => parse!(Resolve),
            "reopen" => parse!(Reopen),
            "typing" => parse!(Typing),
            "read" => parse!(Read),
            "availability.set" => {
                serde_json::from_str::<StrictAvailability>(d).map(|a| AgentOp::AvailabilitySet(a.into()))
            }
            "search" => parse!(Search),
            "block" => parse!(Block),
            "unblock" => parse!(Unblock),
            "blocks" => parse!(Blocks),
            "mail.list" => parse!(MailList),
            "mail.retry" => parse!(MailRetry),
            "mail.drop" => parse!(MailDrop),
            _ => return Err(WireError::new("request.unknown_op", unknown_op(op))),
        };
        parsed.map_err(|e| WireError::bad_request(format!("{op}: {e}")))
    }
}

pub(super) fn unknown_op(op: &str) -> String {
    let op: String = op.chars().take(32).flat_map(char::escape_debug).collect();
    format!("there is no operation “{op}”")
}

/// What passes by on an agent socket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type")]
pub enum AgentEph {
    /// Somebody types.
    #[serde(rename = "typing")]
    Typing {
        /// Where.
        conversation: ConversationId,
        /// `visitor` or `agent`.
        who: String,
        /// The agent's name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Started, or stopped.
        on: bool,
    },
    /// Which colleagues have it open.
    #[serde(rename = "viewing")]
    Viewing {
        /// Where.
        conversation: ConversationId,
        /// Their names, without one's own.
        names: Vec<String>,
    },
    /// An agent's availability or presence changed.
    #[serde(rename = "availability")]
    Availability {
        /// The agent as they are now.
        agent: AgentInfo,
    },
    /// An agent was removed: nothing can be transferred to them any more.
    #[serde(rename = "agent.removed")]
    AgentRemoved {
        /// Who.
        agent: AgentId,
    },
    /// The assistant's answer so far, in a watched conversation.
    #[serde(rename = "assistant.partial")]
    Partial {
        /// Where.
        conversation: ConversationId,
        /// Text so far.
        text: String,
    },
    /// The visitor's browser is there, or gone. Comes for what is watched and, to everybody, for what is queued or active;
    /// after a snapshot or a resume for those of them whose visitor is gone. The latest counts.
    #[serde(rename = "presence")]
    Presence {
        /// Where.
        conversation: ConversationId,
        /// There.
        online: bool,
        /// Since when, by the server's clock; none: since before the server started.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Time>,
    },
    /// The visitor has seen everything up to a version, in a watched conversation.
    #[serde(rename = "seen")]
    Seen {
        /// Where.
        conversation: ConversationId,
        /// The version.
        version: u64,
    },
    /// You have read so far, said another of your clients.
    #[serde(rename = "read")]
    Read {
        /// Where.
        conversation: ConversationId,
        /// How many messages of the visitor.
        messages: u64,
    },
    /// How far a mail to a visitor is; it comes for every conversation of one's sites.
    #[serde(rename = "mail")]
    Mail(MailInfo),
}
