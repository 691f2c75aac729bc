//! `baton login URL`: asks for the token (or for the program that prints it), tries it, keeps it.

use std::io::{self, BufRead, IsTerminal, Write};

use clap::Args as ClapArgs;
use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers, read};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

use super::login_file::{self, Login};
use super::out::{Out, inert};
use super::target::{self, ServerArgs};
use super::{Done, Failure, token_command};
use crate::client::Address;
use crate::client::oneshot::Session;

/// Longest token read.
const LONGEST: usize = 512;

/// Keep a server's address and your token, so that other commands find them.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
The token is asked for and not shown, or read from standard input, and kept in a
file that only you can read. With --token-command nothing secret is kept: the
program and its words are, and each command runs it (without a shell) and takes
its first line:
  baton login https://chat.example.com --token-command pass show baton")]
pub(super) struct Args {
    /// The server's address, e.g. https://chat.example.com or http://127.0.0.1:7842
    #[arg(value_name = "URL")]
    server: String,
    /// A program that prints the token, and its words; must come last
    #[arg(long, value_name = "PROGRAM", num_args = 1.., allow_hyphen_values = true)]
    token_command: Option<Vec<String>>,
}

pub(super) async fn run(args: Args, server: &ServerArgs) -> Done {
    let address = Address::parse(&args.server).map_err(|e| Failure::Usage(e.to_string()))?;
    let ca = match &server.ca {
        None => None,
        Some(file) => {
            target::trust(file)?;
            // It has to be found from any folder.
            Some(std::path::absolute(file).map_err(|e| Failure::Usage(e.to_string()))?)
        }
    };
    let token = match &args.token_command {
        Some(argv) => token_command::run(argv)?,
        None => read_token()?,
    };
    if token.is_empty() {
        return Err(Failure::Usage(
            "no token was given; `baton agent add NAME --data DIR` prints one".into(),
        ));
    }
    let session = Session::open(&args.server, &token).await?;
    let agent = session.welcome().agent.clone();
    session.close().await;
    let token = args.token_command.is_none().then_some(token);
    let kept = Login { url: address.to_string(), token, token_command: args.token_command, ca };
    let path = login_file::write(&kept)?;
    Out.line(&format!("signed in to {address} as {} ({})", inert(&agent.name), agent.role.word()))?;
    Out.line(&format!("kept in {}", path.display()))
}

fn read_token() -> Result<String, Failure> {
    let failed = |e: io::Error| Failure::Refused(format!("the token cannot be read: {e}"));
    if io::stdin().is_terminal() {
        return read_unseen().map_err(failed);
    }
    let mut line = String::new();
    io::Read::take(io::stdin().lock(), LONGEST as u64).read_line(&mut line).map_err(failed)?;
    Ok(line.trim().to_owned())
}

/// Reads a line from the terminal without showing it. The terminal is put back whatever happens.
fn read_unseen() -> io::Result<String> {
    let mut err = io::stderr().lock();
    write!(err, "Token (not shown): ")?;
    err.flush()?;
    enable_raw_mode()?;
    let token = read_keys();
    let restored = disable_raw_mode();
    writeln!(err)?;
    restored?;
    token
}

fn read_keys() -> io::Result<String> {
    let mut token = String::new();
    loop {
        let Event::Key(key) = read()? else { continue };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        match key.code {
            KeyCode::Enter => return Ok(token.trim().to_owned()),
            KeyCode::Backspace => drop(token.pop()),
            KeyCode::Esc => return Err(io::Error::other("cancelled")),
            KeyCode::Char('c' | 'd') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                return Err(io::Error::other("cancelled"));
            }
            KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => token.clear(),
            KeyCode::Char(c) if token.len() < LONGEST => token.push(c),
            _ => {}
        }
    }
}
