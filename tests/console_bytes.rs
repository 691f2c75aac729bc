//! The byte stream of the console, through a terminal emulator: at every width, whatever is said, through storms of resizing.
//!
//! The oracle knows nothing of how drawing works. It hears what the emulator hears, remembers which cells each link (OSC 8) covers,
//! and asks of each link that our own rendering of its address stands on them.

#![allow(clippy::panic, reason = "a test fails that way")]

mod console_support;

use std::num::NonZero;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use baton::client::ClientEvent;
use baton::console::app::{Event, Now};
use baton::console::shell::Shell;
use baton::console::term::Screen;
use baton::console::ui::Look;
use baton::conversation::{Page, Reason};
use console_support::{Desk, NOW, Story, me, three_waiting};
use ratatui::Terminal;
use uuid::Uuid;

/// What the emulator was told beside cells and styles.
#[derive(Default)]
struct Ear {
    /// The link that is begun: its address and where.
    begun: Option<(String, (u16, u16))>,
    /// Addresses, and the row and columns each covers.
    links: Vec<(String, u16, u16, u16)>,
    strange: Vec<String>,
}

impl vt100::Callbacks for Ear {
    fn unhandled_osc(&mut self, screen: &mut vt100::Screen, params: &[&[u8]]) {
        let Some(([b"8", b""], address)) = params.split_at_checked(2) else {
            return self.strange.push(format!("OSC {params:?}"));
        };
        let address = String::from_utf8(address.join(&b';')).expect("ASCII");
        let at = screen.cursor_position();
        if let Some((open, (row, from))) = self.begun.take() {
            // The cursor stands behind the last cell, or still on it at the right edge.
            self.links.push((open, row, from, if at.0 == row { at.1 } else { u16::MAX }));
        }
        self.begun = (!address.is_empty()).then_some((address, at));
    }
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.strange.push("bell".into());
    }
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.strange.push(format!("title {title:?}"));
    }
    fn set_window_icon_name(&mut self, _: &mut vt100::Screen, name: &[u8]) {
        self.strange.push(format!("icon {name:?}"));
    }
    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], _: &[u8]) {
        self.strange.push("clipboard".into());
    }
    fn paste_from_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8]) {
        self.strange.push("clipboard read".into());
    }
    fn unhandled_control(&mut self, _: &mut vt100::Screen, byte: u8) {
        self.strange.push(format!("control {byte:#x}"));
    }
    fn unhandled_char(&mut self, _: &mut vt100::Screen, c: char) {
        self.strange.push(format!("character {c:?}"));
    }
    fn unhandled_escape(&mut self, _: &mut vt100::Screen, a: Option<u8>, b: Option<u8>, c: u8) {
        // The end of an OSC sequence.
        if (a, b, c) != (None, None, b'\\') {
            self.strange.push(format!("ESC {a:?} {b:?} {c:?}"));
        }
    }
    fn unhandled_csi(&mut self, _: &mut vt100::Screen, a: Option<u8>, b: Option<u8>, p: &[&[u16]], c: char) {
        self.strange.push(format!("CSI {a:?} {b:?} {p:?} {c:?}"));
    }
}

/// The size the screens of these tests have, columns and rows; each test runs in a thread of its own.
fn parser(w: u16, h: u16) -> vt100::Parser<Ear> {
    let cells = |n| NonZero::new(n).expect("not zero");
    vt100::Parser::new_with_callbacks(cells(h), cells(w), 0, Ear::default())
}

fn now(mono: u64) -> Now {
    let wall = NOW.plus_ms(i64::try_from(mono).expect("a test is short"));
    Now { wall, mono, fresh: Uuid::from_u128(u128::from(mono) + 1) }
}

const WIDTHS: [u16; 4] = [40, 80, 120, 320];

fn size_of(w: u16) -> baton::console::term::SizeOf {
    match w {
        40 => || Ok((40, 30)),
        80 => || Ok((80, 30)),
        120 => || Ok((120, 30)),
        _ => || Ok((320, 30)),
    }
}

/// A frame of this desk, heard by the emulator.
fn heard(desk: Desk, look: Look) -> vt100::Parser<Ear> {
    let (w, h) = desk.state.size;
    let terminal = Terminal::new(Screen::new(Vec::new(), size_of(w))).expect("in memory");
    let mut shell = Shell::telling(desk.state, terminal, look, Screen::links);
    shell.draw_if_due(100_000).expect("in memory");
    let mut parser = parser(w, h);
    parser.process(shell.terminal.backend().out());
    parser
}

/// What stands on the cells of each link.
fn covered(parser: &vt100::Parser<Ear>) -> Vec<(String, String)> {
    let ear = parser.callbacks();
    assert!(ear.begun.is_none(), "a link is never left open");
    let words = |row: u16, from: u16, to: u16| {
        let to = to.min(parser.screen().size().1.get());
        (from..to).filter_map(|col| parser.screen().cell(row, col)).map(vt100::Cell::contents).collect()
    };
    ear.links.iter().map(|(address, row, from, to)| (address.clone(), words(*row, *from, *to))).collect()
}

/// Our own rendering of an address: host, then what follows it; or the address itself, wrapped.
#[track_caller]
fn assert_ours(address: &str, shown: &str) {
    assert!(address.bytes().all(|b| b.is_ascii_graphic()), "{address:?}");
    let rest = ["https://", "http://", "mailto:"].into_iter().find_map(|scheme| address.strip_prefix(scheme));
    let rest = rest.unwrap_or_else(|| panic!("{address:?} has a scheme that is not opened"));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = if address.starts_with("mailto:") { host.split('@').nth(1).unwrap_or_default() } else { host };
    let shown = shown.trim_end();
    assert!(!shown.is_empty(), "{address:?} lies behind nothing");
    let begins = shown.starts_with(host) || host.starts_with(shown.trim_end_matches('…')) && shown.len() > 4;
    assert!(begins || address.contains(shown), "{shown:?} stands before {address:?}");
}

const PAGE: &str = "https://shop.example/orders/4711?from=mail";

fn linked() -> Story {
    let mut story = Story::new(1, "Nina", "/", 500)
        .visitor(490, "see https://shop.example/orders/4711 and http://аррӏе.example:8080/login now")
        .visitor(
            480,
            "https://a.example/1 https://a.example/1 https://b.example/?q=ü;x HTTPS://C.example mailto:me@d.example https://e.example/",
        )
        .queued(400, Reason::HumanRequested, "wants https://never.example/linked")
        .accepted(300, me())
        .agent(290, me(), "look at [the page](https://f.example/docs)");
    story.conversation.page = Some(Page { url: PAGE.into(), ..Page::default() });
    if let Some(handoff) = &mut story.conversation.handoff {
        handoff.page = story.conversation.page.clone();
    }
    story
}

#[test]
fn links_lead_from_our_own_lines_only() {
    let mut desk = Desk::with(120, 30, true, vec![linked()]);
    desk.keys("2<enter>");
    let parser = heard(desk, Look::FULL);
    assert_eq!(parser.callbacks().strange, Vec::<String>::new());
    let found = covered(&parser);
    for (address, shown) in &found {
        assert_ours(address, shown);
    }
    let mut lines: Vec<(&str, &str)> =
        found.iter().map(|(address, shown)| (address.as_str(), shown.trim_end())).collect();
    lines.retain(|(address, _)| *address != PAGE);
    assert_eq!(
        lines,
        [
            ("https://shop.example/orders/4711", "shop.example › /orders/4711"),
            ("http://xn--80ak6aa92e.example:8080/login", "xn--80ak6aa92e.example:8080 › /…"),
            ("https://a.example/1", "a.example › /1"),
            ("https://b.example/?q=%C3%BC;x", "b.example › /?q=%C3%BC;x"),
            ("https://c.example", "c.example"),
            ("https://f.example/docs", "f.example › /docs"),
        ]
    );
    let screen = parser.screen().contents();
    assert!(screen.contains("↗ +2 more: o"), "{screen}");
    let page: String =
        found.iter().filter(|(address, _)| address == PAGE).map(|(_, s)| s.trim_end()).collect();
    assert_eq!(page, PAGE, "the page's address, wrapped, in the context panel");
}

#[test]
fn links_can_be_switched_off() {
    let mut desk = Desk::with(120, 30, true, vec![linked()]);
    desk.keys("2<enter>");
    let parser = heard(desk, Look { links: false, ..Look::FULL });
    assert_eq!(covered(&parser), []);
    assert!(parser.screen().contents().contains("↗ shop.example › /orders/4711"));
}

/// Two addresses that look alike as far as they are shown.
#[test]
fn a_link_that_changes_behind_the_same_words_is_told() {
    let long = |end: &str| format!("https://shop.example/{}{end}", "x".repeat(200));
    let story = |end: &str| Story::new(1, "Nina", "/", 500).visitor(490, &long(end));
    let desk = |end: &str| {
        let mut desk = Desk::with(80, 30, true, vec![story(end)]);
        desk.keys("3<enter>");
        desk
    };
    let terminal = Terminal::new(Screen::new(Vec::new(), size_of(80))).expect("in memory");
    let mut shell = Shell::telling(desk("1").state, terminal, Look::FULL, Screen::links);
    shell.draw_if_due(100_000).expect("in memory");
    shell.state = desk("2").state;
    shell.event(Event::Tick, now(200_000));
    shell.draw_if_due(200_000).expect("in memory");
    let mut parser = parser(80, 30);
    parser.process(shell.terminal.backend().out());
    let addresses: Vec<String> = covered(&parser).into_iter().map(|(address, _)| address).collect();
    assert!(addresses.first() == Some(&long("1")) && addresses.last() == Some(&long("2")), "{addresses:?}");
}

/// Every payload in body, name, page and card, at four widths.
#[test]
fn whatever_is_said_the_stream_is_ours_at_every_width() {
    let payloads: Vec<String> = include_str!("hostile/terminal.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .filter_map(|value| value["payload"].as_str().map(str::to_owned))
        .collect();
    assert!(payloads.len() > 200);
    for w in WIDTHS {
        for batch in payloads.chunks(6) {
            let mut story = Story::new(1, &batch[0], "/", 500);
            for payload in batch {
                story = story.visitor(490, payload);
            }
            story = story.queued(250, Reason::HumanRequested, &batch[batch.len() - 1]);
            let url = format!("https://shop.example/{}", batch[0]);
            story.conversation.page = Some(Page { url, title: Some(batch[0].clone()), referrer: None });
            let mut desk =
                Desk::with(w, 30, true, vec![story, Story::new(2, "Omar", "/", 90).visitor(80, "hi")]);
            desk.keys("1<enter>");
            let parser = heard(desk, Look::FULL);
            assert_eq!(parser.callbacks().strange, Vec::<String>::new(), "{w}: {batch:?}");
            for (address, shown) in covered(&parser) {
                assert_ours(&address, &shown);
            }
            let last = parser.screen().rows(0, w).last().unwrap_or_default();
            assert!(last.contains("? help"), "{w}: {last:?}");
        }
    }
}

static STORM: AtomicU32 = AtomicU32::new(80 << 16 | 24);

fn storm() -> (u16, u16) {
    let packed = STORM.load(Relaxed);
    (u16::try_from(packed >> 16).expect("fits"), u16::try_from(packed & 0xffff).expect("fits"))
}

/// Sizes that come and go between frames, also such as nothing can be drawn in; the terminal may have another size than the last
/// event said. In the end the screen is that of a console that was never resized.
#[test]
fn a_storm_of_resizing_ends_in_a_whole_screen() {
    let mut stories = three_waiting();
    stories.push(linked());
    stories.swap_remove(0);
    let mut desk = Desk::with(80, 24, true, stories);
    desk.keys("2<enter>r");
    let kept = desk.state.open.as_ref().map(|open| open.id);
    let terminal = Terminal::new(Screen::new(Vec::new(), || Ok(storm()))).expect("in memory");
    let mut shell = Shell::telling(desk.state, terminal, Look::FULL, Screen::links);
    let mut emulator = parser(80, 24);
    let mut written = 0;
    let (mut x, mut mono) = (7_u32, 100_000);
    for round in 0..300 {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (w, h) = if round == 299 { (120, 30) } else { (x >> 8 & 0x1ff, x >> 20 & 0x3f) };
        let (w, h) = (w.clamp(1, 320), h.clamp(1, 60));
        STORM.store(w << 16 | h, Relaxed);
        let (width, height) = storm();
        emulator
            .screen_mut()
            .set_size(NonZero::new(height).expect("not 0"), NonZero::new(width).expect("not 0"));
        // The signal may come late, or not at all for a size that is gone already.
        if round % 3 != 0 || round == 299 {
            shell.event(Event::Resize { width, height }, now(mono));
        } else {
            shell.event(Event::Client(ClientEvent::OutboxState { waiting: round, oldest_ms: 5 }), now(mono));
        }
        mono += 20;
        shell.draw_if_due(mono).expect("in memory");
        let out = shell.terminal.backend().out();
        emulator.process(&out[written..]);
        written = out.len();
    }
    assert_eq!(shell.state.open.as_ref().map(|open| open.id), kept);
    assert_eq!(emulator.callbacks().strange, Vec::<String>::new());
    let terminal = Terminal::new(Screen::new(Vec::new(), size_of(120))).expect("in memory");
    let mut fresh = Shell::telling(shell.state, terminal, Look::FULL, Screen::links);
    fresh.draw_if_due(mono).expect("in memory");
    let mut once = parser(120, 30);
    once.process(fresh.terminal.backend().out());
    assert_eq!(emulator.screen().contents(), once.screen().contents());
    assert_eq!(emulator.screen().cursor_position(), once.screen().cursor_position());
}
