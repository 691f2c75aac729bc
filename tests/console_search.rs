//! Search: results while typing, operators, pages, the way to the message and back. Tables on the reducer, and screens.
#![allow(clippy::panic, reason = "a test fails that way")]

mod console_support;

use baton::client::{ClientEvent, Link};
use baton::console::app::Effect;
use baton::console::app::state::Focus;
use baton::conversation::{EntryKind, Reason};
use baton::protocol::{AgentOp, HistoryOk, SearchHit, SearchOk, WatchOk};
use console_support::{Desk, Story, id, three_waiting};

const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (40, 12)];

fn at_three_sizes(name: &str, build: impl Fn(u16, u16) -> Desk) {
    for (w, h) in SIZES {
        let desk = build(w, h);
        insta::assert_snapshot!(format!("{name}_{w}x{h}"), desk.screen_with_styles());
    }
}

/// The last request and its tag.
fn asked(desk: &Desk) -> (u64, AgentOp) {
    let request = desk.effects.iter().rev().find_map(|effect| match effect {
        Effect::Request { tag, op } => Some((*tag, op.clone())),
        _ => None,
    });
    request.expect("something was asked for")
}

fn answer(desk: &mut Desk, tag: u64, hits: Vec<SearchHit>, next: Option<&str>) {
    let ok = SearchOk { hits, next: next.map(str::to_owned) };
    desk.client(ClientEvent::Response { tag, result: Ok(serde_json::to_value(ok).expect("serializes")) });
}

fn hit(story: &Story, excerpt: &str) -> SearchHit {
    SearchHit { row: story.row(), excerpt: excerpt.into(), version: 2 }
}

fn searches(desk: &Desk) -> Vec<String> {
    desk.ops().into_iter().filter(|op| op.starts_with("search")).collect()
}

#[test]
fn it_asks_when_the_field_rests_and_keeps_what_was_found_until_the_answer() {
    let stories = three_waiting();
    let first = hit(&stories[0], "my order 4711");
    let mut desk = Desk::with(100, 30, true, stories.clone());
    desk.keys("/order");
    assert_eq!(searches(&desk), [""; 0], "not for every key");
    desk.advance(200);
    assert_eq!(searches(&desk), ["search order"]);
    let (tag, _) = asked(&desk);
    answer(&mut desk, tag, vec![first], None);
    assert!(desk.screen().contains("> Nina Kowalski · queued"), "{}", desk.screen());
    desk.keys("s");
    let screen = desk.screen();
    assert!(
        screen.contains("my order 4711") && !screen.contains("> Nina"),
        "dimmed, and not to be opened: {screen}"
    );
    desk.advance(200);
    // The answer to what does not stand in the field any more changes nothing.
    let (tag, _) = asked(&desk);
    desk.keys("x");
    answer(&mut desk, tag, vec![], None);
    assert!(desk.screen().contains("my order 4711"));
}

#[test]
fn operators_are_proposed_completed_and_checked_before_anybody_is_asked() {
    let mut desk = Desk::with(100, 30, true, three_waiting());
    desk.keys("/i");
    assert!(desk.screen().contains("is:"));
    desk.keys("<tab>");
    assert!(desk.screen().contains("is:queued  is:active  is:mine"), "{}", desk.screen());
    desk.keys("w<tab>refund -from:b<tab>");
    desk.advance(200);
    assert_eq!(searches(&desk), ["search is:waiting refund -from:Bo"]);
    desk.keys("<ctrl-u>is:qeued ");
    desk.advance(200);
    assert!(desk.screen().contains("did you mean `is:queued`?"), "{}", desk.screen());
    assert_eq!(searches(&desk).len(), 1, "what is wrong is not asked");
    desk.client(ClientEvent::Link(Link::Down { retry_in_ms: 1, why: "x".into() }));
    desk.keys("<ctrl-u>refund");
    desk.advance(200);
    assert!(desk.screen().contains("not connected; Enter tries again"), "{}", desk.screen());
}

#[test]
fn more_come_when_the_cursor_reaches_the_end() {
    let stories = three_waiting();
    let mut desk = Desk::with(100, 30, true, stories.clone());
    desk.keys("/order");
    desk.advance(200);
    let (tag, _) = asked(&desk);
    answer(&mut desk, tag, vec![hit(&stories[0], "one"), hit(&stories[1], "two")], Some("k1"));
    desk.keys("<down>");
    let (tag, op) = asked(&desk);
    assert!(matches!(op, AgentOp::Search(arg) if arg.cursor.as_deref() == Some("k1")));
    desk.keys("<down><down>");
    assert_eq!(searches(&desk).len(), 2, "one page at a time");
    // The second page repeats one that moved meanwhile: it stands once.
    answer(&mut desk, tag, vec![hit(&stories[1], "two"), hit(&stories[2], "three")], None);
    let screen = desk.screen();
    assert_eq!((screen.matches("two").count(), screen.matches("three").count()), (1, 1), "{screen}");
}

/// A conversation of 600 messages, of which a watch brings the last 100.
fn long() -> Story {
    let mut story = Story::new(1, "Nina Kowalski", "/orders", 9_000);
    for n in 0..600 {
        story = story.visitor(8_000 - n, &format!("message {n}"));
    }
    story.queued(250, Reason::Loop, "goes in circles")
}

#[test]
fn enter_opens_it_at_the_message_and_esc_comes_back() {
    let story = long();
    let mut stories = three_waiting();
    stories[0] = story.clone();
    let mut desk = Desk::with(100, 30, true, stories);
    desk.keys("j<space>");
    desk.agreeable = false;
    desk.keys("/message<enter>");
    let (tag, _) = asked(&desk);
    let sought = story
        .transcript
        .entries
        .iter()
        .find(|entry| matches!(&entry.kind, EntryKind::Message(message) if message.text == "message 42"));
    let version = sought.expect("said").version;
    let found = SearchHit { row: story.row(), excerpt: "message 42".into(), version };
    answer(&mut desk, tag, vec![found], None);
    desk.keys("<enter>");
    let watch = desk.effects.iter().rev().find_map(|effect| match effect {
        Effect::Watch { tag, .. } => Some(*tag),
        _ => None,
    });
    let mut ok: WatchOk = serde_json::from_value(story.watch_ok()).expect("an answer");
    let older = ok.entries.drain(..500).collect::<Vec<_>>();
    ok.more = true;
    let result = Ok(serde_json::to_value(ok).expect("serializes"));
    desk.client(ClientEvent::Response { tag: watch.expect("watched"), result });
    let (tag, op) = asked(&desk);
    let AgentOp::History(arg) = op else { panic!("what is older is fetched: {op:?}") };
    assert_eq!(arg.before, Some(older[499].version + 1));
    let result = Ok(serde_json::to_value(HistoryOk { entries: older, more: false }).expect("serializes"));
    desk.client(ClientEvent::Response { tag, result });
    let screen = desk.screen();
    assert!(screen.contains("message 42 ") || screen.contains("message 42\n"), "{screen}");
    assert_eq!(desk.state.open.as_ref().and_then(|open| open.transcript.cursor()), Some(version));
    desk.keys("<esc>");
    assert_eq!(desk.state.open.as_ref().map(|open| open.id), Some(id(2)), "where one was");
    assert_eq!(desk.state.focus, Focus::List);
    // The query is kept: Up brings it back with what it found.
    desk.keys("/");
    assert!(!desk.screen().contains("message 42"));
    desk.keys("<up>");
    assert!(desk.screen().contains("> Nina Kowalski"), "{}", desk.screen());
}

#[test]
fn a_server_that_never_gets_there_is_asked_so_often_and_no_more() {
    let story = long();
    let mut desk = Desk::with(100, 30, true, vec![story.clone()]);
    desk.agreeable = false;
    desk.keys("/message<enter>");
    let (tag, _) = asked(&desk);
    let found = SearchHit { row: story.row(), excerpt: "message".into(), version: 1 };
    answer(&mut desk, tag, vec![found], None);
    desk.keys("<enter>");
    let watch = desk.effects.iter().rev().find_map(|effect| match effect {
        Effect::Watch { tag, .. } => Some(*tag),
        _ => None,
    });
    let mut ok: WatchOk = serde_json::from_value(story.watch_ok()).expect("an answer");
    ok.entries.drain(..500);
    ok.more = true;
    let result = Ok(serde_json::to_value(ok).expect("serializes"));
    desk.client(ClientEvent::Response { tag: watch.expect("watched"), result });
    for _ in 0..100 {
        let (tag, op) = asked(&desk);
        assert!(matches!(op, AgentOp::History(_)));
        let empty = HistoryOk { entries: Vec::new(), more: true };
        let result = Ok(serde_json::to_value(empty).expect("serializes"));
        desk.client(ClientEvent::Response { tag, result });
    }
    assert_eq!(desk.ops().iter().filter(|op| op.starts_with("history")).count(), 20);
    assert!(desk.toast().contains("further up"), "{}", desk.toast());
}

#[test]
fn results_with_operators() {
    at_three_sizes("search_results", |w, h| {
        let stories = three_waiting();
        let hits = stories.iter().map(|story| hit(story, "… my order 4711 never arrived …")).collect();
        let mut desk = Desk::with(w, h, true, stories);
        desk.keys("/order is:open");
        desk.advance(200);
        let (tag, _) = asked(&desk);
        answer(&mut desk, tag, hits, Some("k"));
        desk.keys("<down>");
        desk
    });
}

#[test]
fn proposals_over_what_was_found_before() {
    at_three_sizes("search_proposals", |w, h| {
        let stories = three_waiting();
        let hits = stories.iter().map(|story| hit(story, "… my order 4711 never arrived …")).collect();
        let mut desk = Desk::with(w, h, true, stories);
        desk.keys("/order");
        desk.advance(200);
        let (tag, _) = asked(&desk);
        answer(&mut desk, tag, hits, None);
        desk.keys(" is:");
        desk
    });
}
