//! `baton available` and `baton away`: intent. Presence is a console's.

use clap::Args as ClapArgs;
use jiff::Zoned;
use serde_json::json;

use super::out::{Out, complain, inert};
use super::target::ServerArgs;
use super::{Done, Failure};
use crate::conversation::Time;
use crate::protocol::{AgentInfo, AgentOp, AvailabilityInfo};
use crate::text::when;

#[derive(Debug, ClapArgs)]
pub(super) struct AvailableArgs {
    /// Print one object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Words as people announce an absence: 30m lunch, until 14:00 dentist, back at the
end of a length or a time, or a reason alone. --until takes the same times, or
2026-01-31T14:00:00Z.")]
pub(super) struct AwayArgs {
    /// How long and why: 30m lunch
    #[arg(num_args = 0.., value_name = "WORDS")]
    words: Vec<String>,
    /// Why, in words, for colleagues
    #[arg(long)]
    reason: Option<String>,
    /// Until when: 14:00, 30m, tomorrow 9, 2026-01-31T14:00:00Z
    #[arg(long, value_name = "TIME", conflicts_with = "words")]
    until: Option<String>,
    /// Print one object
    #[arg(long)]
    json: bool,
}

pub(super) async fn available(args: AvailableArgs, server: &ServerArgs) -> Done {
    let to = AvailabilityInfo { available: true, reason: None, until: None };
    set(to, args.json, server).await
}

pub(super) async fn away(args: AwayArgs, server: &ServerArgs) -> Done {
    let now = Zoned::now();
    let usage = |e: when::WhenError| Failure::Usage(format!("{e}; nothing was changed"));
    let said = when::away(&args.words.join(" "), &now).map_err(usage)?;
    let until = match &args.until {
        // A past time is told with the server's clock, below.
        Some(exact) if exact.parse::<Time>().is_ok() => exact.parse().ok(),
        Some(words) => Some(Time(when::moment(words, &now).map_err(usage)?.as_millisecond())),
        None => said.until.map(|until| Time(until.as_millisecond())),
    };
    let to = AvailabilityInfo { available: false, reason: args.reason.or(said.reason), until };
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
        let until =
            agent.availability.until.and_then(|until| jiff::Timestamp::from_millisecond(until.0).ok());
        let until = until.map(|until| match when::spoken(until, &Zoned::now()) {
            near if near.starts_with("in ") => format!(", back {near}"),
            then => format!(" until {then}"),
        });
        let reason = agent.availability.reason.as_deref().map(|why| format!(" ({})", inert(why)));
        let words = [until, reason].into_iter().flatten().collect::<String>();
        Out.line(&format!("{} is {now}{words}", inert(&agent.name)))?;
    }
    if agent.availability.available && !agent.present {
        complain(
            "nobody is at the keyboard (present=false): visitors are offered a person only while a console of yours is open; run `baton`",
        );
    }
    Ok(())
}
