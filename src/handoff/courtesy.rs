//! Small talk: greetings, thanks, goodbyes, acknowledgements. A message is small talk only if nothing else is in it, so
//! "hi, my card is lost" is not. [`is_thanks`] is looser: it decides that a message after a resolve neither reopens the
//! conversation nor alerts anybody.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::language::{Courtesies, LANGUAGES, Language};
use super::words::{self, Word};

/// Which kind of small talk a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Smalltalk {
    /// Hello.
    Greeting,
    /// Thank you.
    Thanks,
    /// Goodbye.
    Bye,
    /// Ok, great.
    Ack,
}

/// The kind of small talk the whole message is, or `None` if it says anything more.
pub fn smalltalk(message: &str) -> Option<Smalltalk> {
    let words = words::split(message);
    if words.is_empty() || words.len() > 14 {
        return None;
    }
    LANGUAGES.iter().find_map(|language| in_language(language, message, &words))
}

fn in_language(language: &Language, message: &str, words: &[Word]) -> Option<Smalltalk> {
    let small = &language.courtesies;
    let has = |set: &HashSet<String>| words.iter().any(|w| set.contains(&w.text));
    let all = words.iter().all(|w| {
        [&small.greetings, &small.thanks, &small.byes, &small.acks, &small.fillers]
            .iter()
            .any(|s| s.contains(&w.text))
    });
    if !all {
        return None;
    }
    if has(&small.thanks) {
        return Some(Smalltalk::Thanks);
    }
    if has(&small.byes) && words.len() <= 6 {
        return Some(Smalltalk::Bye);
    }
    if has(&small.greetings) && words.len() <= 8 {
        return Some(Smalltalk::Greeting);
    }
    let asks = message.contains('?') || words.first().is_some_and(|w| small.unthankful.contains(&w.text));
    let refusal = words.len() == 1 && has(&small.acks);
    (has(&small.acks) && words.len() <= 6 && (!asks || refusal)).then_some(Smalltalk::Ack)
}

/// Whether the message is thanks and nothing that needs an answer: "thanks, that worked" yes; "thanks, but it still
/// fails" and "thanks, how do I …?" no.
///
/// ```
/// use baton::handoff::courtesy::is_thanks;
/// assert!(is_thanks("Thanks a lot, that solved it!"));
/// assert!(!is_thanks("thanks but it is still broken"));
/// assert!(!is_thanks("thanks, and how do I export?"));
/// ```
pub fn is_thanks(message: &str) -> bool {
    let words = words::split(message);
    if words.is_empty() || words.len() > 16 || message.contains('?') {
        return false;
    }
    // A word of thanks may belong to several languages; every one of them must be free of a "but".
    let thanking: Vec<&Courtesies> = LANGUAGES
        .iter()
        .map(|l| &l.courtesies)
        .filter(|small| words.iter().any(|w| small.thanks.contains(&w.text)))
        .collect();
    !thanking.is_empty() && !thanking.iter().any(|small| says_more(small, &words))
}

/// Whether a message of thanks goes on to something that needs an answer.
fn says_more(small: &Courtesies, words: &[Word]) -> bool {
    let excused: Vec<(usize, usize)> =
        small.unthankful_ok.iter().filter_map(|p| words::find_phrase(words, p)).collect();
    words.iter().enumerate().any(|(i, w)| {
        small.unthankful.contains(&w.text) && !excused.iter().any(|(at, n)| (*at..at + n).contains(&i))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_talk_is_the_whole_message() {
        assert_eq!(smalltalk("hello"), Some(Smalltalk::Greeting));
        assert_eq!(smalltalk("thanks, that finally worked, you are amazing!!"), Some(Smalltalk::Thanks));
        assert_eq!(smalltalk("Guten Tag"), Some(Smalltalk::Greeting));
        assert_eq!(smalltalk("muchas gracias"), Some(Smalltalk::Thanks));
        assert_eq!(smalltalk("hi, my card is lost"), None);
        assert_eq!(smalltalk("what is good"), None);
    }
}
