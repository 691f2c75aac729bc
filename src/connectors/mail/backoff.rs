//! When a mail that could not be handed over is tried again.

use crate::conversation::Time;

const MINUTE: i64 = 60_000;

/// Waits after the first, second, … attempt; the last one repeats. RFC 5321, 4.5.4.1 asks for 30 minutes at least after the
/// first hour; the short ones before catch a restart of the mail server.
const WAITS: [i64; 7] =
    [MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE, 2 * 60 * MINUTE, 4 * 60 * MINUTE, 8 * 60 * MINUTE];

/// It is given up after so long; RFC 5321 says four or five days.
pub const GIVE_UP_MS: i64 = 4 * 24 * 60 * MINUTE;

/// When it is tried after `attempts` attempts; none: no more. `made`: since when it is tried; `jitter`: 0 to 1, which spreads
/// them so that a mail server that comes back does not get all of them at once.
pub fn next(attempts: u32, made: Time, now: Time, jitter: f64) -> Option<Time> {
    if now.since_ms(made) >= GIVE_UP_MS {
        return None;
    }
    let at = (attempts.max(1) as usize - 1).min(WAITS.len() - 1);
    let spread = (WAITS[at] as f64 * 0.2 * jitter.clamp(0.0, 1.0)) as i64;
    Some(now.plus_ms(WAITS[at] + spread))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_a_minute_to_hours_and_end_after_days() {
        let (made, mut now, mut waits) = (Time(1_000), Time(1_000), Vec::new());
        for attempt in 1.. {
            let Some(at) = next(attempt, made, now, 0.5) else { break };
            waits.push(at.since_ms(now));
            now = at;
        }
        assert!(waits[0] >= MINUTE && waits[0] <= 2 * MINUTE, "{waits:?}");
        assert!(waits.windows(2).all(|w| w[0] <= w[1]), "{waits:?}");
        assert!(*waits.last().expect("some") >= 8 * 60 * MINUTE);
        let days = now.since_ms(made) / (24 * 60 * MINUTE);
        assert!((4..=5).contains(&days), "{days} days");
        assert!((10..40).contains(&waits.len()), "{} attempts", waits.len());
    }
}
