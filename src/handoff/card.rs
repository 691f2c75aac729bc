//! The card on the queue: what the visitor wants, the facts named, what was tried, why now, the mood, the page.
//!
//! Extracted, never written: every sentence and fact is a piece of the transcript, so that the agent can trust it. A
//! model may later reword *wants*; facts stay as extracted.

use serde::{Deserialize, Serialize};

use super::courtesy;
use super::facts::{self, FactKind};
use super::mood;
use super::policy::Decision;
use super::request::{self, Found};
use super::signals;
use super::turn::{Author, Source, Turn};

/// Most facts a card lists; the first named are kept.
const FACTS_AT_MOST: usize = 40;
/// Longest sentence kept in *wants*, in characters.
const SENTENCE_AT_MOST: usize = 240;
/// Longest summary line, in characters.
pub const SUMMARY_AT_MOST: usize = 120;

/// What the visitor wants, in the visitor's own words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wants {
    /// The first sentence that says what it is about; empty if none did.
    pub first: String,
    /// The latest such sentence if it is another one.
    pub latest: Option<String>,
}

/// A fact and where it was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Its shape.
    pub kind: FactKind,
    /// As written.
    pub text: String,
    /// Place of the turn in the turns given, from 0.
    pub turn: usize,
}

/// What the visitor made of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Said thanks or that it worked.
    Helped,
    /// Said that it did not, asked again, or grew angry.
    DidNotHelp,
    /// Asked for a person next.
    AskedForPerson,
    /// Said something else, or nothing yet.
    Unknown,
}

/// A section that was shown, and the verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// The section.
    pub section: Source,
    /// What the visitor made of it.
    pub verdict: Verdict,
}

/// The visitor's mood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardMood {
    /// Nothing to report.
    #[default]
    Calm,
    /// One sign of frustration.
    Annoyed,
    /// Two or more, or a very strong one in the latest message.
    Frustrated,
}

/// What the agent sees before accepting.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// What the visitor wants.
    pub wants: Wants,
    /// Facts named, in the order they were first named.
    pub facts: Vec<Fact>,
    /// Sections shown, in order, each once with its last verdict.
    pub tried: Vec<Tried>,
    /// Why now, in one line.
    pub why: String,
    /// The visitor's mood.
    pub mood: CardMood,
    /// Address of the page the visitor was on.
    pub page: Option<String>,
}

impl Card {
    /// Draws up the card. `turns` are those of the episode, oldest first, the visitor's newest message included;
    /// `decision` is what the policy said about it (`None` when an agent looks in unasked).
    pub fn from_turns(turns: &[Turn], decision: Option<&Decision>, page: Option<&str>) -> Card {
        Card {
            wants: wants(turns),
            facts: collect_facts(turns),
            tried: tried(turns),
            why: decision.map(Decision::explain).unwrap_or_default(),
            mood: mood_of(turns),
            page: page.map(str::to_owned),
        }
    }

    /// One line for the queue row, at most [`SUMMARY_AT_MOST`] characters: what is wanted, then the first codes.
    pub fn summary_line(&self) -> String {
        let wanted = if self.wants.first.is_empty() { self.why.as_str() } else { self.wants.first.as_str() };
        let wanted = one_line(wanted);
        let mut tail = String::new();
        for fact in self.facts.iter().filter(|f| matches!(f.kind, FactKind::Code | FactKind::Amount)) {
            let more = tail.chars().count() + fact.text.chars().count() + 3;
            if !wanted.contains(&fact.text) && more <= SUMMARY_AT_MOST / 3 {
                tail.push_str(" · ");
                tail.push_str(&one_line(&fact.text));
            }
        }
        let room = SUMMARY_AT_MOST - tail.chars().count();
        format!("{}{tail}", shorten(&wanted, room))
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most `room` characters, cut at a word where there is one, with an ellipsis.
fn shorten(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let cut: String = text.chars().take(room.saturating_sub(1)).collect();
    let at_word = cut.rfind(' ').filter(|at| *at * 2 > cut.len()).unwrap_or(cut.len());
    format!("{}…", cut[..at_word].trim_end_matches([',', ';', ':', ' ']))
}

fn wants(turns: &[Turn]) -> Wants {
    let telling: Vec<String> = turns
        .iter()
        .filter(|t| t.author == Author::Visitor)
        .filter_map(|t| sentences(&t.text).into_iter().find(|s| tells(s)))
        .map(|s| shorten(&one_line(s), SENTENCE_AT_MOST))
        .collect();
    let first = telling.first().cloned().unwrap_or_default();
    let latest = telling.last().filter(|l| **l != first).cloned();
    Wants { first, latest }
}

fn tells(sentence: &str) -> bool {
    courtesy::smalltalk(sentence).is_none() && signals::states_problem(sentence, &request::find(sentence))
}

/// Sentences of a message: cut after `.`, `!`, `?` before a blank, and at line breaks.
fn sentences(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let (mut from, mut ended) = (0, false);
    for (at, c) in text.char_indices() {
        if c == '\n' || ended && c.is_whitespace() {
            out.push(text[from..at].trim());
            from = at;
        }
        ended = matches!(c, '.' | '!' | '?');
    }
    out.push(text[from..].trim());
    out.retain(|s| !s.is_empty());
    out
}

/// Facts of every turn but the assistant's quotes from the docs, which are not about this visitor.
fn collect_facts(turns: &[Turn]) -> Vec<Fact> {
    let mut out: Vec<Fact> = Vec::new();
    for (turn, said) in turns.iter().enumerate() {
        if said.author == Author::Assistant && !said.sources.is_empty() {
            continue;
        }
        for found in facts::find(&said.text) {
            if out.len() < FACTS_AT_MOST && !out.iter().any(|f| f.text == found.text) {
                out.push(Fact { kind: found.kind, text: found.text.to_owned(), turn });
            }
        }
    }
    out
}

fn tried(turns: &[Turn]) -> Vec<Tried> {
    let mut out: Vec<Tried> = Vec::new();
    for (at, turn) in turns.iter().enumerate().filter(|(_, t)| t.author == Author::Assistant) {
        let answer = turns[at + 1..].iter().find(|t| t.author == Author::Visitor);
        let verdict = answer.map_or(Verdict::Unknown, |t| verdict(&t.text));
        for section in &turn.sources {
            match out.iter_mut().find(|t| t.section == *section) {
                Some(known) => known.verdict = verdict,
                None => out.push(Tried { section: section.clone(), verdict }),
            }
        }
    }
    out
}

fn verdict(reply: &str) -> Verdict {
    if request::find(reply).iter().any(|m| m.found == Found::Request) {
        Verdict::AskedForPerson
    } else if courtesy::is_thanks(reply) {
        Verdict::Helped
    } else if mood::read(reply, true).frustrated() || signals::still_broken(reply) {
        Verdict::DidNotHelp
    } else {
        Verdict::Unknown
    }
}

fn mood_of(turns: &[Turn]) -> CardMood {
    let mut signs = 0;
    let mut answered = false;
    for turn in turns {
        match turn.author {
            Author::Visitor => signs += u32::from(mood::read(&turn.text, answered).frustrated()),
            _ => answered = true,
        }
    }
    match signs {
        0 => CardMood::Calm,
        1 => CardMood::Annoyed,
        _ => CardMood::Frustrated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns() -> Vec<Turn> {
        let refunds = Source { title: "Refunds".into(), url: "billing.md".into() };
        vec![
            Turn::visitor("Hi! My parcel 00123842 never arrived. Where is it?"),
            Turn::assistant("Refunds take 14 days.", vec![refunds], None),
            Turn::visitor("that is not what I asked, you idiots. It cost $40."),
            Turn::visitor("I want to talk to a human"),
        ]
    }

    #[test]
    fn the_card_holds_what_was_said() {
        let card = Card::from_turns(&turns(), None, Some("https://shop.example/orders"));
        assert_eq!(card.wants.first, "My parcel 00123842 never arrived.");
        let facts: Vec<(&str, usize)> = card.facts.iter().map(|f| (f.text.as_str(), f.turn)).collect();
        assert_eq!(facts, [("00123842", 0), ("$40", 2)]);
        assert_eq!(card.tried[0].verdict, Verdict::DidNotHelp);
        assert_eq!(card.mood, CardMood::Annoyed);
        assert_eq!(card.summary_line(), "My parcel 00123842 never arrived. · $40");
    }

    #[test]
    fn the_summary_line_is_bounded() {
        let long = Turn::visitor(format!("The printer {} A-1 B-22222 fails", "jams and ".repeat(60)));
        let line = Card::from_turns(&[long], None, None).summary_line();
        assert!(line.chars().count() <= SUMMARY_AT_MOST, "{line}");
        assert!(!Card::default().summary_line().contains('\n'));
    }
}
