//! Random histories for the tests of the log: commands decided by the real `decide`, appended through the real log.
#![allow(dead_code)]

use std::path::Path;

use baton::conversation::{
    Actor, AgentId, AgentRef, AssistantTurn, Card, Cid, Command, Context, Conversation, ConversationId,
    Device, Handoff, Page, Priority, Reason, Rejection, Role, Settings, SiteId, SnoozeUntil, Time, TimerKind,
    TransferTo, TurnOutcome, VisitorId, VisitorRef, decide,
};
use baton::log::{Append, Batch, Log, Principal, StoreError};
use proptest::prelude::*;
use uuid::Uuid;

/// One random step. Every number is taken modulo what there is.
#[derive(Debug, Clone)]
pub struct Op {
    pub site: u8,
    pub visitor: u8,
    pub agent: u8,
    pub command: u8,
    pub minutes: u16,
    pub flags: u8,
    /// Commits the group after this step.
    pub commit: bool,
}

prop_compose! {
    pub fn op()(site in 0u8..2, visitor in 0u8..3, agent in 0u8..2, command in 0u8..26,
                minutes in prop_oneof![8 => 0u16..4, 1 => 1000u16..2000], flags: u8, commit: bool) -> Op {
        Op { site, visitor, agent, command, minutes, flags, commit }
    }
}

pub fn ops(max: usize) -> impl Strategy<Value = Vec<Op>> {
    proptest::collection::vec(op(), 1..max)
}

/// A run's own memory: what it appended, in order.
pub struct Run {
    pub now: Time,
    pub count: u128,
    pub settings: Settings,
    /// Everything appended and committed: conversation, version, seq, client id and principal of the command.
    pub appended: Vec<Done>,
}

#[derive(Debug, Clone)]
pub struct Done {
    pub id: ConversationId,
    pub first_version: u64,
    pub events: u64,
    pub first_seq: u64,
    pub primary: usize,
    pub principal: Principal,
    pub cid: Cid,
    pub hash: [u8; 16],
}

pub fn site(n: u8) -> SiteId {
    SiteId::new(["demo", "shop"][usize::from(n % 2)]).expect("a site id")
}

pub fn visitor(n: u8) -> VisitorRef {
    VisitorRef { id: VisitorId(Uuid::from_u128(0xf00 + u128::from(n))), name: None, email: None }
}

pub fn agent(n: u8) -> AgentRef {
    AgentRef { id: AgentId(Uuid::from_u128(0xa00 + u128::from(n))), name: format!("Agent {n}") }
}

pub fn open(dir: &Path) -> Log {
    Log::open(dir).expect("a store")
}

impl Run {
    pub fn new() -> Self {
        Self { now: Time(1_700_000_000_000), count: 0, settings: Settings::default(), appended: Vec::new() }
    }

    fn fresh(&mut self) -> Uuid {
        self.count += 1;
        // Spread, so that ids arrive in no order.
        Uuid::from_u128(self.count.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
    }

    /// Appends what the step does, if it does anything.
    pub fn step(&mut self, batch: &mut Batch<'_>, op: &Op) -> Result<Option<Done>, StoreError> {
        self.now = self.now.plus_ms(i64::from(op.minutes) * 60_000 + 17);
        let (site, who) = (site(op.site), visitor(op.visitor));
        let current = batch.current_of(&site, who.id)?;
        let mut before = match current {
            Some(id) => batch.conversation(id)?.expect("what current_of names exists"),
            None => Conversation::empty(ConversationId(self.fresh())),
        };
        let (actor, command) = command(op, &before, self.now);
        let principal = match &actor {
            Actor::Visitor(v) => Principal::Visitor(v.id),
            Actor::Agent { agent, .. } => Principal::Agent(agent.id),
            Actor::Assistant => Principal::Assistant,
            Actor::System => Principal::System,
        };
        let mut linked = None;
        loop {
            let fresh = [self.fresh(), self.fresh(), self.fresh(), self.fresh()];
            let settings = self.settings.clone();
            let context = Context {
                now: self.now,
                actor: actor.clone(),
                site: site.clone(),
                settings: &settings,
                someone_available: op.flags & 1 != 0,
                last_agent_eligible: op.flags & 2 != 0,
                typed_at: None,
                lease_lost_at: (op.flags & 4 != 0).then_some(self.now.plus_ms(-3_600_000)),
                linked,
                device: (op.flags & 2 != 0)
                    .then(|| Device { locale: Some(format!("l{}", op.flags % 3)), ..Device::default() }),
                load: None,
                fresh,
            };
            let decided = match decide(&before, &command, &context) {
                Ok(decided) if decided.events.is_empty() => return Ok(None),
                Ok(decided) => decided,
                Err(Rejection::ReopenWindowPassed) if linked.is_none() => {
                    linked = Some(before.id);
                    before = Conversation::empty(ConversationId(self.fresh()));
                    continue;
                }
                Err(_) => return Ok(None),
            };
            let mut after = before.clone();
            decided.events.iter().for_each(|e| after.apply(e, self.now));
            let (cid, hash) = (Cid(self.fresh()), *self.fresh().as_bytes());
            let appended = batch.append(Append {
                conversation: before.id,
                expected: before.version,
                at: self.now,
                principal,
                cid: Some((cid, hash, decided.primary)),
                events: &decided.events,
                after: &after,
            })?;
            let done = Done {
                id: before.id,
                first_version: before.version + 1,
                events: decided.events.len() as u64,
                first_seq: appended.first_seq,
                primary: decided.primary,
                principal,
                cid,
                hash,
            };
            self.appended.push(done.clone());
            return Ok(Some(done));
        }
    }

    /// Runs all steps, committing where they say so and at the end.
    pub fn all(&mut self, log: &mut Log, ops: &[Op]) {
        let mut rest = ops.iter().peekable();
        while rest.peek().is_some() {
            let mut batch = log.begin().expect("a transaction");
            for op in rest.by_ref() {
                self.step(&mut batch, op).expect("appended");
                if op.commit {
                    break;
                }
            }
            batch.commit().expect("committed");
        }
    }
}

fn handoff(reason: Reason) -> Handoff {
    let card = Card { summary: "wants a refund".into(), ..Card::default() };
    Handoff {
        reason,
        evidence: vec!["said so".into()],
        card,
        page: Some(page(7)),
        hits: Vec::new(),
        withheld: None,
    }
}

fn page(n: u8) -> Page {
    Page { url: format!("https://example.test/{n}"), title: None, referrer: None }
}

fn command(op: &Op, c: &Conversation, now: Time) -> (Actor, Command) {
    let visitor = Actor::Visitor(visitor(op.visitor));
    let role = if op.flags & 8 != 0 { Role::Supervisor } else { Role::Agent };
    let by = Actor::Agent { agent: agent(op.agent), role };
    let text = format!("order {} of “visitor”\n{} Größe", op.flags, op.minutes);
    let message = Command::VisitorMessage {
        text: text.clone(),
        attachments: Vec::new(),
        page: (op.flags & 16 != 0).then(|| page(op.flags)),
        thanks: op.flags & 32 != 0,
    };
    match op.command {
        0..=5 => (visitor, message),
        6 => (visitor, Command::VisitPage(page(op.flags))),
        7 => (visitor, Command::Identify { name: Some("Ada".into()), email: None }),
        8 => (visitor, Command::SubmitLead { name: None, email: "ada@example.test".into() }),
        9 | 10 => {
            let handoff = handoff(Reason::HumanRequested);
            (visitor, Command::RequestHandoff { handoff, epoch: None, answers: None })
        }
        11 => (visitor, if op.flags & 64 == 0 { Command::CancelHandoff } else { Command::EndByVisitor }),
        12 | 13 => {
            let turn = AssistantTurn {
                answers: c.last_visitor_version,
                decision: None,
                outcome: TurnOutcome::Answered,
                offered: false,
                evidence: Vec::new(),
                hits: Vec::new(),
            };
            (Actor::Assistant, Command::AssistantMessage { text, sources: Vec::new(), epoch: c.epoch, turn })
        }
        14 => (by, Command::Accept { over_capacity: false }),
        15 => (by, Command::TakeOver { over_capacity: false }),
        16 | 17 => (by, Command::AgentMessage { text, attachments: Vec::new() }),
        18 => (by, Command::AddNote { text: format!("note {}", op.flags) }),
        19 => (by, Command::Release { reason: None }),
        20 => (
            by,
            match op.flags % 4 {
                0 => Command::Transfer { to: TransferTo::Agent(agent(op.agent + 1)), note: None },
                1 => Command::Transfer { to: TransferTo::Group("billing".into()), note: None },
                2 => Command::HandBack,
                _ => Command::Snooze(match op.flags & 16 {
                    0 => SnoozeUntil::NextMessage,
                    _ => SnoozeUntil::Time(now.plus_ms(3_600_000)),
                }),
            },
        ),
        21 => (by, Command::Resolve),
        22 => (by, Command::Reopen),
        23 => {
            let tag = |n: u8| format!("Tag {}", n % 8);
            (by, Command::Tag { add: vec![tag(op.flags)], remove: vec![tag(op.flags / 8)] })
        }
        24 => (by, Command::SetPriority(Priority::ALL[usize::from(op.flags % 4)])),
        _ => (Actor::System, Command::Timer(TimerKind::ALL[usize::from(op.flags) % TimerKind::ALL.len()])),
    }
}

/// Every row of a table, as text.
pub fn dump(dir: &Path, sql: &str) -> Vec<String> {
    let conn = rusqlite::Connection::open(dir.join("baton.db")).expect("opens");
    let mut statement = conn.prepare(sql).expect("a query");
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        (0..columns).map(|i| row.get_ref(i).map(|v| format!("{v:?}"))).collect::<Result<Vec<_>, _>>()
    });
    rows.expect("rows").map(|row| row.expect("a row").join("|")).collect()
}
