//! The configuration file: what is taken, and how what is not is refused.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use baton::conversation::{Texts, Timings};
use baton::protocol::Limits;
use baton::server::{ConfigError, ServerConfig};

fn parse(text: &str) -> Result<ServerConfig, ConfigError> {
    ServerConfig::parse(Path::new("baton.toml"), text)
}

fn refused(text: &str) -> String {
    parse(text).expect_err(text).to_string()
}

const DEFAULT: &str = include_str!("../assets/default.toml");

#[test]
fn the_shipped_default_is_taken_and_says_the_defaults() {
    let config = parse(DEFAULT).unwrap();
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.listen, Some("127.0.0.1:7842".parse().unwrap()));
    let site = &config.sites[0];
    assert_eq!(config.capacity, 0, "no limit");
    assert_eq!(site.settings.timings, Timings::default());
    assert_eq!(site.settings.texts, Texts::default());
    assert_eq!(site.origins, ["https://shop.example.com"]);
    assert!(site.settings.assistant_on && site.settings.tickets && !site.loopback_origins);
}

/// Every key a reader of the file could write stands in the shipped default, as itself or commented out.
#[test]
fn every_key_is_documented() {
    let known = |table: &str, site: &str| {
        let error = refused(&format!("{table}\nzzzzzzzzzzzzzzzzzz = 1\n{site}"));
        let list = error.split("known here: ").nth(1).unwrap_or_else(|| panic!("{error}")).to_owned();
        list.split(", ").map(str::to_owned).collect::<Vec<_>>()
    };
    for table in ["[limits]", "[timings]", "[texts]", "[mail]", "[[site]]"] {
        let keys = known(table, "");
        assert!(keys.len() > 5, "{table}: {keys:?}");
        for key in keys {
            let line = |l: &str| l.trim_start_matches("# ").starts_with(&format!("{key} = "));
            assert!(DEFAULT.lines().any(line), "{table} {key} is not documented in assets/default.toml");
        }
    }
}

#[test]
fn every_key_of_the_small_tables_is_documented() {
    for table in ["server", "tls", "log", "metrics"] {
        let site = "\n[[site]]\nid = \"shop\"\n";
        let error = refused(&format!("[{table}]\nzzzzzzzzzzzzzzzzzz = 1\n{site}"));
        let keys: Vec<String> = match error.split("known here: ").nth(1) {
            Some(list) => list.split(", ").map(str::to_owned).collect(),
            // The reader names a single key in other words.
            None => panic!("{table}: {error}"),
        };
        let from =
            DEFAULT.find(&format!("[{table}]")).unwrap_or_else(|| panic!("[{table}] is not documented"));
        let section = DEFAULT[from + 1..].split("\n[").next().unwrap();
        for key in keys {
            let line = |l: &str| l.trim_start_matches("# ").starts_with(&format!("{key} = "));
            assert!(section.lines().any(line), "{key} is not documented below [{table}]");
        }
    }
}

#[test]
fn a_limit_on_what_agents_hold_is_taken_and_what_is_no_limit_refused() {
    let site = "[[site]]\nid = \"shop\"\n";
    assert_eq!(parse(&format!("[agents]\ncapacity = 5\n{site}")).unwrap().capacity, 5);
    assert_eq!(parse(site).unwrap().capacity, 0);
    for bad in ["-1", "1.5", "\"many\""] {
        let error = refused(&format!("[agents]\ncapacity = {bad}\n{site}"));
        assert!(error.contains("baton.toml") && error.contains("line 2"), "{error}");
    }
    let error = refused(&format!("[agents]\ncapacty = 5\n{site}"));
    assert!(error.contains("capacity"), "{error}");
}

#[test]
fn a_small_file_is_enough() {
    let config = parse("[[site]]\nid = \"shop\"\n").unwrap();
    assert_eq!(config.sites[0].name, "shop");
    assert_eq!(config.limits, Limits::default());
    assert!(config.listen.is_none() && config.docs.is_empty());
}

#[test]
fn an_unknown_key_names_file_line_and_the_nearest_known_one() {
    for (text, line, key, hint) in [
        ("[limits]\nmesage_bytes = 1\n", 2, "limits.mesage_bytes", "did you mean `message_bytes`?"),
        ("[server]\nlistne = \"x\"\n", 2, "server.listne", "did you mean `listen`?"),
        ("[[site]]\nid = \"a\"\n\norigin = []\n", 4, "site.origin", "did you mean `origins`?"),
        ("[timings]\nwarn_after = 1\n", 2, "timings.warn_after", "did you mean `warn_after_ms`?"),
        ("[text]\n", 1, "text", "did you mean `texts`?"),
        ("[[sites]]\nid = \"a\"\n", 1, "sites", "did you mean `site`?"),
        ("[texts]\nresolve = \"x\"\n", 2, "texts.resolve", "did you mean `resolved`?"),
    ] {
        let error = parse(text).expect_err(text);
        assert_eq!(error.line, Some(line), "{text} {error}");
        assert_eq!(error.key.as_deref(), Some(key), "{text} {error}");
        assert!(error.to_string().starts_with(&format!("baton.toml, line {line}, key `{key}`: ")), "{error}");
        assert!(error.message.contains(hint), "{error}");
    }
    assert!(refused("[limits]\ncolour = 1\n").contains("known here: message_bytes"));
}

#[test]
fn values_that_cannot_work_say_why() {
    for (text, line, says) in [
        ("[limits]\nframe_bytes = 8192\n", 2, "message_bytes + 1024"),
        ("[limits]\nmessages_per_second = 0.0\n", 2, "more than 0"),
        ("[limits]\n# few\nsockets = 0\n", 3, "at least 1"),
        ("[limits]\nheartbeat_ms = 30000\n", 2, "twice heartbeat_ms"),
        ("[limits]\nauth_ms = 5\n", 2, "from 100"),
        ("[limits]\nauth_ms = \"5s\"\n", 2, "invalid type"),
        ("[limits]\nauth_ms = -1\n", 2, "invalid"),
        ("[timings]\nreturn_after_ms = 10\n", 2, "warn_after_ms"),
        ("[server]\nlisten = \"localhost\"\n", 2, "127.0.0.1:7842"),
        ("[[site]]\nid = \"Shop!\"\n", 2, "a site id has 1 to 64 characters"),
        ("[[site]]\nid = \"a\"\n[[site]]\nid = \"a\"\n", 4, "configured twice"),
        ("[[site]]\nid = \"a\"\nlevel = \"quik\"\n", 3, "did you mean \"quick\"?"),
        ("[[site]]\nid = \"a\"\nwhen_nobody = \"mail\"\n", 3, "take one of: ticket, assistant"),
        ("[[site]]\nid = \"a\"\norigins = [\"*\"]\n", 3, "name each origin"),
        (
            "[[site]]\nid = \"a\"\norigins = [\n  \"https://a.example\",\n  \"b.example\",\n]\n",
            5,
            "https://host",
        ),
        ("[[site]]\nid = \"a\"\ndocs = \"no-such-folder\"\n", 3, "does not exist"),
        ("[[site]]\nid = \"a\"\ndocs = 7\n", 3, "docs is a folder, or a list of folders"),
        ("[[site]]\nname = \"a\"\n", 1, "missing field `id`"),
        ("[[site]\nid = \"a\"\n", 1, ""),
        ("= 3", 1, ""),
    ] {
        // The heartbeat case needs the lease's line, which is not written: then no line is claimed.
        let error = parse(text).expect_err(text);
        if !says.contains("twice") {
            assert_eq!(error.line, Some(line), "{text:?}: {error}");
        }
        assert!(error.message.contains(says), "{text:?}: {error}");
    }
    assert!(refused("").contains("no site is configured"));
    assert!(refused("[limits]\n").contains("[[site]]"));
}

#[test]
fn files_that_are_not_there_or_not_text_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let missing = ServerConfig::load(&dir.path().join("none.toml")).unwrap_err();
    assert!(missing.to_string().contains("there is no such file"), "{missing}");
    let binary = dir.path().join("baton.toml");
    std::fs::write(&binary, b"\xff\xfe\x00").unwrap();
    let error = ServerConfig::load(&binary).unwrap_err();
    assert!(error.to_string().contains("not UTF-8"), "{error}");
}

#[test]
fn docs_folders_are_relative_to_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let docs = dir.path().join("pages");
    std::fs::create_dir_all(docs.join("billing")).unwrap();
    std::fs::write(docs.join("shipping.md"), "# Shipping\n\nTwo days.\n").unwrap();
    std::fs::write(docs.join("billing/refunds.md"), "# Refunds\n\nAt once.\n").unwrap();
    std::fs::write(docs.join(".secret.md"), "hidden").unwrap();
    std::fs::write(docs.join("logo.png"), b"\x89PNG").unwrap();
    let file = dir.path().join("baton.toml");
    std::fs::write(&file, "[[site]]\nid = \"shop\"\ndocs = [\"pages\"]\n").unwrap();
    let config = ServerConfig::load(&file).unwrap();
    assert_eq!(config.docs.len(), 2);

    std::fs::write(&file, "[[site]]\nid = \"shop\"\ndocs = \"pages/shipping.md\"\n").unwrap();
    let error = ServerConfig::load(&file).unwrap_err();
    assert!(error.to_string().contains("is a file, not a folder"), "{error}");
    assert_eq!(error.line, Some(3));
}

#[test]
fn the_demo_is_open_to_this_machine_only() {
    let demo = ServerConfig::demo();
    assert_eq!(demo.sites.len(), 1);
    assert_eq!(demo.sites[0].id.as_str(), "demo");
    assert!(demo.sites[0].loopback_origins && demo.sites[0].origins.is_empty());
    let error = ServerConfig::demo_with_docs(Path::new("no-such-folder")).unwrap_err();
    assert!(error.to_string().contains("does not exist"), "{error}");
}

const MAIL: &str =
    "[mail]\nhost = \"smtp.example.com\"\nfrom = \"help@example.com\"\n[[site]]\nid = \"shop\"\n";

#[test]
fn mail_is_off_without_its_table_and_ready_with_host_and_from() {
    assert!(parse("[[site]]\nid = \"shop\"\n").unwrap().mail.is_none());
    let mail = parse(MAIL).unwrap().mail.unwrap();
    assert_eq!((mail.smtp.host.as_str(), mail.smtp.port), ("smtp.example.com", 587));
    assert_eq!(format!("{:?}", mail.smtp.tls), "starttls");
    assert_eq!((mail.delay_ms, mail.gone_after_ms, mail.max_per_hour), (60_000, 45_000, 200));
    assert_eq!(mail.texts, Default::default());
    let german =
        parse(&MAIL.replace("[[site]]", "[mail.texts]\nyou = \"Sie\"\n[[site]]")).unwrap().mail.unwrap();
    assert_eq!((german.texts.you.as_str(), german.texts.assistant.as_str()), ("Sie", "Assistant"));
    assert!(
        refused(&MAIL.replace("[[site]]", "[mail.texts]\nyuo = \"Sie\"\n[[site]]"))
            .contains("did you mean `you`?")
    );
    let commented = DEFAULT.lines().find_map(|l| l.strip_prefix("# texts = ")).unwrap();
    let shipped = parse(&MAIL.replace("[[site]]", &format!("texts = {commented}\n[[site]]"))).unwrap();
    assert_eq!(shipped.mail.unwrap().texts, Default::default(), "what is documented is the default");
    let more = "mail_from = \"Shop <shop@example.com>\"\nmail_reply_to = \"desk@example.com\"\nurl = \"https://shop.example/help\"\n[[site]]\nid = \"quiet\"\nmail = false\n";
    let sites = parse(&format!("{MAIL}{more}")).unwrap().mail.unwrap().sites;
    assert_eq!(sites.len(), 1, "a site can be left out");
    let shop = sites.values().next().unwrap();
    assert_eq!(shop.from.to_string(), "Shop <shop@example.com>");
    assert_eq!(shop.reply_to.as_ref().unwrap().to_string(), "desk@example.com");
    assert_eq!(shop.url.as_ref().unwrap().as_str(), "https://shop.example/help");
}

#[test]
fn mail_that_cannot_work_says_where_and_why() {
    let with = |line: &str| MAIL.replace("[[site]]", &format!("{line}\n[[site]]"));
    for (text, line, says) in [
        (with("tls = \"none\""), 4, "without TLS everybody"),
        (with("tls = \"ssl\""), 4, "did you mean \"tls\"?"),
        (with("prot = 25"), 4, "did you mean `port`?"),
        (with("port = 0"), 4, "port 0 is none"),
        (with("port = 99999"), 4, ""),
        (with("user = \"me\""), 4, "BATON_MAIL_PASSWORD"),
        (with("password_file = \"no-such-file\""), 4, "cannot be read"),
        (with("password_command = []"), 4, "a program and its arguments"),
        (with("password_command = [\"false\"]"), 4, "failed"),
        (with("password_command = [\"no-such-program-here\"]"), 4, "cannot be run"),
        (with("password_command = [\"echo\", \"x\"]"), 4, "needs a `user`"),
        (with("password_file = \"a\"\npassword_command = [\"b\"]"), 5, "not both"),
        (with("ca_file = \"no-such.pem\""), 4, "cannot be read"),
        (with("max_per_hour = 0"), 4, "leave the whole table"),
        (with("delay_s = 4000"), 4, "at most 3600"),
        (with("reply_to = \"nobody\""), 4, "is no mail address"),
        (MAIL.replace("help@example.com", "help@example.com\\r\\nBcc: x@y.zz"), 3, "is no mail address"),
        (MAIL.replace("smtp.example.com", "smtp://example.com"), 2, "not the name of a mail server"),
        (MAIL.replace("host = \"smtp.example.com\"\n", ""), 1, "missing field `host`"),
        (format!("{MAIL}mail_from = \"x\"\n"), 6, "is no mail address"),
        (format!("{MAIL}url = \"shop.example\"\n"), 6, "no address of a page"),
        (format!("{MAIL}url = \"javascript:alert(1)\"\n"), 6, "begins with https://"),
        ("[[site]]\nid = \"a\"\nmail_from = \"a@b.cc\"\n".to_owned(), 3, "no table [mail]"),
    ] {
        let error = parse(&text).expect_err(&text);
        assert_eq!(error.line, Some(line), "{text}{error}");
        assert!(error.message.contains(says), "{text}{error}");
    }
    for fine in [
        "tls = \"none\"\nallow_plain = true",
        "tls = \"tls\"",
        "user = \"me\"\npassword_command = [\"echo\", \"secret\"]",
    ] {
        let config = parse(&with(fine)).expect(fine);
        assert!(!format!("{config:?}").contains("secret"), "no password in anything that is printed");
    }
    assert!(
        parse(&MAIL.replace("smtp.example.com", "127.0.0.1").replace("[[site]]", "tls = \"none\"\n[[site]]"))
            .is_ok()
    );
}
