//! Agents who are removed, rotated or changed, and visitors who are blocked, against a running server: sockets are cut at
//! once, what was held goes back, and nothing of it is lost when somebody is killed in between.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use std::sync::Arc;

use baton::conversation::{
    Card, Cid, Command, ConversationId, Handoff, Reason, Role, SiteId, State, Time, TransferTo, VisitorId,
    VisitorRef,
};
use baton::engine::{AgentSession, Engine, Submit, Target, Who};
use baton::log::audit::{Actor, Deed, Trail};
use baton::log::{self, AgentChange, AgentError, NewAgent};
use baton::server::control;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::server::{Client, Server, cid, other_site, soon};

const HERE: &Actor = &Actor::Server;

/// Asks the running server at its control socket.
async fn ask(server: &Server, line: &'static str) -> Value {
    let path = control::path(server.dir.path());
    let asked = tokio::task::spawn_blocking(move || {
        let mut stream = UnixStream::connect(path).unwrap();
        stream.write_all(line.as_bytes()).unwrap();
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    });
    soon("an answer at the control socket", asked).await.unwrap()
}

const CHANGED: &str = "{\"do\":\"agents_changed\"}\n";

async fn queued(server: &Server) -> (Client, Value, Value) {
    let (mut visitor, welcome) = server.visitor(json!({})).await;
    let sent = visitor.ok("message.send", json!({ "cid": cid(), "text": "hello" })).await;
    (visitor, welcome, sent["conversation"].clone())
}

fn on(conversation: &Value) -> Value {
    json!({ "conversation": conversation, "cid": cid() })
}

async fn row(agent: &mut Client, conversation: &Value) -> Value {
    let rows = agent.ok("list", json!({ "tab": "all" })).await;
    rows["rows"].as_array().unwrap().iter().find(|r| r["id"] == *conversation).unwrap().clone()
}

#[tokio::test]
async fn the_control_socket_is_private_bounded_and_goes_with_the_server() {
    let server = Server::start(|_| {}).await;
    // Once it answers it is all there.
    server.get("/healthz").await;
    let path = control::path(server.dir.path());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let pong = ask(&server, "{\"do\":\"ping\"}\n").await;
    assert_eq!((&pong["done"], &pong["pid"]), (&json!("pong"), &json!(std::process::id())));
    for bad in ["{\"do\":\"dance\"}\n", "nonsense\n", "{}\n", "[]\n"] {
        assert_eq!(ask(&server, bad).await["done"], "failed", "{bad}");
    }
    // A line without an end, longer than any request.
    let flood = path.clone();
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = UnixStream::connect(flood).unwrap();
        stream.write_all(&vec![b'a'; control::LONGEST]).unwrap();
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        answer
    });
    let answer = soon("a refusal of the flood", answer).await.unwrap();
    assert!(answer.contains("bytes"), "{answer}");
    let dir = server.stop().await;
    assert!(!path.exists());
    // What a killed server left behind does not keep the next one from its place.
    std::os::unix::net::UnixListener::bind(&path).unwrap();
    let server = Server::start_in(dir, |_| {}).await;
    server.get("/healthz").await;
    assert_eq!(ask(&server, "{\"do\":\"ping\"}\n").await["done"], "pong");
}

#[tokio::test]
async fn removal_cuts_the_sockets_and_returns_what_was_held_with_its_wait() {
    let server = Server::without_assistant(|_| {}).await;
    let (dana, eli) = (server.add_agent("Dana", Role::Agent), server.add_agent("Eli", Role::Agent));
    let (mut console, _) = server.agent(&dana, "console/test", "a", None).await;
    let (mut script, _) = server.agent(&dana, "cli/test", "b", None).await;
    let (mut other, _) = server.agent(&eli, "console/test", "c", None).await;
    let (_visitor, _, first) = queued(&server).await;
    let (_visitor2, _, second) = queued(&server).await;
    let waited = row(&mut other, &first).await["queued_at"].clone();
    console.ok("accept", on(&first)).await;
    console.ok("accept", on(&second)).await;
    console.ok("snooze", on(&second)).await;

    let gone = log::remove_agent(server.dir.path(), "dana", HERE).unwrap();
    assert_eq!(gone.name, "Dana");
    let told = ask(&server, CHANGED).await;
    assert_eq!((&told["cut"], &told["returned"]), (&json!(2), &json!(2)), "{told}");
    assert_eq!((console.closed().await, script.closed().await), (Some(4201), Some(4201)));
    for conversation in [&first, &second] {
        let row = row(&mut other, conversation).await;
        assert_eq!(row["state"], "queued", "{row}");
    }
    assert_eq!(row(&mut other, &first).await["queued_at"], waited, "the original wait is kept");
    other.until("word of it", |f| f["type"] == "agent.removed" && f["agent"] == json!(gone.id)).await;
    // The token is good for nothing, nothing can be given to them, and history keeps the name.
    server
        .agent_socket()
        .await
        .refused("auth", json!({ "token": dana, "client": "c/1", "instance": "x" }), "auth.failed")
        .await;
    let mut to = on(&first);
    to["agent"] = json!(gone.id);
    other.refused("transfer", to, "agent.unknown").await;
    let watched = other.ok("watch", json!({ "conversation": first })).await;
    assert!(watched["entries"].to_string().contains("Dana"), "{watched}");
    // The name is free for another agent, who is not the one before.
    server.add_agent("Dana", Role::Agent);
    assert_ne!(log::agents_in(server.dir.path()).unwrap()[1].id, gone.id);
}

#[tokio::test]
async fn a_server_that_was_not_told_notices_by_itself() {
    let server = Server::without_assistant(|_| {}).await;
    let (dana, eli) = (server.add_agent("Dana", Role::Agent), server.add_agent("Eli", Role::Agent));
    let (mut console, _) = server.agent(&dana, "console/test", "a", None).await;
    let (mut other, _) = server.agent(&eli, "cli/test", "c", None).await;
    let (_visitor, _, conversation) = queued(&server).await;
    console.ok("accept", on(&conversation)).await;
    // As if the command had been killed between its commit and its word to the server.
    log::remove_agent(server.dir.path(), "Dana", HERE).unwrap();
    assert_eq!(console.closed().await, Some(4201));
    other
        .until("the row", |f| f["t"] == "row" && f["d"]["id"] == conversation && f["d"]["state"] == "queued")
        .await;
}

#[tokio::test]
async fn removed_while_no_server_ran_what_they_held_returns_at_the_next_start() {
    let server = Server::without_assistant(|_| {}).await;
    let (dana, eli) = (server.add_agent("Dana", Role::Agent), server.add_agent("Eli", Role::Agent));
    let (mut console, _) = server.agent(&dana, "console/test", "a", None).await;
    let (_visitor, _, conversation) = queued(&server).await;
    console.ok("accept", on(&conversation)).await;
    let dir = server.stop().await;
    log::remove_agent(dir.path(), "Dana", HERE).unwrap();
    let server = Server::start_in(dir, |config| config.sites[0].settings.assistant_on = false).await;
    let (mut other, _) = server.agent(&eli, "cli/test", "c", None).await;
    if row(&mut other, &conversation).await["state"] != "queued" {
        let back = |f: &Value| f["t"] == "row" && f["d"]["id"] == conversation && f["d"]["state"] == "queued";
        other.until("the return", back).await;
    }
}

#[tokio::test]
async fn a_rotated_token_ends_the_old_sockets_and_the_new_one_signs_in() {
    let server = Server::without_assistant(|_| {}).await;
    let dana = server.add_agent("Dana", Role::Agent);
    let (mut console, _) = server.agent(&dana, "console/test", "a", None).await;
    let (_visitor, _, conversation) = queued(&server).await;
    console.ok("accept", on(&conversation)).await;
    log::rotate_agent(server.dir.path(), "Dana", &Sha256::digest(b"bt_new").into(), HERE).unwrap();
    let told = ask(&server, CHANGED).await;
    assert_eq!((&told["cut"], &told["returned"]), (&json!(1), &json!(1)), "{told}");
    assert_eq!(console.closed().await, Some(4201));
    let auth = |token: &str| json!({ "token": token, "client": "console/1", "instance": "a" });
    server.agent_socket().await.refused("auth", auth(&dana), "auth.failed").await;
    let ok = server.agent_socket().await.ok("auth", auth("bt_new")).await;
    assert_eq!(ok["agent"]["name"], "Dana");
    assert_eq!(ask(&server, CHANGED).await["cut"], 0, "nothing changed since");
}

#[tokio::test]
async fn narrowed_rights_cut_the_socket_and_it_comes_back_without_what_it_lost() {
    let server = Server::without_assistant(|config| {
        let other = other_site(config, "other");
        config.sites.push(other);
    })
    .await;
    let dana = server.add_agent("Dana", Role::Supervisor);
    server.add_agent("Root", Role::Admin);
    let (mut console, welcome) = server.agent(&dana, "console/test", "a", None).await;
    let mut visitor = Client::open(server.addr, "/ws/visitor?site=other").await;
    visitor.ok("auth", json!({})).await;
    let lost =
        visitor.ok("message.send", json!({ "cid": cid(), "text": "hi" })).await["conversation"].clone();
    let (_kept_visitor, _, kept) = queued(&server).await;
    console.ok("accept", on(&lost)).await;
    console.ok("accept", on(&kept)).await;
    let resume = json!({ "log_id": welcome["log_id"], "last_seq": console.last_seq });

    let change = AgentChange {
        role: Some(Role::Agent),
        sites: Some(Some(vec![SiteId::new("demo").unwrap()])),
        ..AgentChange::default()
    };
    log::set_agent(server.dir.path(), "Dana", &change, HERE).unwrap();
    let told = ask(&server, CHANGED).await;
    assert_eq!((&told["cut"], &told["returned"]), (&json!(1), &json!(1)), "what is on her sites stays hers");
    assert_eq!(console.closed().await, Some(4011));
    let (mut console, again) = server.agent(&dana, "console/test", "a", Some(resume)).await;
    assert_eq!((&again["mode"], &again["reason"]), (&json!("snapshot"), &json!("rights_changed")), "{again}");
    assert_eq!(again["agent"]["role"], "agent");
    assert_eq!(row(&mut console, &kept).await["holder"]["name"], "Dana");
    console.refused("accept", on(&lost), "conversation.unknown").await;
}

#[tokio::test]
async fn what_cannot_be_changed_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let missing = log::remove_agent(dir.path(), "Dana", HERE);
    assert!(matches!(missing, Err(AgentError::Open(log::OpenError::NoStore(_)))), "{missing:?}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing was made");
    let add = |name: &str, role| {
        let new = NewAgent { name, role, sites: None, groups: &[] };
        log::add_agent_with(dir.path(), &new, &Sha256::digest(name.as_bytes()).into(), HERE)
    };
    add("Root", Role::Admin).unwrap();
    add("Dana", Role::Agent).unwrap();
    let before = log::agents_in(dir.path()).unwrap();
    let unknown = log::remove_agent(dir.path(), "Dnaa", HERE).unwrap_err();
    assert!(matches!(&unknown, AgentError::Unknown { known, .. } if known.len() == 2), "{unknown}");
    let last = [
        log::remove_agent(dir.path(), "ROOT", HERE).unwrap_err(),
        log::set_agent(
            dir.path(),
            "Root",
            &AgentChange { role: Some(Role::Supervisor), ..Default::default() },
            HERE,
        )
        .unwrap_err(),
    ];
    assert!(last.iter().all(|e| matches!(e, AgentError::LastAdmin(_))), "{last:?}");
    assert!(matches!(add("dANA", Role::Agent), Err(log::OpenError::NameTaken(_))));
    let taken = log::rotate_agent(dir.path(), "Dana", &Sha256::digest(b"Root").into(), HERE).unwrap_err();
    assert!(matches!(taken, AgentError::Open(log::OpenError::TokenTaken)), "{taken}");
    let bad = AgentChange { groups: Some(vec!["a\nb".into()]), ..Default::default() };
    assert!(log::set_agent(dir.path(), "Dana", &bad, HERE).is_err());
    let same = AgentChange { role: Some(Role::Agent), ..Default::default() };
    assert!(matches!(log::set_agent(dir.path(), "Dana", &same, HERE), Err(AgentError::Same(_))));
    assert_eq!(log::agents_in(dir.path()).unwrap(), before);
    let trail = Trail::open(dir.path()).unwrap();
    assert_eq!(trail.entries(None, 100).unwrap().len(), 2, "what was refused is not in the trail");
    add("Second", Role::Admin).unwrap();
    log::remove_agent(dir.path(), "Root", HERE).unwrap();
}

/// Whatever an agent does while they are removed, and whatever is given to them: afterwards they hold nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_slips_into_the_hands_of_somebody_who_is_being_removed() {
    let server = Server::without_assistant(|_| {}).await;
    let giver = server.add_agent("Giver", Role::Supervisor);
    let giver = server.engine.authenticate(&giver).await.unwrap().unwrap();
    let submit = |engine: &Engine, session: &Arc<AgentSession>, id: ConversationId, command: Command| {
        let (engine, session) = (engine.clone(), session.clone());
        async move {
            let (target, cid) = (Target::Conversation(id), Some(Cid(uuid::Uuid::now_v7())));
            engine.submit(Submit { who: Who::Agent(session), target, command, cid, device: None }).await
        }
    };
    for round in 0..8 {
        let name = format!("Leaver{round}");
        let token = server.add_agent(&name, Role::Agent);
        let leaver = server.engine.authenticate(&token).await.unwrap().unwrap();
        let mut free = Vec::new();
        for _ in 0..24 {
            let site = SiteId::new("demo").unwrap();
            let (visitor, _) = server.engine.new_visitor(&site);
            let (who, said) = (VisitorRef { id: visitor, name: None, email: None }, "hello".to_owned());
            let command =
                Command::VisitorMessage { text: said, attachments: vec![], page: None, thanks: false };
            let target = Target::CurrentOf { site, visitor };
            let cid = Some(Cid(uuid::Uuid::now_v7()));
            let who = Who::Visitor(who);
            let made =
                server.engine.submit(Submit { who, target, command, cid, device: None }).await.unwrap();
            free.push(made.conversation);
        }
        let mut deeds = tokio::task::JoinSet::new();
        for (i, id) in free.iter().enumerate() {
            let to = TransferTo::Agent(leaver.agent.clone());
            let (session, command) = match i % 3 {
                0 => (&leaver, Command::Accept { over_capacity: true }),
                1 => (&leaver, Command::AgentMessage { text: "mine".into(), attachments: vec![] }),
                _ => (&giver, Command::Transfer { to, note: None }),
            };
            deeds.spawn(submit(&server.engine, session, *id, command));
            if i == 8 {
                log::remove_agent(server.dir.path(), &name, HERE).unwrap();
                let engine = server.engine.clone();
                deeds.spawn(async move {
                    engine.agents_changed().await.unwrap();
                    Err(baton::engine::Refusal::Stopping)
                });
            }
        }
        while let Some(done) = deeds.join_next().await {
            let _ = done.unwrap();
        }
        let who = leaver.agent.id;
        let held = server.engine.read(move |r| r.holdings(who)).await.unwrap();
        assert!(held.is_empty(), "round {round}: {held:?}");
        for id in free {
            let c = server.engine.read(move |r| r.conversation(id)).await.unwrap().unwrap();
            assert_eq!(c.state, State::Queued, "{:?}", c.holder);
        }
    }
}

/// What a socket that is not cut yet may still have sent.
#[tokio::test]
async fn nothing_a_blocked_visitor_sent_at_the_last_moment_has_an_effect() {
    let server = Server::without_assistant(|_| {}).await;
    let (mut dana, _visitor, welcome, conversation) = holding(&server, "Dana", Role::Agent).await;
    dana.ok("block", json!({ "conversation": conversation, "reason": "spam" })).await;
    let before = server.engine.head();
    let site = SiteId::new("demo").unwrap();
    let visitor: VisitorId = serde_json::from_value(welcome["visitor"].clone()).unwrap();
    let handoff = Handoff {
        reason: Reason::VisitorButton,
        evidence: vec![],
        card: Card::default(),
        page: None,
        hits: vec![],
        withheld: None,
    };
    for command in [
        Command::VisitorMessage { text: "again".into(), attachments: vec![], page: None, thanks: false },
        Command::RequestHandoff { handoff, epoch: None, answers: None },
        Command::SubmitLead { name: None, email: "a@example.com".into() },
        Command::Identify { name: Some("Max".into()), email: None },
        Command::CancelHandoff,
        Command::EndByVisitor,
    ] {
        let who = Who::Visitor(VisitorRef { id: visitor, name: None, email: None });
        let target = Target::CurrentOf { site: site.clone(), visitor };
        let cid = Some(Cid(uuid::Uuid::now_v7()));
        let refused = server.engine.submit(Submit { who, target, command, cid, device: None }).await;
        assert!(matches!(refused, Err(baton::engine::Refusal::Blocked { until: None })), "{refused:?}");
    }
    assert_eq!(server.engine.head(), before, "not an event");
}

async fn holding(server: &Server, name: &str, role: Role) -> (Client, Client, Value, Value) {
    let token = server.add_agent(name, role);
    let (mut agent, _) = server.agent(&token, "cli/test", name, None).await;
    let (visitor, welcome, conversation) = queued(server).await;
    agent.ok("accept", on(&conversation)).await;
    (agent, visitor, welcome, conversation)
}

#[tokio::test]
async fn a_blocked_visitor_is_told_and_cannot_come_back_until_the_end() {
    let server = Server::without_assistant(|_| {}).await;
    let (mut dana, mut visitor, welcome, conversation) = holding(&server, "Dana", Role::Agent).await;
    let mut tab = server.visitor(json!({ "token": welcome["token"] })).await.0;
    let block = json!({ "conversation": conversation, "reason": "spam" });
    let made = dana.ok("block", block.clone()).await;
    assert_eq!(
        (&made["visitor"], &made["site"], &made["by"]),
        (&welcome["visitor"], &json!("demo"), &json!("Dana"))
    );
    assert_eq!((visitor.closed().await, tab.closed().await), (Some(4207), Some(4207)));
    assert_eq!(row(&mut dana, &conversation).await["state"], "resolved", "nobody waits for who cannot write");
    let mut back = server.visitor_socket().await;
    let refused = back.refused("auth", json!({ "token": welcome["token"] }), "visitor.blocked").await;
    let words = refused["message"].as_str().unwrap();
    assert!(words.contains("blocked you") && !words.contains("spam"), "{words}");
    assert_eq!(back.closed().await, Some(4207));
    // Somebody else is not concerned.
    queued(&server).await;

    // Once more with an end: the same block, changed. It is in force over a restart, and then its end lifts it.
    let until = Time(server.engine.now().0 + 1_500);
    let again =
        dana.ok("block", json!({ "conversation": conversation, "reason": "spam", "until": until })).await;
    assert_eq!((&again["block"], &again["until"]), (&made["block"], &json!(until)));
    let dir = server.stop().await;
    let server = Server::start_in(dir, |config| config.sites[0].settings.assistant_on = false).await;
    let mut early = server.visitor_socket().await;
    if server.engine.now() < until {
        let answer = early.request("auth", json!({ "token": welcome["token"] })).await;
        assert!(answer["ok"] == false || server.engine.now() >= until, "{answer}");
    }
    soon("the end of the block", async {
        loop {
            let mut visitor = server.visitor_socket().await;
            let answer = visitor.request("auth", json!({ "token": welcome["token"] })).await;
            if answer["ok"] == true {
                assert!(server.engine.now() >= until);
                visitor.ok("message.send", json!({ "cid": cid(), "text": "sorry" })).await;
                return;
            }
            assert_eq!(answer["error"]["code"], "visitor.blocked");
        }
    })
    .await;
}

#[tokio::test]
async fn an_unblocked_visitor_writes_again_and_all_of_it_is_in_the_trail() {
    let server = Server::without_assistant(|_| {}).await;
    let (mut dana, mut visitor, welcome, conversation) = holding(&server, "Dana", Role::Agent).await;
    let eli = server.add_agent("Eli", Role::Agent);
    let (mut eli, _) = server.agent(&eli, "cli/test", "e", None).await;
    let secret = "a very particular reason";
    eli.refused("block", json!({ "conversation": conversation, "reason": secret }), "auth.forbidden").await;
    let made = dana.ok("block", json!({ "conversation": conversation, "reason": secret })).await;
    assert_eq!(visitor.closed().await, Some(4207));
    let listed = eli.ok("blocks", json!({})).await;
    assert_eq!(listed["blocks"][0]["reason"], secret);
    let which = json!({ "block": made["block"] });
    eli.refused("unblock", which.clone(), "block.unknown").await;
    dana.ok("unblock", which.clone()).await;
    dana.refused("unblock", which, "block.unknown").await;
    let (mut visitor, _) = server.visitor(json!({ "token": welcome["token"] })).await;
    visitor.ok("message.send", json!({ "cid": cid(), "text": "hello again" })).await;

    let trail = Trail::open(server.dir.path()).unwrap();
    let entries = trail.entries(None, 100).unwrap();
    let deeds: Vec<Deed> = entries.iter().map(|e| e.entry.deed).collect();
    let expected =
        [Deed::AgentAdded, Deed::Accepted, Deed::AgentAdded, Deed::Blocked, Deed::Resolved, Deed::Unblocked];
    assert_eq!(deeds, expected);
    let text = format!("{entries:?}");
    assert!(!text.contains(secret) && !text.contains("hello") && !text.contains("bt_test"), "{text}");
    let verified = trail.verify(None).unwrap();
    assert_eq!((verified.entries, verified.broken), (6, None));
}

#[tokio::test]
async fn a_blocked_address_is_refused_on_its_site_for_visitors_alone() {
    let server = Server::without_assistant(|config| {
        let other = other_site(config, "other");
        config.sites.push(other);
    })
    .await;
    let sam = server.add_agent("Sam", Role::Supervisor);
    let (mut sam, _) = server.agent(&sam, "cli/test", "s", None).await;
    let (mut visitor, _, _) = queued(&server).await;
    for (bad, code) in [
        (json!({ "address": "127.0.0.0/4", "reason": "x" }), "block.too_wide"),
        (json!({ "address": "nowhere", "reason": "x" }), "block.bad_address"),
        (json!({ "address": "127.0.0.1", "reason": " " }), "block.bad_reason"),
        (json!({ "address": "127.0.0.1", "reason": "x", "until": Time(1) }), "block.time_past"),
        (json!({ "address": "127.0.0.1", "reason": "x", "site": "nowhere" }), "site.unknown"),
        (json!({ "reason": "x" }), "request.malformed"),
    ] {
        sam.refused("block", bad, code).await;
    }
    let made = sam.ok("block", json!({ "address": "127.0.0.0/8", "site": "demo", "reason": "flood" })).await;
    assert_eq!(made["address"], "127.0.0.0/8");
    assert_eq!(visitor.closed().await, Some(4207));
    server.visitor_socket().await.refused("auth", json!({}), "visitor.blocked").await;
    let mut elsewhere = Client::open(server.addr, "/ws/visitor?site=other").await;
    elsewhere.ok("auth", json!({})).await;
    sam.ok("blocks", json!({})).await;
    sam.ok("unblock", json!({ "block": made["block"] })).await;
    queued(&server).await;
}
