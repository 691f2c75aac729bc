//! From the terminal library's events to ours.

use crossterm::event::{Event as Raw, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::console::app::Event;
use crate::console::app::key::{Code, Key};

/// Our event, for one that means something here.
pub fn event(raw: Raw) -> Option<Event> {
    match raw {
        Raw::Key(key) if key.kind != KeyEventKind::Release => self::key(key).map(Event::Key),
        Raw::Paste(text) => Some(Event::Paste(text)),
        Raw::Resize(width, height) => Some(Event::Resize { width, height }),
        Raw::FocusGained => Some(Event::Focus(true)),
        Raw::FocusLost => Some(Event::Focus(false)),
        Raw::Key(_) | Raw::Mouse(_) => None,
    }
}

fn key(raw: KeyEvent) -> Option<Key> {
    let code = match raw.code {
        KeyCode::Char(c) if raw.modifiers.contains(KeyModifiers::CONTROL) => {
            Code::Char(c.to_ascii_lowercase())
        }
        KeyCode::Char(c) => Code::Char(c),
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
    let said = matches!(code, Code::Char(_) | Code::BackTab);
    Some(Key {
        code,
        ctrl: raw.modifiers.contains(KeyModifiers::CONTROL),
        alt: raw.modifiers.contains(KeyModifiers::ALT),
        shift: raw.modifiers.contains(KeyModifiers::SHIFT) && !said,
    })
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
        ] {
            assert_eq!(key(KeyEvent::new(code, modifiers)), spelt.parse().ok(), "{spelt}");
        }
    }
}
