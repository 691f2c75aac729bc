//! State, panels and terminal together, without the loop: events in, effects out, frames when due.
//!
//! Invariant: at most one frame in [`FRAME_MS`] for what arrives (after a rest, two at once), and one for each key at once; none while nothing changed. Time comes from the caller, so tests have it.

use std::sync::Arc;

use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::layout::Rect;

use super::app::{self, Effect, Event, Now, State};
use super::ui::{self, Cache, HitMap, Look, Spill};

/// Least time between two frames, milliseconds.
pub const FRAME_MS: u64 = 8;

/// How a terminal is told what lies behind the cells of the frame that comes.
pub type Tell<B> = fn(&mut B, &[(u32, Arc<str>)]);

/// A console without its loop.
#[derive(Debug)]
pub struct Shell<B: Backend> {
    /// What it knows.
    pub state: State,
    /// Where it draws.
    pub terminal: Terminal<B>,
    look: Look,
    tell: Tell<B>,
    cache: Cache,
    spill: Spill,
    hits: HitMap,
    dirty: bool,
    /// A key or a paste came: it is shown at once, whatever else arrives.
    typed: bool,
    /// When the last two frames were drawn, the older first.
    last_frames: [Option<u64>; 2],
    frames: u64,
}

impl<B: Backend> Shell<B> {
    /// A console that has drawn nothing yet, on a terminal that knows nothing of links.
    pub fn new(state: State, terminal: Terminal<B>, look: Look) -> Self {
        Self::telling(state, terminal, look, |_, _| {})
    }

    /// The same, on a terminal that is told of links.
    pub fn telling(state: State, terminal: Terminal<B>, look: Look, tell: Tell<B>) -> Self {
        Self {
            state,
            terminal,
            look,
            tell,
            cache: Cache::default(),
            spill: Spill::default(),
            hits: HitMap::default(),
            dirty: true,
            typed: false,
            last_frames: [None; 2],
            frames: 0,
        }
    }

    /// Takes in an event.
    pub fn event(&mut self, mut event: Event, now: Now) -> Vec<Effect> {
        if let Event::Mouse(mouse) = &mut event {
            // What the agent saw there, even if the state has moved on since that frame.
            mouse.on = self.hits.at(mouse.x, mouse.y);
        }
        self.dirty = true;
        self.typed |= matches!(event, Event::Key(_) | Event::Paste(_));
        app::update(&mut self.state, event, now)
    }

    /// Milliseconds until a frame is due; none while nothing changed.
    pub fn frame_in(&self, mono: u64) -> Option<u64> {
        // Two in a row after a rest, so that what follows at once (“connecting” and then the list) does not wait.
        let due = match self.last_frames {
            [Some(before), Some(last)] if !self.typed && last < before + 2 * FRAME_MS => last + FRAME_MS,
            _ => 0,
        };
        self.dirty.then(|| due.saturating_sub(mono))
    }

    /// Draws, if a frame is due.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw_if_due(&mut self, mono: u64) -> Result<bool, B::Error> {
        if self.frame_in(mono) != Some(0) {
            return Ok(false);
        }
        self.state.refresh_lists();
        let Self { state, terminal, look, cache, spill, hits, tell, .. } = self;
        // What `Terminal::draw` does, but that the state's size counts: asking the terminal costs three system calls a frame, and
        // a frame of another size than the panels were laid out for reaches outside of its buffer.
        let size = Rect::new(0, 0, state.size.0, state.size.1);
        let mut frame = terminal.get_frame();
        if frame.area() != size {
            terminal.resize(size)?;
            frame = terminal.get_frame();
        }
        *hits = ui::draw(&mut frame, state, *look, cache);
        spill.mark(frame.buffer_mut());
        // And a word to the terminal between drawing and writing.
        tell(terminal.backend_mut(), cache.links().shown());
        terminal.apply_buffer_with_cursor(hits.cursor())?;
        self.dirty = false;
        self.typed = false;
        self.last_frames = [self.last_frames[1], Some(mono)];
        self.frames += 1;
        Ok(true)
    }

    /// The next frame is drawn from nothing.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn redraw(&mut self) -> Result<(), B::Error> {
        self.dirty = true;
        self.spill.forget();
        self.terminal.clear()
    }

    /// Frames drawn so far.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Where things landed in the last frame.
    pub fn hits(&self) -> &HitMap {
        &self.hits
    }
}
