//! The keys as documents: the README's two tables and the list in `assets/console.toml`, all made from the table and the
//! presets. Tests fail when the files are stale.

use std::fmt::Write as _;

use super::command::{COMMANDS, Where};
use super::keymap::{Bound, Keymap, Mode};
use super::presets::Preset;

/// Where keys count, in words.
pub fn place(modes: [bool; 4]) -> String {
    if modes == [true; 4] {
        return "everywhere".to_owned();
    }
    let words: Vec<&str> =
        Mode::ALL.into_iter().zip(modes).filter(|(_, holds)| *holds).map(|(mode, _)| mode.word()).collect();
    words.join(", ")
}

/// A key in a Markdown table.
fn code(key: &str) -> String {
    match key {
        "`" => "`` ` ``".to_owned(),
        key => format!("`{}`", key.replace('|', "\\|")),
    }
}

fn codes<'a>(bound: impl IntoIterator<Item = &'a Bound>) -> String {
    let codes: Vec<String> = bound.into_iter().map(|bound| code(&bound.keys.to_string())).collect();
    codes.join(" ")
}

/// The README's key table.
pub fn key_table_markdown() -> String {
    let map = Keymap::default();
    let mut out = String::from("| key | where | name | what |\n| --- | --- | --- | --- |\n");
    for spec in COMMANDS {
        let mut places: Vec<[bool; 4]> = Vec::new();
        for bound in map.bound(spec.command) {
            if !places.contains(&bound.modes) {
                places.push(bound.modes);
            }
        }
        for modes in places {
            let keys = codes(map.bound(spec.command).iter().filter(|bound| bound.modes == modes));
            let _ = writeln!(out, "| {keys} | {} | `{}` | {} |", place(modes), spec.name, spec.help);
        }
    }
    out
}

/// The README's table of presets: what is another key in one of them.
pub fn preset_table_markdown() -> String {
    let maps: Vec<Keymap> = Preset::ALL.into_iter().map(Keymap::preset).collect();
    let names: Vec<&str> = Preset::ALL.into_iter().map(Preset::name).collect();
    let mut out = format!("| what | {} |\n| --- {}|\n", names.join(" | "), "| --- ".repeat(names.len()));
    for spec in COMMANDS {
        let keys: Vec<&[Bound]> = maps.iter().map(|map| map.bound(spec.command)).collect();
        if keys.iter().all(|bound| *bound == keys[0]) {
            continue;
        }
        let cells: Vec<String> = keys.iter().map(|bound| codes(*bound)).collect();
        let _ = writeln!(out, "| {} | {} |", spec.help, cells.join(" | "));
    }
    out
}

/// The commented list of a place's defaults, as it stands in `assets/console.toml`.
pub fn defaults_toml(place: Where) -> String {
    let mut out = String::new();
    for spec in COMMANDS {
        let keys: Vec<String> =
            spec.keys.iter().filter(|(p, _)| *p == place).map(|(_, key)| format!("{key:?}")).collect();
        let _ = match keys.as_slice() {
            [] => Ok(()),
            [one] => writeln!(out, "# {} = {one}", spec.name),
            several => writeln!(out, "# {} = [{}]", spec.name, several.join(", ")),
        };
    }
    out
}
