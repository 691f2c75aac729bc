//! `baton macros`: the ready texts in a folder, and what is wrong with them.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use serde_json::json;

use super::out::{self, Out};
use super::{Done, Failure};
use crate::client::DraftKind;
use crate::console::config::{self, Config};
use crate::console::macros::{Library, Macro, folder};

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// The folder; without it, the one the console uses
    dir: Option<PathBuf>,
    /// Print only what is wrong, as file:line: message; exit code 1 if anything is
    #[arg(long)]
    lint: bool,
    /// Print one object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> Done {
    let place = match args.dir {
        Some(dir) => Some(dir),
        None => {
            // What is wrong elsewhere in the settings keeps no text from being looked at.
            let text =
                config::default_file().and_then(|file| Some((std::fs::read_to_string(&file).ok()?, file)));
            let config = text.map_or_else(Config::default, |(text, file)| config::check(&file, &text).0);
            folder::place(&config.composer.macros)
        }
    };
    let Some(place) = place else {
        return Err(Failure::Usage("this system has no home folder; name the folder of ready texts".into()));
    };
    if !place.is_dir() {
        let words = format!("there is no folder {}; make it and put Markdown files into it", place.display());
        return Err(Failure::Refused(words));
    }
    let library = folder::read(&place);
    if args.json {
        Out.json(&whole(&library))?;
    } else {
        for (_, problem) in &library.broken {
            Out.line(&out::inert(&problem.to_string()))?;
        }
        if !args.lint {
            for known in &library.macros {
                Out.line(&out::inert(&line(known)))?;
            }
        }
    }
    let others = if library.macros.is_empty() { "" } else { "; the others work" };
    match library.broken.len() {
        0 => Ok(()),
        _ if !args.lint => Ok(()),
        1 => Err(Failure::Refused(format!("1 ready text is broken{others}"))),
        n => Err(Failure::Refused(format!("{n} ready texts are broken{others}"))),
    }
}

/// `billing/refund  Refund  (demo; then: tag refund, resolve)`
fn line(known: &Macro) -> String {
    let mut about: Vec<String> = known.site.clone().into_iter().collect();
    about.extend(known.kind.map(|kind| word(kind).to_owned()));
    let then: Vec<String> = known.actions.iter().map(ToString::to_string).collect();
    if !then.is_empty() {
        about.push(format!("then: {}", then.join(", ")));
    }
    let about = if about.is_empty() { String::new() } else { format!("  ({})", about.join("; ")) };
    format!("{}  {}{about}", known.name, known.title)
}

fn word(kind: DraftKind) -> &'static str {
    match kind {
        DraftKind::Reply => "reply",
        DraftKind::Note => "note",
    }
}

fn whole(library: &Library) -> serde_json::Value {
    let macros: Vec<_> = library
        .macros
        .iter()
        .map(|known| {
            json!({
                "name": known.name,
                "title": known.title,
                "tags": known.tags,
                "site": known.site,
                "kind": known.kind.map(word),
                "actions": known.actions.iter().map(ToString::to_string).collect::<Vec<_>>(),
            })
        })
        .collect();
    let problems: Vec<_> = library.broken.iter().map(|(_, problem)| problem).collect();
    json!({ "folder": library.folder, "macros": macros, "problems": problems })
}
