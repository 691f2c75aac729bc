//! The text of a ready text: words, variables `{{visitor.name}}` or `{{visitor.name|there}}`, and `{{cursor}}`.
//!
//! `\{{` is two braces and no variable. Invariant: filling is one pass; what a value holds is text, whatever it looks like.

use std::ops::Range;

use crate::console::composer::sanitized;
use crate::settings::nearest;

/// What can be put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variable {
    /// The visitor's name.
    VisitorName,
    /// Its first word.
    VisitorFirstName,
    /// The agent's own name.
    AgentName,
    /// The site's name.
    SiteName,
    /// The address of the page the visitor is on.
    PageUrl,
    /// The conversation's number, as people read it.
    ConversationId,
    /// Today, as 2026-03-02.
    Date,
}

/// Their names.
pub const VARIABLES: [(&str, Variable); 7] = [
    ("visitor.name", Variable::VisitorName),
    ("visitor.first_name", Variable::VisitorFirstName),
    ("agent.name", Variable::AgentName),
    ("site.name", Variable::SiteName),
    ("page.url", Variable::PageUrl),
    ("conversation.id", Variable::ConversationId),
    ("date", Variable::Date),
];
/// Where the cursor is put.
const CURSOR: &str = "cursor";

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Value { name: &'static str, variable: Variable, or: Option<String> },
    Cursor,
}

/// A text with variables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    parts: Vec<Part>,
}

/// A text filled in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filled {
    /// The text.
    pub text: String,
    /// Where the cursor goes, bytes: where the text says, else behind the first gap, else to the end.
    pub cursor: usize,
    /// Gaps left to fill in by hand.
    pub gaps: usize,
}

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    /// An unknown variable, braces that do not close, a second cursor: byte and words.
    pub fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut parts = Vec::new();
        let mut words = String::new();
        let mut at = 0;
        while let Some(found) = text[at..].find("{{") {
            let open = at + found;
            if let Some(before) = text[at..open].strip_suffix('\\') {
                words.push_str(before);
                words.push_str("{{");
                at = open + 2;
                continue;
            }
            words.push_str(&text[at..open]);
            let line_end = text[open..].find('\n').map_or(text.len(), |n| open + n);
            let Some(len) = text[open + 2..line_end].find("}}") else {
                return Err((open, "`{{` is not closed by `}}`; write `\\{{` for two braces".to_owned()));
            };
            let inner = &text[open + 2..open + 2 + len];
            at = open + 2 + len + 2;
            if !words.is_empty() {
                parts.push(Part::Text(sanitized(&std::mem::take(&mut words)).0));
            }
            parts.push(part(inner, &parts).map_err(|why| (open, why))?);
        }
        words.push_str(&text[at..]);
        if !words.is_empty() {
            parts.push(Part::Text(sanitized(&words).0));
        }
        Ok(Self { parts })
    }

    /// Whether nothing stands in it.
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Text(text) if text.trim().is_empty()))
    }

    /// Fills it in. A value that is not known and has no default stays as a gap, `{{visitor.name}}`.
    pub fn fill(&self, value: impl Fn(Variable) -> Option<String>) -> Filled {
        let mut filled = Filled::default();
        let (mut cursor, mut first_gap) = (None, None);
        for part in &self.parts {
            match part {
                Part::Text(text) => filled.text.push_str(text),
                Part::Cursor => cursor = Some(filled.text.len()),
                Part::Value { name, variable, or } => match value(*variable).or_else(|| or.clone()) {
                    Some(value) => filled.text.push_str(&literal(&value)),
                    None => {
                        filled.gaps += 1;
                        filled.text.push_str(&format!("{{{{{name}}}}}"));
                        first_gap.get_or_insert(filled.text.len());
                    }
                },
            }
        }
        // A gap comes first: the message cannot go before it is filled.
        filled.cursor = first_gap.or(cursor).unwrap_or(filled.text.len());
        filled
    }
}

fn part(inner: &str, before: &[Part]) -> Result<Part, String> {
    let (name, or) = match inner.split_once('|') {
        Some((name, or)) => (name.trim(), Some(sanitized(or.trim()).0)),
        None => (inner.trim(), None),
    };
    if name == CURSOR {
        return match (or, before.contains(&Part::Cursor)) {
            (Some(_), _) => Err("`cursor` has no default".to_owned()),
            (None, true) => Err("`cursor` stands here for the second time".to_owned()),
            (None, false) => Ok(Part::Cursor),
        };
    }
    if let Some((name, variable)) = VARIABLES.iter().find(|(known, _)| *known == name) {
        return Ok(Part::Value { name, variable: *variable, or });
    }
    let known: Vec<&str> = VARIABLES.iter().map(|(name, _)| *name).chain([CURSOR]).collect();
    let shown: String = name.escape_debug().take(40).collect();
    Err(match nearest(name, &known) {
        Some(near) => format!("there is no variable `{shown}`; did you mean `{near}`?"),
        None => format!("there is no variable `{shown}`; there are {}", known.join(", ")),
    })
}

/// A value as text: one line of what may stand in a composer, and nothing that could pass for a gap.
fn literal(value: &str) -> String {
    sanitized(value).0.replace('\n', " ").replace("{{", "{ {")
}

/// The first gap left in a text, and the name of what is missing.
pub fn gap(text: &str) -> Option<(Range<usize>, &'static str)> {
    let mut from = 0;
    while let Some(found) = text[from..].find("{{") {
        let open = from + found;
        let inner = &text[open + 2..];
        if let Some((name, _)) =
            VARIABLES.iter().find(|(name, _)| inner.strip_prefix(name).is_some_and(|r| r.starts_with("}}")))
        {
            return Some((open..open + name.len() + 4, name));
        }
        from = open + 2;
    }
    None
}
