//! The outbox of mail: what is to leave, what is on its way, what left and what was given up. Stored state: no event made it,
//! and rebuilding does not touch it.
//!
//! Invariant: a reply is in one mail at most. The cursor, up to which the log was looked through for replies, moves in one
//! transaction with the rows made from it, so a crash neither loses a reply nor puts it in twice. Once a mail was tried, what
//! it carries and its `Message-ID` stay as they are.

use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};

use super::keys;
use super::{Log, StoreError};
use crate::conversation::{Conversation, ConversationId, SiteId, Time};
use crate::protocol::{MailInfo, MailState};

/// Keys in `meta`: up to where the log was looked through, and of which log.
pub(super) const CURSOR: &str = "mail_cursor";
const CURSOR_LOG: &str = "mail_log";

/// Replies that join a mail postpone it by so many delays at most.
const JOINED: i64 = 5;

/// An agent's reply in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// Position in the log.
    pub seq: u64,
    /// Which conversation.
    pub conversation: ConversationId,
    /// Position in it.
    pub version: u64,
    /// When.
    pub at: Time,
}

/// A reply that is to go by mail, unless the visitor sees it before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailItem {
    /// Which conversation.
    pub conversation: ConversationId,
    /// The reply's version.
    pub version: u64,
    /// When it was written.
    pub at: Time,
    /// Whether it answers a ticket: such a mail does not wait for the visitor to leave.
    pub ticket: bool,
    /// How long it waits for more, milliseconds.
    pub delay_ms: i64,
}

/// A mail in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Its number.
    pub id: u64,
    /// Which conversation.
    pub conversation: ConversationId,
    /// Version of the first reply it carries.
    pub first: u64,
    /// Version of the last.
    pub last: u64,
    /// How far it is.
    pub state: MailState,
    /// Whether it answers a ticket.
    pub ticket: bool,
    /// When its first reply was written.
    pub made: Time,
    /// When it is tried next.
    pub due: Time,
    /// Attempts so far.
    pub attempts: u32,
    /// Its `Message-ID`, once it was tried.
    pub message_id: Option<String>,
    /// Since when it is in its state.
    pub changed: Time,
    /// Why the last attempt failed.
    pub reason: Option<String>,
}

/// A change of the outbox.
#[derive(Debug, Clone, PartialEq)]
pub enum MailStep {
    /// Mail is switched off: the log is not looked through any more, and from its end on when it is switched on again.
    Off,
    /// Mail is switched on. Where it was off, the log is looked through from its end; what was being sent when the server
    /// died waits again; in a restored store, what waits there is given up for an agent to decide, since it may have left.
    On {
        /// Now.
        now: Time,
    },
    /// The log was looked through up to a position.
    Took {
        /// That position.
        cursor: u64,
        /// What is to go.
        items: Vec<MailItem>,
    },
    /// It is about to be handed over: on disk before the first byte goes.
    Claim {
        /// Which.
        id: u64,
        /// The first reply it carries, those before were seen meanwhile.
        first: u64,
        /// What it is called, if it was not tried before.
        message_id: String,
        /// Now.
        now: Time,
    },
    /// The mail server took it.
    Sent {
        /// Which.
        id: u64,
        /// Now.
        now: Time,
    },
    /// It is tried again.
    Again {
        /// Which.
        id: u64,
        /// When.
        due: Time,
        /// Why it has to be.
        reason: String,
        /// Now.
        now: Time,
    },
    /// It is given up.
    Failed {
        /// Which.
        id: u64,
        /// Why.
        reason: String,
        /// Now.
        now: Time,
    },
    /// An agent asks for another attempt, at once.
    Retry {
        /// Which.
        id: u64,
        /// Now.
        now: Time,
    },
    /// It is not to leave: seen before, or an agent says so.
    Drop {
        /// Which.
        id: u64,
    },
}

pub(super) const COLUMNS: &str = "m.key, s.id, m.first, m.last, m.state, m.ticket, m.made, m.due, m.attempts, m.message_id, m.changed, m.reason
                       FROM mails m JOIN streams s ON s.key = m.stream";

impl Log {
    /// Changes the outbox; flushed when it returns, but for [`MailStep::Took`], which a crash makes happen again. Gives the
    /// mails it changed, as they are now; none: there was nothing to change, as where a mail left before it could be dropped.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be written; nothing was changed then.
    pub fn mail(&mut self, step: &MailStep) -> Result<Vec<Mail>, StoreError> {
        self.usable()?;
        let (id, head) = (self.id().to_owned(), self.head());
        if let MailStep::Took { cursor, items } = step {
            return self
                .unflushed(|conn| took(conn, &id, *cursor, items))
                .inspect(|mails| self.wal.wrote(mails.len() + 1, 1));
        }
        self.run("BEGIN IMMEDIATE")?;
        let done = change(&self.conn, step, &id, head).and_then(|mails| {
            self.run("COMMIT")?;
            Ok(mails)
        });
        if done.is_err() {
            self.roll_back();
        }
        done
    }
}

fn took(conn: &Connection, log: &str, cursor: u64, items: &[MailItem]) -> Result<Vec<Mail>, StoreError> {
    let mut changed = Vec::new();
    for item in items {
        let stream: Option<i64> = conn
            .prepare_cached("SELECT key FROM streams WHERE id = ?1")?
            .query_row([item.conversation.0.as_bytes()], |row| row.get(0))
            .optional()?;
        let Some(stream) = stream else { continue };
        let version = item.version as i64;
        let there = conn
            .prepare_cached("SELECT 1 FROM mails WHERE stream = ?1 AND first <= ?2 AND last >= ?2")?
            .exists(params![stream, version])?;
        if there {
            continue;
        }
        let (due, most) = (item.at.plus_ms(item.delay_ms), item.delay_ms.saturating_mul(JOINED));
        // One that was tried may have arrived: it carries what it carries.
        let joined: Option<i64> = conn
            .prepare_cached(
                "UPDATE mails SET last = ?2, due = max(due, min(?3, made + ?4)), ticket = max(ticket, ?5)
                 WHERE stream = ?1 AND state = ?6 AND attempts = 0 AND last < ?2 RETURNING key",
            )?
            .query_row(params![stream, version, due.0, most, item.ticket, code(MailState::Waiting)], |row| {
                row.get(0)
            })
            .optional()?;
        let key = match joined {
            Some(key) => key,
            None => {
                conn.prepare_cached(
                    "INSERT INTO mails (stream, first, last, state, ticket, made, due, changed)
                     VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?5)",
                )?
                .execute(params![
                    stream,
                    version,
                    code(MailState::Waiting),
                    item.ticket,
                    item.at.0,
                    due.0
                ])?;
                conn.last_insert_rowid()
            }
        };
        changed.extend(one(conn, key)?);
    }
    keep(conn, CURSOR, &(cursor as i64))?;
    keep(conn, CURSOR_LOG, &log)?;
    Ok(changed)
}

fn keep(conn: &Connection, name: &str, value: &dyn rusqlite::ToSql) -> Result<(), StoreError> {
    conn.prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)")?
        .execute(params![name, value])?;
    Ok(())
}

fn change(conn: &Connection, step: &MailStep, log: &str, head: u64) -> Result<Vec<Mail>, StoreError> {
    let (waiting, sending) = (code(MailState::Waiting), code(MailState::Sending));
    let (sent, failed) = (code(MailState::Sent), code(MailState::Failed));
    let key = |id: &u64| *id as i64;
    let changed = match step {
        MailStep::Took { cursor, items } => return took(conn, log, *cursor, items),
        MailStep::Off => {
            conn.execute("DELETE FROM meta WHERE name IN (?1, ?2)", [CURSOR, CURSOR_LOG])?;
            None
        }
        MailStep::On { now } => {
            on(conn, log, head, *now)?;
            None
        }
        MailStep::Claim { id, first, message_id, now } => conn
            .prepare_cached(
                "UPDATE mails SET state = ?2, attempts = attempts + 1, changed = ?3,
                 first = iif(attempts = 0, ?4, first), message_id = coalesce(message_id, ?5)
                 WHERE key = ?1 AND state = ?6 RETURNING key",
            )?
            .query_row(params![key(id), sending, now.0, *first as i64, message_id, waiting], the_key)
            .optional()?,
        MailStep::Sent { id, now } => conn
            .prepare_cached(
                "UPDATE mails SET state = ?2, changed = ?3, reason = NULL WHERE key = ?1 AND state = ?4 RETURNING key",
            )?
            .query_row(params![key(id), sent, now.0, sending], the_key)
            .optional()?,
        MailStep::Again { id, due, reason, now } => conn
            .prepare_cached(
                "UPDATE mails SET state = ?2, changed = ?3, due = ?4, reason = ?5 WHERE key = ?1 AND state = ?6 RETURNING key",
            )?
            .query_row(params![key(id), waiting, now.0, due.0, reason, sending], the_key)
            .optional()?,
        MailStep::Failed { id, reason, now } => conn
            .prepare_cached(
                "UPDATE mails SET state = ?2, changed = ?3, reason = ?4 WHERE key = ?1 AND state IN (?5, ?6) RETURNING key",
            )?
            .query_row(params![key(id), failed, now.0, reason, sending, waiting], the_key)
            .optional()?,
        // Its days to be tried in begin anew.
        MailStep::Retry { id, now } => conn
            .prepare_cached(
                "UPDATE mails SET state = ?2, changed = ?3, due = ?3, made = iif(state = ?4, ?3, made)
                 WHERE key = ?1 AND state IN (?4, ?2) RETURNING key",
            )?
            .query_row(params![key(id), waiting, now.0, failed], the_key)
            .optional()?,
        MailStep::Drop { id } => {
            let before = one(conn, key(id))?;
            let gone = conn
                .prepare_cached("DELETE FROM mails WHERE key = ?1 AND state IN (?2, ?3)")?
                .execute(params![key(id), waiting, failed])?;
            return Ok(before.into_iter().filter(|_| gone == 1).collect());
        }
    };
    match changed {
        Some(key) => Ok(one(conn, key)?.into_iter().collect()),
        None => Ok(Vec::new()),
    }
}

fn the_key(row: &SqlRow<'_>) -> rusqlite::Result<i64> {
    row.get(0)
}

fn on(conn: &Connection, log: &str, head: u64, now: Time) -> Result<(), StoreError> {
    let of: Option<String> = value(conn, CURSOR_LOG)?;
    let (waiting, sending) = (code(MailState::Waiting), code(MailState::Sending));
    if of.as_deref().is_some_and(|of| of != log) {
        let words = "this store was restored from a backup: the mail may have left before. Send it again if it did not";
        conn.execute(
            "UPDATE mails SET state = ?1, changed = ?2, reason = ?3 WHERE state IN (?4, ?5)",
            params![code(MailState::Failed), now.0, words, waiting, sending],
        )?;
    } else {
        conn.execute(
            "UPDATE mails SET state = ?1, due = ?2, changed = ?2,
             reason = 'the server stopped while it was being sent' WHERE state = ?3",
            params![waiting, now.0, sending],
        )?;
    }
    if of.as_deref() != Some(log) {
        keep(conn, CURSOR, &(head as i64))?;
        keep(conn, CURSOR_LOG, &log)?;
    }
    Ok(())
}

pub(super) fn value<T: rusqlite::types::FromSql>(
    conn: &Connection,
    name: &str,
) -> Result<Option<T>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

pub(super) fn one(conn: &Connection, key: i64) -> Result<Option<Mail>, StoreError> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} WHERE m.key = ?1"))?;
    let mut rows = statement.query([key])?;
    rows.next()?.map(mail).transpose()
}

pub(super) fn mail(row: &SqlRow<'_>) -> Result<Mail, StoreError> {
    let number = |column| row.get::<_, i64>(column).map(|n| n as u64);
    Ok(Mail {
        id: number(0)?,
        conversation: ConversationId(keys::uuid(row, 1)?),
        first: number(2)?,
        last: number(3)?,
        state: state(row.get(4)?)?,
        ticket: row.get(5)?,
        made: Time(row.get(6)?),
        due: Time(row.get(7)?),
        attempts: row.get(8)?,
        message_id: row.get(9)?,
        changed: Time(row.get(10)?),
        reason: row.get(11)?,
    })
}

pub(super) fn code(state: MailState) -> i64 {
    match state {
        MailState::Waiting => 0,
        MailState::Sending => 1,
        MailState::Sent => 2,
        MailState::Failed => 3,
    }
}

fn state(stored: i64) -> Result<MailState, StoreError> {
    let found = MailState::ALL.into_iter().find(|state| code(*state) == stored);
    found.ok_or_else(|| StoreError::failed(format!("a mail has the state {stored}, which is none")))
}

impl Mail {
    /// As agents see it, with what the conversation knows of the visitor.
    pub fn info(&self, of: &Conversation) -> Option<MailInfo> {
        let site: SiteId = of.site.clone()?;
        let visitor = of.visitor.as_ref();
        Some(MailInfo {
            id: self.id,
            conversation: self.conversation,
            site,
            first: self.first,
            last: self.last,
            state: self.state,
            at: self.changed,
            attempts: self.attempts,
            next: Some(self.due).filter(|_| self.state == MailState::Waiting),
            reason: self.reason.clone(),
            name: visitor.and_then(|v| v.name.clone()),
            to: visitor.and_then(|v| v.email.clone()),
            gone: false,
        })
    }
}
