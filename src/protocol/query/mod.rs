//! What somebody typed into the search, as a tree. Pure: time is given. Both ends use it: the server compiles the tree, a
//! console can show what is wrong before it asks.
//!
//! A query is words, phrases in quotation marks, and operators `name:value`; each may be negated by a leading `-`, and all
//! of them must hold. A word with a colon whose first part is near no operator (`https://…`, `10:30`) is a word.

mod parse;

use std::fmt;

pub use self::parse::parse;
use crate::conversation::{State, Time};

/// The operators, in the order they are shown.
pub const OPERATORS: [&str; 8] = ["from", "page", "tag", "is", "site", "before", "after", "has"];
/// What `is:` takes.
pub const IS: [&str; 9] =
    ["queued", "active", "mine", "assistant", "snoozed", "resolved", "open", "ticket", "waiting"];
/// What `has:` takes.
pub const HAS: [&str; 4] = ["note", "link", "email", "page"];

/// Terms of a query at most.
pub const TERMS: usize = 32;

/// A query: all terms must hold. Words, phrases, `from`, `before` and `after` concern one message; the rest its
/// conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// The terms, as typed.
    pub terms: Vec<Term>,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// It must not hold.
    pub negated: bool,
    /// The condition.
    pub what: What,
}

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// These words, one after the other; `open`: the last may be begun only.
    Text {
        /// The words.
        words: String,
        /// Still being typed: the last word of the query.
        open: bool,
    },
    /// Who said it.
    From(By),
    /// Part of the address of a page that was visited or written on.
    Page(String),
    /// A tag; `open` as for text.
    Tag {
        /// The tag.
        tag: String,
        /// Still being typed.
        open: bool,
    },
    /// Where the conversation stands.
    Is(Is),
    /// Its site, by the beginning of its id.
    Site(String),
    /// Said before.
    Before(Time),
    /// Said at or after.
    After(Time),
    /// What the conversation has.
    Has(Has),
}

/// `from:`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// The visitor.
    Visitor,
    /// The assistant.
    Assistant,
    /// Any agent, notes included.
    Agent,
    /// A visitor or agent with this in their name (or a visitor's e-mail address).
    Named(String),
}

/// `is:`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Is {
    /// In this state.
    State(State),
    /// Active, and held by whoever asks.
    Mine,
    /// Not resolved.
    Open,
    /// Answered by mail.
    Ticket,
    /// Somebody waits: in the queue, or for an answer.
    Waiting,
}

/// `has:`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Has {
    /// A note.
    Note,
    /// A link in a message.
    Link,
    /// The visitor's e-mail address.
    Email,
    /// A page.
    Page,
}

/// What is wrong with a query, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct QueryError {
    /// Where it begins, in characters from the start.
    pub at: usize,
    /// How long it is, in characters.
    pub len: usize,
    /// What.
    pub problem: Problem,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// There is no such operator.
    UnknownOperator {
        /// As typed.
        given: String,
        /// The nearest there is.
        near: &'static str,
    },
    /// The operator takes other values.
    UnknownValue {
        /// The operator.
        operator: &'static str,
        /// As typed.
        given: String,
        /// The nearest it takes.
        near: Option<&'static str>,
        /// All it takes.
        known: &'static [&'static str],
    },
    /// Nothing behind the colon.
    NoValue {
        /// The operator.
        operator: &'static str,
    },
    /// Not a time.
    BadTime {
        /// The operator.
        operator: &'static str,
        /// As typed.
        given: String,
    },
    /// More than [`TERMS`].
    TooMany,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::UnknownOperator { given, near } => {
                write!(f, "there is no `{}:`; did you mean `{near}:`?", given.escape_debug())
            }
            Problem::UnknownValue { operator, given, near: Some(near), .. } => {
                write!(
                    f,
                    "there is no `{operator}:{}`; did you mean `{operator}:{near}`?",
                    given.escape_debug()
                )
            }
            Problem::UnknownValue { operator, given, near: None, known } => {
                let (given, known) = (given.escape_debug(), known.join(", "));
                write!(f, "there is no `{operator}:{given}`; `{operator}:` takes {known}")
            }
            Problem::NoValue { operator } => {
                write!(
                    f,
                    "`{operator}:` needs something behind it, such as `{operator}:{}`",
                    example(operator)
                )
            }
            Problem::BadTime { operator, given } => {
                let given = given.escape_debug();
                write!(f, "`{operator}:{given}` is no time; write 2026-01-31, 7d, 12h, today or yesterday")
            }
            Problem::TooMany => write!(f, "a search has at most {TERMS} words and operators"),
        }
    }
}

fn example(operator: &str) -> &'static str {
    match operator {
        "from" => "visitor",
        "page" => "/cart",
        "tag" => "refund",
        "is" => "queued",
        "site" => "shop",
        "has" => "note",
        _ => "7d",
    }
}
