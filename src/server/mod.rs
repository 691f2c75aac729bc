//! HTTP and WebSocket: visitors, agents, the widget's files; TLS, proxies, health and metrics.
//!
//! [`run`] takes the listener, the engine and the end from its caller, so a test binds port 0 and stops at will. The
//! accept loop is our own: header time-out, small buffers and caps on sockets hold before any byte is believed. Each
//! socket is one task; what it may see is decided by the engine's subscription and the projection in `protocol`.
//!
//! Invariant: a socket is complete through the position it names, or it says so (resync, or a close code whose range
//! tells the client what to do). Nothing a stranger sends is logged, and no answer carries a path, SQL or a secret.
//! Refused here: deciding who holds a conversation (room `conversation`), storing anything (room `log`), cookies.

mod admission;
mod agent;
mod answers;
mod attention;
mod bells;
mod bucket;
mod config;
mod config_file;
mod config_mail;
pub mod control;
mod docs;
mod door;
mod health;
mod hello;
mod link;
mod live;
mod log_keys;
mod markdown;
mod metrics;
mod origin;
mod pages;
mod reload;
pub mod rights;
mod routes;
mod run;
mod shared;
mod stream;
mod tls;
mod upgrade;
mod visitor;
mod watch;

pub use crate::settings::ConfigError;
pub use attention::{Secret, Webhook};
pub use bucket::TokenBucket;
pub use config::{ServerConfig, build_index};
pub use docs::{DocsBook, DocsSource};
pub use door::{Door, Seen, Via, seen};
pub use log_keys::{LogConfig, LogFormat, LogLevel};
pub use origin::{OriginRule, check_origin, is_loopback_origin, normal_origin};
pub use reload::{ReloadError, Reloaded, Reloader};
pub use run::{Server, run};
pub use tls::{Tls, TlsFiles};
pub use upgrade::{Handshake, HandshakeError, check_handshake};
