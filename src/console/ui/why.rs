//! Why a person is needed. What it says stands in [`crate::console::app::why`].

use ratatui::buffer::Buffer;

use super::Look;
use super::links::Links;
use super::page;
use super::paint::framed;
use crate::console::app::State;
use crate::console::app::layout::Area;
use crate::console::app::why::{self, Why};

/// ```text
/// ┌ why ─────────────────────────────────┐
/// │ Nina Kowalski                        │
/// │                                      │
/// │ TRIGGER                              │
/// │ asked for a person                   │
/// │                                      │
/// │ EVIDENCE                             │
/// │ - asked for a person in words        │
/// │                                      │
/// │ WHAT THE SEARCH FOUND, of 1.000      │
/// │ 0.612  Following a parcel            │
/// │        /docs/parcels      8 more: j  │
/// └──────────────────────────────────────┘
/// ```
pub fn draw(buf: &mut Buffer, why: Why, state: &State, look: Look, links: &mut Links) {
    let (w, h) = why::inside(state);
    let outer = Area { x: (state.size.0 - w - 4) / 2, y: 1, w: w + 4, h: h + 2 };
    let title = if w >= 40 { "why: j and k move, Esc closes" } else { "why" };
    let area = framed(buf, outer, title, look.bold());
    let area = Area { x: area.x.saturating_sub(1), w: area.w + 1, ..area };
    page::draw(buf, area, &why::page(state, w), why.top, "j", look, links);
}
