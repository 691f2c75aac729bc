//! Ready texts and macros: Markdown files in a folder of the agent's own, with a few settings in front and gaps to fill in.
//!
//! `template` reads and fills the text, `action` what follows a send, `file` a whole file, `folder` the folder (the only part
//! that does I/O). Invariants: a broken file says file and line and keeps no other from working; a value is put in as it is
//! and never read as a template again; nothing a visitor wrote is ever carried out.
//!
//! ```text
//! ---
//! title = "Refund"
//! tags = ["billing"]
//! site = "demo"
//! kind = "reply"
//! actions = ["tag:refund", "priority:high", "resolve"]
//! ---
//! Hello {{visitor.first_name|there}}, your money is on its way.{{cursor}}
//! ```

mod action;
mod file;
pub mod folder;
mod template;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

pub use action::Action;
pub use file::read;
pub use template::{Filled, Template, VARIABLES, Variable, gap};

use crate::client::DraftKind;
use crate::text::SafeText;

/// A ready text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Macro {
    /// Its file without `.md`, with its folders: `billing/refund`.
    pub name: String,
    /// Its title; the file's name where none is given.
    pub title: SafeText,
    /// Words it is found by.
    pub tags: Vec<String>,
    /// The site it is for, by id; none: all.
    pub site: Option<String>,
    /// Whether it is a reply or a note; none: whichever is being written.
    pub kind: Option<DraftKind>,
    /// What is done once it is sent, in order.
    pub actions: Vec<Action>,
    /// The text.
    pub body: Template,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.message)
    }
}

/// What a folder holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Library {
    /// The folder; none where the system has no home folder and the settings name none.
    pub folder: Option<PathBuf>,
    /// The ready texts, by name.
    pub macros: Vec<Macro>,
    /// The files that are none, with the first thing wrong with each: name and problem.
    pub broken: Vec<(String, Problem)>,
}

impl Library {
    /// A ready text by its name.
    pub fn get(&self, name: &str) -> Option<&Macro> {
        self.macros.iter().find(|known| known.name == name)
    }

    /// Whether there is nothing, not even something broken.
    pub fn is_empty(&self) -> bool {
        self.macros.is_empty() && self.broken.is_empty()
    }
}
