//! The client's one task: owns the link, the outbox, the drafts and the cursor; everybody else sends it messages.
//!
//! The loop waits for whatever comes first (an ask, a finished write, the wire, a deadline), changes its state, and then
//! pushes on what can be pushed on. Nothing in it blocks on the socket or the disk.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::backoff::{self, Backoff};
use super::cursor::{Cursor, Step};
use super::disk::{Disk, Written};
use super::journal::Record;
use super::outbox::{Entry, Outbox, Parts, Status, Turn, parts};
use super::socket::{Broken, read_frame};
use super::state_dir::Store;
use super::up::{self, GOOD, Pending, Syncing, Up};
use super::{Address, ClientEvent, ConnectOptions, DraftKind, Link};
use crate::conversation::{Cid, ConversationId, Event, Time};
use crate::protocol::{
    AgentAuth, AgentAuthOk, AgentOp, Control, ConversationArg, Frame, Range, SyncMode, WireError,
};

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

type Opening = Pin<Box<dyn Future<Output = Result<(Up, AgentAuthOk), Broken>> + Send>>;

enum Wire {
    Waiting(Instant),
    Opening(Opening),
    Up(Box<Up>),
    Stopped,
}

enum Heard {
    Due,
    Opened(Box<(Up, AgentAuthOk)>),
    Frame(String),
    Broken(Broken),
}

impl Wire {
    /// Cancel-safe: an opening stays where it is, a socket keeps what it has read.
    async fn next(&mut self) -> Heard {
        match self {
            Wire::Waiting(until) => {
                sleep_until(*until).await;
                Heard::Due
            }
            Wire::Opening(opening) => match opening.await {
                Ok(opened) => Heard::Opened(Box::new(opened)),
                Err(broken) => Heard::Broken(broken),
            },
            Wire::Up(up) => match up.socket.next().await {
                Ok(text) => Heard::Frame(text),
                Err(broken) => Heard::Broken(broken),
            },
            Wire::Stopped => std::future::pending().await,
        }
    }
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
    let store = match open_store(&options, &address).await {
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
        wire: Wire::Waiting(Instant::now()),
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
            Some(record) if self.outbox.add(tag, op, at, Instant::now()) => self.disk.push(record),
            _ => {
                let why = "this cannot be kept in the outbox: it has no client id of its own";
                self.respond(tag, Err(WireError::new("outbox.no_cid", why))).await;
            }
        }
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
        let Written { records, stored, error } = written;
        for (i, record) in records.into_iter().enumerate() {
            match record {
                Record::Put { cid, .. } if i < stored => {
                    self.outbox.set(cid, Status::Ready);
                    if let Some(tag) = self.outbox.get(cid).and_then(|e| e.tag) {
                        self.emit(ClientEvent::Stored { tag }).await;
                    }
                }
                Record::Put { cid, .. } => {
                    if let Some(tag) = self.outbox.remove(cid).and_then(|e| e.tag) {
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

    // ---- the wire

    async fn heard(&mut self, heard: Heard) {
        match heard {
            Heard::Due => {
                self.emit(ClientEvent::Link(Link::Connecting)).await;
                let auth = AgentAuth {
                    token: self.options.token.clone(),
                    client: self.options.client.clone(),
                    instance: self.options.instance.clone(),
                    resume: self.cursor.as_ref().map(Cursor::resume),
                };
                self.wire = Wire::Opening(Box::pin(up::open(self.address.socket("/ws/agent"), auth)));
            }
            Heard::Opened(opened) => self.opened(*opened).await,
            Heard::Frame(text) => {
                let taken = match read_frame(&text) {
                    Ok(Some(frame)) => self.frame(frame).await,
                    Ok(None) => Ok(()),
                    Err(broken) => Err(broken),
                };
                match taken {
                    Ok(()) => self.tell_live().await,
                    Err(broken) => self.broken(broken).await,
                }
            }
            Heard::Broken(broken) => self.broken(broken).await,
        }
    }

    async fn opened(&mut self, (up, welcome): (Up, AgentAuthOk)) {
        let resumed = welcome.mode == SyncMode::Resumed;
        match &self.cursor {
            Some(cursor) if resumed => self.cursor = Some(Cursor::new(&welcome.log_id, cursor.last())),
            _ => self.cursor = Some(Cursor::new(&welcome.log_id, welcome.head)),
        }
        self.wire = Wire::Up(Box::new(up));
        self.up_flag.store(true, Ordering::Release);
        self.emit(ClientEvent::Welcome(Box::new(welcome))).await;
        self.emit(ClientEvent::Link(Link::Syncing)).await;
        for (conversation, tag) in self.watched.clone() {
            self.send_watch(tag, conversation).await;
        }
        self.tell_live().await;
    }

    async fn tell_live(&mut self) {
        if let Wire::Up(up) = &self.wire
            && up.syncing == Syncing::Done
            && !self.link_live
        {
            self.link_live = true;
            self.emit(ClientEvent::Link(Link::Live)).await;
        }
    }

    async fn broken(&mut self, broken: Broken) {
        let good = match &mut self.wire {
            Wire::Up(up) => {
                let good = up.since.elapsed() >= GOOD;
                for what in up.unanswered() {
                    self.unanswered(what).await;
                }
                good
            }
            _ => false,
        };
        self.wire = Wire::Stopped;
        self.up_flag.store(false, Ordering::Release);
        self.link_live = false;
        self.outbox.link_lost();
        if good {
            self.backoff.reset();
        }
        if broken.then == Range::Stop {
            return self.emit(ClientEvent::Fatal(broken.why)).await;
        }
        let wait = self.backoff.next(broken.then, backoff::random());
        self.wire = Wire::Waiting(Instant::now() + wait);
        let retry_in_ms = wait.as_millis() as u64;
        self.emit(ClientEvent::Link(Link::Down { retry_in_ms, why: broken.why })).await;
    }

    async fn frame(&mut self, frame: Frame) -> Result<(), Broken> {
        match frame {
            Frame::Res { id, ok, d, error, .. } => {
                let Wire::Up(up) = &mut self.wire else { return Ok(()) };
                let Some(what) = up.answered(&id) else { return Ok(()) };
                let result = if ok { Ok(d) } else { Err(error.unwrap_or_else(WireError::internal)) };
                self.answer(what, result).await;
                Ok(())
            }
            Frame::Ev { seq, prev, at, conversation, version, kind, d } => {
                if self.step(seq, prev)? {
                    let event = event_of(kind, d).map(Box::new);
                    self.emit(ClientEvent::Event { seq, at, conversation, version, event }).await;
                }
                Ok(())
            }
            Frame::Row { seq, prev, conversation, version, d } => {
                if self.step(seq, prev)? {
                    let row = d.map(Box::new);
                    self.emit(ClientEvent::Row { seq, conversation, version, row }).await;
                }
                Ok(())
            }
            Frame::Eph(value) => {
                if let Ok(eph) = serde_json::from_value(value) {
                    self.emit(ClientEvent::Eph(eph)).await;
                }
                Ok(())
            }
            Frame::Ctl(value) => match serde_json::from_value(value) {
                Ok(control) => self.control(control).await,
                Err(_) => Ok(()),
            },
        }
    }

    /// Whether a frame with a position is new.
    fn step(&mut self, seq: u64, prev: u64) -> Result<bool, Broken> {
        let (Some(cursor), Wire::Up(up)) = (&mut self.cursor, &mut self.wire) else { return Ok(false) };
        let last = cursor.last();
        let step = cursor.step(seq, prev);
        if step == Step::Gap {
            return Err(Broken::reconnect(format!(
                "something between {last} and {prev} is missing; resuming"
            )));
        }
        up.count(cursor, Instant::now())?;
        Ok(step == Step::Take)
    }

    async fn control(&mut self, control: Control) -> Result<(), Broken> {
        let (Some(cursor), Wire::Up(up)) = (&mut self.cursor, &mut self.wire) else { return Ok(()) };
        match control {
            Control::Heartbeat { head } => {
                if let Some(head) = head {
                    cursor.adopt(head);
                    if matches!(up.syncing, Syncing::Frames(_)) {
                        up.syncing = Syncing::Done;
                    }
                }
                up.socket.beat()
            }
            Control::Goaway { in_ms } => {
                // Somewhere in the time that is left, so that not all come at once.
                let wait = Duration::from_millis(backoff::random() % in_ms.clamp(1, 60_000));
                up.leave_at.get_or_insert(Instant::now() + wait);
                Ok(())
            }
            Control::Snapshot { as_of, rows, more } => {
                cursor.adopt(as_of);
                if !more {
                    up.syncing = Syncing::Done;
                }
                self.emit(ClientEvent::Snapshot { as_of, rows, more }).await;
                Ok(())
            }
            Control::Hello { .. } | Control::Ack { .. } => Ok(()),
        }
    }

    // ---- answers

    async fn answer(&mut self, what: Pending, result: Result<Value, WireError>) {
        match what {
            Pending::Request { tag } => self.respond(tag, result).await,
            Pending::Watch { tag, conversation } => {
                if self.watched.get(&conversation) == Some(&tag) {
                    if result.as_ref().is_err_and(|e| !e.retryable) {
                        self.watched.remove(&conversation);
                    }
                    self.respond(tag, result).await;
                }
            }
            Pending::Durable { cid } => match result {
                Ok(d) => {
                    self.disk.push(Record::Done { cid });
                    if let Some(tag) = self.outbox.remove(cid).and_then(|e| e.tag) {
                        self.respond(tag, Ok(d)).await;
                    }
                }
                Err(error) if error.retryable => {
                    let told = error.details.get("retry_after_ms").and_then(Value::as_u64);
                    let wait = told.unwrap_or_else(|| 500 + backoff::random() % 1500).min(60_000);
                    self.outbox.set(cid, Status::Later(Instant::now() + Duration::from_millis(wait)));
                }
                Err(error) => self.refused(cid, error).await,
            },
            Pending::Quiet => {}
        }
    }

    async fn refused(&mut self, cid: Cid, why: WireError) {
        if let Some(tag) = self.outbox.get(cid).and_then(|e| e.tag) {
            self.respond(tag, Err(why.clone())).await;
        }
        self.back_to_draft(cid, why).await;
    }

    /// Takes an entry out of the outbox; its words go in front of the draft, which reaches the disk first.
    async fn back_to_draft(&mut self, cid: Cid, why: WireError) {
        let Some(entry) = self.outbox.remove(cid) else { return };
        let returned = parts(&entry.op).and_then(|p| p.words.map(|(kind, words)| (kind, words.to_owned())));
        let conversation = entry.conversation;
        if let Some((kind, text)) = returned {
            let draft = self.drafts.entry((conversation, kind)).or_default();
            if draft.is_empty() {
                *draft = text.clone();
            } else if !draft.starts_with(&text) {
                *draft = format!("{text}\n{draft}");
            }
            self.disk.push(Record::Draft { conversation, kind, text: draft.clone() });
            self.disk.push(Record::Done { cid });
            self.emit(ClientEvent::Returned { conversation, kind, text, why }).await;
        } else {
            self.disk.push(Record::Done { cid });
        }
    }
}

/// The event of a frame; none: of a type this version does not know, or with fields it cannot read.
fn event_of(kind: String, d: Value) -> Option<Event> {
    let mut whole = serde_json::Map::new();
    whole.insert("type".into(), Value::String(kind));
    if !d.is_null() {
        whole.insert("d".into(), d);
    }
    serde_json::from_value(Value::Object(whole)).ok()
}
