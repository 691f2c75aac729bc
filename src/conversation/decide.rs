//! `decide`: what a command does, or why it is refused. Every cell of state × command has an answer here.

use std::borrow::Cow;

use super::{
    Actor, AgentRef, Author, Card, Command, Context, Conversation, Event, Handoff, Holder, Message,
    MessageId, Page, Reason, Rejection, ReleaseCause, ResolvedBy, Role, SnoozeUntil, Source, State,
    TimerKind, TransferTo, VisitorRef, WakeCause,
};

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
        Actor::Visitor(visitor) => by_visitor(c, command, ctx, visitor),
        Actor::Assistant => by_assistant(c, command, ctx),
        Actor::Agent { agent, role } => by_agent(c, command, ctx, agent, *role),
        Actor::System => match command {
            Command::Timer(kind) => by_timer(c, *kind, ctx),
            _ => Err(Rejection::Forbidden),
        },
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

// ---- the visitor ----------------------------------------------------------------------------------------------------

fn by_visitor(c: &Conversation, command: &Command, ctx: &Context<'_>, visitor: &VisitorRef) -> Outcome {
    match command {
        Command::VisitorMessage { text, attachments, page, thanks } => {
            check_text(text, attachments.len(), ctx)?;
            let thanks = *thanks && c.state == State::Resolved && c.exists();
            let mut events = opening(c, ctx, visitor, page.as_ref(), thanks)?;
            let before = c.after(&events, ctx);
            let message = Message {
                id: fresh(ctx, 0),
                author: Author::Visitor,
                text: text.clone(),
                epoch: before.epoch,
                sources: Vec::new(),
                attachments: attachments.clone(),
                turn: None,
                thanks,
            };
            events.push(Event::MessagePosted(message));
            if before.state == State::Snoozed {
                events.push(Event::Woken { cause: WakeCause::Visitor, kept: ctx.last_agent_eligible });
            } else if before.state == State::Assistant && !ctx.settings.assistant_on {
                let after = c.after(&events, ctx);
                events.extend(without_assistant(&after, ctx));
            }
            Ok(Decided::message_of(events))
        }
        Command::VisitPage(page) => {
            if !c.exists() || c.state == State::Resolved || same_place(c.page.as_ref(), page) {
                return Ok(Decided::nothing());
            }
            Ok(Decided::one(Event::PageVisited { page: page.clone() }))
        }
        Command::Identify { name, email } => {
            if let Some(email) = email {
                check_email(email)?;
            }
            if !c.exists() {
                return Ok(Decided::nothing());
            }
            let known = c.visitor.as_ref().unwrap_or(visitor);
            let told = VisitorRef {
                id: known.id,
                name: name.clone().or_else(|| known.name.clone()),
                email: email.clone().or_else(|| known.email.clone()),
            };
            if c.visitor.as_ref() == Some(&told) {
                return Ok(Decided::nothing());
            }
            Ok(Decided::one(Event::Identified { visitor: told }))
        }
        Command::SubmitLead { name, email } => submit_lead(c, ctx, visitor, name.as_deref(), email),
        Command::RequestHandoff { handoff, .. } => {
            let mut events = opening(c, ctx, visitor, handoff.page.as_ref(), false)?;
            let after = c.after(&events, ctx);
            match after.state {
                State::Active => match &after.holder {
                    Holder::Agent(by) => return Err(Rejection::AlreadyWithAgent { by: by.clone() }),
                    _ => return Err(Rejection::NotQueued),
                },
                State::Queued if after.ticket && ctx.someone_available => {
                    events.push(Event::HandoffRequested { ticket: false });
                    events.push(notice(ctx, 1, "handoff.connecting", &ctx.settings.texts.connecting));
                }
                State::Queued => {}
                State::Snoozed => {
                    events.push(Event::Woken { cause: WakeCause::Visitor, kept: ctx.last_agent_eligible });
                }
                State::Assistant | State::Resolved => events.extend(ask_for_person(&after, ctx, handoff)?),
            }
            Ok(Decided::first_of(events))
        }
        Command::CancelHandoff => match c.state {
            State::Queued => Ok(Decided::first_of(vec![
                Event::HandoffCancelled,
                notice(ctx, 0, "handoff.cancelled", &ctx.settings.texts.cancelled),
            ])),
            State::Assistant if c.lead_wanted => Ok(Decided::one(Event::HandoffCancelled)),
            _ => Err(Rejection::NothingToCancel),
        },
        Command::EndByVisitor => match c.state {
            _ if !c.exists() => Err(Rejection::Unknown),
            State::Resolved => Err(Rejection::AlreadyResolved),
            _ => {
                let mut events = vec![Event::Resolved(ResolvedBy::Visitor)];
                events.extend(announcement(ctx, 0));
                Ok(Decided::first_of(events))
            }
        },
        _ => Err(Rejection::Forbidden),
    }
}

/// What must stand in the log before a visitor's words: the start, or their return after a resolve, and the page.
fn opening(
    c: &Conversation,
    ctx: &Context<'_>,
    visitor: &VisitorRef,
    page: Option<&Page>,
    thanks: bool,
) -> Result<Vec<Event>, Rejection> {
    if !c.exists() {
        return Ok(vec![Event::Started {
            site: ctx.site.clone(),
            visitor: visitor.clone(),
            page: page.cloned(),
            linked: ctx.linked,
        }]);
    }
    let mut events = Vec::new();
    if c.state == State::Resolved {
        let since = c.resolved.as_ref().map_or(0, |(at, _)| ctx.now.since_ms(*at));
        if since > ctx.settings.timings.reopen_window_ms {
            return Err(Rejection::ReopenWindowPassed);
        }
        if !c.announced {
            events.extend(announcement(ctx, 3));
        }
        if !thanks {
            events.push(Event::Returned);
        }
    }
    if let Some(page) = page.filter(|p| !same_place(c.page.as_ref(), p)) {
        events.push(Event::PageVisited { page: page.clone() });
    }
    Ok(events)
}

fn same_place(old: Option<&Page>, new: &Page) -> bool {
    old.is_some_and(|old| old.url == new.url && old.title == new.title)
}

fn announcement(ctx: &Context<'_>, n: usize) -> [Event; 2] {
    [Event::ResolveAnnounced, notice(ctx, n, "resolved", &ctx.settings.texts.resolved)]
}

/// The assistant is off: the last agent if they are there, else the queue.
fn without_assistant(c: &Conversation, ctx: &Context<'_>) -> Vec<Event> {
    if let (Some(agent), true) = (&c.last_agent, ctx.last_agent_eligible) {
        return vec![Event::Accepted { agent: agent.clone() }];
    }
    let handoff = Handoff {
        reason: Reason::Unanswered,
        evidence: vec!["the assistant is off on this site".into()],
        card: Card { summary: c.last_text.clone(), why: "the assistant is off".into(), ..Card::default() },
        page: c.page.clone(),
    };
    // Whether or not somebody is there: with the assistant off, only the queue is left.
    let mut events = vec![Event::HandoffInitiated { handoff }, Event::HandoffRequested { ticket: false }];
    if ctx.someone_available {
        events.push(notice(ctx, 1, "handoff.connecting", &ctx.settings.texts.connecting));
    } else if ctx.settings.tickets {
        events.push(notice(ctx, 1, "handoff.nobody_there", &ctx.settings.texts.nobody_there));
    }
    events
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

fn submit_lead(
    c: &Conversation,
    ctx: &Context<'_>,
    visitor: &VisitorRef,
    name: Option<&str>,
    email: &str,
) -> Outcome {
    check_email(email)?;
    let mut events = opening(c, ctx, visitor, None, false)?;
    let after = c.after(&events, ctx);
    let known = after.visitor.as_ref().unwrap_or(visitor);
    let told = VisitorRef {
        id: known.id,
        name: name.map(str::to_owned).or_else(|| known.name.clone()),
        email: Some(email.to_owned()),
    };
    let primary = events.len();
    events.push(Event::LeadSubmitted { visitor: told });
    let ticket = !ctx.someone_available;
    match after.state {
        State::Assistant | State::Resolved => {
            if !after.lead_wanted {
                let card = Card {
                    summary: after.last_text.clone(),
                    why: "left contact details".into(),
                    ..Card::default()
                };
                events.push(Event::HandoffInitiated {
                    handoff: Handoff {
                        reason: Reason::VisitorButton,
                        evidence: vec!["contact details left".into()],
                        card,
                        page: after.page.clone(),
                    },
                });
            }
            events.push(Event::HandoffRequested { ticket });
            events.push(if ticket {
                notice(ctx, 1, "handoff.ticket_queued", &ctx.settings.texts.ticket_queued)
            } else {
                notice(ctx, 1, "handoff.connecting", &ctx.settings.texts.connecting)
            });
        }
        State::Queued if ticket && !after.ticket => {
            events.push(Event::HandoffRequested { ticket: true });
            events.push(notice(ctx, 1, "handoff.ticket_queued", &ctx.settings.texts.ticket_queued));
        }
        State::Queued | State::Active | State::Snoozed => {}
    }
    Ok(Decided { events, primary })
}

// ---- the assistant --------------------------------------------------------------------------------------------------

fn fenced(c: &Conversation, began: u64) -> Result<(), Rejection> {
    if c.exists() && began == c.epoch && c.assistant_may_speak() {
        Ok(())
    } else {
        Err(Rejection::StaleEpoch { began, now: c.epoch })
    }
}

fn by_assistant(c: &Conversation, command: &Command, ctx: &Context<'_>) -> Outcome {
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
    turn: &super::AssistantTurn,
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

// ---- agents ---------------------------------------------------------------------------------------------------------

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

fn by_agent(c: &Conversation, command: &Command, ctx: &Context<'_>, agent: &AgentRef, role: Role) -> Outcome {
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
            State::Resolved => Ok(Decided::one(Event::Reopened { agent: agent.clone() })),
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

// ---- timers ---------------------------------------------------------------------------------------------------------

fn by_timer(c: &Conversation, kind: TimerKind, ctx: &Context<'_>) -> Outcome {
    let due = c.deadline(kind, ctx.settings, ctx.typed_at, ctx.lease_lost_at);
    if due.is_none_or(|at| at > ctx.now) {
        return Err(Rejection::NotDue);
    }
    Ok(match kind {
        TimerKind::WarnUnanswered => Decided::one(Event::ReplyOverdue),
        TimerKind::ReturnUnanswered => Decided::one(Event::Released(ReleaseCause::Unanswered)),
        TimerKind::LeaseLost => Decided::one(Event::Released(ReleaseCause::LeaseLost)),
        TimerKind::AssistantTimeout => {
            let handoff = Handoff {
                reason: Reason::AssistantFailed,
                evidence: vec!["no answer within the time allowed".into()],
                card: Card {
                    summary: c.last_text.clone(),
                    wants: vec![c.last_text.clone()],
                    why: "the assistant did not answer in time".into(),
                    ..Card::default()
                },
                page: c.page.clone(),
            };
            let mut events = ask_for_person(c, ctx, &handoff)?;
            if !events.iter().any(|e| !matches!(e, Event::NoticePosted { .. })) {
                // No ticket is taken here: the notice is all there is to say, and the turn must not stay owed.
                events.insert(0, Event::HandedBack { by: nobody() });
            }
            Decided::first_of(events)
        }
        TimerKind::IdleResolve => {
            let mut events = vec![Event::Resolved(ResolvedBy::Time)];
            events.push(Event::ResolveAnnounced);
            Decided::first_of(events)
        }
        TimerKind::AnnounceResolve => Decided::first_of(announcement(ctx, 0).to_vec()),
        TimerKind::Wake => {
            Decided::one(Event::Woken { cause: WakeCause::Time, kept: ctx.last_agent_eligible })
        }
    })
}

fn nobody() -> AgentRef {
    AgentRef { id: super::AgentId::NIL, name: String::from("Baton") }
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
