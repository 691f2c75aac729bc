//! What `decide` may know of the world: the time, who asks, the site's settings, who is there, and fresh ids.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{AgentRef, Device, SiteId, Time, VisitorRef};

/// What an agent may do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Acts on unheld conversations and on their own.
    Agent,
    /// Acts on any.
    Supervisor,
    /// Also configures.
    Admin,
}

impl Role {
    /// The word in files, flags and on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Role::Agent => "agent",
            Role::Supervisor => "supervisor",
            Role::Admin => "admin",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "agent" => Ok(Role::Agent),
            "supervisor" => Ok(Role::Supervisor),
            "admin" => Ok(Role::Admin),
            other => {
                Err(format!("“{}” is no role; roles are agent, supervisor and admin", other.escape_debug()))
            }
        }
    }
}

/// Who commands. Rights to the *site* are checked by the engine before `decide`; rights on the *conversation* here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The visitor whose conversation it is.
    Visitor(VisitorRef),
    /// The assistant.
    Assistant,
    /// An agent.
    Agent {
        /// Who.
        agent: AgentRef,
        /// With which rights.
        role: Role,
    },
    /// The engine's own timers.
    System,
}

/// The texts a visitor reads from the system. Shown as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Texts {
    /// Said once when a live handoff is queued.
    pub connecting: String,
    /// Said when a person is asked for and nobody is there; contact details are asked for.
    pub nobody_there: String,
    /// Said when a person is asked for, nobody is there and the site takes no tickets.
    pub nobody_no_ticket: String,
    /// Said when a ticket was queued.
    pub ticket_queued: String,
    /// Said once after a resolve.
    pub resolved: String,
    /// Said when a wait was cancelled by the visitor.
    pub cancelled: String,
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            connecting: "Connecting you with the team. Your question and this conversation go along, so you need not repeat anything.".into(),
            nobody_there: "Nobody from the team is here right now. Leave your name and e-mail address and we will reply by e-mail; meanwhile I can go on helping from the docs.".into(),
            nobody_no_ticket: "Nobody from the team is here right now. I can go on helping from the docs.".into(),
            ticket_queued: "Thank you. The team has your question and will reply by e-mail. Meanwhile I can go on helping from the docs.".into(),
            resolved: "This conversation was closed. Write again at any time.".into(),
            cancelled: "You are back with the assistant.".into(),
        }
    }
}

/// Deadlines, in milliseconds (DESIGN.md, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timings {
    /// Accepted and not answered: the agent is warned.
    pub warn_after_ms: i64,
    /// Accepted and not answered: back to the queue.
    pub return_after_ms: i64,
    /// The holder's console is gone and the visitor waits: back to the queue.
    pub lease_return_ms: i64,
    /// The assistant owes an answer for this long: a person is asked for.
    pub assistant_timeout_ms: i64,
    /// The assistant holds it and nobody said a word: resolved by time.
    pub idle_resolve_ms: i64,
    /// After a resolve: how long an accident can be undone before the visitor is told.
    pub resolve_notice_ms: i64,
    /// After a resolve: how long the visitor's next message continues the same conversation.
    pub reopen_window_ms: i64,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            warn_after_ms: 60_000,
            return_after_ms: 180_000,
            lease_return_ms: 180_000,
            assistant_timeout_ms: 90_000,
            idle_resolve_ms: 24 * 3_600_000,
            resolve_notice_ms: 5_000,
            reopen_window_ms: 24 * 3_600_000,
        }
    }
}

/// What the site's owner has set, as far as `decide` needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whether the assistant answers here.
    pub assistant_on: bool,
    /// Whether a person asked for in vain becomes a ticket (else the truth is told and the assistant goes on).
    pub tickets: bool,
    /// Longest message, bytes.
    pub max_message_bytes: usize,
    /// Deadlines.
    pub timings: Timings,
    /// Texts.
    pub texts: Texts,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            assistant_on: true,
            tickets: true,
            max_message_bytes: 8 * 1024,
            timings: Timings::default(),
            texts: Texts::default(),
        }
    }
}

/// What an agent holds, against what they are meant to hold at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Conversations that count, see [`super::Conversation::counts_for`].
    pub active: u32,
    /// The limit, at least 1.
    pub limit: u32,
}

/// Everything `decide` may look at beside the conversation.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// Now.
    pub now: Time,
    /// Who commands.
    pub actor: Actor,
    /// The site the command came in through (used when a conversation starts).
    pub site: SiteId,
    /// The site's settings.
    pub settings: &'a Settings,
    /// Whether any agent of the site is Available and present.
    pub someone_available: bool,
    /// Whether the conversation's last (or snoozing) agent is Available and present.
    pub last_agent_eligible: bool,
    /// When the holding agent last typed in this conversation: postpones the accept-to-reply deadlines.
    pub typed_at: Option<Time>,
    /// Since when the holder has no live console.
    pub lease_lost_at: Option<Time>,
    /// The conversation this one continues, when it is a new one past the reopen window.
    pub linked: Option<super::ConversationId>,
    /// What the visitor's socket knows of its browser; none for other actors.
    pub device: Option<Device>,
    /// Where an agent acts and there is a limit: what they hold, and the limit. None: unlimited.
    pub load: Option<Load>,
    /// Fresh random ids: a decision takes as many as it needs, in order.
    pub fresh: [Uuid; 4],
}
