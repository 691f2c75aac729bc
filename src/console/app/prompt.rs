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
use super::{away, blocking, claiming, copying, ending, jump, labels, macros, mail, piping, sites};
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
    /// Why and until when its visitor is blocked.
    Block(ConversationId),
    /// The program that gets the thread.
    Pipe(ConversationId),
    /// Which ready text.
    Macro,
    /// Which site is shown.
    Site,
    /// Which link is opened.
    Link,
    /// What is copied.
    Copy,
    /// Which earlier conversation is opened.
    Earlier,
    /// Which mail that failed.
    Mail,
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
    /// Whom it is about; may be nothing.
    pub about: SafeText,
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
    /// Whether the cursor counts. Where words are an answer too, what is written counts, until the arrows choose.
    pub picked: bool,
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
            about: SafeText::default(),
            title,
            hint,
            input: String::new(),
            choices: Vec::new(),
            at: 0,
            picked: false,
            free: true,
            said: None,
            bad: false,
        }
    }

    /// A choice; what is written filters it.
    pub fn choice(ask: Ask, title: &'static str, hint: &'static str, choices: Vec<Choice>) -> Self {
        Self { choices, free: false, picked: true, ..Self::line(ask, title, hint) }
    }

    /// With whom it is about.
    pub(super) fn about(self, about: SafeText) -> Self {
        Self { about, ..self }
    }

    /// The choices that match what was written, best first; all, in their order, while nothing is. Where words are an
    /// answer too, those that contain the last word: a loose match would put something else in the place of what was written.
    pub fn shown(&self) -> Vec<&Choice> {
        if self.input.trim().is_empty() {
            return self.choices.iter().collect();
        }
        if self.free {
            let word = self.input.split_whitespace().next_back().unwrap_or_default().to_lowercase();
            let word = word.trim_start_matches(['+', '-']);
            return self.choices.iter().filter(|c| c.label.as_str().to_lowercase().contains(word)).collect();
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

    /// The choice under the cursor, where the cursor counts.
    pub fn chosen(&self) -> Option<&Choice> {
        self.shown().get(self.at).copied().filter(|_| self.picked)
    }

    /// What Enter takes: the chosen one's value, or the line.
    pub fn answer(&self) -> Option<&str> {
        match self.chosen() {
            Some(choice) => Some(&choice.value),
            None => self.free.then(|| self.input.trim()),
        }
    }

    /// Moves the cursor.
    pub(super) fn step(&mut self, by: isize) {
        let last = self.shown().len().saturating_sub(1);
        if self.picked {
            self.at = self.at.saturating_add_signed(by).min(last);
        } else {
            (self.picked, self.at) = (true, 0);
        }
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
        _ if up && matches!(prompt.ask, Ask::Pipe(_)) => {
            prompt.input = piping::recall(state, &prompt.input).unwrap_or(prompt.input);
        }
        _ if up => prompt.step(-1),
        _ if down => prompt.step(1),
        (Code::Backspace, _) => {
            let last = prompt.input.graphemes(true).next_back().map_or(0, str::len);
            prompt.input.truncate(prompt.input.len() - last);
            edited(&mut prompt);
        }
        (Code::Char('u'), _) if key.ctrl => {
            prompt.input.clear();
            edited(&mut prompt);
        }
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
        edited(prompt);
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

/// After an edit the line counts, or the best match.
fn edited(prompt: &mut Prompt) {
    prompt.at = 0;
    prompt.picked = !prompt.free;
}

/// What the line would do, said while it is written.
fn preview(state: &State, prompt: &mut Prompt) {
    let answer = prompt.answer().unwrap_or_default();
    let said = match &prompt.ask {
        // Nothing is written yet: the hint says what can be.
        Ask::Snooze(_) | Ask::Tags(_) | Ask::Block(_) if answer.is_empty() => {
            prompt.bad = false;
            return prompt.said = None;
        }
        Ask::Snooze(_) => ending::snooze_preview(state, answer),
        Ask::Tags(of) => labels::preview(state, of, answer),
        Ask::Away => away::preview(state, answer),
        Ask::Block(_) => blocking::preview(state, answer),
        _ => {
            prompt.bad = false;
            return prompt.said = None;
        }
    };
    prompt.bad = said.is_err();
    prompt.said = Some(said.unwrap_or_else(|why| why));
}

/// Takes the answer; one that cannot be taken stays with the reason.
fn submit(state: &mut State, mut prompt: Prompt, fx: &mut Vec<Effect>) {
    let value = match prompt.answer() {
        Some(answer) => answer.to_owned(),
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
        Ask::Block(conversation) => blocking::block(state, conversation, &value, fx),
        Ask::Pipe(conversation) => piping::pipe(state, conversation, &value, fx),
        Ask::Macro => macros::insert(state, &value, fx),
        Ask::Site => sites::choose(state, &value, fx),
        Ask::Link => copying::open_link(state, &value),
        Ask::Copy => copying::copy_value(state, &value, fx),
        Ask::Earlier => jump::open_earlier(state, &value, fx),
        Ask::Mail => mail::open(state, &value, fx),
    };
    if let Err(why) = taken {
        prompt.said = Some(why);
        prompt.bad = true;
        state.overlay = Some(Overlay::Prompt(prompt));
    }
}
