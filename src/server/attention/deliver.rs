//! One delivery: signed as Standard Webhooks has it (https://www.standardwebhooks.com), tried again with growing waits
//! under the same id, and given up with a word in the log.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Client, StatusCode, Url, redirect};
use sha2::Sha256;

use super::Secret;
use super::plan::Delivery;
use crate::server::shared::now;

/// Attempts at one delivery. With the waits between them they last a minute or so; a wait that goes on rings anew.
const ATTEMPTS: u32 = 6;
/// Longest time for a connection, and for a whole exchange.
const CONNECT: Duration = Duration::from_secs(5);
const EXCHANGE: Duration = Duration::from_secs(15);
/// Read of an answer's body, so that the connection may be used again; the rest is cut.
const ANSWER: usize = 16 * 1024;

/// A client for webhooks: no redirect is followed, nothing is waited for long.
///
/// # Errors
/// The system's certificates cannot be used.
pub(super) fn client() -> reqwest::Result<Client> {
    // A provider that is there already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT)
        .timeout(EXCHANGE)
        .pool_max_idle_per_host(2)
        .user_agent(concat!("baton/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Sends until it arrives or is given up; gives the delivery back. `first_wait`: after the first failure.
pub(super) async fn deliver(
    client: Client,
    url: Url,
    secret: Secret,
    delivery: Delivery,
    first_wait: Duration,
) -> Delivery {
    let mut wait = first_wait;
    for attempt in 1..=ATTEMPTS {
        let why = match once(&client, &url, &secret, &delivery).await {
            Ok(()) => return delivery,
            Err(Failed::Gone) => {
                tracing::error!(host = url.host_str(), id = %delivery.id, "a webhook says 410 gone; this delivery is dropped");
                return delivery;
            }
            Err(Failed::Again(why)) => why,
        };
        if attempt == ATTEMPTS {
            tracing::error!(
                host = url.host_str(), id = %delivery.id, conversation = %delivery.conversation, %why,
                "a webhook could not be told and this delivery is given up"
            );
        } else {
            tracing::warn!(host = url.host_str(), id = %delivery.id, attempt, %why, "a webhook could not be told; trying again");
            tokio::time::sleep(jittered(wait)).await;
            wait *= 3;
        }
    }
    delivery
}

enum Failed {
    Gone,
    Again(String),
}

async fn once(client: &Client, url: &Url, secret: &Secret, delivery: &Delivery) -> Result<(), Failed> {
    let timestamp = now().0 / 1000;
    let request = client
        .post(url.clone())
        .header("content-type", "application/json")
        .header("webhook-id", &delivery.id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", signature(secret, &delivery.id, timestamp, &delivery.body))
        .body(delivery.body.clone());
    // Without the address: it may hold a key of its own.
    let mut answer = request.send().await.map_err(|e| Failed::Again(reason(&e.without_url())))?;
    let status = answer.status();
    let mut read = 0;
    while read < ANSWER
        && let Ok(Some(part)) = answer.chunk().await
    {
        read += part.len();
    }
    match status {
        StatusCode::GONE => Err(Failed::Gone),
        status if status.is_success() => Ok(()),
        status if status.is_redirection() => Err(Failed::Again(format!(
            "it redirects ({status}), which is not followed; configure the final address"
        ))),
        status => Err(Failed::Again(format!("it answered {status}"))),
    }
}

fn reason(error: &reqwest::Error) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        words = format!("{words}: {deeper}");
        cause = deeper.source();
    }
    words
}

/// `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
fn signature(secret: &Secret, id: &str, timestamp: i64, body: &str) -> String {
    let mut mac =
        <Hmac<Sha256> as KeyInit>::new_from_slice(secret.bytes()).expect("HMAC takes keys of any length");
    for part in [id, ".", &timestamp.to_string(), ".", body] {
        mac.update(part.as_bytes());
    }
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// Half to one and a half of a wait, so that many do not come back at once.
fn jittered(wait: Duration) -> Duration {
    let random = (uuid::Uuid::new_v4().as_u128() & 0xffff) as f64 / 65_536.0;
    wait.mul_f64(0.5 + random)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification's reference libraries.
    #[test]
    fn the_signature_is_the_specifications() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
        let signed =
            signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
