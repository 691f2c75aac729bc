//! Keeps visitors coming: so many at a time, one leaving, the next arriving.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::cast::{OPENING, PARTS, Part};
use super::random::Random;
use super::visitor;

/// The running visitors.
#[derive(Debug)]
pub(super) struct Crowd {
    slots: JoinSet<()>,
}

/// Who comes next in one slot, and after how long.
#[derive(Debug)]
struct Arrivals {
    random: Random,
    deck: Vec<Part>,
    first: bool,
    slot: usize,
}

impl Arrivals {
    fn new(mut random: Random, slot: usize) -> Self {
        random.next();
        Self { random, deck: Vec::new(), first: true, slot }
    }

    fn next(&mut self) -> (Duration, Part) {
        let first = std::mem::replace(&mut self.first, false);
        if first && self.slot == 0 {
            return (Duration::from_millis(300), OPENING);
        }
        if self.deck.is_empty() {
            self.deck = PARTS.to_vec();
            self.random.shuffle(&mut self.deck);
        }
        let part = self.deck.pop().unwrap_or(OPENING);
        // The first faces come within seconds of each other, later ones when they like.
        let wait = if first {
            self.slot as u64 * 2_500 + self.random.range(0, 2_000)
        } else {
            self.random.range(6_000, 30_000)
        };
        (Duration::from_millis(wait), part)
    }
}

impl Crowd {
    /// Lets them in. `shop`: the demo's own pages are there to be on.
    pub(super) fn start(url: &str, seed: u64, visitors: usize, shop: bool) -> Self {
        let mut random = Random::new(seed);
        let mut slots = JoinSet::new();
        for slot in 0..visitors {
            let mut arrivals = Arrivals::new(random.split(), slot);
            let url = url.to_owned();
            slots.spawn(async move {
                loop {
                    let (wait, part) = arrivals.next();
                    sleep(wait).await;
                    visitor::live(&url, part, arrivals.random.split(), shop).await;
                }
            });
        }
        Self { slots }
    }

    /// Sends them home, in mid-word if need be.
    pub(super) async fn stop(mut self) {
        self.slots.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story(seed: u64, slot: usize) -> Vec<(u128, &'static str)> {
        let mut arrivals = Arrivals::new(Random::new(seed), slot);
        (0..12).map(|_| arrivals.next()).map(|(wait, part)| (wait.as_millis(), part.email)).collect()
    }

    #[test]
    fn the_same_seed_brings_the_same_people() {
        assert_eq!(story(1, 1), story(1, 1));
        assert_ne!(story(1, 1), story(2, 1));
    }

    #[test]
    fn the_first_one_wants_a_person_soon() {
        for seed in 0..20 {
            let first = &story(seed, 0)[0];
            assert!(first.0 < 1000 && first.1 == OPENING.email);
        }
    }

    #[test]
    fn everybody_gets_a_turn() {
        let mut seen: Vec<&str> = story(9, 2)[..PARTS.len()].iter().map(|(_, who)| *who).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), PARTS.len());
    }
}
