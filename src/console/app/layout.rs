//! Where the panes are: arithmetic on the terminal's size and what is open, shared by the reducer (which must know how far
//! a page is) and the drawing.
//!
//! From 120 columns on list, conversation and context stand side by side; from 76 on list and conversation; below that one
//! at a time. Under 30×8 nothing is drawn but a sentence that says so.

use super::state::{Focus, State};

/// The smallest terminal anything is drawn in, columns and rows.
pub const SMALLEST: (u16, u16) = (30, 8);
/// Columns from which list and conversation stand side by side.
const TWO_PANES: u16 = 76;
/// Columns from which the context panel stands beside them.
const THREE_PANES: u16 = 118;
/// Columns of a page of running text that lies over the panes, at most: longer rows are hard to read.
pub const WIDEST_PAGE: u16 = 84;
/// Lines of a row in a list.
pub const ROW_LINES: u16 = 2;
/// Columns of a transcript from which the gutter stands beside the text; below, above it.
const SIDE_GUTTER: u16 = 46;
/// Cells of the gutter beside the text: time, word, mark and spaces.
pub const GUTTER: u16 = 18;
/// Cells of the mark before the text where the gutter stands above.
pub const BAR: u16 = 2;
/// Columns at the right that text from outside never reaches (SAFETY.md 2, rule 4).
pub const MARGIN: u16 = 2;

/// A rectangle of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Area {
    /// Left column.
    pub x: u16,
    /// Top row.
    pub y: u16,
    /// Columns.
    pub w: u16,
    /// Rows.
    pub h: u16,
}

/// Where everything is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Panes {
    /// The tabs, top row.
    pub tabs: Area,
    /// What must be seen: waiting handoffs, Away, no link.
    pub banner: Option<Area>,
    /// The list.
    pub list: Option<Area>,
    /// The conversation's head.
    pub head: Option<Area>,
    /// What was said; or, where the card is asked for and has no room beside it, the context.
    pub transcript: Option<Area>,
    /// The composer.
    pub composer: Option<Area>,
    /// The context panel.
    pub context: Option<Area>,
    /// The status line.
    pub status: Area,
    /// The footer, bottom row.
    pub footer: Area,
}

/// Whether the terminal is too small for anything.
pub fn too_small(size: (u16, u16)) -> bool {
    size.0 < SMALLEST.0 || size.1 < SMALLEST.1
}

/// The panes for a state.
pub fn panes(state: &State) -> Panes {
    let (w, h) = state.size;
    let mut panes = Panes {
        tabs: Area { x: 0, y: 0, w, h: 1 },
        status: Area { x: 0, y: h.saturating_sub(2), w, h: 1 },
        footer: Area { x: 0, y: h.saturating_sub(1), w, h: 1 },
        ..Panes::default()
    };
    if too_small(state.size) {
        return panes;
    }
    let mut top = 1;
    if state.banner().is_some() {
        panes.banner = Some(Area { x: 0, y: 1, w, h: 1 });
        top = 2;
    }
    let body = Area { x: 0, y: top, w, h: h - 2 - top };
    let reading = state.focus != Focus::List;
    let (list_w, context_w) = match w {
        THREE_PANES.. => ((w * 3 / 10).clamp(34, 46), if state.card { (w / 4).clamp(30, 44) } else { 0 }),
        TWO_PANES..THREE_PANES => ((w * 36 / 100).max(28), 0),
        _ => (if reading { 0 } else { w }, 0),
    };
    if list_w > 0 {
        panes.list = Some(Area { w: list_w, ..body });
    }
    if list_w == w {
        return panes;
    }
    // One column between panes.
    let x = if list_w > 0 { list_w + 1 } else { 0 };
    let right = if context_w > 0 { context_w + 1 } else { 0 };
    if context_w > 0 {
        panes.context = Some(Area { x: w - context_w, w: context_w, ..body });
    }
    let conversation = Area { x, w: w - x - right, ..body };
    let head_h = if conversation.h >= 12 { 2 } else { 1 };
    panes.head = Some(Area { h: head_h, ..conversation });
    let composer_h = composer_rows(state, conversation);
    panes.transcript =
        Some(Area { y: conversation.y + head_h, h: conversation.h - head_h - composer_h, ..conversation });
    if composer_h > 0 {
        panes.composer =
            Some(Area { y: conversation.y + conversation.h - composer_h, h: composer_h, ..conversation });
    }
    panes
}

/// Rows the composer takes: its title and as many rows as its text has, at most half of the conversation.
fn composer_rows(state: &State, conversation: Area) -> u16 {
    let Some(composing) = &state.composing else { return 0 };
    let rows = composing.editor.rows(composer_width(conversation)).len();
    let most = (conversation.h / 2).saturating_sub(1).max(1);
    1 + u16::try_from(rows).unwrap_or(u16::MAX).clamp(1, most)
}

/// Cells of a row of the composer.
pub fn composer_width(composer: Area) -> usize {
    usize::from(composer.w.saturating_sub(BAR + 1).max(1))
}

/// Whether a transcript of this width has its gutter beside the text.
pub fn gutter_beside(w: u16) -> bool {
    w >= SIDE_GUTTER
}

/// Cells for text in a transcript of this width.
pub fn body_width(w: u16) -> usize {
    let gutter = if gutter_beside(w) { GUTTER } else { BAR };
    usize::from(w.saturating_sub(gutter + MARGIN).max(4))
}

impl Panes {
    /// How many conversations the list shows at once.
    pub fn list_rows(&self) -> usize {
        // One line is kept for "3 new above".
        self.list.map_or(1, |list| usize::from((list.h.saturating_sub(1) / ROW_LINES).max(1)))
    }
}
