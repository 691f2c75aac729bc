//! `baton snooze`: put aside until a time or the visitor's next message.

use clap::Args as ClapArgs;
use jiff::{Timestamp, Zoned};
use serde_json::json;

use super::resolve_id::{self, Named};
use super::target::ServerArgs;
use super::verbs::{Outcome, carry_out};
use super::{Done, Failure};
use crate::conversation::Time;
use crate::protocol::{AgentOp, SnoozeArg};
use crate::text::when;

/// Put a conversation aside until a time, or until the visitor writes.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Times as people write them: 2h, 90m, 3d, tomorrow, tomorrow 9:30, mon 9,
fri 16:00, 14:30, tonight, next week, 1 dec, 2026-12-01 14:00. A bare day is
that day at 9:00. The visitor's next message wakes it in any case.")]
pub(super) struct Args {
    /// The conversation's id, or its first digits
    #[arg(value_parser = resolve_id::parse)]
    id: Named,
    /// Until when; without it, until the visitor's next message
    #[arg(num_args = 0..)]
    until: Vec<String>,
    /// Print one object
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, server: &ServerArgs) -> Done {
    let now = Zoned::now();
    let until = until(&args.until, &now)?;
    let mut session = server.session().await?;
    let id = resolve_id::find(&mut session, &args.id).await?;
    let done = match until {
        Some(then) => match when::spoken(then, &now) {
            near if near.starts_with("in ") => format!("snoozed; it is back {near}"),
            then => format!("snoozed until {then}"),
        },
        None => "snoozed until the visitor writes".to_owned(),
    };
    let until = until.map(|then| Time(then.as_millisecond()));
    let op = |conversation, cid| AgentOp::Snooze(SnoozeArg { conversation, cid, until });
    let outcome = Outcome { done: &done, json: args.json, more: json!({ "until": until }) };
    carry_out(session, id, op, outcome).await
}

fn until(words: &[String], now: &Zoned) -> Result<Option<Timestamp>, Failure> {
    let text = words.join(" ");
    let text = text.trim().strip_prefix("until ").unwrap_or(text.trim());
    if text.is_empty() {
        return Ok(None);
    }
    when::moment(text, now).map(Some).map_err(|e| Failure::Usage(e.to_string()))
}
