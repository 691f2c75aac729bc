//! The hostile corpus in every field it can reach, through the real screen into a terminal emulator, at 40, 80 and 120 columns.
//!
//! The oracle is that of a reader who knows nothing of how drawing works: there is a harmless text such that every cell outside
//! the field is the same as with the hostile one. Where the field is, two harmless texts tell: the cells in which they differ.
//! The list's rows and the conversation's head are compared cell by cell beside the words; in a pane whose rows are wrapped text the field is what
//! lies right of where it begins, up to the margin nothing from outside may reach. The bytes go through a list of what is ours.

#[path = "console_support/stream.rs"]
mod stream;

mod console_support;

use std::collections::HashMap;
use std::num::NonZero;
use std::rc::Rc;

use baton::client::ClientEvent;
use baton::console::app::layout::{self, Area, MARGIN, Panes};
use baton::console::app::{Event, Now};
use baton::console::shell::Shell;
use baton::console::term::{Screen, SizeOf};
use baton::console::ui::Look;
use baton::conversation::{AgentRef, Attachment, Author, Device, Event as Happened, Page, Reason, Source};
use baton::protocol::AgentEph;
use baton::text::{Untrusted, links, width};
use console_support::{Desk, NOW, Story, bo, id};
use ratatui::Terminal;
use stream::Stream;
use uuid::Uuid;

const H: u16 = 40;

/// Where a stranger's text can come to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Body,
    Name,
    Email,
    PageUrl,
    PageTitle,
    Referrer,
    UserAgent,
    Tag,
    Docs,
    Assistant,
    Agent,
    File,
}

impl Field {
    /// Whether its line breaks are kept.
    fn has_rows(self) -> bool {
        matches!(self, Field::Body | Field::Assistant)
    }

    /// Whether it stands in the context panel.
    fn in_context(self) -> bool {
        matches!(
            self,
            Field::Name
                | Field::Email
                | Field::PageUrl
                | Field::PageTitle
                | Field::Referrer
                | Field::UserAgent
                | Field::Tag
        )
    }

    /// The keys to the screens it is drawn on.
    fn views(self, w: u16) -> &'static [&'static str] {
        match (self, w) {
            (_, 120) => &["<enter>"],
            (field, 80) if field.in_context() => &["<enter>", "<enter>s"],
            (_, 80) => &["<enter>"],
            (field, _) if field.in_context() => &["", "<enter>", "<enter>s"],
            _ => &["", "<enter>"],
        }
    }
}

/// Nina waits; in one field of hers stands this.
fn story(field: Field, text: &str) -> Story {
    let mut story = Story::new(1, "Nina", "/orders", 500);
    if let Some(visitor) = &mut story.conversation.visitor {
        visitor.email = Some("nina@example.com".into());
        match field {
            Field::Name => visitor.name = Some(text.to_owned()),
            Field::Email => visitor.email = Some(text.to_owned()),
            _ => {}
        }
    }
    let mut page =
        Page { url: "https://shop.example/orders".into(), title: Some("Your orders".into()), referrer: None };
    match field {
        Field::PageUrl => page.url = format!("https://shop.example/{text}"),
        Field::PageTitle => page.title = Some(text.to_owned()),
        Field::Referrer => page.referrer = Some(text.to_owned()),
        Field::UserAgent => {
            let said = Some(text.to_owned());
            story.conversation.device =
                Some(Device { locale: said.clone(), time_zone: None, user_agent: said });
        }
        _ => {}
    }
    story.conversation.page = Some(page);
    let said = |author: Author, text: &str, story: &Story| match story.message(author, text) {
        Happened::MessagePosted(message) => message,
        _ => unreachable!("a message"),
    };
    let mut message = said(Author::Visitor, "hello", &story);
    match field {
        Field::Body => message.text = text.to_owned(),
        Field::File => {
            let file =
                Attachment { blob: "b".into(), name: text.to_owned(), mime: "text/plain".into(), size: 1 };
            message.attachments = vec![file];
        }
        _ => {}
    }
    story = story.then(490, Happened::MessagePosted(message));
    let mut answer = said(Author::Assistant, "an answer", &story);
    match field {
        Field::Assistant => (answer.text, answer.sources) = (text.to_owned(), Vec::new()),
        Field::Docs => answer.sources = vec![Source { title: text.to_owned(), url: text.to_owned() }],
        _ => answer.sources.clear(),
    }
    story = story.then(480, Happened::MessagePosted(answer));
    match field {
        Field::Agent => {
            let agent = AgentRef { name: text.to_owned(), ..bo() };
            story = story.agent(300, agent.clone(), "let me look").note(290, agent, "a note");
        }
        Field::Tag => {
            story = story
                .then(300, Happened::Tagged { by: bo(), added: vec![text.to_owned()], removed: Vec::new() });
        }
        _ => {}
    }
    story.queued(250, Reason::HumanRequested, "wants a refund").visitor(100, "are you there?")
}

fn desk(field: Field, text: &str, w: u16, keys: &str) -> Desk {
    let other = Story::new(2, "Omar", "/", 90).visitor(80, "hi").queued(70, Reason::Loop, "says hi");
    let mut desk = Desk::with(w, H, true, vec![story(field, text), other]);
    desk.keys(keys);
    if field == Field::Agent {
        let names = vec![text.to_owned()];
        desk.client(ClientEvent::Eph(AgentEph::Viewing { conversation: id(1), names }));
        let name = Some(text.to_owned());
        desk.client(ClientEvent::Eph(AgentEph::Typing {
            conversation: id(2),
            who: "agent".into(),
            name,
            on: true,
        }));
    }
    desk
}

fn size_of(w: u16) -> SizeOf {
    match w {
        40 => || Ok((40, H)),
        80 => || Ok((80, H)),
        _ => || Ok((120, H)),
    }
}

type Shown = Shell<Screen<Vec<u8>>>;

fn shell(desk: Desk) -> Shown {
    let w = desk.state.size.0;
    let terminal = Terminal::new(Screen::new(Vec::new(), size_of(w))).expect("in memory");
    let mut shell = Shell::telling(desk.state, terminal, Look::FULL, Screen::links);
    shell.draw_if_due(100_000).expect("in memory");
    shell
}

fn emulator(w: u16) -> vt100::Parser {
    let cells = |n| NonZero::new(n).expect("not zero");
    vt100::Parser::new(cells(H), cells(w), 0)
}

/// What a person sees of a cell: a blank is a blank, however it came to be.
#[derive(Debug, Clone, PartialEq)]
struct Cell {
    words: String,
    colours: (vt100::Color, vt100::Color),
    style: [bool; 5],
}

impl From<&vt100::Cell> for Cell {
    fn from(cell: &vt100::Cell) -> Self {
        let words = cell.contents().trim_end_matches(' ').to_owned();
        let style = [cell.bold(), cell.dim(), cell.italic(), cell.underline(), cell.inverse()];
        // Weight and colour of a blank cannot be seen.
        let style = if words.is_empty() { [false, false, false, style[3], style[4]] } else { style };
        let ink = if words.is_empty() && !cell.inverse() { vt100::Color::Default } else { cell.fgcolor() };
        Self { words, colours: (ink, cell.bgcolor()), style }
    }
}

/// A frame as the emulator shows it.
struct Frame {
    w: u16,
    cells: Vec<Cell>,
}

impl Frame {
    fn of(parser: &vt100::Parser, w: u16) -> Self {
        let cell = |y, x| parser.screen().cell(y, x).expect("within the screen").into();
        Self { w, cells: (0..H).flat_map(|y| (0..w).map(move |x| cell(y, x))).collect() }
    }

    fn cell(&self, x: u16, y: u16) -> &Cell {
        &self.cells[usize::from(y) * usize::from(self.w) + usize::from(x)]
    }
}

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
struct Case {
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
    fn new(field: Field, w: u16, keys: &'static str) -> Self {
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
        let other = self.frame("harmless", &text.replace('Q', "z"));
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
                let slash = *first > area.x && frame.cell(first - 1, y).words == "/";
                let first = if slash { first - 1 } else { *first };
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
        let address = links::whole(&format!("https://shop.example/{payload}"))
            .map_or(cells, |link| link.address().as_str().len().saturating_sub(21));
        let limit = |n: usize| n.min(usize::from(self.w) * usize::from(H));
        let near = (1..=60).flat_map(|n| [cells + n, cells.saturating_sub(n)]);
        let all = [cells, address, 0, 12].into_iter().chain(near).chain((0..200).map(|n| n * 15));
        let mut seen = std::collections::HashSet::new();
        let lengths: Vec<usize> = all.map(limit).filter(|n| seen.insert(*n)).collect();
        if !matches!(self.field, Field::Docs | Field::Agent | Field::File | Field::Tag) {
            return lengths.into_iter().map(Stand::Word).collect();
        }
        // Where it stands among other words it may wrap anywhere, and what stands beside it may make one link more or less.
        let links = [found, found + 1, found.saturating_sub(1), found + 2, found + 3];
        let loose = |n: usize| links.map(|links| Stand::Loose(n, links));
        lengths.into_iter().flat_map(|n| [Stand::Word(n)].into_iter().chain(loose(n))).collect()
    }

    fn holds(&mut self, name: &str, payload: &str) {
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
                "{name} in {place:?}: no harmless text gives the same {region}: {}",
                first.unwrap_or_default()
            );
        }
        self.regions = regions;
    }
}

struct Payload {
    name: String,
    text: String,
    benign: bool,
}

fn corpus() -> Vec<Payload> {
    let all: Vec<Payload> = include_str!("hostile/terminal.jsonl")
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
