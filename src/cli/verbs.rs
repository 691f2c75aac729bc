//! The verbs that need nothing but a conversation: accept, take-over, resolve, reopen, hand-back, and release.

use clap::Args as ClapArgs;
use serde_json::json;
use uuid::Uuid;

use super::Done;
use super::out::Out;
use super::resolve_id::{self, Named};
use super::target::ServerArgs;
use crate::client::oneshot::Session;
use crate::conversation::{Cid, ConversationId};
use crate::protocol::{AgentOp, Answered, CidOnly, ReleaseArg};

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// The conversation's id, or its first digits
    #[arg(value_parser = resolve_id::parse)]
    id: Named,
    /// Print one object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct ReleaseArgs {
    #[command(flatten)]
    common: Args,
    /// Why, in words, for colleagues
    #[arg(long)]
    reason: Option<String>,
}

/// Which verb.
#[derive(Debug, Clone, Copy)]
pub(super) enum Verb {
    Accept,
    TakeOver,
    Resolve,
    Reopen,
    HandBack,
}

impl Verb {
    fn op(self, conversation: ConversationId, cid: Cid) -> AgentOp {
        let arg = CidOnly { conversation, cid };
        match self {
            Verb::Accept => AgentOp::Accept(arg.into()),
            Verb::TakeOver => AgentOp::TakeOver(arg.into()),
            Verb::Resolve => AgentOp::Resolve(arg),
            Verb::Reopen => AgentOp::Reopen(arg),
            Verb::HandBack => AgentOp::HandBack(arg),
        }
    }

    fn done(self) -> &'static str {
        match self {
            Verb::Accept => "accepted",
            Verb::TakeOver => "taken over",
            Verb::Resolve => "resolved",
            Verb::Reopen => "reopened",
            Verb::HandBack => "handed back to the assistant",
        }
    }
}

pub(super) async fn run(verb: Verb, args: Args, server: &ServerArgs) -> Done {
    change(&args, server, verb.done(), |id, cid| verb.op(id, cid)).await
}

pub(super) async fn release(args: ReleaseArgs, server: &ServerArgs) -> Done {
    let reason = args.reason;
    let op = |conversation, cid| AgentOp::Release(ReleaseArg { conversation, cid, reason });
    change(&args.common, server, "released to the queue", op).await
}

async fn change(
    args: &Args,
    server: &ServerArgs,
    done: &str,
    op: impl FnOnce(ConversationId, Cid) -> AgentOp,
) -> Done {
    let mut session = server.session().await?;
    let id = resolve_id::find(&mut session, &args.id).await?;
    carry_out(session, id, op, done, args.json).await
}

/// Sends one change and says what it did.
pub(super) async fn carry_out(
    mut session: Session,
    id: ConversationId,
    op: impl FnOnce(ConversationId, Cid) -> AgentOp,
    done: &str,
    as_json: bool,
) -> Done {
    let cid = Cid(Uuid::now_v7());
    let answer: Answered = session.get(&op(id, cid)).await?;
    session.close().await;
    if as_json {
        let Answered { conversation, id, version, seq } = answer;
        return Out.json(&json!({
            "ok": true, "conversation": conversation, "id": id, "version": version, "seq": seq, "cid": cid,
        }));
    }
    Out.line(&format!("{} {done}", id.short()))
}
