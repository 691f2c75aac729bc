//! Keys as the console knows them: our own type, so that the reducer needs no terminal library, with a spelling that the
//! command table, the help and the tests share (`j`, `G`, `ctrl-k`, `alt-enter`, `space`).

use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization as _;

use crate::settings::nearest;

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

    /// A character with modifiers, as terminals send it: Control forgets its case, Shift is its case.
    pub fn char(c: char, ctrl: bool, alt: bool, shift: bool) -> Self {
        let cased: String = match (ctrl, shift) {
            (true, _) => c.to_lowercase().collect(),
            (false, true) => c.to_uppercase().collect(),
            (false, false) => c.into(),
        };
        let mut chars = cased.chars();
        // (ß has no upper case of one character.)
        let c = chars.next().filter(|_| chars.next().is_none()).unwrap_or(c);
        Self { code: Code::Char(c), ctrl, alt, shift: false }
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

/// A spelling that names no key, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{spelt}” is no key; {hint}")]
pub struct NoSuchKey {
    spelt: String,
    hint: String,
}

impl NoSuchKey {
    fn new(spelt: &str) -> Self {
        let name = spelt.rsplit('-').next().unwrap_or(spelt).to_lowercase();
        let known: Vec<&str> =
            NAMED.iter().map(|(name, _)| *name).chain(SYNONYMS.map(|(name, _)| name)).collect();
        let short = spelt.chars().count() <= 4 && spelt.chars().all(char::is_alphanumeric);
        let hint = if let Some(near) = nearest(&name, &known).filter(|_| name.chars().count() > 2) {
            format!("did you mean `{near}`?")
        } else if short && !spelt.is_empty() {
            let one: Vec<String> = spelt.chars().map(String::from).collect();
            format!("one key after the other is written with spaces: `{}`", one.join(" "))
        } else {
            "write a character, or one of enter, esc, tab, space, up, f4, …, with ctrl-, alt- or shift- before it"
                .to_owned()
        };
        Self { spelt: spelt.escape_debug().take(32).collect(), hint }
    }
}

/// Other names people write for the same keys.
const SYNONYMS: [(&str, &str); 6] = [
    ("return", "enter"),
    ("escape", "esc"),
    ("del", "delete"),
    ("pageup", "pgup"),
    ("pagedown", "pgdn"),
    ("backtab", "shift-tab"),
];

impl FromStr for Key {
    type Err = NoSuchKey;

    /// Reads `j`, `G`, `ö`, `ctrl-k`, `alt-enter`, `shift-tab`, `f4`, `space`. Names and modifiers in either case; an accent
    /// that follows its letter is one character with it.
    fn from_str(s: &str) -> Result<Self, NoSuchKey> {
        let composed: String = s.nfc().collect();
        let mut rest = composed.as_str();
        let (mut ctrl, mut alt, mut shift) = (false, false, false);
        loop {
            let mut chars = rest.chars();
            if let (Some(c), None) = (chars.next(), chars.next()) {
                if c.is_control() || c.is_whitespace() {
                    return Err(NoSuchKey::new(s));
                }
                // As they are shown.
                let arrow = [('↑', Code::Up), ('↓', Code::Down), ('←', Code::Left), ('→', Code::Right)];
                if let Some((_, code)) = arrow.into_iter().find(|(arrow, _)| *arrow == c) {
                    return Ok(Self { code, ctrl, alt, shift });
                }
                return Ok(Self::char(c, ctrl, alt, shift));
            }
            let lower = rest.to_lowercase();
            let name =
                SYNONYMS.iter().find(|(also, _)| *also == lower).map_or(lower.as_str(), |(_, name)| name);
            if let Some((_, code)) = NAMED.iter().find(|(known, _)| *known == name) {
                let code = if shift && *code == Code::Tab { Code::BackTab } else { *code };
                let said = matches!(code, Code::BackTab | Code::Char(_));
                return Ok(Self { code, ctrl, alt, shift: shift && !said });
            }
            let Some((modifier, after)) = rest.split_once('-') else { return Err(NoSuchKey::new(s)) };
            match modifier.to_lowercase().as_str() {
                "ctrl" => ctrl = true,
                "alt" => alt = true,
                "shift" => shift = true,
                _ => return Err(NoSuchKey::new(s)),
            }
            rest = after;
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

/// One key, or several one after the other: `e`, `g g`, `ctrl-x ctrl-e`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sequence(Vec<Key>);

/// Keys of the longest sequence: more, nobody remembers.
pub const LONGEST: usize = 3;

impl Sequence {
    /// The keys, at least one.
    pub fn keys(&self) -> &[Key] {
        &self.0
    }

    /// Whether the other begins with this one, or is it.
    pub fn begins(&self, other: &Sequence) -> bool {
        other.0.starts_with(&self.0)
    }
}

impl FromStr for Sequence {
    type Err = NoSuchKey;

    fn from_str(s: &str) -> Result<Self, NoSuchKey> {
        let keys = s.split_whitespace().map(str::parse).collect::<Result<Vec<Key>, _>>()?;
        if keys.is_empty() {
            let hint = "write a key, or `[]` for none".to_owned();
            return Err(NoSuchKey { spelt: String::new(), hint });
        }
        if keys.len() > LONGEST {
            return Err(NoSuchKey {
                hint: format!("at most {LONGEST} keys one after the other"),
                ..NoSuchKey::new(s)
            });
        }
        Ok(Self(keys))
    }
}

impl fmt::Display for Sequence {
    /// With spaces between: `g g`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, key) in self.0.iter().enumerate() {
            write!(f, "{}{key}", if index == 0 { "" } else { " " })?;
        }
        Ok(())
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
    }

    #[test]
    fn spellings_people_use_name_the_same_key() {
        for (one, other) in [
            ("Ctrl-K", "ctrl-k"),
            ("ctrl-K", "ctrl-k"),
            ("Enter", "return"),
            ("Shift-Tab", "shift-tab"),
            ("escape", "esc"),
            ("F4", "f4"),
            ("PgDn", "pagedown"),
            ("shift-g", "G"),
            ("e\u{301}", "é"),
            ("shift-ö", "Ö"),
            ("ctrl-Ö", "ctrl-ö"),
            ("Ctrl-↑", "ctrl-up"),
        ] {
            assert_eq!(one.parse::<Key>(), other.parse::<Key>(), "{one} {other}");
            assert!(one.parse::<Key>().is_ok(), "{one}");
        }
        assert_ne!("g".parse::<Key>(), "G".parse::<Key>());
        assert_eq!("ctrl--".parse::<Key>().map(|k| k.to_string()), Ok("Ctrl--".into()));
    }

    #[test]
    fn what_is_no_key_says_what_to_write() {
        for (spelt, hint) in [
            ("hyper-x", "write a character"),
            ("", "write a character"),
            ("entr", "did you mean `enter`?"),
            ("ctrl-spce", "did you mean `space`?"),
            ("gg", "written with spaces: `g g`"),
            (" ", "write a character"),
        ] {
            let error = spelt.parse::<Key>().expect_err("no key").to_string();
            assert!(error.contains(hint), "{error}");
        }
    }

    #[test]
    fn sequences_are_spelt_with_spaces() {
        let shown = |s: &str| s.parse::<Sequence>().map(|s| s.to_string());
        assert_eq!(shown("g  g"), Ok("g g".into()));
        assert_eq!(shown("ctrl-x ctrl-e"), Ok("Ctrl-X Ctrl-E".into()));
        assert!(shown("").is_err() && shown("a b c d").is_err() && shown("g entr").is_err());
    }
}
