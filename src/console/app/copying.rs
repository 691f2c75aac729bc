//! Copying and opening: the message cursor, messages, pages, links; the bare view.
//!
//! What is copied is what is shown: cleaned text. It goes to the terminal (OSC 52), and whether the terminal took it nobody is
//! told; so that is what is said. Invariant: a link is opened by a key after a question that shows the address as our parser
//! spells it, host first; what is given to a program is that address and nothing else.

use super::door::{Said, Who, block, line};
use super::effect::Effect;
use super::key::{Code, Key};
use super::layout;
use super::prompt::{self, Ask, Choice, Prompt};
use super::state::{Confirm, Focus, Overlay, State};
use super::update::{refuse, toast};
use crate::text::links::{self, Link};
use crate::text::{SafeText, width};

/// The longest text given to a terminal's clipboard, bytes: terminals take some 75,000 of its base64.
pub const LONGEST: usize = 56_000;
/// Choices offered at most.
const OFFERED: usize = 60;

/// Moves the message cursor.
pub(super) fn step(state: &mut State, down: bool) {
    let Some(area) = layout::panes(state).transcript else { return };
    if let Some(open) = &mut state.open {
        state.focus = if state.focus == Focus::List { Focus::Conversation } else { state.focus };
        open.transcript.step_cursor(down, area.w, area.h);
    }
}

/// The message the cursor is on, else the visitor's last.
fn chosen(state: &State) -> Option<&Said> {
    let transcript = &state.open.as_ref()?.transcript;
    let of = |said: &&Said| match transcript.cursor() {
        Some(version) => said.version == version,
        None => said.who == Who::Visitor,
    };
    transcript.entries().iter().rev().find(of)
}

/// Copies the message the cursor is on.
pub(super) fn message(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(said) = chosen(state) else {
        return refuse(state, "nothing to copy: open a conversation first", fx);
    };
    let (text, changed) = (said.text.clone(), said.changed);
    copy(state, text, changed, fx);
}

/// Gives a text to the terminal's clipboard, and says what can be known of it.
fn copy(state: &mut State, text: SafeText, changed: usize, fx: &mut Vec<Effect>) {
    if text.as_str().len() > LONGEST {
        return refuse(state, "too long for a terminal's clipboard: {bare} shows it for selecting", fx);
    }
    let characters = text.as_str().chars().count();
    let changed = if changed > 0 { format!(" ({changed} changed)") } else { String::new() };
    fx.push(Effect::Copy(text));
    toast(state, line(&format!("sent to the terminal: {characters} characters{changed}")), false, fx);
}

/// Asks what to copy: a page, an address, a link.
pub(super) fn ask_copy(state: &mut State, fx: &mut Vec<Effect>) {
    let Some(open) = &state.open else {
        return refuse(state, "nothing to copy: open a conversation first", fx);
    };
    let mut choices = Vec::new();
    let mut offer = |what: &'static str, text: &SafeText| {
        let choice =
            Choice { label: SafeText::literal(what), detail: text.clone(), value: text.as_str().to_owned() };
        choices.push(choice);
    };
    if let Some((_, text)) = state.writing.mail.undelivered.as_ref().filter(|(of, _)| *of == open.id) {
        offer("reply", text);
    }
    if let Some(view) = &open.view {
        for (what, page) in [("page", &view.page), ("page now", &view.page_now)] {
            if let Some(page) = page {
                offer(what, &page.url);
            }
        }
        offer("name", &view.name);
        if let Some(email) = &view.email {
            offer("e-mail", email);
        }
        if let Some(card) = &view.card {
            offer("card", &card.summary);
            for (_, fact) in &card.facts {
                offer("fact", fact);
            }
        }
    }
    for link in all_links(state) {
        offer("link", &link.address());
    }
    offer("conversation", &line(&open.id.0.to_string()));
    choices.truncate(OFFERED);
    prompt::open(
        state,
        Prompt::choice(Ask::Copy, "copy", "Enter sends it to the terminal's clipboard", choices),
    );
}

/// Copies what was chosen.
pub(super) fn copy_value(state: &mut State, value: &str, fx: &mut Vec<Effect>) -> Result<(), SafeText> {
    copy(state, block(value), 0, fx);
    Ok(())
}

/// The links of the open conversation, the latest first, each once: of the pages, then of what was said.
fn all_links(state: &State) -> Vec<Link> {
    let Some(open) = &state.open else { return Vec::new() };
    let pages = open.view.iter().flat_map(|view| [&view.page, &view.page_now]).flatten();
    let pages = pages.filter_map(|page| links::whole(page.url.as_str()));
    let said = open.transcript.entries().iter().rev().flat_map(|said| said.links.iter().cloned());
    let mut out: Vec<Link> = Vec::new();
    for link in said.chain(pages) {
        if out.len() < OFFERED && !out.iter().any(|known| known.address() == link.address()) {
            out.push(link);
        }
    }
    out
}

/// Whether a host is spelt in another script than it shows: look-alike letters are possible.
fn disguised(host: &SafeText) -> bool {
    host.as_str().split('.').any(|label| label.starts_with("xn--"))
}

/// Asks which link to open.
pub(super) fn ask_link(state: &mut State, fx: &mut Vec<Effect>) {
    let links = all_links(state);
    if links.is_empty() {
        return refuse(state, "there is no link here that could be opened", fx);
    }
    let choices = links.iter().map(|link| {
        let address = link.address();
        let warning = if disguised(&link.host()) { "! other script · " } else { "" };
        Choice {
            label: link.host(),
            detail: [SafeText::literal(warning), address.clone()].into_iter().collect(),
            value: address.as_str().to_owned(),
        }
    });
    let choices = choices.collect();
    prompt::open(
        state,
        Prompt::choice(Ask::Link, "links", "host first; Enter shows the whole address", choices),
    );
}

/// Shows one and asks.
pub(super) fn open_link(state: &mut State, value: &str) -> Result<(), SafeText> {
    let link = links::whole(value).ok_or(SafeText::literal("that is no link any more"))?;
    let host = link.host();
    let disguised = disguised(&host);
    state.overlay = Some(Overlay::Confirm(Confirm::Link { address: link.address(), host, disguised }));
    Ok(())
}

/// The opener could not be used: the address goes to the clipboard, and says so.
pub(super) fn not_opened(state: &mut State, address: SafeText, why: &SafeText, fx: &mut Vec<Effect>) {
    fx.push(Effect::Copy(address));
    let words =
        [why.clone(), SafeText::literal("; the address was sent to the terminal's clipboard instead")];
    toast(state, words.into_iter().collect(), true, fx);
}

/// The thread alone, edge to edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bare {
    /// The first row in sight.
    pub top: usize,
    /// Whether the mouse was the console's.
    mouse: bool,
}

/// The rows of the bare view: no gutter, no frame, nothing of ours but a row that says who speaks (marked by `true`, so that
/// it stands out from a message that says the same).
pub fn bare_rows(state: &State, w: u16) -> Vec<(bool, String)> {
    let Some(open) = &state.open else { return Vec::new() };
    let mut rows = Vec::new();
    for said in open.transcript.entries() {
        let who = match said.who {
            Who::Visitor => "visitor",
            Who::Assistant => "assistant",
            Who::Me => "you",
            Who::Agent => "agent",
            Who::Note => "note",
            Who::Notice => "notice",
            Who::Marker => "",
        };
        if !who.is_empty() {
            rows.push((true, format!("{who}:")));
        }
        let text = said.text.as_str();
        let wrapped = width::wrap(text, usize::from(w.saturating_sub(layout::MARGIN).max(8)));
        let words = |row: std::ops::Range<usize>| text[row].trim_end_matches([' ', '\n']).to_owned();
        rows.extend(wrapped.into_iter().map(|row| (false, words(row))));
        rows.push((false, String::new()));
    }
    rows.pop();
    rows
}

/// Shows the thread alone, for the terminal's own selection; the mouse is the terminal's meanwhile.
pub(super) fn bare(state: &mut State, fx: &mut Vec<Effect>) {
    if state.open.as_ref().is_none_or(|open| open.view.is_none()) {
        return refuse(state, "nothing to show: open a conversation first", fx);
    }
    let (w, h) = state.size;
    let top = bare_rows(state, w).len().saturating_sub(usize::from(h));
    state.bare = Some(Bare { top, mouse: state.mouse });
    if std::mem::take(&mut state.mouse) {
        fx.push(Effect::Mouse(false));
    }
}

/// A key while the bare view is on screen.
pub(super) fn bare_key(state: &mut State, key: Key, fx: &mut Vec<Effect>) {
    let Some(mut bare) = state.bare else { return };
    let (w, h) = state.size;
    let most = bare_rows(state, w).len().saturating_sub(usize::from(h));
    let page = isize::try_from(h.saturating_sub(1)).unwrap_or(1);
    let by = match (key.code, key.typed()) {
        (Code::Esc, _) | (_, Some('q' | 'v')) => return leave_bare(state, fx),
        (Code::Down, _) | (_, Some('j')) => 1,
        (Code::Up, _) | (_, Some('k')) => -1,
        (Code::PageDown, _) | (_, Some(' ')) => page,
        (Code::PageUp, _) => -page,
        (Code::Char('d'), _) if key.ctrl => page / 2,
        (Code::Char('u'), _) if key.ctrl => -page / 2,
        (Code::Home, _) | (_, Some('g')) => isize::MIN / 2,
        (Code::End, _) | (_, Some('G')) => isize::MAX / 2,
        _ => 0,
    };
    bare.top = bare.top.min(most).saturating_add_signed(by).min(most);
    state.bare = Some(bare);
}

/// Back to the panes, with the mouse as it was.
pub(super) fn leave_bare(state: &mut State, fx: &mut Vec<Effect>) {
    if state.bare.take().is_some_and(|bare| bare.mouse) {
        state.mouse = true;
        fx.push(Effect::Mouse(true));
    }
}
