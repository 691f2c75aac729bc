//! The durable event log and the read model, in SQLite.
//!
//! One writer ([`Log`]) appends groups of events in one transaction with the rows that lists are made of; readers
//! ([`Reader`], from the [`Readers`] pool) see consistent snapshots. Invariants: what was committed is on disk; `seq`
//! and every conversation's `version` have no gap; a client id has one effect, for ever; the read model equals the
//! fold of the log ([`rebuild`]). Refused here: deciding anything; async; a store that is not ours or is newer.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `schema`, `migrations` | the tables, and how an older store becomes a newer one |
//! | `open` | the folder: files, modes, lock, connections |
//! | `writer`, `batch` | the one writer, and its group of commands with one flush |
//! | `checkpoint` | when what was written moves from the WAL into the database |
//! | `keys`, `recent`, `place` | small integers for ids; what the writer keeps in memory; where a row stands in lists |
//! | `readers`, `lists`, `history` | the pool of snapshots; rows; what was said |
//! | `text_index`, `search`, `search_sql` | the full-text index that follows by a cursor, and queries on it |
//! | `agents` | who may sign in |
//! | `cursors` | how far visitors have seen and agents have read |
//! | `rebuild` | the read model made anew from the log |
//! | `inspect` | a look from outside that changes nothing |

mod agents;
mod batch;
mod checkpoint;
mod cursors;
mod error;
mod history;
mod inspect;
mod keys;
mod lists;
mod migrations;
mod open;
mod place;
mod readers;
mod rebuild;
mod recent;
mod schema;
mod search;
mod search_sql;
mod text_index;
mod types;
mod writer;

pub use agents::{add_agent, add_agent_to};
pub use batch::Batch;
pub use cursors::CursorMove;
pub use error::{OpenError, StoreError};
pub use inspect::{Integrity, Sight, StoreSight, in_use, inspect};
pub use readers::{Reader, Readers};
pub use rebuild::rebuild;
pub use types::{
    AgentRecord, Append, Appended, ListPage, LogHit, Principal, Remembered, SearchPage, StoredEvent,
};
pub use writer::Log;
