//! What must be seen: it stands there as long as its cause does.

use ratatui::buffer::Buffer;

use super::Look;
use super::paint::{own, put, stain};
use crate::console::app::State;
use crate::console::app::layout::Area;

/// ```text
///  3 waiting for a person, longest 4m
/// ```
pub fn draw(buf: &mut Buffer, area: Area, state: &State, look: Look) {
    let Some(banner) = state.banner() else { return };
    let style = if banner.alarm { look.alarm() } else { look.notice() };
    put(buf, area, 1, 0, vec![own(banner.text, style)]);
    stain(buf, area, 0, style);
}
