//! People from the command line, against the real server: agents, tokens from a program, blocks, and the audit trail.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, missing_docs)]

mod cli_support;

use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use cli_support::{House, baton, signal};
use serde_json::Value;

/// Runs a command on the data folder.
fn here(house: &House, args: &[&str]) -> (Option<i32>, String, String) {
    let data = house.dir.path().join("data");
    let Output { status, stdout, stderr } =
        baton(house.dir.path()).args(args).arg("--data").arg(data).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn done(house: &House, args: &[&str]) -> String {
    let (code, stdout, stderr) = here(house, args);
    assert_eq!(code, Some(0), "{args:?}: {stderr}");
    stdout
}

/// A conversation in the queue.
fn queued(house: &House) -> (cli_support::Running, String) {
    let mut visitor = house.chat(&["--name", "Max", "--json"]);
    visitor.say("Is the Tern waterproof?");
    let ack = visitor.until_json(|v| v["kind"] == "ack");
    visitor.say("/person");
    visitor.until_json(|v| v["key"].as_str().is_some_and(|k| k.starts_with("handoff.")));
    visitor.say("/lead Max Muster max@example.com");
    visitor.until_json(|v| v["key"] == "handoff.ticket_queued" || v["key"] == "handoff.connecting");
    let _ = ack;
    let token = house.agent(&format!("finder-{}", uuid::Uuid::new_v4().simple()), "supervisor");
    let rows = house.json(&token, &["queue", "--json"]);
    let id = rows.as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned();
    (visitor, id)
}

#[test]
fn agents_are_listed_changed_rotated_and_removed_while_the_server_runs() {
    let house = House::new();
    house.agent("Root", "admin");
    let dana = house.agent("Dana", "agent");
    let (_visitor, id) = queued(&house);
    house.ok(&dana, &["accept", &id]);

    let listed = done(&house, &["agent", "list", "--json"]);
    let names: Vec<Value> = listed.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!((&names[0]["name"], &names[1]["name"]), (&"Root".into(), &"Dana".into()));
    assert!(!listed.contains(&dana) && !listed.contains("token"), "{listed}");
    assert!(done(&house, &["agent", "list"]).contains("Dana"));

    let set = done(&house, &["agent", "set", "dana", "--groups", "billing, returns", "--role", "supervisor"]);
    assert!(set.contains("supervisor") && set.contains("billing, returns"), "{set}");
    assert!(set.contains("0 conversations back"), "what she holds stays hers: {set}");
    house.ok(&dana, &["note", &id, "still here"]);
    let (code, _, stderr) = here(&house, &["agent", "set", "Dana", "--sites", "dmeo"]);
    assert_eq!(code, Some(0));
    assert!(stderr.contains("no site dmeo") && stderr.contains("did you mean demo"), "{stderr}");
    done(&house, &["agent", "set", "Dana", "--sites", "all"]);
    house.ok(&dana, &["accept", &id]);

    let rotated = done(&house, &["agent", "rotate", "Dana", "--json"]);
    let rotated: Value = serde_json::from_str(&rotated).unwrap();
    let fresh = rotated["token"].as_str().unwrap().to_owned();
    assert_eq!(rotated["server"]["returned"], 1);
    assert_eq!(house.run(&dana, &["queue"]).0, Some(1), "the old token is good for nothing");
    assert!(house.ok(&fresh, &["queue", "--json"]).contains(&id));

    house.ok(&fresh, &["accept", &id]);
    let removed = done(&house, &["agent", "remove", "Dana"]);
    assert!(removed.contains("removed Dana") && removed.contains("1 conversation back"), "{removed}");
    let (code, _, stderr) = house.run(&fresh, &["queue"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("unknown or was withdrawn"), "{stderr}");
    let root = house.agent("Second", "admin");
    let shown = house.ok(&root, &["show", &id]);
    assert!(shown.contains("still here") && shown.contains("Dana"), "history keeps the name: {shown}");
}

#[test]
fn what_a_tired_person_gets_wrong_is_refused_in_words_and_changes_nothing() {
    let house = House::new();
    house.agent("Root", "admin");
    house.agent("Dana", "agent");
    let before = done(&house, &["agent", "list", "--json"]);
    for (args, code, says) in [
        (&["agent", "remove", "Dnaa"][..], 1, "Did you mean Dana?"),
        (&["agent", "remove", "Zebedee"], 1, "agent list"),
        (&["agent", "rotate", ""], 1, "no agent named"),
        (&["agent", "remove", "root"], 1, "last admin"),
        (&["agent", "set", "Root", "--role", "agent"], 1, "last admin"),
        (&["agent", "set", "Dana"], 2, "--role"),
        (&["agent", "set", "Dana", "--role", "boss"], 2, "boss"),
        (&["agent", "set", "Dana", "--sites", "Not A Site"], 2, "no site id"),
        (&["agent", "set", "Dana", "--role", "agent"], 1, "already"),
        (&["agent", "add", "DANA"], 1, "already"),
        (&["agent", "add", "assistant"], 1, "name"),
        (&["audit", "--since", "never"], 2, "never"),
        (&["audit", "--verify", "--since", "7d"], 2, "--since"),
    ] {
        let (got, _, stderr) = here(&house, args);
        assert_eq!(got, Some(code), "{args:?}: {stderr}");
        assert!(stderr.contains(says), "{args:?}: {stderr}");
    }
    assert_eq!(done(&house, &["agent", "list", "--json"]), before);
    let nowhere = house.dir.path().join("nowhere");
    for args in [&["agent", "list"][..], &["agent", "remove", "Dana"], &["audit"]] {
        let output = baton(house.dir.path()).args(args).arg("--data").arg(&nowhere).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("no Baton store"), "{output:?}");
    }
    assert!(!nowhere.exists(), "nothing was made");
}

#[test]
fn a_server_killed_while_an_agent_is_removed_gives_back_what_they_held_when_it_starts() {
    let mut house = House::new();
    let dana = house.agent("Dana", "agent");
    let (visitor, id) = queued(&house);
    house.ok(&dana, &["accept", &id]);
    drop(visitor);
    signal(house.server.as_ref().unwrap(), "-KILL");
    house.server.take().unwrap().wait().unwrap();
    // The socket file outlived its server; that is no server.
    let removed = done(&house, &["agent", "remove", "Dana"]);
    assert!(removed.contains("no server was told"), "{removed}");
    house.serve();
    let root = house.agent("Root", "admin");
    let queue = house.ok(&root, &["queue", "--json"]);
    assert!(queue.contains(&id), "{queue}");
}

/// Killed at any moment, a change is there as a whole, with its entry, or not at all.
#[test]
fn commands_that_are_killed_leave_whole_changes_behind() {
    let house = House::new();
    let began = std::time::Instant::now();
    house.agent("Root", "admin");
    let whole_life = began.elapsed();
    let data = house.dir.path().join("data");
    let rounds = 60_u32;
    for n in 0..rounds {
        let name = format!("A{}", n / 2);
        let verb = if n % 2 == 0 { "add" } else { "remove" };
        let mut child = baton(house.dir.path())
            .args(["agent", verb, &name, "--data"])
            .arg(&data)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // Not a wait for anything: each is killed at another moment of its life, the last ones after it.
        let moment = std::time::Instant::now() + whole_life * n * 3 / (2 * rounds);
        while std::time::Instant::now() < moment {
            std::hint::spin_loop();
        }
        let _ = child.kill();
        child.wait().unwrap();
    }
    done(&house, &["audit", "--verify"]);
    let trail = done(&house, &["audit", "--json"]);
    let mut left = std::collections::BTreeSet::new();
    for entry in trail.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()) {
        let name = entry["target"]["name"].as_str().unwrap().to_owned();
        match entry["deed"].as_str().unwrap() {
            "agent.added" => assert!(left.insert(name)),
            "agent.removed" => assert!(left.remove(&name)),
            other => panic!("{other}"),
        }
    }
    let listed = done(&house, &["agent", "list", "--json"]);
    let listed: std::collections::BTreeSet<String> = listed
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).unwrap()["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(listed, left, "who is there is who was added and not removed");
    eprintln!("{} of {rounds} commands did their deed before they were killed", trail.lines().count() - 1);
}

#[test]
fn a_visitor_is_blocked_and_unblocked_and_the_trail_tells_who_did() {
    let mut house = House::new();
    let dana = house.agent("Dana", "agent");
    let sam = house.agent("Sam", "supervisor");
    let (mut visitor, id) = queued(&house);
    let (code, _, stderr) = house.run(&dana, &["block", &id, "--reason", "spam"]);
    assert_eq!((code, stderr.contains("a supervisor may block any")), (Some(1), true), "{stderr}");
    house.ok(&dana, &["accept", &id]);
    let blocked = house.json(&dana, &["block", &id, "--reason", "a secret word", "--until", "7d", "--json"]);
    let number = blocked["block"].to_string();
    assert_eq!(visitor.child.wait().unwrap().code(), Some(1), "the visitor's program ends, refused");
    assert!(house.ok(&sam, &["blocks"]).contains("a secret word"));
    for (args, code, says) in [
        (&["block", "--address", "10.0.0.0/2", "--reason", "x"][..], 1, "too wide"),
        (&["block", "--address", "shop.example", "--reason", "x"], 1, "no address"),
        (&["block", &id], 2, "--reason"),
        (&["block", "--reason", "x"], 2, "--address"),
        (&["block", &id, "--address", "10.0.0.1", "--reason", "x"], 2, "--address"),
        (&["block", &id, "--reason", "x", "--until", "yesterday"], 2, ""),
        (&["unblock", "999"], 1, "no such block"),
    ] {
        let (got, _, stderr) = house.run(&sam, args);
        assert_eq!(got, Some(code), "{args:?}: {stderr}");
        assert!(stderr.contains(says), "{args:?}: {stderr}");
    }
    house.ok(&sam, &["block", "--address", "203.0.113.0/24", "--reason", "flood"]);
    assert_eq!(house.ok(&sam, &["blocks", "--json"]).lines().count(), 2);
    assert_eq!(house.ok(&dana, &["blocks", "--json"]).lines().count(), 1, "addresses are not for agents");
    // In force over a restart.
    house.stop();
    house.serve();
    assert_eq!(house.ok(&sam, &["blocks", "--json"]).lines().count(), 2);
    assert!(house.ok(&sam, &["unblock", &number]).contains("may write again"));

    let trail = done(&house, &["audit", "--json"]);
    let entries: Vec<Value> = trail.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let by = |deed: &str| entries.iter().filter(|e| e["deed"] == deed).collect::<Vec<_>>();
    assert_eq!(by("blocked").len(), 2);
    assert_eq!(by("blocked")[0]["actor"]["name"], "Dana");
    assert_eq!(by("blocked")[0]["target"]["kind"], "visitor");
    assert_eq!(by("unblocked")[0]["actor"]["name"], "Sam");
    assert_eq!(by("conversation.accepted").len(), 1);
    assert!(by("agent.added").iter().all(|e| e["actor"]["kind"] == "command_line"));
    for secret in ["a secret word", "waterproof", "Max", "bt_"] {
        assert!(!trail.contains(secret), "{secret}: {trail}");
    }
    assert_eq!(done(&house, &["audit", "--limit", "2", "--json"]).lines().count(), 2);
    assert!(done(&house, &["audit"]).contains("Dana"));
}

#[test]
fn a_trail_changed_by_hand_is_found_at_the_entry() {
    let mut house = House::new();
    for name in ["Ada", "Bea", "Cid", "Dot", "Eve"] {
        house.agent(name, "agent");
    }
    let whole = done(&house, &["audit", "--verify", "--json"]);
    let whole: Value = serde_json::from_str(&whole).unwrap();
    assert_eq!((&whole["entries"], &whole["broken"]), (&5.into(), &Value::Null));
    let last = whole["last_hash"].as_str().unwrap().to_owned();
    house.agent("Fay", "agent");
    done(&house, &["audit", "--verify", "--expect", &last]);
    house.stop();
    let db = rusqlite::Connection::open(house.dir.path().join("data/baton.db")).unwrap();
    assert!(db.execute("UPDATE audit SET at = 0", []).is_err(), "not even by accident");
    db.execute_batch("DROP TRIGGER audit_stays; DROP TRIGGER audit_keeps").unwrap();
    db.execute("DELETE FROM audit WHERE no >= 5", []).unwrap();
    let (code, _, stderr) = here(&house, &["audit", "--verify", "--expect", &last]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("cut off"), "{stderr}");
    done(&house, &["audit", "--verify"]);
    db.execute("UPDATE audit SET entry = replace(entry, 'Bea', 'Bob') WHERE no = 2", []).unwrap();
    let (code, _, stderr) = here(&house, &["audit", "--verify"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("entry 2"), "{stderr}");
    let (code, stdout, _) = here(&house, &["audit", "--verify", "--json"]);
    assert_eq!(code, Some(1));
    let found: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(found["broken"]["no"], 2);
}

#[test]
fn a_token_comes_from_a_program_and_is_kept_nowhere() {
    let house = House::new();
    let ada = house.agent("Ada", "agent");
    let keeper = house.dir.path().join("keeper");
    std::fs::write(&keeper, &ada).unwrap();
    let login = |words: &[&str]| {
        let mut command = baton(house.dir.path());
        command.args(["login", &house.url, "--token-command"]).args(words).output().unwrap()
    };
    let path = keeper.to_str().unwrap();
    let output = login(&["cat", path]);
    assert!(output.status.success(), "{output:?}");
    let file = house.dir.path().join("config/baton/login.toml");
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(!kept.contains(&ada) && kept.contains("token_command"), "{kept}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let queue = || baton(house.dir.path()).args(["queue", "--json"]).output().unwrap();
    assert!(queue().status.success());
    // The program fails: so does the command, in words without the token.
    std::fs::remove_file(&keeper).unwrap();
    let output = queue();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("token_command"), "{output:?}");
    // A file that others may write names no program of ours.
    std::fs::write(&keeper, &ada).unwrap();
    assert!(queue().status.success());
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o622)).unwrap();
    let output = queue();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("chmod 600"), "{output:?}");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(login(&["/nowhere/at/all"]).status.code(), Some(1));
    assert!(queue().status.success(), "what was kept stays");
}
