//! Blocking the visitor of a conversation: a reason and an end, in the words of an absence (`7d spam`).
//!
//! Invariant: what the line would do is said before Enter does it. Refused here: addresses (the command line's), and telling the
//! visitor why.

use super::availability as may;
use super::door::{self, line};
use super::effect::Effect;
use super::prompt::{self, Ask, Prompt};
use super::state::{Pending, State};
use super::update::toast;
use super::{away, claiming};
use crate::conversation::{ConversationId, Time};
use crate::protocol::{AgentOp, BlockArg, BlockInfo};
use crate::text::{SafeText, when};

/// Asks why and until when.
pub(super) fn ask(state: &mut State) {
    let Some(id) = state.target() else { return };
    let about = claiming::about(state, &[id]);
    let hint = "reason and end, such as: spam for 7d; without an end, until it is lifted";
    prompt::open(state, Prompt::line(Ask::Block(id), "block the visitor", hint).about(about));
}

fn read(state: &State, words: &str) -> Result<(String, Option<when::Away>), SafeText> {
    let read = away::read(state, words)?;
    match &read.reason {
        Some(reason) => Ok((reason.clone(), Some(read))),
        None => Err(SafeText::literal("a reason is needed, for your colleagues; the visitor is not told")),
    }
}

/// What a line would do.
pub(super) fn preview(state: &State, words: &str) -> Result<SafeText, SafeText> {
    let (reason, read) = read(state, words)?;
    let until = read.and_then(|read| read.until).zip(away::here(state));
    let mut said = vec![SafeText::literal("They cannot write ")];
    match until {
        Some((until, now)) => said.extend([SafeText::literal("until "), line(&when::spoken(until, &now))]),
        None => said.push(SafeText::literal("until it is lifted")),
    }
    said.extend([SafeText::literal(", and it is resolved: "), line(&reason)]);
    Ok(said.into_iter().collect())
}

/// Blocks.
pub(super) fn block(
    state: &mut State,
    id: ConversationId,
    words: &str,
    fx: &mut Vec<Effect>,
) -> Result<(), SafeText> {
    let (reason, read) = read(state, words)?;
    // Asked again: much may have happened while the question was open.
    let row = state.rows.get(&id).ok_or(SafeText::literal("it is no longer visible to you"))?;
    may::block_row(state, row).map_err(|why| may::said(state, Some(row), why))?;
    let until = read.and_then(|read| read.until).map(|at| Time(at.as_millisecond()));
    let tag = state.tag();
    state.pending.insert(tag, Pending::Block);
    let arg = BlockArg { conversation: Some(id), address: None, site: None, reason, until };
    fx.push(Effect::Request { tag, op: AgentOp::Block(arg) });
    Ok(())
}

/// The server's answer.
pub(super) fn answered(state: &mut State, result: Result<BlockInfo, SafeText>, fx: &mut Vec<Effect>) {
    match result {
        Ok(made) => {
            let words = format!("blocked, and told so; baton unblock {} lifts it", made.block);
            toast(state, door::line(&words), false, fx);
        }
        Err(why) => toast(state, why, true, fx),
    }
}
