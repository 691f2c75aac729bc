//! `baton reload`: the running server reads its configuration again, and says what came of it.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::out::{Out, inert};
use super::{Done, Failure, control};
use crate::server::control::{Answer, Request};

/// Let the server that runs on a data folder read its configuration again.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Everything in the file holds from then on, or nothing is changed and the reason is
said. No socket is dropped. What only a restart can change is named. SIGHUP does
the same and tells the log.")]
pub(super) struct Args {
    /// The data folder the server runs on
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

pub(super) fn run(args: Args) -> Done {
    match control::ask(&args.data, &Request::Reload { uid: rustix::process::getuid().as_raw() })? {
        Some(Answer::Reloaded { words }) => Out.line(&inert(&words)),
        Some(other) => Err(Failure::Refused(format!("the server answered something else: {other:?}"))),
        None => Err(Failure::Refused(format!(
            "no server runs on {}; it reads its configuration when it starts. Nothing was changed",
            args.data.display()
        ))),
    }
}
