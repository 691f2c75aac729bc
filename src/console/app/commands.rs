//! What the commands of the table do.

use super::command::Command;
use super::deed::Deed;
use super::door::RowView;
use super::effect::Effect;
use super::event::TimerId;
use super::layout;
use super::picker::Picker;
use super::search::Search;
use super::state::{Confirm, Focus, Open, Overlay, Pending, State};
use super::transcript::Transcript;
use super::update::{next_ask, say, toast};
use super::{
    away, batch, blocking, claiming, compose, copying, door, ending, held, jump, labels, macros, mail, marks,
    panel, piping, sites, undo, unread, why, writing,
};
use crate::client::DraftKind;
use crate::conversation::{ConversationId, SiteId, Tab};
use crate::protocol::{AgentOp, AvailabilityInfo, ConversationArg, ListArg};
use crate::text::SafeText;

/// Carries out a command. Whether it may be was asked before.
pub(super) fn run(state: &mut State, command: Command, fx: &mut Vec<Effect>) {
    match command {
        Command::Down => step(state, 1, fx),
        Command::Up => step(state, -1, fx),
        Command::PageDown => step(state, half_page(state), fx),
        Command::PageUp => step(state, -half_page(state), fx),
        Command::Top if state.focus == Focus::List => {
            state.settle();
            state.lists[state.tab].first();
            state.keep_cursor_in_sight();
        }
        Command::Top => step(state, isize::MIN / 2, fx),
        Command::Bottom if state.focus == Focus::List => {
            state.lists[state.tab].last();
            state.keep_cursor_in_sight();
        }
        Command::Bottom => {
            if let Some(open) = &mut state.open {
                open.transcript.to_tail();
            }
        }
        Command::Tab(index) => go_to_tab(state, usize::from(index), fx),
        Command::NextTab => go_to_tab(state, (state.tab + 1) % Tab::CONSOLE.len(), fx),
        Command::PreviousTab => {
            go_to_tab(state, (state.tab + Tab::CONSOLE.len() - 1) % Tab::CONSOLE.len(), fx);
        }
        Command::Settle => {
            state.settle();
            if state.tab() == Tab::Resolved {
                fetch_resolved(state, fx);
            }
        }
        Command::Open => {
            if let Some(id) = state.target() {
                open(state, id, fx);
                state.focus = Focus::Conversation;
            }
        }
        Command::Peek => {
            if let Some(id) = state.target() {
                open(state, id, fx);
                if layout::panes(state).transcript.is_none() {
                    state.focus = Focus::Conversation;
                }
            }
        }
        Command::Back if state.focus == Focus::List => marks::clear(state),
        Command::Back if state.card_over => state.card_over = false,
        Command::Back if jump::back(state, fx) => {}
        Command::Back => {
            state.focus = Focus::List;
            state.card_over = false;
            next_ask(state);
        }
        Command::Accept => claiming::accept(state, fx),
        Command::Reply => compose::begin(state, DraftKind::Reply, fx),
        Command::Note => compose::begin(state, DraftKind::Note, fx),
        Command::Hello => held::hello(state, fx),
        Command::Resolve => ending::resolve(state, fx),
        Command::Reopen => plain(state, Deed::Reopen, fx),
        Command::HandBack => plain(state, Deed::HandBack, fx),
        Command::Undo => undo(state, fx),
        Command::Availability => {
            let available = !state.me.as_ref().is_some_and(|me| me.available);
            state.auto_away = false;
            set_available(state, available, fx);
        }
        Command::Card => {
            if layout::panes(state).context.is_some() || (state.size.0 >= 118 && !state.card) {
                state.card = !state.card;
            } else {
                state.card_over = !state.card_over;
                if state.card_over && state.open.is_none() {
                    run(state, Command::Peek, fx);
                }
                if layout::panes(state).transcript.is_none() && state.open.is_some() {
                    state.focus = Focus::Conversation;
                }
            }
        }
        Command::Search => state.overlay = Some(Overlay::Search(Search::default())),
        Command::Palette => state.overlay = Some(Overlay::Palette(Picker::default())),
        Command::Help => state.overlay = Some(Overlay::Help(Picker { all: true, ..Picker::default() })),
        Command::Release => claiming::ask_release(state),
        Command::Transfer => claiming::ask_transfer(state),
        Command::Snooze => ending::ask_snooze(state),
        Command::Block => blocking::ask(state),
        Command::ResolveNext => ending::resolve_next(state, fx),
        Command::NextWaiting => jump::next_waiting(state, fx),
        Command::Tags => labels::ask_tags(state),
        Command::Priority => labels::ask_priority(state),
        Command::Mark => marks::toggle(state, fx),
        Command::MarkAll => marks::all(state),
        Command::Sites => sites::ask(state, fx),
        Command::Away => away::ask(state),
        Command::PanelDown => panel::scroll(state, 3),
        Command::PanelUp => panel::scroll(state, -3),
        Command::Earlier => jump::ask_earlier(state),
        Command::Why => why::toggle(state, fx),
        Command::Copy => copying::message(state, fx),
        Command::OpenLink => copying::ask_link(state, fx),
        Command::CopyOther => copying::ask_copy(state, fx),
        Command::NextMessage => copying::step(state, true),
        Command::PreviousMessage => copying::step(state, false),
        Command::Bare => copying::bare(state, fx),
        Command::Pipe => piping::ask(state, fx),
        Command::Macro => macros::ask(state, fx),
        Command::RepeatMacro => macros::repeat(state, fx),
        Command::Retry => writing::retry(state, fx),
        Command::Mail => mail::ask(state, fx),
        Command::Editor => writing::editor(state, fx),
        Command::OtherAudience => writing::other_audience(state, fx),
        Command::SendAndResolve => writing::send_and_resolve(state, fx),
        Command::Unfold => writing::unfold(state, fx),
        Command::FreeMouse => {
            state.mouse = !state.mouse;
            fx.push(Effect::Mouse(state.mouse));
            let words = if state.mouse {
                "the mouse is the console's again: click and wheel"
            } else {
                "the mouse is the terminal's: select with it; {free-mouse} takes it back"
            };
            say(state, words, fx);
        }
        Command::Send => compose::enter(state, fx),
        Command::Newline => compose::newline(state, fx),
        Command::Edit(edit) => compose::edit(state, edit, fx),
        Command::Leave => compose::leave(state, fx),
        Command::Suspend => fx.push(Effect::Suspend),
        Command::Redraw => fx.push(Effect::Redraw),
        Command::Quit => quit(state, fx),
    }
}

fn half_page(state: &State) -> isize {
    let panes = layout::panes(state);
    let rows = match state.focus {
        Focus::List => panes.list_rows() / 2,
        _ => panes.transcript.map_or(1, |area| usize::from(area.h) / 2),
    };
    isize::try_from(rows.max(1)).unwrap_or(1)
}

fn step(state: &mut State, by: isize, fx: &mut Vec<Effect>) {
    if state.focus == Focus::List {
        state.lists[state.tab].step(by);
        state.keep_cursor_in_sight();
        return;
    }
    if state.card_over {
        return panel::scroll(state, by);
    }
    scroll(state, by, fx);
}

/// Scrolls the open conversation by lines, and asks for what is older than what is here.
pub(super) fn scroll(state: &mut State, by: isize, fx: &mut Vec<Effect>) {
    let Some(area) = layout::panes(state).transcript else { return };
    let live = state.live();
    let tag = state.tag();
    let Some(open) = &mut state.open else { return };
    open.transcript.scroll_by(by, area.w, area.h);
    if live && let Some(before) = open.transcript.wants_history() {
        let op = AgentOp::History(ConversationArg {
            conversation: open.id,
            before: Some(before),
            limit: Some(200),
        });
        state.pending.insert(tag, Pending::History(open.id));
        fx.push(Effect::Request { tag, op });
    }
}

fn go_to_tab(state: &mut State, index: usize, fx: &mut Vec<Effect>) {
    state.tab = index;
    state.focus = Focus::List;
    state.card_over = false;
    state.settle();
    if state.tab() == Tab::Resolved {
        // What was resolved last is what one comes here for: R must not reopen another because it was here before.
        state.lists[state.tab].first();
        state.keep_cursor_in_sight();
        fetch_resolved(state, fx);
    }
}

/// Resolved conversations are no part of the snapshot: they come by `list`.
pub(super) fn fetch_resolved(state: &mut State, fx: &mut Vec<Effect>) {
    if !state.live() || state.pending.values().any(|pending| *pending == Pending::Resolved) {
        return;
    }
    let tag = state.tag();
    state.pending.insert(tag, Pending::Resolved);
    let site = state.site.as_ref().and_then(|site| SiteId::new(site.as_str()).ok());
    let op = AgentOp::List(ListArg { tab: Tab::Resolved, site, cursor: None, limit: Some(200) });
    fx.push(Effect::Request { tag, op });
}

/// Opens a conversation, keeping whatever is being written in another.
pub(super) fn open(state: &mut State, id: ConversationId, fx: &mut Vec<Effect>) {
    if state.open.as_ref().is_some_and(|open| open.id == id) {
        return;
    }
    compose::put_away(state, fx);
    state.places.clear();
    if let Some(before) = state.open.take() {
        fx.push(Effect::Unwatch(before.id));
    }
    state.panel_top = 0;
    let tag = state.tag();
    state.open = Some(Open {
        id,
        tag,
        fold: None,
        view: None,
        transcript: Transcript::default(),
        earlier: Vec::new(),
        last_turn: None,
        seek: None,
        partial: None,
        seen: None,
        failed: None,
    });
    fx.push(Effect::Watch { tag, conversation: id });
}

/// Opens what a search has found.
pub(super) fn open_found(state: &mut State, row: RowView, fx: &mut Vec<Effect>) {
    let id = row.id;
    let newer = state.rows.get(&id).is_none_or(|known| known.version < row.version);
    if newer {
        state.rows.insert(id, row);
        state.stale = true;
    }
    open(state, id, fx);
    state.focus = Focus::Conversation;
}

/// A verb that needs nothing more.
fn plain(state: &mut State, deed: Deed, fx: &mut Vec<Effect>) {
    let of = state.targets();
    if let Err(why) = batch::go(state, &of, deed, fx) {
        toast(state, why, true, fx);
    }
}

fn undo(state: &mut State, fx: &mut Vec<Effect>) {
    if held::newest(state).is_some() {
        held::recall(state, fx);
    } else {
        undo::last(state, fx);
    }
}

pub(super) fn set_available(state: &mut State, available: bool, fx: &mut Vec<Effect>) {
    let tag = state.tag();
    state.pending.insert(tag, Pending::Availability(available));
    let info = AvailabilityInfo { available, reason: None, until: None };
    fx.push(Effect::Request { tag, op: AgentOp::AvailabilitySet(info) });
}

fn quit(state: &mut State, fx: &mut Vec<Effect>) {
    if state.count(Tab::Mine) > 0 || held::newest(state).is_some() || state.unsent > 0 {
        state.overlay = Some(Overlay::Confirm(Confirm::Quit));
    } else {
        leave(state, fx);
    }
}

/// Ends the console; what is being written is kept.
pub(super) fn leave(state: &mut State, fx: &mut Vec<Effect>) {
    compose::put_away(state, fx);
    held::keep_all(state, fx);
    unread::tell(state, fx);
    fx.push(Effect::CancelTimer(TimerId::Toast));
    fx.push(Effect::Quit);
}

/// The name to call a conversation by.
pub(super) fn name_of(state: &State, id: ConversationId) -> SafeText {
    state
        .rows
        .get(&id)
        .map_or_else(|| door::line(&format!("conversation {}", id.short())), |row| row.name.clone())
}
