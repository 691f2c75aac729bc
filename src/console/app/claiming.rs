//! Taking, giving back and passing on: accept, release, transfer, and hearing of what was passed to oneself.
//!
//! A transfer moves the conversation and the note, never the draft: unsent words are their writer's.

use std::collections::HashMap;

use super::deed::{Deed, receiver};
use super::door::{AgentView, HolderView, RowView, line};
use super::effect::Effect;
use super::prompt::{self, Ask, Choice, Prompt, Receiver};
use super::state::{Focus, Pending, State};
use super::update::toast;
use super::{batch, commands};
use crate::conversation::{AgentId, ConversationId, Entry, EntryKind};
use crate::protocol::{AgentOp, ConversationArg};
use crate::text::SafeText;

/// How an entry of the transcript tells a transfer; see [`EntryKind::of`].
const BY_TRANSFER: &str = "has it now, by transfer";
/// How entries begin that tell of another holder.
const CHANGES_HANDS: [&str; 6] =
    [BY_TRANSFER, "accepted;", "took over", "reopened", "released", "back in the queue"];
/// Entries looked at to learn who passed a conversation on, and with which note.
const LOOK_BACK: u32 = 8;
/// Cells of a note that are shown in the sentence about it; the whole stands in the conversation.
const NOTE_CELLS: usize = 90;

/// Takes what is marked, or the one a command acts upon, and opens that.
pub(super) fn accept(state: &mut State, fx: &mut Vec<Effect>) {
    let of = state.targets();
    let single = state.marked().is_empty();
    if let Err(why) = batch::go(state, &of, Deed::Accept { over_capacity: false }, fx) {
        return toast(state, why, true, fx);
    }
    if let (true, Some(id)) = (single, of.first()) {
        commands::open(state, *id, fx);
        if state.focus == Focus::List {
            state.focus = Focus::Conversation;
        }
    }
}

/// Asks why.
pub(super) fn ask_release(state: &mut State) {
    let of = state.targets();
    let about = about(state, &of);
    let hint = "why, for colleagues; Enter alone gives no reason";
    prompt::open(state, Prompt::line(Ask::Release(of), "release to the queue", hint).about(about));
}

/// Gives conversations back to the queue.
pub(super) fn release(
    state: &mut State,
    of: &[ConversationId],
    reason: &str,
    fx: &mut Vec<Effect>,
) -> Result<(), SafeText> {
    let reason = Some(reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    batch::go(state, of, Deed::Release { reason }, fx)
}

/// Asks who.
pub(super) fn ask_transfer(state: &mut State) {
    let of = state.targets();
    let about = about(state, &of);
    let choices = receivers(state, &of);
    let hint = match choices.is_empty() {
        true => "there is nobody else here, and no group: release gives it back to the queue",
        false => "a colleague or a group; your draft stays with you",
    };
    prompt::open(state, Prompt::choice(Ask::Transfer(of), "transfer to", hint, choices).about(about));
}

/// Who can get them: colleagues, Available first, then groups. Never oneself, nor who holds them all already.
fn receivers(state: &State, of: &[ConversationId]) -> Vec<Choice> {
    let me = state.me.as_ref().map(|me| me.id);
    let holders: Vec<Option<AgentId>> =
        of.iter().map(|id| state.rows.get(id).and_then(|row| row.holder.agent())).collect();
    let theirs = |id: AgentId| !holders.is_empty() && holders.iter().all(|holder| *holder == Some(id));
    let mut agents: Vec<&AgentView> =
        state.agents.iter().filter(|agent| Some(agent.id) != me && !theirs(agent.id)).collect();
    agents.sort_by_cached_key(|agent| (rank(agent), agent.name.as_str().to_lowercase(), agent.id));
    let of_agent = |agent: &&AgentView| {
        let mut detail = SafeText::literal(["Available", "Away", "offline"][rank(agent)]);
        if !agent.groups.is_empty() {
            detail.push(&SafeText::literal(" · "));
            detail.push(&SafeText::join(&SafeText::literal(", "), &agent.groups));
        }
        Choice { label: agent.name.clone(), detail, value: format!("agent {}", agent.id) }
    };
    let of_group = |name: &String| {
        let label = line(name);
        let members = || state.agents.iter().filter(|agent| agent.groups.contains(&label));
        let available = members().filter(|agent| rank(agent) == 0).count();
        let all = members().count();
        let agents = if all == 1 { "agent" } else { "agents" };
        let detail = line(&format!("group · {all} {agents}, {available} Available"));
        Choice { label, detail, value: format!("group {name}") }
    };
    agents.iter().map(of_agent).chain(state.groups.iter().map(of_group)).collect()
}

/// Available, Away, offline.
fn rank(agent: &AgentView) -> usize {
    match (agent.present, agent.available) {
        (true, true) => 0,
        (true, false) => 1,
        (false, _) => 2,
    }
}

/// What a choice stands for.
fn parse(value: &str) -> Option<Receiver> {
    let (kind, which) = value.split_once(' ')?;
    match kind {
        "agent" => which.parse().ok().map(Receiver::Agent),
        "group" => Some(Receiver::Group(which.to_owned())),
        _ => None,
    }
}

/// Asks for a note to whoever was chosen.
pub(super) fn transfer_to(
    state: &mut State,
    of: &[ConversationId],
    value: &str,
    _: &mut Vec<Effect>,
) -> Result<(), SafeText> {
    let to = parse(value).ok_or(SafeText::literal("nobody is called that; Esc closes"))?;
    let whom = [about(state, of), SafeText::literal(" to "), receiver(state, &to)].into_iter().collect();
    let hint = "what they should know, a note; Enter alone sends none";
    let ask = Ask::TransferNote(of.to_vec(), to);
    prompt::open(state, Prompt::line(ask, "with a note", hint).about(whom));
    Ok(())
}

/// Passes conversations on.
pub(super) fn transfer(
    state: &mut State,
    of: &[ConversationId],
    to: &Receiver,
    note: &str,
    fx: &mut Vec<Effect>,
) -> Result<(), SafeText> {
    let note = Some(note.trim().to_owned()).filter(|note| !note.is_empty());
    batch::go(state, of, Deed::Transfer { to: to.clone(), note }, fx)
}

/// Whom a question is about: a name, or how many are marked.
pub(super) fn about(state: &State, of: &[ConversationId]) -> SafeText {
    match of {
        [id] if state.marked() != of => commands::name_of(state, *id).truncated(24),
        _ => [SafeText::from(of.len()), SafeText::literal(" marked")].into_iter().collect(),
    }
}

/// A line changed. What became mine without a deed of mine may have been passed to me: the conversation says so.
pub(super) fn now_mine(
    state: &mut State,
    id: ConversationId,
    before: Option<&HolderView>,
    fx: &mut Vec<Effect>,
) {
    let Some(row) = state.rows.get(&id).filter(|row| state.is_mine(row)) else { return };
    let was_mine = before.is_some_and(|holder| holder.agent() == row.holder.agent());
    // A deed or words of mine that are on their way may have taken it.
    if was_mine || !state.loaded || !state.live() || state.acts_on(id) {
        return;
    }
    let from = match before {
        Some(HolderView::Agent { name, .. }) => Some(name.clone()),
        _ => None,
    };
    let tag = state.tag();
    state.pending.insert(tag, Pending::Passed(id, from));
    let op = AgentOp::History(ConversationArg { conversation: id, before: None, limit: Some(LOOK_BACK) });
    fx.push(Effect::Request { tag, op });
}

/// As [`now_mine`], for all lines at once.
pub(super) fn now_mine_of(
    state: &mut State,
    before: &HashMap<ConversationId, RowView>,
    fx: &mut Vec<Effect>,
) {
    let mine: Vec<ConversationId> =
        state.rows.values().filter(|row| !row.gone && state.is_mine(row)).map(|row| row.id).collect();
    for id in mine {
        let held_by = before.get(&id).filter(|row| !row.gone).map(|row| &row.holder);
        now_mine(state, id, held_by, fx);
    }
}

/// The last entries of a conversation that became mine: if it was passed to me, say by whom, and with which note.
pub(super) fn passed(
    state: &mut State,
    id: ConversationId,
    from: Option<SafeText>,
    entries: &[Entry],
    fx: &mut Vec<Effect>,
) {
    let changes_hands = |entry: &Entry| match &entry.kind {
        EntryKind::Marker { what, .. } => CHANGES_HANDS.iter().any(|begin| what.starts_with(begin)),
        _ => false,
    };
    let Some(at) = entries.iter().rposition(changes_hands) else { return };
    if !matches!(&entries[at].kind, EntryKind::Marker { what, .. } if what == BY_TRANSFER) {
        return;
    }
    let before = at.checked_sub(1).map(|before| &entries[before]);
    let (by, note) = match before.filter(|e| e.version + 1 == entries[at].version).map(|e| &e.kind) {
        Some(EntryKind::Note { by, text, .. }) => (line(by), Some(line(text))),
        _ => (from.unwrap_or(SafeText::literal("a colleague")), None),
    };
    let name = commands::name_of(state, id);
    let mut words: SafeText =
        [by.truncated(24), SafeText::literal(" passed "), name.truncated(24), SafeText::literal(" to you")]
            .into_iter()
            .collect();
    if let Some(note) = note {
        words.push(&SafeText::literal(": "));
        words.push(&note.truncated(NOTE_CELLS));
    }
    toast(state, words, false, fx);
}
