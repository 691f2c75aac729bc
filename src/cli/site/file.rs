//! The file on disk: read and checked before a change, checked again with it, and replaced whole.
//!
//! Invariant: a file that the server would refuse is never written, and a reader sees the old one or the new one. The new
//! text is written beside, flushed, given the old file's mode and renamed over it; a link is followed, not replaced.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::super::Failure;
use crate::server::ServerConfig;

/// A configuration as read.
pub(super) struct Loaded {
    /// As named by the person.
    pub(super) file: PathBuf,
    /// Where it really is.
    target: PathBuf,
    /// Its text.
    pub(super) text: String,
    /// What it says.
    pub(super) config: ServerConfig,
}

/// Reads a configuration that the server takes.
pub(super) fn load(file: &Path) -> Result<Loaded, Failure> {
    let refused = |why: String| Failure::Refused(format!("{}: {why}", file.display()));
    let target = fs::canonicalize(file).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => refused(
            "there is no such file; make one with `baton init`, or give its path with --config".into(),
        ),
        _ => refused(format!("the file cannot be read: {e}")),
    })?;
    let text = fs::read_to_string(&target).map_err(|e| match e.kind() {
        std::io::ErrorKind::InvalidData => refused("the file is not UTF-8 text".into()),
        _ => refused(format!("the file cannot be read: {e}")),
    })?;
    let config = ServerConfig::parse(file, &text).map_err(|e| Failure::Refused(e.to_string()))?;
    Ok(Loaded { file: file.to_owned(), target, text, config })
}

impl Loaded {
    /// What the server would make of another text in this file's place.
    pub(super) fn check(&self, text: &str) -> Result<ServerConfig, Failure> {
        ServerConfig::parse(&self.file, text)
            .map_err(|e| Failure::Refused(format!("nothing was changed; with this change {e}")))
    }

    /// Puts another text into the file's place. It was checked before.
    pub(super) fn replace(&self, text: &str) -> Result<(), Failure> {
        let failed = |e: std::io::Error| {
            Failure::Refused(format!("{} cannot be written, nothing was changed: {e}", self.file.display()))
        };
        let folder = self.target.parent().unwrap_or(Path::new("."));
        let mode = fs::metadata(&self.target).map_err(failed)?.permissions();
        let mut beside = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        beside.write_all(text.as_bytes()).map_err(failed)?;
        beside.as_file().set_permissions(mode).map_err(failed)?;
        beside.as_file().sync_all().map_err(failed)?;
        if fs::read(&self.target).map_err(failed)? != self.text.as_bytes() {
            return Err(Failure::Refused(format!(
                "{} was changed by somebody else meanwhile; nothing was changed here, run the command again",
                self.file.display()
            )));
        }
        beside.persist(&self.target).map_err(|e| failed(e.error))?;
        // The name's own durability; where a folder cannot be flushed the file is there all the same.
        let _ = fs::File::open(folder).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

/// A folder as a configuration names it: as given where that is relative to the same place, else in full.
pub(in crate::cli) fn as_written(folder: &Path, config: &Path) -> String {
    let here = config.parent().is_none_or(|parent| parent == Path::new("") || parent == Path::new("."));
    let full = if here || folder.is_absolute() { None } else { std::path::absolute(folder).ok() };
    full.as_deref().unwrap_or(folder).to_string_lossy().into_owned()
}

/// The lines that change, as `- old` and `+ new`, in order.
pub(super) fn differences(before: &str, after: &str) -> Vec<String> {
    let (a, b): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[head..], &b[head..]);
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[..a.len() - tail], &b[..b.len() - tail]);
    // Longest common subsequence from the ends, so that the walk reads forwards.
    let mut common = vec![vec![0usize; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i][j] =
                if a[i] == b[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            (i, j) = (i + 1, j + 1);
        } else if i < a.len() && (j == b.len() || common[i + 1][j] >= common[i][j + 1]) {
            out.push(format!("- {}", a[i]));
            i += 1;
        } else {
            out.push(format!("+ {}", b[j]));
            j += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_the_lines_that_change() {
        let lines = |before: &str, after: &str| differences(before, after).join("|");
        assert_eq!(lines("a\nb\nc\n", "a\nB\nc\nd\n"), "- b|+ B|+ d");
        assert_eq!(lines("a\n", "a\n"), "");
        assert_eq!(lines("", "a\n"), "+ a");
        assert_eq!(lines("a\nb\n", "b\n"), "- a");
    }

    #[test]
    fn a_folder_is_named_so_that_the_server_finds_it() {
        assert_eq!(as_written(Path::new("docs"), Path::new("baton.toml")), "docs");
        assert_eq!(as_written(Path::new("docs"), Path::new("./baton.toml")), "docs");
        assert_eq!(as_written(Path::new("/srv/docs"), Path::new("/etc/baton.toml")), "/srv/docs");
        let full = as_written(Path::new("docs"), Path::new("/etc/baton.toml"));
        assert!(Path::new(&full).is_absolute() && full.ends_with("/docs"), "{full}");
    }
}
