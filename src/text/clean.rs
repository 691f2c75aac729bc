//! The cleaner: any text in, inert text out.
//!
//! Invariant: cleaning twice is cleaning once, and joining clean texts makes nothing unsafe: what exactly is promised is
//! written at [`clean`]. Linear time, no copy while nothing has changed.
//!
//! Refuses: parsing escape sequences. ESC becomes `␛` and the rest of the sequence stays as the letters it is.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

use super::class::{Class, ZWJ, can_be_linked, class, is_mark};
use super::cleaner::Cleaner;
use super::fold::fold_lines;

/// Marks kept on one base; Vietnamese needs 2, Hebrew with cantillation 4, Tibetan stacks about 6.
pub const MAX_MARKS: u8 = 8;
/// Bytes of the longest grapheme cluster kept whole.
pub const MAX_CLUSTER_BYTES: usize = 64;
/// Joiners kept in one emoji: a family of four has 3, and no recommended emoji has more.
pub const MAX_EMOJI_JOINS: u8 = 3;
/// Cells of the longest line; longer ones are broken there.
pub const MAX_LINE_CELLS: usize = 2_000;

/// Makes text inert for a terminal, keeping line breaks.
///
/// | in | out |
/// | --- | --- |
/// | CR LF, CR, NEL, LS, PS | LF |
/// | TAB | four spaces |
/// | other C0, DEL | its picture: `␛`, `␇`, `␡` |
/// | C1 | `⟨9B⟩` |
/// | bidirectional controls | `⟨RLO⟩`; a run of n equal ones `⟨PDI×n⟩` |
/// | invisible and tag characters | `⟨n hidden⟩` for a run of n |
/// | private use, unassigned, noncharacters | `⟨U+E0B0⟩` |
/// | skin tones and conjoining Hangul out of place | `⟨n tone⟩`, `⟨n jamo⟩` |
/// | marks above [`MAX_MARKS`] on a base | `⟨+n⟩` |
/// | a mark at the start of a line, a prepended sign with nothing after it | `◌` is given as base |
/// | letters chained by viramas above [`MAX_CLUSTER_BYTES`], counting room for their marks (more than five) | broken by `◌` |
/// | a line above [`MAX_LINE_CELLS`] | broken by LF, nothing lost |
///
/// Kept where they belong: ZWJ and ZWNJ right after a letter or mark of a script that uses them, ZWJ inside an emoji of
/// at most [`MAX_EMOJI_JOINS`] joins, VS16 and skin tones right after a pictograph, the tag sequences of the three
/// national flags, and the zero width space right after a letter of Thai, Lao, Khmer or Burmese, where it is the
/// only word break.
///
/// # Promises
/// Let `a` and `b` be any texts, `A = clean(a)` and `B = clean(b)`. The property tests hold these:
/// 1. `clean(A) = A`, without a copy.
/// 2. `A + B` contains no control, bidirectional control, stray invisible character, orphan mark or base with more than
///    [`MAX_MARKS`] marks. (No clean text starts with a character that attaches backwards, and none ends with one
///    that waits for more.)
/// 3. `clean(A + B) = A + B`, but for two folds that only add: an LF where the joined line passes [`MAX_LINE_CELLS`], and a
///    `◌` where `A` ends in a virama, `B` begins with a letter and the chain gets too long for a cluster.
///    [`SafeText::push`](super::SafeText::push) keeps the second from arising.
/// 4. At most eight bytes out for one in.
pub fn clean(text: &str) -> Cow<'_, str> {
    if is_plain_ascii(text.as_bytes()) {
        return fold_lines(Cow::Borrowed(text));
    }
    fold_lines(Cleaner::new(text).run())
}

/// As [`clean`], but each line break becomes a visible `⏎` and long lines are left to the caller.
pub(super) fn clean_line(text: &str) -> String {
    Cleaner::new(text).run().replace('\n', "⏎")
}

/// Whether every byte is printable ASCII or LF: such text has nothing to clean but its line lengths.
fn is_plain_ascii(bytes: &[u8]) -> bool {
    // Counted in blocks without a branch a byte, so that the compiler can use vector instructions.
    bytes.chunks(256).all(|block| block.iter().filter(|b| !matches!(b, b' '..=b'~' | b'\n')).count() == 0)
}

/// Whether the start of `right` would join the last cluster of `left`, both being clean: half a flag meeting half a flag, or
/// a virama a letter. (Two whole flags count too: kept apart, nothing has to be counted.)
pub(super) fn melts(left: &str, right: &str) -> bool {
    let (Some(last), Some(first)) = (left.chars().next_back(), right.chars().next()) else { return false };
    if class(first) == Class::Regional {
        return class(last) == Class::Regional;
    }
    if !can_be_linked(first) || !(is_mark(last) || last == ZWJ) {
        return false;
    }
    // A clean cluster fits into this much, so the grapheme rules see all they need.
    let mut from = left.len().saturating_sub(MAX_CLUSTER_BYTES);
    while !left.is_char_boundary(from) {
        from += 1;
    }
    let seam = format!("{}{first}", &left[from..]);
    !seam.grapheme_indices(true).any(|(at, _)| from + at == left.len())
}

#[cfg(test)]
mod tests {
    use super::super::width;
    use super::*;

    #[track_caller]
    fn case(raw: &str, cleaned: &str) {
        assert_eq!(clean(raw), cleaned, "from {raw:?}");
        assert_eq!(clean(cleaned), cleaned, "again");
    }

    #[test]
    fn controls_become_pictures_and_sequences_stay_letters() {
        case("a\u{1b}[2Jb\u{7}\u{7f}\0", "a␛[2Jb␇␡␀");
        case("\u{9b}2J \u{80}", "⟨9B⟩2J ⟨80⟩");
        case("\u{1b}\u{200b}[2J", "␛⟨1 hidden⟩[2J");
        case("\u{1b}\u{301}[2J", "␛\u{301}[2J");
    }

    #[test]
    fn every_line_ending_is_one_break() {
        case("a\r\nb\rc\u{85}d\u{2028}e\u{2029}f\n\rg", "a\nb\nc\nd\ne\nf\n\ng");
        case("name\tamount", "name    amount");
    }

    #[test]
    fn bidi_controls_are_named() {
        case("invoice_\u{202e}fdp.exe", "invoice_⟨RLO⟩fdp.exe");
        case("\u{2069}\u{2069}\u{2069}\u{200f}x", "⟨PDI×3⟩⟨RLM⟩x");
    }

    #[test]
    fn invisible_characters_are_counted() {
        case("pass\u{200b}word", "pass⟨1 hidden⟩word");
        case("\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}", "⟨5 hidden⟩");
        case("hello\u{e0069}\u{e0067}!", "hello⟨2 hidden⟩!");
        case("a\u{200d}🔥b\u{200d}\u{200d}c", "a⟨1 hidden⟩🔥b⟨2 hidden⟩c");
        case("\u{3164}\u{115f}\u{1160}\u{ffa0}", "⟨4 hidden⟩");
        case("\u{1f600}\u{e0173}\u{fe00}", "\u{1f600}⟨2 hidden⟩");
    }

    #[test]
    fn joiners_stay_where_a_script_or_an_emoji_needs_them() {
        for text in [
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "ന്\u{200d} ",
            "র\u{200d}্যাব",
            "👩\u{200d}💻",
            "🏳\u{fe0f}\u{200d}🌈",
            "👩🏻\u{200d}❤\u{fe0f}\u{200d}💋\u{200d}👨🏼",
            "1\u{fe0f}\u{20e3}",
            "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}!",
            "ខ្ញុំ\u{200b}ចង់",
        ] {
            assert!(matches!(clean(text), Cow::Borrowed(_)), "{text:?} became {:?}", clean(text));
        }
        case("🏴\u{e0061}\u{e007f}", "🏴⟨2 hidden⟩");
        case("می\u{200c}\u{200c}خ", "می\u{200c}⟨1 hidden⟩خ");
        case("👩🏽\u{200b}\u{200d}👨", "👩🏽⟨2 hidden⟩👨");
        case("❤\u{fe0f}\u{200b}🏽", "❤\u{fe0f}⟨1 hidden⟩⟨1 tone⟩");
    }

    #[test]
    fn marks_beyond_eight_are_folded() {
        let stack = "\u{301}".repeat(1_000);
        case(&format!("a{stack}b"), &format!("a{}⟨+992⟩b", "\u{301}".repeat(8)));
        case("\u{338}\u{338}x\n\u{338}", "◌\u{338}\u{338}x\n◌\u{338}");
    }

    #[test]
    fn endless_clusters_are_broken() {
        case(&"\u{1100}".repeat(300), "⟨300 jamo⟩");
        case("\u{1112}\u{1161}\u{11ab}\u{11ab}가\u{11a8}", "\u{1112}\u{1161}\u{11ab}⟨1 jamo⟩가\u{11a8}");
        case("🏽x🏽", "⟨1 tone⟩x⟨1 tone⟩");
        case("\u{600}\u{600}1\u{6dd}", "\u{600}◌\u{600}1\u{6dd}◌");
        let people = ["👨"; 6].join("\u{200d}");
        case(&people, "👨\u{200d}👨\u{200d}👨\u{200d}👨⟨1 hidden⟩👨\u{200d}👨");
        let conjunct = "क्".repeat(30);
        assert_eq!(clean(&conjunct).matches('क').count(), 30);
        assert!(clean(&conjunct).graphemes(true).all(|cluster| cluster.len() <= MAX_CLUSTER_BYTES));
    }

    #[test]
    fn code_points_without_a_look_show_their_number() {
        case("\u{e0b0}\u{378}\u{ffff}\u{fdd0}", "⟨U+E0B0⟩⟨U+0378⟩⟨U+FFFF⟩⟨U+FDD0⟩");
    }

    #[test]
    fn long_lines_are_broken_and_nothing_is_lost() {
        let long = "漢".repeat(2_500);
        let cleaned = clean(&long);
        assert!(cleaned.lines().all(|line| width::cells(line) <= MAX_LINE_CELLS));
        assert_eq!(cleaned.lines().count(), 3);
        assert_eq!(cleaned.replace('\n', ""), long);
        assert_eq!(clean(&cleaned), cleaned);
        let burmese = "\u{1000}\u{102c}\u{1038}".repeat(1_500);
        assert_eq!(clean(&clean(&burmese)), clean(&burmese));
    }

    #[test]
    fn clean_text_is_not_copied() {
        for text in ["", "plain\ntext", "Việt 你好 👍🏽 ok", &"A".repeat(2_000)] {
            assert!(matches!(clean(text), Cow::Borrowed(_)), "{text:?}");
        }
    }
}
