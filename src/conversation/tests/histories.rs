//! The invariants of the design over random histories: any actor, any command, stale epochs and early timers included.

use proptest::prelude::*;

use super::*;

/// Commands per case and cases per run: more than 10,000 commands each time.
const LENGTH: usize = 120;
const CASES: u32 = 128;

#[derive(Debug, Clone)]
enum Op {
    Act(u8, u8),
    /// The assistant finishes a turn that began this many epochs ago.
    Assistant {
        epochs_ago: u64,
        handoff: bool,
    },
    /// The visitor comes back with another browser.
    Device(u8),
    Timer(u8),
    Wait(i64),
    World {
        someone: bool,
        last_eligible: bool,
    },
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (0u8..5, 0u8..18).prop_map(|(who, what)| Op::Act(who, what)),
        4 => (0u64..3, any::<bool>()).prop_map(|(epochs_ago, handoff)| Op::Assistant { epochs_ago, handoff }),
        1 => any::<u8>().prop_map(Op::Device),
        2 => (0u8..7).prop_map(Op::Timer),
        2 => prop_oneof![Just(6_000i64), Just(61_000), Just(200_000), Just(90_000_000)].prop_map(Op::Wait),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(someone, last_eligible)| Op::World { someone, last_eligible }),
    ]
}

fn command(what: u8, w: &World) -> Command {
    match what {
        0 => reply("hello"),
        1 => Command::Accept { over_capacity: false },
        2 => Command::TakeOver { over_capacity: false },
        3 => Command::Release { reason: None },
        4 => Command::Transfer { to: TransferTo::Agent(agent(2)), note: None },
        5 => Command::Transfer { to: TransferTo::Group("g".into()), note: None },
        6 => Command::HandBack,
        7 => Command::Snooze(SnoozeUntil::Time(w.now.plus_ms(60_000))),
        8 => Command::Snooze(SnoozeUntil::NextMessage),
        9 | 10 => Command::Resolve,
        11 => Command::Reopen,
        13 => Command::Tag { add: vec![label_of(w), "VIP".into()], remove: vec!["vip".into()] },
        14 => Command::Tag { add: vec![], remove: vec![label_of(w)] },
        15 => Command::SetPriority(Priority::ALL[(w.ids % 4) as usize]),
        16 => Command::Transfer { to: TransferTo::Agent(agent(2)), note: Some("look".into()) },
        17 => Command::Transfer { to: TransferTo::Group("g".into()), note: Some("look".into()) },
        _ => Command::AddNote { text: "n".into() },
    }
}

/// One of many tags, some of them equal but for their case.
fn label_of(w: &World) -> String {
    let n = w.ids / 4 % 30;
    if w.ids.is_multiple_of(3) { format!("Tag {n}") } else { format!("tag {n}") }
}

fn visitor_command(what: u8, w: &World) -> Command {
    match what {
        0..=6 => say("hm?"),
        7 | 8 => ask_for_person(),
        9 => Command::CancelHandoff,
        10 => Command::EndByVisitor,
        11 => Command::SubmitLead { name: None, email: "a@example.com".into() },
        12 | 14..=17 => Command::VisitPage(Page {
            url: format!("https://example.com/{}", "p".repeat((w.ids % 2_000) as usize)),
            title: Some("€".repeat((w.ids % 400) as usize)),
            referrer: None,
        }),
        _ => Command::VisitorMessage { text: "thanks".into(), attachments: vec![], page: None, thanks: true },
    }
}

/// What an independent reader of the log knows: who holds it, told only by the events' names.
#[derive(Default)]
struct Reader {
    human: bool,
    visitor_messages: u64,
}

impl Reader {
    fn read(&mut self, before: &Conversation, event: &Event) -> Result<(), TestCaseError> {
        match event {
            Event::Accepted { .. }
            | Event::TakenOver { .. }
            | Event::Transferred { .. }
            | Event::Reopened { .. } => {
                self.human = true;
            }
            Event::HandedBack { .. } | Event::Resolved(_) | Event::HandoffCancelled => self.human = false,
            Event::MessagePosted(m) => {
                prop_assert_eq!(m.epoch, before.epoch, "a message carries the epoch in force");
                self.visitor_messages += u64::from(m.author == Author::Visitor);
                if m.author == Author::Assistant {
                    prop_assert!(!self.human, "an assistant message after a human took it");
                    prop_assert!(before.holder.agent().is_none());
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn consistent(c: &Conversation) -> Result<(), TestCaseError> {
    match c.state {
        State::Assistant | State::Resolved => prop_assert_eq!(&c.holder, &Holder::Assistant),
        State::Queued => {
            prop_assert_eq!(&c.holder, &Holder::Nobody);
            prop_assert!(
                c.queued_at.is_some() && c.handoff.is_some() || c.human_held,
                "a queue entry says why and since when"
            );
        }
        State::Active | State::Snoozed => prop_assert!(c.holder.agent().is_some()),
    }
    prop_assert!(c.tags.len() <= TAGS_AT_MOST);
    prop_assert!(c.tags.windows(2).all(|two| two[0].to_lowercase() < two[1].to_lowercase()), "{:?}", c.tags);
    prop_assert!(c.trail.len() <= 10 && c.trail.windows(2).all(|two| two[0].at <= two[1].at));
    prop_assert!(c.trail.iter().all(|v| v.page.url.len() <= 500));
    prop_assert!(c.answered_version <= c.version && c.last_visitor_version <= c.version);
    Ok(())
}

/// From every non-resolved state some timer or person can move it, and a visitor the assistant owes is on a deadline.
fn not_stuck(w: &World) -> Result<(), TestCaseError> {
    if w.c.exists() && w.c.state != State::Resolved {
        let mut later = World { c: w.c.clone(), now: w.now, ..World::new() };
        prop_assert!(later.act(by_supervisor(), &Command::Resolve).is_ok());
    }
    if w.c.assistant_owes() && w.c.state == State::Assistant {
        prop_assert!(
            w.c.deadline(TimerKind::AssistantTimeout, &w.settings, None, None).is_some(),
            "an answer is owed and no deadline watches it"
        );
    }
    if w.c.state == State::Assistant {
        prop_assert!(w.c.next_deadline(&w.settings, None, None).is_some());
    }
    Ok(())
}

/// What is taken back at once leaves the visitor's wait as it was.
fn waits_as_before(w: &World) -> Result<(), TestCaseError> {
    let Some(holder) = w.c.holder.agent().filter(|_| w.c.state == State::Active) else { return Ok(()) };
    let by = || Actor::Agent { agent: holder.clone(), role: Role::Agent };
    for (away, back) in [
        (Command::Resolve, Command::Reopen),
        (Command::HandBack, Command::TakeOver { over_capacity: true }),
        (Command::Release { reason: None }, Command::Accept { over_capacity: true }),
        (Command::Snooze(SnoozeUntil::NextMessage), Command::Reopen),
    ] {
        let mut later = World { c: w.c.clone(), now: w.now, ..World::new() };
        prop_assert!(later.act(by(), &away).is_ok() && later.act(by(), &back).is_ok(), "{:?}", away);
        prop_assert_eq!(later.c.waiting_since, w.c.waiting_since, "{:?} and {:?}", away, back);
    }
    Ok(())
}

fn step(w: &mut World, reader: &mut Reader, actor: Actor, command: &Command) -> Result<(), TestCaseError> {
    let decided = w.decide(actor.clone(), command);
    prop_assert_eq!(&decided, &w.decide(actor.clone(), command), "decide is a function");
    let Ok(decided) = decided else { return Ok(()) };
    prop_assert!(decided.events.is_empty() || decided.primary < decided.events.len());
    for event in &decided.events {
        let before = w.c.clone();
        reader.read(&before, event)?;
        w.c.apply(event, w.now);
        prop_assert_eq!(w.c.version, before.version + 1);
        prop_assert!(w.c.epoch >= before.epoch && w.c.epoch <= before.epoch + 1);
        prop_assert!(
            w.c.holder == before.holder || w.c.epoch == before.epoch + 1,
            "a new holder raises the epoch"
        );
        prop_assert_eq!(w.c.episode, before.episode + u32::from(matches!(event, Event::Resolved(_))));
        let wire = serde_json::to_string(event).expect("events are plain data");
        let back: Event = serde_json::from_str(&wire).expect("what was written can be read");
        prop_assert_eq!(&back, event);
        let named = format!("\"type\":\"{}\"", event.name());
        prop_assert!(wire.contains(&named), "{} in {}", named, wire);
    }
    prop_assert_eq!(w.c.visitor_messages, reader.visitor_messages);
    consistent(&w.c)?;
    not_stuck(w)?;
    waits_as_before(w)?;
    let stored = serde_json::to_string(&w.c).expect("the state is plain data");
    prop_assert_eq!(&serde_json::from_str::<Conversation>(&stored).expect("reads back"), &w.c);
    w.ids += 4;
    w.now = w.now.plus_ms(1_000);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_invariants_hold_over_any_history(ops in prop::collection::vec(op(), LENGTH)) {
        let mut w = World::new();
        let mut reader = Reader::default();
        step(&mut w, &mut reader, by_visitor(), &say("hello"))?;
        for op in ops {
            match op {
                Op::Act(0 | 1, what) => { let c = visitor_command(what, &w); step(&mut w, &mut reader, by_visitor(), &c)? },
                Op::Act(2, what) => { let c = command(what, &w); step(&mut w, &mut reader, by_supervisor(), &c)? }
                Op::Act(n, what) => { let c = command(what, &w); step(&mut w, &mut reader, by_agent(u128::from(n)), &c)? }
                Op::Assistant { epochs_ago, handoff: wants } => {
                    let began = w.c.epoch.saturating_sub(epochs_ago);
                    let command = if wants {
                        Command::RequestHandoff { handoff: handoff(Reason::Unanswered), epoch: Some(began), answers: Some(w.c.last_visitor_version) }
                    } else {
                        match w.assistant_says("answer") {
                            Command::AssistantMessage { text, sources, turn, .. } => Command::AssistantMessage { text, sources, turn, epoch: began },
                            other => other,
                        }
                    };
                    let stale = began != w.c.epoch;
                    let refused = w.decide(Actor::Assistant, &command).is_err();
                    prop_assert!(!stale || refused, "a stale epoch was let through");
                    step(&mut w, &mut reader, Actor::Assistant, &command)?;
                }
                Op::Device(n) => w.device = Some(Device { locale: Some(format!("l{}", n % 3)), ..Device::default() }),
                Op::Timer(n) => step(&mut w, &mut reader, Actor::System, &Command::Timer(TimerKind::ALL[usize::from(n)]))?,
                Op::Wait(ms) => w.now = w.now.plus_ms(ms),
                Op::World { someone, last_eligible } => { w.someone = someone; w.last_eligible = last_eligible; }
            }
        }
    }

    #[test]
    fn of_any_number_of_concurrent_accepts_exactly_one_succeeds(order in Just((1u128..=64).collect::<Vec<_>>()).prop_shuffle()) {
        let mut w = World::new();
        w.act(by_visitor(), &ask_for_person()).expect("queued");
        let mut won = Vec::new();
        for n in order {
            match w.act(by_agent(n), &Command::Accept { over_capacity: false }) {
                Ok(_) => won.push(n),
                Err(Rejection::AlreadyTaken { by }) => {
                    let winner = won.first().map(|n| agent(*n));
                    prop_assert_eq!(Some(by), winner);
                }
                Err(other) => prop_assert!(false, "{}", other),
            }
        }
        prop_assert_eq!(won.len(), 1);
    }
}
