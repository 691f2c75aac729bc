//! A question that must be answered first.

use ratatui::buffer::Buffer;
use ratatui::text::Span;

use super::Look;
use super::paint::{centred, clipped, framed, own, put, safe};
use crate::client::DraftKind;
use crate::console::app::State;
use crate::console::app::clock;
use crate::console::app::state::Confirm;
use crate::conversation::Tab;

/// ```text
/// ┌ leave? ──────────────────────────────┐
/// │ You hold 2 conversations.            │
/// │ Unanswered, they go back to …        │
/// │                                      │
/// │ y leaves   Esc stays                 │
/// └──────────────────────────────────────┘
/// ```
pub fn draw(buf: &mut Buffer, confirm: &Confirm, state: &State, look: Look) {
    let (title, mut rows): (&'static str, Vec<Vec<Span<'static>>>) = match confirm {
        Confirm::Quit => ("leave?", quit(state, look)),
        Confirm::Audience => ("write to the VISITOR?", audience(state, look)),
        Confirm::Old { name, text, age_ms, .. } => {
            let age = clock::wait(i64::try_from(*age_ms).unwrap_or(i64::MAX));
            let mut quoted = vec![own("“", look.dim())];
            quoted.extend(clipped(text, 60, look.plain()));
            quoted.push(own("”", look.dim()));
            let rows = vec![
                vec![
                    own(format!("Written {age} ago and never sent, to "), look.plain()),
                    safe(name, look.bold()),
                ],
                quoted,
            ];
            ("send it now?", rows)
        }
    };
    rows.push(Vec::new());
    rows.push(match confirm {
        Confirm::Quit => keys(&[("y", "leaves"), ("Esc", "stays")], look),
        Confirm::Audience => keys(&[("y", "replies"), ("Esc", "stays in the note")], look),
        Confirm::Old { .. } => keys(&[("y", "sends it"), ("n", "makes it a draft")], look),
    });
    let height = u16::try_from(rows.len()).unwrap_or(4) + 2;
    let area = framed(buf, centred(state.size, 64, height), title, look.bold());
    for (y, row) in (0u16..).zip(rows) {
        put(buf, area, 0, y, row);
    }
}

fn keys(pairs: &[(&'static str, &'static str)], look: Look) -> Vec<Span<'static>> {
    let pair = |(key, word): &(&'static str, &'static str)| {
        [own(*key, look.key()), own(format!(" {word}   "), look.plain())]
    };
    pairs.iter().flat_map(pair).collect()
}

/// Whether words could be moved, and which: the note's, or, where none are written, the reply's.
fn movable(state: &State) -> Option<&'static str> {
    let composing = state.composing.as_ref()?;
    if !composing.editor.is_blank() {
        return Some("moves these words into the reply");
    }
    state.draft(composing.conversation, DraftKind::Reply).map(|_| "brings the reply's words here")
}

fn audience(state: &State, look: Look) -> Vec<Vec<Span<'static>>> {
    let mut rows = vec![vec![own("What you write next is public.", look.bold())]];
    if state.composing.as_ref().is_some_and(|c| !c.editor.is_blank()) {
        rows.push(vec![own("The note stays as its own draft.", look.plain())]);
    }
    if let Some(words) = movable(state) {
        rows.push(vec![own("m ", look.key()), own(words, look.plain())]);
    }
    rows
}

fn quit(state: &State, look: Look) -> Vec<Vec<Span<'static>>> {
    let mut rows = Vec::new();
    match state.count(Tab::Mine) {
        0 => {}
        1 => rows.push(vec![own("You hold a conversation.", look.bold())]),
        n => rows.push(vec![own(format!("You hold {n} conversations."), look.bold())]),
    }
    if !rows.is_empty() {
        rows.push(vec![own("Who waits returns to the queue.", look.plain())]);
    }
    match state.writing.held.iter().filter(|held| !held.going).count() {
        0 => {}
        1 => rows.push(vec![own("What is held will not be sent: it stays as a draft.", look.plain())]),
        n => rows.push(vec![own(format!("{n} held messages stay as drafts."), look.plain())]),
    }
    if state.unsent > 0 {
        let words = format!("{} unsent: the next console sends them.", state.unsent);
        rows.push(vec![own(words, look.plain())]);
    }
    rows
}
