//! Takeover while the assistant is generating: whatever the moment, no assistant message follows an accept or a takeover.

use std::sync::{Arc, Mutex};

use baton::assistant::{Pending, Question, Responder, Response};
use baton::conversation::*;
use baton::engine::*;
use baton::protocol::VisitorEph;
use tokio::sync::oneshot;

use crate::world::*;

const ROUNDS: usize = 220;

/// An assistant that shows part of its answer, then waits for the test's word before it finishes.
#[derive(Default)]
struct Stalled {
    gates: Mutex<Vec<(oneshot::Sender<()>, oneshot::Receiver<()>)>>,
}

impl Stalled {
    /// A gate for the next run: `started` resolves once the run is at work, sending on `go` lets it finish.
    fn gate(&self) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let (started, at_work) = oneshot::channel();
        let (go, may_go) = oneshot::channel();
        self.gates.lock().unwrap().push((started, may_go));
        (at_work, go)
    }
}

impl Responder for Stalled {
    fn respond(&self, question: Question) -> Pending {
        let gate = self.gates.lock().unwrap().pop();
        Box::pin(async move {
            (question.partial)("I think".into());
            if let Some((started, may_go)) = gate {
                let _ = started.send(());
                let _ = may_go.await;
            }
            (question.partial)("I think the answer".into());
            Response::Say {
                text: "I think the answer is 42.".into(),
                sources: vec![],
                outcome: TurnOutcome::Answered,
                decision: None,
                offered: false,
                evidence: vec![],
                hits: vec![],
            }
        })
    }
}

/// Waits until the assistant's turn has come out one way or the other: said, or withdrawn.
async fn turn_over(subscription: &mut Subscription) -> bool {
    loop {
        match tokio::time::timeout(DEADLINE, subscription.next()).await.unwrap().unwrap() {
            Delivery::Commit(p) => {
                let said = |e: &PublishedEvent| matches!(&e.event, Event::MessagePosted(m) if m.author == Author::Assistant);
                if p.events.iter().any(said) {
                    return true;
                }
            }
            Delivery::Eph(eph) => {
                if let EphOut::Visitor { eph: VisitorEph::Withdrawn { .. }, .. } = &*eph {
                    return false;
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_assistant_message_follows_a_takeover_at_any_moment_of_its_turn() {
    let stalled = Arc::new(Stalled::default());
    let world = World::with(Settings::default(), Arc::clone(&stalled) as Arc<dyn Responder>);
    let agent = world.agent("Ada", Role::Agent).await;
    let (mut said, mut withdrawn) = (0, 0);
    for round in 0..ROUNDS {
        let visitor = world.visitor();
        let mut subscription = world.engine.subscribe_visitor(&world.site, visitor.id, 64);
        let (at_work, go) = stalled.gate();
        let id = world.says(&visitor, "what is the answer?").await.conversation;
        at_work.await.unwrap();
        // Three moments: the person is first, the answer is let go first, both at once in either order.
        let take = world.acts(
            &agent,
            id,
            if round % 2 == 0 { Command::TakeOver { over_capacity: false } } else { reply("A person here.") },
        );
        match round % 4 {
            0 => {
                take.await.unwrap();
                let _ = go.send(());
            }
            1 => {
                let _ = go.send(());
                take.await.unwrap();
            }
            2 => {
                let (taken, ()) = tokio::join!(take, async {
                    let _ = go.send(());
                });
                taken.unwrap();
            }
            _ => {
                let ((), taken) = tokio::join!(
                    async {
                        tokio::task::yield_now().await;
                        let _ = go.send(());
                    },
                    take
                );
                taken.unwrap();
            }
        }
        if turn_over(&mut subscription).await {
            said += 1;
        } else {
            withdrawn += 1;
        }
        let mut human = false;
        let mut epoch = 0;
        for stored in world.events(id).await {
            match &stored.event {
                Event::TakenOver { .. } | Event::Accepted { .. } => {
                    human = true;
                    epoch += 1;
                }
                Event::MessagePosted(m) if m.author == Author::Assistant => {
                    assert!(!human, "round {round}: the assistant spoke after the takeover");
                    assert_eq!(m.epoch, epoch, "round {round}");
                }
                _ => {}
            }
        }
        assert!(human, "round {round}: the takeover happened");
        world.acts(&agent, id, Command::Resolve).await.unwrap();
    }
    assert!(withdrawn >= ROUNDS / 4, "the person was first {withdrawn} times, the assistant {said} times");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_assistant_that_panics_or_hangs_brings_in_a_person() {
    struct Broken;
    impl Responder for Broken {
        fn respond(&self, question: Question) -> Pending {
            Box::pin(async move {
                let text = question.turns.last().map(|t| t.text.clone()).unwrap_or_default();
                assert!(text != "panic", "as the test asked");
                std::future::pending().await
            })
        }
    }
    let timings = Timings { assistant_timeout_ms: 50, ..Timings::default() };
    let world = World::with(Settings { timings, ..Settings::default() }, Arc::new(Broken));
    let (_agent, _lease) = world.available("Ada").await;
    for text in ["panic", "hang"] {
        let id = world.says(&world.visitor(), text).await.conversation;
        let c = world.until(id, "queued", |c| c.state == State::Queued).await;
        assert_eq!(c.handoff.map(|h| h.reason), Some(Reason::AssistantFailed), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_docs_assistant_answers_and_hands_off_on_request() {
    let world = World::new();
    let (agent, _lease) = world.available("Ada").await;
    let visitor = world.visitor();
    let id = world.says(&visitor, "do you ship to Norway?").await.conversation;
    let c = world.until(id, "answered", |c| c.last_author == "assistant").await;
    assert!(c.last_text.contains("Norway"), "{}", c.last_text);
    world.says(&visitor, "I want to talk to a human please").await;
    let c = world.until(id, "queued", |c| c.state == State::Queued).await;
    let handoff = c.handoff.clone().unwrap();
    assert_eq!(handoff.reason, Reason::HumanRequested);
    assert!(handoff.card.summary.contains("Norway"), "{:?}", handoff.card);
    world.acts(&agent, id, Command::Accept { over_capacity: false }).await.unwrap();
    world.acts(&agent, id, reply("Hello from a person")).await.unwrap();
    world.acts(&agent, id, Command::Resolve).await.unwrap();
    world.says(&visitor, "do you ship to Norway?").await;
    world
        .until(id, "the assistant is back", |c| c.state == State::Assistant && c.last_author == "assistant")
        .await;
    world.acts(&agent, id, Command::Reopen).await.unwrap();
    let c = world.conversation(id).await;
    assert_eq!(c.holder.agent().map(|a| a.name.as_str()), Some("Ada"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_for_a_person_is_heard_in_any_piece_of_what_is_owed() {
    for pieces in [
        ["do you ship to Norway?", "can I speak to a human please"],
        ["can I speak to a human please", "hello?"],
    ] {
        let world = World::new();
        let (_agent, _lease) = world.available("Ada").await;
        let visitor = world.visitor();
        let (first, second) = tokio::join!(world.says(&visitor, pieces[0]), world.says(&visitor, pieces[1]));
        assert_eq!(first.conversation, second.conversation);
        world.until(first.conversation, "queued", |c| c.state == State::Queued).await;
    }
}
