//! A conversation with all its entries, however many pages they fill.

use super::Failure;
use crate::client::oneshot::Session;
use crate::conversation::ConversationId;
use crate::protocol::{AgentOp, ConversationArg, HistoryOk, WatchOk};

/// Entries a page of history.
const PAGE: u32 = 1000;

/// Reads it; `entries` are all of them, oldest first. It is no longer watched afterwards.
pub(super) async fn read(session: &mut Session, id: ConversationId) -> Result<WatchOk, Failure> {
    let arg = |before| ConversationArg { conversation: id, before, limit: Some(PAGE) };
    let mut shown: WatchOk = session.get(&AgentOp::Watch(arg(None))).await?;
    session.request(&AgentOp::Unwatch(arg(None))).await?;
    while shown.more {
        let Some(before) = shown.entries.first().map(|e| e.version) else { break };
        let older: HistoryOk = session.get(&AgentOp::History(arg(Some(before)))).await?;
        // A page that leads no further back would be asked for again for ever.
        shown.more = older.more && older.entries.first().is_some_and(|e| e.version < before);
        shown.entries.splice(0..0, older.entries.into_iter().filter(|e| e.version < before));
    }
    Ok(shown)
}
