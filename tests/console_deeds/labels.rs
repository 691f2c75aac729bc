//! Tags and priority.

use baton::console::app::state::Overlay;
use baton::conversation::{Event as Happened, Priority};

use super::console_support::{Desk, id, me};
use super::three_of_mine;

fn tagged(tags: &[&str]) -> Happened {
    Happened::Tagged { by: me(), added: tags.iter().map(|t| (*t).to_owned()).collect(), removed: Vec::new() }
}

fn said(desk: &Desk) -> String {
    let Some(Overlay::Prompt(prompt)) = &desk.state.overlay else { panic!("a question\n{}", desk.screen()) };
    prompt.said.as_ref().map_or(String::new(), |said| said.to_string())
}

#[test]
fn typing_adds_and_takes_away() {
    for (line, deed) in [
        ("vip", "tag 1 +[\"vip\"] -[]"),
        ("+vip refund", "tag 1 +[\"refund\", \"vip\"] -[]"),
        ("-old vip VIP", "tag 1 +[\"vip\"] -[\"old\"]"),
        ("two words, -old", "tag 1 +[\"two words\"] -[\"old\"]"),
    ] {
        let mut desk = three_of_mine();
        desk.keys("t");
        desk.keys(line);
        desk.keys("<enter>");
        assert_eq!(desk.deeds(), [deed], "{line}");
    }
}

#[test]
fn known_tags_are_offered_and_chosen_with_the_arrows() {
    let mut desk = three_of_mine();
    desk.happens(id(1), 0, &tagged(&["a, b \u{202e}"]));
    desk.happens(id(2), 0, &tagged(&["refund"]));
    desk.keys("t<enter>");
    assert!(desk.deeds().is_empty(), "Enter alone changes nothing");
    assert!(desk.screen().contains("write a tag, or choose one"), "{}", desk.screen());
    let screen = desk.screen();
    assert!(
        screen.contains("a, b ⟨RLO⟩  set; Enter removes it") && screen.contains("refund  Enter adds it"),
        "{screen}"
    );
    desk.keys("<down><enter>");
    assert_eq!(
        desk.deeds(),
        ["tag 1 +[] -[\"a, b \\u{202e}\"]"],
        "as the server knows it, not as it is shown"
    );
    desk.keys("tref<down>");
    assert_eq!(said(&desk), "adds refund");
    desk.keys("<enter>");
    assert_eq!(desk.deeds()[1], "tag 1 +[\"refund\"] -[]");
    assert_eq!(desk.toast(), "Nina: tagged refund; u takes it back");
}

#[test]
fn limits_are_told_before_anything_is_sent() {
    let mut desk = three_of_mine();
    let many: Vec<String> = (0..20).map(|n| format!("t{n}")).collect();
    desk.happens(id(1), 0, &tagged(&many.iter().map(String::as_str).collect::<Vec<_>>()));
    desk.keys("tmore<enter>");
    assert_eq!(said(&desk), "a conversation has at most 20 tags: -tag removes one");
    desk.keys("<ctrl-u>more -t3<enter>");
    assert_eq!(desk.deeds(), ["tag 1 +[\"more\"] -[\"t3\"]"]);
    desk.keys("jt");
    desk.keys(&"x".repeat(41));
    desk.keys("<enter>");
    assert_eq!(said(&desk), "a tag has 1 to 40 characters");
}

#[test]
fn priority_is_a_choice_that_begins_at_what_it_is() {
    let mut desk = three_of_mine();
    desk.keys("p<down><enter>");
    assert_eq!(desk.deeds(), ["priority 1 high"]);
    assert_eq!(desk.state.rows[&id(1)].priority, Priority::High);
    desk.keys("purg<enter>");
    assert_eq!(desk.deeds()[1], "priority 1 urgent");
    assert_eq!(desk.toast(), "Nina: priority urgent; u takes it back");
    desk.keys("<enter>");
    assert!(desk.screen().contains("yours"), "{}", desk.screen());
}
