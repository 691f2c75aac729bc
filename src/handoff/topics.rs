//! Restricted topics (billing disputes, cancellations, legal) and the owner's keywords. Topics are data: groups of words
//! that must meet in one message. Neither is ever inferred from part of a word.

use std::sync::LazyLock;

use serde::Deserialize;

use super::words::{self, Word};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    topic: Vec<Topic>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Topic {
    id: String,
    #[serde(default, rename = "not")]
    except: Vec<String>,
    rules: Vec<Vec<Vec<String>>>,
}

/// A topic or keyword found in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The topic's id, or the keyword as configured.
    pub id: String,
    /// First byte in the message.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

static TOPICS: LazyLock<Vec<Topic>> = LazyLock::new(|| {
    let file: File =
        toml::from_str(include_str!("topics.toml")).expect("the shipped topics file parses: a test reads it");
    file.topic
});

/// The ids of the topics that are known, in the order of the data file.
pub fn known() -> Vec<&'static str> {
    TOPICS.iter().map(|t| t.id.as_str()).collect()
}

/// The restricted topics of `wanted` that `message` is about, in the order of the data file.
pub fn find(message: &str, wanted: &[String]) -> Vec<Hit> {
    let words = words::split(message);
    TOPICS
        .iter()
        .filter(|topic| wanted.contains(&topic.id))
        .filter(|topic| !topic.except.iter().any(|p| phrase(&words, p).is_some()))
        .filter_map(|topic| {
            let (start, end) = topic.rules.iter().find_map(|rule| meets(&words, rule))?;
            Some(Hit { id: topic.id.clone(), start, end })
        })
        .collect()
}

/// The first of the owner's keywords that stands in `message` as whole words.
pub fn keyword(message: &str, keywords: &[String]) -> Option<Hit> {
    let words = words::split(message);
    keywords.iter().filter(|k| !k.trim().is_empty()).find_map(|keyword| {
        let folded: Vec<String> = words::split(keyword).into_iter().map(|w| w.text).collect();
        let (at, n) = words::find_phrase(&words, &folded.join(" "))?;
        (n > 0).then(|| Hit { id: keyword.clone(), start: words[at].start, end: words[at + n - 1].end })
    })
}

/// The span from the first to the last word of a rule whose groups all have a phrase in the message.
fn meets(words: &[Word], rule: &[Vec<String>]) -> Option<(usize, usize)> {
    let mut span: Option<(usize, usize)> = None;
    for group in rule {
        let (at, n) = group.iter().find_map(|p| phrase(words, p))?;
        let (start, end) = (words[at].start, words[at + n - 1].end);
        span = Some(span.map_or((start, end), |(s, e)| (s.min(start), e.max(end))));
    }
    span
}

/// Where a phrase stands, whose last word may end in `~` and then matches as a prefix.
fn phrase(words: &[Word], phrase: &str) -> Option<(usize, usize)> {
    let parts: Vec<&str> = phrase.split(' ').collect();
    (0..words.len()).find_map(|at| {
        parts
            .iter()
            .enumerate()
            .all(|(i, part)| {
                words.get(at + i).is_some_and(|w| match part.strip_suffix('~') {
                    Some(prefix) => w.text.starts_with(prefix),
                    None => w.text == *part,
                })
            })
            .then_some((at, parts.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<String> {
        let all: Vec<String> = known().into_iter().map(str::to_owned).collect();
        find(text, &all).into_iter().map(|h| h.id).collect()
    }

    #[test]
    fn topics_are_about_the_thing_not_the_word() {
        assert_eq!(known(), ["billing_dispute", "cancellation", "legal"]);
        assert_eq!(ids("I was charged twice this month"), ["billing_dispute"]);
        assert_eq!(ids("please close my account and delete everything"), ["cancellation"]);
        assert_eq!(ids("My lawyer will be in touch"), ["legal"]);
        for text in
            ["How do I cancel an upload that is in progress?", "What legal entities can I add to an invoice?"]
        {
            assert!(ids(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn keywords_are_whole_words() {
        let keywords = vec!["dpa".to_owned(), "API key".to_owned()];
        assert!(keyword("can I adapt the theme?", &keywords).is_none());
        assert_eq!(keyword("where is my api-key", &keywords).map(|h| h.id), Some("API key".to_owned()));
    }
}
