//! Takes the terminal and gives it back, exactly once: on the way out, after a panic, and around a suspension.

use std::io::{self, IsTerminal, Write};

/// What is switched on: the alternate screen, the cursor off, bracketed paste, focus reports, keys told apart, and the
/// window's title put aside.
const ON: &[u8] = b"\x1b[22;0t\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?1004h\x1b[>1u\x1b[2J";
/// The same undone, in the opposite order; the title of before comes back where the terminal kept it.
const OFF: &[u8] = b"\x1b[<u\x1b[?1004l\x1b[?2004l\x1b[0m\x1b[?1049l\x1b[?25h\x1b]2;\x1b\\\x1b[23;0t";

/// Buttons and wheel of the mouse are reported, in the form that knows no largest column.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
/// No longer.
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// There is no terminal.
#[derive(Debug, thiserror::Error)]
#[error(
    "the console needs a terminal, and {0} is none. Start it in one; for scripts there are `baton queue --json`, \
     `baton reply` and the other commands (`baton --help`)"
)]
pub struct NoTerminal(&'static str);

/// Whether there is a terminal to work on.
///
/// # Errors
/// Standard input or output is none.
pub fn check() -> Result<(), NoTerminal> {
    if !io::stdin().is_terminal() {
        return Err(NoTerminal("standard input"));
    }
    if !io::stdout().is_terminal() {
        return Err(NoTerminal("standard output"));
    }
    Ok(())
}

/// Holds the terminal while it lives.
#[derive(Debug)]
pub struct Guard {
    held: bool,
    mouse: bool,
}

impl Guard {
    /// Takes the terminal, and its mouse if that is wanted.
    ///
    /// # Errors
    /// It cannot be put into raw mode, or is gone.
    pub fn take(mouse: bool) -> io::Result<Self> {
        let mut guard = Self { held: false, mouse };
        super::keys::own_input();
        guard.again()?;
        Ok(guard)
    }

    /// Takes it again, after [`Guard::give_back`].
    ///
    /// # Errors
    /// As for [`Guard::take`].
    pub fn again(&mut self) -> io::Result<()> {
        crossterm::terminal::enable_raw_mode()?;
        self.held = true;
        super::keys::blocking(false);
        let mut out = io::stdout().lock();
        out.write_all(ON)?;
        if self.mouse {
            out.write_all(MOUSE_ON)?;
        }
        out.flush()
    }

    /// Takes the mouse, or leaves it to the terminal, which then selects with it.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn mouse(&mut self, on: bool) -> io::Result<()> {
        if self.mouse == on {
            return Ok(());
        }
        self.mouse = on;
        let mut out = io::stdout().lock();
        out.write_all(if on { MOUSE_ON } else { MOUSE_OFF })?;
        out.flush()
    }

    /// Gives it back. A second time does nothing.
    pub fn give_back(&mut self) {
        if std::mem::take(&mut self.held) {
            let mut out = io::stdout().lock();
            // Where the terminal is gone there is nobody to tell.
            let _ = out.write_all(MOUSE_OFF);
            let _ = out.write_all(OFF);
            let _ = out.flush();
            super::keys::blocking(true);
            let _ = crossterm::terminal::disable_raw_mode();
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.give_back();
    }
}
