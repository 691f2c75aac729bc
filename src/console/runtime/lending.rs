//! The terminal lent to a program: the agent's editor, or one that gets a thread.
//!
//! Invariant: while it is lent nothing of ours is written to it and nothing is read from it; what the client reports goes on
//! being taken in, so nothing is missed and nothing piles up.

use std::io::{self, Write as _};
use std::process::ExitStatus;

use tokio::process::Child;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::{Runtime, Signals};
use crate::client::{ClientEvent, DraftKind};
use crate::console::app::Event;
use crate::console::editor::{self, Session};
use crate::console::programs;
use crate::console::term::{self, Keys};
use crate::conversation::ConversationId;
use crate::text::Untrusted;

impl Runtime {
    /// Gives the terminal to the agent's editor and takes it again when that has ended. The client's reports go on being
    /// taken in, so nothing is missed and nothing piles up; only nothing is drawn.
    pub(super) async fn let_edit(
        &mut self,
        (conversation, kind, text): (ConversationId, DraftKind, String),
        reports: &mut mpsc::Receiver<ClientEvent>,
        signals: &mut Signals,
    ) -> anyhow::Result<()> {
        let edited = |text| Event::Edited { conversation, kind, text };
        let words = match editor::command(|name| std::env::var(name).ok()) {
            Ok(words) => words,
            Err(why) => return self.take(edited(Err(why))),
        };
        self.guard.give_back();
        self.away = true;
        let ended = match Session::start(self.client.edit_folder(), (conversation, kind), &text, &words) {
            Err(why) => Some(Err(why)),
            Ok((session, child)) => {
                self.while_lent(child, reports, signals).await?.map(|status| session.end(status))
            }
        };
        self.away = false;
        signals.forget_keys();
        let Some(text) = ended else {
            // The console ends; the file stays and is found as a draft by the next one.
            return Ok(());
        };
        self.take_again()?;
        self.take(edited(text))
    }

    /// Until the program has ended; none: the console must end before it.
    async fn while_lent(
        &mut self,
        mut child: Child,
        reports: &mut mpsc::Receiver<ClientEvent>,
        signals: &mut Signals,
    ) -> anyhow::Result<Option<io::Result<ExitStatus>>> {
        let mut client_lives = true;
        while !self.leaving {
            let timer = self.timers.values().min().copied();
            tokio::select! {
                biased;
                () = signals.ended_by_others() => self.take(Event::Terminate)?,
                status = child.wait() => return Ok(Some(status)),
                report = reports.recv(), if client_lives => match report {
                    Some(report) => self.take(Event::Client(report))?,
                    None => client_lives = false,
                },
                () = sleep_until(timer.unwrap_or_else(Instant::now)), if timer.is_some() => {}
            }
            self.due_timers()?;
        }
        Ok(None)
    }

    /// Gives the terminal to a program, with a text on its standard input, and takes it again after a key.
    pub(super) async fn lend(
        &mut self,
        argv: Vec<String>,
        text: String,
        reports: &mut mpsc::Receiver<ClientEvent>,
        signals: &mut Signals,
    ) -> anyhow::Result<()> {
        let program = argv.first().cloned().unwrap_or_default();
        let broken = |e: io::Error| Untrusted::new(e.to_string()).line();
        self.guard.give_back();
        self.away = true;
        let how = match programs::pipe(&argv, text) {
            Err(e) => Some(Err(broken(e))),
            Ok(child) => match self.while_lent(child, reports, signals).await? {
                Some(status) => {
                    let how = status.map(|status| status.code()).map_err(broken);
                    self.await_key(&program, how.as_ref().ok().copied().flatten(), reports, signals).await?;
                    Some(how)
                }
                None => None,
            },
        };
        self.away = false;
        signals.forget_keys();
        let Some(how) = how else { return Ok(()) };
        self.take_again()?;
        self.take(Event::Piped { program, how })
    }

    /// What the program left on the terminal stays in sight until a key.
    async fn await_key(
        &mut self,
        program: &str,
        code: Option<i32>,
        reports: &mut mpsc::Receiver<ClientEvent>,
        signals: &mut Signals,
    ) -> anyhow::Result<()> {
        let ended = code.map_or_else(|| "was killed".to_owned(), |code| format!("ended with {code}"));
        let program = Untrusted::new(program).line();
        crossterm::terminal::enable_raw_mode()?;
        let mut out = io::stdout().lock();
        write!(out, "\r\n[{program} {ended}; any key goes back to baton] ")?;
        out.flush()?;
        drop(out);
        let mut keys = Keys::open()?;
        while !self.leaving {
            tokio::select! {
                biased;
                () = signals.ended_by_others() => self.take(Event::Terminate)?,
                key = keys.next() => match key {
                    Ok(crossterm::event::Event::Key(_)) => break,
                    Ok(_) => {}
                    // The terminal is gone: as if it had hung up.
                    Err(_) => self.take(Event::Terminate)?,
                },
                Some(report) = reports.recv() => self.take(Event::Client(report))?,
            }
        }
        Ok(())
    }

    /// Takes the terminal again, whatever it shows and however large it is by now.
    fn take_again(&mut self) -> anyhow::Result<()> {
        self.guard.again()?;
        self.shell.terminal.backend_mut().forget();
        let (width, height) = term::size()?;
        self.take(Event::Resize { width, height })?;
        self.take(Event::Resumed)
    }
}
