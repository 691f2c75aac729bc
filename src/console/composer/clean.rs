//! What may stand in a text one writes, and how everything else is taken out or made fit.
//!
//! Invariant: what leaves here holds no control character but LF, no bidi control, nothing without a look that
//! writer and reader agree on, and none of the characters that stand for a folded paste ([`super::fold`]).

use super::fold;
use crate::text::{is_unshowable, tagged_flag};

/// What a terminal puts around pasted text; inside one it could only end it early.
const BRACKETS: [&str; 4] = ["\u{1b}[200~", "\u{1b}[201~", "\u{9b}200~", "\u{9b}201~"];

/// Whether a character may stand in a text one writes.
fn allowed(c: char) -> bool {
    let bidi =
        matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}');
    !c.is_control() && !bidi && !is_unshowable(c) && !fold::is_mark(c)
}

/// A text with its line breaks made LF, TAB made spaces, and whatever may not stand in a composer left out; and how many
/// characters that were. The ends of pastes are left out whole.
pub fn sanitized(text: &str) -> (String, usize) {
    let mut out = String::with_capacity(text.len());
    let mut dropped = 0;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(bracket) = BRACKETS.iter().find(|bracket| rest.starts_with(**bracket)) {
            dropped += bracket.chars().count();
            rest = &rest[bracket.len()..];
            continue;
        }
        if let Some(flag) = tagged_flag(rest) {
            out.push_str(flag);
            rest = &rest[flag.len()..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '\r' => {
                rest = rest.strip_prefix('\n').unwrap_or(rest);
                out.push('\n');
            }
            '\n' | '\u{85}' | '\u{2028}' | '\u{2029}' => out.push('\n'),
            '\t' => out.push_str("    "),
            c if allowed(c) => out.push(c),
            _ => dropped += 1,
        }
    }
    (out, dropped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_dangerous_comes_in() {
        let cases = [
            ("a\u{1b}[31m\u{202e}b\r\nc\td\u{7}", "a[31mb\nc    d", 3),
            ("one\u{1b}[201~two", "onetwo", 6),
            ("\u{1b}[200~one\r", "one\n", 6),
            ("a\u{fdd0}b", "ab", 1),
            ("\u{9b}201~x", "x", 5),
            ("hi\u{e0068}\u{e0069}\u{ad}\u{e0100}!", "hi!", 4),
            (
                "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
                "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
                0,
            ),
            (
                "नमस्\u{200d}ते 👨\u{200d}👩\u{200d}👧 می\u{200c}خواهم ❤\u{fe0f}",
                "नमस्\u{200d}ते 👨\u{200d}👩\u{200d}👧 می\u{200c}خواهم ❤\u{fe0f}",
                0,
            ),
        ];
        for (text, clean, dropped) in cases {
            assert_eq!(sanitized(text), (clean.to_owned(), dropped), "{text:?}");
        }
    }
}
