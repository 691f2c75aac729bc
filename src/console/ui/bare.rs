//! The bare view: what was said, edge to edge, for the terminal's own selection.

use ratatui::buffer::Buffer;

use super::Look;
use super::paint::{outside, own, put};
use crate::console::app::State;
use crate::console::app::copying::{Bare, bare_rows};
use crate::console::app::layout::Area;

/// ```text
/// visitor:
/// My order 4711 never came, and the tracking page
/// shows nothing.
///
/// you:
/// Let me look at that.
/// ```
pub fn draw(buf: &mut Buffer, bare: Bare, state: &State, look: Look) {
    let (w, h) = state.size;
    let area = Area { x: 0, y: 0, w, h };
    let rows = bare_rows(state, w);
    let top = bare.top.min(rows.len().saturating_sub(usize::from(h)));
    for (y, (ours, row)) in (0u16..).zip(rows.into_iter().skip(top).take(usize::from(h))) {
        let style = if ours { look.heading() } else { outside(look.plain()) };
        put(buf, area, 0, y, vec![own(row, style)]);
    }
}
