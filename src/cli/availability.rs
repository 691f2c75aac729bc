//! `baton available` and `baton away`: intent. Presence is a console's.

use clap::Args as ClapArgs;
use serde_json::json;

use super::out::{Out, complain, inert};
use super::target::ServerArgs;
use super::{Done, Failure};
use crate::conversation::Time;
use crate::protocol::{AgentInfo, AgentOp, AvailabilityInfo};

#[derive(Debug, ClapArgs)]
pub(super) struct AvailableArgs {
    /// Print one object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct AwayArgs {
    /// Why, in words, for colleagues
    #[arg(long)]
    reason: Option<String>,
    /// Until when, as 2026-01-31T14:00:00Z
    #[arg(long, value_name = "TIME")]
    until: Option<Time>,
    /// Print one object
    #[arg(long)]
    json: bool,
}

pub(super) async fn available(args: AvailableArgs, server: &ServerArgs) -> Done {
    let to = AvailabilityInfo { available: true, reason: None, until: None };
    set(to, args.json, server).await
}

pub(super) async fn away(args: AwayArgs, server: &ServerArgs) -> Done {
    let to = AvailabilityInfo { available: false, reason: args.reason, until: args.until };
    set(to, args.json, server).await
}

async fn set(to: AvailabilityInfo, as_json: bool, server: &ServerArgs) -> Done {
    let mut session = server.session().await?;
    let now = session.welcome().server_time;
    if let Some(until) = to.until.filter(|until| *until <= now) {
        session.close().await;
        return Err(Failure::Usage(format!(
            "--until {until} is past (the server's clock says {now}); nothing was changed. Give a time to come, or leave it out"
        )));
    }
    let answer = session.request(&AgentOp::AvailabilitySet(to.clone())).await?;
    let before = session.welcome().agent.clone();
    session.close().await;
    let agent: AgentInfo = serde_json::from_value(answer).unwrap_or(AgentInfo { availability: to, ..before });
    if as_json {
        Out.json(&json!({
            "id": agent.id, "name": agent.name, "present": agent.present, "available": agent.availability.available,
            "reason": agent.availability.reason, "until": agent.availability.until,
        }))?;
    } else {
        let now = if agent.availability.available { "Available" } else { "Away" };
        Out.line(&format!("{} is {now}", inert(&agent.name)))?;
    }
    if agent.availability.available && !agent.present {
        complain(
            "nobody is at the keyboard (present=false): visitors are offered a person only while a console of yours is open; run `baton`",
        );
    }
    Ok(())
}
