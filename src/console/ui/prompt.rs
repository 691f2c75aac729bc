//! A line to fill in, a choice to make, or both.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use super::paint::{centred, cut, framed, own, put, safe, stain};
use super::{HitMap, Look, Target};
use crate::console::app::State;
use crate::console::app::layout::Area;
use crate::console::app::prompt::Prompt;
use crate::text::{Untrusted, width};

/// ```text
/// ┌ snooze until ────────────────────────┐
/// │ > tomorrow 9|                        │
/// │   tomorrow 09:00                     │
/// │ > 2h             in 2 hours          │
/// └──────────────────────────────────────┘
/// ```
pub fn draw(buf: &mut Buffer, prompt: &Prompt, state: &State, look: Look, hits: &mut HitMap) -> Position {
    let shown = prompt.shown();
    let height = u16::try_from(shown.len()).unwrap_or(u16::MAX).clamp(0, 14) + 4;
    let area = framed(buf, centred(state.size, 72, height), prompt.title, look.bold());
    let words = Untrusted::new(prompt.input.as_str()).line();
    let room = usize::from(area.w.saturating_sub(3));
    // The end of what is written stays in sight.
    let hidden = width::cells(words.as_str()).saturating_sub(room);
    let text = width::skip(words.as_str(), hidden);
    let at = u16::try_from(width::cells(text)).unwrap_or(0);
    put(buf, area, 0, 0, vec![own("> ", look.key()), own(text.to_owned(), look.bold())]);
    match &prompt.said {
        Some(said) => {
            let style = if prompt.bad { look.bad() } else { look.plain() };
            put(buf, area, 2, 1, vec![safe(said, style)]);
        }
        None => put(buf, area, 2, 1, vec![own(prompt.hint, look.dim())]),
    }
    let fits = usize::from(area.h.saturating_sub(2));
    let top = (prompt.at + 1).saturating_sub(fits.max(1));
    for (y, (index, choice)) in (2u16..).zip(shown.iter().enumerate().skip(top).take(fits)) {
        let here = index == prompt.at;
        let spans = vec![
            own(if here { "> " } else { "  " }, look.bold()),
            safe(&choice.label, look.plain()),
            own("  ", look.plain()),
            safe(&choice.detail, look.dim()),
        ];
        hits.add(Area { y: area.y + y, h: 1, ..area }, Target::Choice(index));
        put(buf, area, 0, y, cut(spans, usize::from(area.w)));
        if here {
            stain(buf, area, y, look.selected());
        }
    }
    Position::new(area.x + 2 + at, area.y)
}
