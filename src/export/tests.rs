//! Documents as they are, and that no text reaches beyond its place in them.
#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;
use pulldown_cmark::{Event, Options as MarkdownOptions, Parser, Tag};
use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::conversation::{
    AgentId, AgentRef, Author, ConversationId, EntryKind, Holder, Message, MessageId, Page, SiteId, Source,
    State, Time, VisitorId, VisitorRef,
};

const AT: i64 = 1_795_599_005_250;

fn ada() -> AgentRef {
    AgentRef { id: AgentId(Uuid::from_u128(7)), name: "Ada".into() }
}

fn message(author: Author, text: &str) -> EntryKind {
    EntryKind::Message(Message {
        id: MessageId(Uuid::from_u128(9)),
        author,
        text: text.into(),
        epoch: 1,
        sources: Vec::new(),
        attachments: Vec::new(),
        turn: None,
        thanks: false,
    })
}

/// A conversation where every field a stranger can write holds `name` or `text`.
fn story(name: &str, text: &str) -> (Conversation, Vec<Entry>) {
    let mut c = Conversation::empty(ConversationId(Uuid::from_u128(0x3f2a_9c41 << 96)));
    c.site = Some(SiteId::new("demo").unwrap());
    c.visitor = Some(VisitorRef {
        id: VisitorId(Uuid::from_u128(5)),
        name: Some(name.into()),
        email: Some(name.into()),
    });
    c.state = State::Active;
    c.holder = Holder::Agent(ada());
    c.page = Some(Page { url: format!("http://localhost/{name}"), title: Some(text.into()), referrer: None });
    c.started_at = Time(AT);
    c.tags = vec![format!("t{name}")];
    c.last_message_at = Time(AT);
    let mut answer = message(Author::Assistant, text);
    if let EntryKind::Message(m) = &mut answer {
        m.sources.push(Source { title: text.into(), url: format!("/docs#{name}") });
        m.attachments.push(crate::conversation::Attachment {
            blob: "b".into(),
            name: name.into(),
            mime: "image/png".into(),
            size: 7,
        });
    }
    let kinds = [
        message(Author::Visitor, text),
        answer,
        EntryKind::Notice { text: "Connecting you with the team.".into() },
        EntryKind::Marker { who: Some(name.into()), what: "accepted".into(), about: Some(text.into()) },
        EntryKind::Note { id: MessageId(Uuid::from_u128(8)), by: name.into(), text: text.into() },
        message(Author::Agent(ada()), text),
    ];
    let entries = kinds
        .into_iter()
        .zip(1..)
        .map(|(kind, n)| Entry { seq: n + 100, version: n, at: Time(AT + 1000 * n as i64), kind })
        .collect();
    (c, entries)
}

fn whole(format: Format, name: &str, text: &str) -> String {
    let (c, entries) = story(name, text);
    document(format, &c, &entries, &Options::default())
}

#[test]
fn text_for_people() {
    assert_eq!(
        whole(Format::Text, "Max", "Hello\n  there"),
        "\
Conversation 3f2a9c41

id: 3f2a9c41-0000-0000-0000-000000000000
site: demo
state: active
held by: Ada
visitor: Max
e-mail: Max
page: http://localhost/Max
page title: Hello⏎  there
started: 2026-11-25 09:30:05 +00:00
tags: tMax

2026-11-25 09:30:06 +00:00  Max (visitor):
    Hello
      there

2026-11-25 09:30:07 +00:00  assistant (assistant):
    Hello
      there
    source: Hello⏎  there </docs#Max>
    file: Max (image/png, 7 bytes)

2026-11-25 09:30:08 +00:00  system (notice):
    Connecting you with the team.

2026-11-25 09:30:09 +00:00  -- Max accepted: Hello⏎  there

2026-11-25 09:30:10 +00:00  Max (note, agents only):
    Hello
      there

2026-11-25 09:30:11 +00:00  Ada (agent):
    Hello
      there

"
    );
}

#[test]
fn markdown_for_people() {
    let text = whole(Format::Markdown, "Max_M", "# Hello\n\n<b>there</b>");
    assert_eq!(
        text.split("**Max\\_M** (visitor)").nth(1).unwrap().split("**assistant**").next().unwrap(),
        ", 2026-11-25 09:30:06 +00:00:\n\n> \\# Hello\n>\n> \\<b\\>there\\</b\\>\n\n"
    );
    assert!(text.starts_with("# Conversation 3f2a9c41\n\n- **id:** 3f2a9c41-0000"), "{text}");
    assert!(text.contains("\n**Max\\_M** (note, agents only), 2026"), "{text}");
    assert!(
        text.contains("\n*2026-11-25 09:30:09 +00:00: Max\\_M accepted: # Hello⏎⏎\\<b\\>there\\</b\\>*\n"),
        "{text}"
    );
}

#[test]
fn rows_for_spreadsheets() {
    assert_eq!(
        whole(Format::Csv, "=1+1", "say \"hi\"\n+2"),
        "\u{feff}\"conversation\",\"site\",\"at\",\"author\",\"kind\",\"text\",\"name\",\"seq\"\r\n\
\"3f2a9c41-0000-0000-0000-000000000000\",\"demo\",\"2026-11-25T09:30:06.250Z\",\"visitor\",\"message\",\"say \"\"hi\"\"\n+2\",\"'=1+1\",\"101\"\r\n\
\"3f2a9c41-0000-0000-0000-000000000000\",\"demo\",\"2026-11-25T09:30:07.250Z\",\"assistant\",\"message\",\"say \"\"hi\"\"\n+2\",\"\",\"102\"\r\n\
\"3f2a9c41-0000-0000-0000-000000000000\",\"demo\",\"2026-11-25T09:30:08.250Z\",\"system\",\"notice\",\"Connecting you with the team.\",\"\",\"103\"\r\n\
\"3f2a9c41-0000-0000-0000-000000000000\",\"demo\",\"2026-11-25T09:30:10.250Z\",\"agent\",\"note\",\"say \"\"hi\"\"\n+2\",\"'=1+1\",\"105\"\r\n\
\"3f2a9c41-0000-0000-0000-000000000000\",\"demo\",\"2026-11-25T09:30:11.250Z\",\"agent\",\"message\",\"say \"\"hi\"\"\n+2\",\"Ada\",\"106\"\r\n"
    );
}

#[test]
fn objects_for_programs() {
    let text = whole(Format::Json, "Max", "a\u{202e}b");
    assert_eq!(text.lines().count(), 1);
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["format"], JSON_FORMAT);
    assert_eq!(
        (&value["state"], &value["holder"]["name"], &value["visitor"]["email"]),
        (&"active".into(), &"Ada".into(), &"Max".into())
    );
    let kinds: Vec<&str> =
        value["entries"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["message", "message", "notice", "event", "note", "message"]);
    let first = &value["entries"][0];
    assert_eq!(first["text"], "a⟨RLO⟩b");
    assert_eq!(first["raw"], "a\u{202e}b", "nothing is lost");
    assert_eq!((&first["at"], &first["seq"]), (&"2026-11-25T09:30:06.250Z".into(), &101.into()));
    assert!(value["entries"][2].get("raw").is_none());
    for field in
        ["id", "site", "page", "reason", "ticket", "group", "episode", "version", "card", "resolved_at"]
    {
        assert!(value.get(field).is_some(), "{field}");
    }
}

#[test]
fn notes_are_left_out_where_asked() {
    let (mut c, mut entries) = story("Max", "hello");
    if let EntryKind::Note { text, .. } = &mut entries[4].kind {
        *text = "a secret".into();
    }
    if let EntryKind::Marker { about, .. } = &mut entries[3].kind {
        *about = Some("a secret reason".into());
    }
    c.tags = vec!["secret-tag".into()];
    for format in Format::ALL {
        let with = document(format, &c, &entries, &Options::default());
        let without = document(format, &c, &entries, &Options { notes: false, ..Options::default() });
        assert!(with.contains("a secret") && with.contains("note"), "{format}");
        assert!(!without.contains("secret") && !without.contains("note"), "{format}: {without}");
    }
}

#[test]
fn formats_by_name() {
    for (word, format) in [
        ("md", Some(Format::Markdown)),
        ("TXT", Some(Format::Text)),
        ("csv", Some(Format::Csv)),
        ("json", Some(Format::Json)),
        ("xlsx", None),
    ] {
        assert_eq!(Format::named(word), format, "{word}");
    }
    for format in Format::ALL {
        assert_eq!(Format::named(format.word()), Some(format));
    }
}

/// Fields of a CSV document, read as RFC 4180 says; none where it is not that.
fn parse_csv(text: &str) -> Option<Vec<Vec<String>>> {
    let mut rows = vec![Vec::new()];
    let mut rest = text.strip_prefix(BOM)?;
    while !rest.is_empty() {
        rest = rest.strip_prefix('"')?;
        let mut field = String::new();
        loop {
            let end = rest.find('"')?;
            field += &rest[..end];
            rest = &rest[end + 1..];
            match rest.strip_prefix('"') {
                Some(after) => {
                    field.push('"');
                    rest = after;
                }
                None => break,
            }
        }
        rows.last_mut()?.push(field);
        if let Some(after) = rest.strip_prefix("\r\n") {
            rows.push(Vec::new());
            rest = after;
        } else {
            rest = rest.strip_prefix(',')?;
        }
    }
    rows.pop().filter(Vec::is_empty)?;
    Some(rows)
}

/// Everything promised of documents, for one hostile name and text.
fn holds(name: &str, text: &str) {
    let bidi =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    for format in Format::ALL {
        let written = whole(format, name, text);
        let body = written.trim_start_matches(BOM).replace("\r\n", "\n");
        assert!(!body.chars().any(|c| c.is_control() && c != '\n' || bidi(c)), "{format}: {written:?}");
    }
    let csv = parse_csv(&whole(Format::Csv, name, text)).expect("is CSV");
    assert_eq!(csv.len(), 6);
    for row in &csv {
        assert_eq!(row.len(), COLUMNS.len(), "{row:?}");
        for field in row {
            let first = field.trim_start().chars().next();
            assert!(!first.is_some_and(|c| "=+-@\t\r＝＋－＠﹦﹢﹣﹫".contains(c)), "{field:?}");
        }
    }
    // Only our lines begin at the margin.
    let ours = whole(Format::Text, "Max", "hello");
    let margin = |s: &str| s.lines().filter(|l| !l.is_empty() && !l.starts_with("    ")).count();
    let titles =
        |s: &str| s.lines().filter(|l| l.starts_with("page title: ") || l.starts_with("e-mail: ")).count();
    let theirs = whole(Format::Text, name, text);
    assert_eq!((margin(&theirs), titles(&theirs)), (margin(&ours), titles(&ours)), "{theirs}");
    // The Markdown reads as ours does: the same blocks, and in them nothing but words.
    let markdown = whole(Format::Markdown, name, text);
    let mut quotes = 0;
    for event in Parser::new_ext(&markdown, MarkdownOptions::all()) {
        match event {
            Event::Start(Tag::BlockQuote(_)) => quotes += 1,
            Event::Start(
                Tag::Paragraph
                | Tag::Heading { .. }
                | Tag::List(None)
                | Tag::Item
                | Tag::Strong
                | Tag::Emphasis,
            )
            | Event::End(_)
            | Event::Text(_)
            | Event::SoftBreak
            | Event::HardBreak => {}
            other => panic!("{other:?} in {markdown}"),
        }
    }
    let empty = text.trim().is_empty();
    assert!(quotes == 5 || empty && quotes <= 5, "{quotes}: {markdown}");
}

#[test]
fn the_hostile_corpus_stays_in_its_place() {
    for line in include_str!("../../tests/hostile/terminal.jsonl").lines().filter(|l| !l.is_empty()) {
        let value: Value = serde_json::from_str(line).unwrap_or_default();
        let payload = value["payload"].as_str().unwrap_or(line);
        holds(payload, payload);
    }
    for formula in [
        "=cmd|' /C calc'!A0",
        "+1",
        "-1",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "＝1",
        "﹢1",
        "\u{200b}=1",
        "\u{feff}=1",
        "\"=1",
        "\u{a0}=1",
        "a\r\n\"=1\",\"b",
    ] {
        holds(formula, formula);
    }
    for markup in [
        "# a",
        "a\n===",
        "a\n---",
        "---",
        "* * *",
        "- a",
        "+ a",
        "1) a",
        "1. a",
        "> a",
        "    a",
        "\ta",
        "```\na",
        "~~~",
        "[a](b)",
        "![a](b)",
        "[a]: b",
        "[^1]: x",
        "<http://a>",
        "<!-- ",
        "<b>",
        "&amp;",
        "a|b\n-|-",
        "| a |",
        "$x$",
        "*a*",
        "__a__",
        "~~a~~",
        "a  \nb",
        "a\\",
        "\\",
        "- [ ] a",
        ": a",
        "a\n: b",
        "+++\na\n+++",
        "{#id}",
        "# a {#id}",
        "\\\n\\\n",
        "||a||",
        "^a^",
        "[[a]]",
    ] {
        holds(markup, markup);
    }
}

proptest! {
    #[test]
    fn any_text_stays_in_its_place(name in any::<String>(), text in any::<String>()) {
        holds(&name, &text);
    }

    #[test]
    fn any_markup_stays_in_its_place(
        text in "[-\\\\`*_{}\\[\\]<>()#+.!|~&$=:^\"' \n0-9a-c]{0,40}",
    ) {
        holds(&text, &text);
    }
}
