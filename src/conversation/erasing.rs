//! What is left of an event, and of a state, once what somebody said is erased.
//!
//! Invariant: an erased event keeps its type, and with it everything that decides who holds the conversation; words,
//! names, addresses, pages and files are gone. Ids stay, and so do the names of agents: they say who acted, not what the
//! visitor was. Erasing twice changes nothing. Refused here: choosing what to erase.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Card, Conversation, Device, Event, Handoff, Message, Page, ReleaseCause, ResolvedBy, State, VisitorRef,
};

/// What stands where words were.
pub const ERASED: &str = "[erased]";

/// How much is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Erasure {
    /// All that was said and told: words, files, names, addresses, pages, device, cards, tags.
    Everything,
    /// Files sent with messages.
    Files,
    /// Pages the visitor was on, and what their browser told of itself.
    Trail,
}

impl Erasure {
    /// How a transcript tells it; none: readers need not know.
    pub(super) fn words(self) -> Option<&'static str> {
        match self {
            Erasure::Everything => Some("what was said before this line was erased"),
            Erasure::Files => Some("files sent before this line were erased"),
            Erasure::Trail => None,
        }
    }
}

impl Event {
    /// The event without what is erased.
    #[must_use]
    pub fn erased(&self, what: Erasure) -> Event {
        let mut event = self.clone();
        match what {
            Erasure::Everything => everything(&mut event),
            Erasure::Files => {
                if let Event::MessagePosted(message) = &mut event {
                    message.attachments.clear();
                }
            }
            Erasure::Trail => trail(&mut event),
        }
        event
    }
}

fn everything(event: &mut Event) {
    match event {
        Event::Started { visitor, page, device, .. } => {
            nameless(visitor);
            *page = None;
            *device = None;
        }
        Event::MessagePosted(Message { text, sources, attachments, turn, .. }) => {
            ERASED.clone_into(text);
            sources.clear();
            attachments.clear();
            if let Some(turn) = turn {
                turn.evidence.clear();
                turn.hits.clear();
            }
        }
        Event::NoteAdded { text, .. } => ERASED.clone_into(text),
        Event::PageVisited { page } => *page = Page::default(),
        Event::DeviceTold { device } => *device = Device::default(),
        Event::Identified { visitor } | Event::LeadSubmitted { visitor } => nameless(visitor),
        Event::HandoffInitiated { handoff } => bare(handoff),
        Event::Released(ReleaseCause::Agent { reason, .. }) => *reason = None,
        Event::Tagged { added, removed, .. } => {
            added.clear();
            removed.clear();
        }
        // The site's own words, ids, and who acted.
        Event::NoticePosted { .. }
        | Event::HandoffRequested { .. }
        | Event::HandoffCancelled
        | Event::Accepted { .. }
        | Event::TakenOver { .. }
        | Event::ReplyOverdue
        | Event::Released(
            ReleaseCause::Transferred { .. }
            | ReleaseCause::Unanswered
            | ReleaseCause::LeaseLost
            | ReleaseCause::Withdrawn { .. },
        )
        | Event::Transferred { .. }
        | Event::HandedBack { .. }
        | Event::Prioritised { .. }
        | Event::Snoozed { .. }
        | Event::Woken { .. }
        | Event::Resolved(ResolvedBy::Agent(_) | ResolvedBy::Visitor | ResolvedBy::Time)
        | Event::ResolveAnnounced
        | Event::Returned
        | Event::Reopened { .. }
        | Event::Erased { .. } => {}
    }
}

fn trail(event: &mut Event) {
    match event {
        Event::Started { page, device, .. } => {
            *page = None;
            *device = None;
        }
        Event::PageVisited { page } => *page = Page::default(),
        Event::DeviceTold { device } => *device = Device::default(),
        Event::HandoffInitiated { handoff } => handoff.page = None,
        _ => {}
    }
}

fn nameless(visitor: &mut VisitorRef) {
    visitor.name = None;
    visitor.email = None;
}

fn bare(handoff: &mut Handoff) {
    handoff.evidence.clear();
    handoff.card = Card::default();
    handoff.page = None;
    handoff.hits.clear();
    handoff.withheld = None;
}

impl Conversation {
    /// What the fold remembers of things said is gone; who holds it, and since when, stays.
    pub(super) fn forget(&mut self, what: Erasure) {
        match what {
            Erasure::Everything => {
                if let Some(visitor) = &mut self.visitor {
                    nameless(visitor);
                }
                if let Some(handoff) = &mut self.handoff {
                    bare(handoff);
                }
                if self.messages > 0 {
                    ERASED.clone_into(&mut self.last_text);
                }
                self.tags.clear();
                // What was asked is gone: nobody owes it an answer, and one under way would speak of it.
                self.answered_version = self.last_visitor_version;
                self.set_aside = None;
                if self.assistant_may_speak() {
                    self.epoch += 1;
                    self.waiting_since = self.waiting_since.filter(|_| self.state != State::Assistant);
                }
                self.forget(Erasure::Trail);
            }
            Erasure::Files => {}
            Erasure::Trail => {
                self.page = None;
                self.trail.clear();
                self.device = None;
                if let Some(handoff) = &mut self.handoff {
                    handoff.page = None;
                }
            }
        }
    }
}
