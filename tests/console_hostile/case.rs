//! The oracle: one field on one screen, and the harmless texts a hostile one is compared with.

use std::collections::HashMap;
use std::rc::Rc;

use baton::console::app::layout::{self, Area, MARGIN, Panes};
use baton::text::{Untrusted, links, width};
use unicode_segmentation::UnicodeSegmentation;

use crate::H;
use crate::field::{Field, desk};
use crate::frame::{Frame, emulator, shell};
use crate::stream::Stream;

/// What the field looks like with something harmless in it.
struct Harmless {
    frame: Frame,
    /// The cells that are the field's, as columns of each row of each region.
    mask: Vec<bool>,
}

/// The parts of a screen that are compared each for itself, and whether what is beside the words in the same row is, too.
fn regions(panes: &Panes, size: (u16, u16)) -> Vec<(&'static str, Area, bool)> {
    let mut all =
        vec![("tabs", panes.tabs, true), ("status", panes.status, true), ("footer", panes.footer, true)];
    let wrapped =
        [("transcript", panes.transcript), ("context", panes.context), ("composer", panes.composer)];
    let lines = [("banner", panes.banner), ("list", panes.list), ("head", panes.head)];
    all.extend(lines.into_iter().filter_map(|(name, area)| Some((name, area?, true))));
    all.extend(wrapped.into_iter().filter_map(|(name, area)| Some((name, area?, false))));
    // The lines between the panes: whatever is in no other.
    all.push(("frame", Area { x: 0, y: 0, w: size.0, h: size.1 }, true));
    all
}

fn inside(area: Area, x: u16, y: u16) -> bool {
    (area.x..area.x + area.w).contains(&x) && (area.y..area.y + area.h).contains(&y)
}

/// One field on one screen.
pub struct Case {
    field: Field,
    w: u16,
    keys: &'static str,
    panes: Panes,
    /// The cells of each region, by index.
    regions: Vec<(&'static str, Vec<usize>)>,
    harmless: HashMap<Stand, Rc<Harmless>>,
}

/// A harmless text that takes a hostile one's place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Stand {
    /// So many cells without a space.
    Word(usize),
    /// Letters as wide as the payload's, with spaces where it has them: it wraps and is cut where that is.
    Like(String),
    /// So many cells of single letters, and so many links.
    Loose(usize, usize),
    /// Rows that fill the width, and so many links.
    Rows(usize, usize, usize),
}

impl Stand {
    fn text(&self) -> String {
        let words = |n: usize| "Q".repeat(n);
        let link = |n: usize| format!("http://Q{n}.x");
        match *self {
            Stand::Word(cells) => words(cells),
            Stand::Like(ref text) => text.clone(),
            Stand::Loose(cells, links) => {
                let links: Vec<String> = (0..links).map(link).collect();
                "Q ".repeat(cells / 2) + &words(cells % 2) + &links.join(" ")
            }
            Stand::Rows(rows, wide, links) => {
                let mut all = vec![words(wide); rows];
                for n in 0..links {
                    let row = &mut all[n % rows];
                    *row = if row.contains(':') {
                        format!("{row} {}", link(n))
                    } else {
                        format!("Q {}", link(n))
                    };
                }
                all.join("\n")
            }
        }
    }
}

impl Case {
    pub fn new(field: Field, w: u16, keys: &'static str) -> Self {
        let panes = layout::panes(&desk(field, "x", w, keys).state);
        let mut free: Vec<usize> = (0..usize::from(w) * usize::from(H)).collect();
        let place = |at: usize| {
            let cell = |n: usize| u16::try_from(n).expect("a screen is small");
            (cell(at % usize::from(w)), cell(at / usize::from(w)))
        };
        let mut all = Vec::new();
        for (name, area, _) in regions(&panes, (w, H)) {
            let (here, rest) = free.iter().partition(|at| inside(area, place(**at).0, place(**at).1));
            all.push((name, here));
            free = rest;
        }
        Self { field, w, keys, panes, regions: all, harmless: HashMap::new() }
    }

    /// The frame, its bytes all ours.
    fn frame(&self, what: &str, text: &str) -> Frame {
        let shell = shell(desk(self.field, text, self.w, self.keys));
        let bytes = shell.terminal.backend().out();
        let stream = Stream::whole(bytes);
        let place = (self.field, self.w, self.keys);
        assert_eq!(stream.foreign, Vec::<String>::new(), "{what} in {place:?}");
        assert_eq!((stream.bells, stream.titles.len()), (0, 0), "{what} in {place:?}");
        let mut parser = emulator(self.w);
        parser.process(bytes);
        Frame::of(&parser, self.w)
    }

    fn harmless(&mut self, stand: &Stand) -> Rc<Harmless> {
        if let Some(known) = self.harmless.get(stand) {
            return Rc::clone(known);
        }
        let text = stand.text();
        let frame = self.frame("harmless", &text);
        let other = self.frame("harmless", &text.replace('Q', "z").replace('漢', "字"));
        let mut mask = vec![false; frame.cells.len()];
        let at = |x: u16, y: u16| usize::from(y) * usize::from(self.w) + usize::from(x);
        for (_, area, exact) in regions(&self.panes, (self.w, H)) {
            if area.w == self.w && area.h == H {
                continue;
            }
            for y in area.y..area.y + area.h {
                let differs = |x: &u16| frame.cell(*x, y) != other.cell(*x, y);
                let columns: Vec<u16> = (area.x..area.x + area.w).filter(differs).collect();
                let (Some(first), Some(last)) = (columns.first(), columns.last()) else { continue };
                // The sign that something was cut belongs to what was cut; so does the slash an address goes on behind.
                let next = last + 1;
                let last =
                    if next < area.x + area.w && frame.cell(next, y).words == "…" { next } else { *last };
                // Likewise what every address of a stand-in begins with.
                let spelt = |n: u16| -> String {
                    (first - n.min(first - area.x)..*first).map(|x| frame.cell(x, y).words.as_str()).collect()
                };
                let before = ["http://", "/"].into_iter().find(|part| spelt(part.len() as u16) == **part);
                let first = first - before.map_or(0, |part| part.len() as u16);
                let last = if exact { last } else { last.max(area.x + area.w - MARGIN - 1) };
                (first..=last).for_each(|x| mask[at(x, y)] = true);
            }
        }
        let harmless = Rc::new(Harmless { frame, mask });
        self.harmless.insert(stand.clone(), Rc::clone(&harmless));
        harmless
    }

    /// Harmless texts that could take the payload's place, the likeliest first.
    fn candidates(&self, payload: &str) -> Vec<Stand> {
        let text = Untrusted::new(payload);
        let shown = if self.field.has_rows() { text.display() } else { text.line() };
        let found: std::collections::HashSet<String> =
            links::find(shown.as_str()).iter().map(|link| link.address().to_string()).collect();
        // Each link takes a line of ours below what was said.
        let found = found.len();
        if self.field.has_rows() {
            let area = self.panes.transcript.or(self.panes.list).expect("one of them is there");
            let body = layout::body_width(area.w);
            return vec![Stand::Rows(width::wrap(shown.as_str(), body).len(), body, found)];
        }
        let cells = shown.cells();
        let letter = |cluster: &str| match (cluster, width::cluster_cells(cluster)) {
            (" ", _) => " ".to_owned(),
            (_, 2) => "漢".to_owned(),
            (_, n) => "Q".repeat(n),
        };
        let like = Stand::Like(shown.as_str().graphemes(true).map(letter).collect());
        let address = links::whole(&format!("https://shop.example/{payload}"))
            .map_or(cells, |link| link.address().as_str().len().saturating_sub(21));
        let limit = |n: usize| n.min(usize::from(self.w) * usize::from(H));
        let near = (1..=60).flat_map(|n| [cells + n, cells.saturating_sub(n)]);
        let all = [cells, address, 0, 12].into_iter().chain(near).chain((0..200).map(|n| n * 15));
        let mut seen = std::collections::HashSet::new();
        let lengths: Vec<usize> = all.map(limit).filter(|n| seen.insert(*n)).collect();
        if !matches!(self.field, Field::Docs | Field::Agent | Field::File | Field::Tag) {
            // A text that is cut at a length, and before that wraps as it likes.
            let loose = (8..=30).map(|n| Stand::Like(("Q".repeat(n) + " ").repeat(20)));
            let words = lengths.into_iter().map(Stand::Word);
            return [like].into_iter().chain(loose).chain(words).collect();
        }
        // Where it stands among other words it may wrap anywhere, and what stands beside it may make one link more or less.
        let links = [found, found + 1, found.saturating_sub(1), found + 2, found + 3];
        let loose = |n: usize| links.map(|links| Stand::Loose(n, links));
        let others = lengths.into_iter().flat_map(|n| [Stand::Word(n)].into_iter().chain(loose(n)));
        [like].into_iter().chain(others).collect()
    }

    pub fn holds(&mut self, name: &str, payload: &str) {
        let frame = self.frame(name, payload);
        let candidates = self.candidates(payload);
        let regions = std::mem::take(&mut self.regions);
        for (region, cells) in &regions {
            let mut first = None;
            let held = candidates.iter().any(|candidate| {
                let harmless = self.harmless(candidate);
                let differs =
                    |at: &&usize| !harmless.mask[**at] && frame.cells[**at] != harmless.frame.cells[**at];
                let Some(at) = cells.iter().find(differs) else { return true };
                let w = usize::from(self.w);
                first.get_or_insert_with(|| {
                    let (is, expected) = (&frame.cells[*at], &harmless.frame.cells[*at]);
                    format!("{},{} is {is:?} instead of {expected:?}", at % w, at / w)
                });
                false
            });
            let place = (self.field, self.w, self.keys);
            assert!(
                held,
                "{name} in {place:?}: no harmless text gives the same {region}: {}\n{}\nbeside\n{}",
                first.unwrap_or_default(),
                frame.told(),
                self.harmless(&candidates[0]).frame.told()
            );
        }
        self.regions = regions;
    }
}
