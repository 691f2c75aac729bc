//! `baton rebuild`: makes the read model anew from the log.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::out::Out;
use super::{Done, Failure};

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// The server's folder; no server may be running on it
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

pub(super) fn run(args: Args) -> Done {
    if !args.data.is_dir() {
        return Err(Failure::Refused(format!("there is no folder {}", args.data.display())));
    }
    let events = crate::log::rebuild(&args.data).map_err(|e| Failure::Refused(e.to_string()))?;
    Out.line(&format!("the lists were made anew from {events} events"))
}
