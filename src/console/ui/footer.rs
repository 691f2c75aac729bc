//! The footer: the keys that count here, or, for a while, what was just said.

use ratatui::buffer::Buffer;

use super::Look;
use super::paint::{blank, cells, own, put};
use crate::console::app::command::{self, Command};
use crate::console::app::layout::Area;
use crate::console::app::state::Toast;
use crate::console::app::{State, useful};

/// Columns from which the palette's key is always shown.
const PALETTE_STAYS: u16 = 60;

/// What was just said: one row, or two where it needs them (the status line gives its own for that while).
///
/// ```text
///  ! a colleague holds it: n leaves them a note
/// ```
fn said(buf: &mut Buffer, area: Area, toast: &Toast, look: Look) {
    let (mark, style) = if toast.bad { ("! ", look.bad()) } else { ("", look.bold()) };
    let indent = 1 + u16::try_from(mark.len()).unwrap_or(0);
    let rows = toast.text.rows(usize::from(area.w.saturating_sub(indent)).max(8));
    let two = rows.len() > 1;
    let area = if two { Area { y: area.y - 1, h: 2, ..area } } else { area };
    blank(buf, area);
    put(buf, area, 1, 0, vec![own(mark, style)]);
    for (y, row) in (0u16..).zip(rows.iter().take(2)) {
        let more = if y == 1 && rows.len() > 2 { "…" } else { "" };
        put(buf, area, indent, y, vec![own(format!("{row}{more}"), style)]);
    }
}

/// ```text
///  a accept  Space peek  r reply  n note  Enter open  : commands  ? help
/// ```
/// The likeliest first; help keeps its place at the end. Keys that wait for another show instead.
pub fn draw(buf: &mut Buffer, area: Area, state: &State, look: Look) {
    if let Some(prefix) = &state.prefix {
        let words = vec![own(format!("{prefix} … "), look.key()), own("Esc cancels", look.dim())];
        return put(buf, area, 1, 0, words);
    }
    if let Some(toast) = &state.toast {
        return said(buf, area, toast, look);
    }
    let pair = |command: Command| {
        let spec = command::find(command)?;
        let key = state.keymap.key(command, state.focus.into());
        if spec.footer.is_empty() || key.is_empty() || (spec.availability)(state).is_err() {
            return None;
        }
        let away = state.me.as_ref().is_some_and(|me| !me.available);
        let word = if command == Command::Availability && away { "available" } else { spec.footer };
        Some(vec![own(key.to_owned(), look.key()), own(format!(" {word}  "), look.plain())])
    };
    // Help must fit everywhere; the way to every other command where there is some room.
    let last =
        if area.w >= PALETTE_STAYS { &[Command::Palette, Command::Help][..] } else { &[Command::Help] };
    let end: Vec<_> = last.iter().filter_map(|command| pair(*command)).flatten().collect();
    let room = usize::from(area.w).saturating_sub(1 + cells(&end));
    let mut spans = Vec::new();
    let marked = state.marked().len();
    if marked > 0 {
        spans.push(own(format!("{marked} marked  "), look.note_word()));
    }
    for next in useful(state).into_iter().filter(|command| !last.contains(command)).filter_map(pair) {
        if cells(&spans) + cells(&next) <= room {
            spans.extend(next);
        }
    }
    spans.extend(end);
    put(buf, area, 1, 0, spans);
}
