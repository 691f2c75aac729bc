//! The head of the open conversation: who, where it stands, how long, on which page, and who else looks.

use ratatui::buffer::Buffer;
use ratatui::text::Span;

use super::Look;
use super::paint::{cells, clipped, cut, own, put, put_right, safe};
use crate::console::app::State;
use crate::console::app::clock::{self, Urgency};
use crate::console::app::door::{HolderView, PageView};
use crate::console::app::layout::Area;
use crate::conversation::State as Standing;
use crate::text::SafeText;

/// ```text
/// Nina Kowalski · Shop · yours              answer within 50s
/// on /orders/4711 (Your orders) · Bo looks too
/// ```
pub fn draw_head(buf: &mut Buffer, area: Area, state: &State, look: Look) {
    let Some(open) = &state.open else { return };
    let row = state.rows.get(&open.id);
    let name = open.view.as_ref().map(|view| &view.name).or(row.map(|row| &row.name));
    let mut clock = Vec::new();
    let (mut site, mut stands) = (Vec::new(), Vec::new());
    if let Some(row) = row {
        if state.many_sites() {
            site.push(own(" · ", look.dim()));
            if !state.site_shown(row) {
                // What is open need not be of the site that is shown: that must not be overlooked.
                site.push(own("OTHER SITE ", look.bad()));
            }
            site.extend(super::site::tag(state, &row.site, if area.w < 50 { 8 } else { 16 }, look));
        }
        stands.push(own(" · ", look.dim()));
        stands.extend(standing(&row.holder, row.state, state.is_mine(row), look));
        clock = match row.state {
            Standing::Snoozed => vec![own(format!("wakes {} ", state.wakes_at(row)), look.dim())],
            _ => wait(state, row, look),
        };
    }
    let room = usize::from(area.w).saturating_sub(cells(&clock) + 1);
    let mut first = vec![own(" ", look.plain())];
    match name {
        // The site stays whatever the name is.
        Some(name) => first.extend(clipped(name, room.saturating_sub(1 + cells(&site)).max(6), look.bold())),
        None => first.push(own("…", look.dim())),
    }
    first.extend(site);
    first.extend(stands);
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
    let view = open.view.as_ref();
    let on = |spans: &mut Vec<Span<'static>>, page: &PageView| {
        spans.extend([own("on ", look.dim()), safe(&page.path, look.dim())]);
        if let Some(title) = &page.title {
            spans.extend([own(" (", look.dim()), safe(title, look.dim()), own(")", look.dim())]);
        }
    };
    if let Some(since) = state.left(open.id) {
        let ago = since.map(|since| clock::wait(state.server_now().since_ms(since)));
        let words = ago.map_or_else(|| "the visitor has left ".to_owned(), |ago| format!("left {ago} ago "));
        let mut spans = vec![own(words, look.bold())];
        // Where they left from, which need not be where they asked for a person.
        if let Some(page) = view.and_then(|view| view.page_now.as_ref().or(view.page.as_ref())) {
            on(&mut spans, page);
        }
        part(&mut out, spans);
    } else if let Some(page) = view.and_then(|view| view.page.as_ref()) {
        let mut spans = Vec::new();
        on(&mut spans, page);
        part(&mut out, spans);
    }
    out
}
