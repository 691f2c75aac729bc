//! Deadlines on a heap. They are derived from the state; the heap only knows when to look again.
//!
//! Invariant: an entry that fires early or late does no harm: `decide` checks the deadline against the state.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use crate::conversation::{AgentId, Conversation, ConversationId, Deadline, State, Time, TimerKind};

/// Queued conversations of a site by the time they were handed off, with their visitor.
pub(super) type QueueKey = (Time, ConversationId);

/// What the engine keeps in memory about unfinished conversations.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Time, ConversationId, TimerKind)>>,
    armed: HashMap<ConversationId, Deadline>,
    held: HashMap<AgentId, HashSet<ConversationId>>,
    holder: HashMap<ConversationId, AgentId>,
}

impl Timers {
    /// Notes a conversation's state and its next deadline. Returns whether the earliest deadline of all moved nearer.
    pub(super) fn note(&mut self, c: &Conversation, next: Option<Deadline>) -> bool {
        self.note_holder(c);
        let id = c.id;
        match next {
            None => {
                self.armed.remove(&id);
                false
            }
            Some(deadline) => {
                let earliest = self.next_at();
                if self.armed.insert(id, deadline) != Some(deadline) {
                    self.heap.push(Reverse((deadline.at, id, deadline.kind)));
                }
                earliest.is_none_or(|at| deadline.at < at)
            }
        }
    }

    fn note_holder(&mut self, c: &Conversation) {
        let now = (c.state == State::Active).then(|| c.holder.agent().map(|a| a.id)).flatten();
        let before = self.holder.get(&c.id).copied();
        if before == now {
            return;
        }
        if let Some(agent) = before {
            self.holder.remove(&c.id);
            if let Some(set) = self.held.get_mut(&agent) {
                set.remove(&c.id);
            }
        }
        if let Some(agent) = now {
            self.holder.insert(c.id, agent);
            self.held.entry(agent).or_default().insert(c.id);
        }
    }

    /// What an agent holds.
    pub(super) fn held_by(&self, agent: AgentId) -> Vec<ConversationId> {
        self.held.get(&agent).into_iter().flatten().copied().collect()
    }

    /// When to look again.
    pub(super) fn next_at(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }

    /// Takes what is due. Entries superseded since they were pushed are dropped.
    pub(super) fn due(&mut self, now: Time) -> Vec<(ConversationId, TimerKind)> {
        let mut due = Vec::new();
        while let Some(Reverse((at, id, kind))) = self.heap.peek().copied() {
            if at > now {
                break;
            }
            self.heap.pop();
            if self.armed.get(&id) == Some(&Deadline { at, kind }) {
                self.armed.remove(&id);
                due.push((id, kind));
            }
        }
        due
    }
}
