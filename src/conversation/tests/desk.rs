//! What agents note about a conversation beside what is said: tags, priority, load; and what is known of the visitor's way.

use super::*;

fn started() -> World {
    let mut w = World::new();
    w.act(by_visitor(), &say("hi")).expect("starts");
    w
}

fn tag(add: &[&str], remove: &[&str]) -> Command {
    let all = |tags: &[&str]| tags.iter().map(|t| (*t).to_owned()).collect();
    Command::Tag { add: all(add), remove: all(remove) }
}

fn page(n: usize) -> Page {
    Page { url: format!("https://shop.example/{n}"), title: None, referrer: None }
}

#[test]
fn tags_are_kept_as_first_typed_compared_without_case_and_told_as_what_changed() {
    let mut w = started();
    w.act(by_agent(2), &tag(&[" VIP ", "refund", "vip"], &[])).expect("anybody may");
    assert_eq!(w.c.tags, ["refund", "VIP"]);
    let same = w.act(by_agent(1), &tag(&["Vip", "REFUND"], &["never there"])).expect("no change");
    assert_eq!(same, []);
    let events = w.act(by_agent(1), &tag(&["angry", "vip"], &["vip"])).expect("removed first");
    assert_eq!(
        events,
        [Event::Tagged {
            by: agent(1),
            added: vec!["angry".into(), "vip".into()],
            removed: vec!["VIP".into()]
        }],
        "another spelling is a change where it is asked for"
    );
    assert_eq!(w.c.tags, ["angry", "refund", "vip"]);
    assert_eq!(Row::of(&w.c).expect("started").tags, w.c.tags);
}

#[test]
fn what_is_no_tag_and_more_than_the_limit_are_refused_whole() {
    let mut w = started();
    for bad in ["", "  ", "a\tb", "two\nlines", "\u{1b}[2J", &"x".repeat(LABEL_CHARS + 1)] {
        assert_eq!(w.act(by_agent(1), &tag(&["good", bad], &[])), Err(Rejection::BadTag), "{bad:?}");
    }
    assert!(w.c.tags.is_empty(), "nothing of a refused command stays");
    let many: Vec<String> = (0..TAGS_AT_MOST).map(|n| format!("t{n:02}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    w.act(by_agent(1), &tag(&many, &[])).expect("as many as there may be");
    assert_eq!(w.act(by_agent(1), &tag(&["more"], &[])), Err(Rejection::TooManyTags));
    w.act(by_agent(1), &tag(&["more"], &["T00"])).expect("one for one");
    assert_eq!(w.c.tags.len(), TAGS_AT_MOST);
    w.act(by_agent(1), &tag(&["T01"], &[])).expect("it is there");
}

#[test]
fn tags_and_priority_outlast_a_resolve_and_move_no_holder_and_no_fence() {
    let mut w = started();
    let before = (w.c.epoch, w.c.holder.clone(), w.c.waiting_since);
    w.act(by_agent(2), &tag(&["vip"], &[])).expect("unheld");
    w.act(by_agent(2), &Command::SetPriority(Priority::High)).expect("unheld");
    assert_eq!((w.c.epoch, w.c.holder.clone(), w.c.waiting_since), before);
    w.act(by_agent(1), &Command::Resolve).expect("unheld");
    w.act(by_agent(2), &Command::SetPriority(Priority::Urgent)).expect("also when resolved");
    w.act(by_visitor(), &say("again")).expect("returns");
    assert_eq!((w.c.tags.as_slice(), w.c.priority), (&["vip".to_owned()][..], Priority::Urgent));
}

#[test]
fn priorities_are_ordered_and_read_back() {
    assert!(Priority::ALL.is_sorted());
    for priority in Priority::ALL {
        assert_eq!(priority.word().parse(), Ok(priority));
        assert_eq!(serde_json::to_value(priority).expect("a word"), priority.word());
    }
    assert!("high!".parse::<Priority>().expect_err("none").contains("urgent"));
}

#[test]
fn a_transfer_posts_its_note_first_and_names_the_transfer() {
    let mut w = started();
    w.act(by_agent(1), &Command::TakeOver { over_capacity: false }).expect("the assistant has it");
    let note = || Some("They were promised a refund.".to_owned());
    let to = TransferTo::Group("billing".into());
    let decided = w.decide(by_agent(1), &Command::Transfer { to, note: note() }).expect("mine");
    let names: Vec<_> = decided.events.iter().map(Event::name).collect();
    assert_eq!((names.as_slice(), decided.primary), (&["note.added", "released"][..], 1));
    let to = TransferTo::Agent(agent(2));
    let decided = w.decide(by_agent(1), &Command::Transfer { to: to.clone(), note: note() }).expect("mine");
    assert_eq!(decided.primary, 1);
    assert!(matches!(&decided.events[0], Event::NoteAdded { by, .. } if *by == agent(1)));
    let to_themself = Command::Transfer { to: TransferTo::Agent(agent(1)), note: note() };
    let decided = w.decide(by_agent(1), &to_themself).expect("theirs already");
    assert!(matches!(decided.events.as_slice(), [Event::NoteAdded { .. }]), "what was typed is kept");
    let long = Some("x".repeat(w.settings.max_message_bytes + 1));
    let refused = w.decide(by_agent(1), &Command::Transfer { to, note: long });
    assert!(matches!(refused, Err(Rejection::MessageTooLong { .. })));
}

#[test]
fn at_the_limit_reaching_for_more_is_refused_once() {
    let accept = |over_capacity| Command::Accept { over_capacity };
    let mut w = World::new();
    w.act(by_visitor(), &ask_for_person()).expect("queued");
    w.load = Some(Load { active: 3, limit: 3 });
    let refused = w.act(by_agent(1), &accept(false)).expect_err("at the limit");
    assert_eq!(refused, Rejection::AtCapacity { active: 3, limit: 3 });
    assert!(refused.to_string().contains("Accept again"), "{refused}");
    let take_over = Command::TakeOver { over_capacity: false };
    assert_eq!(w.act(by_agent(1), &take_over), Err(Rejection::AtCapacity { active: 3, limit: 3 }));
    w.act(by_agent(1), &accept(true)).expect("they know");
    assert_eq!(w.act(by_agent(1), &accept(false)), Ok(vec![]), "theirs already: nothing is reached for");
    let lost = w.act(by_agent(2), &accept(false));
    assert_eq!(lost, Err(Rejection::AlreadyTaken { by: agent(1) }), "who won matters more than the limit");

    let mut w = World { load: Some(Load { active: 3, limit: 3 }), ..started() };
    w.act(by_agent(1), &reply("hello")).expect("words for a visitor are never turned away by a number");
    let mut w = World { load: Some(Load { active: 2, limit: 3 }), ..started() };
    w.act(by_agent(1), &Command::TakeOver { over_capacity: false }).expect("one below the limit");
}

#[test]
fn what_is_idle_snoozed_or_somebody_elses_is_no_load() {
    let mut w = started();
    w.act(by_agent(1), &Command::TakeOver { over_capacity: false }).expect("the assistant has it");
    let said = w.c.last_message_at;
    assert!(w.c.counts_for(agent(1).id, said.plus_ms(LOAD_WINDOW_MS)));
    assert!(!w.c.counts_for(agent(1).id, said.plus_ms(LOAD_WINDOW_MS + 1)), "idle");
    assert!(!w.c.counts_for(agent(2).id, said), "somebody else's");
    w.act(by_agent(1), &Command::Snooze(SnoozeUntil::NextMessage)).expect("mine");
    assert!(!w.c.counts_for(agent(1).id, said), "snoozed");
}

#[test]
fn the_trail_keeps_the_last_ten_pages_cut_to_what_a_person_reads() {
    let mut w = World::new();
    let say_on = |page| Command::VisitorMessage {
        text: "hi".into(),
        attachments: vec![],
        page: Some(page),
        thanks: false,
    };
    w.act(by_visitor(), &say_on(page(0))).expect("starts");
    w.act(by_visitor(), &say_on(page(0))).expect("on the same page");
    assert_eq!(w.c.trail.len(), 1);
    for n in 1..15 {
        w.act(by_visitor(), &Command::VisitPage(page(n))).expect("moves");
    }
    let urls: Vec<_> = w.c.trail.iter().map(|v| v.page.url.clone()).collect();
    assert_eq!(urls, (5..15).map(|n| page(n).url).collect::<Vec<_>>());
    assert!(w.c.trail.is_sorted_by_key(|v| v.at));
    let long = Page {
        url: "https://x.example/".to_owned() + &"ä".repeat(900),
        title: Some("€".repeat(300)),
        referrer: Some("\u{202e}".repeat(300)),
    };
    w.act(by_visitor(), &Command::VisitPage(long.clone())).expect("moves");
    assert_eq!(w.c.page.as_ref(), Some(&long), "the page itself is whole");
    let kept = &w.c.trail.last().expect("ten").page;
    assert!(kept.url.len() <= 500 && long.url.starts_with(&kept.url));
    assert_eq!(kept.title.as_ref().map(String::len), Some(150));
    assert_eq!(kept.referrer.as_ref().map(String::len), Some(249), "cut between characters");
}

#[test]
fn a_device_is_told_with_the_start_and_again_when_it_changes() {
    let device = |locale: &str, zone: Option<&str>| Device {
        locale: Some(locale.into()),
        time_zone: zone.map(str::to_owned),
        user_agent: None,
    };
    let mut w = World { device: Some(device("de-CH", Some("Europe/Zurich"))), ..World::new() };
    let events = w.act(by_visitor(), &say("hi")).expect("starts");
    assert_eq!(events.len(), 2, "the start itself says it");
    assert_eq!(w.c.device, w.device);
    assert_eq!(w.act(by_visitor(), &say("and")).expect("goes on").len(), 1);
    w.device = Some(device("en-GB", None));
    let events = w.act(by_visitor(), &Command::VisitPage(page(1))).expect("another browser");
    let both = device("en-GB", Some("Europe/Zurich"));
    assert_eq!(events[1], Event::DeviceTold { device: both.clone() }, "what is left out stays as it was");
    assert_eq!(w.c.device, Some(both));
    w.device = Some(Device::default());
    assert_eq!(w.act(by_visitor(), &Command::VisitPage(page(1))), Ok(vec![]));
    let mut w = World { device: Some(Device::default()), ..World::new() };
    w.act(by_visitor(), &say("hi")).expect("starts");
    assert_eq!(w.c.device, None);
}

#[test]
fn visitor_messages_count_what_visitors_said() {
    let mut w = started();
    w.act(Actor::Assistant, &w.assistant_says("hello")).expect("owed");
    w.act(by_visitor(), &say("more")).expect("writes");
    w.act(by_agent(1), &reply("hello")).expect("takes over");
    assert_eq!((w.c.messages, w.c.visitor_messages), (4, 2));
    assert_eq!(Row::of(&w.c).expect("started").visitor_messages, 2);
}

#[test]
fn older_states_and_rows_are_read_with_what_they_lack() {
    let w = started();
    let without = |value: serde_json::Value, names: &[&str]| {
        let mut value = value;
        let object = value.as_object_mut().expect("an object");
        names.iter().for_each(|n| assert!(object.remove(*n).is_some(), "{n}"));
        value
    };
    let state = serde_json::to_value(&w.c).expect("plain data");
    let older = without(state, &["tags", "priority", "visitor_messages", "trail", "device"]);
    let read: Conversation = serde_json::from_value(older).expect("reads");
    assert_eq!((read.priority, read.tags.len(), read.visitor_messages), (Priority::Normal, 0, 0));
    let row = serde_json::to_value(Row::of(&w.c).expect("started")).expect("plain data");
    let older = without(row, &["tags", "priority", "visitor_messages", "group"]);
    let read: Row = serde_json::from_value(older).expect("reads");
    assert_eq!((read.priority, read.group), (Priority::Normal, None));
}

#[test]
fn markers_keep_what_comes_from_outside_apart_from_our_words() {
    let marker = |event: Event| {
        let Some(EntryKind::Marker { who, what, about }) = EntryKind::of(&event) else {
            return Default::default();
        };
        (who.unwrap_or_default(), what, about)
    };
    let tagged = |added: &[&str], removed: &[&str]| Event::Tagged {
        by: agent(1),
        added: added.iter().map(|t| (*t).to_owned()).collect(),
        removed: removed.iter().map(|t| (*t).to_owned()).collect(),
    };
    let name = agent(1).name;
    assert_eq!(marker(tagged(&["a", "b"], &[])), (name.clone(), "tagged it".into(), Some("a, b".into())));
    assert_eq!(marker(tagged(&[], &["c"])), (name.clone(), "took tags away".into(), Some("c".into())));
    assert_eq!(
        marker(tagged(&["a"], &["c"])),
        (name.clone(), "changed its tags".into(), Some("+a -c".into()))
    );
    let urgent = Event::Prioritised { by: agent(1), priority: Priority::Urgent };
    assert_eq!(marker(urgent), (name.clone(), "set its priority to urgent".into(), None));
    let group = ReleaseCause::Transferred { by: agent(1), group: "\u{1b}[2J".into() };
    assert_eq!(marker(Event::Released(group)).2.as_deref(), Some("\u{1b}[2J"));
    assert_eq!(EntryKind::of(&Event::DeviceTold { device: Device::default() }), None);
}
