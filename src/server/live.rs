//! What of the configuration can change under open sockets, as one value that is exchanged whole.
//!
//! Sites and limits of the engine change with it ([`crate::engine::Engine::reconfigure`]); a socket that is open reads its
//! limits when it opens, and what it is asked later from here.

use super::door::Door;
use super::tls::Tls;
use super::{DocsBook, ServerConfig};
use crate::protocol::Limits;

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub(super) limits: Limits,
    pub(super) docs: DocsBook,
    pub(super) door: Door,
    pub(super) tls: Option<Tls>,
    /// Whether the log may hold what people write.
    pub(super) texts: bool,
}

impl Live {
    pub(super) fn of(config: &ServerConfig) -> Self {
        Self {
            limits: config.limits,
            docs: config.docs.clone(),
            door: config.door.clone(),
            tls: config.tls.clone(),
            texts: config.log.texts,
        }
    }
}
