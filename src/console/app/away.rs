//! Away with a reason and an end; auto-away; what a lost lease means.

use super::effect::Effect;
use super::state::State;
use crate::text::SafeText;

/// Asks why and until when.
pub(super) fn ask(_: &mut State) {}

/// What a line would do.
pub(super) fn preview(_: &State, _: &str) -> Result<SafeText, SafeText> {
    Ok(SafeText::default())
}

/// Goes Away.
pub(super) fn away(_: &mut State, _: &str, _: &mut Vec<Effect>) -> Result<(), SafeText> {
    Ok(())
}
