//! Erasing while everybody is at work, rules that erase, and a clock that jumps.

use std::path::Path;
use std::sync::Arc;

use baton::assistant::DocsResponder;
use baton::conversation::*;
use baton::engine::{Delivery, Engine, Keep, Storage};
use baton::log::audit::Actor;
use baton::log::{Append, Log, Principal};
use uuid::Uuid;

use crate::world::*;

const DAY: i64 = 24 * 3_600_000;

/// Whether any file of the folder holds these bytes.
fn holds(dir: &Path, word: &str) -> bool {
    std::fs::read_dir(dir).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap_or_default();
        bytes.windows(word.len()).any(|w| w == word.as_bytes())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn erased_while_others_write_it_is_gone_from_lists_log_and_files() {
    let world = World::with(Settings { assistant_on: false, ..Settings::default() }, Arc::new(DocsResponder));
    let ada = world.agent("Ada", Role::Agent).await;
    let visitor = world.visitor();
    let id = world.says(&visitor, "my axolotlgram is late").await.conversation;
    world.acts(&ada, id, Command::Accept { over_capacity: false }).await.unwrap();
    world.acts(&ada, id, reply("which bandicootese?")).await.unwrap();
    let before = world.conversation(id).await;
    assert!(holds(world.dir.path(), "axolotlgram"));
    let mut console = world.engine.subscribe_agent(Arc::clone(&ada), "console", 10_000);

    // Others go on writing meanwhile.
    let others = async {
        for n in 0..50 {
            world.says(&world.visitor(), &format!("other {n}")).await;
        }
    };
    let (erased, ()) =
        tokio::join!(world.engine.erase(vec![id, ConversationId(Uuid::new_v4())], Actor::here()), others);
    assert_eq!(erased.unwrap(), [id]);
    for word in ["axolotlgram", "bandicootese"] {
        assert!(!holds(world.dir.path(), word), "{word}");
    }
    let after = world.conversation(id).await;
    assert_eq!((after.version, after.last_text.as_str()), (before.version + 1, ERASED));
    let kept = |c: &Conversation| (c.state, c.holder.clone(), c.epoch, c.messages, c.answered, c.held_since);
    assert_eq!(kept(&after), kept(&before), "who holds it stays");
    let events = world.events(id).await;
    assert!(events.iter().enumerate().all(|(i, e)| e.version == i as u64 + 1));
    assert!(matches!(events.last().unwrap().event, Event::Erased { what: Erasure::Everything }));

    // The console hears of it in order, and the writer's memory holds what the store holds.
    let told = loop {
        match tokio::time::timeout(DEADLINE, console.next()).await.unwrap().unwrap() {
            Delivery::Commit(p) if p.conversation == id => break p,
            _ => {}
        }
    };
    assert_eq!((told.state.version, told.row.last_text.as_str()), (after.version, ERASED));
    let said = world.acts(&ada, id, reply("and on")).await.unwrap();
    assert_eq!(said.version, after.version + 1);
    assert_eq!(world.engine.erase(vec![id], Actor::here()).await.unwrap(), [id], "what was said since");
    assert_eq!(world.engine.erase(vec![id], Actor::here()).await.unwrap(), [], "nothing is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_repeat_of_an_erased_message_says_nothing_twice() {
    let world = World::with(Settings { assistant_on: false, ..Settings::default() }, Arc::new(DocsResponder));
    let (visitor, cid) = (world.visitor(), cid());
    let id = world.visits(&visitor, say("my axolotlgram"), cid).await.unwrap().conversation;
    world.engine.erase(vec![id], Actor::here()).await.unwrap();
    let again = world.visits(&visitor, say("my axolotlgram"), cid).await;
    assert!(matches!(again, Err(baton::engine::Refusal::CidReused)), "{again:?}");
    assert_eq!(world.conversation(id).await.messages, 1);
}

/// A store whose conversations were resolved at these times, one each.
fn resolved_at(dir: &Path, times: &[Time]) -> Vec<ConversationId> {
    let mut log = Log::open(dir).unwrap();
    let mut ids = Vec::new();
    for at in times {
        let id = ConversationId(Uuid::new_v4());
        let visitor = VisitorRef { id: VisitorId(Uuid::new_v4()), name: Some("Max".into()), email: None };
        let page = Some(Page { url: "https://shop.example/dugong".into(), ..Page::default() });
        let message = Message {
            id: MessageId(Uuid::new_v4()),
            author: Author::Visitor,
            text: "capybarism".into(),
            epoch: 0,
            sources: vec![],
            attachments: vec![Attachment {
                blob: "b".into(),
                name: "fossa.pdf".into(),
                mime: "application/pdf".into(),
                size: 1,
            }],
            turn: None,
            thanks: false,
        };
        let events = [
            Event::Started { site: demo(), visitor: visitor.clone(), page, linked: None, device: None },
            Event::MessagePosted(message),
            Event::Resolved(ResolvedBy::Visitor),
            Event::ResolveAnnounced,
        ];
        let mut after = Conversation::empty(id);
        events.iter().for_each(|e| after.apply(e, *at));
        let mut batch = log.begin().unwrap();
        let principal = Principal::Visitor(visitor.id);
        batch
            .append(Append {
                conversation: id,
                expected: 0,
                at: *at,
                principal,
                cid: None,
                events: &events,
                after: &after,
            })
            .unwrap();
        batch.commit().unwrap();
        ids.push(id);
    }
    ids
}

fn now() -> Time {
    Time(jiff::Timestamp::now().as_millisecond())
}

fn start(dir: &Path) -> Engine {
    start_in(dir, Settings::default(), Arc::new(DocsResponder))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_erase_what_is_old_once_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let old = |days: i64| now().plus_ms(-days * DAY);
    let times: Vec<Time> =
        (0..250).map(|n| old(400 + n)).chain([old(40), old(40), old(10), old(1)]).collect();
    let ids = resolved_at(dir.path(), &times);
    let world = World { engine: start(dir.path()), dir, site: demo() };
    assert_eq!(world.engine.carry_out_rules().await.unwrap(), [], "off by default");
    world.engine.keep(Keep { resolved_days: 365, attachments_days: 30, trail_days: 5, ..Keep::default() });
    let done = world.engine.carry_out_rules().await.unwrap();
    assert_eq!(done.len(), 250 + 2 + 3);
    let words = |c: &Conversation| (c.last_text.clone(), c.trail.len());
    assert_eq!(words(&world.conversation(ids[0]).await), (ERASED.into(), 0));
    assert_eq!(words(&world.conversation(ids[249]).await), (ERASED.into(), 0));
    assert_eq!(words(&world.conversation(ids[250]).await), ("capybarism".into(), 0));
    assert_eq!(words(&world.conversation(ids[252]).await), ("capybarism".into(), 0));
    assert_eq!(
        words(&world.conversation(ids[253]).await),
        ("capybarism".into(), 1),
        "not old enough for any"
    );
    let files = |events: Vec<baton::log::StoredEvent>| {
        events.iter().any(|e| matches!(&e.event, Event::MessagePosted(m) if !m.attachments.is_empty()))
    };
    assert!(!files(world.events(ids[250]).await) && files(world.events(ids[252]).await));
    assert_eq!(world.engine.carry_out_rules().await.unwrap(), [], "each is looked at once");
    world.engine.stop().await;
    let again = start(world.dir.path());
    again.keep(Keep { resolved_days: 365, attachments_days: 30, trail_days: 5, ..Keep::default() });
    assert_eq!(again.carry_out_rules().await.unwrap(), [], "also after a restart");
    again.stop().await;
    let list = world.dir.path().join("erased.jsonl");
    assert!(!list.exists(), "rules find their work again after a restore and need no list");
}

/// Events of the past or the future are what a clock leaves behind that jumped by ten years, either way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumped_by_years_expires_nothing_and_loses_no_order() {
    for years in [-10, 10] {
        let dir = tempfile::tempdir().unwrap();
        let then = now().plus_ms(years * 365 * DAY);
        let old = resolved_at(dir.path(), &[then, then]);
        // One that would be resolved by time, had its day passed.
        let open = ConversationId(Uuid::new_v4());
        let visitor = VisitorRef { id: VisitorId(Uuid::new_v4()), name: None, email: None };
        let started = [Event::Started {
            site: demo(),
            visitor: visitor.clone(),
            page: None,
            linked: None,
            device: None,
        }];
        let mut after = Conversation::empty(open);
        after.apply(&started[0], then);
        let mut log = Log::open(dir.path()).unwrap();
        let mut batch = log.begin().unwrap();
        let principal = Principal::Visitor(visitor.id);
        batch
            .append(Append {
                conversation: open,
                expected: 0,
                at: then,
                principal,
                cid: None,
                events: &started,
                after: &after,
            })
            .unwrap();
        batch.commit().unwrap();
        let head = log.head();
        drop(log);

        let world = World { engine: start(dir.path()), dir, site: demo() };
        world.engine.keep(Keep { resolved_days: 30, trail_days: 1, ..Keep::default() });
        assert_eq!(world.engine.carry_out_rules().await.unwrap(), [], "{years}: no mass expiry");
        // New things go on in order, and their own deadlines hold.
        let agent = world.agent("Ada", Role::Agent).await;
        let mut last = head;
        for n in 0..5 {
            let said = world.says(&world.visitor(), &format!("message {n}")).await;
            assert!(said.seq > last, "{years}: order is the log's");
            last = said.seq;
        }
        let mine = world.says(&visitor, "still there?").await;
        assert_eq!((mine.conversation, mine.version), (open, 2), "{years}: neither resolved nor begun anew");
        let page = world.engine.read(move |r| r.list(Tab::All, None, None, None, 100)).await.unwrap();
        let place = |id: ConversationId| page.rows.iter().position(|row| row.id == id).unwrap();
        let first_old = old.iter().map(|id| place(*id)).min().unwrap();
        assert!(place(open) < first_old, "{years}: newest change first, whatever the clocks said");
        let soon = Timings::default().resolve_notice_ms;
        assert!(soon < 10_000);
        world.acts(&agent, mine.conversation, Command::Resolve).await.unwrap();
        world.until(open, "the resolve is told in its time", |c| c.announced).await;
        for id in old {
            let c = world.conversation(id).await;
            assert_eq!((c.version, c.last_text.as_str()), (4, "capybarism"), "{years}");
        }
        world.engine.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn room_on_the_disk_is_told() {
    let world = World::new();
    assert_eq!(world.engine.storage(), Storage::Ok);
    world.engine.keep(Keep { min_free_mb: 1 << 40, ..Keep::default() });
    assert!(matches!(world.engine.storage(), Storage::NearlyFull { .. }));
    world.says(&world.visitor(), "it goes on").await;
    world.engine.keep(Keep::default());
    assert_eq!(world.engine.storage(), Storage::Ok);
}
