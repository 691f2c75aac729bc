//! `baton doctor` against a real server: things are broken one by one, and the one check that is about each says so, with
//! its fix. What else follows from it (no handoff without a page that may ask) is named here, too: nothing more may appear.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;

use super::house::{Console, House, page};

/// A server with two agents, one of them Available at an open console.
struct Running {
    house: House,
    ada: String,
    _console: Console,
}

impl Running {
    fn start() -> Self {
        let mut house = House::new();
        let args = ["init", "--yes", "--name", "Shop", "--docs", "docs", "--origin", "http://shop.test"];
        let made = house.json(&[&args[..], &["--agent", "Ada", "--json"]].concat());
        let ada = made["agent"]["token"].as_str().unwrap().to_owned();
        house.ok(&["agent", "add", "Bo", "--data", "data"]);
        house.serve();
        let said = house.piped(&format!("{ada}\n"), &["login", &house.url]);
        assert_eq!(said.code, Some(0), "{}", said.err);
        let console = Console::open(&house.url, &ada);
        house.ok(&["available"]);
        Self { house, ada, _console: console }
    }

    /// Ids of what fails and of what warns, beyond what is known (there is no public address in a test).
    fn problems(&self, more: &[&str]) -> (BTreeSet<String>, BTreeSet<String>, Value) {
        let (code, value) = self.house.doctor(more);
        let of = |status: &str| {
            let all = value["checks"].as_array().unwrap().iter();
            let of = all.filter(|c| c["status"] == status).map(|c| c["id"].as_str().unwrap().to_owned());
            of.filter(|id| id != "public_url").collect::<BTreeSet<String>>()
        };
        let (failed, warned) = (of("fail"), of("warn"));
        assert_eq!(code, Some(i32::from(!failed.is_empty())), "{value:#}");
        assert_eq!(value["ok"], failed.is_empty());
        (failed, warned, value)
    }

    /// Exactly these fail and warn, and the first of them says these words, in what it saw or in its fix.
    fn expect(&self, what: &str, more: &[&str], fails: &[&str], warns: &[&str], words: &[&str]) {
        let (failed, warned, value) = self.problems(more);
        let set = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<String>>();
        assert_eq!((failed, warned), (set(fails), set(warns)), "{what}: {value:#}");
        let id = fails.first().or(warns.first()).expect("something is expected");
        let all = value["checks"].as_array().unwrap();
        let check =
            all.iter().find(|c| c["id"] == *id && c["status"] != "ok" && c["status"] != "skip").unwrap();
        assert!(check["fix"].as_array().is_some_and(|fix| !fix.is_empty()), "{what} names no fix: {check:#}");
        let text = check.to_string();
        for word in words {
            assert!(text.contains(word), "{what}: {word}\n{check:#}");
        }
    }

    /// With the configuration changed so.
    fn with_config(&self, from: &str, to: &str, then: impl FnOnce(&Self)) {
        let text = self.house.read("baton.toml");
        assert!(text.contains(from), "{from}");
        self.house.write("baton.toml", &text.replacen(from, to, 1));
        then(self);
        self.house.write("baton.toml", &text);
    }

    /// A copy of the store, changed so, as `--data`.
    fn with_store(&self, change: &str, then: impl FnOnce(&Self, &[&str])) {
        let to = self.house.path("other");
        let _ = std::fs::remove_dir_all(&to);
        std::fs::create_dir(&to).unwrap();
        std::fs::set_permissions(&to, std::fs::Permissions::from_mode(0o700)).unwrap();
        let file = to.join("baton.db");
        let open = Connection::open(self.house.path("data/baton.db")).unwrap();
        open.execute("VACUUM INTO ?1", [file.to_str().unwrap()]).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        Connection::open(&file).unwrap().execute_batch(change).unwrap();
        then(self, &["--data", "other"]);
    }
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn each_thing_broken_is_told_by_its_check_and_no_other() {
    let mut r = Running::start();
    let (failed, warned, value) = r.problems(&[]);
    assert!(failed.is_empty() && warned.is_empty(), "all is well at first: {value:#}");
    let login = value["checks"].as_array().unwrap().iter().find(|c| c["id"] == "login").unwrap().clone();
    assert!(login["seen"].as_str().unwrap().starts_with("Ada (admin)"), "{login}");

    // The configuration.
    r.with_config("listen = ", "lisen = ", |r| {
        r.expect(
            "an unknown key",
            &[],
            &["config"],
            &[],
            &["did you mean `listen`?", "edit baton.toml, line "],
        );
    });
    r.with_config("[server]", "[server", |r| r.expect("no TOML", &[], &["config"], &[], &["line "]));
    r.expect("no file", &["--config", "no.toml"], &["config"], &[], &["no.toml", "baton init"]);
    r.expect("no such site", &["--site", "shpo"], &["site"], &[], &["did you mean `shop`?"]);

    // What the site answers from, and when it hands off.
    std::fs::rename(r.house.path("docs"), r.house.path("gone")).unwrap();
    r.expect("no docs folder", &[], &["docs"], &[], &["docs does not exist", "edit baton.toml, line "]);
    std::fs::create_dir(r.house.path("docs")).unwrap();
    r.expect("no page in it", &[], &["docs"], &[], &["holds no usable page"]);
    std::fs::remove_dir(r.house.path("docs")).unwrap();
    std::fs::rename(r.house.path("gone"), r.house.path("docs")).unwrap();
    r.house.write("docs/logo.png", "\u{1}");
    r.expect("a file that is no page", &[], &[], &["docs"], &["1 file left out", "logo.png"]);
    std::fs::remove_file(r.house.path("docs/logo.png")).unwrap();
    r.with_config("docs = \"docs\"", "", |r| {
        r.expect("no docs", &[], &[], &["docs"], &["baton site set shop --docs DIR"]);
    });
    r.with_config(
        "# restricted_topics = [\"billing_dispute\"",
        "restricted_topics = [\"billing_disputes\"",
        |r| {
            r.expect("an unknown topic", &[], &["policy"], &[], &["did you mean `billing_dispute`?"]);
        },
    );
    r.with_config("keywords = []", "keywords = [\"!?\"]", |r| {
        r.expect("a keyword without a word", &[], &[], &["policy"], &["matches nothing"]);
    });

    // Whose pages may ask.
    let origins = "origins = [\"http://shop.test\"]";
    r.with_config(origins, "origins = [\"https://*.shop.test\"]", |r| {
        r.expect("a wildcard", &[], &["origins"], &["handoff"], &["no wildcards", "edit baton.toml, line "]);
    });
    r.with_config(origins, "origins = []", |r| {
        r.expect("no origin", &[], &["origins"], &["handoff"], &["baton site set shop --add-origin"]);
    });
    r.with_config(origins, "origins = [\"http://new.test\"]", |r| {
        r.expect(
            "a server of yesterday",
            &[],
            &["socket.visitor"],
            &["handoff"],
            &["http://new.test", "baton reload"],
        );
    });
    r.with_config("id = \"shop\"", "id = \"newshop\"", |r| {
        r.expect(
            "a site it does not know",
            &[],
            &["socket.visitor"],
            &["handoff"],
            &["no such site", "baton reload"],
        );
    });

    // Pages.
    let tag = r.house.ok(&["site", "snippet", "shop", "--public-url", &r.house.url]);
    for (body, host, words) in [
        ("<p>nothing</p>".to_owned(), "shop.test", "baton site snippet shop"),
        (tag.replace("\"shop\"", "\"shoop\""), "shop.test", "not configured"),
        (tag.clone(), "other.test", "--add-origin http://other.test:"),
    ] {
        let port = page(body).port();
        let (url, resolve) = (format!("http://{host}:{port}/help"), format!("{host}=127.0.0.1"));
        r.expect("a page", &["--page", &url, "--resolve", &resolve], &["page"], &[], &[words]);
    }
    r.expect("a page that is not there", &["--page", "http://127.0.0.1:1/"], &["page"], &[], &["curl -v"]);

    // The store.
    std::fs::create_dir(r.house.path("empty")).unwrap();
    mode(&r.house.path("empty"), 0o700);
    r.expect("no store", &["--data", "empty"], &["store"], &[], &["baton agent add"]);
    assert_eq!(std::fs::read_dir(r.house.path("empty")).unwrap().count(), 0, "looking makes nothing");
    std::fs::write(r.house.path("empty/baton.db"), vec![b'x'; 5000]).unwrap();
    mode(&r.house.path("empty/baton.db"), 0o600);
    r.expect("no store of ours", &["--data", "empty"], &["store"], &[], &["move that file away"]);
    r.with_store("PRAGMA user_version = 999", |r, data| {
        r.expect("a newer store", data, &["store"], &[], &["version 999", "newer Baton"]);
    });
    r.with_store("DELETE FROM meta WHERE name = 'log_id'", |r, data| {
        r.expect("no log id", data, &["log_id"], &[], &["baton restore"]);
    });
    r.with_store("UPDATE meta SET value = 'another' WHERE name = 'log_id'", |r, data| {
        r.expect("another server's store", data, &["versions"], &[], &["another store", "--url"]);
    });
    r.with_store("DELETE FROM agents", |r, data| {
        r.expect("no agents", data, &["agents"], &["handoff"], &["baton agent add NAME --data other"]);
    });
    r.with_store("UPDATE agents SET sites = '[\"elsewhere\"]'", |r, data| {
        r.expect("nobody for the site", data, &["agents"], &["agents", "handoff"], &["baton agent set"]);
    });
    let late = "INSERT INTO streams (key, id) VALUES (1, x'01');
         INSERT INTO principals (key, kind, id) VALUES (1, 0, x'01');
         INSERT INTO events (seq, stream, version, at, principal, body) VALUES (1, 1, 1, 4102444800000, 1, '{}');";
    r.with_store(late, |r, data| {
        r.expect("a clock that went back", data, &["clock"], &[], &["behind the last event", "set-ntp"]);
    });
    r.with_store("", |r, data| {
        let file = r.house.path("other/baton.db");
        let mut bytes = std::fs::read(&file).unwrap();
        // An index's page, as its root says: what is read otherwise stays readable.
        let root: u32 = Connection::open(&file)
            .unwrap()
            .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'events_stream'", [], |row| {
                row.get(0)
            })
            .unwrap();
        let at = (root as usize - 1) * 4096;
        bytes[at..at + 64].fill(0xa5);
        std::fs::write(&file, bytes).unwrap();
        r.expect("a damaged page", data, &["integrity"], &[], &["damaged", "baton restore"]);
    });

    // Modes.
    for (path, wrong, right, words) in [
        ("config/baton/login.toml", 0o644, 0o600, "chmod 600"),
        ("data", 0o755, 0o700, "chmod 700"),
        ("data/baton.db", 0o640, 0o600, "chmod 600"),
        ("data/visitor.key", 0o604, 0o600, "chmod 600"),
        ("baton.toml", 0o666, 0o644, "chmod 644"),
    ] {
        mode(&r.house.path(path), wrong);
        r.expect(path, &[], &["permissions"], &[], &[words, path]);
        mode(&r.house.path(path), right);
    }

    // Who is there, and what the policy makes of it.
    r.house.ok(&["away", "--reason", "lunch"]);
    r.expect(
        "nobody is there",
        &[],
        &[],
        &["handoff"],
        &["Ada is Away (lunch)", "Bo is Away", "ticket: ", "press ~"],
    );
    r.house.ok(&["available"]);
    for (flags, words) in [
        (["--level", "ai_only"], "AI only"),
        (["--manual-only", "on"], "manual only"),
        (["--assistant", "off"], "the assistant is off"),
    ] {
        let before = r.house.read("baton.toml");
        r.house.ok(&["site", "set", "shop", flags[0], flags[1]]);
        r.expect(words, &[], &[], &["handoff"], &[words, "baton site set shop "]);
        r.house.write("baton.toml", &before);
    }

    // The way in.
    let mut wrong = r.house.baton(&["doctor", "--json", "--url", &r.house.url]);
    let said = wrong.env("BATON_TOKEN", "bt_wrong").output().unwrap();
    let said: Value = serde_json::from_slice(&said.stdout).unwrap();
    let failed: Vec<&Value> =
        said["checks"].as_array().unwrap().iter().filter(|c| c["status"] == "fail").collect();
    assert_eq!((failed.len(), &failed[0]["id"]), (1, &"login".into()), "{said:#}");
    assert!(failed[0]["fix"][0].as_str().unwrap().starts_with("baton login http"), "{said:#}");
    let kept = r.house.read("config/baton/login.toml");
    r.house.write("config/baton/login.toml", "token = 7\n");
    r.expect("a login of nonsense", &[], &["login"], &[], &["baton login http"]);
    r.house.write("config/baton/login.toml", &kept);
    let other = format!("http://{}", page("hello".into()));
    r.expect(
        "another program there",
        &["--url", &other],
        &["server"],
        &["handoff"],
        &["is taken", "listen elsewhere"],
    );
    let elsewhere = ["--url", "http://127.0.0.1:1"];
    r.expect("another address", &elsewhere, &["server"], &["handoff"], &["has the store open", "--url"]);
    let (failed, warned, value) = r.problems(&[]);
    assert!(failed.is_empty() && warned.is_empty(), "all is well again: {value:#}");
    r.house.stop();
    r.expect("no server", &[], &["server"], &["handoff"], &["baton serve --data data --config baton.toml"]);
}

#[test]
fn the_doctor_reads_for_people_and_for_a_store_alone() {
    let r = Running::start();
    let said = r.house.run(&["doctor", "--url", &r.house.url]);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    for words in [
        "ok    config",
        "ok    socket.visitor shop",
        "Ada is Available",
        "queue: ",
        "Nothing fails; 1 to look at.",
    ] {
        assert!(said.out.contains(words), "{words}\n{}", said.out);
    }
    assert!(!said.out.contains(&r.ada) && !said.err.contains(&r.ada), "no token is told");
    // Without a login the store tells who is there.
    let mut alone = r.house.baton(&["doctor", "--problems", "--url", &r.house.url]);
    let said = alone.env("XDG_CONFIG_HOME", r.house.path("nobody")).output().unwrap();
    let out = String::from_utf8(said.stdout).unwrap();
    assert!(said.status.success() && !out.contains("handoff") && !out.contains("ok  "), "{out}");
    for bad in [&["doctor", "--resolve", "nonsense"][..], &["doctor", "--site", "Not An Id"]] {
        assert_eq!(r.house.run(bad).code, Some(2));
    }
}
