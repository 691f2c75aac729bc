//! The thread, given to a program.

use super::effect::Effect;
use super::state::State;
use crate::conversation::ConversationId;
use crate::text::SafeText;

/// Asks for the program.
pub(super) fn ask(_: &mut State) {}

/// Gives it the thread.
pub(super) fn pipe(_: &mut State, _: ConversationId, _: &str, _: &mut Vec<Effect>) -> Result<(), SafeText> {
    Ok(())
}
