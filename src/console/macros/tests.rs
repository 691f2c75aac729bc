//! Files as agents write them, and what is said about the wrong ones.

use std::fs;
use std::path::Path;

use super::*;

fn parse(text: &str) -> Result<Macro, String> {
    read(Path::new("refund.md"), "billing/refund", text).map_err(|problem| problem.to_string())
}

fn fill(text: &str) -> Filled {
    Template::parse(text).expect("is a template").fill(|variable| match variable {
        Variable::VisitorName => Some("Nina Kowalski".into()),
        Variable::AgentName => Some("{{visitor.name}}\u{1b}[31m\nX".into()),
        _ => None,
    })
}

#[test]
fn a_whole_file() {
    let text = "---\ntitle = \"Refund\"\ntags = [\"money\"]\nsite = \"demo\"\nkind = \"note\"\nactions = [\"tag:refund\", \"priority:high\", \"snooze:2h\", \"resolve\", \"send\"]\n---\n\nHello {{visitor.name}}!\n";
    let read = parse(text).expect("is right");
    assert_eq!((read.name.as_str(), read.title.as_str()), ("billing/refund", "Refund"));
    assert_eq!((read.kind, read.site.as_deref()), (Some(DraftKind::Note), Some("demo")));
    let said: Vec<String> = read.actions.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["tag refund", "priority high", "snooze 2h", "resolve", "send"]);
    let plain = parse("Just words.\r\n").expect("needs no settings");
    assert_eq!(plain.title.as_str(), "refund");
    assert_eq!(plain.body.fill(|_| None).text, "Just words.");
}

/// What `baton macros --lint` says, word for word.
#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (text, said) in [
        (
            "a\nb {{visitor.nmae}}",
            "refund.md:2: there is no variable `visitor.nmae`; did you mean `visitor.name`?",
        ),
        (
            "{{zzzzzzzz}}",
            "refund.md:1: there is no variable `zzzzzzzz`; there are visitor.name, visitor.first_name, agent.name, site.name, page.url, conversation.id, date, cursor",
        ),
        ("{{date\n}}", "refund.md:1: `{{` is not closed by `}}`; write `\\{{` for two braces"),
        ("{{cursor}} {{cursor}}", "refund.md:1: `cursor` stands here for the second time"),
        (
            "---\ntitle = \"a\"\n",
            "refund.md:1: the settings at the top are not closed by a second line of the same kind",
        ),
        (
            "---\ntitle = \"a\"\ntitel = 3\n---\nx",
            "refund.md:3: there is no key `titel` here; did you mean `title`?",
        ),
        (
            "---\ntitle = \"a\"\nkind = \"nota\"\n---\nx",
            "refund.md:3: \"nota\" is not possible here; did you mean \"note\"?",
        ),
        (
            "+++\nactions = [\n\"tag:x\",\n\"resolv\"]\n+++\nx",
            "refund.md:4: there is no action `resolv`; did you mean `resolve`?",
        ),
        ("---\nactions = [\"tag:\"]\n---\nx", "refund.md:2: `tag:` needs a tag, as in `tag:refund`"),
        (
            "---\nactions = [\"priority:hihg\"]\n---\nx",
            "refund.md:2: “hihg” is no priority; priorities are low, normal, high and urgent",
        ),
        (
            "---\ntitle = \"a\"\n---\n\n\nx {{agent.nam}}",
            "refund.md:6: there is no variable `agent.nam`; did you mean `agent.name`?",
        ),
        ("---\ntitle = \"a\"\n---\n", "refund.md:4: there is neither a text nor an action in it"),
    ] {
        assert_eq!(parse(text).expect_err(text), said);
    }
    assert!(parse("---\nactions = [\"tag:x\"]\n---\n").is_ok(), "an action alone is a macro");
}

#[test]
fn values_are_text_and_nothing_else() {
    assert_eq!(fill("Hi {{visitor.name}}.").text, "Hi Nina Kowalski.");
    // Not read again, no control character, no line break, and no gap that blocks the send.
    let filled = fill("Hi {{agent.name}}.");
    assert_eq!((filled.text.as_str(), filled.gaps), ("Hi { {visitor.name}}[31m X.", 0));
    assert_eq!(gap(&filled.text), None);
    assert_eq!(fill("{{ site.name | the shop }}").text, "the shop");
    assert_eq!(fill("\\{{visitor.name}}").text, "{{visitor.name}}");
}

#[test]
fn what_is_missing_stays_as_a_gap() {
    let filled = fill("On {{date}} at {{site.name}}{{cursor}}!");
    assert_eq!((filled.text.as_str(), filled.gaps, filled.cursor), ("On {{date}} at {{site.name}}!", 2, 11));
    assert_eq!(gap(&filled.text), Some((3..11, "date")));
    assert_eq!(gap("{{ date }} {{nope}} {{{{date}}"), Some((22..30, "date")));
    assert_eq!(fill("a{{cursor}}b").cursor, 1);
    assert_eq!(fill("ab").cursor, 2);
}

#[test]
fn a_folder_is_read_again_only_where_it_changed_and_one_bad_file_keeps_no_other() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir_all(dir.path().join("billing/.hidden")).expect("makes folders");
    fs::write(dir.path().join("hello.md"), "Hello").expect("writes");
    fs::write(dir.path().join("billing/refund.md"), "Refund {{date}}").expect("writes");
    fs::write(dir.path().join("billing/.hidden/x.md"), "no").expect("writes");
    fs::write(dir.path().join("bad.md"), "{{nope").expect("writes");
    fs::write(dir.path().join("latin.md"), b"ok\n\xff").expect("writes");
    fs::write(dir.path().join("notes.txt"), "no").expect("writes");
    let mut reader = folder::Reader::new(Some(dir.path().to_owned()));
    let library = reader.changed().expect("is new");
    let names: Vec<&str> = library.macros.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names, ["billing/refund", "hello"]);
    let broken: Vec<(&str, usize)> = library.broken.iter().map(|(n, p)| (n.as_str(), p.line)).collect();
    assert_eq!(broken, [("bad", 1), ("latin", 2)]);
    assert_eq!(reader.changed(), None);
    fs::write(dir.path().join("bad.md"), "mended").expect("writes");
    assert_eq!(reader.changed().map(|library| library.macros.len()), Some(3));
    fs::remove_file(dir.path().join("bad.md")).expect("removes");
    assert_eq!(reader.changed().map(|library| library.macros.len()), Some(2));
    assert!(folder::read(&dir.path().join("nowhere")).is_empty());
}

#[test]
fn settings_written_as_yaml_are_told_that_they_are_toml() {
    let error = super::file::read(std::path::Path::new("a.md"), "a", "---\ntitle: Refund\n---\nhello\n");
    let problem = error.expect_err("that is no TOML");
    assert_eq!(problem.line, 2);
    assert!(problem.message.contains("TOML: write `title = \"value\"`"), "{}", problem.message);
}
