//! Marked rows: what is marked, what is done to all of them, and what is never done by itself.

use std::collections::HashSet;

use baton::client::ClientEvent;
use baton::console::app::state::{Confirm, Focus, Overlay};
use baton::conversation::{Author, Event as Happened, Reason, ResolvedBy};
use proptest::prelude::*;

use super::console_support::{Desk, Story, bo, id, me, three_waiting};
use super::{asked, cids, cut, error, taken_by_bo, three_of_mine};

/// Ids a question would act upon, and the names and reasons of those it leaves out.
type Asked = (Vec<u128>, Vec<(String, String)>);

fn bulk(desk: &Desk) -> Option<Asked> {
    match &desk.state.overlay {
        Some(Overlay::Confirm(Confirm::Bulk(bulk))) => Some((
            bulk.go.iter().map(|id| id.0.as_u128()).collect(),
            bulk.skip.iter().map(|(name, why)| (name.to_string(), why.to_string())).collect(),
        )),
        _ => None,
    }
}

#[test]
fn marks_are_shown_counted_and_cleared() {
    let mut desk = three_of_mine();
    desk.keys("xjjx");
    let screen = desk.screen();
    assert_eq!(desk.state.marked(), [id(1), id(3)]);
    assert!(screen.contains("2 marked: Esc clears"), "{screen}");
    assert!(screen.contains(" x Nina") && screen.contains(">x Kim") && screen.contains("  Omar"), "{screen}");
    assert!(screen.lines().last().unwrap().contains("2 marked"), "the footer too\n{screen}");
    desk.keys("x");
    assert_eq!(desk.state.marked(), [id(1)]);
    desk.keys("X");
    assert_eq!(desk.state.marked().len(), 3);
    desk.keys("X");
    assert!(desk.state.marked().is_empty());
    desk.keys("x<esc>");
    assert!(desk.state.marked().is_empty());
}

#[test]
fn marks_belong_to_their_tab_survive_sorting_and_go_with_the_row() {
    let mut desk = three_of_mine();
    desk.keys("Xj1");
    assert!(desk.state.marked().is_empty(), "another tab");
    desk.keys("2");
    assert_eq!(desk.state.marked().len(), 3);
    let said = desk.stories[&id(1)].message(Author::Agent(me()), "answered");
    desk.happens(id(1), 0, &said);
    desk.keys("=");
    assert_eq!(desk.state.marked().len(), 3, "sorted anew");
    desk.happens(id(3), 0, &Happened::Resolved(ResolvedBy::Visitor));
    assert!(!desk.state.marked().contains(&id(3)), "it left the tab");
    desk.keys("<enter>");
    assert!(desk.state.marked().is_empty(), "whoever reads acts on what they read");
    desk.keys("e");
    assert_eq!(desk.deeds().len(), 1);
    desk.keys("<esc>");
    assert_eq!(desk.state.marked().len(), 1);
}

#[test]
fn all_are_asked_about_once_and_done_with_an_id_each() {
    let mut desk = three_of_mine();
    desk.keys("Xe");
    assert_eq!(bulk(&desk), Some((vec![1, 2, 3], Vec::new())));
    assert!(desk.screen().contains("resolve 3 conversations"), "{}", desk.screen());
    desk.keys("<esc>");
    assert!(desk.deeds().is_empty() && desk.state.marked().len() == 3, "Esc does nothing");
    desk.keys("ey");
    assert_eq!(desk.deeds(), ["resolve 1", "resolve 2", "resolve 3"]);
    assert_eq!(cids(&desk).into_iter().collect::<HashSet<_>>().len(), 3);
    assert_eq!(desk.toast(), "3 resolved; u takes that back");
    desk.keys("u");
    assert_eq!(desk.deeds()[3..], ["reopen 1", "reopen 2", "reopen 3"], "one step");
    assert_eq!(desk.toast(), "3 taken back; yours");
}

#[test]
fn one_mark_is_asked_about_too_because_the_cursor_may_be_elsewhere() {
    let mut desk = three_of_mine();
    desk.keys("xje");
    assert_eq!(bulk(&desk), Some((vec![1], Vec::new())));
    desk.keys("y");
    assert_eq!(desk.deeds(), ["resolve 1"]);
}

#[test]
fn every_verb_takes_the_marks() {
    for (keys, deed) in [
        ("e", "resolve 1"),
        ("ztomorrow 9<enter>", "snooze 1 2026-03-03T09:00:00.000Z"),
        ("Lwhy<enter>", "release 1 \"why\""),
        ("Abo<enter>note<enter>", "transfer 1 to 1001 \"note\""),
        ("tvip<enter>", "tag 1 +[\"vip\"] -[]"),
        ("purg<enter>", "priority 1 urgent"),
        ("b", "hand_back 1"),
    ] {
        let mut desk = three_of_mine();
        desk.keys("X");
        desk.keys(keys);
        assert!(desk.deeds().is_empty() && bulk(&desk).is_some(), "{keys}: asked first\n{}", desk.screen());
        desk.keys("y");
        assert_eq!(desk.deeds().len(), 3, "{keys}");
        assert_eq!(desk.deeds()[0], deed);
        assert!(desk.toast().starts_with("3 "), "{keys}: {}", desk.toast());
    }
    let mut desk = Desk::with(100, 30, true, three_waiting());
    desk.keys("Xay");
    assert_eq!(desk.deeds(), ["accept 1", "accept 2", "accept 3"]);
    assert!(desk.state.open.is_none() && desk.state.focus == Focus::List, "three cannot be opened");
}

/// Mine, Bo's and a queued one, all snoozed or resolved as told: marked in the tab of snoozed ones.
fn snoozed_of_two() -> Desk {
    let story = |n: u128, name: &str, who| {
        Story::new(n, name, "/", 900).visitor(890, "hi").queued(880, Reason::Loop, "x").accepted(700, who)
    };
    let stories = vec![
        story(1, "Nina", me()).then(60, Happened::Snoozed { by: me(), until: None }),
        story(2, "Omar", bo()).then(60, Happened::Snoozed { by: bo(), until: None }),
        story(3, "Kim", me()).then(60, Happened::Snoozed { by: me(), until: None }),
    ];
    let mut desk = Desk::with(100, 30, true, stories);
    desk.keys("4");
    desk
}

#[test]
fn who_is_left_out_is_named_with_the_reason() {
    let mut desk = snoozed_of_two();
    desk.keys("Xe");
    assert_eq!(bulk(&desk), Some((vec![1, 3], vec![("Omar".into(), "Bo holds it".into())])));
    let screen = desk.screen();
    assert!(screen.contains("resolve 2 conversations") && screen.contains("Omar: Bo holds it"), "{screen}");
    desk.keys("y");
    assert_eq!(desk.deeds(), ["resolve 1", "resolve 3"]);
    assert_eq!(desk.toast(), "2 resolved; u takes that back");
    let mut desk = snoozed_of_two();
    desk.keys("jxe");
    assert!(desk.toast().starts_with("no marked row allows that"), "{}", desk.toast());
    desk.keys("R");
    assert!(desk.toast().starts_with("it is not resolved"), "{}", desk.toast());
}

#[test]
fn refusals_are_summed_up_with_their_words() {
    let mut desk = three_of_mine();
    desk.agreeable = false;
    desk.keys("Xey");
    for (index, tag) in asked(&desk).into_iter().enumerate() {
        match index {
            0 => error(&mut desk, tag, taken_by_bo()),
            _ => {
                let ok = desk.happens(id(index as u128 + 1), 0, &Happened::Resolved(ResolvedBy::Agent(me())));
                desk.client(ClientEvent::Response { tag, result: Ok(ok) });
            }
        }
    }
    assert_eq!(desk.toast(), "2 resolved, 1 refused: taken by Bo (Nina); u takes that back");
    desk.agreeable = true;
    desk.keys("u");
    assert_eq!(desk.deeds()[3..], ["reopen 2", "reopen 3"], "only what was done");
}

#[test]
fn what_changes_while_it_is_asked_about_is_looked_at_again() {
    let mut desk = three_of_mine();
    desk.keys("Xe");
    desk.happens(id(2), 0, &Happened::TakenOver { agent: bo(), from: Some(me()) });
    let new = Story::new(8, "New", "/", 90).visitor(80, "hi").accepted(70, me());
    desk.stories.insert(id(8), new.clone());
    desk.client(new.row_event());
    desk.keys("y");
    assert_eq!(desk.deeds(), ["resolve 1", "resolve 3"], "no arrival slips in");
    assert_eq!(desk.toast(), "2 resolved, 1 refused: Bo holds it (Omar); u takes that back");
}

#[test]
fn without_a_link_nothing_is_done() {
    let mut desk = three_of_mine();
    desk.keys("X");
    cut(&mut desk);
    desk.keys("e");
    assert_eq!(desk.toast(), "no link: this must wait for it; r and n work meanwhile");
    let mut desk = three_of_mine();
    desk.keys("Xe");
    cut(&mut desk);
    desk.keys("y");
    assert!(desk.deeds().is_empty());
    assert!(desk.toast().starts_with("3 refused: no link"), "{}", desk.toast());
}

/// Something the server may report about one of eight.
#[derive(Debug, Clone)]
enum Report {
    Queued(u8, i64),
    Accepted(u8, bool),
    Resolved(u8),
    Snoozed(u8),
    Wrote(u8),
    Prioritised(u8),
    Gone(u8),
}

fn report() -> impl Strategy<Value = Report> {
    let who = 1..9_u8;
    prop_oneof![
        (who.clone(), 0..9_000_i64).prop_map(|(n, ago)| Report::Queued(n, ago)),
        (who.clone(), any::<bool>()).prop_map(|(n, mine)| Report::Accepted(n, mine)),
        who.clone().prop_map(Report::Resolved),
        who.clone().prop_map(Report::Snoozed),
        who.clone().prop_map(Report::Wrote),
        who.clone().prop_map(Report::Prioritised),
        who.prop_map(Report::Gone),
    ]
}

fn apply(desk: &mut Desk, report: &Report) {
    let n = match report {
        Report::Queued(n, _) | Report::Accepted(n, _) => *n,
        Report::Resolved(n)
        | Report::Snoozed(n)
        | Report::Wrote(n)
        | Report::Prioritised(n)
        | Report::Gone(n) => *n,
    };
    let n = u128::from(n);
    let fresh = || Story::new(n, &format!("V{n}"), "/", 9_000).visitor(8_999, "hi");
    let story = desk.stories.entry(id(n)).or_insert_with(fresh);
    let event = match report {
        Report::Queued(_, ago) => {
            *story = story.clone().queued(*ago, Reason::Loop, "again");
            let row = story.row_event();
            return desk.client(row);
        }
        Report::Gone(_) => {
            let version = story.conversation.version;
            return desk.client(ClientEvent::Row { seq: 1, conversation: id(n), version, row: None });
        }
        Report::Accepted(_, mine) => Happened::Accepted { agent: if *mine { me() } else { bo() } },
        Report::Resolved(_) => Happened::Resolved(ResolvedBy::Visitor),
        Report::Snoozed(_) => Happened::Snoozed { by: me(), until: None },
        Report::Wrote(_) => story.message(Author::Visitor, "more"),
        Report::Prioritised(_) => {
            Happened::Prioritised { by: bo(), priority: baton::conversation::Priority::Urgent }
        }
    };
    desk.happens(id(n), 0, &event);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Under any order of rows and marks: neither the cursor nor a mark comes to stand on somebody else by itself.
    #[test]
    fn neither_the_selection_nor_a_mark_changes_person_by_itself(
        start in "[1-4]",
        steps in proptest::collection::vec((report(), "[jkxXg=]{0,2}"), 1..40),
    ) {
        let mut desk = Desk::with(80, 24, true, three_waiting());
        desk.keys(&start);
        for (report, pressed) in &steps {
            desk.keys(pressed);
            let (before, place) = (desk.state.list().selected(), desk.state.list().position());
            let marked: HashSet<_> = desk.state.marked().into_iter().collect();
            apply(&mut desk, report);
            if before.is_some() {
                prop_assert_eq!(desk.state.list().selected(), before, "{:?}", report);
                prop_assert_eq!(desk.state.list().position(), place);
            }
            let after: HashSet<_> = desk.state.marked().into_iter().collect();
            prop_assert!(after.is_subset(&marked), "a mark came by itself: {:?}", report);
            let here: HashSet<_> = desk.state.sorted(desk.state.tab()).into_iter().collect();
            for lost in marked.difference(&after) {
                prop_assert!(!here.contains(lost), "a mark went although its row is here");
            }
            prop_assert!(after.is_subset(&here), "a mark stands on what is not here");
            desk.screen();
        }
    }

    /// What is asked about is what was marked, and only that is acted upon, whatever arrives meanwhile.
    #[test]
    fn what_was_asked_about_is_all_that_is_done(reports in proptest::collection::vec(report(), 0..20)) {
        let mut desk = three_of_mine();
        desk.keys("Xe");
        let Some((go, _)) = bulk(&desk) else { panic!("asked") };
        for report in &reports {
            apply(&mut desk, report);
        }
        desk.effects.clear();
        desk.keys("y");
        for deed in desk.deeds() {
            let Some(of) = deed.strip_prefix("resolve ") else { continue };
            prop_assert!(go.contains(&of.parse().unwrap()), "{}", deed);
        }
    }
}
