//! What each code point is to the cleaner: one table, one class a code point, no context.
//!
//! Invariant: every code point that is not `Plain` here is either replaced or allowed only in its place by
//! [`clean`](super::clean()). The tests walk all of Unicode against the grapheme tables, so a new version of those cannot
//! add a joining or invisible character unseen.

use unicode_normalization::char::{canonical_combining_class, is_combining_mark, is_public_assigned};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

/// Zero width non-joiner: needed in Persian and Indic scripts.
pub(super) const ZWNJ: char = '\u{200c}';
/// Zero width joiner: needed in Indic scripts, Arabic abbreviations and emoji.
pub(super) const ZWJ: char = '\u{200d}';
/// Zero width space: the word break of Khmer, Thai, Lao and Burmese.
pub(super) const ZWSP: char = '\u{200b}';
/// Variation selector 16: "draw as emoji".
pub(super) const VS16: char = '\u{fe0f}';
/// The black flag that flags of nations (England, Scotland, Wales) are built on with tag characters.
pub(super) const BLACK_FLAG: char = '\u{1f3f4}';

/// The tag tails of the three flags that [Unicode recommends](https://www.unicode.org/reports/tr51/#valid-emoji-tag-sequences)
/// for interchange: gbeng, gbsct, gbwls, each ended by CANCEL TAG. Any other tag text is a hiding place.
pub(super) const FLAG_TAILS: [&str; 3] = [
    "\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
    "\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
    "\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}",
];

/// What a code point is to the cleaner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Stands for itself and starts a cluster, unless a rule joins it to the one before.
    Plain,
    /// Ends a line: LF, CR, NEL, LS, PS.
    Break,
    /// TAB.
    Tab,
    /// A C0 control or DEL, with its picture.
    Picture(char),
    /// A C1 control, shown as its number.
    C1,
    /// A bidirectional control, with its name.
    Bidi(&'static str),
    /// Private use, noncharacter or unassigned: no agreed look or width, shown as its number.
    Coded,
    /// Never visible: shown as a count.
    Hidden,
    /// ZWJ or ZWNJ: allowed where a script or an emoji needs it.
    Joiner,
    /// Zero width space: allowed where a script has no other word break.
    ThinSpace,
    /// Variation selector 16.
    EmojiStyle,
    /// An emoji skin tone.
    Tone,
    /// A tag character.
    Tag,
    /// Attaches to the character before it.
    Mark,
    /// Attaches to the character after it.
    Prepend,
    /// Conjoining Hangul: leading consonant.
    Lead,
    /// Conjoining Hangul: vowel.
    Vowel,
    /// Conjoining Hangul: trailing consonant.
    Tail,
    /// Regional indicator: two make a flag.
    Regional,
}

/// The class of a code point.
pub(super) fn class(c: char) -> Class {
    match c {
        ' '..='~' => Class::Plain,
        '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => Class::Break,
        '\t' => Class::Tab,
        '\0'..='\u{1f}' => Class::Picture(picture(c)),
        '\u{7f}' => Class::Picture('\u{2421}'),
        '\u{80}'..='\u{9f}' => Class::C1,
        '\u{ad}' => Class::Hidden,
        // Blocks of ordinary letters, answered without the tables below.
        '\u{a0}'..='\u{2ff}'
        | '\u{400}'..='\u{482}'
        | '\u{48a}'..='\u{52f}'
        | '\u{620}'..='\u{64a}'
        | '\u{3041}'..='\u{3096}'
        | '\u{309d}'..='\u{30ff}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}' => Class::Plain,
        _ => rare(c),
    }
}

/// The classes of everything outside the common blocks.
fn rare(c: char) -> Class {
    if let Some(name) = bidi_name(c) {
        return Class::Bidi(name);
    }
    match c {
        ZWJ | ZWNJ => Class::Joiner,
        ZWSP => Class::ThinSpace,
        VS16 => Class::EmojiStyle,
        '\u{1f3fb}'..='\u{1f3ff}' => Class::Tone,
        '\u{e0020}'..='\u{e007f}' => Class::Tag,
        '\u{1f1e6}'..='\u{1f1ff}' => Class::Regional,
        // Hangul fillers first: they sit inside the conjoining ranges.
        '\u{115f}' | '\u{1160}' => Class::Hidden,
        '\u{1100}'..='\u{115e}' | '\u{a960}'..='\u{a97c}' => Class::Lead,
        '\u{1161}'..='\u{11a7}' | '\u{d7b0}'..='\u{d7c6}' => Class::Vowel,
        '\u{11a8}'..='\u{11ff}' | '\u{d7cb}'..='\u{d7fb}' => Class::Tail,
        // Marks and format characters that are invisible by definition (Default_Ignorable_Code_Point), the line
        // layout controls of hieroglyphs, and interlinear annotation.
        '\u{34f}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{fe00}'..='\u{fe0e}'
        | '\u{e0100}'..='\u{e01ef}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{13430}'..='\u{1343f}' => Class::Hidden,
        '\u{600}'..='\u{605}'
        | '\u{6dd}'
        | '\u{70f}'
        | '\u{890}'
        | '\u{891}'
        | '\u{8e2}'
        | '\u{d4e}'
        | '\u{110bd}'
        | '\u{110cd}'
        | '\u{111c2}'
        | '\u{111c3}'
        | '\u{113d1}'
        | '\u{1193f}'
        | '\u{11941}'
        | '\u{11a84}'..='\u{11a89}'
        | '\u{11d46}'
        | '\u{11f02}' => Class::Prepend,
        _ if is_mark(c) => Class::Mark,
        _ if !is_public_assigned(c) => Class::Coded,
        _ if c.width().unwrap_or(0) == 0 => Class::Hidden,
        _ => Class::Plain,
    }
}

/// Whether it has no look that writer and reader agree on: what hides a text inside another, private use, unassigned. Tag
/// characters count, though three flags are spelt with them ([`tagged_flag`]); what a script or an emoji needs to join does not.
pub fn is_unshowable(c: char) -> bool {
    matches!(class(c), Class::Hidden | Class::Tag | Class::Coded)
}

/// The flag of a nation at the start of a text that is spelt with tag characters; none where there is none.
pub fn tagged_flag(text: &str) -> Option<&str> {
    let tail = text.strip_prefix(BLACK_FLAG)?;
    let end = FLAG_TAILS.iter().find(|known| tail.starts_with(**known))?;
    Some(&text[..BLACK_FLAG.len_utf8() + end.len()])
}

/// Whether a code point attaches to the one before it: a mark by category, or one of the letters that the grapheme
/// rules treat as marks (Thai and Lao SARA AM, half-width kana voicing, Kirat Rai vowels).
pub(super) fn is_mark(c: char) -> bool {
    c >= '\u{300}'
        && (is_combining_mark(c)
            || matches!(
                c,
                '\u{e33}' | '\u{eb3}' | '\u{ff9e}' | '\u{ff9f}' | '\u{16d63}' | '\u{16d67}'..='\u{16d6a}'
            ))
}

/// Whether a mark may bind the next letter into the same cluster (virama and its kin: combining class 9).
pub(super) fn is_linker(c: char) -> bool {
    canonical_combining_class(c) == 9
}

/// Whether a letter after a linker may join its cluster. Wider than the grapheme rule on purpose: it only decides when
/// a byte limit counts on, and too wide is safe.
pub(super) fn can_be_linked(c: char) -> bool {
    let pictures = matches!(c, '\u{2000}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}');
    c >= '\u{900}' && c.is_alphabetic() && !pictures && !matches!(class(c), Class::Lead) && !is_syllable(c)
}

/// Whether the code point is a precomposed Hangul syllable.
fn is_syllable(c: char) -> bool {
    ('\u{ac00}'..='\u{d7a3}').contains(&c)
}

/// Whether the code point is a precomposed Hangul syllable that can still take a trailing consonant.
pub(super) fn is_open_syllable(c: char) -> bool {
    is_syllable(c) && (u32::from(c) - 0xac00).is_multiple_of(28)
}

/// Whether ZWJ and ZWNJ mean something right after this code point: the cursive scripts of the Arabic family, Mongolian,
/// and the scripts of India and South-East Asia (the contexts of RFC 5892 appendix A.1 and A.2, by block).
pub(super) fn takes_joiner(c: char) -> bool {
    let block = matches!(
        c,
        '\u{620}'..='\u{74f}'
            | '\u{750}'..='\u{77f}'
            | '\u{7ca}'..='\u{7ff}'
            | '\u{840}'..='\u{8ff}'
            | '\u{900}'..='\u{dff}'
            | '\u{1000}'..='\u{109f}'
            | '\u{1780}'..='\u{17ff}'
            | '\u{1820}'..='\u{18aa}'
            | '\u{1b00}'..='\u{1bff}'
            | '\u{a8e0}'..='\u{a8ff}'
            | '\u{fb50}'..='\u{fdfb}'
            | '\u{fe70}'..='\u{fefc}'
            | '\u{11000}'..='\u{1193e}'
            | '\u{11942}'..='\u{11fff}'
    );
    block && (c.is_alphabetic() || is_mark(c))
}

/// Whether the script of this code point writes no spaces and marks word ends with a zero width space.
pub(super) fn takes_thin_space(c: char) -> bool {
    let block = matches!(
        c,
        '\u{e00}'..='\u{eff}'
            | '\u{1000}'..='\u{109f}'
            | '\u{1780}'..='\u{17ff}'
            | '\u{1950}'..='\u{19df}'
            | '\u{1a20}'..='\u{1aad}'
            | '\u{a9e0}'..='\u{a9fe}'
            | '\u{aa60}'..='\u{aa7f}'
    );
    block && (c.is_alphabetic() || is_mark(c))
}

/// Whether a code point is a pictograph that emoji sequences are made of. The segmentation crate keeps its table
/// private, so it is asked: only between two pictographs does ZWJ join (rule GB11 of UAX 29).
pub(super) fn is_pictograph(c: char) -> bool {
    if c.is_ascii() {
        return false;
    }
    let mut probe = [0u8; 11];
    let head = c.encode_utf8(&mut probe).len();
    ZWJ.encode_utf8(&mut probe[head..]);
    BLACK_FLAG.encode_utf8(&mut probe[head + 3..]);
    std::str::from_utf8(&probe[..head + 7])
        .is_ok_and(|text| class(c) == Class::Plain && text.graphemes(true).nth(1).is_none())
}

/// The picture of a C0 control (U+2400 block).
fn picture(c: char) -> char {
    char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{2426}')
}

/// The usual abbreviation of a bidirectional control.
fn bidi_name(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{61c}' => "ALM",
        '\u{200e}' => "LRM",
        '\u{200f}' => "RLM",
        '\u{202a}' => "LRE",
        '\u{202b}' => "RLE",
        '\u{202c}' => "PDF",
        '\u{202d}' => "LRO",
        '\u{202e}' => "RLO",
        '\u{2066}' => "LRI",
        '\u{2067}' => "RLI",
        '\u{2068}' => "FSI",
        '\u{2069}' => "PDI",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_cluster(text: &str) -> bool {
        text.graphemes(true).count() == 1
    }

    fn all() -> impl Iterator<Item = char> {
        '\0'..=char::MAX
    }

    /// Characters that may attach to the one before must never pass as plain.
    #[test]
    fn whatever_extends_a_cluster_is_known() {
        for c in all().filter(|c| one_cluster(&format!("a{c}"))) {
            assert_ne!(class(c), Class::Plain, "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn whatever_joins_what_follows_is_known() {
        for c in all().filter(|c| one_cluster(&format!("{c}a"))) {
            assert!(!matches!(class(c), Class::Plain | Class::Mark), "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn whatever_breaks_clusters_like_a_control_is_known() {
        for c in all().filter(|c| !one_cluster(&format!("{c}\u{301}"))) {
            assert!(
                !matches!(class(c), Class::Plain | Class::Mark | Class::Prepend),
                "U+{:04X}",
                u32::from(c)
            );
        }
    }

    #[test]
    fn hangul_and_regional_joining_is_known() {
        for c in all().filter(|c| !one_cluster(&format!("a{c}")) && class(*c) == Class::Plain) {
            assert!(!one_cluster(&format!("\u{1100}\u{1161}{c}")), "U+{:04X} joins a syllable", u32::from(c));
            assert!(
                !one_cluster(&format!("\u{1f1e6}{c}")),
                "U+{:04X} joins a regional indicator",
                u32::from(c)
            );
        }
    }

    #[test]
    fn linkers_and_linked_letters_are_known() {
        for c in all() {
            if one_cluster(&format!("\u{915}{c}\u{937}")) {
                assert!(is_linker(c), "U+{:04X} links", u32::from(c));
            }
            if class(c) == Class::Plain && one_cluster(&format!("\u{915}\u{94d}{c}")) {
                assert!(can_be_linked(c), "U+{:04X} is linked", u32::from(c));
            }
        }
    }

    #[test]
    fn common_blocks_agree_with_the_tables() {
        for c in all().filter(|c| *c >= '\u{a0}' && class(*c) == Class::Plain) {
            assert_eq!(rare(c), Class::Plain, "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn pictographs_are_told_from_letters_and_tones() {
        for c in ['\u{1f468}', '\u{2764}', '\u{1f525}', BLACK_FLAG, '\u{a9}'] {
            assert!(is_pictograph(c), "{c}");
        }
        for c in ['a', '1', '\u{5d0}', '\u{1f3fd}', '\u{1f1e6}', VS16, '\u{600}'] {
            assert!(!is_pictograph(c), "U+{:04X}", u32::from(c));
        }
    }
}
