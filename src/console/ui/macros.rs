//! The picker of ready texts: what there is, and below it what the one under the cursor would put in.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use super::paint::{cells, centred, clipped, cut, framed, outside, own, put, safe, stain};
use super::{HitMap, Look, Target};
use crate::console::app::State;
use crate::console::app::layout::Area;
use crate::console::app::macros;
use crate::console::app::prompt::Prompt;
use crate::text::{Untrusted, width};

/// ```text
/// ┌ ready texts ─────────────────────────┐
/// │ / refu|                              │
/// │ type to find; Enter puts it in       │
/// │ > Refund            billing/refund   │
/// │   Hello             hello            │
/// │ ──────────────────────────────────── │
/// │ Hello Nina, your money is on its way │
/// │ then: tag refund, resolve            │
/// └──────────────────────────────────────┘
/// ```
pub fn draw(buf: &mut Buffer, prompt: &Prompt, state: &State, look: Look, hits: &mut HitMap) -> Position {
    let area = framed(buf, centred(state.size, 76, 24), prompt.title, look.bold());
    let words = Untrusted::new(prompt.input.as_str()).line();
    let room = usize::from(area.w.saturating_sub(3));
    let hidden = width::cells(words.as_str()).saturating_sub(room);
    let text = width::skip(words.as_str(), hidden);
    let at = u16::try_from(width::cells(text)).unwrap_or(0);
    put(buf, area, 0, 0, vec![own("/ ", look.key()), own(text.to_owned(), look.bold())]);
    match &prompt.said {
        Some(said) => {
            let style = if prompt.bad { look.bad() } else { look.plain() };
            put(buf, area, 2, 1, vec![safe(said, style)]);
        }
        None => put(buf, area, 2, 1, vec![own(prompt.hint, look.dim())]),
    }
    let below = area.h.saturating_sub(2);
    // The preview takes the lower half, and one row for the rule above it, where both have room.
    let preview_h = if below >= 5 { below / 2 } else { 0 };
    let list = Area { y: area.y + 2, h: below - preview_h, ..area };
    let shown = prompt.shown();
    let fits = usize::from(list.h).max(1);
    let top = (prompt.at + 1).saturating_sub(fits);
    for (y, (index, choice)) in (0u16..).zip(shown.iter().enumerate().skip(top).take(usize::from(list.h))) {
        let here = index == prompt.at;
        let mut spans = vec![own(if here { "> " } else { "  " }, look.bold())];
        spans.extend(clipped(&choice.label, usize::from(area.w) / 2, look.plain()));
        let pad = (usize::from(area.w) / 2 + 3).saturating_sub(cells(&spans));
        spans.push(own(" ".repeat(pad.max(1)), look.plain()));
        spans.push(safe(&choice.detail, look.dim()));
        put(buf, list, 0, y, cut(spans, usize::from(list.w)));
        hits.add(Area { y: list.y + y, h: 1, ..list }, Target::Choice(index));
        if here {
            stain(buf, list, y, look.selected());
        }
    }
    if preview_h > 0 {
        let place = Area { y: list.y + list.h, h: preview_h, ..area };
        preview(buf, place, prompt, state, look);
    }
    Position::new(area.x + 2 + at, area.y)
}

fn preview(buf: &mut Buffer, area: Area, prompt: &Prompt, state: &State, look: Look) {
    put(buf, area, 0, 0, vec![own("─".repeat(usize::from(area.w)), look.dim())]);
    let Some(preview) = macros::preview(state, prompt) else { return };
    let style = if preview.bad { look.bad() } else { look.plain() };
    let mut last = area.h;
    if preview.gaps > 0 || !preview.then.is_empty() {
        last -= 1;
        let mut spans = Vec::new();
        if preview.gaps > 0 {
            spans.push(own(format!("{} to fill in. ", preview.gaps), look.bad()));
        }
        if !preview.then.is_empty() {
            spans.push(own("then: ", look.bold()));
            spans.push(safe(&preview.then, look.bold()));
        }
        put(buf, area, 0, last, cut(spans, usize::from(area.w)));
    }
    let rows = preview.text.rows(usize::from(area.w.saturating_sub(1)).max(4));
    let room = usize::from(last.saturating_sub(1));
    for (y, row) in (1u16..last).zip(rows.iter()) {
        let more = usize::from(y) == room && rows.len() > room;
        let mark = if more { "…" } else { "" };
        let text = width::truncate(row, usize::from(area.w).saturating_sub(2), "").into_owned();
        put(buf, area, 0, y, vec![ratatui::text::Span::styled(text, outside(style)), own(mark, look.dim())]);
    }
}
