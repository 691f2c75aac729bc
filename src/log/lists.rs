//! Rows: what the queue, the tabs and a console that comes back are made of.
//!
//! Every page is a few seeks in an index over conversations; nothing here looks at messages, and nothing counts, skips
//! or groups more than the queue itself. Lists over several sites read each site's index and merge.

use rusqlite::{CachedStatement, OptionalExtension, params};

use super::keys;
use super::place::code;
use super::{ListPage, Principal, Reader, StoreError};
use crate::conversation::{AgentId, Conversation, ConversationId, Row, SiteId, State, Tab, VisitorId};

/// A row's place in an order: what it is sorted by, and its key to tell equals apart.
type Spot = (i64, i64);

impl Reader {
    /// All rows not resolved, of these sites (none: all).
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn open_rows(&self, sites: Option<&[SiteId]>) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT doc FROM conversations WHERE site = ?1 AND state < ?2 ORDER BY state, rank, key",
        )?;
        let mut found = Vec::new();
        for site in self.site_keys(sites)? {
            let mut rows = statement.query([site, code(State::Resolved)])?;
            while let Some(row) = rows.next()? {
                found.extend(Row::of(&decode(row, 0)?));
            }
        }
        Ok(found)
    }

    /// Rows whose last change is after `seq`, in order of that change, with its seq (resolved ones included).
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn rows_changed_after(
        &self,
        seq: u64,
        sites: Option<&[SiteId]>,
        limit: usize,
    ) -> Result<Vec<(u64, Row)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT changed, key FROM conversations WHERE site = ?1 AND changed > ?2 ORDER BY changed LIMIT ?3",
        )?;
        let mut spots: Vec<Spot> = Vec::new();
        for site in self.site_keys(sites)? {
            spots_of(&mut statement, params![site, seq as i64, limit as i64], &mut spots)?;
        }
        spots.sort_unstable();
        spots.truncate(limit);
        let mut found = Vec::with_capacity(spots.len());
        for (changed, key) in spots {
            found.extend(self.row(key)?.map(|row| (changed as u64, row)));
        }
        Ok(found)
    }

    /// A page of a tab, in the tab's order: queue by wait; mine by who waits longest, then those nobody waits in;
    /// assistant by the minute of the last message, newest first; snoozed by waking time; resolved newest first; all by
    /// last change, newest first.
    ///
    /// `cursor` is a page's `next`; `me` is whose Mine it is (none: nobody's, so it is empty).
    ///
    /// # Errors
    /// [`StoreError::Failed`] for a cursor that no page gave, and when the store cannot be read.
    pub fn list(
        &self,
        tab: Tab,
        me: Option<AgentId>,
        sites: Option<&[SiteId]>,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<ListPage, StoreError> {
        let after = match cursor {
            None => (i64::MIN, i64::MIN),
            Some(text) => parse_cursor(text).ok_or_else(|| StoreError::failed("no page gave this cursor"))?,
        };
        let limit = limit.clamp(1, 1000);
        let sites = self.site_keys(sites)?;
        let mut spots = match tab {
            Tab::Queue => self.in_state(State::Queued, &sites, after, limit + 1)?,
            Tab::Assistant => self.in_state(State::Assistant, &sites, after, limit + 1)?,
            Tab::Snoozed => self.in_state(State::Snoozed, &sites, after, limit + 1)?,
            Tab::Resolved => self.in_state(State::Resolved, &sites, after, limit + 1)?,
            Tab::Mine => self.held_by(me, &sites, after, limit + 1)?,
            Tab::All => self.by_change(&sites, after, limit + 1)?,
        };
        spots.sort_unstable();
        let more = spots.len() > limit;
        spots.truncate(limit);
        let next = spots.last().filter(|_| more).map(|(order, key)| format!("{order}.{key}"));
        let mut rows = Vec::with_capacity(spots.len());
        for (_, key) in spots {
            rows.extend(self.row(key)?);
        }
        Ok(ListPage { rows, next })
    }

    /// The visitor's latest conversation on a site.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn current_of(
        &self,
        site: &SiteId,
        visitor: VisitorId,
    ) -> Result<Option<ConversationId>, StoreError> {
        let site = keys::site(&self.conn, site)?;
        let visitor = keys::principal(&self.conn, Principal::Visitor(visitor))?;
        match site.zip(visitor) {
            Some((site, visitor)) => Ok(super::batch::latest_of(&self.conn, site, visitor)?),
            None => Ok(None),
        }
    }

    /// Other conversations of this visitor on this site, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn of_visitor(
        &self,
        site: &SiteId,
        visitor: VisitorId,
        except: ConversationId,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let site = keys::site(&self.conn, site)?;
        let visitor = keys::principal(&self.conn, Principal::Visitor(visitor))?;
        let Some((site, visitor)) = site.zip(visitor) else { return Ok(Vec::new()) };
        let mut statement = self.conn.prepare_cached(
            "SELECT doc FROM conversations WHERE visitor = ?1 AND site = ?2 ORDER BY key DESC LIMIT ?3",
        )?;
        let mut rows = statement.query(params![visitor, site, limit as i64 + 1])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let conversation = decode(row, 0)?;
            if conversation.id != except && found.len() < limit {
                found.extend(Row::of(&conversation));
            }
        }
        Ok(found)
    }

    /// Place in its site's queue, from 1; none if it is not queued. Costs a step for each one before it.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn queue_position(&self, id: ConversationId) -> Result<Option<u64>, StoreError> {
        let Some(key) = self.stream(id)? else { return Ok(None) };
        let queued = code(State::Queued);
        let place = self
            .conn
            .prepare_cached("SELECT site, rank FROM conversations WHERE key = ?1 AND state = ?2")?
            .query_row([key, queued], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
            .optional()?;
        let Some((site, rank)) = place else { return Ok(None) };
        let place: i64 = self
            .conn
            .prepare_cached(
                "SELECT count(*) FROM conversations WHERE site = ?1 AND state = ?2 AND (rank, key) <= (?3, ?4)",
            )?
            .query_row([site, queued, rank, key], |row| row.get(0))?;
        Ok(Some(place as u64))
    }

    /// The keys of these sites, or of all. Sites nothing ever happened on have none.
    pub(super) fn site_keys(&self, sites: Option<&[SiteId]>) -> Result<Vec<i64>, StoreError> {
        let Some(sites) = sites else {
            let mut statement = self.conn.prepare_cached("SELECT key FROM sites")?;
            let keys = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            return Ok(keys);
        };
        let mut found = Vec::with_capacity(sites.len());
        for site in sites {
            found.extend(keys::site(&self.conn, site)?);
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// The line of a conversation by its key.
    pub(super) fn row(&self, key: i64) -> Result<Option<Row>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT doc FROM conversations WHERE key = ?1")?;
        let mut rows = statement.query([key])?;
        match rows.next()? {
            Some(row) => Ok(Row::of(&decode(row, 0)?)),
            None => Ok(None),
        }
    }

    fn in_state(
        &self,
        state: State,
        sites: &[i64],
        after: Spot,
        limit: usize,
    ) -> Result<Vec<Spot>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT rank, key FROM conversations WHERE site = ?1 AND state = ?2 AND (rank, key) > (?3, ?4)
             ORDER BY rank, key LIMIT ?5",
        )?;
        let mut spots = Vec::new();
        for site in sites {
            let wanted = params![site, code(state), after.0, after.1, limit as i64];
            spots_of(&mut statement, wanted, &mut spots)?;
        }
        Ok(spots)
    }

    fn held_by(
        &self,
        me: Option<AgentId>,
        sites: &[i64],
        after: Spot,
        limit: usize,
    ) -> Result<Vec<Spot>, StoreError> {
        let Some(me) = me else { return Ok(Vec::new()) };
        let Some(agent) = keys::principal(&self.conn, Principal::Agent(me))? else { return Ok(Vec::new()) };
        let mut statement = self.conn.prepare_cached(
            "SELECT rank, key, site FROM conversations WHERE agent = ?1 AND (rank, key) > (?2, ?3)
             ORDER BY rank, key",
        )?;
        let mut rows = statement.query(params![agent, after.0, after.1])?;
        let mut spots = Vec::new();
        while let Some(row) = rows.next()?
            && spots.len() < limit
        {
            if sites.contains(&row.get(2)?) {
                spots.push((row.get(0)?, row.get(1)?));
            }
        }
        Ok(spots)
    }

    pub(super) fn by_change(
        &self,
        sites: &[i64],
        after: Spot,
        limit: usize,
    ) -> Result<Vec<Spot>, StoreError> {
        // Newest first: the order is the negative of the position, which no two conversations share.
        let mut statement = self.conn.prepare_cached(
            "SELECT -changed, key FROM conversations WHERE site = ?1 AND changed < ?2
             ORDER BY changed DESC LIMIT ?3",
        )?;
        let before = after.0.checked_neg().unwrap_or(i64::MAX);
        let mut spots = Vec::new();
        for site in sites {
            spots_of(&mut statement, params![site, before, limit as i64], &mut spots)?;
        }
        Ok(spots)
    }
}

fn spots_of(
    statement: &mut CachedStatement<'_>,
    params: &[&dyn rusqlite::ToSql],
    into: &mut Vec<Spot>,
) -> Result<(), StoreError> {
    let mut rows = statement.query(params)?;
    while let Some(row) = rows.next()? {
        into.push((row.get(0)?, row.get(1)?));
    }
    Ok(())
}

/// The state in a JSON column.
pub(super) fn decode(row: &rusqlite::Row<'_>, column: usize) -> Result<Conversation, StoreError> {
    let doc = row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?;
    Ok(serde_json::from_str(doc)?)
}

fn parse_cursor(text: &str) -> Option<Spot> {
    let (order, key) = text.split_once('.')?;
    Some((order.parse().ok()?, key.parse().ok()?))
}
