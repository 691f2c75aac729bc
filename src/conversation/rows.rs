//! A conversation's line in a list: what the queue, the tabs and `baton queue` show. Drawn, never folded.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    AgentId, Conversation, ConversationId, Holder, Page, Priority, Reason, SiteId, State, Time, VisitorRef,
};

/// The tabs of the console, and of `queue --tab`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tab {
    /// Waiting for a person, longest wait first.
    Queue,
    /// Held by me.
    Mine,
    /// Live with the assistant.
    Assistant,
    /// Put aside.
    Snoozed,
    /// Ended, newest first.
    Resolved,
    /// Everything.
    All,
}

impl Tab {
    /// The console's tabs, in order.
    pub const CONSOLE: [Tab; 5] = [Tab::Queue, Tab::Mine, Tab::Assistant, Tab::Snoozed, Tab::Resolved];

    /// The word in flags and on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Tab::Queue => "queue",
            Tab::Mine => "mine",
            Tab::Assistant => "assistant",
            Tab::Snoozed => "snoozed",
            Tab::Resolved => "resolved",
            Tab::All => "all",
        }
    }
}

impl std::str::FromStr for Tab {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        [Tab::Queue, Tab::Mine, Tab::Assistant, Tab::Snoozed, Tab::Resolved, Tab::All]
            .into_iter()
            .find(|t| t.word() == s)
            .ok_or_else(|| {
                format!(
                    "“{}” is no tab; tabs are queue, mine, assistant, snoozed, resolved and all",
                    s.escape_debug()
                )
            })
    }
}

/// The holder, flat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RowHolder {
    /// `assistant`, `nobody` or `agent`.
    pub kind: String,
    /// The agent's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<AgentId>,
    /// The agent's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl From<&Holder> for RowHolder {
    fn from(holder: &Holder) -> Self {
        match holder {
            Holder::Assistant => Self { kind: "assistant".into(), id: None, name: None },
            Holder::Nobody => Self { kind: "nobody".into(), id: None, name: None },
            Holder::Agent(a) => Self { kind: "agent".into(), id: Some(a.id), name: Some(a.name.clone()) },
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// Which conversation.
    pub id: ConversationId,
    /// Which site.
    pub site: SiteId,
    /// Where it stands.
    pub state: State,
    /// Who has it.
    pub holder: RowHolder,
    /// Whose it is.
    pub visitor: VisitorRef,
    /// The page the handoff fired on, else the one the visitor is on.
    #[serde(default)]
    pub page: Option<Page>,
    /// Why a person is needed, if one is.
    #[serde(default)]
    pub reason: Option<Reason>,
    /// The card's one line, else the start of the last message.
    pub summary: String,
    /// Whether it is answered by mail.
    #[serde(default)]
    pub ticket: bool,
    /// When it was handed off (the wait counts from here).
    #[serde(default)]
    pub queued_at: Option<Time>,
    /// Since when the visitor waits for an answer.
    #[serde(default)]
    pub waiting_since: Option<Time>,
    /// Since when the present holder has it.
    pub held_since: Time,
    /// Whether that holder has answered.
    pub answered: bool,
    /// Whether that holder was warned that no answer came.
    pub warned: bool,
    /// When it started.
    pub started_at: Time,
    /// When somebody last said something.
    pub last_message_at: Time,
    /// Start of the last message.
    pub last_text: String,
    /// `visitor`, `assistant` or `agent`.
    pub last_author: String,
    /// When a snooze ends.
    #[serde(default)]
    pub snoozed_until: Option<Time>,
    /// When it was resolved.
    #[serde(default)]
    pub resolved_at: Option<Time>,
    /// The fence.
    pub epoch: u64,
    /// Resolves so far.
    pub episode: u32,
    /// Events so far.
    pub version: u64,
    /// Messages so far.
    pub messages: u64,
    /// Failed assistant turns in a row.
    pub failed_turns: u32,
    /// Messages of the visitor so far: what a reader has not seen is counted from here.
    #[serde(default)]
    pub visitor_messages: u64,
    /// What agents called it, sorted.
    #[serde(default)]
    pub tags: Vec<String>,
    /// How urgent agents say it is.
    #[serde(default)]
    pub priority: Priority,
    /// The group preferred for it.
    #[serde(default)]
    pub group: Option<String>,
}

impl Row {
    /// The line of a conversation that exists; none for one that has not started.
    pub fn of(c: &Conversation) -> Option<Self> {
        let (site, visitor) = (c.site.clone()?, c.visitor.clone()?);
        let card = c.handoff.as_ref().map(|h| h.card.summary.as_str()).filter(|s| !s.is_empty());
        Some(Self {
            id: c.id,
            site,
            state: c.state,
            holder: RowHolder::from(&c.holder),
            visitor,
            page: c.source_page().cloned(),
            reason: c.handoff.as_ref().map(|h| h.reason),
            summary: card.unwrap_or(&c.last_text).to_owned(),
            ticket: c.ticket,
            queued_at: c.queued_at,
            waiting_since: c.waiting_since,
            held_since: c.held_since,
            answered: c.answered,
            warned: c.warned,
            started_at: c.started_at,
            last_message_at: c.last_message_at,
            last_text: c.last_text.clone(),
            last_author: c.last_author.clone(),
            snoozed_until: c.snoozed_until,
            resolved_at: c.resolved.as_ref().map(|(at, _)| *at).filter(|_| c.state == State::Resolved),
            epoch: c.epoch,
            episode: c.episode,
            version: c.version,
            messages: c.messages,
            failed_turns: c.counters.failed_turns,
            visitor_messages: c.visitor_messages,
            tags: c.tags.clone(),
            priority: c.priority,
            group: c.group.clone(),
        })
    }

    /// Whether the line stands in this tab, for this agent.
    pub fn in_tab(&self, tab: Tab, me: AgentId) -> bool {
        match tab {
            Tab::Queue => self.state == State::Queued,
            Tab::Mine => self.state == State::Active && self.holder.id == Some(me),
            Tab::Assistant => self.state == State::Assistant,
            Tab::Snoozed => self.state == State::Snoozed,
            Tab::Resolved => self.state == State::Resolved,
            Tab::All => true,
        }
    }

    /// Since when somebody has been waiting, by the clock this line is sorted and coloured by: the handoff while
    /// queued, else the oldest unanswered message.
    pub fn waits_since(&self) -> Option<Time> {
        match self.state {
            State::Queued => self.queued_at,
            State::Resolved | State::Snoozed => None,
            State::Active | State::Assistant => self.waiting_since,
        }
    }
}
