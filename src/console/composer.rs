//! The text one is writing: `tui-textarea` as the editing engine, behind our own [`Composer`].
//!
//! Why here, beside `app` and not inside `ui`: the reducer must edit the text (one key, one new state) and the panel must
//! only draw it, so the text lives in the state. `app` meets this type alone, which does no I/O and knows no terminal;
//! the widget's rows and undo history come from the library. What the library lacks is done here or in the panel: it moves
//! and deletes by `char` (we go by grapheme cluster, with `Jump` and `delete_str`), keeps ESC in its text (we let no control
//! or bidi character in), and wraps by the width of single `char`s (the panel wraps with [`crate::text::width`]).
//!
//! Invariant: the text holds no control character but LF, no bidi control, and the cursor never stands inside a cluster.

use tui_textarea::{CursorMove, TextArea};
use unicode_segmentation::UnicodeSegmentation;

/// A text being written, with its cursor and undo history.
#[derive(Debug, Clone, Default)]
pub struct Composer {
    area: TextArea<'static>,
}

/// Where a key moves the cursor, or what it removes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// One cluster to the left.
    Left,
    /// One cluster to the right.
    Right,
    /// One line up.
    Up,
    /// One line down.
    Down,
    /// One word to the left.
    WordLeft,
    /// One word to the right.
    WordRight,
    /// To the beginning of the line.
    Home,
    /// To the end of the line.
    End,
    /// Remove the cluster to the left.
    Backspace,
    /// Remove the cluster to the right.
    Delete,
    /// Remove the word to the left.
    DeleteWord,
    /// Remove to the beginning of the line.
    DeleteToHome,
    /// Take back the last edit.
    Undo,
    /// Do it again.
    Redo,
}

/// Whether a character may stand in a text one writes.
fn allowed(c: char) -> bool {
    let bidi =
        matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}');
    !c.is_control() && !bidi
}

/// A text with its line breaks made LF, TAB made spaces, and whatever may not stand in a composer left out; and how many
/// characters that were.
pub fn sanitized(text: &str) -> (String, usize) {
    let mut out = String::with_capacity(text.len());
    let mut dropped = 0;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                out.push('\n');
            }
            '\n' => out.push('\n'),
            '\t' => out.push_str("    "),
            c if allowed(c) => out.push(c),
            _ => dropped += 1,
        }
    }
    (out, dropped)
}

impl Composer {
    /// A composer with this text, the cursor at its end.
    pub fn with_text(text: &str) -> Self {
        let mut composer = Self::default();
        composer.insert(text);
        composer.area.set_max_histories(200);
        composer
    }

    /// The text.
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// Its lines.
    pub fn lines(&self) -> &[String] {
        self.area.lines()
    }

    /// Whether nothing but white space stands in it.
    pub fn is_blank(&self) -> bool {
        self.area.lines().iter().all(|line| line.trim().is_empty())
    }

    /// The cursor as a byte offset into [`Composer::text`].
    pub fn cursor(&self) -> usize {
        let (row, byte) = self.place();
        self.area.lines()[..row].iter().map(|line| line.len() + 1).sum::<usize>() + byte
    }

    /// The cursor as line and byte in it.
    fn place(&self) -> (usize, usize) {
        let tui_textarea::DataCursor(row, col) = self.area.cursor();
        let line = &self.area.lines()[row];
        (row, line.char_indices().nth(col).map_or(line.len(), |(at, _)| at))
    }

    /// Puts text in at the cursor, made fit for a composer; gives the number of characters left out.
    pub fn insert(&mut self, text: &str) -> usize {
        let (clean, dropped) = sanitized(text);
        if !clean.is_empty() {
            self.area.insert_str(clean);
            self.leave_cluster();
        }
        dropped
    }

    /// Carries out a key.
    pub fn edit(&mut self, edit: Edit) {
        match edit {
            Edit::Left => self.jump(self.left()),
            Edit::Right => self.jump(self.right()),
            Edit::Up => self.vertically(-1),
            Edit::Down => self.vertically(1),
            Edit::WordLeft => self.jump(self.word_left()),
            Edit::WordRight => self.area.move_cursor(CursorMove::WordForward),
            Edit::Home => self.area.move_cursor(CursorMove::Head),
            Edit::End => self.area.move_cursor(CursorMove::End),
            Edit::Backspace => self.remove(self.left(), self.place()),
            Edit::Delete => self.remove(self.place(), self.right()),
            Edit::DeleteWord => self.remove(self.word_left(), self.place()),
            Edit::DeleteToHome => self.remove((self.place().0, 0), self.place()),
            Edit::Undo => {
                self.area.undo();
            }
            Edit::Redo => {
                self.area.redo();
            }
        }
        self.leave_cluster();
    }

    /// Takes away a text the composer begins with, keeping what was typed after it; does nothing to another text.
    pub fn strip_sent(&mut self, sent: &str) {
        if let Some(rest) = self.text().strip_prefix(sent) {
            *self = Self::with_text(rest.strip_prefix('\n').unwrap_or(rest));
        }
    }

    /// The place one cluster to the left.
    fn left(&self) -> (usize, usize) {
        let (row, byte) = self.place();
        match self.area.lines()[row][..byte].grapheme_indices(true).next_back() {
            Some((at, _)) => (row, at),
            None if row > 0 => (row - 1, self.area.lines()[row - 1].len()),
            None => (0, 0),
        }
    }

    /// The place one cluster to the right.
    fn right(&self) -> (usize, usize) {
        let (row, byte) = self.place();
        let lines = self.area.lines();
        match lines[row][byte..].graphemes(true).next() {
            Some(cluster) => (row, byte + cluster.len()),
            None if row + 1 < lines.len() => (row + 1, 0),
            None => (row, byte),
        }
    }

    /// The beginning of the word to the left.
    fn word_left(&self) -> (usize, usize) {
        let (row, byte) = self.place();
        let before = self.area.lines()[row][..byte].trim_end();
        match before.unicode_word_indices().next_back() {
            Some((at, word)) if at + word.len() == before.len() => (row, at),
            _ if before.is_empty() => {
                if byte > 0 {
                    (row, 0)
                } else {
                    self.left()
                }
            }
            _ => (row, before.grapheme_indices(true).next_back().map_or(0, |(at, _)| at)),
        }
    }

    /// A line up or down, as near as possible to the same cell.
    fn vertically(&mut self, by: isize) {
        let (row, byte) = self.place();
        let lines = self.area.lines();
        let Some(target) = row.checked_add_signed(by).filter(|row| *row < lines.len()) else { return };
        let cells = crate::text::width::cells(&lines[row][..byte]);
        let mut taken = 0;
        let mut at = lines[target].len();
        for (start, cluster) in lines[target].grapheme_indices(true) {
            if taken >= cells {
                at = start;
                break;
            }
            taken += crate::text::width::cluster_cells(cluster);
        }
        self.jump((target, at));
    }

    /// Moves the cursor to a line and byte.
    fn jump(&mut self, (row, byte): (usize, usize)) {
        let col = self.area.lines()[row][..byte].chars().count();
        let clamp = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        self.area.move_cursor(CursorMove::Jump(clamp(row), clamp(col)));
    }

    /// Removes what lies between two places, as one edit.
    fn remove(&mut self, from: (usize, usize), to: (usize, usize)) {
        let lines = self.area.lines();
        let chars = if from.0 == to.0 {
            lines[from.0][from.1..to.1.max(from.1)].chars().count()
        } else {
            let between: usize = lines[from.0 + 1..to.0].iter().map(|line| line.chars().count() + 1).sum();
            lines[from.0][from.1..].chars().count() + 1 + between + lines[to.0][..to.1].chars().count()
        };
        if chars > 0 {
            self.jump(from);
            self.area.delete_str(chars);
        }
    }

    /// Moves the cursor to the end of a cluster it stands inside of (typing a mark, or an undo, can leave it there).
    fn leave_cluster(&mut self) {
        let (row, byte) = self.place();
        let line = &self.area.lines()[row];
        if byte == 0 || byte == line.len() {
            return;
        }
        let mut end = 0;
        for cluster in line.graphemes(true) {
            end += cluster.len();
            if end >= byte {
                break;
            }
        }
        if end != byte {
            self.jump((row, end));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(c: &Composer) -> String {
        let mut text = c.text();
        text.insert(c.cursor(), '|');
        text
    }

    #[track_caller]
    fn case(text: &str, edits: &[Edit], expected: &str) {
        let mut composer = Composer::with_text(text);
        for edit in edits {
            composer.edit(*edit);
        }
        assert_eq!(shown(&composer), expected);
    }

    #[test]
    fn keys_go_by_cluster() {
        let family = "👨\u{200d}👩\u{200d}👧";
        case(&format!("a{family}"), &[Edit::Backspace], "a|");
        case(&format!("a{family}b"), &[Edit::Left, Edit::Left], &format!("a|{family}b"));
        case("cafe\u{301}", &[Edit::Backspace], "caf|");
        case("🇩🇪🇫🇷", &[Edit::Left, Edit::Delete], "🇩🇪|");
        case("你好", &[Edit::Left], "你|好");
        case("a\nb", &[Edit::Home, Edit::Backspace], "a|b");
        case("a\nb", &[Edit::Up, Edit::Delete], "a|b");
    }

    #[test]
    fn words_lines_and_undo() {
        case("hello brave world", &[Edit::DeleteWord], "hello brave |");
        case("hello brave world", &[Edit::DeleteWord, Edit::Undo], "hello brave world|");
        case("one  ", &[Edit::DeleteWord], "|");
        case("wait...", &[Edit::DeleteWord], "wait..|");
        case("one\ntwo three", &[Edit::DeleteToHome], "one\n|");
        case("one\ntwo", &[Edit::Up], "one|\ntwo");
        case("你好\nab", &[Edit::Up], "你|好\nab");
        case("", &[Edit::Backspace, Edit::Delete, Edit::Left, Edit::Up], "|");
    }

    #[test]
    fn nothing_dangerous_comes_in() {
        let mut composer = Composer::default();
        assert_eq!(composer.insert("a\u{1b}[31m\u{202e}b\r\nc\td\u{7}"), 3);
        assert_eq!(composer.text(), "a[31mb\nc    d");
    }

    #[test]
    fn what_was_sent_leaves_and_what_came_after_stays() {
        let mut composer = Composer::with_text("hello");
        composer.insert(" and");
        composer.strip_sent("hello");
        assert_eq!(shown(&composer), " and|");
        composer.strip_sent("something else");
        assert_eq!(composer.text(), " and");
    }
}
