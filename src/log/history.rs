//! One conversation: its state, its entries backwards by page, its events forwards from a position.

use rusqlite::{OptionalExtension, params};

use super::keys::{self, VISITOR};
use super::lists::decode;
use super::{Reader, StoreError, StoredEvent};
use crate::conversation::{Conversation, ConversationId, Entry, EntryKind, Event, Time};

impl Reader {
    /// A conversation's state; none if it does not exist.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
        let Some(key) = self.stream(id)? else { return Ok(None) };
        let mut statement = self.conn.prepare_cached("SELECT doc FROM conversations WHERE key = ?1")?;
        let mut rows = statement.query([key])?;
        match rows.next()? {
            Some(row) => decode(row, 0).map(Some),
            None => Ok(None),
        }
    }

    /// Conversations whose id starts with these hexadecimal digits, hyphens ignored (at most 2 are returned: one is
    /// the answer, two are an ambiguity). None for anything else than digits, and for no digit.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn by_prefix(&self, hex: &str) -> Result<Vec<ConversationId>, StoreError> {
        let Some((low, high)) = prefix_range(hex) else { return Ok(Vec::new()) };
        let mut statement = self
            .conn
            .prepare_cached("SELECT id FROM streams WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT 2")?;
        let ids = statement.query_map([low, high], |row| keys::uuid(row, 0).map(ConversationId))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// The last `limit` entries before `before` (a version; none: the end), oldest first, and whether there are older
    /// ones. Costs the same wherever in a conversation of any length.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn entries(
        &self,
        id: ConversationId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<Entry>, bool), StoreError> {
        let Some(stream) = self.stream(id)? else { return Ok((Vec::new(), false)) };
        let before = before.and_then(|v| i64::try_from(v).ok()).unwrap_or(i64::MAX);
        let mut statement = self.conn.prepare_cached(
            "SELECT seq, version, at, body FROM events WHERE stream = ?1 AND version < ?2 ORDER BY version DESC",
        )?;
        let mut rows = statement.query(params![stream, before])?;
        let mut entries = Vec::new();
        let mut older = false;
        while let Some(row) = rows.next()? {
            let Some(kind) = EntryKind::of(&event(row, 3)?) else { continue };
            if entries.len() == limit {
                older = true;
                break;
            }
            let (seq, version) = (row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64);
            entries.push(Entry { seq, version, at: Time(row.get(2)?), kind });
        }
        entries.reverse();
        Ok((entries, older))
    }

    /// Events of a conversation after a position, in order.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn events_of(
        &self,
        id: ConversationId,
        after_seq: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let Some(stream) = self.stream(id)? else { return Ok(Vec::new()) };
        let after_version = self.version_at(stream, after_seq)?;
        let mut statement = self.conn.prepare_cached(
            "SELECT e.seq, e.version, e.at, e.body, e.cid, p.kind
             FROM events e LEFT JOIN principals p ON p.key = e.principal AND e.cid IS NOT NULL
             WHERE e.stream = ?1 AND e.version > ?2 ORDER BY e.version LIMIT ?3",
        )?;
        let mut rows = statement.query(params![stream, after_version, limit as i64])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let by_visitor = row.get::<_, Option<i64>>(5)? == Some(VISITOR);
            let cid = row.get::<_, Option<[u8; 16]>>(4)?.filter(|_| by_visitor);
            found.push(StoredEvent {
                seq: row.get::<_, i64>(0)? as u64,
                conversation: id,
                version: row.get::<_, i64>(1)? as u64,
                at: Time(row.get(2)?),
                event: event(row, 3)?,
                body: row.get(3)?,
                visitor_cid: cid.map(keys::cid),
            });
        }
        Ok(found)
    }

    /// The version a conversation had at a position. Found by halving: versions and positions grow together, so this
    /// needs no index of its own.
    fn version_at(&self, stream: i64, seq: u64) -> Result<i64, StoreError> {
        let last: Option<i64> = self
            .conn
            .prepare_cached("SELECT max(version) FROM events WHERE stream = ?1")?
            .query_row([stream], |row| row.get(0))?;
        let mut statement =
            self.conn.prepare_cached("SELECT seq FROM events WHERE stream = ?1 AND version = ?2")?;
        // Invariant: the event of version `low` is at or before `seq`, the one of `high` after it.
        let (mut low, mut high) = (0, last.unwrap_or(0) + 1);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            let at: Option<i64> = statement.query_row([stream, middle], |row| row.get(0)).optional()?;
            if at.is_some_and(|at| at as u64 <= seq) { low = middle } else { high = middle }
        }
        Ok(low)
    }

    /// The key of a conversation, if it exists.
    pub(super) fn stream(&self, id: ConversationId) -> Result<Option<i64>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT key FROM streams WHERE id = ?1")?
            .query_row([id.0.as_bytes()], |row| row.get(0))
            .optional()?)
    }
}

/// The event in a JSON column.
pub(super) fn event(row: &rusqlite::Row<'_>, column: usize) -> Result<Event, StoreError> {
    let body = row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?;
    Ok(serde_json::from_str(body)?)
}

/// The smallest and the largest id that begin with these digits.
fn prefix_range(hex: &str) -> Option<([u8; 16], [u8; 16])> {
    let digits: Vec<u32> =
        hex.chars().filter(|c| *c != '-').map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    if digits.is_empty() || digits.len() > 32 {
        return None;
    }
    let padded = |with: u32| -> [u8; 16] {
        let digit = |i: usize| digits.get(i).copied().unwrap_or(with) as u8;
        std::array::from_fn(|i| digit(2 * i) << 4 | digit(2 * i + 1))
    };
    Some((padded(0), padded(15)))
}
