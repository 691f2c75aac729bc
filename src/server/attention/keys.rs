//! `[[webhook]]` of `baton.toml`, and what it becomes.

use std::path::Path;

use reqwest::Url;
use serde::Deserialize;
use toml::Spanned;

use super::{Secret, Webhook};
use crate::conversation::SiteId;
use crate::server::ConfigError;
use crate::settings::Source;

/// One `[[webhook]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::server) struct WebhookKeys {
    url: Spanned<String>,
    secret_file: Option<Spanned<String>>,
    secret_env: Option<Spanned<String>>,
    #[serde(default)]
    after_s: u32,
    #[serde(default = "a_minute")]
    repeat_s: u32,
    escalate_after_s: Option<Spanned<u32>>,
    escalate_url: Option<Spanned<String>>,
    #[serde(default)]
    sites: Vec<Spanned<SiteId>>,
    #[serde(default = "both")]
    events: Vec<EventKind>,
    #[serde(default)]
    include_text: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum EventKind {
    #[serde(rename = "handoff.waiting")]
    Waiting,
    #[serde(rename = "handoff.cleared")]
    Cleared,
}

fn a_minute() -> u32 {
    60
}

fn both() -> Vec<EventKind> {
    vec![EventKind::Waiting, EventKind::Cleared]
}

/// Checks one webhook and reads its secret. `base`: the folder its file is relative to; `sites`: those there are.
///
/// # Errors
/// What cannot be used, with its place.
pub(in crate::server) fn build(
    source: Source<'_>,
    base: &Path,
    keys: &WebhookKeys,
    sites: &[SiteId],
) -> Result<Webhook, ConfigError> {
    let address =
        |given: &Spanned<String>| address(given.get_ref()).map_err(|why| source.at(given.span().start, why));
    for site in &keys.sites {
        if !sites.contains(site.get_ref()) {
            let words = format!("there is no site {}; a webhook names sites of this file", site.get_ref());
            return Err(source.at(site.span().start, words));
        }
    }
    let (secret, at) = match (&keys.secret_file, &keys.secret_env) {
        (Some(file), None) => {
            let path = base.join(file.get_ref());
            let text = std::fs::read_to_string(&path).map_err(|e| {
                let words = format!("the secret {} cannot be read: {e}", path.display());
                source.at(file.span().start, words)
            })?;
            (text, file.span().start)
        }
        (None, Some(name)) => {
            let text = std::env::var(name.get_ref()).map_err(|_| {
                let words = format!("the environment has no {}; set it, or give secret_file", name.get_ref());
                source.at(name.span().start, words)
            })?;
            (text, name.span().start)
        }
        (Some(_), Some(env)) => {
            return Err(source.at(env.span().start, "give secret_file or secret_env, not both"));
        }
        (None, None) => {
            let words = "a webhook needs a secret to sign with: give secret_file or secret_env";
            return Err(source.at(keys.url.span().start, words));
        }
    };
    let secret = Secret::parse(&secret).map_err(|why| source.at(at, why))?;
    if let (None, Some(url)) = (&keys.escalate_after_s, &keys.escalate_url) {
        return Err(
            source.at(url.span().start, "escalate_url needs escalate_after_s: after how many seconds")
        );
    }
    Ok(Webhook {
        secret,
        after_ms: i64::from(keys.after_s) * 1000,
        repeat_ms: i64::from(keys.repeat_s) * 1000,
        escalate_after_ms: keys.escalate_after_s.as_ref().map(|s| i64::from(*s.get_ref()) * 1000),
        escalate_url: keys.escalate_url.as_ref().map(address).transpose()?,
        sites: keys.sites.iter().map(|s| s.get_ref().clone()).collect(),
        waiting: keys.events.contains(&EventKind::Waiting),
        cleared: keys.events.contains(&EventKind::Cleared),
        include_text: keys.include_text,
        ..Webhook::to(address(&keys.url)?)
    })
}

fn address(given: &str) -> Result<Url, String> {
    let url: Url = given
        .parse()
        .map_err(|e| format!("{given:?} is no address: {e}; write it as \"https://example.com/hook\""))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(format!("{given:?} is no web address; it begins with https:// (or http://)"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "an address with a name or password in it is not taken; requests are signed instead".into()
        );
    }
    Ok(url)
}
