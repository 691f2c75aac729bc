//! What must not get lost, on its way: which entry may be sent now, and what becomes of each.
//!
//! Order holds within a conversation: an entry goes out only when the one before it there is gone. Invariant: an entry
//! leaves only as answered, as a draft again, or withdrawn; one older than [`ASK_AFTER_MS`] is not sent without consent.

use tokio::time::Instant;

use super::DraftKind;
use crate::conversation::{Cid, ConversationId, Time};
use crate::protocol::AgentOp;

/// After ten minutes a reply may no longer fit: the visitor has gone on, or somebody else has answered.
pub(super) const ASK_AFTER_MS: u64 = 10 * 60_000;

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// On its way to the disk.
    Storing,
    /// May be sent.
    Ready,
    /// Sent, not answered.
    Sent,
    /// Refused for now; again at this time.
    Later(Instant),
    /// Too old to be sent unasked.
    Asking,
}

/// An entry.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) cid: Cid,
    pub(super) conversation: ConversationId,
    pub(super) op: AgentOp,
    /// The tag it was given with; none: from an earlier console.
    pub(super) tag: Option<u64>,
    /// Wall time of the agent's send.
    pub(super) at: Time,
    /// The same on the monotonic clock, for one given to this console.
    pub(super) born: Option<Instant>,
    pub(super) status: Status,
    /// The agent has said: send it all the same.
    pub(super) confirmed: bool,
}

impl Entry {
    /// Its age: by the wall clock or the monotonic one, whichever says more (a laptop's sleep stops the one, a clock set
    /// back falsifies the other).
    pub(super) fn age_ms(&self, now: Instant, wall: Time) -> u64 {
        let by_wall = u64::try_from(wall.since_ms(self.at)).unwrap_or_default();
        let by_clock = self.born.map_or(0, |born| now.saturating_duration_since(born).as_millis() as u64);
        by_wall.max(by_clock)
    }
}

/// What an operation that changes something is about.
pub(super) struct Parts<'a> {
    pub(super) cid: Cid,
    pub(super) conversation: ConversationId,
    /// Its words, if it has any, and what kind of draft they would be.
    pub(super) words: Option<(DraftKind, &'a str)>,
    /// Its name.
    pub(super) name: &'static str,
}

/// Takes an operation apart; none: it carries no client id and cannot be sent durably.
pub(super) fn parts(op: &AgentOp) -> Option<Parts<'_>> {
    let plain = |cid, conversation, name| Some(Parts { cid, conversation, words: None, name });
    match op {
        AgentOp::MessageSend(a) => Some(Parts {
            cid: a.cid,
            conversation: a.conversation,
            words: Some((DraftKind::Reply, &a.text)),
            name: "reply",
        }),
        AgentOp::NoteAdd(a) => Some(Parts {
            cid: a.cid,
            conversation: a.conversation,
            words: Some((DraftKind::Note, &a.text)),
            name: "note",
        }),
        AgentOp::Accept(a) => plain(a.cid, a.conversation, "accept"),
        AgentOp::TakeOver(a) => plain(a.cid, a.conversation, "take over"),
        AgentOp::HandBack(a) => plain(a.cid, a.conversation, "hand back"),
        AgentOp::Resolve(a) => plain(a.cid, a.conversation, "resolve"),
        AgentOp::Reopen(a) => plain(a.cid, a.conversation, "reopen"),
        AgentOp::Release(a) => plain(a.cid, a.conversation, "release"),
        AgentOp::Transfer(a) => plain(a.cid, a.conversation, "transfer"),
        AgentOp::Tag(a) => plain(a.cid, a.conversation, "tag"),
        AgentOp::Priority(a) => plain(a.cid, a.conversation, "priority"),
        AgentOp::Snooze(a) => plain(a.cid, a.conversation, "snooze"),
        AgentOp::Auth(_)
        | AgentOp::List(_)
        | AgentOp::Watch(_)
        | AgentOp::Unwatch(_)
        | AgentOp::History(_)
        | AgentOp::Typing(_)
        | AgentOp::Read(_)
        | AgentOp::AvailabilitySet(_)
        | AgentOp::Search(_)
        | AgentOp::Block(_)
        | AgentOp::Unblock(_)
        | AgentOp::Blocks(_)
        | AgentOp::MailList(_)
        | AgentOp::MailRetry(_)
        | AgentOp::MailDrop(_) => None,
    }
}

/// The entries, in the order they were sent.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    entries: Vec<Entry>,
}

/// What to do with an entry whose turn has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turn {
    /// Send it.
    Send(Cid),
    /// Ask first.
    Ask(Cid),
}

impl Outbox {
    /// Adds an entry from disk: ready.
    pub(super) fn restore(&mut self, cid: Cid, at: Time, op: AgentOp) {
        let Some(conversation) = parts(&op).map(|p| p.conversation) else { return };
        let (tag, born, status, confirmed) = (None, None, Status::Ready, false);
        self.entries.push(Entry { cid, conversation, op, tag, at, born, status, confirmed });
    }

    /// Adds a fresh entry, on its way to the disk.
    pub(super) fn add(&mut self, tag: u64, op: AgentOp, at: Time, now: Instant) -> bool {
        let Some(Parts { cid, conversation, .. }) = parts(&op) else { return false };
        if self.entries.iter().any(|e| e.cid == cid) {
            return false;
        }
        let (tag, born, status, confirmed) = (Some(tag), Some(now), Status::Storing, false);
        self.entries.push(Entry { cid, conversation, op, tag, at, born, status, confirmed });
        true
    }

    pub(super) fn get(&self, cid: Cid) -> Option<&Entry> {
        self.entries.iter().find(|e| e.cid == cid)
    }

    /// Changes where an entry stands.
    pub(super) fn set(&mut self, cid: Cid, status: Status) {
        if let Some(entry) = self.entries.iter_mut().find(|e| e.cid == cid) {
            entry.status = status;
        }
    }

    /// Consent to send an old one.
    pub(super) fn confirm(&mut self, cid: Cid) {
        if let Some(entry) = self.entries.iter_mut().find(|e| e.cid == cid) {
            entry.confirmed = true;
            if entry.status == Status::Asking {
                entry.status = Status::Ready;
            }
        }
    }

    pub(super) fn remove(&mut self, cid: Cid) -> Option<Entry> {
        let at = self.entries.iter().position(|e| e.cid == cid)?;
        Some(self.entries.remove(at))
    }

    /// The link is down: what was sent and not answered is to be sent again, with the same client id.
    pub(super) fn link_lost(&mut self) {
        for entry in &mut self.entries {
            if entry.status == Status::Sent {
                entry.status = Status::Ready;
            }
        }
    }

    /// The first entry whose turn it is. Old ones come up whether or not `linked`; others only if so. Call until none.
    pub(super) fn turn(&mut self, linked: bool, now: Instant, wall: Time) -> Option<Turn> {
        let mut blocked: Vec<ConversationId> = Vec::new();
        for entry in &mut self.entries {
            if let Status::Later(at) = entry.status
                && at <= now
            {
                entry.status = Status::Ready;
            }
            let free = !blocked.contains(&entry.conversation);
            blocked.push(entry.conversation);
            if entry.status != Status::Ready || !free {
                continue;
            }
            if !entry.confirmed && entry.age_ms(now, wall) > ASK_AFTER_MS {
                entry.status = Status::Asking;
                return Some(Turn::Ask(entry.cid));
            }
            if linked {
                return Some(Turn::Send(entry.cid));
            }
        }
        None
    }

    /// When a refused entry is due again, or one grows too old to be sent unasked.
    pub(super) fn next_at(&self) -> Option<Instant> {
        let later = self.entries.iter().filter_map(|e| match e.status {
            Status::Later(at) => Some(at),
            _ => None,
        });
        later.min()
    }

    /// How many wait, and the age of the oldest.
    pub(super) fn waiting(&self, now: Instant, wall: Time) -> (usize, u64) {
        (self.entries.len(), self.entries.iter().map(|e| e.age_ms(now, wall)).max().unwrap_or(0))
    }

    /// Whether anything is sent and not answered, or about to be.
    pub(super) fn under_way(&self) -> bool {
        self.entries.iter().any(|e| matches!(e.status, Status::Storing | Status::Sent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::MessageArg;
    use std::time::Duration;
    use uuid::Uuid;

    fn message(conversation: u128, cid: u128) -> AgentOp {
        AgentOp::MessageSend(MessageArg {
            conversation: ConversationId(Uuid::from_u128(conversation)),
            cid: Cid(Uuid::from_u128(cid)),
            text: "hello".into(),
        })
    }

    fn cid(n: u128) -> Cid {
        Cid(Uuid::from_u128(n))
    }

    #[test]
    fn order_holds_within_a_conversation_and_only_there() {
        let (now, wall) = (Instant::now(), Time(0));
        let mut outbox = Outbox::default();
        for (tag, (conversation, id)) in [(1, 1), (1, 2), (2, 3)].into_iter().enumerate() {
            assert!(outbox.add(tag as u64, message(conversation, id), wall, now));
        }
        assert_eq!(outbox.turn(true, now, wall), None, "nothing is sent before it is on disk");
        for id in [2, 3, 1] {
            outbox.set(cid(id), Status::Ready);
        }
        assert_eq!(outbox.turn(false, now, wall), None);
        assert_eq!(outbox.turn(true, now, wall), Some(Turn::Send(cid(1))));
        outbox.set(cid(1), Status::Sent);
        assert_eq!(outbox.turn(true, now, wall), Some(Turn::Send(cid(3))));
        outbox.set(cid(3), Status::Sent);
        assert_eq!(outbox.turn(true, now, wall), None, "the second waits for the first");
        outbox.set(cid(1), Status::Later(now + Duration::from_secs(1)));
        assert_eq!(outbox.turn(true, now, wall), None, "also while the first is put off");
        assert_eq!(outbox.next_at(), Some(now + Duration::from_secs(1)));
        assert_eq!(outbox.turn(true, now + Duration::from_secs(1), wall), Some(Turn::Send(cid(1))));
        outbox.remove(cid(1));
        assert_eq!(outbox.turn(true, now, wall), Some(Turn::Send(cid(2))));
        outbox.link_lost();
        outbox.remove(cid(2));
        assert_eq!(outbox.turn(true, now, wall), Some(Turn::Send(cid(3))), "sent and unanswered: again");
    }

    #[test]
    fn what_is_old_asks_first() {
        let now = Instant::now();
        let wall = Time(100_000_000);
        let mut outbox = Outbox::default();
        outbox.restore(cid(1), wall.plus_ms(-600_001), message(1, 1));
        outbox.restore(cid(2), wall.plus_ms(-599_000), message(2, 2));
        assert_eq!(outbox.turn(true, now, wall), Some(Turn::Ask(cid(1))));
        assert_eq!(outbox.turn(true, now, wall), Some(Turn::Send(cid(2))));
        outbox.set(cid(2), Status::Sent);
        assert_eq!(outbox.turn(true, now, wall), None, "asked once, and not sent meanwhile");
        outbox.confirm(cid(1));
        assert_eq!(outbox.turn(true, now, wall), Some(Turn::Send(cid(1))));
        assert_eq!(outbox.waiting(now, wall), (2, 600_001));
    }

    #[test]
    fn a_clock_set_back_makes_nothing_young() {
        let now = Instant::now();
        let wall = Time(100_000_000);
        let mut outbox = Outbox::default();
        outbox.add(1, message(1, 1), wall, now);
        outbox.set(cid(1), Status::Ready);
        let (later, back) = (now + Duration::from_secs(601), wall.plus_ms(-3_600_000));
        assert_eq!(outbox.turn(true, later, back), Some(Turn::Ask(cid(1))));
    }

    #[test]
    fn one_client_id_stands_once() {
        let (now, wall) = (Instant::now(), Time(0));
        let mut outbox = Outbox::default();
        assert!(outbox.add(1, message(1, 1), wall, now));
        assert!(!outbox.add(2, message(1, 1), wall, now));
        let typing = crate::protocol::TypingArg { conversation: ConversationId::NIL, on: true };
        assert!(!outbox.add(3, AgentOp::Typing(typing), wall, now));
        assert_eq!(outbox.waiting(now, wall).0, 1);
    }
}
