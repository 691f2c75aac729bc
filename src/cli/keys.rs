//! `baton keys`: which key does what with your settings, and what is wrong with them. Asks no server.

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use serde_json::{Value, json};

use super::out::{Out, inert};
use super::{Done, Failure};
use crate::console::app::command::COMMANDS;
use crate::console::app::key_docs::place;
use crate::console::app::keymap::Keymap;
use crate::console::config;
use crate::settings::{ConfigError, Source};
use crate::text::width;

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// Read this file instead of your console.toml
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only say whether the settings are right
    #[arg(long)]
    check: bool,
    /// Print one array
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Done {
    let file = args.file.clone().or_else(config::default_file);
    if let Some(named) = args.file.as_ref().filter(|file| !file.exists()) {
        return Err(Failure::Refused(format!("{}: there is no such file", named.display())));
    }
    let Some(file) = file else { return show(&Keymap::default(), "", args) };
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(e) => return Err(Failure::Refused(format!("{}: it cannot be read ({e})", file.display()))),
    };
    let (config, errors) = config::check(&file, &text);
    if !errors.is_empty() {
        return Err(wrong(&file, &errors, args));
    }
    let source = Source { file: &file, text: &text };
    // (Its errors were among those above.)
    let map = config.keys.keymap(source).unwrap_or_default();
    show(&map, &text, args)
}

/// All that is wrong, a line each: `console.toml, line 3, key …: …`.
fn wrong(file: &Path, errors: &[ConfigError], args: &Args) -> Failure {
    let said: Vec<String> = errors.iter().map(|error| inert(&error.to_string()).to_string()).collect();
    match said.as_slice() {
        [one] => Failure::Refused(one.clone()),
        several if args.check => Failure::Refused(format!(
            "{} has {} errors; the defaults are used until they are mended:\n{}",
            file.display(),
            several.len(),
            several.join("\n")
        )),
        several => Failure::Refused(format!(
            "{} (and {} more: `baton keys --check` shows all)",
            several.first().map_or("", String::as_str),
            several.len() - 1
        )),
    }
}

fn show(map: &Keymap, text: &str, args: &Args) -> Done {
    let line = |at: usize| text.get(..at).unwrap_or_default().matches('\n').count() + 1;
    if args.check {
        if args.json {
            let taken = map.taken().iter().map(|t| {
                json!({"key": t.keys, "from": t.from, "by": t.by, "line": line(t.at),
                    "left": left(map, t.from)})
            });
            return Out.json(&json!({"preset": map.base().name(), "taken": taken.collect::<Vec<Value>>()}));
        }
        for t in map.taken() {
            let left = match left(map, t.from).as_str() {
                "" => "it has no key left, the palette finds it".to_owned(),
                keys => format!("it still has {keys}"),
            };
            let said = format!("line {}: {} was `{}`, now `{}`; {left}", line(t.at), t.keys, t.from, t.by);
            Out.line(&inert(&said))?;
        }
        return Out.line("the keys are right");
    }
    if args.json {
        let rows: Vec<Value> = COMMANDS
            .iter()
            .map(|spec| {
                let keys = map
                    .bound(spec.command)
                    .iter()
                    .map(|bound| json!({"key": bound.keys.to_string(), "where": place(bound.modes)}));
                json!({"command": spec.name, "help": spec.help, "keys": keys.collect::<Vec<Value>>()})
            })
            .collect();
        return Out.json(&rows);
    }
    for spec in COMMANDS {
        let mut places: Vec<[bool; 4]> = Vec::new();
        for bound in map.bound(spec.command) {
            if !places.contains(&bound.modes) {
                places.push(bound.modes);
            }
        }
        if places.is_empty() {
            row("(none)", spec.name, "palette", spec.help)?;
        }
        for modes in places {
            let here = map.bound(spec.command).iter().filter(|bound| bound.modes == modes);
            let keys: Vec<String> = here.map(|bound| bound.keys.to_string()).collect();
            row(&keys.join(", "), spec.name, &place(modes), spec.help)?;
        }
    }
    Ok(())
}

/// The keys a command has left.
fn left(map: &Keymap, name: &str) -> String {
    let spec = crate::console::app::command::named(name);
    spec.map_or_else(String::new, |spec| map.keys(spec.command).to_owned())
}

fn row(keys: &str, name: &str, place: &str, help: &str) -> Done {
    let pad = |text: &str, to: usize| " ".repeat(to.saturating_sub(width::cells(text)));
    let (a, b, c) = (pad(keys, 20), pad(name, 18), pad(place, 20));
    Out.line(&inert(&format!("{keys}{a} {name}{b} {place}{c} {help}")))
}
