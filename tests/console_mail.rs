//! Mail in the console: where a reply goes before it is sent, how far its mail is, what failed, and what reaches nobody.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails that way")]

mod console_support;

use baton::client::ClientEvent;
use baton::console::app::Effect;
use baton::conversation::{Event as Happened, SiteId, VisitorRef};
use baton::protocol::{AgentAuthOk, AgentEph, AgentOp, MailInfo, MailState};
use console_support::{Desk, NOW, desk, id};
use serde_json::{Value, json};

/// Signs in again, at a server that says whether it mails.
fn at_a_server(desk: &mut Desk, mails: bool) {
    let welcome: AgentAuthOk = serde_json::from_value(json!({
        "agent": { "id": "00000000-0000-0000-0000-0000000003e8", "name": "Ana", "role": "agent",
            "availability": { "available": true }, "present": true },
        "sites": [{ "id": "demo", "name": "Demo", "mail": mails }], "agents": [], "log_id": "log", "head": 1,
        "mode": "resumed", "server_time": NOW, "warn_after_ms": 60_000, "return_after_ms": 180_000,
    }))
    .unwrap();
    desk.client(ClientEvent::Welcome(Box::new(welcome)));
    desk.client(ClientEvent::Link(baton::client::Link::Live));
}

fn gone(desk: &mut Desk, n: u128) {
    let eph = AgentEph::Presence { conversation: id(n), online: false, since: Some(NOW) };
    desk.client(ClientEvent::Eph(eph));
}

fn tell_address(desk: &mut Desk, n: u128) {
    let visitor = desk.stories[&id(n)].conversation.visitor.clone().unwrap();
    let visitor = VisitorRef { email: Some("kim@example.com".into()), ..visitor };
    desk.happens(id(n), 1, &Happened::Identified { visitor });
}

fn mail(n: u128, state: MailState, reason: Option<&str>) -> MailInfo {
    MailInfo {
        id: 7,
        conversation: id(n),
        site: SiteId::new("demo").unwrap(),
        first: 1,
        last: 100,
        state,
        at: NOW,
        attempts: 1,
        next: None,
        reason: reason.map(str::to_owned),
        name: Some("Kim".into()),
        to: Some("kim@example.com".into()),
        gone: false,
    }
}

/// Opens Kim's conversation (number 4, mine).
fn with_kim() -> Desk {
    let mut desk = desk();
    desk.keys("2<enter>");
    assert_eq!(desk.state.open.as_ref().map(|open| open.id), Some(id(4)));
    desk
}

fn answer_the_send(desk: &mut Desk, text: &str) {
    let sent = desk.effects.iter().rev().find_map(|effect| match effect {
        Effect::Durable { tag, op: AgentOp::MessageSend(arg) } if arg.text == text => Some(*tag),
        _ => None,
    });
    let author = baton::conversation::Author::Agent(console_support::me());
    let message = desk.stories[&id(4)].message(author, text);
    let answered = desk.happens(id(4), 0, &message);
    desk.client(ClientEvent::Response { tag: sent.expect("sent"), result: Ok(answered) });
}

#[test]
fn without_mail_the_composer_says_that_it_reaches_nobody_and_the_reply_can_be_copied() {
    let mut desk = with_kim();
    at_a_server(&mut desk, false);
    desk.keys("r");
    assert!(!desk.screen().contains("NOT DELIVERED"), "Kim is there");
    gone(&mut desk, 4);
    assert!(desk.screen().contains("NOT DELIVERED: no mail is configured; copy it"), "{}", desk.screen());
    desk.keys("It<space>left<space>yesterday<enter>");
    answer_the_send(&mut desk, "It left yesterday");
    assert!(desk.toast().starts_with("not delivered: no mail is configured; Y"), "{}", desk.toast());
    desk.keys("<esc>Y");
    assert!(desk.screen().contains("It left yesterday"), "{}", desk.screen());
    desk.keys("<enter>");
    let copied = desk.effects.iter().rev().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.as_str().to_owned()),
        _ => None,
    });
    assert_eq!(copied.as_deref(), Some("It left yesterday"));
}

#[test]
fn with_mail_the_composer_says_that_it_goes_so_or_that_there_is_no_address() {
    let mut desk = with_kim();
    at_a_server(&mut desk, true);
    gone(&mut desk, 4);
    desk.keys("r");
    assert!(desk.screen().contains("gone, and left no address"), "{}", desk.screen());
    tell_address(&mut desk, 4);
    assert!(desk.screen().contains("goes by mail"), "{}", desk.screen());
    desk.keys("hello<enter>");
    answer_the_send(&mut desk, "hello");
    assert_eq!(desk.toast(), "", "nothing is wrong");
}

#[test]
fn a_server_that_says_nothing_of_mail_makes_the_console_say_nothing() {
    let mut desk = with_kim();
    gone(&mut desk, 4);
    desk.keys("r");
    let screen = desk.screen();
    assert!(!screen.contains("mail") && !screen.contains("DELIVERED"), "{screen}");
}

#[test]
fn a_mail_is_shown_with_its_time_and_one_that_failed_with_its_reason_and_key() {
    let mut desk = with_kim();
    at_a_server(&mut desk, true);
    let told = |desk: &mut Desk, state, reason| {
        desk.client(ClientEvent::Eph(AgentEph::Mail(mail(4, state, reason))));
    };
    told(&mut desk, MailState::Failed, Some("550 5.1.1 no such user\u{1b}[2J\u{202e} here"));
    assert!(desk.toast().starts_with("mail to Kim failed: 550"), "{}", desk.toast());
    let screen = desk.screen();
    assert!(screen.contains("mail failed: 550 5.1.1 no such"), "{screen}");
    assert!(!screen.contains(['\u{1b}', '\u{202e}']) && !desk.toast().contains(['\u{1b}', '\u{202e}']));
    assert!(screen.contains("! tries again"), "{screen}");
    desk.keys("!");
    let asked = desk.effects.iter().rev().find_map(|effect| match effect {
        Effect::Request { tag, op: AgentOp::MailRetry(arg) } => Some((*tag, arg.id)),
        _ => None,
    });
    let (tag, number) = asked.expect("it is tried again");
    assert_eq!(number, 7);
    let waits = serde_json::to_value(mail(4, MailState::Waiting, None)).unwrap();
    desk.client(ClientEvent::Response { tag, result: Ok(waits) });
    assert_eq!(desk.toast(), "the mail is tried again");
    assert!(!desk.screen().contains("mail failed"), "{}", desk.screen());
    // The visitor spoke last: how the reply before was delivered is no news; after the next reply it is.
    let author = baton::conversation::Author::Agent(console_support::me());
    let message = desk.stories[&id(4)].message(author, "and again");
    desk.happens(id(4), 0, &message);
    told(&mut desk, MailState::Sent, None);
    let screen = desk.screen();
    assert!(screen.contains("mailed 14:30 to kim@example.com"), "{screen}");
    desk.keys("!");
    assert!(desk.toast().contains("no message failed here"), "{}", desk.toast());
}

#[test]
fn what_failed_is_asked_for_at_the_start_listed_and_opened() {
    let mut desk = desk();
    at_a_server(&mut desk, true);
    let asked = desk.effects.iter().rev().find_map(|effect| match effect {
        Effect::Request { tag, op: AgentOp::MailList(arg) } => Some((*tag, arg.state)),
        _ => None,
    });
    let (tag, state) = asked.expect("asked for");
    assert_eq!(state, Some(MailState::Failed));
    let failed: Vec<Value> = vec![serde_json::to_value(mail(4, MailState::Failed, Some("550 no"))).unwrap()];
    let list = json!({ "mails": failed, "configured": true, "server_time": NOW });
    desk.client(ClientEvent::Response { tag, result: Ok(list) });
    assert!(
        desk.toast().starts_with("1 mails were not delivered: @")
            || desk.toast().starts_with("1 mail was not delivered: @"),
        "{}",
        desk.toast()
    );
    desk.keys("@");
    let screen = desk.screen();
    assert!(screen.contains("mail not delivered") && screen.contains("kim@example.com"), "{screen}");
    desk.keys("<enter>");
    assert_eq!(desk.state.open.as_ref().map(|open| open.id), Some(id(4)));
    // A colleague dropped it.
    let dropped = MailInfo { gone: true, ..mail(4, MailState::Failed, None) };
    desk.client(ClientEvent::Eph(AgentEph::Mail(dropped)));
    desk.keys("@");
    assert_eq!(desk.toast(), "no mail failed");
}
