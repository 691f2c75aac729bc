//! A screen as the terminal emulator shows it.

use std::num::NonZero;

use baton::console::shell::Shell;
use baton::console::term::{Screen, SizeOf};
use baton::console::ui::Look;
use ratatui::Terminal;

use crate::H;
use crate::console_support::Desk;

pub fn size_of(w: u16) -> SizeOf {
    match w {
        40 => || Ok((40, H)),
        80 => || Ok((80, H)),
        _ => || Ok((120, H)),
    }
}

pub type Shown = Shell<Screen<Vec<u8>>>;

pub fn shell(desk: Desk) -> Shown {
    let w = desk.state.size.0;
    let terminal = Terminal::new(Screen::new(Vec::new(), size_of(w))).expect("in memory");
    let mut shell = Shell::telling(desk.state, terminal, Look::FULL, Screen::links);
    shell.draw_if_due(100_000).expect("in memory");
    shell
}

pub fn emulator(w: u16) -> vt100::Parser {
    let cells = |n| NonZero::new(n).expect("not zero");
    vt100::Parser::new(cells(H), cells(w), 0)
}

/// What a person sees of a cell: a blank is a blank, however it came to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    pub words: String,
    colours: (vt100::Color, vt100::Color),
    style: [bool; 5],
}

impl From<&vt100::Cell> for Cell {
    fn from(cell: &vt100::Cell) -> Self {
        let words = cell.contents().trim_end_matches(' ').to_owned();
        let style = [cell.bold(), cell.dim(), cell.italic(), cell.underline(), cell.inverse()];
        // Weight and colour of a blank cannot be seen.
        let style = if words.is_empty() { [false, false, false, style[3], style[4]] } else { style };
        let ink = if words.is_empty() && !cell.inverse() { vt100::Color::Default } else { cell.fgcolor() };
        Self { words, colours: (ink, cell.bgcolor()), style }
    }
}

/// A frame as the emulator shows it.
pub struct Frame {
    pub w: u16,
    pub cells: Vec<Cell>,
}

impl Frame {
    pub fn of(parser: &vt100::Parser, w: u16) -> Self {
        let cell = |y, x| parser.screen().cell(y, x).expect("within the screen").into();
        Self { w, cells: (0..H).flat_map(|y| (0..w).map(move |x| cell(y, x))).collect() }
    }

    /// Its letters, for a message.
    pub fn told(&self) -> String {
        let letter = |cell: &Cell| if cell.words.is_empty() { " ".to_owned() } else { cell.words.clone() };
        let rows = self.cells.chunks(usize::from(self.w));
        rows.map(|row| row.iter().map(letter).collect::<String>() + "\n").collect()
    }

    pub fn cell(&self, x: u16, y: u16) -> &Cell {
        &self.cells[usize::from(y) * usize::from(self.w) + usize::from(x)]
    }
}
