//! `baton transfer`: to another agent, or to a group.

use clap::Args as ClapArgs;
use serde_json::json;

use super::out::{complain, inert};
use super::resolve_id::{self, Named};
use super::target::ServerArgs;
use super::verbs::{Outcome, carry_out};
use super::{Done, resolve_agent};
use crate::protocol::{AgentOp, TransferArg};

#[derive(Debug, ClapArgs)]
#[command(group = clap::ArgGroup::new("whom").required(true).args(["to", "group"]))]
pub(super) struct Args {
    /// The conversation's id, or its first digits
    #[arg(value_parser = resolve_id::parse)]
    id: Named,
    /// To this agent: a name, the beginning of one, or an id
    #[arg(long, value_name = "AGENT")]
    to: Option<String>,
    /// To this group: back to the queue, for its members first
    #[arg(long)]
    group: Option<String>,
    /// What the next one should know: posted as a note before
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Print one object
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, server: &ServerArgs) -> Done {
    let mut session = server.session().await?;
    let agent = match &args.to {
        Some(typed) => Some(resolve_agent::find(&session.welcome().agents, typed)?.clone()),
        None => None,
    };
    let id = resolve_id::find(&mut session, &args.id).await?;
    let done = match (&agent, &args.group) {
        (Some(agent), _) => format!("transferred to {}", inert(&agent.name)),
        (None, group) => format!("transferred to the group {}", inert(group.as_deref().unwrap_or_default())),
    };
    let more = json!({
        "agent": agent.as_ref().map(|a| json!({ "id": a.id, "name": a.name })),
        "group": args.group,
    });
    let (to, group) = (agent.as_ref().map(|a| a.id), args.group);
    let note = args.note;
    let op = |conversation, cid| AgentOp::Transfer(TransferArg { conversation, cid, agent: to, group, note });
    carry_out(session, id, op, Outcome { done: &done, json: args.json, more }).await?;
    if let Some(agent) = agent.filter(|agent| !agent.present) {
        let name = inert(&agent.name);
        complain(&format!("{name} has no console open now; unanswered, it goes back to the queue"));
    }
    Ok(())
}
