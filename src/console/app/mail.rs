//! Replies that go by mail: how far each is, what failed and how it is tried again, and what goes nowhere at all.
//!
//! Invariant: whoever writes to somebody who is gone is told before and after whether it will reach them; a mail that was
//! given up is told at once, and stays in the list until it left or was dropped.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::commands;
use super::commands::name_of;
use super::door::{RowView, line};
use super::effect::{Effect, Tag};
use super::prompt::{self, Ask, Choice, Prompt};
use super::state::{Pending, State};
use super::update::{refuse, say, toast};
use crate::client::DraftKind;
use crate::conversation::{ConversationId, Time};
use crate::protocol::{AgentAuthOk, AgentOp, MailArg, MailInfo, MailListArg, MailListOk, MailState};
use crate::text::SafeText;

/// Mails that failed kept at most; the oldest are found with `baton mail list`.
const FAILED: usize = 200;

/// A mail, as drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailView {
    /// Its number.
    pub id: u64,
    /// Which conversation.
    pub conversation: ConversationId,
    /// Versions of the first and the last reply it carries.
    pub carries: (u64, u64),
    /// How far it is.
    pub state: MailState,
    /// Since when.
    pub at: Time,
    /// Attempts so far.
    pub attempts: u32,
    /// When it is tried next.
    pub next: Option<Time>,
    /// Why it failed.
    pub reason: SafeText,
    /// To whom.
    pub to: SafeText,
}

impl MailView {
    fn of(mail: &MailInfo) -> Self {
        Self {
            id: mail.id,
            conversation: mail.conversation,
            carries: (mail.first, mail.last),
            state: mail.state,
            at: mail.at,
            attempts: mail.attempts,
            next: mail.next,
            reason: line(mail.reason.as_deref().unwrap_or_default()),
            to: line(mail.to.as_deref().unwrap_or("(no address)")),
        }
    }
}

/// What is known of mail.
#[derive(Debug, Default)]
pub struct Mails {
    /// Whether replies of a site go by mail, by its id; sites the server says nothing of are not here.
    sites: HashMap<SafeText, bool>,
    /// Those of the open conversation, oldest first.
    open: (Option<ConversationId>, Vec<MailView>),
    /// How far the newest of those is, in words, and whether that is bad news.
    told: Option<(SafeText, bool)>,
    /// Those that were given up, by number.
    failed: BTreeMap<u64, MailView>,
    /// The last reply that reached nobody, to be copied.
    pub(super) undelivered: Option<(ConversationId, SafeText)>,
}

impl Mails {
    /// The mail that carries a reply of the open conversation.
    pub fn of(&self, conversation: ConversationId, version: u64) -> Option<&MailView> {
        let (Some(open), mails) = &self.open else { return None };
        let carries = |mail: &&MailView| (mail.carries.0..=mail.carries.1).contains(&version);
        mails.iter().rev().find(carries).filter(|_| *open == conversation)
    }

    /// How far the newest mail of the open conversation is, in words, and whether that is bad news.
    pub fn told(&self, conversation: ConversationId) -> Option<(&SafeText, bool)> {
        let told = self.told.as_ref().filter(|_| self.open.0 == Some(conversation));
        told.map(|(words, bad)| (words, *bad))
    }

    /// The latest one of a conversation that was given up.
    pub fn failed_in(&self, conversation: ConversationId) -> Option<&MailView> {
        self.failed.values().rfind(|mail| mail.conversation == conversation)
    }
}

/// What a reply comes to for somebody who is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It goes by mail.
    Mail,
    /// No mail is configured.
    NotConfigured,
    /// They left no address.
    NoAddress,
}

/// What a reply to this visitor comes to; none: they are there, or the server says nothing about mail.
pub fn reach(state: &State, row: &RowView) -> Option<Reach> {
    let gone = state.presence.get(&row.id).is_some_and(|here| !here.online);
    let configured = *state.writing.mail.sites.get(&row.site)?;
    match (row.ticket || gone, configured, &row.email) {
        (false, ..) => None,
        (true, false, _) => Some(Reach::NotConfigured),
        (true, true, None) => Some(Reach::NoAddress),
        (true, true, Some(_)) => Some(Reach::Mail),
    }
}

pub(super) fn welcome(state: &mut State, welcome: &AgentAuthOk, fx: &mut Vec<Effect>) {
    let sites = welcome.sites.iter().filter_map(|site| Some((line(site.id.as_str()), site.mail?)));
    state.writing.mail.sites = sites.collect();
    if !state.writing.mail.sites.is_empty() {
        let tag = state.tag();
        state.pending.insert(tag, Pending::Mail);
        let ask = MailListArg { state: Some(MailState::Failed), limit: Some(FAILED as u32) };
        fx.push(Effect::Request { tag, op: AgentOp::MailList(ask) });
    }
}

/// Those that failed, as the server has them.
pub(super) fn listed(state: &mut State, result: Result<MailListOk, SafeText>, fx: &mut Vec<Effect>) {
    // A server that knows no mail has none that failed.
    let Ok(ok) = result else { return };
    let before = state.writing.mail.failed.len();
    state.writing.mail.failed = ok.mails.iter().map(|mail| (mail.id, MailView::of(mail))).collect();
    let now = state.writing.mail.failed.len();
    if now > before {
        let words = match now {
            1 => state.words("1 mail was not delivered: {mail} shows it"),
            n => [SafeText::from(n), state.words(" mails were not delivered: {mail} shows them")]
                .into_iter()
                .collect(),
        };
        toast(state, words, true, fx);
    }
}

/// The mails of the conversation that was opened.
pub(super) fn watched(state: &mut State, conversation: ConversationId, mails: &[MailInfo]) {
    state.writing.mail.open = (Some(conversation), mails.iter().map(MailView::of).collect());
    tell(state);
}

/// A mail is further than it was.
pub(super) fn told(state: &mut State, mail: &MailInfo, fx: &mut Vec<Effect>) {
    let view = MailView::of(mail);
    let mails = &mut state.writing.mail;
    if mails.open.0 == Some(view.conversation) {
        mails.open.1.retain(|known| known.id != view.id);
        if !mail.gone {
            mails.open.1.push(view.clone());
            mails.open.1.sort_by_key(|mail| mail.carries);
        }
    }
    let failed = view.state == MailState::Failed && !mail.gone;
    let known = if failed {
        while mails.failed.len() >= FAILED {
            mails.failed.pop_first();
        }
        mails.failed.insert(view.id, view.clone()).is_some_and(|before| before.at == view.at)
    } else {
        mails.failed.remove(&view.id);
        false
    };
    tell(state);
    if failed && !known {
        let name = mail.name.as_deref().map_or_else(|| view.to.clone(), line);
        let words = [
            SafeText::literal("mail to "),
            name,
            SafeText::literal(" failed: "),
            view.reason,
            state.words("; {mail} shows it"),
        ];
        toast(state, words.into_iter().collect(), true, fx);
    }
}

/// Says how far the newest mail of the open conversation is.
fn tell(state: &mut State) {
    let newest = state.writing.mail.open.1.last().cloned();
    let bad = newest.as_ref().is_some_and(|mail| mail.state == MailState::Failed);
    let words = newest.map(|mail| {
        let clock = |at: Time| {
            let stamp = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
            stamp.to_zoned(state.tz.clone()).strftime("%H:%M").to_string()
        };
        let words = match (mail.state, mail.next) {
            (MailState::Sent, _) => format!("mailed {} to ", clock(mail.at)),
            (MailState::Sending, _) => "is being mailed to ".to_owned(),
            (MailState::Waiting, next) if mail.attempts == 0 => {
                format!("goes by mail at {}, unless seen before, to ", clock(next.unwrap_or(mail.at)))
            }
            (MailState::Waiting, next) => {
                let next = clock(next.unwrap_or(mail.at));
                return [line(&format!("mail waits, next try {next}: ")), mail.reason].into_iter().collect();
            }
            (MailState::Failed, _) => {
                let key = state.words("; {retry} tries again");
                return [SafeText::literal("mail failed: "), mail.reason, key].into_iter().collect();
            }
        };
        [line(&words), mail.to].into_iter().collect()
    });
    state.writing.mail.told = words.map(|words| (words, bad));
}

/// A reply was sent: where it reaches nobody, that is said, and it can be copied.
pub(super) fn after_reply(state: &mut State, tag: Tag, fx: &mut Vec<Effect>) {
    let Some(echo) = state.echoes.iter().find(|echo| echo.tag == tag && echo.kind == DraftKind::Reply) else {
        return;
    };
    let (conversation, text) = (echo.conversation, echo.text.clone());
    let why = match state.rows.get(&conversation).and_then(|row| reach(state, row)) {
        Some(Reach::NotConfigured) => "not delivered: no mail is configured; {copy-other} copies it",
        Some(Reach::NoAddress) => "not delivered: they left without an address; {copy-other} copies it",
        Some(Reach::Mail) | None => return,
    };
    state.writing.mail.undelivered = Some((conversation, text));
    refuse(state, why, fx);
}

/// Tries the mail of this conversation that failed again; false where none did.
pub(super) fn retry(state: &mut State, conversation: ConversationId, fx: &mut Vec<Effect>) -> bool {
    let Some(id) = state.writing.mail.failed_in(conversation).map(|mail| mail.id) else { return false };
    let tag = state.tag();
    state.pending.insert(tag, Pending::MailRetry);
    fx.push(Effect::Request { tag, op: AgentOp::MailRetry(MailArg { id }) });
    true
}

/// What came of that.
pub(super) fn retried(state: &mut State, result: Result<MailInfo, SafeText>, fx: &mut Vec<Effect>) {
    match result {
        Ok(mail) => {
            told(state, &mail, fx);
            say(state, "the mail is tried again", fx);
        }
        Err(why) => toast(state, why, true, fx),
    }
}

/// Asks which of those that failed.
pub(super) fn ask(state: &mut State, fx: &mut Vec<Effect>) {
    let choices: Vec<Choice> = state
        .writing
        .mail
        .failed
        .values()
        .rev()
        .map(|mail| Choice {
            label: [name_of(state, mail.conversation), SafeText::literal(" · "), mail.to.clone()]
                .into_iter()
                .collect(),
            detail: mail.reason.clone(),
            value: mail.conversation.0.to_string(),
        })
        .collect();
    if choices.is_empty() {
        return say(state, "no mail failed", fx);
    }
    let hint = "Enter opens it; ! there tries the mail again";
    prompt::open(state, Prompt::choice(Ask::Mail, "mail not delivered", hint, choices));
}

/// Opens the conversation of one.
pub(super) fn open(state: &mut State, value: &str, fx: &mut Vec<Effect>) -> Result<(), SafeText> {
    let of = state.writing.mail.failed.values().find(|mail| mail.conversation.0.to_string() == value);
    let id = of.map(|mail| mail.conversation).ok_or(SafeText::literal("it is not there any more"))?;
    match state.rows.get(&id).cloned() {
        Some(row) => super::jump::go(state, row, fx),
        None => commands::open(state, id, fx),
    }
    state.focus = super::state::Focus::Conversation;
    Ok(())
}
