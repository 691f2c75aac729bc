//! Is the visitor frustrated with this service? Sentiment lists are at chance for that; this asks for one strong phrase
//! aimed at the service, or two weaker signs of different kinds. Anger at the world counts for nothing, nor do
//! exclamation marks after praise. It refuses to look at one message as if there had been no answer before it: the
//! caller says whether there was one.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::words::{self, Word};

/// What kind of sign it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoodKind {
    /// Anger aimed at the service.
    Anger,
    /// "You already said that."
    Repetition,
    /// "Not what I asked."
    Correction,
    /// "I give up."
    GivingUp,
    /// "One week and no reply."
    Waiting,
    /// Capitals, `??` or `!!!`.
    Shouting,
    /// A thumbs-down.
    ThumbsDown,
}

/// How frustrated one message sounds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Mood {
    /// 0 to 1; at [`FRUSTRATED`] and above the message counts as a sign.
    pub score: f32,
    /// The kinds of signs found, in order, without repeats.
    pub kinds: Vec<MoodKind>,
    /// The words that showed it: byte ranges in the message.
    pub spans: Vec<(usize, usize)>,
}

/// The score from which a message counts as frustrated.
pub const FRUSTRATED: f32 = 0.6;

impl Mood {
    /// Whether the message counts as a sign of frustration.
    pub fn frustrated(&self) -> bool {
        self.score >= FRUSTRATED
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signs {
    strong: Vec<Sign>,
    weak: Vec<Sign>,
    except: Vec<Except>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sign {
    kind: MoodKind,
    phrases: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Except {
    phrases: Vec<String>,
}

static SIGNS: LazyLock<Signs> = LazyLock::new(|| {
    toml::from_str(include_str!("mood.toml")).expect("the shipped mood file parses: a test reads it")
});

/// Reads the mood of one message. `answered_before`: whether the assistant has said something in this episode, without
/// which `??` is only a question.
pub fn read(message: &str, answered_before: bool) -> Mood {
    let words = words::split(message);
    let excepted: Vec<(usize, usize)> =
        SIGNS.except.iter().flat_map(|e| &e.phrases).filter_map(|p| find(&words, p)).collect();
    let mut mood = Mood::default();
    let mut score: f32 = 0.0;
    for (list, weight) in [(&SIGNS.strong, 0.8), (&SIGNS.weak, 0.35)] {
        for sign in list {
            let Some((from, to)) = sign.phrases.iter().find_map(|p| find(&words, p)) else { continue };
            if excepted.iter().any(|(a, b)| from < *b && *a < to) {
                continue;
            }
            let known = mood.kinds.contains(&sign.kind);
            score += if known { weight * 0.3 } else { weight };
            if !known {
                mood.kinds.push(sign.kind);
            }
            mood.spans.push((words[from].start, words[to - 1].end));
        }
    }
    let (shouting, loud) = shouting(message, &words, answered_before);
    if shouting {
        mood.kinds.push(MoodKind::Shouting);
        score += if loud { 0.65 } else { 0.35 };
    }
    if score < 0.4 && praise(&words) || excepted.len() > 1 {
        score = 0.0;
    }
    if praise(&words) && !mood.kinds.contains(&MoodKind::Correction) && score < 0.8 {
        score = 0.0;
    }
    mood.score = score.min(1.0);
    if mood.score == 0.0 {
        return Mood::default();
    }
    mood
}

/// Words from..to where `phrase` stands; `*` stands for up to three words.
fn find(words: &[Word], phrase: &str) -> Option<(usize, usize)> {
    let (head, tail) = match phrase.split_once(" * ") {
        Some((head, tail)) => (head, Some(tail)),
        None => (phrase, None),
    };
    for at in 0..words.len() {
        let Some(n) = words::phrase_at(words, at, head) else { continue };
        match tail {
            None => return Some((at, at + n)),
            Some(tail) => {
                for gap in 0..=3 {
                    if let Some(m) = words::phrase_at(words, at + n + gap, tail) {
                        return Some((at, at + n + gap + m));
                    }
                }
            }
        }
    }
    None
}

fn praise(words: &[Word]) -> bool {
    words.iter().any(|w| {
        matches!(
            w.text.as_str(),
            "thanks" | "thank" | "amazing" | "perfect" | "awesome" | "love" | "merci" | "danke" | "gracias"
        )
    })
}

/// Whether the message shouts, and whether that alone says enough: nothing but question marks, or question marks
/// after an unanswered call.
fn shouting(message: &str, words: &[Word], answered_before: bool) -> (bool, bool) {
    let marks = |c: char| message.chars().filter(|x| *x == c).count();
    let only_marks = words.is_empty() && marks('?') + marks('!') >= 3;
    let run = message.contains("???") || answered_before && message.contains("??");
    let bangs = message.contains("!!");
    let capitals = words.len() >= 3 && {
        let letters: Vec<char> = message.chars().filter(|c| c.is_alphabetic()).collect();
        let upper = letters.iter().filter(|c| c.is_uppercase()).count();
        letters.len() >= 12 && upper * 10 >= letters.len() * 8
    };
    (only_marks || run || bangs || capitals, only_marks || capitals && run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strong_phrases_weak_pairs_and_the_world() {
        for text in
            ["you already said that", "that is wrong, stupid thing!!", "hello??? anyone there", "????"]
        {
            assert!(read(text, true).frustrated(), "{text}");
        }
        for text in [
            "My printer is driving me crazy, how do I reconnect it?",
            "Great!!! Thank you so much!!!",
            "hello?",
        ] {
            assert!(!read(text, true).frustrated(), "{text}");
        }
    }
}
