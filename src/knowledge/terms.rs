//! Text to index terms: Unicode words, lower case, accents folded, lightly stemmed.

use std::collections::HashSet;
use std::sync::LazyLock;

use unicode_segmentation::UnicodeSegmentation;

use crate::handoff::words::fold;

/// Words of a question that say nothing about its subject. They are dropped from queries only.
static STOP: &[&str] = &[
    "a", "an", "the", "and", "or", "but", "if", "of", "to", "in", "on", "at", "by", "for", "with", "from",
    "about", "as", "is", "are", "was", "were", "be", "been", "being", "am", "do", "does", "did", "doing",
    "have", "has", "had", "can", "could", "will", "would", "shall", "should", "may", "might", "must", "i",
    "me", "my", "mine", "we", "us", "our", "you", "your", "he", "him", "his", "she", "her", "it", "its",
    "they", "them", "their", "this", "that", "these", "those", "what", "which", "who", "whom", "whose",
    "when", "where", "why", "how", "there", "here", "so", "than", "then", "too", "very", "just", "any",
    "some", "please", "tell", "want", "need", "like", "know", "im", "ive", "id", "cant", "dont", "whats",
    "hows", "hi", "hello", "hey", "thanks", "thank", "ok", "also", "way", "possible", "get", "into", "not",
    "no", "ich", "und", "der", "die", "das", "ein", "eine", "einen", "wie", "kann", "ist", "mit", "fur",
    "zu", "auf", "mein", "meine", "bitte", "was", "wo", "mochte", "le", "la", "les", "un", "une", "de",
    "des", "je", "est", "comment", "puis", "pour", "mon", "ma", "el", "los", "las", "una", "como", "puedo",
    "que", "en", "mi", "por", "para", "o", "os", "um", "uma", "posso", "meu", "minha", "il", "lo", "gli",
    "long", "take", "much", "many", "mio", "het", "een", "ik", "hoe", "kan", "mijn", "van", "et", "y", "e",
];

/// The terms of a text in order, each with whether it tells something (is no stop word).
pub(super) fn terms(text: &str) -> impl Iterator<Item = (String, bool)> {
    text.unicode_words().map(fold).map(|w| {
        let telling = !is_stop(&w);
        (stem(w), telling)
    })
}

fn is_stop(word: &str) -> bool {
    static SET: LazyLock<HashSet<&str>> = LazyLock::new(|| STOP.iter().copied().collect());
    SET.contains(word)
}

/// The terms of a question: distinct, in order, without stop words unless nothing else is in it.
pub fn question_terms(text: &str) -> Vec<String> {
    let words: Vec<String> = text.unicode_words().map(fold).filter(|w| !w.is_empty()).collect();
    let kept: Vec<&String> = words.iter().filter(|w| !is_stop(w)).collect();
    let kept = if kept.is_empty() { words.iter().collect() } else { kept };
    let mut out: Vec<String> = Vec::new();
    for word in kept {
        let term = stem(word.clone());
        if !out.contains(&term) {
            out.push(term);
        }
    }
    out
}

/// Light English stemming: plural and -ing, -ed endings of longer words, so that "refunds", "refunded" and "refunding"
/// meet. Other languages lose little by it.
fn stem(word: String) -> String {
    if word.len() < 4 || !word.is_ascii() || word.bytes().any(|b| b.is_ascii_digit()) {
        return word;
    }
    let cut = |s: &str| word.strip_suffix(s).map(str::to_owned);
    if let Some(s) = cut("ies").filter(|s| s.len() >= 2) {
        return s + "y";
    }
    if let Some(s) =
        ["sses", "ches", "shes", "xes"].iter().find_map(|e| cut(e).map(|s| s + &e[..e.len() - 2]))
    {
        return s;
    }
    let word = match word.strip_suffix('s') {
        Some(s) if !s.ends_with(['s', 'u', 'i']) => s.to_owned(),
        _ => word,
    };
    for ending in ["ing", "ed"] {
        let Some(s) = word.strip_suffix(ending) else { continue };
        if s.len() < 3 || !s.bytes().any(|b| b"aeiouy".contains(&b)) {
            continue;
        }
        let bytes = s.as_bytes();
        let doubled = bytes[bytes.len() - 1] == bytes[bytes.len() - 2] && !s.ends_with(['l', 's', 'z']);
        return if doubled { s[..s.len() - 1].to_owned() } else { s.trim_end_matches('e').to_owned() };
    }
    match word.strip_suffix('e') {
        Some(s) if s.len() >= 4 => s.to_owned(),
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_meet() {
        for group in [
            ["refund", "refunds", "refunded"],
            ["charge", "charged", "charging"],
            ["connect", "connects", "connecting"],
        ] {
            let stems: Vec<String> = group.iter().map(|w| stem((*w).to_owned())).collect();
            assert!(stems.windows(2).all(|w| w[0] == w[1]), "{stems:?}");
        }
        assert_eq!(question_terms("How do I reset my password?"), ["reset", "password"]);
        assert_eq!(question_terms("what is it"), ["what", "is", "it"]);
        assert_eq!(terms("Größe, 你好").map(|t| t.0).collect::<Vec<_>>(), ["gross", "你", "好"]);
    }
}
