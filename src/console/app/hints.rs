//! What is most useful here: which commands the footer offers, the likeliest first.

use super::command::Command::{self, *};
use super::held;
use super::state::{Focus, State};
use crate::conversation::State as Standing;

/// Commands for the state at hand, the likeliest first. Help is last: the footer keeps room for it.
pub fn useful(state: &State) -> Vec<Command> {
    if state.focus == Focus::Composer {
        return vec![
            Send,
            Leave,
            Newline,
            OtherAudience,
            Macro,
            Editor,
            SendAndResolve,
            Unfold,
            Palette,
            Quit,
        ];
    }
    let mut out = Vec::new();
    // What passes comes first: what is held can be recalled for some seconds.
    let undoes = |id| state.undo.back().is_some_and(|step| step.moves.iter().any(|(of, _)| *of == id));
    if held::newest(state).is_some() || !state.undo.is_empty() && state.target().is_none_or(undoes) {
        out.push(Undo);
    }
    let reading = state.focus == Focus::Conversation;
    let look: &[Command] = if reading { &[] } else { &[Open, Peek] };
    if let Some(row) = state.target_row() {
        let here: &[Command] = match row.state {
            _ if state.is_mine(row) && !row.answered => {
                &[Reply, Hello, Resolve, ResolveNext, Snooze, Note, HandBack, Transfer, Macro]
            }
            _ if state.is_mine(row) => {
                &[Reply, Resolve, ResolveNext, Snooze, Note, HandBack, Transfer, Macro]
            }
            Standing::Queued => &[Accept, Peek, Open, Reply, Note, Transfer],
            Standing::Assistant => &[Open, Accept, Reply, Note],
            Standing::Snoozed => &[Open, Accept, Note, Resolve],
            Standing::Resolved => &[Reopen, Open, Undo],
            Standing::Active => &[Open, Note, Accept],
        };
        out.extend(here.iter().filter(|command| !(reading && matches!(command, Open | Peek))));
    }
    out.extend(look);
    if state.me.as_ref().is_some_and(|me| !me.available) {
        out.insert(usize::from(out.first() == Some(&Undo)), Availability);
    }
    if reading {
        out.push(Back);
    }
    out.extend([NextWaiting, Palette, Search, NextTab, Card, Availability, Why, Quit]);
    let mut seen = Vec::new();
    out.retain(|command| {
        !seen.contains(command) && {
            seen.push(*command);
            true
        }
    });
    out
}
