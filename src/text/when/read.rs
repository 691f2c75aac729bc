//! Reading: parts to a day and a time of day, and those to an instant.

use std::time::Duration;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::Disambiguation;
use jiff::{Span, Timestamp, ToSpan, Zoned};

use super::WhenError;
use super::lex::{Kind, Lex, lex};

/// Farthest away a moment may lie. A snooze for longer is a slip of the keyboard.
pub const MAX_YEARS: i32 = 10;

/// The hour a bare day begins at, for people who work.
const MORNING: i8 = 9;

/// Reads a moment to come; the table is at [the module](super).
///
/// # Errors
/// Says what was not understood, what does not exist, or that it is past.
pub fn moment(input: &str, now: &Zoned) -> Result<Timestamp, WhenError> {
    if let Ok(instant) = input.trim().parse::<Timestamp>() {
        return to_come(instant, now);
    }
    let parts = lex(input);
    if parts.is_empty() {
        return Err(if input.trim().is_empty() {
            WhenError::Empty
        } else {
            WhenError::not_understood(input)
        });
    }
    if let Some(length) = length(&parts) {
        let later = length.after(now).ok_or(WhenError::TooFar)?;
        return to_come(later, now);
    }
    Spec::read(&parts)?.resolve(input, now)
}

/// Reads a length of time: `30m`, `1h30m`, `1.5h`, `2 hours`, `3d` (a day has 24 hours here), `1w`.
///
/// # Errors
/// Says what was not understood; nothing, and no time at all, are refused; at most [`MAX_YEARS`].
pub fn span(input: &str) -> Result<Duration, WhenError> {
    let parts = lex(input);
    if parts.is_empty() && input.trim().is_empty() {
        return Err(WhenError::Empty);
    }
    let length = length(&parts).ok_or_else(|| WhenError::not_understood(input))?;
    let seconds = length.days * 86_400 + length.seconds;
    match u64::try_from(seconds) {
        Ok(0) | Err(_) => Err(WhenError::no_such(input)),
        Ok(seconds) if seconds > u64::from(MAX_YEARS.unsigned_abs()) * 366 * 86_400 => Err(WhenError::TooFar),
        Ok(seconds) => Ok(Duration::from_secs(seconds)),
    }
}

/// Checks that an instant is to come, and not absurdly far away.
fn to_come(instant: Timestamp, now: &Zoned) -> Result<Timestamp, WhenError> {
    if instant <= now.timestamp() {
        let then = instant.to_zoned(now.time_zone().clone());
        let when = if then.date() == now.date() {
            format!("today {}", then.strftime("%H:%M"))
        } else {
            then.strftime("%Y-%m-%d %H:%M").to_string()
        };
        return Err(WhenError::Past { when });
    }
    match now.checked_add(MAX_YEARS.years()) {
        Ok(end) if instant > end.timestamp() => Err(WhenError::TooFar),
        _ => Ok(instant),
    }
}

/// A length: calendar days, and seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Length {
    days: i64,
    seconds: i64,
}

impl Length {
    fn after(self, now: &Zoned) -> Option<Timestamp> {
        let days = Span::new().try_days(self.days).ok()?;
        let seconds = Span::new().try_seconds(self.seconds).ok()?;
        Some(now.checked_add(days).ok()?.checked_add(seconds).ok()?.timestamp())
    }
}

/// Seconds in a unit, or calendar days.
fn unit(word: &str) -> Option<Length> {
    let (days, seconds) = match word {
        "s" | "sec" | "secs" | "second" | "seconds" => (0, 1),
        "m" | "min" | "mins" | "minute" | "minutes" => (0, 60),
        "h" | "hr" | "hrs" | "hour" | "hours" => (0, 3600),
        "d" | "day" | "days" => (1, 0),
        "w" | "wk" | "wks" | "week" | "weeks" => (7, 0),
        _ => return None,
    };
    Some(Length { days, seconds })
}

/// The whole as a length; none where it is something else.
fn length(parts: &[Lex]) -> Option<Length> {
    let mut rest = match parts.first()?.word() {
        Some("in" | "for") => &parts[1..],
        _ => parts,
    };
    let mut sum = Length::default();
    let mut hours_before = false;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (more, used) = match rest {
            [n, dot, tenths, of, ..] if dot.kind == Kind::Dot => (fraction(n, tenths, of)?, 4),
            [n, of, ..] if matches!(n.kind, Kind::Num(..)) => (times(n, unit(of.word()?)?)?, 2),
            // 1h30
            [n] if hours_before => (times(n, Length { days: 0, seconds: 60 })?, 1),
            [half, a, of, ..] if half.word() == Some("half") && article(a) => {
                let Length { days: 0, seconds } = unit(of.word()?)? else { return None };
                (Length { days: 0, seconds: seconds / 2 }, 3)
            }
            [a, of, ..] if article(a) => (unit(of.word()?)?, 2),
            _ => return None,
        };
        hours_before = used == 2 && unit(rest[1].word()?).is_some_and(|u| u.seconds == 3600);
        sum.days = sum.days.checked_add(more.days)?;
        sum.seconds = sum.seconds.checked_add(more.seconds)?;
        rest = &rest[used..];
        if rest.len() > 1 && rest[0].word() == Some("and") {
            rest = &rest[1..];
        }
    }
    Some(sum)
}

fn article(part: &Lex) -> bool {
    matches!(part.word(), Some("a" | "an" | "one"))
}

fn times(n: &Lex, of: Length) -> Option<Length> {
    let Kind::Num(n, _) = n.kind else { return None };
    let n = i64::from(n);
    Some(Length { days: n * of.days, seconds: n * of.seconds })
}

/// `1.5h`: a decimal of hours, to two places.
fn fraction(n: &Lex, tenths: &Lex, of: &Lex) -> Option<Length> {
    let (Kind::Num(whole, _), Kind::Num(part, digits @ 1..=2)) = (&n.kind, &tenths.kind) else { return None };
    let Length { days: 0, seconds: 3600 } = unit(of.word()?)? else { return None };
    let hundredths = if *digits == 1 { part * 10 } else { *part };
    Some(Length { days: 0, seconds: i64::from(*whole) * 3600 + i64::from(hundredths) * 36 })
}

/// Which day.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Day {
    Today,
    Tomorrow,
    /// So many days from today.
    In(i64),
    /// The next such day; `true`: today is out of the question.
    Week(Weekday, bool),
    NextWeek(Weekday),
    NextMonth,
    On(Date),
    /// Month and day: the next such date, today included.
    Of(i8, i8),
}

/// Which part of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Morning,
    Noon,
    Afternoon,
    Evening,
    Night,
    Midnight,
}

/// A time of day as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Clock {
    hour: i8,
    minute: i8,
    second: i8,
    /// Whether `am`, `pm` or minutes say which half of the day is meant.
    exact: bool,
}

/// What was understood so far.
#[derive(Debug, Default)]
struct Spec {
    day: Option<Day>,
    next_week: bool,
    clock: Option<Clock>,
    part: Option<Part>,
}

impl Spec {
    fn read(parts: &[Lex]) -> Result<Self, WhenError> {
        let mut spec = Spec::default();
        let mut rest = parts;
        while let Some(first) = rest.first() {
            let used = spec.take(rest)?;
            if used == 0 {
                return Err(WhenError::not_understood(first.chunk));
            }
            rest = &rest[used..];
        }
        if spec.next_week {
            spec.day = match spec.day {
                None => Some(Day::NextWeek(Weekday::Monday)),
                Some(Day::Week(day, _)) => Some(Day::NextWeek(day)),
                Some(_) => return Err(WhenError::not_understood("next week")),
            };
        }
        Ok(spec)
    }

    /// Takes the next thing; how many parts it had, 0: not understood.
    fn take(&mut self, rest: &[Lex]) -> Result<usize, WhenError> {
        let (first, second) = (&rest[0], rest.get(1));
        let second_word = second.and_then(Lex::word);
        let used = match (&first.kind, second_word) {
            (Kind::Date(date), _) => self.day(Day::On(*date), 1),
            (Kind::Num(..), Some(word)) if month(word).is_some() || ordinal(word) => return self.date(rest),
            (Kind::Num(n, _), Some(word)) if unit(word).is_some_and(|u| u.days > 0) => {
                let days = i64::from(*n) * unit(word).map_or(1, |u| u.days);
                self.day(Day::In(days), 2)
            }
            (Kind::Num(..), _) => return self.clock(rest),
            (Kind::Word(word), _) => match (word.as_str(), second_word) {
                ("in", _) if matches!(second.map(|s| &s.kind), Some(Kind::Num(..))) => 1,
                ("today", _) => self.day(Day::Today, 1),
                ("tomorrow" | "tmr" | "tmrw", _) => self.day(Day::Tomorrow, 1),
                ("tonight", _) => self.day(Day::Today, 1).min(self.part(Part::Night, 1)),
                ("next", Some("week")) if !self.next_week => {
                    self.next_week = true;
                    2
                }
                ("next", Some("month")) => self.day(Day::NextMonth, 2),
                ("next", Some(day)) => weekday(day).map_or(0, |day| self.day(Day::Week(day, true), 2)),
                ("this", Some(word)) if weekday(word).is_some() => 1,
                ("this", Some(word)) if part(word).is_some() => self.day(Day::Today, 1),
                ("a" | "this" | "in", _) => 0,
                (word, _) if month(word).is_some() => return self.date(rest),
                (word, _) => match (weekday(word), part(word)) {
                    (Some(day), _) => self.day(Day::Week(day, false), 1),
                    (_, Some(part)) => self.part(part, 1),
                    _ => 0,
                },
            },
            _ => 0,
        };
        Ok(used)
    }

    /// Notes the day; a second one is not understood.
    fn day(&mut self, day: Day, used: usize) -> usize {
        if self.day.is_some() {
            return 0;
        }
        self.day = Some(day);
        used
    }

    fn part(&mut self, part: Part, used: usize) -> usize {
        if self.part.is_some() {
            return 0;
        }
        self.part = Some(part);
        used
    }

    /// `1 dec`, `dec 1st`, either with a year behind.
    fn date(&mut self, rest: &[Lex]) -> Result<usize, WhenError> {
        let mut number = None;
        let mut named = None;
        let mut used = 0;
        for part in rest {
            match &part.kind {
                Kind::Num(n, digits) if number.is_none() && *digits <= 2 => number = Some(*n),
                Kind::Word(word) if ordinal(word) && number.is_some() => {}
                Kind::Word(word) if named.is_none() && month(word).is_some() => named = month(word),
                _ => break,
            }
            used += 1;
        }
        let (Some(number), Some(month)) = (number, named) else { return Ok(0) };
        let year = match rest.get(used).map(|p| &p.kind) {
            Some(Kind::Num(year, 4)) if !matches!(rest.get(used + 1).map(|p| &p.kind), Some(Kind::Colon)) => {
                used += 1;
                Some(*year)
            }
            _ => None,
        };
        // Without a year any day that some year has: 2028 is a leap year.
        let date = || {
            let year = i16::try_from(year.unwrap_or(2028)).ok()?;
            Date::new(year, month, i8::try_from(number).ok()?).ok()
        };
        let Some(date) = date() else {
            let mut written: Vec<&str> = rest[..used].iter().map(|p| p.chunk).collect();
            // “1st” is two parts of one word.
            written.dedup();
            return Err(WhenError::no_such(&written.join(" ")));
        };
        let day = if year.is_some() { Day::On(date) } else { Day::Of(date.month(), date.day()) };
        Ok(self.day(day, used))
    }

    /// `9`, `9:30`, `9:30:15`, each with `am` or `pm` behind.
    fn clock(&mut self, rest: &[Lex]) -> Result<usize, WhenError> {
        let mut numbers = [0; 3];
        let mut count = 0;
        let mut used = 0;
        while let Some(Kind::Num(n, digits)) = rest.get(used).map(|p| &p.kind) {
            if *digits > 2 || count > 0 && *digits != 2 {
                return Ok(0);
            }
            numbers[count] = i8::try_from(*n).unwrap_or(i8::MAX);
            (count, used) = (count + 1, used + 1);
            let goes_on = count < 3
                && rest.get(used).is_some_and(|p| p.kind == Kind::Colon)
                && matches!(rest.get(used + 1).map(|p| &p.kind), Some(Kind::Num(..)));
            if !goes_on {
                break;
            }
            used += 1;
        }
        let half = rest.get(used).and_then(Lex::word);
        let [mut hour, minute, second] = numbers;
        match half {
            Some("am" | "pm" | "a" | "p") if !(1..=12).contains(&hour) => {
                return Err(WhenError::no_such(rest[0].chunk));
            }
            Some("am" | "a") => hour %= 12,
            Some("pm" | "p") => hour = hour % 12 + 12,
            Some("h" | "uhr") if count == 1 => used += 1,
            _ => {}
        }
        let meridiem = matches!(half, Some("am" | "pm" | "a" | "p"));
        used += usize::from(meridiem);
        if Time::new(hour, minute, second, 0).is_err() {
            return Err(WhenError::no_such(rest[0].chunk));
        }
        if self.clock.is_some() {
            return Ok(0);
        }
        self.clock = Some(Clock { hour, minute, second, exact: meridiem || count > 1 });
        Ok(used)
    }

    /// The time of day, and how many days later it falls (midnight is the end of a day).
    fn time(&self, input: &str) -> Result<(Time, i64), WhenError> {
        use Part::{Afternoon, Evening, Midnight, Morning, Night, Noon};
        let (hour, minute, second) = match (self.clock, self.part) {
            (Some(_), Some(Noon | Midnight)) => return Err(WhenError::not_understood(input)),
            (Some(Clock { hour: hour @ 1..=11, minute, second, .. }), Some(Afternoon | Evening | Night)) => {
                (hour + 12, minute, second)
            }
            (Some(Clock { hour: hour @ 1..=6, exact: false, .. }), None) => (hour + 12, 0, 0),
            (Some(Clock { hour, minute, second, .. }), _) => (hour, minute, second),
            (None, Some(Midnight)) => return Ok((Time::midnight(), 1)),
            (None, part) => {
                let hour = match part {
                    None | Some(Morning | Midnight) => MORNING,
                    Some(Noon) => 12,
                    Some(Afternoon) => 14,
                    Some(Evening) => 18,
                    Some(Night) => 20,
                };
                (hour, 0, 0)
            }
        };
        let time = Time::new(hour, minute, second, 0).map_err(|_| WhenError::no_such(input))?;
        Ok((time, 0))
    }

    fn resolve(&self, input: &str, now: &Zoned) -> Result<Timestamp, WhenError> {
        let (time, later) = self.time(input)?;
        let today = now.date();
        let on = |date: Date, days: i64| -> Result<Timestamp, WhenError> {
            let days = Span::new().try_days(days + later).map_err(|_| WhenError::TooFar)?;
            at(date.checked_add(days).map_err(|_| WhenError::TooFar)?, time, now)
        };
        let ahead = |day: Weekday| i64::from(today.weekday().until(day));
        let instant = match self.day {
            // The next such time: tomorrow's where today's is past. (Two days, should clocks skip tomorrow's.)
            None => {
                let next = (0..3).find_map(|days| on(today, days).ok().filter(|t| *t > now.timestamp()));
                next.ok_or(WhenError::TooFar)?
            }
            Some(Day::Today) => on(today, 0)?,
            Some(Day::Tomorrow) => on(today, 1)?,
            Some(Day::In(days)) => on(today, days)?,
            Some(Day::Week(day, not_today)) => {
                let said = self.clock.is_some() || self.part.is_some();
                let today_still = said && !not_today && on(today, 0)? > now.timestamp();
                match ahead(day) {
                    0 if !today_still => on(today, 7)?,
                    days => on(today, days)?,
                }
            }
            Some(Day::NextWeek(day)) => {
                let monday = 7 - i64::from(today.weekday().to_monday_zero_offset());
                on(today, monday + i64::from(day.to_monday_zero_offset()))?
            }
            Some(Day::NextMonth) => {
                let next = today.first_of_month().checked_add(1.month()).map_err(|_| WhenError::TooFar)?;
                on(next, 0)?
            }
            Some(Day::On(date)) => on(date, 0)?,
            Some(Day::Of(month, day)) => {
                // Nine years hold a 29 February, also around a century.
                let dates = (0..9).filter_map(|years| Date::new(today.year() + years, month, day).ok());
                on(dates.filter(|date| *date >= today).min().ok_or(WhenError::TooFar)?, 0)?
            }
        };
        to_come(instant, now)
    }
}

/// A wall time as an instant: skipped times move forward; of two, the first still to come.
fn at(date: Date, time: Time, now: &Zoned) -> Result<Timestamp, WhenError> {
    let ambiguous = now.time_zone().to_ambiguous_zoned(date.to_datetime(time));
    let with = |how| ambiguous.clone().disambiguate(how).map(|z| z.timestamp());
    let first = with(Disambiguation::Compatible).map_err(|_| WhenError::TooFar)?;
    if first > now.timestamp() {
        return Ok(first);
    }
    Ok(with(Disambiguation::Later).unwrap_or(first))
}

fn ordinal(word: &str) -> bool {
    matches!(word, "st" | "nd" | "rd" | "th")
}

fn part(word: &str) -> Option<Part> {
    Some(match word {
        "morning" => Part::Morning,
        "noon" | "midday" => Part::Noon,
        "afternoon" => Part::Afternoon,
        "evening" => Part::Evening,
        "night" => Part::Night,
        "midnight" => Part::Midnight,
        _ => return None,
    })
}

fn weekday(word: &str) -> Option<Weekday> {
    Some(match word {
        "mon" | "monday" => Weekday::Monday,
        "tue" | "tues" | "tuesday" => Weekday::Tuesday,
        "wed" | "weds" | "wednesday" => Weekday::Wednesday,
        "thu" | "thur" | "thurs" | "thursday" => Weekday::Thursday,
        "fri" | "friday" => Weekday::Friday,
        "sat" | "saturday" => Weekday::Saturday,
        "sun" | "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

fn month(word: &str) -> Option<i8> {
    Some(match word {
        "jan" | "january" => 1,
        "feb" | "february" => 2,
        "mar" | "march" => 3,
        "apr" | "april" => 4,
        "may" => 5,
        "jun" | "june" => 6,
        "jul" | "july" => 7,
        "aug" | "august" => 8,
        "sep" | "sept" | "september" => 9,
        "oct" | "october" => 10,
        "nov" | "november" => 11,
        "dec" | "december" => 12,
        _ => return None,
    })
}
