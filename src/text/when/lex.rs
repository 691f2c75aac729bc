//! From what was typed to its smallest parts: numbers, words, colons, whole dates.

use jiff::civil::Date;

/// Most parts looked at. The longest sensible time has about a dozen.
const MOST: usize = 64;

/// One part.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lex<'a> {
    /// What it is.
    pub(super) kind: Kind,
    /// The word it stands in, as typed: what an error quotes.
    pub(super) chunk: &'a str,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// Digits: their value, and how many.
    Num(u32, usize),
    /// Letters, in lower case.
    Word(String),
    /// `2026-12-01`.
    Date(Date),
    Colon,
    Dot,
    /// Anything else.
    Other,
}

impl Lex<'_> {
    /// The word, where it is one.
    pub(super) fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }
}

/// The parts in order; words that carry no meaning are left out.
pub(super) fn lex(input: &str) -> Vec<Lex<'_>> {
    let mut parts = Vec::new();
    for chunk in input.split(|c: char| c.is_whitespace() || c == ',').filter(|c| !c.is_empty()) {
        if parts.len() > MOST {
            break;
        }
        split(chunk, &mut parts);
    }
    parts.retain(|part| !matches!(part.word(), Some("at" | "on" | "the" | "of")));
    parts
}

fn split<'a>(chunk: &'a str, parts: &mut Vec<Lex<'a>>) {
    let mut rest = chunk;
    if let Some((date, after)) = iso_date(chunk) {
        parts.push(Lex { kind: Kind::Date(date), chunk });
        rest = after.strip_prefix(['T', 't']).unwrap_or(after);
    }
    while let Some(first) = rest.chars().next() {
        let end = |same: fn(char) -> bool| rest.find(|c: char| !same(c)).unwrap_or(rest.len());
        let (kind, used) = if first.is_ascii_digit() {
            let used = end(|c| c.is_ascii_digit());
            // Too large a number is no number of anything here.
            (rest[..used].parse().map_or(Kind::Other, |n| Kind::Num(n, used)), used)
        } else if first.is_alphabetic() {
            let used = end(char::is_alphabetic);
            (Kind::Word(rest[..used].to_lowercase()), used)
        } else {
            let kind = match first {
                ':' => Kind::Colon,
                '.' => Kind::Dot,
                _ => Kind::Other,
            };
            (kind, first.len_utf8())
        };
        parts.push(Lex { kind, chunk });
        rest = &rest[used..];
        if parts.len() > MOST {
            return;
        }
    }
}

/// `YYYY-MM-DD` at the start. Strict: no two-digit years, no other order.
fn iso_date(chunk: &str) -> Option<(Date, &str)> {
    let (date, after) = chunk.split_at_checked(10)?;
    let shaped = date.bytes().enumerate().all(|(i, b)| match i {
        4 | 7 => b == b'-',
        _ => b.is_ascii_digit(),
    });
    if !shaped || after.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        return None;
    }
    Some((date.parse().ok()?, after))
}
