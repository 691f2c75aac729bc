//! The documents in `assets/protocol/` are what the types say. After a change of the types:
//! `BATON_WRITE=1 cargo test --test protocol_schema`.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use baton::protocol::schema::documents;
use serde_json::Value;

#[test]
fn the_documents_are_not_stale() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/protocol");
    for (name, text) in documents() {
        let file = folder.join(name);
        if std::env::var_os("BATON_WRITE").is_some() {
            std::fs::write(&file, &text).unwrap();
        }
        let stored = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            stored == text,
            "assets/protocol/{name} is stale: run BATON_WRITE=1 cargo test --test protocol_schema"
        );
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let documents: Vec<(&str, Value)> =
        documents().into_iter().map(|(n, t)| (n, serde_json::from_str(&t).unwrap())).collect();
    let mut seen = 0;
    for (name, document) in &documents {
        let mut todo = vec![document];
        while let Some(value) = todo.pop() {
            if let Some(to) = value.get("$ref").and_then(Value::as_str) {
                let (file, pointer) = to.split_once('#').unwrap();
                let file = if file.is_empty() { name } else { file };
                let target = documents.iter().find(|(n, _)| *n == file).unwrap_or_else(|| panic!("{to}"));
                assert!(target.1.pointer(pointer).is_some(), "{name}: {to} leads nowhere");
                seen += 1;
            }
            match value {
                Value::Object(map) => todo.extend(map.values()),
                Value::Array(list) => todo.extend(list),
                _ => {}
            }
        }
    }
    assert!(seen > 50, "{seen}");
}
