//! The visitor's wait outlasts what is taken back, as long as nobody has answered.

use super::*;

fn take() -> Command {
    Command::TakeOver { over_capacity: true }
}

/// A visitor who asked and whom an agent has, unanswered; since when they wait.
fn unanswered() -> (World, Time) {
    let mut w = World::new();
    let since = w.now;
    w.act(by_visitor(), &say("anybody?")).expect("starts");
    w.act(by_agent(1), &take()).expect("taken over");
    assert_eq!(w.c.waiting_since, Some(since));
    (w, since)
}

#[test]
fn whoever_nobody_answered_waits_on_when_the_end_is_taken_back() {
    for (away, back) in [(Command::Resolve, Command::Reopen), (Command::HandBack, take())] {
        let (mut w, since) = unanswered();
        w.act(by_agent(1), &away).expect("given away");
        assert_eq!(w.c.waiting_since, None, "{away:?}");
        w.act(by_agent(1), &back).expect("taken back");
        assert_eq!((w.c.waiting_since, w.c.answered), (Some(since), false), "{away:?}");
        let timer = w.c.deadline(TimerKind::ReturnUnanswered, &w.settings, None, None);
        assert!(timer.is_some(), "{away:?}: somebody watches");
        w.act(by_agent(1), &reply("here")).expect("answered");
        w.act(by_agent(1), &away).expect("given away");
        w.act(by_agent(1), &back).expect("taken back");
        assert_eq!(w.c.waiting_since, None, "{away:?}: an answer is an answer");
    }
}

#[test]
fn a_reopen_after_the_notice_finds_the_wait_again_and_an_answer_between_ends_it() {
    let (mut w, since) = unanswered();
    w.act(by_agent(1), &Command::Resolve).expect("resolved");
    w.now = w.now.plus_ms(600_000);
    w.act(Actor::System, &Command::Timer(TimerKind::AnnounceResolve)).expect("told");
    w.act(by_agent(2), &Command::Reopen).expect("reopened");
    assert_eq!(w.c.waiting_since, Some(since));

    let (mut w, _) = unanswered();
    w.act(by_agent(1), &Command::HandBack).expect("handed back");
    w.act(by_visitor(), &say("and now?")).expect("asks again");
    let answer = w.assistant_says("so");
    w.act(Actor::Assistant, &answer).expect("answers");
    w.act(by_agent(1), &take()).expect("taken over");
    assert_eq!(w.c.waiting_since, None);
}

#[test]
fn who_comes_back_after_an_end_begins_a_wait_of_their_own() {
    let (mut w, _) = unanswered();
    w.act(by_agent(1), &Command::Resolve).expect("resolved");
    let again = w.now;
    w.act(by_visitor(), &say("hello?")).expect("returns, and is told of the end");
    w.act(by_agent(1), &Command::Reopen).expect("taken");
    assert_eq!((w.c.state, w.c.waiting_since), (State::Active, Some(again)));
}

#[test]
fn who_ended_the_chat_or_withdrew_the_wish_waits_for_nothing() {
    let (mut w, _) = unanswered();
    w.act(by_visitor(), &Command::EndByVisitor).expect("ended");
    w.act(by_agent(1), &Command::Reopen).expect("reopened");
    assert_eq!(w.c.waiting_since, None);
}
