//! Taking back what was done: the last steps of this session, newest first; marked rows acted upon at once are one step.
//!
//! Invariant: a step is tried once. What can no longer be taken back says why and is dropped, so that `u` again goes on
//! with the step before; a held hello is always first. Refused: guessing. What another has done since is left as it is.

use super::batch;
use super::commands::name_of;
use super::deed::Deed;
use super::door::{HolderView, RowView};
use super::effect::Effect;
use super::state::State;
use super::update::toast;
use crate::conversation::{ConversationId, State as Standing};
use crate::text::SafeText;

/// So many steps are remembered.
const STEPS: usize = 20;

/// What was done to one conversation, and how it is taken back, or why it cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// What was done.
    pub did: Deed,
    /// The way back.
    pub back: Result<Deed, &'static str>,
}

/// What was done at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// To which, and how back.
    pub moves: Vec<(ConversationId, Move)>,
}

/// Remembers a step; the oldest goes.
pub(super) fn remember(state: &mut State, step: Step) {
    if state.undo.len() == STEPS {
        state.undo.pop_front();
    }
    state.undo.push_back(step);
}

/// Takes the last step back, as far as it can be.
pub(super) fn last(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(step) = state.undo.pop_back() else { return };
    let mut deeds = Vec::new();
    let mut kept = Vec::new();
    let mut said = SafeText::literal("taken back");
    for (id, did) in step.moves {
        let Some(row) = state.rows.get(&id) else {
            kept.push((id, SafeText::literal("it is no longer in sight")));
            continue;
        };
        match way_back(state, row, &did) {
            Ok(back) => {
                said = words(&did.did, &back);
                deeds.push((id, back));
            }
            Err(why) => kept.push((id, why)),
        }
    }
    if deeds.is_empty() {
        let Some((id, why)) = kept.into_iter().next() else { return };
        let parts = [name_of(state, id), SafeText::literal(": not taken back, "), why];
        return toast(state, parts.into_iter().collect(), true, fx);
    }
    batch::back(state, deeds, kept, said, fx);
}

/// How one is taken back as it stands now, or why it cannot be.
fn way_back(state: &State, row: &RowView, did: &Move) -> Result<Deed, SafeText> {
    let back = did.back.clone().map_err(|why| state.words(why))?;
    let no = |why: &'static str| Err(SafeText::literal(why));
    if row.gone {
        return no("it is no longer visible to you");
    }
    match (&did.did, row.state) {
        (Deed::Tag { .. }, _) => Ok(back),
        (Deed::Prioritise(set), _) if row.priority == *set => Ok(back),
        (Deed::Prioritise(_), _) => no("its priority was changed since"),
        (Deed::Resolve, Standing::Resolved | Standing::Assistant | Standing::Queued)
        | (Deed::Release { .. } | Deed::Transfer { .. }, Standing::Queued)
        | (Deed::Snooze { .. }, Standing::Snoozed)
        | (Deed::HandBack, Standing::Assistant | Standing::Queued) => Ok(back),
        (Deed::Transfer { .. }, Standing::Active) if !state.is_mine(row) && supervises(state) => {
            Ok(Deed::Accept { over_capacity: true })
        }
        (_, Standing::Active) if state.is_mine(row) => no("it is yours already"),
        (_, Standing::Active) => match &row.holder {
            HolderView::Agent { name, .. } => {
                Err([name.clone(), SafeText::literal(" has it now")].into_iter().collect())
            }
            _ => no("somebody has it now"),
        },
        (_, Standing::Assistant) => no("the assistant has it now"),
        (_, Standing::Queued) => no("it waits in the queue now"),
        (_, Standing::Snoozed) => no("it is snoozed now"),
        (_, Standing::Resolved) => no("it is resolved now"),
    }
}

fn supervises(state: &State) -> bool {
    state.me.as_ref().is_some_and(|me| me.supervises)
}

/// What is said when it was taken back.
fn words(did: &Deed, back: &Deed) -> SafeText {
    SafeText::literal(match (did, back) {
        (Deed::Tag { .. }, _) => "tags as before",
        (Deed::Prioritise(_), _) => "priority as before",
        (_, Deed::Accept { .. } | Deed::Reopen) => "taken back; yours",
        (_, Deed::Transfer { .. }) => "given back to its holder",
        _ => "taken back",
    })
}
