//! `[keys]` of `console.toml`: which key does what.
//!
//! A section a place, a line a command: `resolve = "E"`, `resolve = ["E", "ctrl-e"]`, or `resolve = []` for no key there.
//! What it says replaces the command's keys in that place and takes its keys from whoever had them by default.
//! Refused here, with the line: what [`Keymap::build`] refuses.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use toml::Spanned;

use crate::console::app::command::Where;
use crate::console::app::keymap::Keymap;
use crate::console::app::presets::Preset;
use crate::console::app::remap::Remap;
use crate::settings::{ConfigError, Source};

/// `[keys]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    /// The keys to begin with.
    pub preset: Preset,
    /// In list and conversation.
    pub panes: Section,
    /// In the list.
    pub list: Section,
    /// In the conversation.
    pub conversation: Section,
    /// In the composer.
    pub composer: Section,
    /// Everywhere, also while something lies over the panes.
    pub everywhere: Section,
}

/// A command's name and its keys.
pub type Section = BTreeMap<Spanned<String>, Spanned<Given>>;

/// One key or several.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// `"E"`.
    One(String),
    /// `["E", "ctrl-e"]`.
    Several(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Given;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key such as \"e\", or a list of keys")
            }

            fn visit_str<E>(self, key: &str) -> Result<Given, E> {
                Ok(Given::One(key.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Given, A::Error> {
                let mut keys = Vec::new();
                while let Some(key) = seq.next_element()? {
                    keys.push(key);
                }
                Ok(Given::Several(keys))
            }
        }
        deserializer.deserialize_any(Keys)
    }
}

impl Keys {
    /// What the agent changed, in the order of the file.
    pub fn remaps(&self) -> Vec<Remap> {
        let mut out: Vec<Remap> = Vec::new();
        for place in Where::ALL {
            let section = match place {
                Where::Panes => &self.panes,
                Where::List => &self.list,
                Where::Conversation => &self.conversation,
                Where::Composer => &self.composer,
                Where::Everywhere => &self.everywhere,
            };
            for (command, given) in section {
                let keys = match given.get_ref() {
                    Given::One(key) => vec![(key.clone(), given.span().start)],
                    Given::Several(keys) => {
                        keys.iter().map(|key| (key.get_ref().clone(), key.span().start)).collect()
                    }
                };
                out.push(Remap { place, command: command.get_ref().clone(), keys, at: command.span().start });
            }
        }
        out.sort_by_key(|remap| remap.at);
        out
    }

    /// The keys that hold.
    ///
    /// # Errors
    /// All that is wrong, each with its line, in the order of the file.
    pub fn keymap(&self, source: Source<'_>) -> Result<Keymap, Vec<ConfigError>> {
        let line = |at: usize| source.text.get(..at).unwrap_or_default().matches('\n').count() + 1;
        Keymap::build(self.preset, &self.remaps()).map_err(|troubles| {
            let placed = troubles.iter().map(|trouble| ConfigError {
                file: source.file.to_owned(),
                line: Some(line(trouble.at)),
                key: Some(format!("keys.{}.{}", trouble.place.section(), trouble.command)),
                message: trouble.words(line),
            });
            placed.collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::console::app::keymap::{Meaning, Mode};
    use crate::console::config::Config;

    fn error(text: &str) -> String {
        Config::parse(Path::new("console.toml"), text).expect_err("it is wrong").to_string()
    }

    #[test]
    fn a_preset_and_both_ways_to_write_keys() {
        let text = "[keys]\npreset = \"vim\"\n[keys.panes]\nresolve = \"E\"\nnote = [\"n\", \"g n\"]\n";
        let config = Config::parse(Path::new("console.toml"), text).expect("it is right");
        let map = Keymap::build(config.keys.preset, &config.keys.remaps()).expect("it is right");
        assert_eq!(map.base(), Preset::Vim);
        for (spelt, name) in [("E", "resolve"), ("g n", "note"), ("g g", "top"), ("n", "note")] {
            let keys: Vec<_> = spelt.split(' ').map(|key| key.parse().expect("parses")).collect();
            let meaning = map.look(Mode::List, &keys[..keys.len() - 1], keys[keys.len() - 1]);
            assert!(matches!(meaning, Meaning::Command(spec) if spec.name == name), "{spelt}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_file_line_and_key() {
        for (text, words) in [
            (
                "[keys.panes]\n\nresolv = \"E\"\n",
                "console.toml, line 3, key `keys.panes.resolv`: there is no command `resolv`; did you mean `resolve`?",
            ),
            (
                "[keys.panes]\nresolve = [\n  \"E\",\n  \"ctrl-spce\",\n]\n",
                "console.toml, line 4, key `keys.panes.resolve`: “ctrl-spce” is no key; did you mean `space`?",
            ),
            (
                "[keys.panes]\nresolve = \"E\"\n[keys.list]\ntags = \"E\"\n",
                "console.toml, line 4, key `keys.list.tags`: E is `resolve` already, on line 2;",
            ),
            (
                "[keys.panes]\ntop = \"g g\"\ntags = \"g\"\n",
                "console.toml, line 3, key `keys.panes.tags`: g cannot be a command while g g begins with it: see `top` on line 2",
            ),
            (
                "[keys.composer]\nmacro = \"m\"\n",
                "line 2, key `keys.composer.macro`: `m` is text in the composer",
            ),
            (
                "[keys.panes]\nhelp = []\n",
                "line 2, key `keys.panes.help`: `help` would have no key left in the list",
            ),
            (
                "[keys]\npreset = \"vi\"\n",
                "line 2, key `keys.preset`: \"vi\" is not possible here; did you mean \"vim\"?",
            ),
            ("[keys.pane]\n", "there is no key `pane` here; did you mean `panes`?"),
            ("[keys.panes]\nresolve = 3\n", "line 2, key `keys.panes.resolve`"),
            ("[keys.panes]\nresolv = \"E\"\nnot = \"N\"\n", "(and 1 more: `baton keys --check` shows all)"),
            ("[keys.panes]\nnote = \"N\"\nnote = \"M\"\n", "line 3"),
            ("[keys\n", "line 1"),
        ] {
            let said = error(text);
            assert!(said.contains(words), "{text}: {said}");
        }
    }
}
