//! The terminal, lent: to the shell while the console is stopped, to the agent's editor, to a program the thread is given to.
//!
//! Invariant: while somebody else has it nothing is drawn, what the client reports is taken in all the same, Ctrl-C is
//! theirs, and it is taken back with every mode as the console needs it.

use std::process::ExitStatus;

use super::*;

impl Runtime {
    /// Gives the terminal to a program, with a text on its standard input, and takes it again after a key. What the client
    /// reports meanwhile is taken in, and nothing is drawn; Ctrl-C is the program's.
    pub(super) async fn lend(
        &mut self,
        argv: Vec<String>,
        text: String,
        reports: &mut mpsc::Receiver<ClientEvent>,
        signals: &mut Signals,
    ) -> anyhow::Result<()> {
        let program = argv.first().cloned().unwrap_or_default();
        self.guard.give_back();
        self.away = true;
        let started = programs::pipe(&argv, text);
        let how = match started {
            Err(e) => Err(Untrusted::new(e.to_string()).line()),
            Ok(mut child) => loop {
                tokio::select! {
                    ended = child.wait() => match ended {
                        Ok(status) => break Ok(programs::code(status)),
                        Err(e) => break Err(Untrusted::new(e.to_string()).line()),
                    },
                    () = signals.ended_by_others() => {
                        let _ = child.start_kill();
                        self.take(Event::Terminate)?;
                        break Ok(None);
                    }
                    Some(report) = reports.recv() => self.report(report)?,
                }
            },
        };
        if how.is_ok() && !self.leaving {
            self.await_key(&program, &how, reports, signals).await?;
        }
        self.away = false;
        signals.forget_keys();
        self.guard.again()?;
        self.shell.terminal.backend_mut().forget();
        let (width, height) = term::size()?;
        self.take(Event::Resize { width, height })?;
        self.take(Event::Resumed)?;
        self.take(Event::Piped { program, how })
    }

    /// What the program left on the terminal stays in sight until a key.
    async fn await_key(
        &mut self,
        program: &str,
        how: &Result<Option<i32>, SafeText>,
        reports: &mut mpsc::Receiver<ClientEvent>,
        signals: &mut Signals,
    ) -> anyhow::Result<()> {
        use std::io::Write as _;
        let ended = match how {
            Ok(Some(code)) => format!("ended with {code}"),
            _ => "was killed".to_owned(),
        };
        let program = Untrusted::new(program).line();
        crossterm::terminal::enable_raw_mode()?;
        let mut out = io::stdout().lock();
        write!(out, "\r\n[{program} {ended}; any key goes back to baton] ")?;
        out.flush()?;
        drop(out);
        let mut keys = Keys::open()?;
        loop {
            tokio::select! {
                key = keys.next() => match key {
                    Ok(crossterm::event::Event::Key(_)) => break,
                    Ok(_) => {}
                    Err(_) => {
                        self.take(Event::Terminate)?;
                        break;
                    }
                },
                () = signals.ended_by_others() => {
                    self.take(Event::Terminate)?;
                    break;
                }
                Some(report) = reports.recv() => self.report(report)?,
            }
        }
        Ok(())
    }

    /// Gives the terminal back, stops as Ctrl-Z does, and takes it again when the shell says so.
    pub(super) async fn stop_and_go_on(&mut self) -> anyhow::Result<()> {
        use rustix::process::{Signal as Number, kill_current_process_group};
        let mut continued = signal(SignalKind::from_raw(Number::CONT.as_raw()))?;
        self.guard.give_back();
        // The whole group: under `cargo run` the shell waits for that.
        kill_current_process_group(Number::TSTP).context("the console cannot be suspended")?;
        // The stop may reach this thread a moment later: the terminal must not be taken before. Where nobody could ever
        // continue it, the system does not stop the program at all; then it goes on by itself.
        tokio::select! {
            _ = continued.recv() => {}
            () = tokio::time::sleep(STOPS_WITHIN) => {}
        }
        self.guard.again()?;
        self.shell.terminal.backend_mut().forget();
        let (width, height) = term::size()?;
        self.take(Event::Resize { width, height })?;
        self.take(Event::Resumed)
    }

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
                self.while_editing(child, reports, signals).await?.map(|status| session.end(status))
            }
        };
        self.away = false;
        signals.forget_keys();
        let Some(text) = ended else {
            // The console ends; the file stays and is found as a draft by the next one.
            return Ok(());
        };
        self.guard.again()?;
        self.shell.terminal.backend_mut().forget();
        let (width, height) = term::size()?;
        self.take(Event::Resize { width, height })?;
        self.take(Event::Resumed)?;
        self.carry_out(Effect::SetTitle(self.shell.state.title))?;
        self.take(edited(text))
    }

    /// Until the editor has ended; none: the console must end before it.
    async fn while_editing(
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
}
