//! The composer: who will read it, in words and colour, and the text, wrapped by grapheme cluster.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::style::Style;
use ratatui::text::Span;

use super::Look;
use super::paint;
use super::paint::{clipped, outside, own, put, put_right, stain};
use std::ops::Range;

use crate::client::DraftKind;
use crate::console::app::State;
use crate::console::app::command::Command;
use crate::console::app::door::{HolderView, RowView};
use crate::console::app::keymap::Mode;
use crate::console::app::layout::{Area, BAR, composer_width};
use crate::console::app::mail::{Reach, reach};
use crate::console::app::state::Composing;
use crate::console::composer::{Edit, Shown, row_of};
use crate::console::macros;
use crate::conversation::State as Standing;
use crate::text::{Untrusted, width};

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
        let warning = warning(state, row);
        // The warning matters more than the end of a long name.
        let room = usize::from(area.w).saturating_sub(11 + width::cells(&warning));
        title.extend(clipped(&row.name, room.max(4), style));
        title.push(own(warning, style));
    }
    put(buf, area, 1, 0, title.clone());
    if let Some(beside) = beside(state, composing) {
        let room = usize::from(area.w).saturating_sub(paint::cells(&title) + 3);
        let beside = width::truncate(&beside, room, "…").into_owned();
        if width::cells(&beside) > 3 {
            put_right(buf, area, 0, vec![own(format!("{beside} "), style)]);
        }
    }
    stain(buf, area, 0, style);

    let Shown { text, cursor, folds } = composing.editor.shown();
    let rows = composing.editor.rows_of(&text, composer_width(area));
    let at = row_of(&rows, cursor);
    let marked = marked(&text, folds);
    let fits = usize::from(area.h.saturating_sub(1)).max(1);
    // The cursor's row is the last in sight, or above it.
    let top = (at + 1).saturating_sub(fits);
    let bar = if note { "#" } else { "<" };
    let who = if note { crate::console::app::door::Who::Note } else { crate::console::app::door::Who::Me };
    for (y, row) in (1u16..).zip(rows.iter().skip(top).take(fits)) {
        put(buf, area, 0, y, vec![own(bar, look.who(who))]);
        put(buf, area, BAR, y, spans(&text, row.clone(), &marked, look.said(who), look));
    }
    let before = width::cells(&text[rows[at].start..cursor.min(rows[at].end)]).min(composer_width(area));
    let cell = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    Some(Position::new(area.x + BAR + cell(before), area.y + 1 + cell(at - top)))
}

/// What is said at the right of the title: how far the message before is, what follows this one.
fn beside(state: &State, composing: &Composing) -> Option<String> {
    if composing.storing.is_some() {
        return Some("saving…".to_owned());
    }
    let then: Vec<String> = composing.then.iter().map(ToString::to_string).collect();
    if !then.is_empty() {
        return Some(Untrusted::new(format!("then: {}", then.join(", "))).line().to_string());
    }
    let held = state.writing.held.iter().rfind(|h| h.conversation == composing.conversation && !h.going)?;
    let seconds = held.seconds(state.now.mono);
    let undo = state.keymap.key(Command::Undo, Mode::Conversation);
    Some(match (composing.editor.is_empty(), undo) {
        (true, _) => match state.keymap.key(Command::Edit(Edit::Undo), Mode::Composer) {
            "" => format!("held {seconds} s"),
            key => format!("held {seconds} s: {key} recalls"),
        },
        (false, "") => format!("held {seconds} s"),
        (false, undo) => format!("held {seconds} s: Esc {undo} recalls"),
    })
}

/// What is drawn apart from the words: folded pastes, and gaps that must be filled in.
fn marked(text: &str, folds: Vec<Range<usize>>) -> Vec<(Range<usize>, bool)> {
    let mut marked: Vec<(Range<usize>, bool)> = folds.into_iter().map(|fold| (fold, false)).collect();
    let mut from = 0;
    while let Some((gap, _)) = macros::gap(&text[from..]) {
        marked.push((from + gap.start..from + gap.end, true));
        from += gap.end;
    }
    marked.sort_by_key(|(range, _)| range.start);
    marked
}

/// A row, cut where what is marked begins and ends.
fn spans(
    text: &str,
    row: Range<usize>,
    marked: &[(Range<usize>, bool)],
    style: Style,
    look: Look,
) -> Vec<Span<'static>> {
    let end = row.start + text[row.clone()].trim_end_matches('\n').len();
    let mut spans = Vec::new();
    let mut at = row.start;
    let mut push = |from: usize, to: usize, style: Style| {
        if from < to {
            spans.push(Span::styled(text[from..to].to_owned(), outside(style)));
        }
    };
    for (range, gap) in marked {
        let (from, to) = (range.start.clamp(at, end), range.end.clamp(at, end));
        push(at, from, style);
        push(from, to, if *gap { look.bad() } else { look.selected() });
        at = to;
    }
    push(at, end, style);
    spans
}

/// What sending does beside sending, and where it goes for somebody who is not there.
fn warning(state: &State, row: &RowView) -> String {
    let words = takes(state, row);
    match reach(state, row).filter(|_| row.state != Standing::Resolved) {
        None => words,
        Some(Reach::Mail) => format!("{words} · goes by mail"),
        Some(Reach::NotConfigured) => format!(" · NOT DELIVERED: no mail is configured; copy it{words}"),
        Some(Reach::NoAddress) => format!(" · gone, and left no address{words}"),
    }
}

fn takes(state: &State, row: &RowView) -> String {
    let words = match row.state {
        _ if state.is_mine(row) => {
            if state.live() {
                ""
            } else {
                " · no link: sent later"
            }
        }
        // (What reopens is text while one writes.)
        Standing::Resolved => {
            return format!(" · RESOLVED: {}", state.words("{leave}, then {reopen} reopens"));
        }
        Standing::Active => {
            let name = match &row.holder {
                HolderView::Agent { name, .. } => name.truncated(20).to_string().to_uppercase(),
                _ => "A COLLEAGUE".to_owned(),
            };
            return format!(" · HELD BY {name}: {}", state.words("{other-audience} notes"));
        }
        Standing::Snoozed => " · sending wakes it",
        Standing::Queued | Standing::Assistant => " · sending takes over",
    };
    words.to_owned()
}
