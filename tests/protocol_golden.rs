//! Golden frames: every kind of frame, both ways, is on the wire what `tests/golden/` says. After a change that is meant:
//! `BATON_WRITE=1 cargo test --test protocol_golden`, and read the difference.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/samples.rs"]
#[allow(dead_code)]
mod samples;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use baton::conversation::{Cid, Event};
use baton::protocol::{
    AgentEph, AgentOp, Control, Frame, FromClient, VisitorEph, VisitorEvent, VisitorOp, WireError,
    encode_control, encode_eph, encode_event_tail, encode_request, encode_response, encode_row_tail,
    event_body, splice_prev, visitor_view,
};
use serde_json::{Value, json};

type Frames = BTreeMap<String, Value>;

/// Compares with the stored frames, and gives those back.
fn golden(file: &str, made: Vec<(String, String)>) -> Frames {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file);
    let count = made.len();
    let made: Frames = made.into_iter().map(|(n, f)| (n, serde_json::from_str(&f).unwrap())).collect();
    assert_eq!(made.len(), count, "{file}: two frames of one name");
    if std::env::var_os("BATON_WRITE").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
    }
    let stored: Frames = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let names = |f: &Frames| f.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&made), names(&stored), "{file}");
    for (name, frame) in &made {
        assert_eq!(frame, &stored[name], "{file}: {name}");
    }
    stored
}

fn frame(value: &Value) -> Frame {
    serde_json::from_value(value.clone()).unwrap_or_else(|e| panic!("{e}: {value}"))
}

#[test]
fn requests_of_agents() {
    let ops = samples::agent_ops();
    let made =
        ops.iter().map(|op| (samples::agent_op_name(op).to_owned(), encode_request("r7", op).unwrap()));
    let stored = golden("agent_requests.json", made.collect());
    assert_eq!(stored.len(), ops.len());
    for op in ops {
        let text = stored[samples::agent_op_name(&op)].to_string();
        let Ok(FromClient::Request(request)) = FromClient::parse(&text) else { panic!("{text}") };
        assert_eq!((request.id, request.op), ("r7", samples::agent_op_name(&op)));
        assert_eq!(AgentOp::parse(request.op, request.d), Ok(op));
    }
}

#[test]
fn requests_of_visitors() {
    let ops = samples::visitor_ops();
    let made =
        ops.iter().map(|op| (samples::visitor_op_name(op).to_owned(), encode_request("r7", op).unwrap()));
    let stored = golden("visitor_requests.json", made.collect());
    assert_eq!(stored.len(), ops.len());
    for op in ops {
        let text = stored[samples::visitor_op_name(&op)].to_string();
        let Ok(FromClient::Request(request)) = FromClient::parse(&text) else { panic!("{text}") };
        assert_eq!(VisitorOp::parse(request.op, request.d), Ok(op));
    }
}

/// Whoever sends a field that does not exist hears of it, wherever it stands.
#[test]
fn unknown_and_repeated_fields_are_refused() {
    let of_agents = samples::agent_ops().into_iter().map(|op| encode_request("r7", &op).unwrap());
    let of_visitors = samples::visitor_ops().into_iter().map(|op| encode_request("r7", &op).unwrap());
    let parse = |agent: bool, text: &str| -> Result<(), WireError> {
        match FromClient::parse(text)? {
            FromClient::Request(r) if agent => AgentOp::parse(r.op, r.d).map(drop),
            FromClient::Request(r) => VisitorOp::parse(r.op, r.d).map(drop),
            FromClient::Control(_) => Ok(()),
        }
    };
    for (agent, text) in of_agents.map(|t| (true, t)).chain(of_visitors.map(|t| (false, t))) {
        assert_eq!(parse(agent, &text), Ok(()), "{text}");
        let good: Value = serde_json::from_str(&text).unwrap();
        for place in ["", "/d"] {
            let mut bad = good.clone();
            bad.pointer_mut(place).unwrap()["surprise"] = json!(1);
            let error = parse(agent, &bad.to_string()).expect_err(&text);
            assert_eq!(error.code, "request.malformed", "{bad}");
            assert!(error.message.contains("surprise"), "{error}");
        }
        let twice = text.replacen("{\"t\":\"req\",", "{\"t\":\"req\",\"id\":\"r8\",", 1);
        assert!(parse(agent, &twice).is_err(), "{twice}");
        for (name, value) in good["d"].as_object().unwrap() {
            let once = format!("\"d\":{{\"{name}\":{value},");
            let twice = text.replacen("\"d\":{", &once, 1);
            assert!(parse(agent, &twice).is_err(), "{twice}");
        }
    }
}

/// What clients and servers of before said is still understood: whatever was added since is optional.
#[test]
fn frames_of_before_still_parse() {
    let mut ok = serde_json::to_value(samples::agent_auth_ok()).unwrap();
    ok.as_object_mut().unwrap().remove("reads");
    assert_eq!(serde_json::from_value::<baton::protocol::AgentAuthOk>(ok).unwrap().reads, []);
    let mut ok = serde_json::to_value(samples::watch_ok()).unwrap();
    ok.as_object_mut().unwrap().remove("seen");
    assert_eq!(serde_json::from_value::<baton::protocol::WatchOk>(ok).unwrap().seen, None);
    let mut ok = serde_json::to_value(samples::search_ok()).unwrap();
    ok.as_object_mut().unwrap().remove("next");
    assert_eq!(serde_json::from_value::<baton::protocol::SearchOk>(ok).unwrap().next, None);
    let mut ok = serde_json::to_value(samples::visitor_auth_ok()).unwrap();
    ok["conversation"].as_object_mut().unwrap().remove("version");
    assert!(serde_json::from_value::<baton::protocol::VisitorAuthOk>(ok).is_ok());
    let presence = json!({
        "type": "presence", "conversation": "01900000-0000-7000-8000-000000000001", "online": true
    });
    assert!(matches!(serde_json::from_value(presence).unwrap(), AgentEph::Presence { since: None, .. }));
    let search = r#"{"t":"req","id":"r","op":"search","d":{"query":"order","limit":10}}"#;
    let Ok(FromClient::Request(request)) = FromClient::parse(search) else { panic!("{search}") };
    assert!(AgentOp::parse(request.op, request.d).is_ok());
}

#[test]
fn what_is_no_frame_is_refused_with_its_reason() {
    for (text, says) in [
        ("", "not a frame"),
        ("null", "not a frame"),
        ("[]", "not a frame"),
        ("{}", "missing field"),
        (r#"{"t":"req"}"#, "missing field"),
        (r#"{"t":"ev","seq":1}"#, "clients send req and ctl"),
        (r#"{"t":"\u001b[2J"}"#, "not a frame"),
        (r#"{"t":"ctl","type":"reboot"}"#, "heartbeat and ack"),
        (r#"{"t":"ctl","type":"goaway","in_ms":1}"#, "unknown field"),
        (r#"{"t":"ctl","type":"snapshot"}"#, "heartbeat and ack"),
        (r#"{"t":"ctl","type":"heartbeat","surprise":1}"#, "surprise"),
        (r#"{"t":"ctl","type":"ack"}"#, "an ack has a seq"),
        (r#"{"t":"ctl","type":"ack","seq":-1}"#, "not a frame"),
        (r#"{"t":"req","id":7,"op":"list","d":{}}"#, "invalid type"),
        (r#"{"t":"req","id":"r","op":"list","d":{}} trailing"#, "trailing"),
        (
            r#"{"t":"req","id":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","op":"list"}"#,
            "64 bytes",
        ),
    ] {
        let error = FromClient::parse(text).expect_err(text);
        assert_eq!(error.code, "request.malformed");
        assert!(error.message.contains(says), "{text}: {error}");
    }
    let deep = "[".repeat(100_000);
    assert!(FromClient::parse(&deep).is_err());
    let deep =
        format!(r#"{{"t":"req","id":"r","op":"page","d":{}1{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
    if let Ok(FromClient::Request(r)) = FromClient::parse(&deep) {
        assert!(VisitorOp::parse(r.op, r.d).is_err());
    }
    let error = VisitorOp::parse("accept", None).unwrap_err();
    assert_eq!(error.code, "request.unknown_op");
    let error = AgentOp::parse("\u{1b}[2J", None).unwrap_err();
    assert!(!error.message.contains('\u{1b}'), "{error}");
    let lone = r#"{"t":"req","id":"r","op":"message.send","d":{"cid":"01900000-0000-7000-8000-000000000002","text":"\ud800"}}"#;
    let refused = match FromClient::parse(lone) {
        Ok(FromClient::Request(r)) => VisitorOp::parse(r.op, r.d).is_err(),
        _ => true,
    };
    assert!(refused, "half a surrogate is no text");
}

#[test]
fn control_frames() {
    let all = samples::controls();
    let made = all.iter().map(|c| (samples::control_name(c).to_owned(), encode_control(c).unwrap()));
    let stored = golden("control.json", made.collect());
    for control in all {
        let value = &stored[samples::control_name(&control)];
        let Frame::Ctl(ctl) = frame(value) else { panic!("{value}") };
        assert_eq!(serde_json::from_value::<Control>(ctl).unwrap(), control);
        // Of these, clients send two.
        let text = value.to_string();
        match FromClient::parse(&text) {
            Ok(FromClient::Control(parsed)) => assert_eq!(parsed, control),
            other => assert!(
                other.is_err() && !matches!(control, Control::Heartbeat { .. } | Control::Ack { .. }),
                "{text}"
            ),
        }
    }
}

fn event_frame(event: &Event) -> String {
    let tail =
        encode_event_tail(1043, samples::AT, samples::conversation_id(), 12, &event_body(event).unwrap());
    splice_prev("ev", 1041, &tail)
}

#[test]
fn events_for_agents() {
    let all = samples::events();
    let types: BTreeSet<&str> = all.iter().map(|(_, e)| e.name()).collect();
    assert_eq!(types.len(), 26, "a new event needs a sample");
    let made = all.iter().map(|(name, e)| ((*name).to_owned(), event_frame(e)));
    let stored = golden("agent_events.json", made.collect());
    for (name, event) in all {
        let Frame::Ev { seq, prev, at, conversation, version, kind, d } = frame(&stored[name]) else {
            panic!("{name}")
        };
        assert_eq!((seq, prev, at, version), (1043, 1041, samples::AT, 12));
        assert_eq!(conversation, samples::conversation_id());
        assert_eq!(kind, event.name());
        let read: Event = serde_json::from_value(json!({ "type": kind, "d": d })).unwrap_or_else(|_| {
            // Events without fields have no `d` at all.
            serde_json::from_value(json!({ "type": kind })).unwrap()
        });
        assert_eq!(read, event);
    }
}

#[test]
fn events_for_visitors() {
    let view = |event: &Event| visitor_view(1043, samples::AT, event, Some(samples::cid()));
    let made = samples::events().into_iter().filter_map(|(name, event)| {
        let body = serde_json::to_string(&view(&event)?).unwrap();
        let tail = encode_event_tail(1043, samples::AT, samples::conversation_id(), 12, &body);
        Some((name.to_owned(), splice_prev("ev", 1041, &tail)))
    });
    let stored = golden("visitor_events.json", made.collect());
    for (name, event) in samples::events() {
        let Some(expected) = view(&event) else {
            assert!(!stored.contains_key(name), "{name} is not the visitor's to see");
            continue;
        };
        let Frame::Ev { kind, d, .. } = frame(&stored[name]) else { panic!("{name}") };
        let read: VisitorEvent = serde_json::from_value(json!({ "type": kind, "d": d })).unwrap();
        assert_eq!(read, expected, "{name}");
    }
}

/// An allow-list is only one if nothing else gets through: no note, reason, evidence, id of an agent, or other epoch.
#[test]
fn nothing_of_the_agents_reaches_a_visitor() {
    let made = samples::events()
        .into_iter()
        .filter_map(|(_, event)| visitor_view(1, samples::AT, &event, None::<Cid>));
    let all = made.map(|v| serde_json::to_string(&v).unwrap()).collect::<String>();
    for secret in [
        "careful",
        "lunch",
        "billing",
        "evidence",
        "score 0.71",
        "human_requested",
        "A-1042",
        "refund",
        "urgent",
        "Zurich",
        "Firefox",
        "three days",
        "710",
        "epoch",
        "turn",
        "mia@example.com",
        &samples::dana().id.to_string(),
        &samples::eli().id.to_string(),
    ] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
}

#[test]
fn rows() {
    let id = samples::conversation_id();
    let row = samples::row();
    let some = splice_prev("row", 1041, &encode_row_tail(1043, id, 12, Some(&row)).unwrap());
    let none = splice_prev("row", 1041, &encode_row_tail(1043, id, 12, None).unwrap());
    let stored = golden("rows.json", vec![("row".into(), some), ("gone".into(), none)]);
    let Frame::Row { seq, prev, d, .. } = frame(&stored["row"]) else { panic!("row") };
    assert_eq!((seq, prev, d), (1043, 1041, Some(Box::new(row))));
    assert!(matches!(frame(&stored["gone"]), Frame::Row { d: None, .. }));
}

#[test]
fn passing_things() {
    let agents = samples::agent_ephs();
    let made = agents.iter().map(|e| (samples::agent_eph_name(e).to_owned(), encode_eph(e).unwrap()));
    let stored = golden("agent_passing.json", made.collect());
    for eph in agents {
        let Frame::Eph(value) = frame(&stored[samples::agent_eph_name(&eph)]) else { panic!("{eph:?}") };
        assert_eq!(serde_json::from_value::<AgentEph>(value).unwrap(), eph);
    }
    let visitors = samples::visitor_ephs();
    let made = visitors.iter().map(|e| (samples::visitor_eph_name(e).to_owned(), encode_eph(e).unwrap()));
    let stored = golden("visitor_passing.json", made.collect());
    for eph in visitors {
        let Frame::Eph(value) = frame(&stored[samples::visitor_eph_name(&eph)]) else { panic!("{eph:?}") };
        assert_eq!(serde_json::from_value::<VisitorEph>(value).unwrap(), eph);
    }
}

#[test]
fn responses() {
    fn good(d: &impl serde::Serialize, seq: Option<u64>) -> String {
        encode_response("r7", Ok(d), seq).unwrap()
    }
    fn bad(error: &WireError) -> String {
        encode_response("r7", Err::<&(), _>(error), None).unwrap()
    }
    let refusal = WireError::new("conversation.already_taken", "taken by Dana")
        .with(json!({ "by": { "name": "Dana" } }));
    let made = [
        ("agent auth", good(&samples::agent_auth_ok(), None)),
        ("visitor auth", good(&samples::visitor_auth_ok(), None)),
        ("list", good(&samples::list_ok(), None)),
        ("watch", good(&samples::watch_ok(), None)),
        ("history", good(&samples::history_ok(), None)),
        ("search", good(&samples::search_ok(), None)),
        ("mail list", good(&samples::mail_list_ok(), None)),
        ("a change", good(&samples::answered(), Some(1043))),
        ("nothing to say", good(&json!({}), None)),
        ("refused", bad(&refusal)),
        ("too fast", bad(&WireError::rate_limited(400))),
        ("our fault", bad(&WireError::internal())),
    ];
    let stored = golden("responses.json", made.map(|(n, f)| (n.to_owned(), f)).into());
    let d = |name: &str| match frame(&stored[name]) {
        Frame::Res { ok: true, d, .. } => d,
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(
        serde_json::from_value::<baton::protocol::AgentAuthOk>(d("agent auth")).unwrap(),
        samples::agent_auth_ok()
    );
    assert_eq!(
        serde_json::from_value::<baton::protocol::VisitorAuthOk>(d("visitor auth")).unwrap(),
        samples::visitor_auth_ok()
    );
    assert_eq!(serde_json::from_value::<baton::protocol::ListOk>(d("list")).unwrap(), samples::list_ok());
    assert_eq!(serde_json::from_value::<baton::protocol::WatchOk>(d("watch")).unwrap(), samples::watch_ok());
    assert_eq!(
        serde_json::from_value::<baton::protocol::HistoryOk>(d("history")).unwrap(),
        samples::history_ok()
    );
    assert_eq!(
        serde_json::from_value::<baton::protocol::SearchOk>(d("search")).unwrap(),
        samples::search_ok()
    );
    assert_eq!(
        serde_json::from_value::<baton::protocol::MailListOk>(d("mail list")).unwrap(),
        samples::mail_list_ok()
    );
    assert_eq!(
        serde_json::from_value::<baton::protocol::Answered>(d("a change")).unwrap(),
        samples::answered()
    );
    let Frame::Res { ok: false, error, .. } = frame(&stored["refused"]) else { panic!("refused") };
    assert_eq!(error, Some(refusal));
}
