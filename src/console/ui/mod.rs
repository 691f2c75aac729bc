//! Drawing. `draw(frame, &state, look, &mut cache)` reads the state and gives back where things landed.
//!
//! One file a panel, each with a sketch of its area. Invariant: drawing decides nothing and changes nothing; the cache
//! may be thrown away at any moment. Refused here: text that is neither [`crate::text::SafeText`] nor our own.

mod banner;
mod bare;
mod composer;
mod context;
mod conversation;
mod dialog;
mod footer;
mod glyphs;
mod links;
mod list;
mod macros;
mod page;
mod paint;
mod picker;
mod prompt;
mod search;
mod site;
mod spill;
mod status;
mod tabs;
mod theme;
mod transcript;
mod which;
mod why;

use ratatui::Frame;
use ratatui::layout::Position;

use crate::console::app::State;
use crate::console::app::layout::{self, Area};
use crate::console::app::prompt::Ask;
use crate::console::app::state::{Focus, Overlay};

pub use crate::console::app::Target;
pub use glyphs::Glyphs;
pub use links::{Behind, Links, number_of};
pub use paint::is_outside;
pub use spill::Spill;
pub use theme::{Look, LookChoice};
pub use transcript::Cache;

/// Where things landed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HitMap {
    places: Vec<(Area, Target)>,
    cursor: Option<Position>,
}

impl HitMap {
    fn add(&mut self, area: Area, target: Target) {
        self.places.push((area, target));
    }

    /// Where the cursor stands; none: nothing is typed.
    pub fn cursor(&self) -> Option<Position> {
        self.cursor
    }

    /// What stands at a cell: what was drawn last lies on top.
    pub fn at(&self, x: u16, y: u16) -> Option<Target> {
        let inside = |area: &Area| {
            (area.x..area.x.saturating_add(area.w)).contains(&x)
                && (area.y..area.y.saturating_add(area.h)).contains(&y)
        };
        self.places.iter().rev().find(|(area, _)| inside(area)).map(|(_, target)| *target)
    }
}

/// ```text
/// ┌ tabs ──────────────────────────────────┐
/// │ banner (when something must be seen)   │
/// │ list      │ head           │ context   │
/// │           │ transcript     │           │
/// │           │ composer       │           │
/// │ status                                 │
/// └ footer, or what was just said ─────────┘
/// ```
pub fn draw(frame: &mut Frame<'_>, state: &State, look: Look, cache: &mut Cache) -> HitMap {
    let mut hits = HitMap::default();
    cache.begin();
    let size = frame.area();
    if layout::too_small((size.width, size.height)) {
        too_small(frame, look);
        glyphs::fold(look.glyphs, frame.buffer_mut());
        return hits;
    }
    if let Some(bare) = state.bare {
        bare::draw(frame.buffer_mut(), bare, state, look);
        return hits;
    }
    let panes = layout::panes(state);
    tabs::draw(frame.buffer_mut(), panes.tabs, state, look, &mut hits);
    if let Some(area) = panes.banner {
        banner::draw(frame.buffer_mut(), area, state, look);
    }
    if let Some(area) = panes.list {
        hits.add(area, Target::List);
        list::draw(frame.buffer_mut(), area, state, look, &mut hits);
    }
    if let (Some(head), Some(body)) = (panes.head, panes.transcript) {
        let whole = Area { h: head.h + body.h + panes.composer.map_or(0, |c| c.h), ..head };
        paint::divider(frame.buffer_mut(), whole, look.dim());
        conversation::draw_head(frame.buffer_mut(), head, state, look);
        hits.add(Area { h: head.h + body.h, ..head }, Target::Transcript);
        if state.card_over {
            context::draw(frame.buffer_mut(), body, state, look, cache.links_mut());
        } else {
            transcript::draw(frame.buffer_mut(), body, state, look, cache);
        }
    }
    if let Some(area) = panes.context {
        paint::divider(frame.buffer_mut(), area, look.dim());
        context::draw(frame.buffer_mut(), area, state, look, cache.links_mut());
    }
    if let Some(area) = panes.composer {
        hits.add(area, Target::Composer);
        let cursor = composer::draw(frame.buffer_mut(), area, state, look);
        if let Some(at) = cursor.filter(|_| state.overlay.is_none() && state.focus == Focus::Composer) {
            hits.cursor = Some(at);
        }
    }
    status::draw(frame.buffer_mut(), panes.status, state, look);
    footer::draw(frame.buffer_mut(), panes.footer, state, look);
    if let Some(prefix) = state.prefix.as_ref().filter(|prefix| prefix.shown) {
        which::draw(frame.buffer_mut(), prefix, state, look);
    }
    if state.overlay.is_some() {
        hits.add(Area { x: 0, y: 0, w: size.width, h: size.height }, Target::Over);
    }
    let cursor = match &state.overlay {
        None => None,
        Some(Overlay::Palette(p)) => {
            Some(picker::draw_palette(frame.buffer_mut(), p, state, look, &mut hits))
        }
        Some(Overlay::Help(p)) => Some(picker::draw_help(frame.buffer_mut(), p, state, look, &mut hits)),
        Some(Overlay::Search(s)) => Some(search::draw(frame.buffer_mut(), s, state, look, &mut hits)),
        Some(Overlay::Prompt(p)) if p.ask == Ask::Macro => {
            Some(macros::draw(frame.buffer_mut(), p, state, look, &mut hits))
        }
        Some(Overlay::Prompt(p)) => Some(prompt::draw(frame.buffer_mut(), p, state, look, &mut hits)),
        Some(Overlay::Why(why)) => {
            why::draw(frame.buffer_mut(), *why, state, look, cache.links_mut());
            None
        }
        Some(Overlay::Confirm(c)) => {
            dialog::draw(frame.buffer_mut(), c, state, look);
            None
        }
    };
    hits.cursor = cursor.or(hits.cursor);
    if let Some(at) = hits.cursor {
        frame.set_cursor_position(at);
    }
    glyphs::fold(look.glyphs, frame.buffer_mut());
    hits
}

/// Under the smallest size: one sentence, and nothing else.
fn too_small(frame: &mut Frame<'_>, look: Look) {
    let size = frame.area();
    let area = Area { x: 0, y: 0, w: size.width, h: size.height };
    let (w, h) = layout::SMALLEST;
    let sentences = [format!("Too small: {}×{}", size.width, size.height), format!("Baton needs {w}×{h}")];
    for (row, sentence) in sentences.into_iter().enumerate() {
        let row = u16::try_from(row).unwrap_or(0);
        paint::put(frame.buffer_mut(), area, 0, row, vec![paint::own(sentence, look.plain())]);
    }
}
