//! The request for a person: why, what the policy saw, what the search had found, and the card.
//!
//! Agents see all of it, visitors nothing. Text in it is raw, as it arrived.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Page;

/// A section of the docs that the search found for a visitor's words: what the assistant had to go by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hit {
    /// The section's title.
    pub title: String,
    /// Its address, absolute or relative to the site.
    pub url: String,
    /// How well it fits, per mille: 1000 is as good as the search can say. The best one is what the policy judges.
    pub score: u32,
}

/// Why a person is needed (HANDOFF.md, "Reasons").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The visitor asked for a person in words.
    HumanRequested,
    /// The visitor pressed the button.
    VisitorButton,
    /// The topic always goes to a person.
    RestrictedTopic,
    /// A keyword trigger of the site.
    Keyword,
    /// Anger at the service.
    Frustration,
    /// The same question again and again.
    Loop,
    /// Failed turns in a row.
    Unanswered,
    /// The assistant failed, timed out or had nothing.
    AssistantFailed,
    /// The model judged so.
    LlmJudgement,
    /// An agent took over unasked.
    AgentTakeover,
}

impl Reason {
    /// The words an agent reads.
    pub fn words(self) -> &'static str {
        match self {
            Reason::HumanRequested => "asked for a person",
            Reason::VisitorButton => "pressed “Talk to a person”",
            Reason::RestrictedTopic => "restricted topic",
            Reason::Keyword => "keyword",
            Reason::Frustration => "frustrated",
            Reason::Loop => "going in circles",
            Reason::Unanswered => "not answered",
            Reason::AssistantFailed => "assistant failed",
            Reason::LlmJudgement => "assistant asked for help",
            Reason::AgentTakeover => "taken over",
        }
    }

    /// Whether the visitor asked for it (in words or by the button).
    pub fn by_visitor(self) -> bool {
        matches!(self, Reason::HumanRequested | Reason::VisitorButton)
    }
}

/// A fact lifted out of the transcript, word for word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fact {
    /// What kind: `order`, `code`, `email`, `amount`, `date`, `phone`, …
    pub kind: String,
    /// The words themselves.
    pub text: String,
    /// Which visitor turn it came from, counted from 1.
    pub turn: u32,
}

/// The card on the queue: what an agent needs at a glance, so that the visitor never repeats themself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Card {
    /// One line for the queue row.
    pub summary: String,
    /// The first informative sentence of the visitor, and their latest question.
    #[serde(default)]
    pub wants: Vec<String>,
    /// Codes, e-mails, amounts, dates.
    #[serde(default)]
    pub facts: Vec<Fact>,
    /// Sections the assistant has shown, with the visitor's verdict where there is one.
    #[serde(default)]
    pub tried: Vec<String>,
    /// Why now, in words.
    #[serde(default)]
    pub why: String,
    /// `calm`, `impatient`, `angry`, …
    #[serde(default)]
    pub mood: String,
}

/// The request for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Handoff {
    /// Why.
    pub reason: Reason,
    /// What the policy saw, one line each.
    #[serde(default)]
    pub evidence: Vec<String>,
    /// The summary.
    #[serde(default)]
    pub card: Card,
    /// The page the visitor was on when it fired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<Page>,
    /// What the search had found, best first, at most 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hits: Vec<Hit>,
    /// The answer the assistant had and did not give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<String>,
}
