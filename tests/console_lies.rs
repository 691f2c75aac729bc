//! A server that lies, and one whose words come in any order: the console survives, shows nobody else, and keeps its bounds.
//!
//! The lies go straight to the reducer, as the client would pass them on; every one is followed by a frame. What a lie may
//! never do: end the console, make it busy for ever, put another person under the cursor or in the open conversation, or make
//! it remember without bound.

mod console_support;

use baton::client::{ClientEvent, DraftKind, Link};
use baton::console::app::{Event, next_tick};
use baton::console::ui::Look;
use baton::conversation::{
    Author, Cid, Event as Happened, Priority, Reason, ReleaseCause, ResolvedBy, Role, Row, RowHolder, SiteId,
    State as Standing, Time, Transcript,
};
use baton::protocol::{AgentAuthOk, AgentEph, AgentInfo, AvailabilityInfo, SiteInfo, SyncMode, WireError};
use console_support::{Desk, NOW, Story, bo, id, me, three_waiting};
use proptest::prelude::*;
use uuid::Uuid;

/// Times a clock can show, and times none can.
fn time() -> impl Strategy<Value = Time> {
    prop_oneof![
        Just(Time(i64::MIN)),
        Just(Time(i64::MAX)),
        Just(Time(0)),
        Just(Time(-1)),
        (-100_000_000..100_000_000_i64).prop_map(|ms| NOW.plus_ms(ms)),
        any::<i64>().prop_map(Time),
    ]
}

fn maybe_time() -> impl Strategy<Value = Option<Time>> {
    proptest::option::of(time())
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just(" ".to_owned()),
        Just("\u{1b}]0;x\u{7}\u{202e}".to_owned()),
        Just("x".repeat(5_000)),
        Just("https://a.example/ **b** `c`\n> d".to_owned()),
        "\\PC{0,20}",
    ]
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..40_u64, Just(u64::MAX), Just(u64::MAX - 1), any::<u64>()]
}

fn holder() -> impl Strategy<Value = RowHolder> {
    let kind = prop_oneof![Just("assistant"), Just("nobody"), Just("agent"), Just("desk"), Just("")];
    let who = prop_oneof![Just(None), Just(Some(me().id)), Just(Some(bo().id))];
    (kind, who, proptest::option::of(words())).prop_map(|(kind, id, name)| RowHolder {
        kind: kind.into(),
        id,
        name,
    })
}

fn reason() -> impl Strategy<Value = Option<Reason>> {
    proptest::option::of(prop_oneof![
        Just(Reason::Loop),
        Just(Reason::HumanRequested),
        Just(Reason::AgentTakeover)
    ])
}

/// A line that need not agree with anything, itself included.
fn row() -> impl Strategy<Value = Row> {
    let standing = proptest::sample::select(Standing::ALL.to_vec());
    let times = (maybe_time(), maybe_time(), time(), time(), time(), maybe_time(), maybe_time());
    let counts = (number(), number(), number(), any::<u32>(), number());
    let flags = any::<[bool; 3]>();
    let texts = (words(), words(), words(), proptest::collection::vec(words(), 0..4));
    (1..9_u128, standing, holder(), times, counts, flags, texts, reason()).prop_map(
        |(n, state, holder, times, counts, [ticket, answered, warned], texts, reason)| {
            let mut row = Story::new(n, &texts.0, "/", 500).row();
            (row.state, row.holder, row.reason) = (state, holder, reason);
            (row.queued_at, row.waiting_since, row.held_since) = (times.0, times.1, times.2);
            (row.started_at, row.last_message_at) = (times.3, times.4);
            (row.snoozed_until, row.resolved_at) = (times.5, times.6);
            (row.version, row.messages, row.visitor_messages, row.episode, row.epoch) = counts;
            (row.ticket, row.answered, row.warned) = (ticket, answered, warned);
            (row.summary, row.last_text, row.tags) = (texts.1, texts.2, texts.3);
            (row.priority, row.group) = (Priority::Urgent, Some(texts.0));
            row
        },
    )
}

/// Events; what is snoozed wakes at such a time.
fn happened(until: impl Strategy<Value = Option<Time>> + 'static) -> impl Strategy<Value = Happened> {
    prop_oneof![
        words().prop_map(|text| Story::new(1, "x", "/", 1).message(Author::Visitor, &text)),
        words().prop_map(|text| Story::new(1, "x", "/", 1).message(Author::Agent(bo()), &text)),
        Just(Happened::Accepted { agent: bo() }),
        Just(Happened::Accepted { agent: me() }),
        Just(Happened::Resolved(ResolvedBy::Visitor)),
        Just(Happened::HandoffRequested { ticket: true }),
        Just(Happened::HandoffCancelled),
        Just(Happened::Returned),
        Just(Happened::ReplyOverdue),
        Just(Happened::ResolveAnnounced),
        Just(Happened::Reopened { agent: bo(), unseen: true }),
        Just(Happened::Released(ReleaseCause::Unanswered)),
        until.prop_map(|until| Happened::Snoozed { by: bo(), until }),
        words().prop_map(|tag| Happened::Tagged { by: bo(), added: vec![tag], removed: Vec::new() }),
    ]
}

fn agent() -> impl Strategy<Value = AgentInfo> {
    let who = prop_oneof![Just(me().id), Just(bo().id)];
    (who, words(), any::<bool>(), proptest::option::of(words()), maybe_time(), any::<bool>()).prop_map(
        |(id, name, available, reason, until, present)| AgentInfo {
            id,
            name,
            role: Role::Agent,
            availability: AvailabilityInfo { available, reason, until },
            present,
            groups: Vec::new(),
        },
    )
}

/// What a server may claim.
fn lie() -> impl Strategy<Value = ClientEvent> {
    let any_id = (1..10_u128).prop_map(id);
    let answer = prop_oneof![
        Just(Ok(serde_json::json!({}))),
        Just(Ok(serde_json::json!(null))),
        Just(Ok(serde_json::json!({"score": f64::NAN, "hits": [{"score": 1e308}], "rows": 7}))),
        Just(Ok(serde_json::json!({"conversation": Uuid::from_u128(9), "version": u64::MAX, "seq": 0}))),
        // Another one's conversation as the answer, whatever was asked.
        (1..5_u128).prop_map(|n| Ok(Story::new(n, &format!("Other {n}"), "/", 9)
            .visitor(8, "other words")
            .watch_ok())),
        words().prop_map(|why| Err(WireError::new("a.lie", why))),
    ];
    let event = (number(), time(), any_id.clone(), number(), proptest::option::of(happened(maybe_time())));
    let eph = prop_oneof![
        (any_id.clone(), words(), proptest::option::of(words()), any::<bool>())
            .prop_map(|(conversation, who, name, on)| AgentEph::Typing { conversation, who, name, on }),
        (any_id.clone(), proptest::collection::vec(words(), 0..5))
            .prop_map(|(conversation, names)| AgentEph::Viewing { conversation, names }),
        agent().prop_map(|agent| AgentEph::Availability { agent }),
        (any_id.clone(), words()).prop_map(|(conversation, text)| AgentEph::Partial { conversation, text }),
        (any_id.clone(), any::<bool>(), maybe_time())
            .prop_map(|(conversation, online, since)| AgentEph::Presence { conversation, online, since }),
        (any_id.clone(), number())
            .prop_map(|(conversation, version)| AgentEph::Seen { conversation, version }),
        (any_id.clone(), number())
            .prop_map(|(conversation, messages)| AgentEph::Read { conversation, messages }),
    ];
    let welcome =
        (agent(), time(), any::<i64>(), any::<i64>(), proptest::option::of(any::<u32>()), any::<bool>());
    prop_oneof![
        6 => row().prop_map(|row| ClientEvent::Row {
            seq: row.version, conversation: row.id, version: row.version, row: Some(Box::new(row)),
        }),
        // A line under another one's id.
        1 => (any_id.clone(), row()).prop_map(|(conversation, row)| ClientEvent::Row {
            seq: 1, conversation, version: 1, row: Some(Box::new(row)),
        }),
        1 => (any_id.clone(), number())
            .prop_map(|(conversation, version)| ClientEvent::Row { seq: 1, conversation, version, row: None }),
        6 => event.prop_map(|(seq, at, conversation, version, event)| ClientEvent::Event {
            seq, at, conversation, version, event: event.map(Box::new),
        }),
        3 => eph.prop_map(ClientEvent::Eph),
        2 => (proptest::collection::vec(row(), 0..4), any::<bool>(), number())
            .prop_map(|(rows, more, as_of)| ClientEvent::Snapshot { as_of, rows, more }),
        2 => (0..60_u64, answer).prop_map(|(tag, result)| ClientEvent::Response { tag, result }),
        1 => (0..60_u64).prop_map(|tag| ClientEvent::Stored { tag }),
        1 => (any::<usize>(), number()).prop_map(|(waiting, oldest_ms)| ClientEvent::OutboxState { waiting, oldest_ms }),
        1 => (any_id, words(), number()).prop_map(|(conversation, text, age_ms)| ClientEvent::AskFirst {
            cid: Cid(Uuid::from_u128(4)), conversation, text, age_ms,
        }),
        1 => welcome.prop_map(|(agent, server_time, warn_after_ms, return_after_ms, capacity, resumed)| {
            ClientEvent::Welcome(Box::new(AgentAuthOk {
                agent,
                sites: vec![SiteInfo { id: SiteId::new("demo").expect("a site"), name: String::new(), mail: None }],
                agents: Vec::new(),
                log_id: String::new(),
                head: 0,
                mode: if resumed { SyncMode::Resumed } else { SyncMode::Snapshot },
                reason: None,
                replayed: u64::MAX,
                server_time,
                warn_after_ms,
                return_after_ms,
                capacity,
                groups: vec![String::new()],
                reads: vec![(id(1), u64::MAX)],
            }))
        }),
        1 => prop_oneof![
            Just(Link::Live), Just(Link::Syncing), Just(Link::Connecting),
            words().prop_map(|why| Link::Down { retry_in_ms: u64::MAX, why }),
        ].prop_map(ClientEvent::Link),
    ]
}

/// Whose conversation is in sight: what the context panel and the transcript are of.
fn whose(desk: &Desk) -> Option<String> {
    desk.state.open.as_ref().and_then(|open| open.view.as_ref()).map(|view| view.name.as_str().to_owned())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lies_are_survived_and_nobody_else_comes_under_the_cursor(
        keys in "[1-3]j{0,2}(<enter>)?[rn]?",
        lies in proptest::collection::vec((lie(), 0..70_000_u64), 1..40),
    ) {
        let mut desk = Desk::with(80, 24, true, three_waiting());
        desk.keys(&keys);
        desk.keys("hello");
        for (lie, later) in lies {
            let told = format!("{lie:?}");
            let selected = desk.state.list().selected();
            let open = desk.state.open.as_ref().map(|open| open.id);
            let writing = desk.state.composing.as_ref().map(|c| (c.conversation, c.kind, c.editor.text()));
            let (tab, seen) = (desk.state.tab, whose(&desk));
            desk.client(lie);
            if selected.is_some() {
                prop_assert_eq!(desk.state.list().selected(), selected, "{}", told);
            }
            prop_assert_eq!(desk.state.tab, tab);
            prop_assert_eq!(desk.state.open.as_ref().map(|open| open.id), open, "{}", told);
            let now = desk.state.composing.as_ref().map(|c| (c.conversation, c.kind, c.editor.text()));
            prop_assert_eq!(now.clone().map(|w| (w.0, w.1)), writing.clone().map(|w| (w.0, w.1)));
            prop_assert_eq!(now.map(|w| w.2), writing.map(|w| w.2), "what is written stays: {}", told);
            if seen.is_some() {
                let now = whose(&desk);
                prop_assert!(!now.clone().unwrap_or_default().starts_with("Other "), "{:?} instead of {:?}", now, seen);
            }
            prop_assert_ne!(next_tick(&desk.state), Some(0), "it would never rest: {}", told);
            prop_assert_eq!(desk.screen().lines().count(), 24);
            desk.advance(later);
        }
    }

    /// What came in another order, or twice, ends in the same state: the holes are asked for anew.
    #[test]
    fn events_in_any_order_give_the_same_state(
        events in proptest::collection::vec(happened(Just(Some(NOW))), 1..12), order in any::<u64>(), twice in any::<bool>(),
    ) {
        let begin = || {
            let mut desk = Desk::with(80, 24, true, three_waiting());
            desk.keys("1<enter>");
            desk
        };
        let mut straight = begin();
        let (mut told, mut story) = (Vec::new(), straight.stories[&id(1)].clone());
        for event in &events {
            told.push(story.event(0, event));
        }
        for report in &told {
            straight.client(report.clone());
        }
        let mut crooked = begin();
        // The server knows it all already: whoever asks anew gets it all.
        crooked.stories.insert(id(1), story.clone());
        let mut shuffled: Vec<ClientEvent> = if twice { told.iter().chain(&told).cloned().collect() } else { told.clone() };
        let mut dice = order | 1;
        for n in (1..shuffled.len()).rev() {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let other = usize::try_from(dice >> 33).expect("fits") % (n + 1);
            shuffled.swap(n, other);
        }
        for report in shuffled {
            crooked.client(report);
        }
        let open = |desk: &Desk| {
            let open = desk.state.open.as_ref().expect("open");
            (open.view.clone(), open.transcript.entries().clone())
        };
        prop_assert_eq!(open(&crooked), open(&straight));
        prop_assert_eq!(crooked.state.rows.get(&id(1)), straight.state.rows.get(&id(1)));
        let transcript: &Transcript = &story.transcript;
        prop_assert_eq!(open(&crooked).1.len(), transcript.entries.len());
    }

    /// Lines in any order, late ones and repeats among them: the newest counts.
    #[test]
    fn lines_in_any_order_give_the_newest(versions in proptest::collection::vec(1..50_u64, 1..20)) {
        let mut desk = Desk::with(80, 24, true, three_waiting());
        for version in &versions {
            let mut row = Story::new(7, "Ida", "/", 100).row();
            (row.version, row.summary, row.state) = (*version, format!("at {version}"), Standing::Queued);
            desk.client(ClientEvent::Row { seq: *version, conversation: id(7), version: *version, row: Some(Box::new(row)) });
        }
        let newest = versions.iter().max().expect("one at least");
        prop_assert_eq!(desk.state.rows[&id(7)].summary.as_str(), format!("at {newest}"));
    }

    /// The rows a text is wrapped into say the whole text, with its Markdown styled.
    #[test]
    fn drawn_rows_joined_give_the_text_back(
        text in prop_oneof![
            "(\\*\\*|`|_|# |> |- |[a-zäß你好 ]{1,9}|\n|👨\u{200d}👩\u{200d}👧|e\u{301}){1,60}",
            "[ -~]{1,200}", "\\PC{1,80}",
        ],
        w in prop_oneof![Just(40_u16), Just(80), Just(120)],
    ) {
        let ink = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        let shown = baton::text::Untrusted::new(text.as_str()).display();
        let mut desk = Desk::with(w, 60, true, vec![Story::new(1, "Nina", "/", 9).visitor(8, &text)]);
        desk.keys("3<enter>");
        let area = baton::console::app::layout::panes(&desk.state).transcript.expect("it is open");
        let left = if baton::console::app::layout::gutter_beside(area.w) { baton::console::app::layout::GUTTER } else { 2 };
        let cells = desk.cells(Look::FULL);
        let mut words = String::new();
        for y in area.y..area.y + area.h {
            // Links stand below what was said, behind a sign in the gutter.
            let row = |from: u16, upto: u16| (from..upto).map(|x| cells[(x, y)].symbol()).collect::<String>();
            if row(area.x, area.x + left).contains('>') {
                words.push_str(&row(area.x + left, area.x + area.w));
            }
        }
        prop_assert_eq!(ink(&words), ink(shown.as_str()));
    }
}

/// Strings of a megabyte where a name is expected: what is kept is what can be shown.
#[test]
fn huge_words_are_cut_at_the_door() {
    let huge = "x".repeat(1 << 20);
    let mut row = Story::new(7, &huge, "/", 100).visitor(90, &huge).queued(80, Reason::Loop, &huge).row();
    row.last_text.clone_from(&huge);
    row.holder = RowHolder { kind: huge.clone(), id: Some(bo().id), name: Some(huge.clone()) };
    let mut desk = Desk::with(80, 24, true, three_waiting());
    desk.client(ClientEvent::Row {
        seq: 1,
        conversation: id(7),
        version: row.version,
        row: Some(Box::new(row)),
    });
    let kept = &desk.state.rows[&id(7)];
    for text in [&kept.name, &kept.summary] {
        assert!(text.as_str().len() < 16_384, "{} bytes of one line are kept", text.as_str().len());
    }
    desk.client(ClientEvent::Eph(AgentEph::Viewing { conversation: id(1), names: vec![huge.clone(); 20] }));
    desk.client(ClientEvent::Link(Link::Down { retry_in_ms: 1, why: huge }));
    desk.keys("jjj<enter>r");
    assert_eq!(desk.screen().lines().count(), 24);
}

/// Twenty thousand lines at once, then as many that are gone.
#[test]
fn twenty_thousand_lines_are_a_list() {
    let mut desk = Desk::with(80, 24, true, three_waiting());
    let selected = desk.state.list().selected();
    let rows: Vec<Row> = (10..20_010)
        .map(|n| {
            let mut row = Story::new(n, "Ida", "/", 100).row();
            (row.state, row.queued_at) = (Standing::Queued, Some(NOW.plus_ms(-1_000)));
            row
        })
        .chain(desk.stories.values().map(Story::row))
        .collect();
    desk.client(ClientEvent::Snapshot { as_of: 9, rows, more: false });
    assert_eq!(desk.state.list().selected(), selected);
    assert!(desk.screen().contains("1 Queue 20003"), "{}", desk.screen());
    desk.keys("G");
    desk.screen();
    let rows = desk.stories.values().map(Story::row).collect();
    desk.client(ClientEvent::Snapshot { as_of: 10, rows, more: false });
    desk.keys("g");
    assert!(desk.screen().contains("1 Queue 3"), "{}", desk.screen());
    assert!(desk.state.rows.len() < 100, "{} lines that are gone are kept", desk.state.rows.len());
}

/// What passes by about conversations nobody knows is forgotten.
#[test]
fn rumours_do_not_pile_up() {
    let mut desk = Desk::with(80, 24, true, three_waiting());
    for n in 1_000..21_000 {
        let conversation = id(n);
        for eph in [
            AgentEph::Typing { conversation, who: "visitor".into(), name: None, on: true },
            AgentEph::Viewing { conversation, names: vec!["Bo".into()] },
            AgentEph::Presence { conversation, online: false, since: None },
            AgentEph::Seen { conversation, version: 1 },
        ] {
            desk.event(Event::Client(ClientEvent::Eph(eph)));
        }
    }
    let state = &desk.state;
    for (what, kept) in
        [("typing", state.typing.len()), ("viewing", state.viewing.len()), ("presence", state.presence.len())]
    {
        assert!(kept <= 5_000, "{kept} of {what} are kept");
    }
}

/// The answer to `watch` is about somebody else: that is said, and they are not shown.
#[test]
fn another_ones_conversation_is_not_shown_as_this_ones() {
    let mut desk = Desk::with(120, 40, true, three_waiting());
    desk.agreeable = false;
    desk.keys("<enter>");
    let tag = desk.state.open.as_ref().map(|open| open.tag).expect("open");
    let other = Story::new(9, "Mallory", "/secret", 100).visitor(90, "other words");
    desk.client(ClientEvent::Response { tag, result: Ok(other.watch_ok()) });
    let screen = desk.screen();
    assert!(!screen.contains("Mallory") && !screen.contains("other words"), "{screen}");
    assert!(screen.contains("It cannot be shown"), "{screen}");
}

/// A lie about a draft that came back.
#[test]
fn words_that_come_back_for_a_conversation_nobody_knows_are_kept() {
    let mut desk = Desk::with(80, 24, true, three_waiting());
    let why = WireError::new("a.lie", "\u{1b}]0;x\u{7}");
    let returned =
        ClientEvent::Returned { conversation: id(77), kind: DraftKind::Reply, text: "mine".into(), why };
    desk.client(returned);
    assert_eq!(desk.state.draft(id(77), DraftKind::Reply), Some("mine"));
    assert!(!desk.screen().contains('\u{1b}'));
}
