//! Text from outside, and the only ways out of it.
//!
//! Invariant: the raw characters leave through [`Untrusted::raw`] alone, which storage and the wire use; every other exit
//! cleans. No `Display`, no `AsRef<str>`, no `Deref`: a widget, a title, a log line cannot take one by accident.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error, Visitor};

use super::clean::{MAX_LINE_CELLS, clean, clean_line};
use super::safe::SafeText;
use super::width;

/// Cells of the longest text that [`Untrusted::log`] gives.
pub const MAX_LOG_CELLS: usize = 200;

/// Text from a visitor, a page, a document, a connector, a language model or somebody else's configuration, as it arrived.
///
/// Serialized as the plain string it is. Deserialized from a string; an escaped lone surrogate, which JSON can spell and
/// Unicode text cannot hold, becomes U+FFFD where the format hands over bytes (`serde_json` does, except when it buffers
/// for a tagged enum or a flattened struct: there it is a decoding error).
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Untrusted(String);

impl Untrusted {
    /// Takes text as it arrived.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text made inert, line breaks kept; see [`clean`].
    pub fn display(&self) -> SafeText {
        SafeText::proven(clean(&self.0).into_owned())
    }

    /// The text made inert on one line: each line break is a visible `⏎`. Cut at [`MAX_LINE_CELLS`] with `…`.
    pub fn line(&self) -> SafeText {
        SafeText::proven(self.one_line(MAX_LINE_CELLS))
    }

    /// One inert line of at most [`MAX_LOG_CELLS`] cells, for logs and errors.
    pub fn log(&self) -> SafeText {
        SafeText::proven(self.one_line(MAX_LOG_CELLS))
    }

    /// The text made inert and escaped for HTML, in elements and in quoted attributes. Line breaks stay LF.
    pub fn html(&self) -> String {
        let text = clean(&self.0);
        let mut out = String::with_capacity(text.len() + text.len() / 8);
        for c in text.chars() {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#39;"),
                '`' => out.push_str("&#96;"),
                _ => out.push(c),
            }
        }
        out
    }

    /// The text made inert as one quoted CSV field. A field that a spreadsheet would take for a formula starts with `'`:
    /// one that begins, raw or cleaned, leading spaces aside, with `=`, `+`, `-`, `@`, their full-width or small forms, or
    /// raw with TAB or CR.
    pub fn csv(&self) -> String {
        let text = clean(&self.0);
        let quote = self.0.starts_with(['\t', '\r']) || starts_formula(&self.0) || starts_formula(&text);
        format!("\"{}{}\"", if quote { "'" } else { "" }, text.replace('"', "\"\""))
    }

    /// The text as it arrived: for storage and the wire, never for a screen, a log or a file people open.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// Whether nothing arrived.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn one_line(&self, max_cells: usize) -> String {
        // A bounded head is enough, so that a megabyte costs no more than a row. Should the cut fall inside a cluster, the
        // cleaner makes the rest of it whole; what is left out is marked.
        let head = head(&self.0, max_cells * 32);
        let mut text = clean_line(head);
        if head.len() < self.0.len() {
            text.push('…');
        }
        match width::truncate(&text, max_cells, "…") {
            Cow::Borrowed(_) => text,
            Cow::Owned(cut) => cut,
        }
    }
}

/// The first `max_bytes` of a text, less what would split a character.
fn head(text: &str, max_bytes: usize) -> &str {
    let mut end = text.len().min(max_bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Whether a spreadsheet may read a field as a formula.
fn starts_formula(text: &str) -> bool {
    text.trim_start().starts_with([
        '=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}', '\u{fe66}', '\u{fe62}',
        '\u{fe63}', '\u{fe6b}',
    ])
}

impl fmt::Debug for Untrusted {
    /// Shows the cleaned, quoted beginning, at most 80 cells of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Untrusted({:?})", self.one_line(80))
    }
}

impl From<String> for Untrusted {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl<'de> Deserialize<'de> for Untrusted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Asking for bytes makes `serde_json` hand over lone surrogates as the three bytes UTF-8 would use, where asking for
        // a string makes it fail. Formats that know only strings give a string all the same.
        deserializer.deserialize_bytes(Text)
    }
}

/// Takes a string in whatever form a format has it.
struct Text;

impl Visitor<'_> for Text {
    type Value = Untrusted;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Untrusted, E> {
        Ok(Untrusted::from(text))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Untrusted, E> {
        Ok(Untrusted(text))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Untrusted, E> {
        Ok(Untrusted(String::from_utf8_lossy(bytes).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_shows_breaks_and_is_bounded() {
        assert_eq!(Untrusted::new("a\r\nb\u{85}c\n").line().as_str(), "a⏎b⏎c⏎");
        let long = Untrusted::new("x".repeat(5_000));
        assert_eq!(long.line().cells(), MAX_LINE_CELLS);
        assert_eq!(long.log().cells(), MAX_LOG_CELLS);
        assert!(long.log().as_str().ends_with('…'));
        assert!(!long.line().as_str().contains('⏎'));
        let marks = Untrusted::new(format!("a{}", "\u{301}".repeat(1_000_000)));
        assert!(marks.log().as_str().ends_with("⟩…"), "{}", marks.log());
    }

    #[test]
    fn html_is_cleaned_and_escaped() {
        assert_eq!(
            Untrusted::new("<b a='\"'>&`\u{1b}\u{202e}").html(),
            "&lt;b a=&#39;&quot;&#39;&gt;&amp;&#96;␛⟨RLO⟩"
        );
    }

    #[test]
    fn formulas_are_defused_in_csv() {
        for (raw, field) in [
            ("plain", "\"plain\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+1", "\"'=1+1\""),
            ("  +1", "\"'  +1\""),
            ("-2", "\"'-2\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'    =1\""),
            ("\rx", "\"'\nx\""),
            ("\u{ff1d}1", "\"'\u{ff1d}1\""),
            ("a=1", "\"a=1\""),
        ] {
            assert_eq!(Untrusted::new(raw).csv(), field, "{raw:?}");
        }
    }

    #[test]
    fn debug_is_inert_and_short() {
        let shown = format!("{:?}", Untrusted::new(format!("\u{1b}[2J\u{202e}\n\"{}", "x".repeat(500))));
        assert!(shown.starts_with("Untrusted(\"␛[2J⟨RLO⟩⏎\\\"xxx"), "{shown}");
        assert!(shown.len() < 130, "{shown}");
    }

    #[test]
    fn json_goes_in_and_out_as_a_plain_string() {
        let raw = "a\u{0}\u{202e}\"é";
        let wire = serde_json::to_string(&Untrusted::new(raw)).expect("a string serializes");
        assert_eq!(wire, serde_json::to_string(raw).expect("a string serializes"));
        assert_eq!(serde_json::from_str::<Untrusted>(&wire).expect("and comes back").raw(), raw);
        let value = serde_json::Value::String(raw.to_owned());
        assert_eq!(serde_json::from_value::<Untrusted>(value).expect("from a value").raw(), raw);
        assert!(serde_json::from_str::<Untrusted>("[65]").is_err(), "bytes are no text");
        assert!(serde_json::from_str::<Untrusted>("7").is_err());
    }

    #[test]
    fn lone_surrogates_are_replaced() {
        let text: Untrusted = serde_json::from_str(r#""a\ud83db""#).expect("replaced, not refused");
        assert!(text.raw().starts_with('a') && text.raw().ends_with('b') && text.raw().contains('\u{fffd}'));
        let pair: Untrusted = serde_json::from_str(r#""\ud83d\ude00""#).expect("a pair is a character");
        assert_eq!(pair.raw(), "😀");
    }

    #[test]
    fn the_schema_is_a_string() {
        let schema = schemars::schema_for!(Untrusted);
        assert_eq!(schema.get("type").and_then(|t| t.as_str()), Some("string"));
    }
}
