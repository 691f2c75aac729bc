//! Which web pages may open a visitor socket. There are no cookies to ride on, and still a foreign page gets nothing:
//! the `Origin` header must equal a configured origin byte for byte, or be a loopback page where the site allows those.

use crate::conversation::SiteId;

/// What a site allows.
#[derive(Debug, Clone, Copy)]
pub struct OriginRule<'a> {
    /// The site, for the hint.
    pub site: &'a SiteId,
    /// Origins as configured: `scheme://host[:port]`, as browsers send them.
    pub origins: &'a [String],
    /// Whether pages on this machine may, too.
    pub loopback: bool,
}

/// Checks an `Origin` header. None: no browser sent this (`baton chat`, a server), which is allowed.
///
/// # Errors
/// What to say in the answer and in the log: it names the configuration line that would allow this origin.
pub fn check_origin(rule: OriginRule<'_>, origin: Option<&[u8]>) -> Result<(), String> {
    let Some(origin) = origin else { return Ok(()) };
    let allowed = rule.origins.iter().any(|o| o.as_bytes() == origin)
        || (rule.loopback && std::str::from_utf8(origin).is_ok_and(is_loopback_origin));
    if allowed {
        return Ok(());
    }
    let site = rule.site;
    // Only an origin in its normal form is repeated: anything else is a stranger's text and would allow nothing.
    match std::str::from_utf8(origin).ok().filter(|o| normal_origin(o).is_ok_and(|n| n == *o)) {
        Some(o) if is_loopback_origin(o) => Err(format!(
            "pages of {o} may not open the chat of site {site}. To allow pages on this machine, put\n    loopback_origins = true\nunder [[site]] id = \"{site}\" in baton.toml"
        )),
        Some(o) => {
            let mut all: Vec<&str> = rule.origins.iter().map(String::as_str).collect();
            all.push(o);
            let all = all.iter().map(|o| format!("{o:?}")).collect::<Vec<_>>().join(", ");
            Err(format!(
                "pages of {o} may not open the chat of site {site}. To allow them, put\n    origins = [{all}]\nunder [[site]] id = \"{site}\" in baton.toml"
            ))
        }
        None => Err(format!(
            "this page's origin may not open the chat of site {site}: it is not of the form https://host[:port], so no line of baton.toml can allow it. A page opened from a file or in a sandbox has no origin; serve it over http"
        )),
    }
}

/// Whether this is a page on this machine: `http://` and `localhost`, `127.0.0.1` or `[::1]`, with any port.
pub fn is_loopback_origin(origin: &str) -> bool {
    let Some(rest) = origin.strip_prefix("http://") else { return false };
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|host| match rest.strip_prefix(host) {
        Some("") => true,
        Some(port) => port.strip_prefix(':').is_some_and(is_port),
        None => false,
    })
}

fn is_port(port: &str) -> bool {
    !port.is_empty()
        && port.len() <= 5
        && port.bytes().all(|b| b.is_ascii_digit())
        && !port.starts_with('0')
        && port.parse::<u16>().is_ok()
}

/// An origin as browsers send it: lower case, no default port, no path.
///
/// # Errors
/// What is wrong with it, for whoever writes the configuration.
pub fn normal_origin(origin: &str) -> Result<String, &'static str> {
    if origin == "*" {
        return Err(
            "\"*\" would let every website open this chat; name each origin, such as \"https://example.com\"",
        );
    }
    let Some((scheme, rest)) = origin.split_once("://") else {
        return Err("an origin has the form https://host[:port], such as \"https://example.com\"");
    };
    let scheme = scheme.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "https" => "443",
        "http" => "80",
        _ => return Err("an origin starts with https:// or http://"),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.contains(['/', '?', '#', '@', '\\']) {
        return Err("an origin is only scheme, host and port: leave out user, path and query");
    }
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || (host.starts_with('[') && host.ends_with(']')) => {
            (host, Some(port))
        }
        _ => (rest, None),
    };
    let host = host.to_ascii_lowercase();
    let plain = !host.is_empty()
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
        && host.split('.').all(|label| !label.is_empty());
    let v6 = host
        .strip_prefix('[')
        .and_then(|h| h.strip_suffix(']'))
        .is_some_and(|h| h.parse::<std::net::Ipv6Addr>().is_ok());
    if !plain && !v6 {
        return Err(
            "the host is not one a browser would send; write international names in their xn-- form, and no wildcards",
        );
    }
    match port {
        None => Ok(format!("{scheme}://{host}")),
        Some(port) if !is_port(port) => Err("the port is a number from 1 to 65535"),
        Some(port) if port == default_port => Ok(format!("{scheme}://{host}")),
        Some(port) => Ok(format!("{scheme}://{host}:{port}")),
    }
}
