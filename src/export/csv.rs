//! CSV that is safe to open in a spreadsheet (RFC 4180).
//!
//! Every field is quoted. A field that begins like a formula (`=`, `+`, `-`, `@`, TAB, CR, their full-width and small
//! forms, spaces before them or not) begins with `'` instead, as OWASP's page on CSV injection advises. Rows end with CRLF.
//! Line breaks inside a field are LF. The document begins with a byte order mark: without one the most used spreadsheet
//! takes UTF-8 for another encoding and shows names wrong, and programs that want none are better served by JSON.

use super::Options;
use super::said::{Kind, said};
use crate::conversation::{Conversation, Entry};
use crate::text::Untrusted;

/// The byte order mark a document begins with.
pub const BOM: char = '\u{feff}';

/// The columns, in order. `at` is ISO 8601 in UTC; `kind` is `message`, `note` or `notice`; `author` is `visitor`,
/// `assistant`, `agent` or `system`. New columns come behind these.
pub const COLUMNS: [&str; 8] = ["conversation", "site", "at", "author", "kind", "text", "name", "seq"];

pub(super) fn head() -> String {
    format!("{BOM}{}", row(COLUMNS.map(str::to_owned)))
}

pub(super) fn rows(conversation: &Conversation, entries: &[Entry], options: &Options) -> String {
    let site = conversation.site.as_ref().map(ToString::to_string).unwrap_or_default();
    said(conversation, entries, options)
        .filter(|said| said.kind != Kind::Event)
        .map(|said| {
            row([
                conversation.id.to_string(),
                site.clone(),
                said.at.to_string(),
                said.author.to_owned(),
                said.kind.word().to_owned(),
                said.text,
                said.name.unwrap_or_default(),
                said.seq.to_string(),
            ])
        })
        .collect()
}

fn row(fields: [String; 8]) -> String {
    let fields: Vec<String> = fields.into_iter().map(|field| Untrusted::new(field).csv()).collect();
    fields.join(",") + "\r\n"
}
