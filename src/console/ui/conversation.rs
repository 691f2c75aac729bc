//! The head of the open conversation: who, where it stands, how long, on which page, and who else looks.

use ratatui::buffer::Buffer;
use ratatui::text::Span;

use super::Look;
use super::paint::{cells, cut, own, put, put_right, safe};
use crate::console::app::State;
use crate::console::app::clock::{self, Urgency};
use crate::console::app::door::HolderView;
use crate::console::app::layout::Area;
use crate::conversation::State as Standing;
use crate::text::SafeText;

/// ```text
/// Nina Kowalski · yours                     answer within 50s
/// on /orders/4711 (Your orders) · Bo looks too
/// ```
pub fn draw_head(buf: &mut Buffer, area: Area, state: &State, look: Look) {
    let Some(open) = &state.open else { return };
    let row = state.rows.get(&open.id);
    let name = open.view.as_ref().map(|view| &view.name).or(row.map(|row| &row.name));
    let mut first = vec![own(" ", look.plain())];
    match name {
        Some(name) => first.push(safe(name, look.bold())),
        None => first.push(own("…", look.dim())),
    }
    let mut clock = Vec::new();
    if let Some(row) = row {
        first.push(own(" · ", look.dim()));
        first.extend(standing(&row.holder, row.state, state.is_mine(row), look));
        if row.state == Standing::Snoozed {
            clock = vec![own(format!("wakes {} ", state.wakes_at(row)), look.dim())];
        }
        if clock.is_empty() {
            clock = wait(state, row, look);
        }
    }
    let room = usize::from(area.w).saturating_sub(cells(&clock) + 1);
    put(buf, area, 0, 0, cut(first, room));
    put_right(buf, area, 0, clock);
    if area.h > 1 {
        put(buf, area, 1, 1, second(state, look));
    }
}

/// Where it stands, in words.
fn standing(holder: &HolderView, state: Standing, mine: bool, look: Look) -> Vec<Span<'static>> {
    match (holder, state) {
        (_, Standing::Resolved) => vec![own("resolved", look.dim())],
        (_, Standing::Queued) => vec![own("waits for a person", look.bad())],
        (_, Standing::Snoozed) => vec![own("snoozed", look.dim())],
        (HolderView::Agent { .. }, _) if mine => vec![own("yours", look.good())],
        (HolderView::Agent { name, .. }, _) => vec![own("held by ", look.plain()), safe(name, look.bold())],
        _ => vec![own("with the assistant", look.who(crate::console::app::door::Who::Assistant))],
    }
}

fn wait(state: &State, row: &crate::console::app::door::RowView, look: Look) -> Vec<Span<'static>> {
    if let Some(timer) = state.reply_timer(row) {
        let style = if timer.warn_in > 0 { look.wait(Urgency::Long) } else { look.bad() };
        return vec![own(format!("{} ", timer.words()), style)];
    }
    let Some(ms) = state.waits_ms(row).filter(|_| row.state != Standing::Assistant) else {
        return Vec::new();
    };
    let urgency = Urgency::of(ms);
    vec![own(format!("waits {}{} ", urgency.mark(), clock::wait(ms)), look.wait(urgency))]
}

fn second(state: &State, look: Look) -> Vec<Span<'static>> {
    let Some(open) = &state.open else { return Vec::new() };
    let mut out: Vec<Span<'static>> = Vec::new();
    let part = |out: &mut Vec<Span<'static>>, spans: Vec<Span<'static>>| {
        if !out.is_empty() {
            out.push(own(" · ", look.dim()));
        }
        out.extend(spans);
    };
    if let Some(names) = state.viewing.get(&open.id).filter(|names| !names.is_empty()) {
        let names = SafeText::join(&SafeText::literal(", "), names);
        part(&mut out, vec![safe(&names, look.bold()), own(" looks too", look.plain())]);
    }
    if open.online == Some(false) {
        part(&mut out, vec![own("the visitor has left", look.bold())]);
    }
    if let Some(page) = open.view.as_ref().and_then(|view| view.page.as_ref()) {
        let mut spans = vec![own("on ", look.dim()), safe(&page.path, look.dim())];
        if let Some(title) = &page.title {
            spans.extend([own(" (", look.dim()), safe(title, look.dim()), own(")", look.dim())]);
        }
        part(&mut out, spans);
    }
    out
}
