//! The commands: one file a subcommand, and what they share.
//!
//! Exit codes: 0 done; 1 refused (the reason on stderr); 2 wrong usage; 3 the server cannot be reached. Standard output
//! carries results only, through [`out`]; everything else goes to standard error.
//!
//! Refused here: deciding anything; the commands ask the server as any agent's console does.

mod agent;
mod audit;
mod availability;
mod backup;
mod block;
mod chat;
mod chat_input;
mod console;
mod control;
mod demo;
mod doctor;
mod documents;
mod erase;
mod export;
mod export_visitor;
mod follow;
mod follow_exec;
mod happening;
mod init;
mod keys;
mod labels;
mod login;
mod login_file;
mod macros;
mod mail;
mod out;
mod queue;
mod rebuild;
mod reload;
mod reply;
mod resolve_agent;
mod resolve_id;
mod restore;
mod retention;
mod search;
mod serve;
mod service;
mod show;
mod site;
mod snooze;
mod target;
mod thread;
mod token_command;
mod transfer;
mod verbs;
mod view;
mod visitor_name;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, Command, CommandFactory, FromArgMatches, Parser, Subcommand};

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
The console logs to baton/console.log below XDG_STATE_HOME (~/.local/state), never what anybody wrote.
Exit codes: 0 done, 1 refused (the reason on stderr), 2 wrong usage, 3 the server cannot be reached.";

#[derive(Debug, Subcommand)]
enum Cmd {
    /// Make a configuration, a data folder and the first agent, by five questions
    Init(init::Args),
    /// Add, change and list the sites in baton.toml
    Site(site::Args),
    /// Check everything, and name each problem with its fix
    Doctor(doctor::Args),
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
    /// Let a visitor, or an address, write no more
    Block(block::Args),
    /// Lift a block
    Unblock(block::UnblockArgs),
    /// List who is blocked
    Blocks(block::ListArgs),
    /// Show who did what, or check that the trail is as it was written
    Audit(audit::Args),
    /// Find conversations by words and operators
    Search(search::Args),
    /// Show a conversation with its messages
    Show(show::Args),
    /// Take a conversation from the queue
    Accept(verbs::TakeArgs),
    /// Take a conversation from the assistant (a supervisor: from anybody)
    TakeOver(verbs::TakeArgs),
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
    /// Give a conversation to another agent, or to a group
    Transfer(transfer::Args),
    /// Put a conversation aside until a time, or until the visitor writes
    Snooze(snooze::Args),
    /// Give a conversation tags, and take tags away
    Tag(labels::TagArgs),
    /// Say how urgent a conversation is
    Priority(labels::PriorityArgs),
    /// Give a conversation back to the assistant
    HandBack(verbs::Args),
    /// Be offered work (while a console of yours is open)
    Available(availability::AvailableArgs),
    /// No longer be offered work
    Away(availability::AwayArgs),
    /// Print what happens, as it happens, or run a program for each thing that does
    Follow(follow::Args),
    /// Write conversations as Markdown, JSON, text or CSV
    Export(export::Args),
    /// See what is to be mailed, was mailed and failed; try again; send a trial mail
    Mail(mail::Args),
    /// List the ready texts and macros of the console, or check them
    Macros(macros::Args),
    /// Try everything on this machine: server, sample site, simulated visitors and the console
    Demo(demo::Args),
    /// Show which key does what, with your console.toml; --check says what is wrong with it
    Keys(keys::Args),
    /// Let the running server read its configuration again
    Reload(reload::Args),
    /// Make the lists anew from the log (while no server runs on the folder)
    Rebuild(rebuild::Args),
    /// Copy the store and its keys into a folder, verified, also while the server runs
    Backup(backup::Args),
    /// Make a backup the store of a folder (while no server runs on it)
    Restore(restore::Args),
    /// Erase what a visitor said and told, or one conversation
    Erase(erase::Args),
    /// Show what the rules of `[keep]` would erase, or carry them out
    Retention(retention::Args),
    /// Print completions for a shell
    Completions(documents::CompletionsArgs),
    /// Print the manual page, or write one for each command
    Man(documents::ManArgs),
}

/// Commands that ask no server, or (`chat`) not as an agent: which of `--url` and `--token` mean nothing to them.
const UNUSED: &[(&str, &[&str])] = &[
    ("serve", &["url", "token", "ca"]),
    ("agent", &["url", "token", "ca"]),
    ("audit", &["url", "token", "ca"]),
    ("init", &["url", "token", "ca"]),
    ("site", &["url", "token", "ca"]),
    ("login", &["url", "token"]),
    ("chat", &["token"]),
    ("demo", &["url", "token", "ca"]),
    ("keys", &["url", "token", "ca"]),
    ("reload", &["url", "token", "ca"]),
    ("rebuild", &["url", "token", "ca"]),
    ("backup", &["url", "token", "ca"]),
    ("restore", &["url", "token", "ca"]),
    ("erase", &["url", "token", "ca"]),
    ("retention", &["url", "token", "ca"]),
    ("completions", &["url", "token", "ca"]),
    ("man", &["url", "token", "ca"]),
];

/// The command line's definition, with no option on a command's page that means nothing to it.
fn definition() -> Command {
    let definition = Cli::command();
    let shared: Vec<Arg> = definition.get_arguments().filter(|arg| arg.is_global_set()).cloned().collect();
    UNUSED.iter().fold(definition, |definition, (name, options)| {
        // An option a command has itself is not given to it: so it has these, hidden, and can refuse them in words.
        let hidden = shared.iter().filter(|arg| options.contains(&arg.get_id().as_str()));
        let hidden: Vec<Arg> = hidden.map(|arg| arg.clone().hide(true)).collect();
        definition.mut_subcommand(name, |command| command.args(hidden))
    })
}

/// Parses; an option that means nothing to the command is refused, not passed over. A visitor's token is passed over: the
/// pair is often given to every command alike.
fn parse<T: Into<OsString> + Clone>(line: impl IntoIterator<Item = T>) -> Result<Cli, clap::Error> {
    let mut definition = definition();
    let matches = definition.try_get_matches_from_mut(line)?;
    if let Some((name, below)) = matches.subcommand()
        && let Some((_, options)) = UNUSED.iter().find(|(unused, _)| *unused == name && name != "chat")
    {
        for option in *options {
            if below.value_source(option) == Some(ValueSource::CommandLine) {
                let words = format!("`baton {name}` takes no --{option}: it asks no server");
                return Err(definition.error(ErrorKind::ArgumentConflict, words));
            }
        }
    }
    Cli::from_arg_matches(&matches)
}

/// Why a command did not do what it was asked.
#[derive(Debug, Clone)]
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
            // The server speaks to consoles, where a second key press insists.
            OneshotError::Refused(e) if e.code == "conversation.at_capacity" => {
                let fact = e.message.split(". ").next().unwrap_or_default();
                Failure::Refused(format!("{fact}. With --anyway it is taken all the same"))
            }
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
    let cli = match parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(e) => {
            let _ = e.print();
            return ExitCode::from(u8::try_from(e.exit_code()).unwrap_or(2));
        }
    };
    // The console is one thread: a key is read, taken in and drawn without waking another.
    let mut threads = match cli.command {
        None => tokio::runtime::Builder::new_current_thread(),
        Some(_) => tokio::runtime::Builder::new_multi_thread(),
    };
    let done = match threads.enable_all().build() {
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
        Some(Cmd::Init(args)) => init::run(&args),
        Some(Cmd::Site(args)) => site::run(args),
        Some(Cmd::Doctor(args)) => doctor::run(args, &server).await,
        Some(Cmd::Serve(args)) => serve::run(args).await,
        Some(Cmd::Agent(args)) => agent::run(args),
        Some(Cmd::Login(args)) => login::run(args, &server).await,
        Some(Cmd::Chat(args)) => chat::run(args, &server).await,
        Some(Cmd::Queue(args)) => queue::run(args, &server).await,
        Some(Cmd::Block(args)) => block::block(args, &server).await,
        Some(Cmd::Unblock(args)) => block::unblock(args, &server).await,
        Some(Cmd::Blocks(args)) => block::list(args, &server).await,
        Some(Cmd::Audit(args)) => audit::run(args),
        Some(Cmd::Search(args)) => search::run(args, &server).await,
        Some(Cmd::Show(args)) => show::run(args, &server).await,
        Some(Cmd::Accept(args)) => verbs::accept(args, &server).await,
        Some(Cmd::TakeOver(args)) => verbs::take_over(args, &server).await,
        Some(Cmd::Reply(args)) => reply::run(reply::Kind::Reply, args, &server).await,
        Some(Cmd::Note(args)) => reply::run(reply::Kind::Note, args, &server).await,
        Some(Cmd::Resolve(args)) => verbs::run(verbs::Verb::Resolve, args, &server).await,
        Some(Cmd::Reopen(args)) => verbs::run(verbs::Verb::Reopen, args, &server).await,
        Some(Cmd::Release(args)) => verbs::release(args, &server).await,
        Some(Cmd::Transfer(args)) => transfer::run(args, &server).await,
        Some(Cmd::Snooze(args)) => snooze::run(args, &server).await,
        Some(Cmd::Tag(args)) => labels::tag(args, &server).await,
        Some(Cmd::Priority(args)) => labels::priority(args, &server).await,
        Some(Cmd::HandBack(args)) => verbs::run(verbs::Verb::HandBack, args, &server).await,
        Some(Cmd::Available(args)) => availability::available(args, &server).await,
        Some(Cmd::Away(args)) => availability::away(args, &server).await,
        Some(Cmd::Follow(args)) => follow::run(args, &server).await,
        Some(Cmd::Export(args)) => export::run(args, &server).await,
        Some(Cmd::Mail(args)) => mail::run(args, &server).await,
        Some(Cmd::Macros(args)) => macros::run(args),
        Some(Cmd::Demo(args)) => demo::run(args).await,
        Some(Cmd::Keys(args)) => keys::run(&args),
        Some(Cmd::Reload(args)) => reload::run(args),
        Some(Cmd::Rebuild(args)) => rebuild::run(args),
        Some(Cmd::Backup(args)) => backup::run(&args),
        Some(Cmd::Restore(args)) => restore::run(&args),
        Some(Cmd::Erase(args)) => erase::run(&args),
        Some(Cmd::Retention(args)) => retention::run(&args),
        Some(Cmd::Completions(args)) => documents::completions(&args),
        Some(Cmd::Man(args)) => documents::man(&args),
    }
}

#[cfg(test)]
mod tests;
