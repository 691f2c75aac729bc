//! Where the cursor goes: places in the text, by cluster, word and drawn row.

use std::ops::Range;

use super::{Composer, Place, words};
use crate::text::width;

impl Composer {
    pub(super) fn line(&self) -> &str {
        &self.area.lines()[self.place().0]
    }

    /// The cursor as line and byte in it.
    pub(super) fn place(&self) -> Place {
        let tui_textarea::DataCursor(row, col) = self.area.cursor();
        let line = &self.area.lines()[row];
        (row, line.char_indices().nth(col).map_or(line.len(), |(at, _)| at))
    }

    /// A place as a byte of the edited text.
    pub(super) fn offset(&self, (row, byte): Place) -> usize {
        self.area.lines()[..row].iter().map(|line| line.len() + 1).sum::<usize>() + byte
    }

    /// The place of a byte of the edited text.
    pub(super) fn place_at(&self, offset: usize) -> Place {
        let mut left = offset;
        for (row, line) in self.area.lines().iter().enumerate() {
            if left <= line.len() {
                return (row, left);
            }
            left -= line.len() + 1;
        }
        let last = self.area.lines().len() - 1;
        (last, self.area.lines()[last].len())
    }

    /// The place one cluster to the left.
    pub(super) fn left(&self) -> Place {
        let (row, byte) = self.place();
        match words::before(&self.area.lines()[row], byte) {
            Some(at) => (row, at),
            None => self.line_above(row),
        }
    }

    /// The place one cluster to the right.
    pub(super) fn right(&self) -> Place {
        let (row, byte) = self.place();
        match words::after(&self.area.lines()[row], byte) {
            Some(at) => (row, at),
            None => self.line_below(row),
        }
    }

    pub(super) fn word_left(&self) -> Place {
        let (row, byte) = self.place();
        match words::word_before(&self.area.lines()[row], byte) {
            Some(at) => (row, at),
            None => self.line_above(row),
        }
    }

    pub(super) fn word_right(&self) -> Place {
        let (row, byte) = self.place();
        match words::word_after(&self.area.lines()[row], byte) {
            Some(at) => (row, at),
            None => self.line_below(row),
        }
    }

    /// The end of the line above, or the beginning of the text.
    pub(super) fn line_above(&self, row: usize) -> Place {
        row.checked_sub(1).map_or((0, 0), |above| (above, self.area.lines()[above].len()))
    }

    /// The beginning of the line below, or the end of the text.
    pub(super) fn line_below(&self, row: usize) -> Place {
        if row + 1 < self.area.lines().len() { (row + 1, 0) } else { (row, self.area.lines()[row].len()) }
    }

    /// A drawn row up or down, as near as possible to the same cell; beyond the first and last, to the very ends.
    pub(super) fn vertically(&mut self, by: isize, width: usize, goal: Option<usize>) {
        let shown = self.shown();
        let rows = self.rows_of(&shown.text, width);
        let at = row_of(&rows, shown.cursor);
        let goal = goal.unwrap_or_else(|| width::cells(&shown.text[rows[at].start..shown.cursor]));
        let to = match at.checked_add_signed(by) {
            None => 0,
            Some(row) if row >= rows.len() => shown.text.len(),
            Some(row) => at_cell(&shown.text, &rows, row, goal),
        };
        let raw = self.raw();
        self.go(self.place_at(self.folds.to_raw(&raw, to, by > 0)));
        self.goal = Some(goal);
    }
}

/// The row a byte of the drawn text stands in: at a soft break, the row it begins.
pub fn row_of(rows: &[Range<usize>], at: usize) -> usize {
    rows.iter().rposition(|row| row.start <= at).unwrap_or(0)
}

/// The byte of a row that is nearest to a cell, not beyond its last place.
fn at_cell(text: &str, rows: &[Range<usize>], row: usize, goal: usize) -> usize {
    use unicode_segmentation::UnicodeSegmentation;
    let range = rows[row].clone();
    let last = row + 1 == rows.len();
    let mut cells = 0;
    let mut before = range.start;
    for (at, cluster) in text[range.clone()].grapheme_indices(true) {
        let at = range.start + at;
        if cluster == "\n" || cells >= goal {
            return at;
        }
        cells += width::cluster_cells(cluster);
        before = at;
    }
    // At the end of a soft-wrapped row the cursor would stand in the next one.
    if last { range.end } else { before }
}
