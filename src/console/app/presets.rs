//! Presets: what differs from the table for people whose fingers know another program.
//!
//! The choices are of PAINS.md, section 1. Where a preset's key was another command's, that command loses it there; each
//! keeps a key or a palette title, and nothing essential needs Alt or Ctrl-Enter (tests below). Left out on purpose: keys
//! of those programs for what does not exist here (delete, spam, compose).

use serde::Deserialize;

use super::command::Where::{self, Composer, Conversation, List, Panes};

/// A set of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// The table's own.
    #[default]
    Default,
    /// As in vim.
    Vim,
    /// As in Gmail.
    Gmail,
}

/// In a place, a command's keys.
type Row = (Where, &'static str, &'static [&'static str]);

const VIM: &[Row] = &[
    (Panes, "top", &["g g", "home"]),
    (Panes, "reply", &["i", "r"]),
    (Panes, "page-down", &["ctrl-d", "pgdn", "ctrl-f"]),
    (Panes, "page-up", &["ctrl-u", "pgup", "ctrl-b"]),
    (Panes, "next-tab", &["g t", "tab"]),
    (Panes, "previous-tab", &["g T", "shift-tab"]),
    (Panes, "open-link", &["g x", "o"]),
    (Panes, "settle", &["z z", "="]),
    (Panes, "snooze", &["z s"]),
    (Panes, "resolve", &["d d", "e"]),
    (Panes, "resolve-next", &["d n", "]"]),
    (Panes, "copy", &["y y"]),
    (Panes, "quit", &["q", "Z Z"]),
    (Composer, "editor", &["ctrl-o", "ctrl-x ctrl-e"]),
];

const GMAIL: &[Row] = &[
    (Panes, "top", &["g g", "home"]),
    (List, "open", &["enter", "o"]),
    (Panes, "open-link", &["O"]),
    (Conversation, "back", &["u", "esc", "h"]),
    (Panes, "undo", &["z"]),
    (Panes, "snooze", &["b"]),
    (Panes, "hand-back", &["B"]),
    (Panes, "resolve-next", &["]", "["]),
    (Panes, "tags", &["l", "t"]),
    (Panes, "tab-queue", &["g i", "1"]),
    (Panes, "tab-mine", &["g m", "2"]),
    (Panes, "tab-assistant", &["g a", "3"]),
    (Panes, "tab-snoozed", &["g b", "4"]),
    (Panes, "tab-resolved", &["g d", "5"]),
    (List, "mark-all", &["* a", "X"]),
    (Composer, "send", &["enter", "ctrl-enter"]),
];

impl Preset {
    /// Every preset.
    pub const ALL: [Preset; 3] = [Preset::Default, Preset::Vim, Preset::Gmail];

    /// Its name in `console.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Preset::Default => "default",
            Preset::Vim => "vim",
            Preset::Gmail => "gmail",
        }
    }

    /// What it changes.
    pub(super) fn rows(self) -> &'static [Row] {
        match self {
            Preset::Default => &[],
            Preset::Vim => VIM,
            Preset::Gmail => GMAIL,
        }
    }
}
