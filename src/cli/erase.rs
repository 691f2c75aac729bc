//! `baton erase`: what a visitor said and told is erased in place.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args as ClapArgs;
use serde_json::json;

use super::backup::{now, refused};
use super::out::{Out, complain, inert};
use super::visitor_name::{self, Found};
use super::{Done, Failure, control, noted};
use crate::conversation::ConversationId;
use crate::log::audit::{Deed, Target};
use crate::log::{self, KeepError, OpenError};
use crate::server::control::{Answer, Request};

/// Conversations asked for at a time.
const PART: usize = 500;

/// Erase what a visitor said and told, everywhere in a data folder.
#[derive(Debug, ClapArgs)]
#[command(
    group = clap::ArgGroup::new("what").required(true).args(["visitor", "conversation"]),
    after_help = "\
Messages, notes, files, cards, names, addresses, pages and what the assistant
noted are replaced in place; that somebody wrote, and who answered when, stays.
The search index, the lists and the files of the store no longer hold the words.
Backups made before still do: erased.jsonl in the data folder names what was
erased (ids only), and `baton restore` erases it again. Keep a copy of that file
apart from the backups."
)]
pub(super) struct Args {
    /// A visitor: their id, or the e-mail address they gave last
    #[arg(long, value_name = "ID|E-MAIL")]
    visitor: Option<String>,
    /// One conversation: its id, or its first digits
    #[arg(long, value_name = "ID")]
    conversation: Option<String>,
    /// The server's folder
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Done {
    let found = match (&args.visitor, &args.conversation) {
        (Some(visitor), _) => visitor_name::find(&args.data, visitor)?,
        (None, Some(id)) => visitor_name::conversation(&args.data, id)?,
        (None, None) => return Err(Failure::Usage("name what to erase".into())),
    };
    let Found { ids, who } = found;
    if !args.yes {
        ask(&format!("erase {} of {who} for good?", count(ids.len())))?;
    }
    let mut erased = Vec::new();
    // In parts: a request to the running server has a length.
    for part in ids.chunks(PART) {
        match control::ask(&args.data, &Request::Erase { conversations: part.to_vec() })? {
            Some(Answer::Erased { conversations }) => erased.extend(conversations),
            Some(_) => {
                return Err(Failure::Refused("the running server is of another version; restart it".into()));
            }
            None => erased.extend(alone(args, part)?),
        }
    }
    tell(args, &erased)
}

/// Erases where no server runs.
fn alone(args: &Args, ids: &[ConversationId]) -> Result<Vec<ConversationId>, Failure> {
    let erased = match log::erase_in(&args.data, ids, now()) {
        Err(KeepError::Open(OpenError::Locked(dir))) => {
            return Err(Failure::Refused(format!(
                "a server is running on {} and could not be asked; nothing was erased. Stop it, erase, and start it again",
                dir.display()
            )));
        }
        other => other.map_err(refused)?,
    };
    for done in &erased {
        noted::note(&args.data, Deed::Erased, Target::Conversation { id: done.conversation, site: None });
    }
    Ok(erased.iter().map(|e| e.conversation).collect())
}

/// Says what was erased, and where it may still stand.
fn tell(args: &Args, erased: &[ConversationId]) -> Done {
    let kept = log::copies_kept(&args.data).map_err(refused)?;
    if args.json {
        Out.json(&json!({ "erased": erased, "copies_kept": kept }))?;
    } else {
        Out.line(&format!("erased: {}", count(erased.len())))?;
    }
    for copy in kept {
        complain(&format!(
            "{} is a store put aside by a restore and still holds it; remove it",
            copy.display()
        ));
    }
    Ok(())
}

fn count(n: usize) -> String {
    if n == 1 { "1 conversation".into() } else { format!("{n} conversations") }
}

/// Asks on the terminal; without one, `--yes` is needed.
pub(super) fn ask(question: &str) -> Done {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::Usage("this cannot be undone: add --yes where nobody can be asked".into()));
    }
    let _ = write!(std::io::stderr().lock(), "baton: {} [y/N] ", inert(question));
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    if read.is_ok() && matches!(line.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Failure::Refused("nothing was erased".into()))
}
