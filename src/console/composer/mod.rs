//! The text one is writing: `tui-textarea` as the editing engine, behind our own [`Composer`].
//!
//! Why here, beside `app` and not inside `ui`: the reducer must edit the text (one key, one new state) and the panel must
//! only draw it, so the text lives in the state. `app` meets this type alone, which does no I/O and knows no terminal;
//! lines and history come from the library. What the library lacks is done here: it moves and deletes by `char` (we go by
//! grapheme cluster, with `Jump` and `delete_str`), undoes one edit at a time (we count its edits into steps), keeps ESC in
//! its text ([`clean`] lets no control or bidi character in), and wraps by the width of single `char`s (rows are
//! [`crate::text::width`]'s). [`fold`] keeps a long paste as one character.
//!
//! Invariants: the text holds no control character but LF, no bidi control, and the cursor never stands inside a cluster;
//! what is edited key by key is at most [`SHOWN_MOST`] bytes, however much was pasted.

mod clean;
mod fold;
mod places;
mod steps;
#[cfg(test)]
mod tests;
mod words;

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use tui_textarea::{CursorMove, TextArea};

pub use clean::sanitized;
use fold::Folds;
pub use fold::Shown;
pub use places::row_of;
use steps::{Kind, Steps};

/// Bytes that can be edited key by key: twice what a message holds. More of it is kept folded.
pub const SHOWN_MOST: usize = 16 * 1024;
/// Bytes a composer takes in all.
pub const WHOLE_MOST: usize = 1024 * 1024;
/// A paste of more bytes than this is folded, however few its lines.
pub const FOLD_BYTES: usize = 2_000;

/// A text being written, with its cursor and undo history.
#[derive(Debug, Clone, Default)]
pub struct Composer {
    area: TextArea<'static>,
    folds: Folds,
    steps: Steps,
    /// The cell that moving up and down keeps to.
    goal: Option<usize>,
    /// What was last removed by words or lines.
    killed: String,
    /// The rows of the text as it was wrapped last.
    wrapped: RefCell<Wrapped>,
}

/// A text and its rows at a width; compared with the text itself, so that no edit can forget to void it.
#[derive(Debug, Clone, Default)]
struct Wrapped {
    text: String,
    width: usize,
    rows: Arc<[Range<usize>]>,
    times: u64,
}

/// What became of a text that was put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It stands in the text, without so many characters that may not.
    In {
        /// Characters left out.
        dropped: usize,
    },
    /// It stands there folded.
    Folded {
        /// Characters left out.
        dropped: usize,
    },
    /// It is too long; nothing was changed.
    TooLong,
}

/// Where a key moves the cursor, or what it removes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Edit {
    /// One cluster to the left.
    Left,
    /// One cluster to the right.
    Right,
    /// One row up, as drawn.
    Up,
    /// One row down, as drawn.
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
    /// Remove the word to the left; [`Edit::Yank`] puts it back.
    DeleteWord,
    /// Remove the word to the right; [`Edit::Yank`] puts it back.
    DeleteWordRight,
    /// Remove to the beginning of the line; [`Edit::Yank`] puts it back.
    DeleteToHome,
    /// Put in what was last removed by words or lines; right after an undo: do it again.
    Yank,
    /// Take back the last step: a word typed, a run of deletes, a paste.
    Undo,
    /// Do it again.
    Redo,
}

/// A line and a byte in it.
type Place = (usize, usize);

impl Composer {
    /// A composer with this text, the cursor at its end, and nothing to undo. A text too long to edit stands folded.
    pub fn with_text(text: &str) -> Self {
        let mut composer = Self::default();
        composer.area.set_max_histories(steps::EDITS_KEPT);
        let (clean, _) = sanitized(text);
        if clean.len() <= SHOWN_MOST {
            composer.put(&clean, Kind::Other);
        } else {
            composer.put_folded(clean);
        }
        composer.steps = Steps::default();
        composer.area.set_max_histories(steps::EDITS_KEPT);
        composer
    }

    /// The whole text, with what is folded.
    pub fn text(&self) -> String {
        self.folds.whole(&self.raw())
    }

    /// The text as it is edited: a folded paste is one character.
    fn raw(&self) -> String {
        self.area.lines().join("\n")
    }

    /// The text as it is drawn, with the cursor in it.
    pub fn shown(&self) -> Shown {
        let raw = self.raw();
        let cursor = self.offset(self.place());
        if self.folds.is_empty() {
            return Shown { text: raw, cursor, folds: Vec::new() };
        }
        self.folds.shown(&raw, cursor)
    }

    /// The rows of what is drawn, `width` cells wide each: wrapped anew only where text or width are others than last time, for
    /// that costs more than all else a key does.
    pub fn rows(&self, width: usize) -> Arc<[Range<usize>]> {
        self.rows_of(&self.shown().text, width)
    }

    /// The same for who has the drawn text at hand.
    pub fn rows_of(&self, text: &str, width: usize) -> Arc<[Range<usize>]> {
        let mut last = self.wrapped.borrow_mut();
        if last.rows.is_empty() || last.width != width || last.text != text {
            last.rows = crate::text::width::wrap(text, width).into();
            last.width = width;
            text.clone_into(&mut last.text);
            last.times += 1;
        }
        last.rows.clone()
    }

    /// How often the text was wrapped so far.
    pub fn wraps(&self) -> u64 {
        self.wrapped.borrow().times
    }

    /// Whether nothing at all stands in it.
    pub fn is_empty(&self) -> bool {
        self.area.lines().iter().all(String::is_empty)
    }

    /// Whether nothing but white space stands in it.
    pub fn is_blank(&self) -> bool {
        if self.folds.is_empty() {
            return self.area.lines().iter().all(|line| line.trim().is_empty());
        }
        self.text().trim().is_empty()
    }

    /// The cursor as a byte offset into [`Composer::text`].
    pub fn cursor(&self) -> usize {
        let raw = self.raw();
        self.folds.whole(&raw[..self.offset(self.place())]).len()
    }

    /// Puts the cursor at a byte of [`Composer::text`], or beside the folded paste or the cluster around it.
    pub fn set_cursor(&mut self, at: usize) {
        let mut left = at;
        let raw = self.raw();
        let mut to = raw.len();
        for (from, c) in raw.char_indices() {
            let takes = self.folds.get(c).map_or(c.len_utf8(), str::len);
            if takes > left {
                to = from;
                break;
            }
            left -= takes;
        }
        self.jump(self.place_at(to));
        self.leave_cluster();
        self.steps.end();
    }

    /// Types a character.
    pub fn type_char(&mut self, c: char) -> Taken {
        let (clean, dropped) = sanitized(c.encode_utf8(&mut [0; 4]));
        if self.shown_bytes() + clean.len() > SHOWN_MOST {
            return Taken::TooLong;
        }
        let kind = if clean == "\n" { Kind::Other } else { Kind::Typing(c) };
        self.put(&clean, kind);
        Taken::In { dropped }
    }

    /// Puts text in at the cursor as it stands, made fit for a composer.
    pub fn insert(&mut self, text: &str) -> Taken {
        self.paste(text, usize::MAX)
    }

    /// Puts text in at the cursor, made fit for a composer; folded where it has more than `fold_lines` lines or more than
    /// [`FOLD_BYTES`] bytes (`usize::MAX`: only where it would be too long to edit).
    pub fn paste(&mut self, text: &str, fold_lines: usize) -> Taken {
        let (clean, dropped) = sanitized(text);
        if self.shown_bytes() + self.folds.bytes() + clean.len() > WHOLE_MOST {
            return Taken::TooLong;
        }
        let lines = clean.trim_end_matches('\n').matches('\n').count() + 1;
        let long = fold_lines != usize::MAX && (lines > fold_lines || clean.len() > FOLD_BYTES);
        if long || self.shown_bytes() + clean.len() > SHOWN_MOST {
            return match self.put_folded(clean) {
                true => Taken::Folded { dropped },
                false => Taken::TooLong,
            };
        }
        self.put(&clean, Kind::Other);
        Taken::In { dropped }
    }

    fn shown_bytes(&self) -> usize {
        self.area.lines().iter().map(|line| line.len() + 1).sum()
    }

    fn put_folded(&mut self, clean: String) -> bool {
        let Some(mark) = self.folds.add(clean) else { return false };
        self.put(mark.encode_utf8(&mut [0; 4]), Kind::Other);
        true
    }

    /// Shows what the folded paste at the cursor holds, or else the one before the cursor, or else the first.
    ///
    /// # Errors
    /// Nothing is folded, or it is too long to be edited here.
    pub fn unfold(&mut self) -> Result<(), &'static str> {
        let raw = self.raw();
        let cursor = self.offset(self.place());
        let marks = || raw.char_indices().filter(|(_, c)| self.folds.get(*c).is_some());
        let here = marks().find(|(at, _)| *at == cursor);
        let Some((at, mark)) =
            here.or_else(|| marks().rfind(|(at, _)| *at < cursor)).or_else(|| marks().next())
        else {
            return Err("nothing is folded here");
        };
        let text = self.folds.get(mark).unwrap_or_default().to_owned();
        if self.shown_bytes() + text.len() > SHOWN_MOST {
            return Err("it is too long to show here; Ctrl-O opens it in your editor");
        }
        self.jump(self.place_at(at));
        let to = self.place_at(at + mark.len_utf8());
        self.remove(self.place(), to, Kind::Other);
        self.put(&text, Kind::Joined);
        Ok(())
    }

    /// Carries out a key in a composer whose rows are `width` cells wide.
    pub fn edit(&mut self, edit: Edit, width: usize) {
        let goal = self.goal.take();
        match edit {
            Edit::Left => self.go(self.left()),
            Edit::Right => self.go(self.right()),
            Edit::Up => self.vertically(-1, width, goal),
            Edit::Down => self.vertically(1, width, goal),
            Edit::WordLeft => self.go(self.word_left()),
            Edit::WordRight => self.go(self.word_right()),
            Edit::Home => self.go((self.place().0, 0)),
            Edit::End => self.go((self.place().0, self.line().len())),
            Edit::Backspace => self.remove(self.left(), self.place(), Kind::Deleting),
            Edit::Delete => self.remove(self.place(), self.right(), Kind::Deleting),
            Edit::DeleteWord => self.kill(self.word_left(), self.place()),
            Edit::DeleteWordRight => self.kill(self.place(), self.word_right()),
            Edit::DeleteToHome => self.kill((self.place().0, 0), self.place()),
            Edit::Yank if self.steps.undone() => self.redo(),
            Edit::Yank => {
                let killed = self.killed.clone();
                if self.shown_bytes() + killed.len() <= SHOWN_MOST {
                    self.put(&killed, Kind::Other);
                }
            }
            Edit::Undo => {
                for _ in 0..self.steps.undo() {
                    self.area.undo();
                }
                self.leave_cluster();
            }
            Edit::Redo => self.redo(),
        }
    }

    fn redo(&mut self) {
        for _ in 0..self.steps.redo() {
            self.area.redo();
        }
        self.leave_cluster();
    }

    /// Takes away a text the composer begins with, keeping what was typed after it; does nothing to another text.
    pub fn strip_sent(&mut self, sent: &str) {
        let whole = self.text();
        let Some(rest) = whole.strip_prefix(sent) else { return };
        let broken = rest.strip_prefix('\n');
        let taken = sent.len() + usize::from(broken.is_some());
        let cursor = self.cursor().saturating_sub(taken);
        *self = Self { killed: std::mem::take(&mut self.killed), ..Self::with_text(broken.unwrap_or(rest)) };
        self.set_cursor(cursor);
    }

    /// Puts a text in front of what stands here, on lines of its own.
    pub fn put_first(&mut self, text: &str) {
        let rest = self.text();
        let cursor = self.cursor();
        let joined = if rest.is_empty() { text.to_owned() } else { format!("{text}\n{rest}") };
        let added = joined.len() - rest.len();
        *self = Self { killed: std::mem::take(&mut self.killed), ..Self::with_text(&joined) };
        self.set_cursor(added + cursor);
    }

    /// Replaces the whole text as one step, the cursor at its end.
    pub fn replace(&mut self, text: &str) -> Taken {
        let (clean, dropped) = sanitized(text);
        if clean.len() > WHOLE_MOST {
            return Taken::TooLong;
        }
        let last = self.area.lines().len() - 1;
        let end = (last, self.area.lines()[last].len());
        self.steps.end();
        let edited = self.remove_raw((0, 0), end);
        self.steps.did(Kind::Other, edited);
        let joined = if edited { Kind::Joined } else { Kind::Other };
        if clean.len() > SHOWN_MOST {
            let Some(mark) = self.folds.add(clean) else { return Taken::TooLong };
            self.put(mark.encode_utf8(&mut [0; 4]), joined);
            return Taken::Folded { dropped };
        }
        self.put(&clean, joined);
        Taken::In { dropped }
    }

    // ---- changes

    /// Moves the cursor because the agent did.
    fn go(&mut self, to: Place) {
        self.steps.end();
        self.jump(to);
        self.leave_cluster();
    }

    /// Moves the cursor to a line and byte.
    fn jump(&mut self, (row, byte): Place) {
        let col = self.area.lines()[row][..byte].chars().count();
        let clamp = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        self.area.move_cursor(CursorMove::Jump(clamp(row), clamp(col)));
    }

    /// Puts in a text that is fit already, as (part of) one step.
    fn put(&mut self, clean: &str, kind: Kind) {
        self.goal = None;
        if !clean.is_empty() {
            self.area.insert_str(clean);
            self.leave_cluster();
            self.steps.did(kind, true);
        }
    }

    /// Removes what lies between two places, as (part of) one step.
    fn remove(&mut self, from: Place, to: Place, kind: Kind) {
        let edited = self.remove_raw(from, to);
        self.steps.did(kind, edited);
    }

    /// Removes what lies between two places and keeps it for [`Edit::Yank`].
    fn kill(&mut self, from: Place, to: Place) {
        let raw = self.raw();
        let killed = raw[self.offset(from)..self.offset(to)].to_owned();
        if !killed.is_empty() {
            self.remove(from, to, Kind::Other);
            self.killed = killed;
        }
    }

    fn remove_raw(&mut self, from: Place, to: Place) -> bool {
        let raw = self.raw();
        let (start, end) = (self.offset(from), self.offset(to));
        let chars = raw[start..end.max(start)].chars().count();
        if chars > 0 {
            self.jump(from);
            self.area.delete_str(chars);
            self.leave_cluster();
        }
        chars > 0
    }

    /// Moves the cursor to the end of a cluster it stands inside of (typing a mark, or an undo, can leave it there).
    fn leave_cluster(&mut self) {
        let (row, byte) = self.place();
        let out = words::out_of_cluster(&self.area.lines()[row], byte);
        if out != byte {
            self.jump((row, out));
        }
    }
}
