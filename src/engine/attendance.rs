//! Whose browser is there, and who types: small tables, pure, time is the caller's.
//!
//! Invariant: both are bounded, whatever visitors do; what is forgotten first is what was longest ago.

use std::collections::HashMap;

use super::AgentSession;
use crate::conversation::{AgentId, ConversationId, SiteId, Time, VisitorId};

/// Visitors of whom is remembered when they left: those of a busy day.
const LEFT: usize = 10_000;
/// Typing is told again at most this often.
const TELL_EVERY_MS: i64 = 1_000;
/// Who has not typed for so long has stopped, whether or not they said so: the widget's and the console's own marks last
/// as long.
const TYPING_MS: i64 = 6_000;
/// Typists at once; more than that type unseen.
const TYPISTS: usize = 4_096;

/// Which visitors have a socket open.
#[derive(Debug, Default)]
pub(super) struct Visitors {
    came: HashMap<VisitorId, Time>,
    left: HashMap<VisitorId, Time>,
}

impl Visitors {
    /// The first socket of a visitor opened, or the last one closed.
    pub(super) fn note(&mut self, visitor: VisitorId, online: bool, now: Time) {
        if online {
            self.left.remove(&visitor);
            self.came.insert(visitor, now);
            return;
        }
        self.came.remove(&visitor);
        self.left.insert(visitor, now);
        if self.left.len() > LEFT * 2 {
            let mut times: Vec<Time> = self.left.values().copied().collect();
            times.sort_unstable_by(|a, b| b.cmp(a));
            let oldest_kept = times[LEFT];
            self.left.retain(|_, at| *at > oldest_kept);
        }
    }

    /// Whether a visitor is there, and since when; none: since before this was counted.
    pub(super) fn of(&self, visitor: VisitorId) -> (bool, Option<Time>) {
        match self.came.get(&visitor) {
            Some(since) => (true, Some(*since)),
            None => (false, self.left.get(&visitor).copied()),
        }
    }
}

/// Somebody who types.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Typist {
    /// A visitor, in their latest conversation on a site.
    Visitor(SiteId, VisitorId),
    /// An agent, in a conversation.
    Agent(AgentId, ConversationId),
}

#[derive(Debug)]
struct Mark {
    heard: Time,
    told: Time,
    session: Option<AgentSession>,
}

/// Who types now.
#[derive(Debug, Default)]
pub(super) struct Typing {
    marks: HashMap<Typist, Mark>,
}

impl Typing {
    /// Somebody types. Whether others are to be told: the first time, and then once a second.
    pub(super) fn on(&mut self, who: &Typist, session: Option<&AgentSession>, now: Time) -> bool {
        if let Some(mark) = self.marks.get_mut(who) {
            mark.heard = now;
            if now.since_ms(mark.told) < TELL_EVERY_MS {
                return false;
            }
            mark.told = now;
            return true;
        }
        if self.marks.len() >= TYPISTS {
            return false;
        }
        self.marks.insert(who.clone(), Mark { heard: now, told: now, session: session.cloned() });
        true
    }

    /// Somebody stopped. Whether others thought they typed.
    pub(super) fn off(&mut self, who: &Typist) -> bool {
        self.marks.remove(who).is_some()
    }

    /// Those who have not typed for a while, with the session of agents.
    pub(super) fn expire(&mut self, now: Time) -> Vec<(Typist, Option<AgentSession>)> {
        let stale = |_: &Typist, mark: &mut Mark| now.since_ms(mark.heard) >= TYPING_MS;
        self.marks.extract_if(stale).map(|(who, mark)| (who, mark.session)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visitor(n: u128) -> VisitorId {
        VisitorId(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn presence_has_a_since_and_is_bounded() {
        let mut visitors = Visitors::default();
        assert_eq!(visitors.of(visitor(1)), (false, None));
        visitors.note(visitor(1), true, Time(5));
        assert_eq!(visitors.of(visitor(1)), (true, Some(Time(5))));
        visitors.note(visitor(1), false, Time(9));
        assert_eq!(visitors.of(visitor(1)), (false, Some(Time(9))));
        for n in 0..LEFT as u128 * 3 {
            visitors.note(visitor(100 + n), false, Time(10 + n as i64));
        }
        assert!(visitors.left.len() <= LEFT * 2);
        assert_eq!(visitors.of(visitor(1)), (false, None), "the longest gone is forgotten");
        assert!(visitors.of(visitor(99 + LEFT as u128 * 3)).1.is_some(), "the last is not");
    }

    #[test]
    fn typing_is_told_once_a_second_and_ends_by_itself() {
        let mut typing = Typing::default();
        let who = Typist::Visitor(SiteId::new("demo").expect("a site"), visitor(1));
        assert!(typing.on(&who, None, Time(0)));
        assert!(!typing.on(&who, None, Time(999)));
        assert!(typing.on(&who, None, Time(1_000)));
        assert!(!typing.on(&who, None, Time(1_500)));
        assert_eq!(typing.expire(Time(7_499)), []);
        assert_eq!(typing.expire(Time(7_500)), [(who.clone(), None)]);
        assert!(!typing.off(&who), "it has expired");
        assert!(typing.on(&who, None, Time(8_000)) && typing.off(&who));
    }
}
