//! The folder of ready texts. Looked at when it is needed, never watched: an idle console reads nothing.
//!
//! Limits, so that a folder put there by mistake costs little: [`FILES`] files, [`DEPTH`] folders deep, [`BYTES`] a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Library, Problem, file};

/// Files that are read.
pub const FILES: usize = 1_000;
/// Folders below one another.
pub const DEPTH: usize = 4;
/// The longest file, bytes.
pub const BYTES: u64 = 64 * 1024;

/// Where ready texts are, as the settings say: `~/` is the home folder, a relative path counts from the settings' folder.
/// None where the system has no home folder to count from.
pub fn place(setting: &str) -> Option<PathBuf> {
    use etcetera::BaseStrategy as _;
    let base = etcetera::choose_base_strategy().ok();
    let config = base.as_ref().map(|base| base.config_dir().join("baton"));
    if Path::new(setting).is_absolute() {
        return Some(PathBuf::from(setting));
    }
    match setting.strip_prefix("~/") {
        Some(below) => Some(base?.home_dir().join(below)),
        None => Some(config?.join(setting)),
    }
}

/// A file as it was last seen.
type Seen = (PathBuf, Option<SystemTime>, u64);

/// Reads a folder again where it has changed.
#[derive(Debug, Default)]
pub struct Reader {
    folder: Option<PathBuf>,
    seen: Option<Vec<Seen>>,
}

impl Reader {
    /// Of this folder.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, seen: None }
    }

    /// What the folder holds, if that changed since it was last asked for.
    pub fn changed(&mut self) -> Option<Library> {
        let mut found = Vec::new();
        if let Some(folder) = &self.folder {
            list(folder, DEPTH, &mut found);
        }
        found.sort();
        if self.seen.as_ref() == Some(&found) {
            return None;
        }
        let library = self.folder.as_ref().map_or_else(Library::default, |folder| read_all(folder, &found));
        self.seen = Some(found);
        Some(library)
    }
}

/// Everything in a folder.
pub fn read(folder: &Path) -> Library {
    Reader::new(Some(folder.to_owned())).changed().unwrap_or_default()
}

fn list(folder: &Path, depth: usize, found: &mut Vec<Seen>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut below = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        if found.len() >= FILES || entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        // Follows links: a folder of links to shared texts is a usual thing. The depth ends circles.
        let Ok(meta) = fs::metadata(&path) else { continue };
        if meta.is_dir() {
            below.push(path);
        } else if meta.is_file() && path.extension().is_some_and(|e| e.eq_ignore_ascii_case("md")) {
            found.push((path, meta.modified().ok(), meta.len()));
        }
    }
    below.sort();
    if depth > 1 {
        for folder in below {
            list(&folder, depth - 1, found);
        }
    }
}

fn read_all(folder: &Path, found: &[Seen]) -> Library {
    let mut library = Library { folder: Some(folder.to_owned()), ..Library::default() };
    for (path, _, len) in found {
        let below = path.strip_prefix(folder).unwrap_or(path).with_extension("");
        let name = below.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
        match one(path, &name, *len) {
            Ok(known) => library.macros.push(known),
            Err(problem) => library.broken.push((name, problem)),
        }
    }
    library.macros.sort_by(|a, b| a.name.cmp(&b.name));
    library
}

fn one(path: &Path, name: &str, len: u64) -> Result<super::Macro, Problem> {
    let problem = |message: String| Problem { file: path.to_owned(), line: 1, message };
    if len > BYTES {
        return Err(problem(format!("it is longer than {} KiB", BYTES / 1024)));
    }
    let bytes = fs::read(path).map_err(|e| problem(format!("it cannot be read: {e}")))?;
    let text = String::from_utf8(bytes).map_err(|e| Problem {
        line: String::from_utf8_lossy(&e.as_bytes()[..e.utf8_error().valid_up_to()]).matches('\n').count()
            + 1,
        ..problem("it is not written in UTF-8".to_owned())
    })?;
    file::read(path, name, &text)
}
