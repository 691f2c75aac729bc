//! The visitor socket: operations, and the allow-listed projection of events. What is not named here never leaves.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::agent::unknown_op;
use super::{Resume, SeenArg, SyncMode, WireError};
use crate::conversation::{
    Attachment, Author, Cid, ConversationId, Event, Message, MessageId, Page, ReleaseCause, RowHolder,
    SiteId, Source, State, Time, VisitorId,
};

/// First request: who connects. No token: a new visitor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitorAuth {
    /// The signed visitor token kept from before.
    #[serde(default)]
    pub token: Option<String>,
    /// Where it left off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<Resume>,
    /// Program and version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The page it is on.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "strict_page")]
    pub page: Option<Page>,
    /// The browser's language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// The browser's time zone, by its IANA name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

/// A site, as its visitors see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VisitorSite {
    /// Id.
    pub id: SiteId,
    /// Name.
    pub name: String,
    /// First words of the assistant.
    pub greeting: String,
}

/// Whether a person can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VisitorAvailability {
    /// Whether an agent is Available and present now.
    pub offered: bool,
    /// `ticket` or `assistant`: what an explicit request leads to when nobody is there.
    pub when_nobody: String,
}

/// A message, as its visitor sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VisitorMessage {
    /// Id.
    pub id: MessageId,
    /// Position.
    pub seq: u64,
    /// When.
    pub at: Time,
    /// `visitor`, `assistant`, `agent` or `system`.
    pub author: String,
    /// The agent's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The words.
    pub text: String,
    /// The client id, on own messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cid: Option<Cid>,
    /// Documents an answer rests on.
    #[serde(default)]
    pub sources: Vec<Source>,
    /// Files.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
}

/// The visitor's own conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VisitorConversation {
    /// Id.
    pub id: ConversationId,
    /// State.
    pub state: State,
    /// Holder.
    pub holder: RowHolder,
    /// The fence, for partials.
    pub epoch: u64,
    /// Events so far: what a client that shows all of `messages` has seen.
    #[serde(default)]
    pub version: u64,
    /// Place in the queue, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// Whether it is answered by mail.
    #[serde(default)]
    pub ticket: bool,
    /// Whether contact details are asked for.
    #[serde(default)]
    pub lead_wanted: bool,
    /// All messages (mode `snapshot`); none in mode `resumed`.
    pub messages: Option<Vec<VisitorMessage>>,
}

/// The answer to `auth`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VisitorAuthOk {
    /// Keep this and come back with it.
    pub token: String,
    /// Who you are.
    pub visitor: VisitorId,
    /// The log's incarnation.
    pub log_id: String,
    /// The site.
    pub site: VisitorSite,
    /// Whether a person can be asked for.
    pub availability: VisitorAvailability,
    /// How it goes on.
    pub mode: SyncMode,
    /// The position this is complete through.
    pub head: u64,
    /// Events that follow, in mode `resumed`.
    #[serde(default)]
    pub replayed: u64,
    /// The latest conversation, if there is one.
    pub conversation: Option<VisitorConversation>,
}

/// `message.send`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitorMessageArg {
    /// The client id.
    pub cid: Cid,
    /// The words.
    pub text: String,
}

/// `handoff.request`, `handoff.cancel`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitorHandoffArg {
    /// The client id.
    pub cid: Cid,
}

/// `end`.
pub type EndArg = VisitorHandoffArg;

/// `lead.submit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeadArg {
    /// The client id.
    pub cid: Cid,
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// E-mail address.
    pub email: String,
}

/// `identify`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentifyArg {
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// `typing`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitorTypingArg {
    /// Started, or stopped.
    pub on: bool,
}

/// What a visitor's client asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "op", content = "d")]
pub enum VisitorOp {
    /// Who connects.
    #[serde(rename = "auth")]
    Auth(VisitorAuth),
    /// Say something.
    #[serde(rename = "message.send")]
    MessageSend(VisitorMessageArg),
    /// Ask for a person.
    #[serde(rename = "handoff.request")]
    HandoffRequest(VisitorHandoffArg),
    /// No longer.
    #[serde(rename = "handoff.cancel")]
    HandoffCancel(VisitorHandoffArg),
    /// Leave contact details.
    #[serde(rename = "lead.submit")]
    LeadSubmit(LeadArg),
    /// Tell name or e-mail.
    #[serde(rename = "identify")]
    Identify(IdentifyArg),
    /// I am typing.
    #[serde(rename = "typing")]
    Typing(VisitorTypingArg),
    /// What was on my screen while I looked.
    #[serde(rename = "seen")]
    Seen(SeenArg),
    /// Moved to another page.
    #[serde(rename = "page")]
    Page(Page),
    /// End the chat.
    #[serde(rename = "end")]
    End(EndArg),
}

/// A page in a request: here a field nobody knows is refused. In what the server tells a field of a later version is passed
/// over, so [`Page`] itself takes any.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageArg {
    url: String,
    title: Option<String>,
    referrer: Option<String>,
}

impl From<PageArg> for Page {
    fn from(PageArg { url, title, referrer }: PageArg) -> Self {
        Page { url, title, referrer }
    }
}

fn strict_page<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Page>, D::Error> {
    Ok(Option::<PageArg>::deserialize(from)?.map(Page::from))
}

impl VisitorOp {
    /// Parses an operation and its fields strictly.
    ///
    /// # Errors
    /// `request.unknown_op`, or `request.malformed` naming the field.
    pub fn parse(op: &str, d: Option<&serde_json::value::RawValue>) -> Result<Self, WireError> {
        let d = d.map_or("{}", |d| d.get());
        macro_rules! parse {
            ($variant:ident) => {
                serde_json::from_str(d).map(VisitorOp::$variant)
            };
        }
        let parsed = match op {
            "auth" => parse!(Auth),
            "message.send" => parse!(MessageSend),
            "handoff.request" => parse!(HandoffRequest),
            "handoff.cancel" => parse!(HandoffCancel),
            "lead.submit" => parse!(LeadSubmit),
            "identify" => parse!(Identify),
            "typing" => parse!(Typing),
            "seen" => parse!(Seen),
            "page" => serde_json::from_str::<PageArg>(d).map(|page| VisitorOp::Page(page.into())),
            "end" => parse!(End),
            _ => return Err(WireError::new("request.unknown_op", unknown_op(op))),
        };
        parsed.map_err(|e| WireError::bad_request(format!("{op}: {e}")))
    }
}

/// What passes by on a visitor socket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type")]
pub enum VisitorEph {
    /// Somebody types.
    #[serde(rename = "typing")]
    Typing {
        /// `agent` or `assistant`.
        who: String,
        /// The agent's name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Started, or stopped.
        on: bool,
    },
    /// The assistant's answer so far.
    #[serde(rename = "assistant.partial")]
    Partial {
        /// Which turn.
        turn: u64,
        /// The fence.
        epoch: u64,
        /// Text so far.
        text: String,
    },
    /// Forget that turn's partials.
    #[serde(rename = "assistant.withdrawn")]
    Withdrawn {
        /// Which turn.
        turn: u64,
    },
    /// Whether a person can be asked for.
    #[serde(rename = "availability")]
    Availability(VisitorAvailability),
    /// Place in the queue.
    #[serde(rename = "queue.position")]
    Position {
        /// From 1.
        position: u64,
    },
}

/// An event, as the visitor of the conversation sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "d")]
pub enum VisitorEvent {
    /// The conversation exists.
    #[serde(rename = "conversation.started")]
    Started {},
    /// Something was said.
    #[serde(rename = "message.posted")]
    MessagePosted(VisitorMessage),
    /// The system says.
    #[serde(rename = "notice.posted")]
    NoticePosted {
        /// Id.
        id: MessageId,
        /// Which text.
        key: String,
        /// The text.
        text: String,
    },
    /// A person is needed.
    #[serde(rename = "handoff.initiated")]
    HandoffInitiated {},
    /// It is in the queue, or a ticket.
    #[serde(rename = "handoff.completed")]
    HandoffCompleted {
        /// Answered by mail.
        ticket: bool,
    },
    /// The wait was cancelled.
    #[serde(rename = "handoff.cancelled")]
    HandoffCancelled {},
    /// A person is here.
    #[serde(rename = "agent.joined")]
    AgentJoined {
        /// Their name.
        name: String,
    },
    /// The person left; it is in the queue again.
    #[serde(rename = "agent.left")]
    AgentLeft {},
    /// The assistant is back.
    #[serde(rename = "assistant.resumed")]
    AssistantResumed {},
    /// It was closed.
    #[serde(rename = "resolved")]
    Resolved {},
}

/// The projection: what a visitor sees of an event, if anything. `cid`: the client id, where the visitor's own command
/// made it.
pub fn visitor_view(seq: u64, at: Time, event: &Event, cid: Option<Cid>) -> Option<VisitorEvent> {
    Some(match event {
        Event::Started { .. } => VisitorEvent::Started {},
        Event::MessagePosted(m) => VisitorEvent::MessagePosted(VisitorMessage::of(m, seq, at, cid)),
        Event::NoticePosted { id, key, text } => {
            VisitorEvent::NoticePosted { id: *id, key: key.clone(), text: text.clone() }
        }
        Event::HandoffInitiated { .. } => VisitorEvent::HandoffInitiated {},
        Event::HandoffRequested { ticket } => VisitorEvent::HandoffCompleted { ticket: *ticket },
        Event::HandoffCancelled => VisitorEvent::HandoffCancelled {},
        Event::Accepted { agent }
        | Event::TakenOver { agent, .. }
        | Event::Reopened { agent, unseen: false } => VisitorEvent::AgentJoined { name: agent.name.clone() },
        Event::Transferred { to, .. } => VisitorEvent::AgentJoined { name: to.name.clone() },
        Event::Released(
            ReleaseCause::Agent { .. }
            | ReleaseCause::Transferred { .. }
            | ReleaseCause::Unanswered
            | ReleaseCause::LeaseLost
            | ReleaseCause::Withdrawn { .. },
        )
        | Event::Woken { kept: false, .. } => VisitorEvent::AgentLeft {},
        Event::HandedBack { .. } => VisitorEvent::AssistantResumed {},
        Event::ResolveAnnounced => VisitorEvent::Resolved {},
        Event::Returned => VisitorEvent::AssistantResumed {},
        // Notes, tags, priority, pages, device, identity, timers and the resolve before it is announced are not the visitor's to see.
        Event::NoteAdded { .. }
        | Event::Tagged { .. }
        | Event::Prioritised { .. }
        | Event::DeviceTold { .. }
        | Event::PageVisited { .. }
        | Event::Identified { .. }
        | Event::LeadSubmitted { .. }
        | Event::ReplyOverdue
        | Event::Snoozed { .. }
        | Event::Woken { kept: true, .. }
        | Event::Resolved(_)
        | Event::Reopened { unseen: true, .. }
        | Event::Erased { .. } => return None,
    })
}

impl VisitorMessage {
    /// A message as its visitor sees it.
    pub fn of(m: &Message, seq: u64, at: Time, cid: Option<Cid>) -> Self {
        let name = match &m.author {
            Author::Agent(a) => Some(a.name.clone()),
            Author::Visitor | Author::Assistant => None,
        };
        Self {
            id: m.id,
            seq,
            at,
            author: m.author_word().into(),
            name,
            text: m.text.clone(),
            cid,
            sources: m.sources.clone(),
            attachments: m.attachments.clone(),
        }
    }
}
