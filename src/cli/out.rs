//! The only way to the standard streams: lines, JSON, and complaints.
//!
//! Invariant: nothing from outside is written for people but through [`inert`], nor as JSON but with every character a
//! terminal could act on escaped. A reader that has gone away ends the command quietly.

use std::io::{self, Write};

use serde::Serialize;

use super::{Done, Failure};
use crate::text::{Untrusted, inert_json};

/// Standard output.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Out;

impl Out {
    /// Writes a line and flushes it. Whatever in it came from outside went through [`inert`] before.
    pub(super) fn line(self, text: &str) -> Done {
        self.text(&format!("{text}\n"))
    }

    /// Writes a document as it is and flushes it: made by the room `export`, or our own.
    pub(super) fn text(self, text: &str) -> Done {
        let mut out = io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        written.map_err(|e| match e.kind() {
            io::ErrorKind::BrokenPipe => Failure::NobodyReads,
            _ => Failure::Refused(format!("the output cannot be written: {e}")),
        })
    }

    /// Writes a value as one line of JSON.
    pub(super) fn json(self, value: &impl Serialize) -> Done {
        let json =
            serde_json::to_string(value).map_err(|e| Failure::Refused(format!("no JSON form: {e}")))?;
        self.line(&inert_json(&json))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_is_harmless() {
        assert!(!inert("a\u{1b}]0;x\u{7}\u{202e}b\nc").contains(['\u{1b}', '\u{7}', '\u{202e}', '\n']));
        assert_eq!(inert_block("one\nnotice: two\r\n", "  "), "one\n  notice: two");
    }
}
