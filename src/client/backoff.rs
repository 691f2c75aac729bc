//! How long to wait before the next attempt: by the range of the close code, with full jitter.
//!
//! Full jitter (a uniformly random part of an exponentially growing span) spreads a thousand clients that lost their
//! server in the same moment over the whole span.

use std::time::Duration;

use crate::protocol::Range;

/// The first span.
const BASE_MS: u64 = 500;
/// The longest span: a person who watches a dead link sees an attempt twice a minute at least.
const CAP_MS: u64 = 30_000;

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after a failure. `random` is uniform over all of u64. A close that says "reconnect at once" is obeyed the
    /// first time; a server that goes on saying it is backed off from like any other.
    pub(super) fn next(&mut self, range: Range, random: u64) -> Duration {
        let failures = self.failures;
        self.failures = failures.saturating_add(1);
        if range == Range::Reconnect && failures == 0 {
            return Duration::ZERO;
        }
        Duration::from_millis(random % (span_ms(failures) + 1))
    }

    /// The link held long enough to count as good: the next failure is the first again.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

fn span_ms(failures: u32) -> u64 {
    BASE_MS.saturating_mul(1 << failures.min(16)).min(CAP_MS)
}

/// A random number for jitter (from the operating system's source, by way of a random UUID).
pub(super) fn random() -> u64 {
    let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
    // Six bits of a version 4 UUID are fixed; they lie apart in the halves, so mixing leaves 64 random bits.
    high ^ low.rotate_left(32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_grow_to_the_cap() {
        let mut backoff = Backoff::default();
        let mut spans = Vec::new();
        for _ in 0..9 {
            // The largest wait of a span is drawn by a number that is -1 modulo span + 1.
            let span = span_ms(backoff.failures);
            spans.push(backoff.next(Range::BackOff, span).as_millis());
        }
        assert_eq!(spans, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
        backoff.reset();
        assert_eq!(backoff.next(Range::BackOff, 500).as_millis(), 500);
    }

    #[test]
    fn reconnect_at_once_is_obeyed_once() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.next(Range::Reconnect, u64::MAX), Duration::ZERO);
        assert_eq!(backoff.next(Range::Reconnect, 1000).as_millis(), 1000);
        backoff.reset();
        assert_eq!(backoff.next(Range::Reconnect, u64::MAX), Duration::ZERO);
    }

    #[test]
    fn no_wait_leaves_its_span() {
        let mut backoff = Backoff::default();
        for n in 0..40 {
            let most = span_ms(backoff.failures);
            let wait = backoff.next(Range::BackOff, 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(n + 1));
            assert!(wait.as_millis() as u64 <= most.min(CAP_MS));
        }
    }
}
