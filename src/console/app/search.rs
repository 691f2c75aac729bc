//! Search: what was typed, and what the server found.

use super::door::{RowView, line};
use crate::protocol::SearchOk;
use crate::text::SafeText;

/// Milliseconds the field rests before the server is asked.
pub const REST_MS: u64 = 150;

/// One conversation found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Its line.
    pub row: RowView,
    /// The text around the words.
    pub excerpt: SafeText,
}

/// How far a search is.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Found {
    /// Nothing was asked yet.
    #[default]
    Nothing,
    /// The server was asked.
    Asked,
    /// It answered.
    Hits(Vec<Hit>),
    /// It refused.
    Failed(SafeText),
}

/// The search field and what it found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Search {
    /// What was typed.
    pub query: String,
    /// What came of it.
    pub found: Found,
    /// Index into the hits.
    pub at: usize,
}

impl Search {
    /// The hit under the cursor.
    pub fn chosen(&self) -> Option<&Hit> {
        match &self.found {
            Found::Hits(hits) => hits.get(self.at),
            _ => None,
        }
    }

    /// Moves the cursor.
    pub fn step(&mut self, by: isize) {
        if let Found::Hits(hits) = &self.found {
            self.at = self.at.saturating_add_signed(by).min(hits.len().saturating_sub(1));
        }
    }

    /// Takes in an answer.
    pub(super) fn answered(&mut self, ok: &SearchOk) {
        let hits = ok
            .hits
            .iter()
            .map(|hit| Hit { row: RowView::of(&hit.row), excerpt: line(&hit.excerpt) })
            .collect();
        self.found = Found::Hits(hits);
        self.at = 0;
    }
}
