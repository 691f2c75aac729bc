//! Who comes in: a new visitor, one with their token, or somebody with the link from a mail.
//!
//! Invariant: a link opens one conversation, for a time, while it is the visitor's latest; whoever has it learns nothing of any
//! other, also not of one that begins while they look.

use super::Visitor;
use crate::conversation::{ConversationId, State, VisitorId};
use crate::engine::{Pass, SiteConfig};
use crate::log::{Reader, StoreError};
use crate::protocol::{CloseCode, WireError};
use crate::server::link::End;
use crate::server::shared::Shared;

/// Somebody who may come in.
pub(super) struct Entrance {
    pub(super) me: VisitorId,
    /// What they come back with.
    pub(super) token: String,
    /// Whether they may have been here before.
    pub(super) known: bool,
    /// The one conversation they may know of; none: all of theirs.
    pub(super) only: Option<ConversationId>,
}

/// Looks at what somebody brought.
///
/// # Errors
/// Why they may not come in, for them to read.
pub(super) async fn enter(
    shared: &Shared,
    site: &SiteConfig,
    token: Option<String>,
) -> Result<Entrance, WireError> {
    let Some(token) = token else {
        let (me, token) = shared.engine.new_visitor(&site.id);
        return Ok(Entrance { me, token, known: false, only: None });
    };
    if let Some(me) = shared.engine.verify_visitor(&site.id, &token) {
        return Ok(Entrance { me, token, known: true, only: None });
    }
    let Some(Pass { visitor, conversation, .. }) = shared.engine.verify_pass(&site.id, &token) else {
        let words = "this visitor token is not of this site; start again without one";
        return Err(WireError::new("auth.failed", words));
    };
    match is_open(shared, site, visitor, conversation).await {
        Ok(true) => Ok(Entrance { me: visitor, token, known: true, only: Some(conversation) }),
        Ok(false) => {
            let words = "the conversation this link leads to is over; start again without it";
            Err(WireError::new("auth.failed", words))
        }
        Err(error) => {
            tracing::error!(%error, "a link from a mail could not be looked at");
            Err(WireError::retryable("server.overloaded", "the server is busy; try again in a moment"))
        }
    }
}

/// Whether a link's conversation is the visitor's latest, and their next words would go there.
async fn is_open(
    shared: &Shared,
    site: &SiteConfig,
    visitor: VisitorId,
    conversation: ConversationId,
) -> Result<bool, StoreError> {
    let (of, window) = (site.id.clone(), site.settings.timings.reopen_window_ms);
    let now = shared.engine.now();
    let read = move |r: &Reader| {
        if r.current_of(&of, visitor)? != Some(conversation) {
            return Ok(false);
        }
        let Some(c) = r.conversation(conversation)? else { return Ok(false) };
        let ended = c.resolved.as_ref().filter(|_| c.state == State::Resolved);
        Ok(ended.is_none_or(|(at, _)| now.since_ms(*at) <= window))
    };
    shared.engine.read(read).await
}

/// The end of a socket that came by a link whose conversation is no longer the latest.
pub(super) fn over() -> End {
    End::Close(CloseCode::AuthFailed, "the conversation this link leads to is over")
}

impl Visitor {
    /// Whether this socket may know of a conversation.
    pub(super) fn may_know(&self, conversation: ConversationId) -> bool {
        self.only.is_none_or(|only| only == conversation)
    }

    /// Refuses what would begin a conversation this socket may not know of.
    ///
    /// # Errors
    /// The link's conversation is over.
    pub(super) async fn may_write(&self) -> Result<(), WireError> {
        let Some(only) = self.only else { return Ok(()) };
        match is_open(&self.shared, &self.site, self.me.id, only).await {
            Ok(false) => {
                let words = "the conversation this link leads to is over; reload the page to begin a new one";
                Err(WireError::new("link.over", words))
            }
            // Where it cannot be read, the command says so itself.
            Ok(true) | Err(_) => Ok(()),
        }
    }
}
