//! Exit codes and words of the real binary, where no server is needed.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn baton(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_baton"));
    command
        .args(args)
        .env_remove("BATON_URL")
        .env_remove("BATON_TOKEN")
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_STATE_HOME", home.join("state"))
        .stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let home = tempfile::tempdir().unwrap();
    let Output { status, stdout, stderr } = baton(home.path(), args).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// An address where nobody listens: bound once, so that it was free, and closed.
fn nobody() -> String {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!("http://127.0.0.1:{port}")
}

#[test]
fn an_unreachable_server_is_three() {
    let url = nobody();
    let id = "3f2a9c41";
    let commands: &[&[&str]] = &[
        &["queue", "--json"],
        &["show", id],
        &["accept", id],
        &["take-over", id],
        &["reply", id, "hello"],
        &["note", id, "hello"],
        &["resolve", id],
        &["reopen", id],
        &["release", id],
        &["hand-back", id],
        &["transfer", id, "--to", "Bea"],
        &["snooze", id, "2h"],
        &["tag", id, "+vip"],
        &["priority", id, "high"],
        &["export", id],
        &["export", "--tab", "all", "--format", "csv"],
        &["follow", "--exec", "true"],
        &["available"],
        &["away"],
        &["follow", "--json"],
        &["chat"],
    ];
    for command in commands {
        let mut args = vec!["--url", &url, "--token", "bt_x"];
        args.extend(*command);
        let (code, stdout, stderr) = run(&args);
        assert_eq!(code, Some(3), "{command:?}: {stderr}");
        assert_eq!(stdout, "", "{command:?}");
        assert!(stderr.contains("cannot be reached"), "{command:?}: {stderr}");
    }
}

#[test]
fn wrong_usage_is_two() {
    for (args, word) in [
        (&["queue"][..], "BATON_URL"),
        (&["queue", "--url", "http://127.0.0.1:1"], "baton login"),
        (&["queue", "--url", "ftp://example.com", "--token", "t"], "https://chat.example.com"),
        (&["queue", "--url", "nonsense", "--token", "t"], "http://127.0.0.1:8080"),
        (&["accept", "zz"], "0-9, a-f"),
        (&["fly"], "Usage"),
        (&["serve", "--data", "d", "--listen", "nowhere"], "127.0.0.1:7842"),
        (&["agent", "add", " ", "--data", "d"], "1 to 64"),
        (&["reply", "3f2a", "", "--url", "http://127.0.0.1:1", "--token", "t"], "empty"),
    ] {
        let (code, stdout, stderr) = run(args);
        assert_eq!(code, Some(2), "{args:?}: {stderr}");
        assert_eq!(stdout, "", "{args:?}");
        assert!(stderr.contains(word), "{args:?}: {stderr}");
    }
}

#[test]
fn the_console_wants_a_terminal() {
    for args in [&["--url", "http://127.0.0.1:1", "--token", "t"][..], &["demo"]] {
        let (code, stdout, stderr) = run(args);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
        assert!(stderr.contains("terminal") && stderr.contains("baton queue"), "{stderr}");
    }
}

#[test]
fn a_port_in_use_is_said_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let data = tempfile::tempdir().unwrap();
    let args = ["serve", "--data", data.path().to_str().unwrap(), "--listen", &listen];
    let (code, stdout, stderr) = run(&args);
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert!(stderr.contains("in use") && stderr.contains("--listen 127.0.0.1:0"), "{stderr}");
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0, "nothing was half-made");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let home = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = baton(home.path(), &["--version"]).stdout(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn keys_shows_what_holds_and_says_what_is_wrong() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("config/baton");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("console.toml");
    let keys = |args: &[&str]| {
        let Output { status, stdout, stderr } = baton(home.path(), args).output().unwrap();
        (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    };
    let (code, shown, _) = keys(&["keys"]);
    assert_eq!(code, Some(0), "without a file: the defaults");
    assert!(shown.lines().any(|l| l.starts_with("e ") && l.contains("resolve")), "{shown}");

    std::fs::write(&file, "[keys]\npreset = \"vim\"\n[keys.panes]\ntags = \"i\"\nresolve = []\n").unwrap();
    let (code, shown, _) = keys(&["keys", "--json"]);
    let rows: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let of =
        |name: &str| rows.as_array().unwrap().iter().find(|r| r["command"] == name).unwrap()["keys"].clone();
    assert_eq!(code, Some(0));
    assert_eq!(of("top")[0], serde_json::json!({"key": "g g", "where": "list, conversation"}));
    assert_eq!((of("tags")[0]["key"].as_str(), of("resolve").as_array().map(Vec::len)), (Some("i"), Some(0)));
    let (code, said, _) = keys(&["keys", "--check"]);
    assert_eq!(
        (code, said.as_str()),
        (Some(0), "line 4: i was `reply`, now `tags`; it still has r/Enter\nthe keys are right\n")
    );

    std::fs::write(&file, "[keys.panes]\nresolv = \"E\"\n").unwrap();
    for args in [&["keys", "--check"][..], &["keys"], &["keys", "--check", "--json"]] {
        let (code, shown, said) = keys(args);
        assert_eq!((code, shown.as_str()), (Some(1), ""), "{args:?}");
        assert!(said.contains("console.toml, line 2, key `keys.panes.resolv`"), "{said}");
        assert!(said.contains("did you mean `resolve`?"), "{said}");
    }
    std::fs::write(&file, "[looks]\nmous = true\n[keys.panes]\nresolv = \"E\"\nnot = \"N\"\n").unwrap();
    let (code, _, said) = keys(&["keys", "--check"]);
    assert_eq!(code, Some(1), "{said}");
    for wrong in
        ["line 2, key `looks.mous`", "line 4, key `keys.panes.resolv`", "line 5, key `keys.panes.not`"]
    {
        assert!(said.contains(wrong), "{wrong} in {said}");
    }
    let (code, _, said) = keys(&["keys", "--check", "/nowhere/console.toml"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("no such file"), "{said}");
}
