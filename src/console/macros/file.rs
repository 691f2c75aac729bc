//! One file: settings between two lines of `---` (or `+++`), written as TOML, and the text below. Both may be left out.

use std::path::Path;

use serde::Deserialize;

use super::{Action, Macro, Problem, Template};
use crate::client::DraftKind;
use crate::protocol::Limits;
use crate::settings::Source;
use crate::text::Untrusted;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Front {
    title: Option<String>,
    tags: Vec<String>,
    site: Option<String>,
    kind: Option<Kind>,
    actions: Vec<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Reply,
    Note,
}

/// Reads a file's text; `name` is what it will be called.
///
/// # Errors
/// The first thing wrong with it, with its line.
pub fn read(file: &Path, name: &str, text: &str) -> Result<Macro, Problem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let problem = |line: usize, message: String| Problem { file: file.to_owned(), line, message };
    let (front, body, body_line) = split(text).map_err(|message| problem(1, message.to_owned()))?;
    // The settings stand on their own lines: a blank one for the `---` before them keeps the count.
    let settings = format!("\n{front}");
    let source = Source { file, text: &settings };
    let front: Front = toml::from_str(&settings).map_err(|e| {
        let error = source.toml(&e);
        let line = error.line.unwrap_or(1);
        match yaml_like(settings.lines().nth(line - 1).unwrap_or("")) {
            Some(key) => {
                problem(line, format!("the settings are TOML: write `{key} = \"value\"`, not `{key}: value`"))
            }
            None => problem(line, error.message),
        }
    })?;
    let mut actions = Vec::new();
    for spelt in &front.actions {
        let line = settings.find(spelt.as_str()).map_or(1, |at| line_of(&settings, at));
        let action: Action = spelt.parse().map_err(|why| problem(line, why))?;
        if !actions.contains(&action) {
            actions.push(action);
        }
    }
    let start = body.len() - body.trim_start_matches(['\n', '\r']).len();
    let body_line = body_line + body[..start].matches('\n').count();
    let body = body[start..].trim_end();
    if body.len() > Limits::default().message_bytes {
        return Err(problem(
            body_line,
            "the text is longer than 8 KiB, which is what a message holds".into(),
        ));
    }
    let template = Template::parse(body)
        .map_err(|(at, message)| problem(body_line + body[..at].matches('\n').count(), message))?;
    if template.is_empty() && actions.iter().all(|action| *action == Action::Send) {
        return Err(problem(body_line, "there is neither a text nor an action in it".into()));
    }
    let stem = name.rsplit('/').next().unwrap_or(name);
    let title = Untrusted::new(front.title.as_deref().unwrap_or(stem)).line();
    Ok(Macro {
        name: name.to_owned(),
        title: if title.is_blank() { Untrusted::new(stem).line() } else { title },
        tags: front.tags,
        site: front.site,
        kind: front.kind.map(|kind| match kind {
            Kind::Reply => DraftKind::Reply,
            Kind::Note => DraftKind::Note,
        }),
        actions,
        body: template,
    })
}

/// The key of a line that is written as YAML, `title: Refund`.
fn yaml_like(line: &str) -> Option<&str> {
    let (key, _) = line.split_once(':')?;
    let plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    plain.then_some(key)
}

/// Settings, text, and the line the text begins on.
fn split(text: &str) -> Result<(&str, &str, usize), &'static str> {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let fence = first.trim_end();
    if !matches!(fence, "---" | "+++") {
        return Ok(("", text, 1));
    }
    let mut at = 0;
    for (count, line) in rest.split_inclusive('\n').enumerate() {
        if line.trim_end() == fence {
            return Ok((&rest[..at], &rest[at + line.len()..], count + 3));
        }
        at += line.len();
    }
    Err("the settings at the top are not closed by a second line of the same kind")
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}
