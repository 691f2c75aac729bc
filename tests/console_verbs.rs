//! The verbs, key by key: what they ask for, what they say, and why they refuse.

mod console_support;

use baton::client::{ClientEvent, DraftKind, Link};
use baton::console::app::state::{Confirm, Focus, Overlay};
use baton::console::app::{Effect, HELLO_HELD_MS};
use baton::conversation::{Event as Happened, Reason, Tab};
use console_support::{Desk, Story, bo, desk, id, me, three_waiting};

#[test]
fn accept_takes_the_selected_one_and_opens_it() {
    let mut desk = desk();
    desk.keys("ja");
    assert_eq!(desk.deeds(), ["accept 2"]);
    assert_eq!(desk.state.open.as_ref().map(|o| o.id), Some(id(2)));
    assert!(desk.toast().starts_with("Omar: yours; the assistant is silent"), "{}", desk.toast());
    assert_eq!(desk.state.list().selected(), Some(id(2)), "the row stays, as a ghost");
}

#[test]
fn accept_takes_over_what_the_assistant_has() {
    let mut stories = three_waiting();
    stories.push(Story::new(9, "Lea", "/", 90).visitor(80, "how do I pay?").assistant(79, "By card."));
    let mut desk = Desk::with(100, 30, true, stories);
    desk.keys("3a");
    assert_eq!(desk.deeds(), ["take_over 9"]);
}

#[test]
fn the_loser_of_an_accept_learns_who_won() {
    let mut desk = desk();
    desk.agreeable = false;
    desk.keys("a");
    let tag = desk.effects.iter().find_map(|e| match e {
        Effect::Request { tag, .. } => Some(*tag),
        _ => None,
    });
    let watch = desk.effects.iter().find_map(|e| match e {
        Effect::Watch { tag, .. } => Some(*tag),
        _ => None,
    });
    let result = Ok(desk.stories[&id(1)].watch_ok());
    desk.client(ClientEvent::Response { tag: watch.expect("it is opened"), result });
    desk.happens(id(1), 0, &Happened::Accepted { agent: bo() });
    desk.refuse(tag.expect("an accept was asked for"), "taken by Bo");
    assert_eq!(desk.toast(), "taken by Bo");
    desk.keys("<esc>r");
    assert!(desk.toast().starts_with("Bo holds it: n leaves them a note"), "{}", desk.toast());
    assert!(desk.screen().contains("taken by Bo"), "the ghost says so\n{}", desk.screen());
}

#[test]
fn what_cannot_be_done_says_why_and_names_the_key_that_helps() {
    for (keys, reason) in [
        ("b", "the assistant"),
        ("R", "it is not resolved: a accepts it, r replies"),
        ("H", "hello is for a conversation you hold: a accepts it"),
        ("2H", "you have answered already: r replies"),
        ("2a", "you hold it already: r replies"),
        ("u", "nothing to undo"),
        ("5e", "no conversation is selected: j and k move"),
        ("%", "that key does nothing here: ? shows the keys"),
    ] {
        let mut desk = desk();
        if keys == "b" {
            let mut only =
                Desk::with(100, 30, true, vec![Story::new(9, "Lea", "/", 90).visitor(80, "how do I pay?")]);
            only.keys("3b");
            assert!(only.toast().starts_with(reason), "{}", only.toast());
            continue;
        }
        desk.keys(keys);
        assert!(desk.toast().starts_with(reason), "{keys}: {}", desk.toast());
        assert!(desk.deeds().iter().all(|d| d.starts_with("list")), "{keys}");
    }
}

#[test]
fn reasons_fit_two_rows_of_the_narrowest_screen() {
    // Every reason a command can give, in many states: 2 rows of 37 cells hold 70 at the least.
    let mut seen = 0;
    let mut states = vec![desk(), Desk::silent(80, 24), Desk::with(80, 24, false, Vec::new())];
    let mut offline = desk();
    offline.client(ClientEvent::Link(Link::Down { retry_in_ms: 1, why: "x".into() }));
    states.push(offline);
    let mut stopped = desk();
    stopped.client(ClientEvent::Fatal("revoked".into()));
    states.push(stopped);
    for keys in ["2", "3", "5", "2<enter>", "2r", "2e", "2b"] {
        let mut desk = desk();
        desk.keys(keys);
        states.push(desk);
    }
    for desk in &states {
        for spec in baton::console::app::command::COMMANDS {
            if let Err(reason) = (spec.availability)(&desk.state) {
                let reason = desk.state.words(reason);
                let reason = reason.as_str();
                assert!(reason.len() <= 70, "{} bytes: {reason}", reason.len());
                seen += 1;
            }
        }
    }
    assert!(seen > 50);
}

#[test]
fn composing_on_an_unheld_conversation_says_that_sending_takes_over() {
    let mut desk = desk();
    desk.keys("r");
    assert!(desk.screen().contains("REPLY to Nina Kowalski · sending takes over"), "{}", desk.screen());
    desk.keys("hi<enter>");
    assert_eq!(desk.deeds(), ["message.send 1 \"hi\""]);
}

#[test]
fn hello_is_held_and_can_be_recalled() {
    let mut desk = desk();
    desk.keys("aH");
    assert!(desk.screen().contains("held 3s u"), "{}", desk.screen());
    desk.keys("u");
    desk.advance(HELLO_HELD_MS * 2);
    assert_eq!(desk.deeds(), ["accept 1"]);
    assert!(desk.toast().is_empty() || desk.toast().starts_with("hello recalled"));
    desk.keys("H");
    desk.advance(HELLO_HELD_MS);
    assert!(desk.deeds()[1].starts_with("message.send 1 \"Hello! I am reading"), "{:?}", desk.deeds());
}

#[test]
fn a_hello_does_not_go_to_a_conversation_that_moved_on() {
    let mut desk = desk();
    desk.keys("aH");
    desk.happens(id(1), 0, &Happened::HandedBack { by: me() });
    desk.advance(HELLO_HELD_MS);
    assert_eq!(desk.deeds(), ["accept 1"]);
    assert!(desk.toast().starts_with("the hello was not sent"), "{}", desk.toast());
}

#[test]
fn resolve_and_undo() {
    let mut desk = desk();
    desk.keys("2e");
    assert_eq!(desk.toast(), "Kim: resolved; u takes it back");
    assert!(desk.screen().contains("resolved"), "{}", desk.screen());
    desk.keys("u");
    assert_eq!(desk.deeds(), ["resolve 4", "reopen 4"]);
    desk.keys("u");
    assert!(desk.toast().starts_with("nothing to undo"), "once is once");
}

#[test]
fn reopen_from_the_resolved_tab() {
    let done = Story::new(7, "Zoe", "/", 9_000)
        .visitor(8_000, "thanks")
        .queued(7_900, Reason::HumanRequested, "a")
        .accepted(7_800, me())
        .resolved(5_000, me());
    let mut desk = Desk::with(100, 30, true, three_waiting());
    desk.stories.insert(id(7), done.clone());
    desk.keys("5");
    assert_eq!(desk.deeds(), ["list resolved"]);
    let tag = desk.effects.iter().find_map(|e| match e {
        Effect::Request { tag, .. } => Some(*tag),
        _ => None,
    });
    let ok = serde_json::json!({"rows": [done.row()], "as_of": 1, "server_time": console_support::NOW});
    desk.client(ClientEvent::Response { tag: tag.expect("asked"), result: Ok(ok) });
    assert!(desk.screen().contains("Zoe"));
    desk.keys("r");
    assert_eq!(desk.toast(), "it is resolved: R reopens it");
    desk.keys("R");
    assert_eq!(desk.deeds()[1..], ["reopen 7"]);
    assert_eq!(desk.state.count(Tab::Mine), 1);
}

#[test]
fn quitting_asks_while_one_holds_conversations() {
    let mut desk = desk();
    desk.keys("q");
    assert_eq!(desk.state.overlay, Some(Overlay::Confirm(Confirm::Quit)));
    desk.keys("x<enter><esc>");
    assert!(desk.state.overlay.is_none() && !desk.effects.contains(&Effect::Quit));
    desk.keys("qy");
    assert!(desk.effects.contains(&Effect::Quit));
    let mut free = Desk::with(100, 30, true, three_waiting());
    free.keys("q");
    assert!(free.effects.contains(&Effect::Quit));
}

#[test]
fn availability_is_toggled_and_the_banner_follows() {
    let mut desk = Desk::with(80, 24, false, three_waiting());
    assert!(desk.screen().contains("You are Away, 3 waiting: ~"));
    desk.keys("~");
    assert_eq!(desk.deeds(), ["availability true"]);
    assert!(!desk.screen().contains("You are Away"));
}

#[test]
fn new_handoffs_ring_and_set_the_title_only_when_available() {
    for available in [true, false] {
        let mut desk = Desk::with(80, 24, available, three_waiting());
        let mut new = Story::new(8, "Eve \u{7}\u{1b}]0;gotcha", "/", 10).visitor(9, "hi");
        desk.client(new.row_event());
        assert!(!desk.effects.contains(&Effect::Bell), "with the assistant: no alert");
        new = new.queued(0, Reason::HumanRequested, "x");
        desk.client(new.row_event());
        assert_eq!(desk.effects.contains(&Effect::Bell), available);
        let titles: Vec<String> = desk
            .effects
            .iter()
            .filter_map(|e| match e {
                Effect::SetTitle(title) => Some(title.words()),
                _ => None,
            })
            .collect();
        assert_eq!(titles, ["baton: 4 waiting"]);
        desk.effects.clear();
        desk.client(new.visitor(0, "hello?").row_event());
        assert!(desk.effects.is_empty(), "once a handoff, not once a row: {:?}", desk.effects);
    }
}

#[test]
fn typing_is_told_at_most_every_three_seconds_and_its_end_too() {
    let mut desk = desk();
    desk.keys("2r");
    for _ in 0..50 {
        desk.keys("x"); // 120 ms each
    }
    assert_eq!(desk.ops().iter().filter(|op| *op == "typing 4 true").count(), 2);
    desk.advance(6_000);
    assert_eq!(desk.ops().last().map(String::as_str), Some("typing 4 false"));
    let mut note = console_support::desk();
    note.keys("2nabc");
    assert!(note.ops().is_empty(), "a note is nobody's typing");
}

#[test]
fn the_reply_timer_is_in_sight_and_typing_postpones_it() {
    let mut desk = desk();
    desk.keys("a");
    assert!(desk.screen().contains("answer within 60s"), "{}", desk.screen());
    desk.advance(61_000);
    assert!(desk.screen().contains("! no answer yet: back to the queue in 2m"), "{}", desk.screen());
    desk.keys("rx");
    assert!(desk.screen().contains("answer within 60s"), "{}", desk.screen());
}

#[test]
fn drafts_are_kept_by_conversation_and_kind() {
    let mut desk = desk();
    desk.keys("rfor Nina<esc><esc>jrfor Omar<esc><esc>knnote on Nina<esc><esc>");
    assert_eq!(desk.state.draft(id(1), DraftKind::Reply), Some("for Nina"));
    assert_eq!(desk.state.draft(id(2), DraftKind::Reply), Some("for Omar"));
    assert_eq!(desk.state.draft(id(1), DraftKind::Note), Some("note on Nina"));
    let last = desk.effects.iter().rev().find_map(|e| match e {
        Effect::SaveDraft { conversation, text, .. } => Some((*conversation, text.clone())),
        _ => None,
    });
    assert_eq!(last, Some((id(1), "note on Nina".into())));
    assert!(desk.screen().contains("draft"));
}

#[test]
fn switching_tabs_from_the_composer_is_typing_not_switching() {
    let mut desk = desk();
    desk.keys("r1234e");
    assert_eq!(desk.state.focus, Focus::Composer);
    assert_eq!(desk.state.draft(id(1), DraftKind::Reply), Some("1234e"));
}

#[test]
fn the_palette_and_the_help_carry_out() {
    let mut desk = desk();
    desk.keys("<ctrl-k>accept<enter>");
    assert_eq!(desk.deeds(), ["accept 1"]);
    desk.keys("<esc>?resolved<down><down>");
    assert!(matches!(desk.state.overlay, Some(Overlay::Help(_))));
    desk.keys("<esc>:reopen<enter>");
    assert!(desk.toast().starts_with("it is not resolved"), "a disabled command explains itself");
}

#[test]
fn without_a_link_words_are_kept_and_verbs_wait() {
    let mut desk = desk();
    desk.client(ClientEvent::Link(Link::Down { retry_in_ms: 1, why: "x".into() }));
    desk.keys("a");
    assert!(desk.toast().starts_with("no link: this must wait"), "{}", desk.toast());
    desk.keys("2rhello<enter>");
    assert_eq!(desk.deeds(), ["message.send 4 \"hello\""]);
    assert!(desk.screen().contains("queued"), "{}", desk.screen());
}

#[test]
fn an_old_outbox_entry_asks_first() {
    let mut desk = desk();
    let cid = baton::conversation::Cid(uuid::Uuid::from_u128(5));
    desk.client(ClientEvent::AskFirst {
        cid,
        conversation: id(4),
        text: "old words".into(),
        age_ms: 720_000,
    });
    assert!(desk.screen().contains("Written 12m ago and never sent, to Kim"), "{}", desk.screen());
    desk.keys("n");
    assert!(desk.effects.contains(&Effect::Withdraw(cid)));
    desk.client(ClientEvent::AskFirst {
        cid,
        conversation: id(4),
        text: "old words".into(),
        age_ms: 720_000,
    });
    desk.keys("y");
    assert!(desk.effects.contains(&Effect::Confirm(cid)));
}

#[test]
fn a_hole_in_the_events_is_asked_for_anew() {
    let mut desk = desk();
    desk.keys("2<enter>");
    let watches = |desk: &Desk| desk.effects.iter().filter(|e| matches!(e, Effect::Watch { .. })).count();
    assert_eq!(watches(&desk), 1);
    let posted = desk.stories[&id(4)].message(baton::conversation::Author::Visitor, "lost");
    desk.stories.get_mut(&id(4)).expect("Kim").event(0, &posted);
    desk.happens(id(4), 0, &posted);
    assert_eq!(watches(&desk), 2);
    let open = desk.state.open.as_ref().expect("open");
    assert_eq!(open.transcript.entries().len(), desk.stories[&id(4)].transcript.entries.len());
}

#[test]
fn what_was_erased_leaves_the_screen() {
    let mut desk = desk();
    desk.keys("2<enter>");
    let posted = desk.stories[&id(4)].message(baton::conversation::Author::Visitor, "my axolotlgram");
    desk.happens(id(4), 0, &posted);
    assert!(desk.screen().contains("axolotlgram"), "{}", desk.screen());
    // The store now holds other words in their place; the event says so.
    let story = desk.stories.get_mut(&id(4)).expect("Kim");
    for entry in &mut story.transcript.entries {
        if let baton::conversation::EntryKind::Message(message) = &mut entry.kind {
            message.text = baton::conversation::ERASED.into();
        }
    }
    desk.happens(id(4), 0, &Happened::Erased { what: baton::conversation::Erasure::Everything });
    let screen = desk.screen();
    assert!(!screen.contains("axolotlgram") && screen.contains("[erased]"), "{screen}");
    assert!(screen.contains("was erased"), "{screen}");
}

#[test]
fn arrivals_above_the_cursor_are_announced_and_nothing_moves() {
    let mut desk = desk();
    desk.keys("j");
    let before = desk.state.list().order().to_vec();
    let older = Story::new(8, "Eve", "/", 5_000).visitor(4_900, "hi").queued(4_800, Reason::Loop, "loops");
    desk.stories.insert(id(8), older.clone());
    desk.client(older.row_event());
    assert_eq!(desk.state.list().order(), before);
    assert!(desk.screen().contains("1 new above: g"), "{}", desk.screen());
    desk.keys("g");
    assert_eq!(desk.state.list().selected(), Some(id(8)));
}
