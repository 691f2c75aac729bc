//! `baton site add|list|show|snippet|set|remove`: the sites in `baton.toml`, changed without an editor.
//!
//! Invariant: what was not asked for stays byte for byte as it is, comments included, and a change the server would refuse
//! is not made. Refused here: the store (a removed site's conversations stay), the running server (it reads the file again
//! when it is told to, or started anew).

mod edit;
mod file;
mod keys;
mod show;
mod snippet;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use serde_json::json;

use self::edit::Which;
use self::file::Loaded;
use self::keys::{Changes, Keys};
use super::out::{Out, complain, inert};
use super::serve::{self, DEFAULT_LISTEN};
use super::{Done, Failure};
use crate::conversation::SiteId;
use crate::doctor::internet::Internet;
use crate::settings::nearest;

pub(super) use self::edit::{string, strings};
pub(super) use self::file::as_written;
pub(super) use self::snippet::tag;

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Cmd,
}

#[derive(Debug, Subcommand)]
enum Cmd {
    /// Add a site
    Add(AddArgs),
    /// List the sites
    List(FileArgs),
    /// Show what a site is set to
    Show(OneArgs),
    /// Print the line to put on a site's pages
    Snippet(SnippetArgs),
    /// Change a site
    Set(SetArgs),
    /// Remove a site; its conversations stay in the store
    Remove(RemoveArgs),
}

#[derive(Debug, ClapArgs)]
struct FileArgs {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = "baton.toml")]
    config: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, ClapArgs)]
struct OneArgs {
    /// The site's id
    #[arg(value_name = "SITE")]
    id: SiteId,
    #[command(flatten)]
    file: FileArgs,
}

#[derive(Debug, ClapArgs)]
struct AddArgs {
    #[command(flatten)]
    one: OneArgs,
    #[command(flatten)]
    keys: Keys,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, ClapArgs)]
struct SetArgs {
    #[command(flatten)]
    one: OneArgs,
    #[command(flatten)]
    keys: Keys,
    #[command(flatten)]
    changes: Changes,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, ClapArgs)]
struct RemoveArgs {
    #[command(flatten)]
    one: OneArgs,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, ClapArgs)]
struct SnippetArgs {
    /// The site's id; not needed where there is only one
    #[arg(value_name = "SITE")]
    id: Option<SiteId>,
    /// The server's address as browsers see it [default: the configuration's public_url, else its listen]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    #[command(flatten)]
    file: FileArgs,
}

pub(super) fn run(args: Args) -> Done {
    match args.command {
        Cmd::List(args) => {
            let loaded = file::load(&args.config)?;
            if !args.json {
                return show::list(&loaded);
            }
            let sites = loaded.config.sites.iter().enumerate();
            Out.json(&sites.map(|(at, site)| show::object(&loaded, at, site)).collect::<Vec<_>>())
        }
        Cmd::Show(args) => {
            let loaded = file::load(&args.file.config)?;
            let at = find(&loaded, &args.id)?;
            let site = &loaded.config.sites[at];
            if args.file.json {
                return Out.json(&show::object(&loaded, at, site));
            }
            show::one(&loaded, at, site)
        }
        Cmd::Snippet(args) => snippet_of(&args),
        Cmd::Add(args) => {
            let loaded = file::load(&args.one.file.config)?;
            let id = &args.one.id;
            if loaded.config.sites.iter().any(|site| site.id == *id) {
                return Err(Failure::Refused(format!(
                    "{}: there is a site `{id}` already; change it with `baton site set {id}`",
                    loaded.file.display()
                )));
            }
            edit::ids(&loaded.text).map_err(|why| in_file(&loaded, &why))?;
            let mut values = vec![("id", edit::string(id.as_str()))];
            values.extend(args.keys.values(&loaded.file)?);
            let after = edit::add(&loaded.text, &values);
            finish(&loaded, &args.one, &after, args.dry_run, "added")
        }
        Cmd::Set(args) => {
            let loaded = file::load(&args.one.file.config)?;
            let at = find(&loaded, &args.one.id)?;
            let values = args.keys.values(&loaded.file)?;
            let mut after = loaded.text.clone();
            for (key, value) in &values {
                after =
                    edit::set(&after, Which::Site(at), key, value).map_err(|why| in_file(&loaded, &why))?;
            }
            let (after, changed) = args.changes.apply(&after, at)?;
            if values.is_empty() && changed.is_empty() {
                return Err(Failure::Usage(
                    "say what to change, such as --name, --docs, --origin, --assistant off; `baton site set --help` lists it all"
                        .into(),
                ));
            }
            finish(&loaded, &args.one, &after, args.dry_run, "changed")
        }
        Cmd::Remove(args) => {
            let loaded = file::load(&args.one.file.config)?;
            let at = find(&loaded, &args.one.id)?;
            if loaded.config.sites.len() == 1 {
                return Err(Failure::Refused(format!(
                    "{}: `{}` is the only site, and a server needs one; add another first",
                    loaded.file.display(),
                    args.one.id
                )));
            }
            let after = edit::remove(&loaded.text, at).map_err(|why| in_file(&loaded, &why))?;
            finish(&loaded, &args.one, &after, args.dry_run, "removed")
        }
    }
}

fn in_file(loaded: &Loaded, why: &str) -> Failure {
    Failure::Refused(format!("{}: {why}", loaded.file.display()))
}

/// Where a site stands, or which one was perhaps meant.
fn find(loaded: &Loaded, id: &SiteId) -> Result<usize, Failure> {
    let ids: Vec<&str> = loaded.config.sites.iter().map(|site| site.id.as_str()).collect();
    if let Some(at) = ids.iter().position(|known| *known == id.as_str()) {
        // The parser takes an inline list, too, which cannot be changed line by line.
        edit::ids(&loaded.text).map_err(|why| in_file(loaded, &why))?;
        return Ok(at);
    }
    let hint = match nearest(id.as_str(), &ids) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known: {}", ids.join(", ")),
    };
    Err(in_file(loaded, &format!("there is no site `{id}`; {hint}")))
}

/// Checks the new text, writes it unless it is only to be shown, and says what to do next.
fn finish(loaded: &Loaded, one: &OneArgs, after: &str, dry_run: bool, done: &str) -> Done {
    loaded.check(after)?;
    let lines = file::differences(&loaded.text, after);
    if !dry_run && !lines.is_empty() {
        loaded.replace(after)?;
    }
    let file = loaded.file.display();
    if one.file.json {
        return Out.json(&json!({
            "ok": true, "file": file.to_string(), "site": one.id, "done": done, "dry_run": dry_run,
            "changed": !lines.is_empty(), "lines": lines,
        }));
    }
    if lines.is_empty() {
        return Out.line(&inert(&format!("{file}: site `{}` is like that already", one.id)));
    }
    for line in &lines {
        Out.line(&inert(line))?;
    }
    if dry_run {
        return Out.line(&inert(&format!("{file} is as it was: this was a dry run")));
    }
    Out.line(&inert(&format!("{file}: site `{}` {done}", one.id)))?;
    if done == "removed" {
        Out.line(
            "Its conversations stay in the store; with the site back in the file they can be read again.",
        )?;
    }
    Out.line("A running server does not know yet: `baton reload`, or restart it.")
}

/// Where browsers find the server, and whether that is meant for everybody.
fn base(loaded: &Loaded, given: Option<&str>) -> Result<(String, bool), Failure> {
    let internet = Internet::read(&loaded.file, &loaded.text);
    if let Some(url) = given {
        let url = url.trim().trim_end_matches('/');
        let plain =
            ["http://", "https://"].iter().any(|scheme| url.starts_with(scheme) && url.len() > scheme.len())
                && !url.contains(['"', '<', '>', ' ', '?', '#']);
        if !plain {
            return Err(Failure::Usage(format!(
                "“{}” is no address of a server; it looks like https://chat.example.com",
                url.escape_debug()
            )));
        }
        return Ok((url.to_owned(), true));
    }
    let listen = match loaded.config.listen {
        Some(listen) => listen,
        None => serve::address(DEFAULT_LISTEN)?,
    };
    Ok((internet.base(listen), internet.public_url.is_some()))
}

fn snippet_of(args: &SnippetArgs) -> Done {
    let loaded = file::load(&args.file.config)?;
    let sites = &loaded.config.sites;
    let site = match &args.id {
        Some(id) => &sites[find(&loaded, id)?],
        None if sites.len() == 1 => &sites[0],
        None => {
            let ids: Vec<&str> = sites.iter().map(|site| site.id.as_str()).collect();
            return Err(Failure::Usage(format!("which site? There are {}", ids.join(", "))));
        }
    };
    let (base, public) = base(&loaded, args.public_url.as_deref())?;
    let (tag, policy) = (snippet::tag(&base, &site.id), snippet::policy(&base));
    if args.file.json {
        return Out.json(&json!({
            "site": site.id, "snippet": tag, "content_security_policy": policy, "origins": site.origins,
            "public": public,
        }));
    }
    Out.line(&inert(&tag))?;
    Out.line(&inert(&format!("<!-- where the page has a Content-Security-Policy, add: {policy} -->")))?;
    if !public {
        complain(&format!(
            "{base} is this machine's address; give the one browsers use with --public-url https://…"
        ));
    }
    if site.origins.is_empty() && !site.loopback_origins {
        complain(&format!(
            "no page may open this chat yet: `baton site set {} --add-origin https://…`",
            site.id
        ));
    }
    Ok(())
}
