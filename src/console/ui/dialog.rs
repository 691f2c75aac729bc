//! A question that must be answered first.

use ratatui::buffer::Buffer;
use ratatui::text::Span;

use super::Look;
use super::paint::{centred, clipped, framed, outside, own, put, safe};
use crate::client::DraftKind;
use crate::console::app::State;
use crate::console::app::batch::Bulk;
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
        Confirm::Bulk(ask) => ("the marked rows", bulk(ask, state, look)),
        Confirm::Capacity { of, active, limit } => {
            let which = match of.as_slice() {
                [_] => "Accept all the same?".to_owned(),
                of => format!("Accept {} more all the same?", of.len()),
            };
            let first = own(format!("You have {active} of {limit}."), look.bold());
            ("above your limit", vec![vec![first], vec![own(which, look.plain())]])
        }
        Confirm::Link { address, host, disguised } => {
            let mut rows = vec![vec![own("on ", look.dim()), safe(host, look.bold())]];
            if *disguised {
                rows.push(vec![own("! written in another script: look-alike letters?", look.bad())]);
            }
            let wide = usize::from(state.size.0.min(64).saturating_sub(6)).max(8);
            rows.extend(
                address
                    .rows(wide)
                    .into_iter()
                    .take(8)
                    .map(|row| vec![own(row.to_owned(), outside(look.plain()))]),
            );
            ("open this link?", rows)
        }
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
        Confirm::Bulk(_) | Confirm::Capacity { .. } => keys(&[("y", "does it"), ("Esc", "does not")], look),
        Confirm::Link { .. } => keys(&[("y", "opens it"), ("c", "copies it"), ("Esc", "leaves it")], look),
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

/// What will be done to how many, to whom, and who is left out and why.
fn bulk(ask: &Bulk, state: &State, look: Look) -> Vec<Vec<Span<'static>>> {
    let many = |n: usize| if n == 1 { "1 conversation".to_owned() } else { format!("{n} conversations") };
    let mut first =
        vec![own(ask.deed.verb(), look.bold()), own(format!(" {}", many(ask.go.len())), look.bold())];
    if let Some(detail) = ask.deed.detail(state) {
        first.extend([own(": ", look.plain()), safe(&detail, look.plain())]);
    }
    let mut rows = vec![first];
    // Title, keys, frame and the first row need six; names and reasons share the rest.
    let room = usize::from(state.size.1).saturating_sub(8).clamp(1, 10);
    let names = room.saturating_sub(ask.skip.len().min(room / 2) + usize::from(!ask.skip.is_empty()));
    list(
        &mut rows,
        names.max(1),
        look,
        ask.go.iter().map(|id| {
            let row = state.rows.get(id);
            vec![
                own("  ", look.plain()),
                row.map_or(own("…", look.dim()), |row| safe(&row.name, look.plain())),
            ]
        }),
    );
    if !ask.skip.is_empty() {
        rows.push(vec![own(format!("not to {}:", ask.skip.len()), look.bad())]);
        list(
            &mut rows,
            (room / 2).max(1),
            look,
            ask.skip.iter().map(|(name, why)| {
                let mut row = vec![own("  ", look.plain())];
                row.extend(clipped(name, 24, look.plain()));
                row.extend([own(": ", look.dim()), safe(why, look.plain())]);
                row
            }),
        );
    }
    rows
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

/// At most so many rows; the last says how many more there are.
fn list(
    rows: &mut Vec<Vec<Span<'static>>>,
    most: usize,
    look: Look,
    all: impl ExactSizeIterator<Item = Vec<Span<'static>>>,
) {
    let count = all.len();
    let shown = if count > most { most.saturating_sub(1) } else { count };
    rows.extend(all.take(shown));
    if shown < count {
        rows.push(vec![own(format!("  and {} more", count - shown), look.dim())]);
    }
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
