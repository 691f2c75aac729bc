//! What the writer stores beside the log: cursors of readers, and what webhooks were told. Nobody waits for it, and where it
//! cannot be stored that is said in the log and nothing else is lost.

use super::shared::Shared;
use crate::conversation::SiteId;
use crate::log::{CursorMove, Log};

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
