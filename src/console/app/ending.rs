//! Putting aside and ending: snooze, resolve and next, undo.

use super::effect::Effect;
use super::state::State;
use crate::conversation::ConversationId;
use crate::text::SafeText;

/// Asks until when.
pub(super) fn ask_snooze(_: &mut State) {}

/// Resolves and opens the next one that waits.
pub(super) fn resolve_next(_: &mut State, _: &mut Vec<Effect>) {}

/// What a line would do.
pub(super) fn snooze_preview(_: &State, _: &str) -> Result<SafeText, SafeText> {
    Ok(SafeText::default())
}

/// Puts conversations aside.
pub(super) fn snooze(
    _: &mut State,
    _: &[ConversationId],
    _: &str,
    _: &mut Vec<Effect>,
) -> Result<(), SafeText> {
    Ok(())
}
