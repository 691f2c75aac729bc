//! Snooze, resolve and next.

use baton::client::ClientEvent;
use baton::console::app::state::{Focus, Overlay};
use baton::conversation::{Event as Happened, Tab, WakeCause};

use super::console_support::{Desk, Story, id, me, three_waiting};
use super::{cut, three_of_mine};

fn preview(desk: &Desk) -> (String, bool) {
    let Some(Overlay::Prompt(prompt)) = &desk.state.overlay else { panic!("a question\n{}", desk.screen()) };
    (prompt.said.as_ref().map_or(String::new(), |said| said.to_string()), prompt.bad)
}

#[test]
fn snooze_says_what_a_line_would_do_while_it_is_written() {
    // The desk's clock: Monday, 2 March 2026, 14:30.
    for (line, said, bad) in [
        ("2h", "wakes 16:30, in 2 h", false),
        ("25m", "wakes 14:55, in 25 min", false),
        ("tomorrow 9", "wakes Tue 3 Mar 09:00, in 19 h", false),
        ("fri 16:00", "wakes Fri 6 Mar 16:00, in 4 days", false),
        ("1h30m", "wakes 16:00, in 1 h 30 min", false),
        ("until the next message", "wakes when the visitor writes", false),
        ("next message", "wakes when the visitor writes", false),
        ("2026-03-02 14:00", "today 14:00 is past; write it like “2h”, “tomorrow 9” or “fri 16:00”", true),
        ("soon", "“soon” is not understood as a time; write it like “2h”, “tomorrow 9” or “fri 16:00”", true),
    ] {
        let mut desk = three_of_mine();
        desk.keys("z");
        desk.keys(line);
        assert_eq!(preview(&desk), (said.to_owned(), bad), "{line}");
        desk.keys("<enter>");
        assert_eq!(desk.deeds().is_empty(), bad, "{line}: {:?}", desk.deeds());
    }
}

#[test]
fn ready_answers_are_chosen_with_the_arrows_and_what_is_written_counts_before_them() {
    let mut desk = three_of_mine();
    desk.keys("z<enter>");
    assert_eq!(desk.deeds(), ["snooze 1 2026-03-02T15:00:00.240Z"], "the first one: 30 minutes");
    desk.keys("jz<down><down><down><down><down><down>");
    assert_eq!(preview(&desk).0, "wakes when the visitor writes");
    desk.keys("<enter>");
    assert_eq!(desk.deeds()[1], "snooze 2");
    assert_eq!(desk.toast(), "Omar: snoozed until the visitor writes; u takes it back");
    // “1h30m” resembles “1h” and “30m”; it is neither.
    desk.keys("jz1h30m<enter>");
    assert!(desk.deeds()[2].starts_with("snooze 3 2026-03-02T16:00:0"), "{:?}", desk.deeds());
}

#[test]
fn the_row_says_when_it_wakes_and_accept_or_a_reply_wakes_it() {
    let mut desk = three_of_mine();
    desk.keys("ztomorrow 9<enter>4");
    assert!(desk.screen().contains("Tue 09:00"), "{}", desk.screen());
    desk.keys("a");
    assert_eq!(desk.deeds()[1], "accept 1");
    assert_eq!(desk.state.count(Tab::Snoozed), 0);
    let mut desk = three_of_mine();
    desk.keys("ztomorrow 9<enter>4<enter>");
    assert!(desk.screen().contains("wakes Tue 3 Mar 09:00"), "in the head\n{}", desk.screen());
    desk.keys("rI am back<enter>");
    assert_eq!(desk.deeds()[1], "message.send 1 \"I am back\"");
    desk.happens(id(1), 0, &Happened::Woken { cause: WakeCause::Visitor, kept: true });
    assert_eq!(desk.state.count(Tab::Snoozed), 0);
}

#[test]
fn resolve_and_next_opens_who_waits_longest_for_me() {
    let mut desk = three_of_mine();
    desk.keys("j]");
    assert_eq!(desk.deeds(), ["resolve 2"]);
    assert_eq!(desk.state.open.as_ref().map(|open| open.id), Some(id(1)));
    assert_eq!((desk.state.focus, desk.state.list().selected()), (Focus::Conversation, Some(id(1))));
    assert_eq!(desk.toast(), "Omar: resolved; u takes it back. Nina waits longest for you");
    desk.keys("]");
    assert_eq!(desk.state.open.as_ref().map(|open| open.id), Some(id(3)));
}

#[test]
fn resolve_and_next_shows_the_queues_first_and_claims_nothing() {
    let mut desk = three_of_mine();
    desk.keys("]]]");
    assert_eq!(desk.deeds(), ["resolve 1", "resolve 2", "resolve 3"]);
    assert_eq!(desk.state.open.as_ref().map(|open| open.id), Some(id(4)));
    assert!(desk.toast().ends_with("Lea is first in the queue, only shown: a accepts"), "{}", desk.toast());
    desk.keys("]");
    assert_eq!(desk.deeds().len(), 3, "one press too many ends nobody's conversation");
    assert!(desk.toast().starts_with("that is for what you hold"), "{}", desk.toast());
    let mut alone =
        Desk::with(100, 30, true, vec![Story::new(1, "Nina", "/", 90).visitor(80, "hi").accepted(70, me())]);
    alone.keys("2]");
    assert!(alone.toast().ends_with("Nobody else waits"), "{}", alone.toast());
}

#[test]
fn it_goes_on_at_once_and_a_refusal_is_told_with_the_name() {
    let mut desk = three_of_mine();
    desk.agreeable = false;
    desk.keys("]");
    assert_eq!(desk.state.open.as_ref().map(|open| open.id), Some(id(2)), "the answer is not waited for");
    let tag = super::asked(&desk)[0];
    desk.refuse(tag, "Nina cannot be resolved now");
    assert!(desk.toast().starts_with("Nina cannot be resolved now"), "{}", desk.toast());
}

#[test]
fn every_verb_that_needs_the_link_says_so_and_names_what_works() {
    for key in ["a", "e", "]", "L", "A", "z", "t", "p", "b"] {
        let mut desk = Desk::with(100, 30, true, three_waiting());
        let mine = Story::new(9, "Kim", "/", 90).visitor(80, "hi").accepted(70, me());
        desk.stories.insert(id(9), mine.clone());
        desk.client(mine.row_event());
        desk.keys(if key == "a" { "1" } else { "2" });
        cut(&mut desk);
        desk.keys(key);
        assert_eq!(desk.toast(), "no link: this must wait for it; r and n work meanwhile", "{key}");
        assert!(desk.deeds().is_empty(), "{key}");
    }
    let mut desk = three_of_mine();
    desk.client(ClientEvent::Fatal("revoked".into()));
    desk.keys("e");
    assert!(desk.toast().starts_with("not connected for good"), "{}", desk.toast());
}
