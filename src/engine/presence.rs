//! Who is there: intent (Available or Away) and presence (a console's lease), kept apart.
//!
//! Invariant: nothing but the agent sets Available. Only intent *and* presence together mean "offered work".

use std::collections::{HashMap, HashSet};

use super::{AgentSession, AgentView};
use crate::conversation::{AgentId, ConversationId, SiteId, Time};
use crate::log::AgentRecord;
use crate::protocol::AvailabilityInfo;

/// A console that comes back within this time finds the intent its agent left (DESIGN.md, section 3, "Rights").
const KEEP_INTENT_MS: i64 = 5 * 60_000;
/// How often a present agent's last sign of life is written down, so that a restart within five minutes is recognised.
const NOTE_SEEN_MS: i64 = 60_000;

#[derive(Debug)]
struct Agent {
    session: AgentSession,
    availability: AvailabilityInfo,
    /// Console instance → when its lease runs out.
    consoles: HashMap<String, Time>,
    /// Since when no console leases; none: one does, or none ever did.
    lost_at: Option<Time>,
    last_seen: Option<Time>,
    noted_seen: Option<Time>,
    token_no: u64,
}

/// Why an agent's sockets have to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Why {
    /// They were removed.
    Removed,
    /// Their token was.
    Rotated,
    /// Role, sites or groups are others now.
    Changed {
        /// The sites they have now.
        sites: super::SiteFilter,
    },
}

/// An agent whose sockets have to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gone {
    pub agent: AgentId,
    pub why: Why,
}

/// All agents.
#[derive(Debug, Default)]
pub(super) struct Presence {
    agents: HashMap<AgentId, Agent>,
    /// When a holder last typed: conversation → (agent, when).
    typed: HashMap<ConversationId, (AgentId, Time)>,
    /// Removed since the start: never learnt again, however late a reader of the store comes with them.
    removed: HashSet<AgentId>,
    /// Which consoles have a conversation open.
    viewing: HashMap<ConversationId, HashSet<(AgentId, String)>>,
}

/// What a lease changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changed {
    /// Presence went from absent to present or back.
    pub presence: bool,
    /// The intent must be set to Away, durably: a first login.
    pub to_away: bool,
    /// `last_seen` should be written down.
    pub note_seen: bool,
}

impl Presence {
    /// Agents as the store has them at start. Who was seen before the restart counts as gone since `now`, so that what
    /// they hold returns to the queue in time unless they come back.
    pub(super) fn load(records: Vec<AgentRecord>, now: Time) -> Self {
        let mut presence = Self::default();
        for record in records {
            let lost = record.last_seen.is_some();
            let id = record.id;
            presence.learn(record);
            if let Some(agent) = presence.agents.get_mut(&id) {
                agent.lost_at = lost.then_some(now);
            }
        }
        presence
    }

    /// An agent as the store has them: added, or rights, sites and groups brought up to date. What is older than what is
    /// known changes nothing.
    pub(super) fn learn(&mut self, record: AgentRecord) -> AgentSession {
        let session = super::handle::session_of(&record);
        let newer = self.agents.get(&record.id).is_none_or(|known| known.session.version <= session.version);
        if !newer || self.removed.contains(&record.id) {
            return session;
        }
        let agent = self.agents.entry(record.id).or_insert_with(|| Agent {
            session: session.clone(),
            availability: record.availability.clone(),
            consoles: HashMap::new(),
            lost_at: None,
            last_seen: record.last_seen,
            noted_seen: record.last_seen,
            token_no: record.token_no,
        });
        agent.session = session.clone();
        agent.token_no = record.token_no;
        session
    }

    /// Takes in all agents as the store has them; gives those whose sockets have to go, and why.
    pub(super) fn relearn(&mut self, records: &[AgentRecord], now: Time) -> Vec<Gone> {
        let mut gone = Vec::new();
        for (id, known) in &self.agents {
            match records.iter().find(|r| r.id == *id) {
                None => gone.push(Gone { agent: *id, why: Why::Removed }),
                Some(record) if record.version <= known.session.version => {}
                Some(record) if record.token_no != known.token_no => {
                    gone.push(Gone { agent: *id, why: Why::Rotated });
                }
                Some(record) => {
                    let sites = super::handle::session_of(record).sites;
                    gone.push(Gone { agent: *id, why: Why::Changed { sites } });
                }
            }
        }
        for Gone { agent: id, why } in &gone {
            if matches!(why, Why::Removed) {
                self.removed.insert(*id);
                self.agents.remove(id);
            } else if let Some(agent) = self.agents.get_mut(id)
                && matches!(why, Why::Rotated)
                && !agent.consoles.is_empty()
            {
                agent.consoles.clear();
                agent.gone(now);
            }
        }
        for record in records {
            self.learn(record.clone());
        }
        gone
    }

    /// Whether commands of this session may still have an effect: the agent was neither removed nor changed since.
    pub(super) fn good(&self, session: &AgentSession) -> bool {
        let id = session.agent.id;
        !self.removed.contains(&id)
            && self.agents.get(&id).is_none_or(|known| known.session.version <= session.version)
    }

    /// Whether this agent was removed.
    pub(super) fn is_removed(&self, id: AgentId) -> bool {
        self.removed.contains(&id)
    }

    /// Whether this agent exists and may act on this site.
    pub(super) fn may_hold(&self, id: AgentId, site: &SiteId) -> bool {
        self.agents.get(&id).is_some_and(|a| a.session.sites.allows(site))
    }

    pub(super) fn view(&self, id: AgentId) -> Option<AgentView> {
        self.agents.get(&id).map(Agent::view)
    }

    pub(super) fn views(&self) -> Vec<AgentView> {
        let mut all: Vec<_> = self.agents.values().map(Agent::view).collect();
        all.sort_by(|a, b| a.session.agent.name.cmp(&b.session.agent.name));
        all
    }

    pub(super) fn set(&mut self, id: AgentId, to: AvailabilityInfo) -> Option<AgentView> {
        let agent = self.agents.get_mut(&id)?;
        agent.availability = to;
        Some(agent.view())
    }

    /// A console starts or renews its lease until `until`.
    pub(super) fn lease(&mut self, id: AgentId, instance: &str, now: Time, until: Time) -> Changed {
        let Some(agent) = self.agents.get_mut(&id) else { return Changed::default() };
        let first = agent.consoles.is_empty();
        agent.consoles.insert(instance.to_owned(), until);
        let stale = agent.last_seen.is_none_or(|seen| now.since_ms(seen) > KEEP_INTENT_MS);
        let to_away = first && stale && agent.availability.available;
        agent.lost_at = None;
        agent.last_seen = Some(now);
        let note_seen = agent.noted_seen.is_none_or(|at| now.since_ms(at) > NOTE_SEEN_MS);
        if note_seen {
            agent.noted_seen = Some(now);
        }
        Changed { presence: first, to_away, note_seen }
    }

    /// A console said goodbye.
    pub(super) fn end(&mut self, id: AgentId, instance: &str, now: Time) -> Changed {
        let Some(agent) = self.agents.get_mut(&id) else { return Changed::default() };
        if agent.consoles.remove(instance).is_none() || !agent.consoles.is_empty() {
            return Changed::default();
        }
        agent.gone(now);
        Changed { presence: true, to_away: false, note_seen: true }
    }

    /// Ends leases that ran out; returns whose presence ended.
    pub(super) fn expire(&mut self, now: Time) -> Vec<AgentId> {
        let mut gone = Vec::new();
        for (id, agent) in &mut self.agents {
            if agent.consoles.is_empty() {
                continue;
            }
            agent.consoles.retain(|_, until| *until > now);
            if agent.consoles.is_empty() {
                agent.gone(now);
                gone.push(*id);
            }
        }
        gone
    }

    /// Whether somebody can be offered work on this site.
    pub(super) fn someone(&self, site: &SiteId) -> bool {
        self.agents.values().any(|a| a.offered(site))
    }

    /// Whether this agent can be offered work on this site.
    pub(super) fn offered(&self, id: AgentId, site: &SiteId) -> bool {
        self.agents.get(&id).is_some_and(|a| a.offered(site))
    }

    pub(super) fn lost_at(&self, id: AgentId) -> Option<Time> {
        self.agents.get(&id).and_then(|a| a.lost_at)
    }

    pub(super) fn typed(&mut self, conversation: ConversationId, agent: AgentId, at: Time) {
        self.typed.insert(conversation, (agent, at));
    }

    pub(super) fn typed_at(&self, conversation: ConversationId, holder: AgentId) -> Option<Time> {
        self.typed.get(&conversation).filter(|(agent, _)| *agent == holder).map(|(_, at)| *at)
    }

    pub(super) fn forget_typing(&mut self, conversation: ConversationId) {
        self.typed.remove(&conversation);
    }

    /// Who has this conversation open, by name, after a console opened or closed it.
    pub(super) fn viewing(
        &mut self,
        conversation: ConversationId,
        agent: AgentId,
        instance: &str,
        on: bool,
    ) -> Vec<String> {
        let viewers = self.viewing.entry(conversation).or_default();
        if on {
            viewers.insert((agent, instance.to_owned()));
        } else {
            viewers.remove(&(agent, instance.to_owned()));
        }
        if viewers.is_empty() {
            self.viewing.remove(&conversation);
        }
        self.viewers(conversation)
    }

    fn viewers(&self, conversation: ConversationId) -> Vec<String> {
        let viewers = self.viewing.get(&conversation).into_iter().flatten();
        let mut names: Vec<String> =
            viewers.filter_map(|(id, _)| self.agents.get(id).map(|a| a.session.agent.name.clone())).collect();
        names.sort();
        names.dedup();
        names
    }

    /// What is open anywhere, and who looks at it, by name.
    pub(super) fn all_viewing(&self, limit: usize) -> Vec<(ConversationId, Vec<String>)> {
        self.viewing.keys().take(limit).map(|id| (*id, self.viewers(*id))).collect()
    }
}

impl Agent {
    fn view(&self) -> AgentView {
        AgentView {
            session: self.session.clone(),
            availability: self.availability.clone(),
            present: !self.consoles.is_empty(),
        }
    }

    fn offered(&self, site: &SiteId) -> bool {
        self.availability.available && !self.consoles.is_empty() && self.session.sites.allows(site)
    }

    fn gone(&mut self, now: Time) {
        self.lost_at = Some(now);
        self.last_seen = Some(now);
        self.noted_seen = Some(now);
    }
}
