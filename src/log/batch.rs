//! [`Batch`]: a group of commands in one write transaction, with one flush at its end.
//!
//! States are kept in memory until the commit and written once a conversation, however many events it got. Versions are
//! compared in memory before anything is inserted, so a conflict costs nothing and harms no other command of the group.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::error::{StoreError, constraint};
use super::place::Place;
use super::writer::{Known, Log};
use super::{Append, Appended, Principal, Remembered};
use super::{audit, keys};
use crate::conversation::{AgentId, Cid, Conversation, ConversationId, SiteId, Time, VisitorId};

/// One open write transaction: many commands, one flush. Dropped without commit: rolled back.
#[derive(Debug)]
pub struct Batch<'a> {
    log: &'a mut Log,
    /// Position of the last event in this transaction.
    last: u64,
    touched: HashMap<ConversationId, Touched>,
    /// New latest conversations, by keys of site and visitor.
    latest: HashMap<(i64, i64), ConversationId>,
    /// Why the transaction can no longer be committed.
    broken: Option<StoreError>,
    done: bool,
}

/// A conversation this transaction appends to.
#[derive(Debug)]
struct Touched {
    key: i64,
    /// Where its row stands; none: it has none yet.
    before: Option<Place>,
    state: Conversation,
    changed: u64,
}

impl<'a> Batch<'a> {
    pub(super) fn new(log: &'a mut Log) -> Self {
        let last = log.head;
        Self { log, last, touched: HashMap::new(), latest: HashMap::new(), broken: None, done: false }
    }

    /// What this client id did the first time, if it was used before, this transaction included. The caller compares
    /// the hash: other content under a known id is an error.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn remembered(&mut self, principal: Principal, cid: Cid) -> Result<Option<Remembered>, StoreError> {
        self.usable()?;
        let found = (|| {
            let Some(principal) = self.log.keys.principal(&self.log.conn, principal)? else {
                return Ok(None);
            };
            remembered(&self.log.conn, principal, cid)
        })();
        let Some((content_hash, id, version, seq, body)) = self.checked(found)? else { return Ok(None) };
        Ok(Some(Remembered {
            content_hash,
            conversation: id,
            version,
            seq,
            event: serde_json::from_str(&body)?,
        }))
    }

    /// A conversation as it stands in this transaction; none if it does not exist.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn conversation(&mut self, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
        self.usable()?;
        if let Some(touched) = self.touched.get(&id) {
            return Ok(Some(touched.state.clone()));
        }
        Ok(self.committed(id)?.map(|known| known.state.clone()))
    }

    /// How many conversations count as work of this agent now ([`Conversation::counts_for`]), this transaction included.
    /// `held`: those they held before it began.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn load_of(&mut self, agent: AgentId, held: &[ConversationId], now: Time) -> Result<u32, StoreError> {
        self.usable()?;
        let touched = self.touched.values().filter(|t| t.state.counts_for(agent, now)).count();
        let mut active = u32::try_from(touched).unwrap_or(u32::MAX);
        for id in held {
            if !self.touched.contains_key(id)
                && self.committed(*id)?.is_some_and(|known| known.state.counts_for(agent, now))
            {
                active = active.saturating_add(1);
            }
        }
        Ok(active)
    }

    /// The visitor's latest conversation on a site, this transaction included.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn current_of(
        &mut self,
        site: &SiteId,
        visitor: VisitorId,
    ) -> Result<Option<ConversationId>, StoreError> {
        self.usable()?;
        let keys = (|| {
            let site = self.log.keys.site(&self.log.conn, site)?;
            let visitor = self.log.keys.principal(&self.log.conn, Principal::Visitor(visitor))?;
            Ok(site.zip(visitor))
        })();
        let Some(keys) = self.checked(keys)? else { return Ok(None) };
        if let Some(id) = self.latest.get(&keys).or_else(|| self.log.latest.get(&keys)) {
            return Ok(Some(*id));
        }
        let found = latest_of(&self.log.conn, keys.0, keys.1);
        let found = self.checked(found)?;
        if let Some(id) = found {
            self.log.latest.insert(keys, id);
        }
        Ok(found)
    }

    /// Appends one command's events: durable once the transaction is committed, and not before.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the conversation is not at `expected`; [`StoreError::Failed`] for a client id used
    /// before (ask [`Batch::remembered`] first) or an append that contradicts itself. In these cases the other commands
    /// of the transaction are unharmed. After any other error the whole transaction is void and `commit` says so.
    pub fn append(&mut self, append: Append<'_>) -> Result<Appended, StoreError> {
        self.usable()?;
        let known = match self.touched.get(&append.conversation) {
            Some(touched) => Some((touched.key, touched.state.version)),
            None => self.committed(append.conversation)?.map(|known| (known.key, known.state.version)),
        };
        let found = known.map_or(0, |(_, version)| version);
        if found != append.expected {
            return Err(StoreError::Conflict { expected: append.expected, found });
        }
        check(&append)?;
        #[cfg(debug_assertions)]
        self.check_fold(&append)?;

        let bodies =
            append.events.iter().map(serde_json::to_string).collect::<Result<Vec<_>, serde_json::Error>>()?;
        let first = self.last + 1;
        let inserted = self.insert(&append, known.map(|(key, _)| key), first, &bodies);
        let (key, new) = match inserted {
            Ok(key) => key,
            Err(e) if constraint(&e) => return Err(self.undo(&append, known.is_none(), first)),
            Err(e) => return Err(self.checked::<()>(Err(e)).expect_err("an error stays one")),
        };
        self.last += append.events.len() as u64;
        if let Some(keys) = new {
            self.latest.insert(keys, append.conversation);
        }
        self.touch(append.conversation, key, append.after);
        Ok(Appended { first_seq: first, last_seq: self.last, bodies })
    }

    /// Flushes to disk. Until this returns Ok nothing happened.
    ///
    /// # Errors
    /// [`StoreError::Full`]: nothing happened; try again when there is room. [`StoreError::Failed`]: nothing may be
    /// acknowledged, and after an I/O error the writer takes no more work.
    pub fn commit(mut self) -> Result<(), StoreError> {
        self.usable()?;
        let written = self.write_states();
        self.checked(written?)?;
        let committed = self.log.run("COMMIT");
        committed.inspect_err(|e| self.broken = Some(e.clone()))?;
        self.done = true;
        self.log.wal.wrote((self.last - self.log.head) as usize, self.touched.len());
        self.log.head = self.last;
        self.log.keys.settle();
        for (id, touched) in self.touched.drain() {
            self.log.states.insert(id, Known { key: touched.key, state: touched.state });
        }
        for (keys, id) in self.latest.drain() {
            self.log.latest.insert(keys, id);
        }
        Ok(())
    }

    fn usable(&self) -> Result<(), StoreError> {
        match &self.broken {
            Some(e) => Err(e.clone()),
            None => self.log.usable(),
        }
    }

    /// Types an error; after it the transaction is void, since SQLite may have undone more than one statement.
    fn checked<T>(&mut self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        self.log.checked(result).inspect_err(|e| self.broken = Some(e.clone()))
    }

    /// A conversation as committed, from memory or from the store.
    fn committed(&mut self, id: ConversationId) -> Result<Option<&Known>, StoreError> {
        if self.log.states.get(&id).is_none() {
            let row = stored(&self.log.conn, id);
            let Some((key, doc)) = self.checked(row)? else { return Ok(None) };
            let known = Known { key, state: serde_json::from_str(&doc)? };
            self.log.states.insert(id, known);
        }
        Ok(self.log.states.get(&id))
    }

    /// Inserts the events. Returns the stream's key and, where it is new, its keys of site and visitor.
    fn insert(
        &mut self,
        append: &Append<'_>,
        key: Option<i64>,
        first: u64,
        bodies: &[String],
    ) -> rusqlite::Result<(i64, Option<(i64, i64)>)> {
        let (conn, keys) = (&self.log.conn, &mut self.log.keys);
        let principal = keys.principal_or_new(conn, append.principal)?;
        let (key, new) = match (key, &append.after.site, &append.after.visitor) {
            (None, Some(site), Some(visitor)) => {
                let site = keys.site_or_new(conn, site)?;
                let visitor = keys.principal_or_new(conn, Principal::Visitor(visitor.id))?;
                conn.prepare_cached("INSERT INTO streams (id) VALUES (?1)")?
                    .execute([append.conversation.0.as_bytes()])?;
                (conn.last_insert_rowid(), Some((site, visitor)))
            }
            (key, ..) => (key.unwrap_or_default(), None),
        };
        let mut statement = conn.prepare_cached(
            "INSERT INTO events (seq, stream, version, at, principal, cid, cid_hash, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        for (i, body) in bodies.iter().enumerate() {
            let cid = append.cid.as_ref().filter(|(_, _, at)| *at == i);
            statement.execute(params![
                first as i64 + i as i64,
                key,
                append.expected as i64 + 1 + i as i64,
                append.at.0,
                principal,
                cid.map(|(cid, ..)| cid.0.as_bytes()),
                cid.map(|(_, hash, _)| hash),
                body,
            ])?;
        }
        drop(statement);
        let site = append.after.site.as_ref();
        let deeds = append.events.iter().filter_map(|e| audit::of_event(e, append.conversation, site));
        for deed in deeds {
            audit::insert(conn, append.at, &deed)?;
        }
        Ok((key, new))
    }

    /// Takes back what an append inserted before one of its statements was refused.
    fn undo(&mut self, append: &Append<'_>, new: bool, first: u64) -> StoreError {
        let undone = (|| {
            self.log.conn.execute("DELETE FROM events WHERE seq >= ?1", [first as i64])?;
            if new {
                let id = append.conversation.0.as_bytes();
                self.log.conn.execute("DELETE FROM streams WHERE id = ?1", [id])?;
            }
            Ok(())
        })();
        match self.checked(undone) {
            Ok(()) => StoreError::failed("this client id was used before; ask what it did instead"),
            Err(e) => e,
        }
    }

    fn touch(&mut self, id: ConversationId, key: i64, after: &Conversation) {
        let changed = self.last;
        if let Some(touched) = self.touched.get_mut(&id) {
            touched.state.clone_from(after);
            touched.changed = changed;
            return;
        }
        let before = self.log.states.get(&id).map(|known| Place::of(&known.state));
        self.touched.insert(id, Touched { key, before, state: after.clone(), changed });
    }

    /// Writes the row of every conversation touched, in the order of their keys.
    fn write_states(&mut self) -> Result<rusqlite::Result<()>, StoreError> {
        let mut touched: Vec<&Touched> = self.touched.values().collect();
        touched.sort_unstable_by_key(|t| t.key);
        let mut doc = Vec::with_capacity(2048);
        for t in touched {
            doc.clear();
            serde_json::to_writer(&mut doc, &t.state)?;
            let text = std::str::from_utf8(&doc).expect("JSON is UTF-8");
            let (conn, keys) = (&self.log.conn, &mut self.log.keys);
            if let Err(e) = write_row(conn, keys, t.key, t.before, &t.state, t.changed, text) {
                return Ok(Err(e));
            }
        }
        Ok(Ok(()))
    }

    /// The caller's state must be the fold of the caller's events: else rebuilding would not give the same rows.
    #[cfg(debug_assertions)]
    fn check_fold(&mut self, append: &Append<'_>) -> Result<(), StoreError> {
        let before = self.conversation(append.conversation)?;
        let mut folded = before.unwrap_or_else(|| Conversation::empty(append.conversation));
        append.events.iter().for_each(|event| folded.apply(event, append.at));
        if &folded == append.after {
            return Ok(());
        }
        Err(StoreError::failed("the state after the events is not their fold"))
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.log.roll_back();
            self.log.keys.forget();
            if matches!(self.broken, Some(StoreError::Full)) {
                self.log.wal.make_room();
            }
        }
    }
}

/// Refuses an append that contradicts itself.
fn check(append: &Append<'_>) -> Result<(), StoreError> {
    let count = append.events.len();
    let after = append.after;
    let ok = count > 0
        && after.id == append.conversation
        && after.version == append.expected + count as u64
        && after.site.is_some()
        && after.visitor.is_some()
        && append.cid.as_ref().is_none_or(|(_, _, at)| *at < count);
    if ok { Ok(()) } else { Err(StoreError::failed("an append that contradicts itself")) }
}

/// Writes a conversation's row: made, moved in the lists, or in place.
pub(super) fn write_row(
    conn: &Connection,
    keys: &mut keys::Keys,
    key: i64,
    before: Option<Place>,
    state: &Conversation,
    changed: u64,
    doc: &str,
) -> rusqlite::Result<()> {
    let place = Place::of(state);
    let changed = changed as i64;
    if before == Some(place) {
        conn.prepare_cached("UPDATE conversations SET changed = ?2, doc = ?3 WHERE key = ?1")?
            .execute(params![key, changed, doc])?;
        return Ok(());
    }
    let agent = match place.agent {
        Some(agent) => Some(keys.principal_or_new(conn, Principal::Agent(agent))?),
        None => None,
    };
    if before.is_some() {
        conn.prepare_cached(
            "UPDATE conversations SET state = ?2, rank = ?3, agent = ?4, unfinished = ?5, changed = ?6, doc = ?7
             WHERE key = ?1",
        )?
        .execute(params![key, place.state, place.rank, agent, place.unfinished, changed, doc])?;
        return Ok(());
    }
    let (Some(site), Some(visitor)) = (&state.site, &state.visitor) else { return Ok(()) };
    let site = keys.site_or_new(conn, site)?;
    let visitor = keys.principal_or_new(conn, Principal::Visitor(visitor.id))?;
    conn.prepare_cached(
        "INSERT INTO conversations (key, site, visitor, state, rank, agent, unfinished, changed, doc)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        key,
        site,
        visitor,
        place.state,
        place.rank,
        agent,
        place.unfinished,
        changed,
        doc
    ])?;
    Ok(())
}

type Memory = ([u8; 16], ConversationId, u64, u64, String);

fn remembered(conn: &Connection, principal: i64, cid: Cid) -> rusqlite::Result<Option<Memory>> {
    conn.prepare_cached(
        "SELECT e.cid_hash, s.id, e.version, e.seq, e.body FROM events e JOIN streams s ON s.key = e.stream
         WHERE e.principal = ?1 AND e.cid = ?2 AND e.cid IS NOT NULL",
    )?
    .query_row(params![principal, cid.0.as_bytes()], |row| {
        let id = ConversationId(keys::uuid(row, 1)?);
        let (version, seq) = (row.get::<_, i64>(2)? as u64, row.get::<_, i64>(3)? as u64);
        Ok((row.get(0)?, id, version, seq, row.get(4)?))
    })
    .optional()
}

fn stored(conn: &Connection, id: ConversationId) -> rusqlite::Result<Option<(i64, String)>> {
    conn.prepare_cached(
        "SELECT c.key, c.doc FROM streams s JOIN conversations c ON c.key = s.key WHERE s.id = ?1",
    )?
    .query_row([id.0.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
    .optional()
}

/// The latest conversation, by keys of site and visitor. Keys of streams grow, so the largest is the latest.
pub(super) fn latest_of(
    conn: &Connection,
    site: i64,
    visitor: i64,
) -> rusqlite::Result<Option<ConversationId>> {
    conn.prepare_cached(
        "SELECT s.id FROM conversations c JOIN streams s ON s.key = c.key
         WHERE c.visitor = ?1 AND c.site = ?2 ORDER BY c.key DESC LIMIT 1",
    )?
    .query_row([visitor, site], |row| keys::uuid(row, 0).map(ConversationId))
    .optional()
}
