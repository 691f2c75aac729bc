//! `baton`: the console.

use std::io::{self, IsTerminal};

use super::target::ServerArgs;
use super::{Done, Failure, local};
use crate::client::default_state_dir;
use crate::client::oneshot::Session;
use crate::console::config::{self, Config};
use crate::console::{self, ConsoleOptions, NotSignedIn};

pub(super) async fn run(server: &ServerArgs) -> Done {
    need_terminal()?;
    let (url, token) = server.both()?;
    let folder = default_state_dir();
    if let Some(folder) = &folder {
        console::log_file::begin(folder, std::env::var("BATON_LOG").ok().as_deref());
    }
    let (config, config_error) = settings();
    let mut options = ConsoleOptions {
        config,
        config_error,
        url,
        token,
        state_dir: folder,
        status_note: None,
        available_on_start: false,
        must_sign_in: true,
    };
    // The screen comes first; a wrong token or no server is told below it, as every command tells it.
    let Err(error) = console::run(options.clone()).await else { return Ok(()) };
    let Some(NotSignedIn { why, fatal }) = error.downcast_ref() else { return Err(local(&error)) };
    Session::open(&options.url, &options.token).await?.close().await;
    if *fatal {
        return Err(Failure::Refused(why.clone()));
    }
    // It answers by now.
    options.must_sign_in = false;
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

/// The agent's settings, or the defaults and what is wrong with the file.
pub(super) fn settings() -> (Config, Option<String>) {
    match config::default_file().map_or_else(|| Ok(Config::default()), |file| Config::load(&file)) {
        Ok(config) => (config, None),
        Err(error) => (Config::default(), Some(error.to_string())),
    }
}
