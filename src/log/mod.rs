//! The durable event log and the read model, in SQLite.
//!
//! One writer ([`Log`]) appends groups of events in one transaction with the rows that lists are made of; readers
//! ([`Reader`], from the [`Readers`] pool) see consistent snapshots. Invariant: the read model equals the fold of the
//! log ([`rebuild`]). Refused here: deciding anything; async.

mod api;

pub use api::{
    AgentRecord, Append, Appended, Batch, ListPage, Log, LogHit, OpenError, Principal, Reader, Readers,
    Remembered, StoreError, StoredEvent, add_agent, rebuild,
};
