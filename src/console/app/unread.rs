//! What is unread: the visitor's messages of a line, less those this agent has read.
//!
//! One has read a conversation while it is open, its end is in sight and the terminal has the focus. What was read is counted
//! at once, and told to the server half a second later, all of it together; the server keeps it over restarts. Invariant: a
//! count never falls, whoever reports it (the server, another console of mine, this one), so nothing unread is ever lost
//! by a late report, and none is negative.

use super::effect::Effect;
use super::event::TimerId;
use super::layout;
use super::state::{Open, State};
use super::transcript::Scroll;
use crate::conversation::{ConversationId, Tab};
use crate::protocol::{AgentOp, ReadArg};

use super::door::{RowView, Who};

/// What is read is told so long after, milliseconds: one word for many messages.
const TELL_MS: u64 = 500;

impl State {
    /// How many of the visitor's messages this agent has not read. Of conversations that are not theirs to answer (with
    /// the assistant, resolved) only what came after they looked.
    pub fn unread(&self, row: &RowView) -> u64 {
        use crate::conversation::State as Standing;
        let read = self.reads.get(&row.id).copied();
        let theirs = !matches!(row.state, Standing::Queued | Standing::Snoozed) && !self.is_mine(row);
        match read {
            _ if row.gone => 0,
            None if theirs => 0,
            read => row.visitor_messages.saturating_sub(read.unwrap_or(0)),
        }
    }

    /// What is unread in a tab, of the sites that are shown.
    pub fn unread_in(&self, tab: Tab) -> u64 {
        let Some(me) = &self.me else { return 0 };
        let there = |row: &&RowView| row.in_tab(tab, me.id) && self.site_shown(row);
        self.rows.values().filter(there).map(|row| self.unread(row)).fold(0, u64::saturating_add)
    }

    /// Whether the end of the open conversation is before somebody's eyes.
    pub(super) fn reading(&self) -> Option<&Open> {
        let open = self.open.as_ref()?;
        let there =
            self.focused && self.overlay.is_none() && !self.card_over && !layout::too_small(self.size);
        let end = open.transcript.scroll() == Scroll::Tail && open.fold.is_some();
        (there && end && layout::panes(self).transcript.is_some()).then_some(open)
    }
}

/// Takes in how far this agent has read, as the server or another console of theirs has it.
pub(super) fn told(state: &mut State, id: ConversationId, messages: u64) {
    let read = state.reads.entry(id).or_default();
    *read = messages.max(*read);
    if state.untold_reads.get(&id).is_some_and(|untold| *untold <= messages) {
        state.untold_reads.remove(&id);
    }
}

/// After every event: what is before somebody's eyes is read.
pub(super) fn look(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(open) = state.reading() else { return };
    let (id, now) = (open.id, open.fold.as_ref().map_or(0, |fold| fold.visitor_messages));
    if state.reads.get(&id).is_some_and(|read| *read >= now) || now == 0 {
        return;
    }
    state.reads.insert(id, now);
    if state.untold_reads.is_empty() {
        fx.push(Effect::StartTimer { id: TimerId::Read, ms: TELL_MS });
    }
    state.untold_reads.insert(id, now);
}

/// Tells the server what was read. Without the link it is kept, and told with the next welcome.
pub(super) fn tell(state: &mut State, fx: &mut Vec<Effect>) {
    if !state.live() {
        return;
    }
    for (conversation, messages) in std::mem::take(&mut state.untold_reads) {
        let tag = state.tag();
        fx.push(Effect::Request { tag, op: AgentOp::Read(ReadArg { conversation, messages }) });
    }
}

/// Where the unread begins in what was just fetched: the version of its first message, unless nothing of it was ever read.
pub(super) fn begins(state: &State, open: &Open) -> Option<u64> {
    let now = open.fold.as_ref()?.visitor_messages;
    let read = state.reads.get(&open.id).copied().filter(|read| *read > 0)?;
    let unread = usize::try_from(now.checked_sub(read)?).ok()?.checked_sub(1)?;
    let mut theirs = open.transcript.entries().iter().rev().filter(|said| said.who == Who::Visitor);
    theirs.nth(unread).map(|said| said.version)
}
