//! When a clock on screen changes its words next: the only reason an idle console wakes.

use super::held;
use super::layout;
use super::panel;
use super::state::State;
use super::{away, clock};

/// Milliseconds until something that is visible reads differently; none where no clock is visible.
pub fn next_tick(state: &State) -> Option<u64> {
    if layout::too_small(state.size) {
        return None;
    }
    let panes = layout::panes(state);
    let mut next: Option<u64> = None;
    let mut due = |ms: u64| next = Some(next.map_or(ms, |n| n.min(ms)));
    if state.banner().is_some_and(|banner| banner.text.contains("longest")) {
        due(clock::until_change(state.waiting().1));
    }
    state.until_away_is_over().into_iter().for_each(&mut due);
    away::until_lease_words_change(state).into_iter().for_each(&mut due);
    if let Some(ms) = held::until_change(state) {
        due(ms);
    }
    if panes.list.is_some() {
        let list = state.list();
        for id in list.order().iter().skip(list.top()).take(panes.list_rows()) {
            let Some(row) = state.rows.get(id) else { continue };
            if let Some(ms) = state.waits_ms(row) {
                due(clock::until_change(ms));
            }
            if let Some(ms) = state.reply_timer(row).and_then(|timer| timer.until_change()) {
                due(ms);
            }
            if let Some(since) = state.left(*id).flatten() {
                due(clock::until_change(state.server_now().since_ms(since)));
            }
        }
    }
    if let Some(ms) = panel::until_change(state) {
        due(ms);
    }
    if panes.head.is_some_and(|head| head.h > 1)
        && let Some(since) = state.open.as_ref().and_then(|open| state.left(open.id)).flatten()
    {
        due(clock::until_change(state.server_now().since_ms(since)));
    }
    if panes.head.is_some()
        && let Some(row) = state.open.as_ref().and_then(|open| state.rows.get(&open.id))
    {
        if let Some(ms) = state.waits_ms(row) {
            due(clock::until_change(ms));
        }
        if let Some(ms) = state.reply_timer(row).and_then(|timer| timer.until_change()) {
            due(ms);
        }
    }
    next
}
