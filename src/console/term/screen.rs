//! The screen: what ratatui draws, as bytes, and the few other things a terminal is told.
//!
//! Written out by hand, so that the bytes a console emits are a short, known list: `CSI H`, `CSI m`, `CSI 2J`, cursor on
//! and off, BEL, one title sequence made of fixed words, and links (OSC 8) around our own rendering of addresses we
//! have parsed, closed before anything else is written. A frame is one write; one that changes nothing writes nothing.
//! Invariant: after a cell whose width terminals disagree about, the next one is placed absolutely (SAFETY.md 2, rule 4).

use std::io::{self, Write};
use std::sync::Arc;

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};

use crate::console::app::Title;
use crate::console::ui::{Behind, number_of};

/// Columns and rows of the terminal behind standard output.
///
/// # Errors
/// It is none, or does not know.
pub fn size() -> io::Result<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(io::stdout())?;
    // Some serial lines say 0: then what the terminal library makes of it.
    if size.ws_col == 0 || size.ws_row == 0 {
        crossterm::terminal::size()
    } else {
        Ok((size.ws_col, size.ws_row))
    }
}

/// Where a screen's size comes from.
pub type SizeOf = fn() -> io::Result<(u16, u16)>;

/// What the terminal was told about its cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cursor {
    /// Nothing yet.
    Unknown,
    Hidden,
    /// Shown, and standing here.
    Shown(Position),
}

/// A terminal to draw on.
#[derive(Debug)]
pub struct Screen<W: Write> {
    out: W,
    /// The frame that is being made.
    bytes: Vec<u8>,
    size: SizeOf,
    cursor: Cursor,
    /// Where the terminal's cursor is after what was written; none: nobody knows.
    at: Option<Position>,
    style: Option<(Color, Color, Modifier)>,
    /// The addresses behind the cells of the frame that is drawn, by number.
    behind: Behind,
    /// The link that is begun and not closed; 0 for none.
    link: u32,
}

impl<W: Write> Screen<W> {
    /// A screen that writes here.
    pub fn new(out: W, size: SizeOf) -> Self {
        Self {
            out,
            bytes: Vec::new(),
            size,
            cursor: Cursor::Unknown,
            at: None,
            style: None,
            behind: Vec::new(),
            link: 0,
        }
    }

    /// Where it writes to.
    pub fn out(&self) -> &W {
        &self.out
    }

    /// Takes the addresses behind the cells of the frame that comes.
    pub fn links(&mut self, behind: &[(u32, Arc<str>)]) {
        behind.clone_into(&mut self.behind);
    }

    /// Rings.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn ring(&mut self) -> io::Result<()> {
        self.bytes.push(0x07);
        self.flush()
    }

    /// Writes a sequence of the notifier's.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn tell(&mut self, sequence: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(sequence);
        self.flush()
    }

    /// Sets the window's title: fixed words and counts.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn title(&mut self, title: Title) -> io::Result<()> {
        write!(self.bytes, "\x1b]2;{}\x1b\\", title.words())?;
        self.flush()
    }

    /// Forgets what the terminal was told: it was somebody else's meanwhile.
    pub fn forget(&mut self) {
        self.cursor = Cursor::Unknown;
        self.at = None;
        self.style = None;
    }

    fn go(&mut self, x: u16, y: u16) -> io::Result<()> {
        if self.at != Some(Position { x, y }) {
            write!(self.bytes, "\x1b[{};{}H", y + 1, x + 1)?;
        }
        Ok(())
    }

    /// Begins, changes or closes the link. An address that is not what our parser puts out is none.
    fn lead_to(&mut self, number: u32) {
        if self.link == number {
            return;
        }
        let address = self.behind.iter().find(|(known, _)| *known == number).map(|(_, address)| &**address);
        let address = address.filter(|a| a.bytes().all(|b| b.is_ascii_graphic())).unwrap_or_default();
        let now = if address.is_empty() { 0 } else { number };
        if now != self.link {
            self.bytes.extend_from_slice(b"\x1b]8;;");
            self.bytes.extend_from_slice(address.as_bytes());
            self.bytes.extend_from_slice(b"\x1b\\");
            self.link = now;
        }
    }

    fn paint(&mut self, cell: &Cell) -> io::Result<()> {
        self.lead_to(number_of(cell));
        let style = (cell.fg, cell.bg, cell.modifier);
        if self.style == Some(style) {
            return Ok(());
        }
        self.style = Some(style);
        self.bytes.extend_from_slice(b"\x1b[0");
        for (modifier, code) in [
            (Modifier::BOLD, 1),
            (Modifier::DIM, 2),
            (Modifier::ITALIC, 3),
            (Modifier::UNDERLINED, 4),
            (Modifier::REVERSED, 7),
        ] {
            if cell.modifier.contains(modifier) {
                write!(self.bytes, ";{code}")?;
            }
        }
        if let Some(colour) = sixteen(cell.fg) {
            write!(self.bytes, ";{}", if colour < 8 { 30 + colour } else { 82 + colour })?;
        }
        if let Some(colour) = sixteen(cell.bg) {
            write!(self.bytes, ";{}", if colour < 8 { 40 + colour } else { 92 + colour })?;
        }
        self.bytes.push(b'm');
        Ok(())
    }
}

/// The number of one of the sixteen colours; none for the terminal's own (others are not used).
fn sixteen(colour: Color) -> Option<u8> {
    Some(match colour {
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
        _ => return None,
    })
}

/// Whether every terminal draws this in one cell: a single ASCII character, letter or digit, or a line of a frame.
fn certain(symbol: &str) -> bool {
    let mut chars = symbol.chars();
    let (Some(c), None) = (chars.next(), chars.next()) else { return false };
    let narrow = crate::text::width::cluster_cells(symbol) == 1;
    c.is_ascii() || narrow && (c.is_alphanumeric() || matches!(c, '\u{2500}'..='\u{257f}'))
}

impl<W: Write> Backend for Screen<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        for (x, y, cell) in content {
            self.go(x, y)?;
            self.paint(cell)?;
            self.bytes.extend_from_slice(cell.symbol().as_bytes());
            self.at = certain(cell.symbol()).then_some(Position { x: x + 1, y });
        }
        self.lead_to(0);
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.cursor != Cursor::Hidden {
            self.bytes.extend_from_slice(b"\x1b[?25l");
            self.cursor = Cursor::Hidden;
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if !matches!(self.cursor, Cursor::Shown(_)) {
            self.bytes.extend_from_slice(b"\x1b[?25h");
            // Where it stands follows at once.
            self.cursor = Cursor::Shown(Position { x: u16::MAX, y: u16::MAX });
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(match self.cursor {
            Cursor::Shown(at) => at,
            Cursor::Unknown | Cursor::Hidden => Position::default(),
        })
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        // Unchanged, and nothing was drawn since: the terminal's cursor is there.
        if self.at == Some(position) && self.cursor == Cursor::Shown(position) {
            return Ok(());
        }
        self.go(position.x, position.y)?;
        self.at = Some(position);
        if let Cursor::Shown(at) = &mut self.cursor {
            *at = position;
        }
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.bytes.extend_from_slice(b"\x1b[0m\x1b[2J");
        self.style = None;
        Ok(())
    }

    fn clear_region(&mut self, _: ClearType) -> io::Result<()> {
        self.clear()
    }

    fn size(&self) -> io::Result<Size> {
        let (width, height) = (self.size)()?;
        Ok(Size { width, height })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::default() })
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        self.out.write_all(&self.bytes)?;
        self.bytes.clear();
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot write to memory should fail")]

    use super::*;
    use ratatui::Terminal;
    use ratatui::style::Style;
    use ratatui::text::Line;

    fn terminal() -> Terminal<Screen<Vec<u8>>> {
        Terminal::new(Screen::new(Vec::new(), || Ok((20, 3)))).unwrap()
    }

    fn draw(terminal: &mut Terminal<Screen<Vec<u8>>>, text: &str, cursor: Option<(u16, u16)>) -> usize {
        let before = terminal.backend().out().len();
        terminal
            .draw(|frame| {
                frame.render_widget(Line::styled(text.to_owned(), Style::new().fg(Color::Red)), frame.area());
                if let Some(at) = cursor {
                    frame.set_cursor_position(at);
                }
            })
            .unwrap();
        terminal.backend().out().len() - before
    }

    #[test]
    fn what_is_drawn_is_what_a_terminal_shows() {
        let mut terminal = terminal();
        draw(&mut terminal, "ab é 你好 x|", Some((3, 1)));
        let size = |n| std::num::NonZero::new(n).unwrap();
        let mut parser = vt100::Parser::new(size(3), size(20), 0);
        parser.process(terminal.backend().out());
        assert_eq!(parser.screen().contents().trim_end(), "ab é 你好 x|");
        assert_eq!(parser.screen().cursor_position(), (1, 3));
        assert_eq!(parser.screen().cell(0, 0).unwrap().fgcolor(), vt100::Color::Idx(1));
        assert!(!parser.screen().hide_cursor());
    }

    #[test]
    fn a_frame_that_changes_nothing_writes_nothing() {
        let mut terminal = terminal();
        for cursor in [None, Some((2, 0))] {
            assert!(draw(&mut terminal, "same", cursor) > 0);
            assert_eq!(draw(&mut terminal, "same", cursor), 0, "{cursor:?}");
        }
        assert!(draw(&mut terminal, "same", Some((3, 0))) > 0, "the cursor moved");
    }

    #[test]
    fn what_follows_an_emoji_is_placed_absolutely() {
        let mut terminal = terminal();
        draw(&mut terminal, "👨\u{200d}👩\u{200d}👧|", None);
        let bytes = String::from_utf8(terminal.backend().out().clone()).unwrap();
        assert!(bytes.contains("👧\u{1b}[1;3H|"), "{bytes:?}");
    }
}
