//! What every socket's task shares.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use super::DocsBook;
use crate::conversation::{SiteId, Time, VisitorId};
use crate::engine::Engine;
use crate::protocol::Limits;

/// How long clients have between `goaway` and the close, so that they come back spread out.
pub(super) const GOAWAY_MS: u64 = 250;

/// Shared by all connections.
pub(super) struct Shared {
    pub(super) engine: Engine,
    pub(super) limits: Limits,
    pub(super) docs: DocsBook,
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
        limits: Limits,
        docs: DocsBook,
        draining: watch::Receiver<bool>,
    ) -> Arc<Self> {
        Arc::new(Self { engine, limits, docs, draining, online: Mutex::default() })
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
