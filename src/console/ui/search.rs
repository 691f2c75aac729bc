//! The search field and what it found.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use super::Look;
use super::paint::{cells, clipped, cut, framed, own, put, put_right, safe, stain};
use crate::console::app::State;
use crate::console::app::clock;
use crate::console::app::layout::Area;
use crate::console::app::search::{Found, Search};
use crate::text::{Untrusted, width};

/// ```text
/// ┌ search ────────────────────────────────┐
/// │ / refund 4711|                         │
/// │ > Nina Kowalski · resolved      2d ago │
/// │   … my refund for order 4711 never …   │
/// └────────────────────────────────────────┘
/// ```
pub fn draw(buf: &mut Buffer, search: &Search, state: &State, look: Look) -> Position {
    let (w, h) = state.size;
    let area = framed(buf, Area { x: 0, y: 1, w, h: h.saturating_sub(2) }, "search", look.bold());
    let shown = Untrusted::new(search.query.as_str()).line();
    let text = width::truncate(shown.as_str(), usize::from(area.w.saturating_sub(3)), "…").into_owned();
    let at = u16::try_from(width::cells(&text)).unwrap_or(0);
    put(buf, area, 0, 0, vec![own("/ ", look.key()), own(text, look.bold())]);
    match &search.found {
        Found::Nothing => {
            let words = "words; all must occur. Enter opens, Esc closes";
            put(buf, area, 2, 1, vec![own(words, look.dim())]);
        }
        Found::Asked => put(buf, area, 2, 1, vec![own("searching…", look.dim())]),
        Found::Failed(why) => put(buf, area, 2, 1, vec![safe(why, look.bad())]),
        Found::Hits(hits) if hits.is_empty() => {
            put(buf, area, 2, 1, vec![own("nothing found: fewer or other words?", look.dim())]);
        }
        Found::Hits(hits) => {
            let fits = usize::from(area.h.saturating_sub(1) / 2).max(1);
            let top = (search.at + 1).saturating_sub(fits);
            for (place, (index, hit)) in hits.iter().enumerate().skip(top).take(fits).enumerate() {
                let y = 1 + u16::try_from(place).unwrap_or(0) * 2;
                let here = index == search.at;
                let ago = clock::wait(state.server_now().since_ms(hit.row.last_message_at));
                let right = vec![own(format!("{ago} ago "), look.dim())];
                let first = vec![
                    own(if here { "> " } else { "  " }, look.bold()),
                    safe(&hit.row.name, look.bold()),
                    own(format!(" · {}", hit.row.state.word()), look.dim()),
                ];
                let room = usize::from(area.w).saturating_sub(cells(&right) + 1);
                put(buf, area, 0, y, cut(first, room));
                put_right(buf, area, y, right);
                let room = usize::from(area.w.saturating_sub(4));
                put(buf, area, 2, y + 1, clipped(&hit.excerpt, room, look.plain()));
                if here {
                    stain(buf, area, y, look.selected());
                }
            }
        }
    }
    Position::new(area.x + 2 + at, area.y)
}
