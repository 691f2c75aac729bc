//! Cumulative acknowledgement: every 64 frames or 2 seconds, whichever comes first.

use std::time::Duration;

use tokio::time::Instant;

const FRAMES: u32 = 64;
const AFTER: Duration = Duration::from_secs(2);

/// What has arrived and is not acknowledged.
#[derive(Debug, Default)]
pub(super) struct Acks {
    frames: u32,
    since: Option<Instant>,
}

impl Acks {
    /// A frame with a position arrived. Whether to acknowledge now.
    pub(super) fn count(&mut self, now: Instant) -> bool {
        self.frames += 1;
        self.since.get_or_insert(now);
        self.frames >= FRAMES && self.reset()
    }

    /// Whether the time has come. True once.
    pub(super) fn due(&mut self, now: Instant) -> bool {
        self.since.is_some_and(|since| since + AFTER <= now) && self.reset()
    }

    /// When it comes.
    pub(super) fn at(&self) -> Option<Instant> {
        self.since.map(|since| since + AFTER)
    }

    fn reset(&mut self) -> bool {
        *self = Self::default();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_count_and_by_time() {
        let start = Instant::now();
        let mut acks = Acks::default();
        assert_eq!(acks.at(), None);
        assert!((1..64).all(|_| !acks.count(start)));
        assert!(acks.count(start));
        assert_eq!(acks.at(), None);
        assert!(!acks.count(start + AFTER));
        assert!(!acks.due(start + AFTER), "two seconds count from the first frame that is not acknowledged");
        assert!(acks.due(start + AFTER * 2));
        assert!(!acks.due(start + AFTER * 2));
    }
}
