//! What was said in the open conversation, and how far one has scrolled.
//!
//! Invariant: entries are in the order of their version, without repeat. While one reads further up, nothing that arrives
//! moves what is read. At most [`KEPT`] entries are kept while one follows the end; older ones are fetched again by `history`.

use std::collections::VecDeque;

use super::door::{Said, Who};
use super::layout;
use crate::text::width;

/// Entries kept while one follows the end.
pub const KEPT: usize = 4_000;
/// Fetch older entries when fewer than this many stand above what is in sight.
const NEARLY_THERE: usize = 20;

/// Which row is the last in sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scroll {
    /// The newest: the view follows what arrives.
    #[default]
    Tail,
    /// A row of an entry.
    At {
        /// The entry's version.
        version: u64,
        /// The row in it, from 0.
        row: usize,
    },
}

/// The entries of the open conversation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transcript {
    entries: VecDeque<Said>,
    /// Whether the server has older ones.
    more: bool,
    /// Whether older ones are on their way.
    loading: bool,
    scroll: Scroll,
    /// The entry the unread begins with: a line above it says so.
    unread: Option<u64>,
    /// The message the cursor stands on: what is copied.
    cursor: Option<u64>,
}

/// Rows of gutter above an entry's text: none where the gutter stands beside it, and none for what merely happened.
pub fn head_rows(who: Who, w: u16) -> usize {
    usize::from(!layout::gutter_beside(w) && who != Who::Marker)
}

/// Links listed below an entry; more are only counted.
pub const LINKS_SHOWN: usize = 3;

/// Rows of links below an entry's text.
pub fn link_rows(said: &Said) -> usize {
    said.links.len().min(LINKS_SHOWN + 1)
}

impl Transcript {
    /// A transcript that begins with these entries, oldest first.
    pub fn new(entries: Vec<Said>, more: bool) -> Self {
        let mut transcript = Self { more, ..Self::default() };
        for said in entries {
            transcript.push(said);
        }
        transcript
    }

    /// The entries, oldest first.
    pub fn entries(&self) -> &VecDeque<Said> {
        &self.entries
    }

    /// Whether the server has older ones.
    pub fn more(&self) -> bool {
        self.more
    }

    /// Rows above an entry's text: its gutter, and the line that says that the unread begins here.
    pub fn rows_above(&self, said: &Said, w: u16) -> usize {
        head_rows(said.who, w) + usize::from(self.unread == Some(said.version))
    }

    /// Rows an entry takes in a transcript of `w` columns.
    pub fn rows_of(&self, said: &Said, w: u16) -> usize {
        let text = width::wrap(said.text.as_str(), layout::body_width(w)).len();
        self.rows_above(said, w) + text + link_rows(said)
    }

    /// The version of the entry the unread begins with.
    pub fn unread_from(&self) -> Option<u64> {
        self.unread
    }

    /// The version of the message the cursor stands on.
    pub fn cursor(&self) -> Option<u64> {
        self.cursor
    }

    /// Goes to an entry, with the message cursor: it stands in the lower half of a view of `w` columns and `h` rows. Where it
    /// is not there, to the one before it.
    pub(super) fn go_to(&mut self, version: u64, w: u16, h: u16) {
        let Some(said) = self.index_after(version).checked_sub(1).and_then(|at| self.entries.get(at)) else {
            return;
        };
        let version = said.version;
        self.cursor = Some(version);
        let end = self.rows_of(said, w) - 1;
        self.scroll = Scroll::At { version, row: end };
        self.scroll_by(isize::try_from(h / 3).unwrap_or(0), w, h);
        if let Scroll::At { .. } = self.scroll {
            // A message longer than the view begins at its top.
            self.scroll_by(0, w, h);
        }
    }

    /// Moves the message cursor to the next message down (or up), from the end of what is in sight; the view goes along.
    pub(super) fn step_cursor(&mut self, down: bool, w: u16, h: u16) {
        let said = |said: &&Said| said.who != Who::Marker;
        let next = match (self.cursor, down) {
            (Some(at), true) => self.entries.iter().filter(said).find(|said| said.version > at),
            (Some(at), false) => self.entries.iter().rev().filter(said).find(|said| said.version < at),
            (None, _) => {
                let last = self.place(w).map_or(0, |(index, _)| index + 1);
                self.entries.range(..last).rev().find(said)
            }
        };
        match next.map(|said| said.version) {
            Some(version) => {
                self.cursor = Some(version);
                self.show(version, w, h);
            }
            // Below the last message nothing is chosen, and the end is in sight.
            None if down => {
                self.cursor = None;
                self.to_tail();
            }
            None => {}
        }
    }

    /// Scrolls as little as it takes to show an entry, the end of it where it is longer than the view.
    fn show(&mut self, version: u64, w: u16, h: u16) {
        let Some((bottom, row)) = self.place(w) else { return };
        let index = self.index_after(version).saturating_sub(1);
        let end = self.rows_of(&self.entries[index], w) - 1;
        let rows_between: usize = if index <= bottom {
            (index..bottom).map(|at| self.rows_of(&self.entries[at], w)).sum()
        } else {
            0
        };
        let above = index < bottom && rows_between + row + 1 > usize::from(h);
        let below = index > bottom || index == bottom && row < end;
        if below {
            self.scroll = Scroll::At { version, row: end };
        } else if above {
            // Its first row at the top.
            self.scroll = Scroll::At { version, row: 0 };
            self.scroll_by(isize::try_from(h.saturating_sub(1)).unwrap_or(0), w, h);
        }
        self.scroll_by(0, w, h);
    }

    /// Marks where the unread begins.
    pub(super) fn new_from(&mut self, version: Option<u64>) {
        self.unread = version;
    }

    /// How far one has scrolled.
    pub fn scroll(&self) -> Scroll {
        self.scroll
    }

    /// The version of the newest entry; 0 for none.
    pub fn newest(&self) -> u64 {
        self.entries.back().map_or(0, |said| said.version)
    }

    /// Entries below the last row in sight.
    pub fn below(&self) -> usize {
        match self.scroll {
            Scroll::Tail => 0,
            Scroll::At { version, .. } => self.entries.len() - self.index_after(version),
        }
    }

    /// Takes in one more; one that is there already is left alone.
    pub fn push(&mut self, said: Said) {
        if said.version <= self.newest() {
            return;
        }
        self.entries.push_back(said);
        if self.scroll == Scroll::Tail {
            self.trim();
        }
    }

    /// Takes in what the server sends after a reconnect. Whoever reads further up stays there, if what came joins what
    /// stands here; otherwise, and at the end, what came takes its place.
    pub fn renew(&mut self, fresh: Transcript) {
        let joins = fresh.entries.front().is_some_and(|first| self.entries.contains(first));
        if self.scroll == Scroll::Tail || !joins {
            *self = Self { unread: self.unread, cursor: self.cursor, ..fresh };
            return;
        }
        self.loading = false;
        for said in fresh.entries {
            self.push(said);
        }
    }

    /// Takes in older ones, oldest first.
    pub fn prepend(&mut self, older: Vec<Said>, more: bool) {
        self.loading = false;
        self.more = more;
        let first = self.entries.front().map_or(u64::MAX, |said| said.version);
        for said in older.into_iter().rev().filter(|said| said.version < first) {
            self.entries.push_front(said);
        }
    }

    /// The fetch of older ones failed: it may be tried again.
    pub fn history_failed(&mut self) {
        self.loading = false;
    }

    /// The version before which to fetch, if the view is near the oldest entry and nothing is on its way yet.
    pub fn wants_history(&mut self) -> Option<u64> {
        let Scroll::At { version, .. } = self.scroll else { return None };
        let near = self.index_after(version) <= NEARLY_THERE;
        if !near || !self.more || self.loading {
            return None;
        }
        self.loading = true;
        self.entries.front().map(|said| said.version)
    }

    /// Back to the newest.
    pub fn to_tail(&mut self) {
        self.scroll = Scroll::Tail;
        self.trim();
    }

    /// Scrolls by rows (negative: up) in a view of `w` columns and `h` rows.
    pub fn scroll_by(&mut self, by: isize, w: u16, h: u16) {
        let Some((mut index, mut row)) = self.place(w) else { return };
        let mut left = by.unsigned_abs();
        if by < 0 {
            while left > row && index > 0 {
                left -= row + 1;
                index -= 1;
                row = self.rows_of(&self.entries[index], w) - 1;
            }
            row = row.saturating_sub(left);
            (index, row) = self.not_above_first_screen(index, row, w, h);
        } else {
            loop {
                let rows = self.rows_of(&self.entries[index], w);
                if row + left < rows {
                    row += left;
                    break;
                }
                left -= rows - row;
                row = 0;
                index += 1;
                if index >= self.entries.len() {
                    self.to_tail();
                    return;
                }
            }
        }
        let last = index + 1 == self.entries.len() && row + 1 == self.rows_of(&self.entries[index], w);
        self.scroll =
            if last { Scroll::Tail } else { Scroll::At { version: self.entries[index].version, row } };
    }

    /// Index and row of the last row in sight; none while there is nothing.
    pub fn place(&self, w: u16) -> Option<(usize, usize)> {
        let last = self.entries.len().checked_sub(1)?;
        let end = |index: usize| self.rows_of(&self.entries[index], w) - 1;
        Some(match self.scroll {
            Scroll::Tail => (last, end(last)),
            Scroll::At { version, row } => {
                let index = self.index_after(version).saturating_sub(1);
                (index, row.min(end(index)))
            }
        })
    }

    /// Index of the last entry in sight, and how many rows of it are seen; none: all of them. Wraps nothing.
    pub fn last_in_sight(&self) -> Option<(usize, Option<usize>)> {
        let last = self.entries.len().checked_sub(1)?;
        Some(match self.scroll {
            Scroll::Tail => (last, None),
            Scroll::At { version, row } => (self.index_after(version).saturating_sub(1), Some(row)),
        })
    }

    /// Index of the first entry with a greater version.
    fn index_after(&self, version: u64) -> usize {
        self.entries.partition_point(|said| said.version <= version)
    }

    /// The place itself, or the one where the first row stands at the top of the view.
    fn not_above_first_screen(&self, index: usize, row: usize, w: u16, h: u16) -> (usize, usize) {
        let mut rows = row + 1;
        let mut above = index;
        while rows < usize::from(h) && above > 0 {
            above -= 1;
            rows += self.rows_of(&self.entries[above], w);
        }
        let (mut index, mut row) = (index, row);
        let mut missing = usize::from(h).saturating_sub(rows);
        while missing > 0 {
            let here = self.rows_of(&self.entries[index], w) - 1 - row;
            if here >= missing {
                return (index, row + missing);
            }
            if index + 1 == self.entries.len() {
                return (index, row + here);
            }
            missing -= here + 1;
            index += 1;
            row = 0;
        }
        (index, row)
    }

    fn trim(&mut self) {
        while self.entries.len() > KEPT {
            self.entries.pop_front();
            self.more = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::Time;

    fn said(version: u64) -> Said {
        Said {
            version,
            at: Time(0),
            who: Who::Visitor,
            text: super::super::door::block("one line"),
            changed: 0,
            links: Vec::new(),
        }
    }

    fn of(versions: std::ops::RangeInclusive<u64>) -> Transcript {
        Transcript::new(versions.map(said).collect(), true)
    }

    #[test]
    fn what_is_read_stands_still_while_more_arrives() {
        let mut t = of(1..=50);
        t.scroll_by(-10, 80, 10);
        let place = t.place(80);
        assert_eq!(place, Some((39, 0)));
        t.push(said(51));
        t.prepend(vec![], false);
        assert_eq!((t.place(80), t.below()), (place, 11));
        t.scroll_by(11, 80, 10);
        assert_eq!(t.scroll(), Scroll::Tail);
    }

    #[test]
    fn a_reconnect_leaves_the_reader_in_place_unless_too_much_was_missed() {
        let mut t = of(1..=50);
        t.scroll_by(-10, 80, 10);
        let place = t.place(80);
        t.renew(of(30..=60));
        assert_eq!((t.place(80), t.entries().len(), t.below()), (place, 60, 20));
        t.renew(of(90..=120));
        assert_eq!((t.scroll(), t.entries().len()), (Scroll::Tail, 31), "what is between is not known");
        t.renew(of(100..=130));
        assert_eq!((t.scroll(), t.newest(), t.entries().len()), (Scroll::Tail, 130, 31));
    }

    #[test]
    fn scrolling_stops_with_the_first_entry_at_the_top() {
        let mut t = of(1..=50);
        t.scroll_by(-1_000, 80, 10);
        assert_eq!(t.place(80), Some((9, 0)));
        assert_eq!(t.wants_history(), Some(1));
        assert_eq!(t.wants_history(), None, "one fetch at a time");
        let mut short = of(1..=3);
        short.scroll_by(-5, 80, 10);
        assert_eq!(short.scroll(), Scroll::Tail);
    }

    #[test]
    fn repeats_are_dropped_and_the_past_is_bounded() {
        let mut t = of(1..=u64::try_from(KEPT).expect("fits"));
        t.push(said(3));
        assert_eq!(t.entries().len(), KEPT);
        t.push(said(99_999));
        assert_eq!((t.entries().len(), t.entries()[0].version), (KEPT, 2));
        t.prepend(vec![said(1), said(2)], false);
        assert_eq!(t.entries().len(), KEPT + 1, "one older, one repeat");
    }
}
