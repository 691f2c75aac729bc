//! The thread, given to a program: as Markdown, on its standard input, with the terminal to itself.
//!
//! The program's words are split at spaces; `'…'` and `"…"` keep a word together. No shell is involved: no `$`, no `*`, no `|`
//! means anything. Invariant: the whole thread goes out or nothing does; what goes out was made inert by the export.

use super::commands;
use super::door::line;
use super::effect::Effect;
use super::prompt::{self, Ask, Prompt};
use super::state::{Pending, State};
use super::update::{refuse, say, toast};
use crate::conversation::{Conversation, ConversationId, Entry};
use crate::export::{self, Format, Options};
use crate::protocol::{AgentOp, ConversationArg, HistoryOk};
use crate::text::SafeText;

/// Entries fetched at a time, and how often at most: a thread that is longer is not piped.
const STEP: u32 = 1_000;
const STEPS: u32 = 200;
/// Programs remembered.
const REMEMBERED: usize = 20;

/// A thread that is being fetched for a program.
#[derive(Debug)]
pub struct Piping {
    argv: Vec<String>,
    conversation: Box<Conversation>,
    /// Newest page first.
    pages: Vec<Vec<Entry>>,
    steps: u32,
}

/// Asks for the program.
pub(super) fn ask(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(id) = state.target() else {
        return refuse(state, "no conversation is selected", fx);
    };
    if !state.live() {
        return refuse(state, "no link: the whole thread cannot be fetched now", fx);
    }
    commands::open(state, id, fx);
    let hint = "a program, as: less, or: wc -w. It gets Markdown; Up recalls; no shell";
    prompt::open(state, Prompt::line(Ask::Pipe(id), "pipe to", hint));
}

/// The program before the one in the field; the last for an empty field.
pub(super) fn recall(state: &State, written: &str) -> Option<String> {
    let at = state.programs.iter().position(|known| known == written).unwrap_or(state.programs.len());
    at.checked_sub(1).and_then(|at| state.programs.get(at)).cloned()
}

/// Splits words as described above; none: a quote is left open, or there is no word.
pub fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in text.chars() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    let named = words.first().is_some_and(|program| !program.is_empty());
    (quote.is_none() && named).then_some(words)
}

/// Gives it the thread: fetches what is missing first.
pub(super) fn pipe(
    state: &mut State,
    id: ConversationId,
    words: &str,
    fx: &mut Vec<Effect>,
) -> Result<(), SafeText> {
    let argv = split(words).ok_or(SafeText::literal("a program is needed, and every quote closed"))?;
    if !state.live() {
        return Err(SafeText::literal("no link: the whole thread cannot be fetched now"));
    }
    let fold = state.open.as_ref().filter(|open| open.id == id).and_then(|open| open.fold.clone());
    let conversation = fold.ok_or(SafeText::literal("it is still being opened: Enter tries again"))?;
    state.programs.retain(|known| known != words);
    state.programs.push(words.to_owned());
    if state.programs.len() > REMEMBERED {
        state.programs.remove(0);
    }
    state.piping = Some(Piping { argv, conversation, pages: Vec::new(), steps: 0 });
    say(state, "fetching the whole thread…", fx);
    fetch(state, None, fx);
    Ok(())
}

fn fetch(state: &mut State, before: Option<u64>, fx: &mut Vec<Effect>) {
    let tag = state.tag();
    let Some(piping) = &mut state.piping else { return };
    piping.steps += 1;
    // What was said after the question is not part of it: the fold and the entries belong together.
    let before = before.unwrap_or(piping.conversation.version + 1);
    let arg =
        ConversationArg { conversation: piping.conversation.id, before: Some(before), limit: Some(STEP) };
    state.pending.insert(tag, Pending::Pipe);
    fx.push(Effect::Request { tag, op: AgentOp::History(arg) });
}

/// A page of it came.
pub(super) fn fetched(state: &mut State, result: Result<HistoryOk, SafeText>, fx: &mut Vec<Effect>) {
    let Some(mut piping) = state.piping.take() else { return };
    let ok = match result {
        Ok(ok) => ok,
        Err(why) => {
            let words = [SafeText::literal("the thread could not be fetched, nothing was piped: "), why];
            return toast(state, words.into_iter().collect(), true, fx);
        }
    };
    let first = ok.entries.first().map(|entry| entry.version);
    let asked = piping.pages.last().and_then(|page| page.first()).map_or(u64::MAX, |entry| entry.version);
    piping.pages.push(ok.entries);
    match first.filter(|first| *first < asked) {
        Some(first) if ok.more && piping.steps < STEPS => {
            state.piping = Some(piping);
            fetch(state, Some(first), fx);
        }
        _ if ok.more => {
            refuse(state, "the thread is too long, or the server goes in circles: nothing was piped", fx)
        }
        _ => {
            let entries: Vec<Entry> = piping.pages.into_iter().rev().flatten().collect();
            let options = Options { notes: true, zone: state.tz.clone() };
            let text = export::document(Format::Markdown, &piping.conversation, &entries, &options);
            state.toast = None;
            fx.push(Effect::Pipe { argv: piping.argv, text });
        }
    }
}

/// The program has ended.
pub(super) fn ended(
    state: &mut State,
    program: &str,
    how: Result<Option<i32>, SafeText>,
    fx: &mut Vec<Effect>,
) {
    let program = line(program);
    let (words, bad) = match how {
        Ok(Some(0)) => (format!("{program} has ended well"), false),
        Ok(Some(code)) => (format!("{program} has ended with {code}"), true),
        Ok(None) => (format!("{program} was killed"), true),
        Err(why) => (format!("{program} could not be started: {why}"), true),
    };
    toast(state, line(&words), bad, fx);
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn words_are_split_and_nothing_else_is_done_to_them() {
        for (text, words) in [
            ("less", Some(vec!["less"])),
            ("  wc   -w ", Some(vec!["wc", "-w"])),
            ("grep 'a b' \"c'd\"", Some(vec!["grep", "a b", "c'd"])),
            ("x $HOME *.md | y; z", Some(vec!["x", "$HOME", "*.md", "|", "y;", "z"])),
            ("x ''", Some(vec!["x", ""])),
            ("'a b'c", Some(vec!["a bc"])),
            ("x 'y", None),
            ("", None),
            ("'' x", None),
        ] {
            let wanted = words.map(|words| words.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(split(text), wanted, "{text}");
        }
    }
}
