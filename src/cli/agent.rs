//! `baton agent …`: who may sign in, and with which rights. A token is printed once, and only its hash is kept.
//!
//! The store is changed first, then the running server is told over its control socket; where it cannot be told, it notices
//! within two seconds, and a server that starts reads everything anyway.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args as ClapArgs, Subcommand};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::out::{Out, complain, inert};
use super::{Done, Failure, control};
use crate::conversation::{AgentId, LABEL_CHARS, Role, SiteId, label, sort_labels};
use crate::log::audit::Actor;
use crate::log::{self, AgentChange, AgentError, AgentRecord, NewAgent};
use crate::server::control::{Answer, Request};
use crate::settings::nearest;

/// Longest name, in characters: visitors read it above every reply.
const LONGEST_NAME: usize = 64;

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Cmd,
}

#[derive(Debug, Subcommand)]
enum Cmd {
    /// Add an agent and print their token, once; works while the server runs
    Add(AddArgs),
    /// List the agents with their role, sites and groups
    List(ListArgs),
    /// Give an agent another token, printed once; the old one ends at once, and what they held goes back to the queue
    Rotate(NameArgs),
    /// Remove an agent: their sockets are cut at once, and what they held goes back to the queue
    Remove(NameArgs),
    /// Change an agent's role, sites or groups; their consoles come back with the new rights at once
    Set(SetArgs),
}

#[derive(Debug, ClapArgs)]
struct AddArgs {
    /// The name colleagues and visitors see
    name: String,
    /// What they may do: agent, supervisor or admin
    #[arg(long, default_value = "agent")]
    role: Role,
    /// Sites they work for, separated by commas; `all` for every site, also those to come [default: all]
    #[arg(long, value_name = "SITES")]
    sites: Option<Sites>,
    /// A group they belong to: conversations can be transferred to it; repeat it, or separate them by commas, for more
    #[arg(long = "group", alias = "groups", value_name = "NAME", value_delimiter = ',')]
    groups: Vec<String>,
    #[command(flatten)]
    at: At,
}

#[derive(Debug, ClapArgs)]
struct ListArgs {
    /// The server's folder
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Print one object a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, ClapArgs)]
struct NameArgs {
    /// Their name, whatever its case, or their id
    name: String,
    #[command(flatten)]
    at: At,
}

#[derive(Debug, ClapArgs)]
struct SetArgs {
    /// Their name, whatever its case, or their id
    name: String,
    /// What they may do: agent, supervisor or admin
    #[arg(long)]
    role: Option<Role>,
    /// Sites they work for, separated by commas; `all` for every site, also those to come
    #[arg(long, value_name = "SITES")]
    sites: Option<Sites>,
    /// All the groups they belong to from now on, separated by commas; `none` for none
    #[arg(long, value_name = "NAMES")]
    groups: Option<String>,
    #[command(flatten)]
    at: At,
}

#[derive(Debug, ClapArgs)]
struct At {
    /// The server's folder
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Print an object instead of words
    #[arg(long)]
    json: bool,
}

/// `--sites`; none: all.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sites(Option<Vec<SiteId>>);

impl std::str::FromStr for Sites {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim() == "all" {
            return Ok(Sites(None));
        }
        let mut sites = Vec::new();
        for part in text.split(',').map(str::trim) {
            let site = SiteId::new(part).map_err(|_| {
                format!("“{}” is no site id; write `all`, or ids like shop,docs", part.escape_debug())
            })?;
            if !sites.contains(&site) {
                sites.push(site);
            }
        }
        Ok(Sites(Some(sites)))
    }
}

pub(super) fn run(args: Args) -> Done {
    match args.command {
        Cmd::Add(args) => run_add(args),
        Cmd::List(args) => list(&args),
        Cmd::Rotate(args) => rotate(&args),
        Cmd::Remove(args) => remove(&args),
        Cmd::Set(args) => set(args),
    }
}

fn run_add(args: AddArgs) -> Done {
    let sites = args.sites.and_then(|sites| sites.0);
    let (id, token) = add_to(&args.at.data, &args.name, args.role, sites.as_deref(), &args.groups)?;
    let told = control::tell(&args.at.data, &Request::AgentsChanged);
    if args.at.json {
        let name = args.name.trim();
        let mut groups: Vec<String> = args.groups.iter().filter_map(|group| label(group)).collect();
        sort_labels(&mut groups);
        Out.json(
            &json!({ "id": id, "name": name, "role": args.role.word(), "sites": sites, "groups": groups, "token": token }),
        )?;
        return warn_of_sites(told.as_ref());
    }
    Out.line(&token)?;
    complain(SHOWN_ONCE);
    warn_of_sites(told.as_ref())
}

const SHOWN_ONCE: &str =
    "this is the token; it is shown only now. Give it to `baton login URL`, or put it in BATON_TOKEN";

/// Adds an agent, into these groups; returns the id and the token.
pub(super) fn add(
    data: &Path,
    name: &str,
    role: Role,
    groups: &[String],
) -> Result<(AgentId, String), Failure> {
    add_to(data, name, role, None, groups)
}

fn add_to(
    data: &Path,
    name: &str,
    role: Role,
    sites: Option<&[SiteId]>,
    groups: &[String],
) -> Result<(AgentId, String), Failure> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(Failure::Usage(format!(
            "a name has 1 to {LONGEST_NAME} characters and no control characters"
        )));
    }
    check_groups(groups)?;
    let (token, hash) = new_token();
    let new = NewAgent { name, role, sites, groups };
    let id = log::add_agent_with(data, &new, &hash, &Actor::here())
        .map_err(|e| Failure::Refused(e.to_string()))?;
    Ok((id, token))
}

fn check_groups(groups: &[String]) -> Done {
    match groups.iter().find(|group| label(group).is_none()) {
        Some(bad) => Err(Failure::Usage(format!(
            "“{}” is no name for a group: it has 1 to {LABEL_CHARS} characters on one line",
            bad.escape_debug()
        ))),
        None => Ok(()),
    }
}

fn list(args: &ListArgs) -> Done {
    let agents = log::agents_in(&args.data).map_err(|e| Failure::Refused(e.to_string()))?;
    if args.json {
        return agents.iter().try_for_each(|agent| Out.json(&described(agent)));
    }
    if agents.is_empty() {
        complain("there are no agents yet; `baton agent add NAME --role admin --data DIR` makes the first");
        return Ok(());
    }
    let width = agents.iter().map(|a| inert(&a.name).chars().count()).max().unwrap_or(0);
    for agent in &agents {
        let name = inert(&agent.name);
        let groups = inert(&agent.groups.join(", "));
        let groups = if groups.is_empty() { groups } else { format!("  groups: {groups}") };
        let seen = agent.last_seen.map_or("never".to_owned(), |at| at.to_string());
        Out.line(&format!(
            "{name:width$}  {:10}  sites: {}{groups}  last seen: {seen}",
            agent.role.word(),
            sites_words(agent),
        ))?;
    }
    Ok(())
}

fn described(agent: &AgentRecord) -> Value {
    json!({
        "id": agent.id, "name": agent.name, "role": agent.role.word(), "sites": agent.sites,
        "groups": agent.groups, "available": agent.availability.available, "last_seen": agent.last_seen,
    })
}

fn sites_words(agent: &AgentRecord) -> String {
    match &agent.sites {
        None => "all".into(),
        Some(sites) => sites.iter().map(SiteId::as_str).collect::<Vec<_>>().join(", "),
    }
}

fn rotate(args: &NameArgs) -> Done {
    let (token, hash) = new_token();
    let agent = log::rotate_agent(&args.at.data, &args.name, &hash, &Actor::here()).map_err(refused)?;
    let told = control::tell(&args.at.data, &Request::AgentsChanged);
    if args.at.json {
        let mut answer = with_outcome(described(&agent), told.as_ref());
        answer["token"] = json!(token);
        return Out.json(&answer);
    }
    Out.line(&token)?;
    complain(SHOWN_ONCE);
    complain(&format!("{}'s old token is no longer good; {}", inert(&agent.name), outcome(told.as_ref())));
    Ok(())
}

fn remove(args: &NameArgs) -> Done {
    let agent = log::remove_agent(&args.at.data, &args.name, &Actor::here()).map_err(refused)?;
    let told = control::tell(&args.at.data, &Request::AgentsChanged);
    if args.at.json {
        return Out.json(&with_outcome(described(&agent), told.as_ref()));
    }
    Out.line(&format!("removed {} ({}); {}", inert(&agent.name), agent.role.word(), outcome(told.as_ref())))
}

fn set(args: SetArgs) -> Done {
    let groups = args.groups.map(|groups| match groups.trim() {
        "none" | "" => Vec::new(),
        groups => groups.split(',').map(|group| group.trim().to_owned()).collect::<Vec<_>>(),
    });
    check_groups(groups.as_deref().unwrap_or_default())?;
    if args.role.is_none() && args.sites.is_none() && groups.is_none() {
        return Err(Failure::Usage("say what to change: --role, --sites or --groups".into()));
    }
    let change = AgentChange { role: args.role, sites: args.sites.map(|sites| sites.0), groups };
    let (_, agent) = log::set_agent(&args.at.data, &args.name, &change, &Actor::here()).map_err(refused)?;
    let told = control::tell(&args.at.data, &Request::AgentsChanged);
    if args.at.json {
        Out.json(&with_outcome(described(&agent), told.as_ref()))?;
        return warn_of_sites(told.as_ref());
    }
    let groups = if agent.groups.is_empty() { "none".into() } else { inert(&agent.groups.join(", ")) };
    Out.line(&format!(
        "{}: {}, sites {}, groups {groups}; {}",
        inert(&agent.name),
        agent.role.word(),
        sites_words(&agent),
        outcome(told.as_ref())
    ))?;
    warn_of_sites(told.as_ref())
}

/// What the running server did, for people.
fn outcome(told: Option<&Answer>) -> String {
    let many = |n: usize, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
    match told {
        Some(Answer::AgentsChanged { cut, returned, .. }) => format!(
            "{} cut, {} back in the queue",
            many(*cut, "socket"),
            many(*returned, "conversation")
        ),
        _ => "no server was told; one that runs on this folder sees to it within two seconds, else the next that starts".into(),
    }
}

fn with_outcome(mut answer: Value, told: Option<&Answer>) -> Value {
    if let Some(Answer::AgentsChanged { cut, returned, .. }) = told {
        answer["server"] = json!({ "cut": cut, "returned": returned });
    }
    answer
}

/// A site that the running server does not have is no error: it may be about to come. But it is worth a word.
fn warn_of_sites(told: Option<&Answer>) -> Done {
    if let Some(Answer::AgentsChanged { unknown_sites, sites, .. }) = told {
        for unknown in unknown_sites {
            let known: Vec<&str> = sites.iter().map(String::as_str).collect();
            let hint =
                nearest(unknown, &known).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            complain(&format!(
                "the running server has no site {unknown}{hint} (it has {})",
                known.join(", ")
            ));
        }
    }
    Ok(())
}

fn refused(e: AgentError) -> Failure {
    if let AgentError::Unknown { name, known } = &e {
        let folded = name.to_lowercase();
        let lower: Vec<String> = known.iter().map(|k| k.to_lowercase()).collect();
        let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
        let near = nearest(&folded, &lower).and_then(|near| lower.iter().position(|l| *l == near));
        if let Some(near) = near.and_then(|at| known.get(at)) {
            return Failure::Refused(format!("{e}. Did you mean {near}?"));
        }
        return Failure::Refused(format!("{e}. `baton agent list` names those there are"));
    }
    Failure::Refused(e.to_string())
}

/// A token, and the SHA-256 that is kept of it. `bt_` and 43 characters: 256 bits, from three random UUIDs (366 random bits of
/// the operating system) by SHA-256.
fn new_token() -> (String, [u8; 32]) {
    let mut hash = Sha256::new();
    for _ in 0..3 {
        hash.update(uuid::Uuid::new_v4().as_bytes());
    }
    let token = format!("bt_{}", URL_SAFE_NO_PAD.encode(hash.finalize()));
    let kept = Sha256::digest(token.as_bytes()).into();
    (token, kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_what_scanners_look_for() {
        let (a, b) = (new_token().0, new_token().0);
        assert_ne!(a, b);
        assert_eq!(a.len(), 46);
        let rest = a.strip_prefix("bt_").expect("the prefix");
        assert!(rest.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_'));
    }

    #[test]
    fn a_name_is_checked_before_anything_is_written() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        for bad in ["", "  ", "a\u{1b}b", &"x".repeat(65)] {
            let refused = add(dir.path(), bad, Role::Agent, &[]);
            assert!(matches!(refused, Err(Failure::Usage(_))), "{bad:?}");
        }
        for bad in ["", " ", "a\nb", &"x".repeat(41)] {
            let refused = add(dir.path(), "Dana", Role::Agent, &["billing".into(), bad.into()]);
            assert!(matches!(refused, Err(Failure::Usage(_))), "{bad:?}");
        }
        assert_eq!(std::fs::read_dir(dir.path()).expect("reads").count(), 0);
    }
}
