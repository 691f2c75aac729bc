//! Taking, giving back and passing on: release, transfer, capacity.

use super::effect::Effect;
use super::prompt::Receiver;
use super::state::State;
use crate::conversation::ConversationId;
use crate::text::SafeText;

/// Asks why.
pub(super) fn ask_release(_: &mut State) {}

/// Asks who.
pub(super) fn ask_transfer(_: &mut State) {}

/// Gives conversations back to the queue.
pub(super) fn release(
    _: &mut State,
    _: &[ConversationId],
    _: &str,
    _: &mut Vec<Effect>,
) -> Result<(), SafeText> {
    Ok(())
}

/// Asks for a note to whoever was chosen.
pub(super) fn transfer_to(
    _: &mut State,
    _: &[ConversationId],
    _: &str,
    _: &mut Vec<Effect>,
) -> Result<(), SafeText> {
    Ok(())
}

/// Passes conversations on.
pub(super) fn transfer(
    _: &mut State,
    _: &[ConversationId],
    _: &Receiver,
    _: &str,
    _: &mut Vec<Effect>,
) -> Result<(), SafeText> {
    Ok(())
}
