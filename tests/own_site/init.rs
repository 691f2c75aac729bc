//! `baton init`: five answers make a configuration, a store and an agent, or nothing at all.

use super::house::House;

const FIVE: &str = "Example Shop\ndocs\nhttps://Shop.test/help?x=1\n127.0.0.1:7901\nAda\n";

#[test]
fn five_lines_on_a_pipe_are_enough() {
    let house = House::new();
    let said = house.piped(FIVE, &["init"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let text = house.read("baton.toml");
    for line in [
        "listen = \"127.0.0.1:7901\"",
        "id = \"example-shop\"",
        "name = \"Example Shop\"",
        "docs = \"docs\"",
        "origins = [\"https://shop.test\"]",
        "loopback_origins = false",
        "# Longest message: a long mail fits, a pasted log does not.",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    for promised in [
        "baton serve --data data --config baton.toml",
        "baton login http://127.0.0.1:7901",
        "<script async src=\"http://127.0.0.1:7901/widget.js\" data-site=\"example-shop\"></script>",
        "token of Ada, shown only now: bt_",
    ] {
        assert!(said.out.contains(promised), "{promised}\n{}", said.out);
    }
    assert!(said.err.contains("1/5 Name of the site") && said.err.contains("5/5 Your name"), "{}", said.err);
}

#[test]
fn a_bad_answer_is_asked_again_with_the_reason() {
    let house = House::new();
    let answers = "\u{7}bad\nExample Shop\nno-such-folder\nconfig-of-mine.txt\ndocs\nshop.test\n*\nhttps://shop.test\n80\n\nAda\n";
    let said = house.piped(answers, &["init"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    for reason in [
        "control characters",
        "no-such-folder does not exist",
        "an origin has the form https://host",
        "would let every website open this chat",
        "“80” is no address to listen on",
    ] {
        assert!(said.err.contains(reason), "{reason}\n{}", said.err);
    }
    assert!(!said.err.contains('\u{7}'));
    assert_eq!(house.json(&["site", "list", "--json"])[0]["origins"][0], "https://shop.test");
}

#[test]
fn half_an_input_writes_nothing() {
    let house = House::new();
    for (input, at) in
        [("", "question 1 of 5"), ("Shop\n", "question 2 of 5"), ("Shop\ndocs\n\n\n", "question 5 of 5")]
    {
        let said = house.piped(input, &["init"]);
        assert_eq!(said.code, Some(2));
        assert!(said.err.contains(at) && said.err.contains("nothing was written"), "{}", said.err);
    }
    assert!(!house.path("baton.toml").exists() && !house.path("data").exists());
}

#[test]
fn flags_answer_and_wrong_ones_are_told_before_a_question() {
    let house = House::new();
    for (args, word) in [
        (&["--origin", "shop.test"][..], "--origin"),
        (&["--docs", "gone"], "does not exist"),
        (&["--listen", "80"], "--listen"),
        (&["--public-url", "chat.test"], "https://"),
        (&["--agent", " "], "--agent"),
        (&["--name", ""], "--name"),
        (&["--id", "My Shop"], "a-z"),
    ] {
        let mut all = vec!["init", "--yes"];
        all.extend(args);
        let err = house.refused(2, &all);
        assert!(err.contains(word), "{args:?}: {err}");
    }
    assert!(!house.path("baton.toml").exists() && !house.path("data").exists());
    // What an agent may not be called is the store's to say; nothing is left behind then either.
    house.refused(1, &["init", "--yes", "--agent", "visitor"]);
    assert!(!house.path("baton.toml").exists());

    let made = house.json(&["init", "--yes", "--id", "shop", "--agent", "Ada", "--json"]);
    assert_eq!((&made["site"], &made["agent"]["role"]), (&"shop".into(), &"admin".into()));
    assert!(made["agent"]["token"].as_str().unwrap().starts_with("bt_"));
    let site = house.json(&["site", "show", "shop", "--json"]);
    assert_eq!((&site["pages"], &site["loopback_origins"]), (&2.into(), &true.into()), "docs was there");
}

#[test]
fn what_is_there_is_not_overwritten_unasked() {
    let house = House::new();
    house.write("baton.toml", "# mine\n[[site]]\nid = \"a\"\n");
    let err = house.refused(1, &["init", "--yes"]);
    assert!(err.contains("--force") && err.contains("nothing was changed"), "{err}");
    assert!(house.read("baton.toml").starts_with("# mine"));
    assert!(!house.path("data").exists());
    let first = house.json(&["init", "--yes", "--force", "--agent", "Ada", "--json"]);
    assert!(!house.read("baton.toml").starts_with("# mine"));
    // A second time the agent is there: she keeps her token.
    let again = house.json(&["init", "--yes", "--force", "--agent", "ada", "--json"]);
    assert_eq!(first["agent"]["id"], again["agent"]["id"]);
    assert!(again["agent"]["token"].is_null());
}

#[test]
fn a_configuration_elsewhere_finds_its_docs() {
    let house = House::new();
    let args = ["init", "--yes", "--docs", "docs", "--config", "etc/baton.toml", "--data", "var/my data"];
    let out = house.ok(&args);
    assert!(out.contains("--data 'var/my data' --config etc/baton.toml"), "{out}");
    let site = house.json(&["site", "list", "--config", "etc/baton.toml", "--json"]);
    assert_eq!(site[0]["pages"], 2, "{site}");
}
