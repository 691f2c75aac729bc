//! Search: the words somebody typed, as a query that can mean nothing else, and the text around what was found.

use std::collections::HashSet;

use rusqlite::params;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::text_index::{site_word, spaced, text_of};
use super::{LogHit, Reader, StoreError, history};
use crate::conversation::SiteId;

/// Words of a query that count; the rest is ignored.
const WORDS: usize = 16;
/// Found messages looked at for each hit wanted: a word that fills one conversation must not cost a walk through it all.
const LOOKS: usize = 50;
/// Length of an excerpt, and of what it shows before the match, in characters.
const EXCERPT: usize = 160;
const BEFORE: usize = 50;

impl Reader {
    /// Conversations in which one message or note has all these words (the last as the beginning of a word), newest
    /// message first, at most `limit` and one hit a conversation. Case and accents do not matter. Words too fresh to
    /// be indexed are found a moment later.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn search(
        &self,
        query: &str,
        sites: Option<&[SiteId]>,
        limit: usize,
    ) -> Result<Vec<LogHit>, StoreError> {
        let words: Vec<&str> = query.split_whitespace().filter(|w| searchable(w)).take(WORDS).collect();
        let sites = sites.map(|_| self.site_keys(sites)).transpose()?;
        if words.is_empty() || limit == 0 || sites.as_ref().is_some_and(Vec::is_empty) {
            return Ok(Vec::new());
        }
        let mut statement =
            self.conn.prepare_cached("SELECT rowid FROM texts WHERE texts MATCH ?1 ORDER BY rowid DESC")?;
        let mut event =
            self.conn.prepare_cached("SELECT stream, version, body FROM events WHERE seq = ?1")?;
        let mut rows = statement.query(params![expression(&words, sites.as_deref())])?;
        let (mut hits, mut seen) = (Vec::new(), HashSet::new());
        let mut looks = 0;
        while let Some(row) = rows.next()?
            && looks < limit.saturating_mul(LOOKS)
            && hits.len() < limit
        {
            looks += 1;
            let mut found = event.query([row.get::<_, i64>(0)?])?;
            let Some(found) = found.next()? else { continue };
            let stream: i64 = found.get(0)?;
            if !seen.insert(stream) {
                continue;
            }
            let Some(row) = self.row(stream)? else { continue };
            let event = history::event(found, 2)?;
            let excerpt = excerpt(text_of(&event).unwrap_or_default(), &words);
            hits.push(LogHit { row, excerpt, version: found.get::<_, i64>(1)? as u64 });
        }
        Ok(hits)
    }
}

/// Whether the index can hold anything of this word.
fn searchable(word: &str) -> bool {
    word.chars().any(char::is_alphanumeric)
}

/// The query in FTS5's grammar: every word in quotation marks, so that none of them is an operator.
fn expression(words: &[&str], sites: Option<&[i64]>) -> String {
    let mut out = String::from("body : (");
    for (i, word) in words.iter().enumerate() {
        if i > 0 {
            out.push_str(" AND ");
        }
        // NUL would end the query early, and is no part of a word.
        let word: String = word.chars().filter(|c| *c != '\0').take(100).collect();
        out.push('"');
        out.push_str(&spaced(&word).replace('"', "\"\""));
        out.push('"');
    }
    out.push_str("*)");
    if let Some(sites) = sites {
        let sites: Vec<String> = sites.iter().map(|key| format!("\"{}\"", site_word(*key))).collect();
        out = format!("site : ({}) AND {out}", sites.join(" OR "));
    }
    out
}

/// The part of the text around the first of the words in it, from the start where none is found as written.
fn excerpt(text: &str, words: &[&str]) -> String {
    let chars: Vec<char> = text.chars().collect();
    let folded: Vec<char> = chars.iter().map(|c| fold(*c)).collect();
    let at = words
        .iter()
        .map(|word| word.chars().filter(|c| c.is_alphanumeric()).map(fold).collect::<Vec<_>>())
        .filter_map(|word| folded.windows(word.len().max(1)).position(|w| w == word))
        .min()
        .unwrap_or(0);
    let mut start = at.saturating_sub(BEFORE);
    if start > 0 {
        // Begin with a whole word where one begins before the match.
        start = (start..at).find(|i| chars[i - 1].is_whitespace()).unwrap_or(start);
    }
    chars[start..].iter().take(EXCERPT).collect()
}

/// Without case and accents, one character for one: for finding a place, not for comparing.
fn fold(c: char) -> char {
    let base = c.nfd().find(|c| !is_combining_mark(*c)).unwrap_or(c);
    base.to_lowercase().next().unwrap_or(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_is_words_only() {
        assert_eq!(expression(&["a\"b", "NEAR("], None), "body : (\"a\"\"b\" AND \"NEAR(\"*)");
        assert_eq!(expression(&["foo"], Some(&[1, 22])), "site : (\"s1\" OR \"s22\") AND body : (\"foo\"*)");
        assert_eq!(expression(&["你好"], None), "body : (\" 你  好 \"*)");
    }

    #[test]
    fn the_excerpt_shows_the_match() {
        let text = format!("{}Ma Café préférée {}", "word ".repeat(40), "tail ".repeat(60));
        let cut = excerpt(&text, &["cafe"]);
        assert!(cut.contains("Café") && cut.starts_with("word ") && cut.chars().count() == EXCERPT);
        assert_eq!(excerpt("short", &["missing"]), "short");
        assert_eq!(excerpt("", &["x"]), "");
    }
}
