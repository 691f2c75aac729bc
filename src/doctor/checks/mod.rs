//! The judgements, one function a check, in the order they are told: what is wrong first makes what follows unknown.
//!
//! Pure: facts in, findings out. Each failure and each warning says what was seen and names what mends it: a command, or a
//! line with its file.

mod config;
mod machine;
mod reach;
mod sites;
mod store;

use super::facts::{Facts, SiteSeen};
use super::{Check, Findings};

/// A check: its id, what it looks at, and how.
pub type Row = (&'static str, &'static str, fn(&Facts, &mut Findings));

/// All checks. The ids are stable.
pub const CHECKS: &[Row] = &[
    ("config", "the configuration is there and the server takes it", config::config),
    ("site", "the site asked for is configured", config::site),
    ("store", "the store is there, ours, and of a version this Baton opens", store::store),
    ("integrity", "the store's structures are whole", store::integrity),
    ("log_id", "the log has the id clients resume by", store::log_id),
    ("agents", "there are agents, and each site has one who may answer", store::agents),
    ("disk", "there is room to write", machine::disk),
    ("clock", "the clock is not behind the store, nor far from the public address", machine::clock),
    ("permissions", "secrets are closed to others", machine::permissions),
    ("docs", "each site's docs can be read and have words in them", sites::docs),
    ("assistant", "the assistant is on and has something to say", sites::assistant),
    ("policy", "level, routing, keywords and topics can do what they say", sites::policy),
    ("hours", "when people are there", sites::hours),
    ("origins", "each site's pages may open the chat", sites::origins),
    ("server", "the server runs where it should", reach::server),
    ("versions", "program, store and server belong together", reach::versions),
    ("login", "the login kept here is taken", reach::login),
    ("public_url", "browsers can find the server", reach::public_url),
    ("proxy", "a proxy in front is believed", reach::proxy),
    ("tls", "certificate and key can be read", reach::tls),
    ("widget", "the widget's file can be loaded", reach::widget),
    ("socket.visitor", "each site's pages can open the visitor's socket", reach::visitor_socket),
    ("socket.agent", "consoles can open the agents' socket", reach::agent_socket),
    ("page", "the page named with --page shows the chat", reach::page),
    ("mail", "tickets can be answered by mail", machine::mail),
    ("handoff", "a handoff would fire now and reach somebody", sites::handoff),
];

/// Judges everything.
pub fn run(facts: &Facts) -> Vec<Check> {
    let mut findings = Findings::default();
    for (_, _, check) in CHECKS {
        check(facts, &mut findings);
    }
    findings.all
}

/// The sites that are asked about.
fn sites(facts: &Facts) -> impl Iterator<Item = &SiteSeen> {
    facts.config.sites.iter().filter(|site| facts.only.as_ref().is_none_or(|only| *only == site.config.id))
}

/// The file's name, for a fix.
fn file(facts: &Facts) -> String {
    facts.config.file.display().to_string()
}

/// `n thing` or `n things`.
fn count(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests;

/// The ways of a command to the configuration and the folder, where they are not the usual ones.
fn flags(facts: &Facts) -> String {
    format!("--data {} --config {}", facts.data.display(), file(facts))
}
