//! Settings files, read strictly: what is wrong is said so that it can be mended, with file, line, key and the nearest
//! known key.
//!
//! The server's `baton.toml` and the console's `console.toml` share this. Refused here: any key's meaning.

use std::fmt;
use std::path::{Path, PathBuf};

/// A configuration that cannot be used. Nothing was started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// The key with its table, such as `limits.frame_bytes`, where it is known.
    pub key: Option<String>,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(key) = &self.key {
            write!(f, ", key `{key}`")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// A file's name and text, to place errors in.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The file, for the error.
    pub file: &'a Path,
    /// Its text.
    pub text: &'a str,
}

impl Source<'_> {
    /// An error at a byte of the text.
    pub fn at(&self, byte: usize, message: impl Into<String>) -> ConfigError {
        let before = self.text.get(..byte).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let key = key_at(self.text, line);
        ConfigError { file: self.file.to_owned(), line: Some(line), key, message: message.into() }
    }

    /// An error at a key of a table; the table's line where the key is not written out.
    pub fn at_key(&self, table: &str, key: &str, message: impl Into<String>) -> ConfigError {
        let full = format!("{table}.{key}");
        let found = (1..=self.text.lines().count()).find(|n| key_at(self.text, *n).as_ref() == Some(&full));
        ConfigError { file: self.file.to_owned(), line: found, key: Some(full), message: message.into() }
    }

    /// An error of the file as a whole.
    pub fn whole(&self, message: impl Into<String>) -> ConfigError {
        ConfigError { file: self.file.to_owned(), line: None, key: None, message: message.into() }
    }

    /// What the TOML reader said, in our words.
    pub fn toml(&self, error: &toml::de::Error) -> ConfigError {
        let said = error.message();
        let at = error.span().map_or(0, |s| s.start);
        let quoted: Vec<&str> = said.split('`').skip(1).step_by(2).collect();
        match quoted.split_first() {
            Some((unknown, known)) if said.starts_with("unknown field") => {
                let hint = match nearest(unknown, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.is_empty() => "none is known here".to_owned(),
                    None => format!("known here: {}", known.join(", ")),
                };
                let mut error = self.at(at, format!("there is no key `{unknown}` here; {hint}"));
                if !error.key.as_deref().is_some_and(|k| k.ends_with(unknown)) {
                    error.key = Some((*unknown).to_owned());
                }
                error
            }
            Some((unknown, known)) if said.starts_with("unknown variant") => {
                let hint = match nearest(unknown, known) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => format!("take one of: {}", known.join(", ")),
                };
                self.at(at, format!("\"{unknown}\" is not possible here; {hint}"))
            }
            _ => self.at(at, said.to_owned()),
        }
    }
}

/// The key written on a line, with the table it stands in; a `[table]` line is the table itself.
fn key_at(text: &str, line: usize) -> Option<String> {
    let lines: Vec<&str> = text.lines().take(line).map(str::trim).collect();
    let here = *lines.last()?;
    let header = |l: &str| {
        let l = l.split('#').next().unwrap_or(l).trim();
        let name = l.strip_prefix('[')?.strip_suffix(']')?;
        let name = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')).unwrap_or(name);
        let plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
        plain.then(|| name.to_owned())
    };
    if let Some(table) = header(here) {
        return Some(table);
    }
    let table = lines.iter().rev().find_map(|l| header(l));
    // A value over several lines belongs to the last key begun.
    let key = lines.iter().rev().take_while(|l| header(l).is_none()).find_map(|l| {
        let (key, _) = l.split_once('=')?;
        let key = key.trim();
        let plain =
            !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
        plain.then(|| key.to_owned())
    })?;
    Some(match table {
        Some(table) => format!("{table}.{key}"),
        None => key,
    })
}

/// The known word nearest to an unknown one, if it is near at all.
pub fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = known.iter().map(|k| (distance(unknown, k), *k)).min()?;
    (near.0 <= unknown.chars().count().max(3) / 3 + 1).then_some(near.1)
}

/// Edits (insert, delete, replace, swap neighbours) between two words.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["message_bytes", "frame_bytes", "sockets", "heartbeat_ms"];
        assert_eq!(nearest("mesage_bytes", &known), Some("message_bytes"));
        assert_eq!(nearest("socket", &known), Some("sockets"));
        assert_eq!(nearest("hearbteat_ms", &known), Some("heartbeat_ms"));
        assert_eq!(nearest("colour", &known), None);
        assert_eq!(nearest("x", &[]), None);
    }

    #[test]
    fn keys_are_placed() {
        let text =
            "[server]\nlisten = \"x\"\n\n[[site]] # one\nid = \"a\"\norigins = [\n  \"https://a\",\n]\n";
        assert_eq!(key_at(text, 2).as_deref(), Some("server.listen"));
        assert_eq!(key_at(text, 4).as_deref(), Some("site"));
        assert_eq!(key_at(text, 7).as_deref(), Some("site.origins"));
    }
}
