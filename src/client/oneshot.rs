//! Connect, sign in, ask one or several things, leave: what the commands use.
//!
//! Invariant: a request is answered, refused, or reported as unreachable. Where the link breaks under it, it is asked
//! again on a new one; whatever changes something carries a client id, so it has one effect all the same.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout_at};

use super::backoff::{self, Backoff};
use super::socket::{Broken, Socket, read_frame};
use super::{Address, BadAddress};
use crate::protocol::{AgentAuth, AgentAuthOk, AgentOp, Control, Frame, Range, WireError};

/// How long a request may take in all, with reconnects and waits.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long reaching the server may take at the start: a command answers soon, also in the negative.
const REACH: Duration = Duration::from_secs(10);

/// Why a request was not done.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OneshotError {
    /// The address is none.
    #[error(transparent)]
    Address(#[from] BadAddress),
    /// No server there, or none that answers.
    #[error("the server at {address} cannot be reached: {why}")]
    Unreachable {
        /// Where.
        address: String,
        /// Why.
        why: String,
    },
    /// The server said no.
    #[error(transparent)]
    Refused(WireError),
}

/// A signed-in connection for requests, without presence.
#[derive(Debug)]
pub struct Session {
    address: Address,
    token: String,
    instance: String,
    socket: Option<Socket>,
    welcome: AgentAuthOk,
    next_id: u64,
}

impl Session {
    /// Connects and signs in as `cli/<version>`.
    ///
    /// # Errors
    /// See [`OneshotError`]; a wrong token is `Refused`.
    pub async fn open(url: &str, token: &str) -> Result<Self, OneshotError> {
        let address = Address::parse(url)?;
        let instance = uuid::Uuid::new_v4().simple().to_string();
        let (socket, welcome) = open(&address, token, &instance).await.map_err(|b| failed(&address, b))?;
        Ok(Self { address, token: token.to_owned(), instance, socket: Some(socket), welcome, next_id: 0 })
    }

    /// The answer to the sign-in.
    pub fn welcome(&self) -> &AgentAuthOk {
        &self.welcome
    }

    /// Asks and waits for the answer. Where the server says "later", or the link breaks, it is asked again, for at most
    /// half a minute.
    ///
    /// # Errors
    /// See [`OneshotError`].
    pub async fn request(&mut self, op: &AgentOp) -> Result<Value, OneshotError> {
        let until = Instant::now() + PATIENCE;
        let mut backoff = Backoff::default();
        loop {
            let asked = timeout_at(until, self.try_once(op)).await;
            let failure = match asked {
                Ok(Ok(Ok(value))) => return Ok(value),
                Ok(Ok(Err(error))) if !error.retryable => return Err(OneshotError::Refused(error)),
                Ok(Ok(Err(error))) => OneshotError::Refused(error),
                Ok(Err(broken)) => {
                    self.socket = None;
                    let stop = broken.then == Range::Stop;
                    let failure = failed(&self.address, broken);
                    if stop {
                        return Err(failure);
                    }
                    failure
                }
                Err(_) => {
                    let why = "no answer within 30 s".to_owned();
                    return Err(OneshotError::Unreachable { address: self.address.to_string(), why });
                }
            };
            let told = match &failure {
                OneshotError::Refused(e) => e.details.get("retry_after_ms").and_then(Value::as_u64),
                _ => None,
            };
            let wait =
                told.map_or_else(|| backoff.next(Range::BackOff, backoff::random()), Duration::from_millis);
            if Instant::now() + wait >= until {
                return Err(failure);
            }
            sleep(wait).await;
        }
    }

    /// As [`Session::request`], read into a type.
    ///
    /// # Errors
    /// See [`OneshotError`]; an answer of another shape is `Unreachable`: what answers is no Baton of this version.
    pub async fn get<T: DeserializeOwned>(&mut self, op: &AgentOp) -> Result<T, OneshotError> {
        let value = self.request(op).await?;
        serde_json::from_value(value).map_err(|e| OneshotError::Unreachable {
            address: self.address.to_string(),
            why: format!("its answer is not of this version's protocol: {e}"),
        })
    }

    async fn try_once(&mut self, op: &AgentOp) -> Result<Result<Value, WireError>, Broken> {
        let socket = match &mut self.socket {
            Some(socket) => socket,
            None => {
                let (socket, welcome) = open(&self.address, &self.token, &self.instance).await?;
                self.welcome = welcome;
                self.socket.insert(socket)
            }
        };
        self.next_id += 1;
        let id = format!("r{}", self.next_id);
        if !socket.fits(&id, op) {
            let why = "this is too long for the server; split it. Nothing was sent";
            return Ok(Err(WireError::new("message.too_long", why)));
        }
        socket.request(&id, op)?;
        loop {
            let text = socket.next().await?;
            match read_frame(&text)? {
                Some(Frame::Res { id: answers, ok, d, error, .. }) if answers == id => {
                    return Ok(if ok { Ok(d) } else { Err(error.unwrap_or_else(WireError::internal)) });
                }
                Some(Frame::Ctl(value)) => {
                    if let Ok(Control::Heartbeat { .. }) = serde_json::from_value(value) {
                        socket.beat()?;
                    }
                }
                _ => {}
            }
        }
    }

    /// Says goodbye.
    pub async fn close(mut self) {
        if let Some(socket) = self.socket.take() {
            socket.goodbye().await;
        }
    }
}

async fn open(address: &Address, token: &str, instance: &str) -> Result<(Socket, AgentAuthOk), Broken> {
    let auth = AgentOp::Auth(AgentAuth {
        token: token.to_owned(),
        client: concat!("cli/", env!("CARGO_PKG_VERSION")).to_owned(),
        instance: instance.to_owned(),
        resume: None,
    });
    let opened = async {
        let mut socket = Socket::dial(&address.socket("/ws/agent")).await?;
        let answer = socket.sign_in(&auth).await?;
        let welcome = serde_json::from_value(answer)
            .map_err(|e| Broken::stop(format!("its answer to the sign-in is not of this protocol: {e}")))?;
        Ok((socket, welcome))
    };
    timeout_at(Instant::now() + REACH, opened)
        .await
        .unwrap_or_else(|_| Err(Broken::back_off("it did not answer within 10 s")))
}

/// A wrong token is a refusal; everything else that keeps us out means that the server cannot be reached.
fn failed(address: &Address, broken: Broken) -> OneshotError {
    match broken {
        Broken { error: Some(error), then: Range::Stop, .. } => OneshotError::Refused(error),
        Broken { why, code: Some(code), .. } if (4200..4203).contains(&code) => {
            OneshotError::Refused(WireError::new("auth.failed", why))
        }
        Broken { why, .. } => OneshotError::Unreachable { address: address.to_string(), why },
    }
}
