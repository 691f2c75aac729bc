//! Messages held back for a while, so that they can be recalled: a hello for three seconds, a reply for as long as the
//! agent's settings say.
//!
//! Invariant: what is held stands in the draft on disk until it stands in the outbox, so a console that dies has sent
//! nothing unseen and lost nothing. Leaving recalls it for the same reason: a message whose time has not come is still the
//! agent's to change, and whoever quits within seconds of an Enter is more likely to have seen a mistake; the words are
//! found again as a draft. A hello is our own sentence and is not kept.

use super::availability;
use super::compose;
use super::door;
use super::effect::{Effect, Tag};
use super::event::TimerId;
use super::sending::{self, Outgoing};
use super::state::{Echo, EchoState, State};
use super::update::{say, toast};
use super::{commands, state};
use crate::client::DraftKind;
use crate::console::macros::Action;
use crate::conversation::{Cid, ConversationId};
use crate::text::SafeText;

/// How long a hello is held, milliseconds.
pub const HELLO_HELD_MS: u64 = 3_000;
/// What a hello says. The widget names the agent beside it.
const HELLO: &str = "Hello! I am reading what you wrote and will be with you in a moment.";

/// A message that goes by itself after a while.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// The tag it is sent with; its echo has the same.
    pub(super) tag: Tag,
    /// Where.
    pub conversation: ConversationId,
    /// A reply or a note.
    pub kind: DraftKind,
    /// The words.
    pub text: String,
    /// The id it is sent with.
    pub(super) cid: Cid,
    /// When it goes, on the monotonic clock.
    pub until: u64,
    /// A ready greeting.
    pub hello: bool,
    /// What is done once it is sent.
    pub(super) then: Vec<Action>,
    /// Its time has come: it is on its way to the disk and cannot be recalled.
    pub going: bool,
}

impl Held {
    /// Seconds until it goes, as shown.
    pub fn seconds(&self, mono: u64) -> u64 {
        self.until.saturating_sub(mono).div_ceil(1_000)
    }
}

/// What can be recalled: of the conversation in hand before any other, the last one first.
pub fn newest(state: &State) -> Option<&Held> {
    let target = state.target();
    let waiting = || state.writing.held.iter().rev().filter(|held| !held.going);
    waiting().find(|held| Some(held.conversation) == target).or_else(|| waiting().next())
}

/// Whether a hello to a conversation is held.
pub(super) fn hello_to(state: &State, conversation: ConversationId) -> bool {
    state.writing.held.iter().any(|held| held.hello && held.conversation == conversation)
}

/// Whether anything to a conversation is held.
pub(super) fn to(state: &State, conversation: ConversationId) -> bool {
    state.writing.held.iter().any(|held| held.conversation == conversation)
}

/// The words held for a draft, in their order.
pub(super) fn words(state: &State, conversation: ConversationId, kind: DraftKind) -> String {
    let of_it = |held: &&Held| held.conversation == conversation && held.kind == kind && !held.hello;
    state.writing.held.iter().filter(of_it).map(|held| held.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// Milliseconds until a countdown in sight reads differently.
pub(super) fn until_change(state: &State) -> Option<u64> {
    let left =
        |held: &Held| held.until.saturating_sub(state.now.mono).checked_sub(1).map(|ms| ms % 1_000 + 1);
    state.writing.held.iter().filter(|held| !held.going).filter_map(left).min()
}

/// Holds words back for a while.
pub(super) fn hold(state: &mut State, message: Outgoing, ms: u64, hello: bool, fx: &mut Vec<Effect>) {
    let Outgoing { conversation, kind, text, cid, then } = message;
    let tag = state.tag();
    state.echoes.push(Echo {
        tag,
        conversation,
        kind,
        text: door::block(&text),
        words: text.clone(),
        state: EchoState::Held,
    });
    let until = state.now.mono + ms;
    let going = false;
    state.writing.held.push(Held { tag, conversation, kind, text, cid, until, hello, then, going });
    start_timer(state, fx);
}

/// Wakes when the first of them goes.
fn start_timer(state: &State, fx: &mut Vec<Effect>) {
    let first = state.writing.held.iter().filter(|held| !held.going).map(|held| held.until).min();
    fx.push(match first {
        Some(at) => Effect::StartTimer { id: TimerId::Held, ms: at.saturating_sub(state.now.mono).max(1) },
        None => Effect::CancelTimer(TimerId::Held),
    });
}

/// Holds a hello for the target.
pub(super) fn hello(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(conversation) = state.target() else { return };
    commands::open(state, conversation, fx);
    let (kind, text, cid) = (DraftKind::Reply, HELLO.to_owned(), Cid(state.now.fresh));
    hold(state, Outgoing { conversation, kind, text, cid, then: Vec::new() }, HELLO_HELD_MS, true, fx);
    say(state, "hello goes in 3 seconds; {undo} recalls it", fx);
}

/// Their time has come: each goes, if it still may.
pub(super) fn due(state: &mut State, fx: &mut Vec<Effect>) {
    let now = state.now.mono;
    let due = |held: &&mut Held| !held.going && held.until <= now;
    let tags: Vec<Tag> = state.writing.held.iter_mut().filter(due).map(|held| held.tag).collect();
    for tag in tags {
        go(state, tag, fx);
    }
    start_timer(state, fx);
}

fn go(state: &mut State, tag: Tag, fx: &mut Vec<Effect>) {
    let Some(at) = state.writing.held.iter().position(|held| held.tag == tag) else { return };
    let held = state.writing.held[at].clone();
    let may = match (held.hello, held.kind) {
        (true, _) => {
            state.toast = None;
            let row = state.rows.get(&held.conversation);
            let mine = row.is_some_and(|row| state.is_mine(row) && !row.answered);
            if mine { Ok(()) } else { Err("the conversation moved on meanwhile") }
        }
        (_, DraftKind::Reply) => availability::reply_to(state, held.conversation),
        (_, DraftKind::Note) => availability::note_to(state, held.conversation),
    };
    if let Err(why) = may {
        take_back(state, at, fx);
        let said = if held.hello { "the hello was not sent: " } else { "not sent: " };
        let rest = if held.hello { "" } else { ". The words are in the draft again" };
        let words = [SafeText::literal(said), SafeText::literal(why), SafeText::literal(rest)];
        return toast(state, words.into_iter().collect(), true, fx);
    }
    if held.hello {
        state.writing.held.remove(at);
    } else {
        state.writing.held[at].going = true;
    }
    state.echoes.retain(|echo| echo.tag != tag);
    let Held { conversation, kind, text, cid, then, .. } = held;
    sending::queue(state, tag, Outgoing { conversation, kind, text, cid, then }, fx);
}

/// Its words are in the outbox: the draft on disk may let go of them.
pub(super) fn stored(state: &mut State, tag: Tag, fx: &mut Vec<Effect>) -> bool {
    let Some(at) = state.writing.held.iter().position(|held| held.tag == tag) else { return false };
    let held = state.writing.held.remove(at);
    compose::save(state, held.conversation, held.kind, fx);
    true
}

/// It could not be written to disk: the words are a draft again.
pub(super) fn not_stored(state: &mut State, tag: Tag, fx: &mut Vec<Effect>) -> bool {
    let Some(at) = state.writing.held.iter().position(|held| held.tag == tag) else { return false };
    take_back(state, at, fx);
    true
}

/// Takes back what was held last, and opens the composer with it.
pub(super) fn recall(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(tag) = newest(state).map(|held| held.tag) else { return };
    let Some(at) = state.writing.held.iter().position(|held| held.tag == tag) else { return };
    let held = take_back(state, at, fx);
    start_timer(state, fx);
    if held.hello {
        return say(state, "hello recalled; nothing was sent", fx);
    }
    let here = |c: &state::Composing| c.conversation == held.conversation && c.kind == held.kind;
    if !state.composing.as_ref().is_some_and(here) {
        compose::begin_in(state, held.conversation, held.kind, fx);
    }
    if let Some(composing) = &mut state.composing {
        composing.then = held.then;
    }
    say(state, "recalled; nothing was sent. {send} sends what stands here", fx);
}

/// Everything held is a draft again.
pub(super) fn keep_all(state: &mut State, fx: &mut Vec<Effect>) {
    while let Some(at) = state.writing.held.iter().rposition(|held| !held.going) {
        take_back(state, at, fx);
    }
    fx.push(Effect::CancelTimer(TimerId::Held));
}

/// Out of what is held, its words in front of the draft.
fn take_back(state: &mut State, at: usize, fx: &mut Vec<Effect>) -> Held {
    let held = state.writing.held.remove(at);
    state.echoes.retain(|echo| echo.tag != held.tag);
    if !held.hello {
        let (conversation, kind) = (held.conversation, held.kind);
        let here = |c: &&mut state::Composing| c.conversation == conversation && c.kind == kind;
        if let Some(composing) = state.composing.as_mut().filter(here) {
            composing.editor.put_first(&held.text);
        }
        let draft = state.drafts.entry((conversation, kind)).or_default();
        *draft = if draft.is_empty() { held.text.clone() } else { format!("{}\n{draft}", held.text) };
        compose::save(state, conversation, kind, fx);
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_counted_down_to_one() {
        let held = Held {
            tag: 1,
            conversation: ConversationId::NIL,
            kind: DraftKind::Reply,
            text: String::new(),
            cid: Cid(uuid::Uuid::nil()),
            until: 5_000,
            hello: false,
            then: Vec::new(),
            going: false,
        };
        assert_eq!([0, 1, 999, 1_000, 4_999, 5_000].map(|mono| held.seconds(mono)), [5, 5, 5, 4, 1, 0]);
    }
}
