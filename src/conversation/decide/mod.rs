//! `decide`: what a command does, or why it is refused. Every cell of state × command has an answer here.

use std::borrow::Cow;

use super::{
    Actor, AgentId, Command, Context, Conversation, Event, Handoff, MessageId, Reason, Rejection,
    ReleaseCause, State,
};

mod agent;
mod assistant;
mod timer;
mod visitor;

/// What a command does: events to append, in order, and which of them the acknowledgement names.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// The events; empty where the wish is fulfilled already (accepting what one holds).
    pub events: Vec<Event>,
    /// Index of the event that carries the client id: the message of a send, else the first.
    pub primary: usize,
}

impl Decided {
    fn nothing() -> Self {
        Self { events: Vec::new(), primary: 0 }
    }
    fn one(event: Event) -> Self {
        Self { events: vec![event], primary: 0 }
    }
    fn first_of(events: Vec<Event>) -> Self {
        Self { events, primary: 0 }
    }
    /// The acknowledgement names the message, wherever it stands.
    fn message_of(events: Vec<Event>) -> Self {
        let primary = events.iter().position(|e| matches!(e, Event::MessagePosted(_))).unwrap_or(0);
        Self { events, primary }
    }
}

type Outcome = Result<Decided, Rejection>;

/// Decides a command against the state. Pure: the same arguments give the same answer.
///
/// # Errors
/// A [`Rejection`] when the state, the rights or the content do not allow it; nothing has happened then.
pub fn decide(c: &Conversation, command: &Command, ctx: &Context<'_>) -> Outcome {
    match &ctx.actor {
        Actor::Visitor(visitor) => visitor::by_visitor(c, command, ctx, visitor),
        Actor::Assistant => assistant::by_assistant(c, command, ctx),
        Actor::Agent { agent, role } => agent::by_agent(c, command, ctx, agent, *role),
        Actor::System => match command {
            Command::Timer(kind) => timer::by_timer(c, *kind, ctx),
            Command::Withdraw { from } => withdraw(c, *from),
            _ => Err(Rejection::Forbidden),
        },
    }
}

/// Back to the queue, with the wait it had, if that agent still holds it.
fn withdraw(c: &Conversation, from: AgentId) -> Outcome {
    match (c.state, c.holder.agent()) {
        (State::Active | State::Snoozed, Some(holder)) if holder.id == from => {
            Ok(Decided::one(Event::Released(ReleaseCause::Withdrawn { from: holder.clone() })))
        }
        _ => Err(Rejection::NotHeld),
    }
}

fn fresh(ctx: &Context<'_>, n: usize) -> MessageId {
    MessageId(ctx.fresh[n])
}

fn notice(ctx: &Context<'_>, n: usize, key: &str, text: &str) -> Event {
    Event::NoticePosted { id: fresh(ctx, n), key: key.to_owned(), text: text.to_owned() }
}

fn check_text(text: &str, attachments: usize, ctx: &Context<'_>) -> Result<(), Rejection> {
    if text.trim().is_empty() && attachments == 0 {
        return Err(Rejection::EmptyMessage);
    }
    let (bytes, max) = (text.len(), ctx.settings.max_message_bytes);
    if bytes > max { Err(Rejection::MessageTooLong { bytes, max }) } else { Ok(()) }
}

/// By shape only: something before one `@`, a dotted host after it, no blanks or controls, at most 254 bytes.
fn check_email(email: &str) -> Result<(), Rejection> {
    let ok = email.len() <= 254
        && !email.chars().any(|ch| ch.is_whitespace() || ch.is_control())
        && email.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty()
                && !host.contains('@')
                && host.split('.').count() >= 2
                && host.split('.').all(|label| !label.is_empty())
        });
    if ok { Ok(()) } else { Err(Rejection::BadEmail) }
}

fn announcement(ctx: &Context<'_>, n: usize) -> [Event; 2] {
    [Event::ResolveAnnounced, notice(ctx, n, "resolved", &ctx.settings.texts.resolved)]
}

/// A person is wanted while the assistant holds it: the queue, or with nobody there the way to a ticket.
fn ask_for_person(c: &Conversation, ctx: &Context<'_>, handoff: &Handoff) -> Result<Vec<Event>, Rejection> {
    let texts = &ctx.settings.texts;
    if ctx.someone_available {
        return Ok(vec![
            Event::HandoffInitiated { handoff: handoff.clone() },
            Event::HandoffRequested { ticket: false },
            notice(ctx, 1, "handoff.connecting", &texts.connecting),
        ]);
    }
    let insists = handoff.reason.by_visitor()
        || matches!(handoff.reason, Reason::RestrictedTopic | Reason::Keyword | Reason::AssistantFailed);
    if !insists {
        return Err(Rejection::NobodyThere);
    }
    if !ctx.settings.tickets {
        return Ok(vec![notice(ctx, 1, "handoff.nobody_no_ticket", &texts.nobody_no_ticket)]);
    }
    if c.visitor.as_ref().is_some_and(|v| v.email.is_some()) {
        return Ok(vec![
            Event::HandoffInitiated { handoff: handoff.clone() },
            Event::HandoffRequested { ticket: true },
            notice(ctx, 1, "handoff.ticket_queued", &texts.ticket_queued),
        ]);
    }
    Ok(vec![
        Event::HandoffInitiated { handoff: handoff.clone() },
        notice(ctx, 1, "handoff.nobody_there", &texts.nobody_there),
    ])
}

impl Conversation {
    /// This conversation with these events folded in; itself where there are none.
    fn after(&self, events: &[Event], ctx: &Context<'_>) -> Cow<'_, Conversation> {
        if events.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut next = self.clone();
        for event in events {
            next.apply(event, ctx.now);
        }
        Cow::Owned(next)
    }
}
