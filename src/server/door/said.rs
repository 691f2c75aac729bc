//! What was said lately: the log names each thing to mend once in ten minutes, however often a stranger knocks.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long one thing stays said.
const AGAIN: Duration = Duration::from_secs(600);
/// Things remembered at most; past this nothing new is said until one is old.
const MOST: usize = 256;

/// See the module.
#[derive(Debug, Default)]
pub(in crate::server) struct Said(Mutex<HashMap<String, Instant>>);

impl Said {
    /// Whether this is to be said now.
    pub(in crate::server) fn now(&self, words: &str, now: Instant) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if said.get(words).is_some_and(|at| now.saturating_duration_since(*at) < AGAIN) {
            return false;
        }
        if said.len() >= MOST {
            said.retain(|_, at| now.saturating_duration_since(*at) < AGAIN);
        }
        if said.len() >= MOST {
            return false;
        }
        said.insert(words.to_owned(), now);
        true
    }

    /// Says it in the log, as a warning, unless it was said lately.
    pub(in crate::server) fn warn(&self, words: &str) {
        if self.now(words, Instant::now()) {
            tracing::warn!("{words}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_in_ten_minutes_and_a_flood_is_bounded() {
        let said = Said::default();
        let start = Instant::now();
        assert!(said.now("a", start) && !said.now("a", start) && said.now("b", start));
        assert!(said.now("a", start + AGAIN));
        let new = (0..10_000).filter(|n| said.now(&n.to_string(), start + AGAIN)).count();
        assert!(new < MOST, "{new}");
        assert!(said.now("later", start + AGAIN * 3));
    }
}
