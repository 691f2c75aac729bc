//! The assistant: answers visitors from the index, or asks for a handoff. [`answer`] is pure and is the whole of it
//! without a model; [`texts`] holds what it says; [`quote`] cuts a section to size.

pub mod answer;
pub mod quote;
pub mod texts;
