//! `baton`: the console.

use std::io::{self, IsTerminal};

use super::target::ServerArgs;
use super::{Done, Failure, local};
use crate::client::default_state_dir;
use crate::console::{self, ConsoleOptions};

pub(super) async fn run(server: &ServerArgs) -> Done {
    need_terminal()?;
    let (url, token) = server.both()?;
    // A wrong token or no server is better told here, before the screen is taken, than in it.
    crate::client::oneshot::Session::open(&url, &token).await?.close().await;
    let options = ConsoleOptions {
        url,
        token,
        state_dir: default_state_dir(),
        status_note: None,
        available_on_start: false,
        look: Default::default(),
    };
    console::run(options).await.map_err(|e| local(&e))
}

/// The console draws on a terminal, or not at all.
pub(super) fn need_terminal() -> Done {
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        return Ok(());
    }
    Err(Failure::Usage(
        "the console needs a terminal for its input and output. In scripts use `baton queue`, `baton show`, `baton reply`, … with --json; see `baton --help`"
            .into(),
    ))
}
