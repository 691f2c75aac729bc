//! The status line: the link, what is unsent, who I am, and the note of whoever started the console.

use ratatui::buffer::Buffer;

use super::Look;
use super::paint::{cells, clipped, cut, own, put, put_right, safe};
use crate::console::app::State;
use crate::console::app::layout::Area;
use crate::console::app::state::Link;

/// ```text
/// live · 2 unsent · Ana, Available                 demo page http://127.0.0.1:4000/
/// ```
pub fn draw(buf: &mut Buffer, area: Area, state: &State, look: Look) {
    let mut left = vec![own(" ", look.plain())];
    left.push(match &state.link {
        Link::Live => own("live", look.good()),
        Link::Syncing => own("catching up…", look.note_word()),
        Link::Connecting => own("connecting…", look.note_word()),
        Link::Down { .. } => own("NO LINK", look.bad()),
        Link::Stopped { .. } => own("STOPPED", look.bad()),
    });
    if state.unsent > 0 {
        left.push(own(format!(" · {} unsent", state.unsent), look.bad()));
    }
    if let Some(me) = &state.me {
        left.push(own(" · ", look.dim()));
        left.extend(clipped(&me.name, 20, look.plain()));
        left.push(match me.available {
            true => own(", Available", look.good()),
            false => own(", Away", look.note_word()),
        });
        if let Some(words) = state.away_words() {
            left.extend([own(" ", look.plain()), safe(&words, look.dim())]);
        }
    }
    if state.mouse != state.config.looks.mouse {
        let words = if state.mouse { " · mouse taken" } else { " · mouse free" };
        left.push(own(words, look.note_word()));
    }
    let room = usize::from(area.w).saturating_sub(cells(&left) + 2);
    put(buf, area, 0, 0, left);
    if let Some(note) = state.status_note.as_ref().filter(|_| room >= 12) {
        put_right(buf, area, 0, cut(vec![safe(note, look.dim()), own(" ", look.dim())], room));
    }
}
