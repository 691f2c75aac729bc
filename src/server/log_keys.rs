//! `[log]`: how the server's log is written. Who writes it is the command line's business.

use std::path::Path;

use serde::Deserialize;

/// What a log line looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// An object a line, for programs.
    Json,
}

/// The least a line must matter to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Something is broken.
    Error,
    /// Something wants mending.
    Warn,
    /// What happens seldom.
    #[default]
    Info,
    /// What happens to connections.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The word in the file.
    pub fn word(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }
}

/// `[log]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// What a line looks like; `--log-format` wins.
    pub format: LogFormat,
    /// What is written; `BATON_LOG` wins.
    pub level: LogLevel,
    /// Whether what people write is written into the log, too.
    pub texts: bool,
}

impl LogConfig {
    /// What a file says of the log, before anything else of it is read: so that what is said while it is read is written as
    /// it asks. The defaults where it cannot be used; the file's own errors come when it is read in full.
    pub fn peek(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let table: toml::Table = text.parse().unwrap_or_default();
        table.get("log").and_then(|log| log.clone().try_into().ok()).unwrap_or_default()
    }
}
