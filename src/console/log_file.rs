//! The console's own log: `console.log` in Baton's state folder, since the terminal is the screen's.
//!
//! Invariant: mode 0600, at most [`LIMIT`] bytes and the file before it (`console.log.1`). No text from outside: only events of this program are
//! kept, at most at level debug, and of a panic only the place. Refused here: levels for other crates, which log what passes
//! over the wire.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

/// Bytes a log grows to before it becomes the old one.
pub const LIMIT: u64 = 1 << 20;

/// A file that is put aside when it is full.
#[derive(Debug)]
struct Bounded {
    path: PathBuf,
    file: File,
    limit: u64,
}

impl Bounded {
    fn open(path: PathBuf, limit: u64) -> io::Result<Self> {
        let file = Self::file(&path)?;
        Ok(Self { path, file, limit })
    }

    fn file(path: &Path) -> io::Result<File> {
        OpenOptions::new().create(true).append(true).mode(0o600).open(path)
    }
}

impl Write for Bounded {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // Asked of the file: several consoles may write to one.
        if self.file.metadata()?.len().saturating_add(line.len() as u64) > self.limit {
            std::fs::rename(&self.path, self.path.with_extension("log.1"))?;
            self.file = Self::file(&self.path)?;
        }
        self.file.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// From now on this program's events go to `console.log` in this folder. `level` is a bare level (`BATON_LOG`); none or another
/// word: info. A log that cannot be opened keeps nobody from working: then there is none.
pub fn begin(folder: &Path, level: Option<&str>) {
    let level = match level {
        Some(level @ ("off" | "error" | "warn" | "info" | "debug")) => level,
        Some("trace") => "debug",
        _ => "info",
    };
    let opened =
        std::fs::create_dir_all(folder).and_then(|()| Bounded::open(folder.join("console.log"), LIMIT));
    let Ok(file) = opened else { return };
    let filter = EnvFilter::new(format!("off,baton={level}"));
    let to_file =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Mutex::new(file));
    // Set once a process: the first one stays.
    let _ = to_file.try_init();
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails that way")]

    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn it_is_bounded_and_ones_own() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("console.log");
        let mut log = Bounded::open(path.clone(), 100).unwrap();
        // Another console's, on the same file.
        let mut other = Bounded::open(path.clone(), 100).unwrap();
        for n in 0..50 {
            writeln!(log, "line {n:04}").unwrap();
            writeln!(other, "other {n:04}").unwrap();
        }
        for name in ["console.log", "console.log.1"] {
            let meta = std::fs::metadata(dir.path().join(name)).unwrap();
            assert!(meta.len() <= 220, "{name}: {}", meta.len());
            assert_eq!(meta.permissions().mode() & 0o777, 0o600, "{name}");
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
