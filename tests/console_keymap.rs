//! Presets, remaps, prefixes, the palette's line, the footer and the mouse, at a whole desk.

mod console_support;

use baton::console::app::state::{Focus, Overlay};
use baton::console::app::{Effect, Event, Gesture, Target, TimerId};
use console_support::{Desk, desk, id, three_waiting};

fn with(settings: &str) -> Desk {
    let mut stories = three_waiting();
    stories.extend(desk().stories.into_values().filter(|story| story.conversation.id == id(4)));
    Desk::set_up(100, 30, stories, settings)
}

fn vim() -> Desk {
    with("[keys]\npreset = \"vim\"\n")
}

fn gmail() -> Desk {
    with("[keys]\npreset = \"gmail\"\n")
}

fn footer(desk: &Desk) -> String {
    desk.screen().lines().last().unwrap_or_default().trim().to_owned()
}

#[test]
fn vim_fingers_find_their_way() {
    let mut desk = vim();
    desk.keys("G");
    let last = desk.state.list().selected();
    desk.keys("gg");
    assert_ne!(desk.state.list().selected(), last);
    desk.keys("gt");
    assert_eq!(desk.state.tab, 1);
    desk.keys("gT");
    assert_eq!(desk.state.tab, 0);
    desk.keys("2ihello<enter>");
    assert_eq!(desk.deeds(), ["message.send 4 \"hello\""]);
    desk.keys("<esc>dd");
    assert_eq!(desk.deeds().last().map(String::as_str), Some("resolve 4"));
    desk.keys("u");
    assert_eq!(desk.deeds().last().map(String::as_str), Some("reopen 4"));
}

#[test]
fn gmail_fingers_find_their_way() {
    let mut desk = gmail();
    desk.keys("o");
    assert_eq!(desk.state.focus, Focus::Conversation);
    desk.keys("u");
    assert_eq!(desk.state.focus, Focus::List);
    assert_eq!(desk.deeds(), Vec::<String>::new(), "opening claims nothing, u undoes nothing");
    desk.keys("gmoe");
    assert_eq!((desk.state.tab, desk.deeds().last().map(String::as_str)), (1, Some("resolve 4")));
    assert_eq!(desk.toast(), "Kim: resolved; z takes it back");
    desk.keys("z");
    assert_eq!(desk.deeds().last().map(String::as_str), Some("reopen 4"));
}

#[test]
fn a_prefix_can_be_cancelled_and_what_does_not_follow_says_so() {
    let mut desk = vim();
    desk.keys("d<esc>d");
    assert_eq!(desk.deeds(), Vec::<String>::new());
    assert!(desk.state.prefix.is_some(), "the second d begins anew");
    assert_eq!(footer(&desk), "d … Esc cancels");
    desk.keys("q");
    assert!(desk.state.prefix.is_none());
    assert_eq!(desk.toast(), "d q means nothing here");
    assert!(!desk.effects.contains(&Effect::Quit), "the q was no command");
    // Waiting changes nothing: the second key may come whenever it likes.
    desk.keys("2d");
    desk.advance(60_000);
    desk.keys("d");
    assert_eq!(desk.deeds(), ["resolve 4"]);
}

#[test]
fn whatever_else_happens_makes_a_prefix_void() {
    let mut desk = vim();
    desk.keys("2d");
    desk.event(Event::Paste("d".into()));
    desk.keys("d");
    assert_eq!(desk.deeds(), Vec::<String>::new());
    desk.mouse(Gesture::WheelDown, 2, 4);
    desk.keys("d");
    assert_eq!(desk.deeds(), Vec::<String>::new());
}

#[test]
fn a_prefix_in_the_composer_loses_no_character() {
    let mut desk = vim();
    desk.keys("2iab<ctrl-x>c");
    let text = desk.state.composing.as_ref().map(|c| c.editor.text());
    assert_eq!(text.as_deref(), Some("abc"));
    assert_eq!(desk.toast(), "Ctrl-X c means nothing here");
}

#[test]
fn a_burst_is_no_sequence_others_would_notice() {
    let mut desk = vim();
    desk.keys("2");
    desk.burst("jjjjdd");
    assert_eq!(desk.deeds(), Vec::<String>::new());
}

#[test]
fn what_may_follow_is_shown_to_whoever_waits() {
    let mut desk = vim();
    desk.keys("1g");
    assert!(desk.timers.contains_key(&TimerId::WhichKey));
    assert!(!desk.screen().contains("next tab"), "{}", desk.screen());
    desk.advance(300);
    let screen = desk.screen();
    assert!(screen.contains("g … Esc cancels") && screen.contains("t  next tab"), "{screen}");
    desk.keys("t");
    assert!(!desk.screen().contains("next tab"));
    assert_eq!(desk.state.tab, 1);
    // Whoever knows sees no box, and no timer is left behind.
    desk.keys("gt");
    assert!(!desk.timers.contains_key(&TimerId::WhichKey));
}

#[test]
fn the_box_says_why_not() {
    let mut desk = vim();
    desk.keys("1d");
    desk.client(baton::client::ClientEvent::Link(baton::client::Link::Down {
        retry_in_ms: 1_000,
        why: "gone".into(),
    }));
    desk.advance(300);
    let screen = desk.screen();
    assert!(screen.contains("not now: no link: this must wait for it; i and n work"), "{screen}");
}

#[test]
fn reasons_and_hints_name_the_keys_that_hold() {
    let mut desk = vim();
    desk.keys("5dd");
    assert!(
        desk.toast().starts_with("no conversation is selected: j and k move, g t changes"),
        "{}",
        desk.toast()
    );
    let mut desk = with("[keys.panes]\nreply = \"E\"\n");
    desk.keys("2a");
    assert_eq!(desk.toast(), "you hold it already: E replies");
    desk.keys("5");
    assert!(!footer(&desk).contains("r reply"), "{}", footer(&desk));
}

#[test]
fn the_footer_offers_what_is_likely_here() {
    let mut desk = desk();
    let line = footer(&desk);
    assert!(line.starts_with("a accept  Space peek  Enter open  r reply"), "{line}");
    assert!(line.ends_with("? help"), "{line}");
    desk.keys("2");
    let line = footer(&desk);
    assert!(line.starts_with("r reply") && line.contains("e resolve"), "{line}");
    desk.keys("r");
    assert!(footer(&desk).starts_with("Enter send  Esc keep draft"), "{}", footer(&desk));
    let mut desk = with("[keys.panes]\naccept = [\"T\", \"f2\"]\n");
    assert!(footer(&desk).starts_with("T accept"), "{}", footer(&desk));
    desk.keys("<f2>");
    assert_eq!(desk.deeds(), ["accept 1"]);
    for (w, h) in [(30, 8), (40, 12), (320, 50)] {
        let desk = Desk::with(w, h, true, three_waiting());
        assert!(footer(&desk).ends_with("? help"), "{}", footer(&desk));
    }
}

#[test]
fn the_palette_takes_a_line() {
    let mut desk = desk();
    desk.keys(":search page:/orders<enter>");
    assert_eq!(desk.deeds(), ["search page:/orders"]);
    assert!(matches!(desk.state.overlay, Some(Overlay::Search(_))));
    desk.keys("<esc>:q<enter>");
    assert!(matches!(desk.state.overlay, Some(Overlay::Confirm(_))), "one is held: it asks");
    let mut desk = self::desk();
    desk.keys("5<ctrl-k>snooze tomorrow 9");
    let screen = desk.screen();
    assert!(
        screen.contains("> Snooze: tomorrow 9") && screen.contains("not now: no conversation"),
        "{screen}"
    );
    desk.keys("<enter>");
    assert!(desk.toast().starts_with("no conversation is selected"), "{}", desk.toast());
    assert_eq!(desk.deeds().iter().filter(|op| !op.starts_with("list")).count(), 0);
}

#[test]
fn a_broken_file_opens_with_the_defaults_and_its_sentence_stays_until_a_key() {
    let mut desk = desk();
    desk.event(Event::ConfigBroken(baton::text::SafeText::literal("console.toml, line 3: no")));
    desk.advance(60_000);
    assert_eq!(desk.toast(), "console.toml, line 3: no");
    desk.keys("j");
    assert_eq!(desk.toast(), "");
}

#[test]
fn a_click_shows_and_never_claims() {
    let mut desk = desk();
    assert_eq!(desk.click("Omar"), Some(Target::Row(id(2))));
    assert_eq!(desk.state.list().selected(), Some(id(2)));
    assert_eq!(desk.state.open.as_ref().map(|open| open.id), Some(id(2)));
    assert_eq!(desk.state.focus, Focus::List, "the first click shows");
    desk.click("Omar");
    assert_eq!(desk.state.focus, Focus::Conversation, "the second opens");
    assert_eq!(desk.click("3 Assistant"), Some(Target::Tab(2)));
    assert_eq!((desk.state.tab, desk.state.focus), (2, Focus::List));
    assert_eq!(desk.deeds(), Vec::<String>::new());
}

#[test]
fn where_the_list_stands_alone_the_first_click_only_selects() {
    let mut desk = Desk::with(40, 12, true, three_waiting());
    desk.click("Omar");
    assert_eq!((desk.state.list().selected(), desk.state.open.is_none()), (Some(id(2)), true));
    desk.click("Omar");
    assert_eq!(desk.state.open.as_ref().map(|open| open.id), Some(id(2)));
}

#[test]
fn a_click_into_the_composer_goes_on_writing() {
    let mut desk = desk();
    desk.keys("2rhello");
    assert_eq!(desk.click("still there?"), Some(Target::Transcript));
    assert_eq!(desk.state.focus, Focus::Conversation);
    assert_eq!(desk.click("REPLY to"), Some(Target::Composer));
    desk.keys(" you");
    assert_eq!(desk.state.composing.as_ref().map(|c| c.editor.text()).as_deref(), Some("hello you"));
    // Another conversation: the words are kept as its draft.
    desk.keys("<esc>1");
    desk.click("Omar");
    assert_eq!(desk.state.draft(id(4), baton::client::DraftKind::Reply), Some("hello you"));
    assert_eq!(desk.deeds(), Vec::<String>::new(), "nothing is sent by a click");
}

#[test]
fn the_wheel_scrolls_what_it_is_over() {
    let mut story = three_waiting().remove(0);
    for n in 0..60 {
        story = story.visitor(200 - n, &format!("line {n}"));
    }
    let mut desk = Desk::with(100, 30, true, vec![story]);
    desk.keys("<space>");
    assert!(desk.screen().contains("line 59"));
    for _ in 0..5 {
        desk.mouse(Gesture::WheelUp, 70, 12);
    }
    assert!(!desk.screen().contains("line 59"), "{}", desk.screen());
    assert_eq!(desk.state.focus, Focus::List, "the focus stays");
    let stories = (1..40)
        .map(|n| {
            console_support::Story::new(n, &format!("V{n}."), "/", 500).visitor(400, "hi").queued(
                i64::try_from(399 - n).expect("small"),
                baton::conversation::Reason::Loop,
                "x",
            )
        })
        .collect();
    let mut desk = Desk::with(100, 30, true, stories);
    assert_eq!(desk.state.list().selected(), Some(id(1)));
    desk.mouse(Gesture::WheelDown, 3, 6);
    assert_eq!(
        (desk.state.list().top(), desk.state.list().selected()),
        (1, Some(id(2))),
        "the cursor stays in sight"
    );
    desk.mouse(Gesture::WheelUp, 3, 6);
    assert_eq!(
        (desk.state.list().top(), desk.state.list().selected()),
        (0, Some(id(2))),
        "and moves only if it must"
    );
    for _ in 0..200 {
        desk.mouse(Gesture::WheelDown, 3, 6);
    }
    assert!(desk.screen().contains("V39."), "{}", desk.screen());
}

#[test]
fn over_a_box_the_mouse_moves_its_cursor_and_carries_out_nothing() {
    let mut desk = desk();
    desk.keys("2:re");
    assert!(matches!(desk.click("Resolve, and on"), Some(Target::Choice(_))));
    assert_eq!(desk.deeds(), Vec::<String>::new());
    desk.mouse(Gesture::WheelDown, 50, 10);
    assert_eq!(desk.mouse(Gesture::Click, 0, 0), Some(Target::Over), "around it nothing is hit");
    assert_eq!(desk.state.tab, 1);
    assert!(desk.state.overlay.is_some());
    // What stood there before the box came is not hit either.
    desk.keys("<esc>");
    desk.event(Event::Mouse(baton::console::app::Mouse {
        gesture: Gesture::Click,
        x: 1,
        y: 1,
        on: Some(Target::Choice(3)),
    }));
    assert_eq!(desk.deeds(), Vec::<String>::new());
}

#[test]
fn the_mouse_is_freed_and_taken_back() {
    let mut desk = desk();
    desk.keys("M");
    assert!(desk.effects.contains(&Effect::Mouse(false)));
    assert!(desk.screen().contains("mouse free"), "{}", desk.screen());
    desk.keys("M");
    assert!(desk.effects.contains(&Effect::Mouse(true)));
    assert!(!desk.screen().contains("mouse free"));
    let mut desk = with("[looks]\nmouse = false\n");
    assert!(!desk.state.mouse && !desk.screen().contains("mouse free"));
    desk.keys("M");
    assert!(desk.screen().contains("mouse taken"), "{}", desk.screen());
}

#[test]
fn a_line_answers_what_its_command_would_ask() {
    for (line, deed) in [
        ("snooze tomorrow 9", "snooze 4 2026-03-03T09:00:00.000Z"),
        ("release wrong team", "release 4 \"wrong team\""),
        ("tag billing", "tag 4 +[\"billing\"] -[]"),
        ("priority high", "priority 4 high"),
        ("transfer Bo please call", "transfer 4 to 1001 \"please call\""),
        ("away 30m lunch", "availability false"),
    ] {
        let mut desk = desk();
        desk.keys(&format!("2:{line}<enter>"));
        let deeds = desk.deeds();
        assert_eq!(deeds, [deed], "{line}: {}", desk.toast());
        assert!(desk.state.overlay.is_none(), "{line}: {}", desk.screen());
    }
    // What cannot be taken stays as the question, with the reason.
    let mut desk = desk();
    desk.keys("2:snooze whenever<enter>");
    assert_eq!(desk.deeds(), Vec::<String>::new());
    assert!(matches!(desk.state.overlay, Some(Overlay::Prompt(_))), "{}", desk.screen());
    assert!(desk.screen().contains("whenever"));
}

#[test]
fn editing_keys_are_rows_of_the_table_and_the_agents_to_change() {
    let mut desk = with("[keys.composer]\nundo-typing = \"f6\"\ndelete-word = \"ctrl-b\"\n");
    desk.keys("2rone two<ctrl-b>");
    let text = |desk: &Desk| desk.state.composing.as_ref().map(|c| c.editor.text()).unwrap_or_default();
    assert_eq!(text(&desk), "one ");
    desk.keys("<ctrl-w><ctrl-7>");
    assert_eq!(text(&desk), "one ", "what was replaced is no key any more");
    desk.keys("<f6>");
    assert_eq!(text(&desk), "one two");
    let mut desk = with("");
    desk.keys("?undo");
    let screen = desk.screen();
    assert!(screen.contains("Ctrl-_") && screen.contains("undo the last step"), "{screen}");
}

#[test]
fn redo_has_a_key_that_every_terminal_sends() {
    let mut desk = with("");
    desk.keys("2rone two<ctrl-7>");
    let text = |desk: &Desk| desk.state.composing.as_ref().map(|c| c.editor.text()).unwrap_or_default();
    let undone = text(&desk);
    assert_ne!(undone, "one two");
    desk.keys("<ctrl-6>");
    assert_eq!(text(&desk), "one two");
}
