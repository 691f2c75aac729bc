//! What is typed, read in the loop's own thread: between a key and its frame stands no other thread.
//!
//! The terminal library parses; when there is something to read is heard from the runtime. For that standard input is a
//! descriptor of our own that never blocks ([`own_input`]): half a sequence over a slow link, or Alt-[ for ever, must not hold
//! up the screen. Invariant: the library is not asked once the terminal has hung up, for then it would read for ever.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use crossterm::event::Event;
use rustix::io::{ioctl_fionbio, ioctl_fionread};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use tokio::io::Interest;
use tokio::net::unix::pipe::Receiver;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Opens the terminal behind standard input anew in its place: a description of our own, so that not blocking is nobody else's
/// business. Where that is not possible input goes on blocking, which is felt only in the middle of a sequence.
pub(super) fn own_input() {
    let reopened = rustix::termios::ttyname(io::stdin(), Vec::new())
        .ok()
        .and_then(|name| File::open(std::ffi::OsString::from_vec(name.into_bytes())).ok())
        .filter(File::is_terminal);
    if let Some(file) = reopened
        && rustix::stdio::dup2_stdin(file).is_ok()
    {
        OWN.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

/// Whether standard input is a description of our own.
static OWN: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// Whether reading waits. It must while another program has the terminal.
pub(super) fn blocking(waits: bool) {
    if OWN.load(std::sync::atomic::Ordering::Relaxed) {
        let _ = ioctl_fionbio(io::stdin(), !waits);
    }
}

/// The keys of the terminal.
#[derive(Debug)]
pub struct Keys {
    /// Tells when there is something to read, and is never read from. (The type is for pipes; waiting is the same for all.)
    input: Receiver,
    resized: Signal,
    /// Something may be there that was not asked for yet.
    maybe: bool,
    /// The library has told of another size, and may have lost a key over it.
    after_resize: bool,
}

impl Keys {
    /// Listens; inside a tokio runtime.
    ///
    /// # Errors
    /// Standard input cannot be waited for.
    pub fn open() -> io::Result<Self> {
        Ok(Self {
            input: Receiver::from_owned_fd_unchecked(io::stdin().as_fd().try_clone_to_owned()?)?,
            resized: signal(SignalKind::window_change())?,
            maybe: true,
            after_resize: false,
        })
    }

    /// The next event. May be dropped at any moment; nothing is lost.
    ///
    /// # Errors
    /// The terminal is gone.
    pub async fn next(&mut self) -> io::Result<Event> {
        loop {
            if let Some(event) = self.ready()? {
                return Ok(event);
            }
            tokio::select! {
                readable = self.input.ready(Interest::READABLE) => {
                    if readable?.is_read_closed() {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    // Cleared before reading: what comes in between is heard again.
                    let _ = self.input.try_io(|| Err::<(), _>(io::ErrorKind::WouldBlock.into()));
                    self.maybe = true;
                }
                _ = self.resized.recv() => {
                    let (width, height) = super::size()?;
                    // The library has heard of it as well; its word is taken out now, not together with the next key.
                    self.maybe = true;
                    return Ok(Event::Resize(width, height));
                }
            }
        }
    }

    /// The next event if it is there already.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn ready(&mut self) -> io::Result<Option<Event>> {
        if self.maybe {
            self.maybe = crossterm::event::poll(Duration::ZERO)?;
        }
        if !self.maybe && std::mem::take(&mut self.after_resize) && ioctl_fionread(io::stdin())? > 0 {
            // A key that came with the signal: the library has forgotten that there is something to read, until it is told again. Any
            // change of the line's modes, also to what they are, tells it.
            let modes = tcgetattr(io::stdin())?;
            tcsetattr(io::stdin(), OptionalActions::Now, &modes)?;
            self.maybe = crossterm::event::poll(Duration::ZERO)?;
        }
        if !self.maybe {
            return Ok(None);
        }
        let event = crossterm::event::read()?;
        self.after_resize |= matches!(event, Event::Resize(..));
        Ok(Some(event))
    }
}
