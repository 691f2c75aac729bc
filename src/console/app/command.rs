//! The command table: each command's name, help, keys, palette title and why it may be out of reach, once.
//!
//! Keys, footer, help, palette and the README's key table are made from it. Invariant: within a context no key stands
//! twice; a command that cannot be carried out says why, in words that name the key that helps.

use std::fmt::Write as _;

use super::availability as may;
use super::key::Key;
use super::state::{Focus, State};
pub use super::table::COMMANDS;

/// Where a key counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// The list and the conversation.
    Panes,
    /// The list.
    List,
    /// The conversation.
    Conversation,
    /// The composer.
    Composer,
    /// Everywhere, also while something lies over the panes.
    Everywhere,
}

impl Where {
    fn holds(self, focus: Focus) -> bool {
        match self {
            Where::Panes => focus != Focus::Composer,
            Where::List => focus == Focus::List,
            Where::Conversation => focus == Focus::Conversation,
            Where::Composer => focus == Focus::Composer,
            Where::Everywhere => true,
        }
    }

    /// The word in the README's table.
    fn word(self) -> &'static str {
        match self {
            Where::Panes => "list, conversation",
            Where::List => "list",
            Where::Conversation => "conversation",
            Where::Composer => "composer",
            Where::Everywhere => "everywhere",
        }
    }
}

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is described once, in the table below")]
pub enum Command {
    Down,
    Up,
    Top,
    Bottom,
    PageDown,
    PageUp,
    Tab(u8),
    NextTab,
    PreviousTab,
    Open,
    Peek,
    Back,
    Settle,
    Accept,
    Reply,
    Note,
    Hello,
    Resolve,
    Reopen,
    Undo,
    HandBack,
    Availability,
    Card,
    Search,
    Palette,
    Help,
    Release,
    Transfer,
    Snooze,
    ResolveNext,
    NextWaiting,
    Tags,
    Priority,
    Mark,
    MarkAll,
    Sites,
    Away,
    PanelDown,
    PanelUp,
    Earlier,
    Why,
    Copy,
    OpenLink,
    Bare,
    FreeMouse,
    Pipe,
    Macro,
    RepeatMacro,
    Retry,
    Editor,
    OtherAudience,
    SendAndResolve,
    Unfold,
    Send,
    Newline,
    Leave,
    Suspend,
    Redraw,
    Quit,
}

/// A row of the table.
#[derive(Debug)]
pub struct Spec {
    /// What it is.
    pub command: Command,
    /// Its name in configuration and documents.
    pub name: &'static str,
    /// One line for help and footer tips.
    pub help: &'static str,
    /// Its title in the palette; empty: not offered there.
    pub title: &'static str,
    /// The word in the footer; empty: not shown there.
    pub footer: &'static str,
    /// Its keys.
    pub keys: &'static [(Where, &'static str)],
    /// Changes something others see: refused in the middle of a burst of keys, which is what a paste looks like.
    pub guarded: bool,
    /// Whether it can be carried out now, or why not.
    pub availability: fn(&State) -> Result<(), &'static str>,
}

pub(super) const fn spec(
    command: Command,
    name: &'static str,
    title: &'static str,
    help: &'static str,
    keys: &'static [(Where, &'static str)],
) -> Spec {
    Spec { command, name, help, title, footer: "", keys, guarded: false, availability: may::always }
}

impl Spec {
    pub(super) const fn foot(mut self, word: &'static str) -> Self {
        self.footer = word;
        self
    }

    pub(super) const fn guarded(mut self) -> Self {
        self.guarded = true;
        self
    }

    pub(super) const fn when(mut self, availability: fn(&State) -> Result<(), &'static str>) -> Self {
        self.availability = availability;
        self
    }

    /// Its keys in a focus, as people write them, joined by `/`.
    pub fn keys_in(&self, focus: Focus) -> String {
        let keys = self.keys.iter().filter(|(place, _)| place.holds(focus));
        join(keys.map(|(_, key)| *key))
    }

    /// All of its keys.
    pub fn all_keys(&self) -> String {
        join(self.keys.iter().map(|(_, key)| *key))
    }
}

fn join(keys: impl Iterator<Item = &'static str>) -> String {
    let mut out = String::new();
    for key in keys {
        let shown = key.parse::<Key>().map_or_else(|_| key.to_owned(), |key| key.to_string());
        if !out.is_empty() {
            out.push('/');
        }
        out.push_str(&shown);
    }
    out
}

/// The row of a command.
pub fn find(command: Command) -> Option<&'static Spec> {
    COMMANDS.iter().find(|spec| spec.command == command)
}

/// What a key means in a focus.
pub fn lookup(focus: Focus, key: Key) -> Option<&'static Spec> {
    // Parsing some sixty short spellings takes less than a cell takes to draw.
    COMMANDS.iter().find(|spec| {
        spec.keys.iter().any(|(place, spelt)| place.holds(focus) && spelt.parse::<Key>() == Ok(key))
    })
}

/// What a key means while something lies over the panes.
pub fn lookup_everywhere(key: Key) -> Option<&'static Spec> {
    let everywhere =
        |(place, spelt): &(Where, &str)| *place == Where::Everywhere && spelt.parse::<Key>() == Ok(key);
    COMMANDS.iter().find(|spec| spec.keys.iter().any(everywhere))
}

/// The README's key table.
pub fn key_table_markdown() -> String {
    let mut out = String::from("| key | where | what |\n| --- | --- | --- |\n");
    for spec in COMMANDS {
        let mut places: Vec<Where> = Vec::new();
        for (place, _) in spec.keys {
            if !places.contains(place) {
                places.push(*place);
            }
        }
        for place in places {
            let keys: Vec<String> = spec
                .keys
                .iter()
                .filter(|(p, _)| *p == place)
                .filter_map(|(_, key)| key.parse::<Key>().ok())
                .map(|key| format!("`{key}`"))
                .collect();
            let _ = writeln!(out, "| {} | {} | {} |", keys.join(" "), place.word(), spec.help);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_parses_and_stands_once_in_a_focus() {
        for focus in [Focus::List, Focus::Conversation, Focus::Composer] {
            let mut seen: Vec<(Key, &str)> = Vec::new();
            for spec in COMMANDS {
                for (place, spelt) in spec.keys {
                    let key: Key = spelt.parse().expect("a key in the table parses");
                    if !place.holds(focus) {
                        continue;
                    }
                    let twice = seen.iter().find(|(k, _)| *k == key);
                    assert_eq!(twice, None, "{spelt} of {} in {focus:?}", spec.name);
                    seen.push((key, spec.name));
                }
            }
        }
    }

    #[test]
    fn names_are_unique_and_everything_says_what_it_does() {
        for (index, spec) in COMMANDS.iter().enumerate() {
            assert!(
                COMMANDS[..index]
                    .iter()
                    .all(|other| other.name != spec.name && other.command != spec.command)
            );
            assert!(!spec.help.is_empty());
        }
    }

    #[test]
    fn the_issues_keys_are_there() {
        let key = |s: &str| s.parse::<Key>().expect("parses");
        for (spelt, command) in [
            ("a", Command::Accept),
            ("e", Command::Resolve),
            ("R", Command::Reopen),
            ("u", Command::Undo),
            ("b", Command::HandBack),
            ("H", Command::Hello),
            ("~", Command::Availability),
            ("/", Command::Search),
            (":", Command::Palette),
            ("ctrl-k", Command::Palette),
            ("?", Command::Help),
            ("q", Command::Quit),
            ("3", Command::Tab(2)),
            ("tab", Command::NextTab),
        ] {
            for focus in [Focus::List, Focus::Conversation] {
                assert_eq!(lookup(focus, key(spelt)).map(|s| s.command), Some(command), "{spelt}");
            }
        }
        assert_eq!(lookup(Focus::Composer, key("a")).map(|s| s.command), None);
        assert_eq!(lookup(Focus::Composer, key("enter")).map(|s| s.command), Some(Command::Send));
    }

    #[test]
    fn the_readme_table_has_a_row_for_each_place() {
        let table = key_table_markdown();
        assert!(
            table
                .contains("| `a` | list, conversation | take the conversation; the assistant falls silent |")
        );
        assert!(table.contains("| `Ctrl-J` `Alt-Enter` `Shift-Enter` | composer | begin a new line |"));
    }
}
