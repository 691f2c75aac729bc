//! The console's own settings: `console.toml`, one file a section.
//!
//! Every key has a default and stands in `assets/console.toml`. Invariant: a broken file never keeps the console from
//! opening; it opens with the defaults and says file, line and key. Refused here: the server's settings.

mod attention;
mod availability;
mod composer;
mod keys;
mod looks;

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::settings::{ConfigError, Source};

pub use attention::{Attention, Class, Loud, Loudness, Notify, Quiet};
pub use availability::Availability;
pub use composer::Composer;
pub use keys::Keys;
pub use looks::Looks;

/// Everything in `console.toml`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `[keys]`: which key does what.
    pub keys: Keys,
    /// `[composer]`: writing.
    pub composer: Composer,
    /// `[attention]`: how a waiting visitor is told of.
    pub attention: Attention,
    /// `[availability]`: Available and Away.
    pub availability: Availability,
    /// `[looks]`: what is drawn with.
    pub looks: Looks,
}

impl Config {
    /// Reads settings strictly.
    ///
    /// # Errors
    /// An unknown key, a wrong value: with file, line, key and the nearest known one.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let source = Source { file, text };
        toml::from_str(text).map_err(|e| source.toml(&e))
    }

    /// Reads the file, if there is one; none: the defaults.
    ///
    /// # Errors
    /// It cannot be read, or is wrong.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        match std::fs::read_to_string(file) {
            Ok(text) => Self::parse(file, &text),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(e) => {
                Err(Source { file, text: "" }
                    .whole(format!("it cannot be read ({e}); the defaults are used")))
            }
        }
    }
}

/// Where `console.toml` is looked for: `$XDG_CONFIG_HOME/baton/console.toml`. None where the system has no home folder.
pub fn default_file() -> Option<PathBuf> {
    use etcetera::BaseStrategy as _;
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.config_dir().join("baton").join("console.toml"))
}
