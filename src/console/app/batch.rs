//! Sending deeds, one or many at once, and summing up what became of them.
//!
//! Each conversation of a batch has its own request and its own client id; the agent is told once, when the last answer
//! is there. Invariants: what is acted upon is fixed before it is asked about, so that no arrival slips in; each is looked
//! at again right before it is sent; only what the server took can be undone.

use super::availability;
use super::deed::Deed;
use super::door::{HolderView, line};
use super::effect::{Effect, Tag};
use super::state::{Confirm, Overlay, Pending, State};
use super::undo::{Move, Step};
use super::update::{next_ask, toast};
use super::{commands, undo};
use crate::conversation::{AgentId, Cid, ConversationId, State as Standing};
use crate::protocol::WireError;
use crate::text::SafeText;

/// How many refusals a sum names.
const NAMED: usize = 2;

/// An answer that has not come within this is not waited for any longer, milliseconds.
const LATE_MS: u64 = 10_000;

/// What is asked before marked rows are acted upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bulk {
    /// What.
    pub deed: Deed,
    /// To these.
    pub go: Vec<ConversationId>,
    /// Not to these: their names, and why.
    pub skip: Vec<(SafeText, SafeText)>,
    /// Resolve and next: go on to the next one then.
    pub(super) next: bool,
}

/// Requests that belong together.
#[derive(Debug)]
pub(super) struct Batch {
    /// What is said of it; the deeds of an undo differ from one to the next.
    says: Says,
    /// Answers that are still to come.
    left: usize,
    /// Since when, on the monotonic clock.
    since: u64,
    done: Vec<(ConversationId, Move)>,
    refused: Vec<(ConversationId, SafeText)>,
    /// Refused for want of room, and the words for that question.
    full: Vec<ConversationId>,
    room: (u64, u64),
    /// What is said behind the sum.
    after: SafeText,
}

#[derive(Debug, Clone)]
enum Says {
    Deed(Deed),
    Undone(SafeText),
}

/// One request of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    batch: Tag,
    back: Move,
}

impl State {
    /// Whether something that `u` would take back has not been answered yet.
    pub(super) fn on_its_way(&self) -> bool {
        let now = self.now.mono;
        let fresh = |batch: &&Batch| now.saturating_sub(batch.since) < LATE_MS;
        self.batches.values().filter(fresh).any(|batch| match &batch.says {
            Says::Deed(deed) => deed.undoable(),
            Says::Undone(_) => true,
        })
    }

    /// A client id nothing else of this event has. The first is not `now.fresh`: that is for whoever needs just one.
    pub(super) fn cid(&mut self) -> Cid {
        self.cids = self.cids.wrapping_add(1);
        Cid(self.now.nth(self.cids))
    }
}

/// Does it to these, as the marks or the cursor gave them: marked rows are asked about first. The reason, where none allows it.
pub(super) fn go(
    state: &mut State,
    of: &[ConversationId],
    deed: Deed,
    fx: &mut Vec<Effect>,
) -> Result<(), SafeText> {
    plan(state, of, deed, false, fx)
}

/// As [`go`], and on to the next one then.
pub(super) fn go_and_next(
    state: &mut State,
    of: &[ConversationId],
    deed: Deed,
    fx: &mut Vec<Effect>,
) -> Result<(), SafeText> {
    plan(state, of, deed, true, fx)
}

fn plan(
    state: &mut State,
    of: &[ConversationId],
    deed: Deed,
    next: bool,
    fx: &mut Vec<Effect>,
) -> Result<(), SafeText> {
    let mut bulk = Bulk { deed, go: Vec::new(), skip: Vec::new(), next };
    let mut first = None;
    for id in of {
        let row = state.rows.get(id);
        let may = row.map_or(Err("it is no longer in sight"), |row| bulk.deed.may(state, row));
        match may {
            Ok(()) => bulk.go.push(*id),
            Err(why) => {
                first.get_or_insert_with(|| availability::said(state, row, why));
                bulk.skip.push((commands::name_of(state, *id), availability::in_short(state, row, why)));
            }
        }
    }
    if bulk.go.is_empty() {
        return Err(first.unwrap_or(state.words("no conversation is selected: {down} and {up} move")));
    }
    if of.len() == 1 && state.marked() != of {
        carry_out(state, bulk, fx);
    } else {
        state.overlay = Some(Overlay::Confirm(Confirm::Bulk(bulk)));
    }
    Ok(())
}

/// The question was answered with yes; or there was none.
pub(super) fn carry_out(state: &mut State, bulk: Bulk, fx: &mut Vec<Effect>) {
    let after = if bulk.next { super::ending::on_to_next(state, &bulk.go, fx) } else { SafeText::default() };
    let deeds = bulk.go.iter().map(|id| (*id, bulk.deed.clone())).collect();
    send(state, deeds, Vec::new(), Says::Deed(bulk.deed), after, fx);
}

/// Accepts above one's capacity: that was asked, and answered with yes.
pub(super) fn accept_above(state: &mut State, of: &[ConversationId], fx: &mut Vec<Effect>) {
    let deed = Deed::Accept { over_capacity: true };
    let deeds = of.iter().map(|id| (*id, deed.clone())).collect();
    send(state, deeds, Vec::new(), Says::Deed(deed), SafeText::default(), fx);
}

/// Takes a step back; `kept` are those that cannot be, and why.
pub(super) fn back(
    state: &mut State,
    deeds: Vec<(ConversationId, Deed)>,
    kept: Vec<(ConversationId, SafeText)>,
    said: SafeText,
    fx: &mut Vec<Effect>,
) {
    send(state, deeds, kept, Says::Undone(said), SafeText::default(), fx);
}

fn send(
    state: &mut State,
    deeds: Vec<(ConversationId, Deed)>,
    refused: Vec<(ConversationId, SafeText)>,
    says: Says,
    after: SafeText,
    fx: &mut Vec<Effect>,
) {
    let key = state.tag();
    let mut batch = Batch {
        says,
        left: 0,
        since: state.now.mono,
        done: Vec::new(),
        refused,
        full: Vec::new(),
        room: (0, 0),
        after,
    };
    for (id, deed) in deeds {
        let row = state.rows.get(&id);
        // Looked at again: since it was asked about, it may have changed.
        let may = row.map_or(Err("it is no longer in sight"), |row| deed.may(state, row));
        match (may, row) {
            (Ok(()), Some(row)) => {
                let back = Move { did: deed.clone(), back: deed.inverse(state, row) };
                let row = row.clone();
                let (tag, cid) = (state.tag(), state.cid());
                state
                    .pending
                    .insert(tag, Pending::Verb { conversation: id, sent: Sent { batch: key, back } });
                fx.push(Effect::Request { tag, op: deed.op(&row, cid) });
                batch.left += 1;
            }
            (may, row) => {
                batch.refused.push((id, availability::in_short(state, row, may.err().unwrap_or_default())))
            }
        }
    }
    if batch.left == 0 {
        return sum_up(state, batch, fx);
    }
    state.batches.insert(key, batch);
}

/// A request of a batch was answered.
pub(super) fn answered(
    state: &mut State,
    id: ConversationId,
    sent: Sent,
    result: Result<(), WireError>,
    fx: &mut Vec<Effect>,
) {
    let lost = result.as_ref().err().filter(|_| matches!(sent.back.did, Deed::Accept { .. }));
    if let Some(error) = lost {
        won_by(state, id, error);
    }
    let Some(batch) = state.batches.get_mut(&sent.batch) else { return };
    batch.left = batch.left.saturating_sub(1);
    match result {
        Ok(()) => batch.done.push((id, sent.back)),
        Err(error) if error.code == "conversation.at_capacity" => {
            let figure =
                |name: &str| error.details.get(name).and_then(serde_json::Value::as_u64).unwrap_or(0);
            batch.room = (figure("active"), figure("limit"));
            batch.full.push(id);
        }
        Err(error) => batch.refused.push((id, line(&error.message))),
    }
    if batch.left == 0
        && let Some(batch) = state.batches.remove(&sent.batch)
    {
        sum_up(state, batch, fx);
    }
}

/// Somebody else was faster: the row says who, also before the server's own line of it comes.
fn won_by(state: &mut State, id: ConversationId, error: &WireError) {
    let by = error.details.get("by");
    let who =
        by.and_then(|by| by.get("id")).and_then(|id| serde_json::from_value::<AgentId>(id.clone()).ok());
    let name = by.and_then(|by| by.get("name")).and_then(serde_json::Value::as_str);
    if let (Some(who), Some(name), Some(row)) = (who, name, state.rows.get_mut(&id)) {
        row.holder = HolderView::Agent { id: who, name: line(name) };
        row.state = Standing::Active;
        state.stale = true;
    }
}

/// Says what became of a batch, once, and remembers the way back.
fn sum_up(state: &mut State, batch: Batch, fx: &mut Vec<Effect>) {
    let Batch { says, done, refused, full, room, after, .. } = batch;
    let bad = done.is_empty();
    let mut words = SafeText::default();
    match (done.as_slice(), &says) {
        ([], _) => {}
        // With the name: the conversation in sight may be another one.
        ([(id, _)], Says::Deed(deed)) if refused.is_empty() && full.is_empty() => {
            let name = commands::name_of(state, *id);
            words = [name, SafeText::literal(": "), deed.done_to_one(state)].into_iter().collect();
        }
        ([(id, _)], Says::Undone(said)) if refused.is_empty() => {
            words =
                [commands::name_of(state, *id), SafeText::literal(": "), said.clone()].into_iter().collect();
        }
        (done, Says::Deed(deed)) => {
            words =
                [SafeText::from(done.len()), SafeText::literal(" "), deed.done(state)].into_iter().collect();
        }
        (done, Says::Undone(said)) => {
            words = [SafeText::from(done.len()), SafeText::literal(" "), said.clone()].into_iter().collect();
        }
    }
    words = with_refused(state, words, &done, &refused, &full);
    if done.len() + refused.len() + full.len() > 1
        && !done.is_empty()
        && matches!(&says, Says::Deed(deed) if deed.undoable())
    {
        words.push(&state.words("; {undo} takes that back"));
    }
    if !after.is_empty() {
        words.push(&SafeText::literal(". "));
        words.push(&after);
    }
    if let Says::Deed(deed) = says
        && deed.undoable()
        && !done.is_empty()
    {
        undo::remember(state, Step { moves: done });
    }
    if !words.is_empty() {
        toast(state, words, bad, fx);
    }
    if !full.is_empty() {
        // It waits until nobody writes: a letter meant for a visitor must not answer it.
        state.asks.push_back(Confirm::Capacity { of: full, active: room.0, limit: room.1 });
        next_ask(state);
    }
}

fn with_refused(
    state: &State,
    mut words: SafeText,
    done: &[(ConversationId, Move)],
    refused: &[(ConversationId, SafeText)],
    full: &[ConversationId],
) -> SafeText {
    if let ([], [(_, why)], []) = (done, refused, full) {
        return why.clone();
    }
    if refused.is_empty() {
        return words;
    }
    if !words.is_empty() {
        words.push(&SafeText::literal(", "));
    }
    words.push(&SafeText::from(refused.len()));
    words.push(&SafeText::literal(" refused: "));
    let parts = refused.iter().take(NAMED).map(|(id, why)| {
        let of =
            [why.clone(), SafeText::literal(" ("), commands::name_of(state, *id), SafeText::literal(")")];
        of.into_iter().collect()
    });
    let mut parts: Vec<SafeText> = parts.collect();
    if refused.len() > NAMED {
        let more =
            [SafeText::literal("and "), SafeText::from(refused.len() - NAMED), SafeText::literal(" more")];
        parts.push(more.into_iter().collect());
    }
    words.push(&SafeText::join(&SafeText::literal(", "), &parts));
    words
}
