//! What a site is set to, for people and as JSON.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::Done;
use super::super::out::{Out, inert};
use super::edit;
use super::file::Loaded;
use crate::engine::SiteConfig;
use crate::handoff::policy::RoutingMode;
use crate::text::width;

/// The keys as they are shown.
const ORDER: &[&str] = &[
    "id",
    "name",
    "greeting",
    "assistant",
    "docs",
    "pages",
    "passages",
    "origins",
    "loopback_origins",
    "level",
    "when_nobody",
    "manual_only",
    "failed_turns",
    "keywords",
    "restricted_topics",
];

/// A site as an object; fields are added, never renamed.
pub(super) fn object(loaded: &Loaded, at: usize, site: &SiteConfig) -> Value {
    let passages = site.index.passages();
    let pages: BTreeSet<&str> = passages.iter().map(|passage| passage.page.as_str()).collect();
    json!({
        "id": site.id,
        "name": site.name,
        "greeting": site.greeting,
        "assistant": site.settings.assistant_on,
        "docs": docs(loaded, at),
        "pages": pages.len(),
        "passages": passages.len(),
        "origins": site.origins,
        "loopback_origins": site.loopback_origins,
        "level": site.policy.level,
        "when_nobody": site.policy.when_nobody,
        "manual_only": site.policy.routing.mode == RoutingMode::ManualOnly,
        "failed_turns": site.policy.failed_turns(),
        "keywords": site.policy.routing.keywords,
        "restricted_topics": site.policy.restricted_topics,
    })
}

/// The folders as the file names them.
fn docs(loaded: &Loaded, at: usize) -> Vec<String> {
    let table: toml::Table = loaded.text.parse().unwrap_or_default();
    let site = table.get("site").and_then(|sites| sites.get(at));
    match site.and_then(|site| site.get("docs")) {
        Some(toml::Value::String(one)) => vec![one.clone()],
        Some(_) => edit::list(&loaded.text, at, "docs").unwrap_or_default(),
        None => Vec::new(),
    }
}

/// A line a site.
pub(super) fn list(loaded: &Loaded) -> Done {
    let mut rows =
        vec![["SITE".to_owned(), "NAME".into(), "ASSISTANT".into(), "DOCS".into(), "ORIGINS".into()]];
    for (at, site) in loaded.config.sites.iter().enumerate() {
        let object = object(loaded, at, site);
        let mut origins = site.origins.clone();
        if site.loopback_origins {
            origins.push("this machine".into());
        }
        rows.push([
            site.id.to_string(),
            site.name.clone(),
            if site.settings.assistant_on { "on" } else { "off" }.into(),
            match object["pages"].as_u64() {
                Some(n) if n > 0 => format!("{n} page{}", if n == 1 { "" } else { "s" }),
                _ => "none".into(),
            },
            if origins.is_empty() { "none".into() } else { origins.join(" ") },
        ]);
    }
    let rows: Vec<[String; 5]> = rows.into_iter().map(|row| row.map(|cell| inert(&cell))).collect();
    let mut widths = [0; 5];
    for row in &rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(width::cells(cell));
        }
    }
    for row in &rows {
        let cells: Vec<String> = row
            .iter()
            .zip(widths)
            .map(|(cell, wide)| format!("{cell}{}", " ".repeat(wide - width::cells(cell))))
            .collect();
        Out.line(cells.join("  ").trim_end())?;
    }
    Ok(())
}

/// A line a key.
pub(super) fn one(loaded: &Loaded, at: usize, site: &SiteConfig) -> Done {
    let object = object(loaded, at, site);
    for key in ORDER {
        let value = &object[*key];
        let words = match value {
            Value::String(words) => words.clone(),
            Value::Bool(on) => if *on { "on" } else { "off" }.to_owned(),
            Value::Array(all) if all.is_empty() => "none".to_owned(),
            Value::Array(all) => {
                all.iter().map(|v| v.as_str().unwrap_or_default()).collect::<Vec<_>>().join(", ")
            }
            other => other.to_string(),
        };
        Out.line(&inert(&format!("{key:<18}{words}")))?;
    }
    Ok(())
}
