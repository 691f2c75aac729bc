//! `apply`: one event further. Total: any event applies to any state, so a reader never gets stuck on old data.

use super::{
    AgentRef, Author, Conversation, Counters, Event, Holder, Message, Page, ReleaseCause, ResolvedBy,
    SetAside, State, Time, TurnOutcome, Visit, same_label, sort_labels,
};

/// Longest excerpt of the last message a row keeps, in characters.
const EXCERPT: usize = 140;
/// Pages kept of a visitor's way.
const TRAIL: usize = 10;
/// What is kept of a page there, in bytes: address, title, referrer. The state is written with every message, so ten
/// pages must stay small whatever a browser reports.
const TRAIL_PAGE: (usize, usize, usize) = (500, 150, 250);

impl Conversation {
    /// Folds one event. `at` is the event's time in the log.
    pub fn apply(&mut self, event: &Event, at: Time) {
        self.version += 1;
        self.last_at = at;
        match event {
            Event::Started { site, visitor, page, linked, device } => {
                self.site = Some(site.clone());
                self.visitor = Some(visitor.clone());
                self.page.clone_from(page);
                self.device.clone_from(device);
                if let Some(page) = page {
                    self.visited(page, at);
                }
                self.linked = *linked;
                self.started_at = at;
                self.last_message_at = at;
                self.held_since = at;
            }
            Event::MessagePosted(message) => self.message(message, at),
            Event::NoteAdded { .. } | Event::NoticePosted { .. } => {}
            Event::PageVisited { page } => {
                self.page = Some(page.clone());
                self.visited(page, at);
            }
            Event::DeviceTold { device } => self.device = Some(device.clone()),
            Event::Tagged { added, removed, .. } => {
                self.tags.retain(|tag| !removed.iter().any(|gone| same_label(gone, tag)));
                self.tags.extend(added.iter().cloned());
                sort_labels(&mut self.tags);
            }
            Event::Prioritised { priority, .. } => self.priority = *priority,
            Event::Identified { visitor } => self.visitor = Some(visitor.clone()),
            Event::HandoffInitiated { handoff } => {
                self.handoff = Some(handoff.clone());
                self.lead_wanted = true;
                self.counters.handoffs += 1;
                self.answered_version = self.last_visitor_version;
                self.waiting_since = None;
            }
            Event::LeadSubmitted { visitor } => {
                self.visitor = Some(visitor.clone());
                self.lead_wanted = false;
            }
            Event::HandoffRequested { ticket } => {
                self.ticket = *ticket;
                self.lead_wanted = false;
                self.queued_at = Some(self.queued_at.unwrap_or(at));
                self.waiting_since = Some(self.waiting_since.unwrap_or(at));
                self.answered_version = self.last_visitor_version;
                self.hold(State::Queued, Holder::Nobody, at);
            }
            Event::HandoffCancelled => {
                self.lead_wanted = false;
                if self.state == State::Queued {
                    // The visitor's own wish: what they wait for is no longer a person.
                    self.set_aside = None;
                    self.given_to_assistant(at);
                }
            }
            Event::Accepted { agent } => self.given_to_agent(agent, at),
            Event::TakenOver { agent, .. } => {
                self.given_to_agent(agent, at);
                self.queued_at = None;
            }
            Event::ReplyOverdue => self.warned = true,
            Event::Released(cause) => {
                if let ReleaseCause::Transferred { group, .. } = cause {
                    self.group = Some(group.clone());
                }
                // The original wait is kept; where there was none (taken over, reopened) it starts with the visitor's.
                self.queued_at = Some(self.queued_at.or(self.waiting_since).unwrap_or(at));
                self.snoozed_until = None;
                self.hold(State::Queued, Holder::Nobody, at);
            }
            Event::Transferred { to, .. } => {
                self.snoozed_until = None;
                self.given_to_agent(to, at);
            }
            Event::HandedBack { .. } => {
                self.set_wait_aside();
                self.given_to_assistant(at);
            }
            Event::Snoozed { until, .. } => {
                self.state = State::Snoozed;
                self.snoozed_until = *until;
            }
            Event::Woken { kept, .. } => {
                self.snoozed_until = None;
                if *kept {
                    self.state = State::Active;
                } else {
                    self.queued_at = Some(self.queued_at.or(self.waiting_since).unwrap_or(at));
                    self.hold(State::Queued, Holder::Nobody, at);
                }
            }
            Event::Resolved(by) => self.resolve(by, at),
            Event::ResolveAnnounced => self.announced = true,
            Event::Returned => {
                self.episode_version = self.version;
                self.state = State::Assistant;
                self.held_since = at;
                self.handoff = None;
                self.queued_at = None;
                self.ticket = false;
                self.human_held = false;
            }
            Event::Reopened { agent, .. } => {
                self.queued_at = None;
                self.ticket = false;
                self.announced = true;
                // Before anything else: also who was told of the resolve had no answer.
                self.wait_goes_on();
                self.given_to_agent(agent, at);
            }
            Event::Erased { what } => self.forget(*what),
        }
    }

    fn visited(&mut self, page: &Page, at: Time) {
        let (url, title, referrer) = TRAIL_PAGE;
        let page = Page {
            url: cut(&page.url, url).to_owned(),
            title: page.title.as_deref().map(|t| cut(t, title).to_owned()),
            referrer: page.referrer.as_deref().map(|r| cut(r, referrer).to_owned()),
        };
        if self.trail.len() >= TRAIL {
            self.trail.drain(..=self.trail.len() - TRAIL);
        }
        self.trail.push(Visit { at, page });
    }

    fn hold(&mut self, state: State, holder: Holder, at: Time) {
        self.state = state;
        self.holder = holder;
        self.epoch += 1;
        self.held_since = at;
        self.answered = false;
        self.warned = false;
    }

    fn given_to_agent(&mut self, agent: &AgentRef, at: Time) {
        self.hold(State::Active, Holder::Agent(agent.clone()), at);
        self.snoozed_until = None;
        self.lead_wanted = false;
        self.last_agent = Some(agent.clone());
        self.human_held = true;
        // Taken again with nobody's word between: they have waited all along. Who came back after an end, of which they were then
        // told, began a wait of their own.
        if self.set_aside.is_some_and(|wait| wait.version < self.episode_version) {
            self.set_aside = None;
        }
        self.wait_goes_on();
        // An assistant turn in flight is void from here on: its answer would be refused by the epoch anyway.
        self.answered_version = self.last_visitor_version;
    }

    fn given_to_assistant(&mut self, at: Time) {
        self.hold(State::Assistant, Holder::Assistant, at);
        self.snoozed_until = None;
        self.queued_at = None;
        self.ticket = false;
        self.lead_wanted = false;
        self.waiting_since = None;
        self.answered_version = self.last_visitor_version;
        self.counters = Counters { handoffs: self.counters.handoffs, ..Counters::default() };
    }

    /// Keeps the wait that ends here without an answer; of two, the older one.
    fn set_wait_aside(&mut self) {
        let version = self.version;
        self.set_aside = self.waiting_since.map(|since| SetAside { since, version }).or(self.set_aside);
    }

    /// The wait set aside counts again: nobody has answered it.
    fn wait_goes_on(&mut self) {
        let Some(SetAside { since, .. }) = self.set_aside.take() else { return };
        self.waiting_since = Some(self.waiting_since.map_or(since, |now| now.min(since)));
    }

    fn resolve(&mut self, by: &ResolvedBy, at: Time) {
        match by {
            // They wait for nothing more.
            ResolvedBy::Visitor => self.set_aside = None,
            ResolvedBy::Agent(_) | ResolvedBy::Time => self.set_wait_aside(),
        }
        self.hold(State::Resolved, Holder::Assistant, at);
        self.episode += 1;
        self.resolved = Some((at, by.clone()));
        self.announced = false;
        self.snoozed_until = None;
        self.waiting_since = None;
        self.lead_wanted = false;
        self.group = None;
        self.answered_version = self.last_visitor_version;
        self.counters = Counters::default();
    }

    fn message(&mut self, message: &Message, at: Time) {
        self.messages += 1;
        self.last_message_at = at;
        self.last_text = excerpt(&message.text);
        match &message.author {
            Author::Visitor => {
                self.last_author = "visitor".into();
                self.visitor_messages += 1;
                if !message.thanks {
                    self.last_visitor_version = self.version;
                    self.waiting_since = Some(self.waiting_since.unwrap_or(at));
                }
            }
            Author::Assistant => {
                self.last_author = "assistant".into();
                self.waiting_since = self.waiting_since.filter(|_| self.state != State::Assistant);
                self.set_aside = self.set_aside.filter(|_| self.state != State::Assistant);
                self.counters.turns += 1;
                if let Some(turn) = &message.turn {
                    self.answered_version = self.answered_version.max(turn.answers);
                    match turn.outcome {
                        TurnOutcome::Answered => self.counters.failed_turns = 0,
                        TurnOutcome::Failed => self.counters.failed_turns += 1,
                        TurnOutcome::Collect => self.counters.collected += 1,
                        TurnOutcome::Smalltalk => {}
                    }
                    self.counters.offers += u32::from(turn.offered);
                }
                if self.state == State::Assistant && self.assistant_owes() {
                    // A newer message is still unanswered; its wait starts here at the latest.
                    self.waiting_since = Some(at);
                }
            }
            Author::Agent(_) => {
                self.last_author = "agent".into();
                self.answered = true;
                self.waiting_since = None;
                self.set_aside = None;
            }
        }
    }
}

/// The start of a text, at most this many bytes, cut between characters.
fn cut(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    &text[..end]
}

fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT) {
        None => text.to_owned(),
        Some((cut, _)) => text[..cut].to_owned(),
    }
}
