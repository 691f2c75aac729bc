//! Keys as the console knows them: our own type, so that the reducer needs no terminal library, with a spelling that the
//! command table, the help and the tests share (`j`, `G`, `ctrl-k`, `alt-enter`, `space`).

use std::fmt;
use std::str::FromStr;

/// What was pressed, without its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// A character, in the case it was typed in.
    Char(char),
    /// Return.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift-Tab.
    BackTab,
    /// Delete to the left.
    Backspace,
    /// Delete to the right.
    Delete,
    /// Arrow.
    Up,
    /// Arrow.
    Down,
    /// Arrow.
    Left,
    /// Arrow.
    Right,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// A screen up.
    PageUp,
    /// A screen down.
    PageDown,
    /// A function key, 1 to 12.
    F(u8),
}

/// One key press. `shift` is kept only where the code does not say it already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which key.
    pub code: Code,
    /// With Control.
    pub ctrl: bool,
    /// With Alt.
    pub alt: bool,
    /// With Shift (never with a character: its case says so).
    pub shift: bool,
}

/// The names of the keys that are no characters.
const NAMED: [(&str, Code); 27] = [
    ("f1", Code::F(1)),
    ("f2", Code::F(2)),
    ("f3", Code::F(3)),
    ("f4", Code::F(4)),
    ("f5", Code::F(5)),
    ("f6", Code::F(6)),
    ("f7", Code::F(7)),
    ("f8", Code::F(8)),
    ("f9", Code::F(9)),
    ("f10", Code::F(10)),
    ("f11", Code::F(11)),
    ("f12", Code::F(12)),
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("tab", Code::Tab),
    ("shift-tab", Code::BackTab),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("home", Code::Home),
    ("end", Code::End),
    ("pgup", Code::PageUp),
    ("pgdn", Code::PageDown),
    ("space", Code::Char(' ')),
];

impl Key {
    /// A key without modifiers.
    pub const fn plain(code: Code) -> Self {
        Self { code, ctrl: false, alt: false, shift: false }
    }

    /// The character it types, if it types one.
    pub fn typed(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }

    /// The same key without Alt.
    pub fn without_alt(self) -> Self {
        Self { alt: false, ..self }
    }
}

/// A spelling that names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "“{0}” is no key; write a character, or one of enter, esc, tab, space, up, …, with ctrl- or alt- before it"
)]
pub struct NoSuchKey(String);

impl FromStr for Key {
    type Err = NoSuchKey;
    fn from_str(s: &str) -> Result<Self, NoSuchKey> {
        let mut key = Self::plain(Code::Esc);
        let mut rest = s;
        loop {
            let mut chars = rest.chars();
            if let (Some(c), None) = (chars.next(), chars.next()) {
                key.code = Code::Char(c);
                return Ok(key);
            }
            if let Some((_, code)) = NAMED.iter().find(|(name, _)| *name == rest) {
                key.code = *code;
                return Ok(key);
            }
            if let Some(after) = rest.strip_prefix("ctrl-") {
                (key.ctrl, rest) = (true, after);
            } else if let Some(after) = rest.strip_prefix("alt-") {
                (key.alt, rest) = (true, after);
            } else if let Some(after) = rest.strip_prefix("shift-") {
                (key.shift, rest) = (true, after);
            } else {
                return Err(NoSuchKey(s.escape_debug().take(32).collect()));
            }
        }
    }
}

impl fmt::Display for Key {
    /// As people write it: `Ctrl-K`, `Alt-Enter`, `j`, `G`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (on, name) in [(self.ctrl, "Ctrl-"), (self.alt, "Alt-"), (self.shift, "Shift-")] {
            if on {
                f.write_str(name)?;
            }
        }
        match self.code {
            Code::Char(' ') => f.write_str("Space"),
            Code::Char(c) if self.ctrl => write!(f, "{}", c.to_ascii_uppercase()),
            Code::Char(c) => write!(f, "{c}"),
            Code::Up => f.write_str("↑"),
            Code::Down => f.write_str("↓"),
            Code::Left => f.write_str("←"),
            Code::Right => f.write_str("→"),
            Code::BackTab => f.write_str("Shift-Tab"),
            Code::F(n) => write!(f, "F{n}"),
            Code::PageUp => f.write_str("PgUp"),
            Code::PageDown => f.write_str("PgDn"),
            code => {
                let name = NAMED.iter().find(|(_, c)| *c == code).map_or("", |(name, _)| name);
                let mut chars = name.chars();
                let first = chars.next().map(|c| c.to_ascii_uppercase());
                write!(f, "{}{}", first.map(String::from).unwrap_or_default(), chars.as_str())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_go_both_ways() {
        for (spelt, shown) in [
            ("j", "j"),
            ("G", "G"),
            ("-", "-"),
            ("ctrl-k", "Ctrl-K"),
            ("alt-enter", "Alt-Enter"),
            ("space", "Space"),
            ("shift-tab", "Shift-Tab"),
            ("pgdn", "PgDn"),
            ("esc", "Esc"),
        ] {
            assert_eq!(spelt.parse::<Key>().map(|k| k.to_string()), Ok(shown.to_owned()));
        }
        assert!("hyper-x".parse::<Key>().is_err());
        assert!("".parse::<Key>().is_err());
    }
}
