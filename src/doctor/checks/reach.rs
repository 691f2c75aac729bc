//! The way in: the server, what stands before it, and the sockets at its end.

use super::{file, flags, sites};
use crate::doctor::Findings;
use crate::doctor::facts::{Facts, SignIn, SocketSeen};
use crate::log::Sight;
use crate::protocol::SUBPROTOCOL;
use crate::server::{OriginRule, check_origin, is_loopback_origin};

fn runs(facts: &Facts) -> bool {
    facts.server.answers.is_ok()
}

const NOT_RUNNING: &str = "the server does not run";

/// `server`.
pub(super) fn server(facts: &Facts, out: &mut Findings) {
    let base = &facts.server.base;
    let serve = format!("baton serve {}", flags(facts));
    match &facts.server.answers {
        Ok(()) => out.ok("server", None, format!("runs at {base}")),
        Err(why) if facts.server.foreign => out.fail(
            "server",
            None,
            format!("{base} is taken: {why}"),
            format!("stop that program, or listen elsewhere: {serve} --listen 127.0.0.1:PORT"),
        ),
        Err(why) if facts.server.store_in_use == Some(true) => out.fail(
            "server",
            None,
            format!("a server has the store open and does not answer at {base}: {why}"),
            "name its address with --url, or stop it and start it again",
        ),
        Err(why) => out.fail("server", None, format!("nothing answers at {base}: {why}"), serve),
    }
}

/// `versions`.
pub(super) fn versions(facts: &Facts, out: &mut Findings) {
    let own = env!("CARGO_PKG_VERSION");
    let store = match &facts.store {
        Sight::Store(store) => Some(store),
        _ => None,
    };
    if let (SignIn::Done(signed), Some(store)) = (&facts.sign_in, store)
        && store.log_id.as_deref().is_some_and(|id| id != signed.log_id)
    {
        return out.fail(
            "versions",
            None,
            format!("the server at {} has another store than {}", facts.server.base, facts.data.display()),
            "name its folder with --data, or its address with --url",
        );
    }
    match &facts.server.agent_socket {
        Ok(protocols) if !protocols.iter().any(|p| p == SUBPROTOCOL) => out.fail(
            "versions",
            None,
            format!("Baton {own} speaks {SUBPROTOCOL}, the server speaks {}", protocols.join(", ")),
            "run the same Baton on both ends, and restart the server after an update",
        ),
        Ok(_) => {
            let store =
                store.map(|s| format!(", store version {} of {}", s.version, s.known)).unwrap_or_default();
            out.ok("versions", None, format!("Baton {own}, the server speaks {SUBPROTOCOL}{store}"));
        }
        Err(_) => {
            let store =
                store.map(|s| format!(", store version {} of {}", s.version, s.known)).unwrap_or_default();
            out.ok("versions", None, format!("Baton {own}{store}; no server to compare with"));
        }
    }
}

/// `login`.
pub(super) fn login(facts: &Facts, out: &mut Findings) {
    match &facts.sign_in {
        SignIn::Done(signed) => {
            out.ok(
                "login",
                None,
                format!("{} ({}) at {}", signed.name, signed.role.word(), facts.server.base),
            );
        }
        SignIn::NoToken => out.ok(
            "login",
            None,
            format!("none for {}: who is there is read from the store, a minute old", facts.server.base),
        ),
        SignIn::Refused(why) => {
            out.fail(
                "login",
                None,
                format!("the server refuses this token: {why}"),
                format!("baton login {}", facts.server.base),
            );
        }
        SignIn::Unreadable(why) => {
            out.fail("login", None, why.clone(), format!("baton login {}", facts.server.base));
        }
        SignIn::Failed(why) => out.skip("login", None, why.clone()),
    }
}

/// `public_url`.
pub(super) fn public_url(facts: &Facts, out: &mut Findings) {
    let id = "public_url";
    let file = file(facts);
    let listen = facts.config.listen;
    let abroad: Vec<&str> = sites(facts)
        .flat_map(|site| &site.config.origins)
        .filter(|origin| !is_loopback_origin(origin))
        .map(String::as_str)
        .collect();
    let secure = abroad.iter().find(|origin| origin.starts_with("https://"));
    match &facts.config.internet.public_url {
        Some(url) if url.starts_with("http://") && secure.is_some() => out.fail(
            id,
            None,
            format!(
                "pages of {} cannot load anything from {url}: browsers refuse what is not encrypted on a page that is",
                secure.copied().unwrap_or_default()
            ),
            format!("public_url = \"https://…\" under [server] in {file}, with a proxy or [tls]"),
        ),
        Some(url) => out.ok(id, None, url.clone()),
        None if abroad.is_empty() => out.ok(id, None, "none, and none needed: only pages on this machine"),
        None => {
            let own = listen.is_none_or(|listen| listen.ip().is_loopback());
            let words = if own {
                "not set, and the server listens on this machine only: pages elsewhere cannot reach it"
            } else {
                "not set: the snippet names an address browsers may not know"
            };
            out.warn(id, None, words, format!("public_url = \"https://…\" under [server] in {file}"));
        }
    }
}

/// `proxy`.
pub(super) fn proxy(facts: &Facts, out: &mut Findings) {
    let internet = &facts.config.internet;
    let behind = internet.tls.is_none()
        && internet.public_url.as_deref().is_some_and(|url| url.starts_with("https://"));
    match (behind, internet.trusted_proxies.is_empty()) {
        (true, true) => out.warn(
            "proxy",
            None,
            "a proxy stands before the server and is not believed: all visitors count as one address",
            format!("trusted_proxies = [\"127.0.0.1\"] under [server] in {}", file(facts)),
        ),
        (_, false) => out.ok("proxy", None, format!("believed: {}", internet.trusted_proxies.join(", "))),
        (false, true) => out.ok("proxy", None, "none"),
    }
}

/// `tls`.
pub(super) fn tls(facts: &Facts, out: &mut Findings) {
    let Some(tls) = &facts.config.internet.tls else {
        let public =
            facts.config.internet.public_url.as_deref().is_some_and(|url| url.starts_with("https://"));
        return match facts.config.listen {
            Some(listen) if !public && !listen.ip().is_loopback() => out.warn(
                "tls",
                None,
                format!("the server listens at {listen} for everybody, and nothing is encrypted"),
                format!(
                    "[tls] with cert and key in {}, or a proxy with TLS and public_url = \"https://…\"",
                    file(facts)
                ),
            ),
            _ => out.ok("tls", None, "not by this server"),
        };
    };
    if facts.config.error.is_some() {
        return out.skip("tls", None, "the configuration cannot be read");
    }
    for why in &facts.tls_unreadable {
        out.fail(
            "tls",
            None,
            why.clone(),
            format!("edit [tls] in {}, or mend the file's permissions", file(facts)),
        );
    }
    if facts.tls_unreadable.is_empty() {
        out.ok("tls", None, format!("{}", tls.certificate.display()));
    }
}

/// `widget`.
pub(super) fn widget(facts: &Facts, out: &mut Findings) {
    let front = &facts.front;
    let public = facts.config.internet.public_url.is_some();
    match &front.widget {
        Ok(()) => out.ok("widget", None, format!("{}/widget.js", front.base)),
        Err(_) if !runs(facts) => out.skip("widget", None, NOT_RUNNING),
        Err(why) => {
            let fix = match why {
                _ if !public => format!("curl -v {}/widget.js", front.base),
                why if why.contains("lookup") => format!(
                    "give {0} an address in the DNS; until then try --resolve {0}=ADDRESS",
                    host(&front.base)
                ),
                why if why.contains("certificate") => format!(
                    "the certificate has to be of an authority browsers believe, for the name {}, and of today",
                    host(&front.base)
                ),
                _ => format!(
                    "the server runs at {}: look at the proxy in front: curl -v {}/widget.js",
                    facts.server.base, front.base
                ),
            };
            out.fail("widget", None, format!("{}/widget.js: {why}", front.base), fix);
        }
    }
}

/// The name in an address.
fn host(base: &str) -> &str {
    let host = base.split("://").nth(1).unwrap_or(base);
    host.split(['/', ':']).next().unwrap_or(host)
}

/// `socket.visitor`.
pub(super) fn visitor_socket(facts: &Facts, out: &mut Findings) {
    let id = "socket.visitor";
    if facts.front.widget.is_err() {
        return out.skip(id, None, if runs(facts) { "the widget cannot be loaded" } else { NOT_RUNNING });
    }
    for site in sites(facts) {
        let name = &site.config.id;
        let Some(seen) = facts.front.sockets.iter().find(|seen| seen.site == *name) else {
            out.skip(id, Some(name), "no origin to open it with");
            continue;
        };
        match &seen.greeting {
            Ok(_) => out.ok(id, Some(name), format!("opens for {}", seen.origin)),
            Err(refused) => {
                out.fail(
                    id,
                    Some(name),
                    format!("does not open for {}: {}", seen.origin, refused.why),
                    mend(facts, seen),
                );
            }
        }
    }
}

/// What mends a visitor's handshake. The configuration allows it, or it would not have been tried.
fn mend(facts: &Facts, seen: &SocketSeen) -> String {
    let Err(refused) = &seen.greeting else { return String::new() };
    match (refused.code.as_deref(), refused.status) {
        (Some("site.unknown" | "origin.forbidden"), _) => {
            format!("the running server has an older {}: baton reload, or restart it", file(facts))
        }
        (None, Some(400 | 404 | 426 | 502 | 504)) => {
            "let the proxy pass WebSockets on: the README has blocks for Caddy and nginx".into()
        }
        _ => format!("look at the server's log; curl -v {}/healthz", facts.front.base),
    }
}

/// `socket.agent`.
pub(super) fn agent_socket(facts: &Facts, out: &mut Findings) {
    match &facts.server.agent_socket {
        Ok(_) => out.ok("socket.agent", None, format!("{}/ws/agent greets", facts.server.base)),
        Err(_) if !runs(facts) => out.skip("socket.agent", None, NOT_RUNNING),
        Err(why) => out.fail(
            "socket.agent",
            None,
            format!("{}/ws/agent: {why}", facts.server.base),
            "let the proxy pass WebSockets on, or name the server itself with --url",
        ),
    }
}

/// `page`: only where one was named.
pub(super) fn page(facts: &Facts, out: &mut Findings) {
    let Some(page) = &facts.page else { return };
    let origin = match &page.origin {
        Ok(origin) => origin,
        Err(why) => {
            return out.fail(
                "page",
                None,
                format!("{}: {why}", page.url),
                "name a page such as https://shop.example.com/help",
            );
        }
    };
    let named = match &page.sites {
        Ok(named) => named,
        Err(why) => {
            return out.fail(
                "page",
                None,
                format!("{} cannot be read: {why}", page.url),
                format!("curl -v {}", page.url),
            );
        }
    };
    let tag = |site: &str| {
        format!("baton site snippet {site} --config {} prints the line for the page", file(facts))
    };
    let Some(name) = named.first() else {
        let site = sites(facts).next().map_or("SITE", |site| site.config.id.as_str());
        return out.fail("page", None, format!("{} has no widget tag", page.url), tag(site));
    };
    let Some(site) = facts.config.sites.iter().find(|site| site.config.id.as_str() == name) else {
        return out.fail(
            "page",
            None,
            format!("{} names the site {name:?}, which is not configured", page.url),
            tag("SITE"),
        );
    };
    if facts.only.as_ref().is_some_and(|only| only.as_str() != name) {
        return out.fail(
            "page",
            Some(&site.config.id),
            format!("{} shows another site's chat", page.url),
            tag(facts.only.as_ref().map_or("SITE", |o| o.as_str())),
        );
    }
    let config = &site.config;
    let rule = OriginRule { site: &config.id, origins: &config.origins, loopback: config.loopback_origins };
    if check_origin(rule, Some(origin.as_bytes())).is_err() {
        return out.fail(
            "page",
            Some(&config.id),
            format!("{origin} is not among the site's origins: its pages may not open the chat"),
            format!("baton site set {} --add-origin {origin} --config {}", config.id, file(facts)),
        );
    }
    out.ok("page", Some(&config.id), format!("{} shows the chat", page.url));
}
