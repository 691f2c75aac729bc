//! How long somebody waits, in words that change rarely: an idle screen with clocks on it wakes only when one changes.
//!
//! Under a minute a wait is told in steps of ten seconds, then in minutes, hours and days.

use crate::conversation::Time;

/// Milliseconds in a second, minute, hour, day.
const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The step a wait of this length is told in.
fn step(ms: i64) -> i64 {
    match ms {
        ..MINUTE => 10 * SECOND,
        MINUTE..HOUR => MINUTE,
        HOUR..DAY => HOUR,
        _ => DAY,
    }
}

/// A wait in words: `0s`, `10s`, … `50s`, `1m`, … `59m`, `1h`, … `23h`, `1d`, …
pub fn wait(ms: i64) -> String {
    let ms = ms.max(0);
    match ms {
        ..MINUTE => format!("{}s", ms / SECOND / 10 * 10),
        MINUTE..HOUR => format!("{}m", ms / MINUTE),
        HOUR..DAY => format!("{}h", ms / HOUR),
        _ => format!("{}d", ms / DAY),
    }
}

/// Milliseconds until the words of a wait of this length change.
pub fn until_change(ms: i64) -> u64 {
    let ms = ms.max(0);
    let step = step(ms);
    (step - ms % step).unsigned_abs()
}

/// What is left until a deadline, rounded up: `3m`, `2m`, `1m`, `50s`, … `10s`, `now`.
pub fn left(ms: i64) -> String {
    match ms {
        ..=0 => "now".to_owned(),
        1..=MINUTE => format!("{}s", (ms + 10 * SECOND - 1) / (10 * SECOND) * 10),
        _ => format!("{}m", (ms + MINUTE - 1) / MINUTE),
    }
}

/// Milliseconds until the words of what is left change; none once it is over.
pub fn until_left_changes(ms: i64) -> Option<u64> {
    let step = if ms <= MINUTE { 10 * SECOND } else { MINUTE };
    (ms > 0).then(|| {
        let over = ms % step;
        (if over == 0 { step } else { over }).unsigned_abs()
    })
}

/// How loud a wait is: a word beside it says the same as its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Under two minutes.
    Calm,
    /// Two minutes and more.
    Long,
    /// Five minutes and more.
    TooLong,
}

impl Urgency {
    /// Of a wait of this length.
    pub fn of(ms: i64) -> Self {
        match ms {
            300_000.. => Self::TooLong,
            120_000.. => Self::Long,
            _ => Self::Calm,
        }
    }

    /// The mark that goes before the wait.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Calm => "",
            Self::Long => "!",
            Self::TooLong => "!!",
        }
    }
}

/// The deadlines of an accepted conversation without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyTimer {
    /// Milliseconds until the warning; negative once it has come.
    pub warn_in: i64,
    /// Milliseconds until it goes back to the queue.
    pub return_in: i64,
}

impl ReplyTimer {
    /// From the moment the clock started (accept, message or typing, whichever is last).
    pub fn since(base: Time, now: Time, warn_after: i64, return_after: i64) -> Self {
        let gone = now.since_ms(base);
        Self { warn_in: warn_after.saturating_sub(gone), return_in: return_after.saturating_sub(gone) }
    }

    /// The words in the conversation's head.
    pub fn words(self) -> String {
        if self.warn_in > 0 {
            format!("answer within {}", left(self.warn_in))
        } else {
            format!("! no answer yet: back to the queue in {}", left(self.return_in))
        }
    }

    /// Milliseconds until those words change.
    pub fn until_change(self) -> Option<u64> {
        until_left_changes(if self.warn_in > 0 { self.warn_in } else { self.return_in })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_change_exactly_when_promised() {
        for ms in
            [0, 9_999, 10_000, 59_999, 60_000, 3_599_999, 3_600_000, 86_399_999, 86_400_000, 999_999_999]
        {
            let later = ms + i64::try_from(until_change(ms)).expect("a day fits");
            assert_eq!(wait(ms), wait(later - 1), "{ms}");
            assert_ne!(wait(ms), wait(later), "{ms}");
        }
        for ms in [180_000, 179_999, 60_001, 60_000, 59_000, 10_000, 1] {
            let change = i64::try_from(until_left_changes(ms).expect("not over")).expect("fits");
            assert_ne!(left(ms), left(ms - change), "{ms} {change}");
            assert_eq!(left(ms), left(ms - change + 1), "{ms} {change}");
        }
    }

    #[test]
    fn the_reply_timer_says_what_happens_next() {
        let timer = |gone| ReplyTimer::since(Time(0), Time(gone), 60_000, 180_000).words();
        assert_eq!(timer(0), "answer within 60s");
        assert_eq!(timer(15_000), "answer within 50s");
        assert_eq!(timer(60_000), "! no answer yet: back to the queue in 2m");
        assert_eq!(timer(175_000), "! no answer yet: back to the queue in 10s");
    }
}
