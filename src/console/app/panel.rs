//! What the context panel says, row by row: the card, the page and the way there, the visitor, their earlier conversations.
//!
//! The same rows are drawn and scrolled. Refused here: deciding anything, and colours.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::clock;
use super::door::{ContextView, PageView};
use super::layout::{self, Area};
use super::page::{Ink, Page, own, safe};
use super::state::{Open, State};
use crate::conversation::{Priority, Reason, Time};
use crate::text::SafeText;

/// Pages of the way there that are shown: the latest.
const TRAIL: usize = 6;

/// Where the panel stands, if it is in sight: beside the conversation, or over it.
pub fn place(state: &State) -> Option<Area> {
    let panes = layout::panes(state);
    panes.context.or(panes.transcript.filter(|_| state.card_over))
}

/// Cells of a row in a panel of this width.
fn inner(w: u16) -> usize {
    usize::from(w.saturating_sub(3)).max(8)
}

/// Scrolls by rows; stops at both ends.
pub(super) fn scroll(state: &mut State, by: isize) {
    let Some(area) = place(state) else { return };
    let most = page(state, area.w).lowest_top(area.h);
    state.panel_top = state.panel_top.min(most).saturating_add_signed(by).min(most);
}

/// Milliseconds until the panel reads differently; none while nothing in it tells the time.
pub(super) fn until_change(state: &State) -> Option<u64> {
    place(state)?;
    let open = state.open.as_ref()?;
    let view = open.view.as_ref()?;
    let now = state.server_now();
    // Every zone of today is whole minutes off.
    let minute = (60_000 - now.0.rem_euclid(60_000)).unsigned_abs();
    let local = view.zone.as_ref().and_then(|zone| zone.rules.as_ref()).map(|_| minute);
    let left = state.left(open.id).flatten().map(|since| clock::until_change(now.since_ms(since)));
    [local, left].into_iter().flatten().min()
}

/// The rows for a panel of this width.
pub fn page(state: &State, w: u16) -> Page {
    let mut page = Page::new(inner(w));
    let Some(open) = &state.open else {
        page.row(vec![own("No conversation is open.", Ink::Dim)]);
        return page;
    };
    let Some(view) = &open.view else { return page };
    card(&mut page, view);
    labels(&mut page, view);
    if let Some(at) = &view.page {
        page.heading("PAGE");
        whole(&mut page, at);
    }
    if let Some(now) = &view.page_now {
        page.heading("NOW ON");
        whole(&mut page, now);
    }
    visitor(&mut page, state, open, view);
    trail(&mut page, state, view);
    earlier(&mut page, state, open);
    page
}

fn card(page: &mut Page, view: &ContextView) {
    page.heading("CARD");
    let Some(card) = &view.card else {
        page.row(vec![own("No person was asked for.", Ink::Dim)]);
        return;
    };
    page.text("", &card.summary, Ink::Bold);
    // A visitor whose one question is the whole card is not quoted twice.
    for wants in card.wants.iter().filter(|wants| **wants != card.summary) {
        page.text("wants  ", wants, Ink::Plain);
    }
    for (kind, fact) in &card.facts {
        let fact = SafeText::join(&SafeText::literal(" "), [kind, fact]);
        page.text("facts  ", &fact, Ink::Plain);
    }
    for tried in &card.tried {
        page.text("tried  ", tried, Ink::Plain);
    }
    let reason = SafeText::literal(view.reason.map_or("", Reason::words));
    page.text("why    ", if card.why.is_blank() { &reason } else { &card.why }, Ink::Plain);
    if !card.mood.is_blank() {
        page.text("mood   ", &card.mood, Ink::Plain);
    }
}

fn labels(page: &mut Page, view: &ContextView) {
    if view.tags.is_empty() && view.priority == Priority::Normal && view.group.is_none() {
        return;
    }
    page.heading("LABELS");
    match view.priority {
        Priority::Normal => {}
        Priority::Urgent => page.row(vec![own("priority  ", Ink::Dim), own("URGENT", Ink::Bad)]),
        other => page.row(vec![own("priority  ", Ink::Dim), own(other.word(), Ink::Bold)]),
    }
    if !view.tags.is_empty() {
        page.field("tags      ", &SafeText::join(&SafeText::literal(", "), &view.tags), Ink::Plain);
    }
    if let Some(group) = &view.group {
        page.text("group     ", group, Ink::Plain);
    }
}

fn whole(page: &mut Page, at: &PageView) {
    if let Some(title) = &at.title {
        page.field("", title, Ink::Bold);
    }
    page.address(&at.url);
    if let Some(referrer) = &at.referrer {
        page.field("from ", referrer, Ink::Dim);
    }
}

fn visitor(page: &mut Page, state: &State, open: &Open, view: &ContextView) {
    page.heading("VISITOR");
    page.field("", &view.name, Ink::Bold);
    if let Some(email) = &view.email {
        page.field("", email, Ink::Plain);
    }
    let now = state.server_now();
    match state.presence.get(&open.id) {
        Some(presence) if presence.online => page.row(vec![own("is on the site now", Ink::Good)]),
        Some(presence) => {
            let ago = presence.since.map(|since| format!("left {} ago", clock::wait(now.since_ms(since))));
            let words = ago.unwrap_or_else(|| "has left the site".to_owned());
            match view.page_now.as_ref().or(view.page.as_ref()) {
                Some(at) => page.row(vec![own(words + " on ", Ink::Bold), safe(&at.path, Ink::Bold)]),
                None => page.row(vec![own(words, Ink::Bold)]),
            }
        }
        None => {}
    }
    if let Some(zone) = &view.zone {
        match &zone.rules {
            Some(rules) => page.row(vec![
                own(format!("{} there", there(now, rules)), Ink::Plain),
                own(" · ", Ink::Dim),
                safe(&zone.name, Ink::Dim),
            ]),
            None => page.row(vec![own("time zone ", Ink::Dim), safe(&zone.name, Ink::Dim)]),
        }
    }
    if let Some(locale) = &view.locale {
        page.field("speaks ", locale, Ink::Dim);
    }
    if let Some(device) = &view.device {
        page.field("", device, Ink::Dim);
    }
    let known = clock::wait(now.since_ms(view.started_at));
    page.row(vec![own(format!("first wrote {known} ago"), Ink::Dim)]);
}

/// The time of day somewhere: `Mon 15:30`.
fn there(now: Time, zone: &TimeZone) -> String {
    let now = Timestamp::from_millisecond(now.0).unwrap_or(Timestamp::UNIX_EPOCH);
    now.to_zoned(zone.clone()).strftime("%a %H:%M").to_string()
}

fn trail(page: &mut Page, state: &State, view: &ContextView) {
    // One page is the page; the way there begins with two.
    if view.trail.len() < 2 {
        return;
    }
    page.heading("WAY HERE");
    let left_out = view.trail.len().saturating_sub(TRAIL);
    let today = day(state.server_now(), &state.tz);
    for (at, visited) in view.trail.iter().skip(left_out).rev() {
        let zoned =
            Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(state.tz.clone());
        let format = if day(*at, &state.tz) == today { "%H:%M " } else { "%d%b " };
        page.field(&zoned.strftime(format).to_string(), &visited.path, Ink::Plain);
    }
    if left_out > 0 {
        page.row(vec![own(format!("and {left_out} before"), Ink::Dim)]);
    }
}

fn day(at: Time, zone: &TimeZone) -> jiff::civil::Date {
    Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone()).date()
}

fn earlier(page: &mut Page, state: &State, open: &Open) {
    if open.earlier.is_empty() {
        return;
    }
    page.heading("EARLIER: E opens");
    for row in &open.earlier {
        let ago = clock::wait(state.server_now().since_ms(row.last_message_at));
        page.row(vec![own(format!("{ago} ago, {}", row.state.word()), Ink::Dim)]);
        page.text("  ", &row.summary, Ink::Plain);
    }
}
