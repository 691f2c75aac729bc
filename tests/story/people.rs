//! An agent whose rights change, and who is then removed, while their console is open.

use std::process::Command;

use super::house::{House, environment};

/// `baton agent …` where the server runs.
fn agent(house: &House, args: &[&str]) {
    let data = house.dir.path().join("data");
    let output = Command::new(env!("CARGO_BIN_EXE_baton"))
        .arg("agent")
        .args(args)
        .arg("--data")
        .arg(data)
        .envs(environment(house.dir.path()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn the_console_comes_back_with_other_rights_and_stops_with_a_reason_without_any() {
    let house = House::new();
    let ada = house.agent("Ada");
    let mut console = house.console(&house.url(), &ada, (120, 30));
    let mut max = house.visitor("Max");
    max.says("Is the Tern waterproof?");
    max.hears("assistant: ");
    max.says("/person");
    max.hears("notice: ");
    console.until_shown("> Max");
    console.press("a");
    console.until_shown("yours; the assistant is silent");
    console.press("rYes, to IP6");

    agent(&house, &["set", "Ada", "--role", "supervisor", "--groups", "billing"]);
    // What she was typing is still there, and what she holds is hers: she goes on.
    console.until_shown("live");
    console.types_and_sends("6.");
    max.hears("Ada: Yes, to IP66.");

    agent(&house, &["remove", "Ada"]);
    console.until_shown("STOPPED");
    console.until_shown("access was withdrawn; drafts are kept. Ask for a new token");
    console.press("\u{1b}");
    console.until_gone("REPLY to");
    console.press("q");
    console.until_shown("leave?");
    console.press("y");
    console.given_back();
    let eli = house.agent("Eli");
    let queue = house.json(&eli, &["queue"]);
    assert_eq!((&queue[0]["visitor"]["name"], &queue[0]["state"]), (&"Max".into(), &"queued".into()));
}
