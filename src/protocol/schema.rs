//! The protocol's documents, made from the types: JSON Schema (2020-12) of every frame of both sockets, and one AsyncAPI 3
//! document. They stand in `assets/protocol/`, are served under `/protocol/`, and a test fails when they are stale.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::{
    AgentAuthOk, AgentEph, AgentInfo, AgentOp, Answered, BlockInfo, BlocksOk, CloseCode, Control, HistoryOk,
    ListOk, MailInfo, MailListOk, SUBPROTOCOL, SearchOk, VisitorAuthOk, VisitorEph, VisitorEvent, VisitorOp,
    WatchOk, WireError,
};
use crate::conversation::{Event, Row};

/// File name and text of each document.
pub fn documents() -> Vec<(&'static str, String)> {
    let pretty = |value: &Value| {
        let mut text = serde_json::to_string_pretty(value).expect("a document is plain data");
        text.push('\n');
        text
    };
    vec![
        ("agent.schema.json", pretty(&agent())),
        ("visitor.schema.json", pretty(&visitor())),
        ("asyncapi.json", pretty(&asyncapi())),
    ]
}

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().into_generator()
}

fn agent() -> Value {
    let mut g = generator();
    let answered = reference::<Answered>(&mut g);
    let mut answers = json!({
        "auth": reference::<AgentAuthOk>(&mut g),
        "list": reference::<ListOk>(&mut g),
        "watch": reference::<WatchOk>(&mut g),
        "unwatch": nothing(),
        "history": reference::<HistoryOk>(&mut g),
        "typing": nothing(),
        "read": nothing(),
        "availability.set": reference::<AgentInfo>(&mut g),
        "search": reference::<SearchOk>(&mut g),
        "block": reference::<BlockInfo>(&mut g),
        "unblock": reference::<BlockInfo>(&mut g),
        "blocks": reference::<BlocksOk>(&mut g),
        "mail.list": reference::<MailListOk>(&mut g),
        "mail.retry": reference::<MailInfo>(&mut g),
        "mail.drop": nothing(),
    });
    for op in [
        "accept",
        "take_over",
        "release",
        "transfer",
        "hand_back",
        "message.send",
        "note.add",
        "tag",
        "priority",
        "snooze",
        "resolve",
        "reopen",
    ] {
        answers[op] = answered.clone();
    }
    let requests = enveloped::<AgentOp>(&mut g, &request());
    let events = enveloped::<Event>(&mut g, &event());
    let passing = enveloped::<AgentEph>(&mut g, &tagged("eph"));
    let row = reference::<Row>(&mut g);
    let row = object(
        &[
            ("t", json!({ "const": "row" })),
            ("seq", count()),
            ("prev", count()),
            ("conversation", id()),
            ("version", count()),
        ],
        &[(
            "d",
            json!({ "anyOf": [row, { "type": "null" }], "description": "The line; null: no longer visible." }),
        )],
    );
    document(g, "agent", answers, requests, events, passing, Some(row))
}

fn visitor() -> Value {
    let mut g = generator();
    let answered = reference::<Answered>(&mut g);
    let mut answers = json!({
        "auth": reference::<VisitorAuthOk>(&mut g),
        "identify": nothing(),
        "typing": nothing(),
        "seen": nothing(),
        "page": nothing(),
    });
    for op in ["message.send", "handoff.request", "handoff.cancel", "lead.submit", "end"] {
        answers[op] = answered.clone();
    }
    let requests = enveloped::<VisitorOp>(&mut g, &request());
    let events = enveloped::<VisitorEvent>(&mut g, &event());
    let passing = enveloped::<VisitorEph>(&mut g, &tagged("eph"));
    document(g, "visitor", answers, requests, events, passing, None)
}

fn document(
    mut g: SchemaGenerator,
    who: &str,
    answers: Value,
    requests: Value,
    events: Value,
    passing: Value,
    row: Option<Value>,
) -> Value {
    let error = reference::<WireError>(&mut g);
    let control = enveloped::<Control>(&mut g, &tagged("ctl"));
    let of = |types: &[&str]| {
        let all = control["oneOf"].as_array().expect("an enum");
        let is = |v: &&Value| types.iter().any(|t| v["properties"]["type"]["const"] == *t);
        json!({ "oneOf": all.iter().filter(is).collect::<Vec<_>>() })
    };
    let mut bodies: Vec<Value> = Vec::new();
    for body in answers.as_object().expect("made above").values() {
        if !bodies.contains(body) {
            bodies.push(body.clone());
        }
    }
    let response = json!({ "oneOf": [
        object(
            &[("t", json!({ "const": "res" })), ("id", request_id()), ("ok", json!({ "const": true }))],
            &[("d", json!({ "anyOf": bodies })), ("seq", count())],
        ),
        object(
            &[("t", json!({ "const": "res" })), ("id", request_id()), ("ok", json!({ "const": false })), ("error", error)],
            &[],
        ),
    ] });
    let mut defs = g.take_definitions(true);
    let mut server = vec!["Response", "Event", "Passing", "ServerControl"];
    for (name, schema) in [
        ("Request", requests),
        ("Response", response),
        ("Event", events),
        ("Passing", passing),
        ("ClientControl", of(&["heartbeat", "ack"])),
        ("ServerControl", of(&["hello", "heartbeat", "goaway", "snapshot"])),
    ] {
        defs.insert(format!("{name}Frame"), schema);
    }
    if let Some(row) = row {
        defs.insert("RowFrame".into(), row);
        server.push("Row");
    }
    let refs = |names: &[&str]| json!({ "oneOf": names.iter().map(|n| json!({ "$ref": format!("#/$defs/{n}Frame") })).collect::<Vec<_>>() });
    defs.insert("FromClient".into(), refs(&["Request", "ClientControl"]));
    defs.insert("FromServer".into(), refs(&server));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("{who}.schema.json"),
        "title": format!("Frames of the {who} socket, {SUBPROTOCOL}"),
        "description": "Clients ignore fields and types they do not know; the server refuses them.",
        "oneOf": [{ "$ref": "#/$defs/FromClient" }, { "$ref": "#/$defs/FromServer" }],
        "x-answers": answers,
        "$defs": defs,
    })
}

fn asyncapi() -> Value {
    let channel = |who: &str, address: &str, query: Value| {
        json!({
            "address": address,
            "title": format!("The {who} socket"),
            "messages": {
                "fromClient": { "payload": { "$ref": format!("{who}.schema.json#/$defs/FromClient") } },
                "fromServer": { "payload": { "$ref": format!("{who}.schema.json#/$defs/FromServer") } },
            },
            "bindings": { "ws": {
                "method": "GET",
                "query": query,
                "headers": { "type": "object", "properties": {
                    "Sec-WebSocket-Protocol": { "type": "string", "const": SUBPROTOCOL }
                } },
            } },
        })
    };
    let operation = |action: &str, who: &str, message: &str| {
        json!({
            "action": action,
            "channel": { "$ref": format!("#/channels/{who}") },
            "messages": [{ "$ref": format!("#/channels/{who}/messages/{message}") }],
        })
    };
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Baton",
            "version": "1",
            "description": "Two WebSocket endpoints, one family of JSON text frames. Delivery is at least once; `prev` makes a gap provable; `cid` makes a repeat harmless.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "agent": channel("agent", "/ws/agent", json!({ "type": "object", "properties": {} })),
            "visitor": channel("visitor", "/ws/visitor", json!({
                "type": "object",
                "required": ["site"],
                "properties": { "site": { "type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,63}$" } },
            })),
        },
        "operations": {
            "agentToServer": operation("receive", "agent", "fromClient"),
            "serverToAgent": operation("send", "agent", "fromServer"),
            "visitorToServer": operation("receive", "visitor", "fromClient"),
            "serverToVisitor": operation("send", "visitor", "fromServer"),
        },
        "x-close-codes": close_codes(),
    })
}

fn close_codes() -> Value {
    let code = |code: CloseCode, says: &str, client: &str| json!({ "code": code.number(), "says": says, "client": client });
    json!([
        code(CloseCode::Restart, "the server restarts", "reconnect and resume"),
        code(CloseCode::HeartbeatMissed, "heartbeats were missed", "reconnect and resume"),
        code(CloseCode::SlowConsumer, "the client reads too slowly", "reconnect and resume"),
        code(CloseCode::RightsChanged, "the agent's role, sites or groups changed", "reconnect and resume"),
        code(CloseCode::Overloaded, "too much to do", "back off, then resume"),
        code(CloseCode::RateLimited, "too fast", "back off, then resume"),
        code(CloseCode::AuthFailed, "auth failed, or came too late", "stop and tell the person"),
        code(CloseCode::Revoked, "the token was withdrawn", "stop and tell the person"),
        code(CloseCode::Replaced, "the same console connected again", "stop and tell the person"),
        code(CloseCode::Version, "no common version", "stop and tell the person"),
        code(CloseCode::ProtocolError, "the peer does not keep to the protocol", "stop and tell the person"),
        code(CloseCode::FrameTooLarge, "a frame over the limit", "stop and tell the person"),
        code(CloseCode::ForbiddenOrigin, "this origin may not open this socket", "stop and tell the person"),
        code(
            CloseCode::Blocked,
            "the visitor, or their address, is blocked on this site",
            "stop and tell the person"
        ),
    ])
}

fn reference<T: JsonSchema>(g: &mut SchemaGenerator) -> Value {
    g.subschema_for::<T>().to_value()
}

/// An enum's variants, each with the frame's own fields.
fn enveloped<T: JsonSchema>(g: &mut SchemaGenerator, envelope: &[(&str, Value)]) -> Value {
    let mut schema = T::json_schema(g).to_value();
    for variant in schema["oneOf"].as_array_mut().expect("an enum of objects") {
        let variant = variant.as_object_mut().expect("an object");
        let mut properties = Map::new();
        for (name, of) in envelope {
            properties.insert((*name).to_owned(), of.clone());
        }
        if let Some(Value::Object(own)) = variant.remove("properties") {
            properties.extend(own);
        }
        variant.insert("properties".into(), Value::Object(properties));
        let mut required: Vec<Value> = envelope.iter().map(|(name, _)| json!(name)).collect();
        if let Some(Value::Array(own)) = variant.remove("required") {
            required.extend(own);
        }
        variant.insert("required".into(), Value::Array(required));
    }
    schema
}

fn object(required: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let mut properties = Map::new();
    for (name, of) in required.iter().chain(optional) {
        properties.insert((*name).to_owned(), of.clone());
    }
    let required: Vec<&str> = required.iter().map(|(name, _)| *name).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn request() -> Vec<(&'static str, Value)> {
    vec![("t", json!({ "const": "req" })), ("id", request_id())]
}

fn event() -> Vec<(&'static str, Value)> {
    vec![
        ("t", json!({ "const": "ev" })),
        ("seq", count()),
        ("prev", count()),
        ("at", json!({ "type": "string", "format": "date-time" })),
        ("conversation", id()),
        ("version", count()),
    ]
}

fn tagged(t: &str) -> Vec<(&'static str, Value)> {
    vec![("t", json!({ "const": t }))]
}

fn nothing() -> Value {
    json!({ "type": "object" })
}

fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn id() -> Value {
    json!({ "type": "string", "format": "uuid" })
}

fn request_id() -> Value {
    json!({ "type": "string", "maxLength": 64, "description": "The client's name for the request; comes back in the response." })
}
