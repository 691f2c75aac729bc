//! How many sockets there may be: in all, and from one address. Counted at the TCP connection, before any byte is read.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use crate::protocol::Limits;

/// Whose sockets are counted together: an IPv4 address, or the /64 of an IPv6 address (one customer's line). Loopback is
/// counted by nobody: whoever is on this machine has other ways to use it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Peer {
    V4([u8; 4]),
    V6([u8; 8]),
}

impl Peer {
    fn of(addr: IpAddr) -> Option<Peer> {
        let addr = addr.to_canonical();
        if addr.is_loopback() {
            return None;
        }
        Some(match addr {
            IpAddr::V4(v4) => Peer::V4(v4.octets()),
            IpAddr::V6(v6) => {
                let mut net = [0; 8];
                net.copy_from_slice(&v6.octets()[..8]);
                Peer::V6(net)
            }
        })
    }
}

/// Why a connection is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// Too many in all.
    Server,
    /// Too many from this address.
    Address,
}

impl Full {
    /// As the metrics name it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Full::Server => "server_full",
            Full::Address => "address_full",
        }
    }
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    by_peer: HashMap<Peer, usize>,
}

/// The door. Clones of the returned [`Ticket`]s keep it from being forgotten: when the last is gone, `closed` ends.
#[derive(Debug)]
pub(super) struct Admission {
    counts: Mutex<Counts>,
    limit: AtomicUsize,
    per_address: AtomicUsize,
    alive: mpsc::Sender<()>,
}

/// One counted connection; dropped, it counts no more.
#[derive(Debug)]
pub(super) struct Ticket {
    door: Arc<Admission>,
    peer: Option<Peer>,
    /// The proxy's connection this one came on.
    of: Option<Arc<Ticket>>,
    _alive: mpsc::Sender<()>,
}

impl Admission {
    /// A door, and a receiver that ends once it and all its tickets are dropped.
    pub(super) fn new(limits: &Limits) -> (Arc<Self>, mpsc::Receiver<()>) {
        let (alive, ended) = mpsc::channel(1);
        let door = Self {
            counts: Mutex::default(),
            limit: AtomicUsize::new(limits.sockets),
            per_address: AtomicUsize::new(limits.sockets_per_address),
            alive,
        };
        (Arc::new(door), ended)
    }

    /// Other limits from now on; who is in stays in.
    pub(super) fn set(&self, limits: &Limits) {
        self.limit.store(limits.sockets, Ordering::Relaxed);
        self.per_address.store(limits.sockets_per_address, Ordering::Relaxed);
    }

    /// Lets a connection in, or says why not. `proxy`: it is a trusted proxy's, and counts for no address; the requests on
    /// it do, by [`Admission::behind`].
    pub(super) fn enter(self: &Arc<Self>, addr: IpAddr, proxy: bool) -> Result<Arc<Ticket>, Full> {
        let peer = if proxy { None } else { Peer::of(addr) };
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.all >= self.limit.load(Ordering::Relaxed) {
            return Err(Full::Server);
        }
        self.count(&mut counts, peer)?;
        counts.all += 1;
        drop(counts);
        Ok(Arc::new(Ticket { door: self.clone(), peer, of: None, _alive: self.alive.clone() }))
    }

    /// Counts a request that came through a proxy for the address it is of; held as long as the request, or the socket it
    /// became, lasts.
    pub(super) fn behind(self: &Arc<Self>, proxy: Arc<Ticket>, addr: IpAddr) -> Result<Arc<Ticket>, Full> {
        let peer = Peer::of(addr);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        self.count(&mut counts, peer)?;
        drop(counts);
        Ok(Arc::new(Ticket { door: self.clone(), peer, of: Some(proxy), _alive: self.alive.clone() }))
    }

    fn count(&self, counts: &mut Counts, peer: Option<Peer>) -> Result<(), Full> {
        let Some(peer) = peer else { return Ok(()) };
        let n = counts.by_peer.entry(peer).or_insert(0);
        if *n >= self.per_address.load(Ordering::Relaxed) {
            return Err(Full::Address);
        }
        *n += 1;
        Ok(())
    }

    /// Connections that are open.
    pub(super) fn open(&self) -> usize {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).all
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut counts = self.door.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if self.of.is_none() {
            counts.all = counts.all.saturating_sub(1);
        }
        if let Some(peer) = self.peer
            && let Some(n) = counts.by_peer.get_mut(&peer)
        {
            *n -= 1;
            if *n == 0 {
                counts.by_peer.remove(&peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(s: &str) -> IpAddr {
        s.parse().expect("a written-out address")
    }

    fn door(sockets: usize, sockets_per_address: usize) -> Arc<Admission> {
        Admission::new(&Limits { sockets, sockets_per_address, ..Limits::default() }).0
    }

    #[test]
    fn one_address_has_its_share_and_gets_it_back() {
        let door = door(100, 2);
        let a = door.enter(ip("192.0.2.1"), false).expect("first");
        let _b = door.enter(ip("::ffff:192.0.2.1"), false).expect("second, written as IPv6");
        assert_eq!(door.enter(ip("192.0.2.1"), false).map(drop), Err(Full::Address));
        assert!(door.enter(ip("192.0.2.2"), false).is_ok());
        drop(a);
        assert!(door.enter(ip("192.0.2.1"), false).is_ok());
    }

    #[test]
    fn a_v6_line_is_one_address() {
        let door = door(100, 1);
        let _a = door.enter(ip("2001:db8:0:1::1"), false).expect("first");
        assert_eq!(door.enter(ip("2001:db8:0:1:ffff::2"), false).map(drop), Err(Full::Address));
        assert!(door.enter(ip("2001:db8:0:2::1"), false).is_ok());
    }

    #[test]
    fn loopback_has_no_share_but_the_whole_has_an_end() {
        let door = door(3, 1);
        let all: Vec<_> =
            ["127.0.0.1", "127.0.0.1", "::1"].map(|a| door.enter(ip(a), false).expect("room")).into();
        assert_eq!(door.enter(ip("127.0.0.1"), false).map(drop), Err(Full::Server));
        drop(all);
        assert!(door.enter(ip("127.0.0.1"), false).is_ok());
        assert!(door.counts.lock().expect("no panic above").by_peer.is_empty());
    }

    #[test]
    fn who_comes_through_a_proxy_counts_for_themselves() {
        let door = door(100, 1);
        let proxy = door.enter(ip("10.0.0.1"), true).expect("the proxy");
        let other = door.enter(ip("10.0.0.1"), true).expect("a proxy has many connections");
        let a = door.behind(proxy.clone(), ip("192.0.2.1")).expect("the first of an address");
        assert_eq!(door.behind(other.clone(), ip("192.0.2.1")).map(drop), Err(Full::Address));
        assert_eq!(door.enter(ip("192.0.2.1"), false).map(drop), Err(Full::Address));
        assert!(door.behind(other, ip("192.0.2.2")).is_ok());
        assert_eq!(door.open(), 1, "a request on a connection is no other connection");
        drop((a, proxy));
        assert_eq!(door.open(), 0);
        assert!(door.enter(ip("192.0.2.1"), false).is_ok());
    }

    #[test]
    fn other_limits_hold_from_now_on() {
        let door = door(1, 1);
        let _a = door.enter(ip("192.0.2.1"), false).expect("the first");
        assert_eq!(door.enter(ip("192.0.2.2"), false).map(drop), Err(Full::Server));
        door.set(&Limits { sockets: 3, sockets_per_address: 2, ..Limits::default() });
        assert!(door.enter(ip("192.0.2.1"), false).is_ok());
    }
}
