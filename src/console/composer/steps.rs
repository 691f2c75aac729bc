//! What one undo takes back: the library's single edits, counted into the steps people expect.
//!
//! A step is a word with the spaces after it, a run of deletes, a paste, a line break. Invariant: the steps add up to the
//! library's edits, so that undoing all of them gives the text of the beginning.

/// Edits the library remembers: far more than a message has keys.
pub(super) const EDITS_KEPT: usize = 4_096;

/// What kind of change an edit was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// This character was typed.
    Typing(char),
    /// One cluster was removed.
    Deleting,
    /// Belongs to the edit before, whatever that was.
    Joined,
    /// A step of its own.
    Other,
}

/// Counts of edits, a step each.
#[derive(Debug, Clone, Default)]
pub(super) struct Steps {
    done: Vec<usize>,
    undone: Vec<usize>,
    /// The last edit, while the next may belong to its step.
    last: Option<Kind>,
    /// The last thing was an undo, or a redo.
    undoing: bool,
}

impl Steps {
    /// An edit was made (if it changed anything).
    pub(super) fn did(&mut self, kind: Kind, edited: bool) {
        if !edited {
            return;
        }
        self.undoing = false;
        self.undone.clear();
        let joins = match (self.last, kind) {
            (_, Kind::Joined) => true,
            (Some(Kind::Typing(before)), Kind::Typing(c)) => !before.is_whitespace() || c.is_whitespace(),
            (Some(Kind::Deleting), Kind::Deleting) => true,
            _ => false,
        };
        match self.done.last_mut() {
            Some(step) if joins => *step += 1,
            _ => self.done.push(1),
        }
        self.last = (kind != Kind::Joined).then_some(kind);
    }

    /// What follows is a step of its own: the cursor was moved.
    pub(super) fn end(&mut self) {
        self.last = None;
        self.undoing = false;
    }

    /// Whether the last thing was an undo that can be taken back.
    pub(super) fn undone(&self) -> bool {
        self.undoing && !self.undone.is_empty()
    }

    /// How many edits to undo.
    pub(super) fn undo(&mut self) -> usize {
        self.last = None;
        self.undoing = true;
        let step = self.done.pop().unwrap_or(0);
        if step > 0 {
            self.undone.push(step);
        }
        step
    }

    /// How many edits to make again.
    pub(super) fn redo(&mut self) -> usize {
        self.last = None;
        let step = self.undone.pop().unwrap_or(0);
        if step > 0 {
            self.done.push(step);
        }
        step
    }
}
