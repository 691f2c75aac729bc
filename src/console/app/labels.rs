//! Tags and priority.

use super::effect::Effect;
use super::state::State;
use crate::conversation::ConversationId;
use crate::text::SafeText;

/// Asks for tags.
pub(super) fn ask_tags(_: &mut State) {}

/// Asks for a priority.
pub(super) fn ask_priority(_: &mut State) {}

/// Changes tags.
pub(super) fn tags(
    _: &mut State,
    _: &[ConversationId],
    _: &str,
    _: &mut Vec<Effect>,
) -> Result<(), SafeText> {
    Ok(())
}

/// Changes the priority.
pub(super) fn priority(
    _: &mut State,
    _: &[ConversationId],
    _: &str,
    _: &mut Vec<Effect>,
) -> Result<(), SafeText> {
    Ok(())
}
