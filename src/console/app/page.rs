//! A page of rows: what a panel of running text says, wrapped to its width, before anybody draws it.
//!
//! The reducer needs the rows as much as the drawing does: it must know how far one can scroll. Invariant: each piece is inert,
//! says whether it came from outside, and no row is wider than the page.

use crate::text::links::{self, Link};
use crate::text::{SafeText, width};

/// How a piece of a row stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Not at all.
    Plain,
    /// Matters less.
    Dim,
    /// Matters.
    Bold,
    /// A heading.
    Heading,
    /// All is well.
    Good,
    /// Something is wrong, or urgent.
    Bad,
}

/// A piece of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it says.
    pub text: String,
    /// How it stands out.
    pub ink: Ink,
    /// Whether it came from outside; else these are words of our own.
    pub outside: bool,
}

/// A row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// From left to right.
    pub pieces: Vec<Piece>,
    /// Where it leads, for an address.
    pub link: Option<Link>,
}

/// Rows a stranger's own words about themselves (a name, an address, a browser) may take: the rest of the panel stays in sight.
const FIELD_ROWS: usize = 4;

/// Rows of text, wrapped to a width.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The rows, top first.
    pub rows: Vec<Row>,
    width: usize,
}

/// Words of our own.
pub fn own(text: impl Into<String>, ink: Ink) -> Piece {
    Piece { text: text.into(), ink, outside: false }
}

/// Text from outside, on one row.
pub fn safe(text: &SafeText, ink: Ink) -> Piece {
    Piece { text: text.as_str().to_owned(), ink, outside: true }
}

impl Page {
    /// An empty page of so many cells a row.
    pub fn new(width: usize) -> Self {
        Self { rows: Vec::new(), width: width.max(8) }
    }

    /// A heading, with a free row before it.
    pub fn heading(&mut self, words: &'static str) {
        if !self.rows.is_empty() {
            self.rows.push(Row::default());
        }
        self.row(vec![own(words, Ink::Heading)]);
    }

    /// A row of short pieces, as they are: whoever draws cuts what is too long.
    pub fn row(&mut self, pieces: Vec<Piece>) {
        self.rows.push(Row { pieces, link: None });
    }

    /// Words of our own, wrapped.
    pub fn say(&mut self, words: &str, ink: Ink) {
        for range in width::wrap(words, self.width) {
            self.row(vec![own(words[range].trim_end_matches([' ', '\n']), ink)]);
        }
    }

    /// A text, wrapped, with something of ours before its first row; the others are indented as far.
    pub fn text(&mut self, before: &str, text: &SafeText, ink: Ink) {
        let indent = width::cells(before);
        let ranges = width::wrap(text.as_str(), self.width.saturating_sub(indent).max(4));
        for (row, range) in ranges.into_iter().enumerate() {
            let lead = if row == 0 { before.to_owned() } else { " ".repeat(indent) };
            let words = text.as_str()[range].trim_end_matches([' ', '\n']).to_owned();
            self.row(vec![own(lead, Ink::Dim), Piece { text: words, ink, outside: true }]);
        }
    }

    /// Like [`Page::text`], but a text longer than a few rows is cut, and says so.
    pub fn field(&mut self, before: &str, text: &SafeText, ink: Ink) {
        let from = self.rows.len();
        self.text(before, text, ink);
        if self.rows.len() <= from + FIELD_ROWS {
            return;
        }
        self.rows.truncate(from + FIELD_ROWS);
        let room = self.width.saturating_sub(width::cells(before)).max(4) - 1;
        let last = self.rows.last_mut().expect("some are left");
        if let Some(words) = last.pieces.last_mut() {
            words.text = width::truncate(&words.text, room, "").into_owned();
        }
        last.pieces.push(own("…", Ink::Dim));
    }

    /// An address: as our parser spells it, with the link behind it, where it is one.
    pub fn address(&mut self, url: &SafeText) {
        let Some(link) = links::whole(url.as_str()) else { return self.field("", url, Ink::Plain) };
        let from = self.rows.len();
        self.field("", &link.address(), Ink::Plain);
        for row in &mut self.rows[from..] {
            row.link = Some(link.clone());
        }
    }

    /// The first row that may stand at the top of a view of so many rows.
    pub fn lowest_top(&self, view: u16) -> usize {
        self.rows.len().saturating_sub(usize::from(view))
    }
}
