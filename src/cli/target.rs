//! Which server, and who asks: flags, else environment, else what `baton login` kept.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Failure, login_file};
use crate::client::Address;
use crate::client::oneshot::Session;

/// Where the server is and who asks.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Server")]
pub(super) struct ServerArgs {
    /// The server's address, e.g. https://chat.example.com or http://127.0.0.1:7842
    #[arg(long, global = true, env = "BATON_URL", value_name = "URL")]
    pub(super) url: Option<String>,
    /// Your token, as `baton agent add` printed it (better in BATON_TOKEN: others on this machine can read arguments)
    #[arg(long, global = true, env = "BATON_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub(super) token: Option<String>,
    /// A PEM file with the server's certificate where it is self-made, or with your own authority's
    #[arg(long, global = true, env = "BATON_CA", value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
}

impl ServerArgs {
    /// The address alone, for visitors.
    pub(super) fn url(&self) -> Result<String, Failure> {
        let kept = login_file::read();
        let url = match &self.url {
            Some(url) => url.clone(),
            None => {
                kept.as_ref().map_err(Clone::clone)?.as_ref().map(|k| k.url.clone()).ok_or_else(no_server)?
            }
        };
        let address = Address::parse(&url).map_err(|e| Failure::Usage(e.to_string()))?;
        // What was kept for another server says nothing about this one.
        let kept = kept.ok().flatten().filter(|k| Address::parse(&k.url).as_ref() == Ok(&address));
        if let Some(file) = self.ca.as_ref().or(kept.as_ref().and_then(|k| k.ca.as_ref())) {
            trust(file)?;
        }
        Ok(url)
    }

    /// Address and token. A kept token goes only to the server it was kept for.
    pub(super) fn both(&self) -> Result<(String, String), Failure> {
        let url = self.url()?;
        if let Some(token) = &self.token {
            return Ok((url, token.trim().to_owned()));
        }
        let kept = login_file::read()?.filter(|kept| Address::parse(&kept.url) == Address::parse(&url));
        match kept {
            Some(kept) => Ok((url, kept.token()?)),
            None => Err(Failure::Usage(format!(
                "no token for {url}: give --token or BATON_TOKEN, or keep one with `baton login {url}`"
            ))),
        }
    }

    /// A signed-in session.
    pub(super) async fn session(&self) -> Result<Session, Failure> {
        let (url, token) = self.both()?;
        Ok(Session::open(&url, &token).await?)
    }
}

/// Believes the certificates in a file, too.
pub(super) fn trust(file: &Path) -> Result<(), Failure> {
    crate::client::trust(file).map_err(|e| Failure::Usage(e.to_string()))
}

fn no_server() -> Failure {
    Failure::Usage(
        "which server? Give --url or BATON_URL, or keep one with `baton login URL`. To try Baton here: `baton demo`"
            .into(),
    )
}
