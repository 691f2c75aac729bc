//! The mouse: a click shows, the wheel scrolls what it is over. Nothing a click does is seen by a visitor or takes a
//! conversation; what changes anything wants a key.

use super::command::Command;
use super::commands;
use super::effect::Effect;
use super::layout;
use super::press::take_prefix;
use super::state::{Focus, Overlay, State};
use super::why;
use crate::conversation::ConversationId;

/// Lines of a transcript a step of the wheel scrolls.
const WHEEL_LINES: isize = 3;

/// What stands at a place on screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A tab, by its index.
    Tab(u8),
    /// A conversation's line.
    Row(ConversationId),
    /// The list, between or below its lines.
    List,
    /// What was said.
    Transcript,
    /// The composer.
    Composer,
    /// Something that lies over the panes, and what is around it.
    Over,
    /// An entry of that, by its index.
    Choice(usize),
}

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gesture {
    /// The left button went down.
    Click,
    /// The wheel turned away from the hand.
    WheelUp,
    /// The wheel turned towards the hand.
    WheelDown,
}

/// A word of the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    /// What it did.
    pub gesture: Gesture,
    /// Column.
    pub x: u16,
    /// Row.
    pub y: u16,
    /// What stood there in the last frame: put in by whoever drew it.
    pub on: Option<Target>,
}

/// Takes in a word of the mouse.
pub(super) fn on_mouse(state: &mut State, mouse: Mouse, fx: &mut Vec<Effect>) {
    take_prefix(state, fx);
    let Some(on) = mouse.on else { return };
    // A frame of before may have had no box over it, or have one no more.
    if state.overlay.is_some() != matches!(on, Target::Over | Target::Choice(_)) {
        return;
    }
    match mouse.gesture {
        Gesture::Click => click(state, on, fx),
        Gesture::WheelUp => wheel(state, on, -1, fx),
        Gesture::WheelDown => wheel(state, on, 1, fx),
    }
}

fn click(state: &mut State, on: Target, fx: &mut Vec<Effect>) {
    match on {
        Target::Tab(index) => commands::run(state, Command::Tab(index), fx),
        Target::Row(id) => row(state, id, fx),
        Target::List => state.focus = Focus::List,
        Target::Transcript if state.open.is_some() => state.focus = Focus::Conversation,
        Target::Composer if state.composing.is_some() => state.focus = Focus::Composer,
        Target::Choice(index) => choose(state, index),
        Target::Transcript | Target::Composer | Target::Over => {}
    }
}

/// A line of the list: the first click selects it and shows it where there is room beside the list, the next opens it.
fn row(state: &mut State, id: ConversationId, fx: &mut Vec<Effect>) {
    let again = state.focus == Focus::List && state.list().selected() == Some(id);
    let tab = state.tab;
    state.lists[tab].select(id);
    if layout::panes(state).transcript.is_some() {
        commands::open(state, id, fx);
    }
    state.focus = Focus::List;
    if again {
        commands::run(state, Command::Open, fx);
    }
}

/// Puts the cursor of a box on an entry; Enter carries it out.
fn choose(state: &mut State, index: usize) {
    match &mut state.overlay {
        Some(Overlay::Palette(picker) | Overlay::Help(picker)) => picker.at = index,
        Some(Overlay::Prompt(prompt)) => prompt.at = index,
        Some(Overlay::Search(search)) => search.at = index,
        Some(Overlay::Confirm(_) | Overlay::Why(_)) | None => {}
    }
}

fn wheel(state: &mut State, on: Target, by: isize, fx: &mut Vec<Effect>) {
    match on {
        Target::Row(_) | Target::List => {
            let rows = layout::panes(state).list_rows();
            let tab = state.tab;
            state.lists[tab].scroll_by(by, rows);
        }
        Target::Transcript => commands::scroll(state, by * WHEEL_LINES, fx),
        Target::Over if matches!(state.overlay, Some(Overlay::Why(_))) => {
            why::scroll(state, by * WHEEL_LINES)
        }
        Target::Over | Target::Choice(_) => {
            let State { overlay, keymap, .. } = state;
            match overlay {
                Some(Overlay::Palette(picker) | Overlay::Help(picker)) => picker.step(keymap, by),
                Some(Overlay::Prompt(prompt)) => prompt.step(by),
                Some(Overlay::Search(search)) => search.step(by),
                Some(Overlay::Confirm(_) | Overlay::Why(_)) | None => {}
            }
        }
        Target::Tab(_) | Target::Composer => {}
    }
}
