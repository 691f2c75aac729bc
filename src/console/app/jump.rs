//! To the next one that waits.

use super::effect::Effect;
use super::state::State;

/// Opens the next conversation that waits for this agent.
pub(super) fn next_waiting(_: &mut State, _: &mut Vec<Effect>) {}
