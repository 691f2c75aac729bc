//! What the composer can do beside typing: the editor, the other audience, send and resolve, retry.

use super::effect::Effect;
use super::state::State;

/// Opens the text in the agent's own editor.
pub(super) fn editor(_: &mut State, _: &mut Vec<Effect>) {}

/// A reply becomes a note, or a note a reply.
pub(super) fn other_audience(_: &mut State, _: &mut Vec<Effect>) {}

/// Sends, and resolves once it is sent.
pub(super) fn send_and_resolve(_: &mut State, _: &mut Vec<Effect>) {}

/// Sends a refused message again.
pub(super) fn retry(_: &mut State, _: &mut Vec<Effect>) {}

/// Shows what a folded paste holds.
pub(super) fn unfold(_: &mut State, _: &mut Vec<Effect>) {}
