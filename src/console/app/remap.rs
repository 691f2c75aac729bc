//! What an agent changed about the keys, and what can be wrong with it.
//!
//! Places are bytes of the settings file, which this file never sees: whoever read it turns them into lines.

use super::command::Where;
use super::key::NoSuchKey;

/// A command's keys in a place, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remap {
    /// Where they count.
    pub place: Where,
    /// The command's name.
    pub command: String,
    /// The keys as spelt, each with where it stands; none: the command has no key there.
    pub keys: Vec<(String, usize)>,
    /// Where it stands.
    pub at: usize,
}

/// Why keys cannot be as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Where it stands.
    pub at: usize,
    /// In which place.
    pub place: Where,
    /// Under which name.
    pub command: String,
    /// What is wrong.
    pub what: Wrong,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// No command has this name.
    NoCommand {
        /// The nearest one that exists.
        near: Option<&'static str>,
    },
    /// That is no key.
    NoKey(NoSuchKey),
    /// A character alone, where it is text.
    Text(String),
    /// The same keys mean something else too.
    Twice {
        /// The keys.
        keys: String,
        /// What else.
        other: &'static str,
        /// Where that stands.
        other_at: usize,
    },
    /// Keys that other keys begin with.
    Prefix {
        /// The keys.
        keys: String,
        /// The other keys.
        longer: String,
        /// What those mean, or these, whichever is not the command of the trouble.
        other: &'static str,
        /// Where that stands.
        other_at: usize,
    },
    /// A command without which one is lost has no key left.
    Lost {
        /// The command.
        lost: &'static str,
        /// Where it needs one.
        mode: &'static str,
    },
}

impl Trouble {
    /// What is wrong and what to do; `line` gives the line of a place.
    pub fn words(&self, line: impl Fn(usize) -> usize) -> String {
        match &self.what {
            Wrong::NoCommand { near: Some(near) } => {
                format!("there is no command `{}`; did you mean `{near}`?", self.command)
            }
            Wrong::NoCommand { near: None } => {
                format!("there is no command `{}`; `baton keys` lists them", self.command)
            }
            Wrong::NoKey(error) => error.to_string(),
            Wrong::Text(key) => format!(
                "`{key}` is text {}; put ctrl- or alt- before it, or take f1 to f12",
                if self.place == Where::Composer { "in the composer" } else { "while one writes" }
            ),
            Wrong::Twice { keys, other, other_at } => format!(
                "{keys} is `{other}` already, on line {}; one key means one thing in a place",
                line(*other_at)
            ),
            Wrong::Prefix { keys, longer, other, other_at } => format!(
                "{keys} cannot be a command while {longer} begins with it: see `{other}` on line {}",
                line(*other_at)
            ),
            Wrong::Lost { lost, mode } => {
                format!("`{lost}` would have no key left in the {mode}, and one would be stuck; give it one")
            }
        }
    }
}
