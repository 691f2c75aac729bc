//! The engine's own tasks: deadlines, leases, places in the queue.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::presence::Changed;
use super::shared::Shared;
use super::writer::Job;
use super::{Engine, Refusal, Submit, Target, Who, api};
use crate::conversation::Command;
use crate::protocol::VisitorEph;

/// How often leases are looked at. They last 45 s, so a second is exact enough and costs nothing.
const LEASE_TICK: Duration = Duration::from_secs(1);
/// Least time between two rounds of queue positions.
const POSITIONS_EVERY: Duration = Duration::from_millis(200);

pub(super) fn spawn(engine: &Engine) {
    let shared = engine.shared();
    tokio::spawn(deadlines(Arc::clone(shared)));
    tokio::spawn(leases(engine.clone()));
    tokio::spawn(positions(Arc::clone(shared)));
    tokio::spawn(super::erasing::watch(Arc::clone(shared)));
}

fn stopping(shared: &Shared) -> bool {
    shared.stopping.load(Ordering::Acquire)
}

async fn deadlines(shared: Arc<Shared>) {
    while !stopping(&shared) {
        let next = shared.timers().next_at();
        let woken = shared.wake.notified();
        match next {
            None => woken.await,
            Some(at) => {
                let wait = u64::try_from(at.since_ms(shared.now())).unwrap_or(0);
                tokio::select! {
                    () = woken => continue,
                    () = tokio::time::sleep(Duration::from_millis(wait)) => {}
                }
            }
        }
        let due = shared.timers().due(shared.now());
        for (id, kind) in due {
            let submit = Submit {
                who: Who::System,
                target: Target::Conversation(id),
                command: Command::Timer(kind),
                cid: None,
                device: None,
            };
            match shared.submit(submit, None) {
                Ok(()) | Err(Refusal::Stopping) => {}
                Err(_) => shared.look_again(id),
            }
        }
    }
}

async fn leases(engine: Engine) {
    let shared = Arc::clone(engine.shared());
    let mut tick = tokio::time::interval(LEASE_TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut noticed = false;
    while !stopping(&shared) {
        tick.tick().await;
        engine.expire_typing();
        engine.notice_changed_agents(&mut noticed).await;
        let gone = shared.presence().expire(shared.now());
        for id in shared.take_again() {
            if shared.send(Job::Rearm(id)).is_err() {
                shared.look_again(id);
            }
        }
        for agent in gone {
            let changed = Changed { presence: true, to_away: false, note_seen: true };
            shared.presence_changed(agent, &changed);
        }
    }
}

async fn positions(shared: Arc<Shared>) {
    while !stopping(&shared) {
        shared.queue_moved.notified().await;
        for (site, visitor, position) in shared.moved_positions() {
            if let Some(out) = api::EphOut::visitor(VisitorEph::Position { position }) {
                shared.hub.eph_to_visitor(&site, visitor, out);
            }
        }
        tokio::time::sleep(POSITIONS_EVERY).await;
    }
}
