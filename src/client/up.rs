//! An agent's link while it is up: what is asked and unanswered, what is still being synced, what is to be acknowledged.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::acks::Acks;
use super::cursor::Cursor;
use super::socket::{Broken, Socket};
use crate::conversation::{Cid, ConversationId};
use crate::protocol::{AgentAuth, AgentAuthOk, AgentOp, SyncMode};

/// A request without an answer for so long is given up, and an outbox entry makes the client reconnect.
pub(super) const ANSWER: Duration = Duration::from_secs(30);
/// A link that held so long is good: backing off starts anew after it.
pub(super) const GOOD: Duration = Duration::from_secs(5);

/// What an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pending {
    /// A request.
    Request { tag: u64 },
    /// An outbox entry.
    Durable { cid: Cid },
    /// A watch.
    Watch { tag: u64, conversation: ConversationId },
    /// Nobody waits for it.
    Quiet,
}

/// What is still missing before the link is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syncing {
    /// Pages of the snapshot.
    Pages,
    /// So many frames of the replay.
    Frames(u64),
    /// Nothing: live.
    Done,
}

/// An open, signed-in socket.
#[derive(Debug)]
pub(super) struct Up {
    pub(super) socket: Socket,
    pub(super) syncing: Syncing,
    pub(super) since: Instant,
    /// When to leave for the next server, after a goaway.
    pub(super) leave_at: Option<Instant>,
    pending: HashMap<String, (Pending, Instant)>,
    next_id: u64,
    acks: Acks,
}

/// Dials and signs in.
pub(super) async fn open(url: String, auth: AgentAuth) -> Result<(Up, AgentAuthOk), Broken> {
    let mut socket = Socket::dial(&url).await?;
    let answer = socket.sign_in(&AgentOp::Auth(auth)).await?;
    let welcome: AgentAuthOk = serde_json::from_value(answer).map_err(|e| {
        Broken::stop(format!("the server's answer to the sign-in is not of this protocol: {e}"))
    })?;
    let syncing = match (welcome.mode, welcome.replayed) {
        (SyncMode::Snapshot, _) => Syncing::Pages,
        (SyncMode::Resumed, 0) => Syncing::Done,
        (SyncMode::Resumed, n) => Syncing::Frames(n),
    };
    let up = Up {
        socket,
        syncing,
        since: Instant::now(),
        leave_at: None,
        pending: HashMap::new(),
        next_id: 0,
        acks: Acks::default(),
    };
    Ok((up, welcome))
}

impl Up {
    /// Sends a request and remembers what its answer is for.
    pub(super) fn ask(&mut self, op: &AgentOp, what: Pending) -> Result<(), Broken> {
        self.next_id += 1;
        let id = format!("r{}", self.next_id);
        self.socket.request(&id, op)?;
        self.pending.insert(id, (what, Instant::now()));
        Ok(())
    }

    /// What this answer is for; none: nothing we asked.
    pub(super) fn answered(&mut self, id: &str) -> Option<Pending> {
        self.pending.remove(id).map(|(what, _)| what)
    }

    /// Everything unanswered, in the order it was asked, when the link is lost.
    pub(super) fn unanswered(&mut self) -> Vec<Pending> {
        let mut all: Vec<_> = self.pending.drain().map(|(_, (what, at))| (at, what)).collect();
        all.sort_by_key(|(at, _)| *at);
        all.into_iter().map(|(_, what)| what).collect()
    }

    /// Takes out what has waited too long for an answer.
    pub(super) fn overdue(&mut self, now: Instant) -> Vec<Pending> {
        self.pending.extract_if(|_, (_, at)| *at + ANSWER <= now).map(|(_, (what, _))| what).collect()
    }

    /// A frame with a position was taken (or dropped as old): acknowledges where it is time.
    pub(super) fn count(&mut self, cursor: &Cursor, now: Instant) -> Result<(), Broken> {
        if let Syncing::Frames(left) = self.syncing {
            self.syncing = if left <= 1 { Syncing::Done } else { Syncing::Frames(left - 1) };
        }
        if self.acks.count(now) { self.socket.ack(cursor.last()) } else { Ok(()) }
    }

    /// Acknowledges if it is time.
    pub(super) fn ack_if_due(&mut self, cursor: &Cursor, now: Instant) -> Result<(), Broken> {
        if self.acks.due(now) { self.socket.ack(cursor.last()) } else { Ok(()) }
    }

    /// When something of this link is due next.
    pub(super) fn next_at(&self) -> Option<Instant> {
        let answer = self.pending.values().map(|(_, at)| *at + ANSWER).min();
        [self.acks.at(), self.leave_at, answer].into_iter().flatten().min()
    }
}
