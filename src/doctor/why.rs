//! Why no handoff would fire now: a site's policy, walked by the server's own rules with what is the case at this moment.

use super::facts::{Facts, SiteSeen};
use super::people::Person;
use crate::handoff::decide::decide;
use crate::handoff::mood::Mood;
use crate::handoff::policy::{Availability, DecisionKind, Level, Policy, RoutingMode, State, WhenNobody};
use crate::handoff::signals::{Answer, HumanRequest, Signals};

/// What would become of one situation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The situation: "asks for a person".
    pub when: String,
    /// What the rules say.
    pub decision: DecisionKind,
}

/// Something that stands in the way of a handoff, and what removes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// In plain words.
    pub words: String,
    /// A command, or what to do.
    pub fix: String,
}

/// The walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// Who would be offered it, by name.
    pub offered: Vec<String>,
    /// The situations, in the rules' order.
    pub routes: Vec<Route>,
    /// What stands in the way, the widest first.
    pub obstacles: Vec<Obstacle>,
}

/// Walks a site's policy.
pub fn walk(facts: &Facts, site: &SiteSeen, people: &[Person]) -> Walk {
    let id = &site.config.id;
    let policy = &site.config.policy;
    let offered: Vec<String> = people.iter().filter(|p| p.offered(id)).map(|p| p.name.clone()).collect();
    let routes =
        if site.config.settings.assistant_on { routes(policy, !offered.is_empty()) } else { Vec::new() };
    let mut obstacles = Vec::new();
    let mut blocks = |words: String, fix: String| obstacles.push(Obstacle { words, fix });
    if facts.server.answers.is_err() {
        blocks("the server does not run".into(), "start it: see the check `server`".into());
    }
    if site.config.origins.is_empty() && !site.config.loopback_origins {
        blocks(
            "no page may open the chat".into(),
            format!("baton site set {id} --add-origin https://YOUR-PAGES"),
        );
    }
    let socket = facts.front.sockets.iter().find(|seen| seen.site == *id);
    if let Some(origin) = socket.and_then(|seen| seen.greeting.is_err().then_some(&seen.origin)) {
        blocks(format!("pages of {origin} cannot open the chat"), "see the check `socket.visitor`".into());
    }
    if offered.is_empty() {
        let (words, fix) = nobody(site, people);
        blocks(words, fix);
    }
    if !site.config.settings.assistant_on {
        // Not an obstacle to people: everything goes to them. It is one to somebody who waits for the policy to act.
        blocks(
            "the assistant is off: every conversation goes straight to the queue and the policy is never asked".into(),
            format!("baton site set {id} --assistant on"),
        );
        return Walk { offered, routes, obstacles };
    }
    if policy.level == Level::AiOnly {
        blocks(
            "the level is AI only: nobody is ever handed off, requests get the contact route".into(),
            format!("baton site set {id} --level balanced"),
        );
    } else if policy.routing.mode == RoutingMode::ManualOnly {
        let mut words =
            "manual only: only an explicit request hands off, everything else becomes an alert".to_owned();
        if !policy.restricted_topics.is_empty() {
            words.push_str("; restricted topics still block the answer");
        }
        blocks(words, format!("baton site set {id} --manual-only off"));
    }
    Walk { offered, routes, obstacles }
}

/// Why nobody is there, and what changes it.
fn nobody(site: &SiteSeen, people: &[Person]) -> (String, String) {
    let id = &site.config.id;
    let then = match site.config.policy.when_nobody {
        _ if !site.config.settings.assistant_on => "conversations wait in the queue",
        WhenNobody::Ticket => "requests become tickets",
        WhenNobody::Assistant => "the assistant goes on",
    };
    if people.is_empty() {
        return (
            format!("nobody is Available, there is no agent yet; {then}"),
            "baton agent add NAME --data DIR".into(),
        );
    }
    let why: Vec<String> = people.iter().take(8).map(|p| p.why_not(id)).collect();
    let more = if people.len() > why.len() {
        format!(", and {} more", people.len() - why.len())
    } else {
        String::new()
    };
    let fix = if people.iter().any(|p| p.available && p.allowed(id)) {
        "open the console: `baton`"
    } else {
        "press ~ in the console, or `baton available` while one is open"
    };
    (format!("nobody is Available: {}{more}; {then}", why.join(", ")), fix.into())
}

fn routes(policy: &Policy, online: bool) -> Vec<Route> {
    let availability = if online { Availability::Online } else { Availability::Offline };
    let state = State { availability, problem_stated: true, attempts: 2, ..State::default() };
    let fails = policy.failed_turns().max(1);
    let mut cases = Vec::new();
    if let Some(topic) = policy.restricted_topics.first() {
        let signals = Signals { topics: vec![topic.clone()], answer: Answer::Ok, ..Signals::default() };
        cases.push((format!("restricted topic ({topic})"), state.clone(), signals));
    }
    if let Some(keyword) = policy.routing.keywords.first() {
        let signals = Signals { keyword: Some(keyword.clone()), answer: Answer::Ok, ..Signals::default() };
        cases.push((format!("keyword ({keyword})"), state.clone(), signals));
    }
    let asked = Signals {
        human_request: Some(HumanRequest { strength: 2, count: 1 }),
        answer: Answer::None,
        ..Signals::default()
    };
    cases.push(("asks for a person".into(), state.clone(), asked));
    let button = Signals { button: true, answer: Answer::Unknown, ..Signals::default() };
    cases.push(("presses the button".into(), state.clone(), button));
    let repeated = Signals { repeat: 2, answer: Answer::Ok, ..Signals::default() };
    cases.push(("asks the same three times".into(), State { offers: 1, ..state.clone() }, repeated));
    let cross = Signals {
        frustration: Mood { score: 1.0, ..Mood::default() },
        answer: Answer::None,
        ..Signals::default()
    };
    cases.push(("is cross twice".into(), State { frustrated_turns: 1, ..state.clone() }, cross));
    let missed = Signals { answer: Answer::None, ..Signals::default() };
    cases.push((
        format!("{fails} failed answer{}", if fails == 1 { "" } else { "s" }),
        State { failed_turns: fails - 1, ..state.clone() },
        missed,
    ));
    let broken = Signals { answer: Answer::Error, ..Signals::default() };
    cases.push(("the assistant fails".into(), state, broken));
    cases
        .into_iter()
        .map(|(when, state, signals)| Route { when, decision: decide(&state, &signals, policy).decision })
        .collect()
}

/// What a decision means for the visitor, in words.
pub fn words(decision: DecisionKind) -> &'static str {
    match decision {
        DecisionKind::Handoff => "queue",
        DecisionKind::LeadCapture => "ticket",
        DecisionKind::Offer => "a person is offered",
        DecisionKind::Collect => "asked what it is about",
        DecisionKind::Decline => "contact route",
        DecisionKind::Answer | DecisionKind::Clarify => "stays with the assistant",
        DecisionKind::Silent => "silence",
    }
}
