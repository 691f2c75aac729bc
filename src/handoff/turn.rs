//! What was said, as the policy and the card see it: who, what, from which sections, and what was decided then.

use serde::{Deserialize, Serialize};

use super::policy::DecisionKind;

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The person on the website.
    Visitor,
    /// The AI that answers first.
    Assistant,
    /// A human who answers.
    Agent,
}

/// A section of the docs that an answer was taken from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Source {
    /// What to show: the page and heading.
    pub title: String,
    /// Where it is: the page's own address if it has one, else its file.
    pub url: String,
}

/// One message of the episode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Who said it.
    pub author: Author,
    /// What was said.
    pub text: String,
    /// Sections an assistant's answer was taken from; empty for others.
    #[serde(default)]
    pub sources: Vec<Source>,
    /// What the policy decided when the assistant said it, if that was kept. Without it an assistant turn with sources
    /// counts as an answer and one without as neutral.
    #[serde(default)]
    pub decision: Option<DecisionKind>,
}

impl Turn {
    /// A visitor's turn.
    pub fn visitor(text: impl Into<String>) -> Turn {
        Turn { author: Author::Visitor, text: text.into(), sources: Vec::new(), decision: None }
    }

    /// An assistant's turn with its sources and the decision behind it.
    pub fn assistant(text: impl Into<String>, sources: Vec<Source>, decision: Option<DecisionKind>) -> Turn {
        Turn { author: Author::Assistant, text: text.into(), sources, decision }
    }

    /// An agent's turn.
    pub fn agent(text: impl Into<String>) -> Turn {
        Turn { author: Author::Agent, text: text.into(), sources: Vec::new(), decision: None }
    }
}
