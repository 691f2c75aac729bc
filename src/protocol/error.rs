//! Errors on the wire: clients switch on `code` and `retryable` alone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::conversation::Rejection;

/// A refusal or a fault. Never carries a path, SQL or a secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("{message}")]
pub struct WireError {
    /// `area.reason`.
    pub code: String,
    /// For a person: what happened, what is safe, what to do next.
    pub message: String,
    /// Whether the same request may succeed later without a change.
    pub retryable: bool,
    /// More, by code: `retry_after_ms`, `by`, `field`, …
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub details: Value,
}

impl WireError {
    /// A refusal that stays.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), retryable: false, details: Value::Null }
    }

    /// A refusal that may go away by itself.
    pub fn retryable(code: &str, message: impl Into<String>) -> Self {
        Self { retryable: true, ..Self::new(code, message) }
    }

    /// With details.
    pub fn with(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    /// The request was no request of ours.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new("request.malformed", message)
    }

    /// Too fast: try again after `ms`.
    pub fn rate_limited(ms: u64) -> Self {
        Self::retryable("rate.limited", format!("too fast; the same request is welcome in {ms} ms"))
            .with(json!({ "retry_after_ms": ms }))
    }

    /// The server's own fault. The cause is in the server's log, not here.
    pub fn internal() -> Self {
        Self::retryable(
            "server.fault",
            "the server could not do that; nothing was changed. Try again, and tell whoever runs the server if it stays",
        )
    }
}

impl From<&Rejection> for WireError {
    fn from(rejection: &Rejection) -> Self {
        let details = match (rejection, rejection.names()) {
            (Rejection::AtCapacity { active, limit }, _) => json!({ "active": active, "limit": limit }),
            (_, Some(by)) => json!({ "by": { "id": by.id, "name": by.name } }),
            (_, None) => Value::Null,
        };
        Self::new(rejection.code(), rejection.to_string()).with(details)
    }
}
