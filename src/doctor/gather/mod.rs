//! The looking: files, the store, the server on this machine, and what browsers reach.

mod config;
mod files;
mod net;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use self::net::Probe;
use super::facts::{
    ConfigSeen, Facts, FrontSeen, PageSeen, ServerSeen, SignIn, SignedIn, SocketRefused, SocketSeen, Told,
};
use super::internet;
use crate::client::Address;
use crate::client::oneshot::{OneshotError, Session};
use crate::conversation::{SiteId, Time};
use crate::log::{self, Sight};
use crate::server::{ServerConfig, normal_origin};

/// How long the look through the store's structures may take.
const INTEGRITY: Duration = Duration::from_secs(20);

/// Where to look.
#[derive(Debug, Clone)]
pub struct Options {
    /// The configuration; none: `baton.toml` here, else the demonstration site.
    pub config: Option<PathBuf>,
    /// The data folder.
    pub data: PathBuf,
    /// Only this site.
    pub only: Option<SiteId>,
    /// The server's address; none: where the configuration listens.
    pub url: Option<String>,
    /// An agent's token, for whatever server is asked.
    pub token: Option<String>,
    /// A kept login: its address and its token, which goes to no other server. Or why it cannot be read.
    pub login: Result<Option<(String, String)>, String>,
    /// Where the login is kept.
    pub login_file: Option<PathBuf>,
    /// A page that should show the chat.
    pub page: Option<String>,
    /// Names looked up here and not in the DNS.
    pub resolve: Vec<(String, SocketAddr)>,
    /// Whose certificates are believed; none: those the platform believes.
    pub tls: Option<rustls::ClientConfig>,
    /// Where a server listens that nobody told otherwise.
    pub default_listen: SocketAddr,
}

/// Looks at everything.
///
/// # Errors
/// In words: nothing can be asked over the network at all.
pub async fn gather(options: Options) -> Result<Facts, String> {
    let probe = Probe::new(&options.resolve, options.tls.clone())?;
    let now = now();
    let (named, data) = (options.config.clone(), options.data.clone());
    // Reading docs and the store blocks.
    let read = tokio::task::spawn_blocking(move || {
        let config = config::config(named.as_deref());
        let store = log::inspect(&data, INTEGRITY);
        (config, store)
    });
    let (config, store) = read.await.map_err(|e| format!("the files could not be looked at: {e}"))?;
    let listen = config.listen.unwrap_or(options.default_listen);
    let base = match &options.url {
        Some(url) => url.trim().trim_end_matches('/').to_owned(),
        None => internet::local(listen),
    };
    let front_base = config.internet.public_url.clone().unwrap_or_else(|| base.clone());
    let server = server(&probe, &options, &base, &store).await;
    let front = front(&probe, &config, &options, &front_base, server.answers.is_ok()).await;
    let sign_in = match &server.answers {
        Ok(()) => sign_in(&options, &base, &front_base).await,
        Err(_) => SignIn::Failed("the server does not run".into()),
    };
    let page = match &options.page {
        Some(url) => Some(page(&probe, url).await),
        None => None,
    };
    let mail = mail(&config).await;
    let key = config.internet.tls.as_ref().map(|tls| tls.key.as_path());
    Ok(Facts {
        now,
        only: options.only,
        modes: files::modes(&options.data, &config.file, options.login_file.as_deref(), key),
        free: files::free(&options.data),
        mail,
        tls_unreadable: config.internet.tls.as_ref().map(files::unreadable).unwrap_or_default(),
        config,
        data: options.data,
        store,
        server,
        front,
        sign_in,
        page,
    })
}

/// Signs in at the mail server and goes away again.
async fn mail(config: &ConfigSeen) -> Option<Result<String, String>> {
    if !config.internet.mail || config.error.is_some() {
        return None;
    }
    let file = config.file.clone();
    // The password may come from a program.
    let read = tokio::task::spawn_blocking(move || ServerConfig::load(&file)).await;
    let smtp = match read {
        Ok(Ok(config)) => config.mail?.smtp,
        Ok(Err(error)) => return Some(Err(error.to_string())),
        Err(error) => return Some(Err(error.to_string())),
    };
    let place = format!("{}:{}", smtp.host, smtp.port);
    Some(smtp.check().await.map(|()| place))
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

async fn server(probe: &Probe, options: &Options, base: &str, store: &Sight) -> ServerSeen {
    let (answers, foreign) = match probe.get(&format!("{base}/healthz")).await {
        // Another program says something else, or nothing we know.
        Ok(got) if got.status == 200 && got.body.trim_start().starts_with("ok") => (Ok(()), false),
        Ok(got) => (Err(format!("HTTP {} from something that is no Baton server", got.status)), true),
        Err(why) => (Err(why), false),
    };
    let store_in_use = match (&answers, store) {
        (Err(_), Sight::Store(_)) => log::in_use(&options.data),
        _ => None,
    };
    let agent_socket = match &answers {
        Ok(()) => probe.socket(&format!("{base}/ws/agent"), None).await.map_err(|refused| refused.why),
        Err(why) => Err(why.clone()),
    };
    ServerSeen { base: base.to_owned(), answers, foreign, store_in_use, agent_socket }
}

async fn front(probe: &Probe, config: &ConfigSeen, options: &Options, base: &str, runs: bool) -> FrontSeen {
    let mut skew_s = None;
    let mut sockets = Vec::new();
    let widget = if !runs && config.internet.public_url.is_none() {
        Err("the server does not run".to_owned())
    } else {
        match probe.get(&format!("{base}/widget.js")).await {
            Ok(got) => {
                skew_s = got.date.map(|there| there - now().0 / 1000);
                match got.status {
                    200 if got.kind.contains("javascript") => Ok(()),
                    200 => Err(format!("what comes is {:?}, not the widget", got.kind)),
                    status @ 300..=399 => Err(format!(
                        "HTTP {status}: it is elsewhere, and browsers do not follow with a socket"
                    )),
                    status @ (502 | 504) => {
                        Err(format!("HTTP {status}: a proxy answers and does not reach the server"))
                    }
                    status => Err(format!("HTTP {status}")),
                }
            }
            Err(why) => Err(why),
        }
    };
    if widget.is_ok() {
        for site in &config.sites {
            let id = &site.config.id;
            if options.only.as_ref().is_some_and(|only| only != id) {
                continue;
            }
            let here = site.config.loopback_origins.then(|| "http://localhost".to_owned());
            let Some(origin) = site.config.origins.first().cloned().or(here) else { continue };
            let greeting = probe.socket(&format!("{base}/ws/visitor?site={id}"), Some(&origin)).await;
            let greeting: Result<Vec<String>, SocketRefused> = greeting;
            sockets.push(SocketSeen { site: id.clone(), origin, greeting });
        }
    }
    FrontSeen { base: base.to_owned(), widget, skew_s, sockets }
}

async fn sign_in(options: &Options, base: &str, front: &str) -> SignIn {
    let same = |kept: &str| {
        [base, front].iter().any(|ours| match (Address::parse(kept), Address::parse(ours)) {
            (Ok(kept), Ok(ours)) => kept == ours,
            _ => false,
        })
    };
    let kept = match &options.login {
        Ok(login) => login.as_ref().filter(|(url, _)| same(url)).map(|(_, token)| token.clone()),
        Err(why) if options.token.is_none() => return SignIn::Unreadable(why.clone()),
        Err(_) => None,
    };
    let Some(token) = options.token.clone().or(kept) else { return SignIn::NoToken };
    let session = match Session::open(base, token.trim()).await {
        Ok(session) => session,
        Err(OneshotError::Refused(error)) => return SignIn::Refused(error.message),
        Err(e) => return SignIn::Failed(e.to_string()),
    };
    let welcome = session.welcome().clone();
    session.close().await;
    let told = |agent: &crate::protocol::AgentInfo| Told {
        id: agent.id,
        name: agent.name.clone(),
        role: agent.role,
        available: agent.availability.available,
        reason: agent.availability.reason.clone(),
        present: agent.present,
    };
    SignIn::Done(Box::new(SignedIn {
        name: welcome.agent.name.clone(),
        role: welcome.agent.role,
        log_id: welcome.log_id.clone(),
        agents: welcome.agents.iter().map(told).collect(),
    }))
}

async fn page(probe: &Probe, url: &str) -> PageSeen {
    let origin = url
        .split_once("://")
        .map(|(scheme, rest)| format!("{scheme}://{}", rest.split(['/', '?', '#']).next().unwrap_or(rest)))
        .ok_or_else(|| "it has the form https://host/page".to_owned())
        .and_then(|origin| normal_origin(&origin).map_err(str::to_owned));
    let sites = match probe.get(url).await {
        Ok(got) if got.status == 200 => Ok(widgets(&got.body)),
        Ok(got) => Err(format!("HTTP {}", got.status)),
        Err(why) => Err(why),
    };
    PageSeen { url: url.to_owned(), origin, sites }
}

/// The sites of the widget tags in a page.
fn widgets(html: &str) -> Vec<String> {
    let mut sites = Vec::new();
    for tag in html.split("<script").skip(1) {
        let tag = tag.split('>').next().unwrap_or(tag);
        if !tag.contains("widget.js") {
            continue;
        }
        let value = ["data-site=", "data-agent-id="].iter().find_map(|name| tag.split_once(name));
        let Some((_, value)) = value else { continue };
        let site = value.trim_start_matches(['"', '\'']).split(['"', '\'', ' ', '/']).next();
        sites.extend(site.map(str::to_owned));
    }
    sites
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widgets_are_found_in_a_page() {
        let html = "<script src=\"a.js\" data-site=\"no\"></script><script async src='https://c/widget.js' data-site='shop'></script>\n<script src=\"/widget.js\" data-agent-id=outlet></script><p>widget.js data-site=\"x\"</p>";
        assert_eq!(widgets(html), ["shop", "outlet"]);
    }
}
