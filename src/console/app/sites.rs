//! Sites: one or all, and what waits on the others.

use super::effect::Effect;
use super::state::State;
use crate::text::SafeText;

/// Asks which site is shown.
pub(super) fn ask(_: &mut State) {}

/// Shows one site, or all.
pub(super) fn choose(_: &mut State, _: &str, _: &mut Vec<Effect>) -> Result<(), SafeText> {
    Ok(())
}
