//! What a terminal that knows no clusters draws beside its place, taken back in the same frame.
//!
//! A family of four is one cluster of two cells here and in today's terminals; one that measures each character for itself
//! (xterm, older tmux, the Linux console) draws eight. What follows is placed absolutely and so overwrites it, but only if it
//! is written at all, and a cell that did not change is not. So whenever such a cluster is written, the cells it may spill
//! over are written after it, changed or not. Invariant (SAFETY.md 2, rule 4): no cell beside a text depends on the text, on
//! either kind of terminal. Refused here: guessing which kind it is.

use std::collections::HashMap;

use ratatui::buffer::{Buffer, Cell, CellDiffOption};
use ratatui::layout::Rect;

use crate::text::width;

/// The clusters of the frame before that may spill.
#[derive(Debug, Default)]
pub struct Spill {
    area: Rect,
    seen: HashMap<usize, Cell>,
}

impl Spill {
    /// The terminal was cleared: everything is written anew.
    pub fn forget(&mut self) {
        self.seen.clear();
    }

    /// Marks the cells of a finished frame that must be written although they did not change.
    pub fn mark(&mut self, buf: &mut Buffer) {
        if self.area != buf.area {
            // A terminal of another size was cleared.
            self.forget();
            self.area = buf.area;
        }
        let force = |buf: &mut Buffer, from: usize, upto: usize| {
            for next in buf.content.iter_mut().take(upto).skip(from) {
                next.set_diff_option(CellDiffOption::AlwaysUpdate);
            }
        };
        // One that is gone may have stood there as several characters: overwriting the first takes none of the others away.
        for (at, cell) in &self.seen {
            if buf.content[*at] != *cell {
                force(buf, at + 1, at + width::cluster_cells(cell.symbol()));
            }
        }
        let wide = usize::from(buf.area.width);
        let mut seen = HashMap::new();
        for at in 0..buf.content.len() {
            let symbol = buf.content[at].symbol();
            let (own, most) = (width::cluster_cells(symbol), width::most_cells(symbol));
            if symbol.chars().nth(1).is_none() || own == 1 && most == 1 {
                continue;
            }
            // One that was written over itself is written again.
            let again = buf.content[at].diff_option == CellDiffOption::AlwaysUpdate;
            let mut cell = buf.content[at].clone();
            cell.set_diff_option(CellDiffOption::None);
            if again || self.seen.get(&at) != Some(&cell) {
                // Past the right edge it goes on in the next row, where a wide one may begin a cell later.
                let row_ends = (at / wide + 1) * wide;
                force(buf, at + own, if at + most > row_ends { at + most + 1 } else { at + most });
            }
            seen.insert(at, cell);
        }
        self.seen = seen;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    fn frame(text: &str) -> Buffer {
        let mut buf = Buffer::empty(Rect::new(0, 0, 20, 2));
        buf.set_string(0, 0, text, Style::default());
        buf
    }

    fn marked(buf: &Buffer) -> Vec<usize> {
        let forced = |at: &usize| buf.content[*at].diff_option == CellDiffOption::AlwaysUpdate;
        (0..buf.content.len()).filter(forced).collect()
    }

    #[test]
    fn what_a_cluster_may_cover_is_written_once_when_the_cluster_is() {
        let mut spill = Spill::default();
        let family = "ab👨\u{200d}👩\u{200d}👧 x";
        let mut buf = frame(family);
        spill.mark(&mut buf);
        assert_eq!(marked(&buf), [4, 5, 6, 7]);
        let mut buf = frame(family);
        spill.mark(&mut buf);
        assert!(marked(&buf).is_empty(), "nothing changed");
        spill.forget();
        let mut buf = frame(family);
        spill.mark(&mut buf);
        assert_eq!(marked(&buf), [4, 5, 6, 7], "the terminal is blank");
        let mut buf = frame("plain e\u{301} 你好");
        Spill::default().mark(&mut buf);
        assert!(marked(&buf).is_empty());
    }

    #[test]
    fn what_was_several_characters_leaves_none_behind() {
        let mut spill = Spill::default();
        spill.mark(&mut frame("a🇩🇪b"));
        let mut buf = frame("a");
        spill.mark(&mut buf);
        assert_eq!(marked(&buf), [2]);
    }

    #[test]
    fn what_spills_over_another_makes_that_one_spill() {
        let mut spill = Spill::default();
        let family = "👨\u{200d}👩";
        let mut buf = frame(&format!("x   {family}"));
        spill.mark(&mut buf);
        assert_eq!(marked(&buf), [6, 7]);
        let mut buf = frame(&format!("xx{family}{family}"));
        spill.mark(&mut buf);
        assert_eq!(marked(&buf), [4, 5, 6, 7]);
    }
}
