//! `follow --exec`: a program for each thing that happens.
//!
//! Invariant: the program gets ids and codes of ours in its environment, and all else as JSON on standard input: no text
//! from outside is ever an argument or a variable. No shell is involved. At most `jobs` run at once and [`WAITING`] wait;
//! what comes on top is dropped and counted. Each has its time, then it is ended, with whatever it started; so are those
//! still running at the end.

use std::collections::{HashMap, VecDeque};
use std::ffi::OsString;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::task::{Id, JoinSet};
use tokio::time::timeout;

use super::Failure;
use super::happening::Happening;
use super::out::{complain, inert};
use crate::conversation::Row;
use crate::text::inert_json;

/// Events that wait for a program to be free.
pub(super) const WAITING: usize = 1000;
/// How long programs may take to end when asked, at the end.
const GRACE: Duration = Duration::from_secs(1);

/// One run to do.
#[derive(Debug)]
struct Job {
    /// What it is for, for complaints.
    label: String,
    environment: Vec<(&'static str, String)>,
    input: String,
}

/// Runs programs, a few at a time.
#[derive(Debug)]
pub(super) struct Runner {
    program: OsString,
    arguments: Vec<OsString>,
    jobs: usize,
    patience: Duration,
    waiting: VecDeque<Job>,
    running: JoinSet<()>,
    groups: HashMap<Id, u32>,
    dropped: u64,
}

impl Runner {
    /// Takes the program and its arguments.
    ///
    /// # Errors
    /// Wrong usage where there is no such program: better told now than at every event.
    pub(super) fn new(argv: &[OsString], jobs: usize, patience: Duration) -> Result<Self, Failure> {
        let (program, arguments) =
            argv.split_first().ok_or_else(|| Failure::Usage("--exec needs a program".into()))?;
        if !can_be_found(program) {
            let name = inert(&program.to_string_lossy());
            return Err(Failure::Usage(format!(
                "there is no program “{name}”; --exec takes a program and its arguments, no shell line"
            )));
        }
        Ok(Self {
            program: program.clone(),
            arguments: arguments.to_vec(),
            jobs,
            patience,
            waiting: VecDeque::new(),
            running: JoinSet::new(),
            groups: HashMap::new(),
            dropped: 0,
        })
    }

    /// Runs the program for this, now or when one is free.
    pub(super) fn run(&mut self, happening: Happening, seq: u64, row: &Row, event: &Value) {
        if self.waiting.len() >= WAITING {
            if self.dropped == 0 {
                complain(&format!(
                    "the program is too slow: {WAITING} events wait, further ones are dropped"
                ));
            }
            self.dropped += 1;
            return;
        }
        self.waiting.push_back(Job {
            label: format!("{} of {}", happening.word(), row.id.short()),
            environment: environment(happening, seq, row),
            input: inert_json(&event.to_string()) + "\n",
        });
        self.start();
    }

    fn start(&mut self) {
        while self.running.len() < self.jobs {
            let Some(job) = self.waiting.pop_front() else { break };
            let mut command = Command::new(&self.program);
            command.args(&self.arguments).envs(job.environment).stdin(Stdio::piped()).kill_on_drop(true);
            #[cfg(unix)]
            command.process_group(0);
            match command.spawn() {
                Ok(child) => {
                    let group = child.id();
                    let (label, input, patience) = (job.label, job.input, self.patience);
                    let task = self.running.spawn(see_through(child, label, input, patience));
                    self.groups.extend(group.map(|group| (task.id(), group)));
                }
                Err(e) => complain(&format!("the program cannot be run ({}): {e}", job.label)),
            }
        }
        if self.waiting.is_empty() && self.dropped > 0 {
            complain(&format!("{} events were dropped: no program was free for them", self.dropped));
            self.dropped = 0;
        }
    }

    /// Waits until a program has ended, then runs the next. For ever where none runs. May be dropped at any time.
    pub(super) async fn next(&mut self) {
        match self.running.join_next_with_id().await {
            None => std::future::pending().await,
            Some(ended) => {
                let id = match ended {
                    Ok((id, ())) => id,
                    Err(e) => e.id(),
                };
                self.groups.remove(&id);
                self.start();
            }
        }
    }

    /// Ends what runs: asked first, then made to.
    pub(super) async fn end(mut self) {
        let left = self.waiting.len() as u64 + self.dropped;
        if left > 0 {
            complain(&format!("{left} events were not given to the program"));
        }
        for group in self.groups.values() {
            end_group(*group, false);
        }
        let groups = std::mem::take(&mut self.groups);
        let ended = timeout(GRACE, async { while self.running.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            for group in groups.into_values() {
                end_group(group, true);
            }
            self.running.shutdown().await;
        }
    }
}

/// Gives the event, waits for the end, and tells what went wrong.
async fn see_through(mut child: Child, label: String, input: String, patience: Duration) {
    let group = child.id();
    let input_end = child.stdin.take();
    let give_and_wait = async {
        if let Some(mut end) = input_end {
            // A program that does not read has its reasons.
            let _ = end.write_all(input.as_bytes()).await;
        }
        child.wait().await
    };
    match timeout(patience, give_and_wait).await {
        Ok(Ok(status)) if status.success() => {}
        Ok(Ok(status)) => complain(&format!("the program {} ({label})", how(status))),
        Ok(Err(e)) => complain(&format!("the program's end cannot be seen ({label}): {e}")),
        Err(_) => {
            complain(&format!(
                "the program took longer than {} s and was ended ({label})",
                patience.as_secs_f64()
            ));
            if let Some(group) = group {
                end_group(group, true);
            }
            let _ = child.kill().await;
        }
    }
}

fn how(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("ended with {code}"),
        None => "was ended by a signal".into(),
    }
}

/// Ends a program and what it started.
fn end_group(group: u32, at_once: bool) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process_group};
        let signal = if at_once { Signal::KILL } else { Signal::TERM };
        if let Some(group) = i32::try_from(group).ok().and_then(Pid::from_raw) {
            // Gone already: fine.
            let _ = kill_process_group(group, signal);
        }
    }
    #[cfg(not(unix))]
    let _ = (group, at_once);
}

/// Ids and codes only: a name or a word of a visitor's in the environment is one careless `eval` from being run.
fn environment(happening: Happening, seq: u64, row: &Row) -> Vec<(&'static str, String)> {
    let code = |value: Value| value.as_str().unwrap_or_default().to_owned();
    vec![
        ("BATON_EVENT", happening.word().to_owned()),
        ("BATON_CONVERSATION", row.id.to_string()),
        ("BATON_SITE", row.site.to_string()),
        ("BATON_SEQ", seq.to_string()),
        ("BATON_VERSION", row.version.to_string()),
        ("BATON_STATE", row.state.word().to_owned()),
        ("BATON_HOLDER", row.holder.id.map(|id| id.to_string()).unwrap_or_default()),
        ("BATON_REASON", row.reason.map(|reason| code(serde_json::json!(reason))).unwrap_or_default()),
        ("BATON_AUTHOR", author(&row.last_author).to_owned()),
        ("BATON_TICKET", if row.ticket { "1" } else { "" }.to_owned()),
    ]
}

/// The word, where it is one of ours: a server that lies puts nothing else here.
fn author(word: &str) -> &'static str {
    ["visitor", "assistant", "agent"].into_iter().find(|known| *known == word).unwrap_or_default()
}

fn can_be_found(program: &OsString) -> bool {
    let path = Path::new(program);
    if path.components().count() > 1 || path.is_absolute() {
        return path.is_file();
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| {
        folder.join(path).is_file() || (cfg!(windows) && folder.join(path).with_extension("exe").is_file())
    })
}
