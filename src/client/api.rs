//! What a console holds of the client: options in, events out, a handle to ask with.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::task::{self, Ask};
use super::{Address, state_dir};
use crate::conversation::{Cid, ConversationId, Event, Row, Time};
use crate::protocol::{AgentAuthOk, AgentEph, AgentOp, WireError};

/// Events the console may be behind by before the client stops reading from the socket (and the server notices).
const EVENTS: usize = 1024;

/// How to connect as an agent.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// Where the server is: `https://host` or `http://host:port`.
    pub url: String,
    /// The agent's token.
    pub token: String,
    /// Program and version, e.g. `console/0.1.0`. Only a `console/…` leases presence.
    pub client: String,
    /// A random name of this running program, 1–64 of `A-Z a-z 0-9 - _`: on the wire it replaces its own older socket,
    /// on disk it names the folder of its drafts and outbox.
    pub instance: String,
    /// Baton's state folder (see [`super::default_state_dir`]); below it `<server>/<agent>/<instance>/` is this
    /// console's, where `<agent>` is made from the token. None: nothing is kept on disk.
    pub state_dir: Option<PathBuf>,
}

/// Which of the two things that can be typed into a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftKind {
    /// To the visitor.
    Reply,
    /// For agents only.
    Note,
}

/// How the link stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// No socket.
    Down {
        /// Milliseconds until the next attempt.
        retry_in_ms: u64,
        /// Why, for a person. May quote the server: clean it before drawing.
        why: String,
    },
    /// A socket is being opened.
    Connecting,
    /// Signed in; what was missed is still arriving.
    Syncing,
    /// Complete, and everything new arrives as it happens.
    Live,
}

/// What the client reports. Text in it is raw, as the server sent it.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientEvent {
    /// The link changed.
    Link(Link),
    /// Signed in (again). In mode `snapshot`: forget the rows you had, pages follow.
    Welcome(Box<AgentAuthOk>),
    /// A page of all open conversations.
    Snapshot {
        /// The position it was read at.
        as_of: u64,
        /// The lines.
        rows: Vec<Row>,
        /// Whether more pages follow.
        more: bool,
    },
    /// The latest line of a conversation.
    Row {
        /// Position.
        seq: u64,
        /// Which conversation.
        conversation: ConversationId,
        /// Its version.
        version: u64,
        /// The line; none: no longer visible.
        row: Option<Box<Row>>,
    },
    /// An event of a watched conversation.
    Event {
        /// Position.
        seq: u64,
        /// When.
        at: Time,
        /// Which conversation.
        conversation: ConversationId,
        /// Its version with this event.
        version: u64,
        /// The event; none: of a type this version does not know (the version counts all the same).
        event: Option<Box<Event>>,
    },
    /// Something passing.
    Eph(AgentEph),
    /// The answer to a request, a durable send, or a watch. A watch's answer comes again, with the same tag, after each
    /// reconnect: it replaces what was there. A request the link died under is answered `link.down`.
    Response {
        /// As given with the request.
        tag: u64,
        /// The result (`d` of the frame), or why not.
        result: Result<serde_json::Value, WireError>,
    },
    /// A durable send is on disk: the composer may clear.
    Stored {
        /// As given with it.
        tag: u64,
    },
    /// What waits in the outbox.
    OutboxState {
        /// Entries not answered yet.
        waiting: usize,
        /// Age of the oldest in milliseconds; 0 where none waits.
        oldest_ms: u64,
    },
    /// A durable send with words in it was refused (or withdrawn) and is a draft again, on disk already: in front of what
    /// stands in that draft, with a line break between.
    Returned {
        /// Where.
        conversation: ConversationId,
        /// A reply or a note.
        kind: DraftKind,
        /// The words that came back.
        text: String,
        /// Why.
        why: WireError,
    },
    /// Older than ten minutes and not sent: answer with [`Handle::confirm`] or [`Handle::withdraw`].
    AskFirst {
        /// Its client id.
        cid: Cid,
        /// Where.
        conversation: ConversationId,
        /// Its words; for what has none, the operation's name in brackets.
        text: String,
        /// How old it is, milliseconds.
        age_ms: u64,
    },
    /// The drafts found on disk, at the start; and, once, those an older token of this agent had, joined with what stood
    /// here already.
    Drafts(Vec<(ConversationId, DraftKind, String)>),
    /// The client has stopped and will not try again: tell the person.
    Fatal(String),
}

/// A running client. Dropping it stops the client as [`Handle::close`] does, without waiting.
#[derive(Debug)]
pub struct Handle {
    asks: mpsc::UnboundedSender<Ask>,
    up: Arc<AtomicBool>,
    closing: watch::Sender<bool>,
    task: JoinHandle<()>,
    edit_folder: Option<PathBuf>,
}

/// Starts a client. Call inside a tokio runtime; events arrive in order on the receiver, first [`ClientEvent::Drafts`].
pub fn connect(options: ConnectOptions) -> (Handle, mpsc::Receiver<ClientEvent>) {
    let (asks, asked) = mpsc::unbounded_channel();
    let (events, received) = mpsc::channel(EVENTS);
    let (closing, closed) = watch::channel(false);
    let up = Arc::new(AtomicBool::new(false));
    let edit_folder = options
        .state_dir
        .as_deref()
        .zip(Address::parse(&options.url).ok())
        .map(|(state, server)| state_dir::edit_folder(state, &server, &options.token, &options.instance));
    let task = tokio::spawn(task::run(options, asked, events, closed, Arc::clone(&up)));
    (Handle { asks, up, closing, task, edit_folder }, received)
}

impl Handle {
    /// Asks something that means nothing later: a read, typing, an accept. False, and nothing sent, while the link is
    /// down; after true, exactly one [`ClientEvent::Response`] with this tag comes.
    pub fn request(&self, tag: u64, op: AgentOp) -> bool {
        self.up.load(Ordering::Acquire) && self.asks.send(Ask::Request { tag, op }).is_ok()
    }

    /// Sends something that must not get lost; `op` carries a client id. It is written and flushed to disk first
    /// ([`ClientEvent::Stored`]), then sent, in order within its conversation, until it is answered
    /// ([`ClientEvent::Response`]), also across restarts. If it cannot be written, the response says so, nothing is
    /// sent, and no `Stored` comes: keep the words in the composer.
    pub fn send_durable(&self, tag: u64, op: AgentOp) {
        let _ = self.asks.send(Ask::Durable { tag, op: Box::new(op) });
    }

    /// Keeps a draft; empty text forgets it. On disk within a quarter of a second.
    pub fn save_draft(&self, conversation: ConversationId, kind: DraftKind, text: String) {
        let _ = self.asks.send(Ask::Draft { conversation, kind, text });
    }

    /// Opens a conversation and keeps it open over reconnects; each time a [`ClientEvent::Response`] with this tag and a
    /// `WatchOk` comes. While the link is down it is remembered.
    pub fn watch(&self, tag: u64, conversation: ConversationId) {
        let _ = self.asks.send(Ask::Watch { tag, conversation });
    }

    /// Closes it.
    pub fn unwatch(&self, conversation: ConversationId) {
        let _ = self.asks.send(Ask::Unwatch { conversation });
    }

    /// Sends an old outbox entry after all (see [`ClientEvent::AskFirst`]).
    pub fn confirm(&self, cid: Cid) {
        let _ = self.asks.send(Ask::Confirm { cid });
    }

    /// Takes an outbox entry back, if it is not under way: its words become a draft again.
    pub fn withdraw(&self, cid: Cid) {
        let _ = self.asks.send(Ask::Withdraw { cid });
    }

    /// The folder in this console's own where a draft lies while it is open in an editor, as a file called
    /// [`super::edit_name`]: if the console dies meanwhile, the next one finds it there as a draft. Private, and not made
    /// yet. None where nothing is kept on disk.
    pub fn edit_folder(&self) -> Option<PathBuf> {
        self.edit_folder.clone()
    }

    /// Whether the link is up now.
    pub fn is_up(&self) -> bool {
        self.up.load(Ordering::Acquire)
    }

    /// Flushes drafts and outbox, gives what is under way a second, says goodbye (presence ends at once) and stops.
    pub async fn close(self) {
        let _ = self.asks.send(Ask::Close);
        self.closing.send_replace(true);
        let _ = self.task.await;
    }
}
