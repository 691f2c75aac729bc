//! What a service manager does for a server: hands over a listening socket (`LISTEN_FDS`) and is told how it goes
//! (`NOTIFY_SOCKET`). Where there is none, nothing happens.

use listenfd::ListenFd;
use tokio::net::TcpListener;

use super::Failure;

/// The socket that was handed over, if any: the first of them, which has to be TCP.
pub(super) fn socket() -> Result<Option<TcpListener>, Failure> {
    let wrong = |e: std::io::Error| {
        Failure::Refused(format!(
            "the socket handed over by the service manager is no TCP socket to listen on ({e}); the .socket unit needs ListenStream=HOST:PORT"
        ))
    };
    let mut handed = ListenFd::from_env();
    if handed.len() == 0 {
        return Ok(None);
    }
    let Some(socket) = handed.take_tcp_listener(0).map_err(wrong)? else { return Ok(None) };
    socket.set_nonblocking(true).map_err(wrong)?;
    TcpListener::from_std(socket).map(Some).map_err(wrong)
}

/// Tells that requests are taken from now on.
pub(super) fn ready() {
    tell(&[sd_notify::NotifyState::Ready]);
}

/// Tells that the server is on its way down.
pub(super) fn stopping() {
    tell(&[sd_notify::NotifyState::Stopping]);
}

fn tell(state: &[sd_notify::NotifyState<'_>]) {
    // Without NOTIFY_SOCKET this does nothing.
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
