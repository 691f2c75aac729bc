//! Times of snoozes, in the agent's zone: read from words, told in words.

use jiff::{Timestamp, Zoned};

use super::door::{RowView, line};
use super::state::State;
use crate::conversation::Time;
use crate::text::{SafeText, when};

/// Now by the server's clock, in the agent's zone: a snooze ends by that clock.
pub(super) fn now(state: &State) -> Option<Zoned> {
    let now = Timestamp::from_millisecond(state.server_now().0).ok()?;
    Some(now.to_zoned(state.tz.clone()))
}

/// A moment to come.
pub(super) fn read(state: &State, words: &str) -> Result<Time, SafeText> {
    let now = now(state).ok_or(SafeText::literal("the clock stands outside the calendar"))?;
    let at = when::moment(words, &now).map_err(|error| line(&error.to_string()))?;
    Ok(Time(at.as_millisecond()))
}

/// `Tue 24 Nov 09:00`; today only the time of day.
pub(super) fn clock(state: &State, at: Time) -> String {
    let (Some(now), Ok(at)) = (now(state), Timestamp::from_millisecond(at.0)) else { return String::new() };
    let at = at.to_zoned(state.tz.clone());
    let form = match at.date() {
        day if day == now.date() => "%H:%M",
        day if day.year() == now.year() => "%a %-d %b %H:%M",
        _ => "%-d %b %Y %H:%M",
    };
    at.strftime(form).to_string()
}

/// How far away: `25 min`, `1 h 30 min`, `17 h`, `3 days`; rounded to the nearest.
pub(super) fn distance(state: &State, at: Time) -> String {
    let minutes = (at.since_ms(state.server_now()) + 30_000).max(60_000) / 60_000;
    match (minutes, minutes % 60) {
        (..60, _) => format!("{minutes} min"),
        (60..360, 0) => format!("{} h", minutes / 60),
        (60..360, rest) => format!("{} h {rest} min", minutes / 60),
        (360..2_880, _) => format!("{} h", (minutes + 30) / 60),
        _ => format!("{} days", (minutes + 720) / 1_440),
    }
}

impl State {
    /// When a snoozed conversation wakes, in words: `Tue 24 Nov 09:00`, or what wakes it.
    pub fn wakes_at(&self, row: &RowView) -> String {
        row.snoozed_until.map_or_else(|| "next message".to_owned(), |at| clock(self, at))
    }
}

impl State {
    /// The same for a list: `17:30`, `Tue 09:00` within a week, else `24 Nov`.
    pub fn wakes_shortly(&self, row: &RowView) -> String {
        let Some(at) = row.snoozed_until else { return "next message".to_owned() };
        let (Some(now), Ok(then)) = (now(self), Timestamp::from_millisecond(at.0)) else {
            return String::new();
        };
        let then = then.to_zoned(self.tz.clone());
        let days = at.since_ms(self.server_now()) / 86_400_000;
        let form = match (then.date() == now.date(), days) {
            (true, _) => "%H:%M",
            (false, ..6) => "%a %H:%M",
            (false, _) if then.year() == now.year() => "%-d %b",
            _ => "%-d %b %Y",
        };
        then.strftime(form).to_string()
    }
}

/// The end of a snooze: a time, or what ends it.
pub(super) fn until(state: &State, at: Option<Time>) -> String {
    at.map_or_else(|| "the visitor writes".to_owned(), |at| clock(state, at))
}
