//! The participant: follows the log, keeps the outbox, hands over what is due.
//!
//! Everything it knows it can find again: what is to go stands in the store, and where the log was looked through to. A mail is
//! "sending" on disk before its first byte goes and "sent" on disk before it is forgotten here, so a crash in between sends
//! it again under the same `Message-ID`, and nothing else does.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout_at};

use super::attempt::{Tried, attempt};
use super::{MailConfig, backoff};
use crate::conversation::{AgentId, AgentRef, Author, Conversation, ConversationId, Event, Role, Time};
use crate::engine::{AgentSession, Delivery, Engine, EphOut, SiteFilter, Subscription};
use crate::log::{Mail, MailItem, MailStep, Reader, StoreError};
use crate::protocol::{AgentEph, MailState};

/// Mails under way at once: a mail server counts connections.
const AT_ONCE: usize = 3;
/// Mails looked at in one go.
const LOOKED_AT: usize = 64;
/// Deliveries that may wait here; past that the log is read.
const BACKLOG: usize = 1_024;
/// Positions of the log read at a time.
const CHUNK: u64 = 2_000;
/// Positions after which the cursor is stored although there was nothing to go.
const STORE_EVERY: u64 = 10_000;
/// Longest sleep, and how often a visitor who is there with a reply unseen is looked at.
const LOOK_MS: i64 = 15_000;
const LOOK: Duration = Duration::from_millis(LOOK_MS as u64);
/// After the store refused: it is tried again so much later.
const AGAIN: Duration = Duration::from_secs(2);
/// After a start visitors have this long to come back before they count as gone.
const RETURN_MS: i64 = 45_000;
/// How long mails under way may take when the server stops.
const FINISH: Duration = Duration::from_secs(8);

/// Starts mail, or notes that there is none. The task ends with the engine; what is under way then is finished before.
pub fn start(
    engine: &Engine,
    config: Option<MailConfig>,
    draining: &watch::Receiver<bool>,
) -> Option<JoinHandle<()>> {
    let engine = engine.clone();
    match config.filter(|config| !config.sites.is_empty()) {
        None => {
            tokio::spawn(async move {
                if let Err(error) = engine.mail(MailStep::Off).await {
                    tracing::warn!(%error, "that mail is off could not be stored");
                }
            });
            None
        }
        Some(config) => {
            engine.mail_goes_out(config.sites.keys().cloned().collect());
            Some(tokio::spawn(Outbox::new(engine, config).run(draining.clone())))
        }
    }
}

/// What is to become of a mail that is due.
enum Verdict {
    Send,
    Wait(Time),
    Drop,
    Never(&'static str),
}

struct Outbox {
    engine: Engine,
    config: Arc<MailConfig>,
    sub: Subscription,
    started: Time,
    /// Through where the log was looked, and what of that is stored.
    cursor: u64,
    stored: u64,
    /// Whether there may be replies past the cursor.
    behind: bool,
    sending: JoinSet<Tried>,
    /// Conversations with a mail under way: they go one after the other.
    busy: HashSet<ConversationId>,
    /// Mails that are due and wait for the visitor to see them or to leave.
    parked: HashMap<u64, (ConversationId, Time)>,
    /// What could not be stored yet.
    unstored: Vec<MailStep>,
    /// Whether the limit was told.
    full: bool,
}

impl Outbox {
    fn new(engine: Engine, config: MailConfig) -> Self {
        // It follows the log as an agent's socket would, and is nobody.
        let nobody = AgentSession {
            agent: AgentRef { id: AgentId(uuid::Uuid::new_v4()), name: String::new() },
            role: Role::Agent,
            groups: Vec::new(),
            sites: SiteFilter::Only(config.sites.keys().cloned().collect()),
            version: 0,
        };
        let sub = engine.subscribe_agent(Arc::new(nobody), "mail", BACKLOG);
        Self {
            started: engine.now(),
            config: Arc::new(config),
            sub,
            cursor: 0,
            stored: 0,
            behind: true,
            sending: JoinSet::new(),
            busy: HashSet::new(),
            parked: HashMap::new(),
            unstored: Vec::new(),
            full: false,
            engine,
        }
    }

    async fn run(mut self, mut draining: watch::Receiver<bool>) {
        while let Err(error) = self.begin().await {
            tracing::error!(%error, "the outbox of mail cannot be used yet");
            tokio::select! {
                _ = draining.changed() => return,
                () = sleep(AGAIN) => {}
            }
        }
        loop {
            let wait = match self.round().await {
                Ok(next) => next,
                Err(error) => {
                    tracing::error!(%error, "the outbox of mail waits for the store");
                    AGAIN
                }
            };
            let until = Instant::now() + wait;
            // What concerns nobody's mail wakes nothing.
            loop {
                let woken = tokio::select! {
                    biased;
                    _ = draining.changed() => return self.finish().await,
                    delivery = self.sub.next() => match delivery {
                        None | Some(Delivery::Draining) => return self.finish().await,
                        Some(delivery) => self.heard(&delivery),
                    },
                    Some(tried) = self.sending.join_next() => {
                        self.tried(tried).await;
                        true
                    }
                    () = tokio::time::sleep_until(until) => true,
                };
                if self.sub.take_lagged() {
                    self.behind = true;
                }
                if woken || self.behind {
                    break;
                }
            }
        }
    }

    async fn begin(&mut self) -> Result<(), String> {
        let now = self.engine.now();
        self.engine.mail(MailStep::On { now }).await.map_err(|e| e.to_string())?;
        let cursor = self.engine.read(Reader::mail_cursor).await.map_err(|e| e.to_string())?;
        self.cursor = cursor.unwrap_or_else(|| self.engine.head());
        self.stored = self.cursor;
        Ok(())
    }

    /// Whether it may concern a mail.
    fn heard(&mut self, delivery: &Delivery) -> bool {
        match delivery {
            Delivery::Commit(p) => {
                let reply =
                    |e: &Event| matches!(e, Event::MessagePosted(m) if matches!(m.author, Author::Agent(_)));
                self.behind |= p.events.iter().any(|e| reply(&e.event));
                self.behind
            }
            Delivery::Eph(out) => match &**out {
                EphOut::Agent { eph: AgentEph::Mail(mail), .. } => {
                    // An agent's retry is due at once.
                    self.parked.remove(&mail.id);
                    mail.state == MailState::Waiting || mail.gone
                }
                // Left, or saw it: what is to become of it is found anew.
                EphOut::Agent { eph: AgentEph::Presence { conversation, online: false, .. }, .. }
                | EphOut::Agent { eph: AgentEph::Seen { conversation, .. }, .. } => {
                    let before = self.parked.len();
                    self.parked.retain(|_, (of, _)| of != conversation);
                    self.parked.len() < before
                }
                _ => false,
            },
            Delivery::Revoked
            | Delivery::Replaced
            | Delivery::RightsChanged
            | Delivery::BlocksChanged
            | Delivery::Draining => false,
        }
    }

    /// Stores what is to be stored, takes up what is new, sends what is due. How long there is nothing to do.
    async fn round(&mut self) -> Result<Duration, String> {
        while let Some(step) = self.unstored.first().cloned() {
            self.change(step).await?;
            self.unstored.remove(0);
        }
        if self.behind {
            self.take().await?;
        }
        self.send_due().await.map_err(|e| e.to_string())
    }

    /// Looks the log through for replies.
    async fn take(&mut self) -> Result<(), String> {
        loop {
            let (after, head) = (self.cursor, self.engine.head());
            if after >= head {
                self.behind = false;
                return Ok(());
            }
            let upto = head.min(after + CHUNK);
            let config = Arc::clone(&self.config);
            let found = self.engine.read(move |r| items(r, &config, after, upto)).await;
            let items = found.map_err(|e| e.to_string())?;
            self.cursor = upto;
            if items.is_empty() && upto - self.stored < STORE_EVERY {
                continue;
            }
            if let Err(error) = self.change(MailStep::Took { cursor: upto, items }).await {
                self.cursor = after;
                return Err(error);
            }
            self.stored = upto;
        }
    }

    /// Changes the outbox, and tells agents of it.
    async fn change(&self, step: MailStep) -> Result<Vec<Mail>, String> {
        let changed = self.engine.mail(step.clone()).await.map_err(|e| e.to_string())?;
        for mail in &changed {
            self.tell(mail, matches!(step, MailStep::Drop { .. })).await;
        }
        Ok(changed)
    }

    async fn tell(&self, mail: &Mail, gone: bool) {
        let id = mail.conversation;
        match self.engine.read(move |r| r.conversation(id)).await {
            Ok(Some(of)) => {
                // Of a reply to somebody who is there, nothing is told before it has to leave.
                let quiet = mail.state == MailState::Waiting && mail.attempts == 0 && !mail.ticket;
                if quiet && !gone && self.gone_at(&of).is_none() {
                    return;
                }
                if let Some(mut info) = mail.info(&of) {
                    info.gone = gone;
                    self.engine.tell_mail(info);
                }
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "how far a mail is could not be told"),
        }
    }

    /// Since when the visitor counts as gone, or will; none: they are there.
    fn gone_at(&self, of: &Conversation) -> Option<Time> {
        let visitor = of.visitor.as_ref()?;
        match self.engine.presence_of(of.id, visitor.id) {
            AgentEph::Presence { online: false, since, .. } => {
                let wait = self.config.gone_after_ms;
                Some(since.map_or(self.started.plus_ms(RETURN_MS.min(wait)), |at| at.plus_ms(wait)))
            }
            _ => None,
        }
    }

    async fn send_due(&mut self) -> Result<Duration, StoreError> {
        let now = self.engine.now();
        self.parked.retain(|_, (_, until)| *until > now);
        let limit = LOOKED_AT + self.parked.len() + self.busy.len();
        let hour = now.plus_ms(-3_600_000);
        let read = move |r: &Reader| {
            let (mails, next) = r.mails_due(now, limit)?;
            let mut due = Vec::new();
            for mail in mails {
                let of = r.conversation(mail.conversation)?;
                let seen = r.seen(mail.conversation)?.unwrap_or(0);
                due.push((mail, of, seen));
            }
            Ok((due, next, r.mails_sent_since(hour)?))
        };
        let (due, next, sent) = self.engine.read(read).await?;
        let mut room = usize::try_from(u64::from(self.config.max_per_hour).saturating_sub(sent)).unwrap_or(0);
        room = room.saturating_sub(self.sending.len());
        let mut soonest = next;
        for (mail, of, seen) in due {
            if self.busy.contains(&mail.conversation) || self.parked.contains_key(&mail.id) {
                continue;
            }
            let of = of.filter(|of| of.site.as_ref().is_some_and(|s| self.config.sites.contains_key(s)));
            let Some(of) = of else {
                // Its site sends no mail any more; it waits for a person, or for the site to be switched on again.
                self.parked.insert(mail.id, (mail.conversation, now.plus_ms(3_600_000)));
                continue;
            };
            match self.judge(&mail, &of, seen, now) {
                Verdict::Drop => {
                    if let Err(why) = self.change(MailStep::Drop { id: mail.id }).await {
                        return Err(StoreError::Failed(why));
                    }
                }
                Verdict::Never(reason) => {
                    let step = MailStep::Failed { id: mail.id, reason: reason.to_owned(), now };
                    if let Err(why) = self.change(step).await {
                        return Err(StoreError::Failed(why));
                    }
                }
                Verdict::Wait(until) => {
                    self.parked.insert(mail.id, (mail.conversation, until));
                }
                Verdict::Send if self.sending.len() >= AT_ONCE => break,
                Verdict::Send if room == 0 => {
                    self.say_full();
                    soonest = soonest.into_iter().chain([now.plus_ms(60_000)]).min();
                    break;
                }
                Verdict::Send => {
                    room -= 1;
                    self.full = false;
                    self.busy.insert(mail.conversation);
                    let (engine, config) = (self.engine.clone(), Arc::clone(&self.config));
                    self.sending.spawn(attempt(engine, config, mail, of, seen));
                }
            }
        }
        let soonest = soonest.into_iter().chain(self.parked.values().map(|(_, until)| *until)).min();
        let wait = soonest.map_or(LOOK, |at| {
            Duration::from_millis(u64::try_from(at.since_ms(self.engine.now())).unwrap_or(0))
        });
        Ok(wait.min(LOOK))
    }

    fn judge(&self, mail: &Mail, of: &Conversation, seen: u64, now: Time) -> Verdict {
        // Also where it was tried before: nobody writes on to whom they blocked.
        if let (Some(site), Some(visitor)) = (&of.site, &of.visitor)
            && self.engine.blocked(site, Some(visitor.id), None).is_some()
        {
            return Verdict::Never("the visitor is blocked");
        }
        // One that was tried may have arrived already: it goes on, whatever was seen meanwhile.
        if mail.attempts > 0 {
            return Verdict::Send;
        }
        let reachable = of.visitor.as_ref().is_some_and(|v| v.email.is_some());
        // Seen, or the visitor was erased.
        if seen >= mail.last || !reachable {
            return Verdict::Drop;
        }
        if now.since_ms(mail.made) >= backoff::GIVE_UP_MS {
            return Verdict::Never(
                "no mail could leave for days: it may be too late for this one. Try again if not",
            );
        }
        if mail.ticket {
            return Verdict::Send;
        }
        match self.gone_at(of) {
            Some(at) if at <= now => Verdict::Send,
            Some(at) => Verdict::Wait(at),
            None => Verdict::Wait(now.plus_ms(LOOK_MS)),
        }
    }

    fn say_full(&mut self) {
        if !std::mem::replace(&mut self.full, true) {
            let most = self.config.max_per_hour;
            tracing::warn!(most, "max_per_hour mails left within the hour; the others wait");
        }
    }

    async fn tried(&mut self, tried: Result<Tried, tokio::task::JoinError>) {
        let tried = match tried {
            Ok(tried) => tried,
            Err(error) => {
                // Its row says "sending" until the next start; nothing goes twice.
                tracing::error!(%error, "an attempt to send a mail ended in a fault");
                return;
            }
        };
        match tried.step {
            // Not at once: what stood in the way is likely to stand there still.
            None => {
                let until = self.engine.now().plus_ms(LOOK_MS);
                self.parked.insert(tried.id, (tried.conversation, until));
            }
            Some(step) => {
                if let Err(error) = self.change(step.clone()).await {
                    tracing::error!(%error, "what became of a mail could not be stored; it is stored as soon as that is possible");
                    self.unstored.push(step);
                }
            }
        }
        self.busy.remove(&tried.conversation);
    }

    /// Lets what is under way arrive, and stores what came of it.
    async fn finish(mut self) {
        let deadline = Instant::now() + FINISH;
        while let Ok(Some(tried)) = timeout_at(deadline, self.sending.join_next()).await {
            self.tried(tried).await;
        }
        for step in std::mem::take(&mut self.unstored) {
            if let Err(error) = self.change(step).await {
                tracing::error!(%error, "what became of a mail could not be stored; it goes again after the start");
            }
        }
    }
}

/// The replies after a position that are to go by mail, unless seen before.
fn items(r: &Reader, config: &MailConfig, after: u64, upto: u64) -> Result<Vec<MailItem>, StoreError> {
    let mut items = Vec::new();
    for reply in r.replies(after, upto)? {
        let Some(of) = r.conversation(reply.conversation)? else { continue };
        let mailed = of.site.as_ref().is_some_and(|site| config.sites.contains_key(site));
        let reachable = of.visitor.as_ref().is_some_and(|v| v.email.is_some());
        if mailed && reachable {
            items.push(MailItem {
                conversation: reply.conversation,
                version: reply.version,
                at: reply.at,
                ticket: of.ticket,
                delay_ms: config.delay_ms,
            });
        }
    }
    Ok(items)
}
