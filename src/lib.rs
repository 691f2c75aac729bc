//! Baton: a terminal live-chat agent console, with the chat backend it needs in the same binary.
//!
//! The rooms, from the inside out. Arrows point down only (`tests/architecture.rs` keeps it so):
//! `console → client → protocol → conversation`; `server → engine → {log, handoff, assistant} → conversation`.
//!
//! | room | what it is for |
//! | --- | --- |
//! | [`conversation`] | PURE. What a conversation is: events, commands, `decide`, `apply` |
//! | [`handoff`] | PURE. When to bring in a person, and the card that explains why |
//! | [`text`] | PURE. Makes text from strangers safe to draw, export and log |
//! | [`settings`] | Settings files: what is wrong, with file, line, key and the nearest known one |
//! | [`export`] | PURE. A conversation as a document: Markdown, text, JSON, CSV |
//! | [`knowledge`] | Docs folder to passages to a ranked index |
//! | [`assistant`] | Answers visitors from the index, or asks for a handoff |
//! | [`log`] | The durable event log and the read model (SQLite) |
//! | [`engine`] | Commands in, events out; timers and presence |
//! | [`connectors`] | Desks and channels outside: mail |
//! | [`protocol`] | The wire types both ends share |
//! | [`server`] | HTTP and WebSocket: visitors, agents, widget files |
//! | [`client`] | The agent's end of the wire: connect, resume, outbox, drafts |
//! | [`console`] | The terminal application |
//! | [`doctor`] | Is everything as it must be; if not, what mends it |
//! | [`cli`] | One file a subcommand |
//! | [`demo`] | The sample site and its simulated visitors |

pub mod assistant;
pub mod cli;
pub mod client;
pub mod connectors;
pub mod console;
pub mod conversation;
pub mod demo;
pub mod doctor;
pub mod engine;
pub mod export;
pub mod handoff;
pub mod knowledge;
pub mod log;
pub mod protocol;
pub mod server;
pub mod settings;
pub mod text;
