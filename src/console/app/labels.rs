//! Tags and priority: what agents call a conversation, for lists, searches and reports.
//!
//! Tags are raw on the wire and in a deed, inert on screen. One tag is one however it is spelled in case
//! ([`same_label`]); the limits are the core's, told before anything is sent.

use super::deed::Deed;
use super::door::line;
use super::effect::Effect;
use super::prompt::{self, Ask, Choice, Prompt};
use super::state::State;
use super::{batch, claiming};
use crate::conversation::{
    ConversationId, LABEL_CHARS, Priority, TAGS_AT_MOST, label, same_label, sort_labels,
};
use crate::text::SafeText;

/// Stands before a tag that was chosen, not typed: all behind it is one tag, whatever it holds. It cannot be typed.
const WHOLE: char = '\u{1}';
/// So many known tags are offered.
const OFFERED: usize = 200;

/// Asks for tags: those that are set, then those seen on other rows.
pub(super) fn ask_tags(state: &mut State) {
    let of = state.targets();
    let about = claiming::about(state, &of);
    let mut set: Vec<String> =
        of.iter().filter_map(|id| state.rows.get(id)).flat_map(|r| r.labels.clone()).collect();
    sort_labels(&mut set);
    let mut known: Vec<String> =
        state.rows.values().filter(|row| !row.gone).flat_map(|r| r.labels.clone()).collect();
    sort_labels(&mut known);
    known.retain(|tag| !set.iter().any(|s| same_label(s, tag)));
    known.truncate(OFFERED);
    let choice = |sign: char, detail: &'static str| {
        move |tag: &String| Choice {
            label: line(tag),
            detail: SafeText::literal(detail),
            value: format!("{sign}{WHOLE}{tag}"),
        }
    };
    let choices = set
        .iter()
        .map(choice('-', "set; Enter removes it"))
        .chain(known.iter().map(choice('+', "Enter adds it")));
    let mut prompt =
        Prompt::line(Ask::Tags(of), "tags", "vip refund adds, -vip removes; commas where a tag has spaces");
    prompt.choices = choices.collect();
    prompt::open(state, prompt.about(about));
}

/// Tags to add and to remove.
fn parse(words: &str) -> Result<(Vec<String>, Vec<String>), SafeText> {
    let (mut add, mut remove) = (Vec::new(), Vec::new());
    let chosen = words.strip_prefix(['+', '-']).and_then(|rest| rest.strip_prefix(WHOLE));
    let parts: Vec<&str> = match chosen {
        Some(_) => vec![words],
        None if words.contains(',') => words.split(',').collect(),
        None => words.split_whitespace().collect(),
    };
    for part in parts.into_iter().map(str::trim).filter(|part| !part.is_empty()) {
        let (list, tag) = match part.strip_prefix('-') {
            Some(tag) => (&mut remove, tag),
            None => (&mut add, part.strip_prefix('+').unwrap_or(part)),
        };
        let tag = label(tag.trim_start_matches(WHOLE)).ok_or_else(too_long)?;
        list.push(tag);
    }
    sort_labels(&mut add);
    sort_labels(&mut remove);
    Ok((add, remove))
}

fn too_long() -> SafeText {
    line(&format!("a tag has 1 to {LABEL_CHARS} characters"))
}

/// What a line would do, to these.
pub(super) fn preview(state: &State, of: &[ConversationId], words: &str) -> Result<SafeText, SafeText> {
    let (add, remove) = parse(words)?;
    for row in of.iter().filter_map(|id| state.rows.get(id)) {
        let kept = row.labels.iter().filter(|tag| !remove.iter().any(|r| same_label(r, tag)));
        let new = add.iter().filter(|tag| !row.labels.iter().any(|l| same_label(l, tag)));
        if kept.count() + new.count() > TAGS_AT_MOST {
            return Err(line(&format!("a conversation has at most {TAGS_AT_MOST} tags: -tag removes one")));
        }
    }
    let part = |verb: &str, tags: &[String]| match tags {
        [] => None,
        tags => Some(format!("{verb} {}", tags.join(", "))),
    };
    let parts: Vec<String> = part("adds", &add).into_iter().chain(part("removes", &remove)).collect();
    Ok(line(&parts.join("; ")))
}

/// Changes tags.
pub(super) fn tags(
    state: &mut State,
    of: &[ConversationId],
    words: &str,
    fx: &mut Vec<Effect>,
) -> Result<(), SafeText> {
    preview(state, of, words)?;
    let (add, remove) = parse(words)?;
    if add.is_empty() && remove.is_empty() {
        return Err(SafeText::literal("write a tag, or choose one with the arrows; Esc closes"));
    }
    batch::go(state, of, Deed::Tag { add, remove }, fx)
}

/// Asks for a priority; the cursor stands on the one it has.
pub(super) fn ask_priority(state: &mut State) {
    let of = state.targets();
    let about = claiming::about(state, &of);
    let now = of.first().and_then(|id| state.rows.get(id)).map_or(Priority::Normal, |row| row.priority);
    let choices = Priority::ALL.map(|priority| Choice {
        label: SafeText::literal(priority.word()),
        detail: SafeText::literal(if priority == now { "as it is now" } else { "" }),
        value: priority.word().to_owned(),
    });
    let at = Priority::ALL.iter().position(|priority| *priority == now).unwrap_or(0);
    let hint = "how urgent it is; the queue still goes by the longest wait";
    let prompt = Prompt { at, ..Prompt::choice(Ask::Priority(of), "priority", hint, choices.into()) };
    prompt::open(state, prompt.about(about));
}

/// Changes the priority.
pub(super) fn priority(
    state: &mut State,
    of: &[ConversationId],
    word: &str,
    fx: &mut Vec<Effect>,
) -> Result<(), SafeText> {
    let priority = word.trim().to_lowercase().parse().map_err(|why: String| line(&why))?;
    batch::go(state, of, Deed::Prioritise(priority), fx)
}
