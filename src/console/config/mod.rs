//! The console's own settings: `console.toml`, one file a section.
//!
//! Every key has a default and stands in `assets/console.toml`. Invariant: a broken file never keeps the console from
//! opening; it opens with the defaults and says file, line and key. Refused here: the server's settings.

mod attention;
mod availability;
mod check;
mod composer;
mod keys;
mod looks;

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::settings::{ConfigError, Source};

pub use attention::{Attention, Class, Loud, Loudness, Notify, Quiet};
pub use availability::Availability;
pub use check::all as check;
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
    /// An unknown key, a wrong value: the first, with file, line, key and the nearest known one, how many more there are
    /// and what shows them.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let (config, errors) = check::all(file, text);
        let more = errors.len().saturating_sub(1);
        match errors.into_iter().next() {
            None => Ok(config),
            Some(mut first) => {
                if more > 0 {
                    first.message.push_str(&format!(" (and {more} more: `baton keys --check` shows all)"));
                }
                Err(first)
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../../assets/console.toml");

    /// The keys a section knows, as its reader names them when it meets another.
    fn known(section: &str) -> Vec<String> {
        let probe = format!("{section}\n\"no such key\" = 1\n");
        // (A place's keys are a map: it takes any name, and no number.)
        let error = toml::from_str::<Config>(&probe).expect_err("no section knows that").message().to_owned();
        if !error.starts_with("unknown field") {
            return Vec::new();
        }
        error.split('`').skip(3).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn the_shipped_file_says_the_defaults() {
        let shipped = Config::parse(Path::new("console.toml"), SHIPPED).expect("the shipped file is right");
        assert_eq!(shipped, Config::default());
    }

    #[test]
    fn the_shipped_file_with_its_comments_taken_in_is_right_too() {
        // `# key = value` is an example or a default that is not a value: both must be read.
        let shown = |l: &str| {
            let inner = l.strip_prefix("# ")?;
            let (key, _) = inner.split_once(" = ")?;
            key.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c == '_').then(|| inner.to_owned())
        };
        let text: Vec<String> = SHIPPED.lines().map(|l| shown(l).unwrap_or_else(|| l.to_owned())).collect();
        let config = Config::parse(Path::new("console.toml"), &text.join("\n")).expect("all can be taken in");
        let remaps = config.keys.remaps();
        assert!(remaps.len() > 50);
        let map =
            config.keys.keymap(Source { file: Path::new("x"), text: "" }).expect("the defaults are right");
        for class in Class::ALL {
            assert_eq!(config.attention.of(class), Attention::default().of(class), "{class:?}");
        }
        let plain = crate::console::app::keymap::Keymap::default();
        for spec in crate::console::app::command::COMMANDS {
            assert_eq!(map.bound(spec.command), plain.bound(spec.command), "{}", spec.name);
        }
    }

    #[test]
    fn every_key_of_every_section_stands_in_the_shipped_file() {
        let sections = known("");
        assert!(sections.len() >= 5, "{sections:?}");
        for section in sections {
            let head = format!("[{section}]");
            assert!(SHIPPED.lines().any(|l| l == head), "{head}");
            for key in known(&head) {
                let (value, default, table) =
                    (format!("{key} = "), format!("# {key} = "), format!("[{section}.{key}]"));
                let from = SHIPPED.find(&format!("{head}\n")).expect("found above");
                let stands = |l: &str| l.starts_with(&value) || l.starts_with(&default) || l == table;
                assert!(SHIPPED[from..].lines().any(stands), "{head} {key}");
                // A table of its own: its keys too.
                let below = format!("[{section}.{key}]");
                for inner in known(&below) {
                    let from = SHIPPED.find(&format!("{below}\n")).expect("a table of its own has its head");
                    let (value, default) = (format!("{inner} = "), format!("# {inner} = "));
                    let mut lines = SHIPPED[from..].lines().take_while(|l| !l.is_empty());
                    assert!(
                        lines.any(|l| l.starts_with(&value) || l.starts_with(&default)),
                        "{below} {inner}"
                    );
                }
            }
        }
    }
}
