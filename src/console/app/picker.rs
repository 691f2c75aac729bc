//! The palette and the help: the command table, filtered by what one types, executable.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::command::{self, Spec};
use super::key::Sequence;
use super::keymap::Keymap;
use super::line;

/// A filter over the commands and a cursor in what it leaves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picker {
    /// What was typed.
    pub query: String,
    /// Index into [`Picker::matches`].
    pub at: usize,
    /// Also what the palette does not offer (moving, sending, …): the help.
    pub all: bool,
}

impl Picker {
    /// The commands that match, best first; all of them, in the table's order, while nothing is typed. A name or a key
    /// written out comes before all others.
    pub fn matches(&self, keymap: &Keymap) -> Vec<&'static Spec> {
        let all = command::COMMANDS.iter().filter(|spec| self.all || !spec.title.is_empty());
        let query = self.query.trim().trim_start_matches(':');
        if query.is_empty() {
            return all.collect();
        }
        let named = line::named(query).map(|spec| spec.command);
        let keys = query.parse::<Sequence>().ok().filter(|_| self.all);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(query, CaseMatching::Ignore, Normalization::Smart);
        let mut buffer = Vec::new();
        let mut scored: Vec<((bool, u32), &Spec)> = all
            .filter_map(|spec| {
                let pressed = keys
                    .as_ref()
                    .is_some_and(|keys| keymap.bound(spec.command).iter().any(|bound| bound.keys == *keys));
                let exact = named == Some(spec.command) || pressed;
                let text = format!("{} {} {}", spec.title, spec.name, spec.help);
                // A hit in the title outweighs one in the help.
                let title = pattern.score(Utf32Str::new(spec.title, &mut buffer), &mut matcher).unwrap_or(0);
                let whole = pattern.score(Utf32Str::new(&text, &mut buffer), &mut matcher);
                if whole.is_none() && !exact {
                    return None;
                }
                Some(((exact, whole.unwrap_or(0) + 2 * title), spec))
            })
            .collect();
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        scored.into_iter().map(|(_, spec)| spec).collect()
    }

    /// The command under the cursor.
    pub fn chosen(&self, keymap: &Keymap) -> Option<&'static Spec> {
        self.matches(keymap).get(self.at).copied()
    }

    /// Moves the cursor.
    pub fn step(&mut self, keymap: &Keymap, by: isize) {
        let last = self.matches(keymap).len().saturating_sub(1);
        self.at = self.at.saturating_add_signed(by).min(last);
    }

    /// Types a character.
    pub fn type_char(&mut self, c: char) {
        self.query.push(c);
        self.at = 0;
    }

    /// Takes one back.
    pub fn backspace(&mut self) {
        self.query.pop();
        self.at = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_match_comes_first() {
        let map = Keymap::default();
        for (query, name) in [
            ("resolv", "resolve"),
            ("availab", "availability"),
            ("away", "away"),
            ("hand back", "hand-back"),
            ("q", "quit"),
            (":q", "quit"),
        ] {
            let picker = Picker { query: query.to_owned(), ..Picker::default() };
            assert_eq!(picker.chosen(&map).map(|spec| spec.name), Some(name), "{query}");
        }
        assert!(Picker { query: "zzzz".to_owned(), ..Picker::default() }.matches(&map).is_empty());
        assert!(Picker::default().matches(&map).len() > 20);
    }

    #[test]
    fn the_help_finds_a_key() {
        let vim = Keymap::preset(crate::console::app::presets::Preset::Vim);
        for (map, query, name) in
            [(&Keymap::default(), "z", "snooze"), (&vim, "d d", "resolve"), (&vim, "ctrl-x ctrl-e", "editor")]
        {
            let picker = Picker { query: query.to_owned(), all: true, at: 0 };
            assert_eq!(picker.chosen(map).map(|spec| spec.name), Some(name), "{query}");
        }
    }
}
