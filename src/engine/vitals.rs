//! What the engine knows of its own health: room on the disk, whether the store failed, and whether the clock can be believed.
//!
//! Invariant: a store that failed is told once and for ever; "full" ends with the next commit that succeeds. Refused here:
//! deciding what to erase.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::conversation::Time;
use crate::log::StoreError;

/// Whether there is room for what people write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// Yes.
    Ok,
    /// Yes, but less than `[keep] min_free_mb` is left.
    NearlyFull {
        /// Bytes left.
        free: u64,
    },
    /// No: nothing is saved and nothing acknowledged, reading goes on. It ends by itself once there is room.
    Full,
}

/// What is kept, and for how long: `[keep]` of `baton.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Free space in MiB below which a warning is given.
    pub min_free_mb: u64,
    /// Days after which all that was said in a resolved conversation is erased; 0: never.
    pub resolved_days: u32,
    /// Days after which its files are; 0: never.
    pub attachments_days: u32,
    /// Days after which its pages and what the browser told are; 0: never.
    pub trail_days: u32,
}

impl Default for Keep {
    fn default() -> Self {
        Self { min_free_mb: 256, resolved_days: 0, attachments_days: 0, trail_days: 0 }
    }
}

/// A clock this far ahead of the newest event may be wrong, and what it says has expired is not acted on at once.
const AHEAD_MS: i64 = 7 * 24 * 3_600_000;
/// A clock this far behind the newest event is wrong, or was.
const BEHIND_MS: i64 = 3_600_000;
/// Bytes that must have become free before a full disk counts as having room again without a message that proves it.
const ROOM: u64 = 4 << 20;
/// How long deadlines that passed before the start wait under such a clock.
const DEADLINES_WAIT_MS: i64 = 3_600_000;
/// How long rules that erase wait under such a clock.
const RULES_WAIT: Duration = Duration::from_secs(24 * 3600);

/// See the module.
#[derive(Debug)]
pub(super) struct Vitals {
    data: PathBuf,
    full: AtomicBool,
    /// Bytes left when it became full.
    free_then: AtomicU64,
    /// Bytes left on the disk, when last looked; the largest number: not known.
    free: AtomicU64,
    keep: Mutex<Keep>,
    failed: watch::Sender<Option<String>>,
    started: Instant,
    /// The clock was in doubt at the start.
    doubt: bool,
}

impl Vitals {
    /// `newest`: time of the last event there is; `now`: what the clock says.
    pub(super) fn new(data: &Path, newest: Option<Time>, now: Time) -> Self {
        let ahead = newest.is_some_and(|t| now.since_ms(t) > AHEAD_MS);
        let behind = newest.is_some_and(|t| t.since_ms(now) > BEHIND_MS);
        if let Some(newest) = newest.filter(|_| ahead || behind) {
            tracing::warn!(
                clock = %now, %newest,
                "the clock is far from the newest event: what is overdue waits for an hour, and rules that erase for a day. Set the clock and restart if it is wrong"
            );
        }
        Self {
            data: data.to_owned(),
            full: AtomicBool::new(false),
            free_then: AtomicU64::new(0),
            free: AtomicU64::new(u64::MAX),
            keep: Mutex::default(),
            failed: watch::Sender::new(None),
            started: Instant::now(),
            doubt: ahead || behind,
        }
    }

    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    /// The earliest time at which a deadline that passed before the start may fire, where the clock is in doubt.
    pub(super) fn not_before(&self, now: Time) -> Option<Time> {
        self.doubt.then(|| now.plus_ms(DEADLINES_WAIT_MS))
    }

    /// Whether rules may erase now.
    pub(super) fn rules_may(&self) -> bool {
        !self.doubt || self.started.elapsed() >= RULES_WAIT
    }

    pub(super) fn keep(&self) -> Keep {
        *self.keep.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_keep(&self, keep: Keep) {
        *self.keep.lock().unwrap_or_else(PoisonError::into_inner) = keep;
    }

    /// A group was committed.
    pub(super) fn wrote(&self) {
        if self.full.load(Ordering::Relaxed) && self.full.swap(false, Ordering::AcqRel) {
            tracing::info!("the storage has room again; messages are saved");
        }
    }

    /// A group was refused. A full disk is told once, not with every group.
    pub(super) fn refused(&self, error: &StoreError, what: &str) {
        match error {
            StoreError::Full => self.no_room(),
            StoreError::Conflict { .. } | StoreError::Failed(_) => tracing::error!(%error, "{what}"),
        }
    }

    /// A group was refused for want of room.
    pub(super) fn no_room(&self) {
        if !self.full.swap(true, Ordering::AcqRel) {
            self.free_then.store(self.free_now().unwrap_or(0), Ordering::Release);
            tracing::error!(
                data = %self.data.display(),
                "the storage is full: nothing is saved or acknowledged, reading goes on. It goes on by itself once there is room"
            );
        }
    }

    /// The store can no longer be trusted.
    pub(super) fn fail(&self, why: &str) {
        self.failed.send_if_modified(|failed| {
            let first = failed.is_none();
            if first {
                *failed = Some(why.to_owned());
            }
            first
        });
    }

    pub(super) fn failed(&self) -> watch::Receiver<Option<String>> {
        self.failed.subscribe()
    }

    /// Looks at the disk; warns when it comes near its end.
    pub(super) fn look(&self) {
        let Some(free) = self.free_now() else { return };
        let before = self.storage();
        self.free.store(free, Ordering::Release);
        if free >= self.free_then.load(Ordering::Acquire).saturating_add(ROOM) {
            // Somebody made room; whether it is enough the next message tells.
            self.wrote();
        }
        if let (Storage::Ok, Storage::NearlyFull { free }) = (before, self.storage()) {
            tracing::warn!(
                free_mb = free >> 20,
                data = %self.data.display(),
                "the disk is nearly full: when it is, no message can be saved. Make room"
            );
        }
    }

    fn free_now(&self) -> Option<u64> {
        let disk = rustix::fs::statvfs(&self.data).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    pub(super) fn storage(&self) -> Storage {
        let free = self.free.load(Ordering::Acquire);
        if self.full.load(Ordering::Acquire) {
            Storage::Full
        } else if free < self.keep().min_free_mb << 20 {
            Storage::NearlyFull { free }
        } else {
            Storage::Ok
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_700_000_000_000);

    #[test]
    fn full_ends_with_a_commit_and_a_failure_never() {
        let dir = tempfile::tempdir().expect("a folder");
        let vitals = Vitals::new(dir.path(), None, NOW);
        assert_eq!(vitals.storage(), Storage::Ok);
        vitals.no_room();
        assert_eq!(vitals.storage(), Storage::Full);
        vitals.wrote();
        assert_eq!(vitals.storage(), Storage::Ok);
        vitals.set_keep(Keep { min_free_mb: u64::MAX >> 20, ..Keep::default() });
        vitals.look();
        assert!(matches!(vitals.storage(), Storage::NearlyFull { .. }));
        vitals.fail("first");
        vitals.fail("second");
        assert_eq!(vitals.failed().borrow().as_deref(), Some("first"));
    }

    #[test]
    fn a_clock_far_from_the_newest_event_is_in_doubt() {
        let dir = tempfile::tempdir().expect("a folder");
        let doubt = |newest: i64| !Vitals::new(dir.path(), Some(Time(newest)), NOW).rules_may();
        assert!(!doubt(NOW.0) && !doubt(NOW.0 - 3 * 24 * 3_600_000) && !doubt(NOW.0 + 60_000));
        assert!(doubt(NOW.0 - 3_650 * 24 * 3_600_000) && doubt(NOW.0 + 3_650 * 24 * 3_600_000));
    }
}
