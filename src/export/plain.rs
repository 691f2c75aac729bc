//! Text for people, pagers and programs that read lines.
//!
//! Invariant: what was said is set in by four spaces, so that only this file writes at a line's start.

use super::Options;
use super::said::{Kind, block, clock, facts, line, said};
use crate::conversation::{Conversation, Entry};

const INDENT: &str = "    ";

pub(super) fn write(conversation: &Conversation, entries: &[Entry], options: &Options) -> String {
    let mut out = format!("Conversation {}\n\n", conversation.id.short());
    for (what, fact) in facts(conversation, options) {
        out += &format!("{what}: {}\n", line(&fact));
    }
    for said in said(conversation, entries, options) {
        let at = clock(said.at, &options.zone);
        if said.kind == Kind::Event {
            let who = said.name.as_ref().map(|_| format!("{} ", said.who())).unwrap_or_default();
            out += &format!("\n{at}  -- {who}{}\n", line(&said.text));
            continue;
        }
        out += &format!("\n{at}  {} ({}):\n", said.who(), said.role());
        for row in block(&said.text).lines() {
            out += &format!("{INDENT}{row}");
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
        }
        for source in &said.sources {
            out += &format!("{INDENT}source: {} <{}>\n", line(&source.title), line(&source.url));
        }
        for file in &said.attachments {
            out +=
                &format!("{INDENT}file: {} ({}, {} bytes)\n", line(&file.name), line(&file.mime), file.size);
        }
    }
    out.push('\n');
    out
}
