//! What the composer can do beside typing: the editor, the other audience, send and resolve, retry.
//!
//! Invariant: words pass from a note to the visitor only after a question that says so; changing the audience moves to the
//! other kind's draft and leaves this one where it is.

use std::collections::HashMap;

use super::effect::{Effect, Tag};
use super::held::Held;
use super::mail::Mails;
use super::state::{Composing, Confirm, Overlay, State};
use super::update::{refuse, say, toast};
use super::{compose, sending};
use crate::client::DraftKind;
use crate::console::composer::{Composer, Taken};
use crate::console::macros::{Action, Library};
use crate::conversation::{ConversationId, Time};
use crate::text::SafeText;

/// What is known about writing beside the text itself.
#[derive(Debug, Default)]
pub struct Writing {
    /// Messages held back, in the order they go.
    pub held: Vec<Held>,
    /// Up to which version the visitor has seen a conversation.
    pub seen: HashMap<ConversationId, u64>,
    /// The draft that is open in the agent's editor.
    pub editing: Option<(ConversationId, DraftKind)>,
    /// The ready texts, as last read; none: not read yet.
    pub macros: Option<Library>,
    /// When a slash has opened the picker, until the next key.
    pub(super) slash: Option<u64>,
    /// The ready text used last.
    pub last_macro: Option<String>,
    /// Composers that were left, with cursor, folded pastes and history.
    pub(super) parked: HashMap<(ConversationId, DraftKind), Parked>,
    /// What is known of mail.
    pub mail: Mails,
    /// What follows a message once it is sent.
    pub(super) after: HashMap<Tag, After>,
}

/// A composer that was left.
#[derive(Debug)]
pub(super) struct Parked {
    pub(super) editor: Composer,
    pub(super) then: Vec<Action>,
}

/// What follows a message.
#[derive(Debug, Clone)]
pub(super) struct After {
    pub(super) conversation: ConversationId,
    pub(super) actions: Vec<Action>,
    /// When it was sent: a visitor who wrote later has not been answered by it.
    pub(super) wrote_at: Time,
}

/// Opens the text in the agent's own editor.
pub(super) fn editor(state: &mut State, fx: &mut Vec<Effect>) {
    compose::stop_typing(state, fx);
    let Some(Composing { conversation, kind, editor, .. }) = &state.composing else { return };
    let (conversation, kind, text) = (*conversation, *kind, editor.text());
    state.writing.editing = Some((conversation, kind));
    fx.push(Effect::Edit { conversation, kind, text });
}

/// The editor has ended: its text takes the place of the draft, as one step of undo.
pub(super) fn edited(
    state: &mut State,
    conversation: ConversationId,
    kind: DraftKind,
    text: Result<String, SafeText>,
    fx: &mut Vec<Effect>,
) {
    state.writing.editing = None;
    let text = match text {
        Ok(text) => text,
        Err(why) => return toast(state, why, true, fx),
    };
    let here = |c: &&mut Composing| c.conversation == conversation && c.kind == kind;
    let Some(composing) = state.composing.as_mut().filter(here) else {
        // The composer was left meanwhile (the conversation went away, say): the words are the draft.
        let (clean, _) = crate::console::composer::sanitized(&text);
        compose::set_draft(state, conversation, kind, clean.trim_end().to_owned(), fx);
        return;
    };
    // Editors end a file with a line break; a message does not.
    let text = text.trim_end_matches(['\n', '\r']);
    if composing.editor.text() == text {
        return say(state, "nothing was changed in the editor", fx);
    }
    let took = composing.editor.replace(text);
    compose::edited(state, fx);
    match took {
        Taken::In { dropped: 0 } => say(state, "taken over from the editor; {send} sends it", fx),
        took => compose::told(state, took, fx),
    }
}

/// A reply becomes a note at once; a note becomes a reply after a question. The words stay with their kind.
pub(super) fn other_audience(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(composing) = &state.composing else { return };
    let (conversation, kind) = (composing.conversation, composing.kind);
    if composing.storing.is_some() {
        return refuse(state, "the message is still being saved; again in a moment", fx);
    }
    if kind == DraftKind::Note {
        state.overlay = Some(Overlay::Confirm(Confirm::Audience));
        return;
    }
    let blank = composing.editor.is_blank();
    if compose::begin_in(state, conversation, DraftKind::Note, fx) {
        let words = if blank {
            "a note: only agents see it"
        } else {
            "a note: only agents see it. The reply stays as its draft"
        };
        say(state, words, fx);
    }
}

/// From the note to the reply; the note stays as its draft.
pub(super) fn to_reply(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(conversation) = state.composing.as_ref().map(|c| c.conversation) else { return };
    if compose::begin_in(state, conversation, DraftKind::Reply, fx) {
        say(state, "a reply: the visitor reads it", fx);
    }
}

/// Moves words across, as the question said: the note's into the reply; or, where no note is written, the reply's into it.
pub(super) fn move_words(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(composing) = &state.composing else { return };
    let conversation = composing.conversation;
    let note = composing.editor.text();
    let (from, to) = if note.trim().is_empty() {
        (DraftKind::Reply, DraftKind::Note)
    } else {
        (DraftKind::Note, DraftKind::Reply)
    };
    compose::put_away(state, fx);
    let Some(words) = state.drafts.get(&(conversation, from)).cloned() else {
        compose::begin_in(state, conversation, DraftKind::Note, fx);
        return refuse(state, "there are no words to move", fx);
    };
    if !compose::begin_in(state, conversation, to, fx) {
        return;
    }
    if let Some(composing) = &mut state.composing {
        composing.editor.put_first(&words);
    }
    compose::edited(state, fx);
    // First in their new place, then out of the old one: nothing is lost between.
    state.writing.parked.remove(&(conversation, from));
    compose::set_draft(state, conversation, from, String::new(), fx);
    let said = match to {
        DraftKind::Reply => "moved into the reply: the VISITOR reads it once {send} sends it",
        DraftKind::Note => "moved into the note: only agents see it",
    };
    say(state, said, fx);
}

/// Sends, and resolves once it is sent.
pub(super) fn send_and_resolve(state: &mut State, fx: &mut Vec<Effect>) {
    sending::send(state, vec![Action::Resolve], fx);
}

/// Sends a refused message again.
pub(super) fn retry(state: &mut State, fx: &mut Vec<Effect>) {
    sending::retry(state, fx);
}

/// Shows what a folded paste holds.
pub(super) fn unfold(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(composing) = &mut state.composing else { return };
    match composing.editor.unfold() {
        Ok(()) => compose::edited(state, fx),
        Err(why) => refuse(state, why, fx),
    }
}
