//! Links a terminal can open (OSC 8): what lies behind which cells.
//!
//! A cell carries its link as a number in its colour of underlines, which no terminal is ever told, so a link that changes under
//! the same words is drawn anew. The screen is given the addresses of a frame with the frame. Invariant: only
//! addresses [`Link`] has put together lie behind cells: printable ASCII, `http`, `https` or `mailto`.
//! Refused here: text from outside as an address, and links around words from outside.

use std::collections::HashMap;
use std::sync::Arc;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::Color;

use super::Look;
use crate::console::app::layout::Area;
use crate::text::links::Link;

/// Bytes of the longest address given to a terminal: those built on VTE take 2083.
const LONGEST: usize = 2_000;
/// Addresses remembered by number; then it is begun anew, with higher numbers.
const REMEMBERED: usize = 1_024;

/// The addresses behind the cells of a frame, by number.
pub type Behind = Vec<(u32, Arc<str>)>;

/// Gives addresses their numbers.
#[derive(Debug, Default)]
pub struct Links {
    numbers: HashMap<Arc<str>, u32>,
    last: u32,
    shown: Behind,
}

impl Links {
    /// Begins a frame.
    pub(super) fn begin(&mut self) {
        self.shown.clear();
        if self.numbers.len() >= REMEMBERED {
            self.numbers.clear();
        }
    }

    /// Puts a link behind `w` cells of a row of an area, from column `x` of it; what stands there must be our own rendering of
    /// that link. Where links are off, or the address is too long for terminals, nothing.
    pub fn put(
        &mut self,
        buf: &mut Buffer,
        area: Area,
        (x, row, w): (u16, u16, u16),
        link: &Link,
        look: Look,
    ) {
        let address = link.address();
        if !look.links || address.as_str().len() > LONGEST || row >= area.h || x >= area.w {
            return;
        }
        let place = Rect::new(area.x + x, area.y + row, w.min(area.w - x), 1).intersection(buf.area);
        let number = self.number(address.as_str());
        for x in place.left()..place.right() {
            buf[(x, place.y)].underline_color = Color::from_u32(number);
        }
    }

    fn number(&mut self, address: &str) -> u32 {
        let number = self.numbers.get(address).copied().unwrap_or_else(|| {
            // 24 bits of them; 0 is no link.
            self.last = self.last % 0x00ff_ffff + 1;
            self.numbers.insert(address.into(), self.last);
            self.last
        });
        if !self.shown.iter().any(|(known, _)| *known == number) {
            self.shown.push((number, address.into()));
        }
        number
    }

    /// What lies behind the cells of this frame.
    pub fn shown(&self) -> &[(u32, Arc<str>)] {
        &self.shown
    }
}

/// The number of the link behind a cell; 0 for none.
pub fn number_of(cell: &Cell) -> u32 {
    match cell.underline_color {
        Color::Rgb(r, g, b) => u32::from_be_bytes([0, r, g, b]),
        _ => 0,
    }
}
