//! The verbs that need nothing but a conversation: accept, take-over, resolve, reopen, hand-back, and release.

use clap::Args as ClapArgs;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Done;
use super::out::Out;
use super::resolve_id::{self, Named};
use super::target::ServerArgs;
use crate::client::oneshot::Session;
use crate::conversation::{Cid, ConversationId};
use crate::protocol::{AcceptArg, AgentOp, Answered, CidOnly, ReleaseArg};

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
pub(super) struct TakeArgs {
    #[command(flatten)]
    common: Args,
    /// Also where you hold as many as you are meant to
    #[arg(long)]
    anyway: bool,
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
    Resolve,
    Reopen,
    HandBack,
}

impl Verb {
    fn op(self, conversation: ConversationId, cid: Cid) -> AgentOp {
        let arg = CidOnly { conversation, cid };
        match self {
            Verb::Resolve => AgentOp::Resolve(arg),
            Verb::Reopen => AgentOp::Reopen(arg),
            Verb::HandBack => AgentOp::HandBack(arg),
        }
    }

    fn done(self) -> &'static str {
        match self {
            Verb::Resolve => "resolved",
            Verb::Reopen => "reopened",
            Verb::HandBack => "handed back to the assistant",
        }
    }
}

pub(super) async fn run(verb: Verb, args: Args, server: &ServerArgs) -> Done {
    change(&args, server, verb.done(), |id, cid| verb.op(id, cid)).await
}

pub(super) async fn accept(args: TakeArgs, server: &ServerArgs) -> Done {
    let over_capacity = args.anyway;
    let op = |conversation, cid| AgentOp::Accept(AcceptArg { conversation, cid, over_capacity });
    change(&args.common, server, "accepted", op).await
}

pub(super) async fn take_over(args: TakeArgs, server: &ServerArgs) -> Done {
    let over_capacity = args.anyway;
    let op = |conversation, cid| AgentOp::TakeOver(AcceptArg { conversation, cid, over_capacity });
    change(&args.common, server, "taken over", op).await
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
    carry_out(session, id, op, Outcome { done, json: args.json, more: Value::Null }).await
}

/// How a change is reported.
#[derive(Debug)]
pub(super) struct Outcome<'a> {
    /// What was done, behind the conversation's digits.
    pub(super) done: &'a str,
    /// As one object instead.
    pub(super) json: bool,
    /// Further fields of that object.
    pub(super) more: Value,
}

/// Sends one change and says what it did.
pub(super) async fn carry_out(
    mut session: Session,
    id: ConversationId,
    op: impl FnOnce(ConversationId, Cid) -> AgentOp,
    outcome: Outcome<'_>,
) -> Done {
    let cid = Cid(Uuid::now_v7());
    let answer: Answered = session.get(&op(id, cid)).await?;
    session.close().await;
    if outcome.json {
        let Answered { conversation, id, version, seq } = answer;
        let mut value = json!({
            "ok": true, "conversation": conversation, "id": id, "version": version, "seq": seq, "cid": cid,
        });
        if let (Value::Object(all), Value::Object(more)) = (&mut value, outcome.more) {
            all.extend(more);
        }
        return Out.json(&value);
    }
    Out.line(&format!("{} {}", id.short(), outcome.done))
}
