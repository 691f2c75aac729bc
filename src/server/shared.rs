//! What every socket's task shares.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use super::admission::Admission;
use super::door::Said;
use super::health::Readiness;
use super::live::Live;
use super::metrics::Meters;
use crate::conversation::{SiteId, Time, VisitorId};
use crate::engine::Engine;
use crate::protocol::Limits;

/// How long clients have between `goaway` and the close, so that they come back spread out.
pub(super) const GOAWAY_MS: u64 = 250;

/// Shared by all connections.
pub(super) struct Shared {
    pub(super) engine: Engine,
    /// What a reload changes.
    live: RwLock<Arc<Live>>,
    /// What is counted for `/metrics`.
    pub(super) meters: Meters,
    /// How many connections there may be; gone once the server is on its way down.
    pub(super) admission: Weak<Admission>,
    /// What was last found out about the store.
    pub(super) readiness: Readiness,
    /// What the log has named lately.
    pub(super) said: Said,
    /// Turns true once, when the server stops.
    pub(super) draining: watch::Receiver<bool>,
    /// Open sockets of each visitor: several tabs are one visitor.
    online: Mutex<HashMap<VisitorId, u32>>,
}

/// A visitor's open socket; dropped, it is gone.
pub(super) struct Online {
    shared: Arc<Shared>,
    site: SiteId,
    visitor: VisitorId,
}

impl Shared {
    pub(super) fn new(
        engine: Engine,
        live: Live,
        admission: Weak<Admission>,
        draining: watch::Receiver<bool>,
    ) -> Arc<Self> {
        Arc::new(Self {
            engine,
            live: RwLock::new(Arc::new(live)),
            meters: Meters::new(),
            admission,
            readiness: Readiness::default(),
            said: Said::default(),
            draining,
            online: Mutex::default(),
        })
    }

    /// The configuration as of now. Take it once for one thing: it may be another one the next time.
    pub(super) fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Another configuration from now on.
    pub(super) fn set_live(&self, live: Live) {
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(live);
    }

    /// Limits as of now.
    pub(super) fn limits(&self) -> Limits {
        self.live.read().unwrap_or_else(PoisonError::into_inner).limits
    }

    /// Whether the server is on its way down.
    pub(super) fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Counts a visitor's socket; the engine hears of the first and of the last.
    pub(super) fn visitor_online(self: &Arc<Self>, site: &SiteId, visitor: VisitorId) -> Online {
        if self.count(visitor, true) == 1 {
            self.engine.visitor_online(site, visitor, true);
        }
        Online { shared: self.clone(), site: site.clone(), visitor }
    }

    fn count(&self, visitor: VisitorId, more: bool) -> u32 {
        let mut online = self.online.lock().unwrap_or_else(PoisonError::into_inner);
        let n = online.entry(visitor).or_insert(0);
        *n = if more { *n + 1 } else { n.saturating_sub(1) };
        let n = *n;
        if n == 0 {
            online.remove(&visitor);
        }
        n
    }
}

impl Drop for Online {
    fn drop(&mut self) {
        if self.shared.count(self.visitor, false) == 0 {
            self.shared.engine.visitor_online(&self.site, self.visitor, false);
        }
    }
}

/// The server's clock, for `server_time`. It orders nothing.
pub(super) fn now() -> Time {
    let ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis());
    Time(i64::try_from(ms).unwrap_or(i64::MAX))
}
