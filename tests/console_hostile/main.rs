//! The hostile corpus in every field it can reach, through the real screen into a terminal emulator, at 40, 80 and 120 columns.
//!
//! The oracle is that of a reader who knows nothing of how drawing works: there is a harmless text such that every cell outside
//! the field is the same as with the hostile one. Where the field is, two harmless texts tell: the cells in which they differ.
//! The list's rows and the conversation's head are compared cell by cell beside the words; in a pane whose rows are wrapped text the field is what
//! lies right of where it begins, up to the margin nothing from outside may reach. The bytes go through a list of what is ours.
#![allow(clippy::panic, reason = "a test fails that way")]

#[path = "../console_support/mod.rs"]
mod console_support;
#[path = "../console_support/stream.rs"]
mod stream;

mod case;
mod field;
mod frame;
mod ready;

use baton::console::app::layout::{self, Area};
use baton::console::app::{Event, Now};
use baton::console::ui::Look;
use case::Case;
use console_support::NOW;
use field::{Field, desk};
use frame::{Frame, emulator, shell};
use uuid::Uuid;

/// Rows of every screen here.
const H: u16 = 40;

struct Payload {
    name: String,
    text: String,
    benign: bool,
}

fn corpus() -> Vec<Payload> {
    let all: Vec<Payload> = include_str!("../hostile/terminal.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .map(|value| {
            let part = |name: &str| value[name].as_str().expect("a text").to_owned();
            let text = match part("payload").strip_prefix("hex:") {
                Some(digits) if part("category") == "raw-bytes" => {
                    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal");
                    let bytes: Vec<u8> = (0..digits.len()).step_by(2).map(byte).collect();
                    String::from_utf8_lossy(&bytes).into_owned()
                }
                _ => part("payload"),
            };
            Payload { name: part("id"), text, benign: part("note").starts_with("MUST PRESERVE") }
        })
        .collect();
    assert_eq!(all.len(), 246);
    all
}

fn all_widths(field: Field) {
    let corpus = corpus();
    for w in [40, 80, 120] {
        for keys in field.views(w) {
            let mut case = Case::new(field, w, keys);
            for payload in &corpus {
                case.holds(&payload.name, &payload.text);
            }
        }
    }
    unchanged(field, &corpus);
}

/// What must survive stands in the cells as it was said.
fn unchanged(field: Field, corpus: &[Payload]) {
    // A browser's own words are drawn as ours; addresses are spelt by our parser.
    if matches!(field, Field::UserAgent | Field::PageUrl) {
        return;
    }
    let ink = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let mut tried = 0;
    for payload in corpus.iter().filter(|payload| payload.benign) {
        let desk = desk(field, &payload.text, 120, "<enter>");
        let panes = layout::panes(&desk.state);
        let cells = desk.cells(Look::FULL);
        let pane = |area: Option<Area>, from: u16| {
            let area = area.expect("at 120 columns all are there");
            let mut words = String::new();
            for y in area.y..area.y + area.h {
                (area.x + from..area.x + area.w).for_each(|x| words.push_str(cells[(x, y)].symbol()));
            }
            ink(&words)
        };
        let shown = pane(panes.transcript, layout::GUTTER) + "\n" + &pane(panes.context, 0);
        let expected =
            if field.has_rows() { payload.text.clone() } else { payload.text.replace('\n', "⏎") };
        assert!(
            shown.contains(&ink(&expected)),
            "{} in {field:?}: {expected:?} is not in {shown}",
            payload.name
        );
        tried += 1;
    }
    assert!(tried >= 17, "only {tried}");
}

#[test]
fn a_hostile_body_stays_in_its_place() {
    all_widths(Field::Body);
}

#[test]
fn a_hostile_name_stays_in_its_place() {
    all_widths(Field::Name);
}

#[test]
fn a_hostile_address_of_mail_stays_in_its_place() {
    all_widths(Field::Email);
}

#[test]
fn a_hostile_address_of_a_page_stays_in_its_place() {
    all_widths(Field::PageUrl);
}

#[test]
fn a_hostile_title_of_a_page_stays_in_its_place() {
    all_widths(Field::PageTitle);
}

#[test]
fn a_hostile_referrer_stays_in_its_place() {
    all_widths(Field::Referrer);
}

#[test]
fn a_hostile_browser_stays_in_its_place() {
    all_widths(Field::UserAgent);
}

#[test]
fn a_hostile_tag_stays_in_its_place() {
    all_widths(Field::Tag);
}

#[test]
fn hostile_docs_stay_in_their_place() {
    all_widths(Field::Docs);
}

#[test]
fn a_hostile_answer_stays_in_its_place() {
    all_widths(Field::Assistant);
}

#[test]
fn a_hostile_agent_stays_in_its_place() {
    all_widths(Field::Agent);
}

#[test]
fn a_hostile_file_stays_in_its_place() {
    all_widths(Field::File);
}

/// What stood there leaves nothing behind: the next frame is that of a terminal that never saw it.
#[test]
fn nothing_is_left_of_it_in_the_next_frame() {
    for w in [40, 80, 120] {
        let next = |text: &str| desk(Field::Body, text, w, "<enter><esc>j<enter>");
        let mut expected = emulator(w);
        expected.process(shell(next("harmless")).terminal.backend().out());
        let expected = Frame::of(&expected, w);
        for payload in corpus() {
            let mut shown = shell(desk(Field::Body, &payload.text, w, "<enter>"));
            shown.state = next(&payload.text).state;
            shown.event(Event::Tick, Now { wall: NOW, mono: 200_000, fresh: Uuid::from_u128(1) });
            shown.draw_if_due(200_000).expect("in memory");
            let mut parser = emulator(w);
            parser.process(shown.terminal.backend().out());
            let is = Frame::of(&parser, w);
            for (at, (is, expected)) in is.cells.iter().zip(&expected.cells).enumerate() {
                let place = (at % usize::from(w), at / usize::from(w));
                let differs = format!("{:?} instead of {:?}", is.words, expected.words);
                assert!(is == expected, "{} at {w} columns: {place:?} is {differs}", payload.name);
            }
        }
    }
}
