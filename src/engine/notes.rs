//! What the writer stores beside the log: cursors of readers, and what webhooks were told. Nobody waits for it, and where it
//! cannot be stored that is said in the log and nothing else is lost.

use super::shared::Shared;
use crate::conversation::SiteId;
use crate::log::{CursorMove, Log, StoreError};

/// A cursor's move, of which site, and by which client of an agent's.
pub(super) type Move = (CursorMove, Option<SiteId>, Option<String>);

/// Stores moves together, then tells of those that were news.
pub(super) fn move_cursors(log: &mut Log, moves: &[Move], shared: &Shared) {
    if moves.is_empty() {
        return;
    }
    let steps: Vec<CursorMove> = moves.iter().map(|(step, ..)| *step).collect();
    match log.move_cursors(&steps) {
        Ok(moved) => {
            for (step, site, instance) in moves.iter().filter(|(step, ..)| moved.contains(step)) {
                shared.cursor_moved(*step, site.as_ref(), instance.as_deref());
            }
        }
        Err(error) => tracing::warn!(%error, "how far somebody has read could not be stored"),
    }
}

/// Keeps or forgets what a webhook was told.
pub(super) fn keep_rung(log: &mut Log, name: &str, doc: Option<&str>) {
    if let Err(error) = log.keep_rung(name, doc) {
        tracing::warn!(%error, "what a webhook was told could not be stored");
    }
}

/// Looks at the deadlines of everything unfinished: the configuration changed.
pub(super) fn rearm_all(log: &mut Log, shared: &Shared) {
    match log.unfinished() {
        Ok(unfinished) => unfinished.iter().for_each(|c| shared.note_timers(c)),
        Err(error) => tracing::warn!(%error, "deadlines keep to the configuration before"),
    }
}

/// Name of the mark [`probe`] writes. Webhooks' notes have a slash in theirs.
const PROBE: &str = "readyz";

/// Writes a mark and takes it back.
///
/// # Errors
/// The store cannot be written.
pub(super) fn probe(log: &mut Log) -> Result<(), StoreError> {
    log.keep_rung(PROBE, Some("probe"))?;
    log.keep_rung(PROBE, None)
}
