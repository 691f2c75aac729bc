//! The full-text index over messages and notes: follows the log by a durable cursor.
//!
//! It holds words, not texts (contentless), so nothing is stored twice. Words of scripts written without blanks are
//! indexed letter by letter, so that a part of a sentence is found.

use rusqlite::{Connection, params};

use super::error::StoreError;
use super::history;
use super::schema::TEXT_CURSOR;
use crate::conversation::{ERASED, Event};

/// Pages of the index merged at once: some milliseconds.
const TIDY_PAGES: i64 = 64;

/// Indexes at most `events` events after `cursor`; returns how many were looked at and the new cursor.
pub(super) fn index(conn: &Connection, cursor: u64, events: usize) -> Result<(usize, u64), StoreError> {
    let mut read = conn.prepare_cached(
        "SELECT e.seq, e.body, c.site FROM events e JOIN conversations c ON c.key = e.stream
         WHERE e.seq > ?1 ORDER BY e.seq LIMIT ?2",
    )?;
    let mut write = conn.prepare_cached("INSERT INTO texts (rowid, site, body) VALUES (?1, ?2, ?3)")?;
    let mut rows = read.query(params![cursor as i64, events as i64])?;
    let (mut looked_at, mut last) = (0, cursor as i64);
    while let Some(row) = rows.next()? {
        last = row.get(0)?;
        looked_at += 1;
        if let Some(text) = text_of(&history::event(row, 1)?) {
            write.execute(params![last, site_word(row.get(2)?), spaced(text)])?;
        }
    }
    conn.prepare_cached("UPDATE meta SET value = ?2 WHERE name = ?1")?.execute(params![TEXT_CURSOR, last])?;
    Ok((looked_at, last as u64))
}

/// Does a bounded part of merging the index's segments: a search visits each of them, and they grow in number with
/// every [`index`].
pub(super) fn tidy(conn: &Connection) -> Result<(), StoreError> {
    conn.prepare_cached("INSERT INTO texts (texts, rank) VALUES ('merge', ?1)")?.execute([TIDY_PAGES])?;
    Ok(())
}

/// Forgets everything; the next [`index`] begins at the log's start.
pub(super) fn reset(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute("INSERT INTO texts (texts) VALUES ('delete-all')", [])?;
    conn.execute("UPDATE meta SET value = 0 WHERE name = ?1", [TEXT_CURSOR])?;
    Ok(())
}

/// What of an event is searched.
pub(super) fn text_of(event: &Event) -> Option<&str> {
    let text = match event {
        Event::MessagePosted(message) => &message.text,
        Event::NoteAdded { text, .. } => text,
        _ => return None,
    };
    (text != ERASED).then_some(text)
}

/// The word in the index that stands for a site.
pub(super) fn site_word(key: i64) -> String {
    format!("s{key}")
}

/// Blanks around every letter of a script that is written without them (Han, kana, Thai, Lao, Khmer, Burmese).
pub(super) fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if unspaced(c) {
            out.extend([' ', c, ' ']);
        } else {
            out.push(c);
        }
    }
    out
}

fn unspaced(c: char) -> bool {
    matches!(c,
        '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}
