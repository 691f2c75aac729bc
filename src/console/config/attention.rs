//! `[attention]` of `console.toml`: how a waiting visitor is told of.
//!
//! Four classes, each with its own settings; what a class does not say is that class's default. Quiet hours silence
//! everything but the banner and the title.

use jiff::civil::{Time, Weekday};
use serde::Deserialize;

/// `[attention]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attention {
    /// How the terminal is asked for a desktop notification.
    pub notify: Notify,
    /// A program that is run, with its arguments, no shell between; empty: none. It learns class, counts and seconds from
    /// `BATON_…` variables, never a word of a visitor.
    pub command: Vec<String>,
    /// Whether notifications may carry the visitor's name; else they are made of fixed words and counts.
    pub names: bool,
    /// Whether handoffs alert while one is Away.
    pub when_away: bool,
    /// When nothing rings, such as `"22:00-07:00"` or `"sat"` or `"mon-fri 18:00-24:00"`, in the agent's time zone.
    pub quiet: Vec<Quiet>,
    /// A visitor waits in the queue.
    pub handoff: Loudness,
    /// A colleague passed a conversation on to me.
    pub passed: Loudness,
    /// One of mine is about to return to the queue unanswered.
    pub overdue: Loudness,
    /// A visitor of mine wrote while I look elsewhere.
    pub reply: Loudness,
}

/// A class of alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// A visitor waits in the queue.
    Handoff,
    /// A colleague passed a conversation on to me.
    Passed,
    /// One of mine is about to return to the queue unanswered.
    Overdue,
    /// A visitor of mine wrote while I look elsewhere.
    Reply,
}

impl Class {
    /// All of them.
    pub const ALL: [Class; 4] = [Class::Handoff, Class::Passed, Class::Overdue, Class::Reply];

    /// Its name in settings and in `BATON_CLASS`.
    pub fn word(self) -> &'static str {
        match self {
            Class::Handoff => "handoff",
            Class::Passed => "passed",
            Class::Overdue => "overdue",
            Class::Reply => "reply",
        }
    }
}

/// How loud a class is; what is not said is the class's default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Loudness {
    /// Ring the terminal's bell.
    pub bell: Option<bool>,
    /// Ask the terminal for a desktop notification.
    pub notify: Option<bool>,
    /// Run the program.
    pub command: Option<bool>,
    /// Seconds until it is told again while nothing was done about it; 0: once.
    pub repeat_s: Option<u32>,
    /// Seconds after which it is told three times as often, and to the program as `BATON_LEVEL=1`; 0: never.
    pub escalate_after_s: Option<u32>,
}

/// A class's settings, whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loud {
    /// Ring.
    pub bell: bool,
    /// Ask for a notification.
    pub notify: bool,
    /// Run the program.
    pub command: bool,
    /// Milliseconds until the next time; none: once.
    pub repeat_ms: Option<u64>,
    /// Milliseconds until it is told more often; none: never.
    pub escalate_ms: Option<u64>,
}

impl Attention {
    /// How loud a class is. Handoffs repeat every 30 s and escalate after a minute; what is passed on to me likewise; a
    /// conversation about to return repeats every 30 s; a reply rings once.
    pub fn of(&self, class: Class) -> Loud {
        let (said, repeat, escalate) = match class {
            Class::Handoff => (self.handoff, 30, 60),
            Class::Passed => (self.passed, 30, 60),
            Class::Overdue => (self.overdue, 30, 0),
            Class::Reply => (self.reply, 0, 0),
        };
        let ms = |seconds: u32| (seconds > 0).then(|| u64::from(seconds) * 1_000);
        Loud {
            bell: said.bell.unwrap_or(true),
            notify: said.notify.unwrap_or(true),
            command: said.command.unwrap_or(true),
            repeat_ms: ms(said.repeat_s.unwrap_or(repeat)),
            escalate_ms: ms(said.escalate_after_s.unwrap_or(escalate)),
        }
    }
}

/// How the terminal is asked for a desktop notification.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notify {
    /// The way the terminal is known to take; none where it is not known.
    #[default]
    Auto,
    /// Never.
    Off,
    /// OSC 9: iTerm2, WezTerm, Ghostty, Windows Terminal.
    Osc9,
    /// OSC 777: foot, rxvt-unicode, VTE.
    Osc777,
    /// OSC 99: kitty; withdrawn when the cause is gone.
    Osc99,
}

/// A stretch of quiet hours.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Quiet {
    /// On these weekdays; a stretch over midnight belongs to the day it begins on.
    days: Vec<Weekday>,
    /// From this minute of the day on.
    from: u32,
    /// Until this minute, 1,440 being midnight at its end; at or before `from`: on the next day.
    to: u32,
}

/// A stretch that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "“{0}” is no quiet time; write it like \"22:00-07:00\", \"sat\", \"sat-sun\" or \"mon-fri 18:00-24:00\""
)]
pub struct NoQuiet(String);

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

fn days(text: &str) -> Option<Vec<Weekday>> {
    let place = |name: &str| DAYS.iter().position(|(day, _)| *day == name);
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (place(first)?, place(last)?);
    let many = (last + 7 - first) % 7;
    Some((0..=many).map(|n| DAYS[(first + n) % 7].1).collect())
}

fn minute(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let all = hours * 60 + minutes;
    (minutes < 60 && all <= 1_440).then_some(all)
}

fn hours(text: &str) -> Option<(u32, u32)> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (minute(from)?, minute(to)?);
    (from < 1_440).then_some((from, to))
}

impl TryFrom<String> for Quiet {
    type Error = NoQuiet;
    fn try_from(text: String) -> Result<Self, NoQuiet> {
        let lower = text.to_lowercase();
        let words: Vec<&str> = lower.split_whitespace().collect();
        let every = || DAYS.iter().map(|(_, day)| *day).collect();
        let read = match words.as_slice() {
            [one] => match (days(one), hours(one)) {
                (Some(days), _) => Some((days, (0, 1_440))),
                (None, Some(hours)) => Some((every(), hours)),
                (None, None) => None,
            },
            [first, second] => days(first).zip(hours(second)),
            _ => None,
        };
        match read {
            Some((days, (from, to))) => Ok(Self { days, from, to }),
            None => Err(NoQuiet(text.escape_debug().take(40).collect())),
        }
    }
}

impl Quiet {
    /// Whether it is quiet at this hour of this day.
    pub fn holds(&self, day: Weekday, time: Time) -> bool {
        let now = u32::from(time.hour().unsigned_abs()) * 60 + u32::from(time.minute().unsigned_abs());
        if self.from < self.to {
            return self.days.contains(&day) && (self.from..self.to).contains(&now);
        }
        let before = day.previous();
        (self.days.contains(&day) && now >= self.from) || (self.days.contains(&before) && now < self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet(text: &str) -> Quiet {
        Quiet::try_from(text.to_owned()).expect("it reads")
    }

    #[test]
    fn quiet_hours_hold_over_midnight_and_on_their_days() {
        let at = |h| Time::new(h, 30, 0, 0).expect("an hour");
        let night = quiet("22:00-07:00");
        for (hour, holds) in [(21, false), (22, true), (3, true), (6, true), (7, false), (12, false)] {
            assert_eq!(night.holds(Weekday::Monday, at(hour)), holds, "{hour}");
        }
        let weekend = quiet("sat-sun");
        assert!(weekend.holds(Weekday::Saturday, at(0)) && weekend.holds(Weekday::Sunday, at(23)));
        assert!(!weekend.holds(Weekday::Monday, at(0)) && !weekend.holds(Weekday::Friday, at(23)));
        let friday = quiet("Fri 20:00-06:00");
        assert!(friday.holds(Weekday::Friday, at(21)) && friday.holds(Weekday::Saturday, at(5)));
        assert!(!friday.holds(Weekday::Saturday, at(21)) && !friday.holds(Weekday::Friday, at(5)));
        let evening = quiet("fri-mon 18:00-24:00");
        assert!(evening.holds(Weekday::Sunday, at(23)) && !evening.holds(Weekday::Tuesday, at(23)));
    }

    #[test]
    fn what_is_no_time_is_refused_with_examples() {
        for text in ["", "night", "25:00-26:00", "7-9", "sat 7", "24:00-07:00", "10:75-11:00", "mon tue wed"]
        {
            let error = Quiet::try_from(text.to_owned()).expect_err(text).to_string();
            assert!(error.contains("22:00-07:00"), "{error}");
        }
    }
}
