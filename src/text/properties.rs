//! Properties of the whole room, over generated text that is dense in the characters that make trouble.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::borrow::Cow;

use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

use super::class::{
    BLACK_FLAG, Class, FLAG_TAILS, VS16, ZWJ, ZWNJ, ZWSP, class, is_mark, is_pictograph, takes_joiner,
    takes_thin_space,
};
use super::{MAX_CLUSTER_BYTES, MAX_LINE_CELLS, MAX_MARKS, SafeText, Untrusted, clean, links, width};

/// Pieces that interact: every class, scripts that join, sequences cut short.
fn piece() -> impl Strategy<Value = String> {
    let pieces: Vec<&'static str> = vec![
        "a",
        "é",
        "1",
        " ",
        "\n",
        "\r",
        "\r\n",
        "\t",
        "\u{1b}[2J",
        "\u{0}",
        "\u{7f}",
        "\u{9b}",
        "\u{85}",
        "\u{2028}",
        "\u{202e}",
        "\u{2069}",
        "\u{200e}",
        "\u{200b}",
        "\u{ad}",
        "\u{200c}",
        "\u{200d}",
        "\u{fe0f}",
        "\u{fe0e}",
        "\u{301}",
        "\u{338}",
        "\u{20e3}",
        "\u{e0067}",
        "\u{e007f}",
        FLAG_TAILS[0],
        "🏴",
        "👩",
        "👨\u{200d}👩",
        "❤",
        "🏽",
        "🇩",
        "🇪",
        "\u{1100}",
        "\u{1161}",
        "\u{11a8}",
        "가",
        "각",
        "\u{1160}",
        "क",
        "क्",
        "ष",
        "\u{93c}",
        "র",
        "্",
        "ന്\u{200d}",
        "க்",
        "می\u{200c}",
        "خ",
        "\u{600}",
        "\u{6dd}",
        "\u{d4e}",
        "\u{110bd}",
        "ก",
        "\u{e33}",
        "ថ",
        "\u{17d2}",
        "\u{1000}\u{102c}",
        "\u{1038}",
        "漢",
        "。",
        "ﾊ",
        "ﾟ",
        "\u{378}",
        "\u{e0b0}",
        "\u{ffff}",
        "\u{16d67}",
        "\u{3164}",
        "⟩",
        "◌",
        "Ⓜ",
        "=",
        "'",
        "\"",
        "<",
        "https://a.example/",
        "@",
        ":",
        "//",
    ];
    prop_oneof![
        8 => proptest::sample::select(pieces).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => (proptest::sample::select(vec!["\u{301}", "क्", "\u{1100}", "👨\u{200d}", "🇩", "漢", "\u{200b}", "\u{600}", "\u{1000}\u{102c}", "x"]), 1usize..40)
            .prop_map(|(part, times)| part.repeat(times)),
        1 => (proptest::sample::select(vec!["x", "漢", "க்", "ی\u{200c}", "e\u{301}", "ថ\u{200b}", "\u{1000}\u{102c}\u{1038}"]), 900usize..2_100)
            .prop_map(|(part, times)| part.repeat(times)),
    ]
}

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(piece(), 0..24).prop_map(|pieces| pieces.concat())
}

/// Says what is not inert in a text, independently of how the cleaner goes about it.
fn complaint(text: &str) -> Option<String> {
    let mut previous = None;
    let mut marks = 0;
    for (at, c) in text.char_indices() {
        let bare = previous.is_none_or(|p| p == '\n' || p == ZWSP);
        let fine = match class(c) {
            Class::Plain | Class::Lead | Class::Regional | Class::Prepend => true,
            Class::Break => c == '\n',
            Class::Mark | Class::Tone | Class::Vowel | Class::Tail => !bare,
            Class::Joiner => previous.is_some_and(|p| {
                let emoji = is_pictograph(p) || p == VS16 || class(p) == Class::Tone;
                let next = text[at + c.len_utf8()..].chars().next();
                takes_joiner(p) || c == ZWJ && emoji && next.is_some_and(is_pictograph)
            }),
            Class::ThinSpace => previous.is_some_and(takes_thin_space),
            Class::EmojiStyle => previous.is_some_and(|p| p != VS16 && p != ZWJ && p != ZWNJ && !is_mark(p)),
            Class::Tag => text[..at].rfind(BLACK_FLAG).is_some_and(|flag| {
                let tail = &text[flag + BLACK_FLAG.len_utf8()..];
                FLAG_TAILS.iter().any(|t| tail.starts_with(t) && at < flag + BLACK_FLAG.len_utf8() + t.len())
            }),
            _ => false,
        };
        marks = match class(c) {
            Class::Mark => marks + 1,
            Class::Joiner if previous.is_some_and(takes_joiner) => marks + 1,
            Class::Joiner | Class::EmojiStyle => marks,
            _ => 0,
        };
        if !fine || marks > MAX_MARKS {
            return Some(format!("U+{:04X} at {at} in {text:?}", u32::from(c)));
        }
        previous = Some(c);
    }
    None
}

/// The beginning of a text, so that a failure can be read.
fn head(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Whether a letter meets a mark or joiner at the seam, so that a chain of joined letters may go on.
fn may_link(left: &str, right: &str) -> bool {
    left.ends_with(|c| is_mark(c) || class(c) == Class::Joiner) && right.starts_with(char::is_alphabetic)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(512), ..ProptestConfig::default() })]

    #[test]
    fn cleaning_makes_inert_and_twice_is_once(raw in text()) {
        let cleaned = clean(&raw);
        prop_assert_eq!(complaint(&cleaned), None);
        prop_assert!(matches!(clean(&cleaned), Cow::Borrowed(_)), "{:?} became {:?} became {:?}", raw, cleaned, clean(&cleaned));
        for cluster in cleaned.graphemes(true) {
            prop_assert!(cluster.len() <= MAX_CLUSTER_BYTES, "{cluster:?}");
        }
        for line in cleaned.split('\n') {
            prop_assert!(width::cells(line) <= MAX_LINE_CELLS);
        }
        prop_assert!(cleaned.len() <= raw.len() * 8, "{} from {}", cleaned.len(), raw.len());
    }

    #[test]
    fn clean_texts_joined_stay_clean(a in text(), b in text()) {
        let (left, right) = (clean(&a), clean(&b));
        let joined = format!("{left}{right}");
        prop_assert_eq!(complaint(&joined), None);
        let again = clean(&joined);
        // Only the two promised additions.
        let folded = joined.split('\n').any(|line| width::cells(line) > MAX_LINE_CELLS);
        if !folded && !may_link(&left, &right) {
            prop_assert_eq!(again.as_ref(), joined.as_str());
        } else {
            let strip = |text: &str| text.replace(['\n', '◌'], "");
            prop_assert!(strip(&again) == strip(&joined), "{:?} and {:?}", head(&left), head(&right));
        }
    }

    #[test]
    fn pushing_never_grows_a_cluster(parts in proptest::collection::vec(text(), 0..5)) {
        let mut whole = SafeText::default();
        let mut cells = 0;
        for part in &parts {
            let part = Untrusted::new(part.as_str()).display();
            let before = whole.as_str().len();
            whole.push(&part);
            cells += part.cells() + usize::from(whole.as_str().len() > before + part.as_str().len());
        }
        prop_assert_eq!(whole.cells(), cells);
        prop_assert_eq!(complaint(whole.as_str()), None);
        for cluster in whole.as_str().graphemes(true) {
            prop_assert!(cluster.len() <= MAX_CLUSTER_BYTES, "{cluster:?}");
        }
    }

    #[test]
    fn one_line_exits_are_inert_and_bounded(raw in text()) {
        let untrusted = Untrusted::new(raw.as_str());
        for (line, limit) in [(untrusted.line(), MAX_LINE_CELLS), (untrusted.log(), super::MAX_LOG_CELLS)] {
            prop_assert!(!line.as_str().contains('\n'));
            prop_assert!(line.cells() <= limit);
            prop_assert_eq!(complaint(line.as_str()), None);
        }
        let debug = format!("{:?}", untrusted);
        prop_assert!(!debug.contains(char::is_control));
    }

    #[test]
    fn html_and_csv_hold_no_syntax_of_theirs(raw in text()) {
        let untrusted = Untrusted::new(raw.as_str());
        let html = untrusted.html();
        prop_assert!(!html.contains(['<', '>', '"', '\'']));
        prop_assert_eq!(complaint(&html), None);
        let csv = untrusted.csv();
        let field = &csv[1..csv.len() - 1];
        prop_assert!(!field.replace("\"\"", "").contains('"'));
        prop_assert!(!field.starts_with(['=', '+', '-', '@', '\t', '\r']));
    }

    #[test]
    fn rows_joined_give_the_text_back(raw in text(), width in 0usize..60, cleaned in any::<bool>()) {
        let text = if cleaned { clean(&raw) } else { Cow::Borrowed(raw.as_str()) };
        let rows = width::wrap(&text, width);
        prop_assert_eq!(rows.iter().map(|row| &text[row.clone()]).collect::<String>(), text.as_ref());
        let whole: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).collect();
        for row in rows {
            prop_assert!(row.start == text.len() || whole.binary_search(&row.start).is_ok(), "a cluster is split");
            let shown = text[row].trim_end_matches([' ', '\n']);
            let wide_cluster = shown.graphemes(true).filter(|g| width::cluster_cells(g) > 0).count() == 1;
            prop_assert!(!cleaned || width::cells(shown) <= width.max(1) || wide_cluster, "{shown:?} at {width}");
        }
    }

    #[test]
    fn truncated_text_is_a_beginning_that_fits(raw in text(), limit in 0usize..50) {
        let text = clean(&raw);
        let cut = width::truncate(&text, limit, "…");
        prop_assert!(width::cells(&cut) <= limit);
        let kept = if cut == text { &cut[..] } else { cut.strip_suffix('…').unwrap_or(&cut) };
        prop_assert!(text.starts_with(kept));
        prop_assert_eq!(complaint(&cut), None);
        prop_assert!(cut == text || width::cells(&text) > limit);
    }

    #[test]
    fn links_are_ascii_in_order_and_open_nothing_else(raw in text()) {
        let text = clean(&raw);
        let mut end = 0;
        for link in links::find(&text) {
            prop_assert!(link.range().start >= end);
            end = link.range().end;
            prop_assert!(text.get(link.range()).is_some());
            let address = link.address();
            prop_assert!(address.as_str().bytes().all(|b| b.is_ascii_graphic()));
            prop_assert!(["https://", "http://", "mailto:"].iter().any(|s| address.as_str().starts_with(s)));
        }
    }
}

/// Work grows with the text and not faster: counted as output of the worst kinds, at two sizes.
#[test]
fn hostile_text_of_any_length_stays_linear_in_size() {
    for part in [
        "\u{ad}x",
        "\u{e0b0}",
        "a\u{301}\u{301}",
        "क्",
        "👨\u{200d}",
        "\u{1100}",
        "\u{202e}\u{202d}",
        "\u{600}",
    ] {
        let (small, large) = (clean(&part.repeat(1_000)).len(), clean(&part.repeat(10_000)).len());
        assert!(large <= small * 11, "{part:?}: {small} to {large}");
    }
}
