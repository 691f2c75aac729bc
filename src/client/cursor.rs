//! Where a client stands in the log, and the proof that nothing is missing.

use crate::protocol::Resume;

/// A position in one incarnation of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cursor {
    log_id: String,
    last: u64,
}

/// What a frame with a position means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The next one: use it.
    Take,
    /// Seen already: drop it.
    Old,
    /// Something between is missing: reconnect and resume.
    Gap,
}

impl Cursor {
    pub(super) fn new(log_id: &str, last: u64) -> Self {
        Self { log_id: log_id.to_owned(), last }
    }

    /// A frame arrived. `prev` is what the server wrote to this socket before it.
    pub(super) fn step(&mut self, seq: u64, prev: u64) -> Step {
        if seq <= self.last {
            return Step::Old;
        }
        if prev != self.last {
            return Step::Gap;
        }
        self.last = seq;
        Step::Take
    }

    /// The server says that this socket is complete through `head`. A head behind us says nothing.
    pub(super) fn adopt(&mut self, head: u64) {
        self.last = self.last.max(head);
    }

    pub(super) fn last(&self) -> u64 {
        self.last
    }

    pub(super) fn resume(&self) -> Resume {
        Resume { log_id: self.log_id.clone(), last_seq: self.last }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn steps() {
        let mut c = Cursor::new("a", 10);
        assert_eq!(c.step(12, 10), Step::Take);
        assert_eq!(c.step(12, 10), Step::Old);
        assert_eq!(c.step(15, 14), Step::Gap);
        assert_eq!(c.last(), 12, "a gap does not move the cursor");
        c.adopt(14);
        c.adopt(3);
        assert_eq!(c.step(15, 14), Step::Take);
        assert_eq!(c.resume(), Resume { log_id: "a".into(), last_seq: 15 });
    }

    proptest! {
        /// Whatever is dropped, repeated or reordered on the way: what is taken is the server's list without a hole,
        /// up to where a gap is proved.
        #[test]
        fn a_missing_frame_is_always_proved(drop in proptest::collection::vec(0u8..4, 1..60)) {
            let mut cursor = Cursor::new("a", 0);
            let mut taken = Vec::new();
            let mut gap = false;
            for (i, fate) in drop.iter().enumerate() {
                let (prev, seq) = (i as u64 * 3, i as u64 * 3 + 3);
                if *fate == 0 { continue; }
                for _ in 0..if *fate == 1 { 2 } else { 1 } {
                    match cursor.step(seq, prev) {
                        Step::Take => taken.push(seq),
                        Step::Old => prop_assert!(taken.contains(&seq)),
                        Step::Gap => gap = true,
                    }
                }
            }
            let whole: Vec<u64> = (1..=taken.len() as u64).map(|n| n * 3).collect();
            prop_assert_eq!(&taken, &whole);
            let first_lost = drop.iter().position(|f| *f == 0);
            let after = first_lost.is_some_and(|lost| drop[lost..].iter().any(|f| *f != 0));
            prop_assert_eq!(gap, after);
        }
    }
}
