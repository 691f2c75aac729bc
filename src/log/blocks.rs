//! Which visitors and addresses may not write, why and until when. Stored state: nothing derives it, and rebuilding does not
//! touch it.
//!
//! Invariant: a block and its audit entry are one flushed transaction. Blocks that have ended are no longer given, and leave
//! the table when the next one is made. Refused here: deciding who may block; the reason is for agents' eyes and never goes
//! into the audit trail.

use ipnet::IpNet;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Value, json};

use super::audit::{self, Actor, Deed, Entry, Target};
use super::{Log, Reader, StoreError};
use crate::conversation::{SiteId, Time, VisitorId};

/// Who is blocked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blocked {
    /// A visitor, on the site they are a visitor of.
    Visitor {
        /// Who.
        id: VisitorId,
        /// Where.
        site: SiteId,
    },
    /// Every visitor from an address or network.
    Address {
        /// Which; a single address is a network of one.
        net: IpNet,
        /// Where; none: on all sites.
        site: Option<SiteId>,
    },
}

/// A block in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its number.
    pub key: u64,
    /// Who.
    pub what: Blocked,
    /// Why, in an agent's words.
    pub reason: String,
    /// When it ends; none: when it is lifted.
    pub until: Option<Time>,
    /// Since when.
    pub at: Time,
    /// Who blocked.
    pub by: Actor,
}

impl Block {
    /// Whether it is in force.
    pub fn holds(&self, now: Time) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

const COLUMNS: &str = "SELECT key, site, visitor, address, reason, until, at, by FROM blocks";

impl Log {
    /// Blocks; where the same visitor or network is blocked already, that block gets this reason and this end. Flushed when
    /// it returns. `now` is the server's clock.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be stored; nothing was changed then.
    pub fn block(
        &mut self,
        what: &Blocked,
        reason: &str,
        until: Option<Time>,
        now: Time,
        by: &Actor,
    ) -> Result<Block, StoreError> {
        self.flushed(|conn| {
            conn.execute("DELETE FROM blocks WHERE until <= ?1", [now.0])?;
            let before = same(conn, what)?;
            let (site, visitor, address) = columns(what);
            let by_json = serde_json::to_string(by)?;
            let key = match &before {
                Some(old) => {
                    let sql = "UPDATE blocks SET reason = ?2, until = ?3, at = ?4, by = ?5 WHERE key = ?1";
                    conn.execute(sql, params![old.key as i64, reason, until.map(|t| t.0), now.0, by_json])?;
                    old.key
                }
                None => {
                    conn.execute(
                        "INSERT INTO blocks (site, visitor, address, reason, until, at, by)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                        params![site, visitor, address, reason, until.map(|t| t.0), now.0, by_json],
                    )?;
                    conn.last_insert_rowid() as u64
                }
            };
            let end = |until: Option<Time>| json!({ "block": key, "until": until });
            let entry = Entry::new(by.clone(), Deed::Blocked, target(what))
                .with(before.map(|old| end(old.until)).unwrap_or_default(), end(until));
            audit::append(conn, now, &entry)?;
            let (what, reason) = (what.clone(), reason.to_owned());
            Ok(Block { key, what, reason, until, at: now, by: by.clone() })
        })
    }

    /// Lifts a block; none if there is none of this number. Flushed when it returns.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be stored; nothing was changed then.
    pub fn unblock(&mut self, key: u64, now: Time, by: &Actor) -> Result<Option<Block>, StoreError> {
        self.flushed(|conn| {
            let sql = format!("{COLUMNS} WHERE key = ?1");
            let mut statement = conn.prepare_cached(&sql)?;
            let mut rows = statement.query([key as i64])?;
            let Some(found) = rows.next()?.map(block).transpose()? else { return Ok(None) };
            drop(rows);
            conn.execute("DELETE FROM blocks WHERE key = ?1", [key as i64])?;
            let before = json!({ "block": key, "until": found.until });
            let entry =
                Entry::new(by.clone(), Deed::Unblocked, target(&found.what)).with(before, Value::Null);
            audit::append(conn, now, &entry)?;
            Ok(Some(found))
        })
    }
}

impl Reader {
    /// The blocks in force, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn blocks(&self, now: Time) -> Result<Vec<Block>, StoreError> {
        let mut statement =
            self.conn.prepare_cached(&format!("{COLUMNS} WHERE until IS NULL OR until > ?1 ORDER BY key"))?;
        let mut rows = statement.query([now.0])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(block(row)?);
        }
        Ok(found)
    }
}

/// Site, visitor and address, as stored.
fn columns(what: &Blocked) -> (Option<&str>, Option<&[u8]>, Option<String>) {
    match what {
        Blocked::Visitor { id, site } => (Some(site.as_str()), Some(id.0.as_bytes()), None),
        Blocked::Address { net, site } => (site.as_ref().map(SiteId::as_str), None, Some(net.to_string())),
    }
}

fn target(what: &Blocked) -> Target {
    match what {
        Blocked::Visitor { id, site } => Target::Visitor { id: *id, site: Some(site.clone()) },
        Blocked::Address { net, site } => Target::Address { net: net.to_string(), site: site.clone() },
    }
}

/// The block of the very same visitor or network.
fn same(conn: &Connection, what: &Blocked) -> Result<Option<Block>, StoreError> {
    let (site, visitor, address) = columns(what);
    let sql = format!("{COLUMNS} WHERE site IS ?1 AND visitor IS ?2 AND address IS ?3");
    let found = conn
        .prepare_cached(&sql)?
        .query_row(params![site, visitor, address], |row| Ok(block(row)))
        .optional()?;
    found.transpose()
}

fn block(row: &rusqlite::Row<'_>) -> Result<Block, StoreError> {
    let bad = || StoreError::failed("a stored block does not read");
    let site = match row.get::<_, Option<String>>(1)? {
        Some(site) => Some(SiteId::new(&site).map_err(|_| bad())?),
        None => None,
    };
    let visitor: Option<[u8; 16]> = row.get(2)?;
    let address: Option<String> = row.get(3)?;
    let what = match (visitor, address, site) {
        (Some(id), None, Some(site)) => Blocked::Visitor { id: VisitorId(uuid::Uuid::from_bytes(id)), site },
        (None, Some(net), site) => Blocked::Address { net: net.parse().map_err(|_| bad())?, site },
        _ => return Err(bad()),
    };
    Ok(Block {
        key: row.get::<_, i64>(0)? as u64,
        what,
        reason: row.get(4)?,
        until: row.get::<_, Option<i64>>(5)?.map(Time),
        at: Time(row.get(6)?),
        by: serde_json::from_str(row.get_ref(7)?.as_str().map_err(rusqlite::Error::from)?)?,
    })
}
