//! Why a command cannot be carried out: each reason names what stands in the way and the key that helps, as `{command}`,
//! which becomes the key the agent has for it.
//!
//! A reason about a conversation is asked of its line (`…_row`); what a key asks for is asked of the marked rows, or else
//! of the one a command acts upon.

use super::door::{HolderView, RowView};
use super::held;
use super::state::{EchoState, Focus, Link, State};
use crate::client::DraftKind;
use crate::conversation::{ConversationId, State as Standing};
use crate::text::SafeText;

/// A reason, or none.
pub type May = Result<(), &'static str>;

const NOTHING: &str = "no conversation is selected: {down} and {up} move, {next-tab} changes the tab";
const OFFLINE: &str = "no link: this must wait for it; {reply} and {note} work meanwhile";
const RESOLVED: &str = "it is resolved: {reopen} reopens it";
/// How a reason begins that a colleague stands in the way: their name is put there where it is shown.
pub(super) const COLLEAGUE: &str = "a colleague";
pub(super) const OTHERS: &str = "a colleague holds it: {note} leaves them a note";
const GONE: &str = "it is no longer visible to you: {settle} clears the list";

const NONE_MARKED: &str = "no marked row allows that: Esc in the list clears the marks";

/// A reason, with the colleague's name where one stands in the way.
pub(super) fn said(s: &State, row: Option<&RowView>, reason: &'static str) -> SafeText {
    match (reason.strip_prefix(COLLEAGUE), row.map(|row| &row.holder)) {
        (Some(rest), Some(HolderView::Agent { name, .. })) => {
            [name.clone(), s.words(rest)].into_iter().collect()
        }
        _ => s.words(reason),
    }
}

/// A reason without the advice behind its colon: for sums.
pub(super) fn in_short(s: &State, row: Option<&RowView>, reason: &'static str) -> SafeText {
    said(s, row, reason.split_once(": ").map_or(reason, |(what, _)| what))
}

/// Asks the marked rows: one that allows it is enough. Without marks, the one a command acts upon.
fn of_targets(s: &State, of: fn(&State, &RowView) -> May) -> May {
    let marked = s.marked();
    if marked.is_empty() {
        return of(s, s.target_row().ok_or(NOTHING)?);
    }
    let mut reasons = marked.iter().filter_map(|id| s.rows.get(id)).map(|row| of(s, row));
    let Some(Err(first)) = reasons.next() else { return Ok(()) };
    let mut same = !first.starts_with(COLLEAGUE);
    for reason in reasons {
        match reason {
            Ok(()) => return Ok(()),
            Err(reason) => same &= reason == first,
        }
    }
    Err(if same { first } else { NONE_MARKED })
}

/// Always possible.
pub fn always(_: &State) -> May {
    Ok(())
}

/// Needs a conversation.
pub fn target(s: &State) -> May {
    s.target().map(|_| ()).ok_or(NOTHING)
}

/// Needs an open conversation, or marks to clear.
pub fn reading(s: &State) -> May {
    if s.focus == Focus::List && s.marked().is_empty() {
        Err("you are in the list already: {quit} quits")
    } else {
        Ok(())
    }
}

/// Needs the composer.
pub fn composing(s: &State) -> May {
    if s.composing.is_some() { Ok(()) } else { Err("that is for the composer: {reply} or {note} opens it") }
}

/// Needs the link.
pub fn online(s: &State) -> May {
    match s.link {
        Link::Live | Link::Syncing => Ok(()),
        Link::Stopped { .. } => Err("not connected for good: {quit} leaves, then start baton again"),
        Link::Connecting | Link::Down { .. } => Err(OFFLINE),
    }
}

/// Who stands between the agent and a conversation.
fn mine_or_free(s: &State, row: &RowView) -> May {
    if row.gone {
        return Err(GONE);
    }
    match row.holder.agent() {
        Some(id) if s.me.as_ref().is_none_or(|me| me.id != id) => Err(OTHERS),
        _ => Ok(()),
    }
}

fn supervises(s: &State) -> bool {
    s.me.as_ref().is_some_and(|me| me.supervises)
}

/// As [`mine_or_free`]; a supervisor may with any.
fn mine_or_supervised(s: &State, row: &RowView) -> May {
    if supervises(s) && !row.gone { Ok(()) } else { mine_or_free(s, row) }
}

/// Accept or take over.
pub fn accept(s: &State) -> May {
    of_targets(s, accept_row)
}

pub(super) fn accept_row(s: &State, row: &RowView) -> May {
    online(s)?;
    match row.state {
        _ if row.gone => Err(GONE),
        Standing::Resolved => Err(RESOLVED),
        Standing::Active if s.is_mine(row) => Err("you hold it already: {reply} replies"),
        Standing::Active if !supervises(s) => Err("a colleague holds it: only a supervisor can take it over"),
        _ => Ok(()),
    }
}

/// Reply. Works without the link: it is kept and sent later.
pub fn reply(s: &State) -> May {
    reply_to(s, s.target().ok_or(NOTHING)?)
}

/// Reply to this one, wherever the cursor is.
pub(super) fn reply_to(s: &State, conversation: ConversationId) -> May {
    let row = s.rows.get(&conversation).ok_or(NOTHING)?;
    if row.state == Standing::Resolved {
        return Err(RESOLVED);
    }
    mine_or_free(s, row)
}

/// Note. Works without the link.
pub fn note(s: &State) -> May {
    note_to(s, s.target().ok_or(NOTHING)?)
}

/// Note on this one, wherever the cursor is.
pub(super) fn note_to(s: &State, conversation: ConversationId) -> May {
    let row = s.rows.get(&conversation).ok_or(NOTHING)?;
    if row.gone { Err(GONE) } else { Ok(()) }
}

/// A ready text: in the composer, or for a conversation one can write about.
pub fn ready_text(s: &State) -> May {
    if s.composing.is_some() { Ok(()) } else { note(s) }
}

/// The last ready text again.
pub fn ready_text_again(s: &State) -> May {
    if s.writing.last_macro.is_none() {
        return Err("no ready text was used yet: {macro} picks one");
    }
    note(s)
}

/// Send a failed message again.
pub fn retry(s: &State) -> May {
    let conversation = s.target().ok_or(NOTHING)?;
    let here = || s.echoes.iter().filter(|echo| echo.conversation == conversation);
    if here().any(|echo| echo.state == EchoState::Failed) {
        return Ok(());
    }
    if here().any(|echo| echo.state == EchoState::Queued) {
        return Err("it has not failed: it is queued, and goes by itself once the link is back");
    }
    if s.writing.mail.failed_in(conversation).is_some() {
        return if s.live() { Ok(()) } else { Err(OFFLINE) };
    }
    Err("no message failed here")
}

/// Hello.
pub fn hello(s: &State) -> May {
    let row = s.target_row().ok_or(NOTHING)?;
    if held::hello_to(s, row.id) {
        return Err("a hello is on its way already: {undo} recalls it");
    }
    match row.state {
        Standing::Resolved => Err(RESOLVED),
        _ if !s.is_mine(row) => Err("hello is for a conversation you hold: {accept} accepts it"),
        _ if row.answered => Err("you have answered already: {reply} replies"),
        _ if s.draft(row.id, DraftKind::Reply).is_some() => {
            Err("you have begun a reply: {reply} goes on with it")
        }
        _ if held::to(s, row.id) => Err("a reply to them is held: {undo} recalls it"),
        _ => Ok(()),
    }
}

/// Resolve.
pub fn resolve(s: &State) -> May {
    of_targets(s, resolve_row)
}

pub(super) fn resolve_row(s: &State, row: &RowView) -> May {
    online(s)?;
    if row.state == Standing::Resolved {
        return Err("it is resolved already: {reopen} reopens it");
    }
    mine_or_supervised(s, row)
}

/// Resolve and next: only what one holds. What it shows next may be somebody nobody has spoken to yet: a second press of
/// the key must not end that.
pub fn resolve_next(s: &State) -> May {
    of_targets(s, |s, row| {
        resolve_row(s, row)?;
        let me = s.me.as_ref().map(|me| me.id);
        let held = me.is_some() && row.holder.agent() == me;
        if held {
            Ok(())
        } else {
            Err("that is for what you hold: {resolve} resolves, {next-waiting} goes to the next")
        }
    })
}

/// Release, snooze: what an agent holds.
pub fn held(s: &State) -> May {
    of_targets(s, held_row)
}

pub(super) fn held_row(s: &State, row: &RowView) -> May {
    online(s)?;
    match row.state {
        Standing::Resolved => Err(RESOLVED),
        Standing::Assistant | Standing::Queued => Err("nobody holds it: {accept} takes it first"),
        _ => mine_or_supervised(s, row),
    }
}

/// Transfer: what is queued or held.
pub fn transfer(s: &State) -> May {
    of_targets(s, transfer_row)
}

pub(super) fn transfer_row(s: &State, row: &RowView) -> May {
    online(s)?;
    match row.state {
        Standing::Resolved => Err(RESOLVED),
        Standing::Assistant => Err("the assistant has it: {accept} takes it over first"),
        _ => mine_or_supervised(s, row),
    }
}

/// Block the visitor: whom one talks to, or (a supervisor) any.
pub fn block(s: &State) -> May {
    block_row(s, s.target_row().ok_or(NOTHING)?)
}

pub(super) fn block_row(s: &State, row: &RowView) -> May {
    online(s)?;
    match row.state {
        _ if row.gone => Err(GONE),
        // Who ended it is the server's to know.
        Standing::Resolved => Ok(()),
        _ if s.is_mine(row) || supervises(s) => Ok(()),
        _ => Err("you do not talk to them: {accept} takes it first; a supervisor may block any"),
    }
}

/// Tags and priority: any conversation in sight.
pub fn label(s: &State) -> May {
    of_targets(s, label_row)
}

pub(super) fn label_row(s: &State, row: &RowView) -> May {
    online(s)?;
    if row.gone { Err(GONE) } else { Ok(()) }
}

/// Hand back.
pub fn hand_back(s: &State) -> May {
    of_targets(s, hand_back_row)
}

pub(super) fn hand_back_row(s: &State, row: &RowView) -> May {
    online(s)?;
    match row.state {
        Standing::Assistant => Err("the assistant has it already: {accept} takes it over"),
        Standing::Resolved => Err(RESOLVED),
        _ => mine_or_supervised(s, row),
    }
}

/// Needs earlier conversations of the visitor.
pub fn earlier(s: &State) -> May {
    match &s.open {
        None => Err("no conversation is open: Enter opens one"),
        Some(open) if open.earlier.is_empty() => Err("this visitor has no earlier conversations"),
        Some(_) => Ok(()),
    }
}

/// Reopen.
pub fn reopen(s: &State) -> May {
    of_targets(s, reopen_row)
}

pub(super) fn reopen_row(s: &State, row: &RowView) -> May {
    online(s)?;
    match row.state {
        _ if row.gone => Err(GONE),
        Standing::Resolved => Ok(()),
        _ => Err("it is not resolved: {accept} accepts it, {reply} replies"),
    }
}

/// Undo.
pub fn undo(s: &State) -> May {
    if held::newest(s).is_some() {
        return Ok(());
    }
    if s.on_its_way() {
        return Err("your last action is still on its way: u again in a moment");
    }
    if s.undo.is_empty() {
        return Err("nothing to undo: an accept or a sent message cannot be undone");
    }
    online(s)
}

#[cfg(test)]
mod tests {
    #[test]
    fn reasons_name_commands_that_exist() {
        let mut named = 0;
        let reasons = include_str!("availability.rs").lines().take_while(|line| *line != "#[cfg(test)]");
        for line in reasons.filter(|line| line.contains('"')) {
            for name in line.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
            {
                if name.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !name.is_empty() {
                    assert!(super::super::command::named(name).is_some(), "{name}: {line}");
                    named += 1;
                }
            }
        }
        assert!(named > 15);
    }
}
