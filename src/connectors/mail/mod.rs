//! Mail out: agents' replies to a ticket, or to a visitor who left before seeing them, go to the visitor's address by SMTP.
//!
//! [`outbox`] follows the log by a durable cursor and keeps a row for each mail (room `log`); [`letter`] writes it; [`smtp`]
//! hands it over; [`link`] leads back to the conversation. Invariant: a reply goes at least once and, once the mail server's
//! "250" is recorded, never again; whatever is tried twice bears the same `Message-ID`. Only replies go: never a note, never
//! what the assistant said, never a reply the visitor saw. Refused here: receiving mail.

mod attempt;
pub mod backoff;
pub mod config;
pub mod letter;
pub mod link;
mod outbox;
pub mod smtp;

pub use config::{MailConfig, MailKeys, SiteMail};
pub use outbox::start;
pub use smtp::{Outcome, Smtp};
