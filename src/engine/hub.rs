//! Who gets what: bounded queues from the writer to the sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;

use super::Delivery;
use crate::conversation::SiteId;

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
}

/// One socket's bounded queue. When it overflows, deliveries are left out and [`Subscription::lagged`] tells: the socket
/// then resyncs from its cursor, out of the log.
#[derive(Debug)]
pub struct Subscription {
    pub(super) rx: mpsc::Receiver<Delivery>,
    pub(super) lagged: Arc<AtomicBool>,
}

impl Subscription {
    /// The next delivery; none once the engine has stopped. Cancel-safe.
    pub async fn next(&mut self) -> Option<Delivery> {
        self.rx.recv().await
    }

    /// The next delivery if one is waiting.
    pub fn try_next(&mut self) -> Option<Delivery> {
        self.rx.try_recv().ok()
    }

    /// Whether deliveries were left out since the last call. After `true`: read from the log what the cursor lacks.
    pub fn take_lagged(&self) -> bool {
        self.lagged.swap(false, Ordering::AcqRel)
    }
}
