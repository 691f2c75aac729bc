//! What was said. Only rows in sight are wrapped, and their wrapping is kept by (conversation, version, width).

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};
use ratatui::text::Span;

use super::Look;
use super::links::Links;
use super::paint::{cells, cut, outside, own, put, put_right, write};
use crate::client::DraftKind;
use crate::console::app::State;
use crate::console::app::door::{Said, Who};
use crate::console::app::layout::{Area, BAR, GUTTER, MARGIN, body_width, gutter_beside};
use crate::console::app::sending::{MessageState, state_of, state_of_echo};
use crate::console::app::state::Open;
use crate::console::app::transcript::{LINKS_SHOWN, Scroll, Transcript, head_rows};
use crate::conversation::{ConversationId, Time};
use crate::text::links::Link;
use crate::text::{SafeText, markdown, width};

/// Wrapped entries kept; more than a screen needs, little enough to forget all at once.
const WRAPS: usize = 2_048;

/// How a text is laid out at some width.
#[derive(Debug)]
struct Laid {
    /// Where its rows begin and end, bytes.
    rows: Vec<Range<usize>>,
    /// Where it is Markdown.
    kinds: Vec<markdown::Span>,
}

impl Laid {
    fn of(text: &str, who: Who, w: u16) -> Arc<Self> {
        // What the system says is no Markdown.
        let plain = matches!(who, Who::Notice | Who::Marker);
        let kinds = if plain { Vec::new() } else { markdown::spans(text) };
        Arc::new(Self { rows: width::wrap(text, body_width(w)), kinds })
    }
}

/// What drawing remembers. Throwing it away changes nothing but time.
#[derive(Debug, Default)]
pub struct Cache {
    laid: HashMap<(ConversationId, u64, u16), Arc<Laid>>,
    links: Links,
}

impl Cache {
    /// Begins a frame.
    pub(super) fn begin(&mut self) {
        self.links.begin();
        if self.laid.len() > WRAPS {
            self.laid.clear();
        }
    }

    /// The links of the frame that was drawn.
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// The links, for a panel that has some.
    pub(super) fn links_mut(&mut self) -> &mut Links {
        &mut self.links
    }
}

/// The word in the gutter.
fn word(who: Who) -> &'static str {
    match who {
        Who::Visitor => "visitor",
        Who::Assistant => "assistant",
        Who::Me => "you",
        Who::Agent => "agent",
        Who::Note => "NOTE",
        Who::Notice => "notice",
        Who::Marker => "",
    }
}

/// The mark on every row of the gutter: text can never pretend to be of somebody else.
fn mark(who: Who) -> &'static str {
    match who {
        Who::Visitor => ">",
        Who::Assistant => "*",
        Who::Me | Who::Agent => "<",
        Who::Note => "#",
        Who::Notice | Who::Marker => "-",
    }
}

/// The mark on the rows after the first: what the system says has no voice to pretend, and reads better without.
fn next_mark(who: Who) -> &'static str {
    match who {
        Who::Notice | Who::Marker => " ",
        _ => mark(who),
    }
}

/// A time of day, or the day where it is another one: always five cells.
fn time_of(at: Time, now: Time, tz: &TimeZone) -> String {
    let zoned =
        |t: Time| Timestamp::from_millisecond(t.0).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(tz.clone());
    let (then, today) = (zoned(at), zoned(now));
    let format = if then.date() == today.date() { "%H:%M" } else { "%d%b" };
    then.strftime(format).to_string()
}

/// Something to draw: an entry, or what is not one yet.
struct Block<'a> {
    /// Its place; none for what is no entry yet.
    version: Option<u64>,
    who: Who,
    word: Cow<'static, str>,
    at: Option<Time>,
    text: &'a SafeText,
    links: &'a [Link],
}

/// ```text
/// 14:02 visitor   > My order 4711 never came, and the
///                 > tracking page shows nothing.
/// 14:02 assistant * You can follow a parcel under Orders.
/// 14:05           - a person is needed: asked for a person
/// 14:06 you       < Let me look at that.
///       queued    < One moment.
///                                        3 new below: G
/// ```
/// In a narrow pane the gutter stands above the text: `14:02 visitor`, and `> ` before each row.
pub fn draw(buf: &mut Buffer, area: Area, state: &State, look: Look, cache: &mut Cache) {
    let Some(open) = &state.open else {
        put(buf, area, 1, 1, vec![own("Enter opens it; that claims nothing.", look.dim())]);
        return;
    };
    if let Some(why) = &open.failed {
        put(
            buf,
            area,
            1,
            1,
            vec![own("It cannot be shown: ", look.bad()), super::paint::safe(why, look.plain())],
        );
        return;
    }
    if open.view.is_none() {
        put(
            buf,
            area,
            1,
            1,
            vec![own(if state.live() { "Opening…" } else { "Waits for the link…" }, look.dim())],
        );
        return;
    }
    let rows = rows(area, state, open, cache);
    // The last columns stay free of text from outside, whatever a terminal thinks of its width.
    let x = if gutter_beside(area.w) { GUTTER } else { BAR };
    for (y, row) in (0u16..).zip(rows.iter().rev()) {
        row.draw(buf, area, (x, y), look, &mut cache.links);
    }
    let below = open.transcript.below();
    if below > 0 {
        let words = format!(" {below} below: G ");
        put_right(buf, area, area.h.saturating_sub(1), vec![own(words, look.selected())]);
    }
}

/// A row to draw; its text is borrowed from the state.
struct Row<'a> {
    who: Who,
    /// Time and word, on the first row of an entry.
    lead: Option<(String, Cow<'static, str>)>,
    what: What<'a>,
    /// Whether the message cursor stands on its entry.
    chosen: bool,
}

enum What<'a> {
    /// The gutter alone, where it stands above the text.
    Head,
    /// A row of a text.
    Text { text: &'a str, row: usize, laid: Arc<Laid> },
    /// A link of the text above.
    Link(&'a Link),
    /// So many links more.
    More(usize),
    /// The unread begins below.
    New,
    /// There are older entries.
    Older,
}

impl Row<'_> {
    fn draw(&self, buf: &mut Buffer, area: Area, (x, y): (u16, u16), look: Look, links: &mut Links) {
        if let What::Older = self.what {
            return put(buf, area, 0, y, vec![own("  older ones: k, or g", look.dim())]);
        }
        if let What::New = self.what {
            let line = "─".repeat(usize::from(area.w).saturating_sub(10));
            return put(buf, area, 0, y, vec![own(format!("── new {line}"), look.bold())]);
        }
        let style = look.who(self.who);
        let style = if self.chosen { style.patch(look.selected()) } else { style };
        if let Some((time, word)) = &self.lead {
            write(buf, area, 0, y, time, look.dim());
            write(buf, area, 6, y, word, style);
        }
        let beside = gutter_beside(area.w);
        let at = if beside { x - 2 } else { 0 };
        match &self.what {
            What::Head | What::New | What::Older => {}
            What::Text { text, row, laid } => {
                let mark = if *row == 0 { mark(self.who) } else { next_mark(self.who) };
                write(buf, area, at, y, mark, style);
                self.text(buf, area, (x, y), look, text, &laid.rows[*row], &laid.kinds);
            }
            What::Link(link) => {
                // The mark stands in the gutter, where no text from outside can write one.
                write(buf, area, at, y, "↗", look.dim());
                let room = usize::from(area.w.saturating_sub(x + MARGIN));
                let spans = cut(shown(link, look), room);
                let wide = u16::try_from(cells(&spans)).unwrap_or(0);
                put(buf, area, x, y, spans);
                links.put(buf, area, (x, y, wide), link, look);
            }
            What::More(n) => {
                write(buf, area, at, y, "↗", look.dim());
                put(buf, area, x, y, vec![own(format!("+{n} more: o"), look.dim())]);
            }
        }
    }

    /// A row of a text, each piece in the style of what it is.
    #[expect(clippy::too_many_arguments, reason = "one caller's locals, once")]
    fn text(
        &self,
        buf: &mut Buffer,
        area: Area,
        (mut x, y): (u16, u16),
        look: Look,
        text: &str,
        row: &Range<usize>,
        kinds: &[markdown::Span],
    ) {
        let plain = outside(look.said(self.who));
        let words = text[row.clone()].trim_end_matches([' ', '\n']);
        let (mut at, end) = (row.start, row.start + words.len());
        let first = kinds.partition_point(|(range, _)| range.end <= at);
        for (range, kind) in &kinds[first..] {
            if range.start >= end {
                break;
            }
            let (from, to) = (range.start.max(at), range.end.min(end));
            x = write(buf, area, x, y, &text[at..from], plain);
            x = write(buf, area, x, y, &text[from..to], styled(plain, *kind, look));
            at = to;
        }
        write(buf, area, x, y, &text[at..end], plain);
    }
}

/// The style of a piece of Markdown. Its signs stay, dimmed, so nothing is said by style alone.
fn styled(plain: Style, kind: markdown::Kind, look: Look) -> Style {
    let mut style = plain;
    if kind.marker || kind.quote {
        style = style.add_modifier(Modifier::DIM);
    }
    if kind.emphasis {
        style = style.add_modifier(Modifier::ITALIC);
    }
    if kind.strong || kind.bullet {
        style = style.add_modifier(Modifier::BOLD);
    }
    if kind.code { style.patch(look.code()) } else { style }
}

/// A link as we spell it: the host first, where nobody can hide it.
fn shown(link: &Link, look: Look) -> Vec<Span<'static>> {
    let (place, rest) = (link.place(), link.rest());
    let mut spans = vec![own(place.to_string(), look.link().patch(look.bold()))];
    if !matches!(rest.as_str(), "" | "/") {
        spans.extend([own(" › ", look.dim()), own(rest.to_string(), look.link())]);
    }
    spans
}

/// The rows in sight, last first.
fn rows<'a>(area: Area, state: &'a State, open: &'a Open, cache: &mut Cache) -> Vec<Row<'a>> {
    let room = usize::from(area.h);
    let mut page = Page { rows: Vec::with_capacity(room + 4), room, w: area.w, state };
    if open.transcript.scroll() == Scroll::Tail {
        for block in tail(state, open).iter().rev() {
            page.push(block, usize::MAX, Laid::of(block.text.as_str(), block.who, area.w));
        }
    }
    let Some((index, seen)) = open.transcript.last_in_sight() else {
        page.rows.truncate(room);
        return page.rows;
    };
    let mut upto = seen.unwrap_or(usize::MAX);
    let mut told = None;
    for said in open.transcript.entries().range(..=index).rev() {
        if page.rows.len() >= room {
            break;
        }
        let laid = cache
            .laid
            .entry((open.id, said.version, area.w))
            .or_insert_with(|| Laid::of(said.text.as_str(), said.who, area.w));
        let block = Block {
            version: Some(said.version),
            who: said.who,
            word: word_of(state, open, said, &mut told),
            at: Some(said.at),
            text: &said.text,
            links: &said.links,
        };
        page.push(&block, upto, Arc::clone(laid));
        upto = usize::MAX;
    }
    if page.rows.len() < room && open.transcript.more() {
        page.rows.push(Row { who: Who::Marker, lead: None, what: What::Older, chosen: false });
    }
    page.rows.truncate(room);
    page.rows
}

/// The word for an entry: beside the newest of one's own the visitor has seen, and those after it, how far they are. Older
/// ones were seen too, and say nothing.
fn word_of(state: &State, open: &Open, said: &Said, told: &mut Option<MessageState>) -> Cow<'static, str> {
    let Some(here) = state_of(state, open.id, said) else {
        return word(said.who).into();
    };
    let seen = state.writing.seen.contains_key(&open.id);
    let tells = match (here, *told) {
        (_, None) => true,
        // Where the server tells nothing about seeing, the newest says that it is sent.
        (MessageState::Sent, Some(_)) => seen,
        (_, Some(MessageState::Sent)) => true,
        (MessageState::MailFailed, _) => true,
        _ => false,
    };
    if !tells {
        return word(said.who).into();
    }
    *told = Some(here);
    match here {
        MessageState::Mailed | MessageState::MailFailed => here.word().into(),
        _ => format!("you {}", here.word()).into(),
    }
}

/// What stands below the last entry: the assistant's answer so far, own messages on their way, who types.
fn tail<'a>(state: &'a State, open: &'a Open) -> Vec<Block<'a>> {
    let mut blocks = Vec::new();
    if let Some(partial) = &open.partial {
        blocks.push(Block {
            version: None,
            who: Who::Assistant,
            word: "writes…".into(),
            at: None,
            text: partial,
            links: &[],
        });
    }
    if let Some((told, bad)) = state.writing.mail.told(open.id)
        && (bad || !visitor_spoke_last(open))
    {
        let who = if bad { Who::Note } else { Who::Marker };
        let word = if bad { "MAIL" } else { "" }.into();
        blocks.push(Block { version: None, who, word, at: None, text: told, links: &[] });
    }
    for echo in state.echoes.iter().filter(|echo| echo.conversation == open.id) {
        let word = state_of_echo(state, echo).word().into();
        let who = if echo.kind == DraftKind::Note { Who::Note } else { Who::Me };
        blocks.push(Block { version: None, who, word, at: None, text: &echo.text, links: &[] });
    }
    if let Some(typing) = state.typing.get(&open.id) {
        const TYPES: &SafeText = &SafeText::literal("...");
        let who = if typing.agent.is_some() { Who::Agent } else { Who::Visitor };
        let word = "types".into();
        blocks.push(Block {
            version: None,
            who,
            word,
            at: None,
            text: typing.agent.as_ref().unwrap_or(TYPES),
            links: &[],
        });
    }
    blocks
}

/// Whether the visitor has written since the last reply: how that one was delivered is no news then.
fn visitor_spoke_last(open: &Open) -> bool {
    let voices = |said: &&Said| matches!(said.who, Who::Visitor | Who::Me | Who::Agent);
    open.transcript.entries().iter().rev().find(voices).is_some_and(|said| said.who == Who::Visitor)
}

/// The rows of a page, last first.
struct Page<'a> {
    rows: Vec<Row<'a>>,
    room: usize,
    w: u16,
    state: &'a State,
}

impl<'a> Page<'a> {
    /// Adds a block's rows, last first, from row `upto` on (counting the head row, where the gutter stands above).
    fn push(&mut self, block: &Block<'a>, upto: usize, laid: Arc<Laid>) {
        let who = block.who;
        let transcript = self.state.open.as_ref().map(|open| &open.transcript);
        let is = |version: Option<u64>| version.is_some() && version == block.version;
        let begins = is(transcript.and_then(Transcript::unread_from));
        let chosen = is(transcript.and_then(Transcript::cursor));
        let gutter_above = head_rows(who, self.w);
        let head = gutter_above + usize::from(begins);
        let text_rows = laid.rows.len();
        let lead = || {
            let time =
                block.at.map_or_else(String::new, |at| time_of(at, self.state.server_now(), &self.state.tz));
            (time, block.word.clone())
        };
        let links = block.links.len();
        let more = (links > LINKS_SHOWN).then(|| What::More(links - LINKS_SHOWN));
        let listed = block.links.iter().take(LINKS_SHOWN).map(What::Link).chain(more);
        let first = head + text_rows;
        let mut below: Vec<What<'a>> =
            listed.enumerate().filter(|(row, _)| row + first <= upto).map(|(_, what)| what).collect();
        while let Some(what) = below.pop() {
            self.rows.push(Row { who, lead: None, what, chosen });
        }
        for row in (0..text_rows).rev().filter(|row| row + head <= upto) {
            // A long text goes on far above the first row in sight.
            if self.rows.len() >= self.room {
                return;
            }
            let lead = (gutter_above == 0 && row == 0 && gutter_beside(self.w)).then(lead);
            let what = What::Text { text: block.text.as_str(), row, laid: Arc::clone(&laid) };
            self.rows.push(Row { who, lead, what, chosen });
        }
        if gutter_above > 0 && upto >= usize::from(begins) {
            self.rows.push(Row { who, lead: Some(lead()), what: What::Head, chosen });
        }
        if begins {
            self.rows.push(Row { who, lead: None, what: What::New, chosen: false });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_take_five_cells() {
        let tz = TimeZone::UTC;
        let at = Time(1_700_000_000_000);
        assert_eq!(time_of(at, at, &tz), "22:13");
        assert_eq!(time_of(at, at.plus_ms(86_400_000), &tz), "14Nov");
    }
}
