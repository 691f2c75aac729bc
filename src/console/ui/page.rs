//! Rows that were made elsewhere, from one of them on: the context panel, the reasons.

use ratatui::buffer::Buffer;
use ratatui::style::Style;

use super::Look;
use super::links::Links;
use super::paint::{cells, cut, outside, own, put, put_right};
use crate::console::app::layout::Area;
use crate::console::app::page::{Ink, Page, Piece};

fn style(ink: Ink, look: Look) -> Style {
    match ink {
        Ink::Plain => look.plain(),
        Ink::Dim => look.dim(),
        Ink::Bold => look.bold(),
        Ink::Heading => look.heading(),
        Ink::Good => look.good(),
        Ink::Bad => look.bad(),
    }
}

/// ```text
///  CARD
///  Refund for order 4711
///                          12 more: J
/// ```
pub fn draw(
    buf: &mut Buffer,
    area: Area,
    page: &Page,
    top: usize,
    keys: &'static str,
    look: Look,
    links: &mut Links,
) {
    let top = top.min(page.lowest_top(area.h));
    let inner = Area { w: area.w.saturating_sub(1), ..area };
    let below = page.rows.len().saturating_sub(top + usize::from(area.h));
    // The last row says that there is more: half a row under it would mislead.
    let shown = usize::from(area.h) - usize::from(below > 0 && area.h > 0);
    for (y, row) in (0u16..).zip(page.rows.iter().skip(top).take(shown)) {
        let spans = row.pieces.iter().map(|Piece { text, ink, outside: from_outside }| {
            let style = style(*ink, look);
            own(text.clone(), if *from_outside { outside(style) } else { style })
        });
        let spans = cut(spans.collect(), usize::from(inner.w.saturating_sub(1)));
        let wide = u16::try_from(cells(&spans)).unwrap_or(u16::MAX);
        put(buf, inner, 1, y, spans);
        if let Some(link) = &row.link {
            links.put(buf, inner, (1, y, wide), link, look);
        }
    }
    if below > 0 {
        let words = vec![own(format!(" {} more: {keys} ", below + 1), look.selected())];
        put_right(buf, inner, area.h.saturating_sub(1), words);
    }
}
