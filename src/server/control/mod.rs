//! The control socket: how a command on this machine (`baton agent remove`, `baton reload`, …) talks to the server that runs
//! on a data folder.
//!
//! A Unix socket `control.sock` (0600) in that folder; one line of JSON asks, one line answers, in order. Invariant: only the
//! folder's owner (or root) is answered, requests are bounded in length, number and time, and what is asked here was made
//! durable before by whoever asks: the server reads it from the store. Refused here: carrying secrets or anybody's words.
//!
//! To add a request: a variant of [`Request`], one of [`Answer`] if none fits, and an arm in [`Control::answer`].

mod wire;

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use super::Reloader;
use crate::engine::Engine;
use crate::log::audit::Actor;

pub use wire::{Answer, Request};

/// Longest request or answer, bytes, with its line break.
pub const LONGEST: usize = 64 * 1024;
/// How long a peer may take to say a whole line, or to read its answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Peers answered at the same time; more wait.
const PEERS: usize = 8;
/// Requests one peer may make.
const REQUESTS: usize = 64;

/// Where the socket of a data folder is.
pub fn path(data: &Path) -> PathBuf {
    data.join("control.sock")
}

/// What requests may use. Others add a field here for a new power.
#[derive(Clone)]
pub struct Control {
    /// The running engine.
    pub engine: Engine,
    /// What reads the configuration again.
    pub reloader: Reloader,
}

impl Control {
    /// Does what is asked.
    pub async fn answer(&self, request: Request) -> Answer {
        match request {
            Request::Ping => {
                Answer::Pong { version: env!("CARGO_PKG_VERSION").to_owned(), pid: std::process::id() }
            }
            Request::Reload { uid } => match self.reloader.reload(Actor::CommandLine { uid }).await {
                Ok(done) => Answer::Reloaded { words: done.to_string() },
                Err(error) => Answer::Failed { words: error.to_string() },
            },
            Request::Erase { conversations, uid } => {
                match self.engine.erase(conversations, Actor::CommandLine { uid }).await {
                    Ok(conversations) => Answer::Erased { conversations },
                    Err(refusal) => Answer::Failed {
                        words: format!(
                            "not all of it is erased: {refusal}; the server's log says more. Asking again is safe"
                        ),
                    },
                }
            }
            Request::AgentsChanged => match self.engine.agents_changed().await {
                Ok(done) => {
                    let sites: Vec<String> = self.engine.sites().iter().map(|s| s.id.to_string()).collect();
                    let of_agents = self.engine.agents().into_iter().filter_map(|v| v.session.sites.list());
                    let mut unknown_sites: Vec<String> = of_agents.flatten().map(|s| s.to_string()).collect();
                    unknown_sites.retain(|s| !sites.contains(s));
                    unknown_sites.sort();
                    unknown_sites.dedup();
                    Answer::AgentsChanged { cut: done.cut, returned: done.returned, unknown_sites, sites }
                }
                Err(error) => {
                    tracing::error!(%error, "the agents could not be read anew");
                    Answer::Failed { words: "the server could not read its agents; its log says why".into() }
                }
            },
        }
    }
}

/// A socket file that goes with its server.
struct Bound {
    path: PathBuf,
    listener: UnixListener,
}

impl Drop for Bound {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Binds and serves until `draining` turns true. Call while the folder's lock is held: what lies there is then nobody's. A
/// folder where no socket can be made is served all the same; what is changed there is noticed within two seconds.
pub(super) fn spawn(control: Control, draining: &watch::Receiver<bool>) {
    let path = path(control.engine.data());
    let bound = match bind(path) {
        Ok(bound) => bound,
        Err(error) => {
            tracing::warn!(%error, "there is no control socket: commands on this machine cannot reach this server directly");
            return;
        }
    };
    let mut draining = draining.clone();
    tokio::spawn(async move {
        let room = Arc::new(Semaphore::new(PEERS));
        loop {
            let permit = tokio::select! {
                permit = room.clone().acquire_owned() => permit,
                _ = draining.changed() => return,
            };
            let Ok(permit) = permit else { return };
            let accepted = tokio::select! {
                accepted = bound.listener.accept() => accepted,
                _ = draining.changed() => return,
            };
            let Ok((peer, _)) = accepted else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let control = control.clone();
            tokio::spawn(async move {
                if let Err(error) = serve(peer, &control).await {
                    tracing::debug!(%error, "a peer at the control socket left early");
                }
                drop(permit);
            });
        }
    });
}

fn bind(path: PathBuf) -> io::Result<Bound> {
    match fs::remove_file(&path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    let bound = Bound { path, listener };
    // Until this holds, and ever after, the peer's own identity is what decides.
    fs::set_permissions(&bound.path, Permissions::from_mode(0o600))?;
    Ok(bound)
}

/// One peer, to its end.
async fn serve(peer: UnixStream, control: &Control) -> io::Result<()> {
    let uid = peer.peer_cred()?.uid();
    if uid != 0 && uid != rustix::process::geteuid().as_raw() {
        tracing::warn!(uid, "somebody who is not this server's user was refused at the control socket");
        return Ok(());
    }
    let (read, mut write) = peer.into_split();
    let mut read = BufReader::new(read);
    for _ in 0..REQUESTS {
        let mut line = Vec::new();
        let mut bounded = (&mut read).take(LONGEST as u64);
        match timeout(PATIENCE, bounded.read_until(b'\n', &mut line)).await {
            Ok(Ok(0)) | Err(_) => return Ok(()),
            Ok(read) => read?,
        };
        let (answer, last) = match wire::parse(&line) {
            Ok(request) => (control.answer(request).await, false),
            Err(words) => (Answer::Failed { words }, true),
        };
        let mut text = serde_json::to_vec(&answer)?;
        text.push(b'\n');
        match timeout(PATIENCE, write.write_all(&text)).await {
            Ok(written) => written?,
            Err(_) => return Ok(()),
        }
        if last {
            return Ok(());
        }
    }
    Ok(())
}
