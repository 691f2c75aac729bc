//! `baton login URL`: asks for the token, tries it, keeps it.

use std::io::{self, BufRead, IsTerminal, Write};

use clap::Args as ClapArgs;
use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers, read};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

use super::login_file::{self, Login};
use super::out::{Out, inert};
use super::target::{self, ServerArgs};
use super::{Done, Failure};
use crate::client::Address;
use crate::client::oneshot::Session;

/// Longest token read.
const LONGEST: usize = 512;

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// The server's address, e.g. https://chat.example.com or http://127.0.0.1:7842
    #[arg(value_name = "URL")]
    server: String,
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
    let token = read_token()?;
    if token.is_empty() {
        return Err(Failure::Usage(
            "no token was given; `baton agent add NAME --data DIR` prints one".into(),
        ));
    }
    let session = Session::open(&args.server, &token).await?;
    let agent = session.welcome().agent.clone();
    session.close().await;
    let path = login_file::write(&Login { url: address.to_string(), token, ca })?;
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
