//! Stands for rooms that are being built beside this one. To be deleted at the merge: each use names the real path.
#![allow(missing_docs)]

/// The `server` room, as agreed.
pub mod server {
    use std::future::Future;
    use std::net::SocketAddr;
    use std::path::{Path, PathBuf};

    use crate::engine::{Engine, EngineOptions};

    pub struct ServerConfig {
        pub listen: Option<SocketAddr>,
    }

    impl ServerConfig {
        pub fn demo() -> Self {
            Self { listen: None }
        }
        pub fn demo_with_docs(_folder: &Path) -> anyhow::Result<Self> {
            Ok(Self::demo())
        }
        pub fn load(_file: &Path) -> anyhow::Result<Self> {
            anyhow::bail!("not built yet")
        }
        pub fn engine_options(&self, _data: PathBuf) -> EngineOptions {
            EngineOptions { data: _data, sites: Vec::new(), limits: crate::protocol::Limits::default() }
        }
    }

    pub async fn run(
        _listener: tokio::net::TcpListener,
        _engine: Engine,
        _config: ServerConfig,
        shutdown: impl Future,
    ) -> anyhow::Result<()> {
        shutdown.await;
        Ok(())
    }
}

/// The `console` room, as agreed.
pub mod console {
    /// How to open the console.
    pub struct ConsoleOptions {
        /// Where the server is.
        pub url: String,
        /// The agent's token.
        pub token: String,
        /// Set oneself Available once signed in (the demo).
        pub available: bool,
        /// A line for the status line: the demo page's address.
        pub hint: Option<String>,
    }

    pub async fn run(_options: ConsoleOptions) -> anyhow::Result<()> {
        anyhow::bail!("not built yet")
    }
}
