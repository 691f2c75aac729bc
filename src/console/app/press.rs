//! A key: what it means here, alone or after those before it.
//!
//! Invariant: a prefix waits for ever and hinders nothing: Esc cancels it, what does not follow it says so, and whatever
//! else happens meanwhile makes it void. A character typed in the composer is never lost to a prefix.

use super::availability;
use super::command::{Command, Spec};
use super::door;
use super::effect::Effect;
use super::event::TimerId;
use super::key::{Code, Key};
use super::keymap::{Meaning, Mode};
use super::state::{Overlay, Prefix, State};
use super::update::{on_overlay_key, refuse, toast};
use super::{commands, compose, copying, macros};
use crate::text::SafeText;

/// So many keys in one breath before a command that others notice, and it looks like a paste.
pub(super) const BURST: u32 = 4;
/// Milliseconds after a prefix until a box says what may follow: who knows has gone on by then.
pub const WHICH_KEY_MS: u64 = 300;

/// Takes in a key.
pub(super) fn on_key(state: &mut State, key: Key, fx: &mut Vec<Effect>) {
    if state.bare.is_some() {
        return bare_key(state, key, fx);
    }
    macros::before_key(state, fx);
    let mode = Mode::of(state);
    let prefix = take_prefix(state, fx).filter(|prefix| prefix.mode == mode);
    if mode == Mode::Composer {
        compose::before_key(state, fx);
    }
    let before = prefix.as_ref().map_or(&[][..], |prefix| &prefix.keys);
    match (state.keymap.look(mode, before, key), prefix) {
        (Meaning::Command(spec), _) => {
            if mode == Mode::Over {
                let over = state.overlay.take();
                // The key that shows it takes it away.
                if spec.command == Command::Why && matches!(over, Some(Overlay::Why(_))) {
                    return;
                }
            }
            if spec.guarded && state.burst >= BURST {
                return refuse(state, "that key came in a burst, as a paste does; press it again", fx);
            }
            run_if_possible(state, spec, fx);
        }
        (Meaning::Prefix, prefix) => {
            let mut prefix = prefix.unwrap_or(Prefix { mode, keys: Vec::new(), shown: false });
            prefix.keys.push(key);
            if !prefix.shown {
                fx.push(Effect::StartTimer { id: TimerId::WhichKey, ms: WHICH_KEY_MS });
            }
            state.prefix = Some(prefix);
        }
        (Meaning::Nothing, Some(_)) if key == Key::plain(Code::Esc) => {}
        (Meaning::Nothing, Some(prefix)) => {
            let keys = format!("{prefix} {key}");
            // The words are ours; the key may be any character.
            let sentence = [door::line(&keys), SafeText::literal(" means nothing here")];
            toast(state, sentence.into_iter().collect(), true, fx);
            if mode == Mode::Composer && key.typed().is_some() {
                compose::on_key(state, key, fx);
            }
        }
        (Meaning::Nothing, None) if mode == Mode::Over => on_overlay_key(state, key, fx),
        (Meaning::Nothing, None) => other_key(state, mode, key, fx),
    }
}

/// A key over the bare view: only what counts everywhere is a command there, and ends it.
fn bare_key(state: &mut State, key: Key, fx: &mut Vec<Effect>) {
    match state.keymap.look(Mode::Over, &[], key) {
        Meaning::Command(spec) if spec.command == Command::Redraw || spec.command == Command::Suspend => {
            commands::run(state, spec.command, fx);
        }
        Meaning::Command(spec) => {
            copying::leave_bare(state, fx);
            run_if_possible(state, spec, fx);
        }
        Meaning::Prefix | Meaning::Nothing => copying::bare_key(state, key, fx),
    }
}

/// A key that no command has.
fn other_key(state: &mut State, mode: Mode, key: Key, fx: &mut Vec<Effect>) {
    if mode == Mode::Composer && compose::on_key(state, key, fx) {
        return;
    }
    if key.alt {
        // A terminal sends Alt-x as Esc and x: whoever meant those two gets them.
        on_key(state, Key::plain(Code::Esc), fx);
        on_key(state, key.without_alt(), fx);
        return;
    }
    if key.typed().is_some() && mode != Mode::Composer {
        refuse(state, "that key does nothing here: {help} shows the keys", fx);
    }
}

/// Makes a begun prefix void.
pub(super) fn take_prefix(state: &mut State, fx: &mut Vec<Effect>) -> Option<Prefix> {
    let prefix = state.prefix.take()?;
    if !prefix.shown {
        fx.push(Effect::CancelTimer(TimerId::WhichKey));
    }
    Some(prefix)
}

/// Carries out a command, or says why not.
pub(super) fn run_if_possible(state: &mut State, spec: &'static Spec, fx: &mut Vec<Effect>) {
    match (spec.availability)(state) {
        Ok(()) => commands::run(state, spec.command, fx),
        // Esc where there is nothing to leave is no mistake worth a word.
        Err(_) if spec.command == Command::Back => {}
        Err(reason) => {
            let named = availability::said(state, state.target_row(), reason);
            toast(state, named, true, fx);
        }
    }
}
