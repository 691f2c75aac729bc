//! The context panel: the card, the page, the visitor, and their earlier conversations. What it says stands in
//! [`crate::console::app::panel`].

use ratatui::buffer::Buffer;

use super::Look;
use super::links::Links;
use super::page;
use crate::console::app::State;
use crate::console::app::layout::Area;
use crate::console::app::panel;

/// ```text
/// CARD
/// Refund for order 4711
/// wants  My order never came …
/// facts  order 4711
/// tried  Tracking a parcel
/// why    asked for a person
///
/// LABELS
/// priority  URGENT
/// tags      refund, vip
///
/// PAGE
/// Your orders
/// https://example.com/orders/4711
///
/// VISITOR
/// Nina Kowalski
/// nina@example.com
/// left 2m ago on /orders/4711
/// Mon 15:30 there · Europe/Zurich
/// speaks de-CH
/// Firefox 140 · Linux
///
/// WAY HERE
/// 14:28 /orders/4711
/// 14:21 /
///
/// EARLIER: E opens
/// 2d ago, resolved
///   Change of address      4 more: J
/// ```
pub fn draw(buf: &mut Buffer, area: Area, state: &State, look: Look, links: &mut Links) {
    page::draw(buf, area, &panel::page(state, area.w), state.panel_top, "J", look, links);
}
