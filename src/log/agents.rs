//! Agents: who may sign in, with which rights. Stored state: nothing derives it, and rebuilding does not touch it.

use std::path::Path;

use rusqlite::{Connection, params};
use unicode_normalization::UnicodeNormalization;

use super::error::OpenError;
use super::place::code;
use super::schema::{AGENTS_VERSION, STEPS};
use super::{AgentRecord, Reader, StoreError, audit, keys, migrations, open};
use crate::conversation::{
    AgentId, Conversation, ConversationId, Role, SiteId, State, Time, label, sort_labels,
};
use crate::protocol::AvailabilityInfo;

/// Longest name, in characters.
const NAME: usize = 64;

const COLUMNS: &str = "SELECT id, name, role, sites, available, reason, until, last_seen, member_of, version, token_no, rights_seq FROM agents";

impl Reader {
    /// Everybody, in the order they were added.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn agents(&self) -> Result<Vec<AgentRecord>, StoreError> {
        all(&self.conn)
    }

    /// How often agents were changed, all in all: a server that has seen fewer changes reads them anew.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn agents_version(&self) -> Result<u64, StoreError> {
        let version = self
            .conn
            .prepare_cached("SELECT value FROM meta WHERE name = ?1")?
            .query_row([AGENTS_VERSION], |row| row.get::<_, i64>(0))?;
        Ok(version as u64)
    }

    /// What this agent holds, awake or snoozed.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn holdings(&self, agent: AgentId) -> Result<Vec<(ConversationId, SiteId)>, StoreError> {
        // A row names its agent while it is active; of what sleeps, which is little, the state does.
        let mut statement = self.conn.prepare_cached(
            "SELECT doc FROM conversations WHERE agent = (SELECT key FROM principals WHERE kind = ?1 AND id = ?2)
             UNION ALL
             SELECT doc FROM conversations WHERE state = ?3 AND site IN (SELECT key FROM sites)",
        )?;
        let (kind, id) = super::Principal::Agent(agent).parts();
        let mut rows = statement.query(params![kind, id.as_bytes(), code(State::Snoozed)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let c: Conversation =
                serde_json::from_str(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?;
            if let (Some(holder), Some(site)) = (c.holder.agent(), c.site)
                && holder.id == agent
            {
                found.push((c.id, site));
            }
        }
        Ok(found)
    }

    /// All groups somebody belongs to, sorted, each once: also of agents added since the server started.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn groups(&self) -> Result<Vec<String>, StoreError> {
        let mut groups: Vec<String> = self.agents()?.into_iter().flat_map(|agent| agent.groups).collect();
        sort_labels(&mut groups);
        Ok(groups)
    }

    /// The agent whose token has this SHA-256.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn agent_by_token(&self, token_sha256: &[u8; 32]) -> Result<Option<AgentRecord>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!("{COLUMNS} WHERE token_sha256 = ?1"))?;
        let mut rows = statement.query([token_sha256])?;
        rows.next()?.map(record).transpose()
    }
}

/// Words that say who speaks where no colour does: no agent may be called so.
const ROLES_IN_A_CHAT: [&str; 5] = ["assistant", "visitor", "notice", "note", "system"];

/// Adds an agent from another process, also while a server has the store open; creates the store where there is none.
/// The name is stored without blanks at its ends.
///
/// # Errors
/// [`OpenError::NameTaken`] (whatever the case), [`OpenError::BadName`], [`OpenError::TokenTaken`], or why the store
/// cannot be opened. Nothing was changed then.
pub fn add_agent(dir: &Path, name: &str, role: Role, token_sha256: &[u8; 32]) -> Result<AgentId, OpenError> {
    add_agent_to(dir, name, role, &[], token_sha256)
}

/// [`add_agent`], into these groups.
///
/// # Errors
/// As [`add_agent`]; [`OpenError::BadGroup`] for a name that is no [`label`].
pub fn add_agent_to(
    dir: &Path,
    name: &str,
    role: Role,
    groups: &[String],
    token_sha256: &[u8; 32],
) -> Result<AgentId, OpenError> {
    let new = NewAgent { name, role, sites: None, groups };
    super::agents_change::add_agent_with(dir, &new, token_sha256, &audit::Actor::here())
}

/// An agent to be added.
#[derive(Debug, Clone, Copy)]
pub struct NewAgent<'a> {
    /// The name colleagues and visitors see: 1 to 64 characters.
    pub name: &'a str,
    /// Rights.
    pub role: Role,
    /// Sites; none: all.
    pub sites: Option<&'a [SiteId]>,
    /// Groups.
    pub groups: &'a [String],
}

/// Everybody, in the order they were added, read from another process.
///
/// # Errors
/// [`OpenError`]: there is no store in the folder, or it cannot be read.
pub fn agents_in(dir: &Path) -> Result<Vec<AgentRecord>, OpenError> {
    let conn = open_existing(dir)?;
    all(&conn).map_err(|e| OpenError::Damaged(e.to_string()))
}

/// A connection that may write to a store that is there, brought to this version.
pub(super) fn open_existing(dir: &Path) -> Result<Connection, OpenError> {
    if !open::store_path(dir).exists() {
        return Err(OpenError::NoStore(dir.to_owned()));
    }
    open_or_make(dir)
}

/// A connection that may write, to a store that is made where there is none.
pub(super) fn open_or_make(dir: &Path) -> Result<Connection, OpenError> {
    let path = open::prepare(dir)?;
    let mut conn = open::connect(&path)?;
    if migrations::version(&conn)? != STEPS.len() as u32 {
        // An older store, so no server of this version has it open; keep them out while it changes.
        let _lock = open::lock(dir)?;
        migrations::migrate(&mut conn, &path, STEPS)?;
    }
    Ok(conn)
}

/// Everybody, in the order they were added.
pub(super) fn all(conn: &Connection) -> Result<Vec<AgentRecord>, StoreError> {
    let mut statement = conn.prepare_cached(&format!("{COLUMNS} ORDER BY key"))?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(record(row)?);
    }
    Ok(found)
}

/// A name as it is stored.
pub(super) fn good_name(name: &str) -> Result<String, OpenError> {
    let name: String = name.trim().nfc().collect();
    let bad = name.is_empty()
        || name.chars().count() > NAME
        || name.chars().any(char::is_control)
        || ROLES_IN_A_CHAT.contains(&name.to_lowercase().as_str());
    if bad { Err(OpenError::BadName) } else { Ok(name) }
}

/// Groups as they are stored: trimmed, sorted, each once.
pub(super) fn good_groups(groups: &[String]) -> Result<Vec<String>, OpenError> {
    let groups = groups.iter().map(|group| label(group).ok_or(OpenError::BadGroup));
    let mut groups = groups.collect::<Result<Vec<_>, _>>()?;
    sort_labels(&mut groups);
    Ok(groups)
}

/// A name as compared: without case and compatibility forms.
pub(super) fn folded(name: &str) -> String {
    name.nfkc().flat_map(char::to_lowercase).nfkc().collect()
}

pub(super) fn record(row: &rusqlite::Row<'_>) -> Result<AgentRecord, StoreError> {
    let sites: Option<String> = row.get(3)?;
    Ok(AgentRecord {
        id: AgentId(keys::uuid(row, 0)?),
        name: row.get(1)?,
        role: row.get::<_, String>(2)?.parse().map_err(StoreError::Failed)?,
        sites: sites.map(|json| serde_json::from_str(&json)).transpose()?,
        availability: AvailabilityInfo {
            available: row.get(4)?,
            reason: row.get(5)?,
            until: row.get::<_, Option<i64>>(6)?.map(Time),
        },
        last_seen: row.get::<_, Option<i64>>(7)?.map(Time),
        groups: serde_json::from_str(row.get_ref(8)?.as_str().map_err(rusqlite::Error::from)?)?,
        version: row.get::<_, i64>(9)? as u64,
        token_no: row.get::<_, i64>(10)? as u64,
        rights_seq: row.get::<_, i64>(11)? as u64,
    })
}
