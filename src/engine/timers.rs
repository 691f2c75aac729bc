//! Deadlines on a heap. They are derived from the state; the heap only knows when to look again.
//!
//! Invariant: an entry that fires early or late does no harm: `decide` checks the deadline against the state.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use crate::conversation::{AgentId, Conversation, ConversationId, Deadline, State, Time, TimerKind};

/// Queued conversations of a site by the time they were handed off, with their visitor.
pub(super) type QueueKey = (Time, ConversationId);

/// What the engine keeps in memory about unfinished conversations: at most one live heap entry each, however often their
/// deadline moves. One that moves later leaves its entry where it is; the entry fires early and is put back.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Time, ConversationId)>>,
    /// When the live entry of a conversation fires.
    entry: HashMap<ConversationId, Time>,
    armed: HashMap<ConversationId, Deadline>,
    held: HashMap<AgentId, HashSet<ConversationId>>,
    holder: HashMap<ConversationId, AgentId>,
}

impl Timers {
    /// Notes a conversation's state and its next deadline. Returns whether the earliest deadline of all moved nearer.
    pub(super) fn note(&mut self, c: &Conversation, next: Option<Deadline>) -> bool {
        self.note_holder(c);
        let Some(deadline) = next else {
            self.armed.remove(&c.id);
            return false;
        };
        let earliest = self.next_at();
        self.armed.insert(c.id, deadline);
        self.push(c.id, deadline.at);
        earliest.is_none_or(|at| deadline.at < at)
    }

    fn push(&mut self, id: ConversationId, at: Time) {
        if self.entry.get(&id).is_none_or(|live| at < *live) {
            self.entry.insert(id, at);
            self.heap.push(Reverse((at, id)));
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

    /// Takes what is due.
    pub(super) fn due(&mut self, now: Time) -> Vec<(ConversationId, TimerKind)> {
        let mut due = Vec::new();
        while let Some(Reverse((at, id))) = self.heap.peek().copied() {
            if at > now {
                break;
            }
            self.heap.pop();
            if self.entry.get(&id) != Some(&at) {
                continue;
            }
            self.entry.remove(&id);
            match self.armed.get(&id).copied() {
                Some(deadline) if deadline.at <= now => {
                    self.armed.remove(&id);
                    due.push((id, deadline.kind));
                }
                Some(deadline) => self.push(id, deadline.at),
                None => {}
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation(n: u128) -> Conversation {
        Conversation::empty(ConversationId(uuid::Uuid::from_u128(n)))
    }

    fn at(ms: i64) -> Option<Deadline> {
        Some(Deadline { at: Time(ms), kind: TimerKind::IdleResolve })
    }

    #[test]
    fn a_deadline_that_keeps_moving_costs_one_entry_and_fires_once_at_its_last_place() {
        let mut timers = Timers::default();
        let c = conversation(1);
        for ms in 100..10_000 {
            timers.note(&c, at(ms));
        }
        assert_eq!(timers.heap.len(), 1);
        assert_eq!(timers.due(Time(5_000)), []);
        assert_eq!(timers.due(Time(9_999)), [(c.id, TimerKind::IdleResolve)]);
        assert_eq!(timers.due(Time(i64::MAX)), []);
    }

    #[test]
    fn a_deadline_that_moves_nearer_or_goes_is_obeyed() {
        let mut timers = Timers::default();
        let (one, two) = (conversation(1), conversation(2));
        assert!(timers.note(&one, at(500)), "the first");
        assert!(timers.note(&one, at(200)), "nearer");
        assert!(!timers.note(&two, at(300)));
        timers.note(&two, None);
        assert_eq!(timers.due(Time(400)), [(one.id, TimerKind::IdleResolve)]);
        assert_eq!(timers.due(Time(1_000)), []);
        timers.note(&two, at(1_100));
        assert_eq!(timers.due(Time(1_100)), [(two.id, TimerKind::IdleResolve)]);
    }
}
