//! A moment in words short enough for a status line.

use jiff::{Timestamp, ToSpan, Zoned};

/// Hours for which a moment is told by how far away it is, not by the clock.
const NEAR_HOURS: i64 = 6;

/// A moment as a person says it, seen from `now` and in its zone: `in 25 min`, `in 2 h 10 min`, `today 18:00`,
/// `tomorrow 09:00`, `Mon 14:30` (within a week), `1 Dec 14:30` (within a year), `2028-12-01 14:30`; `now` for what is past.
///
/// What it says can be typed: for a moment to come within ten years, [`moment`](super::moment) reads it back less than a
/// minute from where it was, except in the second of two equal hours when clocks are set back.
pub fn spoken(ts: Timestamp, now: &Zoned) -> String {
    let seconds = ts.duration_since(now.timestamp()).as_secs();
    if ts <= now.timestamp() {
        return "now".into();
    }
    // Rounded up, so that "in 0 min" is never said and one never comes too early.
    let minutes = seconds / 60 + i64::from(seconds % 60 > 0 || seconds == 0);
    match (minutes / 60, minutes % 60) {
        (0, m) => return format!("in {m} min"),
        (h, 0) if h < NEAR_HOURS => return format!("in {h} h"),
        (h, m) if h < NEAR_HOURS => return format!("in {h} h {m} min"),
        _ => {}
    }
    let then = ts.to_zoned(now.time_zone().clone());
    let (today, day) = (now.date(), then.date());
    let clock = then.strftime("%H:%M");
    let days = today.until(day).map_or(i32::MAX, |span| span.get_days());
    match days {
        0 => format!("today {clock}"),
        1 => format!("tomorrow {clock}"),
        2..=6 => format!("{} {clock}", then.strftime("%a")),
        _ if today.checked_add(1.year()).is_ok_and(|end| day < end) => {
            format!("{} {} {clock}", day.day(), then.strftime("%b"))
        }
        _ => format!("{} {clock}", then.strftime("%Y-%m-%d")),
    }
}
