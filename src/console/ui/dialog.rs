//! A question that must be answered first.

use ratatui::buffer::Buffer;
use ratatui::text::Span;

use super::Look;
use super::paint::{centred, clipped, framed, own, put, safe};
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
    if state.hello.is_some() {
        rows.push(vec![own("The held hello will not be sent.", look.plain())]);
    }
    if state.unsent > 0 {
        let words = format!("{} unsent: the next console sends them.", state.unsent);
        rows.push(vec![own(words, look.plain())]);
    }
    rows
}
