//! What follows a message: the actions of a ready text, and resolve after send.
//!
//! Invariant: nothing here runs before the server has acknowledged the message, and nothing if it refused it. A visitor who
//! wrote meanwhile is not resolved unread.

use jiff::Timestamp;

use super::batch::{self, Bulk};
use super::commands::name_of;
use super::deed::Deed;
use super::door::RowView;
use super::effect::Effect;
use super::state::State;
use super::update::toast;
use super::writing::After;
use crate::console::macros::Action;
use crate::conversation::{ConversationId, Time};
use crate::text::{SafeText, Untrusted, when};

/// Carries out what follows a message that is sent.
pub(super) fn run(state: &mut State, after: After, fx: &mut Vec<Effect>) {
    let After { conversation, actions, wrote_at } = after;
    for action in &actions {
        let deed = match action {
            Action::Send => continue,
            Action::Tag(tag) => Ok(Deed::Tag { add: vec![tag.clone()], remove: Vec::new() }),
            Action::Priority(priority) => Ok(Deed::Prioritise(*priority)),
            Action::Snooze(until) => snooze(state, until),
            Action::Resolve => resolve(state, conversation, wrote_at),
        };
        match deed {
            // Each is looked at again before it goes, and has a client id of its own. Marked rows are no part of it.
            Ok(deed) => {
                let bulk = Bulk { deed, go: vec![conversation], skip: Vec::new(), next: false };
                batch::carry_out(state, bulk, fx);
            }
            Err(why) => {
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
}

fn snooze(state: &State, until: &str) -> Result<Deed, SafeText> {
    if until.is_empty() {
        return Ok(Deed::Snooze { until: None });
    }
    // "2h" counts from when it was sent, on the server's clock.
    let now = Timestamp::from_millisecond(state.server_now().0).unwrap_or(Timestamp::UNIX_EPOCH);
    let at = when::moment(until, &now.to_zoned(state.tz.clone()))
        .map_err(|why| Untrusted::new(why.to_string()).line())?;
    Ok(Deed::Snooze { until: Some(Time(at.as_millisecond())) })
}

fn resolve(state: &State, conversation: ConversationId, wrote_at: Time) -> Result<Deed, SafeText> {
    let wrote_since = |row: &RowView| row.waiting_since.is_some_and(|since| since > wrote_at);
    if state.rows.get(&conversation).is_some_and(wrote_since) {
        return Err(state.words("the visitor wrote meanwhile; {resolve} resolves all the same"));
    }
    Ok(Deed::Resolve)
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
