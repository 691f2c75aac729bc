//! Every cell of state × command has an answer: a transition or a typed refusal. The table is the specification.

use super::*;

fn in_state(state: State) -> World {
    let mut w = World::new();
    w.act(by_visitor(), &say("hi")).expect("starts");
    match state {
        State::Assistant => {}
        State::Queued => drop(w.act(by_visitor(), &ask_for_person()).expect("asks")),
        State::Active | State::Snoozed => {
            w.act(by_visitor(), &ask_for_person()).expect("asks");
            w.act(by_agent(1), &Command::Accept { over_capacity: false }).expect("accepts");
            if state == State::Snoozed {
                w.act(by_agent(1), &Command::Snooze(SnoozeUntil::NextMessage)).expect("snoozes");
            }
        }
        State::Resolved => drop(w.act(by_agent(1), &Command::Resolve).expect("resolves")),
    }
    assert_eq!(w.c.state, state);
    w
}

/// What a command does in each state: the state afterwards, or the refusal's code; `=` where it changes nothing.
fn row(actor: &Actor, command: &Command) -> [String; 5] {
    [State::Assistant, State::Queued, State::Active, State::Snoozed, State::Resolved].map(|state| {
        let mut w = in_state(state);
        let command = match command {
            Command::AssistantMessage { .. } => w.assistant_says("x"),
            other => other.clone(),
        };
        match w.act(actor.clone(), &command) {
            Ok(events) if events.is_empty() => "=".to_owned(),
            Ok(_) => w.c.state.word().to_owned(),
            Err(refused) => refused.code().split_once('.').map_or("", |(_, reason)| reason).to_owned(),
        }
    })
}

fn withdraw(from: u128) -> Command {
    Command::Withdraw { from: agent(from).id }
}

#[test]
fn every_cell_of_state_and_command_has_the_answer_of_the_design() {
    let lead = Command::SubmitLead { name: None, email: "a@example.com".into() };
    let group = Command::Transfer { to: TransferTo::Group("billing".into()), note: None };
    let colleague = Command::Transfer { to: TransferTo::Agent(agent(2)), note: None };
    let snooze = Command::Snooze(SnoozeUntil::NextMessage);
    let release = Command::Release { reason: None };
    let note = Command::AddNote { text: "n".into() };
    let noted = Command::Transfer { to: TransferTo::Agent(agent(2)), note: Some("wants a refund".into()) };
    let tag = Command::Tag { add: vec!["vip".into()], remove: vec![] };
    let untag = Command::Tag { add: vec![], remove: vec!["vip".into()] };
    let urgent = Command::SetPriority(Priority::Urgent);
    let normal = Command::SetPriority(Priority::Normal);
    let says = World::new().assistant_says("x");
    #[rustfmt::skip]
    let table: &[(&str, Actor, &Command, [&str; 5])] = &[
        //                                                      assistant                queued               active                snoozed               resolved
        ("visitor writes",      by_visitor(),    &say("x"),     ["assistant",            "queued",            "active",             "active",             "assistant"]),
        ("visitor asks",        by_visitor(),    &ask_for_person(), ["queued",           "=",                 "already_with_agent", "active",             "queued"]),
        ("visitor cancels",     by_visitor(),    &Command::CancelHandoff, ["nothing_to_cancel", "assistant",  "nothing_to_cancel",  "nothing_to_cancel",  "nothing_to_cancel"]),
        ("visitor ends",        by_visitor(),    &Command::EndByVisitor, ["resolved",    "resolved",          "resolved",           "resolved",           "already_resolved"]),
        ("visitor leaves lead", by_visitor(),    &lead,         ["queued",               "queued",            "active",             "snoozed",            "queued"]),
        ("assistant speaks",    Actor::Assistant, &says,        ["assistant",            "stale_epoch",       "stale_epoch",        "stale_epoch",        "stale_epoch"]),
        ("agent accepts",       by_agent(2),     &Command::Accept { over_capacity: false }, ["not_queued",        "active",            "already_taken",      "active",             "resolved"]),
        ("holder accepts",      by_agent(1),     &Command::Accept { over_capacity: false }, ["not_queued",        "active",            "=",                  "active",             "resolved"]),
        ("agent takes over",    by_agent(2),     &Command::TakeOver { over_capacity: false }, ["active",          "active",            "held_by_other",      "active",             "resolved"]),
        ("supervisor takes over", by_supervisor(), &Command::TakeOver { over_capacity: false }, ["active",        "active",            "active",             "active",             "resolved"]),
        ("agent writes",        by_agent(2),     &reply("x"),   ["active",               "active",            "held_by_other",      "held_by_other",      "resolved"]),
        ("holder writes",       by_agent(1),     &reply("x"),   ["active",               "active",            "active",             "active",             "resolved"]),
        ("supervisor writes",   by_supervisor(), &reply("x"),   ["active",               "active",            "held_by_other",      "held_by_other",      "resolved"]),
        ("agent notes",         by_agent(2),     &note,         ["assistant",            "queued",            "active",             "snoozed",            "resolved"]),
        ("agent releases",      by_agent(2),     &release,      ["not_held",             "not_held",          "held_by_other",      "held_by_other",      "resolved"]),
        ("holder releases",     by_agent(1),     &release,      ["not_held",             "not_held",          "queued",             "queued",             "resolved"]),
        ("supervisor releases", by_supervisor(), &release,      ["not_held",             "not_held",          "queued",             "queued",             "resolved"]),
        ("withdrawn from the holder", Actor::System, &withdraw(1), ["not_held",          "not_held",          "queued",             "queued",             "not_held"]),
        ("withdrawn from another", Actor::System, &withdraw(2), ["not_held",             "not_held",          "not_held",           "not_held",           "not_held"]),
        ("agent withdraws",     by_agent(2),     &withdraw(1),  ["forbidden",            "forbidden",         "forbidden",          "forbidden",          "forbidden"]),
        ("holder to colleague", by_agent(1),     &colleague,    ["not_held",             "active",            "active",             "active",             "resolved"]),
        ("holder to group",     by_agent(1),     &group,        ["not_held",             "queued",            "queued",             "queued",             "resolved"]),
        ("agent to group",      by_agent(2),     &group,        ["not_held",             "queued",            "held_by_other",      "held_by_other",      "resolved"]),
        ("holder to colleague, noted", by_agent(1), &noted,     ["not_held",             "active",            "active",             "active",             "resolved"]),
        ("colleague to themself, noted", by_agent(2), &noted,   ["not_held",             "active",            "held_by_other",      "held_by_other",      "resolved"]),
        ("agent tags",          by_agent(2),     &tag,          ["assistant",            "queued",            "active",             "snoozed",            "resolved"]),
        ("holder tags",         by_agent(1),     &tag,          ["assistant",            "queued",            "active",             "snoozed",            "resolved"]),
        ("agent takes no tag",  by_agent(2),     &untag,        ["=",                    "=",                 "=",                  "=",                  "="]),
        ("agent sets priority", by_agent(2),     &urgent,       ["assistant",            "queued",            "active",             "snoozed",            "resolved"]),
        ("agent leaves priority", by_agent(2),   &normal,       ["=",                    "=",                 "=",                  "=",                  "="]),
        ("visitor tags",        by_visitor(),    &tag,          ["forbidden"; 5]),
        ("visitor sets priority", by_visitor(),  &urgent,       ["forbidden"; 5]),
        ("assistant tags",      Actor::Assistant, &tag,         ["forbidden"; 5]),
        ("assistant sets priority", Actor::Assistant, &urgent,  ["forbidden"; 5]),
        ("timer tags",          Actor::System,   &tag,          ["forbidden"; 5]),
        ("holder hands back",   by_agent(1),     &Command::HandBack, ["already_with_assistant", "assistant",  "assistant",          "assistant",          "resolved"]),
        ("agent hands back",    by_agent(2),     &Command::HandBack, ["already_with_assistant", "assistant",  "held_by_other",      "held_by_other",      "resolved"]),
        ("holder snoozes",      by_agent(1),     &snooze,       ["not_held",             "not_held",          "snoozed",            "snoozed",            "resolved"]),
        ("agent snoozes",       by_agent(2),     &snooze,       ["not_held",             "not_held",          "held_by_other",      "held_by_other",      "resolved"]),
        ("holder resolves",     by_agent(1),     &Command::Resolve, ["resolved",         "resolved",          "resolved",           "resolved",           "already_resolved"]),
        ("agent resolves",      by_agent(2),     &Command::Resolve, ["resolved",         "resolved",          "held_by_other",      "held_by_other",      "already_resolved"]),
        ("supervisor resolves", by_supervisor(), &Command::Resolve, ["resolved",         "resolved",          "resolved",           "resolved",           "already_resolved"]),
        ("agent reopens",       by_agent(2),     &Command::Reopen, ["active",            "active",            "held_by_other",      "held_by_other",      "active"]),
        ("holder reopens",      by_agent(1),     &Command::Reopen, ["active",            "active",            "=",                  "active",             "active"]),
        ("visitor accepts",     by_visitor(),    &Command::Accept { over_capacity: false }, ["forbidden"; 5]),
        ("assistant resolves",  Actor::Assistant, &Command::Resolve, ["forbidden"; 5]),
        ("timer resolves",      Actor::System,   &Command::Resolve, ["forbidden"; 5]),
        ("agent as visitor",    by_agent(1),     &say("x"),     ["forbidden"; 5]),
    ];
    for (name, actor, command, expected) in table {
        assert_eq!(row(actor, command), *expected, "{name}");
    }
    for (name, actor, command, _) in table {
        let w = World::new();
        let starts = matches!(
            command,
            Command::VisitorMessage { .. } | Command::RequestHandoff { .. } | Command::SubmitLead { .. }
        ) && matches!(actor, Actor::Visitor(_));
        assert_eq!(
            w.decide(actor.clone(), command).is_ok(),
            starts,
            "{name}, before there is a conversation"
        );
    }
}

#[test]
fn empty_and_long_messages_are_refused_with_the_limit() {
    let mut w = in_state(State::Active);
    for blank in ["", " ", "\n\t"] {
        assert_eq!(w.act(by_visitor(), &say(blank)), Err(Rejection::EmptyMessage));
        assert_eq!(w.act(by_agent(1), &reply(blank)), Err(Rejection::EmptyMessage));
    }
    let long = "x".repeat(w.settings.max_message_bytes + 1);
    let refused = Err(Rejection::MessageTooLong { bytes: 8193, max: 8192 });
    assert_eq!(w.act(by_visitor(), &say(&long)), refused);
    assert_eq!(w.act(by_agent(1), &reply(&long)), refused);
    w.act(by_visitor(), &say(&long[1..])).expect("exactly the limit");
}
