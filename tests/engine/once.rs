//! A command repeated with the same client id has one effect and gets the first answer, also after a restart.

use std::sync::Arc;

use baton::assistant::DocsResponder;
use baton::conversation::*;
use baton::engine::*;

use crate::world::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_client_id_has_one_effect_and_the_first_answer() {
    let mut world = World::new();
    let visitor = world.visitor();
    let cid = cid();
    let first = world.visits(&visitor, say("hello there"), cid).await.unwrap();
    for _ in 0..3 {
        assert_eq!(world.visits(&visitor, say("hello there"), cid).await.unwrap(), first);
    }
    let other = world.visits(&visitor, say("something else"), cid).await;
    assert!(matches!(other, Err(Refusal::CidReused)), "{other:?}");
    world.engine.stop().await;
    world.engine = start_in(world.dir.path(), Settings::default(), Arc::new(DocsResponder));
    assert_eq!(world.visits(&visitor, say("hello there"), cid).await.unwrap(), first);
    let said = world
        .events(first.conversation)
        .await
        .into_iter()
        .filter(|e| matches!(&e.event, Event::MessagePosted(m) if m.author == Author::Visitor));
    assert_eq!(said.count(), 1);
    // The same id from somebody else is somebody else's.
    let stranger = world.visitor();
    let theirs = world.visits(&stranger, say("hello there"), cid).await.unwrap();
    assert_ne!(theirs.conversation, first.conversation);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_with_one_client_id_have_one_effect() {
    let world = Arc::new(World::new());
    let visitor = world.visitor();
    let cid = cid();
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (world, visitor) = (Arc::clone(&world), visitor.clone());
            tokio::spawn(async move { world.visits(&visitor, say("once"), cid).await.unwrap() })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    assert_eq!(world.conversation(answers[0].conversation).await.messages.min(1), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_command_is_not_remembered() {
    let world = World::new();
    let (agent, _lease) = world.available("Ada").await;
    let visitor = world.visitor();
    let id = world.says(&visitor, "hi").await.conversation;
    let accept = |cid| Submit {
        who: Who::Agent(Arc::clone(&agent)),
        target: Target::Conversation(id),
        command: Command::Accept { over_capacity: false },
        cid: Some(cid),
        device: None,
    };
    let cid = cid();
    let refused = world.engine.submit(accept(cid)).await;
    assert!(matches!(refused, Err(Refusal::Rejected(Rejection::NotQueued))), "{refused:?}");
    world.visits(&visitor, button(), crate::world::cid()).await.unwrap();
    world.engine.submit(accept(cid)).await.unwrap();
}
