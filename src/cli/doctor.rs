//! `baton doctor`: looks at everything and names each problem with its fix. Changes nothing.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use clap::Args as ClapArgs;
use serde_json::json;

use super::out::{Out, inert};
use super::serve::{self, DEFAULT_LISTEN};
use super::target::{self, ServerArgs};
use super::{Done, Failure, login_file};
use crate::conversation::SiteId;
use crate::doctor::{Check, Status, checks, gather};
use crate::text::width;

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Exit codes: 0 nothing fails (a warning is not a failure), 1 something fails. A server that does not run fails.
With a login (`baton login`, BATON_TOKEN) it asks the running server who is there; else the store tells, a minute old.")]
pub(super) struct Args {
    /// Look at this site only
    #[arg(long, value_name = "SITE")]
    site: Option<SiteId>,
    /// The configuration [default: baton.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The server's folder
    #[arg(long, value_name = "DIR", default_value = "data")]
    data: PathBuf,
    /// A page of yours that should show the chat: it is loaded and looked at
    #[arg(long, value_name = "URL")]
    page: Option<String>,
    /// Look a name up here and not in the DNS: chat.example.com=127.0.0.1; repeat it for more
    #[arg(long, value_name = "NAME=ADDRESS")]
    resolve: Vec<String>,
    /// Only what is not as it must be
    #[arg(long)]
    problems: bool,
    /// Print one object
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, server: &ServerArgs) -> Done {
    let resolve = args.resolve.iter().map(|pair| resolved(pair)).collect::<Result<Vec<_>, _>>()?;
    if let Some(file) = &server.ca {
        target::trust(file)?;
    }
    // A login that cannot be read is no reason not to look at the rest.
    let login = match login_file::read() {
        Ok(None) => Ok(None),
        Ok(Some(kept)) => {
            // A login with a certificate of its own is reached with it.
            if let (None, Some(file)) = (&server.ca, &kept.ca) {
                target::trust(file)?;
            }
            let token = kept.token();
            token
                .map(|token| Some((kept.url, token)))
                .map_err(|failure| failure.words().unwrap_or_default().to_owned())
        }
        Err(failure) => Err(failure.words().unwrap_or_default().to_owned()),
    };
    let options = gather::Options {
        config: args.config,
        data: args.data,
        only: args.site,
        url: server.url.clone(),
        token: server.token.clone(),
        login,
        login_file: login_file::path().ok(),
        page: args.page,
        resolve,
        tls: crate::client::trusted().ok().map(|tls| (*tls).clone()),
        default_listen: serve::address(DEFAULT_LISTEN)?,
    };
    let facts = gather::gather(options).await.map_err(Failure::Refused)?;
    let all = checks::run(&facts);
    let failed = all.iter().filter(|check| check.status == Status::Fail).count();
    let warned = all.iter().filter(|check| check.status == Status::Warn).count();
    if args.json {
        Out.json(&json!({ "ok": failed == 0, "failed": failed, "warned": warned, "checks": all }))?;
    } else {
        let shown = all.iter().filter(|check| !args.problems || check.status >= Status::Warn);
        tell(shown)?;
        let summary = match (failed, warned) {
            (0, 0) => "All is well.".to_owned(),
            (0, n) => format!("Nothing fails; {n} to look at."),
            (n, _) => format!("{n} of {} checks fail.", all.len()),
        };
        Out.line(&summary)?;
    }
    if failed == 0 { Ok(()) } else { Err(Failure::Refused(format!("{failed} to mend; each names its fix"))) }
}

/// A line a check, its fixes below.
fn tell<'a>(checks: impl Iterator<Item = &'a Check>) -> Done {
    for check in checks {
        let mut name = check.id.to_owned();
        if let Some(site) = &check.site {
            name.push_str(&format!(" {site}"));
        }
        let pad = " ".repeat(24usize.saturating_sub(width::cells(&name)));
        Out.line(&inert(&format!("{:<4}  {name}{pad} {}", check.status.word(), check.seen)))?;
        for more in &check.more {
            Out.line(&inert(&format!("      {:<24}   {more}", "")))?;
        }
        for fix in &check.fix {
            Out.line(&inert(&format!("      {:<24} fix: {fix}", "")))?;
        }
    }
    Ok(())
}

/// `NAME=ADDRESS` or `NAME=ADDRESS:PORT`; without a port, whatever port is asked for.
fn resolved(pair: &str) -> Result<(String, SocketAddr), Failure> {
    let wrong = || {
        Failure::Usage(format!(
            "“{}” is not of the form NAME=ADDRESS, such as chat.example.com=127.0.0.1",
            pair.escape_debug()
        ))
    };
    let (name, address) = pair.split_once('=').ok_or_else(wrong)?;
    let address = match address.parse::<std::net::IpAddr>() {
        Ok(ip) => SocketAddr::new(ip, 0),
        Err(_) => address.to_socket_addrs().map_err(|_| wrong())?.next().ok_or_else(wrong)?,
    };
    if name.is_empty() { Err(wrong()) } else { Ok((name.to_ascii_lowercase(), address)) }
}
