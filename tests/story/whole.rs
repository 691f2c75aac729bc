//! The whole story: a visitor, the assistant, an agent, and back.

use super::house::House;
use super::terminal::Heard;

#[test]
fn a_visitor_is_answered_handed_off_answered_by_a_person_and_given_back() {
    let house = House::new();
    let ada = house.agent("Ada");
    let mut console = house.console(&house.url(), &ada, (120, 40));
    assert!(console.contents().contains("Nobody waits for a person."));

    // The assistant answers from the docs; then the visitor asks for a person.
    let mut max = house.visitor("Max");
    max.says("Is the Tern waterproof?");
    max.hears("assistant: ");
    assert_eq!(console.heard().bells, 0, "nobody is needed yet");
    max.says("/person");
    max.hears("notice: Connecting you with the team.");

    // The handoff rings, titles the window, and stands in the queue with reason, summary and page.
    console.until_shown("1 waiting for a person");
    console.until("a bell", |t| t.heard().bells == 1);
    console.until("a title", |t| t.heard().titles.iter().any(|title| title == "baton: 1 waiting"));
    let list = |t: &super::terminal::Terminal, row: i16| t.row(row).split('│').next().unwrap().to_owned();
    console.until("the row", |t| list(t, 3).contains("Max"));
    assert!(list(&console, 3).contains("Max · button"), "{}", list(&console, 3));
    assert!(list(&console, 4).contains("Is the Tern"), "{}", list(&console, 4));
    assert!(list(&console, 4).contains("/demo/"), "{}", list(&console, 4));

    // Opening claims nothing; `a` accepts, `r` replies.
    console.press("\r");
    console.until_shown("CARD");
    console.until_shown("/demo/support.html");
    assert_eq!(house.json(&ada, &["queue"])[0]["state"], "queued");
    console.press("a");
    console.until_shown("yours; the assistant is silent");
    console.press("r");
    console.types_and_sends("Yes, to IP66.");
    assert_eq!(max.hears("Ada: "), "Ada: Yes, to IP66.");

    // `e` resolves, and the assistant answers what comes next.
    console.press("\u{1b}");
    console.until_gone("Enter send");
    console.press("e");
    console.until_shown("resolved; u takes it back");
    max.says("How long does delivery take?");
    max.hears("assistant: ");
    assert_eq!(house.json(&ada, &["queue", "--tab", "assistant"])[0]["visitor"]["name"], "Max");

    // Once more, and `R` takes up what was resolved.
    console.press("3");
    console.until("the conversation under Assistant", |t| list(t, 2).contains("> Max"));
    console.press("e");
    console.until_shown("resolved; u takes it back");
    console.press("5");
    console.until_shown("newest first");
    console.until("the resolved row", |t| list(t, 2).contains("> Max"));
    console.press("R");
    console.until_shown("reopened and yours");
    assert_eq!(house.json(&ada, &["queue", "--tab", "mine"])[0]["holder"]["name"], "Ada");

    // Leaving asks, since a conversation is held.
    console.press("q");
    console.until_shown("leave?");
    console.press("y");
    assert!(console.heard().titles.iter().all(|title| Heard::is_ours(title)), "{:?}", console.heard());
    assert_eq!(console.heard().strange, Vec::<String>::new());
    console.given_back();
}
