//! Blocking the visitor: whom one talks to, with a reason, told before it is done.

use baton::client::ClientEvent;
use baton::console::app::Effect;
use baton::conversation::Time;
use baton::protocol::{AgentOp, BlockArg, WireError};
use serde_json::json;

use super::console_support::{Desk, id};
use super::{asked, cut, error, promote, three_of_mine};

/// What was asked of the server.
fn blocks(desk: &Desk) -> Vec<BlockArg> {
    let block = |effect: &Effect| match effect {
        Effect::Request { op: AgentOp::Block(arg), .. } => Some(arg.clone()),
        _ => None,
    };
    desk.effects.iter().filter_map(block).collect()
}

#[test]
fn a_reason_is_needed_and_an_end_is_understood() {
    let mut desk = three_of_mine();
    desk.keys("D<enter>");
    assert!(desk.screen().contains("a reason is needed"), "{}", desk.screen());
    desk.keys("7d");
    assert!(desk.screen().contains("a reason is needed"), "an end alone is none\n{}", desk.screen());
    assert!(blocks(&desk).is_empty());
    desk.keys(" spam");
    assert!(desk.screen().contains("They cannot write until"), "{}", desk.screen());
    desk.keys("<enter>");
    let made = blocks(&desk);
    assert_eq!(made.len(), 1);
    assert_eq!((made[0].conversation, made[0].reason.as_str()), (Some(id(1)), "spam"));
    assert!(made[0].until.is_some_and(|until| until > Time(0)) && made[0].address.is_none());
    let tag = *asked(&desk).last().unwrap();
    let done = json!({ "block": 7, "reason": "spam", "at": Time(1), "by": "Ada" });
    desk.client(ClientEvent::Response { tag, result: Ok(done) });
    assert!(desk.toast().contains("baton unblock 7"), "{}", desk.toast());

    desk.keys("jDrude<enter>");
    assert_eq!(blocks(&desk)[1].until, None, "without an end, until it is lifted");
    let tag = *asked(&desk).last().unwrap();
    error(&mut desk, tag, WireError::new("block.too_many", "there are too many \u{1b}[2J blocks"));
    assert!(desk.toast().contains("too many") && !desk.toast().contains('\u{1b}'), "{}", desk.toast());
    desk.keys("jDx<esc>");
    assert_eq!(blocks(&desk).len(), 2, "Esc does nothing");
}

#[test]
fn it_is_for_whom_one_talks_to_or_for_supervisors_and_needs_the_link() {
    let mut desk = three_of_mine();
    // Lea is queued: nobody talks to her.
    desk.keys("1D");
    assert!(desk.toast().contains("you do not talk to them"), "{}", desk.toast());
    promote(&mut desk);
    desk.keys("Dspam");
    cut(&mut desk);
    desk.keys("<enter>");
    assert!(blocks(&desk).is_empty(), "asked again before it is done");
    assert!(desk.screen().contains("no link"), "{}", desk.screen());
}
