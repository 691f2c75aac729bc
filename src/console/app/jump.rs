//! To the next one that waits; to an earlier conversation or one that was found; and back.
//!
//! The ring: mine whose visitor waits, longest first, then the queue, longest first, on the sites that are shown. `w` goes one
//! further round it from the conversation that is open, and from anywhere else to its beginning. What is in the queue is
//! shown and not claimed. Whoever went to an earlier or a found conversation comes back with Esc to where they were. Invariant:
//! nothing but a key moves anybody.

use super::door::{RowView, line};
use super::effect::Effect;
use super::prompt::{self, Ask, Choice, Prompt};
use super::state::{Focus, State};
use super::update::{say, toast};
use super::{clock, commands, sites};
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
                let words = format!("nobody waits here; on the other sites: {}. ", sites::counts(others));
                let words = [line(&words), state.words("{sites} shows them")];
                toast(state, words.into_iter().collect(), false, fx);
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
            state.words(" waits in the queue and is not claimed: {accept} accepts"),
        ];
        toast(state, words.into_iter().collect(), false, fx);
    } else if !again.is_empty() {
        say(state, "once around: who waits longest", fx);
    }
}

/// Where one was, to come back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    open: Option<ConversationId>,
    focus: Focus,
    tab: usize,
    selected: Option<ConversationId>,
}

/// How many steps back are kept.
const STEPS: usize = 20;

/// Opens a conversation from a search or from the visitor's earlier ones, and remembers where one was.
pub(super) fn go(state: &mut State, row: RowView, fx: &mut Vec<Effect>) {
    let place = Place {
        open: state.open.as_ref().map(|open| open.id),
        // Whoever wrote has put the draft away.
        focus: if state.focus == Focus::List { Focus::List } else { Focus::Conversation },
        tab: state.tab,
        selected: state.list().selected(),
    };
    let mut places = std::mem::take(&mut state.places);
    places.push(place);
    if places.len() > STEPS {
        places.remove(0);
    }
    commands::open_found(state, row, fx);
    state.places = places;
    state.card_over = false;
}

/// Back to where one was; false where one went nowhere.
pub(super) fn back(state: &mut State, fx: &mut Vec<Effect>) -> bool {
    let Some(place) = state.places.pop() else { return false };
    let places = std::mem::take(&mut state.places);
    state.tab = place.tab;
    state.settle();
    if let Some(id) = place.selected {
        state.lists[state.tab].select(id);
        state.keep_cursor_in_sight();
    }
    if let Some(id) = place.open {
        commands::open(state, id, fx);
    }
    state.focus = if place.open.is_some() { place.focus } else { Focus::List };
    state.places = places;
    true
}

/// Asks which of the visitor's earlier conversations.
pub(super) fn ask_earlier(state: &mut State) {
    let Some(open) = &state.open else { return };
    let now = state.server_now();
    let choices = open.earlier.iter().map(|row| Choice {
        label: row.summary.clone(),
        detail: line(&format!(
            "{} ago, {}",
            clock::wait(now.since_ms(row.last_message_at)),
            row.state.word()
        )),
        value: row.id.0.to_string(),
    });
    let choices = choices.collect();
    prompt::open(
        state,
        Prompt::choice(Ask::Earlier, "earlier conversations", "Enter opens it, Esc comes back", choices),
    );
}

/// Opens one of them.
pub(super) fn open_earlier(state: &mut State, value: &str, fx: &mut Vec<Effect>) -> Result<(), SafeText> {
    let row = state
        .open
        .as_ref()
        .and_then(|open| open.earlier.iter().find(|row| row.id.0.to_string() == value))
        .cloned()
        .ok_or(SafeText::literal("it is not there any more"))?;
    go(state, row, fx);
    say(state, "an earlier conversation: Esc comes back", fx);
    Ok(())
}
