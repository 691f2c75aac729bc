//! Markdown to sections: headings open them, everything else becomes plain text. Front matter (`---`) may hold `title:`
//! and `url:`; other keys are ignored, and raw HTML in Markdown is dropped.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::passage::Page;

/// Reads one Markdown file.
pub(super) fn read(text: &str) -> Page {
    let (mut page, body) = front_matter(text);
    let (mut block, mut heading, mut level) = (String::new(), String::new(), 0_u8);
    let mut ordinal: Vec<Option<u64>> = Vec::new();
    for event in Parser::new_ext(body, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        let into = if level > 0 { &mut heading } else { &mut block };
        match event {
            Event::Start(Tag::Heading { level: l, .. }) => {
                page.block(&std::mem::take(&mut block));
                level = depth(l);
            }
            Event::End(TagEnd::Heading(_)) => {
                page.open(level, std::mem::take(&mut heading).trim().to_owned());
                level = 0;
            }
            Event::Start(Tag::List(first)) => {
                page.block(&std::mem::take(&mut block));
                ordinal.push(first);
            }
            Event::End(TagEnd::List(_)) => {
                page.block(&std::mem::take(&mut block));
                ordinal.pop();
            }
            Event::Start(Tag::Item) => {
                page.block(&std::mem::take(&mut block));
                match ordinal.last_mut() {
                    Some(Some(n)) => {
                        block.push_str(&format!("{n}. "));
                        *n += 1;
                    }
                    _ => block.push_str("- "),
                }
            }
            Event::End(
                TagEnd::Paragraph
                | TagEnd::Item
                | TagEnd::CodeBlock
                | TagEnd::TableRow
                | TagEnd::TableHead
                | TagEnd::BlockQuote(_),
            ) => page.block(&std::mem::take(&mut block)),
            Event::End(TagEnd::TableCell) => into.push_str("  "),
            Event::Text(text) | Event::Code(text) => into.push_str(&text),
            Event::SoftBreak => into.push(' '),
            Event::HardBreak => into.push('\n'),
            _ => {}
        }
    }
    page.block(&block);
    page
}

fn depth(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

/// Splits off front matter. Without a closing line there is none.
fn front_matter(text: &str) -> (Page, &str) {
    let text = text.trim_start_matches('\u{feff}');
    let mut page = Page::default();
    let Some(rest) = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n")) else {
        return (page, text);
    };
    let mut from = 0;
    for line in rest.split_inclusive('\n') {
        from += line.len();
        let line = line.trim();
        if line == "---" {
            return (page, &rest[from..]);
        }
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim().trim_matches(['"', '\'']).to_owned();
        match key.trim() {
            "title" if !value.is_empty() => page.title = Some(value),
            "url" if !value.is_empty() => page.url = Some(value),
            _ => {}
        }
    }
    (Page::default(), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_front_matter_and_lists() {
        let text = "---\ntitle: Billing\nurl: https://x.example/billing\n---\nIntro *text*.\n\n# Refunds\n\n1. Open\n2. Ask\n\n## How long\n\nTwo `days`.\n\n| a | b |\n|---|---|\n| c | d |\n";
        let passages = read(text).into_passages("billing.md");
        let flat: Vec<(String, &str)> = passages.iter().map(|p| (p.label(), p.text.as_str())).collect();
        assert_eq!(
            flat,
            [
                ("Billing".to_owned(), "Intro text."),
                ("Billing › Refunds".to_owned(), "1. Open\n2. Ask"),
                ("Billing › Refunds › How long".to_owned(), "Two days.\na  b\nc  d"),
            ]
        );
        assert_eq!(passages[2].address(), "https://x.example/billing");
        assert_eq!(passages[1].id, "billing.md#1");
    }
}
