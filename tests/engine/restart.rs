//! What was acknowledged, owed and due survives a restart.

use std::sync::Arc;

use baton::assistant::{DocsResponder, Pending, Question, Responder};
use baton::conversation::*;

use crate::world::*;

struct Silent;

impl Responder for Silent {
    fn respond(&self, _question: Question) -> Pending {
        Box::pin(std::future::pending())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_owed_before_a_restart_is_given_after_it() {
    let mut world = World::with(Settings::default(), Arc::new(Silent));
    let visitor = world.visitor();
    let id = world.says(&visitor, "do you ship to Norway?").await.conversation;
    world.engine.stop().await;
    world.engine = start_in(world.dir.path(), Settings::default(), Arc::new(DocsResponder));
    world.until(id, "answered", |c| c.last_author == "assistant").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deadlines_survive_a_restart() {
    let mut world = World::new();
    let id = world.says(&world.visitor(), "hello").await.conversation;
    let agent = world.agent("Ada", Role::Agent).await;
    world.acts(&agent, id, Command::Resolve).await.unwrap();
    world.engine.stop().await;
    let timings = Timings { resolve_notice_ms: 0, ..Timings::default() };
    let settings = Settings { timings, ..Settings::default() };
    world.engine = start_in(world.dir.path(), settings, Arc::new(DocsResponder));
    world.until(id, "the resolve is told", |c| c.announced).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_engine_refuses_and_says_so() {
    let world = World::new();
    let visitor = world.visitor();
    world.says(&visitor, "hello").await;
    world.engine.stop().await;
    let refused = world.visits(&visitor, say("late"), cid()).await;
    assert!(matches!(refused, Err(baton::engine::Refusal::Stopping)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reopen_takes_the_conversation_the_visitor_is_in() {
    let timings = Timings { reopen_window_ms: 0, resolve_notice_ms: 0, ..Timings::default() };
    let world = World::with(Settings { timings, ..Settings::default() }, Arc::new(DocsResponder));
    let agent = world.agent("Ada", Role::Agent).await;
    let visitor = world.visitor();
    let old = world.says(&visitor, "do you ship to Norway?").await.conversation;
    world.acts(&agent, old, Command::Resolve).await.unwrap();
    let resolved = world.conversation(old).await.resolved.unwrap().0;
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while world.engine.now() <= resolved {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
    let new = world.says(&visitor, "do you ship to Norway?").await.conversation;
    assert_ne!(old, new, "past the window a new conversation begins");
    assert_eq!(world.conversation(new).await.linked, Some(old));
    let answered = world.acts(&agent, old, Command::Reopen).await.unwrap();
    assert_eq!(answered.conversation, new);
    assert_eq!(world.conversation(new).await.state, State::Active);
    assert_eq!(world.conversation(old).await.state, State::Resolved);
}
