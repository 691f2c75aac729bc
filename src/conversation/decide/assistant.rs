//! What the assistant may do: speak and ask for a person, under the epoch its turn began with.

use super::super::*;
use super::{Outcome, ask_for_person, check_text, fresh};

fn fenced(c: &Conversation, began: u64) -> Result<(), Rejection> {
    if c.exists() && began == c.epoch && c.assistant_may_speak() {
        Ok(())
    } else {
        Err(Rejection::StaleEpoch { began, now: c.epoch })
    }
}

pub(super) fn by_assistant(c: &Conversation, command: &Command, ctx: &Context<'_>) -> Outcome {
    match command {
        Command::AssistantMessage { text, sources, epoch, turn } => {
            fenced(c, *epoch)?;
            check_text(text, 0, ctx)?;
            if turn.answers <= c.answered_version || turn.answers > c.last_visitor_version {
                return Err(Rejection::AlreadyAnswered);
            }
            Ok(Decided::one(Event::MessagePosted(assistant_message(ctx, text, sources, *epoch, turn))))
        }
        Command::RequestHandoff { handoff, epoch, .. } => {
            fenced(c, epoch.unwrap_or(u64::MAX))?;
            if c.state == State::Queued {
                return Err(Rejection::AlreadyQueued);
            }
            if !ctx.someone_available && !ctx.settings.tickets {
                // Nothing to queue: the assistant tells the truth in its own answer.
                return Err(Rejection::NobodyThere);
            }
            Ok(Decided::first_of(ask_for_person(c, ctx, handoff)?))
        }
        _ => Err(Rejection::Forbidden),
    }
}

fn assistant_message(
    ctx: &Context<'_>,
    text: &str,
    sources: &[Source],
    epoch: u64,
    turn: &AssistantTurn,
) -> Message {
    Message {
        id: fresh(ctx, 0),
        author: Author::Assistant,
        text: text.to_owned(),
        epoch,
        sources: sources.to_vec(),
        attachments: Vec::new(),
        turn: Some(turn.clone()),
        thanks: false,
    }
}
