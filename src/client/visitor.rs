//! The visitor's end of the wire, for `baton chat` and the demo's visitors.
//!
//! What is said goes out in order, one at a time, with its client id, again and again until it is answered; "too fast"
//! is waited out. Invariant: each thing given to the handle is reported once, as acknowledged or as refused, unless the
//! client ends first. Everything is in memory.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::acks::Acks;
use super::backoff::{self, Backoff};
use super::cursor::{Cursor, Step};
use super::socket::{Broken, Socket, read_frame};
use super::up::{ANSWER, GOOD};
use super::{Address, BadAddress, Link};
use crate::conversation::{Cid, Page, SiteId, Time};
use crate::protocol::{
    Control, Frame, IdentifyArg, LeadArg, Range, SeenArg, SyncMode, VisitorAuth, VisitorAuthOk, VisitorEph,
    VisitorEvent, VisitorHandoffArg, VisitorMessageArg, VisitorOp, VisitorTypingArg, WireError,
};

const EVENTS: usize = 256;

/// How to connect as a visitor.
#[derive(Debug, Clone)]
pub struct VisitorOptions {
    /// Where the server is: `https://host` or `http://host:port`.
    pub url: String,
    /// Which site.
    pub site: SiteId,
    /// The page the visitor is on.
    pub page: Option<Page>,
    /// The browser's language, e.g. `de-DE`.
    pub locale: Option<String>,
    /// The browser's time zone, e.g. `Europe/Berlin`.
    pub time_zone: Option<String>,
    /// The visitor token kept from before; none: a new visitor.
    pub token: Option<String>,
    /// Program and version.
    pub client: String,
}

/// What the client reports. Text in it is raw.
#[derive(Debug, Clone, PartialEq)]
pub enum VisitorClientEvent {
    /// The link changed (never [`Link::Syncing`]).
    Link(Link),
    /// Signed in (again). In mode `snapshot` it carries all messages, also ones reported before.
    Welcome(Box<VisitorAuthOk>),
    /// An event of the conversation.
    Event {
        /// Position.
        seq: u64,
        /// When.
        at: Time,
        /// Version of the conversation with this event.
        version: u64,
        /// The event; none: of a type this version does not know.
        event: Option<VisitorEvent>,
    },
    /// Something passing.
    Eph(VisitorEph),
    /// Something with a client id is durable on the server.
    Acked {
        /// Its client id.
        cid: Cid,
        /// Position.
        seq: u64,
    },
    /// Something was refused and will not be sent again.
    Refused {
        /// Its client id, if it has one.
        cid: Option<Cid>,
        /// Why.
        why: WireError,
    },
    /// The client has stopped and will not try again.
    Fatal {
        /// Why, for a person.
        why: String,
        /// Whether a Baton server said so; otherwise what answers there is none.
        refused: bool,
    },
}

/// A running visitor client. Dropping it ends the connection.
#[derive(Debug)]
pub struct VisitorHandle {
    asks: mpsc::UnboundedSender<Ask>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
enum Ask {
    Send(VisitorOp, Option<Cid>),
    Typing(bool),
    Seen(u64),
    Page(Page),
    Close,
}

/// Starts a client. Call inside a tokio runtime.
///
/// # Errors
/// When the address is none.
pub fn connect(
    options: VisitorOptions,
) -> Result<(VisitorHandle, mpsc::Receiver<VisitorClientEvent>), BadAddress> {
    let path = format!("/ws/visitor?site={}", options.site);
    let url = Address::parse(&options.url)?.socket(&path);
    let (asks, asked) = mpsc::unbounded_channel();
    let (events, received) = mpsc::channel(EVENTS);
    let task = Task {
        url,
        options,
        events,
        cursor: None,
        queue: VecDeque::new(),
        in_flight: None,
        not_before: None,
        backoff: Backoff::default(),
        wire: Wire::Waiting(Instant::now()),
        gone: false,
    };
    Ok((VisitorHandle { asks, task: tokio::spawn(task.run(asked)) }, received))
}

impl VisitorHandle {
    fn send(&self, make: impl FnOnce(Cid) -> VisitorOp) -> Cid {
        let cid = Cid(Uuid::now_v7());
        let _ = self.asks.send(Ask::Send(make(cid), Some(cid)));
        cid
    }

    /// Says something; returns its client id.
    pub fn say(&self, text: String) -> Cid {
        self.send(|cid| VisitorOp::MessageSend(VisitorMessageArg { cid, text }))
    }

    /// Asks for a person by the button.
    pub fn request_person(&self) -> Cid {
        self.send(|cid| VisitorOp::HandoffRequest(VisitorHandoffArg { cid }))
    }

    /// No longer wants one.
    pub fn cancel_person(&self) -> Cid {
        self.send(|cid| VisitorOp::HandoffCancel(VisitorHandoffArg { cid }))
    }

    /// Leaves contact details.
    pub fn lead(&self, name: Option<String>, email: String) -> Cid {
        self.send(|cid| VisitorOp::LeadSubmit(LeadArg { cid, name, email }))
    }

    /// Ends the chat.
    pub fn end(&self) -> Cid {
        self.send(|cid| VisitorOp::End(VisitorHandoffArg { cid }))
    }

    /// Tells name or e-mail address.
    pub fn identify(&self, name: Option<String>, email: Option<String>) {
        let _ = self.asks.send(Ask::Send(VisitorOp::Identify(IdentifyArg { name, email }), None));
    }

    /// Types, or stops; forgotten where the link is down.
    pub fn typing(&self, on: bool) {
        let _ = self.asks.send(Ask::Typing(on));
    }

    /// Has seen everything up to this version; forgotten where the link is down.
    pub fn seen(&self, version: u64) {
        let _ = self.asks.send(Ask::Seen(version));
    }

    /// Moves to another page.
    pub fn page(&self, page: Page) {
        let _ = self.asks.send(Ask::Page(page));
    }

    /// Says goodbye and stops, whatever is still waiting to be sent.
    pub async fn close(self) {
        let _ = self.asks.send(Ask::Close);
        let _ = self.task.await;
    }
}

type Opening = Pin<Box<dyn Future<Output = Result<(Socket, VisitorAuthOk), Broken>> + Send>>;

enum Wire {
    Waiting(Instant),
    Opening(Opening),
    Up { socket: Box<Socket>, since: Instant, acks: Acks },
    Stopped,
}

enum Heard {
    Due,
    Opened(Box<(Socket, VisitorAuthOk)>),
    Frame(String),
    Broken(Broken),
}

impl Wire {
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
            Wire::Up { socket, .. } => match socket.next().await {
                Ok(text) => Heard::Frame(text),
                Err(broken) => Heard::Broken(broken),
            },
            Wire::Stopped => std::future::pending().await,
        }
    }
}

struct Task {
    url: String,
    options: VisitorOptions,
    events: mpsc::Sender<VisitorClientEvent>,
    cursor: Option<Cursor>,
    queue: VecDeque<(VisitorOp, Option<Cid>)>,
    /// Id of the request that carries the head of the queue, and since when.
    in_flight: Option<(String, Instant)>,
    /// When the head of the queue may be sent again.
    not_before: Option<Instant>,
    backoff: Backoff,
    wire: Wire,
    /// Nobody listens any more.
    gone: bool,
}

async fn open(url: String, auth: VisitorAuth) -> Result<(Socket, VisitorAuthOk), Broken> {
    let mut socket = Socket::dial(&url).await?;
    let answer = socket.sign_in(&VisitorOp::Auth(auth)).await?;
    let welcome = serde_json::from_value(answer).map_err(|e| {
        Broken::stop(format!("the server's answer to the sign-in is not of this protocol: {e}"))
    })?;
    Ok((socket, welcome))
}

impl Task {
    async fn run(mut self, mut asked: mpsc::UnboundedReceiver<Ask>) {
        let mut serial: u64 = 0;
        while !self.gone {
            self.give_back_oversized().await;
            if let Err(broken) = self.push_on(&mut serial) {
                self.broken(broken).await;
            }
            let deadline = self.next_deadline();
            tokio::select! {
                ask = asked.recv() => match ask {
                    None | Some(Ask::Close) => break,
                    Some(ask) => self.ask(ask),
                },
                heard = self.wire.next() => self.heard(heard).await,
                () = sleep_until(deadline) => {}
            }
        }
        if let Wire::Up { socket, .. } = self.wire {
            socket.goodbye().await;
        }
    }

    async fn emit(&mut self, event: VisitorClientEvent) {
        self.gone |= self.events.send(event).await.is_err();
    }

    fn next_deadline(&self) -> Instant {
        let acks = match &self.wire {
            Wire::Up { acks, .. } => acks.at(),
            _ => None,
        };
        let answer = self.in_flight.as_ref().map(|(_, since)| *since + ANSWER);
        let far = Instant::now() + Duration::from_secs(3600);
        [acks, answer, self.not_before, Some(far)].into_iter().flatten().min().unwrap_or(far)
    }

    fn ask(&mut self, ask: Ask) {
        match ask {
            Ask::Send(op, cid) => self.queue.push_back((op, cid)),
            Ask::Page(page) => {
                self.options.page = Some(page.clone());
                self.queue.push_back((VisitorOp::Page(page), None));
            }
            Ask::Typing(on) => {
                if let Wire::Up { socket, .. } = &self.wire {
                    let _ = socket.request("typing", &VisitorOp::Typing(VisitorTypingArg { on }));
                }
            }
            Ask::Seen(version) => {
                if let Wire::Up { socket, .. } = &self.wire {
                    let _ = socket.request("seen", &VisitorOp::Seen(SeenArg { version }));
                }
            }
            Ask::Close => {}
        }
    }

    /// Sends the head of the queue if it may go, and acknowledges.
    fn push_on(&mut self, serial: &mut u64) -> Result<(), Broken> {
        let Wire::Up { socket, acks, .. } = &mut self.wire else { return Ok(()) };
        let now = Instant::now();
        if let Some(cursor) = &self.cursor
            && acks.due(now)
        {
            socket.ack(cursor.last())?;
        }
        if self.in_flight.as_ref().is_some_and(|(_, since)| *since + ANSWER <= now) {
            return Err(Broken::reconnect("the server did not answer within 30 s"));
        }
        if self.not_before.is_some_and(|at| at <= now) {
            self.not_before = None;
        }
        if self.in_flight.is_none()
            && self.not_before.is_none()
            && let Some((op, _)) = self.queue.front()
        {
            *serial += 1;
            let id = format!("r{serial}");
            socket.request(&id, op)?;
            self.in_flight = Some((id, now));
        }
        Ok(())
    }

    /// Gives back what no frame of this server can hold (escapes make a text longer than it looks). Sent all the same, it
    /// would close the socket and everything behind it would wait for ever.
    async fn give_back_oversized(&mut self) {
        while let (Wire::Up { socket, .. }, None, Some((op, _))) =
            (&self.wire, &self.in_flight, self.queue.front())
        {
            if socket.fits("r18446744073709551615", op) {
                return;
            }
            let why = "it is too long for the server; split it. Nothing of it was sent";
            if let Some((_, cid)) = self.queue.pop_front() {
                let why = WireError::new("message.too_long", why);
                self.emit(VisitorClientEvent::Refused { cid, why }).await;
            }
        }
    }

    async fn heard(&mut self, heard: Heard) {
        match heard {
            Heard::Due => {
                self.emit(VisitorClientEvent::Link(Link::Connecting)).await;
                let auth = VisitorAuth {
                    token: self.options.token.clone(),
                    resume: self.cursor.as_ref().map(Cursor::resume),
                    client: Some(self.options.client.clone()),
                    page: self.options.page.clone(),
                    locale: self.options.locale.clone(),
                    time_zone: self.options.time_zone.clone(),
                };
                self.wire = Wire::Opening(Box::pin(open(self.url.clone(), auth)));
            }
            Heard::Opened(opened) => {
                let (socket, welcome) = *opened;
                let last = match &self.cursor {
                    Some(cursor) if welcome.mode == SyncMode::Resumed => cursor.last(),
                    _ => welcome.head,
                };
                self.cursor = Some(Cursor::new(&welcome.log_id, last));
                self.options.token = Some(welcome.token.clone());
                self.wire =
                    Wire::Up { socket: Box::new(socket), since: Instant::now(), acks: Acks::default() };
                self.emit(VisitorClientEvent::Welcome(Box::new(welcome))).await;
                self.emit(VisitorClientEvent::Link(Link::Live)).await;
            }
            Heard::Frame(text) => {
                let taken = match read_frame(&text) {
                    Ok(Some(frame)) => self.frame(frame).await,
                    Ok(None) => Ok(()),
                    Err(broken) => Err(broken),
                };
                if let Err(broken) = taken {
                    self.broken(broken).await;
                }
            }
            Heard::Broken(broken) => self.broken(broken).await,
        }
    }

    async fn broken(&mut self, broken: Broken) {
        if let Wire::Up { since, .. } = &self.wire
            && since.elapsed() >= GOOD
        {
            self.backoff.reset();
        }
        self.in_flight = None;
        if broken.then == Range::Stop {
            self.wire = Wire::Stopped;
            let refused = broken.error.is_some() || broken.code.is_some();
            return self.emit(VisitorClientEvent::Fatal { why: broken.why, refused }).await;
        }
        let wait = self.backoff.next(broken.then, backoff::random());
        self.wire = Wire::Waiting(Instant::now() + wait);
        let retry_in_ms = wait.as_millis() as u64;
        self.emit(VisitorClientEvent::Link(Link::Down { retry_in_ms, why: broken.why })).await;
    }

    async fn frame(&mut self, frame: Frame) -> Result<(), Broken> {
        match frame {
            Frame::Res { id, ok, d, error, seq } => {
                if self.in_flight.as_ref().is_some_and(|(mine, _)| *mine == id) {
                    self.in_flight = None;
                    let result = if ok { Ok(d) } else { Err(error.unwrap_or_else(WireError::internal)) };
                    self.answered(result, seq).await;
                }
                Ok(())
            }
            Frame::Ev { seq, prev, at, version, kind, d, .. } => {
                let (Some(cursor), Wire::Up { socket, acks, .. }) = (&mut self.cursor, &mut self.wire) else {
                    return Ok(());
                };
                let last = cursor.last();
                let step = cursor.step(seq, prev);
                if step == Step::Gap {
                    return Err(Broken::reconnect(format!("something between {last} and {prev} is missing")));
                }
                if acks.count(Instant::now()) {
                    socket.ack(cursor.last())?;
                }
                if step == Step::Take {
                    let event = event_of(kind, d);
                    self.emit(VisitorClientEvent::Event { seq, at, version, event }).await;
                }
                Ok(())
            }
            Frame::Eph(value) => {
                if let Ok(eph) = serde_json::from_value(value) {
                    self.emit(VisitorClientEvent::Eph(eph)).await;
                }
                Ok(())
            }
            Frame::Ctl(value) => match serde_json::from_value(value) {
                Ok(Control::Heartbeat { head }) => {
                    if let (Some(head), Some(cursor)) = (head, &mut self.cursor) {
                        cursor.adopt(head);
                    }
                    if let Wire::Up { socket, .. } = &self.wire { socket.beat() } else { Ok(()) }
                }
                // A goaway is followed by a close that says "reconnect at once": a visitor loses nothing by waiting for it.
                _ => Ok(()),
            },
            Frame::Row { .. } => Ok(()),
        }
    }

    async fn answered(&mut self, result: Result<Value, WireError>, seq: Option<u64>) {
        match result {
            Ok(d) => {
                let seq = d.get("seq").and_then(Value::as_u64).or(seq).unwrap_or_default();
                if let Some((_, Some(cid))) = self.queue.pop_front() {
                    self.emit(VisitorClientEvent::Acked { cid, seq }).await;
                }
            }
            Err(why) if why.retryable => {
                let told = why.details.get("retry_after_ms").and_then(Value::as_u64);
                let wait = told.unwrap_or_else(|| 500 + backoff::random() % 1500).min(60_000);
                self.not_before = Some(Instant::now() + Duration::from_millis(wait));
            }
            Err(why) => {
                if let Some((_, cid)) = self.queue.pop_front() {
                    self.emit(VisitorClientEvent::Refused { cid, why }).await;
                }
            }
        }
    }
}

fn event_of(kind: String, d: Value) -> Option<VisitorEvent> {
    let mut whole = serde_json::Map::new();
    whole.insert("type".into(), Value::String(kind));
    if !d.is_null() {
        whole.insert("d".into(), d);
    }
    serde_json::from_value(Value::Object(whole)).ok()
}
