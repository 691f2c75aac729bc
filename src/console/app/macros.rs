//! Ready texts: picked, filled in, repeated.
//!
//! Invariant: what is put in is what the picker showed; what follows a ready text (a tag, a resolve) is done only after its
//! words were sent. A value is the visitor's own words and stands in the text as such: it is never read as a template.

use jiff::Timestamp;

use super::effect::Effect;
use super::event::TimerId;
use super::prompt::{Ask, Choice, Prompt};
use super::state::{Overlay, State};
use super::update::{BREATH_MS, refuse, say, toast};
use super::writing::After;
use super::{after, availability, compose, sending};
use crate::client::DraftKind;
use crate::console::composer::Taken;
use crate::console::macros::{Action, Filled, Library, Macro, Variable};
use crate::conversation::ConversationId;
use crate::text::{SafeText, Untrusted};

/// While the picker is open, the folder is looked at so often, milliseconds.
const LOOK_EVERY_MS: u64 = 2_000;
/// How a choice that is broken begins its value: no file is called so.
const BROKEN: &str = "\u{0}";

const TITLE: &str = "ready texts";
const HINT: &str = "type to find; Enter puts it in, Esc closes";

/// What the picker shows of the choice under its cursor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preview {
    /// The text, filled in; or what is wrong.
    pub text: SafeText,
    /// What follows; empty: nothing.
    pub then: SafeText,
    /// Gaps left to fill in by hand.
    pub gaps: usize,
    /// It cannot be used.
    pub bad: bool,
}

/// Has the folder read, once.
pub(super) fn load(state: &State, fx: &mut Vec<Effect>) {
    if state.writing.macros.is_none() {
        fx.push(Effect::ReadMacros);
    }
}

/// Whether there is anything to pick.
pub(super) fn any(state: &State) -> bool {
    state.writing.macros.as_ref().is_some_and(|library| !library.is_empty())
}

/// The conversation a ready text is for.
fn conversation(state: &State) -> Option<ConversationId> {
    state.composing.as_ref().map(|c| c.conversation).or_else(|| state.target())
}

/// Asks which.
pub(super) fn ask(state: &mut State, fx: &mut Vec<Effect>) {
    fx.push(Effect::ReadMacros);
    fx.push(Effect::StartTimer { id: TimerId::Macros, ms: LOOK_EVERY_MS });
    let choices = choices(state);
    let mut prompt = Prompt::choice(Ask::Macro, TITLE, HINT, choices);
    prompt.said = nothing(state);
    state.overlay = Some(Overlay::Prompt(prompt));
}

/// A slash in an empty composer asks; but one that others follow in the same breath is the beginning of a paste.
pub(super) fn slash(state: &mut State, fx: &mut Vec<Effect>) {
    ask(state, fx);
    state.writing.slash = Some(state.now.mono);
}

/// Before any key: a slash that turns out to be part of a paste is put in as one.
pub(super) fn before_key(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(since) = state.writing.slash.take() else { return };
    if state.now.mono.saturating_sub(since) >= BREATH_MS {
        return;
    }
    state.overlay = None;
    if let Some(composing) = &mut state.composing {
        composing.editor.type_char('/');
        compose::edited(state, fx);
    }
}

/// What is said where there is nothing to choose.
fn nothing(state: &State) -> Option<SafeText> {
    match &state.writing.macros {
        None => Some(SafeText::literal("reading the folder…")),
        Some(Library { folder: None, .. }) => {
            Some(SafeText::literal("no folder: set macros under [composer] in console.toml"))
        }
        Some(library) if library.is_empty() => {
            let folder = library.folder.as_ref().map(|folder| folder.display().to_string());
            let folder = Untrusted::new(folder.unwrap_or_default()).line();
            Some([SafeText::literal("none yet: put Markdown files into "), folder].into_iter().collect())
        }
        Some(_) => None,
    }
}

/// Looks at the folder again while the picker is open; else the timer ends here.
pub(super) fn look_again(state: &mut State, fx: &mut Vec<Effect>) {
    if matches!(&state.overlay, Some(Overlay::Prompt(prompt)) if prompt.ask == Ask::Macro) {
        fx.push(Effect::ReadMacros);
        fx.push(Effect::StartTimer { id: TimerId::Macros, ms: LOOK_EVERY_MS });
    }
}

/// The folder was read.
pub(super) fn found(state: &mut State, library: Library) {
    state.writing.macros = Some(library);
    let fresh = choices(state);
    let said = nothing(state);
    let Some(Overlay::Prompt(prompt)) = &mut state.overlay else { return };
    if prompt.ask != Ask::Macro {
        return;
    }
    // The cursor stays on what it stood on.
    let before = prompt.chosen().map(|choice| choice.value.clone());
    prompt.choices = fresh;
    let shown = prompt.shown();
    let at = before.and_then(|value| shown.iter().position(|choice| choice.value == value));
    let at = at.unwrap_or_else(|| prompt.at.min(shown.len().saturating_sub(1)));
    prompt.at = at;
    prompt.said = said;
    prompt.bad = false;
}

fn choices(state: &State) -> Vec<Choice> {
    let Some(library) = &state.writing.macros else { return Vec::new() };
    let site = conversation(state).and_then(|id| state.rows.get(&id)).map(|row| row.site.as_str().to_owned());
    let fits = |known: &&Macro| match (&known.site, &site) {
        (Some(only), Some(here)) => only == here,
        _ => true,
    };
    let good = library.macros.iter().filter(fits).map(|known| {
        let words = [known.name.as_str()].into_iter().chain(known.tags.iter().map(String::as_str));
        Choice {
            label: known.title.clone(),
            detail: Untrusted::new(words.collect::<Vec<_>>().join(" · ")).line(),
            value: known.name.clone(),
        }
    });
    let bad = library.broken.iter().map(|(name, problem)| Choice {
        label: Untrusted::new(name.as_str()).line(),
        detail: [SafeText::literal("broken: line "), SafeText::from(problem.line)].into_iter().collect(),
        value: format!("{BROKEN}{name}"),
    });
    good.chain(bad).collect()
}

/// What the choice under the cursor would put in.
pub fn preview(state: &State, prompt: &Prompt) -> Option<Preview> {
    let value = &prompt.chosen()?.value;
    if let Some(problem) = problem(state, value) {
        return Some(Preview { text: problem, bad: true, ..Preview::default() });
    }
    let known = state.writing.macros.as_ref()?.get(value)?;
    let filled = fill(state, conversation(state)?, known);
    let then: Vec<String> = known.actions.iter().map(ToString::to_string).collect();
    Some(Preview {
        text: Untrusted::new(filled.text).display(),
        then: Untrusted::new(then.join(", ")).line(),
        gaps: filled.gaps,
        bad: false,
    })
}

fn problem(state: &State, value: &str) -> Option<SafeText> {
    let name = value.strip_prefix(BROKEN)?;
    let (_, problem) = state.writing.macros.as_ref()?.broken.iter().find(|(known, _)| known == name)?;
    Some(Untrusted::new(problem.to_string()).line())
}

/// Puts one into the composer.
pub(super) fn insert(state: &mut State, value: &str, fx: &mut Vec<Effect>) -> Result<(), SafeText> {
    if let Some(problem) = problem(state, value) {
        return Err(problem);
    }
    let known = state.writing.macros.as_ref().and_then(|library| library.get(value)).cloned();
    let known = known.ok_or(SafeText::literal("it is no longer in the folder"))?;
    let Some(conversation) = conversation(state) else {
        return Err(SafeText::literal("no conversation is selected"));
    };
    let writing = state.composing.as_ref().map(|composing| composing.kind);
    let kind = known.kind.or(writing).unwrap_or(DraftKind::Reply);
    if (writing, known.kind) == (Some(DraftKind::Note), Some(DraftKind::Reply)) {
        return Err(SafeText::literal(
            "it is for the visitor, and this is a note: Esc, then Ctrl-N, then again",
        ));
    }
    if writing.is_none() && kind == DraftKind::Reply {
        availability::reply_to(state, conversation).map_err(SafeText::literal)?;
    }
    let filled = fill(state, conversation, &known);
    state.writing.last_macro = Some(known.name.clone());
    if known.body.is_empty() {
        let wrote_at = state.server_now();
        after::run(state, After { conversation, actions: known.actions, wrote_at }, fx);
        return Ok(());
    }
    if writing != Some(kind) && !compose::begin_in(state, conversation, kind, fx) {
        return Ok(());
    }
    let Some(composing) = &mut state.composing else { return Ok(()) };
    let alone = composing.editor.is_blank();
    let at = composing.editor.cursor();
    if composing.editor.insert(&filled.text) == Taken::TooLong {
        return Err(SafeText::literal("there is no room for it beside what stands in the composer"));
    }
    composing.editor.set_cursor(at + filled.cursor);
    for action in known.actions.iter().filter(|action| **action != Action::Send) {
        if !composing.then.contains(action) {
            composing.then.push(action.clone());
        }
    }
    compose::edited(state, fx);
    let send = known.actions.contains(&Action::Send);
    if filled.gaps > 0 {
        let words = [SafeText::from(filled.gaps), SafeText::literal(" to fill in before it can be sent")];
        toast(state, words.into_iter().collect(), false, fx);
    } else if send && alone {
        sending::send(state, Vec::new(), fx);
    } else if send {
        say(state, "it goes with what stood here before: {send} sends both", fx);
    }
    Ok(())
}

/// Puts the last one in again.
pub(super) fn repeat(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(name) = state.writing.last_macro.clone() else {
        return refuse(state, "no ready text was used yet: {macro} picks one", fx);
    };
    if let Err(why) = insert(state, &name, fx) {
        toast(state, why, true, fx);
    }
}

/// A ready text with this conversation's values.
fn fill(state: &State, conversation: ConversationId, known: &Macro) -> Filled {
    known.body.fill(|variable| value(state, conversation, variable))
}

fn value(state: &State, conversation: ConversationId, variable: Variable) -> Option<String> {
    let row = state.rows.get(&conversation);
    let filled = |text: &SafeText| (!text.is_blank()).then(|| text.to_string());
    match variable {
        Variable::VisitorName => visitor(state, conversation),
        Variable::VisitorFirstName => {
            let name = visitor(state, conversation)?;
            // An address is a name for a list, not for a greeting.
            name.split_whitespace().next().filter(|word| !word.contains('@')).map(str::to_owned)
        }
        Variable::AgentName => state.me.as_ref().and_then(|me| filled(&me.name)),
        Variable::SiteName => {
            let site = &row?.site;
            state.sites.iter().find(|(id, _)| id == site).and_then(|(_, name)| filled(name))
        }
        Variable::PageUrl => row?.page.as_ref().and_then(|page| filled(&page.url)),
        Variable::ConversationId => Some(conversation.short().to_string()),
        Variable::Date => {
            let now = Timestamp::from_millisecond(state.server_now().0).ok()?;
            Some(now.to_zoned(state.tz.clone()).date().to_string())
        }
    }
}

/// The visitor's own name; none where what is shown is a stand-in for one.
fn visitor(state: &State, conversation: ConversationId) -> Option<String> {
    let row = state.rows.get(&conversation)?;
    let stand_in = row
        .name
        .as_str()
        .strip_prefix("visitor ")
        .is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit()));
    (!stand_in && !row.name.is_blank()).then(|| row.name.to_string())
}
