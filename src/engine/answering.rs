//! The assistant as a participant: it reads what it owes, asks its [`Responder`], and submits commands like everybody.
//!
//! One run in flight per conversation; a message during a run reruns it. Every command carries the epoch the turn began with,
//! so what comes back after a takeover is refused inside the commit, and its partial text is withdrawn. A run that panics,
//! stays silent where an answer is owed, or takes longer than the site allows ends in a request for a person.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};

use super::handle::Engine;
use super::{Refusal, SiteConfig, Submit, Target, Who};
use crate::assistant::{Question, Responder, Response, card_of, decision_of};
use crate::conversation::{
    AssistantTurn, Author, Card, Command, Conversation, ConversationId, Entry, EntryKind, Handoff, Hit,
    Message, Reason, Rejection, Source, TurnOutcome,
};
use crate::handoff::turn::{Source as Section, Turn};
use crate::log::{Reader, StoreError};
use crate::protocol::{AgentEph, VisitorEph};

/// Runs at the same time, over all conversations.
const RUNS: usize = 16;
/// Entries looked back at most: an episode longer than this is judged by its end.
const LOOK_BACK: usize = 200;
/// Hits kept with a turn or a handoff: what a person reads to see why, not a list of everything.
const HITS: usize = 5;
/// How often a run is repeated for one conversation before the deadline of the state is left to act.
const RERUNS: u32 = 8;

/// Conversations with a run in flight; `true`: something came meanwhile, run again.
type Running = Arc<Mutex<HashMap<ConversationId, bool>>>;

pub(super) fn spawn(
    engine: &Engine,
    mut owed: mpsc::UnboundedReceiver<ConversationId>,
    responder: Arc<dyn Responder>,
) {
    let engine = engine.clone();
    let running: Running = Arc::default();
    let slots = Arc::new(Semaphore::new(RUNS));
    tokio::spawn(async move {
        while let Some(id) = owed.recv().await {
            if let Some(again) = lock(&running).get_mut(&id) {
                *again = true;
                continue;
            }
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
            lock(&running).insert(id, false);
            let (engine, responder, running) = (engine.clone(), Arc::clone(&responder), Arc::clone(&running));
            tokio::spawn(async move {
                let _slot = slot;
                for _ in 0..RERUNS {
                    run(&engine, &responder, id).await;
                    let mut running = lock(&running);
                    match running.get_mut(&id) {
                        Some(again) if *again => *again = false,
                        _ => {
                            running.remove(&id);
                            return;
                        }
                    }
                }
                lock(&running).remove(&id);
            });
        }
    });
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The state and this episode's turns, read in one transaction.
fn read_turns(r: &Reader, id: ConversationId) -> Result<Option<(Conversation, Vec<Turn>)>, StoreError> {
    let Some(conversation) = r.conversation(id)? else { return Ok(None) };
    let (entries, _) = r.entries(id, None, LOOK_BACK)?;
    let turns = in_turn(&entries, conversation.episode_version, conversation.answered_version);
    Ok(Some((conversation, turns)))
}

/// This episode's turns, with what the visitor said and nobody has answered yet at the end, as one turn: people write in
/// pieces, a later piece must not hide a request in an earlier one, and an answer to the first may stand between the two.
fn in_turn(entries: &[Entry], from: u64, answered: u64) -> Vec<Turn> {
    let owed = |e: &&Entry| {
        e.version > answered
            && matches!(&e.kind, EntryKind::Message(m) if m.author == Author::Visitor && !m.thanks)
    };
    let episode = || entries.iter().filter(move |e| e.version > from);
    let mut turns: Vec<Turn> = episode().filter(|e| !owed(e)).filter_map(turn).collect();
    let pieces: Vec<String> = episode().filter(owed).filter_map(turn).map(|t| t.text).collect();
    if !pieces.is_empty() {
        turns.push(Turn::visitor(pieces.join("\n")));
    }
    turns
}

fn turn(entry: &Entry) -> Option<Turn> {
    match &entry.kind {
        EntryKind::Message(m) if !m.thanks => Some(turn_of(m)),
        _ => None,
    }
}

fn turn_of(m: &Message) -> Turn {
    match &m.author {
        Author::Visitor => Turn::visitor(m.text.clone()),
        Author::Agent(_) => Turn::agent(m.text.clone()),
        Author::Assistant => {
            let sources =
                m.sources.iter().map(|s| Section { title: s.title.clone(), url: s.url.clone() }).collect();
            let decision = m.turn.as_ref().and_then(|t| t.decision.as_deref()).and_then(decision_of);
            Turn::assistant(m.text.clone(), sources, decision)
        }
    }
}

async fn run(engine: &Engine, responder: &Arc<dyn Responder>, id: ConversationId) {
    let (conversation, turns) = match engine.read(move |r| read_turns(r, id)).await {
        Ok(Some(read)) => read,
        Ok(None) => return,
        Err(error) => {
            // The deadline in the state brings in a person if this stays.
            tracing::error!(%error, "the assistant could not read a conversation");
            return;
        }
    };
    let Some(site) = conversation.site.as_ref().and_then(|s| engine.site(s)) else { return };
    if !conversation.assistant_owes() || !site.settings.assistant_on {
        return;
    }
    let fence = Fence { engine, site: &site, conversation: &conversation };
    fence.typing(true);
    let deadline = Duration::from_millis(site.settings.timings.assistant_timeout_ms.unsigned_abs());
    let question = fence.question(turns);
    let pending = responder.respond(question);
    // A panic in a responder must end in a person, not in silence.
    let mut task = tokio::spawn(pending);
    let response = match tokio::time::timeout(deadline, &mut task).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            tracing::error!(%error, "the assistant failed");
            fence.failed("the assistant failed")
        }
        Err(_) => {
            task.abort();
            fence.failed("no answer within the time allowed")
        }
    };
    fence.typing(false);
    fence.act(response).await;
}

/// One turn, fenced by the epoch it began with.
struct Fence<'a> {
    engine: &'a Engine,
    site: &'a SiteConfig,
    conversation: &'a Conversation,
}

impl Fence<'_> {
    fn question(&self, turns: Vec<Turn>) -> Question {
        let shared = Arc::clone(self.engine.shared());
        let (site, id) = (self.site.id.clone(), self.conversation.id);
        let (turn, epoch) = (self.conversation.last_visitor_version, self.conversation.epoch);
        let visitor = self.conversation.visitor.as_ref().map(|v| v.id);
        let partial = move |text: String| {
            if let Some(out) =
                super::api::EphOut::visitor(VisitorEph::Partial { turn, epoch, text: text.clone() })
                && let Some(visitor) = visitor
            {
                shared.hub.eph_to_visitor(&site, visitor, out);
            }
            shared.eph_to_agents(Some(&site), Some(id), None, AgentEph::Partial { conversation: id, text });
        };
        Question {
            turns,
            person_offered: self.engine.availability(&self.site.id).offered,
            page: self.conversation.page.as_ref().map(|p| p.url.clone()),
            policy: self.site.policy.clone(),
            index: Arc::clone(&self.site.index),
            partial: Arc::new(partial),
        }
    }

    fn failed(&self, why: &str) -> Response {
        let last = self.conversation.last_text.clone();
        Response::HandOff {
            reason: Reason::AssistantFailed,
            evidence: vec![why.to_owned()],
            card: Card { summary: last.clone(), wants: vec![last], why: why.to_owned(), ..Card::default() },
            hits: Vec::new(),
            withheld: None,
            otherwise: self.site.settings.texts.nobody_no_ticket.clone(),
        }
    }

    fn typing(&self, on: bool) {
        self.to_visitor(VisitorEph::Typing { who: "assistant".into(), name: None, on });
    }

    fn to_visitor(&self, eph: VisitorEph) {
        if let Some(visitor) = &self.conversation.visitor {
            self.engine.eph_to_visitor(&self.site.id, visitor.id, eph);
        }
    }

    async fn act(&self, response: Response) {
        let done = match response {
            Response::Say { text, sources, outcome, decision, offered, evidence, hits } => {
                let turn = AssistantTurn { decision, offered, ..self.turn(outcome, evidence, hits) };
                self.say(text, sources, turn).await
            }
            Response::HandOff { reason, evidence, card, hits, withheld, otherwise } => {
                let page = self.conversation.page.clone();
                let handoff = Handoff {
                    reason,
                    evidence: evidence.clone(),
                    card,
                    page,
                    hits: Self::best(hits.clone()),
                    withheld,
                };
                match self.hand_off(handoff).await {
                    Err(Refusal::Rejected(Rejection::NobodyThere)) => {
                        let turn = self.turn(TurnOutcome::Failed, evidence, hits);
                        self.say(otherwise, Vec::new(), turn).await
                    }
                    Err(Refusal::Rejected(Rejection::AlreadyQueued)) => {
                        let turn = self.turn(TurnOutcome::Smalltalk, evidence, hits);
                        self.say(self.site.settings.texts.ticket_queued.clone(), Vec::new(), turn).await
                    }
                    other => other,
                }
            }
            // Silence where an answer is owed would leave the visitor hanging.
            Response::Silent => match self.failed("the assistant had nothing to say") {
                Response::HandOff { reason, evidence, card, hits, withheld, .. } => {
                    let page = self.conversation.page.clone();
                    self.hand_off(Handoff { reason, evidence, card, page, hits: Self::best(hits), withheld })
                        .await
                }
                Response::Say { .. } | Response::Silent => Ok(()),
            },
        };
        if let Err(refused) = done {
            // Someone took over, or a newer answer stands: what was shown provisionally goes.
            self.to_visitor(VisitorEph::Withdrawn { turn: self.conversation.last_visitor_version });
            tracing::debug!(%refused, "an assistant turn was refused");
        }
    }

    /// What is kept of what a responder says it found.
    fn best(mut hits: Vec<Hit>) -> Vec<Hit> {
        hits.truncate(HITS);
        hits
    }

    fn turn(&self, outcome: TurnOutcome, evidence: Vec<String>, hits: Vec<Hit>) -> AssistantTurn {
        AssistantTurn {
            answers: self.conversation.last_visitor_version,
            outcome,
            decision: None,
            offered: false,
            evidence,
            hits: Self::best(hits),
        }
    }

    async fn say(&self, text: String, sources: Vec<Source>, turn: AssistantTurn) -> Result<(), Refusal> {
        self.submit(Command::AssistantMessage { text, sources, epoch: self.conversation.epoch, turn }).await
    }

    async fn hand_off(&self, handoff: Handoff) -> Result<(), Refusal> {
        self.submit(Command::RequestHandoff {
            handoff,
            epoch: Some(self.conversation.epoch),
            answers: Some(self.conversation.last_visitor_version),
        })
        .await
    }

    async fn submit(&self, command: Command) -> Result<(), Refusal> {
        let target = Target::Conversation(self.conversation.id);
        self.engine
            .submit(Submit { who: Who::Assistant, target, command, cid: None, device: None })
            .await
            .map(|_| ())
    }
}

/// Gives a visitor's own request for a person (the button) the card of what was said so far.
pub(super) async fn enrich(engine: &Engine, submit: &mut Submit) {
    let Command::RequestHandoff { handoff, .. } = &mut submit.command else { return };
    let read = match &submit.target {
        Target::Conversation(id) => {
            let id = *id;
            engine.read(move |r| read_turns(r, id)).await
        }
        Target::CurrentOf { site, visitor } => {
            let (site, visitor) = (site.clone(), *visitor);
            engine
                .read(move |r| match r.current_of(&site, visitor)? {
                    Some(id) => read_turns(r, id),
                    None => Ok(None),
                })
                .await
        }
    };
    // Without a conversation, or where it cannot be read, the request goes as it is: a person matters more than a card.
    if let Ok(Some((conversation, turns))) = read {
        let card = card_of(&turns, handoff.reason.words());
        handoff.card = Card {
            summary: if card.summary.is_empty() {
                handoff.card.summary.clone()
            } else {
                card.summary.clone()
            },
            ..card
        };
        if handoff.page.is_none() {
            handoff.page = conversation.page;
        }
    }
}
