//! The questions as they are drawn, at three sizes, with styles.

use baton::conversation::{Event as Happened, Reason};
use baton::protocol::WireError;
use serde_json::json;

use super::console_support::{Desk, Story, bo, id, me, three_waiting};
use super::{asked, colleague, error, tell};

const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (40, 12)];

fn stories() -> Vec<Story> {
    let mut stories = three_waiting();
    for (n, name, who) in [(5, "Kim", me()), (6, "Zoe Długa-Nazwisko", me()), (7, "Ben", bo())] {
        stories.push(
            Story::new(n, name, "/orders", 900)
                .visitor(890, "hello?")
                .queued(880, Reason::HumanRequested, "Where is my order?")
                .accepted(60 + i64::try_from(n).unwrap(), who.clone())
                .then(
                    50,
                    Happened::Tagged {
                        by: who.clone(),
                        added: vec!["refund".into(), "vip".into()],
                        removed: vec![],
                    },
                )
                .then(
                    40,
                    Happened::Snoozed {
                        by: who,
                        until: Some(super::console_support::NOW.plus_ms(66_600_000)),
                    },
                ),
        );
    }
    stories
}

fn at_three_sizes(name: &str, keys: &str) {
    for (w, h) in SIZES {
        let mut desk = Desk::silent(w, h);
        desk.groups = vec!["billing".into(), "tier two".into()];
        desk.stories = stories().into_iter().map(|s| (s.conversation.id, s)).collect();
        desk.welcome(true);
        tell(&mut desk, colleague(1_002, "Al", false, true, &[]));
        tell(&mut desk, colleague(1_003, "Zed", true, true, &["billing", "tier two"]));
        desk.keys(keys);
        insta::assert_snapshot!(format!("{name}_{w}x{h}"), desk.screen_with_styles());
    }
}

#[test]
fn release() {
    at_three_sizes("release", "4Lgoing home");
}

#[test]
fn transfer() {
    at_three_sizes("transfer", "4A");
    at_three_sizes("transfer_note", "4Azed<enter>Nina wants her money back");
}

#[test]
fn snooze() {
    at_three_sizes("snooze", "4z");
    at_three_sizes("snooze_written", "4ztomorrow 9");
    at_three_sizes("snooze_refused", "4zyesterday");
}

#[test]
fn tags() {
    at_three_sizes("tags", "4t");
    at_three_sizes("tags_written", "4turgent -vip");
}

#[test]
fn priority() {
    at_three_sizes("priority", "4p");
}

#[test]
fn marked() {
    at_three_sizes("marked", "4Xk<enter><esc>");
    at_three_sizes("bulk", "4Xe");
}

#[test]
fn opened() {
    at_three_sizes("labels", "4pur<enter><enter>");
}

#[test]
fn capacity() {
    for (w, h) in SIZES {
        let mut desk = Desk::with(w, h, true, stories());
        desk.agreeable = false;
        desk.keys("a");
        let full =
            WireError::new("conversation.at_capacity", "full").with(json!({ "active": 5, "limit": 5 }));
        let tag = asked(&desk)[0];
        error(&mut desk, tag, full);
        insta::assert_snapshot!(format!("capacity_{w}x{h}"), desk.screen_with_styles());
    }
    assert!(stories().iter().any(|s| s.conversation.id == id(5)));
}
