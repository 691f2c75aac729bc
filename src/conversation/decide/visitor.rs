//! What a visitor may do: always write; ask, cancel, leave details, end.

use super::super::*;
use super::{Outcome, announcement, ask_for_person, check_email, check_text, fresh, notice};

pub(super) fn by_visitor(
    c: &Conversation,
    command: &Command,
    ctx: &Context<'_>,
    visitor: &VisitorRef,
) -> Outcome {
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
            if !c.exists() || c.state == State::Resolved {
                return Ok(Decided::nothing());
            }
            Ok(Decided::first_of(whereabouts(c, ctx, Some(page)).collect()))
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
            device: ctx.device.clone().filter(|d| !d.is_empty()),
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
    events.extend(whereabouts(c, ctx, page));
    Ok(events)
}

/// Where the visitor is and with what, as far as that is news.
fn whereabouts(c: &Conversation, ctx: &Context<'_>, page: Option<&Page>) -> impl Iterator<Item = Event> {
    let page = page.filter(|p| !same_place(c.page.as_ref(), p));
    let device = ctx.device.as_ref().map(|told| told.after(c.device.as_ref()));
    let device = device.filter(|d| !d.is_empty() && c.device.as_ref() != Some(d));
    let page = page.map(|page| Event::PageVisited { page: page.clone() });
    page.into_iter().chain(device.map(|device| Event::DeviceTold { device }))
}

fn same_place(old: Option<&Page>, new: &Page) -> bool {
    old.is_some_and(|old| old.url == new.url && old.title == new.title)
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
        hits: Vec::new(),
        withheld: None,
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
                        hits: Vec::new(),
                        withheld: None,
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
