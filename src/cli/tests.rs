//! The command line itself: what parses, what does not, and what each failure's exit code is.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::protocol::WireError;

fn parsed(line: &str) -> Result<Cli, clap::Error> {
    parse(line.split(' '))
}

#[test]
fn the_definition_holds_together() {
    Cli::command().debug_assert();
}

#[test]
fn what_the_contract_names_parses() {
    for line in [
        "baton",
        "baton --url http://127.0.0.1:1 --token bt_x",
        "baton serve --data d --listen 127.0.0.1:0",
        "baton serve --data d --listen 127.0.0.1:0 --config baton.toml",
        "baton agent add Ada --data d",
        "baton agent add Ada --role supervisor --data d",
        "baton agent add Ada --sites shop,docs --group billing --group returns --data d --json",
        "baton agent list --data d --json",
        "baton agent rotate Ada --data d",
        "baton agent remove Ada --data d --json",
        "baton agent set Ada --role admin --sites all --groups none --data d",
        "baton block 3f2a --reason spam --until 7d --json",
        "baton block --address 192.0.2.0/24 --site shop --reason flood",
        "baton unblock 3 --json",
        "baton blocks --json",
        "baton audit --data d --since 7d --json",
        "baton audit --data d --verify --expect abc",
        "baton login http://127.0.0.1:1 --token-command pass show -c baton",
        "baton login http://127.0.0.1:1",
        "baton chat --url http://127.0.0.1:1 --site demo --page http://a/b --name N --json",
        "baton chat --site demo --wait-s 0",
        "baton queue --json --tab all",
        "baton queue --url http://127.0.0.1:1 --token t --json",
        "baton show 3f2a9c41 --json",
        "baton accept 3f2a9c41 --json",
        "baton take-over 3f2a9c41",
        "baton reply 3f2a9c41 hello --json",
        "baton reply 3f2a9c41 -",
        "baton note 3f2a9c41 some words",
        "baton resolve 3f2a",
        "baton reopen 3f2a",
        "baton release 3f2a --reason lunch",
        "baton hand-back 3f2a",
        "baton available --json",
        "baton away --reason lunch --until 2026-01-31T14:00:00Z",
        "baton follow --json",
        "baton follow 3f2a --json",
        "baton demo --no-console --docs d --seed 7 --visitors 5 --data d --listen 127.0.0.1:0",
        "baton rebuild --data d",
        "baton init",
        "baton init --yes --name Shop --id shop --docs d --origin https://a --public-url https://b --agent Ada --json",
        "baton init --listen 0.0.0.0:80 --config c.toml --data d --force",
        "baton site add shop --docs d --docs e --origin https://a --origin https://b --assistant off --dry-run",
        "baton site set shop --add-origin https://a --text resolved=Bye --level ai_first --json",
        "baton site list --json",
        "baton site show shop --config c.toml",
        "baton site snippet shop --public-url https://b",
        "baton site remove shop --dry-run",
        "baton doctor --site shop --config c.toml --data d --json",
        "baton doctor --page https://a/b --resolve a=127.0.0.1 --problems --url http://127.0.0.1:1",
        "baton accept 3f2a --anyway --json",
        "baton take-over 3f2a --anyway",
        "baton transfer 3f2a --to Ada --note hello",
        "baton transfer 3f2a --group billing --json",
        "baton snooze 3f2a",
        "baton snooze 3f2a tomorrow 9:30 --json",
        "baton tag 3f2a +vip -hot -json",
        "baton priority 3f2a urgent",
        "baton export 3f2a --format csv --no-notes -o f.csv --force",
        "baton export --tab resolved --since 7d --site demo --format json",
        "baton follow --on handoff,message --site demo --exec notify -u critical --json",
        "baton follow 3f2a --jobs 4 --timeout 5m --exec ./x",
        "baton completions zsh",
        "baton man --out d",
        "baton --url http://127.0.0.1:1 --token t chat",
    ] {
        parsed(line).unwrap_or_else(|e| panic!("{line}: {e}"));
    }
}

#[test]
fn wrong_usage_is_two_and_says_what_is_right() {
    for (line, word) in [
        ("baton quue", "queue"),
        ("baton serve", "--data"),
        ("baton accept", "<ID>"),
        ("baton accept xyz", "0-9, a-f"),
        ("baton show 12", "baton queue"),
        ("baton reply 3f2a", "<TEXT>"),
        ("baton queue --tab waiting", "snoozed"),
        ("baton agent add Ada --role boss --data d", "supervisor"),
        ("baton chat --site Über", "a-z"),
        ("baton chat --wait-s soon", "--wait-s"),
        ("baton demo --visitors many", "--visitors"),
        ("baton export", "<ID>"),
        ("baton export 3f2a --tab all", "--tab"),
        ("baton export 3f2a --format jsn", "'json'"),
        ("baton export --tab all --since soon", "yesterday"),
        ("baton export 3f2a --force", "--output"),
        ("baton transfer 3f2a", "--to"),
        ("baton transfer 3f2a --to a --group b", "--group"),
        ("baton priority 3f2a urgnt", "'urgent'"),
        ("baton tag 3f2a", "+TAG"),
        ("baton follow --on handof", "'handoff'"),
        ("baton follow --exec", "<CMD>"),
        ("baton follow --json --exec x", "--exec"),
        ("baton follow --jobs 0 --exec x", "1..=64"),
        ("baton follow --timeout soon --exec x", "30s"),
        ("baton completions tcsh", "bash"),
        ("baton serve --data d --listen 127.0.0.1:0 --url http://a", "--url"),
        ("baton --token t serve --data d --listen 127.0.0.1:0", "--token"),
        ("baton agent add Ada --data d --url http://a", "--url"),
    ] {
        let Err(error) = parsed(line) else { panic!("{line} parsed") };
        assert_eq!(error.exit_code(), 2, "{line}");
        assert!(error.to_string().contains(word), "{line}: {error}");
    }
}

/// An option behind the text is an option: never words to a customer.
#[test]
fn options_are_not_said_to_a_visitor() {
    for line in ["baton reply 3f2a hello there --json --url http://a:1", "baton note --json 3f2a -"] {
        let cli = parsed(line).unwrap();
        let (Some(Cmd::Reply(args)) | Some(Cmd::Note(args))) = cli.command else { panic!("{line}") };
        assert!(args.json, "{line}");
        assert!(args.text == ["hello", "there"] || args.text == ["-"], "{line}: {:?}", args.text);
    }
    assert_eq!(parsed("baton reply 3f2a hello --oops").unwrap_err().exit_code(), 2);
    let cli = parsed("baton reply 3f2a -- -5 is cold").unwrap();
    let Some(Cmd::Reply(args)) = cli.command else { panic!("not a reply") };
    assert_eq!(args.text, ["-5", "is", "cold"]);
}

/// What means nothing to a command is not on its page; what does, is.
#[test]
fn pages_show_what_they_use() {
    for (line, url, token) in [
        ("baton serve --help", false, false),
        ("baton agent add --help", false, false),
        ("baton demo --help", false, false),
        ("baton chat --help", true, false),
        ("baton queue --help", true, true),
        ("baton --help", true, true),
    ] {
        let help = parsed(line).unwrap_err().to_string();
        assert_eq!(
            (help.contains("--url <URL>"), help.contains("--token <TOKEN>")),
            (url, token),
            "{line}: {help}"
        );
    }
}

#[test]
fn everything_behind_exec_is_the_programs() {
    let cli = parsed("baton follow --on new --exec notify -u critical --json --on x").unwrap();
    let Some(Cmd::Follow(args)) = cli.command else { panic!("not follow") };
    let exec: Vec<String> = args.exec.unwrap().iter().map(|a| a.to_string_lossy().into_owned()).collect();
    assert_eq!(exec, ["notify", "-u", "critical", "--json", "--on", "x"]);
    assert!(!args.json && args.on.len() == 1);
}

#[test]
fn a_hyphen_begins_a_tag() {
    for line in ["baton tag 3f2a +vip -hot -help", "baton tag 3f2a -hot +vip", "baton tag --json 3f2a -help"]
    {
        let Some(Cmd::Tag(args)) = parsed(line).unwrap().command else { panic!("not tag") };
        let behind = line.split("3f2a ").nth(1).unwrap();
        assert_eq!((args.tags.join(" ").as_str(), args.json), (behind, line.contains("--json")), "{line}");
    }
}

#[test]
fn being_full_says_how_to_insist() {
    let full = WireError::new(
        "conversation.at_capacity",
        "you have 3 active conversations, and 3 is your limit; nothing was taken. Accept again to take it all the same",
    );
    assert_eq!(
        Failure::from(OneshotError::Refused(full)).words(),
        Some(
            "you have 3 active conversations, and 3 is your limit; nothing was taken. With --anyway it is taken all the same"
        )
    );
}

#[test]
fn help_and_version_are_no_errors() {
    for line in ["baton --help", "baton --version", "baton chat --help"] {
        let Err(error) = parsed(line) else { panic!("{line} went on") };
        assert_eq!(error.exit_code(), 0);
    }
    let help = parsed("baton chat --help").unwrap_err().to_string();
    assert!(help.contains("/person") && help.contains("/lead"));
}

#[test]
fn exit_codes() {
    let refused = WireError::new("conversation.already_taken", "taken by Bea");
    let failure = Failure::from(OneshotError::Refused(refused));
    assert_eq!((failure.code(), failure.words()), (1, Some("taken by Bea")));
    let nameless = WireError::new("conversation.already_taken", "already taken")
        .with(serde_json::json!({"by": {"name": "Bea"}}));
    assert_eq!(Failure::from(OneshotError::Refused(nameless)).words(), Some("already taken (Bea)"));
    let gone = OneshotError::Unreachable { address: "http://a".into(), why: "refused".into() };
    assert_eq!(Failure::from(gone).code(), 3);
    assert_eq!(
        Failure::from(OneshotError::Address(crate::client::BadAddress::Malformed("x".into()))).code(),
        2
    );
    assert_eq!(Failure::NobodyReads.code(), 0);
}
