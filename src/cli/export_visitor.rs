//! `baton export --visitor`: all there is of one visitor, for the visitor.

use std::path::Path;

use serde_json::{Value, json};

use super::Failure;
use super::backup::{now, refused};
use super::local;
use super::visitor_name::visitors;
use crate::log::audit::{self, Actor, Deed, Entry, Target};
use crate::log::{Readers, StoreError};
use crate::text::inert_json;

/// What only agents see and say among themselves.
const AMONG_AGENTS: &[&str] = &["note.added", "handoff.initiated", "tagged", "prioritised"];

/// The document: every conversation of the visitor on every site, with every event as the log has it. Read from the store
/// itself, in one transaction a visitor, so that nothing is left out that a console would not show.
///
/// # Errors
/// Nobody is meant, or the store cannot be read.
pub(super) fn document(data: &Path, named: &str, notes: bool) -> Result<String, Failure> {
    let readers = Readers::of(data, 1).map_err(refused)?;
    let mut all = Vec::new();
    for (visitor, conversations) in visitors(data, named)? {
        let read = readers.with(|r| {
            let mut found = Vec::new();
            for id in conversations {
                let Some(c) = r.conversation(id)? else { continue };
                let mut events = r.raw_events(id)?;
                if !notes {
                    events.retain(|e| !AMONG_AGENTS.contains(&e["type"].as_str().unwrap_or_default()));
                    events.iter_mut().for_each(without_reasons);
                }
                found.push(json!({
                    "id": id,
                    "site": c.site,
                    "state": c.state.word(),
                    "name": c.visitor.as_ref().and_then(|v| v.name.clone()),
                    "email": c.visitor.as_ref().and_then(|v| v.email.clone()),
                    "started_at": c.started_at,
                    "last_at": c.last_at,
                    "seen": r.seen(id)?,
                    "events": events,
                }));
            }
            Ok::<Vec<Value>, StoreError>(found)
        });
        let conversations = read.map_err(|e| local(&e.into()))?;
        all.push(json!({ "visitor": visitor, "conversations": conversations }));
    }
    let document = json!({ "format": "baton.visitor/1", "made_at": now(), "visitors": all });
    let text = serde_json::to_string_pretty(&document)
        .map_err(|e| Failure::Refused(format!("no JSON form: {e}")))?;
    Ok(format!("{}\n", inert_json(&text)))
}

/// Notes in the audit trail that it was written out.
///
/// # Errors
/// It cannot be noted; then it is not to be written out.
pub(super) fn note(data: &Path, named: &str) -> Result<(), Failure> {
    for (id, _) in visitors(data, named)? {
        let entry = Entry::new(Actor::here(), Deed::Exported, Target::Visitor { id, site: None });
        audit::append_to(data, &entry).map_err(|e| {
            Failure::Refused(format!("nothing was written out: it cannot be noted in the audit trail: {e}"))
        })?;
    }
    Ok(())
}

/// How an answer of the assistant came about is the agents', too.
fn without_reasons(event: &mut Value) {
    if let Some(d) = event.get_mut("d").and_then(Value::as_object_mut) {
        d.remove("turn");
    }
}
