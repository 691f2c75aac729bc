//! Markdown to HTML that cannot do anything: raw HTML is shown as text, links lead to http, https, mailto or this server,
//! pictures become their description.

use std::fmt::Write as _;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// The title (front matter, else the first heading) and the page as HTML.
pub(super) fn render(text: &str) -> (Option<String>, String) {
    let (front, text) = front_matter(text);
    let mut out = Out { html: String::with_capacity(text.len() * 3 / 2), ..Out::default() };
    let parser = Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    for event in parser {
        out.event(event);
    }
    let title = front.and_then(|f| f.lines().find_map(|l| l.strip_prefix("title:"))).map(|t| {
        let t = t.trim();
        t.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(t).to_owned()
    });
    (title.or(out.first_heading), out.html)
}

/// Text as it stands in HTML, also inside a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn front_matter(text: &str) -> (Option<&str>, &str) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Some(rest) = text.strip_prefix("---\n") else { return (None, text) };
    match rest.split_once("\n---\n") {
        Some((front, body)) => (Some(front), body),
        None => (None, text),
    }
}

#[derive(Default)]
struct Out {
    html: String,
    first_heading: Option<String>,
    /// The words of the heading we are in, for its anchor.
    heading: Option<(usize, String)>,
    in_table_head: bool,
    /// Links left out: their ends are, too.
    links: Vec<bool>,
}

impl Out {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(t)
            | Event::Html(t)
            | Event::InlineHtml(t)
            | Event::InlineMath(t)
            | Event::DisplayMath(t) => {
                self.text(&t);
            }
            Event::Code(t) => {
                if let Some((_, words)) = &mut self.heading {
                    words.push_str(&t);
                }
                let _ = write!(self.html, "<code>{}</code>", escape(&t));
            }
            Event::SoftBreak => self.html.push('\n'),
            Event::HardBreak => self.html.push_str("<br>\n"),
            Event::Rule => self.html.push_str("<hr>\n"),
            Event::FootnoteReference(_) | Event::TaskListMarker(_) => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some((_, words)) = &mut self.heading {
            words.push_str(text);
        }
        self.html.push_str(&escape(text));
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } => self.heading = Some((self.html.len(), String::new())),
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
                self.html.push_str("<pre><code>")
            }
            Tag::List(Some(first)) if first != 1 => {
                let _ = writeln!(self.html, "<ol start=\"{first}\">");
            }
            Tag::TableHead => {
                self.in_table_head = true;
                self.html.push_str("<tr>");
            }
            Tag::Link { dest_url, .. } => {
                let good = is_safe_link(&dest_url);
                self.links.push(good);
                if good {
                    let _ = write!(self.html, "<a href=\"{}\" rel=\"noopener\">", escape(&dest_url));
                }
            }
            other => {
                if let Some(name) = self.element(&other.to_end()) {
                    let _ = write!(self.html, "<{name}>");
                }
            }
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(level) => {
                let Some((at, words)) = self.heading.take() else { return };
                let n = number(level);
                self.html.insert_str(at, &format!("<h{n} id=\"{}\">", anchor(&words)));
                let _ = writeln!(self.html, "</h{n}>");
                self.first_heading.get_or_insert(words);
            }
            TagEnd::CodeBlock => self.html.push_str("</code></pre>\n"),
            TagEnd::TableHead => {
                self.in_table_head = false;
                self.html.push_str("</tr>\n");
            }
            TagEnd::Link => {
                if self.links.pop() == Some(true) {
                    self.html.push_str("</a>");
                }
            }
            other => {
                if let Some(name) = self.element(&other) {
                    let _ = write!(self.html, "</{name}>");
                    if !matches!(other, TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough) {
                        self.html.push('\n');
                    }
                }
            }
        }
    }

    /// Elements that are the same at both ends; the rest leaves only its words.
    fn element(&self, tag: &TagEnd) -> Option<&'static str> {
        Some(match tag {
            TagEnd::Paragraph => "p",
            TagEnd::BlockQuote(_) => "blockquote",
            TagEnd::List(true) => "ol",
            TagEnd::List(false) => "ul",
            TagEnd::Item => "li",
            TagEnd::Table => "table",
            TagEnd::TableRow => "tr",
            TagEnd::TableCell if self.in_table_head => "th",
            TagEnd::TableCell => "td",
            TagEnd::Emphasis => "em",
            TagEnd::Strong => "strong",
            TagEnd::Strikethrough => "del",
            _ => return None,
        })
    }
}

fn number(level: HeadingLevel) -> u8 {
    level as u8
}

/// The anchor of a heading: lower case, everything but letters and digits of ASCII as one dash.
fn anchor(words: &str) -> String {
    let mut out = String::new();
    for c in words.chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => out.push(c),
            _ if !out.is_empty() && !out.ends_with('-') => out.push('-'),
            _ => {}
        }
    }
    out.trim_end_matches('-').to_owned()
}

/// http, https and mailto, and places on this server; `//host` and `javascript:` in any disguise are neither.
fn is_safe_link(url: &str) -> bool {
    if url.is_empty() || url.chars().any(|c| c.is_control() || c == '\\') || url.trim() != url {
        return false;
    }
    let lower = url.to_ascii_lowercase();
    if ["https://", "http://", "mailto:"].iter().any(|s| lower.starts_with(s)) {
        return true;
    }
    let scheme_end = url.find([':', '/', '?', '#']);
    let has_scheme = scheme_end.is_some_and(|i| url.as_bytes()[i] == b':');
    !has_scheme && !url.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_pages_read_as_written() {
        let (title, html) = render(
            "---\ntitle: Shipping\nurl: /docs/shipping\n---\n# Shipping\n\n## To the EU & beyond\n\nCosts **£9.50**, see [returns](/docs/returns).\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- one\n- two\n",
        );
        assert_eq!(title.as_deref(), Some("Shipping"));
        assert!(html.contains("<h1 id=\"shipping\">Shipping</h1>"), "{html}");
        assert!(html.contains("<h2 id=\"to-the-eu-beyond\">To the EU &amp; beyond</h2>"), "{html}");
        assert!(html.contains("<strong>£9.50</strong>"), "{html}");
        assert!(html.contains("<a href=\"/docs/returns\" rel=\"noopener\">returns</a>"), "{html}");
        assert!(html.contains("<tr><th>a</th>") && html.contains("<td>1</td>"), "{html}");
        assert!(html.contains("<ul><li>one</li>"), "{html}");
        assert!(!html.contains("title:"), "{html}");
    }

    #[test]
    fn nothing_in_a_page_becomes_markup_of_its_own() {
        for hostile in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "<svg/onload=alert(1)>",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](data:text/html,<script>1</script>)",
            "[x](//evil.example/)",
            "[x](<java\tscript:alert(1)>)",
            "![x\"onerror=alert(1)](x.png)",
            "# \"><script>alert(1)</script>",
            "<javascript:alert(1)>",
            "```\n</code></pre><script>alert(1)</script>\n```",
            "| <b>x</b> |\n|---|\n| <i onclick=x>y</i> |",
        ] {
            let (_, html) = render(hostile);
            let mut rest = html.as_str();
            while let Some(i) = rest.find('<') {
                rest = &rest[i + 1..];
                let name: String =
                    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '/').collect();
                let ours = [
                    "p", "/p", "h1", "/h1", "pre", "/pre", "code", "/code", "table", "/table", "tr", "/tr",
                    "th", "/th", "td", "/td",
                ];
                assert!(ours.contains(&name.as_str()), "{hostile} gave <{name} in {html}");
            }
            assert!(!html.contains("href"), "{hostile} gave a link: {html}");
        }
    }

    #[test]
    fn links_of_all_honest_kinds_work() {
        for good in ["https://a.example/x", "/docs/a", "b.md", "#part", "mailto:a@b.example", "?q=1", "a/b:c"]
        {
            assert!(is_safe_link(good), "{good}");
        }
    }
}
