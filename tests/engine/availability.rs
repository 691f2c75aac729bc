//! Intent and presence: only both together offer a person, and the widget learns of a change at once.

use baton::conversation::*;
use baton::engine::*;
use baton::protocol::{AvailabilityInfo, VisitorEph};

use crate::world::*;

async fn next_offer(subscription: &mut Subscription) -> bool {
    loop {
        if let Delivery::Eph(eph) =
            tokio::time::timeout(DEADLINE, subscription.next()).await.unwrap().unwrap()
            && let EphOut::Visitor { eph: VisitorEph::Availability(a), .. } = &*eph
        {
            return a.offered;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_offered_only_while_an_agent_is_available_and_present() {
    let world = World::new();
    let visitor = world.visitor();
    let mut widget = world.engine.subscribe_visitor(&world.site, visitor.id, 64);
    let agent = world.agent("Ada", Role::Agent).await;
    let set = |available| {
        world
            .engine
            .set_availability(agent.agent.id, AvailabilityInfo { available, ..AvailabilityInfo::default() })
    };
    set(true).await.unwrap();
    assert!(!world.engine.availability(&world.site).offered, "Available, and nobody at the keyboard");
    let lease = world.engine.lease(&agent, "console-1");
    assert!(!world.engine.availability(&world.site).offered, "a first console login sets Away");
    set(true).await.unwrap();
    assert!(next_offer(&mut widget).await);
    set(false).await.unwrap();
    assert!(!next_offer(&mut widget).await);
    set(true).await.unwrap();
    assert!(next_offer(&mut widget).await);
    lease.end();
    assert!(!next_offer(&mut widget).await, "the console said goodbye");
    let lease = world.engine.lease(&agent, "console-2");
    assert!(next_offer(&mut widget).await, "back within five minutes: the intent is kept");
    // The link breaks without a goodbye: presence lasts until the lease runs out.
    drop(lease);
    assert!(world.engine.availability(&world.site).offered);
    assert!(!next_offer(&mut widget).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_there_makes_a_ticket_and_the_truth_is_told() {
    let world = World::new();
    let visitor = world.visitor();
    let id = world.says(&visitor, "can I talk to a person?").await.conversation;
    let c = world.until(id, "details are asked for", |c| c.lead_wanted).await;
    assert_eq!(c.state, State::Assistant);
    let lead = Command::SubmitLead { name: Some("Bo".into()), email: "bo@example.com".into() };
    world.visits(&visitor, lead, cid()).await.unwrap();
    let c = world.conversation(id).await;
    assert!(c.ticket && c.state == State::Queued);
    world.says(&visitor, "do you ship to Norway?").await;
    world.until(id, "the assistant goes on with the rest", |c| c.last_author == "assistant").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accepted_conversation_without_an_answer_is_warned_about_and_comes_back() {
    let timings = Timings { warn_after_ms: 40, return_after_ms: 120, ..Timings::default() };
    let world = World::with(
        Settings { timings, ..Settings::default() },
        std::sync::Arc::new(baton::assistant::DocsResponder),
    );
    let (agent, _lease) = world.available("Ada").await;
    let id = world.visits(&world.visitor(), button(), cid()).await.unwrap().conversation;
    let queued_at = world.conversation(id).await.queued_at;
    world.acts(&agent, id, Command::Accept { over_capacity: false }).await.unwrap();
    let c = world.until(id, "back in the queue", |c| c.state == State::Queued).await;
    assert_eq!(c.queued_at, queued_at, "the original wait is kept");
    assert!(world.events(id).await.iter().any(|e| e.event == Event::ReplyOverdue), "warned first");
    world.acts(&agent, id, Command::Accept { over_capacity: false }).await.unwrap();
    world.acts(&agent, id, reply("here")).await.unwrap();
    assert_eq!(world.conversation(id).await.state, State::Active);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_agent_holds_returns_when_their_console_is_gone_and_the_visitor_waits() {
    let timings = Timings { lease_return_ms: 60, ..Timings::default() };
    let world = World::with(
        Settings { timings, ..Settings::default() },
        std::sync::Arc::new(baton::assistant::DocsResponder),
    );
    let (agent, lease) = world.available("Ada").await;
    let visitor = world.visitor();
    let id = world.visits(&visitor, button(), cid()).await.unwrap().conversation;
    world.acts(&agent, id, Command::Accept { over_capacity: false }).await.unwrap();
    world.acts(&agent, id, reply("here")).await.unwrap();
    world.says(&visitor, "are you there?").await;
    lease.end();
    world.until(id, "back in the queue", |c| c.state == State::Queued).await;
}
