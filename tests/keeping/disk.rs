//! A disk of a few megabytes, and bytes looked for in files.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A few megabytes to fill; none where this may not be mounted.
pub struct SmallDisk {
    pub path: PathBuf,
    _dir: TempDir,
}

impl SmallDisk {
    pub fn mount(size: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("disk");
        std::fs::create_dir(&path).unwrap();
        let options = format!("size={size}");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&path).stderr(Stdio::null());
        let mounted = mount.status().is_ok_and(|s| s.success());
        mounted.then(|| Self { path, _dir: dir })
    }

    /// Bytes left.
    pub fn free(&self) -> u64 {
        let disk = rustix::fs::statvfs(&self.path).unwrap();
        disk.f_bavail * disk.f_frsize
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).stderr(Stdio::null()).status();
    }
}

/// Files below a folder that hold these bytes, whatever their case.
pub fn files_with(dir: &Path, word: &str) -> Vec<PathBuf> {
    let word = word.to_ascii_lowercase().into_bytes();
    let mut found = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                let bytes = bytes.to_ascii_lowercase();
                if bytes.windows(word.len()).any(|w| w == word) {
                    found.push(path);
                }
            }
        }
    }
    found
}
