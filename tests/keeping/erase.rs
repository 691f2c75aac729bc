//! Erased words are nowhere: not in the store, its WAL, a new backup, nor in an old backup once it is restored.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::cli_support::{House, Running, baton};
use crate::disk::files_with;

/// Words no other text has; they begin differently, so that no index keeps one as the end of another.
const WORDS: &[&str] = &[
    "axolotlgram",
    "bandicootese",
    "capybarism",
    "dugongology",
    "echidnaphone",
    "fossaware",
    "gibbonite",
    "hoatzinhaus",
    "indridrift",
];
const OTHERS: &str = "jerboajargon";

/// Runs a command; its exit code, output, errors.
pub fn run(home: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = baton(home).args(args).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

pub fn ok(home: &Path, args: &[&str]) -> String {
    let (code, stdout, stderr) = run(home, args);
    assert_eq!(code, Some(0), "{args:?}: {stderr}");
    stdout
}

/// A server with one conversation full of canary words and one of somebody else's, stopped again.
fn told_everything() -> (House, String, String) {
    let mut house = House::new();
    let ada = house.agent("Ada", "agent");
    let mut other = house.chat(&["--name", "Olga", "--json"]);
    other.say(&format!("my word is {OTHERS}"));
    other.until_json(|v| v["kind"] == "ack");
    let page = format!("http://localhost/{}", WORDS[1]);
    let chat = ["chat", "--site", "demo", "--page", &page, "--name", WORDS[0], "--json"];
    let mut visitor = Running::start(&mut house.command("", &chat));
    visitor.say(&format!("does it float? {} and {}", WORDS[2], "x".repeat(6_000)));
    visitor.until_json(|v| v["kind"] == "ack");
    visitor.until_json(|v| v["kind"] == "message");
    visitor.say(&format!("I mean the {}", WORDS[3]));
    visitor.until_json(|v| v["kind"] == "ack");
    visitor.say("/person");
    visitor.until_json(|v| v["key"] == "handoff.nobody_there");
    visitor.say(&format!("/lead {} {}@example.com", WORDS[0], WORDS[4]));
    visitor.until_json(|v| v["key"] == "handoff.ticket_queued");
    let queue = house.json(&ada, &["queue", "--json"]);
    let id = queue[0]["id"].as_str().unwrap().to_owned();
    house.ok(&ada, &["accept", &id]);
    house.ok(&ada, &["reply", &id, &format!("about your {}", WORDS[5])]);
    house.ok(&ada, &["note", &id, &format!("called about {}", WORDS[6])]);
    house.ok(&ada, &["tag", &id, &format!("+{}", WORDS[7])]);
    house.ok(&ada, &["release", &id, "--reason", WORDS[8]]);
    house.ok(&ada, &["accept", &id]);
    drop((visitor, other));
    // The index follows when the server is idle, and at its end.
    assert_eq!(house.stop(), Some(0));
    (house, ada, id)
}

#[test]
fn erased_words_are_in_no_file_no_new_backup_and_no_restored_old_one() {
    let (mut house, ada, id) = told_everything();
    let home = house.dir.path().to_owned();
    let data = home.join("data");
    let data_arg = data.to_str().unwrap();
    let before = home.join("before");
    ok(&home, &["backup", before.to_str().unwrap(), "--data", data_arg]);
    for word in WORDS.iter().chain([&OTHERS]) {
        assert_eq!(files_with(&data, word).len(), 1, "{word} is in the store, or this test finds nothing");
        assert_eq!(files_with(&before, word).len(), 1, "{word} is in the old backup");
    }
    // A copy as a migration leaves one.
    std::fs::copy(data.join("baton.db"), data.join("baton-before-v9.db")).unwrap();

    let told = ok(&home, &["export", "--visitor", &format!("{}@example.com", WORDS[4]), "--data", data_arg]);
    let all: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(all["visitors"][0]["conversations"][0]["id"], id.as_str());
    for word in WORDS {
        assert!(told.contains(word), "{word} is kept of the visitor");
    }
    assert!(!told.contains(OTHERS));
    let visitor = all["visitors"][0]["visitor"].as_str().unwrap();
    let file = home.join("max.json");
    ok(
        &home,
        &["export", "--visitor", visitor, "--data", data_arg, "--no-notes", "-o", file.to_str().unwrap()],
    );
    let told = std::fs::read_to_string(&file).unwrap();
    assert!(told.contains(WORDS[2]) && !told.contains(WORDS[6]) && !told.contains(WORDS[7]));

    let (code, _, stderr) = run(&home, &["erase", "--conversation", &id, "--data", data_arg]);
    assert_eq!(code, Some(2), "without a terminal nobody can be asked: {stderr}");
    let email = format!("{}@Example.com", WORDS[4].to_uppercase());
    let told = ok(&home, &["erase", "--visitor", &email, "--data", data_arg, "--yes", "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["erased"], serde_json::json!([id]));
    for word in WORDS {
        assert_eq!(files_with(&data, word), Vec::<std::path::PathBuf>::new(), "{word}");
    }
    assert_eq!(files_with(&data, OTHERS).len(), 1, "somebody else's words stay");
    // What it says is the fold of what is left, row for row.
    assert_eq!(rows(&data), {
        ok(&home, &["rebuild", "--data", data_arg]);
        rows(&data)
    });

    let after = home.join("after");
    ok(&home, &["backup", after.to_str().unwrap(), "--data", data_arg]);
    for word in WORDS {
        assert_eq!(files_with(&after, word), Vec::<std::path::PathBuf>::new(), "{word}");
    }

    // An old backup back over it: what was erased since is erased again.
    let told = ok(&home, &["restore", before.to_str().unwrap(), "--data", data_arg, "--replace", "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["erased_again"], 1);
    // And on a new machine, with the list.
    let elsewhere = home.join("elsewhere");
    let list = data.join("erased.jsonl");
    ok(
        &home,
        &[
            "restore",
            before.to_str().unwrap(),
            "--data",
            elsewhere.to_str().unwrap(),
            "--erased",
            list.to_str().unwrap(),
        ],
    );
    for word in WORDS {
        assert_eq!(files_with(&data, word), Vec::<std::path::PathBuf>::new(), "{word}");
        assert_eq!(files_with(&elsewhere, word), Vec::<std::path::PathBuf>::new(), "{word}");
    }

    house.serve();
    for word in WORDS {
        assert_eq!(house.json(&ada, &["search", word, "--json"]).as_array().unwrap().len(), 0, "{word}");
    }
    assert_eq!(house.json(&ada, &["search", OTHERS, "--json"]).as_array().unwrap().len(), 1);
    let shown = house.json(&ada, &["show", &id, "--json"]);
    assert_eq!((&shown["state"], &shown["holder"]["name"]), (&"active".into(), &"Ada".into()));
    let messages = shown["messages"].as_array().unwrap();
    assert!(messages.iter().any(|m| m["author"] == "visitor" && m["text"] == "[erased]"), "{shown}");
    assert!(house.ok(&ada, &["export", &id]).contains("what was said before this line was erased"));
    // It goes on from there.
    house.ok(&ada, &["reply", &id, "still here"]);
}

fn rows(data: &Path) -> Vec<String> {
    let conn = rusqlite::Connection::open(data.join("baton.db")).unwrap();
    let mut all =
        conn.prepare("SELECT key, state, rank, changed, doc FROM conversations ORDER BY key").unwrap();
    let rows = all.query_map([], |r| {
        Ok(format!(
            "{} {} {} {} {}",
            r.get::<_, i64>(0)?,
            r.get::<_, i64>(1)?,
            r.get::<_, i64>(2)?,
            r.get::<_, i64>(3)?,
            r.get::<_, String>(4)?
        ))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

#[test]
fn who_is_not_there_is_said() {
    let house = House::new();
    let home = house.dir.path().to_owned();
    let data = home.join("data");
    let data = data.to_str().unwrap();
    let (code, _, stderr) =
        run(&home, &["erase", "--visitor", "nobody@example.com", "--data", data, "--yes"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("no visitor"), "{stderr}");
    let (code, _, stderr) = run(&home, &["erase", "--data", data, "--yes"]);
    assert_eq!(code, Some(2), "{stderr}");
}

#[test]
fn a_running_server_erases_for_the_command() {
    let house = House::new();
    let home = house.dir.path().to_owned();
    let data = home.join("data");
    let ada = house.agent("Ada", "agent");
    let mut visitor = house.chat(&["--json"]);
    visitor.say(&format!("my {} is late", WORDS[0]));
    visitor.until_json(|v| v["kind"] == "message");
    let id = house.json(&ada, &["queue", "--tab", "all", "--json"])[0]["id"].as_str().unwrap().to_owned();
    assert!(!files_with(&data, WORDS[0]).is_empty());
    let data_arg = data.to_str().unwrap();
    let told = ok(&home, &["erase", "--conversation", &id[..8], "--data", data_arg, "--yes"]);
    assert_eq!(told, "erased: 1 conversation\n");
    assert_eq!(files_with(&data, WORDS[0]), Vec::<std::path::PathBuf>::new());
    assert!(!house.ok(&ada, &["show", &id]).contains(WORDS[0]));
    // It goes on, with nothing said twice and nothing lost.
    visitor.say("and on");
    visitor.until_json(|v| v["kind"] == "ack");
    let trail = ok(&home, &["audit", "--data", data_arg, "--json"]);
    assert!(trail.contains("\"erased\"") && trail.contains(&id) && !trail.contains(WORDS[0]), "{trail}");
    ok(&home, &["audit", "--verify", "--data", data_arg]);
    assert_eq!(
        ok(&home, &["erase", "--conversation", &id, "--data", data_arg, "--yes"]),
        "erased: 1 conversation\n"
    );
    assert_eq!(
        ok(&home, &["erase", "--conversation", &id, "--data", data_arg, "--yes"]),
        "erased: 0 conversations\n"
    );
}
