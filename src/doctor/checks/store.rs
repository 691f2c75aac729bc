//! The store and who may sign in.

use super::{count, sites};
use crate::conversation::Role;
use crate::doctor::facts::Facts;
use crate::doctor::{Findings, people};
use crate::log::{Integrity, Sight, StoreSight};

fn opened(facts: &Facts) -> Option<&StoreSight> {
    match &facts.store {
        Sight::Store(store) => Some(store),
        _ => None,
    }
}

/// `store`.
pub(super) fn store(facts: &Facts, out: &mut Findings) {
    let id = "store";
    let data = facts.data.display();
    match &facts.store {
        Sight::Absent => out.fail(
            id,
            None,
            format!("there is no store in {data}"),
            format!("baton agent add NAME --data {data} makes one, or name the folder with --data"),
        ),
        Sight::Foreign => out.fail(
            id,
            None,
            format!("{data}/baton.db is no Baton store"),
            "move that file away, or name another folder with --data",
        ),
        Sight::Newer { found, known } => out.fail(
            id,
            None,
            format!("the store in {data} has version {found}, this Baton opens versions up to {known}"),
            "install the newer Baton again; nothing was touched",
        ),
        Sight::Unreadable(why) => out.fail(
            id,
            None,
            format!("the store in {data} cannot be read: {why}"),
            "run this as the user the server runs as, or mend the folder's permissions",
        ),
        Sight::Store(store) if store.version < store.known => out.warn(
            id,
            None,
            format!(
                "{data}: version {}, this Baton's is {}; it is brought up when a server opens it",
                store.version, store.known
            ),
            format!("baton serve --data {data} (a copy of the old store is kept beside it)"),
        ),
        Sight::Store(store) => {
            out.ok(
                id,
                None,
                format!("{data}: version {}, {}", store.version, count(store.head as usize, "event")),
            );
        }
    }
}

/// `integrity`.
pub(super) fn integrity(facts: &Facts, out: &mut Findings) {
    let Some(store) = opened(facts) else {
        return out.skip("integrity", None, "there is no store to look through");
    };
    match &store.integrity {
        Integrity::Whole => out.ok("integrity", None, "the store's structures are whole"),
        Integrity::Damaged(why) => out.fail(
            "integrity",
            None,
            format!("the store is damaged: {why}"),
            format!("stop the server, keep a copy of {0}, and restore the last backup: baton restore FROM --data {0}", facts.data.display()),
        ),
        Integrity::Unfinished => {
            out.warn("integrity", None, "the store is too large to be looked through in 20 s", "look again at a quiet hour");
        }
    }
}

/// `log_id`.
pub(super) fn log_id(facts: &Facts, out: &mut Findings) {
    let Some(store) = opened(facts) else {
        return out.skip("log_id", None, "there is no store to read it from");
    };
    match store.log_id.as_deref() {
        Some(id) if !id.is_empty() => out.ok("log_id", None, format!("log {id}")),
        _ => out.fail(
            "log_id",
            None,
            "the store has lost its log's id; no server opens it",
            format!("restore the last backup: baton restore FROM --data {}", facts.data.display()),
        ),
    }
}

/// `agents`.
pub(super) fn agents(facts: &Facts, out: &mut Findings) {
    let Some(people) = people::everybody(facts) else {
        return out.skip("agents", None, "the store does not tell who they are");
    };
    let data = facts.data.display();
    if people.is_empty() {
        return out.fail(
            "agents",
            None,
            "nobody can sign in: there is no agent",
            format!("baton agent add NAME --data {data}"),
        );
    }
    let mut fine = true;
    for site in sites(facts) {
        let id = &site.config.id;
        if !people.iter().any(|person| person.allowed(id)) {
            fine = false;
            out.fail(
                "agents",
                Some(id),
                "no agent may answer on this site",
                format!("baton agent set NAME --sites {id} --data {data}"),
            );
        }
    }
    let known: Vec<_> = facts.config.sites.iter().map(|site| &site.config.id).collect();
    for person in &people {
        let lost = person.sites.iter().flatten().filter(|id| !known.contains(id)).map(ToString::to_string);
        let lost: Vec<String> = lost.collect();
        if !lost.is_empty() && facts.config.error.is_none() && facts.only.is_none() {
            fine = false;
            out.warn(
                "agents",
                None,
                format!("{} may answer on {}, which is not configured", person.name, lost.join(", ")),
                format!("baton agent set {} --sites … --data {data}", person.name),
            );
        }
    }
    if fine {
        let named: Vec<String> =
            people.iter().take(8).map(|p| format!("{} ({})", p.name, p.role.word())).collect();
        let more = if people.len() > named.len() {
            format!(" and {} more", people.len() - named.len())
        } else {
            String::new()
        };
        let admin = people.iter().any(|p| p.role == Role::Admin);
        let words = if admin { "" } else { "; none is an admin" };
        out.ok("agents", None, format!("{}{more}{words}", named.join(", ")));
    }
}
