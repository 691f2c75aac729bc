//! `baton init`: five questions, and there is a configuration, a data folder and a first agent.
//!
//! Invariant: all answers are taken before anything is written, what is written is what the server takes, and a file that is
//! there is not overwritten unasked. Refused here: changing an existing configuration (`baton site`).

mod answers;
mod ask;
mod template;

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args as ClapArgs;
use serde_json::json;

use self::answers::{Answers, Reached};
use self::ask::Questions;
use super::out::{Out, complain, inert};
use super::serve::{self, DEFAULT_LISTEN};
use super::{Done, Failure, agent, site};
use crate::conversation::{AgentId, Role, SiteId};
use crate::doctor::internet::Internet;
use crate::log::{self, Sight};
use crate::server::ServerConfig;

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
What is not given as a flag is asked, from a terminal or line by line from a pipe; with --yes the defaults are taken.")]
pub(super) struct Args {
    /// The site's name, as visitors read it
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The site's id in the widget's tag [default: made of the name]
    #[arg(long, value_name = "SITE")]
    id: Option<SiteId>,
    /// The folder with your help pages (Markdown, HTML, text) [default: docs, if it is there]
    #[arg(long, value_name = "DIR")]
    docs: Option<PathBuf>,
    /// The address of the pages that will show the chat, such as https://shop.example.com [default: this machine's]
    #[arg(long, value_name = "URL")]
    origin: Option<String>,
    /// Where browsers find the server, such as https://chat.example.com
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Where to listen [default: 127.0.0.1:7842]
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// The first agent's name, as visitors and colleagues read it
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// Ask nothing: what is not given gets its default
    #[arg(long, short)]
    yes: bool,
    /// Write the configuration here
    #[arg(long, value_name = "FILE", default_value = "baton.toml")]
    config: PathBuf,
    /// The folder the server will keep everything in
    #[arg(long, value_name = "DIR", default_value = "data")]
    data: PathBuf,
    /// Overwrite a configuration that is there
    #[arg(long)]
    force: bool,
    /// Print one object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Done {
    let config = &args.config;
    if !args.force && std::fs::symlink_metadata(config).is_ok() {
        return Err(Failure::Refused(format!(
            "{} is there already, and nothing was changed; change it with `baton site`, write another with --config, or overwrite it with --force",
            config.display()
        )));
    }
    let answers = gather(args, &mut io::stdin().lock(), &mut io::stderr())?;
    let text = template::render(&answers, config);
    let parsed = ServerConfig::parse(config, &text)
        .map_err(|e| Failure::Refused(format!("nothing was written; with these answers {e}")))?;

    // The file is ready beside its place before there is a token to lose.
    let failed =
        |e: io::Error| Failure::Refused(format!("{} cannot be written, nothing was: {e}", config.display()));
    let folder = config.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut beside = readable(folder).map_err(failed)?;
    beside.write_all(text.as_bytes()).map_err(failed)?;
    beside.as_file().sync_all().map_err(failed)?;
    let there = known(&args.data, &answers.agent);
    let made = match there {
        Some(_) => None,
        None => Some(agent::add(&args.data, &answers.agent, Role::Admin, &[])?),
    };
    let placed = if args.force {
        beside.persist(config).map(drop).map_err(|e| e.error)
    } else {
        beside.persist_noclobber(config).map(drop).map_err(|e| e.error)
    };
    placed.map_err(|e| {
        Failure::Refused(format!(
            "{} cannot be written: {e}. The agent {} was added to {} all the same",
            config.display(),
            answers.agent,
            args.data.display()
        ))
    })?;

    let listen = match parsed.listen {
        Some(listen) => listen,
        None => serve::address(DEFAULT_LISTEN)?,
    };
    let internet = Internet::read(config, &text);
    let here = crate::doctor::internet::local(listen);
    if answers.reached.public_url.is_some() && internet.public_url.is_none() {
        complain("this version keeps no public address; give it to `baton site snippet --public-url URL`");
    }
    let public = answers.reached.public_url.clone().unwrap_or_else(|| internet.base(listen));
    let next = [
        format!("baton serve --data {} --config {}", quoted(&args.data), quoted(config)),
        format!("baton login {here}"),
        "baton".to_owned(),
    ];
    let snippet = site::tag(&public, &answers.id);
    let passages = parsed.sites[0].index.passages().len();
    if args.json {
        return Out.json(&json!({
            "config": config.display().to_string(), "data": args.data.display().to_string(),
            "site": answers.id, "name": answers.name, "passages": passages,
            "agent": {
                "id": made.as_ref().map(|(id, _)| *id).or(there), "name": answers.agent,
                "role": made.as_ref().map(|_| Role::Admin.word()), "token": made.as_ref().map(|(_, token)| token),
            },
            "next": next, "snippet": snippet,
        }));
    }
    let docs = match &answers.docs {
        Some(docs) => format!("answers from {} (passages: {passages})", docs.display()),
        None => "no docs yet: `baton site set ID --docs DIR`".replace("ID", answers.id.as_str()),
    };
    let line = |text: String| Out.line(&inert(&text));
    line(format!("{}: site `{}`, {docs}", config.display(), answers.id))?;
    match &made {
        Some((_, token)) => {
            line(format!("{}: the store, with the agent {} (admin)", args.data.display(), answers.agent))?;
            line(format!("token of {}, shown only now: {token}", answers.agent))?;
        }
        None => line(format!(
            "{}: the store, as it was; {} is an agent already and keeps the token they have",
            args.data.display(),
            answers.agent
        ))?,
    }
    line(String::new())?;
    line("Next:".into())?;
    let why = ["", "   # asks for the token", "   # the console; ~ makes you Available"];
    for (command, why) in next.iter().zip(why) {
        line(format!("  {command}{why}"))?;
    }
    line(String::new())?;
    line("On your pages:".into())?;
    line(format!("  {snippet}"))?;
    line(String::new())?;
    line(format!("Is all well?  baton doctor --config {} --data {}", quoted(config), quoted(&args.data)))
}

/// The answers: flags first, then defaults or questions.
fn gather(args: &Args, input: &mut dyn BufRead, output: &mut dyn Write) -> Result<Answers, Failure> {
    let wrong = |flag: &'static str| move |why: String| Failure::Usage(format!("{flag}: {why}"));
    // Flags are looked at first: nobody answers four questions to hear that a flag was wrong.
    let given_name = args.name.as_deref().map(answers::name).transpose().map_err(wrong("--name"))?;
    let given_docs = match &args.docs {
        Some(docs) => Some(answers::docs(&docs.to_string_lossy()).map_err(wrong("--docs"))?),
        None => None,
    };
    let given_origin = args.origin.as_deref().map(answers::origin).transpose().map_err(wrong("--origin"))?;
    let given_listen = args.listen.as_deref().map(answers::listen).transpose().map_err(wrong("--listen"))?;
    let given_url =
        args.public_url.as_deref().map(answers::public_url).transpose().map_err(wrong("--public-url"))?;
    let given_agent = args.agent.as_deref().map(answers::name).transpose().map_err(wrong("--agent"))?;
    let given_reached = (given_listen.is_some() || given_url.is_some())
        .then_some(Reached { listen: given_listen, public_url: given_url });

    let default_name = folder_name().unwrap_or_else(|| "My site".into());
    let default_docs = if Path::new("docs").is_dir() { "docs" } else { "" };
    let default_agent = login_name().unwrap_or_else(|| "Admin".into());
    if args.yes {
        let docs = match given_docs {
            Some(docs) => docs,
            // A folder that happens to be called docs and has no pages is nobody's mistake.
            None => answers::docs(default_docs).unwrap_or_default(),
        };
        let name = given_name.unwrap_or(default_name);
        return Ok(Answers {
            id: args.id.clone().unwrap_or_else(|| answers::id_of(&name)),
            name,
            docs,
            origin: given_origin.flatten(),
            reached: given_reached.unwrap_or_default(),
            agent: given_agent.unwrap_or(default_agent),
        });
    }
    let open = [
        given_name.is_none(),
        given_docs.is_none(),
        given_origin.is_none(),
        given_reached.is_none(),
        given_agent.is_none(),
    ];
    let of = open.iter().filter(|open| **open).count();
    if of > 0 && io::stdin().is_terminal() {
        complain("an empty line takes what stands in brackets; Ctrl-C leaves and nothing was written");
    }
    let mut questions = Questions::new(input, output, of);
    let name = match given_name {
        Some(name) => name,
        None => questions.ask("Name of the site, as visitors read it", Some(&default_name), answers::name)?,
    };
    let docs = match given_docs {
        Some(docs) => docs,
        None => {
            let default = if default_docs.is_empty() { "none yet" } else { default_docs };
            questions.ask("Folder with your help pages (Markdown, HTML, text)", Some(default), |text| {
                answers::docs(if text == "none yet" || text == "none" { "" } else { text })
            })?
        }
    };
    let origin = match given_origin {
        Some(origin) => origin,
        None => questions.ask(
            "Address of the pages that will show the chat, such as https://shop.example.com",
            Some("only this machine"),
            |text| answers::origin(if text == "only this machine" { "" } else { text }),
        )?,
    };
    let reached = match given_reached {
        Some(reached) => reached,
        None => questions.ask(
            "Where browsers find the server, such as https://chat.example.com, or where to listen",
            Some(DEFAULT_LISTEN),
            answers::reached,
        )?,
    };
    let agent = match given_agent {
        Some(agent) => agent,
        None => questions.ask(
            "Your name, as visitors and colleagues read it",
            Some(&default_agent),
            answers::name,
        )?,
    };
    Ok(Answers {
        id: args.id.clone().unwrap_or_else(|| answers::id_of(&name)),
        name,
        docs,
        origin,
        reached,
        agent,
    })
}

/// An agent of this name, where the store has one already.
fn known(data: &Path, name: &str) -> Option<AgentId> {
    let Sight::Store(store) = log::inspect(data, Duration::ZERO) else { return None };
    store
        .agents?
        .into_iter()
        .find(|agent| agent.name.to_lowercase() == name.to_lowercase())
        .map(|agent| agent.id)
}

/// A file whose text is no secret: the server may run as somebody else.
fn readable(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    builder.tempfile_in(folder)
}

fn folder_name() -> Option<String> {
    let folder = std::env::current_dir().ok()?;
    answers::name(&folder.file_name()?.to_string_lossy()).ok()
}

fn login_name() -> Option<String> {
    let name = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).ok()?;
    answers::name(&name).ok()
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let path = path.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '/' | '_' | '-' | '+' | ',');
    if !path.is_empty() && path.chars().all(plain) {
        path.into_owned()
    } else {
        format!("'{}'", path.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_quoted_where_a_shell_would_split_it() {
        assert_eq!(quoted(Path::new("data")), "data");
        assert_eq!(quoted(Path::new("my data")), "'my data'");
        assert_eq!(quoted(Path::new("it's")), "'it'\\''s'");
    }
}
