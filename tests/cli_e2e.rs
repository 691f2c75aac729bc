//! The commands against the real server, as a script would use them.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod cli_support;

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Output, Stdio};

use cli_support::{House, Running, baton, of_kind, signal};
use serde_json::Value;

#[test]
fn a_visitor_is_taken_over_and_given_back() {
    let house = House::new();
    let (ada, bea) = (house.agent("Ada", "agent"), house.agent("Bea", "agent"));
    assert!(ada.starts_with("bt_") && ada.len() == 46);

    let mut visitor = house.chat(&["--name", "Max", "--json"]);
    visitor.say("Is the Tern waterproof?");
    let ack = visitor.until_json(|v| v["kind"] == "ack");
    assert_eq!(ack["text"], "Is the Tern waterproof?");
    assert!(ack["seq"].as_u64().unwrap() > 0 && ack["cid"].is_string());
    let answer = visitor.until_json(|v| v["kind"] == "message");
    assert_eq!((&answer["author"], &answer["name"]), (&"assistant".into(), &Value::Null));
    visitor.say("/person");
    visitor.until_json(|v| v["key"] == "handoff.nobody_there");
    visitor.say("/lead Max Muster max@example.com");
    visitor.until_json(|v| v["key"] == "handoff.ticket_queued");

    let queue = house.json(&ada, &["queue", "--json"]);
    assert_eq!(queue.as_array().unwrap().len(), 1);
    let row = &queue[0];
    assert_eq!(row["state"], "queued");
    assert_eq!(row["holder"]["kind"], "nobody");
    assert_eq!(row["site"], "demo");
    assert_eq!(row["page"], "http://localhost/demo/support.html");
    assert_eq!(row["reason"], "visitor_button");
    assert!(row["summary"].is_string() && row["waiting_s"].is_u64() && row["visitor"]["name"].is_string());
    let id = row["id"].as_str().unwrap();

    // Both reach for it: one wins, the other learns who.
    let racers: Vec<Child> = [&ada, &bea]
        .map(|token| {
            house
                .command(token, &["accept", id])
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .into();
    let ends: Vec<Output> = racers.into_iter().map(|c| c.wait_with_output().unwrap()).collect();
    let won = ends.iter().position(|o| o.status.code() == Some(0)).expect("somebody won");
    let lost = &ends[1 - won];
    assert_eq!(lost.status.code(), Some(1));
    let (winner, holder) = if won == 0 { (&ada, "Ada") } else { (&bea, "Bea") };
    assert!(String::from_utf8_lossy(&lost.stderr).contains(holder));
    visitor.until_json(|v| v["key"] == "agent.joined");

    house.ok(winner, &["reply", &id[..8], "Yes, to IP66."]);
    let reply = visitor.until_json(|v| v["kind"] == "message");
    assert_eq!(
        (&reply["author"], &reply["name"], &reply["text"]),
        (&"agent".into(), &holder.into(), &"Yes, to IP66.".into())
    );
    house.ok(winner, &["note", id, "asked before"]);

    let shown = house.json(winner, &["show", &id[..4], "--json"]);
    assert_eq!(shown["holder"]["name"], holder);
    let authors: Vec<&str> =
        shown["messages"].as_array().unwrap().iter().map(|m| m["author"].as_str().unwrap()).collect();
    assert_eq!(authors, ["visitor", "assistant", "system", "system", "agent", "note"]);
    let seqs: Vec<u64> =
        shown["messages"].as_array().unwrap().iter().map(|m| m["seq"].as_u64().unwrap()).collect();
    assert!(seqs.is_sorted());

    house.ok(winner, &["resolve", id]);
    let (code, _, stderr) = house.run(winner, &["resolve", id]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("resolved already"), "{stderr}");
    assert_eq!(house.json(&ada, &["queue", "--tab", "resolved", "--json"])[0]["id"], id);
    house.ok(winner, &["reopen", id]);
    house.ok(winner, &["hand-back", id]);
    assert_eq!(house.json(&ada, &["show", id, "--json"])["holder"]["kind"], "assistant");
    house.ok(&ada, &["take-over", id]);
    house.ok(&ada, &["release", id, "--reason", "lunch"]);
    assert_eq!(house.json(&bea, &["queue", "--json"])[0]["id"], id);
}

#[test]
fn no_line_is_dropped_however_fast_they_come() {
    let house = House::new();
    let ada = house.agent("Ada", "agent");
    let lines: Vec<String> = (1..=13).map(|n| format!("line number {n}")).collect();
    let (code, stdout, stderr) = house.pipe((lines.join("\n") + "\n").as_bytes(), &["--wait-s", "0"]);
    assert_eq!(code, Some(0), "{stderr}");
    let acked: Vec<Value> = of_kind(&stdout, "ack").iter().map(|a| a["text"].clone()).collect();
    assert_eq!(acked, lines);
    let row = &house.json(&ada, &["queue", "--tab", "all", "--json"])[0];
    let shown = house.json(&ada, &["show", row["id"].as_str().unwrap(), "--json"]);
    let kept: Vec<&str> = shown["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|m| m["author"] == "visitor")
        .map(|m| m["text"].as_str().unwrap())
        .collect();
    assert_eq!(kept, lines);
}

#[test]
fn a_line_that_cannot_be_sent_is_told_and_the_rest_goes_on() {
    let house = House::new();
    let mut input = b"before\n".to_vec();
    input.extend(vec![b'x'; 8193]);
    input.extend(b"\n\nafter\n");
    let (code, stdout, stderr) = house.pipe(&input, &["--wait-s", "0"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("line 2 has 8193 bytes"), "{stderr}");
    let acked: Vec<Value> = of_kind(&stdout, "ack").iter().map(|a| a["text"].clone()).collect();
    assert_eq!(acked, ["before", "after"]);
}

#[test]
fn what_was_acknowledged_is_there_after_a_restart_and_the_end_is_clean() {
    let mut house = House::new();
    let ada = house.agent("Ada", "agent");
    let (code, stdout, _) = house.pipe("naïve 你好\n".as_bytes(), &["--wait-s", "60"]);
    assert_eq!((code, of_kind(&stdout, "ack").len()), (Some(0), 1));
    assert_eq!(of_kind(&stdout, "message").len(), 1, "the answer was waited for");
    assert_eq!(house.stop(), Some(0));
    house.serve();
    let all = house.json(&ada, &["queue", "--tab", "all", "--json"]);
    let id = all[0]["id"].as_str().unwrap();
    let shown = house.json(&ada, &["show", id, "--json"]);
    assert_eq!(shown["messages"][0]["text"], "naïve 你好");
    assert_eq!(house.stop(), Some(0));
    let data = house.dir.path().join("data");
    let rebuilt =
        baton(house.dir.path()).args(["rebuild", "--data", data.to_str().unwrap()]).output().unwrap();
    assert!(rebuilt.status.success());
    house.serve();
    assert_eq!(house.json(&ada, &["queue", "--tab", "all", "--json"]), all);
}

#[test]
fn login_keeps_the_token_to_its_owner() {
    let house = House::new();
    let ada = house.agent("Ada", "agent");
    let login = |token: &str| {
        let mut child = baton(house.dir.path())
            .args(["login", &house.url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        writeln!(child.stdin.take().unwrap(), "{token}").unwrap();
        child.wait_with_output().unwrap()
    };
    let file = house.dir.path().join("config/baton/login.toml");
    assert_eq!(login("bt_wrong").status.code(), Some(1));
    assert!(!file.exists(), "a token that does not work is not kept");
    let output = login(&ada);
    assert!(output.status.success());
    assert!(!String::from_utf8_lossy(&output.stdout).contains(&ada));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let queue = baton(house.dir.path()).args(["queue", "--json"]).output().unwrap();
    assert_eq!((queue.status.code(), queue.stdout.as_slice()), (Some(0), &b"[]\n"[..]));
    // The token goes to the server it was kept for, and to no other.
    let elsewhere = baton(house.dir.path()).args(["queue", "--url", "http://127.0.0.1:9"]).output().unwrap();
    assert_eq!(elsewhere.status.code(), Some(2));
}

#[test]
fn refusals_are_one() {
    let house = House::new();
    let ada = house.agent("Ada", "agent");
    let unknown = "00000000-0000-4000-8000-000000000000";
    for (token, args, word) in [
        ("bt_wrong", vec!["queue"], "token"),
        (&ada, vec!["accept", unknown], "no such conversation"),
        (&ada, vec!["show", "abcdef"], "abcdef"),
        (&ada, vec!["queue", "--site", "nowhere"], "no such site"),
        ("", vec!["chat", "--site", "nowhere"], "no such site"),
    ] {
        let (code, stdout, stderr) = house.run(token, &args);
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{args:?}: {stderr}");
        assert!(stderr.contains(word), "{args:?}: {stderr}");
    }
    let data = house.dir.path().join("data");
    let add = ["agent", "add", "Ada", "--data", data.to_str().unwrap()];
    let twice = baton(house.dir.path()).args(add).output().unwrap();
    assert_eq!((twice.status.code(), twice.stdout.len()), (Some(1), 0));
}

#[test]
fn available_without_a_console_says_so() {
    let house = House::new();
    let ada = house.agent("Ada", "agent");
    let (code, stdout, stderr) = house.run(&ada, &["available", "--json"]);
    assert_eq!(code, Some(0));
    let said: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&said["available"], &said["present"]), (&true.into(), &false.into()));
    assert!(stderr.contains("present=false"), "{stderr}");
    let away = house.json(&ada, &["away", "--reason", "lunch", "--json"]);
    assert_eq!((&away["available"], &away["reason"]), (&false.into(), &"lunch".into()));
    let away = house.json(&ada, &["away", "30m", "lunch", "--json"]);
    assert_eq!(away["reason"], "lunch");
    assert!(away["until"].is_string() || away["until"].is_i64(), "{away}");
    let (code, stdout, stderr) = house.run(&ada, &["away", "2h", "dentist"]);
    assert_eq!((code, stdout.as_str()), (Some(0), "Ada is Away, back in 2 h (dentist)\n"), "{stderr}");
    let (code, _, stderr) = house.run(&ada, &["away", "until", "sometime"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("nothing was changed"), "{stderr}");
    let (code, stdout, stderr) = house.run(&ada, &["away", "--until", "2020-01-01T00:00:00Z"]);
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains("is past") && stderr.contains("nothing was changed"), "{stderr}");
}

#[test]
fn search_finds_by_words_and_operators_and_points_at_what_is_wrong() {
    let house = House::new();
    let ada = house.agent("Ada", "agent");
    let (code, ..) =
        house.pipe(b"my crate is lost\n", &["--wait-s", "0", "--page", "https://shop.example/cart"]);
    assert_eq!(code, Some(0));
    let found = house.json(&ada, &["search", "page:/cart", "is:open", "--json"]);
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    assert!(found[0]["excerpt"].is_string() && found[0]["id"].is_string());
    assert_eq!(house.json(&ada, &["search", "--json", "--", "-is:open"]), serde_json::json!([]));
    let (code, stdout, stderr) = house.run(&ada, &["search", "hello", "frm:mia"]);
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains("did you mean `from:`?") && stderr.contains("^^^^^^^"), "{stderr}");
}

#[test]
fn follow_tells_what_happens_and_no_stranger_reaches_the_terminal() {
    let house = House::new();
    let ada = house.agent("Ada", "agent");
    let mut follow = Running::start(&mut house.command(&ada, &["follow", "--json"]));
    let hostile = "\u{1b}]0;owned\u{7} \u{9b}31m \u{202e}txt";
    let (code, stdout, _) = house.pipe(format!("{hostile}\n").as_bytes(), &["--wait-s", "0"]);
    assert_eq!(code, Some(0));
    assert_eq!(of_kind(&stdout, "ack")[0]["text"], hostile);
    let acts = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!stdout.contains(acts), "{stdout:?}");
    let row = follow.until_json(|v| v["kind"] == "row" && v["row"]["messages"].as_u64() >= Some(1));
    let id = row["conversation"].as_str().unwrap().to_owned();
    let mut words = Running::start(&mut house.command(&ada, &["follow", &id]));
    words.until(|line| line.contains("owned").then_some(()));
    let inert = |args: &[&str]| {
        let out = house.ok(&ada, args);
        assert!(out.contains("owned") && !out.contains(acts), "{args:?}: {out:?}");
    };
    house.ok(&ada, &["reply", &id, "hello there"]);
    words.until(|line| (line == "Ada: hello there").then_some(()));
    inert(&["show", &id]);
    inert(&["show", &id, "--json"]);
}

#[test]
fn the_demo_has_a_handoff_waiting_and_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let temp = home.path().join("tmp");
    std::fs::create_dir(&temp).unwrap();
    let mut demo =
        Running::start(baton(home.path()).args(["demo", "--no-console", "--seed", "5"]).env("TMPDIR", &temp));
    let export =
        |name: &str, line: &str| line.trim().strip_prefix(&format!("export {name}=")).map(str::to_owned);
    let url = demo.until(|line| export("BATON_URL", line));
    let token = demo.until(|line| export("BATON_TOKEN", line));
    let mut follow = Running::start(
        baton(home.path()).args(["follow", "--json"]).env("BATON_URL", &url).env("BATON_TOKEN", &token),
    );
    let row = follow.until_json(|v| v["row"]["state"] == "queued");
    assert_eq!(row["row"]["visitor"]["name"], "Maya Osei");
    assert!(row["row"]["page"].as_str().unwrap().ends_with("/demo/support.html"));
    signal(&demo.child, "-INT");
    assert_eq!(demo.child.wait().unwrap().code(), Some(0));
    assert_eq!(std::fs::read_dir(&temp).unwrap().count(), 0);
}
