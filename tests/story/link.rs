//! The link is lost and comes back; the server dies and comes back. Nothing typed is lost, nothing is said twice.

use super::house::House;
use super::relay::Relay;

#[test]
fn what_is_sent_while_the_link_is_down_arrives_once_when_it_is_back() {
    let mut house = House::new();
    let ada = house.agent("Ada");
    let relay = Relay::to(house.port);
    let mut console = house.console(&relay.url(), &ada, (120, 40));
    let mut max = house.visitor("Max");
    max.says("Is the Tern waterproof?");
    max.hears("assistant: ");
    max.says("/person");
    console.until_shown("> Max");
    console.press("a");
    console.until_shown("yours; the assistant is silent");

    // The link is cut; a reply waits, and is seen to wait.
    relay.cut();
    console.until_shown("NO LINK");
    console.press("r");
    console.types_and_sends("sent in the dark");
    console.until_shown("1 unsent");
    relay.mend();
    console.until("the link", |t| t.row(-2).starts_with(" live"));
    assert_eq!(max.hears("Ada: "), "Ada: sent in the dark");
    console.until_gone("unsent");

    // The server dies, in the midst of it all.
    house.kill();
    console.until_shown("NO LINK");
    console.types_and_sends("sent to nobody yet");
    console.until_shown("1 unsent");
    house.serve();
    console.until("the link", |t| t.row(-2).starts_with(" live"));
    assert_eq!(max.hears("Ada: "), "Ada: sent to nobody yet");
    console.until_gone("unsent");
    max.says("thank you both times");
    console.until_shown("thank you both times");

    // Each is there once: in the log, on the screen, and at the visitor.
    assert_eq!(house.texts(&ada, "agent"), ["sent in the dark", "sent to nobody yet"]);
    assert_eq!(house.texts(&ada, "visitor"), ["Is the Tern waterproof?", "thank you both times"]);
    for words in ["sent in the dark", "sent to nobody yet", "thank you both times"] {
        let pane = |row: String| row.split('│').nth(1).unwrap_or_default().contains(words);
        let times = (0..40).filter(|row| pane(console.row(*row))).count();
        assert_eq!(times, 1, "{words}:\n{}", console.contents());
    }
    let replies: Vec<_> = max.heard.iter().filter(|line| line.starts_with("Ada: ")).collect();
    assert_eq!(replies.len(), 2, "{:?}", max.heard);
}
