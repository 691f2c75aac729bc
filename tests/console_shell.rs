//! Frames and bytes: a burst takes few frames, an idle console writes nothing, and what is written are our own sequences.

mod console_support;

use std::num::NonZero;

use baton::client::{ClientEvent, Link};
use baton::console::app::transcript::KEPT;
use baton::console::app::{Event, Now, State, Title, next_tick};
use baton::console::shell::{FRAME_MS, Shell};
use baton::console::term::Screen;
use baton::console::ui::Look;
use baton::conversation::{Author, Reason};
use baton::protocol::AgentEph;
use console_support::{Desk, NOW, Story, id, me, three_waiting};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use uuid::Uuid;

const LOOK: Look = Look::FULL;

fn now(mono: u64) -> Now {
    let wall = NOW.plus_ms(i64::try_from(mono).expect("a test is short"));
    Now { wall, mono, fresh: Uuid::from_u128(u128::from(mono) + 1) }
}

/// The state of a desk with Kim's conversation open.
fn open() -> (State, Story) {
    let story = Story::new(4, "Kim", "/", 400)
        .visitor(390, "hello?")
        .queued(380, Reason::HumanRequested, "says hello")
        .accepted(300, me())
        .agent(290, me(), "Hi Kim");
    let mut desk = Desk::with(80, 24, true, vec![story.clone()]);
    desk.keys("2<enter>");
    (desk.state, story)
}

#[test]
fn a_burst_of_a_thousand_events_takes_at_most_ten_frames() {
    let (state, mut story) = open();
    let mut shell = Shell::new(state, Terminal::new(TestBackend::new(80, 24)).expect("in memory"), LOOK);
    shell.draw_if_due(0).expect("in memory");
    let before = shell.frames();
    // As fast as one core takes them in: 20 a millisecond, each asking for a frame.
    for n in 0..1_000_u64 {
        let event = story.message(Author::Visitor, &format!("message {n}"));
        let mono = 20_000 + n / 20;
        shell.event(Event::Client(story.event(0, &event)), now(mono));
        shell.draw_if_due(mono).expect("in memory");
    }
    let last = 20_000 + 1_000 / 20 + FRAME_MS;
    shell.draw_if_due(last).expect("in memory");
    assert!(shell.frames() - before <= 10, "{} frames", shell.frames() - before);
    assert_eq!(shell.frame_in(last), None, "and the last one shows the end");
    let screen = shell.terminal.backend().to_string();
    assert!(screen.contains("message 999"), "{screen}");
}

#[test]
fn an_idle_console_writes_nothing_and_wakes_for_nothing() {
    let (state, _) = open();
    let screen = Screen::new(Vec::new(), || Ok((80, 24)));
    let mut shell = Shell::new(state, Terminal::new(screen).expect("in memory"), LOOK);
    assert!(shell.draw_if_due(100_000).expect("in memory"));
    assert_eq!(shell.frame_in(200_000), None, "nothing changed: no frame is due");
    assert_eq!(next_tick(&shell.state), None, "no clock is on screen");
    // What passes by elsewhere costs a look at the state, and not a byte.
    let written = shell.terminal.backend().out().len();
    let typing = AgentEph::Typing { conversation: id(77), who: "visitor".into(), name: None, on: true };
    let presence = AgentEph::Presence { conversation: id(77), online: true, since: None };
    for (n, eph) in [typing, presence].into_iter().enumerate() {
        let mono = 200_000 + 100 * u64::try_from(n).expect("two");
        shell.event(Event::Client(ClientEvent::Eph(eph)), now(mono));
        shell.event(Event::Focus(n == 0), now(mono));
        shell.draw_if_due(mono).expect("in memory");
    }
    assert_eq!(shell.terminal.backend().out().len(), written);
}

#[test]
fn with_a_clock_on_screen_it_wakes_exactly_when_the_clock_changes() {
    let mut desk = Desk::with(80, 24, true, three_waiting());
    let mut wakes = 0;
    let mut screen = desk.screen();
    let until = desk.mono + 600_000;
    while let Some(ms) = next_tick(&desk.state) {
        assert!(ms > 0);
        if desk.mono + ms > until {
            break;
        }
        desk.advance(ms - 1);
        assert_eq!(desk.screen(), screen, "nothing changed before it was due");
        desk.advance(1);
        let after = desk.screen();
        assert_ne!(after, screen, "a wake shows something new");
        screen = after;
        wakes += 1;
    }
    assert!((20..=45).contains(&wakes), "three clocks for ten minutes: {wakes} wakes");
}

#[test]
fn keys_are_shown_at_once_whatever_the_link_does() {
    let (state, _) = open();
    let mut shell = Shell::new(state, Terminal::new(TestBackend::new(80, 24)).expect("in memory"), LOOK);
    let down = Link::Down { retry_in_ms: 60_000, why: "no route".into() };
    shell.event(Event::Client(ClientEvent::Link(down)), now(10_000));
    for (n, key) in console_support::keys("rhello").into_iter().enumerate() {
        let mono = 20_000 + 50 * u64::try_from(n).expect("few");
        shell.event(Event::Key(key), now(mono));
        assert!(shell.draw_if_due(mono).expect("in memory"), "a frame for each key, at once");
    }
    assert!(shell.terminal.backend().to_string().contains("< hello"));
}

#[test]
fn a_hundred_thousand_messages_are_bounded() {
    let (mut state, mut story) = open();
    for n in 0..100_000_u64 {
        let event = story.message(Author::Visitor, "one more");
        story.transcript.entries.clear();
        let report = story.event(0, &event);
        baton::console::app::update(&mut state, Event::Client(report), now(20_000 + n));
    }
    let open = state.open.as_ref().expect("open");
    assert_eq!(open.transcript.entries().len(), KEPT);
    assert!(open.transcript.more(), "the rest is fetched by history");
    let mut shell = Shell::new(state, Terminal::new(TestBackend::new(80, 24)).expect("in memory"), LOOK);
    assert!(shell.draw_if_due(200_000).expect("in memory"));
}

#[test]
fn the_bytes_are_our_own_sequences_only() {
    let mut hostile = three_waiting();
    hostile.push(
        Story::new(5, "Eve\u{1b}]0;title\u{7}\u{9b}31m\u{202e}", "/\u{1b}[2J", 60)
            .visitor(
                50,
                "\u{1b}]52;c;Zm9v\u{7}\u{1b}[?1000h\r\u{8}\u{85} 👨\u{200d}👩\u{200d}👧 e\u{301}\u{301}",
            )
            .queued(40, Reason::HumanRequested, "\u{1b}Pq\u{1b}\\ \u{2066}x"),
    );
    let mut desk = Desk::with(80, 24, true, hostile);
    desk.keys("G<enter>");
    let screen = Screen::new(Vec::new(), || Ok((80, 24)));
    let mut shell = Shell::new(desk.state, Terminal::new(screen).expect("in memory"), LOOK);
    shell.draw_if_due(100_000).expect("in memory");
    shell.terminal.backend_mut().title(Title { waiting: 4, mine: 1 }).expect("in memory");
    shell.terminal.backend_mut().ring().expect("in memory");
    let bytes = String::from_utf8(shell.terminal.backend().out().clone()).expect("UTF-8");
    assert_eq!(foreign(&bytes), None);
    let size = |n| NonZero::new(n).expect("not zero");
    let mut parser = vt100::Parser::new(size(24), size(80), 0);
    parser.process(bytes.as_bytes());
    assert!(parser.screen().contents().contains("REPLY") || parser.screen().contents().contains("Eve"));
}

/// The first thing in the stream that is none of ours.
fn foreign(bytes: &str) -> Option<String> {
    let mut rest = bytes;
    while let Some(at) = rest.find(|c: char| c.is_control()) {
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix('\u{7}') {
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix("\u{1b}]2;baton: 4 waiting, 1 to answer\u{1b}\\") {
            rest = after;
            continue;
        }
        let csi = rest.strip_prefix("\u{1b}[").and_then(|csi| {
            let end = csi.find(|c: char| c.is_ascii_alphabetic())?;
            let (body, last) = (&csi[..end], csi.as_bytes()[end]);
            let ours = match last {
                b'H' | b'm' => body.bytes().all(|b| b.is_ascii_digit() || b == b';'),
                b'J' => body == "2",
                b'l' | b'h' => body == "?25",
                _ => false,
            };
            ours.then(|| &csi[end + 1..])
        });
        match csi {
            Some(after) => rest = after,
            None => return Some(rest.chars().take(20).collect()),
        }
    }
    None
}
