//! Labels agents give to things: tags of conversations, names of groups. One rule for both.
//!
//! A label is kept as it was typed (trimmed, NFC) and compared without regard to case, so that `VIP` and `vip` are one
//! tag, spelled as whoever came first spelled it. Refused: empty, longer than [`LABEL_CHARS`], control characters.
//! Everything else stays as data, whatever it looks like; whoever draws it cleans it first (room `text`).

use unicode_normalization::UnicodeNormalization;

/// Longest label, in characters: a tag has to fit beside others in a row of a list.
pub const LABEL_CHARS: usize = 40;

/// Most tags a conversation has: more say nothing, and every list row carries them.
pub const TAGS_AT_MOST: usize = 20;

/// A label as it is kept; none where it is no label.
///
/// ```
/// use baton::conversation::label;
/// assert_eq!(label("  Refund "), Some("Refund".to_owned()));
/// assert_eq!(label(" "), None);
/// assert_eq!(label("two\nlines"), None);
/// ```
pub fn label(text: &str) -> Option<String> {
    let label: String = text.trim().nfc().collect();
    let ok = !label.is_empty()
        && label.chars().count() <= LABEL_CHARS
        && !label.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
    ok.then_some(label)
}

/// What a label is compared and sorted by.
fn folded(label: &str) -> String {
    label.trim().nfc().flat_map(char::to_lowercase).nfc().collect()
}

/// Whether two labels are one, whatever their case.
pub fn same_label(a: &str, b: &str) -> bool {
    folded(a) == folded(b)
}

/// Sorts labels and leaves out repeats; of several spellings the first given stays.
pub fn sort_labels(labels: &mut Vec<String>) {
    labels.sort_by_cached_key(|l| folded(l));
    labels.dedup_by(|later, earlier| same_label(later, earlier));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_bounded_and_compared_without_case() {
        assert_eq!(label(&"ä".repeat(LABEL_CHARS)).map(|l| l.chars().count()), Some(LABEL_CHARS));
        for bad in ["", "\t", "a\u{1b}b", "a\u{85}b", "a\u{2028}b", "a\0", &"x".repeat(LABEL_CHARS + 1)] {
            assert_eq!(label(bad), None, "{bad:?}");
        }
        assert!(same_label("VIP", " vip"));
        assert!(same_label("Größe", "GRÖßE"));
        assert!(same_label("cafe\u{301}", "CAFÉ"), "composed or not");
        assert!(!same_label("vip", "vips"));
        let mut tags: Vec<String> = ["vip", "Refund", "VIP", "angry", "refund"].map(String::from).into();
        sort_labels(&mut tags);
        assert_eq!(tags, ["angry", "Refund", "vip"]);
        let told = label("a\u{202e}b").expect("ugly, and data all the same");
        assert_eq!(told, "a\u{202e}b");
    }
}
