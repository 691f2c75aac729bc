//! Markdown (CommonMark, read by GitHub's flavour too).
//!
//! Invariant: what was said is a block quotation of plain paragraphs. Its characters show as they are: none makes a
//! heading, a list, a link, an image, HTML or an entity, so a stranger's text loads nothing and hides nothing.

use super::Options;
use super::said::{Kind, block, clock, facts, line, said};
use crate::conversation::{Conversation, Entry};

pub(super) fn write(conversation: &Conversation, entries: &[Entry], options: &Options) -> String {
    let mut out = format!("# Conversation {}\n\n", conversation.id.short());
    for (what, fact) in facts(conversation, options) {
        out += &format!("- **{what}:** {}\n", disarmed(&line(&fact)));
    }
    for said in said(conversation, entries, options) {
        let at = clock(said.at, &options.zone);
        if said.kind == Kind::Event {
            let who = said
                .name
                .as_ref()
                .map(|_| format!("{} ", disarmed(said.who().as_str().trim())))
                .unwrap_or_default();
            out += &format!("\n*{at}: {who}{}*\n", disarmed(&line(&said.text)));
            continue;
        }
        out += &format!("\n**{}** ({}), {at}:\n\n", disarmed(said.who().as_str().trim()), said.role());
        let text = block(&said.text);
        let mut rows: Vec<String> = text.lines().map(disarmed).collect();
        for source in &said.sources {
            rows.push(format!(
                "source: {} ({})",
                disarmed(&line(&source.title)),
                disarmed(&line(&source.url))
            ));
        }
        for file in &said.attachments {
            let (name, mime) = (disarmed(&line(&file.name)), disarmed(&line(&file.mime)));
            rows.push(format!("file: {name} ({mime}, {} bytes)", file.size));
        }
        for (index, row) in rows.iter().enumerate() {
            // A line of the text is a line of the quotation: a backslash at its end breaks it there.
            let goes_on = !row.is_empty() && rows.get(index + 1).is_some_and(|next| !next.is_empty());
            out += &format!(
                ">{}{row}{}\n",
                if row.is_empty() { "" } else { " " },
                if goes_on { "\\" } else { "" }
            );
        }
    }
    out.push('\n');
    out
}

/// One inert line with everything that Markdown would act on written so that it shows as it is.
fn disarmed(row: &str) -> String {
    let trimmed = row.trim_end();
    let words = trimmed.trim_start();
    let mut out = String::with_capacity(row.len() + row.len() / 8);
    // Spaces at the start would make code, or vanish; these stay and do neither.
    out.extend(trimmed[..trimmed.len() - words.len()].chars().map(|_| '\u{a0}'));
    let number = words.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = words.len() - number.len();
    let list_at = (digits > 0 && number.starts_with(['.', ')'])).then_some(digits);
    for (at, c) in words.char_indices() {
        let acts = matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '|' | '~' | '$' | '^')
            || at == 0 && matches!(c, '#' | '+' | '-' | '=' | ':')
            || list_at == Some(at);
        if acts {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::disarmed;

    #[test]
    fn what_acts_is_disarmed_and_the_rest_reads_as_it_is() {
        for (text, markdown) in [
            (
                "It costs 3.50, and 20% more - or (if cheaper) less!",
                "It costs 3.50, and 20% more - or (if cheaper) less!",
            ),
            ("# not a heading", "\\# not a heading"),
            ("12. not a list", "12\\. not a list"),
            ("- not a list", "\\- not a list"),
            ("![](http://a/b.png)", "!\\[\\](http://a/b.png)"),
            ("<img src=x>&lt;", "\\<img src=x\\>\\&lt;"),
            ("    code", "\u{a0}\u{a0}\u{a0}\u{a0}code"),
            ("a\\", "a\\\\"),
            ("```", "\\`\\`\\`"),
        ] {
            assert_eq!(disarmed(text), markdown);
        }
    }
}
