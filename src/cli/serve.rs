//! `baton serve`: the server.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use super::out::Out;
use super::{Done, Failure, local, service};
use crate::engine::Engine;
use crate::log::audit::Actor;
use crate::server::{LogConfig, LogFormat, Reloader, Server, ServerConfig};

/// Where it listens if nobody says otherwise: this machine only.
pub(super) const DEFAULT_LISTEN: &str = "127.0.0.1:7842";

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// The folder everything is kept in; made if it is not there
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Address and port to listen on; port 0 takes a free one [default: the socket systemd hands over, the configuration's, else 127.0.0.1:7842]
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// The configuration; without one, the site `demo` with the docs shipped in the binary
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What log lines look like [default: the configuration's, else text]
    #[arg(long, value_name = "FORMAT", value_enum)]
    log_format: Option<Format>,
}

/// What a log line looks like, as given on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// An object a line
    Json,
}

pub(super) async fn run(args: Args) -> Done {
    let mut log = args.config.as_deref().map(LogConfig::peek).unwrap_or_default();
    log.format = match args.log_format {
        Some(Format::Text) => LogFormat::Text,
        Some(Format::Json) => LogFormat::Json,
        None => log.format,
    };
    write_log(log);
    let config = match &args.config {
        Some(file) => ServerConfig::load(file).map_err(|e| Failure::Refused(format!("{e:#}")))?,
        None => ServerConfig::demo(),
    };
    if config.log.texts {
        tracing::warn!("[log] texts = true: what people write is written into this log");
    }
    let stop = stop_signal()?;
    let listener = match (&args.listen, service::socket()?) {
        (Some(text), _) => bind(address(text)?).await?,
        (None, Some(handed)) => handed,
        (None, None) => match config.listen {
            Some(listen) => bind(listen).await?,
            None => bind(address(DEFAULT_LISTEN)?).await?,
        },
    };
    let local_address = listener.local_addr().map_err(|e| Failure::Refused(e.to_string()))?;
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let engine = Engine::start(config.engine_options(args.data)).map_err(|e| local(&e))?;
    let server = Server::new(engine, config).map_err(|e| local(&e))?;
    reload_on_signal(server.reloader())?;
    Out.line(&format!("listening on {scheme}://{local_address}"))?;
    service::ready();
    let stop = async move {
        stop.await;
        service::stopping();
    };
    server.serve(listener, stop).await.map_err(|e| local(&e))
}

/// Where log lines go and what they look like. `BATON_LOG` wins over the file.
fn write_log(log: LogConfig) {
    let filter = EnvFilter::try_from_env("BATON_LOG").unwrap_or_else(|_| EnvFilter::new(log.level.word()));
    // What libraries tell of a conversation with a mail server or a peer may hold what people wrote.
    let quiet = ["lettre=warn", "tungstenite=warn", "hyper=info", "rustls=warn", "h2=warn"];
    let filter = quiet
        .iter()
        .fold(filter, |filter, word| filter.add_directive(word.parse().expect("a written-out directive")));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(false);
    // A second subscriber (in tests) is no reason not to serve.
    let _ = match log.format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
}

/// Reads the configuration again at each SIGHUP, and says in the log what came of it.
fn reload_on_signal(reloader: Reloader) -> Done {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut hangup = signal(SignalKind::hangup())
            .map_err(|e| Failure::Refused(format!("signals cannot be handled on this system: {e}")))?;
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                match reloader.reload(Actor::Server).await {
                    Ok(done) => tracing::info!("{done}"),
                    Err(why) => tracing::error!("{why}"),
                }
            }
        });
    }
    #[cfg(not(unix))]
    let _ = reloader;
    Ok(())
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
