//! What goes in and what comes out of the engine.

use std::sync::{Arc, OnceLock};

use crate::conversation::{
    AgentId, AgentRef, Cid, Command, Conversation, ConversationId, Device, Event, Rejection, Role, Row,
    Settings, SiteId, Time, VisitorId, VisitorRef,
};
use crate::protocol::{
    AgentEph, AvailabilityInfo, VisitorEph, WireError, encode_eph, encode_event_tail, encode_row_tail,
    visitor_view,
};

use super::SiteFilter;

/// A site, as the engine and the server need it.
#[derive(Debug, Clone)]
pub struct SiteConfig {
    /// Id.
    pub id: SiteId,
    /// Name, shown to visitors and agents.
    pub name: String,
    /// First words of the assistant in the widget.
    pub greeting: String,
    /// Origins (scheme://host[:port]) whose pages may open a visitor socket. Exact match.
    pub origins: Vec<String>,
    /// Whether any loopback origin may, too.
    pub loopback_origins: bool,
    /// What `decide` needs to know.
    pub settings: Settings,
    /// The site's handoff policy.
    pub policy: crate::handoff::policy::Policy,
    /// The site's docs, indexed.
    pub index: Arc<crate::knowledge::Index>,
}

/// Who submits.
#[derive(Debug, Clone)]
pub enum Who {
    /// A visitor's socket.
    Visitor(VisitorRef),
    /// The assistant.
    Assistant,
    /// An agent's socket.
    Agent(Arc<AgentSession>),
    /// The engine's timers.
    System,
}

/// An authenticated agent. Rights are read at authentication and whenever the agent is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentSession {
    /// Id and name.
    pub agent: AgentRef,
    /// Rights.
    pub role: Role,
    /// Which sites.
    pub sites: SiteFilter,
    /// Which groups, sorted.
    pub groups: Vec<String>,
    /// Which of the agent's changes this session knows: after the next one it is no longer good.
    pub version: u64,
}

/// Which conversation.
#[derive(Debug, Clone)]
pub enum Target {
    /// This one.
    Conversation(ConversationId),
    /// The visitor's latest on this site; where there is none, or it is past its reopen window, a new one.
    CurrentOf {
        /// Site.
        site: SiteId,
        /// Visitor.
        visitor: VisitorId,
    },
}

/// A command on its way in.
#[derive(Debug, Clone)]
pub struct Submit {
    /// Who wants it.
    pub who: Who,
    /// Of which conversation.
    pub target: Target,
    /// What.
    pub command: Command,
    /// The client id; none only for the assistant, timers and things without effect on what is said (page, identify).
    pub cid: Option<Cid>,
    /// What the visitor's socket knows of its browser; none for everybody else.
    pub device: Option<Device>,
}

/// Why a submitted command had no effect.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refusal {
    /// The state, the rights or the content do not allow it.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The client id was used for something else before.
    #[error(
        "this client id was used for other content before; nothing was changed. Send it again with a new id"
    )]
    CidReused,
    /// The agent was removed or changed meanwhile, or the agent it is for is gone.
    #[error("that agent was changed or removed meanwhile; nothing was saved")]
    SessionOver,
    /// The visitor may not write.
    #[error("{}", blocked_words(*until))]
    Blocked {
        /// When that ends; none: not by itself.
        until: Option<Time>,
    },
    /// The disk is full.
    #[error(
        "the server's storage is full: nothing was saved. What you wrote is still with you; try again later"
    )]
    StorageFull,
    /// Too many commands are waiting.
    #[error("the server is overloaded; nothing was saved. Try again in a moment")]
    Overloaded,
    /// The server is stopping.
    #[error("the server is stopping; nothing was saved. Reconnect and send it again")]
    Stopping,
    /// The server's own fault; the cause is in its log.
    #[error("the server could not save that; nothing was changed")]
    Fault,
}

/// What a blocked visitor is told: that it is so and for how long, not why.
pub fn blocked_words(until: Option<Time>) -> String {
    match until {
        Some(until) => format!("this site has blocked you until {until}; nothing was sent"),
        None => "this site has blocked you; nothing was sent".into(),
    }
}

impl From<&Refusal> for WireError {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Rejected(rejection) => WireError::from(rejection),
            Refusal::CidReused => WireError::new("request.cid_reused", refusal.to_string()),
            Refusal::SessionOver => WireError::new("auth.revoked", refusal.to_string()),
            Refusal::Blocked { until } => WireError::new("visitor.blocked", refusal.to_string())
                .with(serde_json::json!({ "until": until })),
            Refusal::StorageFull => WireError::retryable("storage.full", refusal.to_string()),
            Refusal::Overloaded => WireError::retryable("server.overloaded", refusal.to_string()),
            Refusal::Stopping => WireError::retryable("server.stopping", refusal.to_string()),
            Refusal::Fault => WireError::internal(),
        }
    }
}

/// One committed event, with its wire bodies encoded at most once.
#[derive(Debug)]
pub struct PublishedEvent {
    /// Position in the log.
    pub seq: u64,
    /// Position in the conversation.
    pub version: u64,
    /// The event.
    pub event: Event,
    /// The client id, on the event a visitor's command made.
    pub visitor_cid: Option<Cid>,
    /// The event as JSON, as stored.
    pub body: String,
    pub(super) agent_tail: OnceLock<String>,
    pub(super) visitor_tail: OnceLock<Option<String>>,
}

/// What one command did, committed: events of one conversation in order, and its line afterwards.
#[derive(Debug)]
pub struct Published {
    /// Position of the last of `events`.
    pub seq: u64,
    /// When.
    pub at: Time,
    /// Which conversation.
    pub conversation: ConversationId,
    /// Of which site.
    pub site: SiteId,
    /// Of which visitor.
    pub visitor: VisitorId,
    /// The events.
    pub events: Vec<PublishedEvent>,
    /// The state after them.
    pub state: Arc<Conversation>,
    /// The line after them.
    pub row: Row,
    pub(super) row_tail: OnceLock<String>,
}

/// Something passing.
#[derive(Debug, Clone)]
pub enum EphOut {
    /// For agents; `site` and `conversation` tell whom it concerns.
    Agent {
        /// Whose business it is; none: every agent's.
        site: Option<SiteId>,
        /// Only consoles that watch this conversation, where set.
        watchers_of: Option<ConversationId>,
        /// Not for this agent (their own typing).
        except: Option<AgentId>,
        /// What.
        eph: AgentEph,
        /// As a frame.
        frame: Arc<str>,
    },
    /// For visitors.
    Visitor {
        /// What.
        eph: VisitorEph,
        /// As a frame.
        frame: Arc<str>,
    },
}

/// What a subscriber gets.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// A commit.
    Commit(Arc<Published>),
    /// Something passing.
    Eph(Arc<EphOut>),
    /// The agent was removed, or their token rotated: close with 4201.
    Revoked,
    /// The agent's role, sites or groups changed: close with 4011, so that they come back with those they have now.
    RightsChanged,
    /// Who is blocked changed: a visitor's socket looks whether it is meant.
    BlocksChanged,
    /// The same console instance connected again: close with 4202.
    Replaced,
    /// The server is draining: say goaway and close.
    Draining,
}

/// An agent as colleagues see them, with what they want and whether they are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentView {
    /// Who, with which rights.
    pub session: AgentSession,
    /// Intent.
    pub availability: AvailabilityInfo,
    /// A live console leases their presence.
    pub present: bool,
}

impl From<&AgentView> for crate::protocol::AgentInfo {
    fn from(view: &AgentView) -> Self {
        Self {
            id: view.session.agent.id,
            name: view.session.agent.name.clone(),
            role: view.session.role,
            availability: view.availability.clone(),
            present: view.present,
            groups: view.session.groups.clone(),
        }
    }
}

impl EphOut {
    /// For agents; none only if it could not be encoded, which is logged.
    pub(super) fn agent(
        site: Option<SiteId>,
        watchers_of: Option<ConversationId>,
        except: Option<AgentId>,
        eph: AgentEph,
    ) -> Option<Self> {
        let frame = frame_of(&eph)?;
        Some(Self::Agent { site, watchers_of, except, eph, frame })
    }

    /// For visitors.
    pub(super) fn visitor(eph: VisitorEph) -> Option<Self> {
        let frame = frame_of(&eph)?;
        Some(Self::Visitor { eph, frame })
    }
}

fn frame_of(eph: &impl serde::Serialize) -> Option<Arc<str>> {
    match encode_eph(eph) {
        Ok(frame) => Some(frame.into()),
        Err(error) => {
            tracing::error!(%error, "a passing frame could not be encoded");
            None
        }
    }
}

impl PublishedEvent {
    /// The shared part of the agent's `ev` frame, encoded at most once for all sockets.
    pub fn agent_tail(&self, of: &Published) -> &str {
        self.agent_tail
            .get_or_init(|| encode_event_tail(self.seq, of.at, of.conversation, self.version, &self.body))
    }

    /// The shared part of the visitor's `ev` frame; none: not the visitor's to see.
    pub fn visitor_tail(&self, of: &Published) -> Option<&str> {
        self.visitor_tail
            .get_or_init(|| {
                let view = visitor_view(self.seq, of.at, &self.event, self.visitor_cid)?;
                let body = serde_json::to_string(&view).ok()?;
                Some(encode_event_tail(self.seq, of.at, of.conversation, self.version, &body))
            })
            .as_deref()
    }
}

impl Published {
    /// The shared part of the `row` frame.
    pub fn row_tail(&self) -> &str {
        self.row_tail.get_or_init(|| {
            encode_row_tail(self.seq, self.conversation, self.row.version, Some(&self.row))
                .unwrap_or_default()
        })
    }
}
