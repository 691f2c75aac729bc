//! The whole way of somebody who has read the README: an empty folder, own docs, a page on a made-up domain, two agents, a
//! handoff that reaches one of them; then five things are broken, and each is told with what mends it.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::Value;

use super::house::{Console, House, page};

#[test]
fn from_an_empty_folder_to_two_agents_and_five_mishaps() {
    let mut house = House::new();
    // The page, on a domain that only this test knows.
    let made = house.json(&["init", "--yes", "--name", "Shop", "--docs", "docs", "--agent", "Ada", "--json"]);
    let ada = made["agent"]["token"].as_str().unwrap().to_owned();
    let bo = house.ok(&["agent", "add", "Bo", "--data", "data"]).trim().to_owned();
    house.serve();
    let tag = house.ok(&["site", "snippet", "--public-url", &house.url]);
    let port = page(format!("<!doctype html><h1>Help</h1>{tag}")).port();
    let origin = format!("http://help.shop.test:{port}");
    let url = format!("{origin}/returns?from=mail");
    house.ok(&["site", "set", "shop", "--origin", &origin, "--loopback", "off"]);
    house.stop();
    house.serve();

    let said = house.piped(&format!("{ada}\n"), &["login", &house.url]);
    assert!(said.out.contains("signed in") && said.code == Some(0), "{}", said.err);
    let consoles = [Console::open(&house.url, &ada), Console::open(&house.url, &bo)];
    house.ok(&["available"]);
    house.ok(&["available", "--token", &bo]);

    let looked = ["--page", &url, "--resolve", "help.shop.test=127.0.0.1"];
    let (code, value) = house.doctor(&looked);
    assert_eq!(code, Some(0), "{value:#}");
    for (id, words) in [
        ("page", "shows the chat"),
        ("socket.visitor", origin.as_str()),
        ("handoff", "Ada, Bo are Available"),
        ("docs", "2 pages"),
        ("login", "Ada (admin)"),
    ] {
        let check = value["checks"].as_array().unwrap().iter().find(|c| c["id"] == id).unwrap();
        assert!(check["status"] == "ok" && check["seen"].as_str().unwrap().contains(words), "{check:#}");
    }

    // A visitor is answered from the docs, asks for a person, and Bo is there.
    let args = ["chat", "--site", "shop", "--page", &url, "--json", "--url", &house.url];
    let mut chat = house.baton(&args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = chat.stdin.take().unwrap();
    let mut lines = BufReader::new(chat.stdout.take().unwrap()).lines();
    let mut until = |words: &str| loop {
        let line = lines.next().expect("the chat goes on").unwrap();
        if line.contains(words) {
            return;
        }
    };
    writeln!(input, "Within how many days may I return something?").unwrap();
    until("30 days");
    writeln!(input, "Can I talk to a person please?").unwrap();
    until("Connecting you with the team");
    let queue: Value = house.json(&["queue", "--json"]);
    assert_eq!(queue[0]["page"], Value::from(url.as_str()), "{queue:#}");
    let id = queue[0]["id"].as_str().unwrap().to_owned();
    house.ok(&["accept", &id, "--token", &bo]);
    assert!(house.refused(1, &["accept", &id]).contains("Bo"));
    house.ok(&["reply", &id, "Hello, this is Bo.", "--token", &bo]);
    until("this is Bo");
    house.ok(&["resolve", &id, "--token", &bo]);
    drop(input);
    let _ = chat.kill();
    let _ = chat.wait();

    // Five mishaps. After each the fix is taken from what the doctor says.
    let fix = |house: &House, id: &str| -> String {
        let (_, value) = house.doctor(&looked);
        let all = value["checks"].as_array().unwrap();
        let check = all
            .iter()
            .find(|c| c["id"] == id && (c["status"] == "fail" || c["status"] == "warn"))
            .unwrap_or_else(|| panic!("{id} is not told: {value:#}"));
        check["fix"][0].as_str().unwrap().to_owned()
    };
    // 1: a key is misspelled.
    let text = house.read("baton.toml");
    house.write("baton.toml", &text.replace("\nwhen_nobody", "\nwhen_noboby"));
    let line = text.lines().position(|l| l.starts_with("when_nobody")).unwrap() + 1;
    assert_eq!(fix(&house, "config"), format!("edit baton.toml, line {line}"));
    house.write("baton.toml", &text);
    // 2: the docs were moved.
    std::fs::rename(house.path("docs"), house.path("help")).unwrap();
    let line = text.lines().position(|l| l.starts_with("docs = ")).unwrap() + 1;
    assert_eq!(fix(&house, "docs"), format!("edit baton.toml, line {line}"));
    std::fs::rename(house.path("help"), house.path("docs")).unwrap();
    // 3: the page's origin was dropped; the fix is a command, and it helps.
    house.ok(&["site", "set", "shop", "--origin", "http://elsewhere.test"]);
    let command = fix(&house, "page");
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    assert_eq!(words[..3], ["site", "set", "shop"], "{command}");
    house.ok(&words);
    house.ok(&["site", "set", "shop", "--remove-origin", "http://elsewhere.test"]);
    assert_eq!(house.doctor(&looked).0, Some(0));
    // 4: everybody went home.
    drop(consoles);
    house.ok(&["away"]);
    house.ok(&["away", "--token", &bo]);
    assert!(fix(&house, "handoff").contains('~'));
    let (_, value) = house.doctor(&looked);
    let handoff = value["checks"].as_array().unwrap().iter().find(|c| c["id"] == "handoff").unwrap();
    assert!(handoff["more"][0].as_str().unwrap().starts_with("ticket: "), "{handoff:#}");
    // The server does as the doctor says.
    let said = house.piped("Can I talk to a person please?\n", &args);
    assert!(said.out.contains("Nobody from the team is here"), "{}{}", said.out, said.err);
    // 5: the server stopped.
    house.stop();
    assert!(fix(&house, "server").starts_with("baton serve --data data"));
}
