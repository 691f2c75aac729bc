//! Erasing in place: bodies are replaced, `seq`, `version` and type stay, and the conversation gets one more event that
//! says so.
//!
//! Invariant: a conversation is erased whole or not at all, and what the log says it did equals the fold of what is left.
//! Words live on in free pages, in the full-text index's segments and in the WAL until [`Log::scrub`] has run; `scrub_due`
//! in `meta` remembers that across a crash. Refused here: choosing what to erase.

use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, params};

use super::audit::{self, Actor, Deed, Entry, Target};
use super::error::StoreError;
use super::keys::Keys;
use super::place::Place;
use super::schema::SCRUB_DUE;
use super::{Log, Principal, batch, history, keys};
use crate::conversation::{Conversation, ConversationId, ERASED, Erasure, Event, State, Time};

/// How long readers of the old pages are waited for, so that the WAL can be emptied.
const READERS: Duration = Duration::from_secs(10);

/// A conversation that was erased, and the event that says so.
#[derive(Debug, Clone)]
pub struct ErasedConversation {
    /// Which.
    pub conversation: ConversationId,
    /// Events whose body was replaced.
    pub replaced: u64,
    /// Everything up to this version is erased: what a list of erased conversations needs to erase an older copy.
    pub through: u64,
    /// The version of the event that says so.
    pub version: u64,
    /// The event's position.
    pub seq: u64,
    /// The event.
    pub event: Event,
    /// The event as stored.
    pub body: String,
    /// The state after it.
    pub state: Conversation,
}

impl Log {
    /// Erases what stands in these conversations up to a version (none: up to now), all in one transaction with its audit
    /// entries, flushed when it returns. Conversations that do not exist, or hold nothing to erase, are left out of the answer.
    /// `by`: who asked; none: a rule.
    ///
    /// # Errors
    /// As [`super::Batch::commit`]; nothing was erased then.
    pub fn erase(
        &mut self,
        wanted: &[(ConversationId, Option<u64>)],
        what: Erasure,
        at: Time,
        by: Option<&Actor>,
    ) -> Result<Vec<ErasedConversation>, StoreError> {
        self.usable()?;
        self.run("BEGIN IMMEDIATE")?;
        let mut keys = Keys::new();
        let (mut head, indexed) = (self.head, self.text_cursor);
        let done = (|| {
            let mut done = Vec::new();
            for (id, through) in wanted {
                if let Some(one) = erase_one(&self.conn, &mut keys, *id, *through, what, at, head, indexed)? {
                    head = one.seq;
                    done.push(one);
                }
            }
            if !done.is_empty() {
                audit_of(&self.conn, &done, what, at, by)?;
                let due = "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, 1)";
                self.conn.execute(due, [SCRUB_DUE])?;
            }
            Ok(done)
        })();
        let done = done.and_then(|done| self.run("COMMIT").map(|()| done));
        match done {
            Ok(done) => {
                self.head = head;
                for one in &done {
                    self.states.remove(&one.conversation);
                }
                self.wal.wrote(done.iter().map(|d| d.replaced as usize + 1).sum(), done.len());
                Ok(done)
            }
            Err(e) => {
                self.roll_back();
                if matches!(e, StoreError::Full) {
                    self.wal.make_room();
                }
                Err(e)
            }
        }
    }

    /// Whether erased words may still stand in the files.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn scrub_due(&self) -> Result<bool, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT value FROM meta WHERE name = ?1")?
            .query_row([SCRUB_DUE], |row| row.get::<_, i64>(0))
            .optional()?
            .is_some_and(|due| due != 0))
    }

    /// Removes what was erased from the files: the full-text index is merged into one segment, the database is written
    /// anew without free pages, and the WAL is emptied. Takes about as long as copying the store, and needs as much free
    /// space; other writes wait meanwhile. Readers that began before are waited for, up to ten seconds.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like: it is still due. [`StoreError::Failed`] also where a reader did not leave.
    pub fn scrub(&mut self) -> Result<(), StoreError> {
        self.usable()?;
        let done = self.conn.execute_batch("INSERT INTO texts (texts) VALUES ('optimize'); VACUUM");
        self.checked(done)?;
        let deadline = Instant::now() + READERS;
        loop {
            let left = self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
            if self.checked(left)? == 0 {
                break;
            }
            if Instant::now() > deadline {
                return Err(StoreError::failed("somebody is still reading what stood there before"));
            }
        }
        let done = self.conn.execute("DELETE FROM meta WHERE name = ?1", [SCRUB_DUE]);
        self.checked(done).map(|_| ())
    }
}

/// Whatever must be replaced in one conversation. None: nothing.
#[allow(clippy::too_many_arguments, reason = "one transaction's whole context, used in one place")]
fn erase_one(
    conn: &Connection,
    keys: &mut Keys,
    id: ConversationId,
    through: Option<u64>,
    what: Erasure,
    at: Time,
    head: u64,
    indexed: u64,
) -> Result<Option<ErasedConversation>, StoreError> {
    let found = conn
        .prepare_cached(
            "SELECT c.key, c.doc FROM streams s JOIN conversations c ON c.key = s.key WHERE s.id = ?1",
        )?
        .query_row([id.0.as_bytes()], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))
        .optional()?;
    let Some((key, doc)) = found else { return Ok(None) };
    let before: Conversation = serde_json::from_str(&doc)?;
    let through = through.unwrap_or(before.version).min(before.version);
    let mut state = Conversation::empty(id);
    let mut replaced = 0;
    {
        let mut read = conn
            .prepare_cached("SELECT seq, version, at, body FROM events WHERE stream = ?1 ORDER BY version")?;
        let mut write = conn.prepare_cached(
            "UPDATE events SET body = ?2, cid_hash = CASE WHEN ?3 AND cid_hash IS NOT NULL THEN zeroblob(16) \
             ELSE cid_hash END WHERE seq = ?1",
        )?;
        let mut unindex = conn.prepare_cached("DELETE FROM texts WHERE rowid = ?1")?;
        let mut rows = read.query([key])?;
        let mut changes = Vec::new();
        while let Some(row) = rows.next()? {
            let (seq, version, said) =
                (row.get::<_, i64>(0)?, row.get::<_, i64>(1)? as u64, Time(row.get(2)?));
            let event = history::event(row, 3)?;
            let left = if version <= through { event.erased(what) } else { event.clone() };
            state.apply(&left, said);
            if left != event {
                changes.push((seq, event, left));
            }
        }
        for (seq, event, left) in changes {
            write.execute(params![seq, serde_json::to_string(&left)?, what == Erasure::Everything])?;
            let was_indexed = what == Erasure::Everything && super::text_index::text_of(&event).is_some();
            if was_indexed && seq as u64 <= indexed {
                unindex.execute([seq])?;
            }
            replaced += 1;
        }
    }
    note(conn, key, what, through)?;
    if replaced == 0 {
        return Ok(None);
    }
    if what == Erasure::Everything {
        // What webhooks were told of it; the name ends with the conversation's id.
        conn.execute("DELETE FROM rung WHERE name LIKE '%' || ?1", [id.to_string()])?;
        // No mail is to leave about it, and what mail servers said of its address goes.
        conn.execute("DELETE FROM mails WHERE stream = ?1", [key])?;
        if let Some(visitor) = &state.visitor {
            // Whoever was blocked stays so; what an agent wrote of them goes.
            conn.execute(
                "UPDATE blocks SET reason = ?2 WHERE visitor = ?1",
                params![visitor.id.0.as_bytes(), ERASED],
            )?;
        }
    }
    let event = Event::Erased { what };
    state.apply(&event, at);
    let body = serde_json::to_string(&event)?;
    let (seq, version) = (head + 1, before.version + 1);
    let principal = keys.principal_or_new(conn, Principal::System)?;
    conn.prepare_cached(
        "INSERT INTO events (seq, stream, version, at, principal, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![seq as i64, key, version as i64, at.0, principal, body])?;
    let doc = serde_json::to_string(&state)?;
    batch::write_row(conn, keys, key, Some(Place::of(&before)), &state, seq, &doc)?;
    Ok(Some(ErasedConversation { conversation: id, replaced, through, version, seq, event, body, state }))
}

/// A request's entry for each conversation; one for all a rule did.
fn audit_of(
    conn: &Connection,
    done: &[ErasedConversation],
    what: Erasure,
    at: Time,
    by: Option<&Actor>,
) -> Result<(), StoreError> {
    let Some(by) = by else {
        let after = serde_json::json!({ "what": what, "conversations": done.len() });
        let entry = Entry::new(Actor::Server, Deed::RetentionRan, Target::Store);
        return audit::append(conn, at, &entry.with(serde_json::Value::Null, after)).map(|_| ());
    };
    for one in done {
        let target = Target::Conversation { id: one.conversation, site: one.state.site.clone() };
        let after = serde_json::json!({ "what": what, "through": one.through });
        let entry = Entry::new(by.clone(), Deed::Erased, target).with(serde_json::Value::Null, after);
        audit::append(conn, at, &entry)?;
    }
    Ok(())
}

/// Remembers up to which version what was erased, so that rules look at a conversation once.
fn note(conn: &Connection, key: i64, what: Erasure, through: u64) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO erased (stream, what, through) VALUES (?1, ?2, ?3)
         ON CONFLICT (stream, what) DO UPDATE SET through = max(through, excluded.through)",
    )?
    .execute(params![key, code(what), through as i64])?;
    Ok(())
}

/// An [`Erasure`] as a number in the store.
pub(super) fn code(what: Erasure) -> i64 {
    match what {
        Erasure::Everything => 0,
        Erasure::Files => 1,
        Erasure::Trail => 2,
    }
}

impl super::Reader {
    /// The conversations of a visitor, oldest first, on every site.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn conversations_of(
        &self,
        visitor: crate::conversation::VisitorId,
    ) -> Result<Vec<ConversationId>, StoreError> {
        let Some(key) = keys::principal(&self.conn, Principal::Visitor(visitor))? else {
            return Ok(Vec::new());
        };
        let mut statement = self.conn.prepare_cached(
            "SELECT s.id FROM conversations c JOIN streams s ON s.key = c.key WHERE c.visitor = ?1 ORDER BY c.key",
        )?;
        let ids = statement.query_map([key], |row| keys::uuid(row, 0).map(ConversationId))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// Visitors whose last known e-mail address is this one, whatever its case, on every site.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn visitors_by_email(&self, email: &str) -> Result<Vec<crate::conversation::VisitorId>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT DISTINCT p.id FROM conversations c JOIN principals p ON p.key = c.visitor
             WHERE folded(json_extract(c.doc, '$.visitor.email')) = ?1 ORDER BY p.id",
        )?;
        let ids = statement.query_map([super::search::folded(email)], |row| {
            keys::uuid(row, 0).map(crate::conversation::VisitorId)
        })?;
        Ok(ids.collect::<Result<_, _>>()?)
    }
}

impl Log {
    /// Conversations resolved after `after` (none: ever) and before `before` of which not all of `what` is erased yet,
    /// the oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn resolved_between(
        &self,
        what: Erasure,
        after: Option<Time>,
        before: Time,
        limit: usize,
    ) -> Result<Vec<ConversationId>, StoreError> {
        resolved_between(&self.conn, what, after, before, limit)
    }
}

impl super::Reader {
    /// As [`Log::resolved_between`].
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn resolved_between(
        &self,
        what: Erasure,
        after: Option<Time>,
        before: Time,
        limit: usize,
    ) -> Result<Vec<ConversationId>, StoreError> {
        resolved_between(&self.conn, what, after, before, limit)
    }
}

/// The rank of a resolved conversation is its time, negated. What is erased whole has neither files nor a trail left.
fn resolved_between(
    conn: &Connection,
    what: Erasure,
    after: Option<Time>,
    before: Time,
    limit: usize,
) -> Result<Vec<ConversationId>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT s.id FROM conversations c JOIN streams s ON s.key = c.key
         WHERE c.site IN (SELECT key FROM sites) AND c.state = ?1 AND c.rank > ?2 AND c.rank <= ?3
         AND NOT EXISTS (SELECT 1 FROM erased e WHERE e.stream = c.key AND e.what IN (0, ?4)
                         AND e.through >= json_extract(c.doc, '$.version') - 1)
         ORDER BY c.rank DESC LIMIT ?5",
    )?;
    let newest = after.map_or(i64::MAX, |t| t.0.saturating_neg());
    let values = params![super::place::code(State::Resolved), -before.0, newest, code(what), limit as i64];
    let ids = statement.query_map(values, |row| keys::uuid(row, 0).map(ConversationId))?;
    Ok(ids.collect::<Result<_, _>>()?)
}
