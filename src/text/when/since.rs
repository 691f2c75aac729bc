//! A moment gone by, as people write it to say how far back: `7d`, `2026-11-01`, `yesterday`.

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, ToSpan, Zoned};

use super::{WhenError, span};

/// Reads how far back: a length (`7d`, `90m`: a day has 24 hours here), a day (`today`, `yesterday`, `2026-11-01`: from its
/// beginning), a day and time (`2026-11-01 14:00`), or an instant (`2026-11-01T14:00:00Z`). It may lie ahead: then
/// nothing has happened since.
///
/// # Errors
/// Says what was not understood.
pub fn since(input: &str, now: &Zoned) -> Result<Timestamp, WhenError> {
    let text = input.trim();
    if text.is_empty() {
        return Err(WhenError::Empty);
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    let day = match text.to_lowercase().as_str() {
        "today" => Some(now.date()),
        "yesterday" => now.date().checked_sub(1.day()).ok(),
        _ => text.parse::<Date>().ok().filter(|_| text.len() == 10),
    };
    let wall = match day {
        Some(day) => Some(day.to_datetime(jiff::civil::Time::midnight())),
        None if text.contains(':') => text.parse::<DateTime>().ok(),
        None => None,
    };
    match wall {
        Some(wall) => {
            let then = wall.to_zoned(now.time_zone().clone()).map_err(|_| WhenError::no_such(text))?;
            Ok(then.timestamp())
        }
        None => now.timestamp().checked_sub(span(text)?).map_err(|_| WhenError::TooFar),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    #[test]
    fn how_far_back() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        let now = "2026-11-25T10:30".parse::<DateTime>().expect("a time").to_zoned(zone).expect("exists");
        for (input, then) in [
            ("7d", "2026-11-18T09:30:00Z"),
            ("90m", "2026-11-25T08:00:00Z"),
            ("today", "2026-11-24T23:00:00Z"),
            ("Yesterday", "2026-11-23T23:00:00Z"),
            ("2026-11-01", "2026-10-31T23:00:00Z"),
            ("2026-07-01 14:00", "2026-07-01T12:00:00Z"),
            ("2026-07-01T14:00", "2026-07-01T12:00:00Z"),
            ("2026-07-01T14:00:00Z", "2026-07-01T14:00:00Z"),
        ] {
            assert_eq!(since(input, &now).expect(input).to_string(), then, "{input}");
        }
        for input in ["", "soon", "7", "2026-13-01", "20261101", "0d"] {
            assert!(since(input, &now).is_err(), "{input}");
        }
    }
}
