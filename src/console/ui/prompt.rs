//! A line to fill in, a choice to make, or both.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::text::Span;

use super::paint::{centred, cut, framed, outside, own, put, put_right, safe, stain};
use super::{HitMap, Look, Target};
use crate::console::app::State;
use crate::console::app::layout::Area;
use crate::console::app::prompt::Prompt;
use crate::text::{SafeText, Untrusted, width};

/// Columns of the box, where there is room.
const WIDE: u16 = 72;

/// ```text
/// ┌ snooze until ──────── Nina Kowalski ─┐
/// │ > tomorrow 9|                        │
/// │   wakes Tue 24 Nov 09:00, in 17 h    │
/// │                                      │
/// │ > 2h             in 2 hours          │
/// └──────────────────────────────────────┘
/// ```
pub fn draw(buf: &mut Buffer, prompt: &Prompt, state: &State, look: Look, hits: &mut HitMap) -> Position {
    let shown = prompt.shown();
    let (said, style) = match &prompt.said {
        Some(said) if prompt.bad => (said.clone(), look.bad()),
        Some(said) => (said.clone(), look.plain()),
        None => (SafeText::literal(prompt.hint), look.dim()),
    };
    // Two rows are kept for it, so that the box does not jump while one writes; a long refusal gets three.
    let below = said.rows(usize::from(WIDE.min(state.size.0).saturating_sub(6)).max(8));
    let said_h = u16::try_from(below.len()).unwrap_or(u16::MAX).clamp(2, 3);
    let height = u16::try_from(shown.len()).unwrap_or(u16::MAX).clamp(0, 14) + said_h + 3;
    let outer = centred(state.size, WIDE, height);
    let area = framed(buf, outer, prompt.title, look.bold());
    let about = prompt.about.cells();
    if about > 0 && about + width::cells(prompt.title) + 8 <= usize::from(outer.w) {
        let mut whom = vec![own(" ", look.plain()), safe(&prompt.about, look.plain())];
        whom.push(own(" ─", look.bold()));
        put_right(buf, Area { w: outer.w.saturating_sub(1), ..outer }, 0, whom);
    }
    let words = Untrusted::new(prompt.input.as_str()).line();
    let room = usize::from(area.w.saturating_sub(3));
    // The end of what is written stays in sight.
    let hidden = width::cells(words.as_str()).saturating_sub(room);
    let text = width::skip(words.as_str(), hidden);
    let at = u16::try_from(width::cells(text)).unwrap_or(0);
    put(buf, area, 0, 0, vec![own("> ", look.key()), own(text.to_owned(), look.bold())]);
    for (y, row) in (1u16..).zip(below.iter().take(usize::from(said_h))) {
        put(buf, area, 2, y, vec![Span::styled((*row).to_owned(), outside(style))]);
    }
    let fits = usize::from(area.h.saturating_sub(1 + said_h));
    let top = (prompt.at + 1).saturating_sub(fits.max(1));
    for (y, (index, choice)) in (1 + said_h..).zip(shown.iter().enumerate().skip(top).take(fits)) {
        let here = prompt.picked && index == prompt.at;
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
