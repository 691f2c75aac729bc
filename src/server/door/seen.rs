//! Whose request this is: the connection's address, or what a trusted proxy says of it.
//!
//! Invariant: nothing a visitor can write changes the result. Only entries that a trusted proxy appended are read, from the
//! right (RFC 7239 section 7.4 and the practice of `X-Forwarded-For`), and the first one that is no proxy of ours is it.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

use super::contains;

/// Entries of a chain looked at; nobody has so many proxies.
const HOPS: usize = 32;

/// What proxies add to a request.
const MARKS: [&str; 5] = ["x-forwarded-for", "x-forwarded-proto", "forwarded", "x-real-ip", "via"];

/// A request, as the door sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The visitor's (or agent's) address.
    pub address: IpAddr,
    /// Whether it came by TLS, here or at a trusted proxy.
    pub secure: bool,
    /// Which way.
    pub via: Via,
}

impl Seen {
    /// Whether it is of somebody on this machine. A proxy here that does not say whose request it brings may bring anybody's.
    pub fn here(&self) -> bool {
        self.address.is_loopback() && !matches!(self.via, Via::Trusted { named: false, .. })
    }
}

/// Which way a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// From where the connection comes from.
    Direct,
    /// Through a proxy in `trusted_proxies`.
    Trusted {
        /// The proxy.
        proxy: IpAddr,
        /// Whether it said by which scheme the request came to it.
        scheme_said: bool,
        /// Whether it said whose request it is; if not, the address is the proxy's own.
        named: bool,
    },
    /// It carries a proxy's marks, and where it comes from is not trusted: the marks mean nothing.
    Untrusted,
}

/// Reads a request's address and scheme. `tls`: the connection itself is TLS.
///
/// A trusted proxy whose `X-Forwarded-For` and `Forwarded` name different visitors passed one of them on unread: neither
/// is believed, and the request counts as the proxy's own.
pub fn seen(peer: IpAddr, tls: bool, headers: &HeaderMap, trusted: &[IpNet]) -> Seen {
    let peer = peer.to_canonical();
    let marked = MARKS.iter().any(|h| headers.contains_key(*h));
    // A command on this machine, beside a proxy on this machine.
    let own = peer.is_loopback() && !marked;
    if own || !contains(trusted, peer) {
        let via = if marked { Via::Untrusted } else { Via::Direct };
        return Seen { address: peer, secure: tls, via };
    }
    let x_for = values(headers, "x-forwarded-for").map(|all| visitor(all.into_iter(), trusted));
    let forwarded = values(headers, "forwarded");
    let f_for = forwarded
        .as_ref()
        .filter(|all| all.iter().any(|e| parameter(e, "for").is_some()))
        .map(|all| visitor(all.iter().map(|e| parameter(e, "for").unwrap_or("unknown")), trusted));
    let address = match (x_for, f_for) {
        (Some(a), Some(b)) if a != b => None,
        (a, b) => a.or(b).flatten(),
    };
    let x_proto = values(headers, "x-forwarded-proto").and_then(|all| all.last().copied());
    let f_proto =
        forwarded.as_ref().and_then(|all| all.last().copied()).and_then(|entry| parameter(entry, "proto"));
    let scheme = x_proto.or(f_proto);
    let https = scheme.is_some_and(|s| s.eq_ignore_ascii_case("https") || s.eq_ignore_ascii_case("wss"));
    Seen {
        address: address.unwrap_or(peer),
        secure: tls || https,
        via: Via::Trusted { proxy: peer, scheme_said: scheme.is_some(), named: address.is_some() },
    }
}

/// All entries of a header, over all its lines, in order; none where it is not there. A line that is no text is an entry
/// nobody can read.
fn values<'a>(headers: &'a HeaderMap, name: &str) -> Option<Vec<&'a str>> {
    let lines = headers.get_all(name).iter();
    let entries: Vec<&str> =
        lines.flat_map(|v| v.to_str().unwrap_or("unknown").split(',')).map(str::trim).collect();
    (!entries.is_empty()).then_some(entries)
}

/// From the right: the first that is no proxy of ours; where all are, the furthest. None: one of them cannot be read.
fn visitor<'a>(entries: impl DoubleEndedIterator<Item = &'a str>, trusted: &[IpNet]) -> Option<IpAddr> {
    let mut furthest = None;
    for entry in entries.rev().take(HOPS) {
        let found = address(entry)?;
        if !contains(trusted, found) {
            return Some(found);
        }
        furthest = Some(found);
    }
    furthest
}

/// `192.0.2.7`, `192.0.2.7:80`, `2001:db8::7`, `[2001:db8::7]:80`, in quotes or not.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim().trim_matches('"');
    let bare = entry.strip_prefix('[').and_then(|e| e.strip_suffix(']')).unwrap_or(entry);
    let address = bare.parse::<IpAddr>().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|s| s.ip()));
    address.map(|a| a.to_canonical())
}

/// A parameter of a `Forwarded` entry (RFC 7239 section 4).
fn parameter<'a>(entry: &'a str, name: &str) -> Option<&'a str> {
    entry.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn headers(of: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in of {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_bytes(value.as_bytes()).expect("a header value"),
            );
        }
        headers
    }

    fn through(peer: &str, of: &[(&'static str, &str)]) -> (String, bool, Via) {
        let trusted: Vec<IpNet> =
            ["127.0.0.1/32", "10.0.0.0/8"].map(|n| n.parse().expect("a network")).into();
        let seen = seen(peer.parse().expect("an address"), false, &headers(of), &trusted);
        (seen.address.to_string(), seen.secure, seen.via)
    }

    fn address_of(peer: &str, of: &[(&'static str, &str)]) -> String {
        through(peer, of).0
    }

    #[test]
    fn a_strangers_word_means_nothing() {
        let lies = [
            ("x-forwarded-for", "198.51.100.1"),
            ("x-forwarded-proto", "https"),
            ("forwarded", "for=198.51.100.1;proto=https"),
        ];
        assert_eq!(through("192.0.2.7", &lies), ("192.0.2.7".into(), false, Via::Untrusted));
        assert_eq!(through("192.0.2.7", &[]), ("192.0.2.7".into(), false, Via::Direct));
    }

    #[test]
    fn the_right_most_that_is_no_proxy_of_ours_is_the_visitor() {
        for (chain, visitor) in [
            ("192.0.2.7", "192.0.2.7"),
            // What the visitor wrote stands left of what the proxy saw.
            ("198.51.100.1, 192.0.2.7", "192.0.2.7"),
            ("127.0.0.1, 192.0.2.7", "192.0.2.7"),
            ("198.51.100.1, 192.0.2.7, 10.1.1.1, 10.2.2.2", "192.0.2.7"),
            ("192.0.2.7:4711", "192.0.2.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            // Everybody is a proxy: the furthest one.
            ("10.1.1.1, 10.2.2.2", "10.1.1.1"),
            // Nobody can read it: nobody's, so the proxy's own.
            ("192.0.2.7, unknown", "127.0.0.1"),
            ("192.0.2.7, , 10.2.2.2", "127.0.0.1"),
            ("", "127.0.0.1"),
            ("<script>", "127.0.0.1"),
        ] {
            assert_eq!(address_of("127.0.0.1", &[("x-forwarded-for", chain)]), visitor, "{chain:?}");
        }
        let two = [("x-forwarded-for", "192.0.2.7"), ("x-forwarded-for", "192.0.2.8")];
        assert_eq!(address_of("127.0.0.1", &two), "192.0.2.8", "two lines are one chain");
    }

    #[test]
    fn forwarded_is_read_where_the_proxy_speaks_it() {
        let chain = "for=198.51.100.1, for=\"[2001:db8::7]:4711\";proto=https;by=10.0.0.1";
        let (address, secure, _) = through("10.0.0.1", &[("forwarded", chain)]);
        assert_eq!((address.as_str(), secure), ("2001:db8::7", true));
        assert_eq!(address_of("10.0.0.1", &[("forwarded", "for=_hidden")]), "10.0.0.1");
        assert_eq!(address_of("10.0.0.1", &[("forwarded", "proto=https")]), "10.0.0.1");
    }

    #[test]
    fn a_proxy_that_contradicts_itself_speaks_for_nobody() {
        let both = |f: &str, x: &str| address_of("10.0.0.1", &[("forwarded", f), ("x-forwarded-for", x)]);
        assert_eq!(both("for=198.51.100.1", "192.0.2.7"), "10.0.0.1");
        assert_eq!(both("for=192.0.2.7", "198.51.100.1, 192.0.2.7"), "192.0.2.7");
    }

    #[test]
    fn the_scheme_is_the_nearest_proxys() {
        let scheme = |values: &[(&'static str, &str)]| through("10.0.0.1", values);
        assert!(scheme(&[("x-forwarded-proto", "HTTPS")]).1 && scheme(&[("x-forwarded-proto", "wss")]).1);
        assert!(!scheme(&[("x-forwarded-proto", "https, http")]).1);
        assert!(!scheme(&[("x-forwarded-proto", "http"), ("forwarded", "proto=https")]).1);
        let Via::Trusted { scheme_said, named, .. } = scheme(&[]).2 else { unreachable!("it is trusted") };
        assert!(!scheme_said && !named);
    }

    #[test]
    fn a_command_beside_a_proxy_is_this_machine_itself() {
        assert_eq!(through("127.0.0.1", &[]), ("127.0.0.1".into(), false, Via::Direct));
        let (address, _, via) = through("127.0.0.1", &[("x-forwarded-proto", "http")]);
        let proxy = "127.0.0.1".parse().expect("an address");
        assert_eq!(
            (address.as_str(), via),
            ("127.0.0.1", Via::Trusted { proxy, scheme_said: true, named: false })
        );
    }

    #[test]
    fn no_chain_is_too_long() {
        let long = vec!["10.1.1.1"; 100_000].join(",");
        assert_eq!(address_of("10.0.0.1", &[("x-forwarded-for", &long)]), "10.1.1.1");
    }
}
