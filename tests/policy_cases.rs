//! The authored policy cases: state and message in, decision and reason out. The format is the one `baton policy test`
//! reads: `from: ai` is the assistant, `answered` says whether that turn answered, `retrieval.answerable` stands for the
//! index (`null`: not looked for).

#![allow(clippy::unwrap_used, clippy::panic)]

use baton::handoff::decide::decide;
use baton::handoff::mood;
use baton::handoff::policy::{Availability, DecisionKind, Level, Policy, Reason, Routing, State};
use baton::handoff::signals::{Answer, Signals};
use baton::handoff::turn::{Author, Source, Turn};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    id: String,
    level: Level,
    routing: Routing,
    restricted_topics: Vec<String>,
    availability: Availability,
    history: Vec<Past>,
    message: String,
    retrieval: Retrieval,
    expect: Expect,
}

#[derive(Deserialize)]
struct Past {
    from: String,
    text: String,
    answered: Option<bool>,
}

#[derive(Deserialize)]
struct Retrieval {
    answerable: Option<bool>,
}

#[derive(Deserialize)]
struct Expect {
    decision_any: Vec<DecisionKind>,
    reason_any: Vec<Reason>,
    must_not: Vec<DecisionKind>,
}

fn turn(past: &Past) -> Turn {
    if past.from == "visitor" {
        return Turn::visitor(&past.text);
    }
    match past.answered {
        Some(true) => {
            let source = Source { title: past.text.clone(), url: String::new() };
            Turn::assistant(&past.text, vec![source], Some(DecisionKind::Answer))
        }
        Some(false) => Turn::assistant(&past.text, vec![], Some(DecisionKind::Clarify)),
        None => Turn::assistant(&past.text, vec![], None),
    }
}

fn run(case: &Case) -> Result<(), String> {
    let policy = Policy {
        level: case.level,
        routing: case.routing.clone(),
        restricted_topics: case.restricted_topics.clone(),
        ..Policy::default()
    };
    let turns: Vec<Turn> = case.history.iter().map(turn).collect();
    assert!(turns.iter().all(|t| t.author != Author::Agent));
    let state = State { availability: case.availability, ..State::from_turns(&turns) };
    let mut signals = Signals::read(&case.message, &turns, state.requests, &policy);
    signals.answer = match case.retrieval.answerable {
        Some(true) => Answer::Ok,
        Some(false) => Answer::None,
        None => Answer::Unknown,
    };
    let got = decide(&state, &signals, &policy);
    let fits = case.expect.decision_any.contains(&got.decision)
        && case.expect.reason_any.contains(&got.reason)
        && !case.expect.must_not.contains(&got.decision);
    if fits {
        return Ok(());
    }
    Err(format!(
        "{}: {:?} for {:?} ({:?}); {}",
        case.id,
        got.decision,
        got.reason,
        case.message,
        got.explain()
    ))
}

#[test]
fn every_policy_case_passes() {
    let cases: Vec<Case> = include_str!("fixtures/policy/policy_cases.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let wrong: Vec<String> = cases.iter().filter_map(|c| run(c).err()).collect();
    assert!(wrong.is_empty(), "{} of {} fail:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[derive(Deserialize)]
struct MoodCase {
    text: String,
    frustrated: bool,
}

#[test]
fn frustration_is_precise() {
    let (mut hit, mut false_alarms, mut missed) = (0, Vec::new(), Vec::new());
    for line in include_str!("fixtures/policy/frustration_cases.jsonl").lines() {
        let case: MoodCase = serde_json::from_str(line).unwrap();
        match (case.frustrated, mood::read(&case.text, true).frustrated()) {
            (true, true) => hit += 1,
            (true, false) => missed.push(case.text),
            (false, true) => false_alarms.push(case.text),
            (false, false) => {}
        }
    }
    let precision = f64::from(hit) / f64::from(hit + i32::try_from(false_alarms.len()).unwrap());
    let recall = f64::from(hit) / f64::from(hit + i32::try_from(missed.len()).unwrap());
    let f1 = 2.0 * precision * recall / (precision + recall);
    assert!(
        precision >= 0.85 && f1 >= 0.75,
        "precision {precision:.2} F1 {f1:.2}; {false_alarms:?}; missed {missed:?}"
    );
}
