//! Putting aside and ending: snooze, resolve, and on to the next.

use super::deed::Deed;
use super::door::line;
use super::effect::Effect;
use super::prompt::{self, Ask, Choice, Prompt};
use super::state::{Focus, State};
use super::update::toast;
use super::{batch, claiming, commands, when};
use crate::conversation::{ConversationId, Tab, Time};
use crate::text::SafeText;

/// Ready answers, as they could be typed.
const READY: [&str; 5] = ["30m", "1h", "3h", "tomorrow 9", "next week"];
/// The ready answer without a time.
const NEXT_MESSAGE: &str = "until the next message";

/// Ends what is marked, or the one a command acts upon.
pub(super) fn resolve(state: &mut State, fx: &mut Vec<Effect>) {
    let of = state.targets();
    if let Err(why) = batch::go(state, &of, Deed::Resolve, fx) {
        toast(state, why, true, fx);
    }
}

/// Resolves and opens the next one that waits.
pub(super) fn resolve_next(state: &mut State, fx: &mut Vec<Effect>) {
    let of = state.targets();
    if let Err(why) = batch::go_and_next(state, &of, Deed::Resolve, fx) {
        toast(state, why, true, fx);
    }
}

/// Opens whoever waits longest for me; else shows the queue's first, without claiming it. Says which. At once: the answer to
/// what was done is not waited for.
pub(super) fn on_to_next(state: &mut State, done: &[ConversationId], fx: &mut Vec<Effect>) -> SafeText {
    let waits = |id: &ConversationId| state.rows.get(id).is_some_and(|row| row.waiting_since.is_some());
    let mine = state.sorted(Tab::Mine).into_iter().find(|id| !done.contains(id) && waits(id));
    let queued = || state.sorted(Tab::Queue).into_iter().find(|id| !done.contains(id));
    let (id, why) = match mine {
        Some(id) => (id, " waits longest for you"),
        None => match queued() {
            Some(id) => (id, " is first in the queue, only shown: {accept} accepts"),
            None => return SafeText::literal("Nobody else waits"),
        },
    };
    let tab = state.tab;
    state.lists[tab].select(id);
    state.keep_cursor_in_sight();
    commands::open(state, id, fx);
    state.focus = Focus::Conversation;
    state.card_over = false;
    [commands::name_of(state, id), state.words(why)].into_iter().collect()
}

/// Asks until when.
pub(super) fn ask_snooze(state: &mut State) {
    let of = state.targets();
    let about = claiming::about(state, &of);
    let mut choices: Vec<Choice> = READY
        .iter()
        .filter_map(|words| {
            let at = when::read(state, words).ok()?;
            let detail = line(&at_and_in(state, at));
            Some(Choice { label: SafeText::literal(words), detail, value: (*words).to_owned() })
        })
        .collect();
    choices.push(Choice {
        label: SafeText::literal(NEXT_MESSAGE),
        detail: SafeText::literal("when the visitor writes"),
        value: NEXT_MESSAGE.to_owned(),
    });
    let hint = "2h, tomorrow 9, fri 16:00, 1 dec; the visitor's message always wakes it";
    let prompt = Prompt { free: true, ..Prompt::choice(Ask::Snooze(of), "snooze until", hint, choices) };
    prompt::open(state, prompt.about(about));
}

/// Until when a line says: a time to come, or none for the visitor's next message.
fn until(state: &State, words: &str) -> Result<Option<Time>, SafeText> {
    let words = words.trim();
    let plain = words.to_lowercase();
    let plain = plain.strip_prefix("until ").unwrap_or(&plain).trim_start_matches("the ").trim();
    if ["next message", "message", "reply", "visitor writes"].contains(&plain) {
        return Ok(None);
    }
    when::read(state, words.strip_prefix("until ").unwrap_or(words)).map(Some)
}

/// `wakes Tue 24 Nov 09:00, in 17 h`.
fn wakes(state: &State, at: Time) -> String {
    format!("wakes {}", at_and_in(state, at))
}

/// `Tue 24 Nov 09:00, in 17 h`.
fn at_and_in(state: &State, at: Time) -> String {
    format!("{}, in {}", when::clock(state, at), when::distance(state, at))
}

/// What a line would do.
pub(super) fn snooze_preview(state: &State, words: &str) -> Result<SafeText, SafeText> {
    Ok(match until(state, words)? {
        Some(at) => line(&wakes(state, at)),
        None => SafeText::literal("wakes when the visitor writes"),
    })
}

/// Puts conversations aside.
pub(super) fn snooze(
    state: &mut State,
    of: &[ConversationId],
    words: &str,
    fx: &mut Vec<Effect>,
) -> Result<(), SafeText> {
    let until = until(state, words)?;
    batch::go(state, of, Deed::Snooze { until }, fx)
}
