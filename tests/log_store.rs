//! The log as the engine uses it: histories, once-only ids, snapshots, rebuilding, and what it refuses.
#![allow(clippy::unwrap_used, clippy::panic)]

mod log_support;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};

use baton::conversation::{
    AgentId, Cid, Conversation, ConversationId, Event, Role, Row, SiteId, State, Tab, Time, Transcript,
    VisitorId,
};
use baton::log::{Append, Log, OpenError, Principal, StoreError, add_agent, rebuild};
use baton::protocol::AvailabilityInfo;
use log_support::{Run, agent, dump, open, ops, site, visitor};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use uuid::Uuid;

const READ_MODEL: &str = "SELECT * FROM conversations ORDER BY key";

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Positions and versions have no gap, every state is the fold of its events, every client id is remembered with its
    /// first effect, and rebuilding gives the same rows.
    #[test]
    fn random_histories(ops in ops(160)) {
        let dir = tempfile::tempdir().unwrap();
        let mut run = Run::new();
        let mut log = open(dir.path());
        run.all(&mut log, &ops);
        check_log(&mut log, &run);

        while log.index_text(7).unwrap() > 0 {}
        drop(log);
        let before = dump(dir.path(), READ_MODEL);
        let replayed = rebuild(dir.path()).unwrap();
        prop_assert_eq!(replayed, run.appended.iter().map(|d| d.events).sum::<u64>());
        prop_assert_eq!(before, dump(dir.path(), READ_MODEL));

        // A writer that starts cold knows what the one before knew.
        let mut log = open(dir.path());
        check_log(&mut log, &run);
    }

    /// Lists, paged by any size, are the rows of the states, each once, in the tab's order.
    #[test]
    fn lists_are_the_rows_of_the_states(ops in ops(160), page in 1usize..7) {
        let dir = tempfile::tempdir().unwrap();
        let mut log = open(dir.path());
        Run::new().all(&mut log, &ops);
        let readers = log.readers(1).unwrap();
        readers.with(|r| {
            let all = states(dir.path());
            for sites in [None, Some(vec![site(0)]), Some(vec![site(1), site(0)]), Some(vec![])] {
                let rows: Vec<Row> = all.iter().filter_map(Row::of)
                    .filter(|row| sites.as_ref().is_none_or(|s: &Vec<SiteId>| s.contains(&row.site))).collect();
                let me = agent(0).id;
                for tab in [Tab::Queue, Tab::Mine, Tab::Assistant, Tab::Snoozed, Tab::Resolved, Tab::All] {
                    let mut listed = Vec::new();
                    let mut cursor = None;
                    loop {
                        let p = r.list(tab, Some(me), sites.as_deref(), cursor.as_deref(), page)?;
                        listed.extend(p.rows);
                        cursor = p.next;
                        if cursor.is_none() { break }
                    }
                    let wanted: BTreeMap<ConversationId, &Row> =
                        rows.iter().filter(|row| row.in_tab(tab, me)).map(|row| (row.id, row)).collect();
                    assert_eq!(listed.len(), wanted.len(), "{tab:?}: each once");
                    assert!(listed.iter().all(|row| wanted.get(&row.id) == Some(&row)));
                    let sorted = match tab {
                        Tab::Queue => listed.is_sorted_by_key(|row| row.queued_at),
                        Tab::Mine => listed.is_sorted_by_key(|row| (row.waiting_since.is_none(), row.waiting_since)),
                        Tab::Snoozed => listed.is_sorted_by_key(|row| (row.snoozed_until.is_none(), row.snoozed_until)),
                        Tab::Resolved => listed.iter().rev().is_sorted_by_key(|row| row.resolved_at),
                        Tab::Assistant => listed.iter().rev().is_sorted_by_key(|row| row.last_message_at.0 / 60_000),
                        Tab::All => true,
                    };
                    assert!(sorted, "{tab:?}: {listed:#?}");
                    for (i, row) in listed.iter().enumerate().filter(|_| tab == Tab::Queue) {
                        let before = listed[..i].iter().filter(|other| other.site == row.site).count() as u64;
                        assert_eq!(r.queue_position(row.id)?, Some(before + 1));
                    }
                }
                let mut open: Vec<_> = r.open_rows(sites.as_deref())?.into_iter().map(|row| row.id).collect();
                open.sort();
                let mut wanted: Vec<_> =
                    rows.iter().filter(|row| row.state != State::Resolved).map(|row| row.id).collect();
                wanted.sort();
                assert_eq!(open, wanted);
            }
            // Walking by change meets every conversation once, in the order of its last event.
            let (mut after, mut met) = (0, Vec::new());
            loop {
                let rows = r.rows_changed_after(after, None, page)?;
                let Some((last, _)) = rows.last() else { break };
                assert!(rows.is_sorted_by_key(|(seq, _)| *seq) && rows[0].0 > after);
                after = *last;
                met.extend(rows.into_iter().map(|(_, row)| row.id));
            }
            assert_eq!(after, r.head()?);
            assert_eq!(met.len(), all.len());
            Ok(())
        }).unwrap();
    }
}

/// The histories above are worth their name: they meet every kind of event.
#[test]
fn histories_meet_every_kind_of_event() {
    let dir = tempfile::tempdir().unwrap();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut log = open(dir.path());
    let mut run = Run::new();
    for _ in 0..40 {
        let some = proptest::strategy::Strategy::new_tree(&ops(160), &mut runner).unwrap().current();
        run.all(&mut log, &some);
    }
    let met = dump(dir.path(), "SELECT DISTINCT CAST(json_extract(body, '$.type') AS BLOB) FROM events");
    assert_eq!(met.len(), 25, "of the 25 there are: {met:?}");
    let linked = "SELECT 1 FROM events WHERE json_extract(body, '$.d.linked') IS NOT NULL LIMIT 1";
    assert_eq!(dump(dir.path(), linked).len(), 1, "a visitor came back after the reopen window");
    check_log(&mut log, &run);
}

/// All states, read past the log's own interface.
fn states(dir: &std::path::Path) -> Vec<Conversation> {
    let conn = rusqlite::Connection::open(dir.join("baton.db")).unwrap();
    let mut statement = conn.prepare("SELECT doc FROM conversations ORDER BY key").unwrap();
    let docs = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    docs.map(|doc| serde_json::from_str(&doc.unwrap()).unwrap()).collect()
}

fn check_log(log: &mut Log, run: &Run) {
    let total: u64 = run.appended.iter().map(|d| d.events).sum();
    assert_eq!(log.head(), total, "positions have no gap");
    let mut next = 1;
    let mut versions: BTreeMap<ConversationId, u64> = BTreeMap::new();
    for done in &run.appended {
        assert_eq!(done.first_seq, next);
        next += done.events;
        let version = versions.entry(done.id).or_default();
        assert_eq!(done.first_version, *version + 1);
        *version += done.events;
    }
    let readers = log.readers(1).unwrap();
    readers
        .with(|r| {
            for (id, version) in &versions {
                let events = r.events_of(*id, 0, usize::MAX >> 1)?;
                assert_eq!(events.len() as u64, *version);
                let mut folded = Conversation::empty(*id);
                let mut transcript = Transcript::default();
                for (i, e) in events.iter().enumerate() {
                    assert_eq!(e.version, i as u64 + 1);
                    assert_eq!(serde_json::from_str::<Event>(&e.body).unwrap(), e.event);
                    folded.apply(&e.event, e.at);
                    transcript.apply(e.seq, e.version, e.at, &e.event);
                }
                assert_eq!(r.conversation(*id)?, Some(folded), "the state is the fold");
                let middle = events[events.len() / 2].seq;
                let later = r.events_of(*id, middle, 1000)?;
                assert_eq!(later, events[events.len() / 2 + 1..]);
                assert_eq!(r.events_of(*id, middle - 1, 1)?[0].seq, middle);

                let mut pages = Vec::new();
                let mut before = None;
                loop {
                    let (page, older) = r.entries(*id, before, 3)?;
                    assert!(older || page.len() <= 3);
                    before = page.first().map(|e| e.version);
                    pages.splice(0..0, page);
                    if !older {
                        break;
                    }
                }
                assert_eq!(pages, transcript.entries, "pages make up the transcript");
                assert_eq!(r.by_prefix(&id.to_string())?, vec![*id]);
            }
            Ok(())
        })
        .unwrap();
    let latest = |r: &baton::log::Reader| {
        let pairs = (0..2).flat_map(|s| (0..3).map(move |v| (site(s), visitor(v).id)));
        pairs.map(|(s, v)| Ok((r.current_of(&s, v)?, s, v))).collect::<Result<Vec<_>, StoreError>>()
    };
    let latest = readers.with(latest).unwrap();
    let unfinished = log.unfinished().unwrap();
    let mut batch = log.begin().unwrap();
    for id in versions.keys() {
        let state = batch.conversation(*id).unwrap().unwrap();
        let wanted = state.state != State::Resolved || !state.announced;
        assert_eq!(unfinished.contains(&state), wanted);
    }
    for (id, site, visitor) in latest {
        assert_eq!(batch.current_of(&site, visitor).unwrap(), id, "the writer's memory is what is stored");
    }
    for done in &run.appended {
        let first = batch.remembered(done.principal, done.cid).unwrap().unwrap();
        assert_eq!(first.conversation, done.id);
        assert_eq!(first.content_hash, done.hash);
        assert_eq!(first.seq, done.first_seq + done.primary as u64);
        assert_eq!(first.version, done.first_version + done.primary as u64);
        assert!(batch.remembered(Principal::Agent(AgentId::NIL), done.cid).unwrap().is_none());
    }
}

/// One message of a visitor, as the engine appends it.
struct Sent {
    id: ConversationId,
    who: VisitorId,
    events: Vec<Event>,
    before: Conversation,
    after: Conversation,
}

fn sent(before: Option<Conversation>, n: u128, text: &str) -> Sent {
    let id = before.as_ref().map_or(ConversationId(Uuid::from_u128(n << 64 | n)), |c| c.id);
    let before = before.unwrap_or_else(|| Conversation::empty(id));
    let mut who = visitor(0);
    who.id = VisitorId(Uuid::from_u128(n));
    let mut events = Vec::new();
    if !before.exists() {
        events.push(Event::Started {
            site: site(0),
            visitor: who.clone(),
            page: None,
            linked: None,
            device: None,
        });
    }
    let message = serde_json::json!({"type": "message.posted", "d": {
        "id": Uuid::from_u128(n), "author": {"kind": "visitor"}, "text": text, "epoch": before.epoch}});
    events.push(serde_json::from_value(message).unwrap());
    let mut after = before.clone();
    events.iter().for_each(|e| after.apply(e, Time(1_700_000_000_000)));
    Sent { id, who: who.id, events, before, after }
}

impl Sent {
    fn append(&self, cid: Option<u128>) -> Append<'_> {
        Append {
            conversation: self.id,
            expected: self.before.version,
            at: Time(1_700_000_000_000),
            principal: Principal::Visitor(self.who),
            cid: cid.map(|c| (Cid(Uuid::from_u128(c)), [7; 16], self.events.len() - 1)),
            events: &self.events,
            after: &self.after,
        }
    }
}

#[test]
fn a_failing_append_harms_no_other_command_of_the_group() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    let mut batch = log.begin().unwrap();
    let (a, b) = (sent(None, 1, "a"), sent(None, 2, "b"));
    batch.append(a.append(Some(10))).unwrap();
    let conflict = batch.append(a.append(Some(11))).unwrap_err();
    assert!(matches!(conflict, StoreError::Conflict { expected: 0, found: 2 }));
    // The same client id again, on an append of two events whose second one carries it.
    let reused = Sent { id: ConversationId(Uuid::from_u128(99)), ..sent(None, 1, "a") };
    let reused = Sent {
        after: {
            let mut after = Conversation::empty(reused.id);
            reused.events.iter().for_each(|e| after.apply(e, Time(1_700_000_000_000)));
            after
        },
        before: Conversation::empty(reused.id),
        ..reused
    };
    assert!(matches!(batch.append(reused.append(Some(10))), Err(StoreError::Failed(_))));
    let at = batch.append(b.append(Some(10))).unwrap();
    assert_eq!((at.first_seq, at.last_seq), (3, 4), "the refused ones left no gap");
    batch.commit().unwrap();
    assert_eq!(log.head(), 4);
    assert_eq!(dump(dir.path(), "SELECT count(*) FROM streams"), ["Integer(2)"]);
    let readers = log.readers(1).unwrap();
    readers
        .with(|r| {
            assert_eq!(r.conversation(reused.id)?, None);
            assert_eq!(r.events_of(b.id, 0, 9)?[1].visitor_cid, Some(Cid(Uuid::from_u128(10))));
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_is_not_committed_did_not_happen() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    let first = sent(None, 1, "a");
    let mut batch = log.begin().unwrap();
    batch.append(first.append(Some(1))).unwrap();
    assert!(batch.remembered(Principal::Visitor(first.who), Cid(Uuid::from_u128(1))).unwrap().is_some());
    assert_eq!(batch.current_of(&site(0), first.who).unwrap(), Some(first.id));
    drop(batch);
    assert_eq!(log.head(), 0);
    let mut batch = log.begin().unwrap();
    assert!(batch.remembered(Principal::Visitor(first.who), Cid(Uuid::from_u128(1))).unwrap().is_none());
    assert_eq!(batch.current_of(&site(0), first.who).unwrap(), None);
    assert_eq!(batch.conversation(first.id).unwrap(), None);
    batch.append(first.append(Some(1))).unwrap();
    batch.commit().unwrap();
    // A rolled-back second message does not stay in the writer's memory.
    let second = sent(Some(first.after.clone()), 1, "b");
    let mut batch = log.begin().unwrap();
    batch.append(second.append(Some(2))).unwrap();
    assert_eq!(batch.conversation(first.id).unwrap(), Some(second.after.clone()));
    drop(batch);
    let mut batch = log.begin().unwrap();
    assert_eq!(batch.conversation(first.id).unwrap(), Some(first.after.clone()));
    batch.append(second.append(Some(2))).unwrap();
    batch.commit().unwrap();
    assert_eq!(log.head(), 3);
    // Nor do the keys it made: a writer that starts cold finds whose commands these were.
    drop(log);
    let mut log = open(dir.path());
    let mut batch = log.begin().unwrap();
    assert!(batch.remembered(Principal::Visitor(first.who), Cid(Uuid::from_u128(1))).unwrap().is_some());
    assert_eq!(batch.current_of(&site(0), first.who).unwrap(), Some(first.id));
}

#[test]
fn an_append_that_contradicts_itself_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    let mut batch = log.begin().unwrap();
    let s = sent(None, 1, "a");
    let nothing = Append { events: &[], ..s.append(None) };
    assert!(matches!(batch.append(nothing), Err(StoreError::Failed(_))));
    let stale = Append { after: &s.before, ..s.append(None) };
    assert!(matches!(batch.append(stale), Err(StoreError::Failed(_))));
    let nowhere = Append { cid: Some((Cid(Uuid::nil()), [0; 16], 2)), ..s.append(None) };
    assert!(matches!(batch.append(nowhere), Err(StoreError::Failed(_))));
    batch.append(s.append(None)).unwrap();
    batch.commit().unwrap();
}

#[test]
fn who_came_at_the_same_moment_has_a_place_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    let mut batch = log.begin().unwrap();
    let mut ids = Vec::new();
    for n in 1..=4 {
        let mut s = sent(None, n, "a person, please");
        s.events.push(Event::HandoffRequested { ticket: false });
        s.after.apply(&s.events[2], Time(1_700_000_000_000));
        batch.append(s.append(None)).unwrap();
        ids.push(s.id);
    }
    batch.commit().unwrap();
    let readers = log.readers(1).unwrap();
    let places = |r: &baton::log::Reader| ids.iter().map(|id| r.queue_position(*id)).collect();
    let places: Vec<Option<u64>> = readers.with(places).unwrap();
    assert_eq!(places, [Some(1), Some(2), Some(3), Some(4)]);
    let second = readers
        .with(|r| {
            let first = r.list(Tab::Queue, None, None, None, 2)?;
            r.list(Tab::Queue, None, None, first.next.as_deref(), 2)
        })
        .unwrap();
    assert_eq!(second.rows.iter().map(|row| row.id).collect::<Vec<_>>(), ids[2..]);
    assert_eq!(second.next, None);
    assert!(readers.with(|r| r.list(Tab::Queue, None, None, Some("x.1"), 2)).is_err(), "no page gave that");
}

/// In one read, the sum of all versions is the position, whatever the writer does meanwhile.
#[test]
fn a_read_is_of_one_position() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    let readers = log.readers(2).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let looking: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut positions = 0;
                    let mut last = 0;
                    while !stop.load(Ordering::Relaxed) {
                        readers
                            .with(|r| {
                                let head = r.head()?;
                                let rows = r.open_rows(None)?;
                                let sum: u64 = rows.iter().map(|row| row.version).sum();
                                assert_eq!(sum, head);
                                assert!(head >= last, "positions only grow");
                                positions += usize::from(head > last);
                                last = head;
                                let changed = r.rows_changed_after(0, None, 1000)?;
                                assert_eq!(changed.last().map_or(0, |(seq, _)| *seq), head);
                                Ok(())
                            })
                            .unwrap();
                    }
                    positions
                })
            })
            .collect();
        let mut states: Vec<Option<Conversation>> = vec![None; 10];
        for round in 0..300 {
            let mut batch = log.begin().unwrap();
            for i in 0..3 {
                let n = (round * 3 + i) % 10;
                let s = sent(states[n].take(), n as u128 + 1, "hello");
                batch.append(s.append(None)).unwrap();
                states[n] = Some(s.after);
            }
            batch.commit().unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        assert!(looking.into_iter().any(|t| t.join().unwrap() > 0), "the readers saw the writer at work");
    });
}

fn search(readers: &baton::log::Readers, text: &str, sites: Option<&[SiteId]>) -> Vec<baton::log::LogHit> {
    let query = baton::protocol::query::parse(text, Time(1_700_000_000_000)).unwrap();
    readers.with(|r| r.search(&query, None, sites, None, 10)).unwrap().hits
}

#[test]
fn search_finds_words_not_operators() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    let texts = [
        "My order 4711 never arrived",
        "Wo bleibt meine Bestellung? Größe M, danke",
        "请问你们支持退款吗",
        "the word AND another NOT \"quoted\" (brackets) col:umn * ^",
        "order order order",
    ];
    let mut batch = log.begin().unwrap();
    let mut ids = Vec::new();
    for (i, text) in texts.iter().enumerate() {
        let s = sent(None, i as u128 + 1, text);
        ids.push(s.id);
        batch.append(s.append(None)).unwrap();
    }
    batch.commit().unwrap();
    let readers = log.readers(1).unwrap();
    let find = |query: &str| {
        let hits = search(&readers, query, None);
        hits.into_iter().map(|h| h.row.id).collect::<Vec<_>>()
    };
    assert!(find("order").is_empty(), "not indexed yet");
    assert_eq!(log.index_text(3).unwrap(), 3);
    assert_eq!(log.index_text(100).unwrap(), 7);
    assert_eq!(log.index_text(100).unwrap(), 0);
    assert_eq!(find("order"), [ids[4], ids[0]], "newest first");
    assert_eq!(find("ORDER 4711"), [ids[0]]);
    assert_eq!(find("arriv"), [ids[0]], "the last word may be begun only");
    assert_eq!(find("arriv order"), [] as [ConversationId; 0]);
    assert_eq!(find("grosse"), [] as [ConversationId; 0]);
    assert_eq!(find("größe"), find("GROßE"));
    assert_eq!(find("退款"), [ids[2]], "a part of a sentence without blanks");
    assert_eq!(find("and not \"quoted\" (brackets) col:umn"), [ids[3]]);
    for hostile in ["\"", "* ^ ( )", "a OR", "NEAR(", "body:", "- -", "\0", "", "'; DROP TABLE events; --"] {
        find(hostile);
    }
    let hit = search(&readers, "4711", Some(&[site(0)])).remove(0);
    assert_eq!((hit.version, hit.excerpt.as_str()), (2, texts[0]));
    assert!(search(&readers, "4711", Some(&[site(1)])).is_empty());
    drop((readers, log));
    rebuild(dir.path()).unwrap();
    let log = open(dir.path());
    let readers = log.readers(1).unwrap();
    assert_eq!(search(&readers, "4711", None).len(), 1, "rebuilding indexes again");
}

#[test]
fn agents_are_added_beside_a_running_server() {
    let dir = tempfile::tempdir().unwrap();
    let fresh = dir.path().join("made/by/add");
    let first = add_agent(&fresh, " Zoë Müller ", Role::Agent, &[1; 32]).unwrap();
    let mut log = open(&fresh);
    let second = add_agent(&fresh, "Max", Role::Admin, &[2; 32]).unwrap();
    let taken = add_agent(&fresh, "ZOË MÜLLER", Role::Agent, &[3; 32]).unwrap_err();
    assert!(taken.to_string().contains("Zoë Müller"), "{taken}");
    assert!(matches!(add_agent(&fresh, "Eve", Role::Agent, &[2; 32]), Err(OpenError::TokenTaken)));
    for bad in ["", "  ", "a\nb", "a\u{1b}[31m", &"x".repeat(65)] {
        assert!(matches!(add_agent(&fresh, bad, Role::Agent, &[4; 32]), Err(OpenError::BadName)), "{bad:?}");
    }
    let readers = log.readers(1).unwrap();
    let agents = readers.with(|r| r.agents()).unwrap();
    assert_eq!(agents.iter().map(|a| a.id).collect::<Vec<_>>(), [first, second]);
    assert_eq!(agents[0].name, "Zoë Müller");
    assert_eq!(agents[0].availability, AvailabilityInfo::default(), "Away until they say otherwise");
    assert_eq!((agents[1].role, agents[1].sites.clone(), agents[1].last_seen), (Role::Admin, None, None));
    assert_eq!(readers.with(|r| r.agent_by_token(&[2; 32])).unwrap().unwrap().id, second);
    assert!(readers.with(|r| r.agent_by_token(&[9; 32])).unwrap().is_none());

    let away = AvailabilityInfo { available: true, reason: Some("lunch".into()), until: Some(Time(5)) };
    log.set_availability(second, &away, Time(4)).unwrap();
    log.set_last_seen(second, Time(6)).unwrap();
    assert!(log.set_availability(AgentId::NIL, &away, Time(4)).is_err());
    assert!(log.set_last_seen(AgentId::NIL, Time(4)).is_err());
    drop((readers, log));
    let log = open(&fresh);
    let kept = log.readers(1).unwrap().with(|r| r.agent_by_token(&[2; 32])).unwrap().unwrap();
    assert_eq!((kept.availability, kept.last_seen), (away, Some(Time(6))));
}

#[test]
fn the_folder_is_private_and_has_one_server() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let log = open(&data);
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for file in std::fs::read_dir(&data).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    let second = Log::open(&data).unwrap_err();
    assert!(matches!(second, OpenError::Locked(_)), "{second}");
    assert!(matches!(rebuild(&data), Err(OpenError::Locked(_))));
    let id = log.id().to_owned();
    assert_eq!(id.len(), 32);
    drop(log);
    assert_eq!(open(&data).id(), id, "the incarnation stays");
    assert_ne!(open(&dir.path().join("other")).id(), id);
}

#[test]
fn what_is_not_ours_or_newer_is_refused_untouched() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("baton.db");
    let newer = |path: &std::path::Path| {
        drop(open(dir.path()));
        let conn = rusqlite::Connection::open(path).unwrap();
        conn.pragma_update(None, "user_version", 99).unwrap();
    };
    let foreign = |path: &std::path::Path| {
        rusqlite::Connection::open(path).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    };
    let text = |path: &std::path::Path| std::fs::write(path, "dear diary").unwrap();
    let long = |path: &std::path::Path| std::fs::write(path, vec![b'x'; 5000]).unwrap();
    let empty = |path: &std::path::Path| std::fs::write(path, "").unwrap();
    let makers: [&dyn Fn(&std::path::Path); 5] = [&newer, &foreign, &text, &long, &empty];
    for (i, make) in makers.iter().enumerate() {
        make(&path);
        let before = std::fs::read(&path).unwrap();
        let refusals = [
            Log::open(dir.path()).unwrap_err(),
            rebuild(dir.path()).unwrap_err(),
            add_agent(dir.path(), "Eve", Role::Agent, &[0; 32]).unwrap_err(),
        ];
        for refusal in refusals {
            match (i, &refusal) {
                (0, OpenError::Newer { found: 99, .. }) => {
                    assert!(
                        refusal.to_string().contains("version 99") && refusal.to_string().contains("up to ")
                    );
                }
                (1.., OpenError::NotOurs(_)) => assert!(refusal.to_string().contains("baton.db")),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(std::fs::read(&path).unwrap(), before, "untouched");
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_gap_in_the_log_stops_rebuilding_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    let a = sent(None, 1, "a");
    let b = sent(Some(a.after.clone()), 1, "b");
    let mut batch = log.begin().unwrap();
    batch.append(a.append(None)).unwrap();
    batch.append(b.append(None)).unwrap();
    batch.commit().unwrap();
    drop(log);
    let conn = rusqlite::Connection::open(dir.path().join("baton.db")).unwrap();
    conn.execute("DELETE FROM events WHERE version = 2", []).unwrap();
    drop(conn);
    let before = dump(dir.path(), READ_MODEL);
    assert!(matches!(rebuild(dir.path()), Err(OpenError::Damaged(_))));
    assert_eq!(dump(dir.path(), READ_MODEL), before);
}
