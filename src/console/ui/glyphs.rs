//! The signs our own drawing is made of: lines of frames, cut marks, dots, arrows.
//!
//! Panels write them as Unicode. Where the terminal has only ASCII the finished frame is gone over once, so no panel can
//! forget it. Invariant: what came from outside (marked by [`super::paint::safe`]) is left as it is; each replacement takes
//! one cell, so nothing moves.

use ratatui::buffer::Buffer;

use super::paint::is_outside;

/// Which signs there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Glyphs {
    /// Lines, dots and arrows of Unicode.
    #[default]
    Unicode,
    /// Nothing above U+007E.
    Ascii,
}

/// The sign in ASCII; none for what is no sign of ours.
fn ascii(sign: char) -> Option<&'static str> {
    Some(match sign {
        '│' | '┃' | '║' | '▏' | '▎' => "|",
        '─' | '━' | '═' | '–' | '—' => "-",
        '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' | '╭' | '╮' | '╰' | '╯' => {
            "+"
        }
        // Three dots need three cells; a tilde is the cut mark of many pagers.
        '…' => "~",
        '·' | '•' | '●' | '○' | '◦' => "-",
        '×' => "x",
        '“' | '”' | '„' => "\"",
        '‘' | '’' => "'",
        '↑' => "^",
        '↓' => "v",
        '←' | '‹' | '«' => "<",
        '→' | '›' | '»' | '▸' | '▶' => ">",
        // In the gutter, where the visitor's mark is `>`.
        '↗' => "@",
        '✓' | '✔' => "+",
        '✗' | '✘' | '⚠' => "!",
        '\u{a0}' => " ",
        _ => return None,
    })
}

/// Goes over a finished frame.
pub(super) fn fold(glyphs: Glyphs, buf: &mut Buffer) {
    if glyphs == Glyphs::Unicode {
        return;
    }
    for cell in &mut buf.content {
        let mut chars = cell.symbol().chars();
        if let (Some(sign), None) = (chars.next(), chars.next())
            && !sign.is_ascii()
            && !is_outside(cell)
            && let Some(plain) = ascii(sign)
        {
            cell.set_symbol(plain);
        }
    }
}
