//! What is read, in zones with and without daylight saving, and what may never happen whatever is typed.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use proptest::prelude::*;

use super::*;

const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";
const NEW_YORK: &str = "EST5EDT,M3.2.0,M11.1.0";
/// Half an hour of daylight saving.
const LORD_HOWE: &str = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0";
/// Clocks skip the hour after midnight.
const SANTIAGO: &str = "<-04>4<-03>,M9.1.6/24,M4.1.6/24";
const KATHMANDU: &str = "<+0545>-5:45";
const ZONES: [&str; 6] = [BERLIN, NEW_YORK, LORD_HOWE, SANTIAGO, KATHMANDU, "UTC0"];

fn zone(posix: &str) -> TimeZone {
    TimeZone::posix(posix).unwrap()
}

fn at(wall: &str, posix: &str) -> Zoned {
    wall.parse::<DateTime>().unwrap().to_zoned(zone(posix)).unwrap()
}

/// What is read, as wall time of the same zone.
fn read(input: &str, now: &Zoned) -> Result<String, WhenError> {
    let instant = moment(input, now)?;
    assert!(instant > now.timestamp(), "{input}");
    Ok(instant.to_zoned(now.time_zone().clone()).strftime("%Y-%m-%d %H:%M").to_string())
}

#[test]
fn what_people_write() {
    let cases = [
        ("2h", "2026-11-25 12:30"),
        ("90m", "2026-11-25 12:00"),
        ("1h30m", "2026-11-25 12:00"),
        ("1h30", "2026-11-25 12:00"),
        ("1h 30 min", "2026-11-25 12:00"),
        ("1.5h", "2026-11-25 12:00"),
        ("1.25 hours", "2026-11-25 11:45"),
        ("in 2 hours", "2026-11-25 12:30"),
        ("for 1 hour and 5 minutes", "2026-11-25 11:35"),
        ("in an hour", "2026-11-25 11:30"),
        ("half an hour", "2026-11-25 11:00"),
        ("a week", "2026-12-02 10:30"),
        ("3d", "2026-11-28 10:30"),
        ("1w", "2026-12-02 10:30"),
        ("2 weeks", "2026-12-09 10:30"),
        ("3d 14:00", "2026-11-28 14:00"),
        ("in 2 days at 9", "2026-11-27 09:00"),
        ("tomorrow", "2026-11-26 09:00"),
        ("TOMORROW 9", "2026-11-26 09:00"),
        ("tomorrow 9:30", "2026-11-26 09:30"),
        ("tomorrow at 2pm", "2026-11-26 14:00"),
        ("tomorrow at 2 pm", "2026-11-26 14:00"),
        ("2pm tomorrow", "2026-11-26 14:00"),
        ("tomorrow 2", "2026-11-26 14:00"),
        ("tomorrow 2:00", "2026-11-26 02:00"),
        ("tomorrow 2am", "2026-11-26 02:00"),
        ("tomorrow evening", "2026-11-26 18:00"),
        ("tomorrow evening at 7", "2026-11-26 19:00"),
        ("tomorrow morning", "2026-11-26 09:00"),
        ("tomorrow morning 8", "2026-11-26 08:00"),
        ("tomorrow night", "2026-11-26 20:00"),
        ("tomorrow noon", "2026-11-26 12:00"),
        ("tomorrow 12am", "2026-11-26 00:00"),
        ("tomorrow 12pm", "2026-11-26 12:00"),
        ("mon 9", "2026-11-30 09:00"),
        ("monday", "2026-11-30 09:00"),
        ("on Monday", "2026-11-30 09:00"),
        ("next monday", "2026-11-30 09:00"),
        ("wed", "2026-12-02 09:00"),
        ("wed 16:00", "2026-11-25 16:00"),
        ("this wed 16:00", "2026-11-25 16:00"),
        ("next wed 16:00", "2026-12-02 16:00"),
        ("wed 9", "2026-12-02 09:00"),
        ("fri 16:00", "2026-11-27 16:00"),
        ("16:00 fri", "2026-11-27 16:00"),
        ("fri midnight", "2026-11-28 00:00"),
        ("9", "2026-11-26 09:00"),
        ("11", "2026-11-25 11:00"),
        ("4", "2026-11-25 16:00"),
        ("9am", "2026-11-26 09:00"),
        ("14:30", "2026-11-25 14:30"),
        ("14:30:00", "2026-11-25 14:30"),
        ("10:30", "2026-11-26 10:30"),
        ("at 14:30", "2026-11-25 14:30"),
        ("14h", "2026-11-26 00:30"),
        ("14 uhr", "2026-11-25 14:00"),
        ("tonight", "2026-11-25 20:00"),
        ("tonight 9", "2026-11-25 21:00"),
        ("this evening", "2026-11-25 18:00"),
        ("this afternoon", "2026-11-25 14:00"),
        ("evening", "2026-11-25 18:00"),
        ("morning", "2026-11-26 09:00"),
        ("today 17:00", "2026-11-25 17:00"),
        ("next week", "2026-11-30 09:00"),
        ("next week fri", "2026-12-04 09:00"),
        ("thu next week 8am", "2026-12-03 08:00"),
        ("next month", "2026-12-01 09:00"),
        ("2026-12-01", "2026-12-01 09:00"),
        ("2026-12-01 14:00", "2026-12-01 14:00"),
        ("2026-12-01T14:00", "2026-12-01 14:00"),
        ("2026-12-01 2pm", "2026-12-01 14:00"),
        ("2026-12-01T14:00:00Z", "2026-12-01 15:00"),
        ("1 dec", "2026-12-01 09:00"),
        ("dec 1", "2026-12-01 09:00"),
        ("1st of December, 14:00", "2026-12-01 14:00"),
        ("dec 1st 8", "2026-12-01 08:00"),
        ("1 dec 14:00", "2026-12-01 14:00"),
        ("25 nov 14:00", "2026-11-25 14:00"),
        ("24 nov", "2027-11-24 09:00"),
        ("3 jan 2028", "2028-01-03 09:00"),
        ("may 4", "2027-05-04 09:00"),
        ("29 feb", "2028-02-29 09:00"),
        ("noon", "2026-11-25 12:00"),
        ("midnight", "2026-11-26 00:00"),
    ];
    for posix in [BERLIN, "CET-1"] {
        // A Wednesday.
        let now = at("2026-11-25 10:30", posix);
        for (input, wall) in cases {
            assert_eq!(read(input, &now), Ok(wall.to_owned()), "{input:?}");
        }
    }
}

#[test]
fn what_is_no_time_is_named() {
    let now = at("2026-11-25 10:30", BERLIN);
    for (input, words) in [
        ("", "say when"),
        ("  \n", "say when"),
        ("soonish", "“soonish”"),
        ("tomorrow at the latest", "“latest”"),
        ("tomorow", "“tomorow”"),
        ("tomorrow friday", "“friday”"),
        ("9 10", "“10”"),
        ("1/12", "“1/12”"),
        ("1.12.", "“1.12.”"),
        ("2 months", "“months”"),
        ("-2h", "“-2h”"),
        ("99999999999h", "“99999999999h”"),
        ("2026", "“2026”"),
        ("on", "“on”"),
        ("31 feb", "no “31 feb”"),
        ("30 feb 2027", "no “30 feb 2027”"),
        ("29 feb 2027", "no “29 feb 2027”"),
        ("31st feb", "no “31st feb”"),
        ("25:00", "no “25:00”"),
        ("tomorrow 24", "no “24”"),
        ("9:75", "no “9:75”"),
        ("13pm", "no “13pm”"),
        ("noon 9", "“noon 9”"),
        ("0m", "today 10:30 is past"),
        ("today", "today 09:00 is past"),
        ("today 8", "today 08:00 is past"),
        ("this morning", "today 09:00 is past"),
        ("25 nov", "today 09:00 is past"),
        ("2026-11-24", "2026-11-24 09:00 is past"),
        ("2020-01-01T00:00:00Z", "2020-01-01 01:00 is past"),
        ("2099-01-01", "ten years"),
        ("9999-12-31 23:59", "ten years"),
        ("4000000000s", "ten years"),
        ("4294967295w", "ten years"),
    ] {
        let error = moment(input, &now).expect_err(input).to_string();
        assert!(error.contains(words), "{input:?}: {error}");
        for example in ["2h", "tomorrow 9", "fri 16:00"] {
            assert!(error.contains(example), "{input:?}: {error}");
        }
    }
    let error = moment("\u{1b}]0;x\u{7}\u{202e}", &now).unwrap_err().to_string();
    assert!(!error.chars().any(|c| c.is_control() || c == '\u{202e}'), "{error:?}");
    assert!(moment(&"x".repeat(10_000), &now).unwrap_err().to_string().len() < 200);
}

#[test]
fn the_examples_in_the_errors_are_times() {
    let now = at("2026-11-25 10:30", BERLIN);
    let error = moment("soonish", &now).unwrap_err().to_string();
    let examples: Vec<&str> = error.split('“').skip(2).map(|part| part.split('”').next().unwrap()).collect();
    assert_eq!(examples.len(), 3);
    for example in examples {
        assert!(moment(example, &now).is_ok(), "{example}");
    }
}

/// Clocks go forward: the hour from 2:00 is not there.
#[test]
fn the_night_that_loses_an_hour() {
    let berlin = at("2027-03-27 22:00", BERLIN);
    assert_eq!(read("tomorrow 2:30", &berlin).unwrap(), "2027-03-28 03:30");
    assert_eq!(read("tomorrow 3:30", &berlin).unwrap(), "2027-03-28 03:30");
    assert_eq!(read("2:30", &berlin).unwrap(), "2027-03-28 03:30");
    // Hours are hours: five from 22:00 end at 4:00 on the wall. A day is a day.
    assert_eq!(read("5h", &berlin).unwrap(), "2027-03-28 04:00");
    assert_eq!(read("1d", &berlin).unwrap(), "2027-03-28 22:00");
    assert_eq!(read("tomorrow", &berlin).unwrap(), "2027-03-28 09:00");
    let new_york = at("2027-03-13 12:00", NEW_YORK);
    assert_eq!(read("sun 2:15", &new_york).unwrap(), "2027-03-14 03:15");
    let lord_howe = at("2026-10-03 12:00", LORD_HOWE);
    assert_eq!(read("tomorrow 2:10", &lord_howe).unwrap(), "2026-10-04 02:40");
    let santiago = at("2026-09-05 12:00", SANTIAGO);
    assert_eq!(read("midnight", &santiago).unwrap(), "2026-09-06 01:00");
    assert_eq!(read("tomorrow 0:30", &santiago).unwrap(), "2026-09-06 01:30");
}

/// Clocks go back: the hour from 2:00 is there twice.
#[test]
fn the_night_that_has_an_hour_twice() {
    let instant = |input: &str, now: &Zoned| moment(input, now).unwrap().to_string();
    let evening = at("2026-10-24 22:00", BERLIN);
    assert_eq!(instant("tomorrow 2:30", &evening), "2026-10-25T00:30:00Z", "the first of the two");
    assert_eq!(instant("5h", &evening), "2026-10-25T01:00:00Z");
    assert_eq!(read("5h", &evening).unwrap(), "2026-10-25 02:00");
    assert_eq!(read("1d", &evening).unwrap(), "2026-10-25 22:00");
    let between: Timestamp = "2026-10-25T00:45:00Z".parse().unwrap();
    let between = between.to_zoned(zone(BERLIN));
    assert_eq!(instant("2:30", &between), "2026-10-25T01:30:00Z", "the first has gone by");
    assert_eq!(instant("today 2:30", &between), "2026-10-25T01:30:00Z");
    let new_york = at("2026-10-31 12:00", NEW_YORK);
    assert_eq!(instant("tomorrow 1:30", &new_york), "2026-11-01T05:30:00Z");
}

#[test]
fn lengths() {
    for (input, seconds) in [
        ("30m", 1800),
        ("1h30m", 5400),
        ("90 s", 90),
        ("1d", 86_400),
        ("1w 1d", 691_200),
        ("half an hour", 1800),
    ] {
        assert_eq!(span(input), Ok(Duration::from_secs(seconds)), "{input}");
    }
    for (input, words) in
        [("", "say when"), ("30", "“30”"), ("tomorrow", "“tomorrow”"), ("0m", "no “0m”"), ("999w", "ten")]
    {
        let error = span(input).expect_err(input).to_string();
        assert!(error.contains(words), "{input:?}: {error}");
    }
}

#[test]
fn absences() {
    let now = at("2026-11-25 10:30", BERLIN);
    let cases = [
        ("", None, None),
        ("lunch", None, Some("lunch")),
        ("a doctor", None, Some("a doctor")),
        ("30m", Some("2026-11-25 11:00"), None),
        ("30m lunch", Some("2026-11-25 11:00"), Some("lunch")),
        ("1h 30m  long lunch", Some("2026-11-25 12:00"), Some("long lunch")),
        ("for 2 hours dentist", Some("2026-11-25 12:30"), Some("dentist")),
        ("lunch 30m", Some("2026-11-25 11:00"), Some("lunch")),
        ("lunch for 30 minutes", Some("2026-11-25 11:00"), Some("lunch")),
        ("until 14:00 dentist", Some("2026-11-25 14:00"), Some("dentist")),
        ("Until 2 dentist", Some("2026-11-25 14:00"), Some("dentist")),
        ("dentist until 14:00", Some("2026-11-25 14:00"), Some("dentist")),
        ("until tomorrow", Some("2026-11-26 09:00"), None),
        ("until mon 9 moving house", Some("2026-11-30 09:00"), Some("moving house")),
        ("2 interviews", None, Some("2 interviews")),
        ("in a meeting", None, Some("in a meeting")),
        ("waiting until it works", None, Some("waiting until it works")),
    ];
    for (input, until, reason) in cases {
        let read = away(input, &now).unwrap_or_else(|e| panic!("{input:?}: {e}"));
        let wall =
            read.until.map(|t| t.to_zoned(now.time_zone().clone()).strftime("%Y-%m-%d %H:%M").to_string());
        assert_eq!((wall.as_deref(), read.reason.as_deref()), (until, reason), "{input:?}");
    }
    for (input, words) in [
        ("until", "say when"),
        ("until whenever I like", "“whenever”"),
        ("until today 9 late", "past"),
        ("until 25:00", "25:00"),
        ("0m lunch", "0m"),
    ] {
        let error = away(input, &now).expect_err(input).to_string();
        assert!(error.contains(words), "{input:?}: {error}");
    }
}

#[test]
fn moments_in_words() {
    let now = at("2026-11-25 10:30", BERLIN);
    for (wall, words) in [
        ("2026-11-25 10:00", "now"),
        ("2026-11-25 10:31", "in 1 min"),
        ("2026-11-25 10:55", "in 25 min"),
        ("2026-11-25 12:30", "in 2 h"),
        ("2026-11-25 12:40", "in 2 h 10 min"),
        ("2026-11-25 18:00", "today 18:00"),
        ("2026-11-26 09:00", "tomorrow 09:00"),
        ("2026-11-30 14:30", "Mon 14:30"),
        ("2026-12-02 14:30", "2 Dec 14:30"),
        ("2027-11-24 09:00", "24 Nov 09:00"),
        ("2027-11-25 09:00", "2027-11-25 09:00"),
    ] {
        assert_eq!(spoken(at(wall, BERLIN).timestamp(), &now), words, "{wall}");
    }
}

/// Words that reach deep into the grammar.
fn soup() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "in",
        "for",
        "until",
        "next",
        "this",
        "a",
        "an",
        "half",
        "and",
        "today",
        "tomorrow",
        "tonight",
        "week",
        "month",
        "mon",
        "sunday",
        "feb",
        "dec",
        "st",
        "1",
        "9",
        "29",
        "31",
        "2027",
        "999999999",
        "4294967295",
        "h",
        "m",
        "d",
        "w",
        "am",
        "pm",
        ":",
        "30",
        ".",
        "noon",
        "midnight",
        "evening",
        "2026-12-01",
        "9999-12-31",
        "T",
        "lunch",
        "é",
        "-",
    ]);
    let glue = prop::sample::select(vec!["", " ", ", "]);
    prop::collection::vec((words, glue), 0..9)
        .prop_map(|parts| parts.into_iter().map(|(word, glue)| format!("{word}{glue}")).collect())
}

fn some_now() -> impl Strategy<Value = Zoned> {
    // 2000 to 2100.
    (946_684_800i64..4_102_444_800, prop::sample::select(ZONES.to_vec()))
        .prop_map(|(s, posix)| Timestamp::from_second(s).unwrap().to_zoned(zone(posix)))
}

proptest! {
    #[test]
    fn whatever_is_typed_is_a_time_to_come_or_an_inert_sentence(
        input in prop_oneof![any::<String>(), soup()],
        now in some_now(),
    ) {
        let inert = |error: &WhenError| {
            let words = error.to_string();
            words.len() < 400 && !words.chars().any(char::is_control)
        };
        match moment(&input, &now) {
            Ok(instant) => prop_assert!(instant > now.timestamp()),
            Err(error) => prop_assert!(inert(&error)),
        }
        if let Err(error) = span(&input) {
            prop_assert!(inert(&error));
        }
        match away(&input, &now) {
            Ok(away) => prop_assert!(away.until.is_none_or(|until| until > now.timestamp())),
            Err(error) => prop_assert!(inert(&error)),
        }
    }

    #[test]
    fn what_is_spoken_is_read_back(now in some_now(), ahead in prop_oneof![1i64..400_000, 1i64..315_000_000]) {
        let then = now.timestamp().checked_add(jiff::SignedDuration::from_secs(ahead)).unwrap();
        let words = spoken(then, &now);
        let wall = then.to_zoned(now.time_zone().clone());
        // In the second of two equal hours the first is meant.
        let twice = wall.datetime().to_zoned(wall.time_zone().clone()).unwrap().timestamp() != then;
        let back = moment(&words, &now).unwrap_or_else(|e| panic!("{words}: {e}"));
        let off = back.duration_since(then).as_secs().abs();
        prop_assert!(off < 60 || (twice && off < 3660), "{words}: {off}");
    }

    #[test]
    fn order_and_case_do_not_matter(hour in 0i8..24, minute in 0i8..60, now in some_now()) {
        for day in ["tomorrow", "fri", "1 dec", "next week"] {
            let one = format!("{day} {hour:02}:{minute:02}");
            let two = format!("{hour:02}:{minute:02} {}", day.to_uppercase());
            prop_assert_eq!(moment(&one, &now), moment(&two, &now));
        }
    }
}
