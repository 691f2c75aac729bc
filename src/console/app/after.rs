//! What follows a message: the actions of a ready text, and resolve after send.
//!
//! Invariant: nothing here runs before the server has acknowledged the message, and nothing if it refused it. A visitor who
//! wrote meanwhile is not resolved unread.

use jiff::Timestamp;
use uuid::Uuid;

use super::availability;
use super::commands::{name_of, verb_on};
use super::effect::Effect;
use super::state::{Pending, State};
use super::update::toast;
use super::writing::After;
use crate::console::macros::Action;
use crate::conversation::{Cid, ConversationId, Time};
use crate::protocol::{AgentOp, PriorityArg, SnoozeArg, TagArg};
use crate::text::{SafeText, Untrusted, when};

/// Carries out what follows a message that is sent.
pub(super) fn run(state: &mut State, after: After, fx: &mut Vec<Effect>) {
    let After { conversation, actions, wrote_at } = after;
    for action in &actions {
        // Each is a command of its own and needs an id of its own; the event brought one.
        state.now.fresh = next(state.now.fresh);
        let cid = Cid(state.now.fresh);
        let done = match action {
            Action::Tag(tag) => {
                let op =
                    AgentOp::Tag(TagArg { conversation, cid, add: vec![tag.clone()], remove: Vec::new() });
                ask(state, conversation, "tagged", op, fx);
                Ok(())
            }
            Action::Priority(priority) => {
                let op = AgentOp::Priority(PriorityArg { conversation, cid, priority: *priority });
                ask(state, conversation, "priority set", op, fx);
                Ok(())
            }
            Action::Snooze(until) => snooze(state, conversation, cid, until, fx),
            Action::Resolve => resolve(state, conversation, wrote_at, fx),
            Action::Send => Ok(()),
        };
        if let Err(why) = done {
            let words = [
                name_of(state, conversation),
                SafeText::literal(": sent; not done: "),
                SafeText::literal(action.kind()),
                SafeText::literal(": "),
                why,
            ];
            toast(state, words.into_iter().collect(), true, fx);
        }
    }
}

fn ask(
    state: &mut State,
    conversation: ConversationId,
    word: &'static str,
    op: AgentOp,
    fx: &mut Vec<Effect>,
) {
    let tag = state.tag();
    state.pending.insert(tag, Pending::Verb { word, conversation });
    fx.push(Effect::Request { tag, op });
}

fn snooze(
    state: &mut State,
    conversation: ConversationId,
    cid: Cid,
    until: &str,
    fx: &mut Vec<Effect>,
) -> Result<(), SafeText> {
    let until = if until.is_empty() {
        None
    } else {
        // "2h" counts from when it was sent, on the server's clock.
        let now = Timestamp::from_millisecond(state.server_now().0).unwrap_or(Timestamp::UNIX_EPOCH);
        let at = when::moment(until, &now.to_zoned(state.tz.clone()))
            .map_err(|why| Untrusted::new(why.to_string()).line())?;
        Some(Time(at.as_millisecond()))
    };
    ask(state, conversation, "snoozed", AgentOp::Snooze(SnoozeArg { conversation, cid, until }), fx);
    Ok(())
}

fn resolve(
    state: &mut State,
    conversation: ConversationId,
    wrote_at: Time,
    fx: &mut Vec<Effect>,
) -> Result<(), SafeText> {
    availability::online(state).map_err(SafeText::literal)?;
    let wrote_since = |row: &super::door::RowView| row.waiting_since.is_some_and(|since| since > wrote_at);
    if state.rows.get(&conversation).is_some_and(wrote_since) {
        return Err(SafeText::literal("the visitor wrote meanwhile; e resolves all the same"));
    }
    verb_on(state, conversation, "resolved, after the message; u takes it back", AgentOp::Resolve, fx);
    Ok(())
}

/// The next id of the same event.
fn next(id: Uuid) -> Uuid {
    Uuid::from_u128(id.as_u128().wrapping_add(1))
}

/// What is not done because the message was not sent, in words.
pub(super) fn not_done(actions: &[Action]) -> SafeText {
    if actions.contains(&Action::Resolve) {
        return SafeText::literal(". Not resolved");
    }
    if actions.iter().any(|action| *action != Action::Send) {
        return SafeText::literal(". What was to follow was not done");
    }
    SafeText::default()
}
