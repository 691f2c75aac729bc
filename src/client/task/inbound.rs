//! What comes from the wire: the link's ups and downs, frames, and what answers make of the outbox.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::Task;
use super::wire::{Heard, Wire};
use crate::client::backoff;
use crate::client::cursor::{Cursor, Step};
use crate::client::journal::Record;
use crate::client::outbox::{Status, parts};
use crate::client::socket::{Broken, read_frame};
use crate::client::up::{self, GOOD, Pending, Syncing, Up};
use crate::client::{ClientEvent, Link};
use crate::conversation::{Cid, Event};
use crate::protocol::{AgentAuthOk, Control, Frame, Range, SyncMode, WireError};

impl Task {
    pub(super) async fn heard(&mut self, heard: Heard) {
        match heard {
            Heard::Due => {
                self.emit(ClientEvent::Link(Link::Connecting)).await;
                let auth = super::auth(&self.options, self.cursor.as_ref());
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
        self.disk.claim(welcome.agent.id);
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

    pub(super) async fn broken(&mut self, broken: Broken) {
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
                    self.emit(ClientEvent::Row { seq, conversation, version, row: d }).await;
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

    pub(super) async fn refused(&mut self, cid: Cid, why: WireError) {
        if let Some(tag) = self.outbox.get(cid).and_then(|e| e.tag) {
            self.respond(tag, Err(why.clone())).await;
        }
        self.back_to_draft(cid, why).await;
    }

    /// Takes an entry out of the outbox; its words go in front of the draft, which reaches the disk first.
    pub(super) async fn back_to_draft(&mut self, cid: Cid, why: WireError) {
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
