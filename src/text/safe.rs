//! Text that has been proven inert.
//!
//! Invariant: a [`SafeText`] was made by [`clean`](super::clean()), from a literal, from a number, or by joining others; there
//! is no way to make one from a `String`, and it cannot be deserialized: whatever comes over a wire is untrusted again.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

use super::clean::melts;
use super::cleaner::CIRCLE;
use super::width;

/// Text that can be drawn, written to a log or shown on a terminal as it is.
///
/// It may hold line breaks (LF); those from [`Untrusted::line`](super::Untrusted::line) and
/// [`Untrusted::log`](super::Untrusted::log) hold none.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SafeText(Cow<'static, str>);

impl SafeText {
    /// A text of our own, known when the program is compiled.
    ///
    /// # Panics
    /// If it holds a control character other than LF, or a bidirectional control. In a `const` that is a compile error.
    pub const fn literal(text: &'static str) -> Self {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            assert!(
                (bytes[at] >= b' ' || bytes[at] == b'\n') && bytes[at] != 0x7f,
                "a literal holds no control character"
            );
            if at + 2 < bytes.len() {
                // C1 in UTF-8, then U+200E/F, U+202A–E and U+2066–9.
                assert!(bytes[at] != 0xc2 || bytes[at + 1] >= 0xa0, "a literal holds no C1 control");
                let (second, third) = (bytes[at + 1], bytes[at + 2]);
                let bidi = bytes[at] == 0xe2
                    && (second == 0x80 && (matches!(third, 0x8e | 0x8f) || (third >= 0xaa && third <= 0xae))
                        || second == 0x81 && third >= 0xa6 && third <= 0xa9);
                assert!(!bidi, "a literal holds no bidirectional control");
            }
            at += 1;
        }
        Self(Cow::Borrowed(text))
    }

    /// Takes what a cleaner of this room has put out.
    pub(super) fn proven(text: String) -> Self {
        Self(Cow::Owned(text))
    }

    /// The text itself. Parts cut at grapheme clusters are as safe as the whole.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether nothing of it would be seen: only white space and the empty Braille cell. A name like that needs a stand-in.
    pub fn is_blank(&self) -> bool {
        self.0.chars().all(|c| c.is_whitespace() || matches!(c, '\u{2800}' | '\u{200b}'))
    }

    /// The lines, without their line breaks.
    pub fn lines(&self) -> std::str::Lines<'_> {
        self.0.lines()
    }

    /// Cells on one row; see [`width::cells`].
    pub fn cells(&self) -> usize {
        width::cells(&self.0)
    }

    /// The rows of [`width::wrap`] as they are drawn: without the spaces and line breaks that hang at their ends, so none
    /// is wider than `width` but a single cluster that is.
    pub fn rows(&self, width: usize) -> Vec<&str> {
        width::wrap(&self.0, width).into_iter().map(|row| self.0[row].trim_end_matches([' ', '\n'])).collect()
    }

    /// The text cut to `max_cells`, marked by `…` when something was cut.
    #[must_use]
    pub fn truncated(&self, max_cells: usize) -> SafeText {
        match width::truncate(&self.0, max_cells, "…") {
            Cow::Borrowed(whole) if whole.len() == self.0.len() => self.clone(),
            cut => SafeText::proven(cut.into_owned()),
        }
    }

    /// Appends another text. Where the two would melt into one grapheme cluster (half a flag and half a flag, a virama and
    /// a letter) a `◌` is put between, so a cluster never grows by joining and widths add up.
    pub fn push(&mut self, other: &SafeText) {
        if self.0.is_empty() {
            self.0 = other.0.clone();
            return;
        }
        let melts = melts(&self.0, &other.0);
        let text = self.0.to_mut();
        if melts {
            text.push(CIRCLE);
        }
        text.push_str(&other.0);
    }

    /// The parts in order with `separator` between them.
    pub fn join<'a>(separator: &SafeText, parts: impl IntoIterator<Item = &'a SafeText>) -> SafeText {
        let mut whole = SafeText::default();
        for (index, part) in parts.into_iter().enumerate() {
            if index > 0 {
                whole.push(separator);
            }
            whole.push(part);
        }
        whole
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Serialize for SafeText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl From<u64> for SafeText {
    fn from(number: u64) -> Self {
        SafeText::proven(number.to_string())
    }
}

impl From<i64> for SafeText {
    fn from(number: i64) -> Self {
        SafeText::proven(number.to_string())
    }
}

impl From<usize> for SafeText {
    fn from(number: usize) -> Self {
        SafeText::proven(number.to_string())
    }
}

impl From<u32> for SafeText {
    fn from(number: u32) -> Self {
        SafeText::proven(number.to_string())
    }
}

impl FromIterator<SafeText> for SafeText {
    fn from_iter<I: IntoIterator<Item = SafeText>>(parts: I) -> Self {
        let mut whole = SafeText::default();
        for part in parts {
            whole.push(&part);
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::super::Untrusted;
    use super::*;

    const READY: SafeText = SafeText::literal("ready ●");

    #[test]
    fn joined_texts_keep_their_own_clusters() {
        let mut flag = Untrusted::new("🇩").display();
        flag.push(&Untrusted::new("🇪").display());
        assert_eq!(flag.as_str(), "🇩◌🇪");
        let words: Vec<SafeText> = ["क्", "ष"].map(|w| Untrusted::new(w).display()).into();
        assert_eq!(SafeText::join(&SafeText::default(), &words).as_str(), "क्◌ष");
        assert_eq!(SafeText::join(&SafeText::literal(", "), [&READY, &READY]).as_str(), "ready ●, ready ●");
        let counted: SafeText = [SafeText::from(3usize), SafeText::literal(" waiting")].into_iter().collect();
        assert_eq!(counted.to_string(), "3 waiting");
    }

    #[test]
    fn texts_that_show_nothing_are_told() {
        assert!(Untrusted::new(" \u{a0}\u{2800}\u{3000}").display().is_blank());
        assert!(
            !Untrusted::new("\u{3164}\u{200b}").display().is_blank(),
            "hidden characters are shown as a count"
        );
    }

    #[test]
    fn rows_drop_what_hangs() {
        assert_eq!(Untrusted::new("one two \nthree").display().rows(4), ["one", "two", "thre", "e"]);
        assert_eq!(Untrusted::new("one two").display().truncated(4).as_str(), "one…");
    }

    #[test]
    #[should_panic(expected = "control")]
    fn literals_with_escapes_are_refused() {
        let _ = SafeText::literal("\u{1b}[1m");
    }
}
