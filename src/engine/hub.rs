//! Who gets what: bounded queues from the writer to the sockets.
//!
//! Invariant: a slow socket never holds up the writer and never costs unbounded memory. Its queue overflows, the deliveries
//! are left out, and a flag tells the socket to read from the log what its cursor lacks.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::{AgentSession, Delivery, EphOut, Published};
use crate::conversation::{AgentId, SiteId, VisitorId};

/// Which sites somebody may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SiteFilter {
    /// Every site, also those to come.
    All,
    /// These.
    Only(Vec<SiteId>),
}

impl SiteFilter {
    /// Whether this site is among them.
    pub fn allows(&self, site: &SiteId) -> bool {
        match self {
            SiteFilter::All => true,
            SiteFilter::Only(sites) => sites.contains(site),
        }
    }

    /// The filter as a list for the read model; none: all.
    pub fn list(&self) -> Option<Vec<SiteId>> {
        match self {
            SiteFilter::All => None,
            SiteFilter::Only(sites) => Some(sites.clone()),
        }
    }
}

/// One socket's bounded queue. When it overflows, deliveries are left out and [`Subscription::take_lagged`] tells: the
/// socket then resyncs from its cursor, out of the log.
#[derive(Debug)]
pub struct Subscription {
    rx: mpsc::Receiver<Delivery>,
    lagged: Arc<AtomicBool>,
    last_word: LastWord,
}

/// What ends a socket, kept beside the queue: a full queue must not swallow it.
type LastWord = Arc<Mutex<Option<Delivery>>>;

impl Subscription {
    /// The next delivery; none once the engine has stopped. Cancel-safe.
    pub async fn next(&mut self) -> Option<Delivery> {
        let delivery = self.rx.recv().await;
        self.take_last_word().or(delivery)
    }

    /// The next delivery if one is waiting.
    pub fn try_next(&mut self) -> Option<Delivery> {
        self.take_last_word().or_else(|| self.rx.try_recv().ok())
    }

    fn take_last_word(&self) -> Option<Delivery> {
        self.last_word.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether deliveries were left out since the last call. After `true`: read from the log what the cursor lacks.
    pub fn take_lagged(&self) -> bool {
        self.lagged.swap(false, Ordering::AcqRel)
    }
}

/// The sending end of a [`Subscription`].
#[derive(Debug)]
struct Outlet {
    tx: mpsc::Sender<Delivery>,
    lagged: Arc<AtomicBool>,
    last_word: LastWord,
}

impl Outlet {
    fn pair(capacity: usize) -> (Self, Subscription) {
        let (tx, rx) = mpsc::channel(capacity.max(1));
        let lagged = Arc::new(AtomicBool::new(false));
        let last_word = LastWord::default();
        let outlet = Self { tx, lagged: Arc::clone(&lagged), last_word: Arc::clone(&last_word) };
        (outlet, Subscription { rx, lagged, last_word })
    }

    fn set_last_word(&self, word: Delivery) {
        *self.last_word.lock().unwrap_or_else(PoisonError::into_inner) = Some(word);
    }

    /// Says it before anything that waits, and nothing after it.
    fn end(self, word: Delivery) {
        self.set_last_word(word.clone());
        // Wakes the socket; a full queue wakes it anyway.
        let _ = self.tx.try_send(word);
    }

    /// Hands it over or marks the socket as lagging. False once the socket is gone.
    fn send(&self, delivery: Delivery) -> bool {
        match self.tx.try_send(delivery) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(left_out)) => {
                match left_out {
                    // Passing things are dropped first and need no resync.
                    Delivery::Eph(_) => {}
                    Delivery::Commit(_) => self.lagged.store(true, Ordering::Release),
                    Delivery::Revoked
                    | Delivery::RightsChanged
                    | Delivery::BlocksChanged
                    | Delivery::Replaced
                    | Delivery::Draining => self.set_last_word(left_out),
                }
                true
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        }
    }
}

#[derive(Debug)]
struct AgentOutlet {
    session: Arc<AgentSession>,
    instance: String,
    outlet: Outlet,
}

#[derive(Debug)]
struct VisitorOutlet {
    site: SiteId,
    outlet: Outlet,
}

#[derive(Debug, Default)]
struct Inner {
    agents: Vec<AgentOutlet>,
    visitors: HashMap<VisitorId, Vec<VisitorOutlet>>,
}

/// All subscriptions.
#[derive(Debug, Default)]
pub(super) struct Hub {
    inner: Mutex<Inner>,
}

impl Hub {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn subscribe_agent(
        &self,
        session: Arc<AgentSession>,
        instance: &str,
        capacity: usize,
    ) -> Subscription {
        let (outlet, subscription) = Outlet::pair(capacity);
        let mut inner = self.lock();
        inner.agents.retain(|a| {
            let same = a.session.agent.id == session.agent.id && a.instance == instance;
            if same {
                a.outlet.send(Delivery::Replaced);
            }
            !same && !a.outlet.tx.is_closed()
        });
        inner.agents.push(AgentOutlet { session, instance: instance.to_owned(), outlet });
        subscription
    }

    pub(super) fn subscribe_visitor(
        &self,
        site: &SiteId,
        visitor: VisitorId,
        capacity: usize,
    ) -> Subscription {
        let (outlet, subscription) = Outlet::pair(capacity);
        let mut inner = self.lock();
        let sockets = inner.visitors.entry(visitor).or_default();
        sockets.retain(|s| !s.outlet.tx.is_closed());
        sockets.push(VisitorOutlet { site: site.clone(), outlet });
        subscription
    }

    /// Forgets a visitor's closed sockets; called when one closes so that idle visitors cost nothing afterwards.
    pub(super) fn sweep_visitor(&self, visitor: VisitorId) {
        let mut inner = self.lock();
        if let Some(sockets) = inner.visitors.get_mut(&visitor) {
            sockets.retain(|s| !s.outlet.tx.is_closed());
            if sockets.is_empty() {
                inner.visitors.remove(&visitor);
            }
        }
    }

    pub(super) fn publish(&self, published: &Arc<Published>) {
        let mut inner = self.lock();
        inner.agents.retain(|a| {
            !a.session.sites.allows(&published.site) && !a.outlet.tx.is_closed()
                || a.session.sites.allows(&published.site)
                    && a.outlet.send(Delivery::Commit(Arc::clone(published)))
        });
        if let Some(sockets) = inner.visitors.get_mut(&published.visitor) {
            sockets.retain(|s| {
                s.site != published.site || s.outlet.send(Delivery::Commit(Arc::clone(published)))
            });
            if sockets.is_empty() {
                inner.visitors.remove(&published.visitor);
            }
        }
    }

    pub(super) fn eph_to_agents(&self, site: Option<&SiteId>, except: Option<AgentId>, eph: EphOut) {
        let eph = Arc::new(eph);
        for a in &self.lock().agents {
            let concerned = site.is_none_or(|s| a.session.sites.allows(s));
            if concerned && except != Some(a.session.agent.id) {
                a.outlet.send(Delivery::Eph(Arc::clone(&eph)));
            }
        }
    }

    /// To every client of one agent but this instance.
    pub(super) fn eph_to_clients_of(&self, agent: AgentId, except: Option<&str>, eph: EphOut) {
        let eph = Arc::new(eph);
        for a in &self.lock().agents {
            if a.session.agent.id == agent && except != Some(a.instance.as_str()) {
                a.outlet.send(Delivery::Eph(Arc::clone(&eph)));
            }
        }
    }

    pub(super) fn eph_to_visitor(&self, site: &SiteId, visitor: VisitorId, eph: EphOut) {
        let eph = Arc::new(eph);
        for s in self.lock().visitors.get(&visitor).into_iter().flatten() {
            if s.site == *site {
                s.outlet.send(Delivery::Eph(Arc::clone(&eph)));
            }
        }
    }

    pub(super) fn eph_to_site_visitors(&self, site: &SiteId, eph: EphOut) {
        let eph = Arc::new(eph);
        for s in self.lock().visitors.values().flatten() {
            if s.site == *site {
                s.outlet.send(Delivery::Eph(Arc::clone(&eph)));
            }
        }
    }

    /// Ends every socket of an agent with this word; nothing is delivered to them any more. Gives how many there were.
    pub(super) fn end_agent(&self, agent: AgentId, word: &Delivery) -> usize {
        let mut inner = self.lock();
        let (theirs, others) =
            std::mem::take(&mut inner.agents).into_iter().partition(|a| a.session.agent.id == agent);
        inner.agents = others;
        drop(inner);
        let theirs: Vec<AgentOutlet> = theirs;
        let live = theirs.iter().filter(|a| !a.outlet.tx.is_closed()).count();
        theirs.into_iter().for_each(|a| a.outlet.end(word.clone()));
        live
    }

    /// Lets visitors' sockets look whether they are blocked: all, or one visitor's.
    pub(super) fn blocks_changed(&self, visitor: Option<VisitorId>) {
        let inner = self.lock();
        let concerned = inner.visitors.iter().filter(|(id, _)| visitor.is_none_or(|v| v == **id));
        for socket in concerned.flat_map(|(_, sockets)| sockets) {
            socket.outlet.send(Delivery::BlocksChanged);
        }
    }

    /// Tells every socket that the server drains.
    pub(super) fn drain(&self) {
        let inner = self.lock();
        for outlet in
            inner.agents.iter().map(|a| &a.outlet).chain(inner.visitors.values().flatten().map(|s| &s.outlet))
        {
            outlet.send(Delivery::Draining);
        }
    }

    /// Drops every outlet: subscribers' `next` gives none.
    pub(super) fn close(&self) {
        let mut inner = self.lock();
        inner.agents.clear();
        inner.visitors.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::VisitorEph;

    #[tokio::test]
    async fn a_full_queue_drops_passing_things_and_never_the_last_word() {
        let (outlet, mut subscription) = Outlet::pair(1);
        let passing = || {
            Delivery::Eph(Arc::new(EphOut::visitor(VisitorEph::Position { position: 1 }).expect("encodes")))
        };
        assert!(outlet.send(passing()));
        assert!(outlet.send(passing()));
        assert!(!subscription.take_lagged(), "passing things need no resync");
        assert!(outlet.send(Delivery::Revoked));
        assert!(matches!(subscription.next().await, Some(Delivery::Revoked)));
        drop(subscription);
        assert!(!outlet.send(passing()), "the socket is gone");
    }
}
