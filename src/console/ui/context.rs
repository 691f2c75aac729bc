//! The context panel: the card, the page, the visitor, and their earlier conversations.

use ratatui::buffer::Buffer;
use ratatui::style::Style;
use ratatui::text::Span;

use super::Look;
use super::paint::{outside, own, put};
use crate::console::app::State;
use crate::console::app::clock;
use crate::console::app::door::{ContextView, PageView};
use crate::console::app::layout::Area;
use crate::text::{SafeText, width};

/// Rows of text, wrapped to a width; what does not fit below is cut.
struct Page {
    rows: Vec<Vec<Span<'static>>>,
    width: usize,
    look: Look,
}

impl Page {
    fn heading(&mut self, words: &'static str) {
        if !self.rows.is_empty() {
            self.rows.push(Vec::new());
        }
        self.rows.push(vec![own(words, self.look.heading())]);
    }

    /// A text, wrapped, with something of ours before its first row.
    fn text(&mut self, before: &'static str, text: &SafeText, style: Style) {
        let indent = width::cells(before);
        let ranges = width::wrap(text.as_str(), self.width.saturating_sub(indent).max(4));
        for (row, range) in ranges.into_iter().enumerate() {
            let lead = if row == 0 { before.to_owned() } else { " ".repeat(indent) };
            let words = text.as_str()[range].trim_end_matches([' ', '\n']).to_owned();
            self.rows.push(vec![own(lead, self.look.dim()), Span::styled(words, outside(style))]);
        }
    }

    fn page(&mut self, page: &PageView) {
        if let Some(title) = &page.title {
            self.text("", title, self.look.bold());
        }
        self.text("", &page.url, self.look.plain());
        if let Some(referrer) = &page.referrer {
            self.text("from ", referrer, self.look.dim());
        }
    }
}

/// ```text
/// CARD
/// Refund for order 4711
/// wants  My order never came …
/// facts  order 4711
/// tried  Tracking a parcel
/// why    asked for a person
///
/// PAGE
/// Your orders
/// https://example.com/orders/4711
///
/// VISITOR
/// Nina Kowalski
/// nina@example.com
///
/// EARLIER
/// 2d ago  resolved  Change of address
/// ```
pub fn draw(buf: &mut Buffer, area: Area, state: &State, look: Look) {
    let Some(open) = &state.open else {
        put(buf, area, 1, 1, vec![own("No conversation is open.", look.dim())]);
        return;
    };
    let Some(view) = &open.view else { return };
    let width = usize::from(area.w.saturating_sub(3)).max(8);
    let mut page = Page { rows: Vec::new(), width, look };
    card(&mut page, view, look);
    if let Some(at) = &view.page {
        page.heading("PAGE");
        page.page(at);
    }
    if let Some(now) = &view.page_now {
        page.heading("NOW ON");
        page.page(now);
    }
    page.heading("VISITOR");
    page.text("", &view.name, look.bold());
    if let Some(email) = &view.email {
        page.text("", email, look.plain());
    }
    let known = state.server_now().since_ms(view.started_at);
    page.rows.push(vec![own(format!("first wrote {} ago", clock::wait(known)), look.dim())]);
    match state.presence.get(&open.id).map(|p| p.online) {
        Some(true) => page.rows.push(vec![own("is on the site now", look.good())]),
        Some(false) => page.rows.push(vec![own("has left the site", look.bold())]),
        None => {}
    }
    if !open.earlier.is_empty() {
        page.heading("EARLIER");
        for row in &open.earlier {
            let ago = clock::wait(state.server_now().since_ms(row.last_message_at));
            page.rows.push(vec![own(format!("{ago} ago, {}", row.state.word()), look.dim())]);
            page.text("  ", &row.summary, look.plain());
        }
    }
    let fits = usize::from(area.h);
    let over = page.rows.len() > fits;
    for (y, row) in (0u16..).zip(page.rows.into_iter().take(fits)) {
        put(buf, Area { w: area.w.saturating_sub(1), ..area }, 1, y, row);
    }
    if over {
        put(buf, area, area.w.saturating_sub(2), area.h - 1, vec![own("…", look.bold())]);
    }
}

fn card(page: &mut Page, view: &ContextView, look: Look) {
    page.heading("CARD");
    let Some(card) = &view.card else {
        page.rows.push(vec![own("No person was asked for.", look.dim())]);
        return;
    };
    page.text("", &card.summary, look.bold());
    for wants in &card.wants {
        page.text("wants  ", wants, look.plain());
    }
    for (kind, fact) in &card.facts {
        let fact = SafeText::join(&SafeText::literal(" "), [kind, fact]);
        page.text("facts  ", &fact, look.plain());
    }
    for tried in &card.tried {
        page.text("tried  ", tried, look.plain());
    }
    let reason = view.reason.map_or("", crate::conversation::Reason::words);
    if card.why.is_blank() {
        page.text("why    ", &SafeText::literal(reason), look.plain());
    } else {
        page.text("why    ", &card.why, look.plain());
    }
    if !card.mood.is_blank() {
        page.text("mood   ", &card.mood, look.plain());
    }
}
