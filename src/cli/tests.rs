//! The command line itself: what parses, what does not, and what each failure's exit code is.
#![allow(clippy::unwrap_used, clippy::panic)]

use clap::CommandFactory;

use super::*;
use crate::protocol::WireError;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split(' '))
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
    ] {
        parse(line).unwrap_or_else(|e| panic!("{line}: {e}"));
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
        ("baton away --until tomorrow", "--until"),
        ("baton demo --visitors many", "--visitors"),
    ] {
        let Err(error) = parse(line) else { panic!("{line} parsed") };
        assert_eq!(error.exit_code(), 2, "{line}");
        assert!(error.to_string().contains(word), "{line}: {error}");
    }
}

/// An option behind the text is an option: never words to a customer.
#[test]
fn options_are_not_said_to_a_visitor() {
    for line in ["baton reply 3f2a hello there --json --url http://a:1", "baton note --json 3f2a -"] {
        let cli = parse(line).unwrap();
        let (Some(Cmd::Reply(args)) | Some(Cmd::Note(args))) = cli.command else { panic!("{line}") };
        assert!(args.json, "{line}");
        assert!(args.text == ["hello", "there"] || args.text == ["-"], "{line}: {:?}", args.text);
    }
    assert_eq!(parse("baton reply 3f2a hello --oops").unwrap_err().exit_code(), 2);
    let cli = parse("baton reply 3f2a -- -5 is cold").unwrap();
    let Some(Cmd::Reply(args)) = cli.command else { panic!("not a reply") };
    assert_eq!(args.text, ["-5", "is", "cold"]);
}

#[test]
fn help_and_version_are_no_errors() {
    for line in ["baton --help", "baton --version", "baton chat --help"] {
        let Err(error) = parse(line) else { panic!("{line} went on") };
        assert_eq!(error.exit_code(), 0);
    }
    let help = parse("baton chat --help").unwrap_err().to_string();
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
    assert_eq!(Failure::from(OneshotError::Address(crate::client::BadAddress::Tls)).code(), 2);
    assert_eq!(Failure::NobodyReads.code(), 0);
}
