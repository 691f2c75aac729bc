//! Copying, opening, the bare view and the pipe. Tables on the reducer, and screens.
#![allow(clippy::panic, reason = "a test fails that way")]

mod console_support;

use baton::client::ClientEvent;
use baton::console::app::{Effect, Event};
use baton::conversation::Reason;
use baton::protocol::{AgentOp, HistoryOk};
use baton::text::SafeText;
use console_support::{Desk, Story, bo, id, me, three_waiting};

const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (40, 12)];

fn at_three_sizes(name: &str, build: impl Fn(u16, u16) -> Desk) {
    for (w, h) in SIZES {
        let desk = build(w, h);
        insta::assert_snapshot!(format!("{name}_{w}x{h}"), desk.screen_with_styles());
    }
}

fn talk() -> Story {
    Story::new(1, "Nina Kowalski", "/orders/4711", 900)
        .visitor(
            890,
            "My order 4711 never arrived, see https://shop.example/track?id=4711 and https://аррӏе.example/",
        )
        .assistant(880, "You can follow a parcel under Orders.")
        .visitor(600, "I tried\u{1b}]52;c;eA==\u{7} that. Can I talk to a person?")
        .queued(590, Reason::HumanRequested, "Order 4711 never arrived")
        .accepted(300, me())
        .agent(290, me(), "Let me look.")
        .note(280, bo(), "She called yesterday too.")
}

fn talking(w: u16, h: u16) -> Desk {
    let mut stories = three_waiting();
    stories[0] = talk();
    let mut desk = Desk::with(w, h, true, stories);
    desk.keys("2<enter>");
    desk
}

fn copied(desk: &Desk) -> Option<String> {
    desk.effects.iter().rev().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.to_string()),
        _ => None,
    })
}

#[test]
fn the_visitors_last_message_is_copied_cleaned_and_the_words_promise_nothing_more() {
    let mut desk = talking(100, 30);
    desk.keys("y");
    assert_eq!(copied(&desk).as_deref(), Some("I tried␛]52;c;eA==␇ that. Can I talk to a person?"));
    assert_eq!(desk.toast(), "sent to the terminal: 49 characters (2 changed)");
    let mut desk = Desk::with(100, 30, true, three_waiting());
    desk.keys("y");
    assert_eq!(copied(&desk), None);
    assert!(desk.toast().starts_with("nothing to copy"));
}

#[test]
fn the_message_cursor_goes_over_what_was_said_and_takes_the_view_along() {
    let mut desk = talking(100, 30);
    let mut said = Vec::new();
    for _ in 0..7 {
        desk.keys("{y");
        said.push(copied(&desk).unwrap_or_default());
    }
    let starts: Vec<&str> =
        said.iter().map(|text| text.split_whitespace().next().unwrap_or_default()).collect();
    assert_eq!(starts, ["Bo:", "Let", "I", "You", "My", "My", "My"], "markers are not said by anybody");
    desk.keys("}y");
    assert!(copied(&desk).is_some_and(|text| text.starts_with("You can")));
    desk.keys("}}}}y");
    assert!(
        copied(&desk).is_some_and(|text| text.starts_with("I tried")),
        "below the last nothing is chosen"
    );
    // In a small view the chosen one is always in sight.
    let mut desk = talking(40, 12);
    for keys in ["{", "{", "{", "{", "{", "}", "}", "}"] {
        desk.keys(keys);
        let open = desk.state.open.as_ref().expect("open");
        let cursor = open.transcript.cursor().expect("chosen");
        let said = open.transcript.entries().iter().find(|said| said.version == cursor).expect("there");
        let first = said.text.as_str().split_whitespace().next().expect("words");
        assert!(desk.screen().contains(first), "{keys} {first}:\n{}", desk.screen());
    }
}

#[test]
fn what_is_too_long_for_a_terminal_is_not_sent() {
    let mut desk =
        Desk::with(100, 30, true, vec![Story::new(1, "N", "/", 9).visitor(8, &"x ".repeat(40_000))]);
    desk.keys("3<enter>y");
    assert_eq!(copied(&desk), None);
    assert!(desk.toast().starts_with("too long for a terminal's clipboard: v shows it"), "{}", desk.toast());
}

#[test]
fn pages_links_and_facts_are_copied_through_a_choice() {
    let mut desk = talking(100, 30);
    desk.keys("Ypage<enter>");
    assert_eq!(copied(&desk).as_deref(), Some("https://shop.example/orders/4711"));
    desk.keys("Yfact<enter>");
    assert_eq!(copied(&desk).as_deref(), Some("4711"));
}

#[test]
fn a_link_is_shown_as_parsed_and_opened_only_after_that() {
    let mut desk = talking(100, 30);
    desk.keys("o");
    let screen = desk.screen();
    assert!(screen.contains("xn--80ak6aa92e.example  ! other script · "), "{screen}");
    desk.keys("track<enter>");
    let opens =
        |desk: &Desk| desk.effects.iter().filter(|effect| matches!(effect, Effect::OpenLink(_))).count();
    assert!(desk.screen().contains("https://shop.example/track?id=4711") && opens(&desk) == 0);
    desk.keys("<esc>");
    assert_eq!(opens(&desk), 0);
    desk.keys("oxn<enter>");
    assert!(desk.screen().contains("look-alike letters?"), "{}", desk.screen());
    desk.keys("y");
    let address = SafeText::literal("https://xn--80ak6aa92e.example/");
    assert!(desk.effects.contains(&Effect::OpenLink(address.clone())));
    desk.event(Event::NotOpened { address, why: SafeText::literal("no opener is set") });
    assert_eq!(copied(&desk).as_deref(), Some("https://xn--80ak6aa92e.example/"));
    assert!(desk.toast().starts_with("no opener is set; the address was sent"));
    desk.keys("oxn<enter>c");
    assert_eq!(opens(&desk), 1, "copied only");
    let mut desk = Desk::with(100, 30, true, vec![]);
    desk.keys("o");
    assert!(desk.toast().starts_with("there is no link here"));
}

#[test]
fn the_bare_view_frees_the_mouse_and_gives_it_back() {
    let mut desk = talking(60, 12);
    desk.keys("v");
    let screen = desk.screen();
    assert!(screen.contains("Bo: She called yesterday too.") && !screen.contains('│'), "{screen}");
    assert!(desk.effects.contains(&Effect::Mouse(false)));
    desk.keys("g");
    assert!(desk.screen().starts_with("visitor:\nMy order 4711 never arrived, see"), "{}", desk.screen());
    desk.keys("kae");
    assert_eq!(desk.deeds(), [""; 0], "no key of the panes counts");
    desk.keys("G<esc>");
    assert_eq!(desk.effects.last(), Some(&Effect::Mouse(true)));
    assert!(desk.screen().contains("│") || desk.screen().contains("you"));
    desk.keys("vq");
    assert!(desk.state.bare.is_none());
}

/// Answers a request for history from a story, so many entries at a time.
fn page(desk: &mut Desk, story: &Story, most: usize) {
    let request = desk.effects.iter().rev().find_map(|effect| match effect {
        Effect::Request { tag, op: AgentOp::History(arg) } => Some((*tag, arg.before)),
        _ => None,
    });
    let (tag, before) = request.expect("what is older is asked for");
    let older =
        story.transcript.entries.iter().filter(|entry| before.is_none_or(|before| entry.version < before));
    let older: Vec<_> = older.cloned().collect();
    let cut = older.len().saturating_sub(most);
    let ok = HistoryOk { entries: older[cut..].to_vec(), more: cut > 0 };
    desk.client(ClientEvent::Response { tag, result: Ok(serde_json::to_value(ok).expect("serializes")) });
}

fn piped(desk: &Desk) -> Option<(Vec<String>, String)> {
    desk.effects.iter().rev().find_map(|effect| match effect {
        Effect::Pipe { argv, text } => Some((argv.clone(), text.clone())),
        _ => None,
    })
}

#[test]
fn the_whole_thread_goes_to_a_program_as_markdown() {
    let mut desk = talking(100, 30);
    desk.agreeable = false;
    desk.keys("|less '-R x'<enter>");
    assert_eq!(piped(&desk), None, "not before all of it is there");
    let story = desk.stories[&id(1)].clone();
    while piped(&desk).is_none() {
        page(&mut desk, &story, 3);
    }
    let (argv, text) = piped(&desk).expect("piped");
    assert_eq!(argv, ["less", "-R x"]);
    let places: Vec<_> =
        ["never arrived, see", "follow a parcel", "talk to a person", "Let me look", "She called yesterday"]
            .map(|words| text.find(words).unwrap_or_else(|| panic!("{words} is missing: {text}")))
            .into();
    assert!(places.is_sorted(), "in order: {text}");
    assert!(!text.contains('\u{1b}'));
    desk.event(Event::Piped { program: "less".into(), how: Ok(Some(0)) });
    assert_eq!(desk.toast(), "less has ended well");
    desk.event(Event::Piped { program: "less".into(), how: Ok(Some(3)) });
    assert_eq!(desk.toast(), "less has ended with 3");
    // What was typed is remembered.
    desk.keys("|<up>");
    assert!(desk.screen().contains("less '-R x'"), "{}", desk.screen());
}

#[test]
fn nothing_is_piped_by_halves() {
    let mut desk = talking(100, 30);
    desk.agreeable = false;
    desk.keys("|less 'x<enter>");
    assert!(desk.screen().contains("every quote closed"), "{}", desk.screen());
    desk.keys("<esc>|less<enter>");
    let request = desk.effects.iter().rev().find_map(|effect| match effect {
        Effect::Request { tag, op: AgentOp::History(_) } => Some(*tag),
        _ => None,
    });
    desk.refuse(request.expect("asked"), "it is gone");
    assert!(desk.toast().contains("nothing was piped: it is gone"), "{}", desk.toast());
    assert_eq!(piped(&desk), None);
    // A server that answers the same page for ever.
    desk.keys("|less<enter>");
    let story = desk.stories[&id(1)].clone();
    for _ in 0..3 {
        let request = desk.effects.iter().rev().find_map(|effect| match effect {
            Effect::Request { tag, op: AgentOp::History(_) } => Some(*tag),
            _ => None,
        });
        let ok = HistoryOk { entries: story.transcript.entries[2..4].to_vec(), more: true };
        let result = Ok(serde_json::to_value(ok).expect("serializes"));
        desk.client(ClientEvent::Response { tag: request.expect("asked"), result });
    }
    assert!(desk.toast().contains("goes in circles"), "{}", desk.toast());
    assert_eq!(piped(&desk), None);
}

#[test]
fn a_chosen_message() {
    at_three_sizes("copying_chosen", |w, h| {
        let mut desk = talking(w, h);
        desk.keys("{{{");
        desk
    });
}

#[test]
fn the_links_to_choose_from_and_the_question() {
    at_three_sizes("copying_links", |w, h| {
        let mut desk = talking(w, h);
        desk.keys("o");
        desk
    });
    at_three_sizes("copying_link", |w, h| {
        let mut desk = talking(w, h);
        desk.keys("oxn<enter>");
        desk
    });
}

#[test]
fn the_bare_view() {
    at_three_sizes("copying_bare", |w, h| {
        let mut desk = talking(w, h);
        desk.keys("v");
        desk
    });
}
