//! An agent's socket: auth, a snapshot or what was missed, then rows of everything visible, and every event of what is
//! watched.
//!
//! Invariant: `prev` of every frame is the position last written here. What a full queue or a slow reader left out is
//! read from the log before anything newer is written.
//! Refused here: sites the agent has no right to (they do not exist for them), and presence for anything but a console.

mod blocks;
mod credit;
mod mail;
mod reads;
mod requests;
mod sync;
mod welcome;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::upgrade::OnUpgrade;
use tokio::time::{sleep_until, timeout};

use self::credit::Credit;
use super::admission::Ticket;
use super::bucket::TokenBucket;
use super::link::{End, Incoming, Link};
use super::shared::{GOAWAY_MS, Shared};
use crate::conversation::{AgentId, ConversationId};
use crate::engine::{AgentSession, AgentView, Delivery, EphOut, Lease, Published, Subscription};
use crate::protocol::{AgentEph, AgentInfo, CloseCode, Control, encode_eph, splice_prev};

/// Requests a second, and at once: a script in a loop stays below, a broken one does not.
const REQUESTS: (f64, u32) = (50.0, 200);
/// Refusals in a row for being too fast after which the link is cut.
const PATIENCE: u16 = 500;
/// Frames that are none of ours after which the link is cut.
const STRIKES: u8 = 16;
/// Conversations one socket may watch.
const WATCHED: usize = 32;

/// One agent's socket.
pub(super) struct Agent {
    link: Link,
    shared: Arc<Shared>,
    session: Arc<AgentSession>,
    instance: String,
    /// A console leases presence; other clients do not.
    lease: Option<Lease>,
    sub: Subscription,
    /// The position last written here: the next frame's `prev`.
    cursor: u64,
    /// The position through which nothing is missing here.
    seen: u64,
    /// Watched conversations, with the position their state was read at.
    watching: HashMap<ConversationId, u64>,
    /// What follows the answer under way.
    afterwards: Vec<AgentEph>,
    credit: Credit,
    requests: TokenBucket,
    too_fast: u16,
    strikes: u8,
    heard: bool,
    misses: u8,
}

/// Serves one socket to its end.
pub(super) async fn serve(shared: Arc<Shared>, upgrade: OnUpgrade, ticket: Arc<Ticket>) {
    let wait = Duration::from_millis(shared.limits().header_ms);
    let opened = Box::pin(timeout(wait, Link::open(upgrade, &shared.limits()))).await;
    let Ok(Some(link)) = opened else { return };
    let _open = shared.meters.socket("agent");
    let (link, end) = match Box::pin(welcome::welcome(link, shared)).await {
        Ok(mut agent) => {
            let end = agent.run().await;
            agent.leave(end);
            let Agent { link, .. } = *agent;
            (link, end)
        }
        Err(gone) => *gone,
    };
    Box::pin(link.close(end)).await;
    drop(ticket);
}

impl Agent {
    async fn run(&mut self) -> End {
        let beat = Duration::from_millis(self.shared.limits().heartbeat_ms);
        let patience = Duration::from_millis(self.shared.limits().write_ms);
        let mut draining = self.shared.draining.clone();
        let mut leaving = None;
        let mut next_beat = Instant::now() + beat;
        let tick = sleep_until(next_beat.into());
        tokio::pin!(tick);
        loop {
            let wake = leaving.unwrap_or_else(|| match self.credit.held_since() {
                Some(since) => next_beat.min(since + patience),
                None => next_beat,
            });
            if tick.deadline() != wake.into() {
                tick.as_mut().reset(wake.into());
            }
            let step = tokio::select! {
                incoming = self.link.next() => match incoming {
                    Incoming::Text(text) => Box::pin(self.frame(&text)).await,
                    Incoming::Alive => self.alive(),
                    Incoming::Ended(end) => Err(end),
                },
                delivery = self.sub.next() => self.deliveries(delivery).await,
                () = &mut tick => {
                    let now = Instant::now();
                    if leaving.is_some() {
                        return End::Close(CloseCode::Restart, "the server restarts");
                    }
                    if self.credit.held_since().is_some_and(|since| now >= since + patience) {
                        return End::Close(CloseCode::SlowConsumer, "nothing was acknowledged in time");
                    }
                    if now >= next_beat {
                        // Never slower than the hello said; faster where a reload shortened the leases.
                        let live = Duration::from_millis(self.shared.limits().heartbeat_ms);
                        next_beat = now + beat.min(live);
                        Box::pin(self.beat()).await
                    } else {
                        Ok(())
                    }
                }
                _ = draining.changed(), if leaving.is_none() => {
                    leaving = Some(Instant::now() + Duration::from_millis(GOAWAY_MS));
                    Box::pin(self.link.control(&Control::Goaway { in_ms: GOAWAY_MS })).await
                }
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Ends what others see of this socket: what it looks at, and (said goodbye) its presence.
    fn leave(&mut self, end: End) {
        for (conversation, _) in self.watching.drain() {
            if self.lease.is_some() {
                self.shared.engine.viewing(&self.session, &self.instance, conversation, false);
            }
        }
        let lease = self.lease.take();
        if let (Some(lease), End::Peer { clean: true }) = (lease, end) {
            // The same console may have a newer socket already: then its presence is that one's.
            while let Some(delivery) = self.sub.try_next() {
                if matches!(delivery, Delivery::Replaced) {
                    return;
                }
            }
            lease.end();
        }
    }

    fn sign_of_life(&mut self) {
        self.heard = true;
        if let Some(lease) = &self.lease {
            lease.beat();
        }
    }

    fn alive(&mut self) -> Result<(), End> {
        self.sign_of_life();
        match self.requests.take(Instant::now()) {
            Ok(()) => Ok(()),
            Err(_) => self.impatient(),
        }
    }

    fn impatient(&mut self) -> Result<(), End> {
        self.too_fast += 1;
        if self.too_fast < PATIENCE {
            return Ok(());
        }
        Err(End::Close(CloseCode::RateLimited, "too fast for too long"))
    }

    async fn beat(&mut self) -> Result<(), End> {
        self.misses = if self.heard { 0 } else { self.misses + 1 };
        if self.misses >= 2 {
            return Err(End::Close(CloseCode::HeartbeatMissed, "two heartbeats were not answered"));
        }
        self.heard = false;
        self.heartbeat().await
    }

    /// Says through which position this socket is complete; the client adopts it, so the chain goes on from there.
    async fn heartbeat(&mut self) -> Result<(), End> {
        self.cursor = self.cursor.max(self.seen);
        self.link.control(&Control::Heartbeat { head: Some(self.cursor) }).await
    }

    /// Everything that waits, in one write.
    async fn deliveries(&mut self, first: Option<Delivery>) -> Result<(), End> {
        let mut next = first;
        if next.is_none() {
            return Err(End::Close(CloseCode::Restart, "the server restarts"));
        }
        while let Some(delivery) = next {
            self.deliver(delivery).await?;
            next = self.sub.try_next();
        }
        self.link.flush().await
    }

    async fn deliver(&mut self, delivery: Delivery) -> Result<(), End> {
        match &delivery {
            Delivery::Revoked => return Err(End::Close(CloseCode::Revoked, "the token was withdrawn")),
            Delivery::RightsChanged => {
                return Err(End::Close(CloseCode::RightsChanged, "your role, sites or groups changed"));
            }
            Delivery::BlocksChanged => return Ok(()),
            Delivery::Replaced => {
                return Err(End::Close(CloseCode::Replaced, "this console connected again"));
            }
            Delivery::Draining => return Err(End::Close(CloseCode::Restart, "the server restarts")),
            Delivery::Commit(_) | Delivery::Eph(_) => {}
        }
        // Something was left out before this one: the log has it, and this one, too. A socket that is held back catches
        // up from the log anyway, once its client has acknowledged.
        if self.sub.take_lagged() {
            self.credit.missed();
        }
        if self.credit.is_behind() && !self.credit.is_held() {
            return Box::pin(self.resync()).await;
        }
        match delivery {
            Delivery::Commit(p) if p.seq > self.seen && self.credit.is_held() => self.credit.missed(),
            Delivery::Commit(p) if p.seq > self.seen => self.commit(&p).await?,
            Delivery::Eph(out) => self.passing(&out).await?,
            _ => {}
        }
        Ok(())
    }

    async fn commit(&mut self, p: &Published) -> Result<(), End> {
        if let Some(as_of) = self.watching.get(&p.conversation).copied() {
            for event in p.events.iter().filter(|e| e.seq > as_of) {
                self.numbered("ev", event.seq, event.agent_tail(p)).await?;
            }
        }
        self.numbered("row", p.seq, p.row_tail()).await?;
        self.seen = p.seq;
        Ok(())
    }

    /// A live frame with a seq: part of the chain, and on the client's credit.
    async fn numbered(&mut self, kind: &str, seq: u64, tail: &str) -> Result<(), End> {
        let frame = splice_prev(kind, self.cursor, tail);
        self.credit.spend(seq, frame.len(), Instant::now());
        self.cursor = seq;
        self.link.feed(frame).await
    }

    async fn passing(&mut self, out: &EphOut) -> Result<(), End> {
        let EphOut::Agent { site, watchers_of, except, eph, frame } = out else { return Ok(()) };
        let mine = site.as_ref().is_none_or(|s| self.session.sites.allows(s))
            && watchers_of.is_none_or(|c| self.watching.contains_key(&c))
            && *except != Some(self.session.agent.id);
        if !mine {
            return Ok(());
        }
        match eph {
            // Who looks, without oneself: the one passing frame that differs by socket.
            AgentEph::Viewing { conversation, names } if names.contains(&self.session.agent.name) => {
                let names = names.iter().filter(|n| **n != self.session.agent.name).cloned().collect();
                let eph = AgentEph::Viewing { conversation: *conversation, names };
                self.link.feed(encode_eph(&eph).expect("names are plain data")).await
            }
            _ => self.link.feed(frame.to_string()).await,
        }
    }

    /// Reads from the log what was left out, and says anew who is there.
    async fn resync(&mut self) -> Result<(), End> {
        tracing::debug!(after = self.seen, "an agent's socket resyncs");
        let (sites, after) = (self.session.sites.list(), self.seen);
        let watched: Vec<(ConversationId, u64)> = self.watching.iter().map(|(c, seq)| (*c, *seq)).collect();
        let read = move |r: &crate::log::Reader| sync::missed(r, sites.as_deref(), after, &watched);
        let missed = match self.shared.engine.read(read).await {
            Ok(Some(missed)) => missed,
            Ok(None) => return Err(End::Close(CloseCode::SlowConsumer, "too far behind; reconnect")),
            Err(error) => {
                tracing::error!(%error, "a resync could not read");
                return Err(End::Close(CloseCode::SlowConsumer, "reconnect and resume"));
            }
        };
        self.credit.caught_up();
        for frame in &missed.frames {
            self.link.feed(splice_prev(frame.kind, self.cursor, &frame.tail)).await?;
            self.cursor = frame.seq;
        }
        self.seen = missed.head.max(self.seen);
        for view in self.shared.engine.agents() {
            let eph = AgentEph::Availability { agent: info(&view) };
            self.link.feed(encode_eph(&eph).expect("availability is plain data")).await?;
        }
        self.feed_standing().await?;
        self.heartbeat().await
    }

    /// Says what of the passing this socket may not know.
    async fn feed_standing(&mut self) -> Result<(), End> {
        let watched = self.watching.keys().copied().collect();
        match self.shared.engine.standing(&self.session, watched).await {
            Ok(passing) => self.feed_passing(&passing).await,
            Err(error) => {
                tracing::warn!(%error, "who is there could not be read; it is told as it changes");
                Ok(())
            }
        }
    }

    async fn feed_passing(&mut self, passing: &[AgentEph]) -> Result<(), End> {
        for eph in passing {
            self.link.feed(encode_eph(eph).expect("passing frames are plain data")).await?;
        }
        Ok(())
    }
}

/// An agent, as colleagues see them.
pub(super) fn info(view: &AgentView) -> AgentInfo {
    AgentInfo {
        id: view.session.agent.id,
        name: view.session.agent.name.clone(),
        role: view.session.role,
        availability: view.availability.clone(),
        present: view.present,
        groups: view.session.groups.clone(),
    }
}

/// One agent among all.
pub(super) fn find(all: &[AgentView], id: AgentId) -> Option<&AgentView> {
    all.iter().find(|v| v.session.agent.id == id)
}
