//! `baton restore`: a backup becomes the store of a folder.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use serde_json::json;

use super::Done;
use super::backup::{now, refused, summary};
use super::out::{Out, complain};
use crate::log::{self, RestoreOptions};

/// Make a backup the store of a folder.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
The backup is checked first; a half-written or altered one is refused. Visitors
and consoles that come back see what the backup holds. What `baton erase` erased
since the backup is erased again: the list of it, erased.jsonl, is read from the
data folder, from the backup, and from --erased.")]
pub(super) struct Args {
    /// The backup's folder
    #[arg(value_name = "FROM")]
    from: PathBuf,
    /// The server's folder; no server may be running on it
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Put the store that is there aside, into a folder `replaced-…` beside it
    #[arg(long)]
    replace: bool,
    /// Another list of what was erased since, an erased.jsonl from elsewhere
    #[arg(long, value_name = "FILE")]
    erased: Option<PathBuf>,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Done {
    if let Some(list) = args.erased.as_ref().filter(|list| !list.is_file()) {
        return Err(super::Failure::Usage(format!("there is no file {}", list.display())));
    }
    let options = RestoreOptions {
        from: &args.from,
        data: &args.data,
        replace: args.replace,
        erased: args.erased.as_deref(),
        now: now(),
    };
    let done = log::restore(&options).map_err(refused)?;
    if args.json {
        return Out.json(&json!({
            "restored": done.manifest,
            "log_id": done.log_id,
            "erased_again": done.erased_again,
            "aside": done.aside,
        }));
    }
    Out.line(&format!("restored: {}", summary(&done.manifest)))?;
    if done.erased_again > 0 {
        Out.line(&format!("{} conversations erased since were erased again", done.erased_again))?;
    }
    if let Some(aside) = done.aside {
        complain(&format!(
            "the store that was there is in {}; remove that folder when you no longer need it",
            aside.display()
        ));
    }
    Ok(())
}
