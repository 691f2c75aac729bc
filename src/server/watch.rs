//! Follows the log as an agent's socket would, and is nobody: counts what happened, and, only where the configuration asks
//! for it, writes what was said into the server's log.
//!
//! Refused here: any word of anybody's without `[log] texts = true`, and control characters with it.

use std::sync::Arc;

use tokio::sync::watch;

use super::shared::Shared;
use crate::conversation::{AgentId, AgentRef, Author, Event, Role};
use crate::engine::{AgentSession, Delivery, Published, SiteFilter};
use crate::text::Untrusted;

/// Commits that may wait for this task; past this the counters miss some, and nothing else does.
const BACKLOG: usize = 8_192;

/// Starts it; it ends with the engine.
pub(super) fn spawn(shared: &Arc<Shared>) {
    let nobody = AgentSession {
        agent: AgentRef { id: AgentId(uuid::Uuid::new_v4()), name: String::new() },
        role: Role::Agent,
        groups: Vec::new(),
        sites: SiteFilter::All,
        version: 0,
    };
    let sub = shared.engine.subscribe_agent(Arc::new(nobody), "watch", BACKLOG);
    tokio::spawn(run(Arc::clone(shared), sub, shared.draining.clone()));
}

async fn run(shared: Arc<Shared>, mut sub: crate::engine::Subscription, draining: watch::Receiver<bool>) {
    while let Some(delivery) = sub.next().await {
        match delivery {
            Delivery::Commit(published) => {
                shared.meters.published(&published);
                if shared.live().texts {
                    say(&published);
                }
            }
            Delivery::Draining | Delivery::Revoked | Delivery::Replaced => break,
            // Nobody's rights hang on this one: it is no agent.
            Delivery::Eph(_) | Delivery::RightsChanged | Delivery::BlocksChanged => {}
        }
        if sub.take_lagged() && !*draining.borrow() {
            tracing::debug!("the counters of /metrics missed some of what happened");
        }
    }
}

/// Writes what was said into the log. Asked for by `[log] texts = true`.
fn say(published: &Published) {
    for event in &published.events {
        let Event::MessagePosted(message) = &event.event else { continue };
        let author = match message.author {
            Author::Visitor => "visitor",
            Author::Assistant => "assistant",
            Author::Agent(_) => "agent",
        };
        let text = Untrusted::new(message.text.clone()).log();
        tracing::info!(conversation = %published.conversation, seq = event.seq, author, text = text.as_str(), "said");
    }
}
