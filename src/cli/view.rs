//! How conversations and their entries read: for people, and as JSON.

use serde_json::{Value, json};

use super::out::{inert, inert_block};
use crate::conversation::{Author, Entry, EntryKind, Row, RowHolder, Time, VisitorRef};

/// A wait as people say it: `42s`, `7m`, `3h`, `2d`.
pub(super) fn wait_words(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// Whole seconds somebody has been waiting; 0 where nobody does.
pub(super) fn waiting_s(row: &Row, now: Time) -> i64 {
    row.waits_since().map_or(0, |since| now.since_ms(since) / 1000)
}

/// Who a visitor is to an agent.
pub(super) fn visitor_name(visitor: &VisitorRef) -> String {
    match &visitor.name {
        Some(name) if !name.trim().is_empty() => inert(name),
        _ => format!("visitor {}", &visitor.id.short()[..4]),
    }
}

fn holder_words(holder: &RowHolder) -> String {
    holder.name.as_deref().map_or_else(|| holder.kind.clone(), inert)
}

/// A line of a list.
pub(super) fn row_line(row: &Row, now: Time) -> String {
    let wait = wait_words(waiting_s(row, now));
    let reason = row.reason.map_or("", |reason| reason.words());
    let page = row.page.as_ref().map(|page| inert(&page.url)).unwrap_or_default();
    let ticket = if row.ticket { " (ticket)" } else { "" };
    format!(
        "{}  {:9} {:>4}  {} · {} · {}{}\n          {}\n          {}",
        row.id.short(),
        row.state.word(),
        wait,
        visitor_name(&row.visitor),
        holder_words(&row.holder),
        if reason.is_empty() { "no handoff" } else { reason },
        ticket,
        inert(&row.summary),
        if page.is_empty() { "(no page)" } else { &page },
    )
}

/// A line as JSON: the fields that are promised, and more.
pub(super) fn row_json(row: &Row, now: Time) -> Value {
    json!({
        "id": row.id,
        "state": row.state,
        "holder": { "kind": row.holder.kind, "name": row.holder.name, "id": row.holder.id },
        "site": row.site,
        "visitor": { "name": row.visitor.name, "email": row.visitor.email, "id": row.visitor.id },
        "page": row.page.as_ref().map(|page| &page.url),
        "page_title": row.page.as_ref().and_then(|page| page.title.as_deref()),
        "reason": row.reason,
        "summary": row.summary,
        "waiting_s": waiting_s(row, now),
        "ticket": row.ticket,
        "queued_at": row.queued_at,
        "waiting_since": row.waiting_since,
        "held_since": row.held_since,
        "answered": row.answered,
        "started_at": row.started_at,
        "last_message_at": row.last_message_at,
        "last_text": row.last_text,
        "last_author": row.last_author,
        "resolved_at": row.resolved_at,
        "snoozed_until": row.snoozed_until,
        "tags": row.tags,
        "priority": row.priority,
        "messages": row.messages,
        "epoch": row.epoch,
        "version": row.version,
    })
}

/// An entry as a message of `show --json`; none for markers.
pub(super) fn entry_json(entry: &Entry, visitor: Option<&str>) -> Option<Value> {
    let (author, name, text, id) = match &entry.kind {
        EntryKind::Message(message) => {
            let name = match &message.author {
                Author::Visitor => visitor,
                Author::Assistant => None,
                Author::Agent(agent) => Some(agent.name.as_str()),
            };
            (message.author_word(), name, &message.text, Some(message.id))
        }
        EntryKind::Note { id, by, text } => ("note", Some(by.as_str()), text, Some(*id)),
        EntryKind::Notice { text } => ("system", None, text, None),
        EntryKind::Marker { .. } => return None,
    };
    let (seq, at, version) = (entry.seq, entry.at, entry.version);
    let mut value = json!({ "author": author, "name": name, "text": text, "seq": seq, "at": at, "version": version, "id": id });
    if let EntryKind::Message(message) = &entry.kind
        && !message.sources.is_empty()
    {
        value["sources"] = json!(message.sources);
    }
    Some(value)
}

/// An entry as lines for people. What was said stands behind its author; further lines are set in.
pub(super) fn entry_lines(entry: &Entry, visitor: &str) -> String {
    let said = |who: &str, text: &str| format!("{who}: {}", inert_block(text, "    "));
    match &entry.kind {
        EntryKind::Message(message) => match &message.author {
            Author::Visitor => said(visitor, &message.text),
            Author::Assistant => said("assistant", &message.text),
            Author::Agent(agent) => said(&inert(&agent.name), &message.text),
        },
        EntryKind::Note { by, text, .. } => said(&format!("(note) {}", inert(by)), text),
        EntryKind::Notice { text } => said("notice", text),
        EntryKind::Marker { who, what, about } => {
            let who = who.as_deref().map(|who| format!("{} ", inert(who))).unwrap_or_default();
            let about = about.as_deref().map(|about| format!(": {}", inert(about))).unwrap_or_default();
            format!("-- {who}{what}{about}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_in_words() {
        for (seconds, words) in
            [(0, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (3600, "1h"), (200_000, "2d")]
        {
            assert_eq!(wait_words(seconds), words);
        }
    }

    #[test]
    fn a_stranger_cannot_write_a_line_of_ours() {
        let entry = Entry {
            seq: 1,
            version: 1,
            at: Time(0),
            kind: EntryKind::Note {
                id: crate::conversation::MessageId::NIL,
                by: "A\nb".into(),
                text: "x\nnotice: y".into(),
            },
        };
        assert_eq!(entry_lines(&entry, "visitor"), "(note) A⏎b: x\n    notice: y");
    }
}
