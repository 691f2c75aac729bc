//! The assistant's answer without a model: [`reply`] is the one entry.
//!
//! Pure: the index, the turns and the owner's policy in; what to say, what to cite and what to do out. The caller (the
//! assistant's worker) posts [`Reply::text`] with [`Reply::sources`] if the text is not empty, then requests the handoff if
//! [`Reply::handoff`] says so, under the epoch it saw when it read the turns. Nothing is said that is not in the docs or in
//! the table of texts.

use super::{quote, texts};
use crate::handoff::card::Card;
use crate::handoff::decide::decide;
use crate::handoff::policy::{Availability, Decision, DecisionKind, Level, Policy, Standing, State, TextKey};
use crate::handoff::signals::{Answer, Feedback, Retrieval, Signals};
use crate::handoff::turn::{Author, Source, Turn};
use crate::knowledge::{Hits, Index, Query};

/// Longest quote, in bytes; each of two is half of it.
const QUOTE_AT_MOST: usize = 600;
/// Sections looked for: two may be quoted, the rest explains what else there was to go by.
const HITS: usize = 5;

/// What the caller knows about the conversation.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The turns of this episode, oldest first. The last is the visitor's newest message.
    pub turns: &'a [Turn],
    /// Who has the conversation. Anything but [`Standing::Assistant`] gives a silent reply.
    pub standing: Standing,
    /// Whether a person may be offered now: an agent is Available and present, within hours.
    pub person_offered: bool,
    /// Whether a person resolved this conversation within the last 15 minutes.
    pub recently_resolved: bool,
    /// Whether the visitor pressed "Talk to a person" (the newest message may then be empty).
    pub button: bool,
    /// The visitor's verdict on the last answer, if one was given with this message.
    pub feedback: Option<Feedback>,
    /// Address of the page the visitor is on, for the card.
    pub page: Option<&'a str>,
    /// How else the team can be reached (address or link), for when no person can be brought in.
    pub contact: Option<&'a str>,
    /// The owner's rules.
    pub policy: &'a Policy,
}

impl<'a> Ask<'a> {
    /// A question in the hands of the assistant, with nothing special about it.
    pub fn new(turns: &'a [Turn], policy: &'a Policy, person_offered: bool) -> Ask<'a> {
        Ask {
            turns,
            standing: Standing::Assistant,
            person_offered,
            recently_resolved: false,
            button: false,
            feedback: None,
            page: None,
            contact: None,
            policy,
        }
    }
}

/// What to say and do.
#[derive(Debug, Clone)]
pub struct Reply {
    /// What to post as the assistant; empty means nothing.
    pub text: String,
    /// The sections it is taken from.
    pub sources: Vec<Source>,
    /// What was decided and why; store it with the message, so that later turns can be counted.
    pub decision: Decision,
    /// What was seen in the message.
    pub signals: Signals,
    /// The card to send with the handoff; `None` unless [`Reply::handoff`].
    pub card: Option<Card>,
    /// What the search found, best first, at most 5, each with its normalised score from 0 to 1. The first one's is what the
    /// policy judged; the others' are in proportion.
    pub hits: Vec<(Source, f32)>,
    /// The answer that would have been given, where something else was decided: for "explain".
    pub withheld: Option<Withheld>,
}

/// An answer that was not given.
#[derive(Debug, Clone, PartialEq)]
pub struct Withheld {
    /// The section it is taken from.
    pub source: Source,
    /// That section's normalised score, 0 to 1.
    pub norm: f32,
    /// What would have been quoted.
    pub text: String,
}

impl Reply {
    /// Whether a handoff is to be requested: to the queue (`handoff`) or as a ticket (`lead_capture`).
    pub fn handoff(&self) -> bool {
        matches!(self.decision.decision, DecisionKind::Handoff | DecisionKind::LeadCapture)
    }

    /// The decision in one line, with the answer that was not given.
    pub fn explain(&self) -> String {
        let mut line = self.decision.explain();
        if let Some(Withheld { source, norm, .. }) = &self.withheld {
            line.push_str(&format!("; would have answered from {}, {norm:.2}", source.url));
        }
        line
    }
}

/// Answers the visitor's newest message.
///
/// ```
/// use baton::assistant::answer::{Ask, reply};
/// use baton::handoff::{policy::{DecisionKind, Policy}, turn::Turn};
/// use baton::knowledge::{Index, load_embedded};
///
/// let (passages, _) = load_embedded(&[("export.md", b"# Export\nChoose File, then Export, to save a PDF.")]);
/// let (index, policy) = (Index::new(passages), Policy::default());
/// let turns = [Turn::visitor("how do I export a pdf?")];
/// let said = reply(&index, &Ask::new(&turns, &policy, true));
/// assert!(said.text.starts_with("Choose File"));
/// assert_eq!(said.sources[0].url, "export.md");
///
/// let turns = [Turn::visitor("let me talk to a human")];
/// let said = reply(&index, &Ask::new(&turns, &policy, true));
/// assert_eq!(said.decision.decision, DecisionKind::Handoff);
/// ```
pub fn reply(index: &Index, ask: &Ask<'_>) -> Reply {
    let (message, before) = match ask.turns.split_last() {
        Some((last, before)) if last.author == Author::Visitor => (last.text.as_str(), before),
        _ => ("", ask.turns),
    };
    let state = State {
        standing: ask.standing,
        availability: if ask.person_offered { Availability::Online } else { Availability::Offline },
        recently_resolved: ask.recently_resolved,
        ..State::from_turns(before)
    };
    let mut signals = Signals::read(message, before, state.requests, ask.policy);
    signals.button = ask.button;
    signals.feedback = ask.feedback;
    let previous = before.iter().rev().find(|t| t.author == Author::Visitor).map(|t| t.text.as_str());
    let hits = index.search(Query { text: message, previous, limit: HITS });
    let retrieval =
        Retrieval { norm: hits.norm, margin: hits.margin, coverage: hits.coverage, hits: hits.hits.len() };
    signals.answer = retrieval.judge(&ask.policy.thresholds);
    signals.retrieval = Some(retrieval);
    let decision = decide(&state, &signals, ask.policy);
    let quotes = quotes(&decision, &hits);
    let text = say(ask, &decision, message, &hits, quotes);
    let sources: Vec<Source> = hits.hits.iter().take(quotes).map(|h| source(h.passage)).collect();
    let best =
        hits.hits.first().filter(|_| quotes == 0 && matches!(signals.answer, Answer::Ok | Answer::Weak));
    let withheld = best.map(|h| Withheld {
        source: source(h.passage),
        norm: hits.norm,
        text: quote::quote(&h.passage.text, message, QUOTE_AT_MOST),
    });
    let found = scored(&hits);
    let mut reply = Reply { text, sources, decision, signals, card: None, hits: found, withheld };
    if reply.handoff() {
        let mut card = Card::from_turns(ask.turns, Some(&reply.decision), ask.page);
        card.why = reply.explain();
        reply.card = Some(card);
    }
    reply
}

/// BM25 scores compare within one query only; the best hit's is known normalised, so the others follow by proportion.
fn scored(hits: &Hits<'_>) -> Vec<(Source, f32)> {
    let top = hits.hits.first().map_or(0.0, |h| h.score);
    let norm = |score: f32| if top > 0.0 { (hits.norm * score / top).clamp(0.0, 1.0) } else { 0.0 };
    hits.hits.iter().map(|h| (source(h.passage), norm(h.score))).collect()
}

/// How many sections the text quotes.
fn quotes(decision: &Decision, hits: &Hits<'_>) -> usize {
    let wanted = match decision.text_key {
        TextKey::Answer | TextKey::AnswerBeforePerson | TextKey::SorryAnswer => 1,
        TextKey::AnswerTwo => 2,
        _ => 0,
    };
    wanted.min(hits.hits.len())
}

fn source(passage: &crate::knowledge::Passage) -> Source {
    Source { title: passage.label(), url: passage.address().to_owned() }
}

fn say(ask: &Ask<'_>, decision: &Decision, message: &str, hits: &Hits<'_>, quotes: usize) -> String {
    let room = if quotes > 1 { QUOTE_AT_MOST / 2 } else { QUOTE_AT_MOST };
    let part =
        |i: usize| hits.hits.get(i).map(|h| quote::quote(&h.passage.text, message, room)).unwrap_or_default();
    let label = |i: usize| hits.hits.get(i).map(|h| h.passage.label()).unwrap_or_default();
    let contact = ask.contact.map(|route| texts::CONTACT.replace("{route}", route)).unwrap_or_default();
    let person = ask.person_offered && ask.policy.level != Level::AiOnly;
    let mut out = fill(
        texts::english(decision.text_key),
        &[
            ("{quote}", part(0)),
            ("{other}", part(1)),
            ("{first}", label(0)),
            ("{second}", label(1)),
            ("{contact}", contact),
        ],
    );
    if person
        && matches!(decision.text_key, TextKey::SorryAnswer | TextKey::SorryClarify | TextKey::IAmAssistant)
    {
        out.push_str(texts::OFFER);
    }
    out
}

/// Fills the places of a text in one pass, so that a quote which happens to hold `{other}` stays as it is.
fn fill(text: &str, values: &[(&str, String)]) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match values.iter().find(|(name, _)| rest.starts_with(name)) {
            Some((name, value)) => {
                out.push_str(value);
                rest = &rest[name.len()..];
            }
            None => {
                out.push('{');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handoff::policy::Reason;
    use crate::knowledge::load_embedded;

    fn index() -> Index {
        let (passages, _) = load_embedded(&[
            ("shipping.md", b"# Shipping\nWe ship to Norway in four days. {other} stays."),
            ("keys.md", b"# API keys\nCreate a key under Settings."),
        ]);
        Index::new(passages)
    }

    fn ask(turns: &[Turn], person: bool) -> Reply {
        reply(
            &index(),
            &Ask { page: Some("https://x.example/p"), ..Ask::new(turns, &Policy::default(), person) },
        )
    }

    #[test]
    fn a_known_question_is_quoted_with_its_source() {
        let said = ask(&[Turn::visitor("do you ship to Norway?")], true);
        assert!(said.text.contains("four days. {other} stays."), "{}", said.text);
        assert_eq!(said.sources, [Source { title: "Shipping".into(), url: "shipping.md".into() }]);
        assert!(!said.handoff() && said.card.is_none());
    }

    #[test]
    fn an_unknown_question_is_clarified_then_handed_off() {
        let first = ask(&[Turn::visitor("does it run on BeOS machines")], true);
        assert_eq!(first.decision.decision, DecisionKind::Clarify);
        assert!(first.text.contains("talk to a person"));
        let turns = [
            Turn::visitor("does it run on BeOS machines"),
            Turn::assistant(first.text, vec![], Some(DecisionKind::Clarify)),
            Turn::visitor("and on AmigaOS hardware"),
        ];
        let second = ask(&turns, true);
        assert_eq!(
            (second.decision.decision, second.decision.reason),
            (DecisionKind::Handoff, Reason::Unanswered)
        );
        let card = second.card.expect("a handoff carries a card");
        assert_eq!(card.wants.first, "does it run on BeOS machines");
        assert_eq!(card.page.as_deref(), Some("https://x.example/p"));
    }

    #[test]
    fn no_person_is_offered_who_is_not_there() {
        let miss = ask(&[Turn::visitor("does it run on BeOS machines")], false);
        assert!(!miss.text.contains("person"), "{}", miss.text);
        let wish = ask(&[Turn::visitor("I want to talk to a person")], false);
        assert_eq!(wish.decision.decision, DecisionKind::LeadCapture);
        let bot = ask(&[Turn::visitor("are you a human or a bot?")], false);
        assert!(bot.text.contains("AI assistant") && !bot.text.contains("person"), "{}", bot.text);
    }

    #[test]
    fn the_button_hands_off_without_words() {
        let turns = [Turn::visitor("do you ship to Norway?"), Turn::assistant("Yes.", vec![], None)];
        let policy = Policy::default();
        let said = reply(&index(), &Ask { button: true, ..Ask::new(&turns, &policy, true) });
        assert_eq!(
            (said.decision.decision, said.decision.reason),
            (DecisionKind::Handoff, Reason::VisitorButton)
        );
    }

    #[test]
    fn held_by_a_person_it_is_silent() {
        let turns = [Turn::visitor("do you ship to Norway?")];
        let policy = Policy::default();
        let said = reply(&index(), &Ask { standing: Standing::Person, ..Ask::new(&turns, &policy, true) });
        assert!(said.text.is_empty() && said.sources.is_empty());
    }

    #[test]
    fn a_withheld_answer_is_explained() {
        let policy = Policy { restricted_topics: vec!["billing_dispute".into()], ..Policy::default() };
        let turns = [Turn::visitor("I was charged twice for shipping to Norway")];
        let said = reply(&index(), &Ask::new(&turns, &policy, true));
        let line = said.explain();
        assert!(line.starts_with("restricted topic billing_dispute: \"charged twice\""), "{line}");
        assert!(line.contains("would have answered from shipping.md"), "{line}");
        let withheld = said.withheld.expect("kept back");
        assert_eq!(withheld.source.url, "shipping.md");
        assert!(withheld.text.contains("four days"), "{}", withheld.text);
        let (best, norm) = said.hits.first().expect("found");
        assert_eq!((best, *norm), (&withheld.source, withheld.norm));
    }
}
