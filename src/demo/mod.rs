//! The sample site and its simulated visitors: what `baton demo` starts.
//!
//! Server and engine run in this process, on a real port; the visitors come through the front door, over WebSockets, and
//! know nothing that a browser would not. Invariant: the same seed gives the same cast in the same order with the same
//! words and delays (what the agent does to them is, of course, not ours to repeat).
//!
//! Refused here: writing to the terminal, which is the console's.

mod cast;
mod crowd;
mod random;
mod visitor;

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tracing_subscriber::EnvFilter;

use crate::engine::Engine;
use crate::server::{self, ServerConfig};
use crowd::Crowd;

/// File in the data folder with the token of its agent (mode 0600): the store itself has only its hash.
pub const LOGIN_FILE: &str = "demo-token";

/// How to start a demo.
#[derive(Debug)]
pub struct DemoOptions {
    /// Data folder; it exists.
    pub data: PathBuf,
    /// Somebody's own pages instead of the shipped ones.
    pub docs: Option<PathBuf>,
    /// Where the visitors' randomness starts.
    pub seed: u64,
    /// How many visitors at a time.
    pub visitors: usize,
    /// Where to listen.
    pub listener: TcpListener,
}

/// A running demo.
#[derive(Debug)]
pub struct Demo {
    url: String,
    crowd: Crowd,
    stop: oneshot::Sender<()>,
    server: JoinHandle<anyhow::Result<()>>,
}

impl Demo {
    /// Starts server and visitors. Call inside a tokio runtime.
    ///
    /// # Errors
    /// The docs or the data folder cannot be used.
    pub fn start(options: DemoOptions) -> anyhow::Result<Self> {
        let config = match &options.docs {
            Some(folder) => ServerConfig::demo_with_docs(folder)?,
            None => ServerConfig::demo(),
        };
        let url = reachable(&options.listener)?;
        let engine = Engine::start(config.engine_options(options.data))?;
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(server::run(options.listener, engine, config, stopped));
        let crowd = Crowd::start(&url, options.seed, options.visitors, options.docs.is_none());
        Ok(Self { url, crowd, stop, server })
    }

    /// The server's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The demo page, with the widget.
    pub fn page(&self) -> String {
        format!("{}/demo/", self.url)
    }

    /// Sends the visitors home and drains the server.
    ///
    /// # Errors
    /// What the server ended with.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.crowd.stop().await;
        let _ = self.stop.send(());
        self.server.await.context("the server's task ended badly")?
    }
}

/// The address others on this machine reach a listener at.
fn reachable(listener: &TcpListener) -> anyhow::Result<String> {
    let local = listener.local_addr().context("the listener has no address")?;
    let port = local.port();
    Ok(match local.ip() {
        ip if !ip.is_unspecified() => format!("http://{local}"),
        ip if ip.is_ipv4() => format!("http://127.0.0.1:{port}"),
        _ => format!("http://[::1]:{port}"),
    })
}

/// Sends log lines to a file in the data folder: under the console nothing else may write to the terminal. Where the file
/// cannot be opened there is no log.
pub fn log_to_file(data: &Path) {
    if let Ok(file) = OpenOptions::new().create(true).append(true).open(data.join("demo.log")) {
        let filter = EnvFilter::try_from_env("BATON_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
        let to_file =
            tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Mutex::new(file));
        // Set once a process; a second demo in one process (a test) logs to the first one's file.
        let _ = to_file.try_init();
    }
}
