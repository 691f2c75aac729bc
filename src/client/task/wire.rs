//! The wire as the loop sees it: waiting, opening, up, or stopped; and what it says next.

use std::future::Future;
use std::pin::Pin;

use tokio::time::{Instant, sleep_until};

use crate::client::socket::Broken;
use crate::client::up::Up;
use crate::protocol::AgentAuthOk;

pub(super) type Opening = Pin<Box<dyn Future<Output = Result<(Up, AgentAuthOk), Broken>> + Send>>;

pub(super) enum Wire {
    Waiting(Instant),
    Opening(Opening),
    Up(Box<Up>),
    Stopped,
}

pub(super) enum Heard {
    Due,
    Opened(Box<(Up, AgentAuthOk)>),
    Frame(String),
    Broken(Broken),
}

impl Wire {
    /// Cancel-safe: an opening stays where it is, a socket keeps what it has read.
    pub(super) async fn next(&mut self) -> Heard {
        match self {
            Wire::Waiting(until) => {
                sleep_until(*until).await;
                Heard::Due
            }
            Wire::Opening(opening) => match opening.await {
                Ok(opened) => Heard::Opened(Box::new(opened)),
                Err(broken) => Heard::Broken(broken),
            },
            Wire::Up(up) => match up.socket.next().await {
                Ok(text) => Heard::Frame(text),
                Err(broken) => Heard::Broken(broken),
            },
            Wire::Stopped => std::future::pending().await,
        }
    }
}
