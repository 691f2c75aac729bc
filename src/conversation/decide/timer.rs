//! What a deadline does once it is due.

use super::super::*;
use super::{Outcome, announcement, ask_for_person};

pub(super) fn by_timer(c: &Conversation, kind: TimerKind, ctx: &Context<'_>) -> Outcome {
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
                hits: Vec::new(),
                withheld: None,
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
    AgentRef { id: AgentId::NIL, name: String::from("Baton") }
}
