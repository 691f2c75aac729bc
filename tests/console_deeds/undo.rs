//! Taking back: which verbs, in which order, and why not.

use baton::conversation::{Event as Happened, ResolvedBy};

use super::console_support::{Desk, bo, id, me};
use super::{asked, promote, taken_by_bo, three_of_mine};

#[test]
fn each_verb_has_its_way_back() {
    for (keys, deeds, said) in [
        ("e", vec!["resolve 1", "reopen 1"], "taken back; yours"),
        ("L<enter>", vec!["release 1", "accept 1 above"], "taken back; yours"),
        (
            "ztomorrow 9<enter>",
            vec!["snooze 1 2026-03-03T09:00:00.000Z", "accept 1 above"],
            "taken back; yours",
        ),
        ("b", vec!["hand_back 1", "take_over 1"], "taken back; yours"),
        ("tvip<enter>", vec!["tag 1 +[\"vip\"] -[]", "tag 1 +[] -[\"vip\"]"], "tags as before"),
        ("purg<enter>", vec!["priority 1 urgent", "priority 1 normal"], "priority as before"),
    ] {
        let mut desk = three_of_mine();
        desk.keys(keys);
        desk.keys("u");
        assert_eq!(desk.deeds(), deeds, "{keys}");
        assert_eq!(desk.toast(), format!("Nina: {said}"), "{keys}");
        desk.keys("u");
        assert!(
            desk.toast().starts_with("nothing to undo"),
            "{keys}: an undo is not undone: {}",
            desk.toast()
        );
    }
}

#[test]
fn a_transfer_is_taken_back_while_nobody_has_it() {
    let mut desk = three_of_mine();
    desk.groups = vec!["billing".into()];
    desk.welcome(true);
    desk.keys("Abilling<enter><enter>u");
    assert_eq!(desk.deeds(), ["transfer 1 to billing", "accept 1 above"]);
    let mut desk = three_of_mine();
    desk.keys("Abo<enter><enter>u");
    assert_eq!(desk.deeds(), ["transfer 1 to 1001"]);
    assert_eq!(desk.toast(), "Nina: not taken back, Bo has it now");
    let mut desk = three_of_mine();
    promote(&mut desk);
    desk.keys("Abo<enter><enter>u");
    assert_eq!(desk.deeds(), ["transfer 1 to 1001", "take_over 1"], "a supervisor may");
}

#[test]
fn tags_that_were_there_before_stay_when_adding_is_taken_back() {
    let mut desk = three_of_mine();
    let tagged = Happened::Tagged { by: me(), added: vec!["VIP".into(), "old".into()], removed: Vec::new() };
    desk.happens(id(1), 0, &tagged);
    desk.keys("tvip new -old -never<enter>u");
    assert_eq!(desk.deeds()[1], "tag 1 +[\"old\"] -[\"new\"]");
}

#[test]
fn steps_go_back_one_by_one_newest_first_and_at_most_twenty() {
    let mut desk = three_of_mine();
    for _ in 0..12 {
        desk.keys("purg<enter>plow<enter>");
    }
    desk.effects.clear();
    for _ in 0..20 {
        desk.keys("u");
    }
    assert_eq!(desk.deeds().len(), 20);
    desk.keys("u");
    assert!(desk.toast().starts_with("nothing to undo"), "{}", desk.toast());
    let mut desk = three_of_mine();
    desk.keys("tvip<enter>eu");
    assert_eq!(desk.deeds()[2..], ["reopen 1"]);
    desk.keys("u");
    assert_eq!(desk.deeds()[3..], ["tag 1 +[] -[\"vip\"]"]);
}

#[test]
fn what_another_did_since_is_left_as_it_is_and_the_step_before_comes_next() {
    let mut desk = three_of_mine();
    desk.keys("ejL<enter>");
    desk.happens(id(2), 0, &Happened::Accepted { agent: bo() });
    desk.keys("u");
    assert_eq!(desk.toast(), "Omar: not taken back, Bo has it now");
    desk.keys("u");
    assert_eq!(desk.deeds()[2..], ["reopen 1"]);
    let cases: [(&str, Vec<Happened>, &str); 4] = [
        ("L<enter>", vec![Happened::Resolved(ResolvedBy::Visitor)], "it is resolved now"),
        ("L<enter>", vec![Happened::HandedBack { by: bo() }], "the assistant has it now"),
        ("L<enter>", vec![Happened::Accepted { agent: me() }], "it is yours already"),
        (
            "purg<enter>",
            vec![Happened::Prioritised { by: bo(), priority: baton::conversation::Priority::Low }],
            "its priority was changed since",
        ),
    ];
    for (keys, since, why) in cases {
        let mut desk = three_of_mine();
        desk.keys(keys);
        for event in &since {
            desk.happens(id(1), 0, event);
        }
        desk.keys("u");
        assert_eq!(desk.toast(), format!("Nina: not taken back, {why}"), "{keys}");
    }
}

#[test]
fn undo_right_after_a_key_never_takes_back_something_older() {
    let mut desk = three_of_mine();
    desk.keys("tvip<enter>");
    desk.agreeable = false;
    desk.keys("eu");
    assert_eq!(desk.deeds().len(), 2);
    assert!(desk.toast().starts_with("your last action is still on its way"), "{}", desk.toast());
    let tag = asked(&desk)[1];
    desk.refuse(tag, "not now");
    desk.keys("u");
    assert_eq!(desk.deeds()[2..], ["tag 1 +[] -[\"vip\"]"], "what was refused is no step");
}

#[test]
fn the_held_hello_comes_first() {
    let mut desk = Desk::with(100, 30, true, super::console_support::three_waiting());
    desk.keys("tvip<enter>aHu");
    assert!(desk.toast().starts_with("hello recalled"), "{}", desk.toast());
    desk.keys("u");
    assert_eq!(desk.deeds().last().map(String::as_str), Some("tag 1 +[] -[\"vip\"]"));
}

#[test]
fn an_undo_that_the_server_refuses_is_told_in_its_words() {
    let mut desk = three_of_mine();
    desk.keys("L<enter>");
    desk.agreeable = false;
    desk.keys("u");
    let tag = *asked(&desk).last().unwrap();
    super::error(&mut desk, tag, taken_by_bo());
    assert_eq!(desk.toast(), "taken by Bo");
}
