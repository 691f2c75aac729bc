//! A relay between a client and the server that can be cut: as a whole, or after so many bytes.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct Shared {
    down: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
    /// Bytes each connection from now on may carry to the client; none: as many as it likes.
    budgets: Mutex<Option<Box<dyn FnMut() -> usize + Send>>>,
    cuts: AtomicUsize,
}

/// The relay; its port stays the same.
pub struct Relay {
    shared: Arc<Shared>,
    pub port: u16,
}

impl Relay {
    /// To this port of this machine.
    pub fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let inside = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if !inside.down.load(Ordering::SeqCst)
                    && let Ok(server) = TcpStream::connect(("127.0.0.1", server))
                {
                    carry(&inside, client, server);
                }
            }
        });
        Self { shared, port }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Every connection ends, and none is taken.
    pub fn cut(&self) {
        self.shared.down.store(true, Ordering::SeqCst);
        for stream in self.shared.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Connections are taken again.
    pub fn mend(&self) {
        self.shared.down.store(false, Ordering::SeqCst);
    }

    /// From now on each connection is cut after so many bytes to the client, in the middle of whatever is under way.
    pub fn cut_after(&self, budget: impl FnMut() -> usize + Send + 'static) {
        *self.shared.budgets.lock().unwrap() = Some(Box::new(budget));
    }

    /// Connections that were cut after their bytes.
    pub fn cuts(&self) -> usize {
        self.shared.cuts.load(Ordering::SeqCst)
    }
}

fn carry(shared: &Arc<Shared>, client: TcpStream, server: TcpStream) {
    for stream in [&client, &server] {
        stream.set_nodelay(true).unwrap();
        shared.open.lock().unwrap().push(stream.try_clone().unwrap());
    }
    // A cut that came between the look and the list is made good here.
    if shared.down.load(Ordering::SeqCst) {
        let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
    }
    let budget = shared.budgets.lock().unwrap().as_mut().map(|next| next());
    let (to_server, from_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    std::thread::spawn(move || copy(from_client, to_server, None));
    let shared = Arc::clone(shared);
    std::thread::spawn(move || {
        if copy(server, client, budget) {
            shared.cuts.fetch_add(1, Ordering::SeqCst);
        }
    });
}

/// Copies until an end, or until the budget is used up (then true); either way both ends are closed.
fn copy(mut from: TcpStream, mut to: TcpStream, budget: Option<usize>) -> bool {
    let mut left = budget.unwrap_or(usize::MAX);
    let mut buffer = [0; 4096];
    while left > 0 {
        let most = left.min(buffer.len());
        match from.read(&mut buffer[..most]) {
            Ok(n) if n > 0 && to.write_all(&buffer[..n]).is_ok() => left -= n,
            _ => break,
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    left == 0
}
