//! Release, transfer, capacity, and who else was faster.

use baton::client::{ClientEvent, DraftKind};
use baton::console::app::state::{Confirm, Overlay};
use baton::conversation::{Event as Happened, MessageId, Priority, Reason, Tab};
use baton::protocol::WireError;
use serde_json::json;
use uuid::Uuid;

use super::console_support::{Desk, Story, bo, desk, id, keys, me};
use super::{asked, colleague, cut, error, promote, taken_by_bo, tell, three_of_mine};

/// Opens a conversation no tab shows, by a search.
fn find(desk: &mut Desk, story: &Story) {
    desk.keys("/x");
    desk.advance(1_000);
    let tag = *asked(desk).last().unwrap();
    let hits = json!({ "hits": [{ "row": story.row(), "excerpt": "help", "version": 1 }] });
    desk.client(ClientEvent::Response { tag, result: Ok(hits) });
    desk.keys("<enter>");
}

#[test]
fn release_with_and_without_a_reason() {
    let mut desk = three_of_mine();
    desk.keys("L<enter>");
    desk.keys("jLshift ends<enter>");
    assert_eq!(desk.deeds(), ["release 1", "release 2 \"shift ends\""]);
    assert_eq!(desk.toast(), "Omar: released to the queue; u takes it back");
    assert!(desk.screen().contains("queued again"), "{}", desk.screen());
    desk.keys("jL<esc>");
    assert_eq!(desk.deeds().len(), 2, "Esc does nothing");
}

#[test]
fn what_waits_while_a_question_is_open_is_asked_again_before_it_is_done() {
    let mut desk = three_of_mine();
    desk.keys("Ltoo late");
    desk.happens(id(1), 0, &Happened::TakenOver { agent: bo(), from: Some(me()) });
    desk.keys("<enter>");
    assert!(desk.deeds().is_empty());
    assert!(desk.screen().contains("Bo holds it"), "the question stays, with the reason\n{}", desk.screen());
    desk.keys("<esc>jLnow offline");
    cut(&mut desk);
    desk.keys("<enter>");
    assert!(
        desk.deeds().is_empty() && desk.screen().contains("no link: this must wait"),
        "{}",
        desk.screen()
    );
}

#[test]
fn transfer_offers_colleagues_available_first_then_groups_and_never_oneself() {
    let mut desk = three_of_mine();
    desk.groups = vec!["billing".into()];
    desk.welcome(true);
    tell(&mut desk, colleague(1_002, "Al", false, true, &[]));
    tell(&mut desk, colleague(1_003, "Zed", true, true, &["billing"]));
    tell(&mut desk, colleague(1_004, "Abe", true, false, &["billing"]));
    desk.keys("A");
    let Some(Overlay::Prompt(prompt)) = &desk.state.overlay else { panic!("a question") };
    let shown: Vec<String> = prompt.shown().iter().map(|c| format!("{}: {}", c.label, c.detail)).collect();
    assert_eq!(
        shown,
        [
            "Bo: Available",
            "Zed: Available · billing",
            "Al: Away",
            "Abe: offline · billing",
            "billing: group · 2 agents, 1 Available"
        ]
    );
    desk.keys("bill<enter>knows the refund rules<enter>");
    assert_eq!(desk.deeds(), ["transfer 1 to billing \"knows the refund rules\""]);
    assert!(desk.toast().starts_with("Nina: passed to group billing"), "{}", desk.toast());
}

#[test]
fn a_transfer_takes_the_note_along_and_leaves_the_draft() {
    let mut desk = three_of_mine();
    desk.keys("rhalf a sentence<esc>Abo<enter>call her back<enter>");
    assert_eq!(desk.deeds(), ["transfer 1 to 1001 \"call her back\""]);
    assert_eq!(desk.state.draft(id(1), DraftKind::Reply), Some("half a sentence"));
    desk.keys("<esc>jAbo<enter><enter>");
    assert_eq!(desk.deeds()[1], "transfer 2 to 1001", "no note");
    desk.keys("jAnobody at all<enter>");
    assert!(desk.screen().contains("nothing is called that"), "{}", desk.screen());
}

#[test]
fn who_was_passed_a_conversation_is_told_by_whom_and_with_which_note() {
    for open in [false, true] {
        let mut desk = desk();
        let lea = Story::new(9, "Lea \u{1b}[2J", "/", 90)
            .visitor(80, "help")
            .queued(70, Reason::HumanRequested, "help")
            .accepted(60, bo());
        desk.stories.insert(id(9), lea.clone());
        desk.client(lea.row_event());
        if open {
            find(&mut desk, &lea);
            desk.effects.clear();
        }
        let note = MessageId(Uuid::from_u128(77));
        desk.happens(id(9), 0, &Happened::NoteAdded { id: note, by: bo(), text: "wants a refund".into() });
        desk.happens(id(9), 0, &Happened::Transferred { by: bo(), to: me() });
        assert_eq!(desk.toast(), "Bo passed Lea ␛[2J to you: wants a refund");
        assert_eq!(desk.state.count(Tab::Mine), 2);
    }
    // Without a note: whoever had it.
    let mut desk = desk();
    let lea = Story::new(9, "Lea", "/", 90).visitor(80, "help").accepted(60, bo());
    desk.stories.insert(id(9), lea.clone());
    desk.client(lea.row_event());
    desk.happens(id(9), 0, &Happened::Transferred { by: bo(), to: me() });
    assert_eq!(desk.toast(), "Bo passed Lea to you");
}

#[test]
fn what_was_passed_while_the_link_was_down_is_told_when_it_is_back() {
    let mut desk = desk();
    let lea = Story::new(9, "Lea", "/", 90).visitor(80, "help").accepted(60, bo());
    desk.stories.insert(id(9), lea.clone());
    desk.client(lea.row_event());
    cut(&mut desk);
    let passed = Happened::Transferred { by: bo(), to: me() };
    desk.stories.get_mut(&id(9)).unwrap().event(0, &passed);
    desk.welcome(true);
    assert_eq!(desk.toast(), "Bo passed Lea to you");
    assert!(!desk.toast().contains("Kim"), "what was mine before is no news");
}

#[test]
fn what_i_took_myself_is_no_transfer() {
    let mut desk = desk();
    desk.keys("a");
    assert!(!desk.ops().iter().any(|op| op.starts_with("look back")), "{:?}", desk.ops());
    // Another console of mine accepts: one look, and nothing is said.
    desk.happens(id(2), 0, &Happened::Accepted { agent: me() });
    assert_eq!(desk.ops().iter().filter(|op| *op == "look back 2").count(), 1);
    assert!(!desk.toast().contains("passed"), "{}", desk.toast());
}

#[test]
fn the_loser_of_an_accept_sees_who_won_before_the_row_tells_and_nothing_moves() {
    let mut desk = desk();
    desk.agreeable = false;
    desk.keys("ja");
    let order = desk.state.list().order().to_vec();
    let tag = asked(&desk)[0];
    error(&mut desk, tag, taken_by_bo());
    assert_eq!(desk.toast(), "taken by Bo");
    desk.keys("<esc>");
    assert!(desk.screen().contains("taken by Bo"), "{}", desk.screen());
    assert_eq!((desk.state.list().order(), desk.state.list().selected()), (order.as_slice(), Some(id(2))));
}

#[test]
fn above_capacity_one_is_asked_once() {
    for (answer, deeds) in
        [("y", vec!["accept 1", "accept 1 above"]), ("<esc>", vec!["accept 1"]), ("n", vec!["accept 1"])]
    {
        let mut desk = desk();
        desk.agreeable = false;
        desk.keys("a");
        let full = WireError::new("conversation.at_capacity", "you have 5 active conversations")
            .with(json!({ "active": 5, "limit": 5 }));
        let tag = asked(&desk)[0];
        error(&mut desk, tag, full);
        assert!(desk.screen().contains("You have 5 of 5."), "{}", desk.screen());
        desk.keys("x<enter>");
        assert!(
            matches!(desk.state.overlay, Some(Overlay::Confirm(Confirm::Capacity { .. }))),
            "only y and Esc"
        );
        desk.keys(answer);
        assert!(desk.state.overlay.is_none());
        assert_eq!(desk.deeds(), deeds);
    }
}

#[test]
fn a_letter_meant_for_a_visitor_does_not_answer_the_question_about_capacity() {
    let mut desk = desk();
    desk.agreeable = false;
    desk.keys("ar");
    let full = WireError::new("conversation.at_capacity", "full").with(json!({ "active": 5, "limit": 5 }));
    let tag = asked(&desk)[0];
    error(&mut desk, tag, full);
    for key in keys("yes") {
        desk.event(baton::console::app::Event::Key(key));
        desk.advance(60);
    }
    assert_eq!(desk.deeds(), ["accept 1"]);
    desk.keys("<esc>");
    assert!(desk.screen().contains("You have 5 of 5."), "it is asked once nobody writes\n{}", desk.screen());
}

#[test]
fn a_supervisor_takes_from_a_colleague_and_gives_back_on_undo() {
    let mut desk = three_of_mine();
    let lea =
        Story::new(9, "Zoe", "/", 90).visitor(80, "help").queued(70, Reason::Loop, "x").accepted(60, bo());
    desk.stories.insert(id(9), lea.clone());
    desk.client(lea.row_event());
    promote(&mut desk);
    find(&mut desk, &lea);
    desk.effects.clear();
    desk.keys("L<enter>u");
    assert_eq!(desk.deeds(), ["release 9", "transfer 9 to 1001"], "to Bo, not to the supervisor");
    assert_eq!(desk.state.rows[&id(9)].priority, Priority::Normal);
}

#[test]
fn the_time_to_answer_is_in_the_list_and_the_head_and_only_a_reply_postpones_it() {
    let mut desk = desk();
    desk.keys("a<esc>2g");
    assert!(desk.screen().contains("answer 60s"), "in the list, before it is late\n{}", desk.screen());
    desk.advance(61_000);
    assert!(desk.screen().contains("! returns 2m"), "{}", desk.screen());
    desk.keys("nnote typing is nobody's typing");
    assert!(desk.screen().contains("! returns 2m"), "a note does not postpone\n{}", desk.screen());
    assert!(!desk.ops().iter().any(|op| op.starts_with("typing")), "{:?}", desk.ops());
    desk.keys("<esc>rx");
    assert!(desk.screen().contains("answer within 60s"), "{}", desk.screen());
}
