//! A conversation that is passed on, put aside, labelled, and taken back.

use super::house::House;

#[test]
fn a_conversation_is_passed_on_with_a_note_and_the_receiver_is_told_by_whom() {
    let house = House::new();
    let (ada, bea) = (house.agent("Ada Ash"), house.agent("Bea Birk"));
    let [mut giver, mut receiver] = [&ada, &bea].map(|token| house.console(&house.url(), token, (120, 40)));
    let mut max = house.visitor("Max");
    max.says("Is the Tern waterproof?");
    max.hears("assistant: ");
    max.says("/person");
    giver.until_shown("> Max");
    giver.press("a");
    giver.until_shown("Max · yours");

    // Labels, and a snooze that is taken back.
    giver.press("tvip refund\r");
    giver.until_shown("refund, vip");
    giver.press("ztomorrow 9");
    giver.until_shown("wakes ");
    giver.press("\r");
    giver.until_shown("Max · snoozed");
    giver.press("u");
    giver.until_shown("Max · yours");
    giver.press("u");
    giver.until_shown("took tags away");

    giver.press("A");
    giver.until_shown("transfer to");
    giver.press("bea\r");
    giver.until_shown("Max to Bea Birk");
    giver.press("wants to go sailing\r");
    receiver.until_shown("Ada Ash passed Max to you: wants to go sailing");
    giver.until_shown("held by Bea Birk");
    giver.press("u");
    giver.until_shown("not taken back, Bea Birk has it now");
    assert_eq!(house.json(&ada, &["queue", "--tab", "all"])[0]["holder"]["name"], "Bea Birk");
}
