//! The configuration itself.

use super::{count, file};
use crate::doctor::Findings;
use crate::doctor::facts::Facts;
use crate::settings::{ConfigError, nearest};

/// `config`.
pub(super) fn config(facts: &Facts, out: &mut Findings) {
    let id = "config";
    let seen = &facts.config;
    match (&seen.error, seen.there) {
        (Some(error), _) => out.fail(id, None, error.to_string(), edit(error)),
        (None, false) if seen.named => {
            out.fail(
                id,
                None,
                format!("there is no file {}", file(facts)),
                "baton init, or name it with --config",
            );
        }
        (None, false) => out.warn(
            id,
            None,
            format!("there is no {} here: a server would serve the site `demo`", file(facts)),
            "baton init, or name the file with --config",
        ),
        (None, true) => {
            out.ok(id, None, format!("{}: {}", file(facts), count(seen.sites.len(), "site")));
        }
    }
}

/// Where to edit.
pub(super) fn edit(error: &ConfigError) -> String {
    match error.line {
        Some(line) => format!("edit {}, line {line}", error.file.display()),
        None => format!("edit {}", error.file.display()),
    }
}

/// `site`: the one that was asked for.
pub(super) fn site(facts: &Facts, out: &mut Findings) {
    let Some(only) = &facts.only else { return };
    let known: Vec<&str> = facts.config.sites.iter().map(|site| site.config.id.as_str()).collect();
    if facts.config.error.is_some() || known.contains(&only.as_str()) {
        return;
    }
    let hint = match nearest(only.as_str(), &known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known: {}", known.join(", ")),
    };
    let add = format!("baton site add {only} --config {}", file(facts));
    out.fail("site", None, format!("{} has no site `{only}`; {hint}", file(facts)), add);
}
