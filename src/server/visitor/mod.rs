//! A visitor's socket: hello, auth, what was missed, and from then on what happens, in one small task.
//!
//! Idle sockets are the many: the task holds the link, a subscription and a few words. Everything rare (auth, requests,
//! resync, close) runs in a box that is gone afterwards.
//!
//! Invariant: after the auth answer this socket's `prev` chain has no hole: whatever the queue left out is read from the log.
//! Refused here: anything of another visitor, notes, the policy's reasons (the projection in `protocol` lets nothing else out).

mod entrance;
mod requests;
mod sync;
mod welcome;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::upgrade::OnUpgrade;
use tokio::time::{sleep, timeout};

use super::admission::Ticket;
use super::bucket::TokenBucket;
use super::link::{End, Incoming, Link};
use super::shared::{GOAWAY_MS, Online, Shared};
use crate::conversation::{ConversationId, Device, Page, VisitorRef};
use crate::engine::{Delivery, EphOut, SiteConfig, Subscription};
use crate::protocol::{CloseCode, Control, encode_eph, splice_prev};

/// Requests a second, and at once, beside messages: typing, pages and the like of an honest page stay far below.
const REQUESTS: (f64, u32) = (20.0, 60);
/// Refusals in a row for being too fast after which the link is cut.
const PATIENCE: u16 = 200;
/// Frames that are none of ours after which the link is cut.
const STRIKES: u8 = 16;

/// One visitor's socket.
pub(super) struct Visitor {
    link: Link,
    shared: Arc<Shared>,
    site: Arc<SiteConfig>,
    /// Where they come from, where that is known.
    address: Option<IpAddr>,
    me: VisitorRef,
    sub: Subscription,
    _online: Online,
    /// The position last written here: the next frame's `prev`.
    cursor: u64,
    /// The position through which nothing is missing here.
    seen: u64,
    conversation: Option<ConversationId>,
    /// The only one this socket may know of: it came by a link in a mail.
    only: Option<ConversationId>,
    /// The version the visitor said they had seen, in that conversation.
    shown: u64,
    page: Option<Page>,
    device: Device,
    messages: TokenBucket,
    requests: TokenBucket,
    typed_at: Option<Instant>,
    too_fast: u16,
    strikes: u8,
    heard: bool,
    misses: u8,
}

/// Serves one socket to its end.
pub(super) async fn serve(
    shared: Arc<Shared>,
    site: Arc<SiteConfig>,
    upgrade: OnUpgrade,
    user_agent: Option<String>,
    address: Option<IpAddr>,
    ticket: Arc<Ticket>,
) {
    let wait = Duration::from_millis(shared.limits().header_ms);
    let opened = Box::pin(timeout(wait, Link::open(upgrade, &shared.limits()))).await;
    let Ok(Some(link)) = opened else { return };
    let _open = shared.meters.socket("visitor");
    let (link, end) = match Box::pin(welcome::welcome(link, shared, site, user_agent, address)).await {
        Ok(mut visitor) => {
            let end = visitor.run().await;
            let Visitor { link, .. } = *visitor;
            (link, end)
        }
        Err(gone) => *gone,
    };
    Box::pin(link.close(end)).await;
    drop(ticket);
}

impl Visitor {
    async fn run(&mut self) -> End {
        let beat = Duration::from_millis(self.shared.limits().heartbeat_ms);
        let mut draining = self.shared.draining.clone();
        let mut leaving = false;
        let tick = sleep(beat);
        tokio::pin!(tick);
        loop {
            let step = tokio::select! {
                incoming = self.link.next() => match incoming {
                    Incoming::Text(text) => Box::pin(self.frame(&text)).await,
                    Incoming::Alive => self.alive(),
                    Incoming::Ended(end) => Err(end),
                },
                delivery = self.sub.next() => self.deliveries(delivery).await,
                () = &mut tick => {
                    if leaving {
                        return End::Close(CloseCode::Restart, "the server restarts");
                    }
                    tick.as_mut().reset(tokio::time::Instant::now() + beat);
                    Box::pin(self.beat()).await
                }
                _ = draining.changed(), if !leaving => {
                    leaving = true;
                    tick.as_mut().reset(tokio::time::Instant::now() + Duration::from_millis(GOAWAY_MS));
                    Box::pin(self.link.control(&Control::Goaway { in_ms: GOAWAY_MS })).await
                }
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Pings count as requests: they are answered, too.
    fn alive(&mut self) -> Result<(), End> {
        self.heard = true;
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
        if first.is_none() {
            return Err(End::Close(CloseCode::Restart, "the server restarts"));
        }
        self.write_out(first).await
    }

    /// What was fed before, this delivery and what waits behind it, in one write.
    async fn write_out(&mut self, first: Option<Delivery>) -> Result<(), End> {
        let mut next = first;
        while let Some(delivery) = next {
            self.deliver(delivery).await?;
            next = self.sub.try_next();
        }
        self.link.flush().await
    }

    async fn deliver(&mut self, delivery: Delivery) -> Result<(), End> {
        match &delivery {
            Delivery::BlocksChanged => return self.not_blocked(),
            Delivery::Revoked | Delivery::RightsChanged => {
                return Err(End::Close(CloseCode::Revoked, "the token was withdrawn"));
            }
            Delivery::Replaced => return Err(End::Close(CloseCode::Replaced, "connected again elsewhere")),
            Delivery::Draining => return Err(End::Close(CloseCode::Restart, "the server restarts")),
            Delivery::Commit(_) | Delivery::Eph(_) => {}
        }
        // Something was left out before this one: the log has it, and this one, too.
        if self.sub.take_lagged() {
            return Box::pin(self.resync()).await;
        }
        match delivery {
            Delivery::Commit(p) if !self.may_know(p.conversation) => return Err(entrance::over()),
            Delivery::Commit(p) if p.seq > self.seen => {
                for event in &p.events {
                    if let Some(tail) = event.visitor_tail(&p) {
                        self.link.feed(splice_prev("ev", self.cursor, tail)).await?;
                        self.cursor = event.seq;
                    }
                }
                self.seen = p.seq;
                self.now_in(p.conversation);
            }
            Delivery::Eph(out) => {
                if let EphOut::Visitor { frame, .. } = &*out {
                    self.link.feed(frame.to_string()).await?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Ends the socket of a visitor who is blocked now, or whose address is.
    fn not_blocked(&self) -> Result<(), End> {
        match self.shared.engine.blocked(&self.site.id, Some(self.me.id), self.address) {
            Some(_) => Err(End::Close(CloseCode::Blocked, "this site has blocked you")),
            None => Ok(()),
        }
    }

    /// The visitor's latest conversation; in a new one nothing has been seen.
    fn now_in(&mut self, conversation: ConversationId) {
        if self.conversation.replace(conversation) != Some(conversation) {
            self.shown = 0;
        }
    }

    /// Reads from the log what the queue left out, and says anew what passes by.
    async fn resync(&mut self) -> Result<(), End> {
        tracing::debug!(after = self.seen, "a visitor's socket resyncs");
        let (site, visitor, after) = (self.site.id.clone(), self.me.id, self.seen);
        let missed = self.shared.engine.read(move |r| sync::missed(r, &site, visitor, after)).await;
        let missed = missed.map_err(|error| {
            tracing::error!(%error, "a resync could not read");
            End::Close(CloseCode::SlowConsumer, "reconnect and resume")
        })?;
        let Some(missed) = missed else {
            return Err(End::Close(CloseCode::SlowConsumer, "too far behind; reconnect"));
        };
        if missed.conversation.is_some_and(|of| !self.may_know(of)) {
            return Err(entrance::over());
        }
        for (seq, tail) in &missed.events {
            self.link.feed(splice_prev("ev", self.cursor, tail)).await?;
            self.cursor = *seq;
        }
        self.seen = missed.head.max(self.seen);
        if let Some(conversation) = missed.conversation {
            self.now_in(conversation);
        }
        let offered = self.shared.engine.availability(&self.site.id);
        let eph = crate::protocol::VisitorEph::Availability(offered);
        self.link.feed(encode_eph(&eph).expect("availability is plain data")).await?;
        self.link.flush().await
    }
}

#[cfg(test)]
mod tests {
    /// Budget P5 leaves 6.5 KiB a socket, of which the link's buffers and the subscription's first block take about three.
    #[test]
    fn a_visitors_own_state_is_small() {
        let size = std::mem::size_of::<super::Visitor>();
        assert!(size <= 1024, "{size} bytes");
    }
}
