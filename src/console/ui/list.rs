//! The list of a tab.

use ratatui::buffer::Buffer;
use ratatui::text::Span;

use super::paint::{cells, clipped, own, put, put_right, safe, stain};
use super::{HitMap, Look, Target};
use crate::client::DraftKind;
use crate::console::app::State;
use crate::console::app::clock::{self, Urgency};
use crate::console::app::command::Command;
use crate::console::app::door::{HolderView, RowView};
use crate::console::app::keymap::Mode;
use crate::console::app::layout::{Area, ROW_LINES};
use crate::console::app::state::{Focus, Link};
use crate::conversation::{Reason, State as Standing, Tab};

/// ```text
/// longest wait first          2 new above: g
/// > Nina Kowalski · asked for a person   !3m
///   Refund for order 4711             /orders
///   Bo Lee · typing…                     40s
///   Cannot log in after the update    /login
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
    if below > 0 && y < area.h {
        put_right(buf, area, y, vec![own(format!("{below} more below"), look.dim())]);
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
        super::paint::blank(buf, Area { h: 1, ..area });
        put(buf, area, 1, 0, vec![own(words, look.note_word())]);
    }
    let new = state.list().new_above();
    if new > 0 {
        put_right(
            buf,
            area,
            0,
            vec![own(
                format!("{new} new above: {} ", state.keymap.key(Command::Top, Mode::List)),
                look.bold(),
            )],
        );
    }
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
        (true, _, true) => ">x",
        (false, _, true) => " x",
        (true, _, false) => "> ",
        (false, true, false) => "· ",
        (false, false, false) => "  ",
    };
    let mut first =
        vec![own(mark, look.bold()), safe(&row.name, if here { look.bold() } else { look.dim() })];
    let clock = wait(row, here, state, look);
    let room = usize::from(area.w).saturating_sub(cells(&clock) + 1);
    let said = remark(row, here, state, look, Reason::words);
    if cells(&first) + cells(&said) <= room {
        first.extend(said);
    } else {
        first.extend(remark(row, here, state, look, shortly));
    }
    put(buf, area, 0, 0, super::paint::cut(first, room));
    put_right(buf, area, 0, clock);

    let most = usize::from(area.w) / 3;
    let mut page: Vec<Span<'static>> = Vec::new();
    if let Some(at) = row.page.as_ref().filter(|page| page.path.as_str() != "/") {
        page = clipped(&at.path, most, look.dim());
        page.push(own(" ", look.dim()));
    }
    let room = usize::from(area.w).saturating_sub(3 + cells(&page) + usize::from(!page.is_empty()));
    put(buf, area, 2, 1, clipped(&row.summary, room, if here { look.plain() } else { look.dim() }));
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

/// What is said after the name: what became of a ghost, who types, a draft, why a person is needed.
fn remark(
    row: &RowView,
    here: bool,
    state: &State,
    look: Look,
    reason_words: fn(Reason) -> &'static str,
) -> Vec<Span<'static>> {
    let dot = || own(" · ", look.dim());
    if !here {
        let words = match (&row.holder, row.state) {
            _ if row.gone => own("no longer visible", look.dim()),
            (_, Standing::Resolved) => own("resolved", look.dim()),
            (_, Standing::Queued) => own("queued again", look.dim()),
            (_, Standing::Snoozed) => own("snoozed", look.dim()),
            (HolderView::Agent { .. }, _) if state.is_mine(row) => own("yours now", look.good()),
            (HolderView::Agent { name, .. }, _) => own(format!("taken by {name}"), look.dim()),
            _ => own("with the assistant", look.dim()),
        };
        return vec![dot(), words];
    }
    let mut out = Vec::new();
    if let Some(typing) = state.typing.get(&row.id) {
        out.push(dot());
        match &typing.agent {
            Some(name) => out.push(own(format!("{name} types…"), look.bold())),
            None => out.push(own("typing…", look.bold())),
        }
    }
    if state.draft(row.id, DraftKind::Reply).is_some() || state.draft(row.id, DraftKind::Note).is_some() {
        out.extend([dot(), own("draft", look.note_word())]);
    }
    if row.ticket {
        out.extend([dot(), own("ticket", look.bold())]);
    }
    match (row.state, row.reason) {
        (Standing::Queued | Standing::Active, Some(reason)) => {
            out.extend([dot(), own(reason_words(reason), look.plain())]);
        }
        (Standing::Assistant, Some(reason)) => out.extend([dot(), own(reason_words(reason), look.dim())]),
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
