//! What becomes of a message: held, saved, queued, sent, seen, or failed with its reason.
//!
//! Invariants: the composer clears only after the client says that the words are on disk (or holds them back in the draft);
//! a message that was not answered is sent again by the client with the same client id, for it may have arrived; one that
//! was refused is sent again, by `!`, with a new one: the server remembers no refused id, and words that were changed since
//! under an id it does know would be refused for that alone.

use super::commands::name_of;
use super::compose::{self, stop_typing};
use super::door::{self, Said, Who};
use super::effect::{Effect, Tag};
use super::state::{Composing, Echo, EchoState, Pending, State};
use super::update::{refuse, toast};
use super::writing::After;
use super::{after, availability, held, mail};
use crate::client::DraftKind;
use crate::console::macros::{self, Action};
use crate::conversation::{Cid, ConversationId};
use crate::protocol::{AgentOp, Limits, MailState, MessageArg};
use crate::text::SafeText;

/// A message on its way out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outgoing {
    pub(super) conversation: ConversationId,
    pub(super) kind: DraftKind,
    pub(super) text: String,
    pub(super) cid: Cid,
    /// What is done once it is sent.
    pub(super) then: Vec<Action>,
}

/// How far a message of one's own is, as shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageState {
    /// Held back for so many seconds more: `u` recalls it.
    Held(u64),
    /// Being written to disk.
    Saving,
    /// On disk, on its way.
    Queued,
    /// The server has it.
    Sent,
    /// The visitor has seen it.
    Seen,
    /// Refused; `!` sends it again.
    Failed,
    /// The mail server has it.
    Mailed,
    /// It could not be mailed; `!` tries again.
    MailFailed,
}

impl MessageState {
    /// The word in the gutter, at most nine cells.
    pub fn word(self) -> String {
        match self {
            // Nine cells: the key that recalls it, where it has room.
            Self::Held(seconds @ 0..=9) => format!("held {seconds}s u"),
            Self::Held(seconds) => format!("held {seconds}s"),
            Self::Saving => "saving".to_owned(),
            Self::Queued => "queued".to_owned(),
            Self::Sent => "sent".to_owned(),
            Self::Seen => "seen".to_owned(),
            Self::Failed => "failed: !".to_owned(),
            Self::Mailed => "mailed".to_owned(),
            Self::MailFailed => "mail: !".to_owned(),
        }
    }

    /// A mark of one cell for where the word has no room: a state is never told by colour alone.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Held(_) => "~",
            Self::Saving | Self::Queued => ".",
            Self::Sent => "+",
            Self::Seen => "=",
            Self::Mailed => "@",
            Self::Failed | Self::MailFailed => "!",
        }
    }
}

/// How far a message is that does not stand in the transcript yet.
pub fn state_of_echo(state: &State, echo: &Echo) -> MessageState {
    match echo.state {
        EchoState::Held => {
            let held = state.writing.held.iter().find(|held| held.tag == echo.tag);
            MessageState::Held(held.map_or(0, |held| held.seconds(state.now.mono)))
        }
        EchoState::Storing => MessageState::Saving,
        EchoState::Queued => MessageState::Queued,
        EchoState::Sent(_) => MessageState::Sent,
        EchoState::Failed => MessageState::Failed,
    }
}

/// How far an entry of the transcript is; none for what is not one's own word to the visitor.
pub fn state_of(state: &State, conversation: ConversationId, said: &Said) -> Option<MessageState> {
    let seen = state.writing.seen.get(&conversation).copied().unwrap_or(0);
    match said.who {
        Who::Me if said.version <= seen => Some(MessageState::Seen),
        Who::Me => Some(match state.writing.mail.of(conversation, said.version).map(|mail| mail.state) {
            Some(MailState::Sent) => MessageState::Mailed,
            Some(MailState::Failed) => MessageState::MailFailed,
            Some(MailState::Waiting | MailState::Sending) | None => MessageState::Sent,
        }),
        _ => None,
    }
}

/// The visitor has seen everything up to this version, as `watch` and the ephemeral `seen` report it.
pub fn seen(state: &mut State, conversation: ConversationId, version: u64) {
    let known = state.writing.seen.entry(conversation).or_default();
    *known = version.max(*known);
}

/// Sends what stands in the composer, if it may go; the words stay until they are on disk, or are held.
pub(super) fn send(state: &mut State, then: Vec<Action>, fx: &mut Vec<Effect>) {
    let Some(composing) = &state.composing else { return };
    let (conversation, kind) = (composing.conversation, composing.kind);
    if composing.storing.is_some() {
        return refuse(state, "the message before is still being saved; {send} again in a moment", fx);
    }
    if composing.editor.is_blank() {
        return refuse(state, "nothing to send: write something, or {leave} leaves", fx);
    }
    let whole = composing.editor.text();
    let may = match kind {
        DraftKind::Reply => availability::reply_to(state, conversation),
        DraftKind::Note => availability::note_to(state, conversation),
    };
    if let Err(reason) = may {
        return refused(state, conversation, reason, fx);
    }
    if let Some((place, name)) = macros::gap(&whole) {
        if let Some(composing) = &mut state.composing {
            composing.editor.set_cursor(place.end);
        }
        let words = [
            SafeText::literal("fill in "),
            SafeText::literal(name),
            SafeText::literal(" first: Backspace removes the gap. Nothing was sent"),
        ];
        return toast(state, words.into_iter().collect(), true, fx);
    }
    let text = whole.trim_end().to_owned();
    let most = Limits::default().message_bytes;
    if text.len() > most {
        return refuse(state, "the message is longer than 8 KiB: send it in two parts", fx);
    }
    stop_typing(state, fx);
    let cid = Cid(state.now.fresh);
    let Some(composing) = &mut state.composing else { return };
    let mut all = std::mem::take(&mut composing.then);
    all.extend(then.into_iter().filter(|action| !composing.then.contains(action)));
    all.dedup();
    let message = Outgoing { conversation, kind, text, cid, then: all };
    let hold_ms = u64::from(state.config.composer.hold_s) * 1_000;
    if kind == DraftKind::Reply && hold_ms > 0 {
        composing.editor.strip_sent(&whole);
        state.drafts.remove(&(conversation, kind));
        held::hold(state, message, hold_ms, false, fx);
        compose::save(state, conversation, kind, fx);
    } else {
        let tag = state.tag();
        queue(state, tag, message, fx);
        if let Some(composing) = &mut state.composing {
            composing.storing = Some((tag, whole));
        }
    }
    if let Some(open) = &mut state.open {
        open.transcript.to_tail();
    }
}

/// Why what is written cannot go, in the words of whoever is writing.
fn refused(state: &mut State, conversation: ConversationId, reason: &'static str, fx: &mut Vec<Effect>) {
    use super::door::HolderView;
    if reason != availability::OTHERS {
        return refuse(state, reason, fx);
    }
    let holder = state.rows.get(&conversation).map(|row| &row.holder);
    let name = match holder {
        Some(HolderView::Agent { name, .. }) => name.clone(),
        _ => SafeText::literal("a colleague"),
    };
    let words =
        [name, state.words(" holds it: {other-audience} writes them a note, and your words stay as a draft")];
    toast(state, words.into_iter().collect(), true, fx);
}

/// Hands words to the outbox and shows them as on their way.
pub(super) fn queue(state: &mut State, tag: Tag, message: Outgoing, fx: &mut Vec<Effect>) {
    let Outgoing { conversation, kind, text, cid, then } = message;
    state.echoes.retain(|echo| echo.state != EchoState::Failed || echo.conversation != conversation);
    let (shown, words) = (door::block(&text), text.clone());
    // In front of what is still held: that is the order they arrive in.
    let at = state
        .echoes
        .iter()
        .position(|echo| echo.conversation == conversation && echo.state == EchoState::Held)
        .unwrap_or(state.echoes.len());
    let echo = Echo { tag, conversation, kind, text: shown, words, state: EchoState::Storing };
    state.echoes.insert(at, echo);
    state.pending.insert(tag, Pending::Send);
    if !then.is_empty() {
        let wrote_at = state.server_now();
        state.writing.after.insert(tag, After { conversation, actions: then, wrote_at });
    }
    let arg = MessageArg { conversation, cid, text };
    let op = match kind {
        DraftKind::Reply => AgentOp::MessageSend(arg),
        DraftKind::Note => AgentOp::NoteAdd(arg),
    };
    fx.push(Effect::Durable { tag, op });
}

/// The words of a send are on disk: the composer may let go of them.
pub(super) fn stored(state: &mut State, tag: Tag, fx: &mut Vec<Effect>) {
    let Some(echo) = state.echoes.iter_mut().find(|echo| echo.tag == tag) else { return };
    if echo.state == EchoState::Storing {
        echo.state = EchoState::Queued;
    }
    let (key, sent) = ((echo.conversation, echo.kind), echo.words.clone());
    if held::stored(state, tag, fx) {
        return;
    }
    if let Some(composing) = &mut state.composing
        && let Some((_, whole)) = composing.storing.take_if(|(storing, _)| *storing == tag)
    {
        composing.editor.strip_sent(&whole);
        compose::keep_draft(state, fx);
    } else if let Some(rest) = state.drafts.get(&key).and_then(|draft| draft.strip_prefix(sent.as_str())) {
        // The composer was left meanwhile: the words are in the draft.
        let rest = rest.trim_start_matches('\n').to_owned();
        compose::set_draft(state, key.0, key.1, rest, fx);
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
    let here = |c: &&mut Composing| c.conversation == conversation && c.kind == kind;
    if let Some(composing) = state.composing.as_mut().filter(here) {
        composing.editor.put_first(text);
    }
    let draft = state.drafts.entry((conversation, kind)).or_default();
    *draft = if draft.is_empty() { text.to_owned() } else { format!("{text}\n{draft}") };
    // One that was withdrawn gets no answer: it is no longer on its way, and nothing follows it.
    let withdrawn = state.echoes.iter().position(|echo| {
        (echo.conversation, echo.kind) == (conversation, kind)
            && echo.state == EchoState::Queued
            && echo.words == text
    });
    if let Some(at) = withdrawn {
        let echo = state.echoes.remove(at);
        state.writing.after.remove(&echo.tag);
    }
    // What is held is in the draft on disk too, and the client knows only what it was told.
    if held::to(state, conversation) {
        compose::save(state, conversation, kind, fx);
    }
    let words = [
        SafeText::literal("not sent to "),
        name_of(state, conversation),
        SafeText::literal(": "),
        door::line(why),
        state.words(". The words are in the draft again; {retry} sends them again"),
    ];
    toast(state, words.into_iter().collect(), true, fx);
}

/// A send was answered.
pub(super) fn sent(state: &mut State, tag: Tag, version: u64, fx: &mut Vec<Effect>) {
    mail::after_reply(state, tag, fx);
    let newest = state.open.as_ref().map(|open| (open.id, open.transcript.newest()));
    state.echoes.retain_mut(|echo| {
        if echo.tag != tag {
            return true;
        }
        echo.state = EchoState::Sent(version);
        // Already in the transcript; or the conversation is closed, where the transcript will come anew.
        newest.is_some_and(|(id, newest)| id == echo.conversation && newest < version)
    });
    if let Some(what) = state.writing.after.remove(&tag) {
        after::run(state, what, fx);
    }
}

/// A send was refused, or could not be written to disk.
pub(super) fn send_failed(state: &mut State, tag: Tag, why: SafeText, fx: &mut Vec<Effect>) {
    let storing =
        |composing: &mut Composing| composing.storing.take_if(|(storing, _)| *storing == tag).is_some();
    let then = state.writing.after.remove(&tag).map_or_else(Vec::new, |after| after.actions);
    let not_done = after::not_done(&then);
    let not_sent = SafeText::literal("not sent: ");
    let in_composer = state.composing.as_mut().is_some_and(storing);
    if in_composer || held::not_stored(state, tag, fx) {
        if in_composer && let Some(composing) = &mut state.composing {
            composing.then = then;
        }
        state.echoes.retain(|echo| echo.tag != tag);
        let words = [not_sent, why, SafeText::literal(". The words are still here"), not_done];
        return toast(state, words.into_iter().collect(), true, fx);
    }
    // It stays in sight, with its reason, until the next one is sent there; the words are a draft again.
    if let Some(echo) = state.echoes.iter_mut().find(|echo| echo.tag == tag) {
        let reason =
            [echo.text.clone(), SafeText::literal("\n(not sent: "), why.clone(), SafeText::literal(")")];
        echo.text = reason.into_iter().collect();
        echo.state = EchoState::Failed;
    }
    toast(state, [not_sent, why, not_done].into_iter().collect(), true, fx);
}

/// Sends the message that failed last again.
pub(super) fn retry(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(conversation) = state.target() else { return };
    let failed = |echo: &&Echo| echo.conversation == conversation && echo.state == EchoState::Failed;
    let Some(Echo { kind, words, .. }) = state.echoes.iter().rfind(failed).cloned() else {
        mail::retry(state, conversation, fx);
        return;
    };
    let may = match kind {
        DraftKind::Reply => availability::reply_to(state, conversation),
        DraftKind::Note => availability::note_to(state, conversation),
    };
    if let Err(reason) = may {
        return refused(state, conversation, reason, fx);
    }
    let whole = |draft: &String| {
        draft.strip_prefix(words.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('\n'))
    };
    if !state.drafts.get(&(conversation, kind)).is_some_and(whole) {
        // They were changed since: what is sent must be what one sees.
        if compose::begin_in(state, conversation, kind, fx) {
            refuse(state, "the words were changed since: {send} sends what stands here", fx);
        }
        return;
    }
    let tag = state.tag();
    let cid = Cid(state.now.fresh);
    queue(state, tag, Outgoing { conversation, kind, text: words, cid, then: Vec::new() }, fx);
}

/// The open transcript has come so far: echoes it contains go.
pub(super) fn drop_seen(echoes: &mut Vec<Echo>, conversation: ConversationId, newest: u64) {
    echoes.retain(|echo| {
        echo.conversation != conversation || !matches!(echo.state, EchoState::Sent(v) if v <= newest)
    });
}
