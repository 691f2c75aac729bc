//! Small integers in place of long ids, so that rows and index entries stay short.
//!
//! Only the writer makes them. One made in a group that is rolled back is forgotten with it.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::Principal;
use super::recent::Recent;
use crate::conversation::{Cid, SiteId};

/// Principals remembered: visitors of a busy day.
const PRINCIPALS: usize = 50_000;

/// A visitor's [`Principal::parts`] kind: whose client ids are shown back to them.
pub(super) const VISITOR: i64 = 0;

impl Principal {
    /// Kind and id, as stored.
    pub(super) fn parts(self) -> (i64, Uuid) {
        match self {
            Principal::Visitor(id) => (VISITOR, id.0),
            Principal::Agent(id) => (1, id.0),
            Principal::Assistant => (2, Uuid::nil()),
            Principal::System => (3, Uuid::nil()),
        }
    }
}

/// The writer's memory of keys.
#[derive(Debug)]
pub(super) struct Keys {
    principals: Recent<Principal, i64>,
    sites: HashMap<SiteId, i64>,
    fresh_principals: Vec<Principal>,
    fresh_sites: Vec<SiteId>,
}

impl Keys {
    pub(super) fn new() -> Self {
        Self {
            principals: Recent::new(PRINCIPALS),
            sites: HashMap::new(),
            fresh_principals: Vec::new(),
            fresh_sites: Vec::new(),
        }
    }

    /// The key of a principal, if it has one.
    pub(super) fn principal(&mut self, conn: &Connection, who: Principal) -> rusqlite::Result<Option<i64>> {
        if let Some(key) = self.principals.get(&who) {
            return Ok(Some(*key));
        }
        let key = principal(conn, who)?;
        if let Some(key) = key {
            self.principals.insert(who, key);
        }
        Ok(key)
    }

    /// The key of a principal, made if need be.
    pub(super) fn principal_or_new(&mut self, conn: &Connection, who: Principal) -> rusqlite::Result<i64> {
        if let Some(key) = self.principal(conn, who)? {
            return Ok(key);
        }
        let (kind, id) = who.parts();
        conn.prepare_cached("INSERT INTO principals (kind, id) VALUES (?1, ?2)")?
            .execute(params![kind, id.as_bytes()])?;
        let key = conn.last_insert_rowid();
        self.principals.insert(who, key);
        self.fresh_principals.push(who);
        Ok(key)
    }

    /// The key of a site, if it has one.
    pub(super) fn site(&mut self, conn: &Connection, id: &SiteId) -> rusqlite::Result<Option<i64>> {
        if let Some(key) = self.sites.get(id) {
            return Ok(Some(*key));
        }
        let key = site(conn, id)?;
        if let Some(key) = key {
            self.sites.insert(id.clone(), key);
        }
        Ok(key)
    }

    /// The key of a site, made if need be.
    pub(super) fn site_or_new(&mut self, conn: &Connection, id: &SiteId) -> rusqlite::Result<i64> {
        if let Some(key) = self.site(conn, id)? {
            return Ok(key);
        }
        conn.prepare_cached("INSERT INTO sites (id) VALUES (?1)")?.execute([id.as_str()])?;
        let key = conn.last_insert_rowid();
        self.sites.insert(id.clone(), key);
        self.fresh_sites.push(id.clone());
        Ok(key)
    }

    /// The group is on disk: what was made in it stays.
    pub(super) fn settle(&mut self) {
        self.fresh_principals.clear();
        self.fresh_sites.clear();
    }

    /// The group was rolled back: what was made in it is gone.
    pub(super) fn forget(&mut self) {
        for who in self.fresh_principals.drain(..) {
            self.principals.remove(&who);
        }
        for id in self.fresh_sites.drain(..) {
            self.sites.remove(&id);
        }
    }
}

/// The stored key of a principal.
pub(super) fn principal(conn: &Connection, who: Principal) -> rusqlite::Result<Option<i64>> {
    let (kind, id) = who.parts();
    conn.prepare_cached("SELECT key FROM principals WHERE kind = ?1 AND id = ?2")?
        .query_row(params![kind, id.as_bytes()], |row| row.get(0))
        .optional()
}

/// The stored key of a site.
pub(super) fn site(conn: &Connection, id: &SiteId) -> rusqlite::Result<Option<i64>> {
    conn.prepare_cached("SELECT key FROM sites WHERE id = ?1")?
        .query_row([id.as_str()], |row| row.get(0))
        .optional()
}

/// A client id out of its column.
pub(super) fn cid(bytes: [u8; 16]) -> Cid {
    Cid(Uuid::from_bytes(bytes))
}

/// A UUID column.
pub(super) fn uuid(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    row.get::<_, [u8; 16]>(column).map(Uuid::from_bytes)
}
