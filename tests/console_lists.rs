//! Several at once: what is unread, who is next, sites, who types and looks and left. Tables on the reducer, and screens.

mod console_support;

use baton::client::{ClientEvent, Link};
use baton::console::app::Event;
use baton::conversation::{Author, Priority, Reason, SiteId, Tab};
use baton::protocol::{AgentAuthOk, AgentEph, SiteInfo, SyncMode};
use console_support::{Desk, NOW, Story, desk, id, me, three_waiting};

const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (40, 12)];

fn at_three_sizes(name: &str, build: impl Fn(u16, u16) -> Desk) {
    for (w, h) in SIZES {
        let desk = build(w, h);
        insta::assert_snapshot!(format!("{name}_{w}x{h}"), desk.screen_with_styles());
    }
}

/// A conversation of mine that waits since so many seconds.
fn mine(n: u128, name: &str, ago_s: i64) -> Story {
    Story::new(n, name, "/", 900)
        .visitor(800, "hello?")
        .queued(790, Reason::HumanRequested, "says hello")
        .accepted(700, me())
        .agent(690, me(), "Hi, one moment")
        .visitor(ago_s, "still there?")
}

fn on(mut story: Story, site: &str) -> Story {
    story.conversation.site = SiteId::new(site).ok();
    story
}

/// Reads as the server has them.
fn reads(desk: &mut Desk, reads: &[(u128, u64)]) {
    for (n, messages) in reads {
        desk.client(ClientEvent::Eph(AgentEph::Read { conversation: id(*n), messages: *messages }));
    }
}

/// The welcome of a server with two sites.
fn two_sites(desk: &mut Desk) {
    sites_called(desk, "Shop", "Documentation");
}

/// The same with these names.
fn sites_called(desk: &mut Desk, demo: &str, docs: &str) {
    let me_now = desk.state.me.clone().expect("signed in");
    let site = |id: &str, name: &str| SiteInfo {
        id: SiteId::new(id).expect("an id"),
        name: name.into(),
        mail: None,
    };
    let agent = serde_json::from_value(serde_json::json!({
        "id": me().id, "name": "Ana", "role": "agent",
        "availability": { "available": me_now.available }, "present": true,
    }))
    .expect("an agent");
    desk.client(ClientEvent::Welcome(Box::new(AgentAuthOk {
        agent,
        sites: vec![site("demo", demo), site("docs", docs)],
        agents: Vec::new(),
        log_id: "log".into(),
        head: 1,
        mode: SyncMode::Resumed,
        reason: None,
        replayed: 0,
        server_time: NOW,
        warn_after_ms: 60_000,
        return_after_ms: 180_000,
        capacity: None,
        groups: Vec::new(),
        reads: Vec::new(),
    })));
    desk.client(ClientEvent::Link(Link::Live));
}

fn unread(desk: &Desk, n: u128) -> u64 {
    desk.state.rows.get(&id(n)).map_or(0, |row| desk.state.unread(row))
}

fn read_ops(desk: &Desk) -> Vec<String> {
    desk.ops().into_iter().filter(|op| op.starts_with("read")).collect()
}

#[test]
fn what_is_before_my_eyes_is_read_and_told_once() {
    let mut desk = desk();
    assert_eq!((unread(&desk, 4), desk.state.unread_in(Tab::Mine)), (2, 2));
    desk.keys("2<enter>");
    assert_eq!(unread(&desk, 4), 0, "it is in sight");
    assert_eq!(read_ops(&desk), [""; 0], "and told in a moment, not at once");
    for _ in 0..5 {
        let event = desk.stories[&id(4)].message(Author::Visitor, "and now?");
        desk.happens(id(4), 0, &event);
        desk.advance(50);
    }
    desk.advance(600);
    assert_eq!(read_ops(&desk), ["read 4 7"], "one word for all of them");
}

#[test]
fn without_focus_or_further_up_nothing_is_read_and_a_line_says_where_it_begins() {
    let mut desk = desk();
    desk.keys("2<enter>");
    desk.advance(600);
    desk.event(Event::Focus(false));
    for text in ["one", "two"] {
        let event = desk.stories[&id(4)].message(Author::Visitor, text);
        desk.happens(id(4), 0, &event);
    }
    assert_eq!(unread(&desk, 4), 2);
    let screen = desk.screen();
    let rows: Vec<&str> = screen.lines().collect();
    let line = rows.iter().position(|row| row.contains("── new ──")).expect("the line is there");
    assert!(rows[line + 1].contains("one") && rows[line + 2].contains("two"), "{screen}");
    desk.event(Event::Focus(true));
    assert_eq!(unread(&desk, 4), 0);
    assert!(desk.screen().contains("── new ──"), "the line stays while one reads");
    desk.advance(600);
    assert_eq!(read_ops(&desk), ["read 4 2", "read 4 4"]);
    // Something over the panes hides it.
    desk.keys("?");
    let event = desk.stories[&id(4)].message(Author::Visitor, "three");
    desk.happens(id(4), 0, &event);
    assert_eq!(unread(&desk, 4), 1);
    desk.keys("<esc>");
    assert_eq!(unread(&desk, 4), 0);
}

#[test]
fn reads_are_kept_while_the_link_is_down_and_a_late_report_takes_nothing_back() {
    let mut desk = desk();
    desk.keys("2<enter>");
    desk.client(ClientEvent::Link(Link::Down { retry_in_ms: 1, why: "x".into() }));
    desk.advance(600);
    assert_eq!(read_ops(&desk), [""; 0]);
    desk.welcome(true);
    desk.advance(10);
    assert_eq!(read_ops(&desk), ["read 4 2"]);
    reads(&mut desk, &[(4, 1)]);
    assert_eq!(unread(&desk, 4), 0, "a smaller number changes nothing");
    reads(&mut desk, &[(4, 900)]);
    assert_eq!(unread(&desk, 4), 0, "a number nobody wrote makes nothing negative");
    reads(&mut desk, &[(99, 3)]);
    desk.screen();
}

#[test]
fn an_unread_conversation_opens_with_a_line_where_i_stopped() {
    let mut stories = three_waiting();
    stories.push(mine(4, "Kim", 30).visitor(20, "anybody?"));
    let mut desk = Desk::with(100, 30, true, stories);
    reads(&mut desk, &[(4, 1)]);
    assert_eq!(unread(&desk, 4), 2);
    desk.keys("2<enter>");
    let screen = desk.screen();
    let line = screen.lines().position(|row| row.contains("── new ──")).expect("the line is there");
    assert!(screen.lines().nth(line + 1).is_some_and(|row| row.contains("still there?")), "{screen}");
    // What was never read at all is new from its beginning: no line says so.
    desk.keys("1<enter>");
    assert!(!desk.screen().contains("── new ──"));
}

#[test]
fn the_next_one_waiting_goes_round() {
    let mut stories = three_waiting();
    stories.extend([mine(4, "Kim", 30), mine(5, "Lea", 90), mine(6, "Max", 60).agent(10, me(), "done")]);
    let mut desk = Desk::with(100, 30, true, stories);
    let mut went = Vec::new();
    for _ in 0..6 {
        desk.keys("w");
        let open = desk.state.open.as_ref().map_or(0, |open| open.id.0.as_u128());
        assert_eq!(desk.state.list().selected(), Some(id(open)), "the list goes along");
        went.push((open, desk.state.tab().word()));
    }
    let ring = [(5, "mine"), (4, "mine"), (1, "queue"), (2, "queue"), (3, "queue"), (5, "mine")];
    assert_eq!(went, ring, "mine first, longest wait first; then the queue; then round");
    assert_eq!(desk.toast(), "once around: who waits longest");
    assert_eq!(desk.deeds(), [""; 0], "nothing is claimed");
    desk.keys("ww");
    assert_eq!(desk.toast(), "Nina Kowalski waits in the queue and is not claimed: a accepts");
}

#[test]
fn the_next_one_waiting_says_when_nobody_does() {
    let mut desk = Desk::with(100, 30, true, vec![]);
    desk.keys("w");
    assert_eq!(desk.toast(), "nobody waits: not for you, and not in the queue");
    let mut desk = Desk::with(100, 30, true, vec![mine(4, "Kim", 30)]);
    desk.keys("ww");
    assert_eq!(desk.toast(), "this is the only one that waits");
}

#[test]
fn a_site_hides_the_lines_of_the_others_and_nothing_else() {
    let mut stories: Vec<Story> = three_waiting()
        .into_iter()
        .enumerate()
        .map(|(n, s)| on(s, if n == 1 { "docs" } else { "demo" }))
        .collect();
    stories.push(on(mine(4, "Kim", 30), "docs"));
    let mut desk = Desk::with(100, 30, true, stories);
    two_sites(&mut desk);
    assert_eq!((desk.state.count(Tab::Queue), desk.state.count(Tab::Mine)), (3, 1));
    desk.keys("fdoc<enter>");
    assert_eq!(desk.toast(), "Documentation only; others still alert you");
    assert_eq!((desk.state.count(Tab::Queue), desk.state.count(Tab::Mine)), (1, 1));
    assert_eq!(desk.state.list().selected(), Some(id(2)));
    assert_eq!(desk.state.waiting().0, 3, "the others still count where it matters");
    assert!(desk.screen().contains("Shop 2 waiting"), "{}", desk.screen());
    // The link breaks and comes back: the choice stays; a site that is gone does not.
    desk.keys("fall<enter>");
    assert_eq!(desk.state.count(Tab::Queue), 3);
    desk.keys("fdoc<enter>");
    desk.welcome(true);
    assert_eq!((desk.state.site.clone(), desk.state.count(Tab::Queue)), (None, 3));
    desk.keys("f");
    assert_eq!(desk.toast(), "there is one site: Demo");
}

#[test]
fn one_that_waits_elsewhere_is_told_where_nobody_waits_here() {
    let mut desk = Desk::with(100, 30, true, vec![on(three_waiting().remove(0), "demo")]);
    two_sites(&mut desk);
    desk.keys("fdoc<enter>w");
    assert_eq!(desk.toast(), "nobody waits here; on the other sites: Shop 1. f shows them");
}

#[test]
fn who_types_looks_and_left_stands_in_the_list() {
    let mut desk = Desk::with(130, 30, true, three_waiting());
    let eph = |desk: &mut Desk, eph| desk.client(ClientEvent::Eph(eph));
    let typing = |n, who: &str, name: Option<&str>| AgentEph::Typing {
        conversation: id(n),
        who: who.into(),
        name: name.map(str::to_owned),
        on: true,
    };
    eph(&mut desk, typing(1, "agent", Some("Bo")));
    eph(&mut desk, AgentEph::Viewing { conversation: id(1), names: vec!["Bo".into()] });
    eph(&mut desk, AgentEph::Viewing { conversation: id(2), names: vec!["Bo".into()] });
    eph(&mut desk, typing(3, "visitor", None));
    let left = AgentEph::Presence { conversation: id(2), online: false, since: Some(NOW.plus_ms(-130_000)) };
    eph(&mut desk, left);
    // About nobody this console knows: nothing is kept.
    eph(&mut desk, AgentEph::Presence { conversation: id(77), online: false, since: None });
    assert!(!desk.state.presence.contains_key(&id(77)));
    let screen = desk.screen();
    for words in ["Bo types…", "Bo looks", "types…", "left 2m"] {
        assert!(screen.contains(words), "{words}: {screen}");
    }
    assert_eq!(screen.matches("Bo looks").count(), 1, "who types looks: once is enough");
    eph(&mut desk, AgentEph::Viewing { conversation: id(1), names: vec![] });
    eph(&mut desk, AgentEph::Viewing { conversation: id(2), names: vec![] });
    eph(&mut desk, AgentEph::Presence { conversation: id(2), online: true, since: None });
    desk.advance(7_000);
    let screen = desk.screen();
    for words in ["Bo types…", "Bo looks", "left 2m"] {
        assert!(!screen.contains(words), "{words}: {screen}");
    }
}

#[test]
fn arrivals_below_what_is_in_sight_are_announced() {
    let mut desk = Desk::with(80, 12, true, three_waiting());
    for n in 10..16 {
        let story = Story::new(n, "New", "/", 5).visitor(4, "hi").queued(3, Reason::Loop, "again");
        let row = story.row_event();
        desk.stories.insert(id(n), story);
        desk.client(row);
    }
    assert_eq!(desk.state.list().new_below(), 6 + 3 - 3);
    assert!(desk.screen().contains("6 new"), "{}", desk.screen());
    desk.keys("G");
    assert_eq!(desk.state.list().new_below(), 0);
}

/// A busy desk: two sites, unread, somebody types, looks and left, one urgent.
fn busy(w: u16, h: u16) -> Desk {
    let mut stories: Vec<Story> = three_waiting()
        .into_iter()
        .enumerate()
        .map(|(n, s)| on(s, if n == 1 { "docs" } else { "demo" }))
        .collect();
    stories[1].conversation.priority = Priority::Urgent;
    stories.extend([on(mine(4, "Kim", 30), "docs"), on(mine(5, "Lea Marchetti-Rodriguez", 400), "demo")]);
    let mut desk = Desk::with(w, h, true, stories);
    two_sites(&mut desk);
    reads(&mut desk, &[(1, 1), (4, 1)]);
    let name = Some("Bo".to_owned());
    desk.client(ClientEvent::Eph(AgentEph::Typing {
        conversation: id(1),
        who: "agent".into(),
        name,
        on: true,
    }));
    desk.client(ClientEvent::Eph(AgentEph::Viewing {
        conversation: id(2),
        names: vec!["Bo".into(), "Cy".into()],
    }));
    let since = Some(NOW.plus_ms(-130_000));
    desk.client(ClientEvent::Eph(AgentEph::Presence { conversation: id(3), online: false, since }));
    desk
}

#[test]
fn the_queue_of_two_sites() {
    at_three_sizes("lists_queue", busy);
}

#[test]
fn one_site_and_another_one_open() {
    at_three_sizes("lists_site", |w, h| {
        let mut desk = busy(w, h);
        desk.keys("2j<enter>fshop<enter>");
        desk
    });
}

#[test]
fn the_sites_to_choose_from() {
    at_three_sizes("lists_sites", |w, h| {
        let mut desk = busy(w, h);
        desk.keys("f");
        desk
    });
}

#[test]
fn mine_with_unread() {
    at_three_sizes("lists_mine", |w, h| {
        let mut desk = busy(w, h);
        desk.keys("2");
        desk
    });
}

#[test]
fn sites_whose_names_begin_alike_are_told_apart_by_their_ids() {
    let mut desk = Desk::with(80, 24, true, three_waiting());
    sites_called(&mut desk, "Example Online Shop", "Example Online Documentation");
    let screen = desk.screen();
    let row = screen.lines().nth(4).unwrap_or_default();
    assert!(row.trim_start().starts_with("demo "), "{screen}");
}
