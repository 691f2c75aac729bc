//! `baton show`: a conversation with its messages.

use clap::Args as ClapArgs;
use serde_json::{Value, json};

use super::out::{Out, inert};
use super::resolve_id::{self, Named};
use super::target::ServerArgs;
use super::view::{entry_json, entry_lines, row_json, row_line, visitor_name};
use super::{Done, thread};
use crate::conversation::Row;

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
    let shown = thread::read(&mut session, id).await?;
    session.close().await;
    let (c, entries) = (shown.conversation, shown.entries);
    let row = Row::of(&c);
    let visitor = c.visitor.as_ref();
    if args.json {
        let mut value =
            row.as_ref().map_or_else(|| json!({ "id": c.id, "state": c.state }), |row| row_json(row, now));
        let name = visitor.and_then(|v| v.name.as_deref());
        let messages: Vec<Value> = entries.iter().filter_map(|entry| entry_json(entry, name)).collect();
        value["message_count"] = json!(messages.len());
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
