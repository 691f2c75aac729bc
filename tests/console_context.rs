//! The context panel and the reasons: what they say, how far they scroll, when they wake the console, and screens.

mod console_support;

use baton::client::ClientEvent;
use baton::console::app::next_tick;
use baton::conversation::{
    Author, Device, Event as Happened, Hit, Message, Page, Priority, Reason, TurnOutcome,
};
use baton::protocol::{AgentEph, WatchOk};
use console_support::{Desk, NOW, Story, bo, id, me, three_waiting};

const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (40, 12)];

fn at_three_sizes(name: &str, build: impl Fn(u16, u16) -> Desk) {
    for (w, h) in SIZES {
        let desk = build(w, h);
        insta::assert_snapshot!(format!("{name}_{w}x{h}"), desk.screen_with_styles());
    }
}

/// Nina, of whom everything is known.
fn known() -> Story {
    let page = |path: &str, title: &str| Page {
        url: format!("https://shop.example{path}"),
        title: Some(title.into()),
        referrer: (path == "/").then(|| "https://search.example/?q=shop".to_owned()),
    };
    let device = Device {
        locale: Some("de-CH".into()),
        time_zone: Some("Europe/Zurich".into()),
        user_agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".into()),
    };
    let mut story = Story::new(1, "Nina Kowalski", "/", 900)
        .then(899, Happened::DeviceTold { device })
        .then(700, Happened::PageVisited { page: page("/help", "Help") })
        .then(650, Happened::PageVisited { page: page("/orders/4711", "Your orders") })
        .visitor(640, "Hello, my order 4711 never arrived.")
        .assistant(630, "You can follow a parcel under Orders, then Track.")
        .visitor(600, "Can I talk to a person please?")
        .queued(590, Reason::HumanRequested, "Order 4711 never arrived, wants a refund")
        .then(500, Happened::Tagged { by: bo(), added: vec!["refund".into(), "vip".into()], removed: vec![] })
        .then(490, Happened::Prioritised { by: bo(), priority: Priority::Urgent })
        .then(130, Happened::PageVisited { page: page("/pricing", "Prices") });
    if let Some(handoff) = &mut story.conversation.handoff {
        handoff.hits = vec![
            Hit { title: "Following a parcel".into(), url: "/docs/parcels".into(), score: 612 },
            Hit { title: "Refunds".into(), url: "/docs/refunds".into(), score: 377 },
        ];
        handoff.withheld = Some("Refunds take five working days. You find the form under Orders.".into());
    }
    story
}

/// A desk where Nina is in the queue, was here before, and left.
fn with_nina(w: u16, h: u16) -> Desk {
    let mut stories = three_waiting();
    stories[0] = known();
    let mut desk = Desk::with(w, h, true, stories);
    desk.agreeable = false;
    desk.keys("<enter>");
    let watch = desk.effects.iter().rev().find_map(|effect| match effect {
        baton::console::app::Effect::Watch { tag, .. } => Some(*tag),
        _ => None,
    });
    let mut ok: WatchOk = serde_json::from_value(desk.stories[&id(1)].watch_ok()).expect("a watch's answer");
    let before = Story::new(9, "Nina Kowalski", "/", 200_000)
        .visitor(199_000, "I want to change my address")
        .resolved(180_000, bo());
    ok.earlier = vec![before.row()];
    desk.stories.insert(id(9), before);
    let result = Ok(serde_json::to_value(ok).expect("serializes"));
    desk.client(ClientEvent::Response { tag: watch.expect("it was watched"), result });
    let since = Some(NOW.plus_ms(-120_000));
    desk.client(ClientEvent::Eph(AgentEph::Presence { conversation: id(1), online: false, since }));
    desk.agreeable = true;
    desk
}

#[test]
fn everything_known_of_a_visitor_is_there() {
    let desk = with_nina(170, 60);
    let screen = desk.screen();
    for words in [
        "URGENT",
        "refund, vip",
        "https://shop.example/pricing",
        "left 2m ago on /pricing",
        "Mon 15:30 there · Europe/Zurich",
        "speaks de-CH",
        "Firefox 140 · Linux",
        "14:19 /orders/4711",
        "14:15 /",
        "EARLIER: E opens",
        "2d ago, resolved",
    ] {
        assert!(screen.contains(words), "{words}:\n{screen}");
    }
}

#[test]
fn the_panel_scrolls_to_its_ends_and_no_further() {
    let mut desk = with_nina(120, 20);
    let top = desk.screen();
    assert!(top.contains(" more: J"), "{top}");
    desk.keys("K");
    assert_eq!(desk.state.panel_top, 0);
    desk.keys("JJJJJJJJJJJJJJJJJJJJJJJJJJ");
    let end = desk.state.panel_top;
    assert!(end > 5 && desk.screen().contains("I want to change my"), "{}", desk.screen());
    desk.keys("J");
    assert_eq!(desk.state.panel_top, end);
    desk.keys("K");
    assert_eq!(desk.state.panel_top, end - 3);
    // Another conversation begins at its top again.
    desk.keys("hj<enter>");
    assert_eq!(desk.state.panel_top, 0);
    // Over the transcript j and k move it too, and Esc takes it away before it leaves.
    let mut desk = with_nina(40, 12);
    desk.keys("sjj");
    assert!(desk.state.card_over && desk.state.panel_top == 2);
    desk.keys("<esc>");
    assert!(!desk.state.card_over && desk.state.panel_top == 2);
}

#[test]
fn the_visitors_clock_wakes_the_console_at_the_minute_and_only_while_it_shows() {
    let mut story = known();
    story.conversation.queued_at = None;
    story.conversation.waiting_since = None;
    let story = story.resolved(20, me());
    let open = |w: u16| {
        let mut desk = Desk::with(w, 40, true, vec![story.clone()]);
        let row = story.row_event();
        desk.client(row);
        desk.keys("5<enter>");
        desk.advance(20_000);
        desk
    };
    let mut desk = open(120);
    assert!(desk.screen().contains("there · Europe"), "{}", desk.screen());
    let ms = next_tick(&desk.state).expect("a clock shows");
    let before = desk.screen();
    desk.advance(ms - 1);
    assert_eq!(desk.screen(), before);
    desk.advance(1);
    assert_ne!(desk.screen(), before, "the minute has come");
    assert_eq!(next_tick(&desk.state), Some(60_000));
    assert_eq!(next_tick(&open(80).state), None, "no panel, no clock");
}

#[test]
fn a_zone_nobody_knows_is_shown_as_told() {
    let mut story = known();
    let device = Device { time_zone: Some("Mars/\u{1b}[2JOlympus".into()), locale: None, user_agent: None };
    story = story.then(5, Happened::DeviceTold { device });
    let mut desk = Desk::with(140, 60, true, vec![story]);
    desk.keys("<enter>");
    assert!(desk.screen().contains("time zone Mars/"), "{}", desk.screen());
}

#[test]
fn an_earlier_conversation_opens_and_esc_comes_back() {
    let mut desk = with_nina(120, 40);
    desk.keys("E<enter>");
    assert_eq!(desk.state.open.as_ref().map(|open| open.id), Some(id(9)));
    assert!(desk.screen().contains("I want to change my address"));
    desk.keys("<esc>");
    assert_eq!(desk.state.open.as_ref().map(|open| open.id), Some(id(1)));
    assert_eq!(desk.state.focus, baton::console::app::state::Focus::Conversation);
    desk.keys("<esc>");
    assert_eq!(desk.state.focus, baton::console::app::state::Focus::List);
    let mut desk = Desk::with(120, 40, true, three_waiting());
    desk.keys("<enter>E");
    assert_eq!(desk.toast(), "this visitor has no earlier conversations");
}

#[test]
fn why_tells_trigger_evidence_hits_and_the_answer_not_given() {
    let mut desk = with_nina(120, 40);
    desk.keys("W");
    let screen = desk.screen();
    for words in [
        "asked for a person",
        "- asked for a person in words",
        "0.612  Following a parcel",
        "/docs/parcels",
        "0.377  Refunds",
        "* Refunds take five working days.",
        "answers of the assistant  1",
        "requests for a person     1",
    ] {
        assert!(screen.contains(words), "{words}:\n{screen}");
    }
    desk.keys("<f4>");
    assert!(!desk.screen().contains("EVIDENCE"), "the same key takes it away");
    desk.keys("<f4>W");
    assert!(!desk.screen().contains("EVIDENCE"));
}

#[test]
fn why_tells_of_the_last_turn_where_no_person_was_asked_for() {
    let mut story = Story::new(2, "Omar", "/login", 300).visitor(290, "How do I log in?");
    if let Happened::MessagePosted(message) = story.message(Author::Assistant, "With your e-mail address.") {
        let turn = message.turn.map(|turn| baton::conversation::AssistantTurn {
            decision: Some("clarify".into()),
            outcome: TurnOutcome::Failed,
            offered: true,
            hits: vec![Hit { title: "Logging in".into(), url: "/docs/login".into(), score: 123 }],
            evidence: vec!["best hit below the floor".into()],
            ..turn
        });
        story = story.then(280, Happened::MessagePosted(Message { turn, ..message }));
    }
    let mut desk = Desk::with(120, 40, true, vec![story, Story::new(3, "Lea", "/", 20).visitor(10, "hi")]);
    desk.keys("3GW");
    let screen = desk.screen();
    for words in [
        "No person was asked for.",
        "could not answer",
        "decided  clarify",
        "offered a person",
        "0.123",
        "below the floor",
    ] {
        assert!(screen.contains(words), "{words}:\n{screen}");
    }
    desk.keys("<esc>gW");
    assert!(desk.screen().contains("has not answered here yet"), "{}", desk.screen());
    // Also in the resolved tab, and where nothing is selected.
    let mut desk = Desk::with(80, 24, true, vec![]);
    desk.keys("W");
    assert!(desk.toast().starts_with("no conversation is selected"));
    let story = known().accepted(100, me()).resolved(20, me());
    let row = story.row_event();
    let mut desk = Desk::with(80, 24, true, vec![story]);
    desk.client(row);
    desk.keys("5WG");
    assert!(desk.screen().contains("It is resolved: these begin anew."), "{}", desk.screen());
}

#[test]
fn the_context_of_a_visitor() {
    at_three_sizes("context", |w, h| {
        let mut desk = with_nina(w, h);
        if w < 118 {
            desk.keys("s");
        }
        desk
    });
}

#[test]
fn the_context_further_down() {
    at_three_sizes("context_down", |w, h| {
        let mut desk = with_nina(w, h);
        if w < 118 {
            desk.keys("s");
        }
        desk.keys("JJJJ");
        desk
    });
}

#[test]
fn why_a_person_is_needed() {
    at_three_sizes("why", |w, h| {
        let mut desk = with_nina(w, h);
        desk.keys("W");
        desk
    });
}
