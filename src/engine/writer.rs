//! The writer: one thread that decides, commits groups, and after the commit publishes and acknowledges.
//!
//! Invariant: nothing is acknowledged or published before it is durable. While one flush runs, the next group gathers; that
//! is all the batching there is, so an unloaded message costs one flush and waits for nobody.
//! Refused here: waiting for a reader of any kind.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use tokio::sync::oneshot;
use uuid::Uuid;

use super::blocks::{self, BlockJob};
use super::revocation::still_good;
use super::shared::Shared;
use super::wish::{content_hash, with_thanks};
use super::{Published, PublishedEvent, Refusal, Submit, Target, Who};
use super::{erasing, mail, notes};
use crate::conversation::{
    Actor, AgentId, Cid, Command, Context, Conversation, ConversationId, Event, Load, Rejection, Row, SiteId,
    Time, VisitorRef, decide,
};
use crate::log::{Append, Batch, CursorMove, Log, MailStep, Principal, StoreError, audit};
use crate::protocol::{Answered, AvailabilityInfo};

/// Commands decided and flushed together at most: bounds the time the first of them waits for the last.
const GROUP_MAX: usize = 512;
/// How long the writer is idle before it brings the full-text index up to date.
const IDLE: Duration = Duration::from_millis(150);
/// Groups after which the full-text index is fed a little even under load.
const INDEX_EVERY: u32 = 64;
/// Events indexed at a time.
const INDEX_CHUNK: usize = 512;

type Answer = Result<Answered, Refusal>;

/// What the writer is asked to do.
pub(super) enum Job {
    /// Decide and append.
    Submit(Box<Submit>, Option<oneshot::Sender<Answer>>),
    /// Store an agent's intent.
    Availability(AgentId, AvailabilityInfo, Option<oneshot::Sender<Result<(), Refusal>>>),
    /// Store an agent's last sign of life.
    Seen(AgentId, Time),
    /// A cursor moves forward: of which site, and by which client of an agent's.
    Cursor(CursorMove, Option<SiteId>, Option<String>),
    /// Keep or forget a note of what a webhook was told.
    Rung(String, Option<String>),
    /// Block somebody, or lift a block.
    Block(BlockJob),
    /// Append an audit entry.
    Audit(Box<audit::Entry>, oneshot::Sender<Result<u64, Refusal>>),
    /// Answer once everything decided before is on disk or refused.
    Barrier(oneshot::Sender<()>),
    /// Look at every unfinished conversation's deadlines again: the configuration changed.
    RearmAll,
    /// Write something, to know whether the store can be written.
    Probe(oneshot::Sender<Result<(), Refusal>>),
    /// Erase, by request or by rule.
    Erase(erasing::Ask),
    /// Change the outbox of mail.
    Mail(MailStep, mail::Reply),
    /// Look at a conversation's deadlines again.
    Rearm(ConversationId),
    /// Finish what was taken and stop.
    Stop,
}

/// What a decided command waits for: the commit.
struct Pending {
    reply: Option<oneshot::Sender<Answer>>,
    answer: Answer,
    published: Option<Published>,
}

/// Runs until told to stop, or until the store can no longer be trusted.
pub(super) fn run(mut log: Log, jobs: &Receiver<Job>, shared: &Arc<Shared>) {
    let mut unindexed = 0;
    let mut rules = erasing::Rules::default();
    loop {
        if let Some(why) = log.failed() {
            tracing::error!(
                why,
                "the store can no longer be trusted: nothing more is written or acknowledged"
            );
            shared.vitals.fail(why);
            break;
        }
        let first = match jobs.recv_timeout(IDLE) {
            Ok(job) => job,
            Err(RecvTimeoutError::Timeout) => {
                if unindexed > 0 {
                    unindexed = if index(&mut log) { 1 } else { 0 };
                }
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let mut group = vec![first];
        while group.len() < GROUP_MAX {
            match jobs.try_recv() {
                Ok(job) => group.push(job),
                Err(_) => break,
            }
        }
        let stop = group.iter().any(|job| matches!(job, Job::Stop));
        commit_group(&mut log, group, &mut rules, shared);
        unindexed += 1;
        if unindexed % INDEX_EVERY == 0 {
            index(&mut log);
        }
        if stop {
            break;
        }
    }
    while index(&mut log) {}
    shared.hub.close();
}

fn index(log: &mut Log) -> bool {
    match log.index_text(INDEX_CHUNK) {
        Ok(n) => n == INDEX_CHUNK,
        Err(error) => {
            tracing::warn!(%error, "the search index is behind; it is tried again later");
            false
        }
    }
}

fn commit_group(log: &mut Log, group: Vec<Job>, rules: &mut erasing::Rules, shared: &Arc<Shared>) {
    let mut submits = Vec::with_capacity(group.len());
    let mut rearm = Vec::new();
    let mut cursors = Vec::new();
    let mut erase = Vec::new();
    for job in group {
        match job {
            Job::Submit(submit, reply) => submits.push((submit, reply)),
            Job::Availability(agent, to, reply) => {
                let done = log.set_availability(agent, &to, shared.now()).map_err(|e| refusal(&e));
                if let Some(reply) = reply {
                    // The asker may be gone; the intent is stored all the same.
                    let _ = reply.send(done);
                }
            }
            Job::Seen(agent, at) => {
                if let Err(error) = log.set_last_seen(agent, at) {
                    tracing::warn!(%error, "an agent's last sign of life could not be stored");
                }
            }
            Job::Cursor(step, site, instance) => cursors.push((step, site, instance)),
            Job::Block(job) => blocks::carry_out(log, job, shared),
            Job::Audit(entry, reply) => {
                let done = log.audit(shared.now(), &entry).map_err(|e| refusal(&e));
                let _ = reply.send(done);
            }
            // Groups before this one are on disk, and this one is decided after this line.
            Job::Barrier(reply) => drop(reply.send(())),
            Job::Rung(name, doc) => notes::keep_rung(log, &name, doc.as_deref()),
            Job::Erase(ask) => erase.push(ask),
            Job::Mail(step, reply) => mail::change(log, &step, reply),
            Job::Rearm(id) => rearm.push(id),
            Job::RearmAll => notes::rearm_all(log, shared),
            Job::Probe(reply) => {
                let done = notes::probe(log).map_err(|e| refusal(&e));
                // Whoever asked may have stopped waiting.
                let _ = reply.send(done);
            }
            Job::Stop => {}
        }
    }
    commit_submits(log, submits, rearm, shared);
    // After the commands: nobody waits for these.
    notes::move_cursors(log, &cursors, shared);
    for ask in erase {
        erasing::carry_out(log, ask, rules, shared);
    }
}

fn commit_submits(
    log: &mut Log,
    submits: Vec<(Box<Submit>, Option<oneshot::Sender<Answer>>)>,
    rearm: Vec<ConversationId>,
    shared: &Arc<Shared>,
) {
    if submits.is_empty() && rearm.is_empty() {
        return;
    }
    let mut batch = match log.begin() {
        Ok(batch) => batch,
        Err(error) => {
            shared.vitals.refused(&error, "no write transaction could be opened");
            for (_, reply) in submits {
                answer(reply, Err(refusal(&error)));
            }
            return;
        }
    };
    for id in rearm {
        if let Ok(Some(conversation)) = batch.conversation(id) {
            shared.note_timers(&conversation);
        }
    }
    let mut pending = Vec::with_capacity(submits.len());
    for (submit, reply) in submits {
        pending.push(match one(&mut batch, &submit, shared) {
            Ok((answer, published)) => Pending { reply, answer: Ok(answer), published },
            Err(refused) => Pending { reply, answer: Err(refused), published: None },
        });
    }
    let Some(head) = pending.iter().rev().find_map(|p| p.published.as_ref()).map(|p| p.seq) else {
        // Nothing was appended: no flush is due, and dropping the batch rolls nothing back.
        drop(batch);
        if pending.iter().any(|p| matches!(p.answer, Err(Refusal::StorageFull))) {
            shared.vitals.no_room();
        }
        pending.into_iter().for_each(|p| answer(p.reply, p.answer));
        return;
    };
    match batch.commit() {
        Ok(()) => {
            shared.vitals.wrote();
            shared.head.store(head, std::sync::atomic::Ordering::Release);
            for Pending { reply, answer: with, published } in pending {
                // Before the acknowledgement: then the asker's socket wakes once and writes both together.
                if let Some(published) = published.map(Arc::new) {
                    shared.note_timers(&published.state);
                    shared.after_commit(&published);
                    shared.hub.publish(&published);
                }
                answer(reply, with);
            }
        }
        Err(error) => {
            shared.vitals.refused(&error, "a group could not be committed; none of it was acknowledged");
            let why = refusal(&error);
            for p in pending {
                if let Some(published) = &p.published {
                    // A deadline that fell into this group is still due.
                    shared.look_again(published.conversation);
                }
                // Refusals stand as they are; what would have been a success was not saved.
                answer(p.reply, p.answer.and(Err(why.clone())));
            }
        }
    }
}

fn answer(reply: Option<oneshot::Sender<Answer>>, with: Answer) {
    if let Some(reply) = reply {
        // The asker may be gone (its socket closed); with the same client id it gets the same answer later.
        let _ = reply.send(with);
    }
}

pub(super) fn refusal(error: &StoreError) -> Refusal {
    match error {
        StoreError::Full => Refusal::StorageFull,
        StoreError::Conflict { .. } | StoreError::Failed(_) => Refusal::Fault,
    }
}

pub(super) fn fault(error: StoreError) -> Refusal {
    if !matches!(error, StoreError::Full) {
        tracing::error!(%error, "a command failed in the store");
    }
    refusal(&error)
}

/// Decides one command inside the open batch. On success what happened is in the batch, not yet on disk.
fn one(
    batch: &mut Batch<'_>,
    submit: &Submit,
    shared: &Arc<Shared>,
) -> Result<(Answered, Option<Published>), Refusal> {
    let principal = principal(&submit.who);
    let hash = submit.cid.map(|cid| (cid, content_hash(submit)));
    if let Some((cid, hash)) = hash
        && let Some(first) = batch.remembered(principal, cid).map_err(fault)?
    {
        if first.content_hash != hash {
            return Err(Refusal::CidReused);
        }
        let id = message_id(&first.event);
        return Ok((
            Answered { conversation: first.conversation, id, version: first.version, seq: first.seq },
            None,
        ));
    }
    let mut conversation = find(batch, submit)?;
    authorise(&conversation, &submit.who)?;
    still_good(submit, &conversation, shared)?;
    if let Command::Reopen = submit.command {
        conversation = newest_of_visitor(batch, conversation)?;
    }
    match act(batch, &conversation, submit, principal, hash, None, shared) {
        Err(Refusal::Rejected(Rejection::ReopenWindowPassed)) => {
            let linked = conversation.id;
            conversation = Conversation::empty(ConversationId(Uuid::new_v4()));
            act(batch, &conversation, submit, principal, hash, Some(linked), shared)
        }
        other => {
            match (&other, &submit.command) {
                // Too early (typing postponed it) or too late: look at what the state says now.
                (Err(Refusal::Rejected(_)), Command::Timer(_)) => shared.note_timers(&conversation),
                (Err(_), Command::Timer(_)) => shared.look_again(conversation.id),
                _ => {}
            }
            other
        }
    }
}

fn principal(who: &Who) -> Principal {
    match who {
        Who::Visitor(visitor) => Principal::Visitor(visitor.id),
        Who::Assistant => Principal::Assistant,
        Who::Agent(session) => Principal::Agent(session.agent.id),
        Who::System => Principal::System,
    }
}

fn find(batch: &mut Batch<'_>, submit: &Submit) -> Result<Conversation, Refusal> {
    match &submit.target {
        Target::Conversation(id) => {
            batch.conversation(*id).map_err(fault)?.ok_or(Refusal::Rejected(Rejection::Unknown))
        }
        Target::CurrentOf { site, visitor } => {
            let current = match batch.current_of(site, *visitor).map_err(fault)? {
                Some(id) => batch.conversation(id).map_err(fault)?,
                None => None,
            };
            Ok(current.unwrap_or_else(|| Conversation::empty(ConversationId(Uuid::new_v4()))))
        }
    }
}

/// A reopen takes the visitor's newest conversation: their next words go there, so an older one would be talked past.
fn newest_of_visitor(batch: &mut Batch<'_>, asked: Conversation) -> Result<Conversation, Refusal> {
    let (Some(site), Some(visitor)) = (&asked.site, &asked.visitor) else { return Ok(asked) };
    match batch.current_of(site, visitor.id).map_err(fault)? {
        Some(newest) if newest != asked.id => Ok(batch.conversation(newest).map_err(fault)?.unwrap_or(asked)),
        _ => Ok(asked),
    }
}

/// A foreign conversation answers exactly like an unknown one.
fn authorise(conversation: &Conversation, who: &Who) -> Result<(), Refusal> {
    let allowed = match who {
        Who::Visitor(visitor) => conversation.visitor.as_ref().is_none_or(|v| v.id == visitor.id),
        Who::Agent(session) => conversation.site.as_ref().is_some_and(|site| session.sites.allows(site)),
        Who::Assistant | Who::System => true,
    };
    if allowed { Ok(()) } else { Err(Refusal::Rejected(Rejection::Unknown)) }
}

fn act(
    batch: &mut Batch<'_>,
    conversation: &Conversation,
    submit: &Submit,
    principal: Principal,
    hash: Option<(Cid, [u8; 16])>,
    linked: Option<ConversationId>,
    shared: &Arc<Shared>,
) -> Result<(Answered, Option<Published>), Refusal> {
    let site = match (&conversation.site, &submit.target) {
        (Some(site), _) => site.clone(),
        (None, Target::CurrentOf { site, .. }) => site.clone(),
        (None, Target::Conversation(_)) => return Err(Refusal::Rejected(Rejection::Unknown)),
    };
    let config = shared.site(&site).ok_or(Refusal::Rejected(Rejection::Unknown))?;
    let now = shared.now();
    let view = shared.view_for(conversation, &site);
    let ctx = Context {
        now,
        actor: actor(&submit.who, conversation),
        site: site.clone(),
        settings: &config.settings,
        someone_available: view.someone_available,
        last_agent_eligible: view.last_agent_eligible,
        typed_at: view.typed_at,
        lease_lost_at: view.lease_lost_at,
        linked,
        device: submit.device.clone(),
        load: load(batch, submit, now, shared)?,
        fresh: [Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4()],
    };
    let decided = match with_thanks(conversation, &submit.command) {
        Some(command) => decide(conversation, &command, &ctx)?,
        None => decide(conversation, &submit.command, &ctx)?,
    };
    if decided.events.is_empty() {
        let seq = shared.head.load(std::sync::atomic::Ordering::Acquire);
        let answered =
            Answered { conversation: conversation.id, id: None, version: conversation.version, seq };
        return Ok((answered, None));
    }
    let mut after = conversation.clone();
    for event in &decided.events {
        after.apply(event, now);
    }
    let appended = batch
        .append(Append {
            conversation: conversation.id,
            expected: conversation.version,
            at: now,
            principal,
            cid: hash.map(|(cid, hash)| (cid, hash, decided.primary)),
            events: &decided.events,
            after: &after,
        })
        .map_err(fault)?;
    let at_primary = decided.primary as u64;
    let answered = Answered {
        conversation: conversation.id,
        id: decided.events.get(decided.primary).and_then(message_id),
        version: conversation.version + 1 + at_primary,
        seq: appended.first_seq + at_primary,
    };
    let by_visitor = matches!(submit.who, Who::Visitor(_));
    let events = decided.events.into_iter().zip(appended.bodies).enumerate().map(|(i, (event, body))| {
        PublishedEvent {
            seq: appended.first_seq + i as u64,
            version: conversation.version + 1 + i as u64,
            visitor_cid: submit.cid.filter(|_| by_visitor && i == decided.primary),
            event,
            body,
            agent_tail: std::sync::OnceLock::new(),
            visitor_tail: std::sync::OnceLock::new(),
        }
    });
    let events = events.collect();
    let (Some(row), Some(visitor)) = (Row::of(&after), after.visitor.as_ref().map(|v| v.id)) else {
        tracing::error!("a conversation has events and no start; this is a fault in the log");
        return Err(Refusal::Fault);
    };
    let published = Published {
        seq: appended.last_seq,
        at: now,
        conversation: conversation.id,
        site,
        visitor,
        events,
        state: Arc::new(after),
        row,
        row_tail: std::sync::OnceLock::new(),
    };
    Ok((answered, Some(published)))
}

/// What the acting agent holds as of this very transaction, where there is a limit and they reach for more: two consoles
/// of one agent that accept in one group count each other.
fn load(
    batch: &mut Batch<'_>,
    submit: &Submit,
    now: Time,
    shared: &Arc<Shared>,
) -> Result<Option<Load>, Refusal> {
    let (Who::Agent(session), limit @ 1..) = (&submit.who, shared.live().capacity) else { return Ok(None) };
    if !matches!(submit.command, Command::Accept { .. } | Command::TakeOver { .. }) {
        return Ok(None);
    }
    let agent = session.agent.id;
    let held = shared.timers().held_by(agent);
    let active = batch.load_of(agent, &held, now).map_err(fault)?;
    Ok(Some(Load { active, limit }))
}

fn actor(who: &Who, conversation: &Conversation) -> Actor {
    match who {
        Who::Visitor(socket) => {
            // What the conversation knows of the visitor goes before what this socket was told.
            let known = conversation.visitor.as_ref();
            Actor::Visitor(VisitorRef {
                id: socket.id,
                name: known.and_then(|v| v.name.clone()).or_else(|| socket.name.clone()),
                email: known.and_then(|v| v.email.clone()).or_else(|| socket.email.clone()),
            })
        }
        Who::Assistant => Actor::Assistant,
        Who::Agent(session) => Actor::Agent { agent: session.agent.clone(), role: session.role },
        Who::System => Actor::System,
    }
}

fn message_id(event: &Event) -> Option<crate::conversation::MessageId> {
    match event {
        Event::MessagePosted(message) => Some(message.id),
        Event::NoteAdded { id, .. } | Event::NoticePosted { id, .. } => Some(*id),
        _ => None,
    }
}
