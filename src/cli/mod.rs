//! The commands: one file a subcommand, and what they share.
//!
//! Exit codes: 0 done; 1 refused (the reason on stderr); 2 wrong usage; 3 the server cannot be reached. Standard output
//! carries results only, through [`out`]; everything else goes to standard error.
//!
//! Refused here: deciding anything; the commands ask the server as any agent's console does.

mod agent;
mod availability;
mod chat;
mod chat_input;
mod console;
mod demo;
mod follow;
mod login;
mod login_file;
mod out;
mod queue;
mod rebuild;
mod reply;
mod resolve_id;
mod search;
mod serve;
mod show;
mod target;
mod verbs;
mod view;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::client::oneshot::OneshotError;
use target::ServerArgs;

/// A terminal live-chat agent console, with the chat backend it needs in the same binary.
///
/// Without a command, the console opens.
#[derive(Debug, Parser)]
#[command(name = "baton", version, max_term_width = 100, after_help = AFTER)]
struct Cli {
    #[command(flatten)]
    server: ServerArgs,
    #[command(subcommand)]
    command: Option<Cmd>,
}

const AFTER: &str = "\
Where the server is and who you are: --url and --token, or BATON_URL and BATON_TOKEN, or what `baton login URL` kept.
Conversations are named by their id, or by its first four or more digits where those are unambiguous.
Exit codes: 0 done, 1 refused (the reason on stderr), 2 wrong usage, 3 the server cannot be reached.";

#[derive(Debug, Subcommand)]
enum Cmd {
    /// Run the server
    Serve(serve::Args),
    /// Manage agents
    Agent(agent::Args),
    /// Keep a server's address and your token, so that other commands find them
    Login(login::Args),
    /// Be a visitor, line by line
    Chat(chat::Args),
    /// List conversations
    Queue(queue::Args),
    /// Find conversations by words and operators
    Search(search::Args),
    /// Show a conversation with its messages
    Show(show::Args),
    /// Take a conversation from the queue
    Accept(verbs::Args),
    /// Take a conversation from the assistant (a supervisor: from anybody)
    TakeOver(verbs::Args),
    /// Write to the visitor (takes over a conversation nobody holds)
    Reply(reply::Args),
    /// Write something only agents see
    Note(reply::Args),
    /// End a conversation
    Resolve(verbs::Args),
    /// Take a resolved conversation up again
    Reopen(verbs::Args),
    /// Give a conversation back to the queue
    Release(verbs::ReleaseArgs),
    /// Give a conversation back to the assistant
    HandBack(verbs::Args),
    /// Be offered work (while a console of yours is open)
    Available(availability::AvailableArgs),
    /// No longer be offered work
    Away(availability::AwayArgs),
    /// Print what happens, as it happens
    Follow(follow::Args),
    /// Try everything on this machine: server, sample site, simulated visitors and the console
    Demo(demo::Args),
    /// Make the lists anew from the log (while no server runs on the folder)
    Rebuild(rebuild::Args),
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
enum Failure {
    /// Exit code 1.
    Refused(String),
    /// Exit code 2.
    Usage(String),
    /// Exit code 3.
    Unreachable(String),
    /// Whoever read our output has gone: nothing is wrong.
    NobodyReads,
}

type Done = Result<(), Failure>;

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Failure::NobodyReads => 0,
            Failure::Refused(_) => 1,
            Failure::Usage(_) => 2,
            Failure::Unreachable(_) => 3,
        }
    }

    fn words(&self) -> Option<&str> {
        match self {
            Failure::NobodyReads => None,
            Failure::Refused(words) | Failure::Usage(words) | Failure::Unreachable(words) => Some(words),
        }
    }
}

impl From<OneshotError> for Failure {
    fn from(error: OneshotError) -> Self {
        match error {
            OneshotError::Address(e) => Failure::Usage(e.to_string()),
            OneshotError::Unreachable { .. } => Failure::Unreachable(error.to_string()),
            OneshotError::Refused(e) => {
                // The winner's name is part of the answer, whatever words the server chose.
                let by = e.details.pointer("/by/name").and_then(serde_json::Value::as_str);
                match by.filter(|name| !e.message.contains(*name)) {
                    Some(name) => Failure::Refused(format!("{} ({name})", e.message)),
                    None => Failure::Refused(e.message),
                }
            }
        }
    }
}

/// Something on this machine went wrong: a folder, a port, a file.
fn local(error: &anyhow::Error) -> Failure {
    Failure::Refused(format!("{error:#}"))
}

/// Parses the command line, runs the command, and gives the exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            let _ = e.print();
            return ExitCode::from(u8::try_from(e.exit_code()).unwrap_or(2));
        }
    };
    let done = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let done = runtime.block_on(run(cli));
            // A thread may still be reading the terminal: do not wait for it.
            runtime.shutdown_background();
            done
        }
        Err(e) => Err(Failure::Refused(format!("this system gives no threads to work with: {e}"))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(words) = failure.words() {
                out::complain(&out::inert_block(words, "       "));
            }
            ExitCode::from(failure.code())
        }
    }
}

async fn run(cli: Cli) -> Done {
    let server = cli.server;
    match cli.command {
        None => console::run(&server).await,
        Some(Cmd::Serve(args)) => serve::run(args).await,
        Some(Cmd::Agent(args)) => agent::run(args),
        Some(Cmd::Login(args)) => login::run(args).await,
        Some(Cmd::Chat(args)) => chat::run(args, &server).await,
        Some(Cmd::Queue(args)) => queue::run(args, &server).await,
        Some(Cmd::Search(args)) => search::run(args, &server).await,
        Some(Cmd::Show(args)) => show::run(args, &server).await,
        Some(Cmd::Accept(args)) => verbs::run(verbs::Verb::Accept, args, &server).await,
        Some(Cmd::TakeOver(args)) => verbs::run(verbs::Verb::TakeOver, args, &server).await,
        Some(Cmd::Reply(args)) => reply::run(reply::Kind::Reply, args, &server).await,
        Some(Cmd::Note(args)) => reply::run(reply::Kind::Note, args, &server).await,
        Some(Cmd::Resolve(args)) => verbs::run(verbs::Verb::Resolve, args, &server).await,
        Some(Cmd::Reopen(args)) => verbs::run(verbs::Verb::Reopen, args, &server).await,
        Some(Cmd::Release(args)) => verbs::release(args, &server).await,
        Some(Cmd::HandBack(args)) => verbs::run(verbs::Verb::HandBack, args, &server).await,
        Some(Cmd::Available(args)) => availability::available(args, &server).await,
        Some(Cmd::Away(args)) => availability::away(args, &server).await,
        Some(Cmd::Follow(args)) => follow::run(args, &server).await,
        Some(Cmd::Demo(args)) => demo::run(args).await,
        Some(Cmd::Rebuild(args)) => rebuild::run(args),
    }
}

#[cfg(test)]
mod tests;
