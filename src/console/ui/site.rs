//! A site's name, wherever it stands: in its colour, and in words.

use ratatui::text::Span;

use super::Look;
use super::paint::clipped;
use crate::console::app::State;
use crate::text::SafeText;

/// The name of a site in at most so many cells: in its own colour where there are several, plain where there is one.
pub fn tag(state: &State, id: &SafeText, most: usize, look: Look) -> Vec<Span<'static>> {
    let style = if state.many_sites() { look.site(state.site_place(id)) } else { look.dim() };
    clipped(state.site_name(id), most, style)
}
