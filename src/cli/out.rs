//! The only way to the standard streams: lines, JSON, and complaints.
//!
//! Invariant: nothing from outside is written for people but through [`inert`], nor as JSON but with every character a
//! terminal could act on escaped. A reader that has gone away ends the command quietly.

use std::io::{self, Write};

use serde::Serialize;

use super::{Done, Failure};
use crate::text::Untrusted;

/// Standard output.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Out;

impl Out {
    /// Writes a line and flushes it. Whatever in it came from outside went through [`inert`] before.
    pub(super) fn line(self, text: &str) -> Done {
        let mut out = io::stdout().lock();
        let written =
            out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
        written.map_err(|e| match e.kind() {
            io::ErrorKind::BrokenPipe => Failure::NobodyReads,
            _ => Failure::Refused(format!("the output cannot be written: {e}")),
        })
    }

    /// Writes a value as one line of JSON.
    pub(super) fn json(self, value: &impl Serialize) -> Done {
        let json =
            serde_json::to_string(value).map_err(|e| Failure::Refused(format!("no JSON form: {e}")))?;
        self.line(&escape_json(&json))
    }
}

/// Says something to the person, beside the output.
pub(super) fn complain(text: &str) {
    // Where nobody listens there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "baton: {text}");
}

/// Text from outside on one line of a terminal, harmless.
pub(super) fn inert(text: &str) -> String {
    Untrusted::new(text).line().to_string()
}

/// As [`inert`], keeping line breaks; further lines are set in, so that none can pass for a line of ours.
pub(super) fn inert_block(text: &str, indent: &str) -> String {
    let safe = Untrusted::new(text.trim_end()).display();
    let lines: Vec<&str> = safe.lines().collect();
    lines.join(&format!("\n{indent}"))
}

/// Escapes what JSON allows raw and a terminal acts on: DEL, C1, bidirectional controls, separators and tags. In JSON
/// text such characters stand inside strings only, where the escape means the same.
fn escape_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if matches!(c, '\u{7f}'..='\u{9f}') || acts(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

fn acts(c: char) -> bool {
    matches!(c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_terminal_acts_on_is_escaped() {
        let json =
            serde_json::to_string("a\u{1b}[31m\u{9b}31m\u{202e}\u{7f}\u{e0041}é你").expect("has a form");
        assert_eq!(escape_json(&json), r#""a\u001b[31m\u009b31m\u202e\u007f\udb40\udc41é你""#);
        assert!(!inert("a\u{1b}]0;x\u{7}\u{202e}b\nc").contains(['\u{1b}', '\u{7}', '\u{202e}', '\n']));
        assert_eq!(inert_block("one\nnotice: two\r\n", "  "), "one\n  notice: two");
    }

    proptest! {
        #[test]
        fn escaping_changes_no_meaning(text in any::<String>()) {
            let json = serde_json::to_string(&text).expect("has a form");
            let escaped = escape_json(&json);
            prop_assert!(!escaped.chars().any(|c| c.is_control() || acts(c)));
            prop_assert_eq!(serde_json::from_str::<String>(&escaped).expect("is JSON"), text);
        }
    }
}
