//! What an agent may do: with what nobody or they themselves hold; a supervisor with any.

use super::super::*;
use super::{Outcome, check_text, fresh};

/// Who has it, seen from one agent.
enum Hold<'a> {
    Mine,
    Other(&'a AgentRef),
    Unheld,
}

fn hold<'a>(c: &'a Conversation, agent: &AgentRef) -> Hold<'a> {
    match &c.holder {
        Holder::Agent(by) if by.id == agent.id => Hold::Mine,
        Holder::Agent(by) => Hold::Other(by),
        Holder::Assistant | Holder::Nobody => Hold::Unheld,
    }
}

/// Refuses what another agent holds, unless a supervisor asks.
fn own_or_supervised(c: &Conversation, agent: &AgentRef, role: Role) -> Result<(), Rejection> {
    match hold(c, agent) {
        Hold::Other(by) if role < Role::Supervisor => Err(Rejection::HeldByOther { by: by.clone() }),
        _ => Ok(()),
    }
}

pub(super) fn by_agent(
    c: &Conversation,
    command: &Command,
    ctx: &Context<'_>,
    agent: &AgentRef,
    role: Role,
) -> Outcome {
    if !c.exists() {
        return Err(Rejection::Unknown);
    }
    match command {
        Command::Accept => accept(c, agent),
        Command::TakeOver => take_over(c, agent, role),
        Command::AgentMessage { text, attachments } => {
            check_text(text, attachments.len(), ctx)?;
            let mut events = claim_to_speak(c, agent)?;
            events.push(Event::MessagePosted(Message {
                id: fresh(ctx, 0),
                author: Author::Agent(agent.clone()),
                text: text.clone(),
                epoch: c.after(&events, ctx).epoch,
                sources: Vec::new(),
                attachments: attachments.clone(),
                turn: None,
                thanks: false,
            }));
            Ok(Decided::message_of(events))
        }
        Command::AddNote { text } => {
            check_text(text, 0, ctx)?;
            Ok(Decided::one(Event::NoteAdded { id: fresh(ctx, 0), by: agent.clone(), text: text.clone() }))
        }
        Command::Release { reason } => {
            held(c)?;
            own_or_supervised(c, agent, role)?;
            Ok(Decided::one(Event::Released(ReleaseCause::Agent {
                by: agent.clone(),
                reason: reason.clone(),
            })))
        }
        Command::Transfer(to) => transfer(c, to, agent, role),
        Command::HandBack => {
            match c.state {
                State::Assistant => return Err(Rejection::AlreadyWithAssistant),
                State::Resolved => return Err(Rejection::Resolved),
                State::Queued | State::Active | State::Snoozed => own_or_supervised(c, agent, role)?,
            }
            if !ctx.settings.assistant_on {
                return Err(Rejection::AssistantOff);
            }
            Ok(Decided::one(Event::HandedBack { by: agent.clone() }))
        }
        Command::Snooze(until) => {
            held(c)?;
            own_or_supervised(c, agent, role)?;
            let until = match until {
                SnoozeUntil::Time(t) if *t <= ctx.now => return Err(Rejection::TimePast),
                SnoozeUntil::Time(t) => Some(*t),
                SnoozeUntil::NextMessage => None,
            };
            Ok(Decided::one(Event::Snoozed { by: agent.clone(), until }))
        }
        Command::Resolve => {
            if c.state == State::Resolved {
                return Err(Rejection::AlreadyResolved);
            }
            own_or_supervised(c, agent, role)?;
            Ok(Decided::one(Event::Resolved(ResolvedBy::Agent(agent.clone()))))
        }
        Command::Reopen => match c.state {
            State::Resolved => {
                Ok(Decided::one(Event::Reopened { agent: agent.clone(), unseen: undone(c, agent) }))
            }
            State::Assistant | State::Queued => take_over(c, agent, role),
            State::Active | State::Snoozed => match hold(c, agent) {
                Hold::Other(by) => Err(Rejection::HeldByOther { by: by.clone() }),
                _ if c.state == State::Snoozed => {
                    Ok(Decided::one(Event::Woken { cause: WakeCause::Agent, kept: true }))
                }
                _ => Ok(Decided::nothing()),
            },
        },
        _ => Err(Rejection::Forbidden),
    }
}

/// Whether the agent who was with the visitor takes back a resolve the visitor was not told of yet.
fn undone(c: &Conversation, agent: &AgentRef) -> bool {
    let by_them = matches!(&c.resolved, Some((_, ResolvedBy::Agent(by))) if by.id == agent.id);
    let with_them = c.last_agent.as_ref().is_some_and(|last| last.id == agent.id);
    !c.announced && c.human_held && by_them && with_them
}

fn held(c: &Conversation) -> Result<(), Rejection> {
    match c.state {
        State::Active | State::Snoozed => Ok(()),
        State::Resolved => Err(Rejection::Resolved),
        State::Assistant | State::Queued => Err(Rejection::NotHeld),
    }
}

fn accept(c: &Conversation, agent: &AgentRef) -> Outcome {
    match (c.state, hold(c, agent)) {
        (State::Queued | State::Snoozed, _) => Ok(Decided::one(Event::Accepted { agent: agent.clone() })),
        (State::Active, Hold::Other(by)) => Err(Rejection::AlreadyTaken { by: by.clone() }),
        (State::Active, _) => Ok(Decided::nothing()),
        (State::Assistant, _) => Err(Rejection::NotQueued),
        (State::Resolved, _) => Err(Rejection::Resolved),
    }
}

fn take_over(c: &Conversation, agent: &AgentRef, role: Role) -> Outcome {
    match (c.state, hold(c, agent)) {
        (State::Assistant, _) => Ok(Decided::one(Event::TakenOver { agent: agent.clone(), from: None })),
        (State::Queued | State::Snoozed, _) => Ok(Decided::one(Event::Accepted { agent: agent.clone() })),
        (State::Active, Hold::Other(by)) if role < Role::Supervisor => {
            Err(Rejection::HeldByOther { by: by.clone() })
        }
        (State::Active, Hold::Other(by)) => {
            Ok(Decided::one(Event::TakenOver { agent: agent.clone(), from: Some(by.clone()) }))
        }
        (State::Active, _) => Ok(Decided::nothing()),
        (State::Resolved, _) => Err(Rejection::Resolved),
    }
}

/// Sending takes an unheld conversation over. Refused only where another human holds it, or it is resolved.
fn claim_to_speak(c: &Conversation, agent: &AgentRef) -> Result<Vec<Event>, Rejection> {
    match (c.state, hold(c, agent)) {
        (State::Resolved, _) => Err(Rejection::Resolved),
        (_, Hold::Other(by)) => Err(Rejection::HeldByOther { by: by.clone() }),
        (State::Assistant, _) => Ok(vec![Event::TakenOver { agent: agent.clone(), from: None }]),
        (State::Queued, _) => Ok(vec![Event::Accepted { agent: agent.clone() }]),
        (State::Snoozed, _) => Ok(vec![Event::Woken { cause: WakeCause::Agent, kept: true }]),
        (State::Active, _) => Ok(Vec::new()),
    }
}

fn transfer(c: &Conversation, to: &TransferTo, agent: &AgentRef, role: Role) -> Outcome {
    match c.state {
        State::Resolved => return Err(Rejection::Resolved),
        State::Assistant => return Err(Rejection::NotHeld),
        State::Queued | State::Active | State::Snoozed => own_or_supervised(c, agent, role)?,
    }
    Ok(match to {
        TransferTo::Agent(to) if c.holder.agent().is_some_and(|h| h.id == to.id) => Decided::nothing(),
        TransferTo::Agent(to) => Decided::one(Event::Transferred { by: agent.clone(), to: to.clone() }),
        TransferTo::Group(group) => Decided::one(Event::Released(ReleaseCause::Transferred {
            by: agent.clone(),
            group: group.clone(),
        })),
    })
}
