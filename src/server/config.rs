//! The server's configuration: from `baton.toml`, or the demonstration site that is shipped in the binary.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::attention::{self, Webhook};
use super::config_file::{File, SiteKeys};
use super::docs::DocsSource;
use super::door::{self, Door};
use super::log_keys::LogConfig;
use super::tls::{self, Tls};
use super::{ConfigError, DocsBook, normal_origin};
use crate::assistant::DocsResponder;
use crate::connectors::mail::MailConfig;
use crate::conversation::{Settings, SiteId, Texts, Timings};
use crate::engine::{EngineOptions, Keep, SiteConfig};
use crate::handoff::policy::{Policy, Routing, RoutingMode, WhenNobody};
use crate::knowledge::{Index, load_dir, load_embedded};
use crate::protocol::Limits;
use crate::settings::Source;

const GREETING: &str = "Hello! Ask me anything. I answer from our help pages, and can bring in a person.";

/// Everything [`super::run`] and the engine need to know.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The file it was read from; none: the demonstration's, which has none.
    pub file: Option<PathBuf>,
    /// Where to listen, if the file says so.
    pub listen: Option<SocketAddr>,
    /// Limits of the wire.
    pub limits: Limits,
    /// Active conversations an agent is meant to hold at most; 0: no limit.
    pub capacity: u32,
    /// The sites.
    pub sites: Vec<SiteConfig>,
    /// Help pages under `/docs/`.
    pub docs: DocsBook,
    /// Who is told that somebody waits.
    pub webhooks: Vec<Webhook>,
    /// Whose word about addresses is believed, and who may come without TLS.
    pub door: Door,
    /// TLS at our own door, if it is on.
    pub tls: Option<Tls>,
    /// How the log is written.
    pub log: LogConfig,
    /// What is kept and for how long.
    pub keep: Keep,
    /// How replies go out by mail, if they do.
    pub mail: Option<MailConfig>,
}

impl ServerConfig {
    /// The site `demo`, with the docs shipped in the binary, open to pages on this machine.
    pub fn demo() -> Self {
        Self::demo_site(&DocsSource::Shipped).expect("the shipped docs are tested")
    }

    /// The site `demo` with somebody's own pages.
    ///
    /// # Errors
    /// The folder is missing or holds nothing usable.
    pub fn demo_with_docs(folder: &Path) -> Result<Self, ConfigError> {
        let error = |message| ConfigError { file: folder.to_owned(), line: None, key: None, message };
        check_folder(folder).map_err(error)?;
        Self::demo_site(&DocsSource::Folders(vec![folder.to_owned()])).map_err(error)
    }

    fn demo_site(source: &DocsSource) -> Result<Self, String> {
        let mut docs = DocsBook::default();
        docs.add(source)?;
        let site = SiteConfig {
            id: SiteId::new("demo").expect("a plain word"),
            name: if matches!(source, DocsSource::Shipped) { "Varnholt Lights" } else { "Demo" }.into(),
            greeting: GREETING.into(),
            origins: Vec::new(),
            loopback_origins: true,
            settings: Settings::default(),
            policy: Policy::default(),
            index: build_index(source)?,
        };
        Ok(Self {
            file: None,
            listen: None,
            limits: Limits::default(),
            capacity: 0,
            sites: vec![site],
            docs,
            webhooks: Vec::new(),
            door: Door::default(),
            tls: None,
            log: LogConfig::default(),
            keep: Keep::default(),
            mail: None,
        })
    }

    /// Reads a file. Folders in it are relative to the folder it stands in.
    ///
    /// # Errors
    /// The file cannot be read, or what it says cannot be used.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|e| ConfigError {
            file: file.to_owned(),
            line: None,
            key: None,
            message: match e.kind() {
                std::io::ErrorKind::NotFound => "there is no such file; give its path with --config".into(),
                std::io::ErrorKind::InvalidData => "the file is not UTF-8 text".into(),
                _ => format!("the file cannot be read: {e}"),
            },
        })?;
        Self::parse(file, &text)
    }

    /// Parses a file's text; `file` names it in errors, and its folder is what paths are relative to.
    ///
    /// # Errors
    /// What it says cannot be used.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let source = Source { file, text };
        let keys: File = toml::from_str(text).map_err(|e| source.toml(&e))?;
        check_limits(source, &keys.limits)?;
        check_timings(source, &keys.timings)?;
        let listen = match &keys.server.listen {
            None => None,
            Some(listen) => Some(listen.get_ref().parse().map_err(|_| {
                source.at(
                    listen.span().start,
                    "not an address to listen on; write it as \"127.0.0.1:7842\" or \"[::1]:7842\"",
                )
            })?),
        };
        if keys.site.is_empty() {
            return Err(source.whole("no site is configured; add one:\n    [[site]]\n    id = \"shop\""));
        }
        let base = file.parent().unwrap_or(Path::new(""));
        let mut seen = HashSet::new();
        let mut docs = DocsBook::default();
        let mut sites = Vec::new();
        for site in &keys.site {
            if !seen.insert(site.id.get_ref().clone()) {
                let message = format!("site {} is configured twice; ids are unique", site.id.get_ref());
                return Err(source.at(site.id.span().start, message));
            }
            sites.push(build_site(source, base, site, &keys, &mut docs)?);
        }
        let ids: Vec<SiteId> = sites.iter().map(|s| s.id.clone()).collect();
        let webhooks = keys.webhook.iter().map(|hook| attention::build(source, base, hook, &ids));
        let webhooks = webhooks.collect::<Result<_, _>>()?;
        let mail = super::config_mail::build(source, base, &keys)?;
        let s = &keys.server;
        let door = door::build(
            source,
            s.public_url.as_ref(),
            &s.trusted_proxies,
            &s.allow_plain,
            &keys.metrics.allow,
        )?;
        let tls = keys.tls.as_ref().map(|keys| tls::build(source, base, keys)).transpose()?;
        Ok(Self {
            file: Some(file.to_owned()),
            listen,
            limits: keys.limits,
            capacity: keys.agents.capacity,
            sites,
            docs,
            webhooks,
            door,
            tls,
            log: keys.log,
            keep: keys.keep.into(),
            mail,
        })
    }

    /// What the engine is started with.
    pub fn engine_options(&self, data: PathBuf) -> EngineOptions {
        EngineOptions {
            data,
            sites: self.sites.clone(),
            limits: self.limits,
            capacity: self.capacity,
            responder: Arc::new(DocsResponder),
        }
    }
}

fn build_site(
    source: Source<'_>,
    base: &Path,
    site: &SiteKeys,
    keys: &File,
    docs: &mut DocsBook,
) -> Result<SiteConfig, ConfigError> {
    let mut origins = Vec::new();
    for origin in &site.origins {
        let normal = normal_origin(origin.get_ref())
            .map_err(|why| source.at(origin.span().start, format!("{:?}: {why}", origin.get_ref())))?;
        origins.push(normal);
    }
    let index = match &site.docs {
        None => Arc::new(Index::default()),
        Some(folders) => {
            let at = |message: String| source.at(folders.span().start, message);
            let mut paths = Vec::new();
            for folder in folders.get_ref().list() {
                let path = base.join(folder);
                check_folder(&path).map_err(at)?;
                paths.push(path);
            }
            let from = DocsSource::Folders(paths);
            docs.add(&from).map_err(at)?;
            build_index(&from).map_err(at)?
        }
    };
    let id = site.id.get_ref().clone();
    Ok(SiteConfig {
        name: site.name.clone().unwrap_or_else(|| id.to_string()),
        greeting: site.greeting.clone().unwrap_or_else(|| GREETING.to_owned()),
        origins,
        loopback_origins: site.loopback_origins,
        settings: settings(site, &keys.limits, keys.timings, keys.texts.clone()),
        policy: build_policy(site),
        index,
        id,
    })
}

fn settings(site: &SiteKeys, limits: &Limits, timings: Timings, texts: Texts) -> Settings {
    Settings {
        assistant_on: site.assistant,
        tickets: site.when_nobody == WhenNobody::Ticket,
        max_message_bytes: limits.message_bytes,
        timings,
        texts,
    }
}

/// The site's handoff policy, out of its keys.
fn build_policy(site: &SiteKeys) -> Policy {
    let default = Policy::default();
    Policy {
        level: site.level,
        when_nobody: site.when_nobody,
        routing: Routing {
            mode: if site.manual_only { RoutingMode::ManualOnly } else { RoutingMode::Auto },
            failed_turns: site.failed_turns,
            keywords: site.keywords.clone(),
        },
        restricted_topics: site
            .restricted_topics
            .clone()
            .unwrap_or_else(|| default.restricted_topics.clone()),
        ..default
    }
}

/// The one place where docs become an index the assistant answers from. Pages that cannot be used are named in the log.
///
/// # Errors
/// In words: what is wrong with the folder.
pub fn build_index(source: &DocsSource) -> Result<Arc<Index>, String> {
    let mut passages = Vec::new();
    let mut warnings = Vec::new();
    match source {
        DocsSource::Shipped => {
            let files = super::docs::shipped();
            (passages, warnings) = load_embedded(&files);
        }
        DocsSource::Folders(folders) => {
            for folder in folders {
                let (found, skipped) = load_dir(folder).map_err(|e| e.to_string())?;
                passages.extend(found);
                warnings.extend(skipped);
            }
        }
    }
    for passage in &mut passages {
        // A page without an address of its own is shown by this server.
        passage.url.get_or_insert_with(|| format!("/docs/{}", passage.page));
    }
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    Ok(Arc::new(Index::new(passages)))
}

fn check_folder(path: &Path) -> Result<(), String> {
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_dir() => Ok(()),
        Ok(_) => Err(format!("{} is a file, not a folder; docs is a folder of pages", path.display())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(format!(
            "the docs folder {} does not exist; paths are relative to the configuration file",
            path.display()
        )),
        Err(e) => Err(format!("the docs folder {} cannot be read: {e}", path.display())),
    }
}

fn check_limits(source: Source<'_>, l: &Limits) -> Result<(), ConfigError> {
    let bad = |key: &str, why: &str| Err(source.at_key("limits", key, why));
    if l.message_bytes == 0 {
        return bad("message_bytes", "a message of 0 bytes says nothing; the default is 8192");
    }
    if l.message_bytes > 256 * 1024 {
        return bad("message_bytes", "at most 262144: the transcript is shown in a terminal");
    }
    if l.frame_bytes < l.message_bytes + 1024 {
        return bad("frame_bytes", "a frame holds a message and its JSON: at least message_bytes + 1024");
    }
    if l.frame_bytes > 1024 * 1024 {
        return bad("frame_bytes", "at most 1048576: every socket may fill one");
    }
    if !(l.messages_per_second.is_finite() && l.messages_per_second > 0.0) {
        return bad("messages_per_second", "more than 0, or nobody can write");
    }
    for (key, value) in [
        ("message_burst", l.message_burst as usize),
        ("sockets_per_address", l.sockets_per_address),
        ("sockets", l.sockets),
        ("outbox_frames", l.outbox_frames),
    ] {
        if value == 0 {
            return bad(key, "at least 1");
        }
    }
    for (key, value) in [
        ("header_ms", l.header_ms),
        ("auth_ms", l.auth_ms),
        ("heartbeat_ms", l.heartbeat_ms),
        ("lease_ms", l.lease_ms),
        ("write_ms", l.write_ms),
    ] {
        if !(100..=3_600_000).contains(&value) {
            return bad(key, "milliseconds, from 100 to 3600000 (an hour)");
        }
    }
    if l.lease_ms < l.heartbeat_ms * 2 {
        return bad(
            "lease_ms",
            "at least twice heartbeat_ms, or one late heartbeat ends an agent's presence",
        );
    }
    Ok(())
}

fn check_timings(source: Source<'_>, t: &Timings) -> Result<(), ConfigError> {
    let bad = |key: &str, why: &str| Err(source.at_key("timings", key, why));
    for (key, value) in [
        ("warn_after_ms", t.warn_after_ms),
        ("return_after_ms", t.return_after_ms),
        ("lease_return_ms", t.lease_return_ms),
        ("assistant_timeout_ms", t.assistant_timeout_ms),
        ("idle_resolve_ms", t.idle_resolve_ms),
        ("reopen_window_ms", t.reopen_window_ms),
    ] {
        if value <= 0 {
            return bad(key, "milliseconds, more than 0");
        }
    }
    if t.resolve_notice_ms < 0 {
        return bad("resolve_notice_ms", "milliseconds, 0 or more");
    }
    if t.return_after_ms < t.warn_after_ms {
        return bad("return_after_ms", "at least warn_after_ms: a warning after the return warns nobody");
    }
    Ok(())
}
