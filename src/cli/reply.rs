//! `baton reply` and `baton note`.

use std::io::{self, Read};

use clap::Args as ClapArgs;

use super::resolve_id::{self, Named};
use super::target::ServerArgs;
use super::{Done, Failure, verbs};
use crate::protocol::{AgentOp, MessageArg};

/// Most that is read from standard input: far above any limit a server has, which then says so itself.
const MOST: u64 = 1 << 20;

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// The conversation's id, or its first digits
    #[arg(value_parser = resolve_id::parse)]
    id: Named,
    /// What to write; - reads it from standard input. Text that begins with a hyphen stands behind --
    #[arg(required = true, num_args = 1..)]
    pub(super) text: Vec<String>,
    /// Print one object
    #[arg(long)]
    pub(super) json: bool,
}

/// Which of the two.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Reply,
    Note,
}

pub(super) async fn run(kind: Kind, args: Args, server: &ServerArgs) -> Done {
    let text = words(args.text)?;
    if text.trim().is_empty() {
        return Err(Failure::Usage("there is nothing to write: the text is empty".into()));
    }
    let mut session = server.session().await?;
    let id = resolve_id::find(&mut session, &args.id).await?;
    let done = match kind {
        Kind::Reply => "replied",
        Kind::Note => "noted",
    };
    let op = |conversation, cid| {
        let arg = MessageArg { conversation, cid, text };
        match kind {
            Kind::Reply => AgentOp::MessageSend(arg),
            Kind::Note => AgentOp::NoteAdd(arg),
        }
    };
    let outcome = verbs::Outcome { done, json: args.json, more: serde_json::Value::Null };
    verbs::carry_out(session, id, op, outcome).await
}

fn words(args: Vec<String>) -> Result<String, Failure> {
    if args != ["-"] {
        return Ok(args.join(" "));
    }
    let mut text = String::new();
    let read = io::stdin().lock().take(MOST).read_to_string(&mut text);
    read.map_err(|e| Failure::Usage(format!("the text on standard input cannot be read: {e}")))?;
    // The line end that `echo` adds is not part of what was said.
    Ok(text.strip_suffix('\n').map_or(text.clone(), |t| t.strip_suffix('\r').unwrap_or(t).to_owned()))
}
