//! To the next one that waits.
//!
//! The ring: mine whose visitor waits, longest first, then the queue, longest first, on the sites that are shown. `w` goes one
//! further round it from the conversation that is open, and from anywhere else to its beginning. What is in the queue is
//! shown and not claimed. Invariant: nothing but the key moves anybody.

use super::commands;
use super::door::line;
use super::effect::Effect;
use super::sites;
use super::state::{Focus, State};
use super::update::{say, toast};
use crate::conversation::{ConversationId, Tab};
use crate::text::SafeText;

/// Who waits for this agent, then for anybody; longest first.
fn ring(state: &State) -> Vec<ConversationId> {
    let waits = |id: &ConversationId| state.rows.get(id).is_some_and(|row| row.waiting_since.is_some());
    let mut ring: Vec<_> = state.sorted(Tab::Mine).into_iter().filter(waits).collect();
    ring.extend(state.sorted(Tab::Queue));
    ring
}

/// Opens the next conversation that waits for this agent.
pub(super) fn next_waiting(state: &mut State, fx: &mut Vec<Effect>) {
    let ring = ring(state);
    let here = state.open.as_ref().and_then(|open| ring.iter().position(|id| *id == open.id));
    let next = here.map_or(0, |at| (at + 1) % ring.len());
    let Some(id) = ring.get(next).copied() else {
        return match sites::elsewhere(state).as_slice() {
            [] => say(state, "nobody waits: not for you, and not in the queue", fx),
            others => {
                let words =
                    format!("nobody waits here; on the other sites: {}. f shows them", sites::counts(others));
                toast(state, line(&words), false, fx);
            }
        };
    };
    if here == Some(next) {
        return say(state, "this is the only one that waits", fx);
    }
    let mine = state.rows.get(&id).is_some_and(|row| state.is_mine(row));
    let tab = if mine { Tab::Mine } else { Tab::Queue };
    state.tab = Tab::CONSOLE.iter().position(|t| *t == tab).unwrap_or(0);
    state.settle();
    state.lists[state.tab].select(id);
    state.keep_cursor_in_sight();
    commands::open(state, id, fx);
    state.focus = Focus::Conversation;
    state.card_over = false;
    let again = if here.is_some_and(|at| next <= at) { "once around; " } else { "" };
    if !mine {
        let words = [
            SafeText::literal(again),
            commands::name_of(state, id),
            SafeText::literal(" waits in the queue and is not claimed: a accepts"),
        ];
        toast(state, words.into_iter().collect(), false, fx);
    } else if !again.is_empty() {
        say(state, "once around: who waits longest", fx);
    }
}
