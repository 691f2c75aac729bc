//! `baton show`: a conversation with its messages.

use clap::Args as ClapArgs;
use serde_json::{Value, json};

use super::Done;
use super::out::{Out, inert};
use super::resolve_id::{self, Named};
use super::target::ServerArgs;
use super::view::{entry_json, entry_lines, row_json, row_line, visitor_name};
use crate::conversation::Row;
use crate::protocol::{AgentOp, ConversationArg, HistoryOk, WatchOk};

/// Entries a page of history.
const PAGE: u32 = 1000;

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// The conversation's id, or its first digits
    #[arg(value_parser = resolve_id::parse)]
    id: Named,
    /// Print one object
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, server: &ServerArgs) -> Done {
    let mut session = server.session().await?;
    let now = session.welcome().server_time;
    let id = resolve_id::find(&mut session, &args.id).await?;
    let watch = ConversationArg { conversation: id, before: None, limit: Some(PAGE) };
    let shown: WatchOk = session.get(&AgentOp::Watch(watch)).await?;
    let mut entries = shown.entries;
    let mut more = shown.more;
    while more {
        let Some(before) = entries.first().map(|e| e.version) else { break };
        let arg = ConversationArg { conversation: id, before: Some(before), limit: Some(PAGE) };
        let older: HistoryOk = session.get(&AgentOp::History(arg)).await?;
        // A page that leads no further back would be asked for again for ever.
        more = older.more && older.entries.first().is_some_and(|e| e.version < before);
        entries.splice(0..0, older.entries.into_iter().filter(|e| e.version < before));
    }
    session.close().await;
    let c = shown.conversation;
    let row = Row::of(&c);
    let visitor = c.visitor.as_ref();
    if args.json {
        let mut value =
            row.as_ref().map_or_else(|| json!({ "id": c.id, "state": c.state }), |row| row_json(row, now));
        let name = visitor.and_then(|v| v.name.as_deref());
        let messages: Vec<Value> = entries.iter().filter_map(|entry| entry_json(entry, name)).collect();
        value["message_count"] = json!(c.messages);
        value["messages"] = json!(messages);
        value["episode"] = json!(c.episode);
        value["card"] = json!(c.handoff.as_ref().map(|h| &h.card));
        value["evidence"] = json!(c.handoff.as_ref().map(|h| &h.evidence));
        value["earlier"] = json!(shown.earlier.iter().map(|row| row.id).collect::<Vec<_>>());
        return Out.json(&value);
    }
    if let Some(row) = &row {
        Out.line(&row_line(row, now))?;
    }
    if let Some(handoff) = &c.handoff {
        for want in &handoff.card.wants {
            Out.line(&format!("  wants: {}", inert(want)))?;
        }
        for fact in &handoff.card.facts {
            Out.line(&format!("  {}: {}", inert(&fact.kind), inert(&fact.text)))?;
        }
        for tried in &handoff.card.tried {
            Out.line(&format!("  tried: {}", inert(tried)))?;
        }
    }
    Out.line("")?;
    let name = visitor.map_or_else(|| "visitor".to_owned(), visitor_name);
    for entry in &entries {
        Out.line(&entry_lines(entry, &name))?;
    }
    Ok(())
}
