//! What was said. Only rows in sight are wrapped, and their wrapping is kept by (conversation, version, width).

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::text::Span;

use super::Look;
use super::paint::{outside, own, put, put_right};
use crate::client::DraftKind;
use crate::console::app::State;
use crate::console::app::door::Who;
use crate::console::app::layout::{Area, body_width, gutter_beside};
use crate::console::app::state::{EchoState, Open};
use crate::console::app::transcript::{Scroll, head_rows};
use crate::conversation::{ConversationId, Time};
use crate::text::{SafeText, width};

/// Wrapped entries kept; more than a screen needs, little enough to forget all at once.
const WRAPS: usize = 2_048;

/// Where the rows of a text begin and end, bytes.
type Wrapped = Arc<[Range<usize>]>;

/// What drawing remembers. Throwing it away changes nothing but time.
#[derive(Debug, Default)]
pub struct Cache {
    wraps: HashMap<(ConversationId, u64, u16), Wrapped>,
}

impl Cache {
    fn rows(&mut self, id: ConversationId, version: u64, w: u16, text: &str) -> Wrapped {
        if self.wraps.len() > WRAPS {
            self.wraps.clear();
        }
        let wrap = || width::wrap(text, body_width(w)).into();
        Arc::clone(self.wraps.entry((id, version, w)).or_insert_with(wrap))
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
    who: Who,
    word: &'static str,
    at: Option<Time>,
    text: &'a SafeText,
    /// Key for the cache; none: not kept.
    version: Option<u64>,
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
    let rows = rows(area, state, open, look, cache);
    for (y, (gutter, text)) in (0u16..).zip(rows.into_iter().rev()) {
        put(buf, area, 0, y, gutter);
        // The last columns stay free of text from outside, whatever a terminal thinks of its width.
        let x = if gutter_beside(area.w) { 18 } else { 2 };
        put(buf, area, x, y, text);
    }
    let below = open.transcript.below();
    if below > 0 {
        let words = format!(" {below} below: G ");
        put_right(buf, area, area.h.saturating_sub(1), vec![own(words, look.selected())]);
    }
}

type Row = (Vec<Span<'static>>, Vec<Span<'static>>);

/// The rows in sight, last first.
fn rows(area: Area, state: &State, open: &Open, look: Look, cache: &mut Cache) -> Vec<Row> {
    let room = usize::from(area.h);
    let mut out: Vec<Row> = Vec::with_capacity(room);
    let scroll = open.transcript.scroll();
    if scroll == Scroll::Tail {
        for block in tail(state, open).iter().rev() {
            push_rows(&mut out, block, usize::MAX, area.w, state, open.id, look, cache);
        }
    }
    let Some((index, last_row)) = open.transcript.place(area.w) else {
        out.truncate(room);
        return out;
    };
    let mut upto = if scroll == Scroll::Tail { usize::MAX } else { last_row };
    for said in open.transcript.entries().range(..=index).rev() {
        if out.len() >= room {
            break;
        }
        let block = Block {
            who: said.who,
            word: word(said.who),
            at: Some(said.at),
            text: &said.text,
            version: Some(said.version),
        };
        push_rows(&mut out, &block, upto, area.w, state, open.id, look, cache);
        upto = usize::MAX;
    }
    if out.len() < room && open.transcript.more() {
        out.push((vec![own("  older ones: k, or g", look.dim())], Vec::new()));
    }
    out.truncate(room);
    out
}

const HELD: &str = "held: u";
const STORING: &str = "saving";
const QUEUED: &str = "queued";
const SENT: &str = "sent";
const FAILED: &str = "failed";

/// What stands below the last entry: the assistant's answer so far, own messages on their way, who types.
fn tail<'a>(state: &'a State, open: &'a Open) -> Vec<Block<'a>> {
    let mut blocks = Vec::new();
    if let Some(partial) = &open.partial {
        blocks.push(Block { who: Who::Assistant, word: "writes…", at: None, text: partial, version: None });
    }
    for echo in state.echoes.iter().filter(|echo| echo.conversation == open.id) {
        let (word, text) = match &echo.state {
            EchoState::Held => (HELD, &echo.text),
            EchoState::Storing => (STORING, &echo.text),
            EchoState::Queued => (QUEUED, &echo.text),
            EchoState::Sent(_) => (SENT, &echo.text),
            EchoState::Failed => (FAILED, &echo.text),
        };
        let who = if echo.kind == DraftKind::Note { Who::Note } else { Who::Me };
        blocks.push(Block { who, word, at: None, text, version: None });
    }
    if let Some(typing) = state.typing.get(&open.id) {
        const TYPES: &SafeText = &SafeText::literal("…");
        let (who, word) = match &typing.agent {
            Some(_) => (Who::Agent, "types"),
            None => (Who::Visitor, "types"),
        };
        blocks.push(Block {
            who,
            word,
            at: None,
            text: typing.agent.as_ref().unwrap_or(TYPES),
            version: None,
        });
    }
    blocks
}

/// Adds a block's rows, last first, from row `upto` on (counting the head row, where the gutter stands above).
#[expect(clippy::too_many_arguments, reason = "one caller's locals, twice")]
fn push_rows(
    out: &mut Vec<Row>,
    block: &Block<'_>,
    upto: usize,
    w: u16,
    state: &State,
    id: ConversationId,
    look: Look,
    cache: &mut Cache,
) {
    let text = block.text.as_str();
    let wrapped = match block.version {
        Some(version) => cache.rows(id, version, w, text),
        None => width::wrap(text, body_width(w)).into(),
    };
    let beside = gutter_beside(w);
    let (who, said) = (look.who(block.who), look.said(block.who));
    let time = block.at.map_or_else(String::new, |at| time_of(at, state.server_now(), &state.tz));
    let gutter_above = head_rows(block.who, w);
    let unread = state.open.as_ref().and_then(|open| open.transcript.unread_from());
    let begins = unread.is_some() && unread == block.version;
    let head = gutter_above + usize::from(begins);
    for (row, range) in wrapped.iter().enumerate().rev() {
        if row + head > upto {
            continue;
        }
        let gutter = match (beside, row) {
            (true, 0) => vec![
                own(format!("{time:<5} "), look.dim()),
                own(format!("{:<9} ", block.word), who),
                own(mark(block.who), who),
            ],
            (true, _) => vec![own(format!("{:16}{}", "", next_mark(block.who)), who)],
            (false, 0) => vec![own(mark(block.who), who)],
            (false, _) => vec![own(next_mark(block.who), who)],
        };
        let words = text[range.clone()].trim_end_matches([' ', '\n']).to_owned();
        out.push((gutter, vec![Span::styled(words, outside(said))]));
    }
    if gutter_above > 0 && upto >= usize::from(begins) {
        out.push((vec![own(format!("{time:<5} "), look.dim()), own(block.word, who)], Vec::new()));
    }
    if begins {
        let line = "─".repeat(usize::from(w).saturating_sub(10));
        out.push((vec![own(format!("── new {line}"), look.bold())], Vec::new()));
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
