//! `baton doctor`: is everything as it must be, and if not, what mends it.
//!
//! [`gather`] looks (files, the store, the running server, the public address) and writes down [`facts`]; [`checks`] judges
//! them and does nothing else, so that every judgement can be tested without breaking a machine. [`why`] walks a site's
//! handoff policy as the server would; [`internet`] reads what the configuration says of the way in.
//!
//! Invariant: looking changes nothing: no store is made or migrated, no presence leased, no conversation begun. Refused
//! here: mending.

pub mod checks;
pub mod facts;
pub mod gather;
pub mod internet;
pub mod people;
pub mod why;

use serde::Serialize;

use crate::conversation::SiteId;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As it must be.
    Ok,
    /// Not looked at, because something else is wrong or not there.
    Skip,
    /// It works, and somebody should know.
    Warn,
    /// It does not work.
    Fail,
}

impl Status {
    /// The word, four letters.
    pub fn word(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Skip => "skip",
            Status::Warn => "warn",
            Status::Fail => "fail",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Which check: stable, for scripts.
    pub id: &'static str,
    /// Of which site, where it is of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteId>,
    /// How it came out.
    pub status: Status,
    /// What was seen.
    pub seen: String,
    /// More of it, a line each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<String>,
    /// What mends it: commands, or lines with their file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fix: Vec<String>,
}

/// What the checks found, in their order.
#[derive(Debug, Default)]
pub struct Findings {
    /// One or more a check.
    pub all: Vec<Check>,
}

impl Findings {
    /// As it must be.
    pub fn ok(&mut self, id: &'static str, site: Option<&SiteId>, seen: impl Into<String>) {
        self.push(id, site, Status::Ok, seen.into(), Vec::new());
    }

    /// Not looked at.
    pub fn skip(&mut self, id: &'static str, site: Option<&SiteId>, why: impl Into<String>) {
        self.push(id, site, Status::Skip, why.into(), Vec::new());
    }

    /// Worth knowing.
    pub fn warn(
        &mut self,
        id: &'static str,
        site: Option<&SiteId>,
        seen: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.push(id, site, Status::Warn, seen.into(), vec![fix.into()]);
    }

    /// Wrong.
    pub fn fail(
        &mut self,
        id: &'static str,
        site: Option<&SiteId>,
        seen: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.push(id, site, Status::Fail, seen.into(), vec![fix.into()]);
    }

    /// Adds lines to what was found last.
    pub fn more(&mut self, lines: impl IntoIterator<Item = String>) {
        if let Some(last) = self.all.last_mut() {
            last.more.extend(lines);
        }
    }

    /// Any of these.
    pub fn push(
        &mut self,
        id: &'static str,
        site: Option<&SiteId>,
        status: Status,
        seen: String,
        fix: Vec<String>,
    ) {
        self.all.push(Check { id, site: site.cloned(), status, seen, more: Vec::new(), fix });
    }
}
