//! `baton site`: a change is one change, and a file the server would refuse is never written.

use std::os::unix::fs::PermissionsExt;

use super::house::House;

/// A configuration somebody wrote with care.
const OURS: &str = r#"# Ours: ask Ada.
[server]
listen = "127.0.0.1:7842" # behind the proxy

# The shop.
[[site]]
id = "shop"
name = 'The Shop'   # as on the sign
docs = "docs"
origins = [
    "https://shop.test", # live
]

# Only friends know it.
[[site]]
id = "outlet"
assistant = false
"#;

fn house() -> House {
    let house = House::new();
    house.write("baton.toml", OURS);
    house
}

#[test]
fn a_site_is_added_changed_listed_shown_and_removed() {
    let house = house();
    house.ok(&[
        "site",
        "add",
        "help",
        "--docs",
        "docs",
        "--origin",
        "https://Help.test:443/",
        "--level",
        "quick",
    ]);
    let text = house.read("baton.toml");
    assert!(text.starts_with(OURS), "{text}");
    assert!(text.ends_with("\n[[site]]\nid = \"help\"\ndocs = \"docs\"\norigins = [\"https://help.test\"]\nlevel = \"quick\"\n"), "{text}");
    let list = house.ok(&["site", "list"]);
    for words in
        ["shop    The Shop  on         2 pages  https://shop.test", "outlet", "off        none     none"]
    {
        assert!(list.contains(words), "{words}\n{list}");
    }
    let out =
        house.ok(&["site", "set", "shop", "--assistant", "off", "--add-origin", "http://localhost:3000"]);
    assert!(out.contains("baton reload"), "{out}");
    let shop = house.json(&["site", "show", "shop", "--json"]);
    assert_eq!((&shop["assistant"], shop["origins"].as_array().unwrap().len()), (&false.into(), 2));
    let out = house.ok(&["site", "remove", "help"]);
    assert!(out.contains("conversations stay"), "{out}");
    house.ok(&["site", "set", "shop", "--remove-origin", "http://localhost:3000"]);
    let text = house.read("baton.toml");
    for kept in [
        "# Ours: ask Ada.",
        "# behind the proxy",
        "'The Shop'   # as on the sign",
        "# live",
        "# Only friends know it.",
    ] {
        assert!(text.contains(kept), "{kept}\n{text}");
    }
}

#[test]
fn a_dry_run_shows_and_changes_nothing() {
    let house = house();
    let out = house.ok(&["site", "set", "shop", "--name", "Shop", "--text", "resolved=Bye.", "--dry-run"]);
    assert!(
        out.contains("- name = 'The Shop'   # as on the sign\n+ name = \"Shop\"   # as on the sign"),
        "{out}"
    );
    assert!(out.contains("+ [texts]") && out.contains("dry run"), "{out}");
    let said = house.json(&["site", "remove", "outlet", "--dry-run", "--json"]);
    assert_eq!((&said["dry_run"], &said["changed"]), (&true.into(), &true.into()));
    assert_eq!(house.read("baton.toml"), OURS);
    assert_eq!(house.json(&["site", "set", "outlet", "--assistant", "off", "--json"])["changed"], false);
}

#[test]
fn mode_and_link_of_the_file_stay() {
    let house = house();
    std::fs::rename(house.path("baton.toml"), house.path("real.toml")).unwrap();
    std::fs::set_permissions(house.path("real.toml"), std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real.toml", house.path("baton.toml")).unwrap();
    house.ok(&["site", "set", "shop", "--name", "Shop"]);
    assert!(std::fs::symlink_metadata(house.path("baton.toml")).unwrap().is_symlink());
    let mode = std::fs::metadata(house.path("real.toml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert!(house.read("real.toml").contains("name = \"Shop\""));
    let left: Vec<_> = std::fs::read_dir(house.dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "nothing is left beside: {left:?}");
}

#[test]
fn what_a_tired_person_gets_wrong_is_said_and_nothing_is_changed() {
    let house = house();
    for (code, args, words) in [
        (
            1,
            &["set", "shpo", "--name", "x"][..],
            &["baton.toml", "no site `shpo`", "did you mean `shop`?"][..],
        ),
        (1, &["remove", "xyz"], &["known: shop, outlet"]),
        (1, &["add", "shop"], &["a site `shop` already", "baton site set shop"]),
        (2, &["add", "Shop"], &["a-z"]),
        (2, &["add", "new", "--origin", "shop.test"], &["“shop.test” is no origin"]),
        (2, &["set", "shop", "--origin", "*"], &["every website"]),
        (
            1,
            &["set", "shop", "--docs", "gone"],
            &["nothing was changed", "baton.toml, line 9, key `site.docs`", "does not exist"],
        ),
        (1, &["set", "shop", "--remove-origin", "https://x.test"], &["not among"]),
        (2, &["set", "shop"], &["say what to change"]),
        (2, &["set", "shop", "--assistant", "maybe"], &["off"]),
        (2, &["set", "shop", "--level", "quik"], &["quick"]),
        (2, &["set", "shop", "--text", "resolved"], &["KEY=WORDS"]),
        (1, &["set", "shop", "--text", "resolvd=Bye"], &["nothing was changed", "did you mean `resolved`?"]),
        (2, &["set", "shop", "--docs", "docs", "--no-docs"], &["--no-docs"]),
        (1, &["list", "--config", "no.toml"], &["no.toml", "baton init"]),
        (2, &["snippet"], &["which site? There are shop, outlet"]),
        (2, &["snippet", "shop", "--public-url", "chat.test"], &["https://chat.example.com"]),
        (2, &["list", "--token", "x"], &["takes no --token"]),
    ] {
        let mut all = vec!["site"];
        all.extend(args);
        let err = house.refused(code, &all);
        for word in words {
            assert!(err.contains(word), "{args:?}: {word}\n{err}");
        }
    }
    assert_eq!(house.read("baton.toml"), OURS);
    // A file that was wrong before is mended first.
    house.write("baton.toml", &OURS.replace("listen", "lisen"));
    let err = house.refused(1, &["site", "set", "shop", "--name", "x"]);
    assert!(err.contains("line 3, key `server.lisen`") && err.contains("did you mean `listen`?"), "{err}");
    house.write("baton.toml", "[[site]]\nid = \"only\"\n");
    assert!(house.refused(1, &["site", "remove", "only"]).contains("the only site"));
    house.write("baton.toml", "site = [{ id = \"a\" }]\n");
    assert!(house.refused(1, &["site", "set", "a", "--name", "x"]).contains("[[site]]"));
}

#[test]
fn a_hostile_name_reaches_no_terminal() {
    let house = house();
    house.ok(&["site", "set", "shop", "--name", "\u{1b}]0;owned\u{7}\u{202e}", "--greeting", "\u{1b}[2J"]);
    for args in [
        &["list"][..],
        &["show", "shop"],
        &["set", "shop", "--name", "x\u{1b}c", "--dry-run"],
        &["list", "--json"],
    ] {
        let out = house.ok(&[&["site"], args].concat());
        assert!(!out.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{args:?}: {out:?}");
    }
    let (_, value) = house.doctor(&["--data", "nowhere"]);
    assert!(!value.to_string().contains('\u{1b}'));
}

#[test]
fn the_snippet_is_the_line_and_the_policy() {
    let house = house();
    let out = house.ok(&["site", "snippet", "shop", "--public-url", "https://chat.test/"]);
    assert_eq!(
        out.lines().collect::<Vec<_>>(),
        [
            "<script async src=\"https://chat.test/widget.js\" data-site=\"shop\"></script>",
            "<!-- where the page has a Content-Security-Policy, add: script-src https://chat.test; connect-src wss://chat.test -->",
        ]
    );
    let said = house.run(&["site", "snippet", "outlet"]);
    assert!(said.out.contains("http://127.0.0.1:7842/widget.js"), "{}", said.out);
    assert!(said.err.contains("--public-url") && said.err.contains("--add-origin"), "{}", said.err);
}
