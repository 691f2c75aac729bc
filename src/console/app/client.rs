//! What the client reports, taken in. Text is cleaned here, at the door; unknown and late things are skipped.

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::door::{AgentView, ContextView, RowView, Said, Who, block, line};
use super::effect::{Effect, Tag};
use super::event::TimerId;
use super::state::{Confirm, Link, Open, Pending, Presence, State, Typing};
use super::transcript::Transcript;
use super::update::{next_ask, say, toast};
use super::why::TurnView;
use super::{batch, blocking, claiming, commands, compose, mail, piping, search, sending, unread};
use crate::client::{self, ClientEvent};
use crate::conversation::{
    AgentId, ConversationId, Entry, EntryKind, Event as Happened, Row, State as Standing, Time,
};
use crate::protocol::{AgentAuthOk, AgentEph, Answered, HistoryOk, ListOk, SyncMode, WatchOk, WireError};
use crate::text::SafeText;

/// How long somebody's typing is believed, milliseconds (PROTOCOL.md: 6 s).
const TYPING_MS: u64 = 6_000;

pub(super) fn on_client(state: &mut State, event: ClientEvent, fx: &mut Vec<Effect>) {
    match event {
        ClientEvent::Link(link) => on_link(state, link),
        ClientEvent::Welcome(welcome) => on_welcome(state, &welcome, fx),
        ClientEvent::Snapshot { rows, more, .. } => on_snapshot(state, &rows, more, fx),
        ClientEvent::Row { conversation, row, .. } => on_row(state, conversation, row.as_deref(), fx),
        ClientEvent::Event { seq, at, conversation, version, event } => {
            on_event(state, conversation, (seq, version, at), event.as_deref(), fx);
        }
        ClientEvent::Eph(eph) => on_eph(state, eph, fx),
        ClientEvent::Response { tag, result } => on_response(state, tag, result, fx),
        ClientEvent::Stored { tag } => sending::stored(state, tag, fx),
        ClientEvent::OutboxState { waiting, .. } => state.unsent = waiting,
        ClientEvent::Returned { conversation, kind, text, why } => {
            sending::returned(state, conversation, kind, &text, &why.message, fx);
        }
        ClientEvent::AskFirst { cid, conversation, text, age_ms } => {
            let name = commands::name_of(state, conversation);
            state.asks.push_back(Confirm::Old { cid, name, text: line(&text), age_ms });
            next_ask(state);
        }
        ClientEvent::Drafts(drafts) => {
            for (conversation, kind, text) in drafts {
                compose::found(state, conversation, kind, text);
            }
        }
        ClientEvent::Fatal(why) => state.link = Link::Stopped { why: line(&why) },
    }
}

fn on_link(state: &mut State, link: client::Link) {
    if matches!(state.link, Link::Stopped { .. }) {
        return;
    }
    state.link = match link {
        client::Link::Down { why, .. } => Link::Down { why: line(&why) },
        client::Link::Connecting if matches!(state.link, Link::Down { .. }) => return,
        client::Link::Connecting => Link::Connecting,
        client::Link::Syncing => Link::Syncing,
        client::Link::Live => Link::Live,
    };
    state.lost_at = match &state.link {
        Link::Down { .. } => state.lost_at.or(Some(state.now.mono)),
        Link::Connecting => state.lost_at,
        _ => None,
    };
    if !state.live() {
        state.typing.clear();
        state.viewing.clear();
        state.presence.clear();
        state.told_typing = None;
        if let Some(open) = &mut state.open {
            open.partial = None;
        }
    }
}

fn on_welcome(state: &mut State, welcome: &AgentAuthOk, fx: &mut Vec<Effect>) {
    state.me = Some(AgentView::of(&welcome.agent));
    state.agents = welcome.agents.iter().map(AgentView::of).collect();
    state.groups = welcome.groups.clone();
    state.sites = welcome.sites.iter().map(|site| (line(site.id.as_str()), line(&site.name))).collect();
    let State { site, sites, .. } = state;
    site.take_if(|shown| !sites.iter().any(|(id, _)| id == shown));
    state.skew_ms = welcome.server_time.0.saturating_sub(state.now.wall.0);
    state.warn_after_ms = welcome.warn_after_ms;
    state.return_after_ms = welcome.return_after_ms;
    for (conversation, messages) in &welcome.reads {
        unread::told(state, *conversation, *messages);
    }
    if !state.untold_reads.is_empty() {
        fx.push(Effect::StartTimer { id: TimerId::Read, ms: 1 });
    }
    if welcome.mode == SyncMode::Snapshot {
        state.arriving = Some(HashMap::new());
    } else {
        state.loaded = true;
    }
    state.stale = true;
    if std::mem::take(&mut state.available_on_start) && !welcome.agent.availability.available {
        commands::set_available(state, true, fx);
    }
    mail::welcome(state, welcome, fx);
    // Requests the link died under are answered by the client; a tab that comes by `list` is asked for anew.
    if state.tab() == crate::conversation::Tab::Resolved {
        commands::fetch_resolved(state, fx);
    }
}

fn on_snapshot(state: &mut State, rows: &[Row], more: bool, fx: &mut Vec<Effect>) {
    let mut arriving = state.arriving.take().unwrap_or_default();
    arriving.extend(rows.iter().map(|row| (row.id, RowView::of(row))));
    if more {
        state.arriving = Some(arriving);
        return;
    }
    // Resolved lines are no part of a snapshot; what else is not in it any more is gone.
    for (id, old) in &state.rows {
        let resolved = old.state == Standing::Resolved;
        arriving.entry(*id).or_insert_with(|| RowView { gone: old.gone || !resolved, ..old.clone() });
    }
    // What was passed to me meanwhile is told; what a first snapshot brings is no news.
    let before = std::mem::replace(&mut state.rows, arriving);
    if state.loaded {
        claiming::now_mine_of(state, &before, fx);
    }
    state.loaded = true;
    state.stale = true;
}

fn on_row(state: &mut State, id: ConversationId, row: Option<&Row>, fx: &mut Vec<Effect>) {
    let State { arriving, rows, .. } = state;
    let known = arriving.as_ref().and_then(|arriving| arriving.get(&id)).or(rows.get(&id));
    let before = known.map(|old| old.version);
    let held_by = known.filter(|old| !old.gone).map(|old| old.holder.clone());
    let map = arriving.as_mut().unwrap_or(rows);
    match row {
        Some(row) if before.is_some_and(|version| version > row.version) => return,
        Some(row) => {
            map.insert(id, RowView::of(row));
        }
        None => {
            if let Some(old) = map.get_mut(&id) {
                old.gone = true;
            }
        }
    }
    state.stale = true;
    claiming::now_mine(state, id, held_by.as_ref(), fx);
}

fn on_event(
    state: &mut State,
    conversation: ConversationId,
    (seq, version, at): (u64, u64, Time),
    event: Option<&Happened>,
    fx: &mut Vec<Effect>,
) {
    let me = my_id(state);
    let my_name = my_name(state);
    let reading = state.reading().is_some();
    let State { open, echoes, reads, .. } = state;
    let Some(open) = open.as_mut().filter(|open| open.id == conversation) else { return };
    let Some(fold) = &mut open.fold else { return };
    if version <= fold.version {
        return;
    }
    if version != fold.version + 1 || matches!(event, Some(Happened::Erased { .. })) {
        // A hole, or what is shown was erased: it would be wrong. Ask for everything anew; the answer replaces it.
        fx.push(Effect::Watch { tag: open.tag, conversation });
        return;
    }
    let Some(event) = event else {
        fold.version = version;
        return;
    };
    let read = reads.get(&conversation).copied().unwrap_or(0) >= fold.visitor_messages;
    fold.apply(event, at);
    // No rows come for what is watched: its line is the fold's.
    let row = Row::of(fold);
    if let Some(kind) = EntryKind::of(event) {
        let entry = Entry { seq, version, at, kind };
        if let Some(turn) = TurnView::latest(std::slice::from_ref(&entry)) {
            open.last_turn = Some(turn);
        }
        let said = Said::of(&entry, me, &my_name);
        match said.who {
            // What comes while nobody looks begins a new stretch; what is written below it ends it.
            Who::Visitor if !reading && read => open.transcript.new_from(Some(version)),
            Who::Me => open.transcript.new_from(None),
            _ => {}
        }
        open.transcript.push(said);
    }
    if matches!(event, Happened::MessagePosted(_)) || fold.state != Standing::Assistant {
        open.partial = None;
    }
    open.view = ContextView::of(fold, open.view.as_ref());
    sending::drop_seen(echoes, conversation, version);
    if matches!(event, Happened::MessagePosted(message) if message.author == crate::conversation::Author::Visitor)
    {
        state.typing.remove(&conversation);
    }
    if let Some(row) = row {
        on_row(state, conversation, Some(&row), fx);
    }
}

fn my_id(state: &State) -> Option<AgentId> {
    state.me.as_ref().map(|me| me.id)
}

fn my_name(state: &State) -> SafeText {
    state.me.as_ref().map(|me| me.name.clone()).unwrap_or_default()
}

/// Which conversation something passing is about.
fn about(eph: &AgentEph) -> Option<ConversationId> {
    match eph {
        AgentEph::Typing { conversation, .. }
        | AgentEph::Viewing { conversation, .. }
        | AgentEph::Partial { conversation, .. }
        | AgentEph::Presence { conversation, .. }
        | AgentEph::Seen { conversation, .. }
        | AgentEph::Read { conversation, .. } => Some(*conversation),
        AgentEph::Availability { .. } | AgentEph::AgentRemoved { .. } | AgentEph::Mail(_) => None,
    }
}

fn on_eph(state: &mut State, eph: AgentEph, fx: &mut Vec<Effect>) {
    if about(&eph).is_some_and(|id| !state.knows(id)) {
        return;
    }
    match eph {
        AgentEph::Typing { conversation, on: false, .. } => {
            state.typing.remove(&conversation);
        }
        AgentEph::Typing { conversation, name, who, .. } => {
            let agent = (who != "visitor").then(|| line(name.as_deref().unwrap_or("a colleague")));
            state.typing.insert(conversation, Typing { agent, until: state.now.mono + TYPING_MS });
            await_typing_end(state, fx);
        }
        AgentEph::Viewing { conversation, names } if names.is_empty() => {
            state.viewing.remove(&conversation);
        }
        AgentEph::Viewing { conversation, names } => {
            state.viewing.insert(conversation, names.iter().map(|name| line(name)).collect());
        }
        AgentEph::Availability { agent } => {
            let view = AgentView::of(&agent);
            match &mut state.me {
                Some(me) if me.id == view.id => *me = view.clone(),
                _ => {}
            }
            match state.agents.iter_mut().find(|known| known.id == view.id) {
                Some(known) => *known = view,
                None => state.agents.push(view),
            }
        }
        AgentEph::AgentRemoved { agent } => state.agents.retain(|known| known.id != agent),
        AgentEph::Partial { conversation, text } => {
            if let Some(open) = state.open.as_mut().filter(|open| open.id == conversation) {
                open.partial = (!text.is_empty()).then(|| block(&text));
            }
        }
        AgentEph::Presence { conversation, online, since } => {
            state.presence.insert(conversation, Presence { online, since });
        }
        AgentEph::Seen { conversation, version } => {
            sending::seen(state, conversation, version);
            if let Some(open) = state.open.as_mut().filter(|open| open.id == conversation) {
                open.seen = open.seen.max(Some(version));
            }
        }
        AgentEph::Read { conversation, messages } => unread::told(state, conversation, messages),
        AgentEph::Mail(mail) => mail::told(state, &mail, fx),
    }
}

/// Wakes when the first typing that is shown expires.
pub(super) fn await_typing_end(state: &State, fx: &mut Vec<Effect>) {
    if let Some(first) = state.typing.values().map(|typing| typing.until).min() {
        let ms = first.saturating_sub(state.now.mono).max(1);
        fx.push(Effect::StartTimer { id: TimerId::Typing, ms });
    }
}

/// Reads an answer leniently: what cannot be read is a refusal a person can understand.
fn read<T: DeserializeOwned>(result: Result<Value, WireError>) -> Result<T, SafeText> {
    match result {
        Ok(value) => serde_json::from_value(value).map_err(|_| {
            SafeText::literal("the server's answer could not be read; is it of another version?")
        }),
        Err(error) => Err(line(&error.message)),
    }
}

fn on_response(state: &mut State, tag: Tag, result: Result<Value, WireError>, fx: &mut Vec<Effect>) {
    if state.open.as_ref().is_some_and(|open| open.tag == tag) {
        on_watched(state, read(result));
        return search::seek(state, fx);
    }
    match state.pending.remove(&tag) {
        None => {}
        Some(Pending::History(id)) => {
            let (me, name) = (my_id(state), my_name(state));
            let Some(open) = state.open.as_mut().filter(|open| open.id == id) else { return };
            match read::<HistoryOk>(result) {
                Ok(ok) => {
                    let older = ok.entries.iter().map(|entry| Said::of(entry, me, &name)).collect();
                    open.transcript.prepend(older, ok.more);
                }
                Err(_) => {
                    open.seek = None;
                    open.transcript.history_failed();
                }
            }
            search::seek(state, fx);
        }
        Some(Pending::Pipe) => piping::fetched(state, read(result), fx),
        Some(Pending::Resolved) => match read::<ListOk>(result) {
            Ok(ok) => {
                for row in &ok.rows {
                    if state.rows.get(&row.id).is_none_or(|known| known.version <= row.version) {
                        state.rows.insert(row.id, RowView::of(row));
                    }
                }
                state.stale = true;
            }
            Err(why) => toast(state, why, true, fx),
        },
        Some(Pending::Verb { conversation, sent }) => {
            batch::answered(state, conversation, sent, result.map(drop), fx);
        }
        Some(Pending::Passed(id, from)) => {
            if let Ok(ok) = read::<HistoryOk>(result) {
                claiming::passed(state, id, from, &ok.entries, fx);
            }
        }
        Some(Pending::Availability(available)) => match read::<Value>(result) {
            Ok(_) => {
                if let Some(me) = &mut state.me {
                    me.available = available;
                    if available {
                        (me.reason, me.until) = (None, None);
                    }
                }
                let available = if available {
                    "you are Available: new handoffs are offered to you"
                } else {
                    "you are Away: you keep what you hold, nothing new is offered"
                };
                say(state, available, fx);
            }
            Err(why) => toast(state, why, true, fx),
        },
        Some(Pending::Block) => blocking::answered(state, read(result), fx),
        Some(Pending::Search { query, more }) => search::answered(state, &query, more, read(result)),
        Some(Pending::Mail) => mail::listed(state, read(result), fx),
        Some(Pending::MailRetry) => mail::retried(state, read(result), fx),
        Some(Pending::Send) => match read::<Answered>(result) {
            Ok(answered) => sending::sent(state, tag, answered.version, fx),
            Err(why) => sending::send_failed(state, tag, why, fx),
        },
    }
}

fn on_watched(state: &mut State, result: Result<WatchOk, SafeText>) {
    let (me, my_name) = (my_id(state), my_name(state));
    let State { open, echoes, rows, stale, .. } = state;
    let Some(open) = open else { return };
    match result {
        // What one would read would not be theirs whom one answers.
        Ok(ok) if ok.conversation.id != open.id => {
            let why = "the server's answer was about another conversation; close it and open it again";
            open.failed = Some(SafeText::literal(why));
        }
        Ok(ok) => {
            let (id, seen, mails) = (open.id, ok.seen, ok.mails);
            let said: Vec<Said> = ok.entries.iter().map(|entry| Said::of(entry, me, &my_name)).collect();
            let fresh = Transcript::new(said, ok.more);
            let mut transcript = std::mem::take(&mut open.transcript);
            transcript.renew(fresh);
            *open = Open {
                id: open.id,
                tag: open.tag,
                view: ContextView::of(&ok.conversation, open.view.as_ref()),
                transcript,
                earlier: ok.earlier.iter().map(RowView::of).collect(),
                last_turn: TurnView::latest(&ok.entries).or(open.last_turn.take()),
                partial: None,
                failed: None,
                fold: None,
                seen: ok.seen.max(open.seen),
                seek: open.seek,
            };
            if let Some(row) = Row::of(&ok.conversation)
                && rows.get(&open.id).is_none_or(|known| known.version <= row.version)
            {
                rows.insert(open.id, RowView::of(&row));
                *stale = true;
            }
            sending::drop_seen(echoes, open.id, open.transcript.newest());
            open.fold = Some(ok.conversation);
            if let Some(version) = seen {
                sending::seen(state, id, version);
            }
            mail::watched(state, id, &mails);
            let unmarked = state.open.as_ref().is_some_and(|open| open.transcript.unread_from().is_none());
            if unmarked {
                let begins = state.open.as_ref().and_then(|open| unread::begins(state, open));
                if let Some(open) = &mut state.open {
                    open.transcript.new_from(begins);
                }
            }
        }
        Err(why) => open.failed = Some(why),
    }
}
