//! Tests of the core: every cell of state × command, the story of a takeover, and the invariants over random histories.

mod cells;
mod desk;
mod histories;
mod story;
mod waiting;

use uuid::Uuid;

use super::*;

/// A world to decide in: one site, a clock and ids that count up, people who are there or not.
pub(super) struct World {
    pub c: Conversation,
    pub now: Time,
    pub settings: Settings,
    pub someone: bool,
    pub last_eligible: bool,
    pub ids: u128,
    pub typed_at: Option<Time>,
    pub lease_lost_at: Option<Time>,
    pub device: Option<Device>,
    pub load: Option<Load>,
}

pub(super) fn agent(n: u128) -> AgentRef {
    AgentRef { id: AgentId(Uuid::from_u128(0xa000 + n)), name: format!("agent-{n}") }
}

pub(super) fn visitor() -> VisitorRef {
    VisitorRef { id: VisitorId(Uuid::from_u128(1)), name: None, email: None }
}

pub(super) fn by_visitor() -> Actor {
    Actor::Visitor(visitor())
}

pub(super) fn by_agent(n: u128) -> Actor {
    Actor::Agent { agent: agent(n), role: Role::Agent }
}

pub(super) fn by_supervisor() -> Actor {
    Actor::Agent { agent: agent(9), role: Role::Supervisor }
}

pub(super) fn say(text: &str) -> Command {
    Command::VisitorMessage { text: text.into(), attachments: vec![], page: None, thanks: false }
}

pub(super) fn reply(text: &str) -> Command {
    Command::AgentMessage { text: text.into(), attachments: vec![] }
}

pub(super) fn handoff(reason: Reason) -> Handoff {
    Handoff {
        reason,
        evidence: vec!["because".into()],
        card: Card::default(),
        page: None,
        hits: Vec::new(),
        withheld: None,
    }
}

pub(super) fn ask_for_person() -> Command {
    Command::RequestHandoff { handoff: handoff(Reason::VisitorButton), epoch: None, answers: None }
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            c: Conversation::empty(ConversationId(Uuid::from_u128(7))),
            now: Time(1_000_000_000),
            settings: Settings::default(),
            someone: true,
            last_eligible: true,
            ids: 0x1000,
            typed_at: None,
            lease_lost_at: None,
            device: None,
            load: None,
        }
    }

    pub(super) fn decide(&self, actor: Actor, command: &Command) -> Result<Decided, Rejection> {
        let ctx = Context {
            now: self.now,
            actor,
            site: SiteId::new("demo").expect("valid"),
            settings: &self.settings,
            someone_available: self.someone,
            last_agent_eligible: self.last_eligible,
            typed_at: self.typed_at,
            lease_lost_at: self.lease_lost_at,
            linked: None,
            device: self.device.clone(),
            load: self.load,
            fresh: std::array::from_fn(|n| Uuid::from_u128(self.ids + n as u128)),
        };
        decide(&self.c, command, &ctx)
    }

    /// Decides and folds; the events that happened.
    pub(super) fn act(&mut self, actor: Actor, command: &Command) -> Result<Vec<Event>, Rejection> {
        let decided = self.decide(actor, command)?;
        for event in &decided.events {
            self.c.apply(event, self.now);
        }
        self.ids += 4;
        self.now = self.now.plus_ms(1_000);
        Ok(decided.events)
    }

    pub(super) fn assistant_says(&self, text: &str) -> Command {
        Command::AssistantMessage {
            text: text.into(),
            sources: vec![],
            epoch: self.c.epoch,
            turn: AssistantTurn {
                answers: self.c.last_visitor_version,
                outcome: TurnOutcome::Answered,
                decision: Some("answer".into()),
                offered: false,
                evidence: vec![],
                hits: vec![],
            },
        }
    }
}
