//! The door to the internet: whose word about an address is believed, and who may come without TLS.
//!
//! Invariant: an address or a scheme that a request claims counts only where the connection itself comes from a network in
//! `trusted_proxies`. Refused here: TLS itself (room `tls`), counting sockets (`admission`).

mod keys;
mod said;
mod seen;

use std::net::IpAddr;

use ipnet::IpNet;

pub(super) use self::keys::build;
pub(super) use self::said::Said;
pub use self::seen::{Seen, Via, seen};

/// What `[server]` says about the way in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Door {
    /// What visitors call this server: `https://host[:port]`, as browsers send it in `Origin`. None: not said.
    pub public_url: Option<String>,
    /// Proxies whose `X-Forwarded-*` and `Forwarded` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Who may speak plain `http` and `ws` beside this machine itself.
    pub allow_plain: Vec<IpNet>,
    /// Who may read `/metrics` beside this machine itself.
    pub metrics: Vec<IpNet>,
}

/// Whether an address is in one of these networks; a mapped IPv4 address counts as IPv4.
pub fn contains(networks: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|n| n.contains(&address))
}

impl Door {
    /// Whether a request may go on without TLS. Allowed: TLS here, or `https` said by a trusted proxy; a visitor on this
    /// machine; a visitor in `allow_plain`.
    ///
    /// # Errors
    /// For the log: who was refused, and the exact line that would allow it.
    pub fn check_plain(&self, seen: &Seen) -> Result<(), String> {
        let who = seen.address;
        if seen.secure || seen.here() || contains(&self.allow_plain, who) {
            return Ok(());
        }
        let plain = format!(
            "To allow plain http from there, put\n    allow_plain = {}\nunder [server] in baton.toml",
            line(&self.allow_plain, who)
        );
        Err(match seen.via {
            Via::Direct => format!(
                "a plain connection from {who} was refused: it is not this machine and there is no TLS. Put [tls] or a proxy in front. {plain}"
            ),
            Via::Untrusted => format!(
                "a plain connection from {who} was refused. It carries X-Forwarded-* as a proxy does, and {who} is not trusted. If it is your proxy, put\n    trusted_proxies = {}\nunder [server] in baton.toml. {plain}",
                line(&self.trusted_proxies, who)
            ),
            Via::Trusted { proxy, named: false, .. } => format!(
                "a plain connection through the proxy {proxy} was refused: the proxy does not say whose it is. It must send X-Forwarded-For and X-Forwarded-Proto (nginx: proxy_set_header X-Forwarded-For $remote_addr;)"
            ),
            Via::Trusted { proxy, scheme_said: false, .. } => format!(
                "a connection of {who} through the proxy {proxy} was refused: the proxy does not say that it was https. It must send X-Forwarded-Proto (nginx: proxy_set_header X-Forwarded-Proto $scheme;). {plain}"
            ),
            Via::Trusted { proxy, scheme_said: true, .. } => format!(
                "a connection of {who} through the proxy {proxy} was refused: it came to the proxy as plain http. Redirect http to https there. {plain}"
            ),
        })
    }

    /// Whether a request may read the metrics: from this machine without a proxy's marks, or from an allowed network.
    ///
    /// # Errors
    /// For the log: the exact line that would allow it.
    pub fn check_metrics(&self, seen: &Seen) -> Result<(), String> {
        // A proxy on this machine that nobody told us of would open the page to everybody it serves.
        let ours = seen.here() && seen.via != Via::Untrusted;
        if ours || contains(&self.metrics, seen.address) {
            return Ok(());
        }
        Err(format!(
            "{} asked for /metrics and was refused. To allow it, put\n    allow = {}\nunder [metrics] in baton.toml",
            seen.address,
            line(&self.metrics, seen.address)
        ))
    }

    /// What to say once where a request carries a proxy's marks and comes from nobody we trust.
    pub fn stranger(&self, seen: &Seen) -> Option<String> {
        (seen.via == Via::Untrusted && seen.address.is_loopback()).then(|| {
            format!(
                "a proxy on this machine sends X-Forwarded-* and is not trusted, so all its visitors count as {}. If it is yours, put\n    trusted_proxies = {}\nunder [server] in baton.toml",
                seen.address,
                line(&self.trusted_proxies, seen.address)
            )
        })
    }
}

/// The list with one more address in it, as it stands in the file.
fn line(have: &[IpNet], more: IpAddr) -> String {
    let all = have.iter().copied().chain([IpNet::from(more)]);
    format!("[{}]", all.map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn net(text: &str) -> IpNet {
        text.parse().expect("a network")
    }

    fn direct(address: &str) -> Seen {
        Seen { address: ip(address), secure: false, via: Via::Direct }
    }

    #[test]
    fn plain_is_for_this_machine_and_for_whom_the_file_names() {
        let mut door = Door::default();
        assert!(door.check_plain(&direct("127.0.0.1")).is_ok() && door.check_plain(&direct("::1")).is_ok());
        let said = door.check_plain(&direct("192.0.2.7")).expect_err("off this machine");
        assert!(said.contains("    allow_plain = [\"192.0.2.7/32\"]\n"), "{said}");
        assert!(door.check_plain(&Seen { secure: true, ..direct("192.0.2.7") }).is_ok());
        door.allow_plain.push(net("192.0.2.0/24"));
        assert!(door.check_plain(&direct("192.0.2.7")).is_ok());
        let said = door.check_plain(&direct("2001:db8::7")).expect_err("another network");
        assert!(said.contains("[\"192.0.2.0/24\", \"2001:db8::7/128\"]"), "{said}");
    }

    #[test]
    fn each_refusal_names_what_would_mend_it() {
        let door = Door { trusted_proxies: vec![net("10.0.0.1/32")], ..Door::default() };
        let said = |via| {
            let seen = Seen { via, ..direct("192.0.2.7") };
            door.check_plain(&seen).expect_err("plain")
        };
        assert!(said(Via::Untrusted).contains("trusted_proxies = [\"10.0.0.1/32\", \"192.0.2.7/32\"]"));
        let proxy = ip("10.0.0.1");
        assert!(
            said(Via::Trusted { proxy, scheme_said: false, named: true })
                .contains("X-Forwarded-Proto $scheme")
        );
        assert!(
            said(Via::Trusted { proxy, scheme_said: true, named: true }).contains("Redirect http to https")
        );
    }

    #[test]
    fn metrics_are_not_opened_by_a_proxy_nobody_trusts() {
        let mut door = Door::default();
        assert!(door.check_metrics(&direct("127.0.0.1")).is_ok());
        assert!(door.check_metrics(&Seen { via: Via::Untrusted, ..direct("127.0.0.1") }).is_err());
        let proxy = ip("127.0.0.1");
        let through =
            |named| Seen { via: Via::Trusted { proxy, scheme_said: true, named }, ..direct("127.0.0.1") };
        assert!(door.check_metrics(&through(false)).is_err() && door.check_metrics(&through(true)).is_ok());
        let said = door.check_plain(&through(false)).expect_err("whose it is, nobody says");
        assert!(said.contains("X-Forwarded-For $remote_addr"), "{said}");
        let said = door.check_metrics(&direct("10.1.2.3")).expect_err("elsewhere");
        assert!(said.contains("allow = [\"10.1.2.3/32\"]"), "{said}");
        door.metrics.push(net("10.0.0.0/8"));
        assert!(door.check_metrics(&direct("10.1.2.3")).is_ok());
    }
}
