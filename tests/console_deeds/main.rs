//! What agents do all day: claim, pass on, put aside, end, name, mark, and take it all back.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails that way")]

#[path = "../console_support/mod.rs"]
mod console_support;

mod blocking;
mod claiming;
mod ending;
mod labels;
mod marks;
mod shown;
mod undo;

use baton::client::{ClientEvent, Link};
use baton::console::app::Effect;
use baton::conversation::{AgentId, AgentRef, Cid, Reason, Role};
use baton::protocol::{AgentEph, AgentInfo, AgentOp, AvailabilityInfo, WireError};
use console_support::{Desk, Story, bo, me};
use uuid::Uuid;

/// Three of mine, waiting since 300, 200 and 100 seconds, and one that is queued.
fn three_of_mine() -> Desk {
    let mine = |n: u128, name: &str, ago: i64| {
        Story::new(n, name, "/", 900)
            .visitor(890, "hello?")
            .queued(880, Reason::HumanRequested, "says hello")
            .accepted(700, me())
            .agent(600, me(), "Hi")
            .visitor(ago, "still there?")
    };
    let stories = vec![
        mine(1, "Nina", 300),
        mine(2, "Omar", 200),
        mine(3, "Kim", 100),
        Story::new(4, "Lea", "/", 60).visitor(50, "a person please").queued(
            40,
            Reason::HumanRequested,
            "person",
        ),
    ];
    let mut desk = Desk::with(100, 30, true, stories);
    desk.keys("2");
    desk
}

fn colleague(n: u128, name: &str, available: bool, present: bool, groups: &[&str]) -> AgentInfo {
    AgentInfo {
        id: AgentId(Uuid::from_u128(n)),
        name: name.into(),
        role: Role::Agent,
        availability: AvailabilityInfo { available, reason: None, until: None },
        present,
        groups: groups.iter().map(|g| (*g).to_owned()).collect(),
    }
}

/// An agent as colleagues see them, told anew.
fn tell(desk: &mut Desk, agent: AgentInfo) {
    desk.client(ClientEvent::Eph(AgentEph::Availability { agent }));
}

/// I am a supervisor from now on.
fn promote(desk: &mut Desk) {
    let AgentRef { id, name } = me();
    tell(desk, AgentInfo { id, role: Role::Supervisor, ..colleague(0, &name, true, true, &[]) });
}

fn cut(desk: &mut Desk) {
    desk.client(ClientEvent::Link(Link::Down { retry_in_ms: 1, why: "x".into() }));
}

/// Tags of the requests that wait, oldest first.
fn asked(desk: &Desk) -> Vec<u64> {
    let tag = |effect: &Effect| match effect {
        Effect::Request { tag, op } if !matches!(op, AgentOp::Typing(_) | AgentOp::Read(_)) => Some(*tag),
        _ => None,
    };
    desk.effects.iter().filter_map(tag).collect()
}

fn error(desk: &mut Desk, tag: u64, error: WireError) {
    desk.client(ClientEvent::Response { tag, result: Err(error) });
}

fn taken_by_bo() -> WireError {
    let by = bo();
    WireError::new("conversation.already_taken", "taken by Bo")
        .with(serde_json::json!({ "by": { "id": by.id, "name": by.name } }))
}

/// The client ids of all that was sent.
fn cids(desk: &Desk) -> Vec<Cid> {
    let cid = |op: &AgentOp| {
        let value = serde_json::to_value(op).unwrap();
        value["d"].get("cid").map(|cid| serde_json::from_value(cid.clone()).unwrap())
    };
    let of = |effect: &Effect| match effect {
        Effect::Request { op, .. } | Effect::Durable { op, .. } => cid(op),
        _ => None,
    };
    desk.effects.iter().filter_map(of).collect()
}
