//! The search field and what it found.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::text::Span;

use super::paint::{cells, clipped, cut, framed, own, put, put_right, safe, stain};
use super::{HitMap, Look, Target};
use crate::console::app::State;
use crate::console::app::clock;
use crate::console::app::layout::Area;
use crate::console::app::search::{Found, Search, proposals};
use crate::text::{SafeText, Untrusted, width};

/// ```text
/// ┌ search ────────────────────────────────┐
/// │ / refund 4711 is:|                     │
/// │   is:queued  is:active  is:mine  …     │
/// │ > Nina Kowalski · resolved      2d ago │
/// │   … my refund for order 4711 never …   │
/// └────────────────────────────────────────┘
/// ```
pub fn draw(buf: &mut Buffer, search: &Search, state: &State, look: Look, hits: &mut HitMap) -> Position {
    let (w, h) = state.size;
    let area = framed(buf, Area { x: 0, y: 1, w, h: h.saturating_sub(2) }, "search", look.bold());
    let shown = Untrusted::new(search.query.as_str()).line();
    let text = width::truncate(shown.as_str(), usize::from(area.w.saturating_sub(3)), "…").into_owned();
    let at = u16::try_from(width::cells(&text)).unwrap_or(0);
    put(buf, area, 0, 0, vec![own("/ ", look.key()), own(text, look.bold())]);
    put(buf, area, 2, 1, vec![hint(search, state, look)]);
    // What was found before stays until the answer comes; dimmed, it cannot be opened.
    let old = search.found != Found::Answered;
    if search.hits.is_empty() && !old {
        put(buf, area, 2, 2, vec![own("nothing found: fewer or other words?", look.dim())]);
    }
    let fits = usize::from(area.h.saturating_sub(2) / 2).max(1);
    let top = (search.at + 1).saturating_sub(fits);
    let strong = if old { look.dim() } else { look.bold() };
    let plain = if old { look.dim() } else { look.plain() };
    for (place, (index, hit)) in search.hits.iter().enumerate().skip(top).take(fits).enumerate() {
        let y = 2 + u16::try_from(place).unwrap_or(0) * 2;
        let here = index == search.at && !old;
        let ago = clock::wait(state.server_now().since_ms(hit.row.last_message_at));
        let right = vec![own(format!("{ago} ago "), look.dim())];
        let mut first = vec![own(if here { "> " } else { "  " }, strong), safe(&hit.row.name, strong)];
        if state.many_sites() {
            first.push(own(" · ", look.dim()));
            first.extend(super::site::tag(state, &hit.row.site, 12, look));
        }
        first.push(own(format!(" · {}", hit.row.state.word()), look.dim()));
        let room = usize::from(area.w).saturating_sub(cells(&right) + 1);
        put(buf, area, 0, y, cut(first, room));
        put_right(buf, area, y, right);
        put(buf, area, 2, y + 1, clipped(&hit.excerpt, usize::from(area.w.saturating_sub(4)), plain));
        hits.add(Area { y: area.y + y, h: 2, ..area }, Target::Choice(index));
        if here {
            stain(buf, area, y, look.selected());
        }
    }
    if search.more() && search.at + 1 >= search.hits.len() {
        put_right(buf, area, area.h.saturating_sub(1), vec![own("more are coming…", look.dim())]);
    }
    Position::new(area.x + 2 + at, area.y)
}

/// What stands below the field: what is wrong, what can be typed on, or what there is.
fn hint(search: &Search, state: &State, look: Look) -> Span<'static> {
    let proposals = proposals(state, &search.query);
    if !proposals.is_empty() {
        return safe(&SafeText::join(&SafeText::literal("  "), &proposals), look.key());
    }
    match &search.found {
        Found::Failed(why) => safe(why, look.bad()),
        Found::Asked => own("searching…", look.dim()),
        _ if search.query.is_empty() => own(
            "words, and from: page: tag: is: site: before: after: has:  Tab completes, Up: the last",
            look.dim(),
        ),
        _ => own("Enter opens it at the message; - before a word turns it round", look.dim()),
    }
}
