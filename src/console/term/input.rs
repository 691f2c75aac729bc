//! From the terminal library's events to ours.

use crossterm::event::{
    Event as Raw, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use crate::console::app::key::{Code, Key};
use crate::console::app::{Event, Gesture, Mouse};

/// Our event, for one that means something here.
pub fn event(raw: Raw) -> Option<Event> {
    match raw {
        Raw::Key(key) if key.kind != KeyEventKind::Release => self::key(key).map(Event::Key),
        Raw::Paste(text) => Some(Event::Paste(text)),
        Raw::Resize(width, height) => Some(Event::Resize { width, height }),
        Raw::FocusGained => Some(Event::Focus(true)),
        Raw::FocusLost => Some(Event::Focus(false)),
        Raw::Mouse(mouse) => self::mouse(mouse).map(Event::Mouse),
        Raw::Key(_) => None,
    }
}

/// The left button going down and the wheel; moves, drags, releases and other buttons mean nothing here.
fn mouse(raw: MouseEvent) -> Option<Mouse> {
    let gesture = match raw.kind {
        MouseEventKind::Down(MouseButton::Left) => Gesture::Click,
        MouseEventKind::ScrollUp => Gesture::WheelUp,
        MouseEventKind::ScrollDown => Gesture::WheelDown,
        _ => return None,
    };
    Some(Mouse { gesture, x: raw.column, y: raw.row, on: None })
}

fn key(raw: KeyEvent) -> Option<Key> {
    let (ctrl, alt) =
        (raw.modifiers.contains(KeyModifiers::CONTROL), raw.modifiers.contains(KeyModifiers::ALT));
    if let KeyCode::Char(c) = raw.code {
        // AltGr arrives as Control and Alt from some terminals, with the character it makes: `@`, `{`, `ł`.
        let altgr = ctrl && alt && !c.is_ascii_alphanumeric() && c != ' ';
        return Some(if altgr { Key::plain(Code::Char(c)) } else { Key::char(c, ctrl, alt, false) });
    }
    let code = match raw.code {
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab if raw.modifiers.contains(KeyModifiers::SHIFT) => Code::BackTab,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::F(n) if (1..=12).contains(&n) => Code::F(n),
        _ => return None,
    };
    Some(Key { code, ctrl, alt, shift: raw.modifiers.contains(KeyModifiers::SHIFT) && code != Code::BackTab })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_arrive_as_the_table_spells_them() {
        let none = KeyModifiers::NONE;
        for (code, modifiers, spelt) in [
            (KeyCode::Char('G'), KeyModifiers::SHIFT, "G"),
            (KeyCode::Char('~'), KeyModifiers::SHIFT, "~"),
            (KeyCode::Char('K'), KeyModifiers::CONTROL | KeyModifiers::SHIFT, "ctrl-k"),
            (KeyCode::Char('k'), KeyModifiers::CONTROL, "ctrl-k"),
            (KeyCode::BackTab, KeyModifiers::SHIFT, "shift-tab"),
            (KeyCode::Enter, KeyModifiers::ALT, "alt-enter"),
            (KeyCode::Enter, KeyModifiers::SHIFT, "shift-enter"),
            (KeyCode::Char(' '), none, "space"),
            (KeyCode::Char('Ö'), KeyModifiers::CONTROL, "ctrl-ö"),
            (KeyCode::Char('я'), none, "я"),
            (KeyCode::Char('@'), KeyModifiers::CONTROL | KeyModifiers::ALT, "@"),
            (KeyCode::Char('ł'), KeyModifiers::CONTROL | KeyModifiers::ALT, "ł"),
            (KeyCode::Char('x'), KeyModifiers::CONTROL | KeyModifiers::ALT, "ctrl-alt-x"),
            (KeyCode::F(4), none, "f4"),
        ] {
            assert_eq!(key(KeyEvent::new(code, modifiers)), spelt.parse().ok(), "{spelt}");
        }
    }
}
