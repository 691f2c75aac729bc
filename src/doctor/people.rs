//! Who could be offered work: the store knows everybody with their sites, the running server who is there now.

use super::facts::{Facts, SignIn};
use crate::conversation::{AgentId, Role, SiteId, Time};
use crate::log::Sight;

/// A console notes that it is there once a minute; twice that may pass before it counts as gone.
const SEEN_MS: i64 = 120_000;

/// An agent, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub id: AgentId,
    /// Name.
    pub name: String,
    /// Rights.
    pub role: Role,
    /// None: all sites.
    pub sites: Option<Vec<SiteId>>,
    /// What they want.
    pub available: bool,
    /// Why Away, in words.
    pub reason: Option<String>,
    /// Until when, as announced.
    pub until: Option<Time>,
    /// Whether a console of theirs is open.
    pub present: bool,
}

impl Person {
    /// Whether they may answer on this site.
    pub fn allowed(&self, site: &SiteId) -> bool {
        self.sites.as_ref().is_none_or(|sites| sites.contains(site))
    }

    /// Whether they are offered this site's work now.
    pub fn offered(&self, site: &SiteId) -> bool {
        self.available && self.present && self.allowed(site)
    }

    /// Why they are not, in words.
    pub fn why_not(&self, site: &SiteId) -> String {
        if !self.allowed(site) {
            return format!("{} does not answer on this site", self.name);
        }
        if self.available {
            return format!("{} is Available but has no console open", self.name);
        }
        let mut words = format!("{} is Away", self.name);
        if let Some(reason) = &self.reason {
            words.push_str(&format!(" ({reason})"));
        }
        words
    }
}

/// Everybody. None: neither store nor server told.
pub fn everybody(facts: &Facts) -> Option<Vec<Person>> {
    let told = match &facts.sign_in {
        SignIn::Done(signed) => Some(&signed.agents),
        _ => None,
    };
    let runs = facts.server.answers.is_ok();
    let stored = match &facts.store {
        Sight::Store(store) => store.agents.as_ref(),
        _ => None,
    };
    let Some(stored) = stored else {
        return told.map(|told| {
            let person = |t: &super::facts::Told| Person {
                id: t.id,
                name: t.name.clone(),
                role: t.role,
                sites: None,
                available: t.available,
                reason: t.reason.clone(),
                until: None,
                present: t.present,
            };
            told.iter().map(person).collect()
        });
    };
    let people = stored.iter().map(|agent| {
        let now = told.and_then(|told| told.iter().find(|t| t.id == agent.id));
        let seen = agent.last_seen.is_some_and(|at| facts.now.since_ms(at) < SEEN_MS);
        Person {
            id: agent.id,
            name: agent.name.clone(),
            role: agent.role,
            sites: agent.sites.clone(),
            available: now.map_or(agent.availability.available, |t| t.available),
            reason: now.map_or_else(|| agent.availability.reason.clone(), |t| t.reason.clone()),
            until: agent.availability.until,
            present: now.map_or(runs && seen, |t| t.present),
        }
    });
    Some(people.collect())
}
