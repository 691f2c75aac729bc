//! The client's one task: owns the link, the outbox, the drafts and the cursor; everybody else sends it messages.
//!
//! The loop waits for whatever comes first (an ask, a finished write, the wire, a deadline), changes its state, and then
//! pushes on what can be pushed on. Nothing in it blocks on the socket or the disk.

mod inbound;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::backoff::Backoff;
use super::cursor::Cursor;
use super::disk::{Disk, Written};
use super::journal::{Kept, Record};
use super::outbox::{Entry, Outbox, Parts, Status, Turn, parts};
use super::socket::Broken;
use super::state_dir::Store;
use super::up::{self, Pending};
use super::{Address, ClientEvent, ConnectOptions, DraftKind, Link};
use crate::conversation::{Cid, ConversationId, Time};
use crate::protocol::{AgentAuth, AgentOp, ConversationArg, WireError};
use wire::{Opening, Wire};

/// How far drafts may be behind the keys, with room for the flush itself below the promised 250 ms.
const DRAFT_LAG: Duration = Duration::from_millis(150);
/// How long an entry that could not be written waits before the next attempt.
const DISK_RETRY: Duration = Duration::from_secs(1);
/// How long `close` waits for what is under way.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a handle asks of the task.
#[derive(Debug)]
pub(super) enum Ask {
    Request { tag: u64, op: AgentOp },
    Durable { tag: u64, op: Box<AgentOp> },
    Draft { conversation: ConversationId, kind: DraftKind, text: String },
    Watch { tag: u64, conversation: ConversationId },
    Unwatch { conversation: ConversationId },
    Confirm { cid: Cid },
    Withdraw { cid: Cid },
    Close,
}

struct Task {
    options: ConnectOptions,
    address: Address,
    events: mpsc::Sender<ClientEvent>,
    closed: watch::Receiver<bool>,
    up_flag: Arc<AtomicBool>,
    wire: Wire,
    backoff: Backoff,
    cursor: Option<Cursor>,
    outbox: Outbox,
    disk: Disk,
    drafts: BTreeMap<(ConversationId, DraftKind), String>,
    /// Drafts not handed to the disk yet, and when they must be.
    dirty: BTreeMap<(ConversationId, DraftKind), Instant>,
    watched: BTreeMap<ConversationId, u64>,
    /// What was last reported, so that only changes are.
    told_waiting: usize,
    link_live: bool,
    closing: Option<Instant>,
}

/// Runs until the handle closes it, is dropped, or the server says stop.
pub(super) async fn run(
    options: ConnectOptions,
    mut asked: mpsc::UnboundedReceiver<Ask>,
    events: mpsc::Sender<ClientEvent>,
    closed: watch::Receiver<bool>,
    up_flag: Arc<AtomicBool>,
) {
    let address = match Address::parse(&options.url) {
        Ok(address) => address,
        Err(e) => return drop(events.send(ClientEvent::Fatal(e.to_string())).await),
    };
    // The disk and the network at the same time: neither needs the other.
    let mut opening: Opening = Box::pin(up::open(address.socket("/ws/agent"), auth(&options, None)));
    let mut opened = None;
    let store = {
        let opens = open_store(&options, &address);
        tokio::pin!(opens);
        loop {
            tokio::select! {
                store = &mut opens => break store,
                first = &mut opening, if opened.is_none() => opened = Some(first),
            }
        }
    };
    if let Some(first) = opened {
        opening = Box::pin(std::future::ready(first));
    }
    let store = match store {
        Ok(store) => store,
        Err(why) => return drop(events.send(ClientEvent::Fatal(why)).await),
    };
    let kept = store.as_ref().map(|s| s.kept().clone()).unwrap_or_default();
    let mut outbox = Outbox::default();
    for (cid, at, op) in kept.outbox {
        outbox.restore(cid, at, op);
    }
    let mut task = Task {
        options,
        address,
        events,
        closed,
        up_flag,
        wire: Wire::Opening(opening),
        backoff: Backoff::default(),
        cursor: None,
        outbox,
        disk: Disk::new(store),
        drafts: kept.drafts,
        dirty: BTreeMap::new(),
        watched: BTreeMap::new(),
        told_waiting: 0,
        link_live: false,
        closing: None,
    };
    let drafts = task.drafts.iter().map(|(&(c, kind), text)| (c, kind, text.clone())).collect();
    task.emit(ClientEvent::Drafts(drafts)).await;
    task.emit(ClientEvent::Link(Link::Connecting)).await;
    loop {
        task.push_on().await;
        if task.finished() {
            break;
        }
        let deadline = task.next_deadline();
        tokio::select! {
            ask = asked.recv(), if task.closing.is_none() => task.ask(ask.unwrap_or(Ask::Close)).await,
            written = task.disk.written() => task.written(written).await,
            heard = task.wire.next() => task.heard(heard).await,
            () = sleep_until(deadline) => {}
        }
    }
    task.up_flag.store(false, Ordering::Release);
    if let Wire::Up(up) = std::mem::replace(&mut task.wire, Wire::Stopped) {
        up.socket.goodbye().await;
    }
}

/// The sign-in.
fn auth(options: &ConnectOptions, cursor: Option<&Cursor>) -> AgentAuth {
    AgentAuth {
        token: options.token.clone(),
        client: options.client.clone(),
        instance: options.instance.clone(),
        resume: cursor.map(Cursor::resume),
    }
}

async fn open_store(options: &ConnectOptions, address: &Address) -> Result<Option<Store>, String> {
    let Some(state) = options.state_dir.clone() else { return Ok(None) };
    let (address, token, instance) = (address.clone(), options.token.clone(), options.instance.clone());
    let folder = state.display().to_string();
    let opened = tokio::task::spawn_blocking(move || Store::open(&state, &address, &token, &instance)).await;
    match opened {
        Ok(Ok(store)) => Ok(Some(store)),
        Ok(Err(e)) => Err(format!(
            "drafts and unsent replies cannot be kept in {folder}: {e}. Make that folder writable, or set XDG_STATE_HOME to one that is"
        )),
        Err(_) => Err("drafts and unsent replies could not be read".into()),
    }
}

fn wall() -> Time {
    Time(jiff::Timestamp::now().as_millisecond())
}

fn link_down() -> WireError {
    WireError::retryable(
        "link.down",
        "the connection was lost before an answer came; try again once it is back",
    )
}

impl Task {
    /// Reports, unless the console no longer listens; never waits for it once closing.
    async fn emit(&mut self, event: ClientEvent) {
        if *self.closed.borrow() {
            let _ = self.events.try_send(event);
            return;
        }
        tokio::select! {
            sent = self.events.send(event) => if sent.is_err() { self.begin_close() },
            _ = self.closed.changed() => {}
        }
    }

    fn finished(&self) -> bool {
        let Some(until) = self.closing else { return false };
        let linked = matches!(self.wire, Wire::Up(_));
        let quiet = self.disk.idle() && self.dirty.is_empty() && !(linked && self.outbox.under_way());
        quiet || until <= Instant::now()
    }

    fn next_deadline(&self) -> Instant {
        let up = match &self.wire {
            Wire::Up(up) => up.next_at(),
            _ => None,
        };
        let far = Instant::now() + Duration::from_secs(3600);
        let all = [up, self.outbox.next_at(), self.dirty.values().min().copied(), self.closing, Some(far)];
        all.into_iter().flatten().min().unwrap_or(far)
    }

    // ---- what the console asks

    async fn ask(&mut self, ask: Ask) {
        match ask {
            Ask::Request { tag, op } => self.send(&op, Pending::Request { tag }).await,
            Ask::Durable { tag, op } => self.durable(tag, *op).await,
            Ask::Draft { conversation, kind, text } => {
                if text.is_empty() {
                    self.drafts.remove(&(conversation, kind));
                } else {
                    self.drafts.insert((conversation, kind), text);
                }
                self.dirty.entry((conversation, kind)).or_insert_with(|| Instant::now() + DRAFT_LAG);
            }
            Ask::Watch { tag, conversation } => {
                self.watched.insert(conversation, tag);
                if matches!(self.wire, Wire::Up(_)) {
                    self.send_watch(tag, conversation).await;
                }
            }
            Ask::Unwatch { conversation } => {
                if self.watched.remove(&conversation).is_some() && matches!(self.wire, Wire::Up(_)) {
                    let arg = ConversationArg { conversation, before: None, limit: None };
                    self.send(&AgentOp::Unwatch(arg), Pending::Quiet).await;
                }
            }
            Ask::Confirm { cid } => self.outbox.confirm(cid),
            Ask::Withdraw { cid } => {
                let free = |e: &Entry| !matches!(e.status, Status::Sent | Status::Storing);
                if self.outbox.get(cid).is_some_and(free) {
                    let why =
                        WireError::new("outbox.withdrawn", "it was not sent; the words are a draft again");
                    self.back_to_draft(cid, why).await;
                }
            }
            Ask::Close => self.begin_close(),
        }
    }

    /// Everything not on disk goes there now; what is under way gets its last second.
    fn begin_close(&mut self) {
        let now = Instant::now();
        self.closing.get_or_insert(now + LAST_WORDS);
        self.dirty.values_mut().for_each(|at| *at = now);
    }

    async fn durable(&mut self, tag: u64, op: AgentOp) {
        let at = wall();
        let record = parts(&op).map(|p| Record::Put { cid: p.cid, at, op: Box::new(op.clone()) });
        match record {
            Some(record) if self.outbox.add(tag, op.clone(), at, Instant::now()) => {
                self.disk.push(record);
                self.out_of_draft(&op);
            }
            _ => {
                let why = "this cannot be kept in the outbox: it has no client id of its own";
                self.respond(tag, Err(WireError::new("outbox.no_cid", why))).await;
            }
        }
    }

    /// What is in the outbox is no draft any more, on disk in the same write: whoever is killed now must not find the words
    /// in the composer again, one key away from being said twice.
    fn out_of_draft(&mut self, op: &AgentOp) {
        let Some(Parts { conversation, words: Some((kind, words)), .. }) = parts(op) else { return };
        let Some(draft) = self.drafts.get_mut(&(conversation, kind)) else { return };
        let Some(rest) = draft.strip_prefix(words) else { return };
        let text =
            if rest.trim().is_empty() { String::new() } else { rest.trim_start_matches('\n').to_owned() };
        draft.clone_from(&text);
        self.dirty.remove(&(conversation, kind));
        self.disk.push(Record::Draft { conversation, kind, text });
    }

    /// What could not be put in the outbox is a draft again.
    fn keep_as_draft(&mut self, op: &AgentOp) {
        let Some(Parts { conversation, words: Some((kind, words)), .. }) = parts(op) else { return };
        let draft = self.drafts.entry((conversation, kind)).or_default();
        if !draft.starts_with(words) {
            *draft = if draft.is_empty() { words.to_owned() } else { format!("{words}\n{draft}") };
        }
        self.dirty.entry((conversation, kind)).or_insert_with(|| Instant::now() + DISK_RETRY);
    }

    async fn respond(&mut self, tag: u64, result: Result<Value, WireError>) {
        self.emit(ClientEvent::Response { tag, result }).await;
    }

    async fn send_watch(&mut self, tag: u64, conversation: ConversationId) {
        let arg = ConversationArg { conversation, before: None, limit: None };
        self.send(&AgentOp::Watch(arg), Pending::Watch { tag, conversation }).await;
    }

    /// Sends over the link if it is up; else answers `link.down` at once.
    async fn send(&mut self, op: &AgentOp, what: Pending) {
        let sent = match &mut self.wire {
            Wire::Up(up) => up.ask(op, what),
            _ => return self.unanswered(what).await,
        };
        if let Err(broken) = sent {
            self.unanswered(what).await;
            self.broken(broken).await;
        }
    }

    async fn unanswered(&mut self, what: Pending) {
        match what {
            Pending::Request { tag } => self.respond(tag, Err(link_down())).await,
            Pending::Durable { cid } => self.outbox.set(cid, Status::Ready),
            // Asked again by itself once the link is back.
            Pending::Watch { .. } | Pending::Quiet => {}
        }
    }

    // ---- the disk

    async fn written(&mut self, written: Written) {
        let Written { records, stored, error, adopted } = written;
        self.adopted(adopted).await;
        for (i, record) in records.into_iter().enumerate() {
            match record {
                Record::Put { cid, .. } if i < stored => {
                    self.outbox.set(cid, Status::Ready);
                    if let Some(tag) = self.outbox.get(cid).and_then(|e| e.tag) {
                        self.emit(ClientEvent::Stored { tag }).await;
                    }
                }
                Record::Put { cid, .. } => {
                    let entry = self.outbox.remove(cid);
                    if let Some(entry) = &entry {
                        self.keep_as_draft(&entry.op);
                    }
                    if let Some(tag) = entry.and_then(|e| e.tag) {
                        let why = error.as_ref().map(ToString::to_string).unwrap_or_default();
                        let message = format!(
                            "it could not be written to this computer's disk ({why}) and was not sent; the words are still in the composer"
                        );
                        self.respond(tag, Err(WireError::retryable("outbox.disk", message))).await;
                    }
                }
                Record::Draft { conversation, kind, .. } if i >= stored => {
                    self.dirty.entry((conversation, kind)).or_insert_with(|| Instant::now() + DISK_RETRY);
                }
                // Not on disk: told again at the next start, which the client id makes harmless.
                Record::Draft { .. } | Record::Done { .. } => {}
            }
        }
        if let Some(error) = error {
            tracing::warn!(%error, "drafts or outbox could not be written");
        }
    }

    /// What dead consoles of this agent left under another token: the outbox goes on, the drafts stand before what was begun.
    async fn adopted(&mut self, found: Kept) {
        let mut drafts = Vec::new();
        for (key, theirs) in found.drafts {
            let mine = self.drafts.entry(key).or_default();
            if !mine.contains(theirs.as_str()) {
                *mine = if mine.is_empty() { theirs } else { format!("{theirs}\n{mine}") };
            }
            drafts.push((key.0, key.1, mine.clone()));
            self.dirty.entry(key).or_insert_with(Instant::now);
        }
        for (cid, at, op) in found.outbox {
            if self.outbox.get(cid).is_none() {
                self.outbox.restore(cid, at, op);
            }
        }
        if !drafts.is_empty() {
            self.emit(ClientEvent::Drafts(drafts)).await;
        }
    }

    /// Hands drafts to the disk, sends what may be sent, acknowledges, leaves after a goaway.
    async fn push_on(&mut self) {
        let now = Instant::now();
        let due: Vec<_> = self.dirty.iter().filter(|(_, at)| **at <= now).map(|(key, _)| *key).collect();
        for key in due {
            self.dirty.remove(&key);
            let text = self.drafts.get(&key).cloned().unwrap_or_default();
            self.disk.push(Record::Draft { conversation: key.0, kind: key.1, text });
        }
        while let Some(turn) = self.outbox.turn(matches!(self.wire, Wire::Up(_)), now, wall()) {
            match turn {
                Turn::Send(cid) => self.send_entry(cid).await,
                Turn::Ask(cid) => self.ask_first(cid, now).await,
            }
        }
        if let (Wire::Up(up), Some(cursor)) = (&mut self.wire, &self.cursor) {
            let overdue = up.overdue(now);
            let leave = up.leave_at.is_some_and(|at| at <= now);
            let mut result = up.ack_if_due(cursor, now);
            if leave {
                result = Err(Broken::reconnect("the server restarts"));
            }
            for what in overdue {
                if let Pending::Request { tag } = what {
                    let late =
                        WireError::retryable("request.timeout", "the server did not answer within 30 s");
                    self.respond(tag, Err(late)).await;
                } else {
                    self.unanswered(what).await;
                    result = Err(Broken::reconnect("the server did not answer within 30 s"));
                }
            }
            if let Err(broken) = result {
                self.broken(broken).await;
            }
        }
        let (waiting, oldest_ms) = self.outbox.waiting(now, wall());
        if waiting != self.told_waiting {
            self.told_waiting = waiting;
            self.emit(ClientEvent::OutboxState { waiting, oldest_ms }).await;
        }
    }

    async fn send_entry(&mut self, cid: Cid) {
        let Some(op) = self.outbox.get(cid).map(|e| e.op.clone()) else { return };
        if let Wire::Up(up) = &self.wire
            && !up.socket.fits("r18446744073709551615", &op)
        {
            let why = "the message is too long for the server; split it. Nothing was sent";
            return self.refused(cid, WireError::new("message.too_long", why)).await;
        }
        self.outbox.set(cid, Status::Sent);
        self.send(&op, Pending::Durable { cid }).await;
    }

    async fn ask_first(&mut self, cid: Cid, now: Instant) {
        let Some(entry) = self.outbox.get(cid) else { return };
        let Some(Parts { words, name, .. }) = parts(&entry.op) else { return };
        let text = words.map_or_else(|| format!("({name})"), |(_, words)| words.to_owned());
        let (conversation, age_ms) = (entry.conversation, entry.age_ms(now, wall()));
        self.emit(ClientEvent::AskFirst { cid, conversation, text, age_ms }).await;
    }
}
