//! The engine's handle: what sockets, the assistant and the command line call.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::blocks::Blocks;
use super::shared::{Live, Shared};
use super::tokens::{VisitorTokens, token_hash};
use super::writer::{self, Job};
use super::{
    AgentSession, AgentView, Refusal, SiteConfig, SiteFilter, Submit, Subscription, Target, Who, answering,
    api, tasks,
};
use crate::assistant::Responder;
use crate::conversation::{AgentId, AgentRef, Command, ConversationId, SiteId, VisitorId};
use crate::log::{AgentRecord, Log, Reader, StoreError};
use crate::protocol::{AgentEph, Answered, AvailabilityInfo, Limits, VisitorAvailability, VisitorEph};

/// Commands that may wait for the writer; one more is refused as overloaded.
const QUEUE: usize = 8_192;
/// Read-only connections: as many as there can be useful readers on a small machine.
const READERS: usize = 4;

/// How to start an engine.
#[derive(Clone)]
pub struct EngineOptions {
    /// Data folder.
    pub data: PathBuf,
    /// Sites.
    pub sites: Vec<SiteConfig>,
    /// Limits.
    pub limits: Limits,
    /// Active conversations an agent is meant to hold at most; 0: no limit.
    pub capacity: u32,
    /// Who answers first.
    pub responder: Arc<dyn Responder>,
}

/// A handle to the running engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
    writer: Arc<Mutex<Option<std::thread::JoinHandle<()>>>>,
}

/// A console's lease on its agent's presence. Dropping it means the link broke: presence lasts until the lease runs out.
pub struct Lease {
    shared: Arc<Shared>,
    agent: AgentId,
    /// Which of the agent's changes it knows: a lease from before a later one leases nothing.
    version: u64,
    instance: String,
}

impl Lease {
    /// A sign of life: the lease runs anew.
    pub fn beat(&self) {
        self.shared.beat(self.agent, self.version, &self.instance);
    }

    /// The console said goodbye: presence ends at once.
    pub fn end(self) {
        let changed = self.shared.presence().end(self.agent, &self.instance, self.shared.now());
        self.shared.presence_changed(self.agent, &changed);
    }
}

impl Engine {
    /// Opens the log and starts the writer, the timers and the assistant. Call inside a tokio runtime.
    ///
    /// # Errors
    /// The store cannot be opened (locked, newer, damaged, no rights); the message says which and what to do.
    pub fn start(options: EngineOptions) -> anyhow::Result<Engine> {
        let mut log = Log::open(&options.data)?;
        let readers = log.readers(READERS)?;
        let tokens = VisitorTokens::open(&options.data)?;
        let unfinished = log.unfinished().context("the store could not be read")?;
        let (agents, agents_version) = readers
            .with(|r| Ok((r.agents()?, r.agents_version()?)))
            .context("the agents could not be read")?;
        let (jobs, inbox) = sync_channel(QUEUE);
        let (owed, questions) = tokio::sync::mpsc::unbounded_channel();
        let shared = Arc::new(Shared::new(&options, &log, readers, tokens, jobs, owed, agents));
        shared.agents_version.store(agents_version, Ordering::Release);
        let now = shared.now();
        let blocks = shared.readers.with(|r| r.blocks(now)).context("the blocks could not be read")?;
        *shared.blocks() = Blocks::load(blocks);
        let not_before = shared.vitals.not_before(shared.now());
        for conversation in &unfinished {
            shared.note_timers_from(conversation, not_before);
            shared.note_queue(conversation);
            if conversation.assistant_owes() {
                shared.owe(conversation.id);
            }
        }
        let for_writer = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("baton-writer".into())
            .spawn(move || writer::run(log, &inbox, &for_writer))
            .context("the writer thread could not be started")?;
        let engine = Engine { shared, writer: Arc::new(Mutex::new(Some(thread))) };
        engine.return_orphans(&unfinished);
        tasks::spawn(&engine);
        answering::spawn(&engine, questions, options.responder);
        Ok(engine)
    }

    /// Submits a command; answers after the commit.
    ///
    /// # Errors
    /// A [`Refusal`]: nothing was saved, and the same client id may be used again.
    pub async fn submit(&self, mut submit: Submit) -> Result<Answered, Refusal> {
        if let (Who::Visitor(_), Command::RequestHandoff { .. }) = (&submit.who, &submit.command) {
            answering::enrich(self, &mut submit).await;
        }
        let (reply, answer) = oneshot::channel();
        self.shared.submit(submit, Some(reply))?;
        answer.await.unwrap_or(Err(Refusal::Stopping))
    }

    /// Everything committed from now on in this agent's sites, and what passes by. An older subscription of the same
    /// instance is told that it was replaced.
    pub fn subscribe_agent(
        &self,
        session: Arc<AgentSession>,
        instance: &str,
        capacity: usize,
    ) -> Subscription {
        self.shared.hub.subscribe_agent(session, instance, capacity)
    }

    /// Everything of one visitor on one site.
    pub fn subscribe_visitor(&self, site: &SiteId, visitor: VisitorId, capacity: usize) -> Subscription {
        self.shared.hub.subscribe_visitor(site, visitor, capacity)
    }

    /// Runs a read in one transaction on a pooled read-only connection, off the async threads.
    ///
    /// # Errors
    /// What the store says; [`StoreError::Failed`] if the read panicked.
    pub async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = self.shared.readers.clone();
        tokio::task::spawn_blocking(move || readers.with(f))
            .await
            .unwrap_or_else(|e| Err(StoreError::Failed(format!("a read did not finish: {e}"))))
    }

    /// The log's incarnation.
    pub fn log_id(&self) -> &str {
        &self.shared.log_id
    }

    /// The data folder.
    pub fn data(&self) -> &std::path::Path {
        &self.shared.data
    }

    /// Appends an audit entry for a deed that was done outside the store; durable before it answers.
    ///
    /// # Errors
    /// As [`Engine::submit`].
    pub async fn audit(&self, entry: crate::log::audit::Entry) -> Result<u64, Refusal> {
        let (reply, done) = oneshot::channel();
        self.shared.send(Job::Audit(Box::new(entry), reply))?;
        done.await.unwrap_or(Err(Refusal::Stopping))
    }

    /// The last committed position.
    pub fn head(&self) -> u64 {
        self.shared.head.load(Ordering::Acquire)
    }

    /// The server's clock.
    pub fn now(&self) -> crate::conversation::Time {
        self.shared.now()
    }

    /// A site by id.
    pub fn site(&self, id: &SiteId) -> Option<Arc<SiteConfig>> {
        self.shared.site(id)
    }

    /// All sites, by id.
    pub fn sites(&self) -> Vec<Arc<SiteConfig>> {
        let mut sites: Vec<_> = self.shared.live().sites.values().cloned().collect();
        sites.sort_by(|a, b| a.id.cmp(&b.id));
        sites
    }

    /// The agent whose token this is. One answer for unknown and withdrawn tokens.
    ///
    /// # Errors
    /// The store could not be read.
    pub async fn authenticate(&self, token: &str) -> Result<Option<Arc<AgentSession>>, StoreError> {
        let hash = token_hash(token);
        let record = self.read(move |r| r.agent_by_token(&hash)).await?;
        Ok(record.map(|record| Arc::new(self.shared.presence().learn(record))))
    }

    /// What the store keeps of a token: its SHA-256.
    pub fn token_hash(token: &str) -> [u8; 32] {
        token_hash(token)
    }

    /// Everybody, by name.
    pub fn agents(&self) -> Vec<AgentView> {
        self.shared.presence().views()
    }

    /// Takes a lease on presence for a console instance.
    pub fn lease(&self, agent: &AgentSession, instance: &str) -> Lease {
        self.shared.beat(agent.agent.id, agent.version, instance);
        let instance = instance.to_owned();
        Lease { shared: Arc::clone(&self.shared), agent: agent.agent.id, version: agent.version, instance }
    }

    /// Sets an agent's intent; durable before it answers.
    ///
    /// # Errors
    /// As [`Engine::submit`].
    pub async fn set_availability(&self, agent: AgentId, to: AvailabilityInfo) -> Result<AgentView, Refusal> {
        let (reply, done) = oneshot::channel();
        self.shared.send(Job::Availability(agent, to.clone(), Some(reply)))?;
        done.await.unwrap_or(Err(Refusal::Stopping))?;
        let view = self.shared.presence().set(agent, to).ok_or(Refusal::Fault)?;
        self.shared.agent_changed(&view);
        Ok(view)
    }

    /// Whether a person can be asked for on this site, now.
    pub fn availability(&self, site: &SiteId) -> VisitorAvailability {
        self.shared.availability(site)
    }

    /// To one visitor.
    pub fn eph_to_visitor(&self, site: &SiteId, visitor: VisitorId, eph: VisitorEph) {
        if let Some(out) = api::EphOut::visitor(eph) {
            self.shared.hub.eph_to_visitor(site, visitor, out);
        }
    }

    /// To the agents of a site that watch this conversation.
    pub fn eph_to_watchers(&self, site: &SiteId, conversation: ConversationId, eph: AgentEph) {
        self.shared.eph_to_agents(Some(site), Some(conversation), None, eph);
    }

    /// Checks a visitor token: `v1.<visitor>.<generation>.<mac>`; none if it is not ours for this site.
    pub fn verify_visitor(&self, site: &SiteId, token: &str) -> Option<VisitorId> {
        self.shared.tokens.verify(site, token)
    }

    /// Makes a visitor and its token.
    pub fn new_visitor(&self, site: &SiteId) -> (VisitorId, String) {
        let visitor = VisitorId(Uuid::new_v4());
        (visitor, self.shared.tokens.sign(site, visitor))
    }

    /// Active conversations an agent is meant to hold at most; none: no limit.
    pub fn capacity(&self) -> Option<u32> {
        let capacity = self.shared.live().capacity;
        (capacity > 0).then_some(capacity)
    }

    /// Limits in force.
    pub fn limits(&self) -> Limits {
        self.shared.live().limits
    }

    /// Other sites, limits and capacity from now on, under open subscriptions. Deadlines of all conversations are looked at
    /// again. A conversation of a site that is no longer there takes no command until the site is back.
    pub fn reconfigure(&self, sites: &[SiteConfig], limits: Limits, capacity: u32) {
        self.shared.set_live(Live::new(sites, limits, capacity));
        // A full queue: each conversation is looked at when something happens in it.
        if self.shared.send(Job::RearmAll).is_err() {
            tracing::warn!(
                "deadlines follow the new configuration as conversations move; the server is busy"
            );
        }
        self.shared.refresh_offers();
    }

    /// Whether the store can be written: writes a mark into it.
    ///
    /// # Errors
    /// Why not.
    pub async fn probe(&self) -> Result<(), Refusal> {
        let (reply, done) = oneshot::channel();
        self.shared.send(Job::Probe(reply))?;
        done.await.unwrap_or(Err(Refusal::Stopping))
    }

    /// Whether [`Engine::stop`] was called.
    pub fn stopping(&self) -> bool {
        self.shared.stopping.load(Ordering::Acquire)
    }

    /// Refuses new commands, finishes what was taken, tells subscribers to go, and waits until all is on disk.
    pub async fn stop(&self) {
        self.shared.stopping.store(true, Ordering::Release);
        self.shared.hub.drain();
        let jobs = self.shared.jobs.clone();
        let thread = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let stopped = tokio::task::spawn_blocking(move || {
            // The writer may be gone already; then there is nothing to wait for.
            let _ = jobs.send(Job::Stop);
            thread.map(std::thread::JoinHandle::join)
        });
        if let Ok(Some(Err(_))) = stopped.await {
            tracing::error!("the writer thread panicked; what it had acknowledged is on disk");
        }
        self.shared.wake.notify_waiters();
    }

    /// What the engine's own parts share; for the assistant's runs.
    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

/// The session of a stored agent.
pub(super) fn session_of(record: &AgentRecord) -> AgentSession {
    AgentSession {
        agent: AgentRef { id: record.id, name: record.name.clone() },
        role: record.role,
        sites: record.sites.clone().map_or(SiteFilter::All, SiteFilter::Only),
        groups: record.groups.clone(),
        version: record.version,
    }
}

impl Target {
    /// The conversation, where it is named.
    pub fn conversation(&self) -> Option<ConversationId> {
        match self {
            Target::Conversation(id) => Some(*id),
            Target::CurrentOf { .. } => None,
        }
    }
}
