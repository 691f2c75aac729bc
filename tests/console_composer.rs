//! Writing, as sentences: keys in, deeds out.

mod console_support;

use std::path::Path;

use baton::client::{ClientEvent, DraftKind};
use baton::console::app::held;
use baton::console::app::sending::{self, MessageState};
use baton::console::app::{Effect, Event};
use baton::console::macros::{self, Library, Problem};
use baton::conversation::Author;
use baton::protocol::WireError;
use baton::text::Untrusted;
use console_support::{Desk, Story, bo, desk, id, me};

/// Before, keys, after: `draft: hel|` is a reply to Kim, `note: …|` a note. After: the same, `sent: …`, `noted: …`.
#[track_caller]
fn case(before: &str, keys: &str, after: &str) {
    let mut desk = desk();
    case_at(&mut desk, before, keys, after);
}

#[track_caller]
fn case_at(desk: &mut Desk, before: &str, keys: &str, after: &str) {
    let (kind, text) = before.split_once(": ").expect("a before has a kind");
    desk.keys(if kind == "note" { "2n" } else { "2r" });
    let (left, right) = text.split_once('|').expect("a draft has a cursor");
    desk.event(Event::Paste(format!("{left}{right}")));
    for _ in 0..right.chars().count() {
        desk.keys("<left>");
    }
    desk.keys(keys);
    let (what, expected) = after.split_once(": ").expect("an after has a kind");
    let found = match what {
        "sent" => desk.deeds().last().and_then(|d| d.strip_prefix("message.send 4 ").map(str::to_owned)),
        "noted" => desk.deeds().last().and_then(|d| d.strip_prefix("note.add 4 ").map(str::to_owned)),
        "said" => Some(desk.toast()[..expected.len().min(desk.toast().len())].to_owned()),
        kind => desk.state.composing.as_ref().map(|c| {
            let here = if c.kind == DraftKind::Note { "note" } else { "draft" };
            assert_eq!(here, kind, "{before} {keys}");
            composer(desk)
        }),
    };
    let quoted = matches!(what, "sent" | "noted");
    let expected = if quoted { format!("{expected:?}") } else { expected.to_owned() };
    assert_eq!(
        found.as_deref(),
        Some(expected.as_str()),
        "{before} {keys}; {:?}; {}",
        desk.ops(),
        desk.toast()
    );
}

fn composer(desk: &Desk) -> String {
    let composing = desk.state.composing.as_ref().expect("the composer is open");
    let mut text = composing.editor.text();
    text.insert(composing.editor.cursor(), '|');
    text
}

/// The draft on disk, as the last effect left it.
fn on_disk(desk: &Desk, kind: DraftKind) -> Option<String> {
    desk.effects.iter().rev().find_map(|effect| match effect {
        Effect::SaveDraft { kind: saved, text, .. } if *saved == kind => Some(text.clone()),
        _ => None,
    })
}

fn holding(seconds: u8) -> Desk {
    let mut desk = desk();
    desk.state.config.composer.hold_s = seconds;
    desk
}

fn durable(desk: &Desk) -> Vec<u64> {
    let tag = |effect: &Effect| match effect {
        Effect::Durable { tag, .. } => Some(*tag),
        _ => None,
    };
    desk.effects.iter().filter_map(tag).collect()
}

fn answered(desk: &mut Desk, tag: u64, version: u64) {
    let result = serde_json::json!({ "conversation": id(4), "version": version, "seq": 9_000 });
    desk.client(ClientEvent::Response { tag, result: Ok(result) });
}

#[test]
fn keys_of_the_composer() {
    case("draft: one two|", "<ctrl-w><ctrl-y>", "draft: one two|");
    case("draft: one two|", "<ctrl-u><ctrl-y><ctrl-y>", "draft: one twoone two|");
    case("draft: one|", " two<ctrl-7>", "draft: one |");
    case("draft: one|", " two<ctrl-7><ctrl-y>", "draft: one two|");
    case("draft: one| two", "<alt-d>", "draft: one|");
    case("draft: one| two", "<ctrl-right>!", "draft: one two!|");
    case("draft: on the first line\nx|", "<up><up>", "draft: |on the first line\nx");
    case("draft: e\u{301}|", "<backspace>", "draft: |");
    case("draft: שלום|", "<left>x<enter>", "sent: שלוxם");
}

#[test]
fn a_long_paste_is_folded_unfolded_and_sent_whole() {
    let long: String = (1..=48).map(|n| format!("line {n}\n")).collect();
    let mut desk = desk();
    desk.keys("2rsee ");
    desk.event(Event::Paste(long.clone()));
    assert!(desk.screen().contains("[pasted\u{a0}48\u{a0}lines]"), "{}", desk.screen());
    assert!(desk.toast().starts_with("folded; it is sent whole"), "{}", desk.toast());
    assert_eq!(on_disk(&desk, DraftKind::Reply), Some(format!("see {long}")), "the draft on disk is whole");
    // Left and come back to, it is still folded.
    desk.keys("<esc>r");
    assert!(desk.screen().contains("[pasted"), "{}", desk.screen());
    desk.keys("<ctrl-g>");
    assert!(desk.screen().contains("line 48"), "{}", desk.screen());
    desk.keys("<ctrl-7><enter>");
    assert_eq!(desk.deeds(), [format!("message.send 4 {:?}", format!("see {}", long.trim_end()))]);
}

#[test]
fn an_end_of_paste_inside_a_paste_ends_nothing() {
    let mut desk = desk();
    desk.keys("2r");
    desk.event(Event::Paste("one\u{1b}[201~two".into()));
    assert_eq!(composer(&desk), "onetwo|");
    assert!(desk.toast().starts_with("6 control characters"), "{}", desk.toast());
    // Where the terminal's library takes it for the end, the rest comes as keys in the same breath.
    let mut desk = console_support::desk();
    desk.keys("2r");
    desk.event(Event::Paste("one".into()));
    for key in console_support::keys("<esc>aeq<enter>") {
        desk.event(Event::Key(key));
    }
    desk.advance(60);
    assert_eq!(desk.deeds(), Vec::<String>::new());
    assert_eq!(composer(&desk), "oneaeq\n|");
}

#[test]
fn a_reply_becomes_a_note_at_once_and_a_note_a_reply_after_a_question() {
    case("draft: to the visitor|", "<ctrl-n>", "note: |");
    case("draft: to the visitor|", "<ctrl-n>hm<enter>", "noted: hm");
    case("draft: to the visitor|", "<ctrl-n><ctrl-n>y", "draft: to the visitor|");
    case("draft: to the visitor|", "<ctrl-n><ctrl-n>m", "note: to the visitor|");
    case("note: only us|", "<ctrl-n>", "note: only us|");
    case("note: only us|", "<ctrl-n><esc>!", "note: only us!|");
    case("note: only us|", "<ctrl-n>yhello<enter>", "sent: hello");
    case("note: only us|", "<ctrl-n>y<esc>n", "note: only us|");
    case("note: only us|", "<ctrl-n>m", "draft: only us|");
    case("note: only us|", "<ctrl-n><enter>x", "note: only us|");
    let mut desk = desk();
    desk.keys("2nonly us<ctrl-n>");
    let screen = desk.screen();
    assert!(
        screen.contains("write to the VISITOR?") && screen.contains("What you write next is public."),
        "{screen}"
    );
    desk.keys("m");
    assert_eq!(desk.state.draft(id(4), DraftKind::Note), None, "moved, not copied");
    assert_eq!(on_disk(&desk, DraftKind::Note), Some(String::new()));
}

/// Whatever is pressed in a note, what is typed there is never sent to the visitor unless `m` said so.
#[test]
fn a_note_never_becomes_public_by_a_slip() {
    for keys in [
        "<enter>",
        "<ctrl-n><enter>",
        "<ctrl-n>y<enter>",
        "<ctrl-n>n<enter>",
        "<ctrl-n><ctrl-n><enter>",
        "<ctrl-n>q<enter>",
        "<ctrl-r>",
        "<esc>r<enter>",
    ] {
        let mut desk = desk();
        desk.keys("2nsecret").keys(keys);
        let public = |deed: &String| deed.starts_with("message.send") && deed.contains("secret");
        assert!(!desk.deeds().iter().any(public), "{keys}: {:?}", desk.deeds());
    }
}

#[test]
fn what_somebody_else_has_taken_says_so_and_offers_a_note() {
    let mut desk = desk();
    desk.keys("2rhalf a rep");
    desk.happens(id(4), 0, &baton::conversation::Event::TakenOver { agent: bo(), from: Some(me()) });
    assert!(desk.screen().contains("HELD BY BO: Ctrl-N notes"), "{}", desk.screen());
    desk.keys("<enter>");
    assert!(desk.toast().starts_with("Bo holds it: Ctrl-N writes them a note"), "{}", desk.toast());
    assert_eq!(desk.deeds(), Vec::<String>::new());
    desk.keys("<ctrl-n>over to you<enter>");
    assert_eq!(desk.deeds(), ["note.add 4 \"over to you\""]);
    assert_eq!(desk.state.draft(id(4), DraftKind::Reply), Some("half a rep"));
}

#[test]
fn a_held_reply_is_counted_down_and_recalled() {
    let mut desk = holding(5);
    desk.keys("2rhello<enter>");
    assert_eq!(desk.deeds(), Vec::<String>::new());
    assert_eq!(composer(&desk), "|", "one writes on");
    assert_eq!(
        on_disk(&desk, DraftKind::Reply),
        Some("hello".into()),
        "held words survive a crash as a draft"
    );
    assert!(
        desk.screen().contains("held 5s u") && desk.screen().contains("held 5 s: Ctrl-_ recalls"),
        "{}",
        desk.screen()
    );
    desk.advance(2_000);
    assert!(desk.screen().contains("held 3s u"), "{}", desk.screen());
    desk.keys("<esc>u");
    assert_eq!(composer(&desk), "hello|");
    desk.advance(10_000);
    assert_eq!(desk.deeds(), Vec::<String>::new(), "nothing was sent");
    assert!(held::newest(&desk.state).is_none());
}

#[test]
fn a_held_reply_goes_by_itself_in_order_and_leaves_the_draft() {
    let mut desk = holding(5);
    desk.keys("2rone<enter>two<enter>three");
    assert_eq!(on_disk(&desk, DraftKind::Reply), Some("one\ntwo\nthree".into()));
    desk.advance(6_000);
    assert_eq!(desk.deeds(), ["message.send 4 \"one\"", "message.send 4 \"two\""]);
    assert_eq!(on_disk(&desk, DraftKind::Reply), Some("three".into()));
    assert_eq!(composer(&desk), "three|");
}

#[test]
fn undo_in_an_empty_composer_recalls_too_and_notes_are_never_held() {
    let mut desk = holding(5);
    desk.keys("2rone<enter><ctrl-7>");
    assert_eq!(composer(&desk), "one|");
    let mut desk = holding(5);
    desk.keys("2nonly us<enter>");
    assert_eq!(desk.deeds(), ["note.add 4 \"only us\""]);
}

#[test]
fn quitting_recalls_what_is_held_and_says_so() {
    let mut desk = holding(5);
    desk.keys("2rone<enter><esc>q");
    assert!(desk.screen().contains("What is held will not be sent"), "{}", desk.screen());
    desk.keys("y");
    desk.advance(10_000);
    assert_eq!(desk.deeds(), Vec::<String>::new());
    assert_eq!(desk.state.draft(id(4), DraftKind::Reply), Some("one"));
    assert_eq!(on_disk(&desk, DraftKind::Reply), Some("one".into()));
}

#[test]
fn what_is_held_does_not_go_to_a_conversation_a_colleague_has_taken() {
    let mut desk = holding(5);
    desk.keys("2rone<enter>");
    desk.happens(id(4), 0, &baton::conversation::Event::TakenOver { agent: bo(), from: Some(me()) });
    desk.advance(6_000);
    assert_eq!(desk.deeds(), Vec::<String>::new());
    assert!(desk.toast().contains("The words are in the draft again"), "{}", desk.toast());
    assert_eq!(composer(&desk), "one|");
}

#[test]
fn a_message_says_how_far_it_is() {
    let mut desk = desk();
    desk.agreeable = false;
    desk.keys("2r");
    desk.client(ClientEvent::Response {
        tag: desk.state.open.as_ref().expect("is open").tag,
        result: Ok(desk.stories[&id(4)].watch_ok()),
    });
    desk.keys("hello<enter>");
    let tag = durable(&desk)[0];
    let now = |desk: &Desk| sending::state_of_echo(&desk.state, &desk.state.echoes[0]);
    assert_eq!(now(&desk), MessageState::Saving);
    desk.client(ClientEvent::Stored { tag });
    assert_eq!(now(&desk), MessageState::Queued);
    assert!(desk.screen().contains("queued"), "{}", desk.screen());
    answered(&mut desk, tag, 8);
    assert_eq!(now(&desk), MessageState::Sent);
    let event = desk.stories[&id(4)].message(Author::Agent(me()), "hello");
    desk.happens(id(4), 0, &event);
    assert!(desk.state.echoes.is_empty() && desk.screen().contains("you sent"), "{}", desk.screen());
    sending::seen(&mut desk.state, id(4), 99);
    assert!(desk.screen().contains("you seen"), "{}", desk.screen());
    assert!(!desk.screen().contains("you sent"), "{}", desk.screen());
}

/// Refused: with a new id. What was not answered is the client's to send again, with the same.
#[test]
fn a_failed_message_is_sent_again_with_another_id() {
    let mut desk = desk();
    desk.keys("2rhello<enter><esc>");
    let tag = durable(&desk)[0];
    desk.keys("!");
    assert!(desk.toast().starts_with("it has not failed: it is queued"), "{}", desk.toast());
    desk.refuse(tag, "not now");
    desk.client(ClientEvent::Returned {
        conversation: id(4),
        kind: DraftKind::Reply,
        text: "hello".into(),
        why: WireError::new("test.refused", "not now"),
    });
    assert!(desk.screen().contains("failed: !"), "{}", desk.screen());
    desk.keys("!");
    assert_eq!(desk.deeds(), ["message.send 4 \"hello\"", "message.send 4 \"hello\""]);
    let ids: Vec<_> = desk
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Durable { op: baton::protocol::AgentOp::MessageSend(arg), .. } => Some(arg.cid),
            _ => None,
        })
        .collect();
    assert_ne!(ids[0], ids[1]);
    assert_eq!(
        on_disk(&desk, DraftKind::Reply),
        Some(String::new()),
        "on disk in the outbox: the draft lets go"
    );
    assert!(!desk.screen().contains("failed"), "{}", desk.screen());
}

#[test]
fn words_changed_since_they_failed_are_shown_before_they_go() {
    let mut desk = desk();
    desk.keys("2rhello<enter><esc>");
    let tag = durable(&desk)[0];
    desk.refuse(tag, "not now");
    desk.client(ClientEvent::Returned {
        conversation: id(4),
        kind: DraftKind::Reply,
        text: "hello".into(),
        why: WireError::new("test.refused", "not now"),
    });
    desk.keys("r<backspace><esc>!");
    assert_eq!(composer(&desk), "hell|");
    assert_eq!(desk.deeds().len(), 1);
}

#[test]
fn resolve_follows_only_a_message_that_arrived() {
    let mut desk = desk();
    desk.keys("2rbye<ctrl-r>");
    assert_eq!(desk.deeds(), ["message.send 4 \"bye\""], "not before the answer");
    let tag = durable(&desk)[0];
    answered(&mut desk, tag, 6);
    assert_eq!(desk.deeds()[1..], ["resolve 4"]);

    let mut desk = console_support::desk();
    desk.keys("2rbye<ctrl-r>");
    let tag = durable(&desk)[0];
    desk.refuse(tag, "not now");
    assert_eq!(desk.deeds(), ["message.send 4 \"bye\""]);
    assert_eq!(desk.toast(), "not sent: not now. Not resolved");
}

#[test]
fn a_visitor_who_wrote_meanwhile_is_not_resolved_unread() {
    let mut desk = desk();
    desk.keys("2rbye<ctrl-r>");
    let tag = durable(&desk)[0];
    let reply = desk.stories[&id(4)].message(Author::Agent(me()), "bye");
    desk.happens(id(4), 0, &reply);
    let wrote = desk.stories[&id(4)].message(Author::Visitor, "one more thing");
    desk.happens(id(4), -60, &wrote);
    answered(&mut desk, tag, 6);
    assert_eq!(desk.deeds(), ["message.send 4 \"bye\""]);
    assert!(desk.toast().contains("the visitor wrote meanwhile"), "{}", desk.toast());
}

// ---- the editor

#[test]
fn what_the_editor_gives_back_takes_the_drafts_place_and_can_be_undone() {
    let mut desk = desk();
    desk.keys("2rhel<ctrl-o>");
    let sent = desk.effects.last().cloned();
    assert_eq!(sent, Some(Effect::Edit { conversation: id(4), kind: DraftKind::Reply, text: "hel".into() }));
    let edited = |text| Event::Edited { conversation: id(4), kind: DraftKind::Reply, text };
    desk.event(edited(Ok("hello\u{1b}[31m\r\nthere\n".into())));
    assert_eq!(composer(&desk), "hello[31m\nthere|");
    assert!(desk.toast().starts_with("1 control characters"), "{}", desk.toast());
    assert_eq!(on_disk(&desk, DraftKind::Reply), Some("hello[31m\nthere".into()));
    desk.keys("<ctrl-7>");
    assert_eq!(composer(&desk), "hel|");
    desk.event(edited(Err(Untrusted::new("the editor x failed; the draft is as it was").line())));
    assert_eq!(
        (composer(&desk).as_str(), desk.toast()),
        ("hel|", "the editor x failed; the draft is as it was")
    );
    desk.event(edited(Ok("x".repeat(2 * 1024 * 1024))));
    assert_eq!(composer(&desk), "hel|", "too long: nothing is changed");
}

// ---- ready texts

fn library(files: &[(&str, &str)]) -> Library {
    let mut library = Library { folder: Some("/m".into()), ..Library::default() };
    for (name, text) in files {
        match macros::read(Path::new(&format!("{name}.md")), name, text) {
            Ok(known) => library.macros.push(known),
            Err(problem) => library.broken.push(((*name).to_owned(), problem)),
        }
    }
    library
}

fn with_macros() -> Desk {
    let mut desk = desk();
    desk.event(Event::Macros(library(&[
        ("billing/refund", "---\ntitle = \"Refund\"\ntags = [\"money\"]\nactions = [\"tag:refund\", \"priority:high\", \"resolve\"]\n---\nHello {{visitor.first_name|there}},\nyour money is on its way.{{cursor}}\n{{agent.name}}, {{site.name}}"),
        ("gap", "Ask {{visitor.first_name}} on {{page.url}}"),
        ("internal", "---\nkind = \"note\"\n---\nwaits for billing"),
        ("quick", "---\nactions = [\"send\", \"snooze:2h\"]\n---\nOne moment please."),
        ("other-site", "---\nsite = \"other\"\n---\nx"),
        ("only-tag", "---\nactions = [\"tag:spam\"]\n---\n"),
        ("bad", "one\n{{visitor.nmae}}"),
    ])));
    desk
}

#[test]
fn a_ready_text_is_picked_filled_in_and_followed_by_its_actions() {
    let mut desk = with_macros();
    desk.keys("2m").keys("refund");
    let screen = desk.screen();
    for words in
        ["Refund", "billing/refund · money", "Hello Kim,", "then: tag refund, priority high, resolve"]
    {
        assert!(screen.contains(words), "{words}:\n{screen}");
    }
    desk.keys("<enter>");
    assert_eq!(composer(&desk), "Hello Kim,\nyour money is on its way.|\nAna, Demo");
    assert!(desk.screen().contains("then: tag refund"), "{}", desk.screen());
    assert_eq!(desk.deeds(), Vec::<String>::new(), "nothing is done before it is sent");
    desk.keys("<enter>");
    let tag = durable(&desk)[0];
    assert_eq!(desk.deeds().len(), 1);
    answered(&mut desk, tag, 6);
    let deeds = desk.deeds();
    assert_eq!(deeds.len(), 4, "{deeds:?}");
    assert!(deeds[1].contains("refund") && deeds[2] == "priority 4 high", "{deeds:?}");
    assert_eq!(deeds[3], "resolve 4");
}

#[test]
fn a_slash_in_an_empty_composer_picks_and_elsewhere_is_a_slash() {
    let mut desk = with_macros();
    desk.keys("2r/int");
    assert!(desk.screen().contains("waits for billing"), "{}", desk.screen());
    desk.keys("<enter>");
    assert_eq!(desk.state.composing.as_ref().map(|c| c.kind), Some(DraftKind::Note), "it is a note");
    desk.keys("<esc>r1/2");
    assert_eq!(composer(&desk), "1/2|");
    let mut desk = console_support::desk();
    desk.keys("2r/");
    assert_eq!(composer(&desk), "/|", "with no ready texts a slash is a slash");
    let mut desk = with_macros();
    desk.keys("2r").burst("/etc/passwd");
    assert_eq!(composer(&desk), "/etc/passwd|", "in a burst, too");
}

#[test]
fn a_gap_must_be_filled_before_the_message_can_go() {
    let mut desk = with_macros();
    // The third visitor has no name.
    desk.keys("1jj<enter>").keys("mgap<enter>");
    assert_eq!(composer(&desk), "Ask {{visitor.first_name}}| on https://shop.example/pricing");
    desk.keys("<end><enter>");
    assert!(desk.toast().starts_with("fill in visitor.first_name first"), "{}", desk.toast());
    assert_eq!(desk.deeds(), Vec::<String>::new());
    desk.keys("<backspace>them<enter>");
    assert_eq!(desk.deeds(), ["message.send 3 \"Ask them on https://shop.example/pricing\""]);
}

#[test]
fn what_a_visitor_is_called_is_text() {
    let mut stories = vec![
        Story::new(4, "{{agent.name}}\u{1b}[31m /resolve", "/", 400)
            .visitor(390, "hello?")
            .queued(380, baton::conversation::Reason::HumanRequested, "says hello")
            .accepted(300, me()),
    ];
    stories.extend(console_support::three_waiting());
    let mut desk = Desk::with(100, 30, true, stories);
    desk.event(Event::Macros(library(&[("hi", "Hi {{visitor.name}}!")])));
    desk.keys("2<enter>mhi<enter><enter>");
    let deed = desk.deeds().join("");
    assert!(deed.starts_with("message.send 4 \"Hi { {agent.name}}") && !deed.contains("Ana"), "{deed}");
    assert!(!deed.contains('\u{1b}') && !deed.contains("\\u{1b}"), "{deed}");
}

#[test]
fn send_goes_at_once_and_a_dot_repeats() {
    let mut desk = with_macros();
    desk.keys("2<enter>mquick<enter>");
    assert_eq!(desk.deeds(), ["message.send 4 \"One moment please.\""]);
    let tag = durable(&desk)[0];
    answered(&mut desk, tag, 6);
    assert!(desk.deeds()[1].starts_with("snooze 4 2026-03-02T16:3"), "{:?}", desk.deeds());
    desk.keys("<esc>.");
    assert_eq!(desk.deeds().iter().filter(|deed| deed.contains("One moment")).count(), 2);
    // Where something stands already, it is not sent unseen.
    let mut desk = with_macros();
    desk.keys("2rfirst <ctrl-t>quick<enter>");
    assert_eq!(desk.deeds(), Vec::<String>::new());
    assert_eq!(composer(&desk), "first One moment please.|");
}

#[test]
fn actions_go_with_their_words() {
    let mut desk = with_macros();
    desk.keys("2mrefund<enter>").keys("<end>").keys("<down><ctrl-u><backspace><ctrl-u><backspace><ctrl-u>");
    assert_eq!(composer(&desk), "|");
    desk.keys("something else<enter>");
    let tag = durable(&desk)[0];
    answered(&mut desk, tag, 6);
    assert_eq!(desk.deeds(), ["message.send 4 \"something else\""]);
    let mut desk = with_macros();
    desk.keys("2<enter>monly-tag<enter>");
    assert_eq!(desk.deeds().len(), 1, "an action alone is confirmed by picking it: {:?}", desk.deeds());
}

#[test]
fn a_broken_file_is_listed_with_its_error_and_another_sites_is_not_there() {
    let mut desk = with_macros();
    desk.keys("2mbad");
    let screen = desk.screen();
    assert!(
        screen.contains("broken: line 2") && screen.contains("bad.md:2: there is no variable `visitor.nmae`"),
        "{screen}"
    );
    desk.keys("<enter>");
    assert!(desk.screen().contains("bad.md:2: there is no variable"), "{}", desk.screen());
    desk.keys("<esc>mother");
    assert!(!desk.screen().contains("other-site"), "{}", desk.screen());
}

#[test]
fn the_folder_is_looked_at_while_the_picker_is_open_and_not_after() {
    let mut desk = with_macros();
    let reads = |desk: &Desk| desk.effects.iter().filter(|e| **e == Effect::ReadMacros).count();
    desk.keys("2m");
    assert_eq!(reads(&desk), 1);
    desk.advance(4_100);
    assert_eq!(reads(&desk), 3);
    desk.keys("gap");
    let problem = Problem { file: "gap.md".into(), line: 1, message: "gone wrong".into() };
    let mut fresh = library(&[("new", "fresh words")]);
    fresh.broken.push(("gap".into(), problem));
    desk.event(Event::Macros(fresh));
    assert!(desk.screen().contains("gone wrong"), "what was typed stays: {}", desk.screen());
    desk.keys("<esc>");
    desk.advance(60_000);
    assert_eq!(reads(&desk), 3);
}

#[test]
fn screens() {
    for (w, h) in [(120, 40), (80, 24), (40, 12)] {
        let mut desk = with_macros();
        desk.event(Event::Resize { width: w, height: h });
        desk.keys("2mrefund");
        insta::assert_snapshot!(format!("picker_{w}x{h}"), desk.screen_with_styles());
        desk.keys("<esc><esc>1jj<enter>").keys("mgap<enter>");
        desk.event(Event::Paste("x\n".repeat(20)));
        insta::assert_snapshot!(format!("gap_and_fold_{w}x{h}"), desk.screen_with_styles());
        desk.keys("<ctrl-n>our words<ctrl-n>");
        insta::assert_snapshot!(format!("audience_{w}x{h}"), desk.screen_with_styles());
    }
}

#[test]
fn a_key_wraps_a_long_text_at_most_once() {
    let mut desk = desk();
    desk.keys("2r");
    for _ in 0..20 {
        desk.event(Event::Paste("words that are wrapped ".repeat(16)));
    }
    desk.screen();
    let wraps = |desk: &Desk| desk.state.composing.as_ref().map_or(0, |c| c.editor.wraps());
    for key in ["a", " ", "<backspace>", "<left>", "<up>", "<down>", "<ctrl-w>", "b", "<alt-enter>"] {
        let before = wraps(&desk);
        desk.keys(key);
        desk.screen();
        assert!(wraps(&desk) - before <= 1, "{key}: {}", wraps(&desk) - before);
    }
    assert!(wraps(&desk) > 20, "it is counted");
}
