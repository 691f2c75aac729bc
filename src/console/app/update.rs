//! One event in, a new state and effects out. Pure: time and fresh ids come with the event.

use super::effect::{Effect, Title};
use super::event::{Event, Now, TimerId};
use super::key::{Code, Key};
use super::state::{Confirm, Focus, Overlay, State, Toast};
use super::{
    attention, away, batch, client, commands, compose, copying, held, line, macros, mouse, piping, press,
    prompt, search, unread, why, writing,
};
use crate::conversation::Tab;
use crate::text::SafeText;

/// Keys that follow each other within so many milliseconds came in one breath: no finger does that.
pub(super) const BREATH_MS: u64 = 8;
/// After so long the next key takes a toast away, milliseconds.
const READ_MS: u64 = 1_000;
/// How long a toast stays, milliseconds.
const TOAST_MS: u64 = 6_000;

/// Takes in an event.
pub fn update(state: &mut State, event: Event, now: Now) -> Vec<Effect> {
    state.now = now;
    state.cids = 0;
    let mut fx = Vec::new();
    match event {
        Event::Key(key) => {
            let breath = now.mono.saturating_sub(state.last_key) < BREATH_MS;
            state.burst = if breath { state.burst + 1 } else { 0 };
            state.last_key = now.mono;
            state.refresh_lists();
            // Whoever goes on has read it.
            state.toast.take_if(|toast| now.mono.saturating_sub(toast.since) > READ_MS);
            press::on_key(state, key, &mut fx);
        }
        Event::Mouse(mouse) => {
            // Whoever clicks is there.
            state.last_key = now.mono;
            state.refresh_lists();
            state.toast.take_if(|toast| now.mono.saturating_sub(toast.since) > READ_MS);
            mouse::on_mouse(state, mouse, &mut fx);
        }
        Event::Paste(text) => {
            on_paste(state, &text, &mut fx);
            // What follows in the same breath came with it: an end of paste inside a paste ends it early.
            (state.burst, state.last_key) = (press::BURST, now.mono);
        }
        Event::Resize { width, height } => {
            state.size = (width, height);
            state.keep_cursor_in_sight();
        }
        Event::Focus(focused) => state.focused = focused,
        Event::Tick => {}
        Event::HookFailed(why) => {
            let words = [SafeText::literal("the alert program failed: "), why];
            toast(state, words.into_iter().collect(), true, &mut fx);
        }
        Event::Client(event) => client::on_client(state, event, &mut fx),
        Event::Timer(id) => on_timer(state, id, &mut fx),
        Event::Panicked(words) => {
            let sentence = SafeText::literal("a background part failed; nothing typed is lost: ");
            toast(state, SafeText::join(&SafeText::default(), [&sentence, &words]), true, &mut fx);
        }
        Event::Edited { conversation, kind, text } => {
            writing::edited(state, conversation, kind, text, &mut fx);
        }
        Event::Macros(found) => macros::found(state, found),
        // It stays until a key: whoever wrote the file must be able to read it.
        Event::NotOpened { address, why } => copying::not_opened(state, address, &why, &mut fx),
        Event::Piped { program, how } => piping::ended(state, &program, how, &mut fx),
        Event::ConfigBroken(text) => state.toast = Some(Toast { text, bad: true, since: now.mono }),
        Event::Resumed => fx.extend([Effect::Redraw, Effect::SetTitle(state.title)]),
        Event::Terminate => commands::leave(state, &mut fx),
    }
    unread::look(state, &mut fx);
    retitle(state, &mut fx);
    attention::check(state, &mut fx);
    away::watch_keys(state, &mut fx);
    fx
}

/// Says something to the agent for a while.
pub(super) fn toast(state: &mut State, text: SafeText, bad: bool, fx: &mut Vec<Effect>) {
    state.toast = Some(Toast { text, bad, since: state.now.mono });
    fx.push(Effect::StartTimer { id: TimerId::Toast, ms: TOAST_MS });
}

/// Says one of our own sentences; `{reply}` in it becomes that command's key.
pub(super) fn say(state: &mut State, text: &'static str, fx: &mut Vec<Effect>) {
    let text = state.words(text);
    toast(state, text, false, fx);
}

/// Says why something was not done.
pub(super) fn refuse(state: &mut State, reason: &'static str, fx: &mut Vec<Effect>) {
    let reason = state.words(reason);
    toast(state, reason, true, fx);
}

fn on_paste(state: &mut State, text: &str, fx: &mut Vec<Effect>) {
    press::take_prefix(state, fx);
    if state.focus == Focus::Composer && state.overlay.is_none() {
        compose::before_key(state, fx);
        compose::paste(state, text, fx);
    } else if matches!(state.overlay, Some(Overlay::Prompt(_))) {
        prompt::paste(state, text);
    } else if matches!(state.overlay, Some(Overlay::Search(_))) {
        search::paste(state, text, fx);
    } else {
        refuse(state, "a paste was ignored: {reply} or {note} opens the composer, paste there", fx);
    }
}

/// A key while something lies over the panes, and no command has it.
pub(super) fn on_overlay_key(state: &mut State, key: Key, fx: &mut Vec<Effect>) {
    let up = key.code == Code::Up || (key.ctrl && matches!(key.code, Code::Char('p' | 'k')));
    let down = key.code == Code::Down || (key.ctrl && matches!(key.code, Code::Char('n' | 'j')));
    match state.overlay.take() {
        None => {}
        Some(Overlay::Confirm(confirm)) => on_confirm(state, confirm, key, fx),
        Some(Overlay::Search(search)) if key.code == Code::Esc => search::remember(state, search),
        // `take` has closed it already.
        Some(_) if key.code == Code::Esc => {}
        Some(Overlay::Why(why)) => why::on_key(state, why, key),
        Some(Overlay::Prompt(prompt)) => prompt::on_key(state, prompt, key, fx),
        Some(Overlay::Palette(mut picker)) => {
            match (key.code, key.typed()) {
                (Code::Enter, _) => return line::enter(state, &picker, fx),
                _ if up => picker.step(&state.keymap, -1),
                _ if down => picker.step(&state.keymap, 1),
                (Code::Backspace, _) if picker.query.is_empty() => return,
                (Code::Backspace, _) => picker.backspace(),
                (_, Some(c)) => picker.type_char(c),
                _ => {}
            }
            state.overlay = Some(Overlay::Palette(picker));
        }
        Some(Overlay::Help(mut picker)) => {
            match (key.code, key.typed()) {
                (Code::Enter, _) => return line::enter(state, &picker, fx),
                _ if up => picker.step(&state.keymap, -1),
                _ if down => picker.step(&state.keymap, 1),
                (Code::PageDown, _) => picker.step(&state.keymap, 10),
                (Code::PageUp, _) => picker.step(&state.keymap, -10),
                (Code::Backspace, _) => picker.backspace(),
                (_, Some('q' | '?')) if picker.query.is_empty() => return,
                (_, Some(c)) => picker.type_char(c),
                _ => {}
            }
            state.overlay = Some(Overlay::Help(picker));
        }
        Some(Overlay::Search(search)) => search::on_key(state, search, key, fx),
    }
}

fn on_confirm(state: &mut State, confirm: Confirm, key: Key, fx: &mut Vec<Effect>) {
    let letter = key.typed().map(|c| c.to_ascii_lowercase());
    match (&confirm, key.code, letter) {
        (Confirm::Quit, _, Some('y' | 'q')) => commands::leave(state, fx),
        (Confirm::Quit, Code::Esc, _) | (Confirm::Quit, _, Some('n')) => {}
        (Confirm::Bulk(bulk), _, Some('y')) => {
            batch::carry_out(state, bulk.clone(), fx);
            next_ask(state);
        }
        (Confirm::Capacity { of, .. }, _, Some('y')) => {
            batch::accept_above(state, of, fx);
            next_ask(state);
        }
        (Confirm::Bulk(_) | Confirm::Capacity { .. }, Code::Esc, _)
        | (Confirm::Bulk(_) | Confirm::Capacity { .. }, _, Some('n')) => next_ask(state),
        (Confirm::Link { address, .. }, _, Some('y' | 'o')) => {
            fx.push(Effect::OpenLink(address.clone()));
            next_ask(state);
        }
        (Confirm::Link { address, .. }, _, Some('c')) => {
            fx.push(Effect::Copy(address.clone()));
            say(state, "the address was sent to the terminal", fx);
            next_ask(state);
        }
        (Confirm::Link { .. }, Code::Esc, _) | (Confirm::Link { .. }, _, Some('n')) => next_ask(state),
        (Confirm::Audience, Code::Esc, _) | (Confirm::Audience, _, Some('n')) => {}
        (Confirm::Audience, _, Some('y')) => writing::to_reply(state, fx),
        (Confirm::Audience, _, Some('m')) => writing::move_words(state, fx),
        (Confirm::Old { cid, .. }, _, Some('y' | 's')) => {
            fx.push(Effect::Confirm(*cid));
            next_ask(state);
        }
        (Confirm::Old { cid, .. }, Code::Esc, _) | (Confirm::Old { cid, .. }, _, Some('n' | 'd')) => {
            fx.push(Effect::Withdraw(*cid));
            next_ask(state);
        }
        _ => state.overlay = Some(Overlay::Confirm(confirm)),
    }
}

/// Shows the next question of the outbox, if there is one and nothing else lies over the panes.
pub(super) fn next_ask(state: &mut State) {
    if state.overlay.is_none() && state.focus != Focus::Composer {
        state.overlay = state.asks.pop_front().map(Overlay::Confirm);
    }
}

fn on_timer(state: &mut State, id: TimerId, fx: &mut Vec<Effect>) {
    match id {
        TimerId::Toast => state.toast = None,
        TimerId::WhichKey => {
            if let Some(prefix) = &mut state.prefix {
                prefix.shown = true;
            }
        }
        TimerId::Held => held::due(state, fx),
        TimerId::Macros => macros::look_again(state, fx),
        TimerId::SendGuard => compose::guard_over(state, fx),
        TimerId::Idle => compose::stop_typing(state, fx),
        TimerId::Search => search::ask(state, fx),
        TimerId::Read => unread::tell(state, fx),
        TimerId::Typing => {
            let now = state.now.mono;
            state.typing.retain(|_, typing| typing.until > now);
            client::await_typing_end(state, fx);
        }
        // What is due is found after every event.
        TimerId::Attention => {}
        TimerId::AutoAway => away::no_key(state, fx),
    }
}

/// Keeps the window's title true.
fn retitle(state: &mut State, fx: &mut Vec<Effect>) {
    let (waiting, _) = state.waiting();
    let me = state.me.as_ref().map(|me| me.id);
    let mine = me.map_or(0, |me| {
        state.rows.values().filter(|row| row.in_tab(Tab::Mine, me) && row.waiting_since.is_some()).count()
    });
    let title = Title { waiting, mine };
    if title != state.title {
        state.title = title;
        fx.push(Effect::SetTitle(title));
    }
}
