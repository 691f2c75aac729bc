//! Commands in, events out.
//!
//! Everybody who takes part (visitors' and agents' sockets, the assistant, timers) is an equal: they read events and
//! submit commands. One writer thread decides and commits groups; it acknowledges after the commit, then publishes.
//!
//! Invariant: nothing is acknowledged or published before it is durable; every subscriber sees one order.
//! Refused here: sockets, HTTP, terminals.

mod answering;
mod api;
mod attendance;
mod blocks;
mod erasing;
mod handle;
mod hub;
mod mail;
mod notes;
mod pass;
mod passing;
mod presence;
mod revocation;
mod shared;
mod tasks;
mod timers;
mod tokens;
mod vitals;
mod wish;
mod writer;

pub use api::{
    AgentSession, AgentView, Delivery, EphOut, Published, PublishedEvent, Refusal, SiteConfig, Submit,
    Target, Who, blocked_words,
};
pub use blocks::{BlockRefusal, WhomToBlock};
pub use handle::{Engine, EngineOptions, Lease};
pub use hub::{SiteFilter, Subscription};
pub use mail::Pass;
pub use revocation::Revoked;
pub use vitals::{Keep, Storage};
