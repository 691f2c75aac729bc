//! How much a client has been sent and not acknowledged. Past the limit nothing more is written; the acknowledgement
//! brings what was missed as the latest rows, out of the log. Pure: time is the caller's.

use std::collections::VecDeque;
use std::time::Instant;

/// Live frames and bytes a client may owe an acknowledgement for.
const FRAMES: usize = 256;
const BYTES: usize = 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct Credit {
    owed: VecDeque<(u64, u32)>,
    bytes: usize,
    held: Option<Instant>,
    behind: bool,
}

impl Credit {
    /// A frame goes out.
    pub(super) fn spend(&mut self, seq: u64, bytes: usize, now: Instant) {
        self.owed.push_back((seq, bytes as u32));
        self.bytes += bytes;
        if self.owed.len() >= FRAMES || self.bytes >= BYTES {
            self.held.get_or_insert(now);
        }
    }

    /// The client has everything up to `seq`. Whether it was held back and may go on now.
    pub(super) fn acknowledged(&mut self, seq: u64) -> bool {
        while let Some((_, bytes)) = self.owed.front().filter(|(s, _)| *s <= seq).copied() {
            self.owed.pop_front();
            self.bytes -= bytes as usize;
        }
        let room = self.owed.len() <= FRAMES / 2 && self.bytes <= BYTES / 2;
        room && self.held.take().is_some()
    }

    /// Something was not written.
    pub(super) fn missed(&mut self) {
        self.behind = true;
    }

    /// Everything was written, from the log.
    pub(super) fn caught_up(&mut self) {
        self.behind = false;
    }

    pub(super) fn is_behind(&self) -> bool {
        self.behind
    }

    pub(super) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Since when nothing is written.
    pub(super) fn held_since(&self) -> Option<Instant> {
        self.held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_never_acknowledges_is_held_and_one_that_does_is_not() {
        let now = Instant::now();
        let mut silent = Credit::default();
        let mut honest = Credit::default();
        for seq in 1..=1000 {
            silent.spend(seq, 300, now);
            honest.spend(seq, 300, now);
            if seq % 64 == 0 {
                assert!(!honest.acknowledged(seq), "was never held");
            }
        }
        assert_eq!(silent.held_since(), Some(now));
        assert!(!honest.is_held());
        assert!(!silent.acknowledged(500), "half a thousand is still owed");
        assert!(silent.acknowledged(1000), "all is acknowledged");
        assert!(!silent.is_held());
    }

    #[test]
    fn few_large_frames_are_much() {
        let now = Instant::now();
        let mut credit = Credit::default();
        for seq in 1..=4 {
            credit.spend(seq, BYTES / 4, now);
        }
        assert!(credit.is_held());
        assert!(!credit.acknowledged(1));
        assert!(credit.acknowledged(2));
    }

    #[test]
    fn missing_something_lasts_until_caught_up() {
        let mut credit = Credit::default();
        credit.missed();
        assert!(credit.is_behind() && !credit.is_held());
        credit.caught_up();
        assert!(!credit.is_behind());
    }
}
