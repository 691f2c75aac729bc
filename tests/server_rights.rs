//! The table of rights, held against a running server: every operation of an agent × every role × whose it is, every
//! operation of a visitor, and every address. What is tried comes from the samples of the protocol, which a new operation
//! has to join to compile.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;

use baton::conversation::{Role, SiteId, Time};
use baton::log::{NewAgent, add_agent_with, audit::Actor};
use baton::protocol::{AgentOp, BlockArg};
use baton::server::rights::{self, May, Route};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::samples;
use support::server::{Client, Server, cid, other_site};

/// Codes that say "not you", as against "not now".
const RIGHTS: [&str; 5] = [
    "auth.forbidden",
    "conversation.held_by_other",
    "conversation.already_taken",
    "conversation.unknown",
    "block.unknown",
];

/// Whose something is, seen from who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Nobodys,
    Own,
    Others,
    /// Of a site they have no right to.
    Foreign,
}

impl Whose {
    const ALL: [Whose; 4] = [Whose::Nobodys, Whose::Own, Whose::Others, Whose::Foreign];
}

/// Whether the row allows it.
fn allowed(may: May, whose: Whose) -> bool {
    match may {
        May::No => false,
        May::Own => whose == Whose::Own,
        May::OwnOrUnheld => matches!(whose, Whose::Own | Whose::Nobodys),
        May::Site => whose != Whose::Foreign,
        May::Yes => true,
    }
}

async fn signed_in(server: &Server, name: &str, role: Role, sites: Option<&[SiteId]>) -> Client {
    let token = format!("bt_test_{name}");
    let new = NewAgent { name, role, sites, groups: &[] };
    add_agent_with(server.dir.path(), &new, &Sha256::digest(token.as_bytes()).into(), &Actor::Server)
        .unwrap();
    server.agent(&token, "cli/test", name, None).await.0
}

fn after(ms: i64, server: &Server) -> Value {
    json!(Time(server.engine.now().0 + ms))
}

/// Everything there is to try: the samples, and blocking an address beside blocking a visitor.
fn tried() -> Vec<AgentOp> {
    let address = BlockArg {
        conversation: None,
        address: Some("203.0.113.9".into()),
        site: Some(SiteId::new("demo").unwrap()),
        reason: "spam".into(),
        until: None,
    };
    let mut all = samples::agent_ops();
    all.push(AgentOp::Block(address));
    all.retain(|op| !matches!(op, AgentOp::Auth(_)));
    all
}

#[test]
fn every_operation_has_its_row_and_every_row_its_operation() {
    let mut found = BTreeSet::from(["auth"]);
    for op in tried() {
        let row = rights::of_agent(&op);
        assert_eq!(row.name.split(' ').next(), Some(samples::agent_op_name(&op)));
        found.insert(row.name);
    }
    assert_eq!(
        found,
        rights::AGENT.iter().map(|row| row.name).collect(),
        "rows that stand in no list, or for nothing"
    );
    assert_eq!(rights::AGENT.len(), found.len(), "no row twice");
    let visitors: BTreeSet<&str> =
        samples::visitor_ops().iter().map(|op| rights::of_visitor(op).name).collect();
    assert_eq!(visitors, rights::VISITOR.iter().map(|row| row.name).collect());
    for op in samples::visitor_ops() {
        assert_eq!(rights::of_visitor(&op).name, samples::visitor_op_name(&op));
    }
}

#[tokio::test]
async fn agents_may_what_their_row_says_and_nothing_else() {
    let server = Server::without_assistant(|config| {
        let other = other_site(config, "other");
        config.sites.push(other);
    })
    .await;
    let demo = [SiteId::new("demo").unwrap()];
    let mut other = signed_in(&server, "Olga", Role::Admin, None).await;
    let colleague = server.engine.agents()[0].session.agent.id;
    let mut cells = 0;
    for role in [Role::Agent, Role::Supervisor, Role::Admin] {
        let mut me = signed_in(&server, &format!("me-{}", role.word()), role, Some(&demo)).await;
        for op in tried() {
            let may = rights::of_agent(&op).may(role);
            let wire = serde_json::to_value(&op).unwrap();
            let name = wire["op"].as_str().unwrap();
            let about_one = wire["d"].get("conversation").is_some() || name == "unblock";
            for whose in Whose::ALL {
                if (!about_one && whose != Whose::Own) || (name == "unblock" && whose == Whose::Nobodys) {
                    continue;
                }
                let site = if whose == Whose::Foreign { "other" } else { "demo" };
                let mut visitor = Client::open(server.addr, &format!("/ws/visitor?site={site}")).await;
                visitor.ok("auth", json!({})).await;
                let said = visitor.ok("message.send", json!({ "cid": cid(), "text": "hello" })).await;
                let conversation = said["conversation"].clone();
                let one = || json!({ "conversation": conversation, "cid": cid() });
                let holder = match whose {
                    Whose::Own => Some(&mut me),
                    Whose::Others => Some(&mut other),
                    Whose::Nobodys | Whose::Foreign => None,
                };
                let mut d = wire["d"].clone();
                let future = after(3_600_000, &server);
                if let Some(holder) = holder {
                    holder.ok("accept", one()).await;
                    if name == "unblock" {
                        let block = json!({ "conversation": conversation, "reason": "spam" });
                        d["block"] = holder.ok("block", block).await["block"].clone();
                    }
                } else if name == "unblock" {
                    let block = json!({ "conversation": conversation, "reason": "spam" });
                    d["block"] = other.ok("block", block).await["block"].clone();
                }
                if about_one && name != "unblock" {
                    d["conversation"] = conversation.clone();
                }
                for (key, value) in [("cid", json!(cid())), ("until", future), ("agent", json!(colleague))] {
                    if d.get(key).is_some() {
                        d[key] = value;
                    }
                }
                d.as_object_mut().unwrap().remove("cursor");
                let answer = me.request(name, d).await;
                let code = answer["error"]["code"].as_str().unwrap_or_default();
                let refused = RIGHTS.contains(&code);
                assert_eq!(!refused, allowed(may, whose), "{role:?} {name} {whose:?}: {answer}");
                assert_ne!(code, "request.malformed", "{name}: {answer}");
                cells += 1;
                visitor.cut();
            }
        }
    }
    assert!(cells > 180, "{cells} cells");
}

#[tokio::test]
async fn a_role_that_may_not_at_all_is_told_which_may() {
    let server = Server::start(|_| {}).await;
    let mut dana = signed_in(&server, "Dana", Role::Agent, None).await;
    let block = json!({ "address": "203.0.113.9", "reason": "spam" });
    let error = dana.refused("block", block, "auth.forbidden").await;
    assert!(error["message"].as_str().unwrap().contains("supervisor"), "{error}");
}

#[tokio::test]
async fn visitors_reach_their_own_conversation_only_and_agents_operations_not_at_all() {
    let server = Server::start(|config| {
        let other = other_site(config, "other");
        config.sites.push(other);
    })
    .await;
    let of_visitors: Vec<&str> = rights::VISITOR.iter().map(|row| row.name).collect();
    let (mut visitor, welcome) = server.visitor(json!({})).await;
    for row in rights::AGENT.iter().filter(|row| !of_visitors.contains(&row.name) && !row.name.contains(' '))
    {
        visitor.refused(row.name, json!({}), "request.unknown_op").await;
    }
    let mut dana = signed_in(&server, "Dana", Role::Admin, None).await;
    let of_agents: Vec<&str> = rights::AGENT.iter().map(|row| row.name).collect();
    for name in of_visitors.iter().filter(|name| !of_agents.contains(name)) {
        dana.refused(name, json!({}), "request.unknown_op").await;
    }
    for op in samples::visitor_ops() {
        let wire = serde_json::to_value(&op).unwrap();
        let name = wire["op"].as_str().unwrap();
        let mut stranger = server.visitor_socket().await;
        if name == "auth" {
            // A token of one site is none of another.
            let mut elsewhere = Client::open(server.addr, "/ws/visitor?site=other").await;
            elsewhere.refused("auth", json!({ "token": welcome["token"] }), "auth.failed").await;
            continue;
        }
        stranger.refused(name, wire["d"].clone(), "auth.required").await;
        // No visitor can name a conversation: there is no field for it.
        let mut d = wire["d"].clone();
        d["conversation"] = json!(samples::conversation_id());
        visitor.refused(name, d, "request.malformed").await;
        // Their own they may: whatever stands in the way, it is not a right.
        let mut d = wire["d"].clone();
        if d.get("cid").is_some() {
            d["cid"] = json!(cid());
        }
        let answer = visitor.request(name, d).await;
        let code = answer["error"]["code"].as_str().unwrap_or_default();
        assert!(
            !code.starts_with("auth.") && !RIGHTS.contains(&code) && code != "request.malformed",
            "{answer}"
        );
    }
    for row in rights::AGENT.iter().filter(|row| !row.name.contains(' ') && row.name != "auth") {
        let op = samples::agent_ops().into_iter().find(|op| samples::agent_op_name(op) == row.name).unwrap();
        let d = serde_json::to_value(&op).unwrap()["d"].clone();
        server.agent_socket().await.refused(row.name, d, "auth.required").await;
    }
}

#[tokio::test]
async fn every_address_answers_whom_its_row_names() {
    let server = Server::start(|_| {}).await;
    for route in Route::ALL {
        let path = route
            .path()
            .replace("{*path}", "nothing-there")
            .replace("{*page}", "nothing-there")
            .replace("{site}", "demo");
        let (head, _) = server.get(&path).await;
        let status = head.split(' ').nth(1).unwrap();
        match route {
            Route::DemoPage | Route::Docs | Route::ProtocolPage => {
                assert_eq!(status, "404", "{path}: {head}")
            }
            Route::AgentSocket | Route::VisitorSocket => {
                assert!(["400", "426"].contains(&status), "{path}: {head}");
                // From a page of another origin: agents from none, visitors from their site's.
                let protocol = ("Sec-WebSocket-Protocol", baton::protocol::SUBPROTOCOL);
                let address =
                    if route == Route::VisitorSocket { "/ws/visitor?site=demo" } else { "/ws/agent" };
                let headers = [protocol, ("Origin", "https://evil.example")];
                let (head, body) = server.handshake(address, &headers).await;
                assert!(head.starts_with("HTTP/1.1 403"), "{address}: {head}");
                assert!(body.contains("origin.forbidden"), "{body}");
            }
            Route::Demo => assert_eq!(status, "308", "{path}: {head}"),
            _ => assert_eq!(status, "200", "{path}: {head}"),
        }
        assert!(!head.to_ascii_lowercase().contains("set-cookie"), "{head}");
        if !matches!(route, Route::AgentSocket | Route::VisitorSocket) {
            let request = format!(
                "POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            let (head, _) = server.http(&request).await;
            assert!(head.starts_with("HTTP/1.1 405"), "nothing is written by HTTP: {path}: {head}");
        }
    }
    for path in ["/", "/admin", "/metrics/../healthz", "/ws", "/ws/agent/x", "/control.sock", "/baton.db"] {
        let (head, _) = server.get(path).await;
        assert!(head.starts_with("HTTP/1.1 404"), "{path}: {head}");
    }
}
