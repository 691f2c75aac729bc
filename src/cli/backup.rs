//! `baton backup`: a verified copy of the store and its keys, while the server runs.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::out::{Out, complain};
use super::{Done, Failure};
use crate::conversation::Time;
use crate::log::{self, Manifest, Progress};

/// Copy the store, and what a restore needs beside it, into a new folder.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
The folder appears whole and verified or not at all; one that is there is never
touched. It holds the store, the key visitors' tokens are signed with, the list
of what was erased, and manifest.json with the digest of each. Keep it as you
keep the store: it holds everything everybody wrote. The configuration, and
secrets kept in files of their own, are not in it.")]
pub(super) struct Args {
    /// The folder to make
    #[arg(value_name = "TO")]
    to: PathBuf,
    /// The server's folder; the server may be running
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Print the manifest as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Done {
    let terminal = std::io::stderr().is_terminal();
    let mut told = 0;
    let mut progress = |progress: Progress| match progress {
        Progress::Copying(done, of) => {
            let percent = (done.min(of) * 100).checked_div(of).unwrap_or(100);
            // A terminal sees it move; a log gets a line each quarter.
            if terminal {
                let _ = write!(std::io::stderr().lock(), "\rbaton: copying, {percent} % of {}  ", size(of));
            } else if percent / 25 > told {
                told = percent / 25;
                complain(&format!("copying, {percent} % of {}", size(of)));
            }
        }
        Progress::Verifying => {
            if terminal {
                let _ = writeln!(std::io::stderr().lock());
            }
            complain("verifying");
        }
    };
    let made = log::backup(&args.data, &args.to, now(), &mut progress).map_err(refused)?;
    if let Err(e) = log::note_backup(&args.data, &made) {
        complain(&format!("the backup is whole, but could not be noted in the audit trail: {e}"));
    }
    if args.json {
        return Out.json(&made);
    }
    Out.line(&format!("{}: {}", args.to.display(), summary(&made)))
}

/// What a backup holds, in words.
pub(super) fn summary(m: &Manifest) -> String {
    let bytes: u64 = m.files.iter().map(|f| f.bytes).sum();
    format!(
        "{} conversations, {} events, {} agents, {} in {} files; made {} by Baton {}",
        m.conversations,
        m.events,
        m.agents,
        size(bytes),
        m.files.len(),
        m.made_at,
        super::out::inert(&m.baton)
    )
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// This machine's clock.
pub(super) fn now() -> Time {
    Time(jiff::Timestamp::now().as_millisecond())
}

/// Exit code 1, in the store's own words.
pub(super) fn refused(error: log::KeepError) -> Failure {
    Failure::Refused(error.to_string())
}
