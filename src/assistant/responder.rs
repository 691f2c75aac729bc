//! What the engine asks of an assistant: one question, one response, while partial text may be shown meanwhile.
//!
//! Invariant: a responder cannot act. It returns what it would say or do; the engine submits that under the epoch the turn
//! began with, and a stale epoch is refused where the message is stored.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::answer::{Ask, Reply, reply};
use super::texts;
use crate::conversation::{Card, Fact, Hit, Reason, Source, TurnOutcome};
use crate::handoff::card::{Card as PolicyCard, CardMood, Verdict};
use crate::handoff::policy::{DecisionKind, Policy, Reason as Cause, TextKey};
use crate::handoff::turn::{Source as Section, Turn};
use crate::knowledge::Index;

/// Everything an assistant may know about the turn it answers: this visitor's words, the docs, the owner's rules.
pub struct Question {
    /// The turns of this episode, oldest first; the last is the visitor's newest message.
    pub turns: Vec<Turn>,
    /// Whether a person may be offered now.
    pub person_offered: bool,
    /// Address of the page the visitor is on.
    pub page: Option<String>,
    /// The owner's rules.
    pub policy: Policy,
    /// The site's docs.
    pub index: Arc<Index>,
    /// Shows text so far to the visitor; it is withdrawn if the turn turns out to be void.
    pub partial: Arc<dyn Fn(String) + Send + Sync>,
}

/// What the assistant would say or do.
#[derive(Debug, Clone, PartialEq)]
pub enum Response {
    /// Say this.
    Say {
        /// The words.
        text: String,
        /// Where they come from.
        sources: Vec<Source>,
        /// How the turn went.
        outcome: TurnOutcome,
        /// The policy's word for it.
        decision: Option<String>,
        /// Whether it carries the offer of a person.
        offered: bool,
        /// What the policy saw.
        evidence: Vec<String>,
        /// What the search found, best first.
        hits: Vec<Hit>,
    },
    /// Ask for a person.
    HandOff {
        /// Why.
        reason: Reason,
        /// What the policy saw.
        evidence: Vec<String>,
        /// The summary.
        card: Card,
        /// What the search found, best first.
        hits: Vec<Hit>,
        /// The answer that is not given.
        withheld: Option<String>,
        /// What to say instead where nobody is there and the cause does not make a ticket.
        otherwise: String,
    },
    /// Say nothing.
    Silent,
}

/// A response to come.
pub type Pending = Pin<Box<dyn Future<Output = Response> + Send>>;

/// An assistant.
pub trait Responder: Send + Sync + 'static {
    /// Answers one question. Dropped when it takes longer than the engine allows.
    fn respond(&self, question: Question) -> Pending;
}

/// Answers from the docs, without a model and without a network.
#[derive(Debug, Clone, Copy, Default)]
pub struct DocsResponder;

impl Responder for DocsResponder {
    fn respond(&self, q: Question) -> Pending {
        Box::pin(async move {
            let ask = Ask { page: q.page.as_deref(), ..Ask::new(&q.turns, &q.policy, q.person_offered) };
            response(&q.turns, reply(&q.index, &ask))
        })
    }
}

fn response(turns: &[Turn], reply: Reply) -> Response {
    let evidence = evidence(&reply);
    let hits = reply.hits.iter().map(hit).collect();
    if reply.handoff() {
        let card = reply.card.unwrap_or_else(|| PolicyCard::from_turns(turns, Some(&reply.decision), None));
        return Response::HandOff {
            reason: reason(reply.decision.reason),
            evidence,
            card: self::card(&card),
            hits,
            withheld: reply.withheld.map(|w| w.text).filter(|text| !text.is_empty()),
            otherwise: texts::english(TextKey::ClarifyAlone).to_owned(),
        };
    }
    let outcome = match reply.decision.decision {
        DecisionKind::Silent => return Response::Silent,
        DecisionKind::Clarify | DecisionKind::Offer => TurnOutcome::Failed,
        DecisionKind::Collect => TurnOutcome::Collect,
        DecisionKind::Answer if !reply.sources.is_empty() => TurnOutcome::Answered,
        DecisionKind::Answer | DecisionKind::Decline | DecisionKind::Handoff | DecisionKind::LeadCapture => {
            TurnOutcome::Smalltalk
        }
    };
    let offered = matches!(
        reply.decision.text_key,
        TextKey::Offer | TextKey::Clarify | TextKey::SorryClarify | TextKey::SorryAnswer
    );
    Response::Say {
        text: reply.text,
        sources: reply.sources.into_iter().map(|s| Source { title: s.title, url: s.url }).collect(),
        outcome,
        decision: word(reply.decision.decision),
        offered,
        evidence,
        hits,
    }
}

fn hit((section, norm): &(Section, f32)) -> Hit {
    Hit { title: section.title.clone(), url: section.url.clone(), score: per_mille(*norm) }
}

/// A share from 0 to 1 as a whole number, so that events compare equal.
fn per_mille(share: f32) -> u32 {
    (share.clamp(0.0, 1.0) * 1000.0).round() as u32
}

/// The decision's word, as stored with the message and read back by [`decision_of`].
fn word(kind: DecisionKind) -> Option<String> {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(word)) => Some(word),
        _ => None,
    }
}

/// The decision a stored word stands for.
pub(crate) fn decision_of(word: &str) -> Option<DecisionKind> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}

fn evidence(reply: &Reply) -> Vec<String> {
    let mut lines = vec![reply.explain()];
    lines.extend(reply.decision.evidence.iter().map(|e| {
        if e.text.is_empty() {
            format!("{} {:.2}", e.rule, e.score)
        } else {
            format!("{}: “{}”", e.rule, e.text)
        }
    }));
    if let Some(retrieval) = &reply.signals.retrieval {
        lines.push(format!("docs: score {:.2}, margin {:.2}", retrieval.norm, retrieval.margin));
    }
    lines
}

fn reason(cause: Cause) -> Reason {
    match cause {
        Cause::HumanRequested => Reason::HumanRequested,
        Cause::VisitorButton => Reason::VisitorButton,
        Cause::RestrictedTopic => Reason::RestrictedTopic,
        Cause::Keyword => Reason::Keyword,
        Cause::Frustration => Reason::Frustration,
        Cause::Loop => Reason::Loop,
        Cause::AssistantFailed => Reason::AssistantFailed,
        Cause::LlmJudgement => Reason::LlmJudgement,
        Cause::AgentTakeover => Reason::AgentTakeover,
        Cause::Unanswered | Cause::None | Cause::ManualOnly => Reason::Unanswered,
    }
}

/// The card of the turns as they stand, for a handoff the policy did not decide (the button).
pub(crate) fn card_of(turns: &[Turn], why: &str) -> Card {
    Card { why: why.to_owned(), ..card(&PolicyCard::from_turns(turns, None, None)) }
}

fn card(c: &PolicyCard) -> Card {
    let tried = c.tried.iter().map(|t| {
        let verdict = match t.verdict {
            Verdict::Helped => "helped",
            Verdict::DidNotHelp => "did not help",
            Verdict::AskedForPerson => "asked for a person",
            Verdict::Unknown => "no verdict",
        };
        let Section { title, .. } = &t.section;
        format!("{title} ({verdict})")
    });
    Card {
        summary: c.summary_line(),
        wants: std::iter::once(&c.wants.first)
            .chain(&c.wants.latest)
            .filter(|w| !w.is_empty())
            .cloned()
            .collect(),
        facts: c
            .facts
            .iter()
            .map(|f| Fact {
                kind: match serde_json::to_value(f.kind) {
                    Ok(serde_json::Value::String(kind)) => kind,
                    _ => String::from("fact"),
                },
                text: f.text.clone(),
                turn: u32::try_from(f.turn + 1).unwrap_or(u32::MAX),
            })
            .collect(),
        tried: tried.collect(),
        why: c.why.clone(),
        mood: match c.mood {
            CardMood::Calm => "calm",
            CardMood::Annoyed => "annoyed",
            CardMood::Frustrated => "frustrated",
        }
        .to_owned(),
    }
}
