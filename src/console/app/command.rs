//! The command table: each command's name, help, keys, palette title and why it may be out of reach, once.
//!
//! Footer, help, palette and documents are made from it; which key means what is the [`super::keymap`]'s, built from these
//! rows. Invariant: names stand once; a command that cannot be carried out says why, in words that name the key that helps.

use super::availability as may;
use super::keymap::Mode;
use super::state::State;
pub use super::table::COMMANDS;
use crate::console::composer::Edit;

/// Where a key counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// Every place, in the order of documents.
    pub const ALL: [Where; 5] =
        [Where::Panes, Where::List, Where::Conversation, Where::Composer, Where::Everywhere];

    /// Its section in `console.toml`, below `keys`.
    pub fn section(self) -> &'static str {
        match self {
            Where::Panes => "panes",
            Where::List => "list",
            Where::Conversation => "conversation",
            Where::Composer => "composer",
            Where::Everywhere => "everywhere",
        }
    }

    /// Whether its keys count in a mode.
    pub fn holds(self, mode: Mode) -> bool {
        match self {
            Where::Panes => matches!(mode, Mode::List | Mode::Conversation),
            Where::List => mode == Mode::List,
            Where::Conversation => mode == Mode::Conversation,
            Where::Composer => mode == Mode::Composer,
            Where::Everywhere => true,
        }
    }

    /// Whether a character alone would be text there.
    pub fn types(self) -> bool {
        matches!(self, Where::Composer | Where::Everywhere)
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
    Block,
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
    CopyOther,
    NextMessage,
    PreviousMessage,
    Bare,
    FreeMouse,
    Pipe,
    Macro,
    RepeatMacro,
    Retry,
    Mail,
    Editor,
    OtherAudience,
    SendAndResolve,
    Unfold,
    Send,
    Newline,
    Edit(Edit),
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
    /// Its keys, where nothing says otherwise; several one after the other with spaces between.
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
}

/// The row of a command.
pub fn find(command: Command) -> Option<&'static Spec> {
    COMMANDS.iter().find(|spec| spec.command == command)
}

/// The row with a name.
pub fn named(name: &str) -> Option<&'static Spec> {
    COMMANDS.iter().find(|spec| spec.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
