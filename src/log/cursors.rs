//! Cursors: how far a visitor has seen their conversation, and how far an agent has read it; and notes of what webhooks were
//! told. Stored state: no event made it, nothing derives it, and rebuilding does not touch it. Cursors only ever move forward.

use rusqlite::{Connection, OptionalExtension, params};

use super::place::code;
use super::{Log, Reader, StoreError, keys};
use crate::conversation::{AgentId, ConversationId, SiteId, State, VisitorId};

/// A step forward of one reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CursorMove {
    /// The visitor has seen everything up to this version.
    Seen(ConversationId, u64),
    /// The agent has read so many of the visitor's messages.
    Read(AgentId, ConversationId, u64),
}

impl Log {
    /// Moves cursors forward, in one transaction that is flushed with the next group; gives those that did move.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be written; no cursor was moved then.
    pub fn move_cursors(&mut self, moves: &[CursorMove]) -> Result<Vec<CursorMove>, StoreError> {
        self.usable()?;
        self.unflushed(|conn| {
            let mut moved = Vec::new();
            for step in moves {
                if forward(conn, step)? {
                    moved.push(*step);
                }
            }
            Ok(moved)
        })
        .inspect(|moved| self.wal.wrote(moved.len(), 1))
    }
}

impl Log {
    /// Keeps a note under a name, or forgets it; on disk with the next group's flush.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be written.
    pub fn keep_rung(&mut self, name: &str, doc: Option<&str>) -> Result<(), StoreError> {
        self.usable()?;
        self.unflushed(|conn| {
            match doc {
                Some(doc) => conn
                    .prepare_cached("INSERT OR REPLACE INTO rung (name, doc) VALUES (?1, ?2)")?
                    .execute([name, doc])?,
                None => conn.prepare_cached("DELETE FROM rung WHERE name = ?1")?.execute([name])?,
            };
            Ok(())
        })
    }
}

fn forward(conn: &Connection, step: &CursorMove) -> Result<bool, StoreError> {
    let changed = match step {
        CursorMove::Seen(conversation, version) => conn
            .prepare_cached(
                "INSERT INTO seen (stream, version) SELECT key, ?2 FROM streams WHERE id = ?1
                 ON CONFLICT (stream) DO UPDATE SET version = excluded.version WHERE excluded.version > version",
            )?
            .execute(params![conversation.0.as_bytes(), *version as i64])?,
        CursorMove::Read(agent, conversation, messages) => conn
            .prepare_cached(
                "INSERT INTO reads (agent, stream, messages)
                 SELECT a.key, s.key, ?3 FROM agents a, streams s WHERE a.id = ?1 AND s.id = ?2
                 ON CONFLICT (stream, agent) DO UPDATE SET messages = excluded.messages
                 WHERE excluded.messages > messages",
            )?
            .execute(params![agent.0.as_bytes(), conversation.0.as_bytes(), *messages as i64])?,
    };
    Ok(changed > 0)
}

impl Reader {
    /// Version up to which the visitor has seen the conversation.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn seen(&self, conversation: ConversationId) -> Result<Option<u64>, StoreError> {
        let found = self
            .conn
            .prepare_cached(
                "SELECT version FROM seen WHERE stream = (SELECT key FROM streams WHERE id = ?1)",
            )?
            .query_row([conversation.0.as_bytes()], |row| row.get::<_, i64>(0))
            .optional()?;
        Ok(found.map(|version| version as u64))
    }

    /// An agent's read cursors in conversations of these sites that are not resolved: of the most lately changed, at most
    /// `limit`.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn reads(
        &self,
        agent: AgentId,
        sites: Option<&[SiteId]>,
        limit: usize,
    ) -> Result<Vec<(ConversationId, u64)>, StoreError> {
        let sites = sites.map(|_| self.site_keys(sites)).transpose()?;
        // The agent's cursors grow with what they ever read; open conversations do not: begin with those.
        let mut statement = self.conn.prepare_cached(
            "SELECT s.id, r.messages, c.site FROM conversations c
             JOIN reads r ON r.stream = c.key AND r.agent = (SELECT key FROM agents WHERE id = ?1)
             JOIN streams s ON s.key = c.key
             WHERE c.state < ?2 AND c.site IN (SELECT key FROM sites) ORDER BY c.changed DESC",
        )?;
        let mut rows = statement.query(params![agent.0.as_bytes(), code(State::Resolved)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()?
            && found.len() < limit
        {
            if sites.as_ref().is_none_or(|sites| row.get(2).is_ok_and(|site: i64| sites.contains(&site))) {
                found.push((ConversationId(keys::uuid(row, 0)?), row.get::<_, i64>(1)? as u64));
            }
        }
        Ok(found)
    }

    /// What is queued or active on these sites, with its visitor: the queue first, longest wait first, at most `limit` a
    /// site.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn attended(
        &self,
        sites: Option<&[SiteId]>,
        limit: usize,
    ) -> Result<Vec<(ConversationId, VisitorId)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT s.id, p.id FROM conversations c JOIN streams s ON s.key = c.key
             JOIN principals p ON p.key = c.visitor
             WHERE c.site = ?1 AND c.state <= ?2 ORDER BY c.state, c.rank LIMIT ?3",
        )?;
        let mut found = Vec::new();
        for site in self.site_keys(sites)? {
            let mut rows = statement.query(params![site, code(State::Active), limit as i64])?;
            while let Some(row) = rows.next()? {
                found.push((ConversationId(keys::uuid(row, 0)?), VisitorId(keys::uuid(row, 1)?)));
            }
        }
        Ok(found)
    }

    /// The notes whose names begin so.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn rung(&self, prefix: &str) -> Result<Vec<(String, String)>, StoreError> {
        let mut statement =
            self.conn.prepare_cached("SELECT name, doc FROM rung WHERE instr(name, ?1) = 1 ORDER BY name")?;
        let found = statement.query_map([prefix], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}
