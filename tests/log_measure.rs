//! Figures, not tests: run with `cargo test --release --test log_measure -- --ignored --nocapture`.
//! `BATON_MEASURE_DIR` chooses the disk, `BATON_MEASURE_MESSAGES` the larger of the two sizes that are read.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

use std::time::Instant;

use baton::conversation::{
    AgentId, AgentRef, Author, Card, Cid, Conversation, ConversationId, Event, Handoff, Message, MessageId,
    Reason, ResolvedBy, SiteId, Tab, Time, VisitorId, VisitorRef,
};
use baton::log::{Append, Batch, Log, Principal};
use uuid::Uuid;

const TEXT: &str =
    "Hello, I ordered a lamp three weeks ago and it has not arrived; can somebody look into it?";

fn say(line: std::fmt::Arguments<'_>) {
    println!("{line}");
}

fn folder() -> tempfile::TempDir {
    match std::env::var_os("BATON_MEASURE_DIR") {
        Some(dir) => tempfile::tempdir_in(dir).unwrap(),
        None => tempfile::tempdir().unwrap(),
    }
}

/// Nanoseconds this thread has run.
fn cpu() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse().unwrap()
}

/// A word out of some hundred thousand: what people write is mostly the same words, and some rare ones.
fn rare_word(from: u128) -> String {
    let letter = char::from(b'a' + (from % 26) as u8);
    format!("{letter}{:03x}", (from >> 8) & 0xfff)
}

fn message(author: Author) -> Event {
    let id = Uuid::new_v4();
    let text = format!("{TEXT} {} {}", rare_word(id.as_u128()), rare_word(id.as_u128() >> 40));
    Event::MessagePosted(Message {
        id: MessageId(id),
        author,
        text,
        epoch: 0,
        sources: Vec::new(),
        attachments: Vec::new(),
        turn: None,
        thanks: false,
    })
}

fn append(
    batch: &mut Batch<'_>,
    id: ConversationId,
    who: VisitorId,
    at: Time,
    cid: Option<Cid>,
    events: &[Event],
) {
    let before = batch.conversation(id).unwrap().unwrap_or_else(|| Conversation::empty(id));
    let mut after = before.clone();
    events.iter().for_each(|e| after.apply(e, at));
    batch
        .append(Append {
            conversation: id,
            expected: before.version,
            at,
            principal: Principal::Visitor(who),
            cid: cid.map(|c| (c, [1; 16], events.len() - 1)),
            events,
            after: &after,
        })
        .unwrap();
}

fn started(n: u128) -> Event {
    let visitor = VisitorRef { id: VisitorId(Uuid::from_u128(n)), name: Some("Ada".into()), email: None };
    Event::Started { site: SiteId::new("demo").unwrap(), visitor, page: None, linked: None, device: None }
}

#[test]
#[ignore = "a measurement"]
fn appending() {
    for group in [1usize, 20, 200] {
        let dir = folder();
        let mut log = Log::open(dir.path()).unwrap();
        let people: Vec<(ConversationId, VisitorId)> =
            (0..200).map(|n| (ConversationId(Uuid::new_v4()), VisitorId(Uuid::from_u128(n)))).collect();
        let at = Time(1_700_000_000_000);
        let mut batch = log.begin().unwrap();
        for (n, (id, who)) in people.iter().enumerate() {
            append(&mut batch, *id, *who, at, None, &[started(n as u128), message(Author::Visitor)]);
        }
        batch.commit().unwrap();
        let total = [2_000, 20_000, 60_000][[1, 20, 200].iter().position(|g| *g == group).unwrap()];
        let (began, ran) = (Instant::now(), cpu());
        let site = SiteId::new("demo").unwrap();
        for n in 0..total / group {
            let mut batch = log.begin().unwrap();
            for i in 0..group {
                let (id, who) = people[(n * group + i) % people.len()];
                let cid = Cid(Uuid::now_v7());
                assert!(batch.remembered(Principal::Visitor(who), cid).unwrap().is_none());
                assert_eq!(batch.current_of(&site, who).unwrap(), Some(id));
                let at = at.plus_ms((n * group + i) as i64);
                append(&mut batch, id, who, at, Some(cid), &[message(Author::Visitor)]);
            }
            batch.commit().unwrap();
        }
        let (took, ran) = (began.elapsed(), cpu() - ran);
        say(format_args!(
            "append, {group} a commit: {:.0} messages/s, {:.1} us CPU a message",
            total as f64 / took.as_secs_f64(),
            ran as f64 / 1000.0 / total as f64,
        ));
        let began = cpu();
        let mut indexed = 0;
        while let n @ 1.. = log.index_text(500).unwrap() {
            indexed += n;
        }
        say(format_args!(
            "  index_text: {:.1} us CPU an event",
            (cpu() - began) as f64 / 1e3 / indexed as f64
        ));
    }
}

/// Conversations of 20 messages; 100 of them queued, 20 held, the rest resolved.
fn fill(log: &mut Log, messages: usize) -> ConversationId {
    let agent = AgentRef { id: AgentId(Uuid::from_u128(1)), name: "Max".into() };
    let count = messages / 20;
    let mut some = None;
    let mut n = 0;
    while n < count {
        let mut batch = log.begin().unwrap();
        for _ in 0..50.min(count - n) {
            n += 1;
            let (id, who) = (ConversationId(Uuid::new_v4()), VisitorId(Uuid::from_u128(n as u128 / 3)));
            let at = Time(1_700_000_000_000 + n as i64 * 10_000);
            let mut events = vec![started(n as u128 / 3)];
            for i in 0..20 {
                events.push(message(if i % 2 == 0 { Author::Visitor } else { Author::Assistant }));
            }
            let last = count - n;
            if last < 120 {
                let card = Card { summary: "wants the lamp".into(), ..Card::default() };
                let reason = Reason::HumanRequested;
                let handoff = Handoff {
                    reason,
                    evidence: vec!["asked".into()],
                    card,
                    page: None,
                    hits: Vec::new(),
                    withheld: None,
                };
                events.push(Event::HandoffInitiated { handoff });
                events.push(Event::HandoffRequested { ticket: false });
            }
            if last < 20 {
                events.push(Event::Accepted { agent: agent.clone() });
            }
            if last >= 120 {
                events.push(Event::Resolved(ResolvedBy::Time));
                events.push(Event::ResolveAnnounced);
            }
            append(&mut batch, id, who, at, None, &events);
            some = Some(id);
        }
        batch.commit().unwrap();
    }
    while log.index_text(5_000).unwrap() > 0 {}
    some.unwrap()
}

#[test]
#[ignore = "a measurement"]
fn reading() {
    let large = std::env::var("BATON_MEASURE_MESSAGES").map_or(200_000, |n| n.parse().unwrap());
    let sizes = [10_000usize, large];
    let mut medians: Vec<Vec<f64>> = Vec::new();
    let names = [
        "list queue",
        "list mine",
        "list resolved",
        "list all",
        "open_rows",
        "entries",
        "changed",
        "position",
        "search",
        "search common",
        "search page:",
        "search is:",
        "head alone",
    ];
    for size in sizes {
        let dir = folder();
        let mut log = Log::open(dir.path()).unwrap();
        let id = fill(&mut log, size);
        let mut batch = log.begin().unwrap();
        let rare = Event::NoteAdded {
            id: MessageId::NIL,
            by: AgentRef { id: AgentId::NIL, name: "x".into() },
            text: "jxylophone".into(),
        };
        append(&mut batch, id, VisitorId::NIL, Time(1_800_000_000_000), None, &[rare]);
        batch.commit().unwrap();
        while log.index_text(5_000).unwrap() > 0 {}
        let readers = log.readers(1).unwrap();
        let me = Some(AgentId(Uuid::from_u128(1)));
        let head = log.head();
        let query = |text: &str| baton::protocol::query::parse(text, Time(0)).unwrap();
        let (rare, common) = (query("jxylophone"), query("e"));
        let (page, queued) = (query("page:nosuch"), query("is:queued"));
        let mut of_size = Vec::new();
        for name in names {
            let mut times: Vec<f64> = (0..201)
                .map(|_| {
                    let began = Instant::now();
                    readers
                        .with(|r| {
                            match name {
                                "list queue" => drop(r.list(Tab::Queue, me, None, None, 50)?),
                                "list mine" => drop(r.list(Tab::Mine, me, None, None, 50)?),
                                "list resolved" => drop(r.list(Tab::Resolved, me, None, None, 50)?),
                                "list all" => drop(r.list(Tab::All, me, None, None, 50)?),
                                "open_rows" => assert_eq!(r.open_rows(None)?.len(), 120),
                                "entries" => drop(r.entries(id, None, 50)?),
                                "changed" => drop(r.rows_changed_after(head - 200, None, 100)?),
                                "position" => drop(r.queue_position(id)?),
                                "search" => assert_eq!(r.search(&rare, None, None, None, 50)?.hits.len(), 1),
                                "search common" => drop(r.search(&common, None, None, None, 50)?),
                                "search page:" => drop(r.search(&page, None, None, None, 50)?),
                                "search is:" => drop(r.search(&queued, None, None, None, 50)?),
                                _ => drop(r.head()?),
                            }
                            Ok(())
                        })
                        .unwrap();
                    began.elapsed().as_secs_f64() * 1e6
                })
                .collect();
            times.sort_by(f64::total_cmp);
            of_size.push(times[times.len() / 2]);
        }
        medians.push(of_size);
        let bytes = std::fs::metadata(dir.path().join("baton.db")).unwrap().len();
        say(format_args!("{size} messages: {:.0} bytes on disk a message", bytes as f64 / size as f64));
    }
    for (i, name) in names.iter().enumerate() {
        let (small, large) = (medians[0][i], medians[1][i]);
        say(format_args!(
            "{name:14} {small:8.0} us at {}, {large:8.0} us at {}: {:.2}x",
            sizes[0],
            sizes[1],
            large / small
        ));
    }
}
