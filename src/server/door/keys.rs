//! The door's keys as written, and what is wrong with them.

use std::net::IpAddr;

use ipnet::IpNet;
use toml::Spanned;

use super::Door;
use crate::server::normal_origin;
use crate::settings::{ConfigError, Source};

/// Reads what `[server]` and `[metrics]` say about the way in.
///
/// # Errors
/// A key that cannot be used, with its line.
pub(in crate::server) fn build(
    source: Source<'_>,
    public_url: Option<&Spanned<String>>,
    trusted_proxies: &[Spanned<String>],
    allow_plain: &[Spanned<String>],
    metrics: &[Spanned<String>],
) -> Result<Door, ConfigError> {
    let trusted_proxies = networks(source, trusted_proxies)?;
    if trusted_proxies.iter().any(|n| n.prefix_len() == 0) {
        let why = "this would believe everybody: a visitor could claim any address. Name the proxies' own";
        return Err(source.at_key("server", "trusted_proxies", why));
    }
    Ok(Door {
        public_url: public_url.map(|url| public(source, url)).transpose()?,
        trusted_proxies,
        allow_plain: networks(source, allow_plain)?,
        metrics: networks(source, metrics)?,
    })
}

fn public(source: Source<'_>, url: &Spanned<String>) -> Result<String, ConfigError> {
    let at = |why: String| source.at(url.span().start, why);
    let normal = normal_origin(url.get_ref()).map_err(|why| {
        at(format!("{:?}: {why}. It is what visitors call this server, without a path", url.get_ref()))
    })?;
    let local = ["http://localhost", "http://127.0.0.1", "http://[::1]"];
    if normal.starts_with("http://") && !local.iter().any(|l| normal.starts_with(l)) {
        return Err(at(format!(
            "browsers open no chat of a page with https over plain http; write \"https://{}\"",
            normal.trim_start_matches("http://")
        )));
    }
    Ok(normal)
}

/// Reads networks: `10.0.0.0/8`, or one address.
///
/// # Errors
/// One that is none, with its line.
fn networks(source: Source<'_>, given: &[Spanned<String>]) -> Result<Vec<IpNet>, ConfigError> {
    let one = |text: &Spanned<String>| {
        let word = text.get_ref().trim();
        if let Ok(address) = word.parse::<IpAddr>() {
            return Ok(IpNet::from(address.to_canonical()));
        }
        let at = |why: String| source.at(text.span().start, why);
        let net: IpNet = word.parse().map_err(|_| {
            at(format!("{word:?} is no network; write one as \"10.0.0.0/8\", or an address as \"192.0.2.7\""))
        })?;
        if net.trunc() != net {
            return Err(at(format!(
                "\"{net}\" names an address inside a network; the network is \"{}\"",
                net.trunc()
            )));
        }
        Ok(net)
    };
    given.iter().map(one).collect()
}
