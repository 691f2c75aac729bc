//! The terminal application agents live in.
//!
//! [`app`] is pure: a reducer with effects. [`ui`] draws its state. [`term`] holds the terminal and gives it back.
//! [`shell`] joins the three without a loop, for tests; [`run`] is the loop between them and the client. [`composer`] is
//! the text area both the reducer and the panel use. [`config`] is `console.toml`.
//!
//! Invariant: text from outside reaches a cell only as `SafeText`; nothing is drawn while nothing changes.
//! Refused here: deciding who holds a conversation (the server does), and importing the server.

pub mod app;
pub mod composer;
pub mod config;
mod editor;
mod hook;
pub mod log_file;
pub mod macros;
mod programs;
mod runtime;
pub mod shell;
pub mod term;
pub mod ui;

pub use runtime::{ConsoleOptions, NotSignedIn, run};
