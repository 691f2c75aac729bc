//! The palette and the help.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use super::paint::{cells, centred, clipped, framed, own, put, put_right, stain};
use super::{HitMap, Look, Target};
use crate::console::app::State;
use crate::console::app::command::Spec;
use crate::console::app::keymap::Mode;
use crate::console::app::layout::Area;
use crate::console::app::line;
use crate::console::app::picker::Picker;
use crate::text::{Untrusted, width};

/// The field with what was typed; gives the cursor.
fn field(buf: &mut Buffer, area: Area, mark: &'static str, query: &str, look: Look) -> Position {
    let shown = Untrusted::new(query).line();
    let text = width::truncate(shown.as_str(), usize::from(area.w.saturating_sub(3)), "…").into_owned();
    let at = u16::try_from(width::cells(&text)).unwrap_or(0);
    put(buf, area, 0, 0, vec![own(mark, look.key()), own(" ", look.plain()), own(text, look.bold())]);
    Position::new(area.x + 2 + at, area.y)
}

/// ```text
/// ┌ commands ────────────────────────────┐
/// │ : res|                               │
/// │ > Resolve                          e │
/// │   Reopen         it is not resolved… │
/// └──────────────────────────────────────┘
/// ```
pub fn draw_palette(
    buf: &mut Buffer,
    picker: &Picker,
    state: &State,
    look: Look,
    hits: &mut HitMap,
) -> Position {
    let area = framed(buf, centred(state.size, 72, 18), "commands", look.bold());
    let cursor = field(buf, area, ":", &picker.query, look);
    if let Some((spec, words)) = line::parse(&picker.query) {
        draw_line(buf, area, spec, words, state, look);
        return cursor;
    }
    let matches = picker.matches(&state.keymap);
    if matches.is_empty() {
        put(buf, area, 2, 1, vec![own("no command is called that; Esc closes", look.dim())]);
    }
    let mode = Mode::from(state.focus);
    let fits = usize::from(area.h.saturating_sub(1)).max(1);
    let top = (picker.at + 1).saturating_sub(fits);
    for (y, (index, spec)) in (1u16..).zip(matches.iter().enumerate().skip(top).take(fits)) {
        let here = index == picker.at;
        let mark = if here { "> " } else { "  " };
        let may = (spec.availability)(state);
        let title = if may.is_ok() { look.plain() } else { look.dim() };
        let mut spans = vec![own(mark, look.bold()), own(spec.title, title)];
        let keys = state.keymap.keys(spec.command).to_owned();
        if let Err(reason) = may {
            spans.push(own(format!("  {}", state.keymap.sentence(reason, mode)), look.dim()));
        }
        let room = usize::from(area.w).saturating_sub(width::cells(&keys) + 1);
        hits.add(Area { y: area.y + y, h: 1, ..area }, Target::Choice(index));
        put(buf, area, 0, y, super::paint::cut(spans, room));
        put_right(buf, area, y, vec![own(keys, look.key())]);
        if here {
            stain(buf, area, y, look.selected());
        }
    }
    cursor
}

/// A command with its words: what Enter would do, or why it cannot.
///
/// ```text
/// > Snooze: tomorrow 9                 z
/// ```
fn draw_line(buf: &mut Buffer, area: Area, spec: &Spec, words: &str, state: &State, look: Look) {
    let words = Untrusted::new(words).line();
    let spans = vec![own("> ", look.bold()), own(spec.title, look.plain()), own(": ", look.plain())];
    let room = usize::from(area.w).saturating_sub(cells(&spans));
    let spans = spans.into_iter().chain(clipped(&words, room, look.bold())).collect();
    put(buf, area, 0, 1, spans);
    stain(buf, area, 1, look.selected());
    if let Err(reason) = (spec.availability)(state) {
        let reason = state.keymap.sentence(reason, state.focus.into()).into_owned();
        put(buf, area, 2, 2, vec![own("not now: ", look.dim()), own(reason, look.bad())]);
    }
}

/// ```text
/// ┌ help: type to filter, Enter carries out ┐
/// │ ? |                                     │
/// │ > a        take the conversation; …     │
/// │   r        write to the visitor …       │
/// └─────────────────────────────────────────┘
/// ```
pub fn draw_help(
    buf: &mut Buffer,
    picker: &Picker,
    state: &State,
    look: Look,
    hits: &mut HitMap,
) -> Position {
    let (w, h) = state.size;
    let place = Area { x: 0, y: 1, w, h: h.saturating_sub(2) };
    let title = if w >= 50 { "help: type to filter, Enter carries out, Esc closes" } else { "help" };
    let area = framed(buf, place, title, look.bold());
    let cursor = field(buf, area, "?", &picker.query, look);
    let matches = picker.matches(&state.keymap);
    let mode = Mode::from(state.focus);
    let fits = usize::from(area.h.saturating_sub(1)).max(1);
    let top = (picker.at + 1).saturating_sub(fits);
    let keys_w = if w >= 60 { 16 } else { 9 };
    for (y, (index, spec)) in (1u16..).zip(matches.iter().enumerate().skip(top).take(fits)) {
        let here = index == picker.at;
        let keys = width::truncate(state.keymap.keys(spec.command), keys_w - 1, "…").into_owned();
        let pad = " ".repeat(keys_w - width::cells(&keys));
        let mut spans = vec![
            own(if here { "> " } else { "  " }, look.bold()),
            own(keys, look.key()),
            own(pad, look.plain()),
        ];
        match (spec.availability)(state) {
            Ok(()) => spans.push(own(spec.help, look.plain())),
            Err(reason) => {
                let reason = state.keymap.sentence(reason, mode).into_owned();
                spans.push(own(spec.help, look.dim()));
                if here {
                    // Where both do not fit, why it cannot be done matters more than what it would do.
                    let both = cells(&spans) + reason.chars().count() + 8 <= usize::from(area.w);
                    let lead = if both { " · not now: " } else { "not now: " };
                    if !both {
                        spans.pop();
                    }
                    spans.push(own(lead, look.dim()));
                    spans.push(own(reason, look.bad()));
                }
            }
        }
        hits.add(Area { y: area.y + y, h: 1, ..area }, Target::Choice(index));
        put(buf, area, 0, y, spans);
        if here {
            stain(buf, area, y, look.selected());
        }
    }
    cursor
}
