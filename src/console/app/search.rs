//! Search: what was typed, what can be typed on, what the server found, and the way to it.
//!
//! The server is asked when the field rests; what was found before stays in sight, dimmed, until the answer comes. A query that
//! is wrong is not asked: what is wrong with it is said at once, by the parser the server uses. Opening what was found
//! fetches what is older until the message is there, in bounds. Invariant: an answer to another query than the one
//! in the field changes nothing.

use unicode_segmentation::UnicodeSegmentation;

use super::door::{RowView, line};
use super::effect::Effect;
use super::event::TimerId;
use super::key::{Code, Key};
use super::state::{Overlay, Pending, State};
use super::update::{say, toast};
use super::{jump, layout};
use crate::conversation::{Tab, Time};
use crate::protocol::query::{self, HAS, IS, OPERATORS};
use crate::protocol::{AgentOp, ConversationArg, SearchArg, SearchOk};
use crate::text::SafeText;

/// Milliseconds the field rests before the server is asked.
pub const REST_MS: u64 = 150;
/// Conversations asked for at a time.
const PAGE: u32 = 50;
/// The longest query, bytes (the server's limit).
const LONGEST: usize = 500;
/// Entries fetched at a time on the way to a message, and how often: what lies further up is not gone to.
const STEP: u32 = 1_000;
const STEPS: u8 = 20;
/// Proposals shown.
const PROPOSALS: usize = 8;

/// One conversation found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Its line.
    pub row: RowView,
    /// The text around the words.
    pub excerpt: SafeText,
    /// Version of the message found.
    pub version: u64,
}

/// How far a search is.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Found {
    /// Nothing was asked yet.
    #[default]
    Nothing,
    /// The field changed, or the server was asked.
    Asked,
    /// It answered: the hits are of what stands in the field.
    Answered,
    /// It refused, or the query is wrong.
    Failed(SafeText),
}

/// The search field and what it found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Search {
    /// What was typed.
    pub query: String,
    /// What came of it.
    pub found: Found,
    /// What was found: for this query, or, until its answer comes, for the one before.
    pub hits: Vec<Hit>,
    /// Index into the hits.
    pub at: usize,
    /// Where the next page starts, if there is one.
    next: Option<String>,
    /// The next page was asked for.
    paging: bool,
}

impl Search {
    /// The hit under the cursor, if it is of what stands in the field.
    pub fn chosen(&self) -> Option<&Hit> {
        self.hits.get(self.at).filter(|_| self.found == Found::Answered)
    }

    /// Whether there are more than are shown.
    pub fn more(&self) -> bool {
        self.next.is_some()
    }

    /// Moves the cursor.
    pub(super) fn step(&mut self, by: isize) {
        self.at = self.at.saturating_add_signed(by).min(self.hits.len().saturating_sub(1));
    }

    /// Takes in an answer.
    fn answered(&mut self, ok: &SearchOk, more: bool) {
        let hits = ok.hits.iter().map(|hit| Hit {
            row: RowView::of(&hit.row),
            excerpt: line(&hit.excerpt),
            version: hit.version,
        });
        if more {
            let known: Vec<_> = self.hits.iter().map(|hit| hit.row.id).collect();
            self.hits.extend(hits.filter(|hit| !known.contains(&hit.row.id)));
        } else {
            self.hits = hits.collect();
            self.at = 0;
        }
        self.found = Found::Answered;
        self.next.clone_from(&ok.next);
        self.paging = false;
    }
}

/// What the last word of a query can go on with, whole words: operators, then their values.
pub fn proposals(state: &State, query: &str) -> Vec<SafeText> {
    let word = query.rsplit(char::is_whitespace).next().unwrap_or_default();
    let bare = word.strip_prefix('-').unwrap_or(word);
    let minus = if bare.len() < word.len() { "-" } else { "" };
    let whole = |text: String| line(&format!("{minus}{text}"));
    let Some((operator, begun)) = bare.split_once(':') else {
        if bare.is_empty() {
            return Vec::new();
        }
        let lower = bare.to_ascii_lowercase();
        return OPERATORS
            .iter()
            .filter(|name| name.starts_with(&lower))
            .map(|name| whole(format!("{name}:")))
            .collect();
    };
    let values: Vec<String> = match operator {
        "is" => IS.map(str::to_owned).to_vec(),
        "has" => HAS.map(str::to_owned).to_vec(),
        "from" => ["visitor", "assistant", "agent"]
            .map(str::to_owned)
            .into_iter()
            .chain(state.agents.iter().map(|agent| agent.name.as_str().to_owned()))
            .collect(),
        "site" => state.sites.iter().map(|(id, _)| id.as_str().to_owned()).collect(),
        "tag" => {
            let tags: std::collections::BTreeSet<&str> =
                state.rows.values().flat_map(|row| &row.tags).map(SafeText::as_str).collect();
            tags.into_iter().map(str::to_owned).collect()
        }
        "before" | "after" => ["today", "yesterday", "12h", "7d", "30d"].map(str::to_owned).to_vec(),
        _ => return Vec::new(),
    };
    let lower = begun.to_lowercase();
    let fits = |value: &String| {
        let value = value.to_lowercase();
        value.starts_with(&lower) && value != lower && !value.contains('"')
    };
    let quoted = |value: String| if value.contains(' ') { format!("\"{value}\"") } else { value };
    values
        .into_iter()
        .filter(fits)
        .take(PROPOSALS)
        .map(|value| whole(format!("{operator}:{}", quoted(value))))
        .collect()
}

/// A key while the search is on screen; Esc has closed it already.
pub(super) fn on_key(state: &mut State, mut search: Search, key: Key, fx: &mut Vec<Effect>) {
    let up = key.code == Code::Up || (key.ctrl && matches!(key.code, Code::Char('p' | 'k')));
    let down = key.code == Code::Down || (key.ctrl && matches!(key.code, Code::Char('n' | 'j')));
    match (key.code, key.typed()) {
        (Code::Enter, _) => {
            if let Some(hit) = search.chosen() {
                let (row, version) = (hit.row.clone(), hit.version);
                remember(state, search);
                return go(state, row, version, fx);
            }
            state.overlay = Some(Overlay::Search(search));
            fx.push(Effect::CancelTimer(TimerId::Search));
            return ask(state, fx);
        }
        // In an empty field: the query of before, with what it found.
        _ if up && search.query.is_empty() => {
            if let Some(last) = state.last_search.clone() {
                search = last;
            }
        }
        _ if up => search.step(-1),
        _ if down => search.step(1),
        (Code::PageDown, _) => search.step(10),
        (Code::PageUp, _) => search.step(-10),
        (Code::Tab, _) => {
            if let Some(whole) = proposals(state, &search.query).first() {
                let begun = search.query.rsplit(char::is_whitespace).next().map_or(0, str::len);
                search.query.truncate(search.query.len() - begun);
                search.query.push_str(whole.as_str());
                if !whole.as_str().ends_with(':') {
                    search.query.push(' ');
                }
                changed(&mut search, fx);
            }
        }
        (Code::Backspace, _) => {
            let last = search.query.graphemes(true).next_back().map_or(0, str::len);
            search.query.truncate(search.query.len() - last);
            changed(&mut search, fx);
        }
        (Code::Char('u'), _) if key.ctrl => {
            search.query.clear();
            changed(&mut search, fx);
        }
        (_, Some(c)) if search.query.len() < LONGEST => {
            search.query.push(c);
            changed(&mut search, fx);
        }
        _ => {}
    }
    let at_the_end = search.at + 1 >= search.hits.len() && search.found == Found::Answered;
    let page = search.next.clone().filter(|_| at_the_end && !search.paging && state.live());
    if let Some(cursor) = page {
        search.paging = true;
        let (tag, query) = (state.tag(), search.query.trim().to_owned());
        state.pending.insert(tag, Pending::Search { query: query.clone(), more: true });
        let op = AgentOp::Search(SearchArg { query, cursor: Some(cursor), limit: Some(PAGE) });
        fx.push(Effect::Request { tag, op });
    }
    state.overlay = Some(Overlay::Search(search));
}

/// Pasted text: its first line goes in.
pub(super) fn paste(state: &mut State, text: &str, fx: &mut Vec<Effect>) {
    let Some(Overlay::Search(search)) = &mut state.overlay else { return };
    let text = text.trim().lines().next().unwrap_or_default();
    if search.query.len() + text.len() <= LONGEST {
        search.query.extend(text.chars().filter(|c| !c.is_control()));
        changed(search, fx);
    }
}

fn changed(search: &mut Search, fx: &mut Vec<Effect>) {
    search.found = if search.query.trim().is_empty() { Found::Nothing } else { Found::Asked };
    search.next = None;
    fx.push(Effect::StartTimer { id: TimerId::Search, ms: REST_MS });
}

/// Keeps a search for the next time.
pub(super) fn remember(state: &mut State, search: Search) {
    if !search.query.trim().is_empty() {
        state.last_search = Some(search);
    }
}

/// Asks the server, if there is something to ask.
pub(super) fn ask(state: &mut State, fx: &mut Vec<Effect>) {
    let (live, now, tag) = (state.live(), state.server_now(), state.tag());
    let Some(Overlay::Search(search)) = &mut state.overlay else { return };
    let query = search.query.trim().to_owned();
    if query.is_empty() {
        *search = Search::default();
    } else if let Some(wrong) = wrong(&query, now) {
        search.found = Found::Failed(wrong);
    } else if live {
        search.found = Found::Asked;
        state.pending.insert(tag, Pending::Search { query: query.clone(), more: false });
        let op = AgentOp::Search(SearchArg { query, cursor: None, limit: Some(PAGE) });
        fx.push(Effect::Request { tag, op });
    } else {
        search.found = Found::Failed(SafeText::literal("not connected; Enter tries again"));
    }
}

/// What is wrong with a query, if anything is.
fn wrong(query: &str, now: Time) -> Option<SafeText> {
    query::parse(query, now).err().map(|error| line(&error.to_string()))
}

/// An answer came.
pub(super) fn answered(state: &mut State, query: &str, more: bool, result: Result<SearchOk, SafeText>) {
    let Some(Overlay::Search(search)) = &mut state.overlay else { return };
    if search.query.trim() != query {
        return;
    }
    match result {
        Ok(ok) => search.answered(&ok, more),
        // What is there already stays: only the next page did not come.
        Err(_) if more => search.paging = false,
        Err(why) => search.found = Found::Failed(why),
    }
}

/// Where one is going in the open conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seek {
    version: u64,
    steps: u8,
}

/// Opens what was found, at its message.
fn go(state: &mut State, row: RowView, version: u64, fx: &mut Vec<Effect>) {
    let (id, standing, me) = (row.id, row.state, state.me.as_ref().map(|me| me.id));
    let tab = Tab::CONSOLE.into_iter().position(|tab| me.is_some_and(|me| row.in_tab(tab, me)));
    jump::go(state, row, fx);
    // Where its line is in the list in front, the list goes along; else the list stays where it is.
    if tab == Some(state.tab) && standing != crate::conversation::State::Resolved {
        state.lists[state.tab].select(id);
        state.keep_cursor_in_sight();
    }
    if let Some(open) = &mut state.open {
        open.seek = Some(Seek { version, steps: 0 });
    }
    seek(state, fx);
}

/// Goes on to the message one is looking for: scrolls there, or asks for what is older.
pub(super) fn seek(state: &mut State, fx: &mut Vec<Effect>) {
    let panes = layout::panes(state);
    let (live, tag) = (state.live(), state.tag());
    let Some(open) = &mut state.open else { return };
    let Some(seek) = open.seek.filter(|_| open.view.is_some()) else { return };
    let first = open.transcript.entries().front().map_or(0, |said| said.version);
    if seek.version >= first || !open.transcript.more() {
        open.seek = None;
        let (w, h) = panes.transcript.map_or((80, 20), |area| (area.w, area.h));
        open.transcript.go_to(seek.version, w, h);
        if !open.transcript.entries().iter().any(|said| said.version == seek.version) {
            say(state, "the message itself is not in what can be shown; this is where it was", fx);
        }
    } else if seek.steps >= STEPS || !live {
        open.seek = None;
        let words = if live {
            "it lies further up than is fetched at once: g"
        } else {
            "no link: what is older cannot be fetched now"
        };
        toast(state, SafeText::literal(words), true, fx);
    } else {
        open.seek = Some(Seek { steps: seek.steps + 1, ..seek });
        state.pending.insert(tag, Pending::History(open.id));
        let op = AgentOp::History(ConversationArg {
            conversation: open.id,
            before: Some(first),
            limit: Some(STEP),
        });
        fx.push(Effect::Request { tag, op });
    }
}
