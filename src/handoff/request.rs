//! Does the visitor ask for a person? A grammar over word classes: verb × target, guarded against negation, questions
//! about the assistant's nature, reports, quotations, third parties and necessity questions.
//!
//! A list of the usual phrases finds a quarter to a half of the requests and single words fire on visitors who ask
//! *whether* they talk to a bot; classes and guards do better on both. It never reads meaning beyond one clause, and
//! refuses to count a request that the visitor negates.

use super::grammar::Grammar;
use super::language::{LANGUAGES, Language};
use super::words::{self, Word};

/// What was found in one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A request for a person.
    Request,
    /// A request that the visitor negates ("you don't need to transfer me").
    Negated,
    /// A question whether the assistant is a person.
    BotQuestion,
}

/// One match with its evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// What it is.
    pub found: Found,
    /// The rule that matched, with its language: `en.talk_person`.
    pub rule: String,
    /// 2: an explicit human target; 1: somebody, a desk or a named place.
    pub strength: u8,
    /// First byte in the message.
    pub start: usize,
    /// One past the last byte in the message.
    pub end: usize,
}

/// All requests, negated requests and bot questions of a message, in every language.
///
/// English is always tried; another language is tried when its common words are there or the message is too short to
/// tell, and its typos are repaired only where it is the most familiar one.
pub fn find(message: &str) -> Vec<Match> {
    let words = words::split(message);
    if words.is_empty() {
        return Vec::new();
    }
    let familiar: Vec<usize> = LANGUAGES.iter().map(|l| l.familiar(&words)).collect();
    let most = familiar.iter().copied().max().unwrap_or(0);
    let mut out = Vec::new();
    for (language, common) in LANGUAGES.iter().zip(&familiar) {
        let english = language.code == "en";
        let short = words.len() <= 4;
        let likely = *common > 0 && *common * 2 >= most;
        if !(english || short || likely) {
            continue;
        }
        if english && familiar[0] * 3 < most {
            continue;
        }
        let repair = *common == most && (english || most > 0);
        out.extend(in_language(language, &words, repair));
    }
    out
}

fn in_language(language: &Language, words: &[Word], repair: bool) -> Vec<Match> {
    let tokens = language.tokens(words, repair);
    let mut out = Vec::new();
    let bot = bot_question(language, words);
    if let Some((from, to)) = bot {
        out.push(matched(language, Found::BotQuestion, "bot_question", 0, from, to));
    }
    if language.quotes.iter().any(|q| words::find_phrase(words, q).is_some()) {
        return out;
    }
    let grammar = Grammar { language, tokens: &tokens, words };
    for hit in grammar.hits() {
        let (start, end) = (tokens[hit.from].start, tokens[hit.to].end);
        let inside = bot.is_some_and(|(from, to)| start < to && from < end);
        if inside || bot.is_some() && hit.rule == "bare_person" {
            continue;
        }
        let found = if hit.rule != "refuses_machine" && grammar.negated(hit.from) {
            Found::Negated
        } else {
            Found::Request
        };
        out.push(matched(language, found, hit.rule, hit.strength, start, end));
    }
    out
}

fn matched(language: &Language, found: Found, rule: &str, strength: u8, start: usize, end: usize) -> Match {
    Match { found, rule: format!("{}.{rule}", language.code), strength, start, end }
}

/// Whether the visitor asks what they talk to: a question phrase and, within six words, a word it can be about.
fn bot_question(language: &Language, words: &[Word]) -> Option<(usize, usize)> {
    for phrase in &language.bot_question {
        let Some((at, n)) = words::find_phrase(words, phrase) else { continue };
        let about = words[at..].iter().take(n + 6).rposition(|w| language.bot_answer.contains(&w.text));
        let whole = at + n == words.len() && words.len() <= n + 1;
        if let Some(last) = about.map(|i| at + i).or(whole.then(|| at + n - 1)) {
            return Some((words[at].start, words[last.max(at + n - 1)].end));
        }
    }
    None
}
