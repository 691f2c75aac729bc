//! Reading docs from a folder or from memory. One bad file never stops the rest: it is skipped with a warning that names
//! it and says how to fix it. A folder with nothing in it is an error, since an assistant without docs can only disappoint.

use std::fs;
use std::path::{Path, PathBuf};

use super::passage::{Page, Passage};
use super::{html, markdown};

/// Files above this many bytes are skipped.
pub const OVERSIZED: u64 = 2 * 1024 * 1024;
/// Folders deeper than this are skipped: nobody's docs are, and a loop of links would be.
const DEEPEST: usize = 16;

/// The folder as a whole cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is not there.
    #[error(
        "the docs folder {0} does not exist; create it and put Markdown, HTML or text files in it, or name another"
    )]
    Missing(PathBuf),
    /// It is a file.
    #[error("{0} is not a folder; name the folder that holds the docs")]
    NotAFolder(PathBuf),
    /// It cannot be listed.
    #[error("the docs folder {0} cannot be read ({1}); check its permissions")]
    Unreadable(PathBuf, std::io::Error),
    /// Nothing in it could be used.
    #[error(
        "the docs folder {0} holds no usable page ({1} skipped); put .md, .html or .txt files with text in it"
    )]
    Empty(PathBuf, usize),
}

/// One file that was skipped, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("skipped {file}: {problem}")]
pub struct LoadWarning {
    /// The file within the docs folder.
    pub file: String,
    /// What is wrong and what to do.
    pub problem: String,
}

/// Reads a docs folder with its subfolders, in the order of the file names. Hidden files are passed over in silence.
///
/// # Errors
/// The folder is missing, is no folder, cannot be listed, or holds nothing usable.
pub fn load_dir(dir: &Path) -> Result<(Vec<Passage>, Vec<LoadWarning>), LoadError> {
    let meta = match fs::metadata(dir) {
        Ok(meta) => meta,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(LoadError::Missing(dir.to_owned())),
        Err(e) => return Err(LoadError::Unreadable(dir.to_owned(), e)),
    };
    if !meta.is_dir() {
        return Err(LoadError::NotAFolder(dir.to_owned()));
    }
    let mut out = Loaded::default();
    walk(dir, "", 0, &mut out).map_err(|e| LoadError::Unreadable(dir.to_owned(), e))?;
    if out.passages.is_empty() {
        return Err(LoadError::Empty(dir.to_owned(), out.warnings.len()));
    }
    Ok((out.passages, out.warnings))
}

/// Reads docs that are in memory: pairs of path and content, as shipped in the binary. The same rules apply, so a bad
/// file is a warning here too.
pub fn load_embedded(files: &[(&str, &[u8])]) -> (Vec<Passage>, Vec<LoadWarning>) {
    let mut out = Loaded::default();
    for (path, bytes) in files {
        out.file(path, bytes);
    }
    (out.passages, out.warnings)
}

#[derive(Default)]
struct Loaded {
    passages: Vec<Passage>,
    warnings: Vec<LoadWarning>,
}

impl Loaded {
    fn warn(&mut self, file: &str, problem: impl Into<String>) {
        self.warnings.push(LoadWarning { file: file.to_owned(), problem: problem.into() });
    }

    fn file(&mut self, path: &str, bytes: &[u8]) {
        let Some(kind) = Kind::of(path) else {
            return self.warn(
                path,
                "not Markdown, HTML or text; give it the ending .md, .html or .txt if it is a page",
            );
        };
        if bytes.len() as u64 > OVERSIZED {
            return self.warn(path, "larger than 2 MiB; split it into several pages");
        }
        if bytes.contains(&0) {
            return self.warn(path, "binary, not text; remove it or save it as text in UTF-8");
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return self.warn(path, "not UTF-8; save it again with the encoding UTF-8");
        };
        let page = match kind {
            Kind::Markdown => markdown::read(text),
            Kind::Html => html::read(text),
            Kind::Text => plain(text),
        };
        let passages = page.into_passages(path);
        if passages.is_empty() {
            return self.warn(path, "no text in it; write something or remove it");
        }
        self.passages.extend(passages);
    }
}

enum Kind {
    Markdown,
    Html,
    Text,
}

impl Kind {
    fn of(path: &str) -> Option<Kind> {
        match path.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
            "md" | "markdown" | "mdx" => Some(Kind::Markdown),
            "html" | "htm" => Some(Kind::Html),
            "txt" | "text" => Some(Kind::Text),
            _ => None,
        }
    }
}

/// Plain text: paragraphs parted by blank lines.
fn plain(text: &str) -> Page {
    let mut page = Page::default();
    for paragraph in text.replace("\r\n", "\n").split("\n\n") {
        page.block(paragraph);
    }
    page
}

fn walk(dir: &Path, prefix: &str, depth: usize, out: &mut Loaded) -> std::io::Result<()> {
    let mut entries: Vec<fs::DirEntry> = fs::read_dir(dir)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let shown = format!("{prefix}{}", name.to_string_lossy());
        if name.to_string_lossy().starts_with('.') {
            continue;
        }
        let Ok(kind) = entry.file_type() else {
            out.warn(&shown, "cannot be looked at; check its permissions");
            continue;
        };
        let meta = fs::metadata(entry.path());
        if kind.is_symlink() && meta.as_ref().is_ok_and(fs::Metadata::is_dir) {
            out.warn(&shown, "a link to a folder; copy the folder here instead");
        } else if kind.is_dir() {
            if depth == DEEPEST {
                out.warn(&shown, "too many folders inside each other; move it up");
            } else if let Err(e) = walk(&entry.path(), &format!("{shown}/"), depth + 1, out) {
                out.warn(&shown, format!("cannot be listed ({e}); check its permissions"));
            }
        } else {
            match meta {
                Ok(meta) if !meta.is_file() => out.warn(&shown, "not a regular file; remove it"),
                Ok(meta) if meta.len() > OVERSIZED => {
                    out.warn(&shown, "larger than 2 MiB; split it into several pages");
                }
                Ok(_) => match fs::read(entry.path()) {
                    Ok(bytes) => out.file(&shown, &bytes),
                    Err(e) => out.warn(&shown, format!("cannot be read ({e}); check its permissions")),
                },
                Err(e) => {
                    out.warn(&shown, format!("cannot be read ({e}); check the link or its permissions"))
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_files_are_named_and_the_rest_is_read() {
        let dir = tempfile::tempdir().expect("a temporary folder can be made");
        let write =
            |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).expect("it is writable");
        write("a.md", b"# Hello\n\nWorld");
        write("b.txt", b"\xff\xfe bad");
        write("c.md", b"bin\0ary");
        write("d.png", b"\x89PNG");
        write("e.md", &vec![b'x'; 3 * 1024 * 1024]);
        write("f.md", b"\n\n");
        write(".hidden.md", b"# no");
        let (passages, warnings) = load_dir(dir.path()).expect("one page is usable");
        assert_eq!(passages.len(), 1);
        let named: Vec<&str> = warnings.iter().map(|w| w.file.as_str()).collect();
        assert_eq!(named, ["b.txt", "c.md", "d.png", "e.md", "f.md"]);
        assert!(warnings[0].to_string().contains("UTF-8"));
    }

    #[test]
    fn a_folder_without_pages_is_an_error() {
        let dir = tempfile::tempdir().expect("a temporary folder can be made");
        assert!(matches!(load_dir(dir.path()), Err(LoadError::Empty(..))));
        assert!(matches!(load_dir(&dir.path().join("no")), Err(LoadError::Missing(_))));
        fs::write(dir.path().join("x"), "x").expect("it is writable");
        assert!(matches!(load_dir(&dir.path().join("x")), Err(LoadError::NotAFolder(_))));
    }

    #[test]
    fn embedded_docs_follow_the_same_rules() {
        let (passages, warnings) = load_embedded(&[("guide/a.md", b"# A\ntext"), ("logo.svg", b"<svg/>")]);
        assert_eq!((passages[0].id.as_str(), warnings.len()), ("guide/a.md#0", 1));
    }
}
