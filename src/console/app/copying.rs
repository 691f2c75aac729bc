//! Copying and opening: messages, pages, links; the bare view.

use super::effect::Effect;
use super::state::State;
use crate::text::SafeText;

/// Copies the message the cursor is on.
pub(super) fn message(_: &mut State, _: &mut Vec<Effect>) {}

/// Asks which link to open.
pub(super) fn ask_link(_: &mut State) {}

/// Opens one.
pub(super) fn open_link(_: &mut State, _: &str, _: &mut Vec<Effect>) -> Result<(), SafeText> {
    Ok(())
}

/// The thread alone, edge to edge, for the terminal's own selection.
pub(super) fn bare(_: &mut State, _: &mut Vec<Effect>) {}
