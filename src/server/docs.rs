//! Help pages under `/docs/`: what an answer's source link opens. The names are read once at start, so that a request can
//! only name a page that was there, never a path.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use include_dir::{Dir, include_dir};

use super::markdown;

static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/assets/demo/docs");

/// Longest page served.
const LONGEST: u64 = 2 * 1024 * 1024;
/// Pages at most, and folders in folders at most.
const PAGES: usize = 20_000;
const DEPTH: usize = 8;
const KINDS: [&str; 5] = ["md", "markdown", "html", "htm", "txt"];

/// Where a site's docs come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocsSource {
    /// The demonstration shop's pages, in the binary.
    Shipped,
    /// Folders.
    Folders(Vec<PathBuf>),
}

#[derive(Debug, Clone)]
enum Place {
    Shipped(&'static [u8]),
    File(PathBuf),
}

/// The pages of all sites, by name. Where two have the same name, the first site's is shown.
#[derive(Debug, Clone, Default)]
pub struct DocsBook {
    pages: Arc<BTreeMap<String, Place>>,
}

/// The shipped pages, by name.
pub(super) fn shipped() -> Vec<(&'static str, &'static [u8])> {
    let pages = SHIPPED.files().filter(|f| is_page(f.path()));
    pages.filter_map(|f| Some((f.path().to_str()?, f.contents()))).collect()
}

/// A page, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    /// Its title, plain.
    pub(super) title: String,
    /// Its content as HTML of ours.
    pub(super) body: String,
    /// Whether it belongs to the demonstration shop.
    pub(super) shipped: bool,
}

impl DocsBook {
    /// Adds the pages of a source.
    ///
    /// # Errors
    /// In words: a folder cannot be listed.
    pub fn add(&mut self, source: &DocsSource) -> Result<(), String> {
        let pages = Arc::make_mut(&mut self.pages);
        match source {
            DocsSource::Shipped => {
                for file in SHIPPED.files() {
                    let name = file.path().to_string_lossy().into_owned();
                    if is_page(file.path()) {
                        pages.entry(name).or_insert(Place::Shipped(file.contents()));
                    }
                }
            }
            DocsSource::Folders(folders) => {
                for folder in folders {
                    walk(folder, "", 0, pages)
                        .map_err(|e| format!("the docs folder {} cannot be read: {e}", folder.display()))?;
                }
            }
        }
        Ok(())
    }

    /// How many pages there are.
    pub fn len(&self) -> usize {
        self.pages.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    fn find(&self, name: &str) -> Option<(&str, &Place)> {
        let exact = self.pages.get_key_value(name);
        let kinds = || KINDS.iter().find_map(|kind| self.pages.get_key_value(&format!("{name}.{kind}")));
        let index = || self.pages.get_key_value(&format!("{}/index.md", name.trim_end_matches('/')));
        exact.or_else(kinds).or_else(index).map(|(name, place)| (name.as_str(), place))
    }

    /// A page by its name, with or without its ending; none where there is no such page or it cannot be read.
    pub(super) async fn page(&self, name: &str) -> Option<Page> {
        let (name, place) = self.find(name)?;
        let (bytes, shipped) = match place {
            Place::Shipped(bytes) => (bytes.to_vec(), true),
            Place::File(path) => {
                if tokio::fs::metadata(path).await.ok()?.len() > LONGEST {
                    return None;
                }
                (tokio::fs::read(path).await.ok()?, false)
            }
        };
        let text = String::from_utf8_lossy(&bytes);
        let stem = name.rsplit('/').next().and_then(|n| n.split('.').next()).unwrap_or(name);
        let (title, body) = match name.rsplit('.').next() {
            Some("md" | "markdown") => markdown::render(&text),
            // A stranger's HTML is not ours to run: its source is shown as text.
            _ => (None, format!("<pre>{}</pre>", markdown::escape(&text))),
        };
        Some(Page { title: title.unwrap_or_else(|| stem.to_owned()), body, shipped })
    }

    /// A shipped page's own text, for the shop's pages.
    pub(super) fn shipped_source(name: &str) -> Option<&'static [u8]> {
        SHIPPED.get_file(name).filter(|f| is_page(f.path())).map(|f| f.contents())
    }
}

fn is_page(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|n| n.to_string_lossy().starts_with('.'));
    let kind = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    !hidden && kind.is_some_and(|k| KINDS.contains(&k.as_str()))
}

/// Links are not followed: a link could lead out of the folder or round in circles.
fn walk(
    folder: &Path,
    prefix: &str,
    depth: usize,
    pages: &mut BTreeMap<String, Place>,
) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
        if name.starts_with('.') || pages.len() >= PAGES {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() && depth < DEPTH {
            // A folder that cannot be listed is named when the index is built; the other pages are served all the same.
            let _ = walk(&entry.path(), &format!("{prefix}{name}/"), depth + 1, pages);
        } else if kind.is_file() && is_page(&entry.path()) {
            pages.entry(format!("{prefix}{name}")).or_insert(Place::File(entry.path()));
        }
    }
    Ok(())
}
