//! How many cells text takes, and where it may be cut.
//!
//! Invariant: measured by grapheme cluster with ratatui's own figures (its `CellWidth`: `unicode-width` of the whole cluster,
//! and one more for each half-width kana voicing mark), so that what is measured here is what is drawn there. No function
//! here ever splits a cluster.
//!
//! Refuses: guessing what a given terminal does with ambiguous characters; the drawing room places cells absolutely instead.

use std::borrow::Cow;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Cells of one grapheme cluster. A line break takes none.
pub fn cluster_cells(cluster: &str) -> usize {
    match cluster.as_bytes() {
        [] | b"\n" | b"\r\n" => 0,
        [_] => 1,
        _ => cluster.width() + cluster.matches(['\u{ff9e}', '\u{ff9f}']).count(),
    }
}

/// The most cells a terminal takes for a cluster: one that knows no clusters draws each character for itself, and half a flag
/// as wide as a whole one.
pub fn most_cells(cluster: &str) -> usize {
    if cluster.len() <= 1 {
        return cluster_cells(cluster);
    }
    let alone = |c| match c {
        '\u{1f1e6}'..='\u{1f1ff}' => 2,
        // Selects the wide form of what stands before it.
        '\u{fe0f}' => 1,
        c => c.width().unwrap_or(0),
    };
    cluster.chars().map(alone).sum::<usize>().max(cluster_cells(cluster))
}

/// Cells of a text drawn on one row.
pub fn cells(text: &str) -> usize {
    if text.is_ascii() {
        return text.bytes().filter(|b| *b != b'\n').count();
    }
    text.graphemes(true).map(cluster_cells).sum()
}

/// The text if it fits into `max_cells`, else its beginning followed by `ellipsis`, together at most `max_cells`. An
/// ellipsis that does not fit itself is left out.
pub fn truncate<'a>(text: &'a str, max_cells: usize, ellipsis: &str) -> Cow<'a, str> {
    let tail = cells(ellipsis);
    let (ellipsis, tail) = if tail <= max_cells { (ellipsis, tail) } else { ("", 0) };
    // As far as plain ASCII goes a byte is a cell; one byte more is looked at, for a mark may follow the last.
    let plain = &text.as_bytes()[..text.len().min(max_cells + 1)];
    if plain.iter().all(|b| (b' '..=b'~').contains(b)) {
        return match (text.len() <= max_cells, ellipsis) {
            (true, _) => Cow::Borrowed(text),
            (false, "") => Cow::Borrowed(&text[..max_cells]),
            (false, _) => Cow::Owned(format!("{}{ellipsis}", &text[..max_cells - tail])),
        };
    }
    let mut taken = 0;
    // The longest beginning that leaves room for the ellipsis.
    let mut cut = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        if taken + tail <= max_cells {
            cut = at;
        }
        taken += cluster_cells(cluster);
        if taken > max_cells {
            return if ellipsis.is_empty() {
                Cow::Borrowed(&text[..cut])
            } else {
                Cow::Owned(format!("{}{ellipsis}", &text[..cut]))
            };
        }
    }
    Cow::Borrowed(text)
}

/// The text without so many cells at its start; a cluster that lies across goes too.
pub fn skip(text: &str, cells: usize) -> &str {
    let mut left = cells;
    for (at, cluster) in text.grapheme_indices(true) {
        if left == 0 {
            return &text[at..];
        }
        left = left.saturating_sub(cluster_cells(cluster));
    }
    if cells == 0 { text } else { "" }
}

/// Breaks text into rows of at most `width` cells: at line breaks, after spaces, between wide characters (but not before
/// closing punctuation), after zero width spaces, and inside a word only if the word alone is wider than a row.
///
/// The ranges are in order, touch each other and cover the whole text. Spaces and the line break that end a row belong
/// to it and hang: they are not counted, so draw `text[row].trim_end_matches([' ', '\n'])`. Without them a row is wider
/// than `width` only if it is a single cluster that is. An empty text is one empty row; a final line break is followed
/// by an empty row. A width of 0 counts as 1.
pub fn wrap(text: &str, width: usize) -> Vec<Range<usize>> {
    let width = width.max(1);
    let mut rows = Vec::new();
    let mut row = 0;
    // Cells of the row up to here, hanging spaces included.
    let mut used = 0;
    // The last place to break in this row, and `used` there.
    let mut place = (0, 0);
    // Something other than indentation stands on this line, so breaking after spaces makes sense.
    let mut inked = false;
    let mut previous = "";
    for (at, cluster) in text.grapheme_indices(true) {
        if inked && at > row && may_break(previous, cluster) {
            place = (at, used);
        }
        let cells = cluster_cells(cluster);
        if cells > 0 && cluster != " " && used + cells > width && at > row {
            if place.0 <= row {
                place = (at, used);
            }
            rows.push(row..place.0);
            row = place.0;
            used -= place.1;
            // What was carried over may be as wide as the row itself, if only a space hung before it.
            if used + cells > width && at > row {
                rows.push(row..at);
                row = at;
                used = 0;
            }
        }
        used += cells;
        if cluster == "\n" {
            rows.push(row..at + 1);
            row = at + 1;
            used = 0;
        }
        inked = cluster != "\n" && (inked || cluster != " ");
        previous = cluster;
    }
    rows.push(row..text.len());
    rows
}

/// Whether a row may end between two neighbouring clusters.
fn may_break(before: &str, after: &str) -> bool {
    if after == " " || after == "\n" {
        return false;
    }
    before == " " || before == "\u{200b}" || {
        let wide = is_ideographic(before) || is_ideographic(after);
        wide && !after.starts_with(CLOSING) && !before.starts_with(OPENING)
    }
}

/// Punctuation that must not begin a row.
const CLOSING: [char; 24] = [
    '、', '。', '，', '．', '：', '；', '？', '！', '）', '」', '』', '】', '〉', '》', '〕', '］', '｝',
    'ー', '々', ',', '.', '!', '?', ')',
];
/// Punctuation that must not end a row.
const OPENING: [char; 10] = ['（', '「', '『', '【', '〈', '《', '〔', '［', '｛', '('];

/// Whether a cluster is of a script that breaks anywhere: Han, kana and full-width forms.
fn is_ideographic(cluster: &str) -> bool {
    cluster.starts_with(|c| matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff01}'..='\u{ff60}' | '\u{20000}'..='\u{3fffd}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn rows(text: &str, width: usize, expected: &[&str]) {
        let ranges = wrap(text, width);
        let rows: Vec<&str> = ranges.iter().map(|r| text[r.clone()].trim_end_matches([' ', '\n'])).collect();
        assert_eq!(rows, expected, "{text:?} at {width}");
        assert_eq!(ranges.into_iter().map(|r| &text[r]).collect::<String>(), text);
    }

    #[test]
    fn clusters_are_measured_whole() {
        for (text, expected) in [
            ("", 0),
            ("abc", 3),
            ("e\u{301}", 1),
            ("你好", 4),
            ("👨\u{200d}👩\u{200d}👧\u{200d}👦", 2),
            ("🇩🇪", 2),
            ("❤\u{fe0f}", 2),
            ("a\nb", 2),
        ] {
            assert_eq!(cells(text), expected, "{text:?}");
        }
    }

    #[test]
    fn truncation_keeps_clusters_whole() {
        assert_eq!(truncate("hello", 5, "…"), "hello");
        assert_eq!(truncate("hello", 4, "…"), "hel…");
        assert_eq!(truncate("你好吗", 4, "…"), "你…");
        assert_eq!(truncate("ae\u{301}x", 2, "…"), "a…");
        assert_eq!(truncate("👨\u{200d}👩\u{200d}👧x", 2, "…"), "…");
        assert_eq!(truncate("hello", 1, "..."), "h");
        assert_eq!(truncate("hello", 0, "…"), "");
        assert_eq!(truncate("abe\u{301}", 3, "…"), "abe\u{301}");
        assert_eq!(truncate("abce\u{301}", 3, ""), "abc");
        assert_eq!(truncate("abc\u{301}d", 3, ""), "abc\u{301}");
    }

    #[test]
    fn rows_end_after_spaces_and_words_stay_whole() {
        rows("the quick brown fox", 10, &["the quick", "brown fox"]);
        rows("the quick  ", 9, &["the quick"]);
        rows("a\n\nb\n", 5, &["a", "", "b", ""]);
        rows("", 5, &[""]);
        rows("    indented code", 8, &["    inde", "nted", "code"]);
    }

    #[test]
    fn words_wider_than_a_row_are_cut_between_clusters() {
        rows("abcdefgh", 3, &["abc", "def", "gh"]);
        rows("ab cdefgh", 4, &["ab", "cdef", "gh"]);
        rows("你好吗", 3, &["你", "好", "吗"]);
        rows("漢字。漢字", 6, &["漢字。", "漢字"]);
        rows("你a", 1, &["你", "a"]);
    }
}
