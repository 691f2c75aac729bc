//! Marked rows: what a command does to one, it does to all that are marked.

use super::state::State;

/// Marks the selected row, or takes the mark away.
pub(super) fn toggle(_: &mut State) {}

/// Marks every row of the tab, or none.
pub(super) fn all(_: &mut State) {}
