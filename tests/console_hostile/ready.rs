//! The twelfth field: a ready text, in the picker and in the composer.

use std::path::Path;

use baton::console::app::Event;
use baton::console::app::layout::{self, Area};
use baton::console::macros::{self, Library};
use baton::text::{Untrusted, width};
use unicode_segmentation::UnicodeSegmentation;

use crate::field::{Field, desk};
use crate::frame::{Cell, Frame, emulator, shell};
use crate::stream::Stream;
use crate::{H, corpus};

/// What is the agent's own file is no more trusted than the rest.
#[test]
fn a_hostile_ready_text_stays_in_its_place() {
    let library = |text: &str| {
        let name = Path::new("evil.md");
        let mut known = macros::read(name, "evil", "x").expect("a plain text");
        if let Ok(read) = macros::read(name, "evil", text) {
            known = read;
        }
        known.title = Untrusted::new(text).line();
        known.tags = vec![text.to_owned()];
        known.name = text.to_owned();
        Library { folder: Some("/m".into()), macros: vec![known], ..Library::default() }
    };
    // Letters as wide, spaces and line breaks where they were.
    let like = |text: &str| -> String {
        let letter = |cluster: &str| match (cluster, width::cluster_cells(cluster)) {
            (" " | "\n", _) => cluster.to_owned(),
            (_, 2) => "漢".to_owned(),
            (_, n) => "Q".repeat(n),
        };
        Untrusted::new(text).display().as_str().graphemes(true).map(letter).collect()
    };
    let frame = |text: &str, w: u16, keys: &str| -> (Frame, Option<Area>) {
        let mut desk = desk(Field::Body, "hello", w, "a<enter>");
        desk.event(Event::Macros(library(text)));
        desk.keys(keys);
        let panes = layout::panes(&desk.state);
        let shell = shell(desk);
        let bytes = shell.terminal.backend().out();
        let stream = Stream::whole(bytes);
        assert_eq!(stream.foreign, Vec::<String>::new(), "{text:?}");
        assert_eq!((stream.bells, stream.titles.len()), (0, 0), "{text:?}");
        let mut parser = emulator(w);
        parser.process(bytes);
        (Frame::of(&parser, w), panes.composer)
    };
    let mut tried = 0;
    for w in [40, 80, 120] {
        for payload in corpus() {
            let harmless = like(&payload.text);
            let (picker, _) = frame(&payload.text, w, "m");

            let (expected, _) = frame(&harmless, w, "m");
            let sides = |frame: &Frame| -> Vec<(usize, usize)> {
                let rows = frame.cells.chunks(usize::from(w));
                let side = |row: &[Cell]| {
                    let bars = |cell: &Cell| cell.words == "│";
                    Some((row.iter().position(bars)?, row.iter().rposition(bars)?))
                };
                rows.map(|row| side(row).unwrap_or((0, usize::from(w)))).collect()
            };
            assert_eq!(sides(&picker), sides(&expected), "{} at {w}:\n{}", payload.name, picker.told());
            for (y, (left, right)) in sides(&expected).into_iter().enumerate() {
                let row = |frame: &Frame| frame.cells[y * usize::from(w)..][..usize::from(w)].to_vec();
                let (is, want) = (row(&picker), row(&expected));
                if right < usize::from(w) {
                    assert!(is[..=left] == want[..=left] && is[right..] == want[right..], "{}", payload.name);
                }
            }
            let (composer, area) = frame(&payload.text, w, "m<enter>");
            let (expected, place) = frame(&harmless, w, "m<enter>");
            tried += usize::from(area == place && area.is_some());
            let Some(area) = area.filter(|_| area == place) else { continue };
            for y in (0..H).filter(|y| *y < area.y || *y >= area.y + area.h) {
                for x in 0..w {
                    let same = composer.cell(x, y) == expected.cell(x, y);
                    assert!(same, "{} at {w}, {x},{y}:\n{}", payload.name, composer.told());
                }
            }
        }
    }
    assert!(tried > 3 * 200, "only {tried} were compared in the composer");
}
