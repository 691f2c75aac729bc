//! What may follow the keys pressed so far: a box over the lower part of the panes, while one thinks.

use ratatui::buffer::Buffer;

use super::Look;
use super::paint::{cut, framed, own, put};
use crate::console::app::State;
use crate::console::app::layout::Area;
use crate::console::app::state::Prefix;
use crate::text::width;

/// Columns from which the box has two columns of keys.
const TWO_COLUMNS: u16 = 100;

/// ```text
/// ┌ g … ─────────────────────────────────┐
/// │ g  first row, with what is new above │
/// │ t  next tab                          │
/// │ x  open a link: no link here         │
/// └──────────────────────────────────────┘
/// ```
pub fn draw(buf: &mut Buffer, prefix: &Prefix, state: &State, look: Look) {
    let next = state.keymap.follow(prefix.mode, &prefix.keys);
    let (w, h) = state.size;
    let columns = if w >= TWO_COLUMNS && next.len() > 6 { 2 } else { 1 };
    let rows = next.len().div_ceil(columns);
    // The panes keep at least three rows, the frame takes two.
    let fits = usize::from(h.saturating_sub(7)).max(1);
    let shown = rows.min(fits);
    let tall = u16::try_from(shown).unwrap_or(u16::MAX) + 2;
    let area = Area { x: 0, y: h.saturating_sub(1 + tall), w, h: tall };
    let inside = framed(buf, area, "", look.bold());
    put(buf, area, 2, 0, vec![own(format!(" {prefix} … Esc cancels "), look.bold())]);
    let keys_w = next.iter().map(|next| width::cells(&next.key.to_string())).max().unwrap_or(1) + 2;
    let column = usize::from(inside.w) / columns;
    for (index, next) in next.iter().enumerate() {
        let (x, y) = (index / rows, index % rows);
        if y >= shown {
            continue;
        }
        let key = next.key.to_string();
        let pad = " ".repeat(keys_w - width::cells(&key));
        let mut spans = vec![own(key, look.key()), own(pad, look.plain())];
        match next.spec {
            None => spans.push(own("more …", look.dim())),
            Some(spec) => match (spec.availability)(state) {
                Ok(()) => spans.push(own(spec.help, look.plain())),
                Err(reason) => {
                    let reason = state.words(reason).to_string();
                    let room = column.saturating_sub(keys_w + width::cells(&reason) + 12);
                    // Why it cannot be done matters more than what it would do.
                    let name = if room >= width::cells(spec.help) { spec.help } else { spec.name };
                    spans.push(own(name, look.dim()));
                    spans.push(own(format!(" · not now: {reason}"), look.dim()));
                }
            },
        }
        let at = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        put(buf, inside, at(x * column), at(y), cut(spans, column.saturating_sub(1)));
    }
}
