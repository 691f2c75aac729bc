//! A conversation as a document: Markdown and text for people, JSON for programs, CSV for spreadsheets. PURE.
//!
//! `baton export` writes these, and the console's pipe gives them to a program. What is exported is the folded state and
//! the entries that readers see; who asks decides which entries those are.
//!
//! Invariant: whatever a visitor, a page, the assistant or an agent wrote,
//! - no format holds a control character (but line ends), a bidirectional override or an invisible character where it does
//!   not belong: such are shown as visible tags;
//! - no text can pass for a line of the document, for markup, for another field, or for a spreadsheet's formula;
//! - notes are marked as notes, in words, and absent without `notes`.
//!
//! Refused here: choosing conversations, reading them, writing files.

mod csv;
mod json;
mod markdown;
mod plain;
mod said;
#[cfg(test)]
mod tests;

use std::fmt;

use jiff::tz::TimeZone;

use crate::conversation::{Conversation, Entry};

pub use csv::{BOM, COLUMNS};
pub use json::FORMAT as JSON_FORMAT;

/// A kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Markdown: a heading, the facts as a list, every message as a quotation with its markup disarmed.
    Markdown,
    /// One object on one line; the shape is at [`Format::Json`]'s writer, `src/export/json.rs`, and in the README.
    Json,
    /// Lines for people and pagers; what was said is set in.
    Text,
    /// A row for each message, note and notice; see [`COLUMNS`].
    Csv,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 4] = [Format::Markdown, Format::Json, Format::Text, Format::Csv];

    /// The word in flags.
    pub fn word(self) -> &'static str {
        match self {
            Format::Markdown => "md",
            Format::Json => "json",
            Format::Text => "text",
            Format::Csv => "csv",
        }
    }

    /// By its word, or by a file name's extension (`txt` and `markdown` too), in any case.
    pub fn named(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "md" | "markdown" => Some(Format::Markdown),
            "json" | "jsonl" | "ndjson" => Some(Format::Json),
            "text" | "txt" => Some(Format::Text),
            "csv" => Some(Format::Csv),
            _ => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What goes in, and how times are told.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether what only agents see goes in: notes, the card, tags, priority, and the words behind a release or transfer.
    pub notes: bool,
    /// The zone of times in Markdown and text, each with its offset. JSON and CSV are in UTC.
    pub zone: TimeZone,
}

impl Default for Options {
    /// With notes, in UTC.
    fn default() -> Self {
        Self { notes: true, zone: TimeZone::UTC }
    }
}

/// What stands before the first conversation of a document: the byte order mark and the column names of CSV, nothing
/// elsewhere.
pub fn head(format: Format) -> String {
    match format {
        Format::Csv => csv::head(),
        Format::Markdown | Format::Json | Format::Text => String::new(),
    }
}

/// One conversation: `entries` in order of version. Conversations one after another behind one [`head`] make a document.
pub fn body(format: Format, conversation: &Conversation, entries: &[Entry], options: &Options) -> String {
    match format {
        Format::Markdown => markdown::write(conversation, entries, options),
        Format::Json => json::write(conversation, entries, options),
        Format::Text => plain::write(conversation, entries, options),
        Format::Csv => csv::rows(conversation, entries, options),
    }
}

/// A document of one conversation.
pub fn document(format: Format, conversation: &Conversation, entries: &[Entry], options: &Options) -> String {
    head(format) + &body(format, conversation, entries, options)
}
