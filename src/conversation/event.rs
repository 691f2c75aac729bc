//! What happened: the durable, numbered facts a conversation is made of.
//!
//! Events are only ever added to: a new kind of event is a new variant, a new detail is an optional field. Text in them is
//! raw, as it arrived; whoever draws, logs or exports it cleans it first (room `text`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AgentId, ConversationId, Handoff, Hit, MessageId, Priority, SiteId, Time, VisitorId};

/// An agent as an event remembers them: the name is the one they had then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentRef {
    /// The agent's id.
    pub id: AgentId,
    /// The name visitors and colleagues see.
    pub name: String,
}

/// A visitor as far as they have told: name and e-mail are claims unless the site verifies identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VisitorRef {
    /// The visitor's id.
    pub id: VisitorId,
    /// The name they gave, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The e-mail address they gave, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// A page of the website, as the visitor's browser reported it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Page {
    /// The address.
    pub url: String,
    /// The title, if reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where the visitor came from, if reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referrer: Option<String>,
}

/// What the visitor's browser tells of itself. All of it is a claim, and cut to a bounded length where it comes in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Device {
    /// The language the browser prefers, e.g. `de-CH`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// The time zone it runs in, e.g. `Europe/Zurich`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// What it calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

impl Device {
    /// Whether nothing was told.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is known once this was told after `before`: a detail left out now stays as it was.
    pub fn after(&self, before: Option<&Device>) -> Device {
        let kept = |new: &Option<String>, old: fn(&Device) -> &Option<String>| {
            new.clone().or_else(|| before.and_then(|d| old(d).clone()))
        };
        Device {
            locale: kept(&self.locale, |d| &d.locale),
            time_zone: kept(&self.time_zone, |d| &d.time_zone),
            user_agent: kept(&self.user_agent, |d| &d.user_agent),
        }
    }
}

/// Who said a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Author {
    /// The person on the website.
    Visitor,
    /// The AI that answers first.
    Assistant,
    /// A human who answers.
    Agent(AgentRef),
}

/// Where an answer comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// The section's title.
    pub title: String,
    /// Its address, absolute or relative to the site.
    pub url: String,
}

/// A file sent with a message. The bytes are a blob, authorised per conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attachment {
    /// The blob's id.
    pub blob: String,
    /// File name as given by the sender.
    pub name: String,
    /// Media type as detected by the server.
    pub mime: String,
    /// Bytes.
    pub size: u64,
}

/// How a turn of the assistant went; the policy counts these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TurnOutcome {
    /// Answered from the docs.
    Answered,
    /// Small talk: neutral.
    Smalltalk,
    /// Could not answer: a clarifying question or "not in the docs". Counts as a failed turn.
    Failed,
    /// Asked the visitor for the problem before a handoff.
    Collect,
}

/// What an assistant message remembers of how it came about. Never shown to visitors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AssistantTurn {
    /// The version of the visitor message it answers.
    pub answers: u64,
    /// How it went.
    pub outcome: TurnOutcome,
    /// The policy's decision in its own word (`answer`, `clarify`, `offer`, …), so that later turns can count it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// Whether it carried the offer of a person.
    #[serde(default)]
    pub offered: bool,
    /// The policy's evidence, one line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// What the search found, best first, at most 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hits: Vec<Hit>,
}

/// A thing said in the conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// Its public id.
    pub id: MessageId,
    /// Who said it.
    pub author: Author,
    /// What was said, raw.
    pub text: String,
    /// The conversation's epoch when it was said.
    pub epoch: u64,
    /// Documents an answer rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// Files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Only on assistant messages: how it came about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<AssistantTurn>,
    /// A thank-you after a resolve: it neither reopens nor alerts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub thanks: bool,
}

/// Why a conversation went from its holder back to the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum ReleaseCause {
    /// An agent gave it back.
    Agent {
        /// Who.
        by: AgentRef,
        /// Their reason in words, if given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// An agent moved it to a group.
    Transferred {
        /// Who.
        by: AgentRef,
        /// The group preferred from now on.
        group: String,
    },
    /// Accepted and not answered in time.
    Unanswered,
    /// The holder's console was gone too long while the visitor waited.
    LeaseLost,
    /// The holder was removed, their token withdrawn, or the site is no longer theirs.
    Withdrawn {
        /// Who held it, by the name they had then.
        from: AgentRef,
    },
}

/// Who ended the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum ResolvedBy {
    /// An agent.
    Agent(AgentRef),
    /// The visitor ended the chat.
    Visitor,
    /// Nobody said a word for the idle time.
    Time,
}

/// Why a snoozed conversation woke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WakeCause {
    /// The time came.
    Time,
    /// The visitor wrote.
    Visitor,
    /// The agent wrote.
    Agent,
}

/// Everything that can happen to a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "d")]
pub enum Event {
    /// The conversation exists. The assistant holds it.
    #[serde(rename = "conversation.started")]
    Started {
        /// Which site.
        site: SiteId,
        /// Who.
        visitor: VisitorRef,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        page: Option<Page>,
        /// The conversation this continues, if the reopen window had passed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        linked: Option<ConversationId>,
        /// What their browser tells of itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<Device>,
    },
    /// Something was said.
    #[serde(rename = "message.posted")]
    MessagePosted(Message),
    /// An agent wrote something only agents see.
    #[serde(rename = "note.added")]
    NoteAdded {
        /// Its id.
        id: MessageId,
        /// Who wrote it.
        by: AgentRef,
        /// What.
        text: String,
    },
    /// The system told the visitor something.
    #[serde(rename = "notice.posted")]
    NoticePosted {
        /// Its id.
        id: MessageId,
        /// Which text, e.g. `handoff.connecting`.
        key: String,
        /// The text as said.
        text: String,
    },
    /// The visitor moved to another page.
    #[serde(rename = "page.visited")]
    PageVisited {
        /// Where to.
        page: Page,
    },
    /// The visitor's browser told other things of itself than before.
    #[serde(rename = "device.told")]
    DeviceTold {
        /// All that is known now.
        device: Device,
    },
    /// The visitor told their name or e-mail.
    #[serde(rename = "visitor.identified")]
    Identified {
        /// As they gave it.
        visitor: VisitorRef,
    },
    /// A person is needed. Where somebody is there, `handoff.requested` follows at once; where nobody is, contact details
    /// are asked for first and the assistant keeps the conversation meanwhile.
    #[serde(rename = "handoff.initiated")]
    HandoffInitiated {
        /// The request.
        handoff: Handoff,
    },
    /// The visitor left contact details: this is a ticket now.
    #[serde(rename = "lead.submitted")]
    LeadSubmitted {
        /// Who and how to reach them.
        visitor: VisitorRef,
    },
    /// The conversation is in the queue, for the reason of the `handoff.initiated` before it.
    #[serde(rename = "handoff.requested")]
    HandoffRequested {
        /// Answered by mail: the visitor left details and nobody was there.
        #[serde(default)]
        ticket: bool,
    },
    /// The visitor no longer wants a person: back to the assistant.
    #[serde(rename = "handoff.cancelled")]
    HandoffCancelled,
    /// An agent took it from the queue.
    #[serde(rename = "accepted")]
    Accepted {
        /// Who.
        agent: AgentRef,
    },
    /// An agent took it from the assistant, or a supervisor from another agent.
    #[serde(rename = "taken_over")]
    TakenOver {
        /// Who has it now.
        agent: AgentRef,
        /// The agent who had it, if one had.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<AgentRef>,
    },
    /// Accepted, and the visitor is still without an answer: the agent is warned.
    #[serde(rename = "reply.overdue")]
    ReplyOverdue,
    /// Back to the queue; the original wait is kept.
    #[serde(rename = "released")]
    Released(ReleaseCause),
    /// From one agent to another.
    #[serde(rename = "transferred")]
    Transferred {
        /// Who gave it.
        by: AgentRef,
        /// Who has it now.
        to: AgentRef,
    },
    /// The agent gave it back to the assistant.
    #[serde(rename = "handed_back")]
    HandedBack {
        /// Who.
        by: AgentRef,
    },
    /// Tags were given or taken.
    #[serde(rename = "tagged")]
    Tagged {
        /// Who.
        by: AgentRef,
        /// Those that are new.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        added: Vec<String>,
        /// Those that are gone.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        removed: Vec<String>,
    },
    /// It is more or less urgent than it was.
    #[serde(rename = "prioritised")]
    Prioritised {
        /// Who says so.
        by: AgentRef,
        /// How urgent it is now.
        priority: Priority,
    },
    /// Put aside until a time or the visitor's next message.
    #[serde(rename = "snoozed")]
    Snoozed {
        /// Who.
        by: AgentRef,
        /// When it wakes by itself; none: with the visitor's next message only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Time>,
    },
    /// Awake again: with its agent, or in the queue where they are not there.
    #[serde(rename = "woken")]
    Woken {
        /// Why.
        cause: WakeCause,
        /// Whether the agent still has it; otherwise it is queued.
        kept: bool,
    },
    /// Ended.
    #[serde(rename = "resolved")]
    Resolved(ResolvedBy),
    /// The visitor was told that it ended (a few seconds later, so that an accident can be undone unseen).
    #[serde(rename = "resolve.announced")]
    ResolveAnnounced,
    /// The visitor wrote after a resolve: a new episode with the assistant.
    #[serde(rename = "returned")]
    Returned,
    /// An agent took a resolved conversation up again.
    #[serde(rename = "reopened")]
    Reopened {
        /// Who has it now.
        agent: AgentRef,
        /// Undone before the visitor was told of the resolve: for them nothing happened.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unseen: bool,
    },
    /// What was said and told before this event was erased in place, by request or by a rule.
    #[serde(rename = "conversation.erased")]
    Erased {
        /// How much of it.
        what: super::Erasure,
    },
}

impl Event {
    /// The type's name on the wire and in the log.
    pub fn name(&self) -> &'static str {
        match self {
            Event::Started { .. } => "conversation.started",
            Event::MessagePosted(_) => "message.posted",
            Event::NoteAdded { .. } => "note.added",
            Event::NoticePosted { .. } => "notice.posted",
            Event::PageVisited { .. } => "page.visited",
            Event::DeviceTold { .. } => "device.told",
            Event::Identified { .. } => "visitor.identified",
            Event::HandoffInitiated { .. } => "handoff.initiated",
            Event::LeadSubmitted { .. } => "lead.submitted",
            Event::HandoffRequested { .. } => "handoff.requested",
            Event::HandoffCancelled => "handoff.cancelled",
            Event::Accepted { .. } => "accepted",
            Event::TakenOver { .. } => "taken_over",
            Event::ReplyOverdue => "reply.overdue",
            Event::Released(_) => "released",
            Event::Transferred { .. } => "transferred",
            Event::HandedBack { .. } => "handed_back",
            Event::Tagged { .. } => "tagged",
            Event::Prioritised { .. } => "prioritised",
            Event::Snoozed { .. } => "snoozed",
            Event::Woken { .. } => "woken",
            Event::Resolved(_) => "resolved",
            Event::ResolveAnnounced => "resolve.announced",
            Event::Returned => "returned",
            Event::Reopened { .. } => "reopened",
            Event::Erased { .. } => "conversation.erased",
        }
    }
}
