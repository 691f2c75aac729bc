//! What can be said of a site on the command line, and how it stands in the file then.

use std::path::{Path, PathBuf};

use clap::{Args as ClapArgs, ValueEnum};

use super::super::Failure;
use super::edit::{self, Which};
use super::file::as_written;
use crate::server::normal_origin;

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Switch {
    /// It is.
    On,
    /// It is not.
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum Level {
    /// Any frustration or request
    Quick,
    /// Tries first, but a direct request is respected
    Balanced,
    /// A problem must be stated before any handoff
    AiFirst,
    /// Never; the contact route is given instead
    AiOnly,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum WhenNobody {
    /// Contact details are asked for and it is queued
    Ticket,
    /// The truth is told and the assistant goes on
    Assistant,
}

/// A site's keys, as flags. What is not given stays as it is.
#[derive(Debug, Default, ClapArgs)]
pub(super) struct Keys {
    /// The name visitors and agents see
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The assistant's first words
    #[arg(long, value_name = "TEXT")]
    greeting: Option<String>,
    /// A folder the assistant answers from; repeat it for more
    #[arg(long, value_name = "DIR")]
    docs: Vec<PathBuf>,
    /// An origin whose pages may open the chat, such as https://shop.example.com; repeat it for more
    #[arg(long = "origin", value_name = "ORIGIN")]
    origins: Vec<String>,
    /// Whether pages on this machine (http://localhost) may, too
    #[arg(long, value_name = "ON|OFF", hide_possible_values = true)]
    loopback: Option<Switch>,
    /// Whether the assistant answers first; without it every conversation goes to the queue
    #[arg(long, value_name = "ON|OFF", hide_possible_values = true)]
    assistant: Option<Switch>,
    /// What happens while nobody is there
    #[arg(long, value_name = "WHAT")]
    when_nobody: Option<WhenNobody>,
    /// How soon a person is brought in
    #[arg(long, value_name = "LEVEL")]
    level: Option<Level>,
    /// Whether only an explicit request hands off
    #[arg(long, value_name = "ON|OFF", hide_possible_values = true)]
    manual_only: Option<Switch>,
    /// Failed answers in a row that hand off
    #[arg(long, value_name = "N")]
    failed_turns: Option<u32>,
    /// A word or phrase of a visitor that hands off; repeat it for more
    #[arg(long = "keyword", value_name = "WORDS")]
    keywords: Vec<String>,
    /// A topic that always goes to a person; repeat it for more
    #[arg(long = "topic", value_name = "ID")]
    topics: Vec<String>,
}

/// Changes of lists, and of the texts all sites share.
#[derive(Debug, Default, ClapArgs)]
pub(super) struct Changes {
    /// Allow one more origin
    #[arg(long, value_name = "ORIGIN", conflicts_with = "origins")]
    add_origin: Vec<String>,
    /// No longer allow an origin
    #[arg(long, value_name = "ORIGIN", conflicts_with = "origins")]
    remove_origin: Vec<String>,
    /// Answer from no docs
    #[arg(long, conflicts_with = "docs")]
    no_docs: bool,
    /// What the system says, such as resolved="Bye."; the texts are those of all sites; repeat it for more
    #[arg(long = "text", value_name = "KEY=WORDS")]
    texts: Vec<String>,
}

/// An origin as it is compared, or what is wrong with it.
fn origin(text: &str) -> Result<String, Failure> {
    normal_origin(text.trim())
        .map_err(|why| Failure::Usage(format!("“{}” is no origin: {why}", text.escape_debug())))
}

fn words<T: ValueEnum>(value: &T) -> String {
    let name = value.to_possible_value().map(|value| value.get_name().to_owned());
    edit::string(&name.unwrap_or_default())
}

impl Keys {
    /// Keys with their values as TOML, in the order of the shipped default.
    pub(super) fn values(&self, config: &Path) -> Result<Vec<(&'static str, String)>, Failure> {
        let mut values = Vec::new();
        let mut push = |key, value: Option<String>| values.extend(value.map(|value| (key, value)));
        let switch = |switch: Option<Switch>| switch.map(|s| (s == Switch::On).to_string());
        let list = |words: &[String]| (!words.is_empty()).then(|| edit::strings(words));
        push("name", self.name.as_deref().map(edit::string));
        push("greeting", self.greeting.as_deref().map(edit::string));
        let docs: Vec<String> = self.docs.iter().map(|folder| as_written(folder, config)).collect();
        push(
            "docs",
            match docs.as_slice() {
                [one] => Some(edit::string(one)),
                all => list(all),
            },
        );
        let mut origins: Vec<String> = Vec::new();
        for text in &self.origins {
            let origin = origin(text)?;
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        }
        push("origins", list(&origins));
        push("loopback_origins", switch(self.loopback));
        push("assistant", switch(self.assistant));
        push("when_nobody", self.when_nobody.as_ref().map(words));
        push("level", self.level.as_ref().map(words));
        push("manual_only", switch(self.manual_only));
        push("failed_turns", self.failed_turns.map(|n| n.to_string()));
        push("keywords", list(&self.keywords));
        push("restricted_topics", list(&self.topics));
        Ok(values)
    }
}

impl Changes {
    /// The text with these changes, and the names of the keys concerned.
    pub(super) fn apply(&self, text: &str, site: usize) -> Result<(String, Vec<String>), Failure> {
        let mut text = text.to_owned();
        let mut changed = Vec::new();
        if !self.add_origin.is_empty() || !self.remove_origin.is_empty() {
            let add = self.add_origin.iter().map(|o| origin(o)).collect::<Result<Vec<_>, _>>()?;
            let mut take = self.remove_origin.iter().map(|o| origin(o)).collect::<Result<Vec<_>, _>>()?;
            let there = edit::list(&text, site, "origins").map_err(Failure::Refused)?;
            for gone in &take {
                if !there.iter().any(|o| normal_origin(o).as_ref() == Ok(gone)) {
                    return Err(Failure::Refused(format!("{gone} is not among the site's origins")));
                }
            }
            // As it is written there, which may be another spelling of the same.
            let spelled = there.iter().filter(|o| normal_origin(o).is_ok_and(|o| take.contains(&o)));
            let spelled: Vec<String> = spelled.cloned().collect();
            take.extend(spelled);
            text = edit::change_list(&text, site, "origins", &add, &take).map_err(Failure::Refused)?;
            changed.push("origins".to_owned());
        }
        if self.no_docs {
            text = edit::unset(&text, Which::Site(site), "docs").map_err(Failure::Refused)?;
            changed.push("docs".to_owned());
        }
        for pair in &self.texts {
            let Some((key, words)) = pair.split_once('=') else {
                return Err(Failure::Usage(format!(
                    "“{}” is not of the form KEY=WORDS, such as resolved=\"Bye.\"",
                    pair.escape_debug()
                )));
            };
            let key = key.trim();
            if key.is_empty() || !key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
                return Err(Failure::Usage(format!("“{}” is no key of [texts]", key.escape_debug())));
            }
            text = edit::set(&text, Which::Table("texts"), key, &edit::string(words))
                .map_err(Failure::Refused)?;
            changed.push(format!("texts.{key}"));
        }
        Ok((text, changed))
    }
}
