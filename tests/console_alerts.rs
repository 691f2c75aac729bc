//! The attention ladder: rings with the cause, again and louder while nothing is done, and stops with the cause.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails that way")]

mod console_support;

use std::path::Path;

use baton::client::{ClientEvent, Link};
use baton::console::app::{Alert, Effect, Event};
use baton::console::config::{Class, Config};
use baton::conversation::{AgentRef, Event as Happened, Reason, Time};
use baton::protocol::{AgentEph, AgentOp};
use console_support::*;

fn alone(toml: &str) -> Desk {
    let mut desk = Desk::silent(100, 30);
    desk.state.config = Config::parse(Path::new("console.toml"), toml).unwrap();
    desk.welcome(true);
    desk
}

fn waits(n: u128, name: &str) -> Story {
    Story::new(n, name, "/", 30).visitor(20, "hi").queued(0, Reason::HumanRequested, "x")
}

fn arrives(desk: &mut Desk, story: Story) {
    let event = story.row_event();
    desk.stories.insert(story.conversation.id, story);
    desk.client(event);
}

fn bells(desk: &mut Desk) -> usize {
    let n = desk.effects.iter().filter(|fx| **fx == Effect::Bell).count();
    desk.effects.clear();
    n
}

fn notes(desk: &Desk) -> Vec<Alert> {
    let one = |fx: &Effect| match fx {
        Effect::Notify(alert) => Some(alert.clone()),
        _ => None,
    };
    desk.effects.iter().filter_map(one).collect()
}

#[test]
fn a_handoff_rings_again_and_more_often_until_it_is_taken() {
    let mut desk = alone("[attention.overdue]\nbell = false\n");
    arrives(&mut desk, waits(1, "Nina"));
    assert_eq!(bells(&mut desk), 1);
    desk.advance(29_000);
    assert_eq!(bells(&mut desk), 0);
    desk.advance(1_500);
    assert_eq!(bells(&mut desk), 1, "repeated after 30 s");
    desk.advance(30_000);
    assert_eq!(bells(&mut desk), 1, "escalated after a minute");
    desk.advance(31_000);
    assert_eq!(bells(&mut desk), 3, "three times as often");
    desk.keys("a");
    assert!(desk.effects.contains(&Effect::Unalert(Class::Handoff)), "{:?}", desk.effects);
    bells(&mut desk);
    desk.advance(300_000);
    assert_eq!(bells(&mut desk), 0, "taken: silent");
}

#[test]
fn each_new_one_rings_at_once_and_a_colleagues_accept_ends_it() {
    let mut desk = alone("[attention.handoff]\nrepeat_s = 0\nescalate_after_s = 0\n");
    arrives(&mut desk, waits(1, "Nina"));
    arrives(&mut desk, waits(2, "Omar"));
    assert_eq!(bells(&mut desk), 2);
    desk.advance(600_000);
    assert_eq!(bells(&mut desk), 0, "told not to repeat");
    let taken = waits(1, "Nina").accepted(0, bo());
    desk.client(taken.row_event());
    assert!(!desk.effects.contains(&Effect::Unalert(Class::Handoff)), "one still waits");
    desk.client(waits(2, "Omar").accepted(0, bo()).row_event());
    assert!(desk.effects.contains(&Effect::Unalert(Class::Handoff)));
}

#[test]
fn whoever_leaves_or_is_answered_by_mail_does_not_ring() {
    let mut desk = alone("");
    arrives(&mut desk, waits(1, "Nina"));
    bells(&mut desk);
    let presence = |online| {
        ClientEvent::Eph(AgentEph::Presence { conversation: id(1), online, since: Some(Time(NOW.0)) })
    };
    desk.client(presence(false));
    assert!(desk.effects.contains(&Effect::Unalert(Class::Handoff)));
    desk.effects.clear();
    desk.advance(300_000);
    assert_eq!(bells(&mut desk), 0);
    assert!(desk.state.banner().is_some(), "the banner still says who waits");
    desk.client(presence(true));
    assert_eq!(bells(&mut desk), 1, "back, and still waiting");

    let mut desk = alone("");
    let ticket = Story::new(3, "Eve", "/", 30).visitor(20, "hi");
    let ticket =
        ticket.queued(0, Reason::HumanRequested, "x").then(0, Happened::HandoffRequested { ticket: true });
    arrives(&mut desk, ticket);
    assert_eq!(bells(&mut desk), 0);
}

#[test]
fn away_is_left_in_peace_unless_it_wants_to_know() {
    for (toml, rings) in [("", 0), ("[attention]\nwhen_away = true\n", 1)] {
        let mut desk = alone(toml);
        desk.welcome(false);
        arrives(&mut desk, waits(1, "Nina"));
        assert_eq!(bells(&mut desk), rings, "{toml}");
        assert!(desk.state.banner().unwrap().text.contains("You are Away, 1 waiting"));
    }
}

#[test]
fn quiet_hours_silence_all_but_banner_and_title() {
    // The desk's clock says half past two on a Monday.
    for (quiet, rings) in
        [("14:00-15:00", 0), ("mon", 0), ("sun-tue 14:30-14:31", 0), ("15:00-14:00", 1), ("sat", 1)]
    {
        let mut desk = alone(&format!("[attention]\ncommand = [\"true\"]\nquiet = [\"{quiet}\"]\n"));
        desk.event(Event::Focus(false));
        arrives(&mut desk, waits(1, "Nina"));
        let hooks = desk.effects.iter().filter(|fx| matches!(fx, Effect::RunHook(_))).count();
        assert_eq!((hooks, notes(&desk).len()), (rings, rings), "{quiet}");
        assert!(desk.effects.iter().any(|fx| matches!(fx, Effect::SetTitle(_))));
        assert_eq!(bells(&mut desk), rings, "{quiet}");
        assert!(desk.state.banner().is_some());
    }
}

#[test]
fn notifications_carry_fixed_words_unless_names_are_allowed_and_come_while_one_looks_elsewhere() {
    let mut desk = alone("");
    arrives(&mut desk, waits(1, "Nina\u{1b}]0;x\u{7}"));
    assert!(notes(&desk).is_empty(), "one looks at the console");
    desk.event(Event::Focus(false));
    arrives(&mut desk, waits(2, "Omar"));
    let told = notes(&desk);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].words.as_str(), "2 visitors wait for a person, longest 0s");
    assert_eq!((told[0].class, told[0].count, told[0].level), (Class::Handoff, 2, 0));

    let mut desk = alone("[attention]\nnames = true\n");
    desk.event(Event::Focus(false));
    arrives(&mut desk, waits(1, "Nina\u{1b}]0;x\u{7}"));
    let words = notes(&desk)[0].words.clone();
    assert!(words.as_str().starts_with("Nina") && !words.as_str().contains('\u{1b}'), "{words}");
}

#[test]
fn looking_is_not_always_seeing_so_the_escalation_notifies_all_the_same() {
    let mut desk = alone("");
    arrives(&mut desk, waits(1, "Nina"));
    desk.advance(61_000);
    let told = notes(&desk);
    assert_eq!(told.iter().map(|alert| alert.level).collect::<Vec<_>>(), [1]);
}

#[test]
fn what_a_colleague_passes_on_rings_until_it_is_looked_at_and_my_own_accept_does_not() {
    let mut desk = alone("");
    let passed = waits(1, "Nina").accepted(0, bo()).then(0, Happened::Transferred { by: bo(), to: me() });
    arrives(&mut desk, passed);
    assert_eq!(bells(&mut desk), 1);
    desk.advance(30_500);
    assert!(bells(&mut desk) >= 1, "again, until it is looked at");
    desk.keys("2<enter>");
    bells(&mut desk);
    desk.advance(20_000);
    assert_eq!(bells(&mut desk), 0);

    let mut desk = alone("");
    arrives(&mut desk, waits(1, "Nina"));
    bells(&mut desk);
    desk.keys("a");
    assert_eq!(bells(&mut desk), 0);
}

#[test]
fn a_reply_rings_once_while_one_looks_elsewhere() {
    let answered = |n| waits(n, "Kim").accepted(0, me()).agent(0, me(), "Hi Kim");
    let mut desk = Desk::with(100, 30, true, vec![answered(1)]);
    arrives(&mut desk, answered(1).visitor(0, "thanks, and another thing"));
    assert_eq!(bells(&mut desk), 1);
    desk.advance(120_000);
    assert_eq!(bells(&mut desk), 0, "once");
}

#[test]
fn away_takes_words_shows_them_and_tells_when_it_is_over() {
    let mut desk = desk();
    desk.keys("`30m lunch");
    assert!(desk.screen().contains("Away, back "), "{}", desk.screen());
    desk.keys("<enter>");
    let asked = desk.effects.iter().find_map(|fx| match fx {
        Effect::Request { op: AgentOp::AvailabilitySet(info), .. } => Some(info.clone()),
        _ => None,
    });
    let asked = asked.unwrap();
    assert_eq!((asked.available, asked.reason.as_deref()), (false, Some("lunch")));
    let until = asked.until.unwrap();
    assert!((29 * 60_000..=31 * 60_000).contains(&until.since_ms(NOW)), "{until:?}");

    let mut mine = desk.state.agents.iter().find(|a| a.id == me().id).cloned().unwrap();
    mine.available = false;
    let AgentRef { id, name } = me();
    desk.client(ClientEvent::Eph(AgentEph::Availability {
        agent: baton::protocol::AgentInfo {
            id,
            name,
            role: baton::conversation::Role::Agent,
            groups: Vec::new(),
            availability: asked,
            present: true,
        },
    }));
    assert!(desk.screen().contains("lunch"), "{}", desk.screen());
    desk.advance(31 * 60_000);
    let banner = desk.state.banner().unwrap();
    assert!(
        banner.alarm && banner.text.starts_with("Your time Away is over (until 15:00: lunch)"),
        "{}",
        banner.text
    );
    desk.keys("`yesterday");
    assert!(desk.screen().contains("past") || desk.screen().contains("yesterday"), "{}", desk.screen());
}

#[test]
fn without_a_key_for_long_one_is_set_away_and_only_a_key_brings_one_back() {
    let mut desk = alone("[availability]\nauto_away_min = 10\n");
    desk.advance(9 * 60_000);
    desk.keys("j");
    desk.effects.clear();
    desk.advance(9 * 60_000);
    let sets = |desk: &Desk| desk.ops().iter().filter(|op| op.contains("availability")).count();
    assert_eq!(sets(&desk), 0, "the key counted");
    desk.advance(63_000);
    assert_eq!(sets(&desk), 1, "{:?}", desk.ops());
    assert!(desk.toast().contains("Away"), "{}", desk.toast());
    desk.advance(60 * 60_000);
    desk.keys("j");
    assert_eq!(sets(&desk), 1, "moving about is no Available");
}

#[test]
fn a_lost_lease_shows() {
    let mut desk = alone("");
    let down = || ClientEvent::Link(Link::Down { retry_in_ms: 1_000, why: "cut".into() });
    desk.client(down());
    assert!(desk.state.banner().unwrap().text.starts_with("No connection: what you send is kept"));
    desk.advance(46_000);
    desk.client(down());
    assert!(desk.state.banner().unwrap().text.contains("your lease is lost"), "{:?}", desk.state.banner());
    desk.advance(140_000);
    desk.event(Event::Tick);
    assert!(desk.state.banner().unwrap().text.contains("in the queue again"));
    desk.client(ClientEvent::Link(Link::Live));
    assert!(desk.state.banner().is_none());
}
