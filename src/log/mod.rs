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
//! | `agents`, `agents_change` | who may sign in |
//! | `audit` | who did what: append-only, hash-chained |
//! | `blocks` | which visitors and addresses may not write |
//! | `counts` | how many conversations there are, for the metrics |
//! | `agents` | who may sign in |
//! | `cursors` | how far visitors have seen and agents have read |
//! | `mails`, `mails_read` | the outbox of mail |
//! | `rebuild` | the read model made anew from the log |
//! | `backup`, `restore`, `manifest`, `keep_error` | a verified copy while a server runs, and back |
//! | `erase`, `erased_list` | bodies replaced in place; what a restore has to erase again |
//! | `inspect` | a look from outside that changes nothing |

mod agents;
mod agents_change;
pub mod audit;
mod backup;
mod batch;
mod blocks;
mod checkpoint;
mod counts;
mod cursors;
mod erase;
mod erase_request;
mod erased_list;
mod error;
mod history;
mod inspect;
mod keep_error;
mod keys;
mod lists;
mod mails;
mod mails_read;
mod manifest;
mod migrations;
mod open;
mod place;
mod readers;
mod rebuild;
mod recent;
mod restore;
mod schema;
mod search;
mod search_sql;
mod text_index;
mod types;
mod writer;

pub use agents::{NewAgent, add_agent, add_agent_to, agents_in};
pub use agents_change::{AgentChange, AgentError, add_agent_with, remove_agent, rotate_agent, set_agent};
pub use backup::{Progress, backup, note_backup};
pub use batch::Batch;
pub use blocks::{Block, Blocked};
pub use counts::StateCount;
pub use cursors::CursorMove;
pub use erase::ErasedConversation;
pub use erase_request::{copies_kept, erase_by_rule, erase_in, remove_copies};
pub use error::{OpenError, StoreError};
pub use inspect::{Integrity, Sight, StoreSight, in_use, inspect};
pub use keep_error::KeepError;
pub use mails::{Mail, MailItem, MailStep, Reply};
pub use manifest::{FileDigest, Manifest};
pub use readers::{Reader, Readers};
pub use rebuild::rebuild;
pub use restore::{RestoreOptions, Restored, restore};
pub use types::{
    AgentRecord, Append, Appended, ListPage, LogHit, Principal, Remembered, SearchPage, StoredEvent,
};
pub use writer::Log;
