//! Erasing, by request and by rule: in the writer, between two groups, by one code path.
//!
//! Invariant: what was erased is published like any other event, so that a console shows what is left; a rule takes a bounded
//! batch at a time and never acts under a clock in doubt. Refused here: deciding who may ask.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::blocks::Blocks;
use super::shared::Shared;
use super::vitals::{Keep, Storage};
use super::writer::Job;
use super::{Engine, Published, PublishedEvent, Refusal};
use crate::conversation::{ConversationId, Erasure, Row, Time};
use crate::log::audit::Actor;
use crate::log::{ErasedConversation, KeepError, Log, StoreError};

/// Conversations a rule erases at a time: some ten milliseconds.
const AT_A_TIME: usize = 100;
/// How often rules are looked at.
const EVERY: Duration = Duration::from_secs(600);
/// How often the disk is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// Least time between two cleanings of the files because of rules; a request's is done at once.
const CLEAN: Duration = Duration::from_secs(24 * 3600);
const DAY_MS: i64 = 24 * 3_600_000;

/// What the writer answers.
pub(super) type Answer = Result<Vec<ConversationId>, Refusal>;

/// What the writer is asked to erase.
#[derive(Debug)]
pub(super) enum Ask {
    /// These, now, and from the files; and who asked.
    These(Vec<ConversationId>, Actor, oneshot::Sender<Answer>),
    /// The next batch of what the rules name; the answer tells also whether there may be more.
    Rules(Option<oneshot::Sender<Batch>>),
}

/// Those in which a rule erased something, and whether there may be more.
type Batch = Result<(Vec<ConversationId>, bool), Refusal>;

/// Where the rules stand: everything resolved up to then was looked at.
#[derive(Debug, Default)]
pub(super) struct Rules {
    looked: [Option<Time>; 3],
    cleaned: Option<Instant>,
    /// What a request erased could not be removed from the files yet.
    urgent: bool,
}

impl Keep {
    /// What each rule erases now: everything resolved before that time. Rules that are off are left out.
    pub fn cutoffs(&self, now: Time) -> Vec<(Erasure, Time)> {
        let rules = [
            (Erasure::Everything, self.resolved_days),
            (Erasure::Files, self.attachments_days),
            (Erasure::Trail, self.trail_days),
        ];
        let on = rules.into_iter().filter(|(_, days)| *days > 0);
        on.map(|(what, days)| (what, now.plus_ms(-i64::from(days) * DAY_MS))).collect()
    }
}

/// Carries out what was asked.
pub(super) fn carry_out(log: &mut Log, ask: Ask, rules: &mut Rules, shared: &Arc<Shared>) {
    match ask {
        Ask::These(ids, by, reply) => {
            let answer = these(log, &ids, &by, rules, shared);
            // The asker may be gone; it is erased all the same.
            let _ = reply.send(answer);
        }
        Ask::Rules(reply) => {
            let answer = by_rules(log, rules, shared);
            let more = answer.as_ref().is_ok_and(|(_, more)| *more);
            match reply {
                Some(reply) => drop(reply.send(answer)),
                // A full queue only puts it off to the next round.
                None if more => drop(shared.send(Job::Erase(Ask::Rules(None)))),
                None => {}
            }
        }
    }
}

fn these(
    log: &mut Log,
    ids: &[ConversationId],
    by: &Actor,
    rules: &mut Rules,
    shared: &Arc<Shared>,
) -> Answer {
    let erased = log.erase_by_request(ids, shared.now(), by).map_err(|error| {
        tracing::error!(%error, "nothing was erased");
        match error {
            KeepError::Store(StoreError::Full) => Refusal::StorageFull,
            _ => Refusal::Fault,
        }
    })?;
    let ids = publish(erased, shared);
    // Their reasons went, too.
    match shared.readers.with(|r| r.blocks(shared.now())) {
        Ok(blocks) => *shared.blocks() = Blocks::load(blocks),
        Err(error) => tracing::warn!(%error, "the blocks could not be read anew"),
    }
    rules.urgent = true;
    clean(log, shared)?;
    rules.urgent = false;
    Ok(ids)
}

/// Removes traces from the files; where that fails it stays due and is tried again with the rules.
fn clean(log: &mut Log, shared: &Arc<Shared>) -> Result<(), Refusal> {
    let cleaned = log.scrub().and_then(|()| {
        crate::log::remove_copies(shared.vitals.data()).map_err(|e| StoreError::Failed(e.to_string()))
    });
    match cleaned {
        Ok(copies) => {
            for copy in copies {
                tracing::info!(copy = %copy.display(), "removed a copy made before a migration: it held what was erased");
            }
            Ok(())
        }
        Err(error) => {
            tracing::error!(%error, "it is erased, but traces are still in the files; they are removed later");
            Err(if matches!(error, StoreError::Full) { Refusal::StorageFull } else { Refusal::Fault })
        }
    }
}

/// One bounded batch.
fn by_rules(log: &mut Log, rules: &mut Rules, shared: &Arc<Shared>) -> Batch {
    let failed = |error: StoreError| {
        tracing::warn!(%error, "the rules of [keep] could not be carried out; they are tried again later");
        Refusal::Fault
    };
    let now = shared.now();
    if shared.vitals.rules_may() {
        for (slot, (what, before)) in shared.vitals.keep().cutoffs(now).into_iter().enumerate() {
            let due = log.resolved_between(what, rules.looked[slot], before, AT_A_TIME).map_err(failed)?;
            if due.is_empty() {
                rules.looked[slot] = Some(before);
                continue;
            }
            let wanted: Vec<_> = due.iter().map(|id| (*id, None)).collect();
            return Ok((publish(log.erase(&wanted, what, now, None).map_err(failed)?, shared), true));
        }
    }
    let due = log.scrub_due().map_err(failed)?;
    if due && (rules.urgent || rules.cleaned.is_none_or(|at| at.elapsed() >= CLEAN)) {
        clean(log, shared)?;
        rules.cleaned = Some(Instant::now());
        rules.urgent = false;
    }
    Ok((Vec::new(), false))
}

/// Tells everybody, as of any commit.
fn publish(erased: Vec<ErasedConversation>, shared: &Arc<Shared>) -> Vec<ConversationId> {
    let mut ids = Vec::with_capacity(erased.len());
    for one in erased {
        ids.push(one.conversation);
        shared.head.store(one.seq, Ordering::Release);
        let state = Arc::new(one.state);
        let (Some(row), Some(site), Some(visitor)) = (Row::of(&state), state.site.clone(), &state.visitor)
        else {
            continue;
        };
        let event = PublishedEvent {
            seq: one.seq,
            version: one.version,
            event: one.event,
            visitor_cid: None,
            body: one.body,
            agent_tail: OnceLock::new(),
            visitor_tail: OnceLock::new(),
        };
        let published = Arc::new(Published {
            seq: one.seq,
            at: state.last_at,
            conversation: one.conversation,
            site,
            visitor: visitor.id,
            events: vec![event],
            row,
            row_tail: OnceLock::new(),
            state: Arc::clone(&state),
        });
        shared.note_timers(&state);
        shared.hub.publish(&published);
    }
    ids
}

/// Looks at the disk, and now and then at the rules.
pub(super) async fn watch(shared: Arc<Shared>) {
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut next = Instant::now() + LOOK;
    while !shared.stopping.load(Ordering::Acquire) {
        look.tick().await;
        let vitals = Arc::clone(&shared);
        // A file system that does not answer must not hold up a thread others need.
        let _ = tokio::task::spawn_blocking(move || vitals.vitals.look()).await;
        if Instant::now() >= next {
            next = Instant::now() + EVERY;
            let _ = shared.send(Job::Erase(Ask::Rules(None)));
        }
    }
}

impl Engine {
    /// Whether there is room for what people write.
    pub fn storage(&self) -> Storage {
        self.shared().vitals.storage()
    }

    /// Sets what is kept and for how long; in force at once.
    pub fn keep(&self, keep: Keep) {
        self.shared().vitals.set_keep(keep);
        self.shared().vitals.look();
    }

    /// Ends when the store can no longer be trusted, with what happened: nothing is acknowledged any more, and the process
    /// should end with an error. What was acknowledged is on disk.
    pub async fn failed(&self) -> String {
        let mut failed = self.shared().vitals.failed();
        let why = failed.wait_for(Option::is_some).await.ok().and_then(|why| why.clone());
        match why {
            Some(why) => why,
            // The engine is gone, and with it whatever could fail.
            None => std::future::pending().await,
        }
    }

    /// Erases all that was said in these conversations, from the log, the lists, the search index and the files; consoles that
    /// show them are told. Answers with those in which there was something to erase. Asking again is safe. Other commands
    /// wait while the files are written anew: about as long as a copy of the store takes.
    ///
    /// # Errors
    /// [`Refusal::StorageFull`] and [`Refusal::Fault`]: the log of the server says whether nothing was erased, or traces are
    /// left in the files and are removed later.
    pub async fn erase(
        &self,
        conversations: Vec<ConversationId>,
        by: Actor,
    ) -> Result<Vec<ConversationId>, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.shared().send(Job::Erase(Ask::These(conversations, by, reply)))?;
        answer.await.unwrap_or(Err(Refusal::Stopping))
    }

    /// Carries out the rules of [`Keep`] now instead of within ten minutes; gives the conversations a rule erased something of.
    ///
    /// # Errors
    /// As [`Engine::erase`].
    pub async fn carry_out_rules(&self) -> Result<Vec<ConversationId>, Refusal> {
        let mut all = Vec::new();
        loop {
            let (reply, answer) = oneshot::channel();
            self.shared().send(Job::Erase(Ask::Rules(Some(reply))))?;
            let (done, more) = answer.await.unwrap_or(Err(Refusal::Stopping))?;
            all.extend(done);
            if !more {
                return Ok(all);
            }
        }
    }
}
