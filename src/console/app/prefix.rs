//! Keys that were pressed and mean something only with what follows.

use std::fmt;

use super::key::Key;
use super::keymap::Mode;

/// Keys that begin something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix {
    /// Where they were pressed.
    pub mode: Mode,
    /// The keys so far, at least one.
    pub keys: Vec<Key>,
    /// Whether a box says what may follow.
    pub shown: bool,
}

impl fmt::Display for Prefix {
    /// As people write it: `Ctrl-X`, `g`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, key) in self.keys.iter().enumerate() {
            write!(f, "{}{key}", if index == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}
