//! The loop: waits for a key, the client, a timer or a signal; drains what is ready; carries out effects; draws when due.
//!
//! Invariant: the loop alone owns the state. Whatever ends it, drafts are flushed, the client says goodbye and the
//! terminal is given back, in this order.

use std::collections::HashMap;
use std::io::{self, Stdout};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::FutureExt;
use jiff::tz::TimeZone;
use ratatui::Terminal;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::app::{Effect, Event, Now, Start, State, TimerId, next_tick};
use super::config::Config;
use super::hook::Hook;
use super::macros::{Library, folder};
use super::programs;
use super::shell::Shell;
use super::term::{self, Between, Guard, Keys, Net, Notifier, Screen};
use super::ui::{Look, LookChoice};
use crate::client::{self, ClientEvent, ConnectOptions, DraftKind, Handle, Link};
use crate::conversation::{ConversationId, Time};
use crate::text::Untrusted;

mod lending;

/// Reports of the client taken in before keys are looked at again.
const DRAIN: usize = 512;
/// A stop has reached every thread by then, if it comes at all.
const STOPS_WITHIN: Duration = Duration::from_millis(500);

/// How a console is opened.
#[derive(Debug, Clone)]
pub struct ConsoleOptions {
    /// Where the server is.
    pub url: String,
    /// The agent's token.
    pub token: String,
    /// Where drafts and unsent messages are kept; none: nowhere.
    pub state_dir: Option<PathBuf>,
    /// A note for the status line, such as the demo page's address.
    pub status_note: Option<String>,
    /// Become Available at once.
    pub available_on_start: bool,
    /// Leave with [`NotSignedIn`] where the first attempt to sign in fails; otherwise go on trying.
    pub must_sign_in: bool,
    /// The agent's settings.
    pub config: Config,
    /// What is wrong with the settings file, if anything is: the console opens all the same and says it.
    pub config_error: Option<String>,
}

/// The first attempt to sign in failed, and the console was to leave then.
#[derive(Debug, thiserror::Error)]
#[error("the console could not sign in: {why}")]
pub struct NotSignedIn {
    /// Why, for a person; may quote the server.
    pub why: String,
    /// Whether trying again would be of no use.
    pub fatal: bool,
}

/// Opens the console and works it until the agent leaves or a signal ends it.
///
/// # Errors
/// There is no terminal, or it went away; [`NotSignedIn`].
pub async fn run(options: ConsoleOptions) -> anyhow::Result<()> {
    term::check()?;
    let size = term::size().context("the terminal does not tell its size")?;
    let looks = &options.config.looks;
    let choice = LookChoice { glyphs: looks.glyphs, links: looks.links };
    let look = Look::suiting(choice, |name| std::env::var(name).ok());
    let signals = Signals::new().context("signals cannot be watched")?;
    // Dropped in the opposite order: the terminal is given back, then what panicked is told.
    let (net, panics) = Net::new();
    let guard =
        Guard::take(options.config.looks.mouse).context("the terminal cannot be put into raw mode")?;
    let start = Start {
        config: options.config.clone(),
        size,
        tz: TimeZone::system(),
        status_note: options.status_note.clone(),
        available: options.available_on_start,
    };
    let terminal = Terminal::new(Screen::new(io::stdout(), term::size))?;
    let mut shell = Shell::telling(State::new(start), terminal, look, Screen::links);
    // The first paint waits for nothing.
    shell.draw_if_due(0)?;
    let (client, reports) = client::connect(ConnectOptions {
        url: options.url,
        token: options.token,
        client: concat!("console/", env!("CARGO_PKG_VERSION")).to_owned(),
        instance: Uuid::new_v4().simple().to_string(),
        state_dir: options.state_dir,
    });
    let notify = options.config.attention.notify;
    let (hook, hook_failures) = Hook::new(options.config.attention.command.clone());
    let (chores, done) = mpsc::unbounded_channel();
    let mut runtime = Runtime {
        shell,
        client,
        guard,
        started: Instant::now(),
        timers: HashMap::new(),
        tick: None,
        leaving: false,
        suspend: false,
        must_sign_in: options.must_sign_in,
        notifier: Notifier::suiting(notify, |name| std::env::var(name).ok()),
        hook,
        edit: None,
        pipe: None,
        clipboard: Between::of(|name| std::env::var(name).ok()),
        away: false,
        macros: Some(folder::Reader::new(folder::place(&options.config.composer.macros))),
        chores,
    };
    if let Some(words) = options.config_error {
        runtime.take(Event::ConfigBroken(Untrusted::new(words).log()))?;
    }
    let worked = runtime.work(reports, panics, hook_failures, signals, done).await;
    let Runtime { client, guard, .. } = runtime;
    client.close().await;
    drop(guard);
    drop(net);
    worked
}

/// The signals that end a console.
struct Signals {
    terminate: Signal,
    hangup: Signal,
    /// Ctrl-C and Ctrl-\\: keys while the console has the terminal; while an editor has it, they are the editor's.
    interrupt: Signal,
    quit: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
        })
    }

    /// What ends the console also while an editor has the terminal.
    async fn ended_by_others(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }

    /// Forgets what was meant for an editor.
    fn forget_keys(&mut self) {
        while self.interrupt.recv().now_or_never().flatten().is_some() {}
        while self.quit.recv().now_or_never().flatten().is_some() {}
    }

    async fn ended(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.quit.recv() => {}
        }
    }
}

/// What a thread beside the loop has done.
#[derive(Debug)]
enum Chore {
    /// The folder of ready texts was looked at; a library where it changed.
    Macros(folder::Reader, Option<Library>),
}

struct Runtime {
    shell: Shell<Screen<Stdout>>,
    client: Handle,
    guard: Guard,
    started: Instant,
    timers: HashMap<TimerId, Instant>,
    /// When a clock on screen changes next, as of the last wait.
    tick: Option<Instant>,
    leaving: bool,
    suspend: bool,
    /// Until the first welcome, if the console is to leave without one.
    must_sign_in: bool,
    notifier: Notifier,
    hook: Hook,
    /// A draft to open in the editor.
    edit: Option<(ConversationId, DraftKind, String)>,
    /// A program that is to get the terminal, and its text.
    pipe: Option<(Vec<String>, String)>,
    clipboard: Between,
    /// A program has the terminal: nothing is written to it.
    away: bool,
    /// None while it is being read.
    macros: Option<folder::Reader>,
    chores: mpsc::UnboundedSender<Chore>,
}

impl Runtime {
    async fn work(
        &mut self,
        mut reports: mpsc::Receiver<ClientEvent>,
        mut panics: mpsc::UnboundedReceiver<String>,
        mut hook_failures: mpsc::Receiver<String>,
        mut signals: Signals,
        mut done: mpsc::UnboundedReceiver<Chore>,
    ) -> anyhow::Result<()> {
        let mut keys = Keys::open().context("the terminal cannot be listened to")?;
        // It may have changed before anybody listened.
        let (width, height) = term::size()?;
        if self.shell.state.size != (width, height) {
            self.take(Event::Resize { width, height })?;
        }
        let mut client_lives = true;
        while !self.leaving {
            let wake = self.wake();
            tokio::select! {
                biased;
                () = signals.ended() => self.take(Event::Terminate)?,
                key = keys.next() => self.key(key)?,
                report = reports.recv(), if client_lives => match report {
                    Some(report) => self.report(report)?,
                    None => {
                        client_lives = false;
                        let why = "the part that talks to the server has ended; leave with q and start baton again";
                        self.take(Event::Client(ClientEvent::Fatal(why.to_owned())))?;
                    }
                },
                Some(chore) = done.recv() => self.done(chore)?,
                Some(words) = panics.recv() => self.take(Event::Panicked(Untrusted::new(words).log()))?,
                Some(words) = hook_failures.recv() => self.take(Event::HookFailed(Untrusted::new(words).line()))?,
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
            }
            self.due_timers()?;
            // What is ready already is taken in before anything is drawn.
            while !self.leaving
                && let Some(key) = keys.ready().transpose()
            {
                self.key(key)?;
            }
            for _ in 0..DRAIN {
                let Ok(report) = reports.try_recv() else { break };
                self.report(report)?;
            }
            if std::mem::take(&mut self.suspend) {
                self.stop_and_go_on().await?;
            }
            if let Some(draft) = self.edit.take() {
                // The stream reads the terminal as long as it lives: what is typed belongs to the editor now.
                drop(keys);
                self.let_edit(draft, &mut reports, &mut signals).await?;
                keys = Keys::open().context("the terminal cannot be listened to")?;
            }
            if let Some((argv, text)) = self.pipe.take() {
                drop(keys);
                self.lend(argv, text, &mut reports, &mut signals).await?;
                keys = Keys::open().context("the terminal cannot be listened to")?;
            }
            self.shell.draw_if_due(self.mono())?;
        }
        Ok(())
    }

    fn done(&mut self, chore: Chore) -> anyhow::Result<()> {
        match chore {
            Chore::Macros(reader, library) => {
                self.macros = Some(reader);
                match library {
                    Some(library) => self.take(Event::Macros(library)),
                    None => Ok(()),
                }
            }
        }
    }

    /// Milliseconds since the start.
    fn mono(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn now(&self) -> Now {
        Now { wall: Time(jiff::Timestamp::now().as_millisecond()), mono: self.mono(), fresh: Uuid::now_v7() }
    }

    /// When the loop must wake by itself: a timer, a frame that is due, a clock on screen that changes.
    fn wake(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let after = |ms: u64| now + Duration::from_millis(ms);
        let frame = self.shell.frame_in(self.mono()).map(after);
        let timer = self.timers.values().min().copied();
        // The state's clock stopped at its last event: count from there.
        let stale = self.mono().saturating_sub(self.shell.state.now.mono);
        self.tick = next_tick(&self.shell.state).map(|ms| after(ms.saturating_sub(stale)));
        [frame, timer, self.tick].into_iter().flatten().min()
    }

    fn due_timers(&mut self) -> anyhow::Result<()> {
        let now = Instant::now();
        let due: Vec<TimerId> = self.timers.iter().filter(|(_, at)| **at <= now).map(|(id, _)| *id).collect();
        for id in due {
            self.timers.remove(&id);
            self.take(Event::Timer(id))?;
        }
        if self.tick.take_if(|at| *at <= now).is_some() {
            self.take(Event::Tick)?;
        }
        Ok(())
    }

    fn key(&mut self, key: io::Result<crossterm::event::Event>) -> anyhow::Result<()> {
        match key {
            Ok(raw) => match term::event(raw) {
                Some(event) => self.take(event),
                None => Ok(()),
            },
            // The terminal is gone: as if it had hung up.
            Err(_) => self.take(Event::Terminate),
        }
    }

    /// A report of the client.
    fn report(&mut self, report: ClientEvent) -> anyhow::Result<()> {
        match &report {
            ClientEvent::Link(Link::Down { retry_in_ms, .. }) => tracing::info!(retry_in_ms, "no link"),
            ClientEvent::Link(Link::Live) => tracing::info!("the link is live"),
            ClientEvent::Welcome(welcome) => tracing::info!(mode = ?welcome.mode, "signed in"),
            ClientEvent::Fatal(_) => tracing::warn!("the client has stopped"),
            _ => {}
        }
        if self.must_sign_in {
            match &report {
                ClientEvent::Welcome(_) => self.must_sign_in = false,
                ClientEvent::Link(Link::Down { why, .. }) => {
                    return Err(NotSignedIn { why: why.clone(), fatal: false }.into());
                }
                ClientEvent::Fatal(why) => return Err(NotSignedIn { why: why.clone(), fatal: true }.into()),
                _ => {}
            }
        }
        self.take(Event::Client(report))
    }

    /// An event in, its effects carried out.
    fn take(&mut self, event: Event) -> anyhow::Result<()> {
        let now = self.now();
        for effect in self.shell.event(event, now) {
            self.carry_out(effect)?;
        }
        Ok(())
    }

    fn carry_out(&mut self, effect: Effect) -> anyhow::Result<()> {
        match effect {
            Effect::Request { tag, op } => {
                if !self.client.request(tag, op) {
                    let why = crate::protocol::WireError::retryable(
                        "link.down",
                        "there is no link just now; try again in a moment",
                    );
                    self.take(Event::Client(ClientEvent::Response { tag, result: Err(why) }))?;
                }
            }
            Effect::Durable { tag, op } => self.client.send_durable(tag, op),
            Effect::SaveDraft { conversation, kind, text } => {
                self.client.save_draft(conversation, kind, text)
            }
            Effect::Watch { tag, conversation } => self.client.watch(tag, conversation),
            Effect::Unwatch(conversation) => self.client.unwatch(conversation),
            Effect::Confirm(cid) => self.client.confirm(cid),
            Effect::Withdraw(cid) => self.client.withdraw(cid),
            // The screen is the program's; what it shows of ours is drawn anew after it.
            Effect::SetTitle(_)
            | Effect::Redraw
            | Effect::Notify(_)
            | Effect::Unalert(_)
            | Effect::Copy(_)
                if self.away => {}
            Effect::Copy(text) => {
                let sequence = self.clipboard.copy(text.as_str());
                self.shell.terminal.backend_mut().tell(&sequence)?;
            }
            Effect::OpenLink(address) => {
                let argv = self.shell.state.config.looks.open.clone();
                if let Err(why) = programs::open(&argv, &address, |name| std::env::var(name).ok()) {
                    self.take(Event::NotOpened { address, why })?;
                }
            }
            Effect::Pipe { argv, text } => self.pipe = Some((argv, text)),
            Effect::Notify(alert) => {
                let sequence = self.notifier.notify(&alert);
                self.shell.terminal.backend_mut().tell(&sequence)?;
            }
            Effect::Unalert(class) => {
                let sequence = self.notifier.withdraw(class);
                self.shell.terminal.backend_mut().tell(&sequence)?;
            }
            Effect::RunHook(alert) => self.hook.run(&alert),
            Effect::Edit { conversation, kind, text } => self.edit = Some((conversation, kind, text)),
            Effect::ReadMacros => {
                if let Some(mut reader) = self.macros.take() {
                    let chores = self.chores.clone();
                    tokio::task::spawn_blocking(move || {
                        let library = reader.changed();
                        // Where the loop has ended nobody wants it.
                        let _ = chores.send(Chore::Macros(reader, library));
                    });
                }
            }
            Effect::Bell => self.shell.terminal.backend_mut().ring()?,
            Effect::SetTitle(title) => self.shell.terminal.backend_mut().title(title)?,
            Effect::StartTimer { id, ms } => {
                self.timers.insert(id, Instant::now() + Duration::from_millis(ms));
            }
            Effect::CancelTimer(id) => {
                self.timers.remove(&id);
            }
            Effect::Mouse(on) => self.guard.mouse(on)?,
            Effect::Redraw => self.shell.redraw()?,
            Effect::Suspend => self.suspend = true,
            Effect::Quit => self.leaving = true,
        }
        Ok(())
    }

    /// Gives the terminal back, stops as Ctrl-Z does, and takes it again when the shell says so.
    async fn stop_and_go_on(&mut self) -> anyhow::Result<()> {
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
}
