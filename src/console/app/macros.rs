//! Ready texts: picked, filled in, repeated.

use super::effect::Effect;
use super::state::State;
use crate::text::SafeText;

/// Asks which.
pub(super) fn ask(_: &mut State, _: &mut Vec<Effect>) {}

/// Puts one into the composer.
pub(super) fn insert(_: &mut State, _: &str, _: &mut Vec<Effect>) -> Result<(), SafeText> {
    Ok(())
}

/// Puts the last one in again.
pub(super) fn repeat(_: &mut State, _: &mut Vec<Effect>) {}
