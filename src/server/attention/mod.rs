//! Attention from the server: a signed webhook while somebody waits for a person, so that a closed terminal silences
//! nothing.
//!
//! Each webhook has a task that follows the log as an agent's socket does and asks [`plan`] what is due. Invariant: what is
//! told is derived from who waits now and what was told last (stored), so a restart neither loses nor storms; deliveries
//! are at least once, a repeated one under the same id. Refused here: words of visitors, unless the configuration says so.

mod deliver;
mod keys;
mod plan;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

pub(super) use self::keys::{WebhookKeys, build};
use self::plan::{Delivery, Note, Plan, Told};
use crate::conversation::{AgentId, AgentRef, ConversationId, Role, SiteId, Tab, Time};
use crate::engine::{AgentSession, Delivery as FromEngine, Engine, EphOut, SiteFilter, Subscription};
use crate::log::StoreError;
use crate::protocol::AgentEph;

/// Deliveries of one webhook under way at once.
const AT_ONCE: usize = 8;
/// Commits that may wait for a webhook's task before it reads the queue anew.
const BACKLOG: usize = 1_024;
/// Longest a task sleeps: the clock of the rows may be set.
const LOOK: Duration = Duration::from_secs(30);
/// How long deliveries under way may take when the server stops.
const FINISH: Duration = Duration::from_secs(2);
/// After a start visitors have this long to come back before they count as gone.
const RETURN_MS: i64 = 45_000;

/// A webhook, ready to be used.
#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    /// Where to.
    pub url: Url,
    /// What deliveries are signed with.
    pub secret: Secret,
    /// How long somebody waits before it rings, milliseconds.
    pub after_ms: i64,
    /// How often it rings while somebody waits, milliseconds; 0: once.
    pub repeat_ms: i64,
    /// How long somebody waits before it escalates, milliseconds.
    pub escalate_after_ms: Option<i64>,
    /// Where an escalation goes; none: to `url`.
    pub escalate_url: Option<Url>,
    /// Which sites; none: all.
    pub sites: Vec<SiteId>,
    /// Whether it is told that somebody waits.
    pub waiting: bool,
    /// Whether it is told that nobody waits any more.
    pub cleared: bool,
    /// Whether the visitor's name, the summary and the page go along.
    pub include_text: bool,
    /// How long a visitor must be gone to count as gone: a new page opens within seconds. Milliseconds.
    pub gone_after_ms: i64,
    /// Wait after a first failed attempt; it grows from there.
    pub retry: Duration,
}

impl Webhook {
    /// A webhook with the defaults, signed with nothing of use.
    pub fn to(url: Url) -> Self {
        Self {
            url,
            secret: Secret(Vec::new()),
            after_ms: 0,
            repeat_ms: 60_000,
            escalate_after_ms: None,
            escalate_url: None,
            sites: Vec::new(),
            waiting: true,
            cleared: true,
            include_text: false,
            gone_after_ms: 15_000,
            retry: Duration::from_secs(1),
        }
    }

    /// What its notes are stored under: another address is another webhook.
    fn name(&self) -> String {
        let hash: [u8; 32] = Sha256::digest(self.url.as_str().as_bytes()).into();
        hash[..8].iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// A signing secret. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Reads a secret: `whsec_` and base64, as Standard Webhooks has it, or the bytes themselves without blanks at the ends.
    ///
    /// # Errors
    /// In words: it is no base64, or has fewer than 16 bytes.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let bytes = match text.strip_prefix("whsec_") {
            Some(base64) => STANDARD
                .decode(base64)
                .map_err(|_| "what follows whsec_ in the secret is no base64".to_owned())?,
            None => text.as_bytes().to_vec(),
        };
        if bytes.len() < 16 {
            return Err("the secret has fewer than 16 bytes; make one with `openssl rand -base64 32`".into());
        }
        Ok(Self(bytes))
    }

    fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Starts a task for each webhook; they end with the engine.
///
/// # Errors
/// No client for requests could be made.
pub(super) fn spawn(
    engine: &Engine,
    hooks: Vec<Webhook>,
    draining: &watch::Receiver<bool>,
) -> anyhow::Result<()> {
    if hooks.is_empty() {
        return Ok(());
    }
    let client = deliver::client()?;
    for hook in hooks {
        let bell = Bell::new(engine.clone(), hook, client.clone());
        tokio::spawn(bell.run(draining.clone()));
    }
    Ok(())
}

/// One webhook's task.
struct Bell {
    engine: Engine,
    hook: Webhook,
    client: reqwest::Client,
    plan: Plan,
    sub: Subscription,
    started: Time,
    sending: JoinSet<Delivery>,
    /// What to stop where a wait ends while it is being told.
    under_way: HashMap<ConversationId, tokio::task::AbortHandle>,
}

impl Bell {
    fn new(engine: Engine, hook: Webhook, client: reqwest::Client) -> Self {
        // It follows the log as an agent's socket would, and is nobody.
        let nobody = AgentSession {
            agent: AgentRef { id: AgentId(uuid::Uuid::new_v4()), name: String::new() },
            role: Role::Agent,
            groups: Vec::new(),
            version: 0,
            sites: if hook.sites.is_empty() { SiteFilter::All } else { SiteFilter::Only(hook.sites.clone()) },
        };
        let sub = engine.subscribe_agent(Arc::new(nobody), "webhook", BACKLOG);
        Self {
            started: engine.now(),
            plan: Plan::new(hook.clone()),
            sending: JoinSet::new(),
            under_way: HashMap::new(),
            engine,
            hook,
            client,
            sub,
        }
    }

    async fn run(mut self, mut draining: watch::Receiver<bool>) {
        let mut stored = match self.stored().await {
            Ok(stored) => stored,
            Err(error) => {
                tracing::error!(%error, "what webhooks were told could not be read; they may be told again");
                HashMap::new()
            }
        };
        self.reload(&mut stored).await;
        // What is no longer waited for was cleared while no server ran.
        for (id, told) in stored.drain() {
            self.plan.end(id, Some(told), "handled");
        }
        loop {
            self.ring();
            let next = self.plan.next_at(self.engine.now()).filter(|_| self.sending.len() < AT_ONCE);
            let wait = next.map_or(LOOK, |at| {
                Duration::from_millis(u64::try_from(at.since_ms(self.engine.now())).unwrap_or(0)).min(LOOK)
            });
            tokio::select! {
                biased;
                // From here on visitors leave because the server does.
                _ = draining.changed() => return self.finish().await,
                delivery = self.sub.next() => match delivery {
                    None | Some(FromEngine::Draining) => return self.finish().await,
                    Some(delivery) => self.heard(delivery),
                },
                Some(done) = self.sending.join_next() => {
                    // One that was stopped says nothing more.
                    if let Ok(delivery) = done {
                        self.done(&delivery);
                    }
                }
                () = tokio::time::sleep(wait) => {}
            }
            if self.sub.take_lagged() {
                self.reload(&mut HashMap::new()).await;
            }
        }
    }

    /// Lets what is under way arrive; what does not is told again after the start, under the same id.
    async fn finish(mut self) {
        let finish = async {
            while let Some(done) = self.sending.join_next().await {
                if let Ok(delivery) = done {
                    self.done(&delivery);
                }
            }
        };
        let _ = timeout(FINISH, finish).await;
    }

    fn heard(&mut self, delivery: FromEngine) {
        match delivery {
            FromEngine::Commit(p) => self.row(&p.row, None),
            FromEngine::Eph(out) => {
                if let EphOut::Agent { eph: AgentEph::Presence { conversation, online, since }, .. } = &*out {
                    self.presence(*conversation, *online, *since);
                }
            }
            _ => {}
        }
    }

    fn row(&mut self, row: &crate::conversation::Row, told: Option<Told>) {
        self.plan.row(row, told);
        let here = self.engine.presence_of(row.id, row.visitor.id);
        if let AgentEph::Presence { online, since, .. } = here {
            self.presence(row.id, online, since);
        }
    }

    fn presence(&mut self, id: ConversationId, online: bool, since: Option<Time>) {
        let gone = since.map_or(self.started.plus_ms(RETURN_MS), |at| at.plus_ms(self.hook.gone_after_ms));
        self.plan.presence(id, (!online).then_some(gone));
    }

    /// Tells what is due.
    fn ring(&mut self) {
        let room = AT_ONCE.saturating_sub(self.sending.len());
        for delivery in self.plan.due(self.engine.now(), room) {
            // A wait that is over: what was still being said of it is not said any more.
            if let Some(before) = self.under_way.remove(&delivery.conversation) {
                before.abort();
            }
            if !self.plan.wanted(&delivery) {
                self.done(&delivery);
                continue;
            }
            let to = self.hook.escalate_url.as_ref().filter(|_| delivery.escalated).unwrap_or(&self.hook.url);
            let (id, secret) = (delivery.conversation, self.hook.secret.clone());
            let send = deliver::deliver(self.client.clone(), to.clone(), secret, delivery, self.hook.retry);
            let handle = self.sending.spawn(send);
            self.under_way.insert(id, handle);
        }
    }

    fn done(&mut self, delivery: &Delivery) {
        if self.under_way.get(&delivery.conversation).is_some_and(tokio::task::AbortHandle::is_finished) {
            self.under_way.remove(&delivery.conversation);
        }
        if let Some((id, told)) = self.plan.done(delivery) {
            self.note((id, told));
        }
    }

    fn note(&self, (id, told): Note) {
        let doc = told.map(|told| serde_json::to_string(&told).expect("a note is plain data"));
        self.engine.keep_rung(format!("{}/{id}", self.hook.name()), doc);
    }

    /// Reads the queue anew.
    async fn reload(&mut self, stored: &mut HashMap<ConversationId, Told>) {
        let sites = (!self.hook.sites.is_empty()).then(|| self.hook.sites.clone());
        let read = move |r: &crate::log::Reader| {
            let mut rows = Vec::new();
            let mut cursor = None;
            loop {
                let page = r.list(Tab::Queue, None, sites.as_deref(), cursor.as_deref(), 500)?;
                rows.extend(page.rows);
                cursor = page.next;
                if cursor.is_none() {
                    return Ok::<_, StoreError>(rows);
                }
            }
        };
        let rows = match self.engine.read(read).await {
            Ok(rows) => rows,
            Err(error) => {
                tracing::error!(%error, "a webhook could not read who waits; it follows what changes");
                return;
            }
        };
        let waiting: HashSet<ConversationId> = rows.iter().map(|row| row.id).collect();
        for id in self.plan.others(&waiting) {
            self.plan.end(id, None, "handled");
        }
        for row in &rows {
            let told = stored.remove(&row.id);
            self.row(row, told);
        }
        let visitors: Vec<_> = self.plan.visitors().collect();
        for (id, visitor) in visitors {
            if let AgentEph::Presence { online, since, .. } = self.engine.presence_of(id, visitor) {
                self.presence(id, online, since);
            }
        }
    }

    /// What this webhook was told before the start.
    async fn stored(&self) -> Result<HashMap<ConversationId, Told>, StoreError> {
        let prefix = format!("{}/", self.hook.name());
        let notes = self.engine.read(move |r| r.rung(&prefix)).await?;
        let parsed = notes.into_iter().filter_map(|(name, doc)| {
            let id = name.rsplit('/').next()?.parse().ok()?;
            Some((id, serde_json::from_str(&doc).ok()?))
        });
        Ok(parsed.collect())
    }
}
