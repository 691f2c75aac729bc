//! The configuration read again under open sockets.
//!
//! Invariant: either everything in the file holds from now on, or nothing changed and the words say why. What only a start
//! can change is named and left as it is. Refused here: deciding when (a signal, a command).

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::bells::Bells;
use super::live::Live;
use super::shared::Shared;
use super::{ConfigError, ServerConfig};
use crate::log::audit::{Actor, Deed, Entry, Target};

/// Reads the configuration again. Cheap to clone; reloads run one after the other.
#[derive(Clone)]
pub struct Reloader {
    shared: Arc<Shared>,
    bells: Arc<Mutex<Bells>>,
    /// What holds now.
    config: Arc<tokio::sync::Mutex<ServerConfig>>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// There is no file.
    #[error(
        "the server runs without a configuration file, so there is nothing to read again; start it with --config FILE"
    )]
    NoFile,
    /// The file cannot be used.
    #[error("{0}. Nothing was changed: the configuration before goes on")]
    Config(#[from] ConfigError),
    /// Something else went wrong.
    #[error("{0}. Nothing was changed: the configuration before goes on")]
    Failed(String),
    /// The server is on its way down.
    #[error("the server is stopping")]
    Stopping,
}

/// What a reload did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reloaded {
    /// The file.
    pub file: PathBuf,
    /// What holds now and did not before, in words; empty: nothing that can be told apart.
    pub changed: Vec<String>,
    /// Keys that another start is needed for, with why.
    pub restart: Vec<String>,
}

impl fmt::Display for Reloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was read again: {}", self.file.display(), self.changed.join("; "))?;
        if !self.restart.is_empty() {
            write!(f, ". Only a restart changes: {}", self.restart.join("; "))?;
        }
        Ok(())
    }
}

impl Reloader {
    pub(super) fn new(shared: Arc<Shared>, bells: Arc<Mutex<Bells>>, config: ServerConfig) -> Self {
        Self { shared, bells, config: Arc::new(tokio::sync::Mutex::new(config)) }
    }

    /// Reads the file again, builds everything it says, and lets it hold from now on: sites with their docs, texts, origins
    /// and rules; limits; webhooks; the certificate; proxies and networks. No socket is dropped. Sockets that are open keep
    /// the frame size they were opened with, and consoles hear heartbeats as often as leases need; limits on their number
    /// hold for the next one.
    ///
    /// It goes into the audit trail as done `by` them.
    ///
    /// # Errors
    /// [`ReloadError`]: nothing was changed.
    pub async fn reload(&self, by: Actor) -> Result<Reloaded, ReloadError> {
        let done = self.read_again().await;
        if let Ok(done) = &done {
            let what = Target::Setting { key: "*".into() };
            let now = json!({ "changed": done.changed, "restart": done.restart });
            let entry = Entry::new(by, Deed::Reloaded, what).with(Value::Null, now);
            if let Err(refusal) = self.shared.engine.audit(entry).await {
                // What holds, holds; that it is not in the trail is said.
                tracing::error!(?refusal, "a reload could not be noted in the audit trail");
            }
        }
        self.shared.meters.reloaded(done.is_ok());
        done
    }

    async fn read_again(&self) -> Result<Reloaded, ReloadError> {
        let mut before = self.config.lock().await;
        if self.shared.is_draining() {
            return Err(ReloadError::Stopping);
        }
        let file = before.file.clone().ok_or(ReloadError::NoFile)?;
        let path = file.clone();
        // Docs are read and indexed here; that may take a while.
        let after = tokio::task::spawn_blocking(move || ServerConfig::load(&path))
            .await
            .map_err(|e| ReloadError::Failed(format!("{} could not be read: {e}", file.display())))??;
        // The one thing that can still fail comes first.
        let hooks = after.webhooks.clone();
        let (begun, ended) = self
            .bells
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .set(hooks)
            .map_err(|e| ReloadError::Failed(format!("webhooks cannot be sent: {e:#}")))?;
        self.shared.engine.reconfigure(&after.sites, after.limits, after.capacity);
        self.shared.engine.keep(after.keep);
        if let Some(admission) = self.shared.admission.upgrade() {
            admission.set(&after.limits);
        }
        self.shared.set_live(Live::of(&after));
        let mut changed = differences(&before, &after);
        if begun + ended > 0 {
            changed.push(format!("webhooks: {begun} begun, {ended} ended"));
        }
        let restart = needs_restart(&before, &after);
        // What needs a restart is named until there is one.
        let (listen, log) = (before.listen, before.log);
        *before = after;
        (before.listen, before.log) = (listen, log);
        Ok(Reloaded { file, changed, restart })
    }
}

fn differences(before: &ServerConfig, after: &ServerConfig) -> Vec<String> {
    let names = |c: &ServerConfig| c.sites.iter().map(|s| s.id.to_string()).collect::<Vec<_>>();
    let (old, new) = (names(before), names(after));
    let added: Vec<&str> = new.iter().filter(|s| !old.contains(s)).map(String::as_str).collect();
    let removed: Vec<&str> = old.iter().filter(|s| !new.contains(s)).map(String::as_str).collect();
    let mut changed = vec![format!("sites {} with {} pages of docs", new.join(", "), after.docs.len())];
    if !added.is_empty() {
        changed.push(format!("added: {}", added.join(", ")));
    }
    if !removed.is_empty() {
        changed
            .push(format!("removed: {}; their conversations stay and take nothing new", removed.join(", ")));
    }
    let different = [
        (before.limits != after.limits, "limits"),
        (before.capacity != after.capacity, "agents.capacity"),
        (before.keep != after.keep, "keep"),
        (before.door != after.door, "who may come, and by which proxies"),
        (before.log.texts != after.log.texts, "log.texts"),
    ];
    changed.extend(different.into_iter().filter(|(is, _)| *is).map(|(_, what)| format!("{what} changed")));
    let tls = |c: &ServerConfig| c.tls.as_ref().map(|t| t.files().clone());
    match (tls(before), tls(after)) {
        (None, None) => {}
        (None, Some(_)) => changed.push("TLS is on".into()),
        (Some(_), None) => changed.push("TLS is off".into()),
        (Some(_), Some(files)) => changed.push(format!("certificate {}", files.cert.display())),
    }
    changed
}

fn needs_restart(before: &ServerConfig, after: &ServerConfig) -> Vec<String> {
    let mut restart = Vec::new();
    if before.listen != after.listen {
        restart.push("server.listen (the address it listens on)".to_owned());
    }
    if (before.log.format, before.log.level) != (after.log.format, after.log.level) {
        restart.push("log.format and log.level".to_owned());
    }
    if before.mail.is_some() || after.mail.is_some() {
        restart.push("mail, where it changed".to_owned());
    }
    restart
}
