//! Writing: the composer, drafts, sends and the held hello.
//!
//! Invariants: what was typed is in the composer, in a draft or in the outbox, at every moment; the composer clears only
//! after the client says that the words are on disk; a newline that came with a paste, bracketed or not, never sends.

use super::availability;
use super::commands::{self, name_of};
use super::effect::Effect;
use super::event::TimerId;
use super::key::{Code, Key};
use super::state::{Composing, Echo, EchoState, Focus, Hello, Pending, State};
use super::update::{BREATH_MS, next_ask, refuse, say, toast};
use super::{door, state};
use crate::client::DraftKind;
use crate::console::composer::{Composer, Edit};
use crate::conversation::{Cid, ConversationId};
use crate::protocol::{AgentOp, Limits, MessageArg, TypingArg};
use crate::text::SafeText;

/// How long a hello is held, milliseconds.
pub const HELLO_HELD_MS: u64 = 3_000;
/// What a hello says. The widget names the agent beside it.
const HELLO: &str = "Hello! I am reading what you wrote and will be with you in a moment.";
/// `typing` is told at most so often, milliseconds.
const TYPING_EVERY_MS: u64 = 3_000;
/// Without a key for so long, one no longer types.
const TYPING_ENDS_MS: u64 = 5_000;

/// Opens the composer for the target, with its draft.
pub(super) fn begin(state: &mut State, kind: DraftKind, fx: &mut Vec<Effect>) {
    let Some(conversation) = state.target() else { return };
    if kind == DraftKind::Reply
        && state.hello.as_ref().is_some_and(|hello| hello.conversation == conversation)
    {
        return refuse(state, "a hello is about to go: {undo} recalls it, or wait 3 seconds", fx);
    }
    commands::open(state, conversation, fx);
    let draft = state.drafts.get(&(conversation, kind)).map_or("", String::as_str);
    let editor = Composer::with_text(draft);
    state.composing = Some(Composing { conversation, kind, editor, guard: None, storing: None });
    state.focus = Focus::Composer;
    state.card_over = false;
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
    if state.composing.take().is_some() {
        fx.push(Effect::CancelTimer(TimerId::SendGuard));
        state.focus = Focus::Conversation;
    }
}

/// Keeps what stands in the composer as the draft.
fn keep_draft(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(composing) = &state.composing else { return };
    let (conversation, kind) = (composing.conversation, composing.kind);
    let text = if composing.editor.is_blank() { String::new() } else { composing.editor.text() };
    let known = state.drafts.get(&(conversation, kind)).map_or("", String::as_str);
    if known == text {
        return;
    }
    if text.is_empty() {
        state.drafts.remove(&(conversation, kind));
    } else {
        state.drafts.insert((conversation, kind), text.clone());
    }
    fx.push(Effect::SaveDraft { conversation, kind, text });
}

/// Before any key in the composer: an Enter is waiting to see whether keys follow it in the same breath.
pub(super) fn before_key(state: &mut State, fx: &mut Vec<Effect>) {
    let now = state.now.mono;
    let Some(composing) = &mut state.composing else { return };
    let Some(since) = composing.guard.take() else { return };
    fx.push(Effect::CancelTimer(TimerId::SendGuard));
    if now.saturating_sub(since) < BREATH_MS {
        composing.editor.insert("\n");
        say(state, "line breaks in a paste do not send: Enter sends", fx);
    } else {
        send(state, fx);
    }
}

/// Enter: send, unless it is part of a paste.
pub(super) fn enter(state: &mut State, fx: &mut Vec<Effect>) {
    let (burst, now) = (state.burst, state.now.mono);
    let Some(composing) = &mut state.composing else { return };
    if burst > 0 {
        composing.editor.insert("\n");
        edited(state, fx);
        say(state, "line breaks in a paste do not send: Enter sends", fx);
        return;
    }
    composing.guard = Some(now);
    fx.push(Effect::StartTimer { id: TimerId::SendGuard, ms: BREATH_MS });
}

/// No key followed the Enter.
pub(super) fn guard_over(state: &mut State, fx: &mut Vec<Effect>) {
    if state.composing.as_mut().and_then(|composing| composing.guard.take()).is_some() {
        send(state, fx);
    }
}

/// A line break in the text.
pub(super) fn newline(state: &mut State, fx: &mut Vec<Effect>) {
    if let Some(composing) = &mut state.composing {
        composing.editor.insert("\n");
        edited(state, fx);
    }
}

/// Pasted text: it goes in as it is, and never sends.
pub(super) fn paste(state: &mut State, text: &str, fx: &mut Vec<Effect>) {
    let Some(composing) = &mut state.composing else { return };
    let dropped = composing.editor.insert(text);
    edited(state, fx);
    if dropped > 0 {
        let words =
            [SafeText::from(dropped), SafeText::literal(" control characters of the paste were left out")];
        toast(state, words.into_iter().collect(), false, fx);
    }
}

/// A key that is no command: editing, or a character. False: not ours.
pub(super) fn on_key(state: &mut State, key: Key, fx: &mut Vec<Effect>) -> bool {
    let Some(composing) = &mut state.composing else { return false };
    if let Some(c) = key.typed() {
        composing.editor.insert(c.encode_utf8(&mut [0; 4]));
    } else if let Some(edit) = edit_of(key) {
        composing.editor.edit(edit);
    } else {
        return false;
    }
    edited(state, fx);
    true
}

fn edit_of(key: Key) -> Option<Edit> {
    Some(match (key.code, key.ctrl, key.alt) {
        (Code::Backspace, false, true) | (Code::Backspace, true, false) | (Code::Char('w'), true, false) => {
            Edit::DeleteWord
        }
        (Code::Left, true, false) | (Code::Left | Code::Char('b'), false, true) => Edit::WordLeft,
        (Code::Right, true, false) | (Code::Right | Code::Char('f'), false, true) => Edit::WordRight,
        (Code::Char('a'), true, false) | (Code::Home, false, false) => Edit::Home,
        (Code::Char('e'), true, false) | (Code::End, false, false) => Edit::End,
        (Code::Char('u'), true, false) => Edit::DeleteToHome,
        (Code::Char('d'), true, false) | (Code::Delete, false, false) => Edit::Delete,
        (Code::Char('h'), true, false) | (Code::Backspace, false, false) => Edit::Backspace,
        // What terminals make of Ctrl-_ (and Ctrl-/ and Ctrl-7, which are the same byte).
        (Code::Char('_' | '/' | '7'), true, false) => Edit::Undo,
        (Code::Char('y'), true, false) => Edit::Redo,
        (Code::Left, false, false) => Edit::Left,
        (Code::Right, false, false) => Edit::Right,
        (Code::Up, false, false) => Edit::Up,
        (Code::Down, false, false) => Edit::Down,
        _ => return None,
    })
}

/// After each edit: the draft is kept, and the visitor learns that somebody types (which also postpones the reply timer).
fn edited(state: &mut State, fx: &mut Vec<Effect>) {
    keep_draft(state, fx);
    let Some(composing) = &state.composing else { return };
    let conversation = composing.conversation;
    if composing.kind != DraftKind::Reply || !state.live() || composing.editor.is_blank() {
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

/// Sends what stands in the composer, if it may go; the words stay until they are on disk.
fn send(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(composing) = &state.composing else { return };
    let (conversation, kind) = (composing.conversation, composing.kind);
    if composing.storing.is_some() {
        return refuse(state, "the message before is still being saved; Enter again in a moment", fx);
    }
    if composing.editor.is_blank() {
        return refuse(state, "nothing to send: write something, or Esc leaves", fx);
    }
    let whole = composing.editor.text();
    let may = match kind {
        DraftKind::Reply => availability::reply(state),
        DraftKind::Note => availability::note(state),
    };
    if let Err(reason) = may {
        return refuse(state, reason, fx);
    }
    let text = whole.trim_end().to_owned();
    let most = Limits::default().message_bytes;
    if text.len() > most {
        return refuse(state, "the message is longer than 8 KiB: send it in two parts", fx);
    }
    stop_typing(state, fx);
    let tag = queue(state, conversation, kind, text, Cid(state.now.fresh), fx);
    if let Some(composing) = &mut state.composing {
        composing.storing = Some((tag, whole));
    }
    if let Some(open) = &mut state.open {
        open.transcript.to_tail();
    }
}

/// Hands words to the outbox and shows them as on their way.
fn queue(
    state: &mut State,
    conversation: ConversationId,
    kind: DraftKind,
    text: String,
    cid: Cid,
    fx: &mut Vec<Effect>,
) -> u64 {
    let tag = state.tag();
    let shown = door::block(&text);
    state.echoes.retain(|echo| echo.state != EchoState::Failed || echo.conversation != conversation);
    state.echoes.push(Echo { tag, conversation, kind, text: shown, state: EchoState::Storing });
    state.pending.insert(tag, Pending::Send);
    let arg = MessageArg { conversation, cid, text };
    let op = match kind {
        DraftKind::Reply => AgentOp::MessageSend(arg),
        DraftKind::Note => AgentOp::NoteAdd(arg),
    };
    fx.push(Effect::Durable { tag, op });
    tag
}

/// The words of a send are on disk: the composer may let go of them.
pub(super) fn stored(state: &mut State, tag: u64, fx: &mut Vec<Effect>) {
    if let Some(echo) = state.echoes.iter_mut().find(|echo| echo.tag == tag)
        && echo.state == EchoState::Storing
    {
        echo.state = EchoState::Queued;
    }
    if let Some(composing) = &mut state.composing
        && let Some((_, sent)) = composing.storing.take_if(|(storing, _)| *storing == tag)
    {
        composing.editor.strip_sent(&sent);
        keep_draft(state, fx);
    } else if let Some(echo) = state.echoes.iter().find(|echo| echo.tag == tag) {
        // The composer was left meanwhile: the words are in the draft.
        let key = (echo.conversation, echo.kind);
        let sent = echo.text.as_str().to_owned();
        if let Some(draft) = state.drafts.get(&key)
            && let Some(rest) = draft.strip_prefix(sent.as_str())
        {
            let text = rest.trim_start_matches('\n').to_owned();
            if text.trim().is_empty() {
                state.drafts.remove(&key);
            } else {
                state.drafts.insert(key, text.clone());
            }
            fx.push(Effect::SaveDraft { conversation: key.0, kind: key.1, text });
        }
    }
}

/// A refused send came back as a draft, which the client has on disk already.
pub(super) fn returned(
    state: &mut State,
    conversation: ConversationId,
    kind: DraftKind,
    text: &str,
    why: &str,
    fx: &mut Vec<Effect>,
) {
    let join = |before: &str| if before.is_empty() { text.to_owned() } else { format!("{text}\n{before}") };
    let here = |c: &&mut Composing| c.conversation == conversation && c.kind == kind;
    if let Some(composing) = state.composing.as_mut().filter(here) {
        composing.editor = Composer::with_text(&join(&composing.editor.text()));
    }
    let draft = state.drafts.entry((conversation, kind)).or_default();
    *draft = join(draft);
    let words = [
        SafeText::literal("not sent to "),
        name_of(state, conversation),
        SafeText::literal(": "),
        door::line(why),
        SafeText::literal(". The words are in the draft again"),
    ];
    toast(state, words.into_iter().collect(), true, fx);
}

/// Holds a hello for the target.
pub(super) fn hello(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(conversation) = state.target() else { return };
    commands::open(state, conversation, fx);
    let text = HELLO.to_owned();
    state.echoes.push(Echo {
        tag: 0,
        conversation,
        kind: DraftKind::Reply,
        text: door::block(&text),
        state: EchoState::Held,
    });
    state.hello = Some(Hello { conversation, text, cid: Cid(state.now.fresh) });
    fx.push(Effect::StartTimer { id: TimerId::Hello, ms: HELLO_HELD_MS });
    say(state, "hello goes in 3 seconds; {undo} recalls it", fx);
}

/// Takes a held hello back.
pub(super) fn recall_hello(state: &mut State, fx: &mut Vec<Effect>) {
    state.hello = None;
    state.echoes.retain(|echo| echo.state != EchoState::Held);
    fx.push(Effect::CancelTimer(TimerId::Hello));
    say(state, "hello recalled; nothing was sent", fx);
}

/// The held hello goes, if the conversation is still one's own.
pub(super) fn send_hello(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(hello) = state.hello.take() else { return };
    state.echoes.retain(|echo| echo.state != EchoState::Held);
    state.toast = None;
    let mine = state.rows.get(&hello.conversation).is_some_and(|row| state.is_mine(row) && !row.answered);
    if mine {
        queue(state, hello.conversation, DraftKind::Reply, hello.text, hello.cid, fx);
    } else {
        refuse(state, "the hello was not sent: the conversation moved on meanwhile", fx);
    }
}

/// A send was answered.
pub(super) fn sent(state: &mut State, tag: u64, version: u64) {
    let newest = state.open.as_ref().map(|open| (open.id, open.transcript.newest()));
    state.echoes.retain_mut(|echo| {
        if echo.tag != tag {
            return true;
        }
        echo.state = EchoState::Sent(version);
        // Already in the transcript; or the conversation is closed, where the transcript will come anew.
        newest.is_some_and(|(id, newest)| id == echo.conversation && newest < version)
    });
}

/// A send was refused, or could not be written to disk.
pub(super) fn send_failed(state: &mut State, tag: u64, why: SafeText, fx: &mut Vec<Effect>) {
    let storing =
        |composing: &mut Composing| composing.storing.take_if(|(storing, _)| *storing == tag).is_some();
    let not_sent = SafeText::literal("not sent: ");
    if state.composing.as_mut().is_some_and(storing) {
        state.echoes.retain(|echo| echo.tag != tag);
        let words = [not_sent, why, SafeText::literal(". The words are still here")];
        return toast(state, words.into_iter().collect(), true, fx);
    }
    // It stays in sight, with its reason, until the next one is sent there; the words are a draft again.
    if let Some(echo) = state.echoes.iter_mut().find(|echo| echo.tag == tag) {
        let reason =
            [echo.text.clone(), SafeText::literal("\n(not sent: "), why.clone(), SafeText::literal(")")];
        echo.text = reason.into_iter().collect();
        echo.state = EchoState::Failed;
    }
    toast(state, [not_sent, why].into_iter().collect(), true, fx);
}

/// The open transcript has come so far: echoes it contains go.
pub(super) fn drop_seen(echoes: &mut Vec<state::Echo>, conversation: ConversationId, newest: u64) {
    echoes.retain(|echo| {
        echo.conversation != conversation || !matches!(echo.state, EchoState::Sent(v) if v <= newest)
    });
}
