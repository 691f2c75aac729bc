//! What a visitor's socket starts from, read from the log in one read transaction.

use crate::conversation::{
    Conversation, ConversationId, EntryKind, Event, RowHolder, SiteId, State, VisitorId, VisitorRef,
};
use crate::log::{Reader, StoreError, StoredEvent};
use crate::protocol::{SyncMode, VisitorConversation, VisitorMessage, encode_event_tail, visitor_view};

/// Events replayed at most; further back a snapshot is cheaper.
const REPLAY: usize = 2_000;
/// Messages of a snapshot at most, and their bytes: the newest count.
const MESSAGES: usize = 500;
const BYTES: usize = 256 * 1024;

/// A start.
pub(super) struct Start {
    pub(super) head: u64,
    pub(super) mode: SyncMode,
    pub(super) conversation: Option<VisitorConversation>,
    pub(super) visitor: Option<VisitorRef>,
    /// Frames without `prev`, with their seq, in order.
    pub(super) replay: Vec<(u64, String)>,
}

/// What came after a position.
pub(super) struct Missed {
    pub(super) head: u64,
    pub(super) events: Vec<(u64, String)>,
    pub(super) conversation: Option<ConversationId>,
}

impl Start {
    /// A new visitor's.
    pub(super) fn empty(head: u64) -> Self {
        Self { head, mode: SyncMode::Snapshot, conversation: None, visitor: None, replay: Vec::new() }
    }
}

/// Reads a start. `after`: the client's own position, where its log is this one.
pub(super) fn start(
    r: &Reader,
    site: &SiteId,
    visitor: VisitorId,
    after: Option<u64>,
) -> Result<Start, StoreError> {
    let head = r.head()?;
    let Some(id) = r.current_of(site, visitor)? else {
        let mode = if after.is_some_and(|a| a <= head) { SyncMode::Resumed } else { SyncMode::Snapshot };
        return Ok(Start { mode, ..Start::empty(head) });
    };
    let Some(c) = r.conversation(id)? else { return Ok(Start::empty(head)) };
    let resumed = match after {
        Some(after) if after <= head => events_after(r, site, visitor, id, after)?,
        _ => None,
    };
    let mode = if resumed.is_some() { SyncMode::Resumed } else { SyncMode::Snapshot };
    let messages = match resumed {
        Some(_) => None,
        None => Some(transcript(r, &c)?),
    };
    let position = match c.state {
        State::Queued if !c.ticket => r.queue_position(id)?,
        _ => None,
    };
    Ok(Start {
        head,
        mode,
        replay: resumed.unwrap_or_default(),
        visitor: c.visitor.clone(),
        conversation: Some(VisitorConversation {
            id,
            state: c.state,
            holder: holder(&c),
            epoch: c.epoch,
            version: c.version,
            position,
            ticket: c.ticket,
            lead_wanted: c.lead_wanted,
            messages,
        }),
    })
}

/// Reads what came after `after`; none where that is too much to replay.
pub(super) fn missed(
    r: &Reader,
    site: &SiteId,
    visitor: VisitorId,
    after: u64,
) -> Result<Option<Missed>, StoreError> {
    let head = r.head()?;
    let Some(id) = r.current_of(site, visitor)? else {
        return Ok(Some(Missed { head, events: Vec::new(), conversation: None }));
    };
    let events = events_after(r, site, visitor, id, after)?;
    Ok(events.map(|events| Missed { head, events, conversation: Some(id) }))
}

/// A visitor needs the agent's name, not their id.
fn holder(c: &Conversation) -> RowHolder {
    RowHolder { id: None, ..RowHolder::from(&c.holder) }
}

/// The visible events after a position, of the latest conversation and, where that began after it, of those before.
fn events_after(
    r: &Reader,
    site: &SiteId,
    visitor: VisitorId,
    latest: ConversationId,
    after: u64,
) -> Result<Option<Vec<(u64, String)>>, StoreError> {
    let mut stored = r.events_of(latest, after, REPLAY + 1)?;
    let began_after = stored.first().is_some_and(|e| e.version == 1);
    if began_after && after > 0 {
        for earlier in r.of_visitor(site, visitor, latest, 8)? {
            stored.extend(r.events_of(earlier.id, after, REPLAY + 1)?);
        }
        stored.sort_by_key(|e| e.seq);
    }
    if stored.len() > REPLAY {
        return Ok(None);
    }
    Ok(Some(stored.iter().filter_map(|e| tail(e).map(|t| (e.seq, t))).collect()))
}

fn tail(e: &StoredEvent) -> Option<String> {
    let view = visitor_view(e.seq, e.at, &e.event, e.visitor_cid)?;
    let body = serde_json::to_string(&view).expect("a projection is plain data");
    Some(encode_event_tail(e.seq, e.at, e.conversation, e.version, &body))
}

/// The newest messages and notices, oldest first.
fn transcript(r: &Reader, c: &Conversation) -> Result<Vec<VisitorMessage>, StoreError> {
    const CHUNK: usize = 1_000;
    // Entries do not carry client ids, events do: find where the tail begins, then read its events.
    let mut after = 0;
    if c.version > CHUNK as u64 {
        let (entries, _) = r.entries(c.id, None, MESSAGES)?;
        let said =
            entries.iter().find(|e| matches!(e.kind, EntryKind::Message(_) | EntryKind::Notice { .. }));
        after = said.map_or(0, |e| e.seq.saturating_sub(1));
    }
    let mut messages = Vec::new();
    loop {
        let events = r.events_of(c.id, after, CHUNK)?;
        let Some(last) = events.last() else { break };
        after = last.seq;
        messages.extend(events.iter().filter_map(said));
        if events.len() < CHUNK {
            break;
        }
    }
    let mut bytes = 0;
    let keep = messages.iter().rev().take(MESSAGES).take_while(|m| {
        bytes += m.text.len() + 300;
        bytes <= BYTES
    });
    let keep = keep.count();
    messages.drain(..messages.len() - keep);
    Ok(messages)
}

fn said(e: &StoredEvent) -> Option<VisitorMessage> {
    match &e.event {
        Event::MessagePosted(m) => Some(VisitorMessage::of(m, e.seq, e.at, e.visitor_cid)),
        Event::NoticePosted { id, text, .. } => Some(VisitorMessage {
            id: *id,
            seq: e.seq,
            at: e.at,
            author: "system".into(),
            name: None,
            text: text.clone(),
            cid: None,
            sources: Vec::new(),
            attachments: Vec::new(),
        }),
        _ => None,
    }
}
