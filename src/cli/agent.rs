//! `baton agent add`: makes an agent, with the groups it belongs to, prints the token once, keeps only its hash.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args as ClapArgs, Subcommand};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::out::{Out, complain};
use super::{Done, Failure};
use crate::conversation::{AgentId, LABEL_CHARS, Role, label, sort_labels};
use crate::log;

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
}

#[derive(Debug, ClapArgs)]
struct AddArgs {
    /// The name colleagues and visitors see
    name: String,
    /// What they may do: agent, supervisor or admin
    #[arg(long, default_value = "agent")]
    role: Role,
    /// A group they belong to: conversations can be transferred to it; repeat it for more
    #[arg(long = "group", value_name = "NAME")]
    groups: Vec<String>,
    /// The server's folder
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Print an object instead of the bare token
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> Done {
    let Cmd::Add(args) = args.command;
    let (id, token) = add(&args.data, &args.name, args.role, &args.groups)?;
    if args.json {
        let name = args.name.trim();
        let mut groups: Vec<String> = args.groups.iter().filter_map(|group| label(group)).collect();
        sort_labels(&mut groups);
        return Out.json(
            &json!({ "id": id, "name": name, "role": args.role.word(), "groups": groups, "token": token }),
        );
    }
    Out.line(&token)?;
    complain(
        "this is the token; it is shown only now. Give it to `baton login URL`, or put it in BATON_TOKEN",
    );
    Ok(())
}

/// Adds an agent, into these groups; returns the id and the token.
pub(super) fn add(
    data: &Path,
    name: &str,
    role: Role,
    groups: &[String],
) -> Result<(AgentId, String), Failure> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(Failure::Usage(format!(
            "a name has 1 to {LONGEST_NAME} characters and no control characters"
        )));
    }
    if let Some(bad) = groups.iter().find(|group| label(group).is_none()) {
        return Err(Failure::Usage(format!(
            "“{}” is no name for a group: it has 1 to {LABEL_CHARS} characters on one line",
            bad.escape_debug()
        )));
    }
    let token = new_token();
    let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    let id =
        log::add_agent_to(data, name, role, groups, &hash).map_err(|e| Failure::Refused(e.to_string()))?;
    Ok((id, token))
}

/// `bt_` and 43 characters: 256 bits, from three random UUIDs (366 random bits of the operating system) by SHA-256.
fn new_token() -> String {
    let mut hash = Sha256::new();
    for _ in 0..3 {
        hash.update(uuid::Uuid::new_v4().as_bytes());
    }
    format!("bt_{}", URL_SAFE_NO_PAD.encode(hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_what_scanners_look_for() {
        let (a, b) = (new_token(), new_token());
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
