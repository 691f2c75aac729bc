//! What holds whatever happens: the selection, the words, the order of reports, and every cell outside a hostile text.

mod console_support;

use baton::client::{ClientEvent, DraftKind};
use std::collections::HashMap;

use baton::console::app::{Effect, Event};
use baton::conversation::{Author, Event as Happened, Reason, ResolvedBy, Tab, Time};
use baton::protocol::AgentEph;
use console_support::{Desk, Story, bo, id, keys, me, three_waiting};
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

/// Something the server may report.
#[derive(Debug, Clone)]
enum Report {
    New(u8),
    Queued(u8, i64),
    Accepted(u8, bool),
    Resolved(u8),
    Returned(u8),
    Wrote(u8),
    Gone(u8),
    Snapshot,
}

fn report() -> impl Strategy<Value = Report> {
    let who = 1..9_u8;
    prop_oneof![
        who.clone().prop_map(Report::New),
        (who.clone(), 0..9_000_i64).prop_map(|(n, ago)| Report::Queued(n, ago)),
        (who.clone(), any::<bool>()).prop_map(|(n, mine)| Report::Accepted(n, mine)),
        who.clone().prop_map(Report::Resolved),
        who.clone().prop_map(Report::Returned),
        who.clone().prop_map(Report::Wrote),
        who.prop_map(Report::Gone),
        Just(Report::Snapshot),
    ]
}

fn apply(desk: &mut Desk, report: &Report) {
    let n = match report {
        Report::New(n)
        | Report::Queued(n, _)
        | Report::Accepted(n, _)
        | Report::Resolved(n)
        | Report::Returned(n)
        | Report::Wrote(n)
        | Report::Gone(n) => u128::from(*n),
        Report::Snapshot => {
            let rows = desk.stories.values().map(Story::row).collect();
            return desk.client(ClientEvent::Snapshot { as_of: 1, rows, more: false });
        }
    };
    desk.stories
        .entry(id(n))
        .or_insert_with(|| Story::new(n, &format!("V{n}"), "/", 9_000).visitor(8_999, "hi"));
    let story = desk.stories.get_mut(&id(n)).expect("there now");
    let event = match report {
        Report::Queued(_, ago) => {
            *story = story.clone().queued(*ago, Reason::Loop, "again");
            return {
                let row = story.row_event();
                desk.client(row)
            };
        }
        Report::Accepted(_, true) => Happened::Accepted { agent: me() },
        Report::Accepted(_, false) => Happened::Accepted { agent: bo() },
        Report::Resolved(_) => Happened::Resolved(ResolvedBy::Visitor),
        Report::Returned(_) => Happened::Returned,
        Report::Gone(_) => {
            let version = story.conversation.version;
            return desk.client(ClientEvent::Row { seq: 1, conversation: id(n), version, row: None });
        }
        _ => story.message(Author::Visitor, "more"),
    };
    desk.happens(id(n), 0, &event);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_selection_never_changes_person_by_itself(
        start in "[1-4]j{0,4}",
        reports in proptest::collection::vec(report(), 1..60),
    ) {
        let mut desk = Desk::with(80, 24, true, three_waiting());
        desk.keys(&start);
        for report in &reports {
            let before = desk.state.list().selected();
            let place = desk.state.list().position();
            let above = place.map(|at| desk.state.list().order()[..=at].to_vec());
            apply(&mut desk, report);
            let after = desk.state.list();
            if before.is_some() {
                prop_assert_eq!(after.selected(), before, "{:?}", report);
                prop_assert_eq!(after.position(), place, "it does not move on screen either");
                prop_assert_eq!(place.map(|at| after.order()[..=at].to_vec()), above);
            }
            desk.screen();
        }
    }

    #[test]
    fn unread_counts_are_exact_whatever_order_reports_come_in(
        reports in proptest::collection::vec((1..4_u8, 0..4_u8, 0..9_u64), 1..40),
    ) {
        // Rows come in the log's order; what was read comes from anywhere, late, repeated or from a server that lies.
        let mut desk = Desk::with(80, 24, true, three_waiting());
        let mut most = HashMap::new();
        for (n, kind, messages) in reports {
            let it = id(u128::from(n));
            if kind == 0 {
                apply(&mut desk, &Report::Wrote(n));
            } else {
                let read: &mut u64 = most.entry(it).or_default();
                *read = messages.max(*read);
                desk.client(ClientEvent::Eph(AgentEph::Read { conversation: it, messages }));
            }
            let row = &desk.state.rows[&it];
            let wanted = row.visitor_messages.saturating_sub(most.get(&it).copied().unwrap_or(0));
            prop_assert_eq!(desk.state.unread(row), wanted);
        }
        let total: u64 = desk.state.rows.values().map(|row| desk.state.unread(row)).sum();
        prop_assert_eq!(desk.state.unread_in(Tab::Queue), total);
    }

    #[test]
    fn whatever_passes_by_leaves_the_lists_alone(
        reports in proptest::collection::vec((1..6_u8, 0..6_u8), 1..40),
    ) {
        let mut desk = Desk::with(80, 24, true, three_waiting());
        desk.keys("j");
        let (order, selected) = (desk.state.list().order().to_vec(), desk.state.list().selected());
        for (n, kind) in reports {
            let conversation = id(u128::from(n));
            let on = n % 2 == 0;
            desk.client(ClientEvent::Eph(match kind {
                0 => AgentEph::Typing { conversation, who: "visitor".into(), name: None, on },
                1 => AgentEph::Typing { conversation, who: "\u{1b}[2J".into(), name: Some("Bo\u{202e}".into()), on },
                2 => AgentEph::Viewing { conversation, names: vec!["x".repeat(5_000); usize::from(n)] },
                3 => AgentEph::Presence { conversation, online: on, since: Some(Time(i64::MIN)) },
                4 => AgentEph::Seen { conversation, version: u64::MAX },
                _ => AgentEph::Partial { conversation, text: "…".into() },
            }));
            prop_assert_eq!(desk.state.list().order(), &order[..]);
            prop_assert_eq!(desk.state.list().selected(), selected);
            desk.screen();
        }
        prop_assert!(desk.state.presence.len() <= 3 && desk.state.viewing.len() <= 3, "only of whom it knows");
    }

    #[test]
    fn whatever_keys_come_nothing_typed_is_lost(
        pressed in proptest::collection::vec(prop_oneof![
            "[a-z ]{1,3}", Just("<esc>".to_owned()), Just("r".to_owned()), Just("n".to_owned()), Just("j".to_owned()),
            Just("<ctrl-j>".to_owned()), Just("<alt-x>".to_owned()), Just("2".to_owned()), Just("<tab>".to_owned()),
        ], 1..40),
    ) {
        // What stood in the composer after the last key there is in the draft and on its way to the disk, whatever follows.
        let mut desk = Desk::with(80, 24, true, three_waiting());
        let mut written = HashMap::new();
        for press in pressed.iter().flat_map(|p| keys(p)) {
            desk.advance(60);
            desk.event(Event::Key(press));
            if let Some(c) = &desk.state.composing {
                written.insert((c.conversation, c.kind), c.editor.text());
            }
            for ((conversation, kind), text) in &written {
                let text = if text.trim().is_empty() { "" } else { text };
                prop_assert_eq!(desk.state.draft(*conversation, *kind).unwrap_or_default(), text);
                let saved = desk.effects.iter().rev().find_map(|effect| match effect {
                    Effect::SaveDraft { conversation: c, kind: k, text } if c == conversation && k == kind => Some(text),
                    _ => None,
                });
                prop_assert_eq!(saved.map_or("", String::as_str), text);
            }
        }
    }

    #[test]
    fn any_size_can_be_drawn(w in 1..220_u16, h in 1..70_u16, pressed in "[12345jkarnHs?:/.gJKWEfyYov{}w]{0,6}") {
        let mut desk = Desk::with(w, h, true, three_waiting());
        desk.keys(&pressed);
        prop_assert_eq!(desk.screen().lines().count(), usize::from(h));
    }

    #[test]
    fn drafts_survive_any_text(text in "\\PC{0,60}") {
        let mut desk = Desk::with(80, 24, true, three_waiting());
        desk.keys("r");
        desk.event(Event::Paste(text.clone()));
        desk.keys("<esc>");
        let draft = desk.state.draft(id(1), DraftKind::Reply).unwrap_or_default().to_owned();
        desk.keys("r");
        let again = desk.state.composing.as_ref().map(|c| c.editor.text()).unwrap_or_default();
        prop_assert_eq!(&draft, &again);
        prop_assert!(draft.is_empty() || draft == baton::console::composer::sanitized(&text).0);
    }
}

/// A payload of the corpus: its text, or nothing where it stands for raw bytes of the wire.
fn payloads() -> Vec<(String, String)> {
    include_str!("hostile/terminal.jsonl")
        .lines()
        .filter_map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).ok()?;
            let payload = value["payload"].as_str()?.to_owned();
            Some((value["id"].to_string(), payload))
        })
        .filter(|(_, payload)| !payload.starts_with("hex:"))
        .collect()
}

fn cells(desk: &Desk) -> Buffer {
    let (w, h) = desk.state.size;
    let mut terminal = Terminal::new(TestBackend::new(w, h)).expect("in memory");
    let look = baton::console::ui::Look::default();
    let mut cache = baton::console::ui::Cache::default();
    terminal
        .draw(|frame| {
            baton::console::ui::draw(frame, &desk.state, look, &mut cache);
        })
        .expect("in memory");
    terminal.backend().buffer().clone()
}

/// A desk where a visitor said this, on a page called this, under this name, and the card says it too.
fn stricken(body: &str, fields: &str) -> Desk {
    let mut story = Story::new(1, fields, &format!("/{fields}"), 500).visitor(490, body).queued(
        250,
        Reason::HumanRequested,
        fields,
    );
    if let Some(page) = &mut story.conversation.page {
        page.title = Some(fields.to_owned());
    }
    let mut desk = Desk::with(100, 40, true, vec![story, Story::new(2, "Omar", "/", 90).visitor(80, "hi")]);
    desk.keys("<enter>");
    desk
}

#[test]
fn hostile_text_stays_in_its_place() {
    let payloads = payloads();
    assert!(payloads.len() > 200, "the corpus is there: {}", payloads.len());
    for (name, payload) in payloads {
        // In the body: a harmless text of the same height.
        let shown = baton::text::Untrusted::new(payload.as_str()).display();
        let list = 100 * 36 / 100;
        let body = baton::console::app::layout::body_width(100 - list - 1);
        let rows = baton::text::width::wrap(shown.as_str(), body).len();
        // As many rows, as many links: what is ours below the text is the same then, too.
        let found: std::collections::HashSet<String> =
            baton::text::links::find(shown.as_str()).iter().map(|link| link.address().to_string()).collect();
        let mut harmless = vec![String::from("x"); rows];
        for n in 0..found.len() {
            let row = &mut harmless[n % rows];
            *row = if row == "x" { format!("http://{n}.x") } else { format!("{row} http://{n}.x") };
        }
        let harmless = harmless.join("\n");
        assert_eq!(baton::text::width::wrap(&harmless, body).len(), rows, "{name}");
        let (hostile, plain) = (cells(&stricken(&payload, "Nina")), cells(&stricken(&harmless, "Nina")));
        let left = list + 1 + baton::console::app::layout::GUTTER;
        for y in 0..40 {
            for x in 0..100 {
                let inside = (left..98).contains(&x) && (3..38).contains(&y);
                // The queue row repeats the beginning of the message only where there is no card.
                assert!(
                    inside || hostile[(x, y)] == plain[(x, y)],
                    "{name}: cell {x},{y} is {:?} instead of {:?}",
                    hostile[(x, y)].symbol(),
                    plain[(x, y)].symbol()
                );
            }
        }
        // In name, page and card: what is not theirs is the same, and no cell holds a control character.
        let (hostile, plain) = (cells(&stricken("hello", &payload)), cells(&stricken("hello", "Nina")));
        for y in 0..40 {
            for x in 0..100 {
                assert!(
                    !hostile[(x, y)].symbol().chars().any(char::is_control),
                    "{name}: control at {x},{y}"
                );
                let frame = !(2..38).contains(&y) || x == list || (y >= 5 && x < list);
                assert!(!frame || hostile[(x, y)] == plain[(x, y)], "{name}: frame cell {x},{y}");
            }
        }
    }
}
