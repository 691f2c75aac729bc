//! The palette and the help: the command table, filtered by what one types, executable.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::command::{self, Spec};

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
    /// The commands that match, best first; all of them, in the table's order, while nothing is typed.
    pub fn matches(&self) -> Vec<&'static Spec> {
        let all = command::COMMANDS.iter().filter(|spec| self.all || !spec.title.is_empty());
        if self.query.trim().is_empty() {
            return all.collect();
        }
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(&self.query, CaseMatching::Ignore, Normalization::Smart);
        let mut buffer = Vec::new();
        let mut scored: Vec<(u32, &Spec)> = all
            .filter_map(|spec| {
                let text = format!("{} {} {}", spec.title, spec.name, spec.help);
                // A hit in the title outweighs one in the help.
                let title = pattern.score(Utf32Str::new(spec.title, &mut buffer), &mut matcher).unwrap_or(0);
                let whole = pattern.score(Utf32Str::new(&text, &mut buffer), &mut matcher)?;
                Some((whole + 2 * title, spec))
            })
            .collect();
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        scored.into_iter().map(|(_, spec)| spec).collect()
    }

    /// The command under the cursor.
    pub fn chosen(&self) -> Option<&'static Spec> {
        self.matches().get(self.at).copied()
    }

    /// Moves the cursor.
    pub fn step(&mut self, by: isize) {
        let last = self.matches().len().saturating_sub(1);
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
        for (query, name) in [("resolv", "resolve"), ("away", "availability"), ("hand back", "hand-back")] {
            let picker = Picker { query: query.to_owned(), ..Picker::default() };
            assert_eq!(picker.chosen().map(|spec| spec.name), Some(name), "{query}");
        }
        assert!(Picker { query: "zzzz".to_owned(), ..Picker::default() }.matches().is_empty());
        assert!(Picker::default().matches().len() > 20);
    }
}
