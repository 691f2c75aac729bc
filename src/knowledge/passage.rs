//! A section of a page: the unit that is found, quoted and cited.

use serde::{Deserialize, Serialize};

/// One section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// Unique within the index: page and place, `billing/refunds.md#2`.
    pub id: String,
    /// The file within the docs folder, with forward slashes.
    pub page: String,
    /// Title of the page: front matter, else first heading, else file name.
    pub title: String,
    /// Headings from the outermost to the section's own, without the page's title.
    pub headings: Vec<String>,
    /// The page's own address, from front matter; with it the visitor gets a link.
    pub url: Option<String>,
    /// Plain text of the section without its heading; blocks on lines of their own.
    pub text: String,
}

impl Passage {
    /// What to call it: "Refunds › How long it takes".
    pub fn label(&self) -> String {
        let mut label = self.title.clone();
        for heading in &self.headings {
            if *heading != self.title {
                label.push_str(" › ");
                label.push_str(heading);
            }
        }
        label
    }

    /// Where it is: the page's address, else its file.
    pub fn address(&self) -> &str {
        self.url.as_deref().unwrap_or(&self.page)
    }
}

/// A page before it is cut into passages.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Title from front matter or `<title>`, if any.
    pub title: Option<String>,
    /// Address from front matter, if any.
    pub url: Option<String>,
    /// Sections in order: heading path (with levels) and text.
    pub sections: Vec<Section>,
}

/// A heading path and the text under it.
#[derive(Debug, Default, Clone)]
pub(super) struct Section {
    /// Headings with their levels 1 to 6, outermost first.
    pub path: Vec<(u8, String)>,
    /// Plain text.
    pub text: String,
}

/// Longest passage, in bytes; a longer section is cut between its blocks, so that a quote stays near its words.
const LONGEST: usize = 4000;

impl Page {
    /// Starts a section under a heading of `level`.
    pub fn open(&mut self, level: u8, heading: String) {
        let mut path = self.sections.last().map(|s| s.path.clone()).unwrap_or_default();
        path.retain(|(l, _)| *l < level);
        path.push((level, heading));
        self.sections.push(Section { path, text: String::new() });
    }

    /// Adds a block of text to the current section.
    pub fn block(&mut self, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        if self.sections.is_empty() {
            self.sections.push(Section::default());
        }
        if let Some(section) = self.sections.last_mut() {
            if !section.text.is_empty() {
                section.text.push('\n');
            }
            section.text.push_str(text);
        }
    }

    /// Cuts the page into passages. Sections without text are left out: their heading lives on in those below.
    pub fn into_passages(self, page: &str) -> Vec<Passage> {
        let first = self.sections.iter().find_map(|s| s.path.first()).map(|(_, h)| h.clone());
        let title = self.title.or(first).unwrap_or_else(|| stem(page));
        let mut out = Vec::new();
        for section in self.sections {
            let headings: Vec<String> =
                section.path.into_iter().map(|(_, h)| h).filter(|h| *h != title).collect();
            for text in cut(&section.text) {
                out.push(Passage {
                    id: format!("{page}#{}", out.len()),
                    page: page.to_owned(),
                    title: title.clone(),
                    headings: headings.clone(),
                    url: self.url.clone(),
                    text,
                });
            }
        }
        out
    }
}

/// The text in pieces of at most [`LONGEST`] bytes, cut between lines; a single longer line stays whole.
fn cut(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for line in text.lines() {
        match out.last_mut() {
            Some(last) if last.len() + line.len() < LONGEST => {
                last.push('\n');
                last.push_str(line);
            }
            _ => out.push(line.to_owned()),
        }
    }
    out
}

/// "getting-started" of `docs/getting-started.md`, with blanks.
fn stem(page: &str) -> String {
    let name = page.rsplit('/').next().unwrap_or(page);
    let name = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    name.replace(['-', '_'], " ")
}
