//! What passes by: typing, who looks, whose browser is there, how far somebody has read. None of it is an event; what
//! cannot be read or does not fit into a queue is dropped, and the next one makes it good.

use std::collections::HashMap;

use super::attendance::Typist;
use super::shared::Shared;
use super::writer::Job;
use super::{AgentSession, Engine, api};
use crate::conversation::{ConversationId, SiteId, State, VisitorId};
use crate::log::{CursorMove, Reader, StoreError};
use crate::protocol::{AgentEph, VisitorEph};

/// Conversations of whose visitors' presence a console is told when it comes; and those it is told the viewers of.
const STANDING: usize = 2_000;

impl Engine {
    /// An agent types: colleagues see it; where they hold the conversation the visitor does, too, and the return to the
    /// queue is postponed. Told once a second at most, and taken back after six without a word.
    pub fn agent_typing(&self, session: &AgentSession, conversation: ConversationId, on: bool) {
        let who = Typist::Agent(session.agent.id, conversation);
        let news = match on {
            true => self.shared().typing().on(&who, Some(session), self.now()),
            false => self.shared().typing().off(&who),
        };
        if news {
            self.tell_agent_types(session.clone(), conversation, on);
        }
    }

    fn tell_agent_types(&self, session: AgentSession, conversation: ConversationId, on: bool) {
        self.about(
            move |r| r.conversation(conversation),
            move |engine, c| {
                let (Some(site), Some(visitor)) = (&c.site, &c.visitor) else { return };
                if !session.sites.allows(site) {
                    return;
                }
                let me = session.agent.id;
                let name = Some(session.agent.name);
                if c.holder.agent().is_some_and(|a| a.id == me) {
                    if on {
                        engine.shared().presence().typed(conversation, me, engine.now());
                    }
                    let eph = VisitorEph::Typing { who: "agent".into(), name: name.clone(), on };
                    engine.eph_to_visitor(site, visitor.id, eph);
                }
                let eph = AgentEph::Typing { conversation, who: "agent".into(), name, on };
                engine.shared().eph_to_agents(Some(site), None, Some(me), eph);
            },
        );
    }

    /// A visitor types in their latest conversation: every agent of the site sees it.
    pub fn visitor_typing(&self, site: &SiteId, visitor: VisitorId, on: bool) {
        let who = Typist::Visitor(site.clone(), visitor);
        let news = match on {
            true => self.shared().typing().on(&who, None, self.now()),
            false => self.shared().typing().off(&who),
        };
        if news {
            self.tell_visitor_types(site.clone(), visitor, on);
        }
    }

    fn tell_visitor_types(&self, site: SiteId, visitor: VisitorId, on: bool) {
        let of = site.clone();
        self.about(
            move |r| r.current_of(&of, visitor),
            move |engine, conversation| {
                let eph = AgentEph::Typing { conversation, who: "visitor".into(), name: None, on };
                engine.shared().eph_to_agents(Some(&site), None, None, eph);
            },
        );
    }

    /// Takes back what was said of those who type no longer.
    pub(super) fn expire_typing(&self) {
        let stale = self.shared().typing().expire(self.now());
        for (who, session) in stale {
            match (who, session) {
                (Typist::Agent(_, conversation), Some(session)) => {
                    self.tell_agent_types(session, conversation, false);
                }
                (Typist::Visitor(site, visitor), _) => self.tell_visitor_types(site, visitor, false),
                (Typist::Agent(..), None) => {}
            }
        }
    }

    /// A console opened (or closed) a conversation: every agent of the site sees who looks.
    pub fn viewing(&self, session: &AgentSession, instance: &str, conversation: ConversationId, on: bool) {
        let names = self.shared().presence().viewing(conversation, session.agent.id, instance, on);
        self.about(
            move |r| r.conversation(conversation),
            move |engine, c| {
                let eph = AgentEph::Viewing { conversation, names };
                engine.shared().eph_to_agents(c.site.as_ref(), None, None, eph);
            },
        );
    }

    /// A visitor's first socket opened, or the last one closed.
    pub fn visitor_online(&self, site: &SiteId, visitor: VisitorId, online: bool) {
        if !online {
            self.shared().hub.sweep_visitor(visitor);
            self.visitor_typing(site, visitor, false);
        }
        self.shared().visitors().note(visitor, online, self.now());
        let (site, of) = (site.clone(), site.clone());
        self.about(
            move |r| match r.current_of(&of, visitor)? {
                Some(id) => r.conversation(id),
                None => Ok(None),
            },
            move |engine, c| engine.shared().tell_presence(&site, c.id, visitor, c.state),
        );
    }

    /// A visitor saw everything up to this version of their latest conversation. Those who watch it are told once it is
    /// stored.
    pub fn visitor_seen(&self, site: &SiteId, visitor: VisitorId, version: u64) {
        let (site, of) = (site.clone(), site.clone());
        self.about(
            move |r| match r.current_of(&of, visitor)? {
                Some(id) => r.conversation(id),
                None => Ok(None),
            },
            move |engine, c| {
                // A version it has not reached was meant for an earlier conversation.
                if version > 0 && version <= c.version {
                    let job = Job::Cursor(CursorMove::Seen(c.id, version), Some(site), None);
                    let _ = engine.shared().send(job);
                }
            },
        );
    }

    /// An agent has read so many of the visitor's messages; their other clients are told once it is stored. The caller
    /// checked that they may see the conversation.
    pub fn agent_read(
        &self,
        session: &AgentSession,
        instance: &str,
        conversation: ConversationId,
        messages: u64,
    ) {
        let step = CursorMove::Read(session.agent.id, conversation, messages);
        // A full queue only delays a count.
        let _ = self.shared().send(Job::Cursor(step, None, Some(instance.to_owned())));
    }

    /// What a console that comes does not know of the passing: whose visitors are gone (of what is queued or active), who
    /// looks at what, and, of what it watches, who is there and what was seen.
    ///
    /// # Errors
    /// The store could not be read.
    pub async fn standing(
        &self,
        session: &AgentSession,
        watched: Vec<ConversationId>,
    ) -> Result<Vec<AgentEph>, StoreError> {
        let viewing = self.shared().presence().all_viewing(STANDING);
        let (filter, sites) = (session.sites.clone(), session.sites.list());
        let me = session.agent.name.clone();
        let shared = self.shared().clone();
        self.read(move |r| {
            let mut passing = Vec::new();
            let mut told = HashMap::new();
            for conversation in watched {
                let Some(c) = r.conversation(conversation)? else { continue };
                if let Some(version) = r.seen(conversation)? {
                    passing.push(AgentEph::Seen { conversation, version });
                }
                if let Some(visitor) = &c.visitor {
                    let (online, since) = shared.visitors().of(visitor.id);
                    told.insert(conversation, ());
                    passing.push(AgentEph::Presence { conversation, online, since });
                }
            }
            for (conversation, visitor) in r.attended(sites.as_deref(), STANDING)? {
                let (online, since) = shared.visitors().of(visitor);
                if !online && !told.contains_key(&conversation) {
                    passing.push(AgentEph::Presence { conversation, online, since });
                }
            }
            for (conversation, mut names) in viewing {
                names.retain(|name| *name != me);
                let site = r.conversation(conversation)?.and_then(|c| c.site);
                if !names.is_empty() && site.is_some_and(|site| filter.allows(&site)) {
                    passing.push(AgentEph::Viewing { conversation, names });
                }
            }
            Ok(passing)
        })
        .await
    }

    /// Whether a visitor is there, as a frame for those who watch the conversation.
    pub fn presence_of(&self, conversation: ConversationId, visitor: VisitorId) -> AgentEph {
        let (online, since) = self.shared().visitors().of(visitor);
        AgentEph::Presence { conversation, online, since }
    }

    /// Keeps (or forgets) a note about what was told to somebody outside, over a restart. Lost with the power at worst, or
    /// where the writer has too much to do: then it is told again.
    pub fn keep_rung(&self, name: String, doc: Option<String>) {
        if self.shared().send(Job::Rung(name, doc)).is_err() {
            tracing::warn!("what a webhook was told could not be noted");
        }
    }

    /// Reads something that passing frames need, off the async threads, then sends them. What cannot be read is not sent:
    /// passing things are dropped first.
    fn about<T: Send + 'static>(
        &self,
        find: impl FnOnce(&Reader) -> Result<Option<T>, StoreError> + Send + 'static,
        then: impl FnOnce(&Engine, T) + Send + 'static,
    ) {
        let engine = self.clone();
        tokio::task::spawn_blocking(move || {
            if let Ok(Some(found)) = engine.shared().readers.with(find) {
                then(&engine, found);
            }
        });
    }
}

impl Shared {
    /// Tells whom it concerns whether a visitor is there: everybody where somebody waits or is answered, else those who
    /// watch.
    pub(super) fn tell_presence(
        &self,
        site: &SiteId,
        conversation: ConversationId,
        visitor: VisitorId,
        state: State,
    ) {
        let watchers = (!matches!(state, State::Queued | State::Active)).then_some(conversation);
        // Held while it is sent: of two who come here at once, the one with the older news goes first.
        let visitors = self.visitors();
        let (online, since) = visitors.of(visitor);
        self.eph_to_agents(Some(site), watchers, None, AgentEph::Presence { conversation, online, since });
    }

    /// After cursors moved, on disk or about to be.
    pub(super) fn cursor_moved(&self, step: CursorMove, site: Option<&SiteId>, instance: Option<&str>) {
        match step {
            CursorMove::Seen(conversation, version) => {
                let eph = AgentEph::Seen { conversation, version };
                self.eph_to_agents(site, Some(conversation), None, eph);
            }
            CursorMove::Read(agent, conversation, messages) => {
                let eph = AgentEph::Read { conversation, messages };
                if let Some(out) = api::EphOut::agent(None, None, None, eph) {
                    self.hub.eph_to_clients_of(agent, instance, out);
                }
            }
        }
    }
}
