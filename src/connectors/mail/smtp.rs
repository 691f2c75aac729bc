//! One mail handed to the mail server, and what that came to.
//!
//! The connection is driven by hand, stage by stage: only a refusal of *this mail* gives it up; a mail server that does not
//! answer, has no TLS or does not take our password concerns every mail, and is tried again. And what counts is the "250"
//! after the mail: a server that says nothing to our goodbye afterwards changes nothing.

use std::fmt;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::timeout;

use crate::text::Untrusted;

/// Time for the connection, TLS and the password together.
const GREETING: Duration = Duration::from_secs(60);
/// Time for the mail itself. RFC 5321, 4.5.3.2 allows a server ten minutes for its last word.
const HANDOVER: Duration = Duration::from_secs(600);
/// Time for a goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// How the link is protected.
#[derive(Clone)]
pub enum Tls {
    /// Not at all.
    None,
    /// From the first byte.
    Whole(TlsParameters),
    /// By STARTTLS, and not without.
    Start(TlsParameters),
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tls::None => "none",
            Tls::Whole(_) => "tls",
            Tls::Start(_) => "starttls",
        })
    }
}

/// A mail server.
#[derive(Clone)]
pub struct Smtp {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the link is protected.
    pub tls: Tls,
    /// Name and password, if it wants any.
    pub login: Option<(String, String)>,
    /// Longest time for a connection, and for a mail; shorter in tests.
    pub patience: (Duration, Duration),
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the password.
        let user = self.login.as_ref().map(|(user, _)| user);
        let mut s = f.debug_struct("Smtp");
        s.field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("user", &user)
            .finish()
    }
}

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The mail server took it.
    Taken,
    /// Not now; the reason on one line.
    Again(String),
    /// Never; the reason on one line.
    Refused(String),
}

impl Smtp {
    /// A mail server with the usual patience.
    pub fn new(host: String, port: u16, tls: Tls, login: Option<(String, String)>) -> Self {
        Self { host, port, tls, login, patience: (GREETING, HANDOVER) }
    }

    /// Hands a mail over.
    pub async fn deliver(&self, envelope: &Envelope, mail: &[u8]) -> Outcome {
        let mut link = match timeout(self.patience.0, self.connect()).await {
            Ok(Ok(link)) => link,
            Ok(Err(why)) => return Outcome::Again(why),
            Err(_) => {
                let place = format!("{}:{}", self.host, self.port);
                return Outcome::Again(format!("the mail server {place} did not answer in time"));
            }
        };
        let outcome = match timeout(self.patience.1, link.send(envelope, mail)).await {
            Ok(Ok(_)) => Outcome::Taken,
            Ok(Err(error)) => judged(&error),
            Err(_) => Outcome::Again("the mail server took too long over the mail".into()),
        };
        if timeout(GOODBYE, link.abort()).await.is_err() {
            tracing::debug!("the mail server did not say goodbye");
        }
        outcome
    }

    /// Connects, protects the link and signs in, and goes away again.
    ///
    /// # Errors
    /// What stands in the way, on one line.
    pub async fn check(&self) -> Result<(), String> {
        let mut link = match timeout(self.patience.0, self.connect()).await {
            Ok(link) => link?,
            Err(_) => {
                return Err(format!("the mail server {}:{} did not answer in time", self.host, self.port));
            }
        };
        let _ = timeout(GOODBYE, link.abort()).await;
        Ok(())
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, String> {
        let place = format!("{}:{}", self.host, self.port);
        let hello = ClientId::default();
        let whole = match &self.tls {
            Tls::Whole(tls) => Some(tls.clone()),
            Tls::None | Tls::Start(_) => None,
        };
        let server = (self.host.as_str(), self.port);
        let connected = AsyncSmtpConnection::connect_tokio1(server, None, &hello, whole, None).await;
        let mut link =
            connected.map_err(|e| format!("the mail server {place} cannot be used: {}", words(&e)))?;
        if let Tls::Start(tls) = &self.tls {
            if !link.can_starttls() {
                link.abort().await;
                return Err(format!(
                    "the mail server {place} offers no STARTTLS, and nothing is sent in the clear; try tls = \"tls\" with its port (465)"
                ));
            }
            let upgraded = link.starttls(tls.clone(), &hello).await;
            upgraded.map_err(|e| format!("no TLS with the mail server {place}: {}", words(&e)))?;
        }
        if let Some((user, password)) = &self.login {
            let login = Credentials::new(user.clone(), password.clone());
            let done = link.auth(DEFAULT_MECHANISMS, &login).await;
            done.map_err(|e| {
                format!("the mail server {place} does not take the user and password: {}", words(&e))
            })?;
        }
        Ok(link)
    }
}

fn judged(error: &lettre::transport::smtp::Error) -> Outcome {
    let code = error.status().map(u16::from);
    match code {
        // It wants a password, another one, or TLS: our configuration's fault, not this mail's.
        Some(530 | 534 | 535 | 538) => Outcome::Again(words(error)),
        _ if error.is_permanent() => Outcome::Refused(words(error)),
        // The address or the text cannot be sent by this server at all.
        _ if error.is_client() => Outcome::Refused(words(error)),
        _ => Outcome::Again(words(error)),
    }
}

/// An error on one line: the mail server's own words, where it said any.
fn words(error: &lettre::transport::smtp::Error) -> String {
    let mut words = match (error.status(), std::error::Error::source(error)) {
        (Some(code), Some(said)) => format!("{code} {said}"),
        (Some(code), None) => code.to_string(),
        (None, _) if error.is_response() => {
            "it ended the connection in the middle, or spoke no SMTP".to_owned()
        }
        (None, Some(cause)) => cause.to_string(),
        (None, None) => error.to_string(),
    };
    let mut cause = std::error::Error::source(error).and_then(std::error::Error::source);
    while let Some(deeper) = cause {
        words = format!("{words}: {deeper}");
        cause = deeper.source();
    }
    let flat: Vec<&str> = words.split_whitespace().collect();
    Untrusted::new(flat.join(" ")).log().to_string()
}
