//! Mails as written, from hostile hands: no name, no first words, no message and no address adds anything to a mail.

use baton::connectors::mail::letter::{Letter, MailTexts, NoLetter, write};
use baton::conversation::{
    AgentId, AgentRef, Author, Conversation, ConversationId, Entry, EntryKind, Event, Message, MessageId,
    SiteId, Time, VisitorId, VisitorRef,
};
use lettre::message::Mailbox;
use uuid::Uuid;

use crate::smtp::Came;

const CORPUS: &str = include_str!("../hostile/terminal.jsonl");

/// The corpus, and what is made for mail.
fn payloads() -> Vec<String> {
    let corpus = CORPUS.lines().filter(|l| !l.trim().is_empty()).map(|line| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        value["payload"].as_str().unwrap_or_default().to_owned()
    });
    let ours = [
        "hello\r\nBcc: victim@example.com",
        "hello\nSubject: another",
        "x\r\n\r\n<html>a body of its own</html>",
        "\r\n.\r\nMAIL FROM:<evil@example.com>\r\nRCPT TO:<victim@example.com>\r\nDATA\r\n",
        "=?utf-8?q?=0D=0ABcc:_victim=40example.com?=",
        "a\u{2028}Bcc: x@example.com\u{2029}b\u{85}c\u{0b}d\u{0c}e",
        "\"quoted\" <victim@example.com>, other@example.com",
        "\0nul\0",
        "very long ",
    ];
    let long = "x".repeat(20_000);
    let all: Vec<String> = corpus.chain(ours.map(str::to_owned)).chain([long]).collect();
    assert!(all.len() > 200, "{}", all.len());
    all
}

struct Case {
    conversation: Conversation,
    entries: Vec<Entry>,
    site: String,
    first_words: String,
}

fn case(payload: &str, email: &str) -> Case {
    let id = |n| Uuid::from_u128(n);
    let mut conversation = Conversation::empty(ConversationId(id(1)));
    let visitor =
        VisitorRef { id: VisitorId(id(2)), name: Some(payload.to_owned()), email: Some(email.to_owned()) };
    let site = SiteId::new("shop").unwrap();
    let agent = AgentRef { id: AgentId(id(3)), name: payload.to_owned() };
    let said = |n: u128, author: Author| Message {
        id: MessageId(id(n)),
        author,
        text: payload.to_owned(),
        epoch: 0,
        sources: Vec::new(),
        attachments: Vec::new(),
        turn: None,
        thanks: false,
    };
    let started = Event::Started { site, visitor, page: None, linked: None, device: None };
    conversation.apply(&started, Time(1));
    let messages = [said(11, Author::Visitor), said(12, Author::Agent(agent))];
    let entries = messages.into_iter().zip(2u64..).map(|(message, version)| {
        conversation.apply(&Event::MessagePosted(message.clone()), Time(1_000));
        Entry { seq: version, version, at: Time(1_700_000_000_000), kind: EntryKind::Message(message) }
    });
    let mut entries: Vec<Entry> = entries.collect();
    let note = EntryKind::Note { id: MessageId(id(13)), by: "Sam".into(), text: "the secret note".into() };
    entries.push(Entry { seq: 4, version: 4, at: Time(1_700_000_000_000), kind: note });
    Case { conversation, entries, site: payload.to_owned(), first_words: payload.to_owned() }
}

fn written(case: &Case) -> Result<Came, NoLetter> {
    let from: Mailbox = "help@shop.example".parse().unwrap();
    let mail = write(&Letter {
        of: &case.conversation,
        site: &case.site,
        from: &from,
        reply_to: None,
        texts: &MailTexts::default(),
        entries: &case.entries,
        first: 3,
        last: 3,
        first_words: Some(&case.first_words),
        message_id: None,
        earlier: &[],
        link: Some(("https://shop.example/#baton-chat=l1.x", Time(1_700_000_000_000))),
        now: Time(1_700_000_000_000),
    })?;
    assert_eq!(mail.envelope.to().len(), 1);
    let text = String::from_utf8(mail.bytes).expect("a mail is text");
    Ok(Came {
        from: mail.envelope.from().unwrap().to_string(),
        to: mail.envelope.to()[0].to_string(),
        text,
        taken: false,
    })
}

#[test]
fn hostile_names_words_and_messages_add_no_header_no_recipient_and_no_body() {
    let plain = written(&case("hello", "maya@example.com")).unwrap().headers();
    let mut seen = 0;
    for payload in payloads() {
        let mail = match written(&case(&payload, "maya@example.com")) {
            Ok(mail) => mail,
            // Nothing but blanks says nothing.
            Err(NoLetter::Nothing) => {
                assert!(payload.trim().is_empty(), "{payload:?}");
                continue;
            }
            Err(NoLetter::Never(why)) => panic!("{payload:?}: {why}"),
        };
        seen += 1;
        assert_eq!(mail.headers(), plain, "{payload:?}\n{}", mail.text);
        assert_eq!((mail.from.as_str(), mail.to.as_str()), ("help@shop.example", "maya@example.com"));
        assert_eq!(mail.header("to").as_deref(), Some("maya@example.com"));
        assert!(mail.header("content-type").unwrap().starts_with("text/plain"));
        // What goes over the line is printable ASCII, no line longer than SMTP takes.
        let (head, _) = mail.text.split_once("\r\n\r\n").unwrap();
        assert!(head.chars().all(|c| c == '\r' || c == '\n' || (' '..='~').contains(&c)), "{head:?}");
        assert!(mail.text.split("\r\n").all(|l| l.len() <= 998 && !l.contains(['\r', '\n'])), "{payload:?}");
        let body = mail.body();
        let odd = |c: char| {
            (c.is_control() && !matches!(c, '\r' | '\n'))
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert!(!body.contains(odd), "{payload:?}: {body:?}");
        assert!(!body.contains("the secret note"));
    }
    assert!(seen > 200, "{seen}");
}

#[test]
fn what_is_no_address_gets_no_mail() {
    for bad in [
        "",
        "maya",
        "maya@",
        "@example.com",
        "maya@example.com\r\nBcc: x@example.com",
        "maya@example.com, other@example.com",
        "Maya <maya@example.com>",
        "maya@example.com>\r\nRCPT TO:<x@example.com",
        "ma ya@example.com",
        "maya@exam\u{202e}ple.com",
        "\"a\\\"b\"@example.com",
        "maya@[127.0.0.1]",
        "a@b\0.com",
    ] {
        let refused = written(&case("hello", bad));
        assert!(matches!(refused, Err(NoLetter::Never(_))), "{bad:?}: {refused:?}");
    }
    let mail = written(&case("hello", "maya+tag@sub.example.com")).unwrap();
    assert_eq!(mail.to, "maya+tag@sub.example.com");
}

#[test]
fn erased_replies_make_no_mail() {
    let mut empty = case("hello", "maya@example.com");
    for entry in &mut empty.entries {
        if let EntryKind::Message(message) = &mut entry.kind {
            message.text.clear();
        }
    }
    assert!(matches!(written(&empty), Err(NoLetter::Nothing)));
}
