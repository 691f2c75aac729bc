//! A message as words the grammars can read: lower case, accents and apostrophes gone, each with its place in the
//! original text and the number of the clause it stands in. It refuses to guess languages or meanings.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Longest part of a message that is read, in bytes. A longer message is read from its start: requests are short,
/// and the bound keeps `decide` under its budget whatever a visitor pastes.
pub const READ_AT_MOST: usize = 2048;

/// One word of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The word folded: lower case, no accents, no apostrophes.
    pub text: String,
    /// First byte in the original message.
    pub start: usize,
    /// One past the last byte in the original message.
    pub end: usize,
    /// The clause it stands in, counted from 0. Full stops, commas, marks and line breaks end a clause.
    pub clause: usize,
    /// Whether it was written with `'s`.
    pub possessive: bool,
}

/// Folds a word: lower case, compatibility decomposition, combining marks and apostrophes dropped, `ß` as `ss`.
///
/// ```
/// assert_eq!(baton::handoff::words::fold("Möchte"), "mochte");
/// assert_eq!(baton::handoff::words::fold("don’t"), "dont");
/// ```
pub fn fold(word: &str) -> String {
    if word.is_ascii() {
        return word.chars().filter(|c| *c != '\'').map(|c| c.to_ascii_lowercase()).collect();
    }
    let mut out = String::with_capacity(word.len());
    for c in word.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match c {
            '\'' | '’' | '‘' | 'ʼ' => {}
            'ß' => out.push_str("ss"),
            'œ' => out.push_str("oe"),
            'æ' => out.push_str("ae"),
            'ø' => out.push('o'),
            'ł' => out.push('l'),
            other => out.push(other),
        }
    }
    out
}

/// Splits a message into folded words with their places and clauses.
///
/// Tags such as `<system>` are boundaries like any mark: text inside them is words like any other, which is why a
/// visitor cannot speak to the policy through them.
pub fn split(message: &str) -> Vec<Word> {
    let cut = floor_boundary(message, READ_AT_MOST);
    let message = &message[..cut];
    let mut words: Vec<Word> = Vec::new();
    let (mut clause, mut pending) = (0, false);
    let mut start: Option<usize> = None;
    let mut close = |start: &mut Option<usize>, end: usize, clause: &mut usize, pending: &mut bool| {
        if let Some(from) = start.take() {
            let raw = &message[from..end];
            let text = fold(raw);
            if !text.is_empty() {
                if *pending && !words.is_empty() {
                    *clause += 1;
                }
                *pending = false;
                let possessive = raw.ends_with("'s") || raw.ends_with("’s");
                words.push(Word { text, start: from, end, clause: *clause, possessive });
            }
        }
    };
    for (at, c) in message.char_indices() {
        let inside = c.is_alphanumeric()
            || is_combining_mark(c)
            || (matches!(c, '\'' | '’' | '‘' | 'ʼ') && start.is_some());
        if inside {
            start.get_or_insert(at);
        } else {
            close(&mut start, at, &mut clause, &mut pending);
            if matches!(
                c,
                '.' | ','
                    | '!'
                    | '?'
                    | ';'
                    | ':'
                    | '\n'
                    | '('
                    | ')'
                    | '<'
                    | '>'
                    | '…'
                    | '—'
                    | '–'
                    | '。'
                    | '"'
                    | '“'
                    | '”'
            ) {
                pending = true;
            }
        }
    }
    close(&mut start, message.len(), &mut clause, &mut pending);
    words
}

/// The largest char boundary of `text` that is not past `at`.
pub fn floor_boundary(text: &str, at: usize) -> usize {
    let mut cut = at.min(text.len());
    while !text.is_char_boundary(cut) {
        cut -= 1;
    }
    cut
}

/// Whether two words differ by exactly one edit: a letter replaced, added, dropped, or two neighbours swapped.
///
/// ```
/// assert!(baton::handoff::words::one_edit("operater", "operator"));
/// assert!(baton::handoff::words::one_edit("eprson", "person"));
/// assert!(!baton::handoff::words::one_edit("person", "person"));
/// ```
pub fn one_edit(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() {
        return edited_once(a.as_bytes(), b.as_bytes());
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    edited_once(&a, &b)
}

fn edited_once<T: PartialEq>(a: &[T], b: &[T]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if a == b || long.len() - short.len() > 1 {
        return false;
    }
    let same = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    if short.len() < long.len() {
        return short[same..] == long[same + 1..];
    }
    let swapped = same + 1 < short.len()
        && short[same] == long[same + 1]
        && short[same + 1] == long[same]
        && short[same + 2..] == long[same + 2..];
    swapped || short[same + 1..] == long[same + 1..]
}

/// Whether the words `phrase` (separated by single blanks) stand at `words[at..]`, whatever their clauses.
pub fn phrase_at(words: &[Word], at: usize, phrase: &str) -> Option<usize> {
    let mut n = 0;
    for part in phrase.split(' ') {
        if words.get(at + n).is_none_or(|w| w.text != part) {
            return None;
        }
        n += 1;
    }
    Some(n)
}

/// Whether `phrase` stands anywhere in `words`; the place of its first word and its length in words.
pub fn find_phrase(words: &[Word], phrase: &str) -> Option<(usize, usize)> {
    (0..words.len()).find_map(|at| phrase_at(words, at, phrase).map(|n| (at, n)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_and_places() {
        let words = split("No. I'd like a human, please");
        let flat: Vec<(&str, usize)> = words.iter().map(|w| (w.text.as_str(), w.clause)).collect();
        assert_eq!(flat, [("no", 0), ("id", 1), ("like", 1), ("a", 1), ("human", 1), ("please", 2)]);
        assert_eq!((words[1].start, words[1].end), (4, 7));
    }

    #[test]
    fn edits() {
        for (a, b) in [("chay", "chat"), ("somenoe", "someone"), ("talkk", "talk"), ("asistant", "assistant")]
        {
            assert!(one_edit(a, b), "{a} {b}");
        }
        assert!(!one_edit("walks", "talk"));
    }

    #[test]
    fn long_text_is_cut_on_a_boundary() {
        assert!(split(&"é ".repeat(5000)).len() < 2000);
    }
}
