//! Breaking overlong lines.
//!
//! Invariant: only LF is added, only between grapheme clusters, and what was clean stays clean.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

use super::class::is_mark;
use super::clean::MAX_LINE_CELLS;
use super::width;

/// Breaks lines above [`MAX_LINE_CELLS`] between clusters. A cluster takes no more cells than bytes, so shorter lines
/// need not be measured.
pub(super) fn fold_lines(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.len() <= MAX_LINE_CELLS || text.split('\n').all(|line| line.len() <= MAX_LINE_CELLS) {
        return text;
    }
    let mut out = String::new();
    let mut copied = 0;
    let mut line_start = 0;
    for line in text.split('\n') {
        if line.len() > MAX_LINE_CELLS {
            for at in fold_points(line) {
                out.push_str(&text[copied..line_start + at]);
                out.push('\n');
                copied = line_start + at;
            }
        }
        line_start += line.len() + 1;
    }
    if copied == 0 {
        return text;
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// Byte offsets at which a long line is broken. Never before a mark, even one that the grapheme rules count as a cluster
/// of its own (Burmese vowels), since a line that starts with a mark would be given a base.
fn fold_points(line: &str) -> Vec<usize> {
    let mut points = Vec::new();
    let mut cells = 0;
    // The last place where breaking is allowed, and the cells of the row before it.
    let mut allowed = (0, 0);
    for (at, cluster) in line.grapheme_indices(true) {
        if !cluster.starts_with(is_mark) {
            allowed = (at, cells);
        }
        cells += width::cluster_cells(cluster);
        if cells > MAX_LINE_CELLS && allowed.1 > 0 {
            points.push(allowed.0);
            cells -= allowed.1;
            allowed.1 = 0;
        }
    }
    points
}
