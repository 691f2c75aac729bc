//! Erasing over random histories: what is left is a log like any other, and nobody else's words are touched.
#![allow(clippy::unwrap_used, clippy::panic)]

mod log_support;

use std::collections::BTreeSet;
use std::path::Path;

use baton::conversation::{Conversation, ConversationId, ERASED, Erasure, Time};
use baton::log::{Log, Readers, rebuild};
use log_support::{Run, dump, open, ops};
use proptest::prelude::*;

fn all_ids(log: &Log) -> Vec<ConversationId> {
    let ids = dump_ids(log);
    ids.into_iter().collect()
}

fn dump_ids(log: &Log) -> BTreeSet<ConversationId> {
    let readers = log.readers(1).unwrap();
    let page = readers.with(|r| r.list(baton::conversation::Tab::All, None, None, None, 1000)).unwrap();
    page.rows.into_iter().map(|row| row.id).collect()
}

fn state(readers: &Readers, id: ConversationId) -> Conversation {
    readers.with(|r| r.conversation(id)).unwrap().unwrap()
}

const ROWS: &str = "SELECT * FROM conversations ORDER BY key";

fn events_of_others(dir: &Path, id: ConversationId) -> Vec<String> {
    let hex = id.0.simple().to_string();
    dump(
        dir,
        &format!(
            "SELECT e.* FROM events e JOIN streams s ON s.key = e.stream WHERE lower(hex(s.id)) <> '{hex}' ORDER BY e.seq"
        ),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn what_is_left_is_a_log_like_any_other(first in ops(60), more in ops(20), pick: prop::sample::Index, kind in 0..3u8) {
        let what = [Erasure::Everything, Erasure::Files, Erasure::Trail][usize::from(kind)];
        let dir = tempfile::tempdir().unwrap();
        let mut log = open(dir.path());
        let mut run = Run::new();
        run.all(&mut log, &first);
        while log.index_text(100).unwrap() > 0 {}
        let ids = all_ids(&log);
        prop_assume!(!ids.is_empty());
        let id = ids[pick.index(ids.len())];
        let readers = log.readers(1).unwrap();
        let before = state(&readers, id);
        let others = events_of_others(dir.path(), id);

        let done = log.erase(&[(id, None)], what, Time(run.now.0 + 1), None).unwrap();
        let after = state(&readers, id);
        if let [one] = done.as_slice() {
            prop_assert_eq!((one.version, &one.state), (before.version + 1, &after));
        } else {
            prop_assert_eq!(&after, &before);
        }
        let stands = |c: &Conversation| {
            (c.state, c.holder.clone(), c.episode, c.queued_at, c.held_since, c.snoozed_until, c.ticket, c.counters)
        };
        prop_assert_eq!(stands(&after), stands(&before), "who holds it, and since when, stays");
        prop_assert!(after.epoch == before.epoch || after.epoch == before.epoch + 1 && before.assistant_may_speak());
        prop_assert_eq!(events_of_others(dir.path(), id), others);
        prop_assert!(log.erase(&[(id, None)], what, Time(run.now.0 + 2), None).unwrap().is_empty(), "erasing twice changes nothing");
        if what == Erasure::Everything {
            for event in readers.with(|r| r.events_of(id, 0, 1000)).unwrap() {
                for word in ["order", "Größe", "ada@example.test", "Ada", "example.test", "refund", "note "] {
                    prop_assert!(!event.body.contains(word), "{}", event.body);
                }
            }
            prop_assert!(after.messages == 0 || after.last_text == ERASED);
        }

        // It goes on, and replaying gives the same rows.
        run.all(&mut log, &more);
        drop((readers, log));
        let rows = dump(dir.path(), ROWS);
        rebuild(dir.path()).unwrap();
        prop_assert_eq!(dump(dir.path(), ROWS), rows);
        let mut log = open(dir.path());
        log.scrub().unwrap();
        prop_assert!(!log.scrub_due().unwrap());
    }
}
