//! A token bucket: so many at once, then so many a second. It reads no clock; the caller says what time it is.

use std::time::{Duration, Instant};

/// How many requests are still welcome.
#[derive(Debug, Clone, Copy)]
pub struct TokenBucket {
    tokens: f32,
    burst: f32,
    per_second: f32,
    at: Instant,
}

impl TokenBucket {
    /// A full bucket: `burst` at once (at least 1), refilled at `per_second`.
    pub fn new(per_second: f64, burst: u32, now: Instant) -> Self {
        let burst = burst.max(1) as f32;
        Self { tokens: burst, burst, per_second: per_second.max(0.001) as f32, at: now }
    }

    /// Takes one token.
    ///
    /// # Errors
    /// How long until one is there; nothing was taken.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let gone = now.saturating_duration_since(self.at).as_secs_f32();
        self.tokens = (self.tokens + gone * self.per_second).min(self.burst);
        self.at = now.max(self.at);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f32((1.0 - self.tokens) / self.per_second).max(Duration::from_millis(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_at_once_then_one_a_second() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(1.0, 10, start);
        for _ in 0..10 {
            assert!(bucket.take(start).is_ok());
        }
        let wait = bucket.take(start).expect_err("the eleventh waits");
        assert!(wait > Duration::from_millis(990) && wait <= Duration::from_millis(1001), "{wait:?}");
        assert!(bucket.take(start + Duration::from_millis(500)).is_err());
        assert!(bucket.take(start + Duration::from_millis(1010)).is_ok());
        assert!(bucket.take(start + Duration::from_millis(1020)).is_err());
    }

    #[test]
    fn whoever_waits_as_told_is_let_in() {
        let mut now = Instant::now();
        let mut bucket = TokenBucket::new(3.0, 2, now);
        let mut taken = 0;
        while taken < 50 {
            match bucket.take(now) {
                Ok(()) => taken += 1,
                // The answer is rounded up to whole milliseconds on the wire.
                Err(wait) => {
                    now += Duration::from_millis(wait.as_millis() as u64 + 1);
                    assert!(bucket.take(now).is_ok());
                    taken += 1;
                }
            }
        }
    }

    #[test]
    fn idleness_saves_no_more_than_the_burst_and_time_never_runs_back() {
        let start = Instant::now() + Duration::from_secs(100);
        let mut bucket = TokenBucket::new(1.0, 2, start);
        let late = start + Duration::from_secs(1000);
        assert!(bucket.take(late).is_ok());
        assert!(bucket.take(late).is_ok());
        assert!(bucket.take(late).is_err());
        assert!(bucket.take(start).is_err());
        assert!(bucket.take(late).is_err());
    }
}
