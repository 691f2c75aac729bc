//! When to bring in a person, and the card that explains why.
//!
//! PURE: text and counters in, a [`policy::Decision`] out. No clock, no I/O, no model. The policy runs before and
//! outside any language model: a model may add a handoff, never remove one, and nothing a visitor writes can set a
//! level, a priority or a queue.
//!
//! - [`words`]: a message as folded words with their places; [`language`]: the word [`class`]es, one data file each;
//! - [`request`]: requests for a person (verb × target, guarded); [`mood`]: frustration; [`courtesy`]: small talk and
//!   thanks; [`topics`]: restricted topics and keywords; [`signals`]: all of them read from one message;
//! - [`policy`]: what the rules are made of; [`decide`]: the order of the rules;
//! - [`facts`] and [`card`]: what the agent sees on the queue.

pub mod card;
pub mod class;
pub mod courtesy;
pub mod decide;
pub mod facts;
mod grammar;
pub mod language;
pub mod mood;
pub mod policy;
pub mod request;
#[cfg(test)]
mod request_cases;
pub mod signals;
pub mod topics;
pub mod turn;
pub mod words;
