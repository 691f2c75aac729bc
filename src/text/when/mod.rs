//! Times as people write them: the end of a snooze, the end of an absence. PURE: the caller says what time it is, and where.
//!
//! What is read (case and order do not matter; `at`, `on`, `the` and `of` are passed over):
//!
//! | written | meaning |
//! | --- | --- |
//! | `90m` `1h30m` `1.5h` `in 2 hours` `half an hour` | so much later; hours and minutes are of real time |
//! | `3d` `2 weeks` | so many calendar days later, at the same time of day |
//! | `tomorrow` `mon` `next week` `next month` `1 dec` `2026-12-01` | that day at 9:00. `mon` is the next Monday, never today; `next week` its Monday |
//! | `tomorrow 9` `mon at 9:30` `1 dec 2pm` `3d 9` `2026-12-01 14:00` | that day at that time; `mon 9` on a Monday before nine is today |
//! | `14:30` `9am` `noon` `midnight` | the next such time |
//! | `9` | as `9:00`; a bare hour from 1 to 6 is the afternoon's (for the night write `2am` or `2:00`) |
//! | `morning` `afternoon` `evening` `night` | 9:00, 14:00, 18:00, 20:00; also `tonight`, `this evening`, `fri morning`; before an hour they say which half of the day |
//! | `fri midnight` | the midnight that ends Friday |
//! | `2026-12-01T14:00:00Z` | that instant |
//!
//! Daylight saving: a time that the clocks skip is moved forward by as much as they skip (2:30 becomes 3:30); one that
//! they show twice is the first of the two that is still to come.
//!
//! Invariant: what [`moment`] and [`away`] read lies in the future, at most [`MAX_YEARS`] away, whatever the input; no input panics.
//!
//! Refused, with a sentence: the past, `1/12` and `1.12.` (the order of day and month differs between countries), months as
//! a length, and every word not in the table.

mod away;
mod lex;
mod read;
mod since;
mod spoken;
#[cfg(test)]
mod tests;

pub use away::{Away, away};
pub use read::{MAX_YEARS, moment, span};
pub use since::since;
pub use spoken::spoken;

use super::Untrusted;

/// Why a time was not taken. Its words are for people and hold nothing raw from outside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhenError {
    /// Nothing was written.
    #[error("say when: {EXAMPLES}")]
    Empty,
    /// Something in it is no time.
    #[error("“{what}” is not understood as a time; {EXAMPLES}")]
    NotUnderstood {
        /// The part that was not understood, made inert and cut.
        what: String,
    },
    /// The calendar has no such day, or the clock no such time.
    #[error("there is no “{what}”; {EXAMPLES}")]
    NoSuch {
        /// The part meant, made inert and cut.
        what: String,
    },
    /// It has gone by, or is this very moment.
    #[error("{when} is past; {EXAMPLES}")]
    Past {
        /// The time understood.
        when: String,
    },
    /// Farther away than [`MAX_YEARS`].
    #[error("that is more than ten years away; {EXAMPLES}")]
    TooFar,
}

const EXAMPLES: &str = "write it like “2h”, “tomorrow 9” or “fri 16:00”";

/// The longest quotation of what was written, in cells.
const QUOTED: usize = 40;

fn quoted(what: &str) -> String {
    Untrusted::new(what).log().truncated(QUOTED).to_string()
}

impl WhenError {
    fn not_understood(what: &str) -> Self {
        WhenError::NotUnderstood { what: quoted(what) }
    }

    fn no_such(what: &str) -> Self {
        WhenError::NoSuch { what: quoted(what) }
    }
}
