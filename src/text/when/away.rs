//! An absence as people announce it: `30m lunch`, `lunch`, `until 14:00 dentist`.

use jiff::{Timestamp, Zoned};

use super::{WhenError, moment, span};

/// An absence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Away {
    /// When it ends, if that was said.
    pub until: Option<Timestamp>,
    /// Why, as typed (raw, for the wire), if that was said.
    pub reason: Option<String>,
}

/// Most words looked at for an end; a reason may be as long as it likes.
const WORDS: usize = 8;

/// Reads an absence. An end stands first or last: a length (`30m lunch`, `lunch 30m`, `for 2 hours`), or a moment behind
/// `until` (`until 14:00 dentist`, `dentist until 14:00`, `until tomorrow`). All else is the reason. Of several readings the
/// one that makes the most words part of the end is taken. Nothing at all is an absence without end or reason.
///
/// # Errors
/// `until` followed by what is no moment to come, and a length that is none (`0m`) or too long.
pub fn away(input: &str, now: &Zoned) -> Result<Away, WhenError> {
    let words: Vec<&str> = input.split_whitespace().collect();
    let Some(first) = words.first() else { return Ok(Away::default()) };
    if is_until(first) {
        return first_end(&words[1..], |text| moment(text, now));
    }
    let later = |text: &str| span(text).and_then(|_| moment(text, now));
    if starts_length(first) {
        let read = first_end(&words, later);
        if !matches!(read, Err(WhenError::NotUnderstood { .. })) {
            return read;
        }
    }
    if let Some(at) = words.iter().rposition(|word| is_until(word))
        && let Ok(until) = moment(&words[at + 1..].join(" "), now)
    {
        return Ok(Away { until: Some(until), reason: reason(&words[..at]) });
    }
    for from in words.len().saturating_sub(WORDS)..words.len() {
        let reason = reason(&words[..from]);
        if reason.is_some() && starts_length(words[from]) {
            match later(&words[from..].join(" ")) {
                Ok(until) => return Ok(Away { until: Some(until), reason }),
                Err(WhenError::NotUnderstood { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(Away { until: None, reason: reason(&words) })
}

fn is_until(word: &str) -> bool {
    ["until", "till", "til"].iter().any(|u| word.eq_ignore_ascii_case(u))
}

/// A length begins with a number or one of its words: so that `a` in a reason is no end.
fn starts_length(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
        || ["for", "in", "half", "an", "a", "one"].iter().any(|w| word.eq_ignore_ascii_case(w))
}

/// The longest beginning that is an end; the rest is the reason.
fn first_end(words: &[&str], read: impl Fn(&str) -> Result<Timestamp, WhenError>) -> Result<Away, WhenError> {
    let mut whole = None;
    for end in (1..=words.len().min(WORDS)).rev() {
        match read(&words[..end].join(" ")) {
            Ok(until) => return Ok(Away { until: Some(until), reason: reason(&words[end..]) }),
            // What is understood and refused (past, too far) is said rather than read as something shorter.
            Err(error @ (WhenError::Past { .. } | WhenError::TooFar | WhenError::NoSuch { .. })) => {
                return Err(error);
            }
            Err(error) => whole = Some(error),
        }
    }
    // The shortest beginning names the first word, which is where it went wrong.
    Err(whole.unwrap_or(WhenError::Empty))
}

fn reason(words: &[&str]) -> Option<String> {
    (!words.is_empty()).then(|| words.join(" "))
}
