//! HTML to sections: tags go, headings open sections, scripts, styles and navigation are dropped with their content.
//! This is no browser: broken markup gives odd text, never an error.

use super::passage::Page;

/// Elements whose content is not text for readers.
const DROPPED: [&str; 9] =
    ["script", "style", "nav", "template", "noscript", "svg", "head", "footer", "iframe"];
/// Elements that end a line of text.
const BLOCKS: [&str; 21] = [
    "p",
    "div",
    "li",
    "ul",
    "ol",
    "tr",
    "table",
    "section",
    "article",
    "main",
    "header",
    "br",
    "hr",
    "pre",
    "blockquote",
    "dl",
    "dt",
    "dd",
    "figure",
    "form",
    "body",
];

/// Reads one HTML file.
pub(super) fn read(text: &str) -> Page {
    let mut page = Page { title: title(text), ..Page::default() };
    let (mut block, mut level) = (String::new(), 0_u8);
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        push_text(&mut block, &rest[..open]);
        rest = &rest[open..];
        if let Some(after) = rest.strip_prefix("<!--") {
            rest = after.find("-->").map_or("", |end| &after[end + 3..]);
            continue;
        }
        let next = rest[1..].chars().next();
        if !next.is_some_and(|c| c.is_ascii_alphabetic() || c == '/' || c == '!') {
            block.push('<');
            rest = &rest[1..];
            continue;
        }
        let Some(close) = rest.find('>') else { break };
        let tag = &rest[1..close];
        rest = &rest[close + 1..];
        let closing = tag.starts_with('/');
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect();
        if !closing && !tag.ends_with('/') && DROPPED.contains(&name.as_str()) {
            rest = skip_element(rest, &name);
            continue;
        }
        if let Some(l) = heading_level(&name) {
            if closing && level > 0 {
                page.open(level, squeeze(&std::mem::take(&mut block)));
                level = 0;
            } else if !closing {
                page.block(&squeeze(&std::mem::take(&mut block)));
                level = l;
            }
        } else if level == 0 && BLOCKS.contains(&name.as_str()) {
            page.block(&squeeze(&std::mem::take(&mut block)));
            if name == "li" && !closing {
                block.push_str("- ");
            }
        } else if matches!(name.as_str(), "td" | "th") {
            block.push(' ');
        }
    }
    push_text(&mut block, rest.split('<').next().unwrap_or_default());
    page.block(&squeeze(&block));
    for section in &mut page.sections {
        let kept: Vec<&str> = section.text.lines().filter(|l| l.trim() != "-").collect();
        section.text = kept.join("\n");
    }
    page
}

fn heading_level(name: &str) -> Option<u8> {
    match name.as_bytes() {
        [b'h', n @ b'1'..=b'6'] => Some(n - b'0'),
        _ => None,
    }
}

/// What follows the element's end, or nothing if it never ends. ASCII case is ignored.
fn skip_element<'a>(rest: &'a str, name: &str) -> &'a str {
    let close = format!("</{name}");
    let lower = rest.to_ascii_lowercase();
    let Some(at) = lower.find(&close) else { return "" };
    rest[at..].find('>').map_or("", |end| &rest[at + end + 1..])
}

fn title(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let from = lower.find("<title")?;
    let from = from + lower[from..].find('>')? + 1;
    let to = from + lower[from..].find("</title")?;
    let mut out = String::new();
    push_text(&mut out, &text[from..to]);
    Some(squeeze(&out)).filter(|t| !t.is_empty())
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Adds text with its character references resolved: the common names and numbers.
fn push_text(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.char_indices().take(12).find(|(_, c)| *c == ';').map(|(i, _)| i);
        match end.and_then(|end| reference(&rest[1..end]).map(|c| (end, c))) {
            Some((end, c)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
}

fn reference(name: &str) -> Option<char> {
    let code = match name.strip_prefix('#') {
        Some(n) => match n.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => n.parse().ok(),
        },
        None => None,
    };
    if let Some(code) = code {
        return char::from_u32(code).filter(|c| !c.is_control());
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" | "rsquo" | "lsquo" => '\'',
        "nbsp" => ' ',
        "mdash" => '—',
        "ndash" => '–',
        "hellip" => '…',
        "ldquo" | "rdquo" => '"',
        "euro" => '€',
        "copy" => '©',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_go_and_headings_cut() {
        let text = "<html><head><title>Help &amp; more</title><style>p{}</style></head><body><nav>Home</nav><h1>Shipping</h1><p>We ship to <b>Norway</b>.</p><SCRIPT>alert('<h2>')</SCRIPT><h2>Cost</h2><ul><li>5&nbsp;&euro;</li><li>a < b</li></ul>";
        let passages = read(text).into_passages("help.html");
        let flat: Vec<(String, &str)> = passages.iter().map(|p| (p.label(), p.text.as_str())).collect();
        assert_eq!(
            flat,
            [
                ("Help & more › Shipping".to_owned(), "We ship to Norway."),
                ("Help & more › Shipping › Cost".to_owned(), "- 5 €\n- a < b"),
            ]
        );
    }
}
