//! When a webhook is to be told what. Pure: rows and time go in, deliveries come out.
//!
//! Everything is derived from who waits now and from what was told last, so a restart neither forgets nor repeats: what was
//! told last is stored, the rest is read from the queue. One delivery of a conversation is under way at a time.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Webhook;
use crate::conversation::{ConversationId, Reason, Row, SiteId, State, Time, VisitorId};

/// What was told last of a conversation; stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Told {
    /// Of which wait: the conversation's epoch while it was queued.
    pub epoch: u64,
    /// Times it rang.
    pub rang: u32,
    /// When last.
    pub last: Time,
    /// Whether it was escalated.
    pub escalated: bool,
    /// Whether it was said that the visitor left.
    pub left: bool,
    /// Since when somebody waited, and where; for saying that it is over, whenever that is noticed.
    pub since: Time,
    pub site: Option<SiteId>,
}

/// Somebody who waits.
#[derive(Debug, Clone)]
struct Wait {
    site: SiteId,
    visitor: VisitorId,
    ticket: bool,
    reason: Option<Reason>,
    words: Option<Value>,
    told: Told,
    /// From when on the visitor counts as gone.
    gone_at: Option<Time>,
    busy: bool,
}

/// Something to be told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Delivery {
    /// The same at each attempt, and after a restart.
    pub id: String,
    /// Of which conversation.
    pub conversation: ConversationId,
    /// To the address for escalations.
    pub escalated: bool,
    /// The body.
    pub body: String,
    after: After,
}

/// What is noted once it was told, or given up.
#[derive(Debug, Clone, PartialEq)]
enum After {
    Told(Told),
    Forget,
}

/// What is to be stored for a conversation: what was told, or nothing any more.
pub(super) type Note = (ConversationId, Option<Told>);

/// See the module.
#[derive(Debug)]
pub(super) struct Plan {
    hook: Webhook,
    waits: HashMap<ConversationId, Wait>,
    /// What is over and still to be told, with the cause.
    over: VecDeque<(ConversationId, Told, &'static str)>,
}

impl Plan {
    pub(super) fn new(hook: Webhook) -> Self {
        Self { hook, waits: HashMap::new(), over: VecDeque::new() }
    }

    /// Whose visitors matter.
    pub(super) fn visitors(&self) -> impl Iterator<Item = (ConversationId, VisitorId)> {
        self.waits.iter().map(|(id, wait)| (*id, wait.visitor))
    }

    /// A conversation's line as it is now. `told`: what was stored of it, at the start.
    pub(super) fn row(&mut self, row: &Row, told: Option<Told>) {
        let ours = self.hook.sites.is_empty() || self.hook.sites.contains(&row.site);
        let since = row.queued_at.filter(|_| row.state == State::Queued && ours);
        let Some(since) = since else {
            let cause = match row.state {
                State::Active => "accepted",
                State::Assistant => "cancelled",
                State::Snoozed => "snoozed",
                State::Resolved => "resolved",
                State::Queued => "site",
            };
            return self.end(row.id, told, cause);
        };
        let known = self.waits.get(&row.id);
        if known.is_some_and(|wait| wait.told.epoch != row.epoch) {
            self.end(row.id, None, "handled");
        }
        let fresh = || Told { epoch: row.epoch, since, site: Some(row.site.clone()), ..Told::default() };
        let told = told.filter(|told| told.epoch == row.epoch);
        let wait = self.waits.entry(row.id).or_insert_with(|| Wait {
            site: row.site.clone(),
            visitor: row.visitor.id,
            ticket: row.ticket,
            reason: None,
            words: None,
            told: told.unwrap_or_else(fresh),
            gone_at: None,
            busy: false,
        });
        wait.ticket = row.ticket;
        wait.reason = row.reason;
        wait.words = self.hook.include_text.then(
            || json!({ "visitor": row.visitor.name, "summary": row.summary, "page": row.page.as_ref().map(|p| &p.url) }),
        );
    }

    /// Nobody waits here any more, or never did.
    pub(super) fn end(&mut self, id: ConversationId, stored: Option<Told>, cause: &'static str) {
        let told = match self.waits.remove(&id) {
            // What is under way may have arrived.
            Some(wait) if wait.told.rang > 0 || wait.busy => Some(wait.told),
            Some(_) => None,
            None => stored,
        };
        if let Some(told) = told {
            self.over.push_back((id, told, cause));
        }
    }

    /// Conversations that are waited in but are not among these.
    pub(super) fn others(&self, than: &std::collections::HashSet<ConversationId>) -> Vec<ConversationId> {
        self.waits.keys().filter(|id| !than.contains(id)).copied().collect()
    }

    /// The visitor is there, or counts as gone from a time on.
    pub(super) fn presence(&mut self, id: ConversationId, gone_at: Option<Time>) {
        if let Some(wait) = self.waits.get_mut(&id) {
            wait.gone_at = gone_at;
            if gone_at.is_none() {
                wait.told.left = false;
            }
        }
    }

    /// When to look again, as it looks now.
    pub(super) fn next_at(&self, now: Time) -> Option<Time> {
        if !self.over.is_empty() {
            return Some(now);
        }
        self.waits.values().filter_map(|wait| self.moment(wait, now)).min()
    }

    /// When this wait needs a look: a ring, an escalation, the visitor's leaving. None while it is being told.
    fn moment(&self, wait: &Wait, now: Time) -> Option<Time> {
        if wait.busy {
            return None;
        }
        let leave = wait.gone_at.filter(|_| !wait.ticket);
        let to_tell = leave.filter(|_| wait.told.rang > 0 && !wait.told.left);
        if leave.is_some_and(|at| at <= now) {
            return to_tell;
        }
        [self.ring_at(wait), self.escalate_at(wait), to_tell].into_iter().flatten().min()
    }

    fn ring_at(&self, wait: &Wait) -> Option<Time> {
        match (wait.told.rang, self.hook.repeat_ms) {
            (0, _) => Some(wait.told.since.plus_ms(self.hook.after_ms)),
            (_, 0) => None,
            _ if wait.ticket => None,
            (_, every) => Some(wait.told.last.plus_ms(every)),
        }
    }

    fn escalate_at(&self, wait: &Wait) -> Option<Time> {
        let after = self.hook.escalate_after_ms?;
        (wait.told.rang > 0 && !wait.told.escalated && !wait.ticket).then(|| wait.told.since.plus_ms(after))
    }

    /// What is to be told now, at most `room`.
    pub(super) fn due(&mut self, now: Time, room: usize) -> Vec<Delivery> {
        let mut due = Vec::new();
        while due.len() < room
            && let Some((id, told, cause)) = self.over.pop_front()
        {
            due.push(self.cleared(id, &told, cause, now, After::Forget));
        }
        let mut ready: Vec<(Time, ConversationId)> = self
            .waits
            .iter()
            .filter_map(|(id, w)| self.moment(w, now).filter(|at| *at <= now).map(|at| (at, *id)))
            .collect();
        ready.sort_unstable();
        ready.truncate(room - due.len());
        for (_, id) in ready {
            let Some(wait) = self.waits.get(&id) else { continue };
            let mut told = wait.told.clone();
            let gone = !wait.ticket && wait.gone_at.is_some_and(|at| at <= now);
            let delivery = if gone {
                told.left = true;
                self.cleared(id, &wait.told, "left", now, After::Told(told))
            } else if self.escalate_at(wait).is_some_and(|at| at <= now) {
                told.escalated = true;
                self.waiting(id, wait, now, told, true)
            } else {
                told.rang += 1;
                told.last = now;
                self.waiting(id, wait, now, told, false)
            };
            due.push(delivery);
            if let Some(wait) = self.waits.get_mut(&id) {
                wait.busy = true;
            }
        }
        due
    }

    /// A delivery arrived or was given up: what is to be stored.
    pub(super) fn done(&mut self, delivery: &Delivery) -> Option<Note> {
        let id = delivery.conversation;
        match &delivery.after {
            After::Told(told) => {
                let wait = self.waits.get_mut(&id).filter(|w| w.told.epoch == told.epoch)?;
                wait.busy = false;
                // The visitor may have come back while it was said that they left.
                let left = told.left && wait.gone_at.is_some();
                wait.told = Told { left, ..told.clone() };
                Some((id, Some(wait.told.clone())))
            }
            // Another wait of the same conversation may have begun: its own note stays.
            After::Forget if self.waits.contains_key(&id) => None,
            After::Forget => Some((id, None)),
        }
    }

    /// Whether the hook wants it; what it does not want counts as told.
    pub(super) fn wanted(&self, delivery: &Delivery) -> bool {
        let waiting = delivery.body.starts_with("{\"type\":\"handoff.waiting\"");
        if waiting { self.hook.waiting } else { self.hook.cleared }
    }

    fn waiting(&self, id: ConversationId, wait: &Wait, now: Time, told: Told, escalated: bool) -> Delivery {
        let mut data = json!({
            "conversation": id,
            "site": wait.site,
            "reason": wait.reason,
            "wait_s": now.since_ms(wait.told.since) / 1000,
            "ticket": wait.ticket,
            "ring": told.rang,
            "escalated": escalated,
            "waiting": self.waits.values().filter(|w| w.site == wait.site && !w.ticket).count(),
            "message": if wait.ticket { "A ticket is waiting for an answer" } else { "A visitor is waiting for a person" },
        });
        if let Some(words) = &wait.words {
            data["text"] = words.clone();
        }
        let kind = if escalated { "escalated" } else { "waiting" };
        Delivery {
            id: self.id(id, &told, kind),
            conversation: id,
            escalated,
            body: body("handoff.waiting", now, &data),
            after: After::Told(told),
        }
    }

    fn cleared(&self, id: ConversationId, told: &Told, cause: &str, now: Time, after: After) -> Delivery {
        let data = json!({
            "conversation": id,
            "site": told.site,
            "cause": cause,
            "wait_s": now.since_ms(told.since) / 1000,
            "waiting": self.waits.values().filter(|w| Some(&w.site) == told.site.as_ref() && !w.ticket).count(),
            "message": "Nobody waits here any more",
        });
        // The visitor may leave and come back several times in one wait.
        let kind = if cause == "left" { "left" } else { "cleared" };
        Delivery {
            id: self.id(id, told, kind),
            conversation: id,
            escalated: false,
            body: body("handoff.cleared", now, &data),
            after,
        }
    }

    /// The same for the same telling, before and after a restart.
    fn id(&self, id: ConversationId, told: &Told, kind: &str) -> String {
        let of = format!("{}\n{id}\n{}\n{kind}\n{}", self.hook.name(), told.epoch, told.rang);
        let hash: [u8; 32] = Sha256::digest(of.as_bytes()).into();
        let hex: String = hash[..16].iter().map(|b| format!("{b:02x}")).collect();
        format!("msg_{hex}")
    }
}

/// A body; by hand, so that the type comes first.
fn body(kind: &str, now: Time, data: &Value) -> String {
    format!("{{\"type\":\"{kind}\",\"timestamp\":\"{now}\",\"data\":{data}}}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::conversation::{Conversation, Holder, VisitorRef};

    const S: i64 = 1_000;

    fn hook() -> Webhook {
        Webhook { repeat_ms: 60 * S, ..Webhook::to("http://127.0.0.1:1/x".parse().unwrap()) }
    }

    fn row(epoch: u64, state: State) -> Row {
        let mut c = Conversation::empty(ConversationId(uuid::Uuid::from_u128(7)));
        c.site = Some(SiteId::new("shop").unwrap());
        c.visitor = Some(VisitorRef {
            id: VisitorId(uuid::Uuid::from_u128(8)),
            name: Some("Mia".into()),
            email: None,
        });
        c.state = state;
        c.holder = Holder::Nobody;
        c.epoch = epoch;
        c.queued_at = Some(Time(0));
        c.last_text = "my secret question".into();
        Row::of(&c).unwrap()
    }

    fn one(plan: &mut Plan, now: i64) -> (Delivery, Value) {
        let mut due = plan.due(Time(now), 8);
        assert_eq!(due.len(), 1, "{due:?}");
        let delivery = due.remove(0);
        let body = serde_json::from_str(&delivery.body).unwrap();
        (delivery, body)
    }

    #[test]
    fn it_rings_at_once_repeats_and_stops_at_the_claim() {
        let mut plan = Plan::new(hook());
        plan.row(&row(2, State::Queued), None);
        let (first, body) = one(&mut plan, 5 * S);
        assert_eq!(body["type"], "handoff.waiting");
        assert_eq!((&body["data"]["wait_s"], &body["data"]["waiting"]), (&json!(5), &json!(1)));
        assert!(!first.body.contains("secret") && !first.body.contains("Mia"), "{}", first.body);
        assert_eq!(plan.due(Time(500 * S), 8), [], "one at a time");
        let (_, stored) = plan.done(&first).unwrap();
        assert_eq!(plan.next_at(Time(6 * S)), Some(Time(65 * S)));
        let (second, _) = one(&mut plan, 65 * S);
        assert_ne!(first.id, second.id);
        plan.row(&row(3, State::Active), None);
        let (over, body) = one(&mut plan, 66 * S);
        assert_eq!((&body["type"], &body["data"]["cause"]), (&json!("handoff.cleared"), &json!("accepted")));
        assert_eq!(plan.done(&second), None, "too late to count");
        assert_eq!(plan.done(&over), Some((over.conversation, None)));
        assert_eq!(plan.next_at(Time(20 * S)), None);

        // After a restart: neither again at once, nor under another id.
        let mut again = Plan::new(hook());
        again.row(&row(2, State::Queued), stored.clone());
        assert_eq!(again.due(Time(64 * S), 8), []);
        assert_eq!(one(&mut again, 65 * S).0.id, second.id);
        let mut again = Plan::new(hook());
        again.row(&row(3, State::Active), stored);
        assert_eq!(one(&mut again, 65 * S).1["type"], "handoff.cleared", "claimed while it was down");
    }

    #[test]
    fn nobody_rings_for_who_left_and_again_for_who_came_back() {
        let mut plan = Plan::new(hook());
        let row = row(2, State::Queued);
        plan.row(&row, None);
        plan.presence(row.id, Some(Time(-1)));
        assert_eq!(plan.next_at(Time(S)), None, "gone before anybody was told");
        plan.presence(row.id, None);
        let (ring, _) = one(&mut plan, S);
        plan.done(&ring);
        plan.presence(row.id, Some(Time(20 * S)));
        assert_eq!(plan.next_at(Time(2 * S)), Some(Time(20 * S)));
        let (left, body) = one(&mut plan, 20 * S);
        assert_eq!(body["data"]["cause"], "left");
        plan.done(&left);
        assert_eq!(plan.next_at(Time(100 * S)), None);
        plan.presence(row.id, None);
        assert_eq!(plan.next_at(Time(20 * S)), Some(Time(61 * S)));
    }

    #[test]
    fn tickets_ring_once_and_a_wait_is_escalated_once() {
        let mut plan = Plan::new(Webhook { escalate_after_ms: Some(10 * S), ..hook() });
        let mut ticket = row(2, State::Queued);
        ticket.ticket = true;
        plan.row(&ticket, None);
        plan.presence(ticket.id, Some(Time(0)));
        let (ring, body) = one(&mut plan, S);
        assert_eq!(body["data"]["ticket"], true);
        plan.done(&ring);
        assert_eq!(plan.next_at(Time(20 * S)), None);

        plan.row(&row(4, State::Queued), None);
        let (over, _) = one_of(&mut plan, 2 * S, "handoff.cleared");
        plan.done(&over);
        let (ring, _) = one_of(&mut plan, 3 * S, "handoff.waiting");
        plan.done(&ring);
        let (escalated, body) = one(&mut plan, 10 * S);
        assert!(escalated.escalated && body["data"]["escalated"] == true);
        plan.done(&escalated);
        assert_eq!(plan.next_at(Time(20 * S)), Some(Time(63 * S)));
    }

    fn one_of(plan: &mut Plan, now: i64, kind: &str) -> (Delivery, Value) {
        let delivery = plan.due(Time(now), 1).remove(0);
        let body: Value = serde_json::from_str(&delivery.body).unwrap();
        assert_eq!(body["type"], kind);
        (delivery, body)
    }
}
