//! Where words, clusters and gaps begin and end in one line: all in bytes, none inside a cluster.

use unicode_segmentation::UnicodeSegmentation;

/// The beginning of the cluster before a place; none at the beginning of the line. A gap that was left to fill in counts
/// as one cluster.
pub(super) fn before(line: &str, at: usize) -> Option<usize> {
    gap_before(&line[..at]).or_else(|| line[..at].grapheme_indices(true).next_back().map(|(from, _)| from))
}

/// The end of the cluster after a place; none at the end of the line.
pub(super) fn after(line: &str, at: usize) -> Option<usize> {
    line[at..].graphemes(true).next().map(|cluster| at + cluster.len())
}

/// Where a gap that ends here begins: `{{visitor.name}}`.
fn gap_before(text: &str) -> Option<usize> {
    let inner = text.strip_suffix("}}")?;
    let from = inner.rfind("{{")?;
    let name = &inner[from + 2..];
    let fits = !name.is_empty()
        && name.len() <= 40
        && name.chars().all(|c| c.is_ascii_lowercase() || c == '.' || c == '_');
    fits.then_some(from)
}

/// The beginning of the word before a place: spaces, then a word or a single other cluster.
pub(super) fn word_before(line: &str, at: usize) -> Option<usize> {
    let trimmed = line[..at].trim_end();
    if trimmed.is_empty() {
        return (at > 0).then_some(0);
    }
    if let Some(from) = gap_before(trimmed) {
        return Some(from);
    }
    match trimmed.unicode_word_indices().next_back() {
        Some((from, word)) if from + word.len() == trimmed.len() => Some(from),
        _ => before(trimmed, trimmed.len()),
    }
}

/// The end of the word after a place: spaces, then a word or a single other cluster.
pub(super) fn word_after(line: &str, at: usize) -> Option<usize> {
    let rest = &line[at..];
    if rest.is_empty() {
        return None;
    }
    let word = rest.trim_start();
    let from = at + (rest.len() - word.len());
    match word.split_word_bounds().next() {
        None => Some(line.len()),
        Some(first) if first.chars().any(char::is_alphanumeric) => Some(from + first.len()),
        Some(_) => after(line, from),
    }
}

/// The end of the cluster a place stands inside of; the place itself where it stands between two.
pub(super) fn out_of_cluster(line: &str, at: usize) -> usize {
    if at == 0 || at == line.len() {
        return at;
    }
    let mut end = 0;
    for cluster in line.graphemes(true) {
        end += cluster.len();
        if end >= at {
            break;
        }
    }
    end
}
