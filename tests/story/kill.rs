//! The console is killed (SIGKILL) at a random key, again and again, on one folder and one server.
//!
//! What is claimed: nothing typed is lost but the keys of the last moment, nothing is said twice, nothing that was taken
//! into the outbox is lost. How it is shown without looking at a clock: before every second kill the test types on only when the files
//! hold every key so far, so the console writes by itself, without another key and without an end; of those keys not one may
//! be missing afterwards, and what else there is must be the beginning of what was typed. How old the oldest lost key was is
//! measured and told, not asserted: a busy machine delays test and console alike. That the console waits no longer than
//! 250 ms is said by its one number (`DRAFT_LAG`) and tried on a virtual clock in `client/task_tests.rs`.
//!
//! What was typed is one stream of letters for each kind, reply and note; an Enter parts it, whether it sent or, in one
//! breath with other keys, became a line break. After a kill the files say which part of the stream went into the outbox and
//! which is a draft. In the end the server must have, once each and in order, exactly what went into the outboxes.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::PATIENCE;
use super::house::{House, environment};
use super::terminal::Terminal;

const SIZE: (u16, u16) = (100, 30);

/// Kills in an ordinary run; `BATON_KILLS` asks for more.
const KILLS: u64 = 25;

/// Numbers that look random, from a seed that is told when something fails.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// What the files of the dead console say.
#[derive(Debug, Default)]
struct Files {
    /// Everything that went into the outbox, in order: client id, kind, words.
    puts: Vec<(String, String, String)>,
    /// The last draft of a kind in each folder that has one.
    drafts: Vec<(String, String)>,
}

impl Files {
    /// Reads them; a line that is not whole is none.
    fn read(state: &Path) -> Self {
        let mut files = Self::default();
        let mut folders = vec![state.to_owned()];
        while let Some(folder) = folders.pop() {
            let mut here: Vec<(String, String)> = Vec::new();
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ext| ext == "log") {
                    files.file(&path, &mut here);
                }
            }
            files.drafts.extend(here);
        }
        files
    }

    fn file(&mut self, path: &Path, drafts: &mut Vec<(String, String)>) {
        let Ok(text) = std::fs::read_to_string(path) else { return };
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        for line in whole.lines() {
            let Some(record) =
                line.split_once(' ').and_then(|(_, json)| serde_json::from_str::<Value>(json).ok())
            else {
                continue;
            };
            let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            match record["k"].as_str() {
                Some("put") => {
                    let kind = if record["op"]["op"] == "note.add" { "note" } else { "reply" };
                    let cid = word(&record["cid"]);
                    if !self.puts.iter().any(|(known, ..)| *known == cid) {
                        self.puts.push((cid, kind.to_owned(), word(&record["op"]["d"]["text"])));
                    }
                }
                Some("draft") => {
                    let kind = word(&record["kind"]);
                    drafts.retain(|(known, _)| *known != kind);
                    if record["text"] != "" {
                        drafts.push((kind, word(&record["text"])));
                    }
                }
                _ => {}
            }
        }
    }

    /// The draft of a kind: the newest is the longest, for one that was adopted goes on.
    fn draft(&self, kind: &str) -> String {
        let of_kind = self.drafts.iter().filter(|(known, _)| known == kind).map(|(_, text)| ink(text));
        of_kind.max_by_key(String::len).unwrap_or_default()
    }
}

/// The letters of a text.
fn ink(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// What was done and found.
#[derive(Default)]
struct Tally {
    kills: u64,
    keys: usize,
    lost: usize,
    oldest: Duration,
    sent: usize,
    /// Kills between the two writes of a send: the words are in the outbox and, once more, in the draft.
    both: usize,
}

#[test]
fn killed_at_a_random_key_it_loses_the_last_moment_at_most_and_says_nothing_twice() {
    let kills = std::env::var("BATON_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(KILLS);
    let house = House::new();
    let ada = house.agent("Ada");
    let mut console = house.console(&house.url(), &ada, SIZE);
    console.until_shown("Ada, Available");
    let mut max = house.visitor("Max");
    max.says("Is the Tern waterproof?");
    max.hears("assistant: ");
    max.says("/person");
    max.hears("notice: ");
    console.until_shown("> Max");
    console.press("a");
    console.until_shown("yours; the assistant is silent");
    console.until_shown("Mine 1");
    console.press("q");
    console.until_shown("leave?");
    console.press("y");
    console.given_back();

    let state = house.dir.path().join("state");
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut tally = Tally::default();
    // What each kind's draft was after the last kill, and every client id that was seen in an outbox, with its words.
    let mut drafts = [("reply", String::new()), ("note", String::new())];
    let mut known: HashSet<String> = HashSet::new();
    let mut said = [Vec::new(), Vec::new()];
    for round in 0..kills {
        let which = usize::from(dice.below(3) == 0);
        let (kind, before) = drafts[which].clone();
        let mut console = started(&house, &ada);
        // Now and then it dies as soon as it shows anything, in the midst of taking over what the one before left.
        let typed = if dice.below(10) == 0 {
            Vec::new()
        } else {
            type_on(&mut console, kind, &before, &state, &mut dice)
        };
        console.killed();
        let killed = Instant::now();
        tally.kills += 1;
        tally.keys += typed.len();

        let files = Files::read(&state);
        let mut taken = String::new();
        for (cid, of, words) in files.puts.iter().filter(|(cid, ..)| !known.contains(cid)) {
            assert_eq!(of, kind, "round {round}");
            taken.push_str(&ink(words));
            said[which].push((cid.clone(), words.clone()));
        }
        known.extend(files.puts.iter().map(|(cid, ..)| cid.clone()));
        let mut draft = files.draft(kind);
        let whole: String =
            before.chars().chain(typed.iter().map(|key| key.letter).filter(|c| *c != '\n')).collect();
        let found = format!("{taken}{draft}");
        if !whole.starts_with(&found) && draft.starts_with(&taken) {
            // The kill came between the two writes of a send: the words are safe, and on their way.
            tally.both += 1;
            draft = draft[taken.len()..].to_owned();
        }
        let found = format!("{taken}{draft}");
        assert!(whole.starts_with(&found), "round {round}: typed {whole:?}, found {taken:?} and {draft:?}");
        let letters = typed.iter().filter(|key| key.letter != '\n');
        let kept = found.len().saturating_sub(before.len());
        let lost: Vec<&Key> = letters.skip(kept).collect();
        assert!(found.len() >= before.len(), "round {round}: of {before:?} only {found:?} is left");
        assert!(
            lost.iter().all(|key| !key.on_disk),
            "round {round}: {whole:?} was on disk, and {found:?} is left"
        );
        tally.lost += lost.len();
        tally.oldest = tally.oldest.max(lost.first().map_or(Duration::ZERO, |key| killed - key.at));
        tally.sent = said[0].len() + said[1].len();
        drafts[which].1 = draft;
        // The other kind's draft was not touched.
        assert_eq!(files.draft(drafts[1 - which].0), drafts[1 - which].1, "round {round}");
    }

    // A last console delivers what is left; then the server has each once, and nothing else.
    let mut console = started(&house, &ada);
    console.until("the link", |t| t.row(-2).starts_with(" live") && !t.contents().contains("unsent"));
    for (which, author) in [(0, "agent"), (1, "note")] {
        let expected: Vec<String> = said[which].iter().map(|(_, words)| words.clone()).collect();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let there = told(&house, &ada, author);
            if there.len() >= expected.len() || Instant::now() > deadline {
                assert_eq!(there, expected, "what the server has of {author}");
                break;
            }
        }
    }
    let mut words = String::new();
    let Tally { kills, keys, lost, oldest, sent, both } = tally;
    write!(
        words,
        "{kills} kills, {keys} keys, {sent} sent: {lost} keys lost, the oldest {oldest:?} before the kill; "
    )
    .unwrap();
    writeln!(std::io::stderr(), "{words}{both} kills between the two writes of a send").unwrap();
    assert!(sent > 0 && keys > 0, "it was used: {words}");
    drop(console);
}

/// A console on the same folder, with what it has drawn first.
fn started(house: &House, token: &str) -> Terminal {
    let mut console =
        Terminal::start(&["--url", &house.url(), "--token", token], &environment(house.dir.path()), SIZE);
    console.until_shown("Queue");
    console
}

/// A key, when it was pressed, and whether the files were seen to hold it.
struct Key {
    letter: char,
    at: Instant,
    on_disk: bool,
}

/// Opens the composer and types for a while.
fn type_on(console: &mut Terminal, kind: &str, before: &str, state: &Path, dice: &mut Dice) -> Vec<Key> {
    console.until("the link", |t| t.row(-2).starts_with(" live"));
    console.press("2");
    console.until_shown("> Max");
    console.press(if kind == "note" { "n" } else { "r" });
    console.until_shown(if kind == "note" { "NOTE: only" } else { "REPLY to" });
    let seen = Files::read(state).puts.len();
    let mut typed: Vec<Key> = Vec::new();
    let mut wait = dice.below(2) == 0;
    let many = 4 + dice.below(28);
    for n in 0..many {
        let after_letter = typed.last().is_some_and(|key: &Key| key.letter != '\n');
        let letter = match dice.below(7) {
            0 if after_letter => '\n',
            other => char::from(b'a' + u8::try_from((dice.below(26) + other) % 26).unwrap()),
        };
        // A finger, or several keys in one breath.
        let breath = dice.below(3) == 0;
        if !breath {
            console.listen(Duration::from_millis(10));
        }
        let sent = if letter == '\n' { "\r".to_owned() } else { letter.to_string() };
        console.press(&sent);
        typed.push(Key { letter, at: Instant::now(), on_disk: false });
        if wait && n == many / 2 {
            wait = false;
            let all: String =
                before.chars().chain(typed.iter().map(|key| key.letter)).filter(|c| *c != '\n').collect();
            let deadline = Instant::now() + PATIENCE;
            let on_disk = || {
                let files = Files::read(state);
                let taken: String =
                    files.puts[seen.min(files.puts.len())..].iter().map(|(.., t)| ink(t)).collect();
                format!("{taken}{}", files.draft(kind))
            };
            while on_disk() != all {
                console.listen(Duration::from_millis(5));
                assert!(
                    Instant::now() < deadline,
                    "typed {all:?}, on disk {:?}\n{}",
                    on_disk(),
                    console.contents()
                );
            }
            typed.iter_mut().for_each(|key| key.on_disk = true);
        }
    }
    typed
}

/// The texts of the only conversation there is: messages by this author, or notes.
fn told(house: &House, token: &str, author: &str) -> Vec<String> {
    let all = house.json(token, &["queue", "--tab", "all"]);
    let shown = house.json(token, &["show", all[0]["id"].as_str().unwrap()]);
    let messages = shown["messages"].as_array().unwrap().iter();
    messages.filter(|m| m["author"] == author).map(|m| m["text"].as_str().unwrap().to_owned()).collect()
}
