//! Is the visitor frustrated with this service? Sentiment lists are at chance for that; this asks for one strong phrase
//! aimed at the service, or two weaker signs of different kinds. Anger at the world counts for nothing, nor do
//! exclamation marks after praise. It refuses to look at one message as if there had been no answer before it: the
//! caller says whether there was one.

use std::collections::{HashMap, HashSet};
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
struct File {
    classes: HashMap<String, Vec<String>>,
    strong: Vec<Sign>,
    weak: Vec<Sign>,
    except: Vec<Except>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sign {
    kind: MoodKind,
    patterns: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Except {
    patterns: Vec<String>,
}

/// One place of a pattern.
enum Slot {
    /// Any of these words.
    Word(HashSet<String>),
    /// Up to [`GAP`] words of the same clause.
    Gap,
}

type Pattern = Vec<Slot>;

/// Words a `*` stands for at most.
const GAP: usize = 3;

struct Signs {
    /// Kind, weight and patterns, strong before weak.
    signs: Vec<(MoodKind, f32, Vec<Pattern>)>,
    except: Vec<Pattern>,
}

static SIGNS: LazyLock<Signs> = LazyLock::new(|| {
    let file: File =
        toml::from_str(include_str!("mood.toml")).expect("the shipped mood file parses: a test reads it");
    let compile = |list: &[String]| list.iter().map(|p| compile(p, &file.classes)).collect::<Vec<Pattern>>();
    let weighed = file.strong.iter().map(|s| (s, 0.8)).chain(file.weak.iter().map(|s| (s, 0.35)));
    Signs {
        signs: weighed.map(|(s, weight)| (s.kind, weight, compile(&s.patterns))).collect(),
        except: file.except.iter().flat_map(|e| compile(&e.patterns)).collect(),
    }
});

fn compile(pattern: &str, classes: &HashMap<String, Vec<String>>) -> Pattern {
    let slot = |part: &str| {
        if part == "*" {
            return Slot::Gap;
        }
        let words = part.split('|').flat_map(|word| {
            let class = word.strip_prefix('<').and_then(|w| w.strip_suffix('>'));
            match class {
                Some(name) => classes.get(name).cloned().unwrap_or_default(),
                None => vec![word.to_owned()],
            }
        });
        Slot::Word(words.collect())
    };
    pattern.split(' ').map(slot).collect()
}

/// Reads the mood of one message. `answered_before`: whether the assistant has said something in this episode, without
/// which `??` is only a question.
pub fn read(message: &str, answered_before: bool) -> Mood {
    let words = words::split(message);
    let excepted: Vec<(usize, usize)> = SIGNS.except.iter().filter_map(|p| find(&words, p)).collect();
    let mut mood = Mood::default();
    let mut score: f32 = 0.0;
    for (kind, weight, patterns) in &SIGNS.signs {
        let clear = |hit: &(usize, usize)| !excepted.iter().any(|(a, b)| hit.0 < *b && *a < hit.1);
        let Some((from, to)) = patterns.iter().filter_map(|p| find(&words, p)).find(clear) else { continue };
        let known = mood.kinds.contains(kind);
        score += if known { weight * 0.3 } else { *weight };
        if !known {
            mood.kinds.push(*kind);
        }
        mood.spans.push((words[from].start, words[to - 1].end));
    }
    let (shouting, loud) = shouting(message, &words, answered_before);
    if shouting {
        mood.kinds.push(MoodKind::Shouting);
        score += if loud { 0.65 } else { 0.35 };
    }
    if score < 0.8 && (praise(&words) || !excepted.is_empty()) {
        return Mood::default();
    }
    mood.score = score.min(1.0);
    mood
}

/// Words from..to where a pattern stands, within one clause.
fn find(words: &[Word], pattern: &[Slot]) -> Option<(usize, usize)> {
    (0..words.len()).find_map(|at| Some((at, matches(words, at, pattern)?)))
}

fn matches(words: &[Word], at: usize, pattern: &[Slot]) -> Option<usize> {
    match pattern.split_first() {
        None => Some(at),
        Some((Slot::Word(any), rest)) => {
            let word = words.get(at).filter(|w| any.contains(&w.text))?;
            let goes_on = rest.is_empty() || words.get(at + 1).is_some_and(|w| w.clause == word.clause);
            if goes_on { matches(words, at + 1, rest) } else { None }
        }
        Some((Slot::Gap, rest)) => (0..=GAP)
            .take_while(|gap| {
                let before = at.checked_sub(1).and_then(|i| words.get(i));
                *gap == 0 || words.get(at + gap - 1).map(|w| w.clause) == before.map(|w| w.clause)
            })
            .find_map(|gap| matches(words, at + gap, rest)),
    }
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
