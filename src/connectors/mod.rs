//! Connectors: one folder for each desk or channel outside. They are participants like any other: each reads the log by a
//! durable cursor of its own and acts outward.
//!
//! Invariant: a connector never holds up a conversation; what it could not do is stored, tried again, and told to agents.
//! Refused here: deciding who holds a conversation, and reaching into any other room than by the engine's handle.

pub mod mail;
