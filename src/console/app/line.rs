//! The palette's line: a command's name and what it is for, in one go: `away 30m lunch`, `snooze tomorrow 9`, `q`.
//!
//! What a command would ask for, the line has answered already; what cannot be taken stays on screen as the question with
//! the reason. Refused here: understanding the words; each question does that.

use super::command::{self, Command, Spec};
use super::effect::Effect;
use super::picker::Picker;
use super::press::run_if_possible;
use super::prompt::{self, Ask};
use super::search::{self, Search};
use super::state::{Overlay, State};

/// Words people know for commands.
const ALSO: [(&str, Command); 5] = [
    ("q", Command::Quit),
    ("q!", Command::Quit),
    ("qa", Command::Quit),
    ("tag", Command::Tags),
    ("assign", Command::Transfer),
];

/// The command a word names exactly.
pub fn named(word: &str) -> Option<&'static Spec> {
    let also = ALSO.iter().find(|(also, _)| *also == word);
    also.map_or_else(|| command::named(word), |(_, command)| command::find(*command))
}

/// A line of a command that takes words, and the words; none: it is no such line.
pub fn parse(line: &str) -> Option<(&'static Spec, &str)> {
    let (word, words) = line.trim().split_once(char::is_whitespace)?;
    let spec = named(word.trim_start_matches(':'))?;
    let takes = matches!(
        spec.command,
        Command::Snooze
            | Command::Away
            | Command::Release
            | Command::Tags
            | Command::Priority
            | Command::Transfer
            | Command::Search
    );
    takes.then_some((spec, words.trim()))
}

/// Enter in the palette or the help.
pub(super) fn enter(state: &mut State, picker: &Picker, fx: &mut Vec<Effect>) {
    if let Some((spec, words)) = parse(&picker.query).filter(|_| !picker.all) {
        return run(state, spec, words, fx);
    }
    if let Some(spec) = picker.chosen(&state.keymap) {
        run_if_possible(state, spec, fx);
    }
}

fn run(state: &mut State, spec: &'static Spec, words: &str, fx: &mut Vec<Effect>) {
    run_if_possible(state, spec, fx);
    match &mut state.overlay {
        Some(Overlay::Search(Search { query, .. })) => {
            *query = words.to_owned();
            search::ask(state, fx);
        }
        Some(Overlay::Prompt(prompt)) if matches!(prompt.ask, Ask::Transfer(_)) => {
            let (to, note) = receiver(prompt.clone(), words);
            prompt::answer(state, to, fx);
            let asks_note =
                matches!(&state.overlay, Some(Overlay::Prompt(p)) if matches!(p.ask, Ask::TransferNote(..)));
            if asks_note && !note.is_empty() {
                prompt::answer(state, note, fx);
            }
        }
        _ => prompt::answer(state, words, fx),
    }
}

/// Who gets it, and the note: as many of the first words as name somebody.
fn receiver(mut prompt: prompt::Prompt, words: &str) -> (&str, &str) {
    let ends = words.match_indices(char::is_whitespace).map(|(at, _)| at).chain([words.len()]);
    for at in ends.collect::<Vec<_>>().into_iter().rev() {
        prompt.input = words[..at].to_owned();
        if prompt.chosen().is_some() {
            return (&words[..at], words[at..].trim());
        }
    }
    (words, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_name_and_its_words() {
        let parsed = |line| parse(line).map(|(spec, words)| (spec.name, words));
        assert_eq!(parsed("away 30m lunch"), Some(("away", "30m lunch")));
        assert_eq!(parsed(":snooze  tomorrow 9 "), Some(("snooze", "tomorrow 9")));
        assert_eq!(parsed("tag billing"), Some(("tags", "billing")));
        for none in ["snooze", "snooze ", "resolve now", "who knows", ""] {
            assert_eq!(parsed(none), None, "{none}");
        }
        assert_eq!(named("q").map(|spec| spec.command), Some(Command::Quit));
    }
}
