//! `baton retention`: what the rules of `[keep]` would erase, or erases now.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use serde_json::json;

use super::backup::{now, refused};
use super::out::Out;
use super::{Done, Failure, erase, local};
use crate::conversation::Erasure;
use crate::engine::Keep;
use crate::log::{self, Readers, StoreError};
use crate::server::ServerConfig;

/// Conversations a rule shows or erases at most.
const BATCH: usize = 1_000_000;

/// Show what the rules of `[keep]` would erase now, or carry them out.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
A running server carries out its rules by itself; without --dry-run this command
does so where none is running. Rules count the days since a conversation was
resolved, and touch no other.")]
pub(super) struct Args {
    /// The server's folder; with --dry-run the server may be running
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The configuration with the rules
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Show, and erase nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Done {
    let keep = ServerConfig::load(&args.config).map_err(|e| Failure::Refused(e.to_string()))?.keep;
    let due = due(args, &keep)?;
    if keep.cutoffs(now()).is_empty() {
        return Out.line("no rule of [keep] is on: nothing is erased");
    }
    if args.dry_run {
        for (what, ids) in &due {
            if args.json {
                Out.json(&json!({ "what": what, "conversations": ids }))?;
            } else {
                Out.line(&format!("{}: {} conversations", words(*what), ids.len()))?;
                for id in ids {
                    Out.line(&format!("  {id}"))?;
                }
            }
        }
        return Ok(());
    }
    let all: usize = due.iter().map(|(_, ids)| ids.len()).sum();
    if all > 0 && !args.yes {
        erase::ask(&format!("erase by rule in {all} conversations for good?"))?;
    }
    for (what, ids) in due {
        let erased = log::erase_by_rule(&args.data, &ids, what, now()).map_err(refused)?;
        if args.json {
            Out.json(&json!({ "what": what, "conversations": ids, "changed": erased }))?;
        } else {
            Out.line(&format!("{}: erased in {erased} conversations", words(what)))?;
        }
    }
    Ok(())
}

fn due(
    args: &Args,
    keep: &Keep,
) -> Result<Vec<(Erasure, Vec<crate::conversation::ConversationId>)>, Failure> {
    let readers = Readers::of(&args.data, 1).map_err(refused)?;
    let mut all = Vec::new();
    for (what, before) in keep.cutoffs(now()) {
        let ids = readers.with(|r| r.resolved_between(what, None, before, BATCH)).map_err(failed)?;
        all.push((what, ids));
    }
    Ok(all)
}

fn failed(error: StoreError) -> Failure {
    local(&error.into())
}

fn words(what: Erasure) -> &'static str {
    match what {
        Erasure::Everything => "everything said (resolved_days)",
        Erasure::Files => "files (attachments_days)",
        Erasure::Trail => "pages and device (trail_days)",
    }
}
