//! Sixty-four agents, one conversation: one winner, and the others learn who.

use std::sync::Arc;

use baton::conversation::*;
use baton::engine::*;

use crate::world::*;

const AGENTS: usize = 64;
const RACES: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_agents_who_accept_at_once_one_wins_and_the_rest_learn_who() {
    let world = Arc::new(World::new());
    let (_first, lease) = world.available("agent-0").await;
    let mut agents = Vec::new();
    for n in 1..=AGENTS {
        agents.push(world.agent(&format!("agent-{n}"), Role::Agent).await);
    }
    for _ in 0..RACES {
        // The lease is short here, and a slow machine takes long for a race.
        lease.beat();
        let id = world.visits(&world.visitor(), button(), cid()).await.unwrap().conversation;
        let start = Arc::new(tokio::sync::Barrier::new(AGENTS));
        let tasks: Vec<_> = agents
            .iter()
            .map(|agent| {
                let (world, agent, start) = (Arc::clone(&world), Arc::clone(agent), Arc::clone(&start));
                tokio::spawn(async move {
                    start.wait().await;
                    (
                        agent.agent.clone(),
                        world.acts(&agent, id, Command::Accept { over_capacity: false }).await,
                    )
                })
            })
            .collect();
        let (mut winners, mut named) = (Vec::new(), Vec::new());
        for task in tasks {
            match task.await.unwrap() {
                (agent, Ok(_)) => winners.push(agent),
                (_, Err(Refusal::Rejected(Rejection::AlreadyTaken { by }))) => named.push(by),
                (_, Err(other)) => panic!("{other}"),
            }
        }
        assert_eq!(winners.len(), 1);
        assert_eq!(named.len(), AGENTS - 1);
        assert!(named.iter().all(|by| *by == winners[0]), "every loser is told the winner");
        let accepted =
            world.events(id).await.iter().filter(|e| matches!(e.event, Event::Accepted { .. })).count();
        assert_eq!(accepted, 1);
    }
}
