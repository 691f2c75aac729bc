//! The start that both sockets have in common: hello, and a bounded wait for the first request.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::link::{End, Incoming, Link};
use super::shared::{Shared, now};
use crate::protocol::{CloseCode, Control, SUBPROTOCOL};

/// Frames somebody unknown may send before `auth`, pings included.
const FRAMES: u8 = 16;

/// A peer that has been greeted and not said who it is.
pub(super) struct Stranger<'a> {
    pub(super) link: &'a mut Link,
    deadline: Instant,
    draining: watch::Receiver<bool>,
    frames: u8,
}

impl<'a> Stranger<'a> {
    /// Says hello; from now on the time for `auth` runs.
    pub(super) async fn greet(link: &'a mut Link, shared: &Shared) -> Result<Self, End> {
        let limits = shared.limits();
        link.control(&Control::Hello {
            protocols: vec![SUBPROTOCOL.to_owned()],
            heartbeat_ms: limits.heartbeat_ms,
            max_frame: limits.frame_bytes,
            server_time: now(),
        })
        .await?;
        let deadline = Instant::now() + Duration::from_millis(limits.auth_ms);
        Ok(Self { link, deadline, draining: shared.draining.clone(), frames: 0 })
    }

    /// The next text, while there is time.
    pub(super) async fn text(&mut self) -> Result<Utf8Bytes, End> {
        loop {
            self.frames += 1;
            if self.frames > FRAMES {
                return Err(End::Close(CloseCode::ProtocolError, "the first request is auth"));
            }
            let next = timeout_at(self.deadline, async {
                tokio::select! {
                    incoming = self.link.next() => incoming,
                    _ = self.draining.changed() => {
                        Incoming::Ended(End::Close(CloseCode::Restart, "the server restarts"))
                    }
                }
            });
            match next.await {
                Err(_) => return Err(End::Close(CloseCode::AuthFailed, "no auth came in time")),
                Ok(Incoming::Ended(end)) => return Err(end),
                Ok(Incoming::Alive) => {}
                Ok(Incoming::Text(text)) => return Ok(text),
            }
        }
    }
}
