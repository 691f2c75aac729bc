//! How many sockets there may be: in all, and from one address. Counted at the TCP connection, before any byte is read.

use std::collections::HashMap;
use std::net::IpAddr;
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

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    by_peer: HashMap<Peer, usize>,
}

/// The door. Clones of the returned [`Ticket`]s keep it from being forgotten: when the last is gone, `closed` ends.
#[derive(Debug)]
pub(super) struct Admission {
    counts: Mutex<Counts>,
    limit: usize,
    per_address: usize,
    alive: mpsc::Sender<()>,
}

/// One counted connection; dropped, it counts no more.
#[derive(Debug)]
pub(super) struct Ticket {
    door: Arc<Admission>,
    peer: Option<Peer>,
    _alive: mpsc::Sender<()>,
}

impl Admission {
    /// A door, and a receiver that ends once it and all its tickets are dropped.
    pub(super) fn new(limits: &Limits) -> (Arc<Self>, mpsc::Receiver<()>) {
        let (alive, ended) = mpsc::channel(1);
        let door = Self {
            counts: Mutex::default(),
            limit: limits.sockets,
            per_address: limits.sockets_per_address,
            alive,
        };
        (Arc::new(door), ended)
    }

    /// Lets a connection in, or says why not.
    pub(super) fn enter(self: &Arc<Self>, addr: IpAddr) -> Result<Arc<Ticket>, Full> {
        let peer = Peer::of(addr);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.all >= self.limit {
            return Err(Full::Server);
        }
        if let Some(peer) = peer {
            let n = counts.by_peer.entry(peer).or_insert(0);
            if *n >= self.per_address {
                return Err(Full::Address);
            }
            *n += 1;
        }
        counts.all += 1;
        drop(counts);
        Ok(Arc::new(Ticket { door: self.clone(), peer, _alive: self.alive.clone() }))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut counts = self.door.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all = counts.all.saturating_sub(1);
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
        let a = door.enter(ip("192.0.2.1")).expect("first");
        let _b = door.enter(ip("::ffff:192.0.2.1")).expect("second, written as IPv6");
        assert_eq!(door.enter(ip("192.0.2.1")).map(drop), Err(Full::Address));
        assert!(door.enter(ip("192.0.2.2")).is_ok());
        drop(a);
        assert!(door.enter(ip("192.0.2.1")).is_ok());
    }

    #[test]
    fn a_v6_line_is_one_address() {
        let door = door(100, 1);
        let _a = door.enter(ip("2001:db8:0:1::1")).expect("first");
        assert_eq!(door.enter(ip("2001:db8:0:1:ffff::2")).map(drop), Err(Full::Address));
        assert!(door.enter(ip("2001:db8:0:2::1")).is_ok());
    }

    #[test]
    fn loopback_has_no_share_but_the_whole_has_an_end() {
        let door = door(3, 1);
        let all: Vec<_> = ["127.0.0.1", "127.0.0.1", "::1"].map(|a| door.enter(ip(a)).expect("room")).into();
        assert_eq!(door.enter(ip("127.0.0.1")).map(drop), Err(Full::Server));
        drop(all);
        assert!(door.enter(ip("127.0.0.1")).is_ok());
        assert!(door.counts.lock().expect("no panic above").by_peer.is_empty());
    }
}
