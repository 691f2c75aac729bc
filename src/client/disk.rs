//! The way to the disk that never holds up the socket: records queue, one blocking write at a time takes them all.

use std::io;
use std::sync::{Arc, Mutex};

use tokio::task::JoinHandle;

use super::journal::{Kept, Record};
use super::state_dir::Store;
use crate::conversation::AgentId;

/// What one write did: its records, and which of them are on disk.
#[derive(Debug)]
pub(super) struct Written {
    /// In order.
    pub(super) records: Vec<Record>,
    /// The first so many are on disk.
    pub(super) stored: usize,
    /// Why the others are not.
    pub(super) error: Option<io::Error>,
    /// What was adopted from under other tokens of this agent.
    pub(super) adopted: Kept,
}

/// A queue in front of a [`Store`]; without one, everything counts as written at once.
#[derive(Debug)]
pub(super) struct Disk {
    store: Option<Arc<Mutex<Store>>>,
    queue: Vec<Record>,
    /// Which agent this is, once the server has said so and until the store knows.
    claim: Option<AgentId>,
    busy: Option<JoinHandle<Written>>,
}

impl Disk {
    pub(super) fn new(store: Option<Store>) -> Self {
        Self { store: store.map(|s| Arc::new(Mutex::new(s))), queue: Vec::new(), claim: None, busy: None }
    }

    /// Puts a record in the queue.
    pub(super) fn push(&mut self, record: Record) {
        self.queue.push(record);
    }

    /// Tells the store which agent this is; what it adopts comes with a write.
    pub(super) fn claim(&mut self, agent: AgentId) {
        if self.store.is_some() {
            self.claim = Some(agent);
        }
    }

    /// Whether anything is on its way to the disk.
    pub(super) fn idle(&self) -> bool {
        self.queue.is_empty() && self.claim.is_none() && self.busy.is_none()
    }

    /// The next finished write. Pending while there is nothing to do. Cancel-safe.
    pub(super) async fn written(&mut self) -> Written {
        if self.busy.is_none() {
            if self.queue.is_empty() && self.claim.is_none() {
                return std::future::pending().await;
            }
            let records = std::mem::take(&mut self.queue);
            let Some(store) = self.store.clone() else {
                return Written { stored: records.len(), records, error: None, adopted: Kept::default() };
            };
            let claim = self.claim.take();
            self.busy = Some(tokio::task::spawn_blocking(move || {
                let Ok(mut store) = store.lock() else {
                    let error = Some(io::Error::other("an earlier write panicked"));
                    return Written { records, stored: 0, error, adopted: Kept::default() };
                };
                let (stored, result) = store.write(&records);
                let adopted = claim.map_or(Ok(Kept::default()), |agent| store.claim(agent));
                if let Err(e) = &adopted {
                    tracing::warn!(error = %e, "drafts under an older token could not be looked for");
                }
                Written { records, stored, error: result.err(), adopted: adopted.unwrap_or_default() }
            }));
        }
        let Some(busy) = &mut self.busy else { return std::future::pending().await };
        let written = busy.await;
        self.busy = None;
        written.unwrap_or_else(|e| Written {
            records: Vec::new(),
            stored: 0,
            error: Some(io::Error::other(e)),
            adopted: Kept::default(),
        })
    }
}
