//! Reading with the real server: what was read stays read over a restart, why a person is needed, the thread to a program.

use std::time::Duration;

use super::house::House;

#[test]
fn what_was_read_stays_read_and_the_thread_goes_to_a_program() {
    let house = House::new();
    let ada = house.agent("Ada Ash");
    let mut console = house.console(&house.url(), &ada, (120, 40));
    let mut max = house.visitor("Max");
    max.says("Is the Tern waterproof?");
    max.hears("assistant: ");
    max.says("/person");
    console.until_shown("> Max");
    console.until_shown("+1");
    console.press("\r");
    console.until_shown("Is the Tern waterproof?");
    console.until_gone("+1 ");
    console.press("W");
    console.until_shown("WHAT THE SEARCH FOUND");
    console.until_shown("answers of the assistant  1");
    console.press("\x1b");
    console.until_gone("WHAT THE SEARCH FOUND");

    // The clipboard is told, once, and nothing else is.
    console.press("y");
    console.until_shown("sent to the terminal: 23 characters");

    console.press("|");
    console.until_shown("pipe to");
    console.press("grep -c Tern\r");
    console.until_shown("ended with 0; any key goes back to baton");
    console.press(" ");
    console.until_shown("grep has ended well");
    console.press("|");
    console.until_shown("pipe to");
    console.press("no-such-program-at-all\r");
    console.until_shown("could not be started");

    // Another console of the same agent knows what was read. (Away first: that is how a console of the house begins. In the
    // same breath the key would be taken for part of a paste.)
    console.listen(Duration::from_millis(50));
    console.press("~");
    console.until_shown("You are Away");
    console.press("q");
    console.given_back();
    let mut again = house.console(&house.url(), &ada, (120, 40));
    again.until_shown("> Max");
    assert!(!again.row(3).contains("+1"), "{}", again.contents());
}
