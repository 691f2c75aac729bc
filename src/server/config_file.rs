//! `baton.toml` as written: every key, nothing else. `assets/default.toml` documents them all and is tested against this.

use serde::Deserialize;
use toml::Spanned;

use super::attention::WebhookKeys;
use super::log_keys::LogConfig;
use super::tls::TlsKeys;
use crate::connectors::mail::MailKeys;
use crate::conversation::{SiteId, Texts, Timings};
use crate::engine::Keep;
use crate::handoff::policy::{Level, WhenNobody};
use crate::protocol::Limits;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    pub(super) server: ServerKeys,
    pub(super) limits: Limits,
    pub(super) timings: Timings,
    pub(super) texts: Texts,
    pub(super) agents: AgentsKeys,
    pub(super) keep: KeepKeys,
    pub(super) site: Vec<SiteKeys>,
    pub(super) webhook: Vec<WebhookKeys>,
    pub(super) tls: Option<TlsKeys>,
    pub(super) log: LogConfig,
    pub(super) metrics: MetricsKeys,
    pub(super) mail: Option<MailKeys>,
}

/// `[server]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ServerKeys {
    /// Where to listen; `--listen` wins.
    pub(super) listen: Option<Spanned<String>>,
    /// What visitors call this server.
    pub(super) public_url: Option<Spanned<String>>,
    /// Whose `X-Forwarded-*` is believed.
    pub(super) trusted_proxies: Vec<Spanned<String>>,
    /// Who may come without TLS.
    pub(super) allow_plain: Vec<Spanned<String>>,
}

/// `[metrics]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct MetricsKeys {
    /// Who may read `/metrics`.
    pub(super) allow: Vec<Spanned<String>>,
}

/// `[agents]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AgentsKeys {
    /// Active conversations at most; 0: no limit.
    pub(super) capacity: u32,
}

/// `[keep]`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct KeepKeys {
    /// Free MiB below which a warning is given.
    min_free_mb: u32,
    /// Days; 0: never.
    resolved_days: u32,
    attachments_days: u32,
    trail_days: u32,
}

impl Default for KeepKeys {
    fn default() -> Self {
        Self { min_free_mb: 256, resolved_days: 0, attachments_days: 0, trail_days: 0 }
    }
}

impl From<KeepKeys> for Keep {
    fn from(keys: KeepKeys) -> Self {
        let KeepKeys { min_free_mb, resolved_days, attachments_days, trail_days } = keys;
        Self { min_free_mb: u64::from(min_free_mb), resolved_days, attachments_days, trail_days }
    }
}

/// One folder or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "docs is a folder, or a list of folders")]
pub(super) enum Folders {
    One(String),
    Several(Vec<String>),
}

impl Folders {
    pub(super) fn list(&self) -> &[String] {
        match self {
            Folders::One(one) => std::slice::from_ref(one),
            Folders::Several(all) => all,
        }
    }
}

/// One `[[site]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SiteKeys {
    pub(super) id: Spanned<SiteId>,
    pub(super) name: Option<String>,
    pub(super) greeting: Option<String>,
    pub(super) docs: Option<Spanned<Folders>>,
    #[serde(default)]
    pub(super) origins: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) loopback_origins: bool,
    #[serde(default = "yes")]
    pub(super) assistant: bool,
    #[serde(default)]
    pub(super) when_nobody: WhenNobody,
    #[serde(default)]
    pub(super) level: Level,
    #[serde(default)]
    pub(super) manual_only: bool,
    pub(super) failed_turns: Option<u32>,
    #[serde(default)]
    pub(super) keywords: Vec<String>,
    pub(super) restricted_topics: Option<Vec<String>>,
    pub(super) url: Option<Spanned<String>>,
    #[serde(default = "yes")]
    pub(super) mail: bool,
    pub(super) mail_from: Option<Spanned<String>>,
    pub(super) mail_reply_to: Option<Spanned<String>>,
}

fn yes() -> bool {
    true
}
