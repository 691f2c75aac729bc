//! The footer: the keys that count here, or, for a while, what was just said.

use ratatui::buffer::Buffer;

use super::Look;
use super::paint::{blank, cells, own, put};
use crate::console::app::State;
use crate::console::app::command::{self, Command};
use crate::console::app::layout::Area;
use crate::console::app::state::Toast;

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
///  a accept  r reply  n note  Enter open  : commands  ? help
/// ```
pub fn draw(buf: &mut Buffer, area: Area, state: &State, look: Look) {
    if let Some(toast) = &state.toast {
        return said(buf, area, toast, look);
    }
    let mut spans = Vec::new();
    let marked = state.marked().len();
    if marked > 0 {
        spans.push(own(format!("{marked} marked  "), look.note_word()));
    }
    let mut keep = |command: &'static command::Spec| {
        let keys = command.keys_in(state.focus);
        let key = keys.split('/').next().filter(|key| !key.is_empty()).unwrap_or(&keys).to_owned();
        let available = state.me.as_ref().is_some_and(|me| me.available);
        let word = match command.command {
            Command::Availability if !available => "available",
            _ => command.footer,
        };
        let pair = vec![own(key, look.key()), own(format!(" {word}  "), look.plain())];
        if cells(&spans) + cells(&pair) < usize::from(area.w) {
            spans.extend(pair);
        }
    };
    // Help first: it must fit everywhere.
    let offered = |spec: &&command::Spec| {
        !spec.footer.is_empty() && !spec.keys_in(state.focus).is_empty() && (spec.availability)(state).is_ok()
    };
    let first = |spec: &command::Spec| spec.command == Command::Help;
    command::COMMANDS.iter().filter(offered).filter(|spec| first(spec)).for_each(&mut keep);
    command::COMMANDS.iter().filter(offered).filter(|spec| !first(spec)).for_each(&mut keep);
    put(buf, area, 1, 0, spans);
}
