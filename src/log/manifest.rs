//! What a backup says of itself: `manifest.json`, written last. A folder without one is no backup.
//!
//! Invariant: every file of a backup stands in it with its length and SHA-256, under a plain name. Refused here: paths.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::keep_error::KeepError;
use crate::conversation::Time;

/// The manifest's name in the folder.
pub(super) const MANIFEST: &str = "manifest.json";
/// What it begins with.
pub(super) const FORMAT: &str = "baton.backup/1";

/// What a backup holds, and how it is known to be whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// `baton.backup/1`.
    pub format: String,
    /// The Baton that made it.
    pub baton: String,
    /// When it was begun.
    pub made_at: Time,
    /// The store's version: an older Baton does not restore a newer one.
    pub store_version: u32,
    /// The log's incarnation when it was made.
    pub log_id: String,
    /// The last position of the log in it.
    pub head: u64,
    /// Events in it; as many as `head`.
    pub events: u64,
    /// Conversations in it.
    pub conversations: u64,
    /// Agents in it.
    pub agents: u64,
    /// Its files.
    pub files: Vec<FileDigest>,
}

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    /// A plain name in the folder.
    pub name: String,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256, in hexadecimal digits.
    pub sha256: String,
}

impl FileDigest {
    /// Reads the file.
    pub(super) fn of(dir: &Path, name: &str) -> io::Result<Self> {
        let mut file = File::open(dir.join(name))?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        let mut bytes = 0;
        loop {
            let n = file.read(&mut buffer)?;
            if n == 0 {
                break;
            }
            bytes += n as u64;
            hash.update(&buffer[..n]);
        }
        let sha256 = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
        Ok(Self { name: name.to_owned(), bytes, sha256 })
    }
}

impl Manifest {
    /// Reads a backup's manifest and compares every file with it.
    ///
    /// # Errors
    /// [`KeepError::NoBackup`] without a manifest, [`KeepError::Altered`] where a file is missing or differs.
    pub fn check(dir: &Path) -> Result<Manifest, KeepError> {
        let path = dir.join(MANIFEST);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(KeepError::NoBackup(dir.to_owned())),
            Err(e) => return Err(KeepError::io("read", &path)(e)),
        };
        let altered = |what: String| KeepError::Altered { dir: dir.to_owned(), what };
        let manifest: Manifest =
            serde_json::from_str(&text).map_err(|e| altered(format!("{MANIFEST} does not read: {e}")))?;
        if manifest.format != FORMAT {
            return Err(altered(format!("its format is {:?}, this Baton reads {FORMAT}", manifest.format)));
        }
        for file in &manifest.files {
            let plain = !file.name.is_empty()
                && !file.name.starts_with('.')
                && file.name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
            if !plain {
                return Err(altered(format!("{:?} is no plain file name", file.name)));
            }
            match FileDigest::of(dir, &file.name) {
                Ok(found) if found == *file => {}
                Ok(_) => return Err(altered(format!("{} is not as it was written", file.name))),
                Err(e) => return Err(altered(format!("{} cannot be read: {e}", file.name))),
            }
        }
        if !manifest.files.iter().any(|f| f.name == super::open::STORE) {
            return Err(altered(format!("it holds no {}", super::open::STORE)));
        }
        Ok(manifest)
    }
}
