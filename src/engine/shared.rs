//! What the writer, the tasks and the handles share: small tables behind short locks, never held across an await.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::{Notify, mpsc, oneshot};

use super::attendance::{Typing, Visitors};
use super::blocks::Blocks;
use super::hub::Hub;
use super::presence::{Changed, Presence};
use super::timers::{QueueKey, Timers};
use super::tokens::VisitorTokens;
use super::vitals::Vitals;
use super::writer::Job;
use super::{AgentView, EngineOptions, Published, Refusal, SiteConfig, Submit, api};
use crate::conversation::{
    AgentId, Author, Conversation, ConversationId, Event, SiteId, State, Time, VisitorId,
};
use crate::log::{AgentRecord, Log, Readers};
use crate::protocol::{
    AgentEph, AgentInfo, Answered, AvailabilityInfo, Limits, VisitorAvailability, VisitorEph,
};

/// The live queue of one site, in order, with the position each visitor was told last.
type Queue = BTreeMap<QueueKey, (VisitorId, u64)>;

/// See the module.
pub(super) struct Shared {
    /// The data folder.
    pub(super) data: PathBuf,
    /// How many changes of agents are known here.
    pub(super) agents_version: AtomicU64,
    pub(super) log_id: String,
    pub(super) head: AtomicU64,
    /// What a reload changes.
    live: RwLock<Arc<Live>>,
    pub(super) hub: Hub,
    pub(super) readers: Readers,
    pub(super) tokens: VisitorTokens,
    /// Sites whose replies go out by mail.
    pub(super) mailing: OnceLock<Vec<SiteId>>,
    pub(super) jobs: SyncSender<Job>,
    pub(super) stopping: AtomicBool,
    /// Wakes the timer task: a deadline moved nearer, or the engine stops.
    pub(super) wake: Notify,
    /// Wakes the queue-position task.
    pub(super) queue_moved: Notify,
    owed: mpsc::UnboundedSender<ConversationId>,
    /// Held while changed agents are acted on.
    pub(super) revoking: tokio::sync::Mutex<()>,
    presence: Mutex<Presence>,
    blocks: Mutex<Blocks>,
    visitors: Mutex<Visitors>,
    typing: Mutex<Typing>,
    timers: Mutex<Timers>,
    queues: Mutex<HashMap<SiteId, Queue>>,
    offered: Mutex<HashMap<SiteId, bool>>,
    again: Mutex<HashSet<ConversationId>>,
    started: (Instant, Time),
    pub(super) vitals: Vitals,
}

/// The part of the configuration that changes under open sockets, exchanged whole.
pub(super) struct Live {
    pub(super) sites: HashMap<SiteId, Arc<SiteConfig>>,
    pub(super) limits: Limits,
    /// Active conversations an agent is meant to hold at most; 0: no limit.
    pub(super) capacity: u32,
}

impl Live {
    pub(super) fn new(sites: &[SiteConfig], limits: Limits, capacity: u32) -> Self {
        let sites = sites.iter().map(|s| (s.id.clone(), Arc::new(s.clone()))).collect();
        Self { sites, limits, capacity }
    }
}

/// What `decide` may know of the world beside the conversation.
pub(super) struct WorldView {
    pub(super) someone_available: bool,
    pub(super) last_agent_eligible: bool,
    pub(super) typed_at: Option<Time>,
    pub(super) lease_lost_at: Option<Time>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wall_clock() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

impl Shared {
    pub(super) fn new(
        options: &EngineOptions,
        log: &Log,
        readers: Readers,
        tokens: VisitorTokens,
        jobs: SyncSender<Job>,
        owed: mpsc::UnboundedSender<ConversationId>,
        agents: Vec<AgentRecord>,
    ) -> Self {
        let now = wall_clock();
        Self {
            data: options.data.clone(),
            agents_version: AtomicU64::new(0),
            log_id: log.id().to_owned(),
            head: AtomicU64::new(log.head()),
            live: RwLock::new(Arc::new(Live::new(&options.sites, options.limits, options.capacity))),
            hub: Hub::default(),
            readers,
            tokens,
            mailing: OnceLock::new(),
            jobs,
            stopping: AtomicBool::new(false),
            wake: Notify::new(),
            queue_moved: Notify::new(),
            owed,
            presence: Mutex::new(Presence::load(agents, now)),
            revoking: tokio::sync::Mutex::new(()),
            blocks: Mutex::new(Blocks::default()),
            visitors: Mutex::new(Visitors::default()),
            typing: Mutex::new(Typing::default()),
            timers: Mutex::new(Timers::default()),
            queues: Mutex::new(HashMap::new()),
            offered: Mutex::new(HashMap::new()),
            again: Mutex::new(HashSet::new()),
            started: (Instant::now(), now),
            vitals: Vitals::new(&options.data, log.newest(), now),
        }
    }

    /// The configuration as of now.
    pub(super) fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Another configuration from now on.
    pub(super) fn set_live(&self, live: Live) {
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(live);
    }

    /// A site as of now.
    pub(super) fn site(&self, id: &SiteId) -> Option<Arc<SiteConfig>> {
        self.live.read().unwrap_or_else(PoisonError::into_inner).sites.get(id).cloned()
    }

    /// Wall time as of the start, run on by the monotonic clock: a clock that jumps moves no deadline.
    pub(super) fn now(&self) -> Time {
        let elapsed = i64::try_from(self.started.0.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.started.1.plus_ms(elapsed)
    }

    pub(super) fn presence(&self) -> MutexGuard<'_, Presence> {
        lock(&self.presence)
    }

    pub(super) fn blocks(&self) -> MutexGuard<'_, Blocks> {
        lock(&self.blocks)
    }

    pub(super) fn visitors(&self) -> MutexGuard<'_, Visitors> {
        lock(&self.visitors)
    }

    pub(super) fn typing(&self) -> MutexGuard<'_, Typing> {
        lock(&self.typing)
    }

    pub(super) fn timers(&self) -> MutexGuard<'_, Timers> {
        lock(&self.timers)
    }

    /// Hands a job to the writer without waiting.
    pub(super) fn send(&self, job: Job) -> Result<(), Refusal> {
        if self.stopping.load(Ordering::Acquire) {
            return Err(Refusal::Stopping);
        }
        self.jobs.try_send(job).map_err(|e| match e {
            TrySendError::Full(_) => Refusal::Overloaded,
            TrySendError::Disconnected(_) => Refusal::Stopping,
        })
    }

    pub(super) fn submit(
        &self,
        submit: Submit,
        reply: Option<oneshot::Sender<Result<Answered, Refusal>>>,
    ) -> Result<(), Refusal> {
        self.send(Job::Submit(Box::new(submit), reply))
    }

    pub(super) fn view_for(&self, c: &Conversation, site: &SiteId) -> WorldView {
        let presence = self.presence();
        let holder = c.holder.agent().map(|a| a.id);
        WorldView {
            someone_available: presence.someone(site),
            last_agent_eligible: c.last_agent.as_ref().is_some_and(|a| presence.offered(a.id, site)),
            typed_at: holder.and_then(|h| presence.typed_at(c.id, h)),
            lease_lost_at: holder.and_then(|h| presence.lost_at(h)),
        }
    }

    /// Arms what the state says, and remembers who holds it.
    pub(super) fn note_timers(&self, c: &Conversation) {
        self.note_timers_from(c, None);
    }

    /// The same; no deadline fires before that time.
    pub(super) fn note_timers_from(&self, c: &Conversation, not_before: Option<Time>) {
        let Some(config) = c.site.as_ref().and_then(|s| self.site(s)) else { return };
        let view = {
            let presence = self.presence();
            let holder = c.holder.agent().map(|a| a.id);
            (holder.and_then(|h| presence.typed_at(c.id, h)), holder.and_then(|h| presence.lost_at(h)))
        };
        let mut next = c.next_deadline(&config.settings, view.0, view.1);
        if let (Some(deadline), Some(from)) = (&mut next, not_before) {
            deadline.at = deadline.at.max(from);
        }
        if self.timers().note(c, next) {
            self.wake.notify_one();
        }
    }

    /// Keeps the live queue of the conversation's site; tickets have no place in it.
    pub(super) fn note_queue(&self, c: &Conversation) {
        let (Some(site), Some(visitor)) = (&c.site, &c.visitor) else { return };
        let key = c.queued_at.filter(|_| c.state == State::Queued && !c.ticket).map(|at| (at, c.id));
        let mut queues = lock(&self.queues);
        let queue = queues.entry(site.clone()).or_default();
        let before = queue.len();
        queue.retain(|k, _| k.1 != c.id || Some(*k) == key);
        let removed = queue.len() != before;
        let added = key.is_some_and(|key| {
            let new = !queue.contains_key(&key);
            queue.entry(key).or_insert((visitor.id, 0));
            new
        });
        if removed || added {
            self.queue_moved.notify_one();
        }
    }

    /// Visitors whose place in the queue changed since they were told, with the new place.
    pub(super) fn moved_positions(&self) -> Vec<(SiteId, VisitorId, u64)> {
        let mut moved = Vec::new();
        for (site, queue) in lock(&self.queues).iter_mut() {
            for (place, (visitor, told)) in (1u64..).zip(queue.values_mut()) {
                if *told != place {
                    *told = place;
                    moved.push((site.clone(), *visitor, place));
                }
            }
        }
        moved
    }

    /// A deadline could not be acted on (the store refused): it is looked at again a second later, not at once.
    pub(super) fn look_again(&self, id: ConversationId) {
        lock(&self.again).insert(id);
    }

    /// What is to be looked at again.
    pub(super) fn take_again(&self) -> HashSet<ConversationId> {
        std::mem::take(&mut *lock(&self.again))
    }

    /// The assistant owes this conversation an answer.
    pub(super) fn owe(&self, id: ConversationId) {
        // The assistant's task ends only with the engine; then nobody is owed anything.
        let _ = self.owed.send(id);
    }

    /// After a commit, before it is published.
    pub(super) fn after_commit(&self, p: &Published) {
        let moves = |e: &Event| {
            !matches!(e, Event::MessagePosted(_) | Event::NoteAdded { .. } | Event::PageVisited { .. })
        };
        if p.events.iter().any(|e| moves(&e.event)) {
            self.note_queue(&p.state);
            // Now everybody's business, also that nobody is there any more.
            let here = self.visitors().of(p.visitor).0;
            if !here && matches!(p.state.state, State::Queued | State::Active) {
                self.tell_presence(&p.site, p.conversation, p.visitor, p.state.state);
            }
        }
        if p.events
            .iter()
            .any(|e| matches!(&e.event, Event::MessagePosted(m) if matches!(m.author, Author::Agent(_))))
        {
            self.presence().forget_typing(p.conversation);
        }
        if p.state.assistant_owes() {
            self.owe(p.conversation);
        }
    }

    /// A sign of life of a console whose session knows the agent's changes up to `version`; of an older one it is none.
    pub(super) fn beat(&self, agent: AgentId, version: u64, instance: &str) {
        if self.presence().view(agent).is_none_or(|known| known.session.version > version) {
            return;
        }
        let now = self.now();
        let until = now.plus_ms(i64::try_from(self.live().limits.lease_ms).unwrap_or(i64::MAX));
        let changed = self.presence().lease(agent, instance, now, until);
        self.presence_changed(agent, &changed);
    }

    /// Tells everybody whom it concerns that an agent came, went or was set Away.
    pub(super) fn presence_changed(&self, agent: AgentId, changed: &Changed) {
        if changed.note_seen {
            // A full queue only delays what is written down for a restart.
            let _ = self.send(Job::Seen(agent, self.now()));
        }
        if changed.to_away {
            let away = AvailabilityInfo { available: false, reason: None, until: None };
            let _ = self.send(Job::Availability(agent, away.clone(), None));
            self.presence().set(agent, away);
        }
        if changed.presence {
            for id in self.timers().held_by(agent) {
                let _ = self.send(Job::Rearm(id));
            }
            let view = self.presence().view(agent);
            if let Some(view) = view {
                self.agent_changed(&view);
            }
        }
    }

    pub(super) fn agent_changed(&self, view: &AgentView) {
        self.eph_to_agents(None, None, None, AgentEph::Availability { agent: AgentInfo::from(view) });
        self.refresh_offers();
    }

    pub(super) fn availability(&self, site: &SiteId) -> VisitorAvailability {
        let tickets = self.site(site).is_some_and(|s| s.settings.tickets);
        VisitorAvailability {
            offered: self.presence().someone(site),
            when_nobody: if tickets { "ticket" } else { "assistant" }.to_owned(),
        }
    }

    /// Tells the visitors of every site where the offer of a person changed.
    pub(super) fn refresh_offers(&self) {
        for site in self.live().sites.keys() {
            let now = self.availability(site);
            let before = lock(&self.offered).insert(site.clone(), now.offered);
            if before.unwrap_or(false) != now.offered
                && let Some(out) = api::EphOut::visitor(VisitorEph::Availability(now))
            {
                self.hub.eph_to_site_visitors(site, out);
            }
        }
    }

    pub(super) fn eph_to_agents(
        &self,
        site: Option<&SiteId>,
        watchers_of: Option<ConversationId>,
        except: Option<AgentId>,
        eph: AgentEph,
    ) {
        if let Some(out) = api::EphOut::agent(site.cloned(), watchers_of, except, eph) {
            self.hub.eph_to_agents(site, except, out);
        }
    }
}
