//! A thousand events at once, in this process: the console without its loop, on the real clock, drained as its loop drains.

use std::time::{Duration, Instant};

use baton::console::app::{Event, Now};
use baton::console::shell::Shell;
use baton::console::term::Screen;
use baton::console::ui::Look;
use baton::conversation::{Author, Reason};
use ratatui::Terminal;
use uuid::Uuid;

use crate::console_support::{Desk, NOW, Story, me};

/// What the console's loop takes in before it looks at keys again.
const DRAIN: usize = 512;

/// Frames drawn for a burst of so many events in the open conversation, and the time until the last was shown.
pub fn frames(events: usize) -> (u64, Duration) {
    let mut story = Story::new(4, "Kim", "/", 400)
        .visitor(390, "hello?")
        .queued(380, Reason::HumanRequested, "says hello")
        .accepted(300, me())
        .agent(290, me(), "Hi Kim");
    let mut desk = Desk::with(120, 40, true, vec![story.clone()]);
    desk.keys("2<enter>");
    let screen = Screen::new(Vec::new(), || Ok((120, 40)));
    let mut shell = Shell::new(desk.state, Terminal::new(screen).unwrap(), Look::default());
    shell.draw_if_due(0).unwrap();
    let before = shell.frames();
    let burst: Vec<_> = (0..events)
        .map(|n| {
            let event = story.message(Author::Visitor, &format!("{} {n}", crate::TEXT));
            story.transcript.entries.clear();
            story.event(0, &event)
        })
        .collect();
    let began = Instant::now();
    let mono = || 20_000 + began.elapsed().as_millis() as u64;
    let mut left = burst.into_iter().peekable();
    while left.peek().is_some() || shell.frame_in(mono()).is_some() {
        for report in left.by_ref().take(DRAIN) {
            let mono = mono();
            let now = Now { wall: NOW.plus_ms(mono as i64), mono, fresh: Uuid::new_v4() };
            shell.event(Event::Client(report), now);
        }
        shell.draw_if_due(mono()).unwrap();
        std::thread::sleep(Duration::from_millis(shell.frame_in(mono()).unwrap_or(0)));
    }
    (shell.frames() - before, began.elapsed())
}
