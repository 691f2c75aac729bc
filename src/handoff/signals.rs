//! Everything the policy looks at, read from the visitor's newest message and the turns before it. Each signal carries
//! its evidence. Retrieval is added by the caller, who has the index; nothing here searches or waits.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::courtesy::{self, Smalltalk};
use super::language::LANGUAGES;
use super::mood::{self, Mood};
use super::policy::{Evidence, Policy, Thresholds};
use super::request::{self, Found, Match};
use super::topics;
use super::turn::{Author, Turn};
use super::words;

/// A request for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HumanRequest {
    /// 2: an explicit human target or the button; 1: somebody, a desk.
    pub strength: u8,
    /// How many requests this makes in the episode, this one counted.
    pub count: u32,
}

/// What the index found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Retrieval {
    /// Normalised score of the best section, 0 to 1.
    pub norm: f32,
    /// Lead of the first over the second as a share of the first, 0 to 1.
    pub margin: f32,
    /// Share of the question's own words found in the best section, 0 to 1.
    pub coverage: f32,
    /// How many sections matched.
    pub hits: usize,
}

/// How good an answer there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The docs answer it.
    Ok,
    /// The docs are about it, but two sections compete.
    Weak,
    /// The docs are not about it.
    None,
    /// Not looked for.
    #[default]
    Unknown,
    /// Looking for it failed.
    Error,
    /// Looking for it took too long.
    Timeout,
}

impl Retrieval {
    /// How good an answer these figures promise under `limits`.
    pub fn judge(&self, limits: &Thresholds) -> Answer {
        if self.hits == 0 || self.norm < limits.norm || self.coverage < limits.coverage {
            Answer::None
        } else if self.hits > 1 && self.margin < limits.margin {
            Answer::Weak
        } else {
            Answer::Ok
        }
    }
}

/// The visitor's verdict on the last answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feedback {
    /// It helped.
    Up,
    /// It did not.
    Down,
}

/// The signals of one message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Signals {
    /// The visitor asks for a person and does not negate it.
    pub human_request: Option<HumanRequest>,
    /// The visitor mentions a transfer and negates it.
    pub negated: bool,
    /// The visitor asks whether this is a machine.
    pub bot_question: bool,
    /// Restricted topics the message is about.
    pub topics: Vec<String>,
    /// The owner's keyword in it.
    pub keyword: Option<String>,
    /// Frustration with the service.
    pub frustration: Mood,
    /// Earlier visitor turns that asked the same and got the same answer.
    pub repeat: u32,
    /// Whether this message says what it is about.
    pub problem_stated: bool,
    /// "Still broken": it counts when a person has just resolved the matter.
    pub still_broken: bool,
    /// What the index found.
    pub retrieval: Option<Retrieval>,
    /// How good the answer is.
    pub answer: Answer,
    /// The whole message is small talk.
    pub smalltalk: Option<Smalltalk>,
    /// Thanks that need no answer: after a resolve they neither reopen nor alert.
    pub thanks: bool,
    /// A model asked for a handoff, and why.
    pub llm_handoff: Option<String>,
    /// The visitor's verdict on the last answer.
    pub feedback: Option<Feedback>,
    /// The visitor pressed "Talk to a person".
    pub button: bool,
    /// Evidence of all the above, in the order of the rules.
    pub evidence: Vec<Evidence>,
}

impl Signals {
    /// Reads the newest message. `turns` are those of the episode, oldest first, without it; `requests` is how many
    /// requests for a person they hold ([`crate::handoff::policy::State::requests`]).
    pub fn read(message: &str, turns: &[Turn], requests: u32, policy: &Policy) -> Signals {
        let matches = request::find(message);
        let strongest = matches.iter().filter(|m| m.found == Found::Request).max_by_key(|m| m.strength);
        let topics = topics::find(message, &policy.restricted_topics);
        let keyword = topics::keyword(message, &policy.routing.keywords);
        let answered_before = turns.iter().any(|t| t.author == Author::Assistant);
        let frustration = mood::read(message, answered_before);
        let quote = |start: usize, end: usize| message.get(start..end).unwrap_or_default().to_owned();
        let spot = |rule: String, start: usize, end: usize, score: f32| Evidence {
            rule,
            text: quote(start, end),
            span: Some((start, end)),
            score,
        };
        let mut evidence: Vec<Evidence> =
            topics.iter().map(|t| spot(t.id.clone(), t.start, t.end, 1.0)).collect();
        evidence.extend(keyword.iter().map(|k| spot(format!("keyword.{}", k.id), k.start, k.end, 1.0)));
        evidence.extend(matches.iter().map(|m| spot(m.rule.clone(), m.start, m.end, f32::from(m.strength))));
        if frustration.frustrated() {
            evidence.extend(
                frustration
                    .spans
                    .iter()
                    .map(|(s, e)| spot("frustration".to_owned(), *s, *e, frustration.score)),
            );
        }
        let smalltalk = courtesy::smalltalk(message);
        Signals {
            human_request: strongest.map(|m| HumanRequest { strength: m.strength, count: requests + 1 }),
            negated: strongest.is_none() && matches.iter().any(|m| m.found == Found::Negated),
            bot_question: matches.iter().any(|m| m.found == Found::BotQuestion),
            topics: topics.into_iter().map(|t| t.id).collect(),
            keyword: keyword.map(|k| k.id),
            repeat: repeats(message, turns),
            problem_stated: smalltalk.is_none() && states_problem(message, &matches),
            still_broken: still_broken(message),
            thanks: courtesy::is_thanks(message),
            frustration,
            smalltalk,
            evidence,
            ..Signals::default()
        }
    }
}

/// Whether a message says what it is about: at least two words that are neither part of a request for a person nor of
/// the small change of the language.
pub fn states_problem(message: &str, matches: &[Match]) -> bool {
    let spans: Vec<(usize, usize)> =
        matches.iter().filter(|m| m.found != Found::BotQuestion).map(|m| (m.start, m.end)).collect();
    let telling = words::split(message)
        .iter()
        .filter(|w| !spans.iter().any(|(s, e)| w.start < *e && *s < w.end))
        .filter(|w| w.text.chars().count() > 1)
        .filter(|w| !LANGUAGES.iter().any(|l| l.knows(&w.text)))
        .count();
    telling >= 2
}

const STILL_BROKEN: [&str; 22] = [
    "still broken",
    "still not working",
    "still doesnt work",
    "still does not work",
    "still isnt working",
    "still the same",
    "still not fixed",
    "still isnt fixed",
    "still wrong",
    "still happening",
    "still cant",
    "still cannot",
    "same problem",
    "same error",
    "same issue",
    "didnt work",
    "did not work",
    "doesnt work",
    "not fixed",
    "broken again",
    "back again",
    "immer noch",
];

pub(super) fn still_broken(message: &str) -> bool {
    let words = words::split(message);
    STILL_BROKEN.iter().any(|p| words::find_phrase(&words, p).is_some())
}

/// Share of words two messages have in common (Jaccard), at which they count as the same question.
const SAME_QUESTION: f32 = 0.6;

/// How many earlier visitor turns asked the same question and got the same answer as the last of them.
fn repeats(message: &str, turns: &[Turn]) -> u32 {
    let now: HashSet<String> = words::split(message).into_iter().map(|w| w.text).collect();
    if now.len() < 2 {
        return 0;
    }
    let same: Vec<Option<&Turn>> = turns
        .iter()
        .enumerate()
        .filter(|(_, t)| t.author == Author::Visitor && overlap(&now, &t.text) >= SAME_QUESTION)
        .map(|(i, _)| turns.get(i + 1).filter(|next| next.author == Author::Assistant))
        .collect();
    let Some(Some(last)) = same.last() else { return 0 };
    let count = same.iter().flatten().filter(|answer| same_answer(answer, last)).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn same_answer(a: &Turn, b: &Turn) -> bool {
    a.text == b.text || (!a.sources.is_empty() && a.sources == b.sources)
}

fn overlap(now: &HashSet<String>, earlier: &str) -> f32 {
    let earlier: HashSet<String> = words::split(earlier).into_iter().map(|w| w.text).collect();
    let both = now.intersection(&earlier).count();
    let either = now.len() + earlier.len() - both;
    if either == 0 { 0.0 } else { both as f32 / either as f32 }
}
