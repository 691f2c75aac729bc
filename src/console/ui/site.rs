//! A site's name, wherever it stands: in its colour, and in words.

use ratatui::text::Span;

use super::Look;
use super::paint::clipped;
use crate::console::app::State;
use crate::text::SafeText;

/// The name of a site in at most so many cells: in its own colour where there are several, plain where there is one.
pub fn tag(state: &State, id: &SafeText, most: usize, look: Look) -> Vec<Span<'static>> {
    let style = if state.many_sites() { look.site(state.site_place(id)) } else { look.dim() };
    let name = state.site_name(id);
    // Cut to what another site's name begins with too, a name says nothing: the id is what tells them apart.
    let cut = name.cells() > most;
    let begin: String = name.as_str().chars().take(most.saturating_sub(1)).collect();
    let alike = cut
        && state.sites.iter().any(|(other, name)| other != id && name.as_str().starts_with(begin.as_str()));
    clipped(if alike { id } else { name }, if alike { most.max(10) } else { most }, style)
}
