//! Why a person is needed: trigger, evidence, hits with scores, the answer not given. Where no person was asked for: how the
//! assistant's last turn came about.
//!
//! Invariant: it shows what the log holds and nothing else; what an older server or an older event does not tell is said to be
//! unknown, not guessed.

use super::door::{block, line};
use super::effect::Effect;
use super::key::{Code, Key};
use super::page::{Ink, Page, safe};
use super::state::{Overlay, State};
use super::update::refuse;
use super::{commands, layout};
use crate::conversation::{
    AssistantTurn, Conversation, Counters, Entry, EntryKind, Hit, Reason, State as Standing, Time,
    TurnOutcome,
};
use crate::text::SafeText;

/// The view over the panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Why {
    /// The first row in sight.
    pub top: usize,
}

/// A section the search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HitView {
    /// Its title.
    pub title: SafeText,
    /// Its address.
    pub url: SafeText,
    /// How well it fits, per mille.
    pub score: u32,
}

impl HitView {
    fn all(hits: &[Hit]) -> Vec<Self> {
        hits.iter()
            .map(|hit| Self { title: line(&hit.title), url: line(&hit.url), score: hit.score })
            .collect()
    }
}

/// The request for a person, in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestView {
    /// Why.
    pub reason: Reason,
    /// Why, in the policy's words.
    pub why: SafeText,
    /// What the policy saw.
    pub evidence: Vec<SafeText>,
    /// What the search had found, best first.
    pub hits: Vec<HitView>,
    /// The answer that was not given.
    pub withheld: Option<SafeText>,
}

/// What a conversation remembers of the policy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WhyView {
    /// The request for a person, if there is one.
    pub request: Option<RequestView>,
    /// What the policy counts.
    pub counters: Counters,
}

impl WhyView {
    pub(super) fn of(c: &Conversation) -> Self {
        let request = c.handoff.as_ref().map(|handoff| RequestView {
            reason: handoff.reason,
            why: line(&handoff.card.why),
            evidence: handoff.evidence.iter().map(|seen| line(seen)).collect(),
            hits: HitView::all(&handoff.hits),
            withheld: handoff.withheld.as_deref().map(block).filter(|text| !text.is_blank()),
        });
        Self { request, counters: c.counters }
    }
}

/// How a turn of the assistant came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnView {
    /// When.
    pub at: Time,
    /// How it went.
    pub outcome: TurnOutcome,
    /// The policy's decision, in its own word.
    pub decision: Option<SafeText>,
    /// Whether a person was offered.
    pub offered: bool,
    /// What the policy saw.
    pub evidence: Vec<SafeText>,
    /// What the search had found, best first.
    pub hits: Vec<HitView>,
}

impl TurnView {
    fn of(turn: &AssistantTurn, at: Time) -> Self {
        Self {
            at,
            outcome: turn.outcome,
            decision: turn.decision.as_deref().map(line),
            offered: turn.offered,
            evidence: turn.evidence.iter().map(|seen| line(seen)).collect(),
            hits: HitView::all(&turn.hits),
        }
    }

    /// The latest turn among entries, oldest first.
    pub(super) fn latest(entries: &[Entry]) -> Option<Self> {
        entries.iter().rev().find_map(|entry| match &entry.kind {
            EntryKind::Message(message) => message.turn.as_ref().map(|turn| Self::of(turn, entry.at)),
            _ => None,
        })
    }
}

/// Shows it.
pub(super) fn toggle(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(id) = state.target() else {
        return refuse(state, "no conversation is selected: j and k move, 1–5 change the tab", fx);
    };
    commands::open(state, id, fx);
    state.overlay = Some(Overlay::Why(Why::default()));
}

/// A key while it is in sight; Esc has closed it already.
pub(super) fn on_key(state: &mut State, why: Why, key: Key) {
    let half = isize::try_from(inside(state).1 / 2).unwrap_or(1);
    let by = match (key.code, key.typed()) {
        (_, Some('W' | 'q')) => return,
        (Code::Down, _) | (_, Some('j')) => 1,
        (Code::Up, _) | (_, Some('k')) => -1,
        (Code::PageDown, _) | (_, Some(' ')) => half,
        (Code::PageUp, _) => -half,
        (Code::Home, _) | (_, Some('g')) => isize::MIN / 2,
        (Code::End, _) | (_, Some('G')) => isize::MAX / 2,
        _ => 0,
    };
    state.overlay = Some(Overlay::Why(why));
    scroll(state, by);
}

/// Scrolls by rows; stops at both ends.
pub(super) fn scroll(state: &mut State, by: isize) {
    let (w, h) = inside(state);
    let most = page(state, w).lowest_top(h);
    if let Some(Overlay::Why(why)) = &mut state.overlay {
        why.top = why.top.min(most).saturating_add_signed(by).min(most);
    }
}

/// Columns and rows of the page inside its frame.
pub fn inside(state: &State) -> (u16, u16) {
    let (w, h) = state.size;
    (w.min(layout::WIDEST_PAGE).saturating_sub(4), h.saturating_sub(4))
}

/// The rows, for a page of this width.
pub fn page(state: &State, w: u16) -> Page {
    let mut page = Page::new(usize::from(w.saturating_sub(2)));
    let Some(open) = &state.open else { return page };
    let Some(view) = &open.view else {
        page.say(if state.live() { "Opening…" } else { "Waits for the link…" }, Ink::Dim);
        return page;
    };
    page.row(vec![safe(&view.name, Ink::Bold)]);
    match &view.why.request {
        Some(request) => asked(&mut page, request),
        None => {
            page.heading("TRIGGER");
            page.say("No person was asked for.", Ink::Plain);
            match &open.last_turn {
                Some(turn) => last_turn(&mut page, turn),
                None => page.say(
                    "The assistant has not answered here yet, as far as what was said is loaded.",
                    Ink::Dim,
                ),
            }
        }
    }
    counted(&mut page, view.why.counters, view.state);
    page
}

fn asked(page: &mut Page, request: &RequestView) {
    page.heading("TRIGGER");
    page.say(request.reason.words(), Ink::Bold);
    if !request.why.is_blank() && request.why.as_str() != request.reason.words() {
        page.text("", &request.why, Ink::Plain);
    }
    // What was just said is not evidence beside it.
    let beside: Vec<SafeText> =
        request.evidence.iter().filter(|seen| **seen != request.why).cloned().collect();
    evidence(page, &beside);
    hits(page, &request.hits);
    page.heading("ANSWER NOT GIVEN");
    match &request.withheld {
        Some(text) => page.text("* ", text, Ink::Plain),
        None => page.say("None: there was no answer to hold back.", Ink::Dim),
    }
}

fn last_turn(page: &mut Page, turn: &TurnView) {
    page.heading("THE ASSISTANT'S LAST TURN");
    let outcome = match turn.outcome {
        TurnOutcome::Answered => "answered from the docs",
        TurnOutcome::Smalltalk => "small talk",
        TurnOutcome::Failed => "could not answer",
        TurnOutcome::Collect => "asked what it is about",
    };
    page.say(outcome, Ink::Bold);
    if let Some(decision) = &turn.decision {
        page.text("decided  ", decision, Ink::Plain);
    }
    if turn.offered {
        page.say("and offered a person", Ink::Plain);
    }
    evidence(page, &turn.evidence);
    hits(page, &turn.hits);
}

fn evidence(page: &mut Page, seen: &[SafeText]) {
    page.heading("EVIDENCE");
    if seen.is_empty() {
        page.say("None was recorded.", Ink::Dim);
    }
    for seen in seen {
        page.text("- ", seen, Ink::Plain);
    }
}

fn hits(page: &mut Page, hits: &[HitView]) {
    page.heading("WHAT THE SEARCH FOUND, of 1.000");
    if hits.is_empty() {
        page.say("Nothing, or it was not asked.", Ink::Dim);
    }
    for hit in hits {
        let score = hit.score.min(1_000);
        page.text(&format!("{}.{:03}  ", score / 1_000, score % 1_000), &hit.title, Ink::Plain);
        page.text("       ", &hit.url, Ink::Dim);
    }
}

fn counted(page: &mut Page, counters: Counters, state: Standing) {
    page.heading("COUNTED SO FAR");
    let Counters { failed_turns, offers, collected, handoffs, turns } = counters;
    page.say(&format!("answers of the assistant  {turns}"), Ink::Plain);
    page.say(&format!("failed in a row           {failed_turns}"), Ink::Plain);
    page.say(&format!("offers of a person        {offers}"), Ink::Plain);
    page.say(&format!("requests for a person     {handoffs}"), Ink::Plain);
    if collected > 0 {
        page.say(&format!("asked what it is about    {collected}"), Ink::Plain);
    }
    if state == Standing::Resolved {
        page.say("It is resolved: these begin anew.", Ink::Dim);
    }
}
