//! The limit on what an agent holds: decided in the same commit as the claim, whichever console asks.

use std::collections::HashSet;
use std::sync::Arc;

use baton::conversation::*;
use baton::engine::*;

use crate::world::*;

const LIMIT: u32 = 3;
const RACERS: usize = 64;

fn accept(over_capacity: bool) -> Command {
    Command::Accept { over_capacity }
}

async fn queued(world: &World) -> ConversationId {
    world.visits(&world.visitor(), button(), cid()).await.unwrap().conversation
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_accepts_from_two_consoles_of_one_agent_as_many_win_as_there_is_room() {
    let world = Arc::new(World::limited(LIMIT));
    let (dana, _console) = world.available("Dana").await;
    let _other_console = world.engine.lease(&dana, "second console");
    assert_eq!(world.engine.capacity(), Some(LIMIT));
    let mut waiting = Vec::new();
    for _ in 0..RACERS {
        waiting.push(queued(&world).await);
    }
    let start = Arc::new(tokio::sync::Barrier::new(RACERS));
    let tasks: Vec<_> = waiting
        .iter()
        .map(|id| {
            let (world, dana, start, id) = (Arc::clone(&world), Arc::clone(&dana), Arc::clone(&start), *id);
            tokio::spawn(async move {
                start.wait().await;
                (id, world.acts(&dana, id, accept(false)).await)
            })
        })
        .collect();
    let mut won = HashSet::new();
    for task in tasks {
        match task.await.unwrap() {
            (id, Ok(_)) => drop(won.insert(id)),
            (_, Err(Refusal::Rejected(Rejection::AtCapacity { active, limit }))) => {
                assert_eq!((active, limit), (LIMIT, LIMIT));
            }
            (_, Err(other)) => panic!("{other}"),
        }
    }
    assert_eq!(won.len(), LIMIT as usize, "never more, never fewer");
    let mine = world
        .engine
        .read(move |r| r.list(Tab::Mine, Some(dana.agent.id), None, None, 100))
        .await
        .unwrap()
        .rows;
    assert_eq!(mine.iter().map(|row| row.id).collect::<HashSet<_>>(), won);
}

#[tokio::test]
async fn above_the_limit_a_second_press_takes_it_and_what_comes_by_itself_is_never_refused() {
    let world = World::limited(1);
    let (dana, _console) = world.available("Dana").await;
    let (eli, _other) = world.available("Eli").await;
    let (first, second, third) = (queued(&world).await, queued(&world).await, queued(&world).await);
    world.acts(&dana, first, accept(false)).await.unwrap();
    let again = world.acts(&dana, first, accept(false)).await;
    assert!(again.is_ok(), "what they hold already is nothing more");
    let refused = world.acts(&dana, second, accept(false)).await.unwrap_err();
    let wire = baton::protocol::WireError::from(&refused);
    assert_eq!((wire.code.as_str(), wire.retryable), ("conversation.at_capacity", false));
    assert_eq!(wire.details, serde_json::json!({ "active": 1, "limit": 1 }));
    assert_eq!(world.conversation(second).await.state, State::Queued, "nothing was taken");
    world.acts(&dana, second, accept(true)).await.unwrap();

    // A colleague's transfer, and words sent to a visitor, may exceed it.
    world.acts(&eli, third, accept(false)).await.unwrap();
    let to = TransferTo::Agent(dana.agent.clone());
    let note = Some("yours, I think".to_owned());
    let done = world.acts(&eli, third, Command::Transfer { to, note }).await.unwrap();
    let events = world.events(third).await;
    let [.., note, transferred] = events.as_slice() else { panic!("{events:?}") };
    assert!(matches!(&note.event, Event::NoteAdded { by, .. } if by.id == eli.agent.id));
    assert!(matches!(&transferred.event, Event::Transferred { to, .. } if to.id == dana.agent.id));
    assert_eq!((note.at, done.version), (transferred.at, transferred.version), "one commit");
    let fourth = world.says(&world.visitor(), "do you ship to Norway?").await.conversation;
    world.acts(&dana, fourth, reply("We do.")).await.unwrap();

    // What is snoozed or resolved makes room again.
    for id in [first, third, fourth] {
        world.acts(&dana, id, Command::Resolve).await.unwrap();
    }
    let fifth = queued(&world).await;
    assert!(world.acts(&dana, fifth, accept(false)).await.is_err());
    world.acts(&dana, second, Command::Snooze(SnoozeUntil::NextMessage)).await.unwrap();
    world.acts(&dana, fifth, accept(false)).await.unwrap();
}

#[tokio::test]
async fn without_a_limit_nobody_is_asked() {
    let world = World::new();
    let (dana, _console) = world.available("Dana").await;
    assert_eq!(world.engine.capacity(), None);
    for _ in 0..20 {
        let id = queued(&world).await;
        world.acts(&dana, id, accept(false)).await.unwrap();
    }
}

#[tokio::test]
async fn the_limit_counts_what_was_held_before_a_restart() {
    let world = World::limited(1);
    let (dana, _console) = world.available("Dana").await;
    let (held, waiting) = (queued(&world).await, queued(&world).await);
    world.acts(&dana, held, accept(false)).await.unwrap();
    world.engine.stop().await;
    let World { engine, dir, site } = world;
    drop(engine);
    let world = World::limited_in(dir, site, 1);
    let refused = world.acts(&dana, waiting, accept(false)).await.unwrap_err();
    assert!(matches!(refused, Refusal::Rejected(Rejection::AtCapacity { active: 1, limit: 1 })), "{refused}");
}
