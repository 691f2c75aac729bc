//! Search: a query's tree against the log, and the text around what was found.
//!
//! Two ways. With words, the full-text index gives messages, newest first. Without, conversations are gone through, newest
//! change first (those of a state by the state's index). Either looks at a bounded number of candidates and says where it
//! stopped: nothing here walks through all messages or all conversations in one go.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use rusqlite::functions::FunctionFlags;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Statement, params, params_from_iter};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::place::code;
use super::search_sql::{self, Condition, searchable};
use super::text_index::{site_word, text_of};
use super::{LogHit, Principal, Reader, SearchPage, StoreError, keys};
use crate::conversation::{AgentId, SiteId, State};
use crate::protocol::query::{Is, Query, What};

/// Found messages looked at for each hit wanted: a word that fills one conversation must not cost a walk through it all.
const LOOKS: usize = 50;
/// Conversations gone through in one search without words.
const CONVERSATIONS: usize = 20_000;
/// Conversations taken from the index at a time.
const CHUNK: usize = 500;
/// A search while typing is answered after this time with what was found by then, and goes on by its cursor.
const PATIENCE: Duration = Duration::from_millis(300);
/// Candidates looked at however long it takes, so that each page leads further.
const AT_LEAST: usize = 200;
/// Length of an excerpt, and of what it shows before the match, in characters.
const EXCERPT: usize = 160;
const BEFORE: usize = 50;

/// Lets SQL compare without case and accents.
pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    conn.create_scalar_function("folded", 1, flags, |args| {
        Ok(args.get_raw(0).as_str_or_null().ok().flatten().map(folded).unwrap_or_default())
    })
}

/// A search under way: its statements, and what it looked at.
struct Search<'a> {
    reader: &'a Reader,
    conversation: Statement<'a>,
    conversation_values: Vec<Value>,
    message: Statement<'a>,
    message_values: Vec<Value>,
    /// Streams whose conversation was asked about, and whether it fits.
    fits: HashMap<i64, bool>,
    words: Vec<String>,
    started: Instant,
    looks: usize,
    most: usize,
}

impl Reader {
    /// Conversations the query holds for, newest message first (without words: newest change first), one hit a
    /// conversation, at most `limit`. `me` is whose `is:mine` it is; `cursor` a page's `next`. Case and accents do not
    /// matter. Words too fresh to be indexed are found a moment later. A page may be short, even empty, and have a next.
    ///
    /// # Errors
    /// [`StoreError::Failed`] for a cursor that no page gave, and when the store cannot be read.
    pub fn search(
        &self,
        query: &Query,
        me: Option<AgentId>,
        sites: Option<&[SiteId]>,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<SearchPage, StoreError> {
        let sites = self.site_keys(sites)?;
        let means_something = |what: &What| !matches!(what, What::Text { words, .. } if !searchable(words));
        if limit == 0 || sites.is_empty() || !query.terms.iter().any(|t| means_something(&t.what)) {
            return Ok(SearchPage::default());
        }
        let bad = || StoreError::failed("no page gave this cursor");
        let site_words: Vec<String> = sites.iter().map(|key| site_word(*key)).collect();
        let me = match me {
            Some(me) => keys::principal(&self.conn, Principal::Agent(me))?,
            None => None,
        };
        match search_sql::of_index(query, &site_words) {
            Some(index) => {
                let before = cursor.map(|c| parse_cursor('m', c).ok_or_else(bad)).transpose()?;
                Search::new(self, query, &sites, me, limit.saturating_mul(LOOKS))?
                    .by_words(&index, before, limit)
            }
            None => {
                let before = cursor.map(|c| parse_cursor('c', c).ok_or_else(bad)).transpose()?;
                Search::new(self, query, &sites, me, CONVERSATIONS)?.by_conversation(
                    query,
                    &sites,
                    before.unwrap_or(i64::MAX),
                    limit,
                )
            }
        }
    }
}

impl<'a> Search<'a> {
    fn new(
        reader: &'a Reader,
        query: &Query,
        sites: &[i64],
        me: Option<i64>,
        most: usize,
    ) -> Result<Self, StoreError> {
        let Condition { sql: of_conversation, values: conversation_values } =
            search_sql::of_conversation(query, sites, me);
        let Condition { sql: of_message, values: message_values } = search_sql::of_message(query);
        let words = query.terms.iter().filter(|t| !t.negated).filter_map(|t| match &t.what {
            What::Text { words, .. } => Some(words.clone()),
            _ => None,
        });
        // Not cached: each query is its own.
        Ok(Self {
            reader,
            conversation: reader
                .conn
                .prepare(&format!("SELECT 1 FROM conversations c WHERE {of_conversation} AND c.key = ?"))?,
            conversation_values,
            message: reader.conn.prepare(&format!(
                "SELECT e.version, e.body FROM events e JOIN conversations c ON c.key = e.stream
                 WHERE {of_message} AND e.stream = ? AND e.version BETWEEN ? AND ? ORDER BY e.version DESC LIMIT 1"
            ))?,
            message_values,
            fits: HashMap::new(),
            words: words.collect(),
            started: Instant::now(),
            looks: 0,
            most,
        })
    }

    fn exhausted(&self) -> bool {
        self.looks >= self.most || self.looks >= AT_LEAST && self.started.elapsed() > PATIENCE
    }

    /// Whether the conversation fits; asked once.
    fn fits(&mut self, stream: i64) -> Result<bool, StoreError> {
        if let Some(fits) = self.fits.get(&stream) {
            return Ok(*fits);
        }
        let values = self.conversation_values.iter().cloned().chain([Value::Integer(stream)]);
        let fits = self.conversation.exists(params_from_iter(values))?;
        self.fits.insert(stream, fits);
        Ok(fits)
    }

    /// The newest message or note of a conversation that fits, of these versions.
    fn newest(&mut self, stream: i64, from: i64, to: i64) -> Result<Option<(i64, String)>, StoreError> {
        let place = [stream, from, to].map(Value::Integer);
        let values = self.message_values.iter().cloned().chain(place);
        let found = self
            .message
            .query_row(params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(found)
    }

    fn hit(&self, stream: i64, version: i64, body: &str) -> Result<Option<LogHit>, StoreError> {
        let Some(row) = self.reader.row(stream)? else { return Ok(None) };
        let event = serde_json::from_str(body)?;
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let excerpt = excerpt(text_of(&event).unwrap_or_default(), &words);
        Ok(Some(LogHit { row, excerpt, version: version as u64 }))
    }

    /// By the full-text index. What earlier pages gave is gone through again, so that none gives a conversation twice.
    fn by_words(mut self, index: &str, before: Option<i64>, limit: usize) -> Result<SearchPage, StoreError> {
        let before = before.unwrap_or(i64::MAX);
        let reader = self.reader;
        let mut found =
            reader.conn.prepare_cached("SELECT rowid FROM texts WHERE texts MATCH ?1 ORDER BY rowid DESC")?;
        let mut place = reader.conn.prepare_cached("SELECT stream, version FROM events WHERE seq = ?1")?;
        let mut rows = found.query(params![index])?;
        let (mut page, mut given, mut last) = (SearchPage::default(), HashSet::new(), before);
        while let Some(row) = rows.next()? {
            let seq: i64 = row.get(0)?;
            let fresh = seq < before;
            if fresh && (page.hits.len() >= limit || self.exhausted()) {
                page.next = Some(format!("m{last}"));
                break;
            }
            if fresh {
                self.looks += 1;
                last = seq;
            }
            let at = place.query_row([seq], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
            let Some((stream, version)): Option<(i64, i64)> = at else { continue };
            if given.contains(&stream) || !self.fits(stream)? {
                continue;
            }
            let Some((version, body)) = self.newest(stream, version, version)? else { continue };
            given.insert(stream);
            if fresh {
                page.hits.extend(self.hit(stream, version, &body)?);
            }
        }
        Ok(page)
    }

    /// By conversations, newest change first.
    fn by_conversation(
        mut self,
        query: &Query,
        sites: &[i64],
        before: i64,
        limit: usize,
    ) -> Result<SearchPage, StoreError> {
        let mut page = SearchPage::default();
        let mut before = before;
        loop {
            let (spots, more) = match open_states(query) {
                Some(states) => (self.reader.changed_in(&states, sites, before)?, false),
                None => {
                    let mut spots =
                        self.reader.by_change(sites, (before.saturating_neg(), i64::MIN), CHUNK)?;
                    spots.sort_unstable();
                    let more = spots.len() >= CHUNK;
                    spots.truncate(CHUNK);
                    (spots, more)
                }
            };
            for (order, stream) in spots {
                if page.hits.len() >= limit || self.exhausted() {
                    page.next = Some(format!("c{before}"));
                    return Ok(page);
                }
                self.looks += 1;
                before = order.saturating_neg();
                if !self.fits(stream)? {
                    continue;
                }
                if let Some((version, body)) = self.newest(stream, 1, i64::MAX)? {
                    page.hits.extend(self.hit(stream, version, &body)?);
                }
            }
            if !more {
                return Ok(page);
            }
        }
    }
}

impl Reader {
    /// Conversations in these states by last change, newest first.
    fn changed_in(
        &self,
        states: &[State],
        sites: &[i64],
        before: i64,
    ) -> Result<Vec<(i64, i64)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT -changed, key FROM conversations WHERE site = ?1 AND state = ?2 AND changed < ?3",
        )?;
        let mut spots = Vec::new();
        for site in sites {
            for state in states {
                let mut rows = statement.query(params![site, code(*state), before])?;
                while let Some(row) = rows.next()? {
                    spots.push((row.get(0)?, row.get(1)?));
                }
            }
        }
        spots.sort_unstable();
        Ok(spots)
    }
}

/// The states a query is limited to where these are few conversations: those not resolved.
fn open_states(query: &Query) -> Option<Vec<State>> {
    query.terms.iter().filter(|t| !t.negated).find_map(|t| match t.what {
        What::Is(Is::State(State::Resolved) | Is::Ticket) => None,
        What::Is(Is::State(state)) => Some(vec![state]),
        What::Is(Is::Mine) => Some(vec![State::Active]),
        What::Is(Is::Open) => Some(vec![State::Queued, State::Active, State::Assistant, State::Snoozed]),
        What::Is(Is::Waiting) => Some(vec![State::Queued, State::Active, State::Assistant]),
        _ => None,
    })
}

fn parse_cursor(kind: char, text: &str) -> Option<i64> {
    text.strip_prefix(kind)?.parse().ok()
}

/// Without case and accents, for comparing parts.
pub(super) fn folded(text: &str) -> String {
    text.chars().map(fold).collect()
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
    fn the_excerpt_shows_the_match() {
        let text = format!("{}Ma Café préférée {}", "word ".repeat(40), "tail ".repeat(60));
        let cut = excerpt(&text, &["cafe"]);
        assert!(cut.contains("Café") && cut.starts_with("word ") && cut.chars().count() == EXCERPT);
        assert_eq!(excerpt("short", &["missing"]), "short");
        assert_eq!(excerpt("", &["x"]), "");
    }
}
