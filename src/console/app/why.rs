//! Why a person is needed: trigger, evidence, hits, the answer not given.

use super::effect::Effect;
use super::state::State;

/// Shows or hides it.
pub(super) fn toggle(_: &mut State, _: &mut Vec<Effect>) {}
