//! Modes of files and room on disks.

use std::path::{Path, PathBuf};

use crate::doctor::facts::Mode;
use crate::doctor::internet::Tls;

/// What is to be closed to others.
pub(super) fn modes(data: &Path, config: &Path, login: Option<&Path>, key: Option<&Path>) -> Vec<Mode> {
    let mut modes = Vec::new();
    let mut look = |what: &'static str, path: PathBuf, never: u32, right: u32| {
        if let Some(mode) = mode(&path) {
            modes.push(Mode { what, path, mode, never, right });
        }
    };
    look("the data folder", data.to_owned(), 0o077, 0o700);
    for name in ["baton.db", "baton.db-wal", "baton.db-shm"] {
        look("the store", data.join(name), 0o077, 0o600);
    }
    look("the key of visitors' tokens", data.join("visitor.key"), 0o077, 0o600);
    look("the configuration", config.to_owned(), 0o022, 0o644);
    if let Some(login) = login {
        look("your login", login.to_owned(), 0o077, 0o600);
    }
    if let Some(key) = key {
        look("the certificate's key", key.to_owned(), 0o037, 0o600);
    }
    modes
}

#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).ok().map(|meta| meta.permissions().mode() & 0o7777)
}

#[cfg(not(unix))]
fn mode(_: &Path) -> Option<u32> {
    None
}

/// Which of certificate and key cannot be opened, and why.
pub(super) fn unreadable(tls: &Tls) -> Vec<String> {
    let files = [("certificate", &tls.certificate), ("key", &tls.key)];
    let why = files.iter().filter_map(|(what, path)| {
        let error = std::fs::File::open(path).err()?;
        Some(format!("the {what} {} cannot be read: {error}", path.display()))
    });
    why.collect()
}

/// Bytes this user may still write where a folder is, or will be.
pub(super) fn free(folder: &Path) -> Option<u64> {
    let here = std::path::absolute(folder).ok()?;
    let there = here.ancestors().find(|folder| folder.exists())?;
    let disk = rustix::fs::statvfs(there).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_is_gone_is_named() {
        let tls = Tls { certificate: "no/such.pem".into(), key: "Cargo.toml".into() };
        let why = unreadable(&tls);
        assert!(
            why.len() == 1 && why[0].starts_with("the certificate no/such.pem cannot be read"),
            "{why:?}"
        );
    }

    #[test]
    fn room_is_told_also_of_a_folder_that_is_not_there_yet() {
        let dir = tempfile::tempdir().expect("a folder");
        assert!(free(&dir.path().join("not/yet")).is_some_and(|bytes| bytes > 0));
    }
}
