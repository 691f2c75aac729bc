//! The log: an object a line where that is asked for, and never a word of anybody's unless that is.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use super::door::http;
use super::host::{Host, listening, until};

/// What must not occur: words, name, mail, page, of visitor and agent, and whatever opens a door.
const CANARIES: [&str; 7] = ["zq7word", "zq7name", "zq7mail", "zq7page", "zq7reply", "zq7note", "zq7browser"];

/// A day of work with canaries in every field; gives the token.
fn work(host: &Host) -> String {
    let token = host.agent("Ann");
    let mut chat = host.command();
    chat.args(["chat", "--site", "demo", "--json", "--url", &host.url, "--name", "zq7name"]);
    chat.args(["--page", "http://localhost/zq7page?token=zq7page"]);
    let mut chat = chat.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    writeln!(chat.stdin.take().unwrap(), "zq7word \u{1b}[31m please").unwrap();
    let out = chat.wait_with_output().unwrap();
    assert!(out.status.success(), "{out:?}");
    let rows = host.run(&["queue", "--json", "--url", &host.url], &token).1;
    let rows: Value = serde_json::from_str(&rows).unwrap();
    let id = rows[0]["id"].as_str().unwrap().to_owned();
    for args in [
        vec!["accept", &id],
        vec!["reply", &id, "zq7reply"],
        vec!["note", &id, "zq7note"],
        vec!["resolve", &id],
    ] {
        let mut all = args.clone();
        all.extend(["--url", &host.url]);
        let (code, out, said) = host.run(&all, &token);
        assert_eq!(code, Some(0), "{args:?} {out}{said}");
    }
    leave_an_address(host);
    // What is refused is logged, too.
    let _ = host.run(&["queue", "--url", &host.url], "bt_zq7word");
    let address = host.url.trim_start_matches("http://").to_owned();
    http(
        &address,
        "/zq7page",
        &["User-Agent: zq7browser", "X-Forwarded-For: zq7word", "Origin: zq7word", "Cookie: zq7word"],
    );
    http(&address, "/ws/visitor?site=zq7word", &["Origin: https://zq7word.example"]);
    token
}

/// A visitor who says who they are, and leaves an address.
fn leave_an_address(host: &Host) {
    use baton::client::visitor::{VisitorClientEvent, VisitorOptions, connect};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = VisitorOptions {
            url: host.url.clone(),
            site: baton::conversation::SiteId::new("demo").unwrap(),
            page: None,
            locale: None,
            time_zone: None,
            token: None,
            client: "zq7browser/1".into(),
        };
        let (visitor, mut events) = connect(options).unwrap();
        visitor.identify(Some("zq7name".into()), Some("zq7mail@example.com".into()));
        visitor.say("zq7word once more".into());
        visitor.request_person();
        let lead = visitor.lead(Some("zq7name".into()), "zq7mail@example.com".into());
        // Answered in order: with the lead all else is.
        while let Some(event) = events.recv().await {
            match event {
                VisitorClientEvent::Acked { cid, .. } if cid == lead => break,
                VisitorClientEvent::Refused { cid, .. } if cid == Some(lead) => break,
                _ => {}
            }
        }
        visitor.close().await;
    });
}

#[test]
fn no_word_of_anybodys_is_in_the_log_at_any_level() {
    for format in ["text", "json"] {
        let mut host = Host::new("");
        let mut serve = host.serve_command(&["--listen", "127.0.0.1:0", "--log-format", format]);
        let mut child = serve.env("BATON_LOG", "trace").spawn().unwrap();
        host.url = listening(&mut child).unwrap();
        host.child = Some(child);
        let token = work(&host);
        assert_eq!(host.stop(), Some(0));
        let log = host.log();
        assert!(log.lines().count() > 3, "{log}");
        for canary in CANARIES.iter().chain([&token.as_str()]) {
            let at = log.lines().find(|l| l.contains(canary));
            assert_eq!(at, None, "{canary} is in the log ({format})");
        }
        if format == "json" {
            for line in log.lines() {
                let line: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
                assert!(
                    line["timestamp"].is_string() && line["level"].is_string() && line["message"].is_string(),
                    "{line}"
                );
            }
        }
    }
}

#[test]
fn asked_for_what_is_said_is_logged_inert_and_nothing_else_is() {
    let host = Host::start("[log]\ntexts = true\nformat = \"json\"\n");
    let token = work(&host);
    host.until_logged("zq7reply");
    let log = host.log();
    assert!(log.contains("is written into this log"), "it is said at the start");
    let said = log.lines().find(|l| l.contains("zq7word")).unwrap();
    let said: Value = serde_json::from_str(said).unwrap();
    assert_eq!((&said["message"], &said["author"]), (&"said".into(), &"visitor".into()), "{said}");
    assert!(!said["text"].as_str().unwrap().contains('\u{1b}'), "{said}");
    for canary in ["zq7mail", "zq7page", "zq7note", token.as_str()] {
        assert!(!log.contains(canary), "{canary} is in the log");
    }
    // Off again by a reload.
    host.configure("[log]\nformat = \"json\"\n");
    host.signal("-HUP");
    host.until_logged("log.texts changed");
    let before = host.log().matches("zq7word").count();
    let (code, out, errors) = super::host::visitor_says(&host, &["--url", &host.url], "zq7word again");
    assert_eq!(code, Some(0), "{out}{errors}");
    until("stored", || {
        http(host.url.trim_start_matches("http://"), "/metrics", &[])
            .1
            .contains("author=\"visitor\"} 3")
            .then_some(())
    });
    assert_eq!(host.log().matches("zq7word").count(), before);
}
