//! Keys in, deeds out: `case(before, keys, after)`, and the sentences of the issue one by one.

mod console_support;

use baton::client::{ClientEvent, DraftKind};
use baton::console::app::{Effect, Event};
use baton::conversation::Reason;
use baton::protocol::WireError;
use console_support::{Story, desk, id, me};

/// Before, keys, after. `draft: hel|` is a reply to Kim with the cursor at the bar; `note: …|` a note.
/// After: `sent: …`, `noted: …`, `draft: …|`, `said: …` (the toast begins so).
#[track_caller]
fn case(before: &str, keys: &str, after: &str) {
    let mut desk = desk();
    let (kind, text) = before.split_once(": ").expect("a before has a kind");
    desk.keys(if kind == "note" { "2n" } else { "2r" });
    let (left, right) = text.split_once('|').expect("a draft has a cursor");
    desk.event(Event::Paste(format!("{left}{right}")));
    for _ in right.chars() {
        desk.keys("<left>");
    }
    desk.keys(keys);
    let (what, expected) = after.split_once(": ").expect("an after has a kind");
    let found = match what {
        "sent" => desk.deeds().last().and_then(|d| d.strip_prefix("message.send 4 ").map(str::to_owned)),
        "noted" => desk.deeds().last().and_then(|d| d.strip_prefix("note.add 4 ").map(str::to_owned)),
        "said" => Some(desk.toast()[..expected.len().min(desk.toast().len())].to_owned()),
        _ => desk.state.composing.as_ref().map(|c| {
            let mut text = c.editor.text();
            text.insert(c.editor.cursor(), '|');
            text
        }),
    };
    let expected =
        if matches!(what, "sent" | "noted") { format!("{expected:?}") } else { expected.to_owned() };
    assert_eq!(found.as_deref(), Some(expected.as_str()), "{before} {keys}; ops {:?}", desk.ops());
}

#[test]
fn the_composer() {
    case("draft: hel|", "lo<enter>", "sent: hello");
    case("note: hel|", "lo<enter>", "noted: hello");
    case("draft: hello|", "<enter>", "draft: |");
    case("draft: one|", "<ctrl-j>two<enter>", "sent: one\ntwo");
    case("draft: one|", "<alt-enter>two<enter>", "sent: one\ntwo");
    case("draft: one|", "<enter>two", "draft: two|");
    case("draft: ab|cd", "<backspace><delete>x<enter>", "sent: axd");
    case("draft: hello  \n|", "<enter>", "sent: hello");
    case("draft: |", "<enter>", "said: nothing to send");
    case("draft: |", "  <enter>", "said: nothing to send");
    case("draft: hello there|", "<ctrl-w>", "draft: hello |");
    case("draft: hello there|", "<ctrl-w><ctrl-7>", "draft: hello there|");
    case("draft: hello|", "<ctrl-a>x", "draft: x|hello");
    case("draft: hello|", "<esc>r", "draft: hello|");
    case("draft: hello|", "<esc>n", "draft: |");
    case("draft: hello|", "<esc>nx<esc>r", "draft: hello|");
    // An unbound Alt-x is Esc, then x: the draft stays, and `n` opens a note.
    case("draft: hello|", "<alt-n>", "draft: |");
    case("draft: a?|", "q1~/<enter>", "sent: a?q1~/");
}

#[test]
fn a_pasted_newline_never_sends() {
    let mut desk = desk();
    desk.keys("2r");
    desk.event(Event::Paste("one\r\ntwo\n".into()));
    assert_eq!(desk.deeds(), Vec::<String>::new());
    desk.keys("<enter>");
    assert_eq!(desk.deeds(), ["message.send 4 \"one\\ntwo\""]);
}

#[test]
fn a_burst_without_brackets_never_sends() {
    for burst in ["one<enter>two", "one<enter>", "<enter>two", "a<enter>b<enter>c<enter>"] {
        let mut desk = desk();
        desk.keys("2rx").burst(burst);
        assert_eq!(desk.deeds(), Vec::<String>::new(), "{burst}");
        let text = desk.state.composing.as_ref().map(|c| c.editor.text()).unwrap_or_default();
        assert_eq!(text, format!("x{}", burst.replace("<enter>", "\n")), "{burst}");
    }
}

#[test]
fn a_burst_in_the_list_does_nothing_others_would_notice() {
    let mut desk = desk();
    desk.burst("jjkkkae");
    assert_eq!(desk.deeds(), Vec::<String>::new());
    assert!(desk.toast().starts_with("that key came in a burst"), "{}", desk.toast());
}

#[test]
fn a_paste_outside_the_composer_is_ignored() {
    for keys in ["", "2<enter>", ":", "?"] {
        let mut desk = desk();
        desk.keys(keys);
        desk.event(Event::Paste("aeq\n".into()));
        assert_eq!(desk.deeds(), Vec::<String>::new());
        assert!(desk.toast().starts_with("a paste was ignored"), "{keys}: {}", desk.toast());
    }
}

#[test]
fn the_composer_lets_go_only_after_the_words_are_on_disk() {
    let mut desk = desk();
    desk.agreeable = false;
    desk.stories.clear();
    desk.keys("2rhello<enter>");
    assert_eq!(desk.state.composing.as_ref().map(|c| c.editor.text()), Some("hello".into()));
    // One goes on typing meanwhile.
    desk.keys(" more<enter>");
    assert!(desk.toast().starts_with("the message before is still being saved"));
    let tag = desk.state.composing.as_ref().and_then(|c| c.storing.as_ref()).map(|(tag, _)| *tag);
    desk.client(ClientEvent::Stored { tag: tag.expect("something is being stored") });
    assert_eq!(desk.state.composing.as_ref().map(|c| c.editor.text()), Some(" more".into()));
    assert_eq!(desk.state.echoes.len(), 1);
}

#[test]
fn words_that_cannot_be_kept_stay_in_the_composer() {
    let mut desk = desk();
    desk.agreeable = false;
    desk.keys("2rhello<enter>");
    let tag = desk.state.composing.as_ref().and_then(|c| c.storing.as_ref()).map(|(tag, _)| *tag);
    desk.refuse(tag.expect("something is being stored"), "the disk is full");
    assert_eq!(desk.state.composing.as_ref().map(|c| c.editor.text()), Some("hello".into()));
    assert!(desk.state.echoes.is_empty());
    assert_eq!(desk.toast(), "not sent: the disk is full. The words are still here");
}

#[test]
fn a_refused_reply_is_a_draft_again() {
    let mut desk = desk();
    desk.keys("2rhello<enter>next");
    desk.client(ClientEvent::Returned {
        conversation: id(4),
        kind: DraftKind::Reply,
        text: "hello".into(),
        why: WireError::new("conversation.held_by_other", "Bo holds this conversation"),
    });
    assert_eq!(desk.state.composing.as_ref().map(|c| c.editor.text()), Some("hello\nnext".into()));
    assert!(desk.toast().starts_with("not sent to Kim: Bo holds this conversation"), "{}", desk.toast());
}

#[test]
fn a_refused_message_stays_in_sight_with_its_reason_until_the_next() {
    let mut desk = desk();
    desk.keys("2rhello<enter>");
    let tag = desk.state.echoes[0].tag;
    desk.refuse(tag, "Bo holds this conversation");
    let screen = desk.screen();
    assert!(
        screen.contains("failed") && screen.contains("(not sent: Bo holds this conversation)"),
        "{screen}"
    );
    desk.keys("again<enter>");
    assert!(!desk.screen().contains("(not sent"), "{}", desk.screen());
}

#[test]
fn what_was_handed_off_while_the_link_was_down_rings_too() {
    let mut desk = desk();
    let mut rows: Vec<_> = desk.stories.values().map(Story::row).collect();
    desk.client(ClientEvent::Snapshot { as_of: 2, rows: rows.clone(), more: false });
    assert!(!desk.effects.contains(&Effect::Bell), "nothing new");
    rows.push(Story::new(8, "Eve", "/", 90).visitor(80, "hi").queued(70, Reason::Loop, "x").row());
    desk.client(ClientEvent::Snapshot { as_of: 3, rows, more: false });
    assert!(desk.effects.contains(&Effect::Bell));
}

#[test]
fn an_echo_goes_when_its_event_is_seen_whichever_comes_first() {
    for event_first in [true, false] {
        let mut desk = desk();
        desk.keys("2rhello<enter>");
        let tag = desk.state.echoes[0].tag;
        let posted = desk.stories[&id(4)].message(baton::conversation::Author::Agent(me()), "hello");
        let mut story = desk.stories[&id(4)].clone();
        let event = story.event(0, &posted);
        let version = story.conversation.version;
        let answer = serde_json::json!({"conversation": id(4), "version": version, "seq": 9});
        let answered = ClientEvent::Response { tag, result: Ok(answer) };
        let (first, second) = if event_first { (event, answered) } else { (answered, event) };
        desk.client(first);
        desk.client(second);
        assert!(desk.state.echoes.is_empty(), "event first: {event_first}");
        let open = desk.state.open.as_ref().map(|o| o.transcript.entries().len());
        assert_eq!(open, Some(story.transcript.entries.len()), "shown once");
    }
}
