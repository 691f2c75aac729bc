//! What is read of the outbox of mail (see [`super::mails`]), and of the log for it.

use rusqlite::params;

use super::mails::{COLUMNS, CURSOR, code, mail, one, value};
use super::{Mail, Reader, Reply, StoreError, history, keys};
use crate::conversation::{Author, ConversationId, Event, SiteId, Time};
use crate::protocol::{MailInfo, MailState};

impl Reader {
    /// Up to where the log was looked through for replies; none: mail is off.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn mail_cursor(&self) -> Result<Option<u64>, StoreError> {
        Ok(value::<i64>(&self.conn, CURSOR)?.map(|seq| seq as u64))
    }

    /// Agents' replies after a position up to another, in order.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn replies(&self, after: u64, upto: u64) -> Result<Vec<Reply>, StoreError> {
        // The text's own quotes are escaped in JSON, so nobody can write this mark in a message.
        let mut statement = self.conn.prepare_cached(
            "SELECT e.seq, s.id, e.version, e.at, e.body FROM events e JOIN streams s ON s.key = e.stream
             WHERE e.seq > ?1 AND e.seq <= ?2 AND instr(e.body, '\"message.posted\"') > 0
             AND instr(e.body, '\"kind\":\"agent\"') > 0 ORDER BY e.seq",
        )?;
        let mut rows = statement.query(params![after as i64, upto as i64])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let Event::MessagePosted(message) = history::event(row, 4)? else { continue };
            if matches!(message.author, Author::Agent(_)) {
                found.push(Reply {
                    seq: row.get::<_, i64>(0)? as u64,
                    conversation: ConversationId(keys::uuid(row, 1)?),
                    version: row.get::<_, i64>(2)? as u64,
                    at: Time(row.get(3)?),
                });
            }
        }
        Ok(found)
    }

    /// Mails that wait and are due, the longest due first; and when the next one is.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn mails_due(&self, now: Time, limit: usize) -> Result<(Vec<Mail>, Option<Time>), StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT {COLUMNS} WHERE m.state = ?1 AND m.due <= ?2 ORDER BY m.due, m.key LIMIT ?3"
        ))?;
        let mut rows = statement.query(params![code(MailState::Waiting), now.0, limit as i64])?;
        let mut due = Vec::new();
        while let Some(row) = rows.next()? {
            due.push(mail(row)?);
        }
        let next = self
            .conn
            .prepare_cached("SELECT min(due) FROM mails WHERE state = ?1 AND due > ?2")?
            .query_row(params![code(MailState::Waiting), now.0], |row| row.get::<_, Option<i64>>(0))?;
        Ok((due, next.map(Time)))
    }

    /// One mail.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn mail_by_id(&self, id: u64) -> Result<Option<Mail>, StoreError> {
        one(&self.conn, id as i64)
    }

    /// The mails of a conversation, the latest `limit`, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn mails_of(&self, conversation: ConversationId, limit: usize) -> Result<Vec<Mail>, StoreError> {
        let Some(stream) = self.stream(conversation)? else { return Ok(Vec::new()) };
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT {COLUMNS} WHERE m.stream = ?1 ORDER BY m.first DESC LIMIT ?2"
        ))?;
        let mut rows = statement.query(params![stream, limit as i64])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(mail(row)?);
        }
        found.reverse();
        Ok(found)
    }

    /// Mails of these sites in a state (none: any), the latest changed first, as agents see them.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn mails(
        &self,
        sites: Option<&[SiteId]>,
        state: Option<MailState>,
        limit: usize,
    ) -> Result<Vec<MailInfo>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT {COLUMNS} WHERE (?1 IS NULL OR m.state = ?1) ORDER BY m.changed DESC, m.key DESC"
        ))?;
        let mut rows = statement.query(params![state.map(code)])?;
        let mut found = Vec::new();
        while found.len() < limit
            && let Some(row) = rows.next()?
        {
            let mail = mail(row)?;
            let Some(of) = self.conversation(mail.conversation)? else { continue };
            let info = mail.info(&of);
            found.extend(info.filter(|info| sites.is_none_or(|sites| sites.contains(&info.site))));
        }
        Ok(found)
    }

    /// How many mails left since a time.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn mails_sent_since(&self, since: Time) -> Result<u64, StoreError> {
        let mut statement =
            self.conn.prepare_cached("SELECT count(*) FROM mails WHERE state = ?1 AND changed > ?2")?;
        let n: i64 = statement.query_row(params![code(MailState::Sent), since.0], |row| row.get(0))?;
        Ok(n as u64)
    }
}
