//! The whole console on a test terminal, at three sizes, with styles: every visible change updates a snapshot.

mod console_support;

use baton::client::{ClientEvent, Link};
use baton::console::ui::{Glyphs, Look, is_outside};
use baton::conversation::Reason;
use baton::protocol::{AgentEph, SearchHit, SearchOk};
use console_support::{Desk, Story, bo, id, me, three_waiting};
use ratatui::style::Color;

const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (40, 12)];

/// Builds a desk of each size and keeps what it shows.
fn at_three_sizes(name: &str, build: impl Fn(u16, u16) -> Desk) {
    for (w, h) in SIZES {
        let desk = build(w, h);
        insta::assert_snapshot!(format!("{name}_{w}x{h}"), desk.screen_with_styles());
        in_ascii(&desk);
        without_colour(&desk);
    }
}

/// With the ASCII signs no cell of our own is above U+007E, nothing else changes, and text from outside is as it was.
fn in_ascii(desk: &Desk) {
    let full = desk.cells(Look::default());
    let plain = desk.cells(Look { glyphs: Glyphs::Ascii, ..Look::default() });
    for (old, new) in full.content().iter().zip(plain.content()) {
        if is_outside(new) || old.symbol().is_ascii() {
            assert_eq!(old, new);
        } else {
            assert!(new.symbol().bytes().all(|b| (b' '..=b'~').contains(&b)), "{:?}", new.symbol());
            assert_eq!(new.symbol().len(), 1);
        }
    }
}

/// `NO_COLOR` takes the colours and leaves every character.
fn without_colour(desk: &Desk) {
    let full = desk.cells(Look::default());
    let plain = desk.cells(Look { colour: false, ..Look::default() });
    for (old, new) in full.content().iter().zip(plain.content()) {
        assert_eq!(old.symbol(), new.symbol());
        assert_eq!((new.fg, new.bg), (Color::Reset, Color::Reset));
    }
}

fn talk() -> Story {
    Story::new(1, "Nina Kowalski", "/orders/4711", 900)
        .visitor(890, "Hello, my order 4711 never arrived. It should have come last Tuesday, and the tracking page shows nothing at all.")
        .assistant(880, "You can follow a parcel under Orders, then Track.\nIt shows each station.")
        .visitor(600, "I tried that.\n\nCan I talk to a person please?")
        .queued(590, Reason::HumanRequested, "Order 4711 never arrived, wants a refund")
        .accepted(300, me())
        .agent(290, me(), "Hello Nina, let me look at order 4711.")
        .note(280, bo(), "She called yesterday too, parcel is stuck at the depot.")
        .visitor(40, "Thank you 👩‍💻 你好")
}

#[test]
fn queue_with_three_waiting() {
    at_three_sizes("queue", |w, h| {
        let mut desk = Desk::with(w, h, true, three_waiting());
        desk.state.status_note = Some(baton::text::SafeText::literal("demo page http://127.0.0.1:4000/"));
        desk
    });
}

#[test]
fn open_conversation() {
    at_three_sizes("conversation", |w, h| {
        let mut stories = three_waiting();
        stories[0] = talk();
        let mut desk = Desk::with(w, h, true, stories);
        desk.keys("2<enter>");
        desk.client(ClientEvent::Eph(AgentEph::Typing {
            conversation: id(1),
            who: "visitor".into(),
            name: None,
            on: true,
        }));
        desk.client(ClientEvent::Eph(AgentEph::Viewing { conversation: id(1), names: vec!["Bo".into()] }));
        desk
    });
}

#[test]
fn accepted_and_not_answered_yet() {
    at_three_sizes("accepted", |w, h| {
        let mut desk = Desk::with(w, h, true, three_waiting());
        desk.keys("a");
        desk.advance(20_000);
        desk
    });
}

#[test]
fn composer_reply_that_takes_over() {
    at_three_sizes("reply", |w, h| {
        let mut desk = Desk::with(w, h, true, three_waiting());
        desk.keys(
            "rDear Nina, I am looking at your order now and will be back in a moment.<ctrl-j>Second line",
        );
        desk
    });
}

#[test]
fn composer_note() {
    at_three_sizes("note", |w, h| {
        let mut desk = Desk::with(w, h, true, three_waiting());
        desk.keys("ncheck with the depot first");
        desk
    });
}

#[test]
fn a_reply_on_its_way() {
    at_three_sizes("queued", |w, h| {
        let mut stories = three_waiting();
        stories[0] = talk();
        let mut desk = Desk::with(w, h, true, stories);
        desk.keys("2r");
        desk.client(ClientEvent::Link(Link::Down { retry_in_ms: 1_000, why: "connection reset".into() }));
        desk.keys("I will call you back<enter>");
        desk.client(ClientEvent::OutboxState { waiting: 1, oldest_ms: 5 });
        desk
    });
}

#[test]
fn help() {
    at_three_sizes("help", |w, h| {
        let mut desk = Desk::with(w, h, true, three_waiting());
        desk.keys("?");
        desk
    });
}

#[test]
fn palette() {
    at_three_sizes("palette", |w, h| {
        let mut desk = Desk::with(w, h, true, three_waiting());
        desk.keys("<ctrl-k>re");
        desk
    });
}

#[test]
fn which_key() {
    at_three_sizes("which_key", |w, h| {
        let mut desk = Desk::set_up(w, h, three_waiting(), "[keys]\npreset = \"gmail\"\n");
        desk.keys("g");
        desk.advance(300);
        desk
    });
}

#[test]
fn which_key_with_reasons() {
    at_three_sizes("which_key_reasons", |w, h| {
        let mut desk = Desk::set_up(w, h, three_waiting(), "[keys]\npreset = \"vim\"\n");
        desk.keys("5d");
        desk.advance(300);
        desk
    });
}

#[test]
fn a_line_in_the_palette() {
    at_three_sizes("palette_line", |w, h| {
        let mut desk = Desk::with(w, h, true, three_waiting());
        desk.keys(":snooze tomorrow 9");
        desk
    });
}

#[test]
fn search() {
    at_three_sizes("search", |w, h| {
        let stories = three_waiting();
        let hits = stories
            .iter()
            .map(|s| SearchHit {
                row: s.row(),
                excerpt: "… my order 4711 never arrived …".into(),
                version: 2,
            })
            .collect();
        let mut desk = Desk::with(w, h, true, stories);
        desk.keys("/order 4711<enter>");
        let tag = desk
            .effects
            .iter()
            .rev()
            .find_map(|effect| match effect {
                baton::console::app::Effect::Request { tag, .. } => Some(*tag),
                _ => None,
            })
            .expect("a search was asked for");
        let result = Ok(serde_json::to_value(SearchOk { hits, next: None }).expect("serializes"));
        desk.client(ClientEvent::Response { tag, result });
        desk
    });
}

#[test]
fn away() {
    at_three_sizes("away", |w, h| Desk::with(w, h, false, three_waiting()));
}

#[test]
fn disconnected() {
    at_three_sizes("disconnected", |w, h| {
        let mut desk = Desk::with(w, h, true, three_waiting());
        desk.client(ClientEvent::Link(Link::Down { retry_in_ms: 1_000, why: "connection refused".into() }));
        desk.keys("a");
        desk
    });
}

#[test]
fn leaving_with_a_conversation() {
    at_three_sizes("leave", |w, h| {
        let mut stories = three_waiting();
        stories[0] = talk();
        let mut desk = Desk::with(w, h, true, stories);
        desk.keys("q");
        desk
    });
}

#[test]
fn too_small() {
    let desk = Desk::with(29, 8, true, three_waiting());
    insta::assert_snapshot!("too_small_29x8", desk.screen());
    let desk = Desk::with(30, 8, true, three_waiting());
    insta::assert_snapshot!("smallest_30x8", desk.screen());
}
