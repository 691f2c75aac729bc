//! The few strokes all panels are made of. Text comes as [`SafeText`] or as our own words, and never wider than its place.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::Span;

use crate::console::app::layout::Area;
use crate::text::{SafeText, width};

/// What marks a cell as text from outside: a colour of underlines, which no terminal is ever told. Whoever goes over the
/// finished frame (the ASCII signs, the links) leaves such cells alone.
pub const OUTSIDE: Color = Color::Indexed(0);

/// Whether a cell of a frame shows text from outside.
pub fn is_outside(cell: &Cell) -> bool {
    cell.underline_color == OUTSIDE
}

/// A style for text from outside.
pub fn outside(style: Style) -> Style {
    style.underline_color(OUTSIDE)
}

/// A piece of inert text.
pub fn safe(text: &SafeText, style: Style) -> Span<'static> {
    Span::styled(text.as_str().to_owned(), outside(style))
}

/// A piece of inert text in at most so many cells, with a cut mark of ours if something was cut.
pub fn clipped(text: &SafeText, max: usize, style: Style) -> Vec<Span<'static>> {
    // No more of a long text is measured and copied than is drawn.
    if width::truncate(text.as_str(), max, "").len() == text.as_str().len() {
        return vec![safe(text, style)];
    }
    let style = outside(style);
    let kept = width::truncate(text.as_str(), max.saturating_sub(1), "").into_owned();
    let mut out = vec![Span::styled(kept, style)];
    if max > 0 {
        out.push(own("…", style.underline_color(Color::Reset)));
    }
    out
}

/// Words of our own, numbers and times among them.
pub fn own(text: impl Into<std::borrow::Cow<'static, str>>, style: Style) -> Span<'static> {
    Span::styled(text.into(), style)
}

/// Cells of a line.
pub fn cells(spans: &[Span<'_>]) -> usize {
    spans.iter().map(|span| width::cells(&span.content)).sum()
}

/// Cuts a line to so many cells, marked by `…`.
pub fn cut(spans: Vec<Span<'static>>, max: usize) -> Vec<Span<'static>> {
    if cells(&spans) <= max {
        return spans;
    }
    let mut left = max;
    let mut out = Vec::with_capacity(spans.len());
    for span in spans {
        let here = width::cells(&span.content);
        if here < left {
            left -= here;
            out.push(span);
            continue;
        }
        // Cut so that the mark fits, also where exactly this piece ends the room.
        let text = width::truncate(&span.content, left.saturating_sub(1), "").into_owned();
        out.push(Span::styled(text, span.style));
        if left > 0 {
            out.push(own("…", span.style.underline_color(Color::Reset)));
        }
        break;
    }
    out
}

/// Writes a text that is known to fit, from column `x` of a row on; gives the column after it.
pub fn write(buf: &mut Buffer, area: Area, x: u16, row: u16, text: &str, style: Style) -> u16 {
    if text.is_empty() || row >= area.h || x >= area.w {
        return x;
    }
    let (x, y) = (area.x + x, area.y + row);
    let most = usize::from(area.x + area.w - x);
    if text.bytes().any(|b| !(b' '..=b'~').contains(&b)) {
        let (end, _) = buf.set_stringn(x, y, text, most, style);
        return end - area.x;
    }
    // Most of what is drawn: a byte a cell, nothing to find out about clusters and widths.
    let right = buf.area.right();
    let fits = text.len().min(most).min(usize::from(right.saturating_sub(x)));
    if fits == 0 {
        return x - area.x;
    }
    let first = buf.index_of(x, y);
    for (index, cell) in buf.content[first..first + fits].iter_mut().enumerate() {
        let symbol = &text[index..=index];
        if cell.symbol() != symbol {
            cell.set_symbol(symbol);
        }
        cell.set_style(style);
    }
    x + u16::try_from(fits).unwrap_or(0) - area.x
}

/// Draws a line at a row of an area, from column `x` of it.
pub fn put(buf: &mut Buffer, area: Area, x: u16, row: u16, spans: Vec<Span<'static>>) {
    if row >= area.h || x >= area.w {
        return;
    }
    let room = usize::from(area.w - x);
    let mut x = x;
    for span in cut(spans, room) {
        x = write(buf, area, x, row, &span.content, span.style);
    }
}

/// Draws a line that ends at the right edge; gives its cells.
pub fn put_right(buf: &mut Buffer, area: Area, row: u16, spans: Vec<Span<'static>>) -> u16 {
    let wide = u16::try_from(cells(&spans)).unwrap_or(u16::MAX);
    if row >= area.h || wide > area.w {
        return 0;
    }
    put(buf, area, area.w - wide, row, spans);
    wide
}

/// Gives a row of an area a style, from edge to edge.
pub fn stain(buf: &mut Buffer, area: Area, row: u16, style: Style) {
    if row < area.h {
        buf.set_style(Rect::new(area.x, area.y + row, area.w, 1), style);
    }
}

/// Makes an area blank, for something that lies over it.
pub fn blank(buf: &mut Buffer, area: Area) {
    for row in 0..area.h {
        let spaces = " ".repeat(usize::from(area.w));
        buf.set_string(area.x, area.y + row, spaces, Style::reset());
    }
}

/// The vertical line between panes, left of an area.
pub fn divider(buf: &mut Buffer, area: Area, style: Style) {
    if area.x > 0 {
        for row in 0..area.h {
            buf.set_string(area.x - 1, area.y + row, "│", style);
        }
    }
}

/// A frame around an area with a title in its top edge; gives what is inside.
pub fn framed(buf: &mut Buffer, area: Area, title: &'static str, style: Style) -> Area {
    blank(buf, area);
    let bar = "─".repeat(usize::from(area.w.saturating_sub(2)));
    put(buf, area, 0, 0, vec![own(format!("┌{bar}┐"), style)]);
    put(buf, area, 0, area.h.saturating_sub(1), vec![own(format!("└{bar}┘"), style)]);
    for row in 1..area.h.saturating_sub(1) {
        put(buf, area, 0, row, vec![own("│", style)]);
        put(buf, area, area.w.saturating_sub(1), row, vec![own("│", style)]);
    }
    put(buf, area, 2, 0, vec![own(format!(" {title} "), style)]);
    Area { x: area.x + 2, y: area.y + 1, w: area.w.saturating_sub(4), h: area.h.saturating_sub(2) }
}

/// An area of at most this size in the middle of the body.
pub fn centred(size: (u16, u16), w: u16, h: u16) -> Area {
    let (w, h) = (w.min(size.0), h.min(size.1.saturating_sub(2)));
    Area { x: (size.0 - w) / 2, y: 1 + (size.1.saturating_sub(2) - h) / 3, w, h }
}
