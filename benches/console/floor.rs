//! The floor: a bare ratatui window with a line to type in. It draws after each key and knows nothing else.

use crossterm::event::{Event, KeyCode, read};
use ratatui::layout::Position;
use ratatui::text::Line;

pub fn run() {
    let mut terminal = ratatui::init();
    let mut typed = String::new();
    loop {
        terminal
            .draw(|frame| {
                let area = frame.area();
                frame.render_widget(Line::from("bare window"), area);
                let y = area.height - 2;
                frame.render_widget(
                    Line::from(format!("< {typed}")),
                    ratatui::layout::Rect { y, height: 1, ..area },
                );
                frame.set_cursor_position(Position { x: 2 + typed.len() as u16, y });
            })
            .unwrap();
        let Event::Key(key) = read().unwrap() else { continue };
        match key.code {
            KeyCode::Char(c) => typed.push(c),
            KeyCode::Backspace => drop(typed.pop()),
            KeyCode::Esc => break,
            _ => {}
        }
    }
    ratatui::restore();
}
