//! Which key means what: the table's keys, a preset's, the agent's own, built once into something that is looked up.
//!
//! Three layers, the agent's on top. A layer says anew which keys a command has in a place; keys it takes from a command of
//! a layer below are gone there. Within a layer a key that means two things is refused. Invariant: in each mode no key is a
//! command and the beginning of another, and who is in the console can leave it, find any command, and send.

use std::borrow::Cow;
use std::collections::HashMap;

use super::command::{self, COMMANDS, Command, Spec, Where};
use super::key::{Key, Sequence};
use super::presets::Preset;
use super::remap::{Remap, Trouble, Wrong};
use super::state::{Focus, State};
use crate::settings::nearest;

/// What keys are for at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The list.
    List,
    /// The conversation.
    Conversation,
    /// The composer.
    Composer,
    /// Something that lies over the panes.
    Over,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Mode; 4] = [Mode::List, Mode::Conversation, Mode::Composer, Mode::Over];

    /// The mode a state is in.
    pub fn of(state: &State) -> Self {
        if state.overlay.is_some() { Mode::Over } else { state.focus.into() }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Mode::List => "list",
            Mode::Conversation => "conversation",
            Mode::Composer => "composer",
            Mode::Over => "boxes",
        }
    }
}

impl From<Focus> for Mode {
    fn from(focus: Focus) -> Self {
        match focus {
            Focus::List => Mode::List,
            Focus::Conversation => Mode::Conversation,
            Focus::Composer => Mode::Composer,
        }
    }
}

/// What a key means.
#[derive(Debug, Clone, Copy)]
pub enum Meaning {
    /// This command.
    Command(&'static Spec),
    /// The beginning of something.
    Prefix,
    /// Nothing.
    Nothing,
}

/// What may follow a prefix.
#[derive(Debug, Clone)]
pub struct Next {
    /// The key.
    pub key: Key,
    /// What it does; none: it is a prefix again.
    pub spec: Option<&'static Spec>,
}

/// Keys of a command, and the modes they count in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The keys.
    pub keys: Sequence,
    /// Whether they count, by mode, in the order of [`Mode::ALL`].
    pub modes: [bool; 4],
}

/// Keys the agent took from a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// From which.
    pub from: &'static str,
    /// By which.
    pub by: &'static str,
    /// The keys.
    pub keys: String,
    /// Where that stands in the agent's settings.
    pub at: usize,
}

/// A step of what is looked up; numbers are candidates.
#[derive(Debug, Clone)]
enum Node {
    Run(usize),
    More(HashMap<Key, Node>),
}

/// A layer's word on a key.
#[derive(Debug, Clone)]
struct Candidate {
    row: usize,
    place: Where,
    keys: Sequence,
    layer: u8,
    at: usize,
}

const TABLE: u8 = 0;
const PRESET: u8 = 1;
const AGENT: u8 = 2;

/// Commands without which one is stuck, and the modes each must have a key in.
const NEEDED: [(Command, &[Mode]); 5] = [
    (Command::Quit, &[Mode::List, Mode::Conversation]),
    (Command::Palette, &[Mode::List, Mode::Conversation]),
    (Command::Help, &[Mode::List, Mode::Conversation]),
    (Command::Send, &[Mode::Composer]),
    (Command::Leave, &[Mode::Composer]),
];

/// The keys that hold.
#[derive(Debug, Clone)]
pub struct Keymap {
    preset: Preset,
    maps: [HashMap<Key, Node>; 4],
    candidates: Vec<Candidate>,
    /// By row of the table.
    bound: Vec<Vec<Bound>>,
    /// By row: the first key in each mode, and all that there are, as people write them.
    shown: Vec<([String; 4], String)>,
    taken: Vec<Taken>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self::preset(Preset::Default)
    }
}

impl Keymap {
    /// A preset as it is.
    pub fn preset(preset: Preset) -> Self {
        let mut candidates = Vec::new();
        for (row, spec) in COMMANDS.iter().enumerate() {
            for (place, spelt) in spec.keys {
                put(&mut candidates, row, *place, spelt, TABLE);
            }
        }
        for (place, name, keys) in preset.rows() {
            let Some(row) = row_of(name) else { continue };
            candidates.retain(|c| c.row != row || c.place != *place);
            for spelt in *keys {
                put(&mut candidates, row, *place, spelt, PRESET);
            }
        }
        // Tests see to it that a preset has no trouble of its own.
        Self::of(preset, candidates).0
    }

    /// A preset with the agent's changes.
    ///
    /// # Errors
    /// All that is wrong with the changes, in the order of the file.
    pub fn build(preset: Preset, remaps: &[Remap]) -> Result<Self, Vec<Trouble>> {
        let plain = Self::preset(preset);
        if remaps.is_empty() {
            return Ok(plain);
        }
        let mut candidates = plain.candidates;
        let mut troubles = Vec::new();
        for remap in remaps {
            let mut trouble = |at, what| {
                troubles.push(Trouble { at, place: remap.place, command: remap.command.clone(), what });
            };
            let Some(row) = row_of(&remap.command) else {
                let names: Vec<&str> = COMMANDS.iter().map(|spec| spec.name).collect();
                trouble(remap.at, Wrong::NoCommand { near: nearest(&remap.command, &names) });
                continue;
            };
            candidates.retain(|c| c.row != row || c.place != remap.place);
            for (spelt, at) in &remap.keys {
                match spelt.parse::<Sequence>() {
                    Err(error) => trouble(*at, Wrong::NoKey(error)),
                    Ok(keys) if remap.place.types() && keys.keys()[0].typed().is_some() => {
                        trouble(*at, Wrong::Text(keys.to_string()));
                    }
                    Ok(keys) => {
                        candidates.push(Candidate { row, place: remap.place, keys, layer: AGENT, at: *at });
                    }
                }
            }
        }
        let (map, found) = Self::of(preset, candidates);
        troubles.extend(found);
        if troubles.is_empty() {
            troubles.extend(map.lost(remaps));
        }
        troubles.sort_by_key(|trouble| trouble.at);
        if troubles.is_empty() { Ok(map) } else { Err(troubles) }
    }

    /// Puts what the layers say together: the upper layer's word first.
    fn of(preset: Preset, candidates: Vec<Candidate>) -> (Self, Vec<Trouble>) {
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        order.sort_by_key(|n| std::cmp::Reverse(candidates[*n].layer));
        let mut maps: [HashMap<Key, Node>; 4] = Default::default();
        let mut holds = vec![[false; 4]; candidates.len()];
        let mut troubles: Vec<Trouble> = Vec::new();
        let mut taken: Vec<Taken> = Vec::new();
        for (m, mode) in Mode::ALL.into_iter().enumerate() {
            for &n in &order {
                let mine = &candidates[n];
                if !mine.place.holds(mode) {
                    continue;
                }
                let Err(other) = insert(&mut maps[m], mine.keys.keys(), n) else {
                    holds[n][m] = true;
                    continue;
                };
                let other = &candidates[other];
                if mine.row == other.row && mine.keys == other.keys {
                    continue;
                }
                if mine.layer == other.layer {
                    let trouble = conflict(mine, other);
                    if !troubles.contains(&trouble) {
                        troubles.push(trouble);
                    }
                } else if other.layer == AGENT {
                    let (from, by) = (COMMANDS[mine.row].name, COMMANDS[other.row].name);
                    let take = Taken { from, by, keys: mine.keys.to_string(), at: other.at };
                    if !taken.contains(&take) {
                        taken.push(take);
                    }
                }
            }
        }
        let bound = bound(&candidates, &holds);
        let shown = bound.iter().map(|keys| shown(keys)).collect();
        (Self { preset, maps, candidates, bound, shown, taken }, troubles)
    }

    /// What nobody can do without, and has no key.
    fn lost(&self, remaps: &[Remap]) -> Vec<Trouble> {
        let mut out = Vec::new();
        for (command, modes) in NEEDED {
            let Some(spec) = command::find(command) else { continue };
            let Some(mode) = modes.iter().find(|mode| self.key(command, **mode).is_empty()) else { continue };
            let lost = Wrong::Lost { lost: spec.name, mode: mode.word() };
            // Whoever took the last key away is to blame: by saying so, or by taking it.
            let said = remaps.iter().find(|remap| remap.command == spec.name);
            let by = self.taken.iter().find(|taken| taken.from == spec.name);
            let (at, place, name) = match (by, said) {
                (Some(by), _) => {
                    let place = remaps.iter().find(|r| r.keys.iter().any(|(_, at)| *at == by.at));
                    (by.at, place.map_or(Where::Panes, |r| r.place), by.by.to_owned())
                }
                (None, Some(said)) => (said.at, said.place, said.command.clone()),
                (None, None) => (0, Where::Panes, spec.name.to_owned()),
            };
            out.push(Trouble { at, place, command: name, what: lost });
        }
        out
    }

    /// The preset below the agent's changes.
    pub fn base(&self) -> Preset {
        self.preset
    }

    /// What a key means after those before it.
    pub fn look(&self, mode: Mode, before: &[Key], key: Key) -> Meaning {
        let Some(map) = self.after(mode, before) else { return Meaning::Nothing };
        match map.get(&key) {
            Some(Node::Run(n)) => Meaning::Command(&COMMANDS[self.candidates[*n].row]),
            Some(Node::More(_)) => Meaning::Prefix,
            None => Meaning::Nothing,
        }
    }

    /// What may follow, in the table's order.
    pub fn follow(&self, mode: Mode, before: &[Key]) -> Vec<Next> {
        let Some(map) = self.after(mode, before) else { return Vec::new() };
        let mut out: Vec<(usize, Next)> = map
            .iter()
            .map(|(key, node)| {
                let n = first(node);
                let spec = matches!(node, Node::Run(_)).then(|| &COMMANDS[self.candidates[n].row]);
                (n, Next { key: *key, spec })
            })
            .collect();
        out.sort_by_key(|(n, _)| (self.candidates[*n].row, *n));
        out.into_iter().map(|(_, next)| next).collect()
    }

    fn after(&self, mode: Mode, before: &[Key]) -> Option<&HashMap<Key, Node>> {
        let mut map = &self.maps[mode as usize];
        for key in before {
            map = match map.get(key) {
                Some(Node::More(more)) => more,
                _ => return None,
            };
        }
        Some(map)
    }

    /// The first key of a command in a mode, as people write it; empty: it has none there.
    pub fn key(&self, command: Command, mode: Mode) -> &str {
        let row = COMMANDS.iter().position(|spec| spec.command == command);
        row.map_or("", |row| &self.shown[row].0[mode as usize])
    }

    /// All keys of a command, as people write them, joined by `/`.
    pub fn keys(&self, command: Command) -> &str {
        let row = COMMANDS.iter().position(|spec| spec.command == command);
        row.map_or("", |row| &self.shown[row].1)
    }

    /// All keys of a command with the modes they count in.
    pub fn bound(&self, command: Command) -> &[Bound] {
        let row = COMMANDS.iter().position(|spec| spec.command == command);
        row.map_or(&[], |row| &self.bound[row])
    }

    /// What the agent's keys took from others.
    pub fn taken(&self) -> &[Taken] {
        &self.taken
    }

    /// A sentence of ours with the keys it names: `{reply}` becomes that command's key in this mode, or another of its
    /// keys, or how the palette is asked for it.
    pub fn sentence<'a>(&self, text: &'a str, mode: Mode) -> Cow<'a, str> {
        if !text.contains('{') {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let named = after.split_once('}').and_then(|(name, tail)| Some((command::named(name)?, tail)));
            let Some((spec, tail)) = named else {
                out.push('{');
                rest = after;
                continue;
            };
            let here = self.key(spec.command, mode);
            let all = self.keys(spec.command);
            match all.split('/').find(|key| !key.is_empty()) {
                _ if !here.is_empty() => out.push_str(here),
                // `/` itself is a key.
                _ if all.starts_with('/') => out.push('/'),
                Some(key) => out.push_str(key),
                None => out.extend([self.key(Command::Palette, Mode::List), spec.name]),
            }
            rest = tail;
        }
        out.push_str(rest);
        Cow::Owned(out)
    }
}

fn row_of(name: &str) -> Option<usize> {
    COMMANDS.iter().position(|spec| spec.name == name)
}

fn put(candidates: &mut Vec<Candidate>, row: usize, place: Where, spelt: &str, layer: u8) {
    // Tests see to it that all of ours parse.
    if let Ok(keys) = spelt.parse() {
        candidates.push(Candidate { row, place, keys, layer, at: 0 });
    }
}

/// Puts a candidate in, or gives the one that stands in its way.
fn insert(map: &mut HashMap<Key, Node>, keys: &[Key], n: usize) -> Result<(), usize> {
    let Some((key, rest)) = keys.split_first() else { return Ok(()) };
    match map.get_mut(key) {
        Some(Node::More(more)) if !rest.is_empty() => insert(more, rest, n),
        Some(node) => Err(first(node)),
        None => {
            let mut node = Node::Run(n);
            for key in rest.iter().rev() {
                node = Node::More(HashMap::from([(*key, node)]));
            }
            map.insert(*key, node);
            Ok(())
        }
    }
}

/// The first candidate below a step.
fn first(node: &Node) -> usize {
    match node {
        Node::Run(n) => *n,
        Node::More(more) => more.values().map(first).min().unwrap_or(usize::MAX),
    }
}

fn conflict(mine: &Candidate, other: &Candidate) -> Trouble {
    // The later one in the file is the one that is wrong.
    let (mine, other) = if mine.at < other.at { (other, mine) } else { (mine, other) };
    let (name, other_at) = (COMMANDS[other.row].name, other.at);
    let what = if mine.keys == other.keys {
        Wrong::Twice { keys: mine.keys.to_string(), other: name, other_at }
    } else {
        let (short, long) = if mine.keys.begins(&other.keys) { (mine, other) } else { (other, mine) };
        let (keys, longer) = (short.keys.to_string(), long.keys.to_string());
        Wrong::Prefix { keys, longer, other: name, other_at }
    };
    Trouble { at: mine.at, place: mine.place, command: COMMANDS[mine.row].name.to_owned(), what }
}

/// What holds, by row of the table; keys in several places once.
fn bound(candidates: &[Candidate], holds: &[[bool; 4]]) -> Vec<Vec<Bound>> {
    let mut out: Vec<Vec<Bound>> = vec![Vec::new(); COMMANDS.len()];
    let mut order: Vec<(&Candidate, &[bool; 4])> = candidates.iter().zip(holds).collect();
    // The narrower place first: what holds everywhere is the last resort.
    order.sort_by_key(|(candidate, _)| Where::ALL.iter().position(|place| *place == candidate.place));
    for (candidate, modes) in order {
        if !modes.contains(&true) {
            continue;
        }
        let row = &mut out[candidate.row];
        match row.iter_mut().find(|bound| bound.keys == candidate.keys) {
            Some(bound) => bound.modes.iter_mut().zip(modes).for_each(|(old, new)| *old |= new),
            None => row.push(Bound { keys: candidate.keys.clone(), modes: *modes }),
        }
    }
    out
}

fn shown(keys: &[Bound]) -> ([String; 4], String) {
    let first = |m: usize| keys.iter().find(|b| b.modes[m]).map(|b| b.keys.to_string()).unwrap_or_default();
    let all: Vec<String> = keys.iter().map(|bound| bound.keys.to_string()).collect();
    ([first(0), first(1), first(2), first(3)], all.join("/"))
}

#[cfg(test)]
mod tests;
