//! Cuts a section down to what a visitor will read: from its top, the most relevant sentences kept, in their order.
//! Only words of the section are used; what is left out shows as an ellipsis.

use crate::knowledge::question_terms;

/// A piece of the section: a line or a sentence of one.
struct Piece<'a> {
    text: &'a str,
    /// Whether it begins a line of the section.
    line: bool,
    score: usize,
}

/// At most about `limit` bytes of `text`, chosen for `question`. A text within the limit comes back whole.
pub fn quote(text: &str, question: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.trim().to_owned();
    }
    let asked = question_terms(question);
    let mut pieces = pieces(text);
    for piece in &mut pieces {
        let has = question_terms(piece.text);
        piece.score = asked.iter().filter(|t| has.contains(t)).count();
    }
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    // The top says what the section is about, so the first piece is kept before the best.
    order.sort_by_key(|i| (*i != 0, std::cmp::Reverse(pieces[*i].score), *i));
    let mut kept = vec![false; pieces.len()];
    let mut room = limit;
    for i in order {
        let need = pieces[i].text.len() + 3;
        if need <= room {
            kept[i] = true;
            room -= need;
        }
    }
    if !kept.contains(&true) {
        return cut(pieces.iter().max_by_key(|p| p.score).map_or(text, |p| p.text), limit);
    }
    join(&pieces, &kept)
}

fn join(pieces: &[Piece<'_>], kept: &[bool]) -> String {
    let mut out = String::new();
    let mut gap = false;
    for (piece, keep) in pieces.iter().zip(kept) {
        if !keep {
            gap = true;
            continue;
        }
        if gap {
            out.push_str(if out.is_empty() { "… " } else { " …" });
        }
        if !out.is_empty() && !out.ends_with("… ") {
            out.push(if piece.line { '\n' } else { ' ' });
        }
        out.push_str(piece.text);
        gap = false;
    }
    if gap {
        out.push_str(" …");
    }
    out
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let (mut from, mut ended, mut first) = (0, false, true);
        for (at, c) in line.char_indices() {
            // "1. Open" is one piece: a sentence has more than two characters before its full stop.
            if ended && c.is_whitespace() && at - from > 3 {
                out.push(Piece { text: line[from..at].trim(), line: first, score: 0 });
                (from, first) = (at, false);
            }
            ended = matches!(c, '.' | '!' | '?');
        }
        let rest = line[from..].trim();
        if !rest.is_empty() {
            out.push(Piece { text: rest, line: first, score: 0 });
        }
    }
    out
}

/// The start of a text that is one long sentence, cut at a word.
fn cut(text: &str, limit: usize) -> String {
    let mut at = limit.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let at = text[..at].rfind(' ').unwrap_or(at);
    format!("{} …", text[..at].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_and_the_relevant_sentence_stay() {
        let filler = "Nothing of note happens in this sentence at all. ".repeat(20);
        let text = format!(
            "Refunds are made to the card.\n{filler}\nGift cards are never refunded in cash. More filler."
        );
        let short = quote(&text, "can I get cash for a gift card?", 200);
        assert!(short.starts_with("Refunds are made") && short.contains("Gift cards are never"), "{short}");
        assert!(short.len() <= 220 && short.contains('…'), "{short}");
    }

    #[test]
    fn short_text_is_whole_and_one_endless_sentence_is_cut() {
        assert_eq!(quote(" All of it. ", "x", 100), "All of it.");
        assert!(quote(&"wörter ".repeat(200), "x", 100).len() <= 110);
    }
}
