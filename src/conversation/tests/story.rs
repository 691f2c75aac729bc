//! The story every other room builds on, and the edges around it.

use super::*;

fn names(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::name).collect()
}

#[test]
fn first_takeover_from_question_to_reopen() {
    let mut w = World::new();
    assert_eq!(
        names(&w.act(by_visitor(), &say("do you ship to Norway?")).expect("starts")),
        ["conversation.started", "message.posted"]
    );
    assert!(w.c.assistant_owes());
    w.act(Actor::Assistant, &w.assistant_says("Yes, in 3 days.")).expect("the assistant holds it");
    assert!(!w.c.assistant_owes());
    let events = w.act(by_visitor(), &ask_for_person()).expect("somebody is there");
    assert_eq!(names(&events), ["handoff.initiated", "handoff.requested", "notice.posted"]);
    assert_eq!((w.c.state, &w.c.holder), (State::Queued, &Holder::Nobody));
    let late = w.assistant_says("One more thing");
    w.act(by_agent(1), &Command::Accept { over_capacity: false }).expect("queued");
    assert!(matches!(w.act(Actor::Assistant, &late), Err(Rejection::StaleEpoch { .. })));
    assert_eq!(
        w.act(by_agent(2), &Command::Accept { over_capacity: false }),
        Err(Rejection::AlreadyTaken { by: agent(1) })
    );
    w.act(by_agent(1), &reply("Hello, this is a person.")).expect("mine");
    w.act(by_agent(1), &Command::Resolve).expect("mine");
    assert_eq!((w.c.state, w.c.episode), (State::Resolved, 1));
    w.act(by_agent(1), &Command::Reopen).expect("resolved");
    assert_eq!(w.c.holder.agent(), Some(&agent(1)));
    w.act(by_agent(1), &Command::Resolve).expect("mine");
    let events = w.act(by_visitor(), &say("one more question")).expect("within the window");
    assert_eq!(names(&events), ["resolve.announced", "notice.posted", "returned", "message.posted"]);
    assert_eq!(w.c.state, State::Assistant);
    assert!(w.c.assistant_owes());
}

#[test]
fn nobody_there_asks_for_details_and_makes_a_ticket_the_assistant_may_go_on_beside() {
    let mut w = World::new();
    w.someone = false;
    w.act(by_visitor(), &say("hi")).expect("starts");
    let events = w.act(by_visitor(), &ask_for_person()).expect("the truth is told");
    assert_eq!(names(&events), ["handoff.initiated", "notice.posted"]);
    assert_eq!(w.c.state, State::Assistant, "the assistant keeps it until there are details");
    let lead = Command::SubmitLead { name: Some("Ada".into()), email: "ada@example".into() };
    assert_eq!(w.act(by_visitor(), &lead), Err(Rejection::BadEmail));
    let lead = Command::SubmitLead { name: Some("Ada".into()), email: "ada@example.com".into() };
    let events = w.act(by_visitor(), &lead).expect("details");
    assert_eq!(names(&events), ["lead.submitted", "handoff.requested", "notice.posted"]);
    assert!(w.c.ticket && w.c.state == State::Queued);
    w.act(by_visitor(), &say("and do you ship to Norway?")).expect("a visitor may always write");
    w.act(Actor::Assistant, &w.assistant_says("Yes.")).expect("a ticket nobody has touched");
    w.act(by_agent(1), &Command::Accept { over_capacity: false }).expect("queued");
    let late = w.assistant_says("late");
    assert!(matches!(w.act(Actor::Assistant, &late), Err(Rejection::StaleEpoch { .. })));
}

#[test]
fn a_cause_that_is_not_the_visitors_own_stays_with_the_assistant_when_nobody_is_there() {
    let mut w = World::new();
    w.someone = false;
    w.act(by_visitor(), &say("zzz")).expect("starts");
    let command = Command::RequestHandoff {
        handoff: handoff(Reason::Unanswered),
        epoch: Some(w.c.epoch),
        answers: Some(w.c.last_visitor_version),
    };
    assert_eq!(w.act(Actor::Assistant, &command), Err(Rejection::NobodyThere));
    assert!(w.c.assistant_owes(), "it still owes an answer of its own");
}

#[test]
fn accepted_and_not_answered_is_warned_about_and_returned_with_its_wait() {
    let mut w = World::new();
    w.act(by_visitor(), &ask_for_person()).expect("starts in the queue");
    let queued_at = w.c.queued_at;
    w.act(by_agent(1), &Command::Accept { over_capacity: false }).expect("queued");
    let held = w.c.held_since;
    assert_eq!(w.act(Actor::System, &Command::Timer(TimerKind::WarnUnanswered)), Err(Rejection::NotDue));
    w.now = held.plus_ms(60_000);
    w.act(Actor::System, &Command::Timer(TimerKind::WarnUnanswered)).expect("due");
    assert!(w.c.warned);
    w.now = held.plus_ms(180_000);
    w.typed_at = Some(held.plus_ms(100_000));
    assert_eq!(w.act(Actor::System, &Command::Timer(TimerKind::ReturnUnanswered)), Err(Rejection::NotDue));
    w.now = held.plus_ms(280_000);
    w.act(Actor::System, &Command::Timer(TimerKind::ReturnUnanswered)).expect("due");
    assert_eq!((w.c.state, w.c.queued_at), (State::Queued, queued_at));
}

#[test]
fn an_answer_or_a_hello_ends_the_countdown() {
    let mut w = World::new();
    w.act(by_visitor(), &ask_for_person()).expect("starts in the queue");
    w.act(by_agent(1), &Command::Accept { over_capacity: false }).expect("queued");
    w.act(by_agent(1), &reply("Hello! I am reading what you wrote.")).expect("mine");
    for kind in [TimerKind::WarnUnanswered, TimerKind::ReturnUnanswered] {
        assert_eq!(w.c.deadline(kind, &w.settings, None, None), None);
    }
    w.act(by_visitor(), &say("still there?")).expect("writes");
    assert_eq!(w.c.deadline(TimerKind::ReturnUnanswered, &w.settings, None, None), None);
    let lost = w.now;
    assert_eq!(
        w.c.deadline(TimerKind::LeaseLost, &w.settings, None, Some(lost)),
        Some(lost.plus_ms(180_000)),
        "the holder is gone and the visitor waits"
    );
}

#[test]
fn a_resolve_is_told_after_five_seconds_and_an_undo_before_that_is_unseen() {
    let mut w = World::new();
    w.act(by_visitor(), &ask_for_person()).expect("queued");
    w.act(by_agent(1), &Command::Accept { over_capacity: false }).expect("queued");
    w.act(by_agent(1), &Command::Resolve).expect("mine");
    let at = w.c.deadline(TimerKind::AnnounceResolve, &w.settings, None, None).expect("to be told");
    let mut undone = World { c: w.c.clone(), ..World::new() };
    undone.now = w.now;
    let events = undone.act(by_agent(1), &Command::Reopen).expect("undo");
    assert_eq!(events, [Event::Reopened { agent: agent(1), unseen: true }]);
    let mut colleague = World { c: w.c.clone(), now: w.now, ..World::new() };
    let events = colleague.act(by_agent(2), &Command::Reopen).expect("another person");
    assert_eq!(
        events,
        [Event::Reopened { agent: agent(2), unseen: false }],
        "the visitor meets somebody new"
    );
    assert_eq!(undone.c.deadline(TimerKind::AnnounceResolve, &w.settings, None, None), None);
    w.now = at;
    let events = w.act(Actor::System, &Command::Timer(TimerKind::AnnounceResolve)).expect("due");
    assert_eq!(names(&events), ["resolve.announced", "notice.posted"]);
    assert_eq!(w.act(Actor::System, &Command::Timer(TimerKind::AnnounceResolve)), Err(Rejection::NotDue));
}

#[test]
fn thanks_after_a_resolve_neither_reopens_nor_alerts() {
    let mut w = World::new();
    w.act(by_visitor(), &say("hi")).expect("starts");
    w.act(by_agent(1), &Command::Resolve).expect("unheld");
    let thanks =
        Command::VisitorMessage { text: "thanks!".into(), attachments: vec![], page: None, thanks: true };
    w.act(by_visitor(), &thanks).expect("kept");
    assert_eq!(w.c.state, State::Resolved);
    assert!(!w.c.assistant_owes());
}

#[test]
fn past_the_window_a_new_conversation_is_needed() {
    let mut w = World::new();
    w.act(by_visitor(), &say("hi")).expect("starts");
    w.act(by_agent(1), &Command::Resolve).expect("unheld");
    w.now = w.now.plus_ms(w.settings.timings.reopen_window_ms + 1);
    assert_eq!(w.act(by_visitor(), &say("again")), Err(Rejection::ReopenWindowPassed));
}

#[test]
fn an_assistant_that_owes_too_long_brings_in_a_person() {
    for (someone, tickets, expected) in
        [(true, true, State::Queued), (false, true, State::Assistant), (false, false, State::Assistant)]
    {
        let mut w = World::new();
        w.someone = someone;
        w.settings.tickets = tickets;
        w.act(by_visitor(), &say("hello?")).expect("starts");
        w.now = w.now.plus_ms(w.settings.timings.assistant_timeout_ms);
        w.act(Actor::System, &Command::Timer(TimerKind::AssistantTimeout)).expect("due");
        assert_eq!(w.c.state, expected);
        assert!(!w.c.assistant_owes(), "the turn is not owed for ever");
        assert_eq!(w.c.lead_wanted, !someone && tickets);
    }
}

#[test]
fn with_the_assistant_off_a_visitor_goes_straight_to_people() {
    let mut w = World::new();
    w.settings.assistant_on = false;
    w.last_eligible = false;
    w.act(by_visitor(), &say("hi")).expect("starts");
    assert_eq!(w.c.state, State::Queued);
    w.act(by_agent(1), &Command::Accept { over_capacity: false }).expect("queued");
    assert_eq!(w.act(by_agent(1), &Command::HandBack), Err(Rejection::AssistantOff));
    w.act(by_agent(1), &Command::Resolve).expect("mine");
    w.last_eligible = true;
    w.act(by_visitor(), &say("one more")).expect("returns");
    assert_eq!(w.c.holder.agent(), Some(&agent(1)), "back to the last agent, who is there");
}

#[test]
fn a_snoozed_conversation_wakes_by_time_by_the_visitor_and_by_its_agent() {
    for wake in ["time", "visitor", "agent"] {
        for kept in [true, false] {
            let mut w = World::new();
            w.last_eligible = kept;
            w.act(by_visitor(), &ask_for_person()).expect("queued");
            w.act(by_agent(1), &Command::Accept { over_capacity: false }).expect("queued");
            let past = Command::Snooze(SnoozeUntil::Time(w.now));
            assert_eq!(w.act(by_agent(1), &past), Err(Rejection::TimePast));
            let until = w.now.plus_ms(60_000);
            w.act(by_agent(1), &Command::Snooze(SnoozeUntil::Time(until))).expect("mine");
            match wake {
                "time" => {
                    w.now = until;
                    w.act(Actor::System, &Command::Timer(TimerKind::Wake)).expect("due");
                }
                "visitor" => drop(w.act(by_visitor(), &say("hello")).expect("writes")),
                _ => drop(w.act(by_agent(1), &reply("back")).expect("mine")),
            }
            let active = kept || wake == "agent";
            assert_eq!(w.c.state, if active { State::Active } else { State::Queued }, "{wake} {kept}");
        }
    }
}
