//! Marked rows: what a command does to one, it does to all that are marked.
//!
//! Invariant: a mark belongs to a conversation, not to a place: it survives sorting, and goes when the row leaves the tab.
//! Each tab has its own; they count only while the list has the keys. Whoever reads acts on what they read.

use std::collections::{BTreeSet, HashSet};

use super::effect::Effect;
use super::state::{Focus, State};
use super::update::refuse;
use crate::conversation::ConversationId;

impl State {
    /// The marked rows of the tab in front, top first; none while the keys go elsewhere.
    pub fn marked(&self) -> Vec<ConversationId> {
        let marks = &self.marks[self.tab];
        if marks.is_empty() || self.focus != Focus::List {
            return Vec::new();
        }
        let order = self.list().order();
        let seen: Vec<ConversationId> = order.iter().filter(|id| marks.contains(id)).copied().collect();
        // What waits above the cursor cannot be marked; should it be, it is not forgotten.
        let unseen = marks.iter().filter(|id| !order.contains(id));
        seen.iter().chain(unseen).copied().collect()
    }

    /// Whether a row of the tab in front is marked.
    pub fn is_marked(&self, id: ConversationId) -> bool {
        self.marks[self.tab].contains(&id)
    }

    /// What a command acts upon: the marked rows, else the one it would.
    pub(super) fn targets(&self) -> Vec<ConversationId> {
        let marked = self.marked();
        if marked.is_empty() { self.target().into_iter().collect() } else { marked }
    }
}

/// Marks the selected row, or takes the mark away.
pub(super) fn toggle(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(id) = state.list().selected() else { return };
    if state.marks[state.tab].remove(&id) {
        return;
    }
    if !state.sorted(state.tab()).contains(&id) {
        return refuse(state, "it has left this tab: {settle} sorts the list anew", fx);
    }
    state.marks[state.tab].insert(id);
}

/// Marks every row of the tab, or none. What waits above the cursor was not seen: it is not marked.
pub(super) fn all(state: &mut State) {
    let here: HashSet<ConversationId> = state.sorted(state.tab()).into_iter().collect();
    let seen: BTreeSet<ConversationId> =
        state.list().order().iter().filter(|id| here.contains(id)).copied().collect();
    let marks = &mut state.marks[state.tab];
    if seen.is_subset(marks) {
        marks.clear();
    } else {
        *marks = seen;
    }
}

/// Clears the marks of the tab.
pub(super) fn clear(state: &mut State) {
    state.marks[state.tab].clear();
}

/// Takes the marks of rows that are no longer in the tab.
pub(super) fn prune(marks: &mut BTreeSet<ConversationId>, here: &[ConversationId]) {
    if !marks.is_empty() {
        let here: HashSet<&ConversationId> = here.iter().collect();
        marks.retain(|id| here.contains(id));
    }
}
