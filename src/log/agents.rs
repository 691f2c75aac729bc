//! Agents: who may sign in, with which rights. Stored state: nothing derives it, and rebuilding does not touch it.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use super::error::{OpenError, constraint};
use super::schema::STEPS;
use super::{AgentRecord, Reader, StoreError, keys, migrations, open};
use crate::conversation::{AgentId, Role, Time, label, sort_labels};
use crate::protocol::AvailabilityInfo;

/// Longest name, in characters.
const NAME: usize = 64;

const COLUMNS: &str =
    "SELECT id, name, role, sites, available, reason, until, last_seen, member_of FROM agents";

impl Reader {
    /// Everybody, in the order they were added.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn agents(&self) -> Result<Vec<AgentRecord>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!("{COLUMNS} ORDER BY key"))?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(record(row)?);
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
    let groups = groups.iter().map(|group| label(group).ok_or(OpenError::BadGroup));
    let mut groups = groups.collect::<Result<Vec<_>, _>>()?;
    sort_labels(&mut groups);
    let name: String = name.trim().nfc().collect();
    if name.is_empty() || name.chars().count() > NAME || name.chars().any(char::is_control) {
        return Err(OpenError::BadName);
    }
    if ROLES_IN_A_CHAT.contains(&name.to_lowercase().as_str()) {
        return Err(OpenError::BadName);
    }
    let path = open::prepare(dir)?;
    let mut conn = open::connect(&path)?;
    if migrations::version(&conn)? != STEPS.len() as u32 {
        // An older store, so no server of this version has it open; keep them out while it changes.
        let _lock = open::lock(dir)?;
        migrations::migrate(&mut conn, &path, STEPS)?;
    }
    insert(&mut conn, &name, role, &groups, token_sha256)
}

fn insert(
    conn: &mut Connection,
    name: &str,
    role: Role,
    groups: &[String],
    token_sha256: &[u8; 32],
) -> Result<AgentId, OpenError> {
    let failed = || OpenError::sqlite("add the agent; nothing was changed");
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed())?;
    let folded = folded(name);
    let taken: Option<String> = tx
        .query_row("SELECT name FROM agents WHERE folded = ?1", [&folded], |row| row.get(0))
        .optional()
        .map_err(failed())?;
    if let Some(name) = taken {
        return Err(OpenError::NameTaken(name));
    }
    let id = AgentId(Uuid::new_v4());
    let member_of = serde_json::to_string(groups).expect("strings are JSON");
    let inserted = tx.execute(
        "INSERT INTO agents (id, name, folded, role, token_sha256, member_of) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![id.0.as_bytes(), name, folded, role.word(), token_sha256, member_of],
    );
    match inserted {
        Ok(_) => tx.commit().map(|()| id).map_err(failed()),
        Err(e) if constraint(&e) => Err(OpenError::TokenTaken),
        Err(e) => Err(failed()(e)),
    }
}

/// A name as compared: without case and compatibility forms.
fn folded(name: &str) -> String {
    name.nfkc().flat_map(char::to_lowercase).nfkc().collect()
}

fn record(row: &rusqlite::Row<'_>) -> Result<AgentRecord, StoreError> {
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
    })
}
