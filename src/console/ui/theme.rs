//! Colours and signs: the terminal's own sixteen colours, chosen so that they suit light and dark alike.
//!
//! The rule: what is read at length is in the terminal's own colours. A colour on the terminal's background is red, green,
//! cyan or magenta (yellow cannot be read on white nor blue on black), and a word or mark beside it says the same. What must be
//! seen stands on a coloured ground, with the colour of its letters given too, so that neither theme can swallow it.
//! With `NO_COLOR` bold, dim, underline and reverse are left, and nothing is lost.

use ratatui::style::{Color, Modifier, Style};

use super::glyphs::Glyphs;
use crate::console::app::clock::Urgency;
use crate::console::app::door::Who;

/// How the console looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// With colour; without it bold, dim, underline and reverse are left.
    pub colour: bool,
    /// The signs of our own drawing.
    pub glyphs: Glyphs,
    /// Whether the terminal is told what our own link lines lead to (OSC 8).
    pub links: bool,
}

impl Default for Look {
    /// Everything a terminal of today can show.
    fn default() -> Self {
        Self::FULL
    }
}

/// What somebody wants, over what the environment suggests; none: as the environment suggests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LookChoice {
    /// The signs.
    pub glyphs: Option<Glyphs>,
    /// Links the terminal can open.
    pub links: Option<bool>,
}

impl Look {
    /// Everything a terminal of today can show.
    pub const FULL: Self = Self { colour: true, glyphs: Glyphs::Unicode, links: true };

    /// The look that suits a terminal, from its environment: `NO_COLOR`, `TERM`, and the locale (`LC_ALL`, `LC_CTYPE`, `LANG`:
    /// the first that is not empty counts, as POSIX has it).
    ///
    /// Links stay on with `NO_COLOR`: they are no colour, and they have a switch of their own. They are off where the terminal
    /// is known to print or to choke on them: the Linux console, dumb terminals, GNU screen.
    pub fn suiting(choice: LookChoice, environment: impl Fn(&str) -> Option<String>) -> Self {
        let filled = |name: &str| environment(name).filter(|value| !value.is_empty());
        let term = filled("TERM").unwrap_or_default();
        let bare = matches!(term.as_str(), "" | "linux" | "dumb") || term.starts_with("vt");
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(filled).unwrap_or_default();
        let locale = locale.to_ascii_lowercase();
        let utf8 = locale.contains("utf-8") || locale.contains("utf8");
        // tmux calls itself screen as well, and passes links on.
        let gnu_screen = filled("STY").is_some() || term.starts_with("screen") && filled("TMUX").is_none();
        Self {
            colour: filled("NO_COLOR").is_none(),
            glyphs: choice.glyphs.unwrap_or(if utf8 && !bare { Glyphs::Unicode } else { Glyphs::Ascii }),
            links: choice.links.unwrap_or(true) && !bare && !gnu_screen,
        }
    }

    fn fg(self, colour: Color) -> Style {
        if self.colour { Style::new().fg(colour) } else { Style::new() }
    }

    /// Letters on a coloured ground; reversed where there is no colour.
    fn on(self, ground: Color, letters: Color) -> Style {
        if self.colour {
            Style::new().fg(letters).bg(ground)
        } else {
            Style::new().add_modifier(Modifier::REVERSED)
        }
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
        self.fg(Color::Magenta).add_modifier(Modifier::BOLD)
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
        self.on(Color::Red, Color::White).add_modifier(Modifier::BOLD)
    }

    /// Something to know.
    pub fn notice(self) -> Style {
        self.on(Color::Yellow, Color::Black)
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

    /// A wait. The mark before it ([`Urgency::mark`]) says the same.
    pub fn wait(self, urgency: Urgency) -> Style {
        match urgency {
            Urgency::Calm => self.plain(),
            Urgency::Long => self.notice(),
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
            Who::Note => self.note(),
            Who::Notice | Who::Marker => self.dim(),
        }
    }

    /// What an author said.
    pub fn said(self, who: Who) -> Style {
        match who {
            Who::Notice | Who::Marker => self.dim(),
            _ => self.plain(),
        }
    }

    /// A word that must not be overlooked: “draft”, “Away”, “catching up”.
    pub fn note_word(self) -> Style {
        self.notice()
    }

    /// The composer's title: to the visitor.
    pub fn reply(self) -> Style {
        self.on(Color::Green, Color::Black).add_modifier(Modifier::BOLD)
    }

    /// The composer's title: for agents only.
    pub fn note(self) -> Style {
        self.on(Color::Yellow, Color::Black).add_modifier(Modifier::BOLD)
    }

    /// A site's name, where there is more than one: neighbours differ in colour, and the name says the same.
    pub fn site(self, place: usize) -> Style {
        const COLOURS: [Color; 4] = [Color::Cyan, Color::Magenta, Color::Green, Color::Red];
        self.fg(COLOURS[place % COLOURS.len()]).add_modifier(Modifier::UNDERLINED)
    }

    /// Where one of our own link lines leads.
    pub fn link(self) -> Style {
        Style::new().add_modifier(Modifier::UNDERLINED)
    }

    /// Code in a message; its backticks stay and say the same.
    pub fn code(self) -> Style {
        self.fg(Color::Magenta)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suiting(pairs: &[(&str, &str)]) -> Look {
        let find = |name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        Look::suiting(LookChoice::default(), find)
    }

    #[test]
    fn the_environment_chooses() {
        use Glyphs::{Ascii, Unicode};
        for (pairs, colour, glyphs, links) in [
            (&[("TERM", "xterm-256color"), ("LANG", "de_DE.UTF-8")][..], true, Unicode, true),
            (&[("TERM", "xterm"), ("LANG", "C.utf8"), ("NO_COLOR", "1")], false, Unicode, true),
            (&[("TERM", "xterm"), ("LANG", "C.UTF-8"), ("NO_COLOR", "")], true, Unicode, true),
            (&[("TERM", "xterm"), ("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")], true, Ascii, true),
            (&[("TERM", "xterm"), ("LC_ALL", ""), ("LANG", "de_DE.UTF-8")], true, Unicode, true),
            (&[("TERM", "xterm"), ("LANG", "de_DE.ISO-8859-1")], true, Ascii, true),
            (&[("TERM", "xterm")], true, Ascii, true),
            (&[("TERM", "linux"), ("LANG", "C.UTF-8")], true, Ascii, false),
            (&[("TERM", "dumb"), ("LANG", "C.UTF-8")], true, Ascii, false),
            (&[("TERM", "screen-256color"), ("LANG", "C.UTF-8")], true, Unicode, false),
            (&[("TERM", "screen"), ("TMUX", "/tmp/t,1,0"), ("LANG", "C.UTF-8")], true, Unicode, true),
            (&[("TERM", "xterm"), ("STY", "1.pts"), ("LANG", "C.UTF-8")], true, Unicode, false),
        ] {
            assert_eq!(suiting(pairs), Look { colour, glyphs, links }, "{pairs:?}");
        }
    }

    #[test]
    fn a_choice_counts_more_than_the_locale() {
        let choice = LookChoice { glyphs: Some(Glyphs::Ascii), links: Some(false) };
        let look = Look::suiting(choice, |name| {
            (name != "NO_COLOR").then(|| if name == "LANG" { "C.UTF-8" } else { "xterm" }.to_owned())
        });
        assert_eq!((look.glyphs, look.links), (Glyphs::Ascii, false));
    }

    /// Every style of a look, by name.
    fn styles(look: Look) -> Vec<(&'static str, Style)> {
        let mut all = vec![
            ("plain", look.plain()),
            ("dim", look.dim()),
            ("bold", look.bold()),
            ("heading", look.heading()),
            ("alarm", look.alarm()),
            ("notice", look.notice()),
            ("bad", look.bad()),
            ("good", look.good()),
            ("key", look.key()),
            ("draft", look.note_word()),
            ("reply", look.reply()),
            ("note", look.note()),
            ("link", look.link()),
            ("code", look.code()),
        ];
        for who in [Who::Visitor, Who::Assistant, Who::Me, Who::Agent, Who::Note, Who::Notice, Who::Marker] {
            all.extend([("who", look.who(who)), ("said", look.said(who))]);
        }
        all.extend((0..5).map(|place| ("site", look.site(place))));
        all.extend([Urgency::Calm, Urgency::Long, Urgency::TooLong].map(|u| ("wait", look.wait(u))));
        all
    }

    #[test]
    fn without_colour_there_is_none() {
        for (name, style) in styles(Look { colour: false, ..Look::default() }) {
            assert_eq!((style.fg, style.bg), (None, None), "{name}");
        }
    }

    /// Red, green and blue of a terminal's sixteen, 0 to 255.
    type Palette = [[u8; 3]; 8];
    const XTERM: Palette = [
        [0, 0, 0],
        [205, 0, 0],
        [0, 205, 0],
        [205, 205, 0],
        [0, 0, 238],
        [205, 0, 205],
        [0, 205, 205],
        [229, 229, 229],
    ];
    const VGA: Palette = [
        [0, 0, 0],
        [170, 0, 0],
        [0, 170, 0],
        [170, 85, 0],
        [0, 0, 170],
        [170, 0, 170],
        [0, 170, 170],
        [170, 170, 170],
    ];
    const TANGO: Palette = [
        [46, 52, 54],
        [204, 0, 0],
        [78, 154, 6],
        [196, 160, 0],
        [52, 101, 164],
        [117, 80, 123],
        [6, 152, 154],
        [211, 215, 207],
    ];

    /// Contrast of two colours as the W3C counts it (WCAG 2.2): 1 to 21.
    fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
        let light = |rgb: [u8; 3]| {
            let [r, g, b] = rgb.map(|v| {
                let v = f64::from(v) / 255.0;
                if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
            });
            0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
        };
        let (a, b) = (light(a), light(b));
        if a > b { a / b } else { b / a }
    }

    #[test]
    fn every_colour_can_be_read_on_light_and_dark() {
        for (which, palette) in [("xterm", XTERM), ("vga", VGA), ("tango", TANGO)] {
            let rgb = |colour: Color| match colour {
                Color::Black => palette[0],
                Color::Red => palette[1],
                Color::Green => palette[2],
                Color::Yellow => palette[3],
                Color::Blue => palette[4],
                Color::Magenta => palette[5],
                Color::Cyan => palette[6],
                _ => [255, 255, 255],
            };
            for (name, style) in styles(Look::default()) {
                match (style.fg, style.bg) {
                    (Some(letters), Some(ground)) => {
                        let got = contrast(rgb(letters), rgb(ground));
                        assert!(got >= 3.0, "{which}, {name}: {got:.1}");
                    }
                    (Some(letters), None) => {
                        // A word of our own, doubled by what it says: 1.9 is xterm's cyan on white, the worst that is used.
                        for ground in [[0, 0, 0], [255, 255, 255]] {
                            let got = contrast(rgb(letters), ground);
                            assert!(got >= 1.9, "{which}, {name} on {ground:?}: {got:.1}");
                        }
                    }
                    (None, None) => {}
                    (None, Some(_)) => assert!(style.fg.is_some(), "{name}: a ground needs its letters"),
                }
            }
        }
    }
}
