//! The composer: who will read it, in words and colour, and the text, wrapped by grapheme cluster.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::text::Span;

use super::Look;
use super::paint::{clipped, outside, own, put, put_right, stain};
use crate::client::DraftKind;
use crate::console::app::State;
use crate::console::app::layout::{Area, BAR, composer_width};
use crate::conversation::State as Standing;
use crate::text::width;

/// ```text
///  REPLY to Nina Kowalski                          not sent yet
/// < Let me look at that order. It should have
/// < arrived on Tuesday|
/// ```
/// Gives where the cursor stands.
pub fn draw(buf: &mut Buffer, area: Area, state: &State, look: Look) -> Option<Position> {
    let composing = state.composing.as_ref()?;
    let note = composing.kind == DraftKind::Note;
    let row = state.rows.get(&composing.conversation);
    let style = if note { look.note() } else { look.reply() };
    let mut title = vec![own(if note { "NOTE: only agents see this" } else { "REPLY to " }, style)];
    if !note && let Some(row) = row {
        let warning = warning(state, row.state, state.is_mine(row)).unwrap_or_default();
        // The warning matters more than the end of a long name.
        let room = usize::from(area.w).saturating_sub(11 + width::cells(warning));
        title.extend(clipped(&row.name, room.max(4), style));
        title.push(own(warning, style));
    }
    put(buf, area, 1, 0, title);
    if composing.storing.is_some() {
        put_right(buf, area, 0, vec![own("saving… ", style)]);
    }
    stain(buf, area, 0, style);

    let text = composing.editor.text();
    let rows = width::wrap(&text, composer_width(area));
    let cursor = composing.editor.cursor();
    let at = rows.iter().rposition(|row| row.start <= cursor).unwrap_or(0);
    let fits = usize::from(area.h.saturating_sub(1)).max(1);
    // The cursor's row is the last in sight, or above it.
    let top = (at + 1).saturating_sub(fits);
    let bar = if note { "#" } else { "<" };
    let who = if note { crate::console::app::door::Who::Note } else { crate::console::app::door::Who::Me };
    for (y, row) in (1u16..).zip(rows.iter().skip(top).take(fits)) {
        put(buf, area, 0, y, vec![own(bar, look.who(who))]);
        let words = text[row.clone()].trim_end_matches('\n').to_owned();
        put(buf, area, BAR, y, vec![Span::styled(words, outside(look.said(who)))]);
    }
    let before = width::cells(&text[rows[at].start..cursor.min(rows[at].end)]).min(composer_width(area));
    let cell = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    Some(Position::new(area.x + BAR + cell(before), area.y + 1 + cell(at - top)))
}

/// What sending does beside sending.
fn warning(state: &State, standing: Standing, mine: bool) -> Option<&'static str> {
    match standing {
        _ if mine => (!state.live()).then_some(" · no link: sent later"),
        Standing::Resolved => Some(" · RESOLVED: R reopens"),
        Standing::Active => Some(" · HELD BY A COLLEAGUE"),
        Standing::Snoozed => Some(" · sending wakes it"),
        Standing::Queued | Standing::Assistant => Some(" · sending takes over"),
    }
}
