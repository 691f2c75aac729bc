//! Addresses in text: found, parsed, and shown host first.
//!
//! Invariant: a [`Link`] has scheme `http`, `https` or `mailto`, an address that is printable ASCII, and a host spelt in
//! ASCII (punycode for any other script, so look-alike letters show). It is opened by a person's key after a question that
//! shows [`Link::label`], never by itself.
//!
//! Refuses, rather than guesses: other schemes, addresses without a scheme, user names and backslashes before the host
//! (parsers disagree on them), addresses above [`MAX_ADDRESS_BYTES`].

use std::fmt::Write as _;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use super::punycode::ascii_label;
use super::safe::SafeText;
use super::{MAX_LINE_CELLS, width};

/// Bytes of the longest address taken for a link.
pub const MAX_ADDRESS_BYTES: usize = 2_048;
/// Cells by which a folded line may be short of the limit: what the next cluster would have taken.
const WIDEST_CLUSTER: usize = 16;
/// Bytes of the longest host name (RFC 1035).
const MAX_HOST_BYTES: usize = 253;

/// The schemes that may be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `http:`
    Http,
    /// `https:`
    Https,
    /// `mailto:`
    Mailto,
}

impl Scheme {
    /// The scheme as it is written, with what follows it.
    pub const fn prefix(self) -> &'static str {
        match self {
            Scheme::Http => "http://",
            Scheme::Https => "https://",
            Scheme::Mailto => "mailto:",
        }
    }
}

/// An address found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    range: Range<usize>,
    scheme: Scheme,
    host: String,
    rest: String,
    port: Option<u16>,
}

impl Link {
    /// Where it stands in the searched text, in bytes.
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// What it is opened with.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host in ASCII, lower case; for mail the part after `@`.
    pub fn host(&self) -> SafeText {
        SafeText::proven(self.host.clone())
    }

    /// The whole address as parsed: printable ASCII, begins with the scheme. This, not the text, is what is opened.
    pub fn address(&self) -> SafeText {
        let mut address = String::from(self.scheme.prefix());
        if self.scheme == Scheme::Mailto {
            let _ = write!(address, "{}@{}", self.rest, self.host);
        } else {
            address.push_str(&self.host);
            if let Some(port) = self.port {
                let _ = write!(address, ":{port}");
            }
            address.push_str(&self.rest);
        }
        SafeText::proven(address)
    }

    /// Host and port; for mail the part after `@`.
    pub fn place(&self) -> SafeText {
        let mut place = self.host.clone();
        if let Some(port) = self.port {
            let _ = write!(place, ":{port}");
        }
        SafeText::proven(place)
    }

    /// What follows the host, percent-encoded; for mail the whole address. Empty where nothing follows.
    pub fn rest(&self) -> SafeText {
        let mail = || format!("{}@{}", self.rest, self.host);
        SafeText::proven(if self.scheme == Scheme::Mailto { mail() } else { self.rest.clone() })
    }

    /// What is shown before opening: the host first, then the whole address.
    pub fn label(&self) -> SafeText {
        SafeText::proven(format!("{} ({})", self.host, self.address()))
    }
}

/// The link a text is, if it is one from end to end: a page's address, say.
pub fn whole(text: &str) -> Option<Link> {
    find(text).into_iter().next().filter(|link| link.range == (0..text.len()))
}

/// The links in a text, in order, none overlapping. Linear in the text. Search what is displayed, so that the ranges fit it.
pub fn find(text: &str) -> Vec<Link> {
    let mut links = Vec::new();
    let mut from = 0;
    while let Some(colon) = text[from..].find(':').map(|at| from + at) {
        from = colon + 1;
        let Some((scheme, start)) = scheme_before(text, colon) else { continue };
        let body = start + scheme.prefix().len();
        if !text.is_char_boundary(body)
            || !text[colon..].starts_with(&scheme.prefix()[scheme.prefix().len() - (body - colon)..])
        {
            continue;
        }
        let end = body + run_length(&text[body..]);
        // Whatever becomes of this run, nothing inside it is a link of its own.
        from = end;
        let run = trim_punctuation(&text[body..end]);
        if run.len() <= MAX_ADDRESS_BYTES
            && !is_cut_by_fold(text, end)
            && let Some(mut link) = parse(scheme, run)
        {
            link.range = start..body + link.range.end;
            links.push(link);
        }
    }
    links
}

/// The scheme whose name ends at `colon`, and where it starts. A longer word that ends alike is no scheme.
fn scheme_before(text: &str, colon: usize) -> Option<(Scheme, usize)> {
    [(Scheme::Https, "https"), (Scheme::Http, "http"), (Scheme::Mailto, "mailto")].into_iter().find_map(
        |(scheme, name)| {
            let start = colon.checked_sub(name.len())?;
            let written = text.get(start..colon)?;
            let in_word =
                text[..start].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '+' | '-' | '.'));
            (written.eq_ignore_ascii_case(name) && !in_word).then_some((scheme, start))
        },
    )
}

/// Whether an address that ends at `end` may have been cut there by the cleaner, which breaks overlong lines. Half an
/// address is another address.
fn is_cut_by_fold(text: &str, end: usize) -> bool {
    let line = text[..end].rfind('\n').map_or(0, |at| at + 1);
    text[end..].starts_with('\n')
        && end - line >= MAX_LINE_CELLS - WIDEST_CLUSTER
        && width::cells(&text[line..end]) >= MAX_LINE_CELLS - WIDEST_CLUSTER
}

/// Bytes until a character that cannot be part of an address as people write it.
fn run_length(text: &str) -> usize {
    text.find(|c: char| {
        !(c.is_alphanumeric()
            || "-._~:/?#[]@!$&'()*+,;=%\\".contains(c)
            || matches!(c, '\u{3002}' | '\u{ff0e}' | '\u{ff61}')
            || super::class::is_mark(c))
    })
    .unwrap_or(text.len())
}

/// Drops the punctuation of the sentence around: `.,;:!?'` at the end, and closing brackets that were not opened inside.
fn trim_punctuation(run: &str) -> &str {
    let mut end = run.len();
    // Brackets are counted once, so that a long row of them costs no more than its length.
    let mut surplus = [('(', ')'), ('[', ']')].map(|(open, close)| {
        let opened = run.matches(open).count();
        (close, run.matches(close).count().saturating_sub(opened))
    });
    while let Some(last) = run[..end].chars().next_back() {
        let bracket = surplus.iter_mut().find(|(close, left)| *close == last && *left > 0);
        if let Some((_, left)) = bracket {
            *left -= 1;
        } else if !matches!(
            last,
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}'
        ) {
            break;
        }
        end -= last.len_utf8();
    }
    &run[..end]
}

/// Parses what follows the scheme. The range of the answer is relative to `run`.
fn parse(scheme: Scheme, run: &str) -> Option<Link> {
    if scheme == Scheme::Mailto {
        // Headers after `?` could add receivers and text; they are left out.
        let address = run.split('?').next()?;
        let (local, domain) = address.split_once('@')?;
        let fine = !local.is_empty()
            && !local.starts_with('-')
            && local.chars().all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c));
        let host = ascii_host(domain).filter(|_| fine)?;
        return Some(Link { range: 0..address.len(), scheme, host, rest: local.to_owned(), port: None });
    }
    let authority_end = run.find(['/', '?', '#']).unwrap_or(run.len());
    let authority = &run[..authority_end];
    if authority.contains(['@', '\\']) {
        return None;
    }
    let (name, port) = split_port(authority)?;
    let host = if let Some(inner) = name.strip_prefix('[') {
        let address: std::net::Ipv6Addr = inner.strip_suffix(']')?.parse().ok()?;
        format!("[{address}]")
    } else {
        ascii_host(name)?
    };
    Some(Link { range: 0..run.len(), scheme, host, rest: percent_encoded(&run[authority_end..]), port })
}

/// Host name and port of an authority without a user name; `None` if the port is not one.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let after_bracket = authority.rfind(']').map_or(0, |at| at + 1);
    match authority[after_bracket..].find(':') {
        None => Some((authority, None)),
        Some(colon) => {
            let colon = after_bracket + colon;
            let digits = &authority[colon + 1..];
            let port = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())??;
            Some((&authority[..colon], Some(port)))
        }
    }
}

/// The ASCII form of a host name: compatibility forms unified, lower case, each label in punycode where needed. `None` for
/// what is no host name.
fn ascii_host(name: &str) -> Option<String> {
    if name.len() > MAX_HOST_BYTES * 4 {
        return None;
    }
    let plain: String = name.nfkc().flat_map(char::to_lowercase).nfkc().collect();
    let labels: Vec<String> = plain
        .split(['.', '\u{3002}'])
        .map(|label| {
            let fine = !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .chars()
                    .all(|c| c == '-' || c == '_' || c.is_alphanumeric() || super::class::is_mark(c));
            ascii_label(label).filter(|_| fine)
        })
        .collect::<Option<_>>()?;
    Some(labels.join(".")).filter(|host| host.len() <= MAX_HOST_BYTES)
}

/// Path, query and fragment in printable ASCII.
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && byte != b'\\' {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The addresses found, as `host address`.
    fn found(text: &str) -> Vec<String> {
        find(text).iter().map(|link| format!("{} {}", link.host(), link.address())).collect()
    }

    #[test]
    fn addresses_end_where_the_sentence_goes_on() {
        let text = "See https://a.example/x(1)?q=%20. (Or http://b.example:8080/!) and mailto:me+x@c.example?bcc=d@e.example";
        let links = find(text);
        assert_eq!(
            found(text),
            [
                "a.example https://a.example/x(1)?q=%20",
                "b.example http://b.example:8080/",
                "c.example mailto:me+x@c.example"
            ]
        );
        assert_eq!(&text[links[0].range()], "https://a.example/x(1)?q=%20");
        assert_eq!(&text[links[1].range()], "http://b.example:8080/");
        assert_eq!(&text[links[2].range()], "mailto:me+x@c.example");
        assert_eq!(links[0].label().as_str(), "a.example (https://a.example/x(1)?q=%20)");
    }

    #[test]
    fn look_alike_hosts_are_spelt_out() {
        assert_eq!(
            found("https://аррӏе.example/"),
            ["xn--80ak6aa92e.example https://xn--80ak6aa92e.example/"]
        );
        assert_eq!(found("HTTPS://Ｅｘａｍｐｌｅ．Com/é"), ["example.com https://example.com/%C3%A9"]);
        assert_eq!(found("https://münchen.de"), ["xn--mnchen-3ya.de https://xn--mnchen-3ya.de"]);
    }

    #[test]
    fn what_parsers_disagree_on_is_no_link() {
        for text in [
            "https://bank.example@evil.example/",
            "https://evil.example\\@bank.example/",
            "javascript:alert(1)",
            "jAvAsCrIpT    :\nalert(1)//https-ok",
            "data:text/html;base64,PHM+",
            "ssh://-oProxyCommand=touch%20x/",
            "file://evil.example/share/x",
            "//evil.example/x",
            "xhttps://a.example",
            "https:/a.example",
            "https://",
            "https://-a.example",
            "https://a..example",
            "https://a.example:99999/",
            "https://a.example:+80/",
            "mailto:-x@a.example",
            "mailto:a@b@c.example",
            "https://[fe80::1%25eth0]/",
        ] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
        assert_eq!(find(&format!("https://a.example/?{}", "a".repeat(4_000))), []);
    }

    #[test]
    fn parts_and_wholes() {
        let link = whole("https://a.example:8080/x?q=é#1").expect("a link");
        assert_eq!((link.place().as_str(), link.rest().as_str()), ("a.example:8080", "/x?q=%C3%A9#1"));
        let mail = whole("mailto:me@c.example").expect("a link");
        assert_eq!((mail.place().as_str(), mail.rest().as_str()), ("c.example", "me@c.example"));
        for text in ["", " https://a.example", "https://a.example.", "https://a.example b", "/orders"] {
            assert_eq!(whole(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_and_ports() {
        assert_eq!(found("http://[::1]:80/"), ["[::1] http://[::1]:80/"]);
        assert_eq!(found("http://127.0.0.1:5000"), ["127.0.0.1 http://127.0.0.1:5000"]);
    }

    #[test]
    fn an_escape_inside_ends_the_address() {
        let text = super::super::clean("https://ok.example/\u{1b}[8m.evil.example/");
        assert_eq!(found(&text), ["ok.example https://ok.example/"]);
    }
}
