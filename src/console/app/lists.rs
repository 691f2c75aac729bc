//! Which lines stand in which tab, in which order, and when the lists on screen follow.
//!
//! Invariant: a line stands in a tab by the rule of its row and by the site that is shown, and nothing else; lines that are gone
//! are forgotten once no list holds them.

use super::clock::ReplyTimer;
use super::door::RowView;
use super::state::State;
use crate::conversation::{ConversationId, State as Standing, Tab, Time};

impl State {
    /// Whether this agent holds it.
    pub fn is_mine(&self, row: &RowView) -> bool {
        let me = self.me.as_ref().map(|me| me.id);
        row.state == Standing::Active && me.is_some() && row.holder.agent() == me
    }

    /// How long the visitor of a line waits, milliseconds.
    pub fn waits_ms(&self, row: &RowView) -> Option<i64> {
        row.waits_since().map(|since| self.server_now().since_ms(since))
    }

    /// The deadlines of a conversation of mine that I have not answered.
    pub fn reply_timer(&self, row: &RowView) -> Option<ReplyTimer> {
        let waiting = row.waiting_since.filter(|_| self.is_mine(row) && !row.answered)?;
        let typed = self.typed_at.get(&row.id).copied().unwrap_or_default();
        let base = row.held_since.max(waiting).max(typed);
        Some(ReplyTimer::since(base, self.server_now(), self.warn_after_ms, self.return_after_ms))
    }

    /// How many lines of the sites that are shown stand in a tab.
    pub fn count(&self, tab: Tab) -> usize {
        let Some(me) = &self.me else { return 0 };
        self.rows.values().filter(|row| row.in_tab(tab, me.id) && self.site_shown(row)).count()
    }

    /// Ids of a tab's lines, in the tab's order: the queue and Mine by who waits longest, the assistant's newest first,
    /// snoozed by when they wake, resolved newest first. In Mine, who was answered comes after who waits, the latest first.
    /// Lines of sites that are not shown are left out.
    pub fn sorted(&self, tab: Tab) -> Vec<ConversationId> {
        let Some(me) = &self.me else { return Vec::new() };
        let key = |row: &RowView| -> (i64, i64) {
            let late = |t: Option<Time>| t.map_or(i64::MAX, |t| t.0);
            match tab {
                Tab::Queue => (late(row.queued_at), 0),
                Tab::Mine => (late(row.waiting_since), row.last_message_at.0.saturating_neg()),
                Tab::Assistant | Tab::All => (row.started_at.0.saturating_neg(), 0),
                Tab::Snoozed => (late(row.snoozed_until), 0),
                Tab::Resolved => (row.resolved_at.map_or(0, |t| t.0).saturating_neg(), 0),
            }
        };
        let there = |row: &&RowView| row.in_tab(tab, me.id) && self.site_shown(row);
        let mut rows: Vec<&RowView> = self.rows.values().filter(there).collect();
        rows.sort_by_key(|row| (key(row), row.id));
        rows.into_iter().map(|row| row.id).collect()
    }

    /// Brings the lists up to date with the rows. Before a key and before a frame: not for every row that arrives.
    pub fn refresh_lists(&mut self) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        for (index, tab) in Tab::CONSOLE.into_iter().enumerate() {
            let wanted = self.sorted(tab);
            super::marks::prune(&mut self.marks[index], &wanted);
            if index == self.tab {
                self.lists[index].refresh(&wanted);
            } else {
                self.lists[index].settle(&wanted);
            }
        }
        self.purge();
        self.keep_cursor_in_sight();
    }

    /// Sorts the list in front anew.
    pub(super) fn settle(&mut self) {
        let wanted = self.sorted(self.tab());
        self.lists[self.tab].settle(&wanted);
        self.purge();
        self.keep_cursor_in_sight();
    }

    /// Sorts the other lists anew.
    pub(super) fn settle_others(&mut self) {
        for (index, tab) in Tab::CONSOLE.into_iter().enumerate() {
            if index != self.tab {
                let wanted = self.sorted(tab);
                self.lists[index].settle(&wanted);
            }
        }
    }

    pub(super) fn keep_cursor_in_sight(&mut self) {
        let rows = super::layout::panes(self).list_rows();
        self.lists[self.tab].scroll_into_sight(rows);
    }

    /// Forgets lines that are gone and on no list.
    fn purge(&mut self) {
        let Self { rows, lists, open, .. } = self;
        if !rows.values().any(|row| row.gone) {
            return;
        }
        rows.retain(|id, row| {
            !row.gone
                || open.as_ref().is_some_and(|open| open.id == *id)
                || lists.iter().any(|list| list.order().contains(id))
        });
        let Self { rows, presence, viewing, reads, .. } = self;
        presence.retain(|id, _| rows.contains_key(id));
        viewing.retain(|id, _| rows.contains_key(id));
        reads.retain(|id, _| rows.contains_key(id));
    }
}
