//! Which server, and who asks: flags, else environment, else what `baton login` kept.

use clap::Args;

use super::{Failure, login_file};
use crate::client::Address;
use crate::client::oneshot::Session;

/// Where the server is and who asks.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Server")]
pub(super) struct ServerArgs {
    /// The server's address, e.g. http://127.0.0.1:7842
    #[arg(long, global = true, env = "BATON_URL", value_name = "URL")]
    pub(super) url: Option<String>,
    /// Your token, as `baton agent add` printed it (better in BATON_TOKEN: others on this machine can read arguments)
    #[arg(long, global = true, env = "BATON_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub(super) token: Option<String>,
}

impl ServerArgs {
    /// The address alone, for visitors.
    pub(super) fn url(&self) -> Result<String, Failure> {
        let url = match &self.url {
            Some(url) => url.clone(),
            None => login_file::read()?.map(|kept| kept.url).ok_or_else(no_server)?,
        };
        Address::parse(&url).map_err(|e| Failure::Usage(e.to_string()))?;
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

fn no_server() -> Failure {
    Failure::Usage(
        "which server? Give --url or BATON_URL, or keep one with `baton login URL`. To try Baton here: `baton demo`"
            .into(),
    )
}
