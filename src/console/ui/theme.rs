//! Colours: the terminal's own sixteen, so that they suit light and dark alike; every state has a word or mark beside its
//! colour, so `NO_COLOR` loses nothing.

use ratatui::style::{Color, Modifier, Style};

use crate::console::app::clock::Urgency;
use crate::console::app::door::Who;

/// How the console looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// With colour; without it bold, dim, underline and reverse are left.
    pub colour: bool,
}

impl Look {
    fn fg(self, colour: Color) -> Style {
        if self.colour { Style::new().fg(colour) } else { Style::new() }
    }

    /// Plain text.
    pub fn plain(self) -> Style {
        Style::new()
    }

    /// What matters less.
    pub fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// What matters.
    pub fn bold(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Headings in panels.
    pub fn heading(self) -> Style {
        self.fg(Color::Blue).add_modifier(Modifier::BOLD)
    }

    /// The row or tab one is on.
    pub fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// The row one is on, while the keys go elsewhere.
    pub fn selected_elsewhere(self) -> Style {
        Style::new().add_modifier(Modifier::UNDERLINED)
    }

    /// Something needs a person.
    pub fn alarm(self) -> Style {
        self.fg(Color::Red).add_modifier(Modifier::REVERSED | Modifier::BOLD)
    }

    /// Something to know.
    pub fn notice(self) -> Style {
        self.fg(Color::Yellow).add_modifier(Modifier::REVERSED)
    }

    /// A refusal.
    pub fn bad(self) -> Style {
        self.fg(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// All is well.
    pub fn good(self) -> Style {
        self.fg(Color::Green)
    }

    /// What keys are shown in.
    pub fn key(self) -> Style {
        self.fg(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// A wait.
    pub fn wait(self, urgency: Urgency) -> Style {
        match urgency {
            Urgency::Calm => self.plain(),
            Urgency::Long => self.fg(Color::Yellow).add_modifier(Modifier::BOLD),
            Urgency::TooLong => self.bad(),
        }
    }

    /// An author's mark and word.
    pub fn who(self, who: Who) -> Style {
        match who {
            Who::Visitor => self.fg(Color::Cyan).add_modifier(Modifier::BOLD),
            Who::Assistant => self.fg(Color::Magenta),
            Who::Me => self.fg(Color::Green).add_modifier(Modifier::BOLD),
            Who::Agent => self.fg(Color::Green),
            Who::Note => self.fg(Color::Yellow).add_modifier(Modifier::BOLD),
            Who::Notice | Who::Marker => self.dim(),
        }
    }

    /// What an author said.
    pub fn said(self, who: Who) -> Style {
        match who {
            Who::Note => self.fg(Color::Yellow),
            Who::Notice | Who::Marker => self.dim(),
            _ => self.plain(),
        }
    }

    /// The word “draft”.
    pub fn note_word(self) -> Style {
        self.fg(Color::Yellow)
    }

    /// The composer's title: to the visitor.
    pub fn reply(self) -> Style {
        self.fg(Color::Green).add_modifier(Modifier::REVERSED | Modifier::BOLD)
    }

    /// The composer's title: for agents only.
    pub fn note(self) -> Style {
        self.fg(Color::Yellow).add_modifier(Modifier::REVERSED | Modifier::BOLD)
    }
}
