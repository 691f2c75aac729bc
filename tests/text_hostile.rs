//! The hostile corpus through every exit of the text room, and through ratatui.
//!
//! Two oracles, both independent of how the cleaner works: a list of code points that may reach a terminal, and the rule
//! that the cells around a message do not depend on the message.

#![allow(clippy::unwrap_used, clippy::panic)]

use baton::text::{MAX_LINE_CELLS, MAX_LOG_CELLS, SafeText, Untrusted, clean, links, width};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Text};
use ratatui::widgets::{Block, Paragraph};
use serde::Deserialize;
use unicode_normalization::char::{is_combining_mark, is_public_assigned};
use unicode_segmentation::UnicodeSegmentation;

#[derive(Deserialize)]
struct Payload {
    id: String,
    category: String,
    payload: String,
    note: String,
}

impl Payload {
    /// The payload as this program would come to hold it: wire text decoded, bytes decoded with replacement.
    fn text(&self) -> Untrusted {
        match self.category.as_str() {
            "raw-bytes" => {
                let digits = self.payload.strip_prefix("hex:").unwrap();
                let bytes: Vec<u8> = (0..digits.len())
                    .step_by(2)
                    .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
                    .collect();
                Untrusted::new(String::from_utf8_lossy(&bytes))
            }
            "json-wire" => {
                #[derive(Deserialize)]
                struct Message {
                    text: Untrusted,
                }
                // What does not decode is refused; an error would then quote it, so the wire text itself is tried as well.
                serde_json::from_str::<Message>(&self.payload)
                    .map_or_else(|_| Untrusted::new(self.payload.as_str()), |message| message.text)
            }
            _ => Untrusted::new(self.payload.as_str()),
        }
    }

    fn must_preserve(&self) -> bool {
        self.note.starts_with("MUST PRESERVE")
    }
}

fn corpus() -> Vec<Payload> {
    let corpus: Vec<Payload> = include_str!("hostile/terminal.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(corpus.len(), 246);
    corpus
}

/// Whether a code point may reach a terminal at all. Written as a list of what is refused in its own words; joiners, the emoji
/// selector and flag tags are allowed here and their places checked below.
fn printable(c: char) -> bool {
    let invisible = matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0e}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e001f}' | '\u{e0080}'..='\u{e0fff}'
    );
    let in_place = matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0f}' | '\u{e0020}'..='\u{e007f}');
    !c.is_control() && !invisible && (is_public_assigned(c) || in_place)
}

/// Asserts that a text is inert.
fn assert_inert(what: &str, text: &str, breaks: bool) {
    for c in text.chars() {
        assert!(printable(c) || (breaks && c == '\n'), "{what}: U+{:04X} gets out", u32::from(c));
    }
    for row in text.split('\n') {
        for cluster in row.graphemes(true) {
            let marks = cluster.chars().filter(|c| is_combining_mark(*c) && *c != '\u{fe0f}').count();
            assert!(cluster.len() <= 64 && marks <= 10, "{what}: a cluster of {} bytes", cluster.len());
            assert!(width::cells(cluster) > 0, "{what}: {cluster:?} takes no cell");
            let tags = cluster.chars().filter(|c| ('\u{e0020}'..='\u{e007f}').contains(c)).count();
            assert!(tags == 0 || (tags == 6 && cluster.starts_with('\u{1f3f4}')), "{what}: tag characters");
        }
        assert!(!row.starts_with(is_combining_mark), "{what}: a mark without a base");
    }
}

#[test]
fn every_exit_is_inert() {
    for payload in corpus() {
        let (id, text) = (&payload.id, payload.text());
        let (display, line, log) = (text.display(), text.line(), text.log());
        assert_inert(&format!("{id} display"), display.as_str(), true);
        assert_inert(&format!("{id} line"), line.as_str(), false);
        assert_inert(&format!("{id} log"), log.as_str(), false);
        assert_inert(&format!("{id} debug"), &format!("{text:?}"), false);
        assert!(display.lines().all(|line| width::cells(line) <= MAX_LINE_CELLS), "{id}");
        assert!(line.cells() <= MAX_LINE_CELLS && log.cells() <= MAX_LOG_CELLS, "{id}");
        assert_eq!(clean(display.as_str()), display.as_str(), "{id}: cleaning twice is not once");

        let html = text.html();
        assert_inert(&format!("{id} html"), &html, true);
        assert!(!html.contains(['<', '>', '"', '\'', '`']), "{id}");

        let csv = text.csv();
        assert_inert(&format!("{id} csv"), &csv, true);
        let field = csv.strip_prefix('"').and_then(|csv| csv.strip_suffix('"')).unwrap();
        assert!(!field.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']), "{id}");
        assert!(!field.replace("\"\"", "").contains('"'), "{id}");
    }
}

#[test]
fn what_must_be_preserved_is() {
    let corpus = corpus();
    let kept: Vec<&Payload> = corpus.iter().filter(|payload| payload.must_preserve()).collect();
    assert!(kept.len() >= 17, "only {}", kept.len());
    for payload in kept {
        let text = payload.text();
        assert_eq!(text.display().as_str(), payload.payload, "{}", payload.id);
        assert_eq!(text.line().as_str(), payload.payload.replace('\n', "⏎"), "{}", payload.id);
        assert_eq!(text.log().as_str(), text.line().as_str(), "{}", payload.id);
    }
}

/// Messages drawn one after the other must not complete what each began.
#[test]
fn joined_payloads_stay_inert() {
    let corpus = corpus();
    let texts: Vec<SafeText> = corpus.iter().map(|payload| payload.text().display()).collect();
    for (index, left) in texts.iter().enumerate() {
        for right in [&texts[(index + 1) % texts.len()], &texts[(index * 7 + 3) % texts.len()], left] {
            let mut pushed = left.clone();
            pushed.push(right);
            assert_inert(&format!("{} and another", corpus[index].id), pushed.as_str(), true);
        }
    }
}

#[test]
fn hostile_addresses_are_no_links() {
    for payload in corpus() {
        let display = payload.text().display();
        for link in links::find(display.as_str()) {
            let address = link.address();
            assert!(address.as_str().bytes().all(|b| b.is_ascii_graphic()), "{}", payload.id);
            let refused =
                ["lnk-javascript-obf", "lnk-userinfo", "lnk-backslash", "lnk-ssh-option", "lnk-long"];
            assert!(
                !refused.contains(&payload.id.as_str()) || address.as_str() == "https://ok.example",
                "{address}"
            );
            if payload.id == "lnk-homograph" {
                assert_eq!(link.host().as_str(), "xn--80ak6aa92e.example");
            }
        }
    }
}

/// The body of the drawn box, two cells short of it on the right as everywhere in the console.
const SIZE: (u16, u16) = (44, 14);

fn body() -> Rect {
    Rect::new(1, 1, SIZE.0 - 4, SIZE.1 - 4)
}

/// Draws rows in a box under a title, above a status row, the way a transcript is drawn.
fn draw(rows: &[&str]) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
    terminal
        .draw(|frame| {
            let [above, below] =
                Layout::vertical([Constraint::Fill(1), Constraint::Length(2)]).areas(frame.area());
            frame.render_widget(Block::bordered().title(" conversation "), above);
            let text: Text = rows.iter().map(|row| Line::raw(*row)).collect();
            frame.render_widget(Paragraph::new(text), body());
            frame.render_widget(Paragraph::new("4 waiting | 12:04 | Available\nsecond row"), below);
        })
        .unwrap();
    terminal.backend().buffer().clone()
}

#[test]
fn cells_outside_the_body_do_not_depend_on_the_message() {
    for payload in corpus() {
        let text = payload.text();
        for safe in [text.display(), text.line(), text.log()] {
            let rows = safe.rows(usize::from(body().width));
            for row in &rows {
                assert!(width::cells(row) <= usize::from(body().width), "{}: {row:?}", payload.id);
            }
            let harmless = vec!["x"; rows.len()];
            let (drawn, expected) = (draw(&rows), draw(&harmless));
            for y in 0..SIZE.1 {
                for x in 0..SIZE.0 {
                    if !body().contains((x, y).into()) {
                        assert_eq!(drawn[(x, y)], expected[(x, y)], "{} at {x},{y}", payload.id);
                    }
                }
            }
            // What lands in the cells of the body is inert too.
            for cell in drawn.content() {
                assert!(cell.symbol().chars().all(printable), "{}: {:?}", payload.id, cell.symbol());
            }
        }
    }
}

/// Also without our own wrapping: a long raw row is clipped by ratatui, not spilled.
#[test]
fn unwrapped_rows_are_clipped() {
    for payload in corpus() {
        let line = payload.text().line();
        let (drawn, expected) = (draw(&[line.as_str()]), draw(&["x"]));
        for y in 0..SIZE.1 {
            for x in 0..SIZE.0 {
                if !body().contains((x, y).into()) {
                    assert_eq!(drawn[(x, y)], expected[(x, y)], "{} at {x},{y}", payload.id);
                }
            }
        }
    }
}

#[test]
fn widths_are_those_ratatui_draws_with() {
    for payload in corpus() {
        let display = payload.text().display();
        for cluster in display.as_str().graphemes(true).filter(|cluster| *cluster != "\n") {
            assert_eq!(
                width::cells(cluster),
                usize::from(cluster.cell_width()),
                "{}: {cluster:?}",
                payload.id
            );
        }
    }
    for cluster in ["ﾊﾟ", "👨‍👩‍👧‍👦", "e\u{301}", "你", "🇩🇪", "❤\u{fe0f}", "1\u{fe0f}\u{20e3}"]
    {
        assert_eq!(width::cells(cluster), usize::from(cluster.cell_width()), "{cluster:?}");
    }
}
