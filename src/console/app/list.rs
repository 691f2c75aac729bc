//! The order of a list on screen, and the promise that rows never move under the cursor.
//!
//! The rule: from the top to the selected row the list stands still; below it the list is always in order. A row that
//! leaves the tab at or above the cursor stays where it is, dimmed, and says what became of it. A row that belongs above
//! the cursor waits outside and is counted ("2 new above"); one that goes in below what is in sight is counted too ("1 new
//! below") until it was in sight. The list settles (sorts anew, ghosts go) when the agent comes to the tab, presses `g` or
//! `=`, or has nothing selected.
//!
//! Invariant: the selection is a conversation's id; nothing but a key makes it another one. From nothing it may become the first.

use std::collections::HashSet;

use crate::conversation::ConversationId;

/// One tab's list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct List {
    /// What is on screen, top first.
    order: Vec<ConversationId>,
    selected: Option<ConversationId>,
    /// The first row in sight.
    top: usize,
    /// Rows that belong above the cursor and wait outside.
    above: usize,
    /// How many rows are in sight at once.
    sight: usize,
    /// Rows that came since the list settled and were not in sight yet.
    unseen: HashSet<ConversationId>,
}

impl List {
    /// The rows, top first.
    pub fn order(&self) -> &[ConversationId] {
        &self.order
    }

    /// The row acted upon.
    pub fn selected(&self) -> Option<ConversationId> {
        self.selected
    }

    /// Index of the first row in sight.
    pub fn top(&self) -> usize {
        self.top
    }

    /// How many rows wait above.
    pub fn new_above(&self) -> usize {
        self.above
    }

    /// How many rows came in below what is in sight, and were not looked at yet.
    pub fn new_below(&self) -> usize {
        let from = (self.top + self.sight.max(1)).min(self.order.len());
        self.order[from..].iter().filter(|id| self.unseen.contains(id)).count()
    }

    /// Where the selected row is.
    pub fn position(&self) -> Option<usize> {
        let selected = self.selected?;
        self.order.iter().position(|id| *id == selected)
    }

    /// Takes in what belongs to the tab now, in its order, without moving anything from the top to the cursor.
    pub fn refresh(&mut self, wanted: &[ConversationId]) {
        let Some(at) = self.position() else {
            self.settle(wanted);
            return;
        };
        let selected = self.order[at];
        let frozen: HashSet<ConversationId> = self.order[..=at].iter().copied().collect();
        let below: HashSet<ConversationId> = self.order[at + 1..].iter().copied().collect();
        // A ghost has no place in the order any more: what is new then goes below it.
        let rank = wanted.iter().position(|id| *id == selected).unwrap_or(0);
        self.order.truncate(at + 1);
        self.above = 0;
        for (place, id) in wanted.iter().enumerate() {
            if frozen.contains(id) {
                continue;
            }
            if place < rank && !below.contains(id) {
                self.above += 1;
            } else {
                if !below.contains(id) {
                    self.unseen.insert(*id);
                }
                self.order.push(*id);
            }
        }
        let Self { order, unseen, .. } = self;
        if !unseen.is_empty() {
            let there: HashSet<ConversationId> = order.iter().copied().collect();
            unseen.retain(|id| there.contains(id));
        }
    }

    /// Sorts anew. The selected conversation stays selected if it is still there; otherwise the first is.
    pub fn settle(&mut self, wanted: &[ConversationId]) {
        self.order = wanted.to_vec();
        self.above = 0;
        self.unseen.clear();
        if self.position().is_none() {
            self.selected = self.order.first().copied();
        }
    }

    /// Moves the cursor by rows, within the list.
    pub fn step(&mut self, by: isize) {
        let at = self.position().unwrap_or(0);
        let last = self.order.len().saturating_sub(1);
        self.selected = self.order.get(at.saturating_add_signed(by).min(last)).copied();
    }

    /// To the first row.
    pub fn first(&mut self) {
        self.selected = self.order.first().copied();
    }

    /// To the last row.
    pub fn last(&mut self) {
        self.selected = self.order.last().copied();
    }

    /// To this conversation, if it is in the list.
    pub fn select(&mut self, id: ConversationId) {
        if self.order.contains(&id) {
            self.selected = Some(id);
        }
    }

    /// Moves the window by rows, `rows` of which fit; the cursor moves only where it would leave the window.
    pub fn scroll_by(&mut self, by: isize, rows: usize) {
        let rows = rows.max(1);
        self.top = self.top.saturating_add_signed(by).min(self.order.len().saturating_sub(rows));
        if let Some(at) = self.position() {
            let last = (self.top + rows).min(self.order.len()).saturating_sub(1);
            self.selected = self.order.get(at.clamp(self.top, last.max(self.top))).copied();
        }
        self.scroll_into_sight(rows);
    }

    /// Keeps the cursor in sight of a window of `rows` rows.
    pub fn scroll_into_sight(&mut self, rows: usize) {
        let rows = rows.max(1);
        let at = self.position().unwrap_or(0);
        self.top = self.top.clamp((at + 1).saturating_sub(rows), at);
        self.top = self.top.min(self.order.len().saturating_sub(rows));
        self.sight = rows;
        if !self.unseen.is_empty() {
            for id in self.order.iter().skip(self.top).take(rows) {
                self.unseen.remove(id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(n: u128) -> ConversationId {
        ConversationId(Uuid::from_u128(n))
    }

    fn ids(all: &[u128]) -> Vec<ConversationId> {
        all.iter().copied().map(id).collect()
    }

    fn list(order: &[u128], selected: u128) -> List {
        let mut list = List::default();
        list.settle(&ids(order));
        list.select(id(selected));
        list
    }

    #[test]
    fn what_is_above_the_cursor_stands_still() {
        let mut l = list(&[1, 2, 3, 4], 2);
        l.refresh(&ids(&[9, 8, 1, 7, 2, 4, 3]));
        assert_eq!(l.order(), ids(&[1, 2, 4, 3]), "new ones above wait, the rest is in order");
        assert_eq!((l.new_above(), l.selected()), (3, Some(id(2))));
        l.settle(&ids(&[9, 8, 1, 7, 2, 4, 3]));
        assert_eq!((l.new_above(), l.selected(), l.order().len()), (0, Some(id(2)), 7));
    }

    #[test]
    fn a_row_that_leaves_stays_as_a_ghost_until_the_list_settles() {
        let mut l = list(&[1, 2, 3], 2);
        l.refresh(&ids(&[3, 4]));
        assert_eq!(l.order(), ids(&[1, 2, 3, 4]));
        assert_eq!(l.selected(), Some(id(2)));
        l.step(1);
        l.settle(&ids(&[3, 4]));
        assert_eq!((l.order(), l.selected()), (ids(&[3, 4]).as_slice(), Some(id(3))));
    }

    #[test]
    fn what_comes_in_below_what_is_in_sight_is_counted_until_it_was_seen() {
        let mut l = list(&[1, 2, 3, 4], 1);
        l.scroll_into_sight(2);
        l.refresh(&ids(&[1, 7, 2, 3, 8, 4, 9]));
        l.scroll_into_sight(2);
        assert_eq!(l.order(), ids(&[1, 7, 2, 3, 8, 4, 9]));
        assert_eq!(l.new_below(), 2, "7 is in sight");
        l.step(4);
        l.scroll_into_sight(2);
        assert_eq!((l.top(), l.new_below()), (3, 1), "8 was in sight, 9 was not");
        l.refresh(&ids(&[1, 7, 2, 3, 8, 4]));
        assert_eq!(l.new_below(), 0, "one that is gone is nothing new");
        l.refresh(&ids(&[1, 7, 2, 3, 8, 4, 9]));
        assert_eq!(l.new_below(), 1, "and new again when it is back");
        l.settle(&ids(&[1, 7, 2, 3, 8, 4, 9]));
        assert_eq!(l.new_below(), 0);
    }

    #[test]
    fn from_nothing_to_the_first() {
        let mut l = List::default();
        l.refresh(&[]);
        assert_eq!(l.selected(), None);
        l.refresh(&ids(&[5, 6]));
        assert_eq!(l.selected(), Some(id(5)));
    }

    #[test]
    fn the_window_follows_the_cursor() {
        let mut l = list(&[1, 2, 3, 4, 5, 6], 6);
        l.scroll_into_sight(3);
        assert_eq!(l.top(), 3);
        l.first();
        l.scroll_into_sight(3);
        assert_eq!(l.top(), 0);
    }
}
