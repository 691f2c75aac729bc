//! Folded pastes: a long paste stands in the text as one character, and is shown as a few words.
//!
//! The character is one of the 32 that Unicode keeps free for a program's own use (U+FDD0–U+FDEF, never text), so that
//! moving, deleting and undoing treat the paste as one cluster, and a key costs what the short text costs, however long
//! the paste is. Invariant: [`Folds::whole`] gives the text back, byte for byte.

use std::ops::Range;

/// The first of the characters that stand for a paste, and how many there are.
const FIRST: u32 = 0xfdd0;
const MARKS: usize = 32;

/// Whether a character stands for a paste.
pub(super) fn is_mark(c: char) -> bool {
    index(c).is_some()
}

fn index(c: char) -> Option<usize> {
    let at = (c as u32).checked_sub(FIRST)? as usize;
    (at < MARKS).then_some(at)
}

/// What stands behind the marks of one text.
#[derive(Debug, Clone, Default)]
pub(super) struct Folds {
    texts: Vec<String>,
}

/// A text as it is drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    /// The text, a folded paste as its label.
    pub text: String,
    /// The cursor in it, bytes.
    pub cursor: usize,
    /// Where the labels are, bytes.
    pub folds: Vec<Range<usize>>,
}

impl Folds {
    /// A mark for a text; none: all are in use.
    pub(super) fn add(&mut self, text: String) -> Option<char> {
        if self.texts.len() == MARKS {
            return None;
        }
        self.texts.push(text);
        char::from_u32(FIRST + u32::try_from(self.texts.len() - 1).ok()?)
    }

    /// What a mark stands for.
    pub(super) fn get(&self, mark: char) -> Option<&str> {
        self.texts.get(index(mark)?).map(String::as_str)
    }

    /// Bytes of all that is folded.
    pub(super) fn bytes(&self) -> usize {
        self.texts.iter().map(String::len).sum()
    }

    /// Whether nothing was ever folded.
    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// What a mark is shown as. Its spaces do not break.
    fn label(&self, mark: char) -> String {
        let text = self.get(mark).unwrap_or_default();
        let lines = text.trim_end_matches('\n').split('\n').count();
        if lines > 1 {
            format!("[pasted\u{a0}{lines}\u{a0}lines]")
        } else {
            format!("[pasted\u{a0}{}\u{a0}characters]", text.chars().count())
        }
    }

    /// The text with every mark replaced by what it stands for.
    pub(super) fn whole(&self, raw: &str) -> String {
        self.replaced(raw, |mark| self.get(mark).unwrap_or_default().to_owned()).0
    }

    /// The text as it is drawn, with the cursor.
    pub(super) fn shown(&self, raw: &str, cursor: usize) -> Shown {
        let (text, folds) = self.replaced(raw, |mark| self.label(mark));
        Shown { cursor: self.to_shown(raw, cursor), text, folds }
    }

    fn replaced(&self, raw: &str, words: impl Fn(char) -> String) -> (String, Vec<Range<usize>>) {
        let mut out = String::with_capacity(raw.len());
        let mut places = Vec::new();
        for c in raw.chars() {
            if is_mark(c) {
                let from = out.len();
                out.push_str(&words(c));
                places.push(from..out.len());
            } else {
                out.push(c);
            }
        }
        (out, places)
    }

    /// A place in the text as it is drawn.
    pub(super) fn to_shown(&self, raw: &str, at: usize) -> usize {
        let before = &raw[..at];
        let grown: usize =
            before.chars().filter(|c| is_mark(*c)).map(|c| self.label(c).len() - c.len_utf8()).sum();
        at + grown
    }

    /// The place in the text for one in it as it is drawn; inside a label: before its mark, or `after` it.
    pub(super) fn to_raw(&self, raw: &str, shown: usize, after: bool) -> usize {
        let mut at = 0;
        for (raw_at, c) in raw.char_indices() {
            let takes = if is_mark(c) { self.label(c).len() } else { c.len_utf8() };
            if at + takes > shown {
                let inside = at < shown && after;
                return if inside { raw_at + c.len_utf8() } else { raw_at };
            }
            at += takes;
        }
        raw.len()
    }
}
