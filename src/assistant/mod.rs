//! The assistant: answers visitors from the index, or asks for a handoff. [`answer`] is pure and is the whole of it
//! without a model; [`texts`] holds what it says; [`quote`] cuts a section to size; [`Responder`] is what the engine asks.

pub mod answer;
pub mod quote;
mod responder;
pub mod texts;

pub use responder::{DocsResponder, Pending, Question, Responder, Response};
pub(crate) use responder::{card_of, decision_of};
