//! Search over everything, by an agent's socket: operators, negation, pages, rights, and what is said of a bad query.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use baton::conversation::Role;
use serde_json::{Value, json};
use support::server::{Client, Server, cid, other_site, soon};

async fn begin(server: &Server, site: &str, who: (&str, &str), page: &str, text: &str) -> (Client, String) {
    let mut visitor = Client::open(server.addr, &format!("/ws/visitor?site={site}")).await;
    visitor.ok("auth", json!({ "page": { "url": page } })).await;
    visitor.ok("identify", json!({ "name": who.0, "email": who.1 })).await;
    let sent = visitor.ok("message.send", json!({ "cid": cid(), "text": text })).await;
    (visitor, sent["conversation"].as_str().unwrap().to_owned())
}

async fn said(agent: &mut Client, op: &str, conversation: &str, text: &str) {
    agent.ok(op, json!({ "conversation": conversation, "cid": cid(), "text": text })).await;
}

async fn found(agent: &mut Client, query: &str) -> Vec<String> {
    let ok = agent.ok("search", json!({ "query": query, "limit": 50 })).await;
    ok["hits"].as_array().unwrap().iter().map(|h| h["row"]["id"].as_str().unwrap().to_owned()).collect()
}

/// The full-text index follows when the writer is idle.
async fn indexed(agent: &mut Client, query: &str, count: usize) {
    let wait = async {
        while found(agent, query).await.len() < count {
            agent.listen_for(25).await;
        }
    };
    soon("the index", wait).await;
}

#[tokio::test]
async fn every_operator_finds_what_it_says_and_its_negation_the_rest() {
    let server = Server::without_assistant(|config| {
        let other = other_site(config, "other");
        config.sites.push(other);
    })
    .await;
    let dana = server.add_agent("Dana", Role::Agent);
    let oda = server.add_agent_of("Oda", &["other"]);
    let shop = "https://shop.example";
    let (mut v1, one) =
        begin(&server, "demo", ("Mia Ünal", "mia@example.com"), &format!("{shop}/cart"), "parcel one lost")
            .await;
    let (_v2, two) =
        begin(&server, "demo", ("Bo", ""), &format!("{shop}/help"), "parcel two, see https://x.example")
            .await;
    let (_v3, three) = begin(&server, "other", ("Mia", ""), "", "parcel three").await;
    let (_v4, four) = begin(&server, "demo", ("Cy", ""), "", "invoice four").await;
    v1.ok("page", json!({ "url": format!("{shop}/Returns?x=1") })).await;
    let (mut dana, _) = server.agent(&dana, "console/test", "i", None).await;
    let (mut oda, _) = server.agent(&oda, "console/test", "i", None).await;
    dana.ok("accept", json!({ "conversation": one, "cid": cid() })).await;
    said(&mut dana, "message.send", &one, "I look for the parcel").await;
    said(&mut dana, "note.add", &two, "remember the crate").await;
    let tag = json!({ "conversation": two, "cid": cid(), "add": ["Refund", "vip"], "remove": [] });
    dana.ok("tag", tag).await;
    dana.ok("resolve", json!({ "conversation": four, "cid": cid() })).await;
    indexed(&mut dana, "crate", 1).await;
    indexed(&mut dana, "parcel", 3).await;

    let all = [&one, &two, &three, &four];
    for (query, expected) in [
        ("parcel", vec![&one, &two, &three]),
        ("parc", vec![&one, &two, &three]),
        ("\"parcel two\"", vec![&two]),
        ("\"two parcel\"", vec![]),
        ("parcel -two", vec![&one, &three]),
        ("parcel -\"parcel two\" -three", vec![&one]),
        ("parcel from:agent", vec![&one]),
        ("parcel from:visitor", vec![&one, &two, &three]),
        ("from:mia", vec![&one, &three]),
        ("from:\"mia unal\"", vec![&one]),
        ("from:mia@example", vec![&one]),
        ("from:dan", vec![&one, &two]),
        ("from:assistant", vec![]),
        ("page:returns", vec![&one]),
        ("page:shop.example", vec![&one, &two]),
        ("parcel page:help", vec![&two]),
        ("is:queued", vec![&two, &three]),
        ("is:active", vec![&one]),
        ("is:mine", vec![&one]),
        ("is:resolved", vec![&four]),
        ("is:open", vec![&one, &two, &three]),
        ("is:waiting", vec![&two, &three]),
        ("is:ticket", vec![]),
        ("is:snoozed", vec![]),
        ("site:other", vec![&three]),
        ("site:oth parcel", vec![&three]),
        ("site:nosuch", vec![]),
        ("tag:refund", vec![&two]),
        ("tag:REF", vec![&two]),
        ("tag:\"ref\"", vec![]),
        ("tag:refund parcel", vec![&two]),
        ("has:note", vec![&two]),
        ("has:link", vec![&two]),
        ("has:email", vec![&one]),
        ("has:page", vec![&one, &two]),
        ("after:1h", vec![&one, &two, &three, &four]),
        ("before:1h", vec![]),
        ("after:yesterday parcel", vec![&one, &two, &three]),
        ("is:open -is:queued parcel", vec![&one]),
        ("-is:resolved -site:other -has:note", vec![&one]),
    ] {
        let mut hits = found(&mut dana, query).await;
        hits.sort();
        let mut expected: Vec<String> = expected.into_iter().cloned().collect();
        expected.sort();
        assert_eq!(hits, expected, "{query}");
        // What concerns the conversation holds for it or does not; a message that does not fit leaves others that may.
        let operator = query.split(':').next().unwrap_or_default();
        let begun = query == "tag:REF";
        if !begun && !query.contains(' ') && ["is", "has", "page", "site", "tag"].contains(&operator) {
            let mut rest = found(&mut dana, &format!("-{query}")).await;
            rest.sort();
            let mut others: Vec<String> =
                all.iter().map(|id| (*id).clone()).filter(|id| !expected.contains(id)).collect();
            others.sort();
            assert_eq!(rest, others, "-{query}");
        }
    }
    // Rights: what is not theirs does not exist, however it is asked for.
    for query in ["parcel", "site:demo", "from:mia", "is:open", "-is:resolved", "has:email", "page:cart"] {
        assert!(found(&mut oda, query).await.iter().all(|id| *id == three), "{query}");
    }
    assert_eq!(found(&mut oda, "parcel").await, [three]);
    server.stop().await;
}

#[tokio::test]
async fn pages_give_everything_once_and_a_bad_query_says_where() {
    let server = Server::without_assistant(|c| c.limits.message_burst = 100).await;
    let token = server.add_agent("Dana", Role::Agent);
    let mut visitors = Vec::new();
    for n in 0..7 {
        let text = format!("parcel number {n}");
        let (mut visitor, id) = begin(&server, "demo", ("V", ""), "", &text).await;
        visitor.ok("message.send", json!({ "cid": cid(), "text": "parcel again" })).await;
        visitors.push((visitor, id));
    }
    let (mut dana, _) = server.agent(&token, "console/test", "i", None).await;
    indexed(&mut dana, "again", 7).await;
    for query in ["parcel", "is:queued", "-is:resolved", "from:visitor"] {
        let mut seen: Vec<String> = Vec::new();
        let mut cursor = Value::Null;
        loop {
            let mut ask = json!({ "query": query, "limit": 2 });
            if cursor.is_string() {
                ask["cursor"] = cursor;
            }
            let page = dana.ok("search", ask).await;
            seen.extend(
                page["hits"].as_array().unwrap().iter().map(|h| h["row"]["id"].as_str().unwrap().to_owned()),
            );
            cursor = page["next"].clone();
            if cursor.is_null() {
                break;
            }
        }
        let newest_first: Vec<&String> = visitors.iter().rev().map(|(_, id)| id).collect();
        assert_eq!(seen.iter().collect::<Vec<_>>(), newest_first, "{query}");
    }

    let error = dana.refused("search", json!({ "query": "parcel frm:mia" }), "search.bad_query").await;
    assert_eq!(error["message"], "there is no `frm:`; did you mean `from:`?");
    assert_eq!(error["details"], json!({ "at": 7, "len": 7 }));
    dana.refused("search", json!({ "query": "x", "cursor": "k1" }), "request.malformed").await;
    dana.refused("search", json!({ "query": "x", "cursor": "é1" }), "request.malformed").await;
    dana.refused("search", json!({ "query": " " }), "search.bad_query").await;
    // The cursor of the other way finds nothing it should not, and harms nothing.
    dana.request("search", json!({ "query": "parcel", "cursor": "c5" })).await;
    assert_eq!(found(&mut dana, "parcel").await.len(), 7);
    server.stop().await;
}
