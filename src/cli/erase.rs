//! `baton erase`: what a visitor said and told is erased in place.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args as ClapArgs;
use serde_json::json;

use super::backup::{now, refused};
use super::out::{Out, complain, inert};
use super::visitor_name::{self, Found};
use super::{Done, Failure, control};
use crate::conversation::ConversationId;
use crate::log::{self, KeepError, OpenError};
use crate::server::control::{Answer, Request};

/// Conversations asked for in one request: it has a longest length.
const AT_A_TIME: usize = 1_000;
/// How long the server may take: the file of the store is written anew.
const PATIENCE: Duration = Duration::from_secs(3_600);

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
    let erased = match log::erase_in(&args.data, &ids, now()) {
        Ok(erased) => erased.iter().map(|e| e.conversation).collect(),
        Err(KeepError::Open(OpenError::Locked(_))) => by_server(args, &ids)?,
        Err(e) => return Err(refused(e)),
    };
    tell(args, &erased)
}

/// Lets the server that runs on the folder do it: it alone may write there.
fn by_server(args: &Args, ids: &[ConversationId]) -> Result<Vec<ConversationId>, Failure> {
    let uid = rustix::process::getuid().as_raw();
    let mut erased = Vec::new();
    for some in ids.chunks(AT_A_TIME) {
        let request = Request::Erase { conversations: some.to_vec(), uid };
        match control::ask_within(&args.data, &request, PATIENCE)? {
            Some(Answer::Erased { conversations }) => erased.extend(conversations),
            Some(other) => {
                return Err(Failure::Refused(format!("the server answered something else: {other:?}")));
            }
            None => {
                return Err(Failure::Refused(format!(
                    "a server is running on {} and cannot be reached by its control socket; nothing was erased. Stop it, erase, and start it again",
                    args.data.display()
                )));
            }
        }
    }
    Ok(erased)
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
