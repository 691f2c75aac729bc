//! The list of a tab.

use ratatui::buffer::Buffer;
use ratatui::text::Span;

use super::paint::{blank, cells, clipped, own, put, put_right, safe, stain};
use super::{HitMap, Look, Target};
use crate::client::DraftKind;
use crate::console::app::State;
use crate::console::app::clock::{self, Urgency};
use crate::console::app::command::Command;
use crate::console::app::door::{HolderView, RowView};
use crate::console::app::keymap::Mode;
use crate::console::app::layout::{Area, ROW_LINES};
use crate::console::app::state::{Focus, Link};
use crate::conversation::{Priority, Reason, State as Standing, Tab};
use crate::text::width;

/// ```text
/// longest wait first          2 new above: g
/// > Nina Kowalski · asked for a person  +2 !3m
///   Shop Refund for order 4711         /orders
///   Bo Lee · Cy types… · left 2m            40s
///   Docs Cannot log in after the update  /login
/// 2 new of 4 below: j
/// ```
pub fn draw(buf: &mut Buffer, area: Area, state: &State, look: Look, hits: &mut HitMap) {
    let list = state.list();
    heading(buf, area, state, look);
    if let (Link::Stopped { why }, false) = (&state.link, state.loaded) {
        for (row, words) in (2u16..).zip(why.rows(usize::from(area.w.saturating_sub(3)).max(8))) {
            put(buf, area, 1, row, vec![own(words.to_owned(), look.bad())]);
        }
        return;
    }
    if list.order().is_empty() {
        for (row, sentence) in (2u16..).zip(empty(state)) {
            put(buf, area, 1, row, vec![own(*sentence, look.dim())]);
        }
        return;
    }
    let mut y = 1;
    for id in list.order().iter().skip(list.top()) {
        if y + ROW_LINES > area.h {
            break;
        }
        let place = Area { y: area.y + y, h: ROW_LINES, ..area };
        let selected = list.selected() == Some(*id);
        if let Some(row) = state.rows.get(id) {
            draw_row(buf, place, row, selected, state, look);
            hits.add(place, Target::Row(*id));
        }
        y += ROW_LINES;
    }
    let below = list.order().len().saturating_sub(list.top() + usize::from((area.h - 1) / ROW_LINES));
    // The last line is free where the height is odd; else the heading says it.
    if below > 0 && y < area.h {
        let mut words = vec![own(format!("{below} more below "), look.dim())];
        if list.new_below() > 0 {
            words = vec![
                own(format!("{} new", list.new_below()), look.bold()),
                own(
                    format!(" of {below} below: {} ", state.keymap.key(Command::Down, Mode::List)),
                    look.dim(),
                ),
            ];
        }
        put_right(buf, area, y, words);
    }
}

fn heading(buf: &mut Buffer, area: Area, state: &State, look: Look) {
    let words = match state.tab() {
        Tab::Queue => "longest wait first",
        Tab::Mine => "who waits longest first",
        Tab::Assistant => "live with the assistant",
        Tab::Snoozed => "next to wake first",
        Tab::Resolved | Tab::All => "newest first",
    };
    put(buf, area, 1, 0, vec![own(words, look.dim())]);
    let marked = state.marked().len();
    if marked > 0 {
        let words = format!("{marked} marked: Esc clears");
        blank(buf, Area { h: 1, ..area });
        put(buf, area, 1, 0, vec![own(words, look.note_word())]);
    }
    let (above, below) = (state.list().new_above(), state.list().new_below());
    let no_room_below = area.h.saturating_sub(1).is_multiple_of(ROW_LINES);
    let key = |command| state.keymap.key(command, Mode::List);
    let (top, end) = (key(Command::Top), key(Command::Bottom));
    let news = match (above, below) {
        (0, 0) => return,
        (0, n) if no_room_below => format!("{n} new below: {end} "),
        (n, m) if m > 0 && no_room_below => format!("{n} new above: {top}, {m} below "),
        (0, _) => return,
        (n, _) => format!("{n} new above: {top} "),
    };
    // What is new matters more than how it is sorted.
    if marked == 0 && width::cells(&news) + words.len() + 2 > usize::from(area.w) {
        blank(buf, Area { h: 1, ..area });
    }
    put_right(buf, area, 0, vec![own(news, look.bold())]);
}

/// What an empty tab says.
fn empty(state: &State) -> &'static [&'static str] {
    if !state.loaded {
        return &["Connecting…"];
    }
    match state.tab() {
        Tab::Queue => &["Nobody waits for a person."],
        Tab::Mine => &["You hold no conversation.", "1 shows who waits."],
        Tab::Assistant => &["The assistant talks to nobody."],
        Tab::Snoozed => &["Nothing is put aside."],
        Tab::Resolved | Tab::All => &["Nothing is resolved yet."],
    }
}

fn draw_row(buf: &mut Buffer, area: Area, row: &RowView, selected: bool, state: &State, look: Look) {
    let tab = state.tab();
    let here = state.me.as_ref().is_some_and(|me| row.in_tab(tab, me.id));
    let open = state.open.as_ref().is_some_and(|open| open.id == row.id);
    let mark = match (selected, open, state.is_marked(row.id)) {
        (true, _, true) => ">x ",
        (false, _, true) => " x ",
        (true, _, false) => "> ",
        (false, true, false) => "· ",
        (false, false, false) => "  ",
    };
    let mut first = vec![own(mark, look.bold())];
    let clock = wait(row, here, state, look);
    let unread = if here { state.unread(row) } else { 0 };
    let narrow = area.w < 46;
    let right = match (unread, narrow) {
        (0, _) => clock,
        (n, true) => [vec![own(format!("+{n} "), look.bold())], clock].concat(),
        (n, false) => [vec![own(format!("{n} new  "), look.bold())], clock].concat(),
    };
    let room = usize::from(area.w).saturating_sub(cells(&right) + 1);
    let name = if here { look.bold() } else { look.dim() };
    let mut said = remarks(row, here, state, look, false);
    if 2 + row.name.cells() + said.iter().map(|part| cells(part)).sum::<usize>() > room {
        said = remarks(row, here, state, look, true);
    }
    // The first remark is the one that matters: a long name makes room for it, the others come while they fit.
    let kept = said.first().map_or(0, |part| cells(part));
    let kept = if kept + 7 <= room { kept } else { 0 };
    first.extend(clipped(&row.name, room.saturating_sub(cells(&first) + kept), name));
    for part in said {
        if cells(&first) + cells(&part) > room {
            break;
        }
        first.extend(part);
    }
    put(buf, area, 0, 0, super::paint::cut(first, room));
    put_right(buf, area, 0, right);

    let most = usize::from(area.w) / 3;
    let mut page: Vec<Span<'static>> = Vec::new();
    if let Some(at) = row.page.as_ref().filter(|page| page.path.as_str() != "/") {
        page = clipped(&at.path, most, look.dim());
        page.push(own(" ", look.dim()));
    }
    let room = usize::from(area.w).saturating_sub(3 + cells(&page) + usize::from(!page.is_empty()));
    let mut second = Vec::new();
    if state.many_sites() && state.site.is_none() {
        second.extend(super::site::tag(state, &row.site, if area.w < 34 { 6 } else { 10 }, look));
        second.push(own(" ", look.plain()));
    }
    let room = room.saturating_sub(cells(&second));
    second.extend(clipped(&row.summary, room, if here { look.plain() } else { look.dim() }));
    put(buf, area, 2, 1, second);
    put_right(buf, area, 1, page);

    if selected {
        let style = if state.focus == Focus::List { look.selected() } else { look.selected_elsewhere() };
        let lines = if state.focus == Focus::List { ROW_LINES } else { 1 };
        for line in 0..lines {
            stain(buf, area, line, style);
        }
    }
}

/// The reason in a word or two, where the sentence has no room: a whole word says more than half a sentence.
fn shortly(reason: Reason) -> &'static str {
    match reason {
        Reason::HumanRequested => "asked",
        Reason::VisitorButton => "button",
        Reason::RestrictedTopic => "restricted",
        Reason::Unanswered => "no answer",
        Reason::Loop => "in circles",
        Reason::AssistantFailed => "failed",
        Reason::LlmJudgement => "needs help",
        Reason::Keyword | Reason::Frustration | Reason::AgentTakeover => reason.words(),
    }
}

/// What is said after the name, what matters most first: what became of a ghost; else who types or looks,
/// how urgent it is, whether the visitor has left, a draft, why a person is needed.
fn remarks(row: &RowView, here: bool, state: &State, look: Look, short: bool) -> Vec<Vec<Span<'static>>> {
    let part = |spans: Vec<Span<'static>>| [vec![own(" · ", look.dim())], spans].concat();
    if !here {
        let words = match (&row.holder, row.state) {
            _ if row.gone => vec![own("no longer visible", look.dim())],
            (_, Standing::Resolved) => vec![own("resolved", look.dim())],
            (_, Standing::Queued) => vec![own("queued again", look.dim())],
            (_, Standing::Snoozed) => vec![own("snoozed", look.dim())],
            (HolderView::Agent { .. }, _) if state.is_mine(row) => vec![own("yours now", look.good())],
            (HolderView::Agent { name, .. }, _) => vec![own("taken by ", look.dim()), safe(name, look.dim())],
            _ => vec![own("with the assistant", look.dim())],
        };
        return vec![part(words)];
    }
    let mut out = Vec::new();
    if let Some(typing) = state.typing.get(&row.id) {
        out.push(part(match &typing.agent {
            Some(name) => vec![safe(name, look.bold()), own(" types…", look.bold())],
            None if short => vec![own("types…", look.bold())],
            None => vec![own("visitor types…", look.bold())],
        }));
    }
    let writer = state.typing.get(&row.id).and_then(|typing| typing.agent.as_ref());
    let viewers = state.viewing.get(&row.id).map_or(&[][..], Vec::as_slice);
    match viewers {
        [] => {}
        // Who types looks too: once is enough.
        [name] if Some(name) == writer => {}
        [name] => out.push(part(vec![safe(name, look.plain()), own(" looks", look.plain())])),
        many => out.push(part(vec![own(format!("{} look", many.len()), look.plain())])),
    }
    match row.priority {
        Priority::Urgent => out.push(part(vec![own("URGENT", look.bad())])),
        Priority::High => out.push(part(vec![own("high", look.bold())])),
        Priority::Low => out.push(part(vec![own("low", look.dim())])),
        Priority::Normal => {}
    }
    if let Some(since) = state.left(row.id) {
        let ago = since.map(|since| clock::wait(state.server_now().since_ms(since)));
        let words = ago.map_or_else(|| "left".to_owned(), |ago| format!("left {ago}"));
        out.push(part(vec![own(words, look.bold())]));
    }
    if state.draft(row.id, DraftKind::Reply).is_some() || state.draft(row.id, DraftKind::Note).is_some() {
        out.push(part(vec![own("draft", look.note_word())]));
    }
    if row.ticket {
        out.push(part(vec![own("ticket", look.bold())]));
    }
    let words: fn(Reason) -> &'static str = if short { shortly } else { Reason::words };
    match (row.state, row.reason) {
        // Whoever has it already read why it came.
        (Standing::Active, _) if state.is_mine(row) => {}
        (Standing::Queued | Standing::Active, Some(reason)) => {
            out.push(part(vec![own(words(reason), look.plain())]));
        }
        (Standing::Assistant, Some(reason)) => out.push(part(vec![own(words(reason), look.dim())])),
        _ => {}
    }
    out
}

/// The wait at the right: colour and mark say the same.
fn wait(row: &RowView, here: bool, state: &State, look: Look) -> Vec<Span<'static>> {
    if !here {
        return Vec::new();
    }
    if let Some(timer) = state.reply_timer(row).filter(|timer| timer.warn_in <= 0) {
        return vec![own(format!("! returns {} ", clock::left(timer.return_in)), look.bad())];
    }
    if let Some(timer) = state.reply_timer(row) {
        return vec![own(format!("answer {} ", clock::left(timer.warn_in)), look.wait(Urgency::Long))];
    }
    if row.state == Standing::Snoozed {
        return vec![own(format!("{} ", state.wakes_shortly(row)), look.dim())];
    }
    let Some(ms) = state.waits_ms(row) else {
        return if state.is_mine(row) { vec![own("answered ", look.dim())] } else { Vec::new() };
    };
    let urgency = if row.state == Standing::Assistant { Urgency::Calm } else { Urgency::of(ms) };
    vec![own(format!("{}{} ", urgency.mark(), clock::wait(ms)), look.wait(urgency))]
}
