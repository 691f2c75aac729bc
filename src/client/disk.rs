//! The way to the disk that never holds up the socket: records queue, one blocking write at a time takes them all.

use std::io;
use std::sync::{Arc, Mutex};

use tokio::task::JoinHandle;

use super::journal::Record;
use super::state_dir::Store;

/// What one write did: its records, and which of them are on disk.
#[derive(Debug)]
pub(super) struct Written {
    /// In order.
    pub(super) records: Vec<Record>,
    /// The first so many are on disk.
    pub(super) stored: usize,
    /// Why the others are not.
    pub(super) error: Option<io::Error>,
}

/// A queue in front of a [`Store`]; without one, everything counts as written at once.
#[derive(Debug)]
pub(super) struct Disk {
    store: Option<Arc<Mutex<Store>>>,
    queue: Vec<Record>,
    busy: Option<JoinHandle<Written>>,
}

impl Disk {
    pub(super) fn new(store: Option<Store>) -> Self {
        Self { store: store.map(|s| Arc::new(Mutex::new(s))), queue: Vec::new(), busy: None }
    }

    /// Puts a record in the queue.
    pub(super) fn push(&mut self, record: Record) {
        self.queue.push(record);
    }

    /// Whether anything is on its way to the disk.
    pub(super) fn idle(&self) -> bool {
        self.queue.is_empty() && self.busy.is_none()
    }

    /// The next finished write. Pending while there is nothing to do. Cancel-safe.
    pub(super) async fn written(&mut self) -> Written {
        if self.busy.is_none() {
            if self.queue.is_empty() {
                return std::future::pending().await;
            }
            let records = std::mem::take(&mut self.queue);
            let Some(store) = self.store.clone() else {
                return Written { stored: records.len(), records, error: None };
            };
            self.busy = Some(tokio::task::spawn_blocking(move || {
                let (stored, result) = match store.lock() {
                    Ok(mut store) => store.write(&records),
                    Err(_) => (0, Err(io::Error::other("an earlier write panicked"))),
                };
                Written { records, stored, error: result.err() }
            }));
        }
        let Some(busy) = &mut self.busy else { return std::future::pending().await };
        let written = busy.await;
        self.busy = None;
        written.unwrap_or_else(|e| Written {
            records: Vec::new(),
            stored: 0,
            error: Some(io::Error::other(e)),
        })
    }
}
