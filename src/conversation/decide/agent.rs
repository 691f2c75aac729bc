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
        Command::Accept { over_capacity } => with_room(accept(c, agent)?, ctx, *over_capacity),
        Command::TakeOver { over_capacity } => with_room(take_over(c, agent, role)?, ctx, *over_capacity),
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
        Command::Transfer { to, note } => transfer(c, to, note.as_deref(), ctx, agent, role),
        Command::Tag { add, remove } => tag(c, add, remove, agent),
        Command::SetPriority(priority) if c.priority == *priority => Ok(Decided::nothing()),
        Command::SetPriority(priority) => {
            Ok(Decided::one(Event::Prioritised { by: agent.clone(), priority: *priority }))
        }
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

/// Refuses what would put an agent above their limit, unless they said that they know. Only what they reach for: words
/// sent to a visitor, a transfer, a reopen and a chat that revives may exceed it.
fn with_room(decided: Decided, ctx: &Context<'_>, over_capacity: bool) -> Outcome {
    match ctx.load {
        Some(Load { active, limit }) if active >= limit && !over_capacity && !decided.events.is_empty() => {
            Err(Rejection::AtCapacity { active, limit })
        }
        _ => Ok(decided),
    }
}

/// What changes: a tag that is there already, or was not, is no change. Removals come first.
fn tag(c: &Conversation, add: &[String], remove: &[String], agent: &AgentRef) -> Outcome {
    let gone = |tag: &str| remove.iter().any(|r| same_label(r, tag));
    let (removed, mut tags): (Vec<String>, Vec<String>) = c.tags.iter().cloned().partition(|t| gone(t));
    let mut added = Vec::new();
    for tag in add {
        let tag = label(tag).ok_or(Rejection::BadTag)?;
        if !tags.iter().any(|t| same_label(t, &tag)) {
            tags.push(tag.clone());
            added.push(tag);
        }
    }
    if tags.len() > TAGS_AT_MOST && !added.is_empty() {
        return Err(Rejection::TooManyTags);
    }
    if added.is_empty() && removed.is_empty() {
        return Ok(Decided::nothing());
    }
    sort_labels(&mut added);
    Ok(Decided::one(Event::Tagged { by: agent.clone(), added, removed }))
}

fn transfer(
    c: &Conversation,
    to: &TransferTo,
    note: Option<&str>,
    ctx: &Context<'_>,
    agent: &AgentRef,
    role: Role,
) -> Outcome {
    match c.state {
        State::Resolved => return Err(Rejection::Resolved),
        State::Assistant => return Err(Rejection::NotHeld),
        State::Queued | State::Active | State::Snoozed => own_or_supervised(c, agent, role)?,
    }
    let mut events = Vec::new();
    if let Some(text) = note {
        check_text(text, 0, ctx)?;
        events.push(Event::NoteAdded { id: fresh(ctx, 0), by: agent.clone(), text: text.to_owned() });
    }
    match to {
        // Theirs already: a note that came along is kept all the same.
        TransferTo::Agent(to) if c.holder.agent().is_some_and(|h| h.id == to.id) => {}
        TransferTo::Agent(to) => events.push(Event::Transferred { by: agent.clone(), to: to.clone() }),
        TransferTo::Group(group) => events
            .push(Event::Released(ReleaseCause::Transferred { by: agent.clone(), group: group.clone() })),
    }
    // The acknowledgement names the transfer, which stands last.
    let primary = events.len().saturating_sub(1);
    Ok(Decided { events, primary })
}
