//! `baton serve`: the server.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use clap::Args as ClapArgs;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use super::out::Out;
use super::{Done, Failure, local};
use crate::engine::Engine;
use crate::server::{self, ServerConfig};

/// Where it listens if nobody says otherwise: this machine only.
pub(super) const DEFAULT_LISTEN: &str = "127.0.0.1:7842";

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// The folder everything is kept in; made if it is not there
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Address and port to listen on; port 0 takes a free one [default: the configuration's, else 127.0.0.1:7842]
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// The configuration; without one, the site `demo` with the docs shipped in the binary
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) async fn run(args: Args) -> Done {
    let filter = EnvFilter::try_from_env("BATON_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // A second subscriber (in tests) is no reason not to serve.
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(false).try_init();
    let config = match &args.config {
        Some(file) => ServerConfig::load(file).map_err(|e| Failure::Refused(format!("{e:#}")))?,
        None => ServerConfig::demo(),
    };
    let listen = match (&args.listen, config.listen) {
        (Some(text), _) => address(text)?,
        (None, Some(listen)) => listen,
        (None, None) => address(DEFAULT_LISTEN)?,
    };
    let stop = stop_signal()?;
    let listener = bind(listen).await?;
    let local_address = listener.local_addr().map_err(|e| Failure::Refused(e.to_string()))?;
    let engine = Engine::start(config.engine_options(args.data)).map_err(|e| local(&e))?;
    Out.line(&format!("listening on http://{local_address}"))?;
    server::run(listener, engine, config, stop).await.map_err(|e| local(&e))
}

/// An address to listen on.
pub(super) fn address(text: &str) -> Result<SocketAddr, Failure> {
    let wrong = || {
        Failure::Usage(format!(
            "“{}” is no address to listen on; it looks like {DEFAULT_LISTEN}",
            text.escape_debug()
        ))
    };
    text.to_socket_addrs().map_err(|_| wrong())?.next().ok_or_else(wrong)
}

/// Binds, and says what to do where that fails.
pub(super) async fn bind(listen: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(listen).await.map_err(|e| {
        Failure::Refused(match e.kind() {
            io::ErrorKind::AddrInUse => format!(
                "port {} on {} is in use by another program; stop that one, or listen elsewhere with --listen {}:0 (0 takes a free port)",
                listen.port(),
                listen.ip(),
                listen.ip(),
            ),
            io::ErrorKind::PermissionDenied => {
                format!("this user may not listen on port {}; choose one from 1024 up", listen.port())
            }
            io::ErrorKind::AddrNotAvailable => format!("{} is no address of this machine", listen.ip()),
            _ => format!("cannot listen on {listen}: {e}"),
        })
    })
}

/// Ends with the first SIGTERM or SIGINT. The handlers are in place when this returns, so no signal is missed.
pub(super) fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    let failed = |e: io::Error| Failure::Refused(format!("signals cannot be handled on this system: {e}"));
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut term = signal(SignalKind::terminate()).map_err(failed)?;
        let mut int = signal(SignalKind::interrupt()).map_err(failed)?;
        Ok(async move {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    {
        let _ = failed;
        Ok(async {
            let _ = tokio::signal::ctrl_c().await;
        })
    }
}
