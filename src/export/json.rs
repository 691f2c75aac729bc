//! JSON: one object a conversation, on one line. The shape is stable: fields are added, never renamed or removed.
//!
//! ```text
//! { "format": "baton.conversation/1",
//!   "id", "site", "state", "holder": {"kind", "id", "name"}, "visitor": {"id", "name", "email"},
//!   "page": {"url", "title"}, "reason", "ticket", "group", "started_at", "last_message_at", "resolved_at",
//!   "episode", "version",
//!   "priority", "tags", "card": {"summary", "wants", "facts", "tried", "why", "mood"},     (null without notes)
//!   "entries": [ {"seq", "version", "at", "kind": "message"|"note"|"notice"|"event",
//!                 "author": "visitor"|"assistant"|"agent"|"system", "name", "text",
//!                 "raw", "id", "sources": [{"title", "url"}], "attachments": [{"name", "mime", "size"}]} ] }
//! ```
//!
//! All text is inert, so that it can be printed as it is. Where that changed something, `raw` holds the text as it arrived
//! (escaped in the file); elsewhere it is left out, as are empty `sources` and `attachments` and an absent `id`.

use serde_json::{Map, Value, json};

use super::Options;
use super::said::{Said, said};
use crate::conversation::{Conversation, Entry, RowHolder, State};
use crate::text::{Untrusted, inert_json};

/// What the field `format` says. The number rises should a field ever change its meaning.
pub const FORMAT: &str = "baton.conversation/1";

pub(super) fn write(conversation: &Conversation, entries: &[Entry], options: &Options) -> String {
    inert_json(&object(conversation, entries, options).to_string()) + "\n"
}

fn object(c: &Conversation, entries: &[Entry], options: &Options) -> Value {
    let holder = RowHolder::from(&c.holder);
    let handoff = c.handoff.as_ref();
    let card = handoff.filter(|_| options.notes).map(|h| cleaned(json!(h.card)));
    let resolved = c.resolved.as_ref().filter(|_| c.state == State::Resolved).map(|(at, _)| at);
    json!({
        "format": FORMAT,
        "id": c.id,
        "site": c.site,
        "state": c.state,
        "holder": cleaned(json!({ "kind": holder.kind, "id": holder.id, "name": holder.name })),
        "visitor": c.visitor.as_ref().map(|v| cleaned(json!({ "id": v.id, "name": v.name, "email": v.email }))),
        "page": c.source_page().map(|p| cleaned(json!({ "url": p.url, "title": p.title }))),
        "reason": handoff.map(|h| h.reason),
        "ticket": c.ticket,
        "group": cleaned(json!(c.group)),
        "priority": options.notes.then_some(c.priority),
        "tags": options.notes.then(|| cleaned(json!(c.tags))),
        "started_at": c.started_at,
        "last_message_at": c.last_message_at,
        "resolved_at": resolved,
        "episode": c.episode,
        "version": c.version,
        "card": card,
        "entries": said(c, entries, options).map(entry).collect::<Vec<_>>(),
    })
}

fn entry(said: Said) -> Value {
    let text = Untrusted::new(said.text.as_str()).display();
    let mut value = json!({
        "seq": said.seq, "version": said.version, "at": said.at, "kind": said.kind.word(), "author": said.author,
        "name": cleaned(json!(said.name)), "text": text,
    });
    if text.as_str() != said.text {
        value["raw"] = json!(said.text);
    }
    if let Some(id) = said.id {
        value["id"] = json!(id);
    }
    if !said.sources.is_empty() {
        value["sources"] = cleaned(json!(said.sources));
    }
    if !said.attachments.is_empty() {
        let files: Vec<Value> = said
            .attachments
            .iter()
            .map(|file| json!({ "name": file.name, "mime": file.mime, "size": file.size }))
            .collect();
        value["attachments"] = cleaned(Value::Array(files));
    }
    value
}

/// The same with every string in it made inert.
fn cleaned(value: Value) -> Value {
    match value {
        Value::String(text) => json!(Untrusted::new(text).display()),
        Value::Array(all) => all.into_iter().map(cleaned).collect(),
        Value::Object(all) => {
            Value::Object(all.into_iter().map(|(k, v)| (k, cleaned(v))).collect::<Map<_, _>>())
        }
        other => other,
    }
}
