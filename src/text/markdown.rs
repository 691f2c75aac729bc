//! Where a message is Markdown, and what kind: for colour, never for words.
//!
//! Invariant: the text is not touched. What comes out is ranges of bytes with a [`Kind`], in order, not overlapping, each
//! beginning and ending between grapheme clusters, so wrapping and cutting are the same with and without it.
//! One pass over each line, whatever is in it; after [`MAX_SPANS`] ranges the rest is plain.
//!
//! Sober on purpose, as people write in a chat: what is begun on a line ends on it (but fenced code), four spaces are no code, a row of
//! dashes under a line makes no heading, and inside words and addresses `_` and `*` are letters. Refuses: links with words
//! of their own, images, HTML and tables, which stay the characters they are.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

/// Ranges found in one text at most.
pub const MAX_SPANS: usize = 4_096;
/// Quote marks taken as such at the beginning of a line.
const MAX_QUOTES: usize = 8;
/// Backticks a row of them is told by; longer rows are plain.
const MAX_TICKS: usize = 16;

/// What a range of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kind {
    /// `*so*` or `_so_`.
    pub emphasis: bool,
    /// `**so**` or `__so__`, and a heading's words.
    pub strong: bool,
    /// Between backticks, and in fenced blocks.
    pub code: bool,
    /// Behind `>`.
    pub quote: bool,
    /// The bullet or number of a list.
    pub bullet: bool,
    /// A sign that only says what the rest is: stars, backticks, fences, `#`, `>`, rules.
    pub marker: bool,
}

impl Kind {
    const PLAIN: Self =
        Self { emphasis: false, strong: false, code: false, quote: false, bullet: false, marker: false };
}

/// A range of bytes and what it is.
pub type Span = (Range<usize>, Kind);

/// The ranges of a text that are not plain. Linear in the text.
pub fn spans(text: &str) -> Vec<Span> {
    let mut found = Found { text, spans: Vec::new() };
    let mut fence: Option<(u8, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if found.spans.len() >= MAX_SPANS {
            break;
        }
        let words = line.trim_end_matches('\n');
        let inside = at..at + words.len();
        match (fence, fence_of(words)) {
            // A closing fence is as long, of the same sign, and says nothing more.
            (Some((sign, long)), Some((s, n, bare))) if s == sign && n >= long && bare => {
                found.add(inside, Kind { marker: true, ..Kind::PLAIN });
                fence = None;
            }
            (Some(_), _) => found.add(inside, Kind { code: true, ..Kind::PLAIN }),
            (None, Some((sign, long, _))) => {
                found.add(inside, Kind { marker: true, ..Kind::PLAIN });
                fence = Some((sign, long));
            }
            (None, None) => line_of(words, at, &mut found),
        }
        at += line.len();
    }
    found.spans.truncate(MAX_SPANS);
    found.spans
}

struct Found<'a> {
    text: &'a str,
    spans: Vec<Span>,
}

impl Found<'_> {
    fn add(&mut self, range: Range<usize>, kind: Kind) {
        // A sign that melts with what stands beside it (a star with an accent on it) is no sign.
        if range.is_empty() || kind == Kind::PLAIN || !self.parts(range.start) || !self.parts(range.end) {
            return;
        }
        match self.spans.last_mut() {
            Some((last, same)) if last.end == range.start && *same == kind => last.end = range.end,
            _ => self.spans.push((range, kind)),
        }
    }

    /// Whether two clusters meet here. One of the two characters is an ASCII sign or a line's end, so they alone decide.
    fn parts(&self, at: usize) -> bool {
        let before = self.text[..at].chars().next_back().map_or(0, char::len_utf8);
        let after = self.text[at..].chars().next().map_or(0, char::len_utf8);
        before == 0 || after == 0 || before + after == 2 || {
            self.text[at - before..at + after].graphemes(true).count() == 2
        }
    }
}

/// Sign, length and whether nothing follows, where a line is a fence: three backticks or tildes or more.
fn fence_of(line: &str) -> Option<(u8, usize, bool)> {
    let inner = line.trim_start_matches(' ');
    let sign = *inner.as_bytes().first().filter(|b| matches!(b, b'`' | b'~'))?;
    let long = inner.bytes().take_while(|b| *b == sign).count();
    let rest = &inner[long..];
    let fence = line.len() - inner.len() <= 3 && long >= 3 && !(sign == b'`' && rest.contains('`'));
    fence.then(|| (sign, long, rest.trim().is_empty()))
}

/// A line outside fenced code.
fn line_of(line: &str, base: usize, found: &mut Found<'_>) {
    let bytes = line.as_bytes();
    let skip = |mut at: usize| {
        while bytes.get(at) == Some(&b' ') {
            at += 1;
        }
        at
    };
    let mut base_kind = Kind::PLAIN;
    let mut at = skip(0);
    for _ in 0..MAX_QUOTES {
        // `>:(` and `>>>` without a space are no quotes.
        if bytes.get(at) != Some(&b'>') || !matches!(bytes.get(at + 1), None | Some(b' ' | b'>')) {
            break;
        }
        base_kind.quote = true;
        found.add(base + at..base + at + 1, Kind { marker: true, quote: true, ..Kind::PLAIN });
        at = skip(at + 1);
    }
    if is_rule(&line[at..]) {
        found.add(base + at..base + line.len(), Kind { marker: true, ..base_kind });
        return;
    }
    let hashes = bytes[at..].iter().take_while(|b| **b == b'#').count();
    if (1..=6).contains(&hashes) && bytes.get(at + hashes) == Some(&b' ') {
        found.add(base + at..base + at + hashes, Kind { marker: true, ..base_kind });
        base_kind.strong = true;
        at += hashes;
    } else if let Some(long) = bullet(&line[at..]) {
        found.add(base + at..base + at + long, Kind { bullet: true, ..base_kind });
        at += long;
    }
    inline(&line[at..], base + at, base_kind, found);
}

/// Three or more stars, dashes or underscores, and nothing else.
fn is_rule(line: &str) -> bool {
    let mut signs = line.bytes().filter(|b| *b != b' ');
    let Some(sign @ (b'*' | b'-' | b'_')) = signs.next() else { return false };
    let mut count = 1;
    signs.all(|b| {
        count += 1;
        b == sign
    }) && count >= 3
}

/// Bytes of a bullet or number that a space follows.
fn bullet(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let long = match bytes.first()? {
        b'-' | b'*' | b'+' => 1,
        b'0'..=b'9' => {
            let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
            (digits <= 4 && matches!(bytes.get(digits), Some(b'.' | b')'))).then_some(digits + 1)?
        }
        _ => return None,
    };
    (bytes.get(long) == Some(&b' ')).then_some(long)
}

/// A row of stars or underscores that may begin or end something.
#[derive(Clone, Copy)]
struct Run {
    at: usize,
    sign: u8,
    long: usize,
    opens: bool,
    closes: bool,
}

/// Emphasis, strong words and code within one line.
fn inline(line: &str, base: usize, kind: Kind, found: &mut Found<'_>) {
    let bytes = line.as_bytes();
    // What is marked, as (from, to, what): nested or apart, never crossing.
    let mut marks: Vec<(usize, usize, Kind)> = Vec::new();
    let marker = Kind { marker: true, ..Kind::PLAIN };
    let mut open: Vec<Run> = Vec::new();
    // How many are open of each sign and length, so that a row that ends nothing costs nothing.
    let mut waiting = [[0usize; 4]; 2];
    // From where on no row of so many backticks comes any more.
    let mut no_ticks = [usize::MAX; MAX_TICKS + 1];
    let mut at = 0;
    while at < bytes.len() && marks.len() < MAX_SPANS {
        match bytes[at] {
            b'\\' if bytes.get(at + 1).is_some_and(u8::is_ascii_punctuation) => {
                marks.push((at, at + 1, marker));
                at += 2;
            }
            b'`' => {
                let long = bytes[at..].iter().take_while(|b| **b == b'`').count();
                let end = (long <= MAX_TICKS && at < no_ticks[long])
                    .then(|| closing_ticks(bytes, at + long, long))
                    .flatten();
                match end {
                    Some(end) => {
                        marks.push((at, at + long, marker));
                        marks.push((at + long, end, Kind { code: true, ..Kind::PLAIN }));
                        marks.push((end, end + long, marker));
                        at = end + long;
                    }
                    None => {
                        if long <= MAX_TICKS {
                            no_ticks[long] = no_ticks[long].min(at);
                        }
                        at += long;
                    }
                }
            }
            b'h' | b'H' | b'w' | b'W' if address_begins(line, at) => {
                at += bytes[at..].iter().take_while(|b| !b.is_ascii_whitespace()).count();
            }
            b'*' | b'_' => {
                let run = run_at(line, at);
                at += run.long;
                if run.long > 3 {
                    continue;
                }
                let count = &mut waiting[usize::from(run.sign == b'_')];
                if run.closes && count[run.long] > 0 {
                    // Whatever was opened since has not been ended: it is plain.
                    while let Some(begun) = open.pop() {
                        waiting[usize::from(begun.sign == b'_')][begun.long] -= 1;
                        if begun.sign == run.sign && begun.long == run.long {
                            let inner = begun.at + begun.long;
                            let what = Kind { emphasis: run.long != 2, strong: run.long >= 2, ..Kind::PLAIN };
                            marks.push((begun.at, inner, marker));
                            marks.push((inner, run.at, what));
                            marks.push((run.at, run.at + run.long, marker));
                            break;
                        }
                    }
                } else if run.opens {
                    count[run.long] += 1;
                    open.push(run);
                }
            }
            _ => at += 1,
        }
    }
    flatten(marks, line.len(), base, kind, found);
}

/// Where a row of exactly so many backticks begins.
fn closing_ticks(bytes: &[u8], from: usize, long: usize) -> Option<usize> {
    let mut at = from;
    while at < bytes.len() {
        if bytes[at] != b'`' {
            at += 1;
            continue;
        }
        let here = bytes[at..].iter().take_while(|b| **b == b'`').count();
        if here == long {
            return Some(at);
        }
        at += here;
    }
    None
}

/// Whether an address begins here: its underscores are its own.
fn address_begins(line: &str, at: usize) -> bool {
    let rest = line.as_bytes()[at..].get(..8).unwrap_or(&line.as_bytes()[at..]);
    let starts = |word: &[u8]| rest.get(..word.len()).is_some_and(|r| r.eq_ignore_ascii_case(word));
    starts(b"http://") || starts(b"https://") || starts(b"www.")
}

fn run_at(line: &str, at: usize) -> Run {
    let sign = line.as_bytes()[at];
    let long = line.as_bytes()[at..].iter().take_while(|b| **b == sign).count();
    let before = line[..at].chars().next_back().unwrap_or(' ');
    let after = line[at + long..].chars().next().unwrap_or(' ');
    let word = |c: char| c.is_alphanumeric();
    // A star or underscore inside a word is a letter of it: 2*3*4, snake_case.
    let opens = !after.is_whitespace() && !word(before);
    let closes = !before.is_whitespace() && !word(after);
    Run { at, sign, long, opens, closes }
}

/// Nested marks as ranges one after the other, over what holds for the whole line.
fn flatten(marks: Vec<(usize, usize, Kind)>, len: usize, base: usize, line: Kind, found: &mut Found<'_>) {
    // (place, true where it begins, which)
    let mut edges: Vec<(usize, bool, usize)> = Vec::with_capacity(marks.len() * 2);
    for (index, (from, to, _)) in marks.iter().enumerate() {
        if from < to {
            edges.extend([(*from, true, index), (*to, false, index)]);
        }
    }
    // At one place what ends goes before what begins.
    edges.sort_unstable();
    let (mut emphasis, mut strong, mut code, mut marker) = (0usize, 0usize, 0usize, 0usize);
    let mut last = 0;
    for (place, begins, index) in edges {
        let kind = |emphasis: usize, strong: usize, code: usize, marker: usize| Kind {
            emphasis: emphasis > 0,
            strong: line.strong || strong > 0,
            code: code > 0,
            marker: marker > 0,
            ..line
        };
        found.add(base + last..base + place, kind(emphasis, strong, code, marker));
        last = place;
        let what = marks[index].2;
        for (count, holds) in [
            (&mut emphasis, what.emphasis),
            (&mut strong, what.strong),
            (&mut code, what.code),
            (&mut marker, what.marker),
        ] {
            match (holds, begins) {
                (true, true) => *count += 1,
                (true, false) => *count -= 1,
                (false, _) => {}
            }
        }
    }
    found.add(base + last..base + len, line);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "proptest fails that way")]

    use super::*;
    use proptest::prelude::*;

    /// The text and below it a letter for each byte: `e`mphasis, `s`trong, `c`ode, `q`uote, `b`ullet, `.` marker.
    #[track_caller]
    fn case(text: &str, expected: &str) {
        let mut letters = vec![b' '; text.len()];
        for (range, kind) in spans(text) {
            let letter = match kind {
                Kind { marker: true, .. } => b'.',
                Kind { bullet: true, .. } => b'b',
                Kind { code: true, .. } => b'c',
                Kind { emphasis: true, strong: true, .. } => b'x',
                Kind { emphasis: true, .. } => b'e',
                Kind { strong: true, .. } => b's',
                _ => b'q',
            };
            letters[range].fill(letter);
        }
        let got = String::from_utf8_lossy(&letters);
        assert_eq!(got.trim_end(), expected.trim_end(), "{text:?}");
    }

    #[test]
    fn words_within_a_line() {
        case("a *b* and **c** d", "  .e.     ..s..");
        case("_a_ and __b__, ***c***", ".e.     ..s..  ...x...");
        case("**bold with *both* in it**", "..ssssssssss.xxxx.ssssss..");
        case("`code *not* this` x", ".ccccccccccccccc.");
        case("``a`b`` `c", "..ccc..");
        case("\\*plain\\*", ".      .");
        case("2*3*4 snake_case_name a * b", "");
        case("*never ended and _neither this", "");
        case("*a _b* c_", ".eeee.");
        case("see https://x.example/a_b_c_ _so_", "                             .ee.");
        case("****", "....");
        case("a **** b", "");
    }

    #[test]
    fn lines() {
        case("# Head *line*", ".ssssss.xxxx.");
        case("#hashtag", "");
        case("- one\n  * two\n12. three\n1234567. no", "b       b     bbb");
        case("> said *so*\n>:(", ". qqqqq.ee.");
        case("---\nx\n- - -", "...   .....");
        case("a\n---", "  ...");
    }

    #[test]
    fn fenced_code_goes_on_until_its_fence() {
        case("```rust\nlet *a* = 1;\n```\n*b*", "....... cccccccccccc ... .e.");
        case("~~~\n```\n~~~~ \nx", "... ccc .....");
        case("```\nnever ended", "... ccccccccccc");
        case("``` a ``` b", "...ccc...");
    }

    /// Counts what a scan does by what it puts out, and that it ends: nesting and rows of signs are no burden.
    #[test]
    fn hostile_text_is_bounded() {
        for text in [
            "*".repeat(1 << 20),
            "*a".repeat(1 << 19),
            "`a``b".repeat(200_000),
            "> ".repeat(1 << 19),
            "*a _b ".repeat(170_000),
            "_a_ ".repeat(1 << 18),
            "\\*".repeat(1 << 19),
            "```\n".repeat(1 << 18),
            (1..1_400).map(|n| "`".repeat(n) + " ").collect(),
            "[".repeat(1 << 20),
        ] {
            assert!(spans(&text).len() <= MAX_SPANS);
        }
    }

    proptest! {
        #[test]
        fn ranges_are_in_order_and_between_clusters(text in "(\\PC|[*_`#> \n\\\\\u{301}\u{200d}\u{600}-]){0,80}") {
            let mut last = 0;
            for (range, kind) in spans(&text) {
                prop_assert!(range.start >= last && range.start < range.end && range.end <= text.len());
                let between = |at| at == text.len() || text.grapheme_indices(true).any(|(place, _)| place == at);
                prop_assert!(between(range.start) && between(range.end), "{range:?}");
                prop_assert!(kind != Kind::PLAIN);
                last = range.end;
            }
        }
    }
}
