//! What the fold remembers of a conversation: bounded, whatever its length.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    AgentId, AgentRef, ConversationId, Device, Handoff, Page, Priority, ResolvedBy, SiteId, Time, VisitorRef,
};

/// A conversation nobody said a word in for ten minutes takes no attention (the rule of the leading help desks).
pub const LOAD_WINDOW_MS: i64 = 10 * 60_000;

/// Where a conversation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The assistant holds it.
    Assistant,
    /// Handed off, held by nobody.
    Queued,
    /// An agent holds it.
    Active,
    /// An agent put it aside.
    Snoozed,
    /// Ended; the assistant answers if the visitor returns.
    Resolved,
}

impl State {
    /// All of them, in the order of the console's tabs.
    pub const ALL: [State; 5] =
        [State::Queued, State::Active, State::Assistant, State::Snoozed, State::Resolved];

    /// The word on the wire and on screen.
    pub fn word(self) -> &'static str {
        match self {
            State::Assistant => "assistant",
            State::Queued => "queued",
            State::Active => "active",
            State::Snoozed => "snoozed",
            State::Resolved => "resolved",
        }
    }
}

/// Who may speak for the company now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Holder {
    /// The AI.
    Assistant,
    /// Queued: nobody yet.
    Nobody,
    /// A human.
    Agent(AgentRef),
}

impl Holder {
    /// The agent, where one holds it.
    pub fn agent(&self) -> Option<&AgentRef> {
        match self {
            Holder::Agent(a) => Some(a),
            _ => None,
        }
    }
}

/// What the handoff policy counts, all since the last resolve or hand-back (HANDOFF.md, "State").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Counters {
    /// Failed assistant turns in a row.
    pub failed_turns: u32,
    /// Offers of a person made.
    pub offers: u32,
    /// Times the visitor was asked to state the problem first.
    pub collected: u32,
    /// Handoffs in this episode.
    pub handoffs: u32,
    /// Assistant turns in this episode.
    pub turns: u32,
}

/// A wait that ended without an answer; gone as soon as anybody says something to the visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SetAside {
    /// Since when the visitor waited.
    pub since: Time,
    /// Version of the event that ended the wait.
    pub version: u64,
}

/// A page the visitor was on, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Visit {
    /// When they came to it.
    pub at: Time,
    /// Which. Long addresses and titles are cut: the whole ones stand in the log.
    pub page: Page,
}

/// A conversation as the fold of its events, without the messages themselves. `version == 0`: it does not exist yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Which site it belongs to; none only before it starts.
    pub site: Option<SiteId>,
    /// Whose it is; none only before it starts.
    pub visitor: Option<VisitorRef>,
    /// Where it stands.
    pub state: State,
    /// Who may speak for the company.
    pub holder: Holder,
    /// +1 whenever the holder changes: the fence.
    pub epoch: u64,
    /// +1 on each resolve.
    pub episode: u32,
    /// Number of events so far.
    pub version: u64,
    /// The version at which the present episode began.
    pub episode_version: u64,
    /// When it started.
    pub started_at: Time,
    /// When the last event happened.
    pub last_at: Time,
    /// When somebody last said something.
    pub last_message_at: Time,
    /// The page the visitor is on, as last reported.
    pub page: Option<Page>,
    /// The conversation this one continues.
    pub linked: Option<ConversationId>,
    /// The request for a person in this episode.
    pub handoff: Option<Handoff>,
    /// When it was handed off: the wait counts from here, also after a release.
    pub queued_at: Option<Time>,
    /// The group preferred for it.
    pub group: Option<String>,
    /// Answered by mail: the visitor left details and nobody was there.
    pub ticket: bool,
    /// Contact details were asked for and not given yet.
    pub lead_wanted: bool,
    /// When the present holder got it.
    pub held_since: Time,
    /// Whether the present holder (an agent) has said anything since.
    pub answered: bool,
    /// Whether the present holder was warned that no answer came.
    pub warned: bool,
    /// Since when the visitor waits for an answer from whoever holds it: the oldest message not yet answered.
    pub waiting_since: Option<Time>,
    /// The wait that a resolve or a hand-back ended without an answer. It counts again where that is taken back.
    #[serde(default)]
    pub set_aside: Option<SetAside>,
    /// Version of the visitor's last message: what an assistant turn answers.
    pub last_visitor_version: u64,
    /// Version of the visitor message the assistant last answered.
    pub answered_version: u64,
    /// The agent who held it last.
    pub last_agent: Option<AgentRef>,
    /// Whether a human has held it in this episode.
    pub human_held: bool,
    /// When and by whom it was resolved last.
    pub resolved: Option<(Time, ResolvedBy)>,
    /// Whether the visitor was told of the resolve.
    pub announced: bool,
    /// When a snoozed conversation wakes by itself.
    pub snoozed_until: Option<Time>,
    /// What the policy counts.
    pub counters: Counters,
    /// Messages so far (visitor, assistant, agent).
    pub messages: u64,
    /// The start of the last message, for lists: at most 140 characters.
    pub last_text: String,
    /// Who said it: `visitor`, `assistant` or `agent`.
    pub last_author: String,
    /// Messages of the visitor so far: what a reader has not seen is counted from here.
    #[serde(default)]
    pub visitor_messages: u64,
    /// What agents called it: sorted, unique whatever the case, at most [`super::TAGS_AT_MOST`]. They outlast a resolve.
    #[serde(default)]
    pub tags: Vec<String>,
    /// How urgent agents say it is. It outlasts a resolve.
    #[serde(default)]
    pub priority: Priority,
    /// The last pages the visitor was on, oldest first, at most 10.
    #[serde(default)]
    pub trail: Vec<Visit>,
    /// What the visitor's browser told of itself.
    #[serde(default)]
    pub device: Option<Device>,
}

impl Conversation {
    /// A conversation that has no event yet.
    pub fn empty(id: ConversationId) -> Self {
        Self {
            id,
            site: None,
            visitor: None,
            state: State::Assistant,
            holder: Holder::Assistant,
            epoch: 0,
            episode: 0,
            version: 0,
            episode_version: 0,
            started_at: Time::default(),
            last_at: Time::default(),
            last_message_at: Time::default(),
            page: None,
            linked: None,
            handoff: None,
            queued_at: None,
            group: None,
            ticket: false,
            lead_wanted: false,
            held_since: Time::default(),
            answered: false,
            warned: false,
            waiting_since: None,
            set_aside: None,
            last_visitor_version: 0,
            answered_version: 0,
            last_agent: None,
            human_held: false,
            resolved: None,
            announced: false,
            snoozed_until: None,
            counters: Counters::default(),
            messages: 0,
            last_text: String::new(),
            last_author: String::new(),
            visitor_messages: 0,
            tags: Vec::new(),
            priority: Priority::Normal,
            trail: Vec::new(),
            device: None,
        }
    }

    /// Whether it has started.
    pub fn exists(&self) -> bool {
        self.version > 0
    }

    /// Whether the assistant may speak now: it holds the conversation, or this is a ticket no human has held in this
    /// episode. (A ticket's visitor was told that nobody is here; going on to answer from the docs harms nobody, and
    /// an accept ends it at once because it raises the epoch.)
    pub fn assistant_may_speak(&self) -> bool {
        match self.state {
            State::Assistant => true,
            State::Queued => self.ticket && !self.human_held,
            _ => false,
        }
    }

    /// Whether a visitor message is waiting for the assistant.
    pub fn assistant_owes(&self) -> bool {
        self.assistant_may_speak() && self.last_visitor_version > self.answered_version
    }

    /// Whether this conversation counts as work of this agent now: they hold it, it is active, and somebody said
    /// something within [`LOAD_WINDOW_MS`]. Idle and snoozed ones count nothing.
    pub fn counts_for(&self, agent: AgentId, now: Time) -> bool {
        self.state == State::Active
            && self.holder.agent().is_some_and(|holder| holder.id == agent)
            && now.since_ms(self.last_message_at) <= LOAD_WINDOW_MS
    }

    /// The page to show: the one the handoff fired on, else the one the visitor is on.
    pub fn source_page(&self) -> Option<&Page> {
        self.handoff.as_ref().and_then(|h| h.page.as_ref()).or(self.page.as_ref())
    }
}
