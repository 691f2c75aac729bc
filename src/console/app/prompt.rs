//! A line to fill in, a choice to make, or both: what release, transfer, snooze, tags, away and their like ask for.
//!
//! Each question knows what its answer does; this file only edits the line and moves the cursor. Invariant: an answer that
//! cannot be taken stays on screen with the reason; nothing is done by leaving.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use unicode_segmentation::UnicodeSegmentation;

use super::effect::Effect;
use super::key::{Code, Key};
use super::state::{Overlay, State};
use super::{away, claiming, copying, ending, jump, labels, macros, piping, sites};
use crate::conversation::{AgentId, ConversationId};
use crate::text::SafeText;

/// The longest line that can be filled in, bytes.
const LONGEST: usize = 1_000;

/// Who gets a transferred conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receiver {
    /// An agent.
    Agent(AgentId),
    /// A group.
    Group(String),
}

/// What is asked for, and about which conversations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Why they go back to the queue.
    Release(Vec<ConversationId>),
    /// Who gets them.
    Transfer(Vec<ConversationId>),
    /// A note for whoever gets them.
    TransferNote(Vec<ConversationId>, Receiver),
    /// Until when they are put aside.
    Snooze(Vec<ConversationId>),
    /// Their tags.
    Tags(Vec<ConversationId>),
    /// Their priority.
    Priority(Vec<ConversationId>),
    /// Why and until when one is Away.
    Away,
    /// The program that gets the thread.
    Pipe(ConversationId),
    /// Which ready text.
    Macro,
    /// Which site is shown.
    Site,
    /// Which link is opened.
    Link,
    /// Which earlier conversation is opened.
    Earlier,
}

/// One of several answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is shown and matched.
    pub label: SafeText,
    /// What is shown beside it.
    pub detail: SafeText,
    /// What it stands for.
    pub value: String,
}

/// A question on screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// What it is for.
    pub ask: Ask,
    /// Its title.
    pub title: &'static str,
    /// What can be written here, while nothing is.
    pub hint: &'static str,
    /// What was written.
    pub input: String,
    /// What can be chosen; none: a line only.
    pub choices: Vec<Choice>,
    /// Index into [`Prompt::shown`].
    pub at: usize,
    /// Whether words that are no choice are an answer too.
    pub free: bool,
    /// What the line would do, or why it cannot: a preview, a refusal.
    pub said: Option<SafeText>,
    /// Whether `said` is a refusal.
    pub bad: bool,
}

impl Prompt {
    /// A line to fill in.
    pub fn line(ask: Ask, title: &'static str, hint: &'static str) -> Self {
        Self {
            ask,
            title,
            hint,
            input: String::new(),
            choices: Vec::new(),
            at: 0,
            free: true,
            said: None,
            bad: false,
        }
    }

    /// A choice; what is written filters it.
    pub fn choice(ask: Ask, title: &'static str, hint: &'static str, choices: Vec<Choice>) -> Self {
        Self { choices, free: false, ..Self::line(ask, title, hint) }
    }

    /// The choices that match what was written, best first; all, in their order, while nothing is.
    pub fn shown(&self) -> Vec<&Choice> {
        if self.input.trim().is_empty() {
            return self.choices.iter().collect();
        }
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(&self.input, CaseMatching::Ignore, Normalization::Smart);
        let mut buffer = Vec::new();
        let mut scored: Vec<(u32, &Choice)> = self
            .choices
            .iter()
            .filter_map(|choice| {
                let whole = format!("{} {}", choice.label, choice.detail);
                let label = pattern.score(Utf32Str::new(choice.label.as_str(), &mut buffer), &mut matcher);
                let whole = pattern.score(Utf32Str::new(&whole, &mut buffer), &mut matcher)?;
                Some((whole + 2 * label.unwrap_or(0), choice))
            })
            .collect();
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        scored.into_iter().map(|(_, choice)| choice).collect()
    }

    /// The choice under the cursor.
    pub fn chosen(&self) -> Option<&Choice> {
        self.shown().get(self.at).copied()
    }

    /// Moves the cursor.
    pub(super) fn step(&mut self, by: isize) {
        let last = self.shown().len().saturating_sub(1);
        self.at = self.at.saturating_add_signed(by).min(last);
    }
}

/// Opens a question.
pub(super) fn open(state: &mut State, mut prompt: Prompt) {
    preview(state, &mut prompt);
    state.overlay = Some(Overlay::Prompt(prompt));
}

/// A key while a question is on screen; Esc has closed it already.
pub(super) fn on_key(state: &mut State, mut prompt: Prompt, key: Key, fx: &mut Vec<Effect>) {
    let up = key.code == Code::Up || (key.ctrl && matches!(key.code, Code::Char('p' | 'k')));
    let down = key.code == Code::Down || (key.ctrl && matches!(key.code, Code::Char('n' | 'j')));
    match (key.code, key.typed()) {
        (Code::Enter, _) => return submit(state, prompt, fx),
        _ if up => prompt.step(-1),
        _ if down => prompt.step(1),
        (Code::Backspace, _) => {
            let last = prompt.input.graphemes(true).next_back().map_or(0, str::len);
            prompt.input.truncate(prompt.input.len() - last);
            prompt.at = 0;
        }
        (Code::Char('u'), _) if key.ctrl => prompt.input.clear(),
        (_, Some(c)) => insert(&mut prompt, c.encode_utf8(&mut [0; 4])),
        _ => {}
    }
    open(state, prompt);
}

/// Pasted text: its first line goes in.
pub(super) fn paste(state: &mut State, text: &str) {
    let Some(Overlay::Prompt(mut prompt)) = state.overlay.take() else { return };
    insert(&mut prompt, text.trim_start().lines().next().unwrap_or_default());
    open(state, prompt);
}

fn insert(prompt: &mut Prompt, text: &str) {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    if prompt.input.len() + text.len() <= LONGEST {
        prompt.input.push_str(&text);
        prompt.at = 0;
    }
}

/// Answers a question that was just opened with words that are there already; without one on screen nothing happens.
pub(super) fn answer(state: &mut State, words: &str, fx: &mut Vec<Effect>) {
    match state.overlay.take() {
        Some(Overlay::Prompt(mut prompt)) => {
            prompt.input.clear();
            insert(&mut prompt, words);
            submit(state, prompt, fx);
        }
        other => state.overlay = other,
    }
}

/// What the line would do, said while it is written.
fn preview(state: &State, prompt: &mut Prompt) {
    let said = match &prompt.ask {
        Ask::Snooze(_) => ending::snooze_preview(state, &prompt.input),
        Ask::Away => away::preview(state, &prompt.input),
        _ => return prompt.said = None,
    };
    prompt.bad = said.is_err();
    prompt.said = Some(said.unwrap_or_else(|why| why));
}

/// Takes the answer; one that cannot be taken stays with the reason.
fn submit(state: &mut State, mut prompt: Prompt, fx: &mut Vec<Effect>) {
    let value = match prompt.chosen() {
        Some(choice) => choice.value.clone(),
        None if prompt.free => prompt.input.trim().to_owned(),
        None => {
            prompt.said = Some(SafeText::literal("nothing is called that; Esc closes"));
            prompt.bad = true;
            state.overlay = Some(Overlay::Prompt(prompt));
            return;
        }
    };
    let taken = match prompt.ask.clone() {
        Ask::Release(of) => claiming::release(state, &of, &value, fx),
        Ask::Transfer(of) => claiming::transfer_to(state, &of, &value, fx),
        Ask::TransferNote(of, to) => claiming::transfer(state, &of, &to, &value, fx),
        Ask::Snooze(of) => ending::snooze(state, &of, &value, fx),
        Ask::Tags(of) => labels::tags(state, &of, &value, fx),
        Ask::Priority(of) => labels::priority(state, &of, &value, fx),
        Ask::Away => away::away(state, &value, fx),
        Ask::Pipe(conversation) => piping::pipe(state, conversation, &value, fx),
        Ask::Macro => macros::insert(state, &value, fx),
        Ask::Site => sites::choose(state, &value, fx),
        Ask::Link => copying::open_link(state, &value, fx),
        Ask::Earlier => jump::open_earlier(state, &value, fx),
    };
    if let Err(why) = taken {
        prompt.said = Some(why);
        prompt.bad = true;
        state.overlay = Some(Overlay::Prompt(prompt));
    }
}
