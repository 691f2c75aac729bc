//! How many conversations there are, by site and state: for the metrics, out of the lists' own index.

use rusqlite::params;

use super::place::code;
use super::{Reader, StoreError};
use crate::conversation::{SiteId, State, Time};

/// The unfinished conversations of one site in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateCount {
    /// The site.
    pub site: SiteId,
    /// The state.
    pub state: State,
    /// How many.
    pub count: u64,
    /// Since when the first of them waits; only for [`State::Queued`].
    pub oldest: Option<Time>,
}

impl Reader {
    /// Counts all conversations that are not resolved. Every site the store knows is there with every state.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn state_counts(&self) -> Result<Vec<StateCount>, StoreError> {
        let mut sites = self.conn.prepare_cached("SELECT key, id FROM sites ORDER BY id")?;
        let mut count = self
            .conn
            .prepare_cached("SELECT count(*), min(rank) FROM conversations WHERE site = ?1 AND state = ?2")?;
        let mut counts = Vec::new();
        let mut rows = sites.query([])?;
        while let Some(row) = rows.next()? {
            let key: i64 = row.get(0)?;
            let Ok(site) = SiteId::new(&row.get::<_, String>(1)?) else { continue };
            for state in [State::Queued, State::Active, State::Assistant, State::Snoozed] {
                let (n, first): (i64, Option<i64>) =
                    count.query_row(params![key, code(state)], |r| Ok((r.get(0)?, r.get(1)?)))?;
                let oldest = first.map(Time).filter(|_| state == State::Queued);
                counts.push(StateCount { site: site.clone(), state, count: n as u64, oldest });
            }
        }
        Ok(counts)
    }
}
