//! Desktop notifications by way of the terminal: OSC 9, 777 or 99, through tmux where it stands between.
//!
//! Invariant: what goes out is one sequence of ours around inert text without separators; a terminal that is not known to
//! take any gets none (some print what they do not know).

use crate::console::app::Alert;
use crate::console::config::{Class, Notify};

/// Which sequence the terminal takes, and whether tmux must be told to pass it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notifier {
    way: Notify,
    tmux: bool,
}

impl Notifier {
    /// What suits the settings and the environment.
    pub fn suiting(wanted: Notify, var: impl Fn(&str) -> Option<String>) -> Self {
        let tmux = var("TMUX").is_some_and(|v| !v.is_empty());
        let way = if wanted == Notify::Auto { known(&var) } else { wanted };
        Self { way, tmux }
    }

    /// The sequence for an alert; none where there is no way.
    pub fn notify(self, alert: &Alert) -> Vec<u8> {
        // `;` parts fields, and words are ASCII-only nowhere: only the separator must go.
        let words = alert.words.as_str().replace(';', ",");
        let class = alert.class.word();
        let sequence = match self.way {
            Notify::Auto | Notify::Off => return Vec::new(),
            // A number after `9;` would be another command to some terminals.
            Notify::Osc9 => format!("\x1b]9;Baton: {words}\x1b\\"),
            Notify::Osc777 => format!("\x1b]777;notify;Baton;{words}\x1b\\"),
            Notify::Osc99 => {
                let urgency = if alert.level > 0 { 2 } else { 1 };
                format!("\x1b]99;i=baton-{class}:u={urgency}:o=unfocused;Baton: {words}\x1b\\")
            }
        };
        self.wrapped(&sequence)
    }

    /// The sequence that takes a class's notification back, where the terminal can.
    pub fn withdraw(self, class: Class) -> Vec<u8> {
        match self.way {
            Notify::Osc99 => self.wrapped(&format!("\x1b]99;i=baton-{}:p=close;\x1b\\", class.word())),
            _ => Vec::new(),
        }
    }

    fn wrapped(self, sequence: &str) -> Vec<u8> {
        if !self.tmux {
            return sequence.as_bytes().to_vec();
        }
        format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b")).into_bytes()
    }
}

/// What the terminal is known to take, by the variables it sets. Inside tmux those of the terminal around it are still there.
fn known(var: &impl Fn(&str) -> Option<String>) -> Notify {
    let is = |name: &str, value: &str| var(name).is_some_and(|v| v.eq_ignore_ascii_case(value));
    let set = |name: &str| var(name).is_some_and(|v| !v.is_empty());
    let term = var("TERM").unwrap_or_default();
    if set("KITTY_WINDOW_ID") || term.contains("kitty") {
        return Notify::Osc99;
    }
    if is("LC_TERMINAL", "iTerm2")
        || ["iTerm.app", "WezTerm", "ghostty"].iter().any(|name| is("TERM_PROGRAM", name))
        || set("WT_SESSION")
        || set("WEZTERM_PANE")
        || set("GHOSTTY_RESOURCES_DIR")
    {
        return Notify::Osc9;
    }
    if term.starts_with("foot") || term.starts_with("rxvt-unicode") || set("VTE_VERSION") {
        return Notify::Osc777;
    }
    Notify::Off
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Untrusted;

    fn alert(words: &str, level: u8) -> Alert {
        let words = Untrusted::new(words).line();
        Alert { class: Class::Handoff, level, count: 1, longest_s: 10, words }
    }

    fn suiting(wanted: Notify, pairs: &[(&str, &str)]) -> Notifier {
        Notifier::suiting(wanted, |name| {
            pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn each_way_is_one_sequence_and_unknown_terminals_get_none() {
        let hostile = alert("a\x1b]52;c;eA==\x07; b\u{9d}c", 0);
        for (pairs, begins) in [
            (&[("KITTY_WINDOW_ID", "1")][..], "\x1b]99;i=baton-handoff:u=1"),
            (&[("TERM_PROGRAM", "WezTerm")], "\x1b]9;Baton: "),
            (&[("TERM", "foot")], "\x1b]777;notify;Baton;"),
            (&[("VTE_VERSION", "7600")], "\x1b]777;notify;Baton;"),
        ] {
            let bytes = suiting(Notify::Auto, pairs).notify(&hostile);
            let text = String::from_utf8(bytes).expect("text");
            assert!(text.starts_with(begins), "{text:?}");
            let inside = text.strip_suffix("\x1b\\").expect("it ends");
            assert_eq!(inside.chars().filter(|c| c.is_control()).count(), 1, "{text:?}");
        }
        for pairs in [&[("TERM", "xterm-256color")][..], &[("TERM", "linux")], &[]] {
            assert!(suiting(Notify::Auto, pairs).notify(&alert("x", 1)).is_empty());
        }
        assert!(suiting(Notify::Off, &[("KITTY_WINDOW_ID", "1")]).notify(&alert("x", 1)).is_empty());
    }

    #[test]
    fn tmux_passes_it_on_and_kitty_takes_it_back() {
        let through = suiting(Notify::Osc9, &[("TMUX", "/tmp/tmux,1,0")]);
        assert_eq!(through.notify(&alert("x", 0)), b"\x1bPtmux;\x1b\x1b]9;Baton: x\x1b\x1b\\\x1b\\");
        assert!(through.withdraw(Class::Handoff).is_empty());
        let kitty = suiting(Notify::Osc99, &[]);
        assert_eq!(kitty.withdraw(Class::Reply), b"\x1b]99;i=baton-reply:p=close;\x1b\\");
        assert!(String::from_utf8_lossy(&kitty.notify(&alert("x", 1))).contains("u=2"));
    }
}
