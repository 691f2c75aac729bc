//! Agents added, changed and removed from the command line, also while a server has the store open.
//!
//! Invariant: a change, its audit entry and the count by which a server notices it are one transaction; whatever is refused
//! changed nothing. An agent who is removed leaves the table: events and audit entries keep the name they had. Refused here:
//! leaving an installation that had an admin without one; telling the server (the caller does).

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use serde_json::{Value, json};
use uuid::Uuid;

use super::agents::{all, folded, good_groups, good_name, open_existing, open_or_make};
use super::audit::{self, Actor, Deed, Entry, Target};
use super::error::{OpenError, constraint};
use super::schema::AGENTS_VERSION;
use super::{AgentRecord, NewAgent, StoreError};
use crate::conversation::{AgentId, AgentRef, Role, SiteId};
use crate::protocol::AvailabilityInfo;

/// What is to be changed about an agent; none: as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentChange {
    /// Rights.
    pub role: Option<Role>,
    /// Sites; inner none: all.
    pub sites: Option<Option<Vec<SiteId>>>,
    /// Groups.
    pub groups: Option<Vec<String>>,
}

/// Why an agent was not changed. Nothing was.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The store.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Nobody of this name.
    #[error("there is no agent named “{}”; nothing was changed", name.escape_debug())]
    Unknown {
        /// As it was given.
        name: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// They are the only admin.
    #[error(
        "{} is the last admin; nothing was changed. Make another agent admin first: baton agent set NAME --role admin", .0.escape_debug()
    )]
    LastAdmin(String),
    /// There is nothing to change.
    #[error("{} has this role, these sites and these groups already; nothing was changed", .0.escape_debug())]
    Same(String),
}

/// Adds an agent; creates the store where there is none. The name is stored without blanks at its ends.
///
/// # Errors
/// [`OpenError::NameTaken`] (whatever the case), [`OpenError::BadName`], [`OpenError::BadGroup`], [`OpenError::TokenTaken`],
/// or why the store cannot be opened. Nothing was changed then.
pub fn add_agent_with(
    dir: &Path,
    new: &NewAgent<'_>,
    token_sha256: &[u8; 32],
    by: &Actor,
) -> Result<AgentId, OpenError> {
    let groups = good_groups(new.groups)?;
    let name = good_name(new.name)?;
    let mut conn = open_or_make(dir)?;
    let failed = || OpenError::sqlite("add the agent; nothing was changed");
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed())?;
    let taken = all(&tx).map_err(damaged)?.into_iter().find(|agent| folded(&agent.name) == folded(&name));
    if let Some(agent) = taken {
        return Err(OpenError::NameTaken(agent.name));
    }
    let record = AgentRecord {
        id: AgentId(Uuid::new_v4()),
        name,
        role: new.role,
        sites: new.sites.map(<[SiteId]>::to_vec),
        availability: AvailabilityInfo::default(),
        last_seen: None,
        groups,
        version: 0,
        token_no: 0,
        rights_seq: 0,
    };
    let inserted = tx.execute(
        "INSERT INTO agents (id, name, folded, role, sites, token_sha256, member_of) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            record.id.0.as_bytes(),
            record.name,
            folded(&record.name),
            record.role.word(),
            sites_json(&record),
            token_sha256,
            groups_json(&record)
        ],
    );
    match inserted {
        Ok(_) => {}
        Err(e) if constraint(&e) => return Err(OpenError::TokenTaken),
        Err(e) => return Err(failed()(e)),
    }
    let id = record.id;
    note(&tx, by, Deed::AgentAdded, &record, Value::Null, rights(&record))?;
    tx.commit().map(|()| id).map_err(failed())
}

/// Gives an agent another token: the old one is no longer good once this returns.
///
/// # Errors
/// [`AgentError`]; nothing was changed then.
pub fn rotate_agent(
    dir: &Path,
    name: &str,
    token_sha256: &[u8; 32],
    by: &Actor,
) -> Result<AgentRecord, AgentError> {
    let mut conn = open_existing(dir)?;
    let failed = || OpenError::sqlite("change the agent; nothing was changed");
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed())?;
    let agent = find(&tx, name)?.1;
    let changed = tx.execute(
        "UPDATE agents SET token_sha256 = ?2, version = version + 1, token_no = token_no + 1 WHERE id = ?1",
        params![agent.id.0.as_bytes(), token_sha256],
    );
    match changed {
        Ok(_) => {}
        Err(e) if constraint(&e) => return Err(OpenError::TokenTaken.into()),
        Err(e) => return Err(failed()(e).into()),
    }
    note(&tx, by, Deed::AgentRotated, &agent, Value::Null, Value::Null)?;
    tx.commit().map_err(failed())?;
    Ok(agent)
}

/// Removes an agent and their read cursors. What they wrote stays, under their name.
///
/// # Errors
/// [`AgentError`]; nothing was changed then.
pub fn remove_agent(dir: &Path, name: &str, by: &Actor) -> Result<AgentRecord, AgentError> {
    let mut conn = open_existing(dir)?;
    let failed = || OpenError::sqlite("remove the agent; nothing was changed");
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed())?;
    let (everybody, agent) = find(&tx, name)?;
    keep_an_admin(&everybody, &agent)?;
    let id = agent.id.0.as_bytes();
    tx.execute("DELETE FROM reads WHERE agent = (SELECT key FROM agents WHERE id = ?1)", [id])
        .map_err(failed())?;
    tx.execute("DELETE FROM agents WHERE id = ?1", [id]).map_err(failed())?;
    note(&tx, by, Deed::AgentRemoved, &agent, rights(&agent), Value::Null)?;
    tx.commit().map_err(failed())?;
    Ok(agent)
}

/// Changes an agent's role, sites or groups; gives them as they were and as they are.
///
/// # Errors
/// [`AgentError`]; nothing was changed then.
pub fn set_agent(
    dir: &Path,
    name: &str,
    change: &AgentChange,
    by: &Actor,
) -> Result<(AgentRecord, AgentRecord), AgentError> {
    let groups = change.groups.as_deref().map(good_groups).transpose()?;
    let mut conn = open_existing(dir)?;
    let failed = || OpenError::sqlite("change the agent; nothing was changed");
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed())?;
    let (everybody, before) = find(&tx, name)?;
    let mut after = before.clone();
    after.role = change.role.unwrap_or(before.role);
    after.sites = change.sites.clone().unwrap_or_else(|| before.sites.clone());
    after.groups = groups.unwrap_or_else(|| before.groups.clone());
    if after == before {
        return Err(AgentError::Same(before.name));
    }
    if after.role != Role::Admin {
        keep_an_admin(&everybody, &before)?;
    }
    if (after.role, &after.sites) != (before.role, &before.sites) {
        let head = super::writer::head(&tx).map_err(failed())?;
        after.rights_seq = head;
    }
    after.version += 1;
    tx.execute(
        "UPDATE agents SET role = ?2, sites = ?3, member_of = ?4, version = ?5, rights_seq = ?6 WHERE id = ?1",
        params![
            after.id.0.as_bytes(),
            after.role.word(),
            sites_json(&after),
            groups_json(&after),
            after.version as i64,
            after.rights_seq as i64
        ],
    )
    .map_err(failed())?;
    note(&tx, by, Deed::AgentChanged, &after, rights(&before), rights(&after))?;
    tx.commit().map_err(failed())?;
    Ok((before, after))
}

/// Everybody, and the one of this name (whatever its case) or id.
fn find(tx: &Connection, name: &str) -> Result<(Vec<AgentRecord>, AgentRecord), AgentError> {
    let everybody = all(tx).map_err(damaged)?;
    let asked = folded(name.trim());
    let found = everybody.iter().find(|a| folded(&a.name) == asked || a.id.to_string() == asked).cloned();
    match found {
        Some(agent) => Ok((everybody, agent)),
        None => Err(AgentError::Unknown {
            name: name.trim().to_owned(),
            known: everybody.into_iter().map(|a| a.name).collect(),
        }),
    }
}

/// Where there was an admin, one stays.
fn keep_an_admin(everybody: &[AgentRecord], going: &AgentRecord) -> Result<(), AgentError> {
    let others = everybody.iter().any(|a| a.role == Role::Admin && a.id != going.id);
    if going.role == Role::Admin && !others {
        return Err(AgentError::LastAdmin(going.name.clone()));
    }
    Ok(())
}

/// The audit entry, and the count by which a server that was not told notices.
fn note(
    tx: &Transaction<'_>,
    by: &Actor,
    deed: Deed,
    agent: &AgentRecord,
    before: Value,
    after: Value,
) -> Result<(), OpenError> {
    let target = Target::Agent(AgentRef { id: agent.id, name: agent.name.clone() });
    let entry = Entry::new(by.clone(), deed, target).with(before, after);
    audit::append(tx, audit::now(), &entry).map_err(damaged)?;
    tx.execute("UPDATE meta SET value = value + 1 WHERE name = ?1", [AGENTS_VERSION])
        .map_err(OpenError::sqlite("count the change; nothing was changed"))?;
    Ok(())
}

fn rights(agent: &AgentRecord) -> Value {
    json!({ "role": agent.role.word(), "sites": agent.sites, "groups": agent.groups })
}

fn sites_json(agent: &AgentRecord) -> Option<String> {
    agent.sites.as_ref().map(|sites| serde_json::to_string(sites).expect("strings are JSON"))
}

fn groups_json(agent: &AgentRecord) -> String {
    serde_json::to_string(&agent.groups).expect("strings are JSON")
}

pub(super) fn damaged(e: StoreError) -> OpenError {
    match e {
        StoreError::Full => OpenError::Io {
            doing: "write to",
            path: "the store".into(),
            source: std::io::ErrorKind::StorageFull.into(),
        },
        e => OpenError::Damaged(e.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::audit::Trail;
    use super::super::schema::{APPLICATION_ID, FOLD, FOLD_KEY, LOG_ID, STEPS, TEXT_CURSOR};
    use super::super::{agents_in, migrations, open};
    use super::*;

    /// A store as the version before left it, with one agent.
    fn version_before(dir: &Path) {
        let path = open::store_path(dir);
        let mut conn = Connection::open(&path).expect("a new file");
        conn.pragma_update(None, "application_id", APPLICATION_ID).expect("marked");
        migrations::migrate(&mut conn, &path, &STEPS[..3]).expect("a store of version 3");
        let meta = "INSERT INTO meta (name, value) VALUES (?1, ?2)";
        conn.execute(meta, (LOG_ID, "log-1")).expect("meta");
        conn.execute(meta, (FOLD_KEY, FOLD)).expect("meta");
        conn.execute(meta, (TEXT_CURSOR, 0)).expect("meta");
        let agent = "INSERT INTO agents (id, name, folded, role, token_sha256) VALUES (?1, 'Dana', 'dana', 'agent', ?2)";
        conn.execute(agent, params![[7u8; 16], [9u8; 32]]).expect("an agent");
    }

    #[test]
    fn a_store_of_the_version_before_gets_a_trail_that_begins_with_its_first_change() {
        let dir = tempfile::tempdir().expect("a folder");
        version_before(dir.path());
        let agents = agents_in(dir.path()).expect("migrated");
        assert_eq!((agents.len(), agents[0].version, agents[0].rights_seq), (1, 0, 0));
        assert!(dir.path().join("baton-before-v4.db").exists() || STEPS.len() > 4, "copied before");
        rotate_agent(dir.path(), "dana", &[1; 32], &Actor::Server).expect("rotated");
        let trail = Trail::open(dir.path()).expect("opened");
        let entries = trail.entries(None, 10).expect("read");
        assert_eq!(entries.iter().map(|e| e.entry.deed).collect::<Vec<_>>(), [Deed::AgentRotated]);
        assert_eq!(trail.verify(None).expect("read").broken, None);
        assert_eq!(agents_in(dir.path()).expect("read")[0].token_no, 1);
    }

    #[test]
    fn a_removed_agents_cursors_are_no_new_agents() {
        let dir = tempfile::tempdir().expect("a folder");
        let add = |name: &str, token: [u8; 32]| {
            let new = NewAgent { name, role: Role::Agent, sites: None, groups: &[] };
            add_agent_with(dir.path(), &new, &token, &Actor::Server).expect("added")
        };
        add("Dana", [1; 32]);
        let conn = open_existing(dir.path()).expect("opened");
        conn.execute("INSERT INTO reads (stream, agent, messages) SELECT 1, key, 9 FROM agents", [])
            .expect("a cursor");
        remove_agent(dir.path(), "Dana", &Actor::Server).expect("removed");
        add("Dana", [1; 32]);
        let left: i64 = conn.query_row("SELECT count(*) FROM reads", [], |row| row.get(0)).expect("a count");
        assert_eq!(left, 0);
    }
}
