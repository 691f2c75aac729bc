//! Each site: what it answers from, when it hands off, and whose pages may ask.

use super::config::edit;
use super::{count, file, sites};
use crate::doctor::facts::{Facts, SiteSeen};
use crate::doctor::{Findings, Status, people, why};
use crate::handoff::policy::{Level, RoutingMode};
use crate::handoff::{topics, words};
use crate::server::is_loopback_origin;
use crate::settings::nearest;

/// Files left out that are named; the rest is counted.
const NAMED: usize = 5;

/// `docs`.
pub(super) fn docs(facts: &Facts, out: &mut Findings) {
    for site in sites(facts) {
        let id = Some(&site.config.id);
        if let Some(error) = &site.docs_error {
            out.fail("docs", id, error.to_string(), edit(error));
            continue;
        }
        let skipped: Vec<&String> = site.docs.iter().flat_map(|folder| &folder.skipped).collect();
        let (pages, passages) =
            site.docs.iter().fold((0, 0), |(a, b), folder| (a + folder.pages, b + folder.passages));
        if site.docs.is_empty() {
            // The demonstration's docs are in the binary.
            let passages = site.config.index.passages().len();
            if passages > 0 {
                out.ok("docs", id, format!("{} shipped in the binary", count(passages, "passage")));
            } else if site.config.settings.assistant_on {
                out.warn(
                    "docs",
                    id,
                    "no docs: the assistant knows nothing and brings in a person",
                    format!("baton site set {} --docs DIR --config {}", site.config.id, file(facts)),
                );
            } else {
                out.ok("docs", id, "none; the assistant is off");
            }
            continue;
        }
        let folders: Vec<String> = site.docs.iter().map(|folder| folder.path.display().to_string()).collect();
        let mut words =
            format!("{}: {}, {}", folders.join(", "), count(pages, "page"), count(passages, "passage"));
        if skipped.is_empty() {
            out.ok("docs", id, words);
            continue;
        }
        words.push_str(&format!("; {} left out", count(skipped.len(), "file")));
        out.warn("docs", id, words, "mend the files named, or move them out of the folder");
        out.more(skipped.iter().take(NAMED).map(|s| (*s).clone()));
        if skipped.len() > NAMED {
            out.more([format!("and {} more", skipped.len() - NAMED)]);
        }
    }
}

/// `assistant`.
pub(super) fn assistant(facts: &Facts, out: &mut Findings) {
    for site in sites(facts) {
        let words = if site.config.settings.assistant_on {
            "on: it answers first"
        } else {
            "off: every conversation goes to the queue"
        };
        out.ok("assistant", Some(&site.config.id), words);
    }
}

/// `policy`.
pub(super) fn policy(facts: &Facts, out: &mut Findings) {
    let known = topics::known();
    for site in sites(facts) {
        let id = Some(&site.config.id);
        let policy = &site.config.policy;
        let mut fine = true;
        for topic in policy.restricted_topics.iter().filter(|topic| !known.contains(&topic.as_str())) {
            fine = false;
            let hint = match nearest(topic, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known: {}", known.join(", ")),
            };
            out.fail(
                "policy",
                id,
                format!("restricted_topics names {topic:?}, which is no topic and matches nothing; {hint}"),
                format!("edit {}, restricted_topics of the site", file(facts)),
            );
        }
        for keyword in policy.routing.keywords.iter().filter(|keyword| words::split(keyword).is_empty()) {
            fine = false;
            out.warn(
                "policy",
                id,
                format!("the keyword {keyword:?} has no word in it and matches nothing"),
                format!("edit {}, keywords of the site", file(facts)),
            );
        }
        if policy.failed_turns() == 0 {
            fine = false;
            out.warn(
                "policy",
                id,
                "failed_turns is 0: it hands off at the first failed answer, as with 1",
                format!("baton site set {} --failed-turns 1 --config {}", site.config.id, file(facts)),
            );
        }
        if fine {
            out.ok("policy", id, said(site));
        }
    }
}

fn said(site: &SiteSeen) -> String {
    let policy = &site.config.policy;
    let level = match policy.level {
        Level::AiOnly => "AI only",
        Level::Quick => "quick",
        Level::Balanced => "balanced",
        Level::AiFirst => "AI first",
    };
    let routing = match policy.routing.mode {
        RoutingMode::Auto => "hands off by itself",
        RoutingMode::ManualOnly => "manual only",
    };
    format!(
        "{level}, {routing}, after {}, {}, {}",
        count(policy.failed_turns() as usize, "failed answer"),
        count(policy.routing.keywords.len(), "keyword"),
        count(policy.restricted_topics.len(), "restricted topic"),
    )
}

/// `hours`.
pub(super) fn hours(facts: &Facts, out: &mut Findings) {
    for site in sites(facts) {
        out.ok("hours", Some(&site.config.id), "always open: this version has no business hours");
    }
}

/// `origins`.
pub(super) fn origins(facts: &Facts, out: &mut Findings) {
    let secure_front = facts.front.base.starts_with("https://");
    for site in sites(facts) {
        let id = Some(&site.config.id);
        let all = &site.config.origins;
        if let Some(error) = &site.origins_error {
            out.fail("origins", id, error.to_string(), edit(error));
            continue;
        }
        let add = format!(
            "baton site set {} --add-origin https://YOUR-PAGES --config {}",
            site.config.id,
            file(facts)
        );
        if all.is_empty() && !site.config.loopback_origins {
            out.fail("origins", id, "no page may open this chat: there is no origin", add);
            continue;
        }
        let abroad = all.iter().filter(|origin| !is_loopback_origin(origin));
        let plain: Vec<&str> =
            abroad.clone().filter(|origin| origin.starts_with("http://")).map(String::as_str).collect();
        if secure_front && !plain.is_empty() {
            out.warn(
                "origins",
                id,
                format!(
                    "{} is not encrypted, and the server is: a page on https has an origin with https",
                    plain.join(", ")
                ),
                format!("baton site set {} --origin https://… --config {}", site.config.id, file(facts)),
            );
            continue;
        }
        let mut said = all.clone();
        if site.config.loopback_origins {
            said.push("pages on this machine".into());
        }
        out.ok("origins", id, said.join(", "));
    }
}

/// `handoff`.
pub(super) fn handoff(facts: &Facts, out: &mut Findings) {
    if facts.config.error.is_some() {
        return out.skip("handoff", None, "the configuration cannot be read");
    }
    let Some(people) = people::everybody(facts) else {
        return out.skip("handoff", None, "nobody knows who the agents are");
    };
    for site in sites(facts) {
        let id = Some(&site.config.id);
        let walk = why::walk(facts, site, &people);
        if walk.obstacles.is_empty() {
            let names = walk.offered.join(", ");
            let verb = if walk.offered.len() == 1 { "is" } else { "are" };
            out.ok("handoff", id, format!("{names} {verb} Available"));
            out.more(routes(&walk.routes));
            continue;
        }
        let words: Vec<String> = walk.obstacles.iter().map(|o| o.words.clone()).collect();
        let mut fix: Vec<String> = Vec::new();
        for obstacle in walk.obstacles {
            let mut words = obstacle.fix.replace("--data DIR", &format!("--data {}", facts.data.display()));
            if words.starts_with("baton site ") {
                words.push_str(&format!(" --config {}", file(facts)));
            }
            if !fix.contains(&words) {
                fix.push(words);
            }
        }
        out.push("handoff", id, Status::Warn, words.join(". "), fix);
        out.more(routes(&walk.routes));
    }
}

/// The situations by what becomes of them, in the order of the first of each.
fn routes(routes: &[why::Route]) -> Vec<String> {
    let mut by: Vec<(&str, Vec<&str>)> = Vec::new();
    for route in routes {
        let words = why::words(route.decision);
        match by.iter_mut().find(|(known, _)| *known == words) {
            Some((_, all)) => all.push(&route.when),
            None => by.push((words, vec![&route.when])),
        }
    }
    by.into_iter().map(|(words, all)| format!("{words}: {}", all.join(", "))).collect()
}
