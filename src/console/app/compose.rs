//! Writing: the composer and its drafts.
//!
//! Invariants: what was typed is in the composer, in a draft or in the outbox, at every moment; a newline that came with a
//! paste, bracketed or not, never sends. What becomes of a message once it is sent stands in [`super::sending`].

use super::command::{Command, Spec};
use super::effect::Effect;
use super::event::TimerId;
use super::key::Key;
use super::keymap::{Meaning, Mode};
use super::state::Focus;
use super::state::{Composing, State};
use super::update::{BREATH_MS, next_ask, refuse, say, toast};
use super::writing::Parked;
use super::{availability, commands, held, layout, macros, sending};
use crate::client::DraftKind;
use crate::console::composer::{Composer, Edit, Taken};
use crate::conversation::ConversationId;
use crate::protocol::{AgentOp, TypingArg};
use crate::text::SafeText;

/// `typing` is told at most so often, milliseconds.
const TYPING_EVERY_MS: u64 = 3_000;
/// Without a key for so long, one no longer types.
const TYPING_ENDS_MS: u64 = 5_000;
/// Composers whose cursor, folded pastes and history are kept while one is elsewhere.
const PARKED: usize = 16;

/// Opens the composer for the target, with its draft.
pub(super) fn begin(state: &mut State, kind: DraftKind, fx: &mut Vec<Effect>) {
    if let Some(conversation) = state.target() {
        begin_in(state, conversation, kind, fx);
    }
}

/// Opens the composer for a conversation, with its draft. False: something stands in the way, and was said.
pub(super) fn begin_in(
    state: &mut State,
    conversation: ConversationId,
    kind: DraftKind,
    fx: &mut Vec<Effect>,
) -> bool {
    if kind == DraftKind::Reply && held::hello_to(state, conversation) {
        refuse(state, "a hello is about to go: {undo} recalls it, or wait 3 seconds", fx);
        return false;
    }
    commands::open(state, conversation, fx);
    put_away(state, fx);
    let draft = state.drafts.get(&(conversation, kind)).map_or("", String::as_str);
    let parked = state.writing.parked.remove(&(conversation, kind)).filter(|p| p.editor.text() == draft);
    let Parked { editor, then } =
        parked.unwrap_or_else(|| Parked { editor: Composer::with_text(draft), then: Vec::new() });
    state.composing = Some(Composing { conversation, kind, editor, guard: None, storing: None, then });
    state.focus = Focus::Composer;
    state.card_over = false;
    macros::load(state, fx);
    true
}

/// Leaves the composer; the draft is kept.
pub(super) fn leave(state: &mut State, fx: &mut Vec<Effect>) {
    let blank = state.composing.as_ref().is_none_or(|c| c.editor.is_blank());
    put_away(state, fx);
    if !blank {
        say(state, "draft kept", fx);
    }
    next_ask(state);
}

/// Closes the composer, if it is open, and keeps its text as a draft.
pub(super) fn put_away(state: &mut State, fx: &mut Vec<Effect>) {
    stop_typing(state, fx);
    keep_draft(state, fx);
    let Some(Composing { conversation, kind, editor, then, .. }) = state.composing.take() else { return };
    fx.push(Effect::CancelTimer(TimerId::SendGuard));
    state.focus = Focus::Conversation;
    let parked = &mut state.writing.parked;
    if !editor.is_blank() && (parked.len() < PARKED || parked.contains_key(&(conversation, kind))) {
        parked.insert((conversation, kind), Parked { editor, then });
    }
}

/// Keeps what stands in the composer as the draft.
pub(super) fn keep_draft(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(composing) = &state.composing else { return };
    let (conversation, kind) = (composing.conversation, composing.kind);
    let text = if composing.editor.is_blank() { String::new() } else { composing.editor.text() };
    let known = state.drafts.get(&(conversation, kind)).map_or("", String::as_str);
    if known != text {
        set_draft(state, conversation, kind, text, fx);
    }
}

/// Makes this the draft.
pub(super) fn set_draft(
    state: &mut State,
    conversation: ConversationId,
    kind: DraftKind,
    text: String,
    fx: &mut Vec<Effect>,
) {
    if text.trim().is_empty() {
        state.drafts.remove(&(conversation, kind));
    } else {
        state.drafts.insert((conversation, kind), text);
    }
    save(state, conversation, kind, fx);
}

/// Has the draft written to disk: what is held back, which would else be lost with the console, and what is being written.
pub(super) fn save(state: &State, conversation: ConversationId, kind: DraftKind, fx: &mut Vec<Effect>) {
    let mut text = held::words(state, conversation, kind);
    if let Some(draft) = state.drafts.get(&(conversation, kind)) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(draft);
    }
    fx.push(Effect::SaveDraft { conversation, kind, text });
}

/// A draft was found on disk: from an earlier console, or from one with an older token.
pub(super) fn found(state: &mut State, conversation: ConversationId, kind: DraftKind, text: String) {
    let here = |c: &&mut Composing| c.conversation == conversation && c.kind == kind;
    if let Some(composing) = state.composing.as_mut().filter(here) {
        let mine = composing.editor.text();
        if mine.contains(&text) {
            return;
        }
        let first = text.strip_suffix(&mine).unwrap_or(&text).trim_end_matches('\n').to_owned();
        composing.editor.put_first(&first);
        let whole = composing.editor.text();
        state.drafts.insert((conversation, kind), whole);
        return;
    }
    match state.drafts.get(&(conversation, kind)) {
        Some(mine) if mine.contains(&text) => {}
        // What is found holds what stands here: the client has joined them.
        _ => {
            state.drafts.insert((conversation, kind), text);
        }
    }
}

/// Before any key in the composer: an Enter is waiting to see whether keys follow it in the same breath.
pub(super) fn before_key(state: &mut State, fx: &mut Vec<Effect>) {
    let now = state.now.mono;
    let Some(composing) = &mut state.composing else { return };
    let Some(since) = composing.guard.take() else { return };
    fx.push(Effect::CancelTimer(TimerId::SendGuard));
    if now.saturating_sub(since) < BREATH_MS {
        composing.editor.type_char('\n');
        say(state, "line breaks in a paste do not send: {send} sends", fx);
    } else {
        sending::send(state, Vec::new(), fx);
    }
}

/// Enter: send, unless it is part of a paste.
pub(super) fn enter(state: &mut State, fx: &mut Vec<Effect>) {
    let (burst, now) = (state.burst, state.now.mono);
    let Some(composing) = &mut state.composing else { return };
    if burst > 0 {
        composing.editor.type_char('\n');
        edited(state, fx);
        say(state, "line breaks in a paste do not send: {send} sends", fx);
        return;
    }
    composing.guard = Some(now);
    fx.push(Effect::StartTimer { id: TimerId::SendGuard, ms: BREATH_MS });
}

/// No key followed the Enter.
pub(super) fn guard_over(state: &mut State, fx: &mut Vec<Effect>) {
    if state.composing.as_mut().and_then(|composing| composing.guard.take()).is_some() {
        sending::send(state, Vec::new(), fx);
    }
}

/// A line break in the text.
pub(super) fn newline(state: &mut State, fx: &mut Vec<Effect>) {
    if let Some(composing) = &mut state.composing {
        composing.editor.type_char('\n');
        edited(state, fx);
    }
}

/// Pasted text: it goes in as it is, folded where it is long, and never sends.
pub(super) fn paste(state: &mut State, text: &str, fx: &mut Vec<Effect>) {
    let lines = state.config.composer.fold_paste_lines;
    let Some(composing) = &mut state.composing else { return };
    let took = composing.editor.paste(text, lines);
    edited(state, fx);
    told(state, took, fx);
}

/// Says what became of a text, where that is not what one sees.
pub(super) fn told(state: &mut State, took: Taken, fx: &mut Vec<Effect>) {
    let left_out = |n: usize| [SafeText::from(n), SafeText::literal(" control characters were left out")];
    match took {
        Taken::In { dropped: 0 } => {}
        Taken::Folded { dropped: 0 } => say(state, "folded; it is sent whole. {unfold} shows it", fx),
        Taken::In { dropped } | Taken::Folded { dropped } => {
            toast(state, left_out(dropped).into_iter().collect(), false, fx);
        }
        Taken::TooLong => {
            refuse(state, "that is too long for the composer, and was left out; a message holds 8 KiB", fx);
        }
    }
}

/// A key that is no command: a character, or an editing key with Shift, which selects nothing here. False: not ours.
pub(super) fn on_key(state: &mut State, key: Key, fx: &mut Vec<Effect>) -> bool {
    let burst = state.burst > 0;
    let Some(composing) = &mut state.composing else { return false };
    let Some(c) = key.typed() else {
        let plain = state.keymap.look(Mode::Composer, &[], Key { shift: false, ..key });
        let Meaning::Command(Spec { command: Command::Edit(of), .. }) = plain else { return false };
        edit(state, *of, fx);
        return true;
    };
    if c == '/' && !burst && composing.editor.is_empty() && macros::any(state) {
        macros::slash(state, fx);
        return true;
    }
    let Some(composing) = &mut state.composing else { return false };
    let took = composing.editor.type_char(c);
    if took == Taken::TooLong {
        refuse(state, "that is twice what a message holds: send what stands here first", fx);
    }
    edited(state, fx);
    true
}

/// One of the table's editing commands.
pub(super) fn edit(state: &mut State, edit: Edit, fx: &mut Vec<Effect>) {
    let width = layout::panes(state).composer.map_or(80, layout::composer_width);
    let Some(composing) = &mut state.composing else { return };
    if edit == Edit::Undo && composing.editor.is_empty() && held::newest(state).is_some() {
        return held::recall(state, fx);
    }
    if let Some(composing) = &mut state.composing {
        composing.editor.edit(edit, width);
    }
    edited(state, fx);
}

/// After each edit: the draft is kept, and the visitor learns that somebody types (which also postpones the reply timer).
pub(super) fn edited(state: &mut State, fx: &mut Vec<Effect>) {
    keep_draft(state, fx);
    let Some(composing) = &mut state.composing else { return };
    if composing.editor.is_blank() {
        // What a ready text asked to be done goes with its words.
        composing.then.clear();
        return;
    }
    let conversation = composing.conversation;
    if composing.kind != DraftKind::Reply || !state.live() {
        return;
    }
    if availability::reply_to(state, conversation).is_err() {
        return;
    }
    let now = state.now.mono;
    let due = match state.told_typing {
        Some((told, at)) => told != conversation || now.saturating_sub(at) >= TYPING_EVERY_MS,
        None => true,
    };
    if due {
        state.told_typing = Some((conversation, now));
        state.typed_at.insert(conversation, state.server_now());
        let op = AgentOp::Typing(TypingArg { conversation, on: true });
        fx.push(Effect::Request { tag: state.tag(), op });
    }
    fx.push(Effect::StartTimer { id: TimerId::Idle, ms: TYPING_ENDS_MS });
}

/// One no longer types.
pub(super) fn stop_typing(state: &mut State, fx: &mut Vec<Effect>) {
    let Some((conversation, _)) = state.told_typing.take() else { return };
    fx.push(Effect::CancelTimer(TimerId::Idle));
    if state.live() {
        let op = AgentOp::Typing(TypingArg { conversation, on: false });
        fx.push(Effect::Request { tag: state.tag(), op });
    }
}
