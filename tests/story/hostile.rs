//! Every payload of the hostile corpus, sent by a visitor through the real server into a real terminal.

use baton::client::visitor::{VisitorClientEvent, VisitorOptions, connect};
use serde_json::Value;

use super::PATIENCE;
use super::house::{House, PAGE};
use super::terminal::{Heard, Terminal};

/// Payloads a conversation.
const BATCH: usize = 42;
/// Columns and rows of the terminal.
const SIZE: (u16, u16) = (120, 40);

/// No assistant (it would answer each), as many messages as come, and longer than usual.
const CONFIG: &str = r#"
[limits]
message_bytes = 60000
frame_bytes = 400000
messages_per_second = 1000.0
message_burst = 1000
[[site]]
id = "demo"
assistant = false
"#;

#[test]
fn no_payload_rings_titles_or_draws_outside_its_pane() {
    let corpus = include_str!("../hostile/terminal.jsonl");
    let payloads: Vec<String> = corpus
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["payload"].as_str().unwrap().to_owned())
        .collect();
    assert!(payloads.len() > 200);
    let house = House::configured(CONFIG);
    let ada = house.agent("Ada");
    let mut console = house.console(&house.url(), &ada, SIZE);
    console.until_gone("you are Available:");
    let mut batches = 0;
    for batch in payloads.chunks(BATCH) {
        batches += 1;
        let (begin, end) = (format!("BEGIN {batches} ."), format!("END {batches} ."));
        say_all(&house, &begin, batch, &end);
        console.until(&format!("{batches} in the queue"), |t| {
            t.row(0).starts_with(&format!(" 1 Queue {batches} "))
        });
        // The newest waits shortest: it is the last row.
        console.press("G");
        console.press("\r");
        console.until_shown(&end);
        intact(&console, batches, "at its end");
        console.press("g");
        let mut pages = 0;
        console.until_shown(&begin);
        intact(&console, batches, "at its beginning");
        while !console.contents().contains(&end) {
            console.press("\u{4}");
            // A page of blank lines looks like the one before: then nothing comes.
            console.listen(std::time::Duration::from_millis(60));
            pages += 1;
            intact(&console, batches, &format!("page {pages}"));
            assert!(pages < 1_000, "the end is reached:\n{}", console.contents());
        }
        console.press("\u{1b}");
        console.until_shown("Enter open");
    }
    let Heard { bells, titles, strange } = console.heard();
    assert_eq!(strange, &Vec::<String>::new());
    assert!(*bells >= 1 && *bells <= batches, "{bells} bells for {batches} conversations");
    assert!(titles.iter().all(|title| Heard::is_ours(title)), "{titles:?}");
    console.press("q");
    console.given_back();
}

/// Tabs, banner, status and footer are as with harmless words, and the lines between the panes stand.
#[track_caller]
fn intact(console: &Terminal, waiting: usize, when: &str) {
    let screen = || format!("{when}:\n{}", console.contents());
    let tabs = format!(" 1 Queue {waiting}   2 Mine   3 Assistant   4 Snoozed   5 Resolved");
    assert_eq!(console.row(0).trim_end(), tabs, "{}", screen());
    assert!(
        console.row(1).starts_with(&format!(" {waiting} waiting for a person, longest ")),
        "{}",
        screen()
    );
    assert_eq!(console.row(-2).trim_end(), " live · demo · Ada, Available", "{}", screen());
    assert!(console.row(-1).starts_with(" a accept  r reply"), "{}", screen());
    let dividers: Vec<u16> = (0..SIZE.0).filter(|x| console.cell(2, *x) == "│").collect();
    assert!(dividers.len() >= 2, "{dividers:?} {}", screen());
    for x in dividers {
        for row in 2..SIZE.1 - 2 {
            assert_eq!(console.cell(row, x), "│", "row {row}, column {x}, {}", screen());
        }
    }
}

/// A new visitor says all of it; back when the server has it.
fn say_all(house: &House, begin: &str, batch: &[String], end: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = VisitorOptions {
            url: house.url(),
            site: baton::conversation::SiteId::new("demo").unwrap(),
            page: Some(baton::conversation::Page { url: PAGE.into(), ..Default::default() }),
            locale: Some(batch[0].chars().take(60).collect()),
            time_zone: Some(batch[0].chars().take(60).collect()),
            token: None,
            client: "story/1".into(),
        };
        let (handle, mut events) = connect(options).unwrap();
        let words = std::iter::once(begin).chain(batch.iter().map(String::as_str)).chain([end]);
        let cids: Vec<_> = words.map(|words| handle.say(words.to_owned())).collect();
        // The name in the list and in the head is what a stranger says, too.
        handle.identify(Some(batch[0].chars().take(60).collect()), None);
        let mut answered = 0;
        let mut refused = 0;
        while answered < cids.len() {
            match tokio::time::timeout(PATIENCE, events.recv()).await.unwrap().unwrap() {
                VisitorClientEvent::Acked { cid, .. } if cids.contains(&cid) => answered += 1,
                VisitorClientEvent::Refused { cid: Some(cid), .. } if cids.contains(&cid) => {
                    answered += 1;
                    refused += 1;
                }
                VisitorClientEvent::Fatal { why, .. } => panic!("{why}"),
                _ => {}
            }
        }
        // A blank message or one that is too long is no message; the rest is.
        assert!(refused <= 3, "{refused} refused");
        handle.close().await;
    });
}
