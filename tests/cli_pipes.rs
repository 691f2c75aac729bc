//! Row F8 against the real server: exports, `follow --exec`, and the verbs beyond the first takeover.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod cli_support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use cli_support::{House, Running, baton, signal};
use serde_json::Value;

/// A visitor who said these lines, and the conversation's id.
fn visited(house: &House, token: &str, lines: &[&str]) -> String {
    let before = ids(house, token);
    let (code, _, stderr) = house.pipe((lines.join("\n") + "\n").as_bytes(), &["--wait-s", "0"]);
    assert_eq!(code, Some(0), "{stderr}");
    ids(house, token).into_iter().find(|id| !before.contains(id)).expect("a new conversation")
}

fn ids(house: &House, token: &str) -> Vec<String> {
    let all = house.json(token, &["queue", "--tab", "all", "--json"]);
    all.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// A program of the test's own.
fn script(house: &House, name: &str, body: &str) -> PathBuf {
    let path = house.dir.path().join(name);
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn path(house: &House, name: &str) -> String {
    house.dir.path().join(name).to_str().unwrap().to_owned()
}

#[test]
fn every_verb_of_the_wire_is_a_command() {
    let house = House::new();
    let (ada, bea) = (house.agent("Ada", "agent"), house.agent("Bea", "agent"));
    let id = visited(&house, &ada, &["Is the Tern waterproof?"]);
    house.ok(&ada, &["take-over", &id]);

    let tagged = house.json(&ada, &["tag", &id, "+VIP", "refund", "--json"]);
    assert_eq!((&tagged["ok"], &tagged["added"]), (&true.into(), &serde_json::json!(["VIP", "refund"])));
    house.ok(&bea, &["tag", &id, "-vip"]);
    house.ok(&bea, &["priority", &id, "urgent"]);
    let row = &house.json(&ada, &["queue", "--tab", "mine", "--json"])[0];
    assert_eq!((&row["tags"], &row["priority"]), (&serde_json::json!(["refund"]), &"urgent".into()));

    let snoozed = house.json(&ada, &["snooze", &id, "tomorrow", "9:30", "--json"]);
    assert!(snoozed["until"].as_str().unwrap().contains(":30:00"), "{snoozed}");
    let row = &house.json(&ada, &["queue", "--tab", "snoozed", "--json"])[0];
    assert_eq!((&row["state"], &row["snoozed_until"]), (&"snoozed".into(), &snoozed["until"]));
    house.ok(&ada, &["take-over", &id]);
    assert_eq!(house.json(&ada, &["snooze", &id, "--json"])["until"], Value::Null);
    house.ok(&ada, &["take-over", &id, "--anyway"]);

    // Names: whole, begun, misspelt.
    let (code, _, stderr) = house.run(&ada, &["transfer", &id, "--to", "Beaa"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("did you mean Bea?"), "{stderr}");
    let given = house.json(&ada, &["transfer", &id, "--to", "be", "--note", "asked twice", "--json"]);
    assert_eq!(given["agent"]["name"], "Bea");
    let shown = house.json(&bea, &["show", &id, "--json"]);
    assert_eq!(shown["holder"]["name"], "Bea");
    assert_eq!(shown["message_count"], shown["messages"].as_array().unwrap().len());
    assert!(
        shown["messages"]
            .as_array()
            .unwrap()
            .iter()
            .any(|m| m["text"] == "asked twice" && m["author"] == "note")
    );
    house.ok(&bea, &["release", &id, "--reason", "lunch"]);
    assert_eq!(house.json(&ada, &["show", &id, "--json"])["holder"]["kind"], "nobody");

    for (args, word) in [
        (vec!["snooze", &id, "yesterdayish"], "“yesterdayish”"),
        (vec!["snooze", &id, "today", "0:00"], "past"),
        (vec!["tag", &id, "+"], "1 to 40"),
        (vec!["tag", &id, "+a", "--colour"], "--colour"),
        (vec!["transfer", &id, "--to", ""], "empty"),
        (vec!["export", &id, "--since", "7d"], "--tab"),
        (vec!["follow", "--exec", "no-such-program-here"], "no-such-program-here"),
    ] {
        let (code, stdout, stderr) = house.run(&ada, &args);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{args:?}: {stderr}");
        assert!(stderr.contains(word), "{args:?}: {stderr}");
    }
}

#[test]
fn exports_are_whole_and_touch_nothing_that_is_there() {
    let house = House::new();
    let ada = house.agent("Ada", "agent");
    let formula = "=HYPERLINK(\"http://evil.example\",\"x\")";
    let id = visited(&house, &ada, &[formula, "\u{1b}]0;owned\u{7}\u{202e}"]);
    house.ok(&ada, &["note", &id, "a note"]);

    let csv = house.ok(&ada, &["export", &id, "--format", "csv"]);
    assert!(
        csv.starts_with("\u{feff}\"conversation\",\"site\",\"at\",\"author\",\"kind\",\"text\""),
        "{csv:?}"
    );
    assert!(
        csv.contains(",\"visitor\",\"message\",\"'=HYPERLINK(\"\"http://evil.example\"\",\"\"x\"\")\","),
        "{csv}"
    );
    assert!(csv.contains("\"agent\",\"note\",\"a note\""), "{csv}");
    for format in ["md", "json", "text", "csv"] {
        let out = house.ok(&ada, &["export", &id, "--format", format]);
        let acts = |c: char| (c.is_control() && !matches!(c, '\n' | '\r')) || c == '\u{202e}';
        assert!(out.contains("owned") && !out.contains(acts), "{format}: {out:?}");
        let for_others = house.ok(&ada, &["export", &id, "--format", format, "--no-notes"]);
        assert!(out.contains("a note") && !for_others.contains("a note"), "{format}");
    }
    let whole: Value = serde_json::from_str(&house.ok(&ada, &["export", &id, "--format", "json"])).unwrap();
    assert_eq!((&whole["format"], &whole["id"]), (&"baton.conversation/1".into(), &id.as_str().into()));

    // The extension names the format. A file that is there stays.
    let file = path(&house, "max.md");
    assert_eq!(house.ok(&ada, &["export", &id, "-o", &file]), "");
    let written = fs::read_to_string(&file).unwrap();
    assert!(written.starts_with("# Conversation "), "{written}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    fs::write(&file, "mine").unwrap();
    let (code, _, stderr) = house.run(&ada, &["export", &id, "-o", &file]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("--force"), "{stderr}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    house.ok(&ada, &["export", &id, "-o", &file, "--force"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), written);

    // Refused in the middle: no file, and nothing beside it.
    let folder = house.dir.path().join("out");
    fs::create_dir(&folder).unwrap();
    let half = folder.join("half.csv");
    let unknown = "00000000-0000-4000-8000-000000000000";
    assert_eq!(house.run(&ada, &["export", unknown, "-o", half.to_str().unwrap()]).0, Some(1));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    for (to, word) in [(folder.to_str().unwrap(), "folder"), ("no/such/x.csv", "no folder no/such")] {
        let (code, _, stderr) = house.run(&ada, &["export", &id, "-o", to]);
        assert_eq!(code, Some(2), "{stderr}");
        assert!(stderr.contains(word), "{stderr}");
    }
}

#[test]
fn a_tab_is_exported_through_all_its_pages() {
    let house = House::new();
    let ada = house.agent("Ada", "agent");
    // More than a server lets one watch at once.
    let texts: Vec<String> = (0..40).map(|n| format!("visitor number {n}")).collect();
    for text in &texts {
        visited(&house, &ada, &[text]);
    }
    let all = house.ok(&ada, &["export", "--tab", "all", "--since", "1d", "--format", "json"]);
    let said: Vec<String> = all
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["entries"][0]["text"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(said.len(), texts.len());
    assert!(texts.iter().all(|text| said.contains(text)), "{said:?}");
    let (code, stdout, stderr) = house.run(&ada, &["export", "--tab", "resolved", "--format", "csv"]);
    assert_eq!((code, stdout.lines().count()), (Some(0), 1));
    assert!(stderr.contains("no conversation matches"), "{stderr}");
    let later = house.ok(&ada, &["export", "--tab", "all", "--since", "2999-01-01", "--format", "json"]);
    assert_eq!(later, "");
}

/// Reads a pipe the program writes to, line by line.
fn lines_of(fifo: &Path) -> std::io::Lines<BufReader<fs::File>> {
    // Open for writing too, so that it does not end between two programs.
    let file = fs::OpenOptions::new().read(true).write(true).open(fifo).unwrap();
    BufReader::new(file).lines()
}

fn fifo(house: &House, name: &str) -> PathBuf {
    let path = house.dir.path().join(name);
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

/// Lets visitors come until the program has written a line that begins so: when `follow` has begun is not told.
fn first_line(
    house: &House,
    lines: &mut std::io::Lines<BufReader<fs::File>>,
    says: &str,
    begins: &str,
) -> String {
    let told = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !told.load(Ordering::Relaxed) {
                house.pipe(format!("{says}\n").as_bytes(), &["--wait-s", "0"]);
            }
        });
        let line = lines.map(Result::unwrap).find(|line| line.starts_with(begins)).unwrap();
        told.store(true, Ordering::Relaxed);
        line
    })
}

#[test]
fn follow_runs_a_program_for_what_happens() {
    let house = House::new();
    let ada = house.agent("Ada", "agent");
    let old = visited(&house, &ada, &["before"]);
    let told = fifo(&house, "told");
    let mut lines = lines_of(&told);
    let program = script(
        &house,
        "tell",
        &format!(
            "read -r json; env | grep -q evil && leak=leak; printf '%s\\t%s\\t%s\\t%s\\t%s\\t%s\\n' \
             \"$BATON_EVENT\" \"$BATON_CONVERSATION\" \"$BATON_AUTHOR\" \"$leak\" \"$*\" \"$json\" > {}; exit 3",
            told.display()
        ),
    );
    let mut command = house.command(&ada, &["follow", "--on", "message,resolved", "--exec"]);
    command.arg(&program).args(["-u", "--json"]).stderr(Stdio::piped());
    let mut follow = Running::start(&mut command);
    let mut complaints = BufReader::new(follow.child.stderr.take().unwrap()).lines();
    let event = first_line(&house, &mut lines, "$(evil) `evil`", "message");
    let fields: Vec<&str> = event.split('\t').collect();
    // Rows coalesce: the assistant may have answered before the line was told.
    assert!(["visitor", "assistant"].contains(&fields[2]), "{event}");
    assert_eq!((fields[0], fields[3], fields[4]), ("message", "", "-u --json"), "{event}");
    let id = fields[1];
    assert_ne!(id, old, "what was there before is no event");
    let json: Value = serde_json::from_str(fields[5]).unwrap();
    assert_eq!((&json["kind"], &json["conversation"]), (&"row".into(), &id.into()));
    assert!(json["on"].as_array().unwrap().contains(&"message".into()), "{json}");
    // A failing program is told of, and the next event comes all the same.
    let failed = complaints.by_ref().map(Result::unwrap).find(|l| l.starts_with("baton:")).unwrap();
    assert!(failed.contains("ended with 3 (message of"), "{failed}");
    house.ok(&ada, &["take-over", id]);
    house.ok(&ada, &["resolve", id]);
    let resolved = lines.by_ref().map(Result::unwrap).find(|l| l.starts_with("resolved\t")).unwrap();
    assert!(resolved.contains(id), "{resolved}");
    signal(&follow.child, "-TERM");
    assert_eq!(follow.child.wait().unwrap().code(), Some(0));
}

#[test]
fn programs_end_with_their_time_and_with_follow() {
    let house = House::new();
    let ada = house.agent("Ada", "agent");
    let started = fifo(&house, "started");
    let mut lines = lines_of(&started);
    // It ignores the polite signal, and so does what it starts.
    let body = format!("trap '' TERM; sleep 1000 & echo $1 $$ > {}; wait; sleep 1000", started.display());
    let program = script(&house, "stay", &body);
    // Waits for what the system does in its own time.
    let gone = |group: &str| {
        let asked = ["-0", "--", &format!("-{group}")];
        while Command::new("kill").args(asked).stderr(Stdio::null()).status().unwrap().success() {
            std::thread::yield_now();
        }
    };
    let mut start = |time: &str, mark: &str| {
        let mut command = house.command(&ada, &["follow", "--on", "new", "--timeout", time, "--exec"]);
        command.arg(&program).arg(mark).stderr(Stdio::piped());
        let mut follow = Running::start(&mut command);
        let complaints = BufReader::new(follow.child.stderr.take().unwrap()).lines();
        let group = first_line(&house, &mut lines, "hello", mark);
        (follow, complaints, group.split(' ').nth(1).unwrap().to_owned())
    };
    let (mut follow, complaints, group) = start("1s", "one");
    let told = complaints.map(Result::unwrap).find(|l| l.contains("longer than 1 s")).unwrap();
    assert!(told.contains("new of"), "{told}");
    gone(&group);
    signal(&follow.child, "-TERM");
    assert_eq!(follow.child.wait().unwrap().code(), Some(0));
    drop(follow);
    let (mut follow, complaints, group) = start("1h", "two");
    signal(&follow.child, "-INT");
    assert_eq!(follow.child.wait().unwrap().code(), Some(0));
    gone(&group);
    drop(complaints);
}

#[test]
fn completions_and_pages_are_generated() {
    let home = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let output = baton(home.path()).args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let help = run(&["--help"]);
    let commands: Vec<&str> = help
        .split("Commands:\n")
        .nth(1)
        .unwrap()
        .lines()
        .take_while(|l| l.starts_with("  "))
        .filter(|l| l.as_bytes()[2] != b' ')
        .map(|l| l.split_whitespace().next().unwrap())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.contains(&"export") && commands.contains(&"hand-back"), "{commands:?}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&["completions", shell]);
        for name in &commands {
            assert!(script.contains(name), "{shell}: {name}");
        }
        if let Ok(mut check) =
            Command::new(shell).args(["-n", "/dev/stdin"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn()
        {
            use std::io::Write;
            check.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
            assert!(check.wait().unwrap().success(), "{shell} does not read its script");
        }
    }
    let page = run(&["man"]);
    assert!(page.contains(".TH baton 1") && page.contains(".SH SYNOPSIS"), "{page}");
    let pages = home.path().join("pages");
    run(&["man", "--out", pages.to_str().unwrap()]);
    for name in &commands {
        assert!(page.contains(&format!("baton\\-{}(1)", name.replace('-', "\\-"))), "{name}: {page}");
        let own = fs::read_to_string(pages.join(format!("baton-{name}.1"))).unwrap();
        assert!(own.contains(".SH NAME") && own.contains(".SH SYNOPSIS"), "{name}: {own}");
        assert!(!own.lines().any(|l| l.starts_with('\'')), "{name}: a line that roff takes for a request");
    }
}
