//! What must be seen. Derived from what is, so it stays until its cause is gone: nobody has to remember to take it away.

use super::command::Command;
use super::keymap::Mode;
use super::sites::counts;
use super::state::{Link, State};
use super::{away, clock};
use crate::conversation::State as Standing;

/// What must be seen, above everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Banner {
    /// The sentence.
    pub text: String,
    /// Whether it is an alarm, or a mere notice.
    pub alarm: bool,
}

impl State {
    /// Handoffs nobody has taken: how many, and the longest wait in milliseconds.
    pub fn waiting(&self) -> (usize, i64) {
        let queued = self.rows.values().filter(|row| row.state == Standing::Queued && !row.gone);
        queued.fold((0, 0), |(n, longest), row| (n + 1, longest.max(self.waits_ms(row).unwrap_or(0))))
    }

    /// The key that makes Available, where it has one; in full, what it does.
    fn way_back(&self, in_full: bool) -> String {
        match (self.keymap.key(Command::Availability, Mode::List), in_full) {
            ("", _) => String::new(),
            (key, true) => format!(": {key} makes you Available"),
            (key, false) => format!(": {key}"),
        }
    }

    /// The sentence above everything, if one is due. Derived from what is, so it stays until the cause is gone.
    pub fn banner(&self) -> Option<Banner> {
        match &self.link {
            Link::Stopped { why } => {
                return Some(Banner { text: format!("Not connected: {why}"), alarm: true });
            }
            Link::Down { why } if !self.loaded => {
                return Some(Banner {
                    text: format!("No connection yet, still trying ({why})"),
                    alarm: true,
                });
            }
            Link::Down { why } => {
                let text = match away::lease_words(self) {
                    Some(words) => words.to_owned(),
                    None => format!("No connection: what you send is kept and goes later ({why})"),
                };
                return Some(Banner { text, alarm: true });
            }
            _ => {}
        }
        let me = self.me.as_ref()?;
        let (waiting, longest) = self.waiting();
        if self.away_is_over() {
            let words = self.away_words().unwrap_or_default();
            let queue = if waiting > 0 { format!(", {waiting} waiting") } else { String::new() };
            let text = format!("Your time Away is over ({words}){queue}{}", self.way_back(true));
            return Some(Banner { text, alarm: true });
        }
        match (me.available, waiting) {
            (false, 0) => {
                let text = match self.away_words() {
                    Some(words) => format!("You are Away ({words}){}", self.way_back(true)),
                    None => format!("You are Away{}", self.way_back(true)),
                };
                Some(Banner { text, alarm: false })
            }
            (false, n) => Some(Banner {
                text: format!("You are Away, {n} waiting{}", self.way_back(false)),
                alarm: true,
            }),
            (true, 0) => None,
            (true, n) => {
                // Which site is shown hides no alarm; where it comes from is said.
                let sites = self.waiting_by_site();
                let place = if self.many_sites() { format!(" · {}", counts(&sites)) } else { String::new() };
                let text = format!("{n} waiting for a person, longest {}{place}", clock::wait(longest));
                Some(Banner { text, alarm: true })
            }
        }
    }
}
