//! Alive, ready, and the numbers: `/healthz`, `/readyz`, `/metrics`.
//!
//! Alive means that this process answers: restart it if not. Ready means that it takes work: the store can be written and
//! the server is not on its way down; send nobody new if not. They are apart because a restart mends no full disk.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{Response, StatusCode};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::door::Seen;
use super::shared::Shared;
use super::{metrics, pages};

/// How long an answer about the store holds: strangers may ask, and the store is not theirs to wear out.
const FRESH: Duration = Duration::from_secs(1);
/// How long the store may take to say that it can be written.
const PATIENCE: Duration = Duration::from_secs(3);

/// What was last found out about the store.
#[derive(Debug, Default)]
pub(super) struct Readiness(Mutex<Option<(Instant, Result<(), String>)>>);

impl Readiness {
    async fn store(&self, shared: &Shared) -> Result<(), String> {
        // One at a time: who comes meanwhile gets the same answer.
        let mut last = self.0.lock().await;
        if let Some((at, found)) = &*last
            && at.elapsed() < FRESH
        {
            return found.clone();
        }
        let found = match timeout(PATIENCE, shared.engine.probe()).await {
            Ok(found) => found.map_err(|e| e.to_string()),
            Err(_) => Err("the store does not answer".to_owned()),
        };
        if let Err(why) = &found {
            shared.said.warn(&format!("not ready: {why}"));
        }
        *last = Some((Instant::now(), found.clone()));
        found
    }
}

/// `/readyz`.
pub(super) async fn ready(shared: &Shared) -> Response<Body> {
    if shared.is_draining() || shared.engine.stopping() {
        return pages::text(StatusCode::SERVICE_UNAVAILABLE, "draining\n");
    }
    match shared.readiness.store(shared).await {
        Ok(()) => pages::text(StatusCode::OK, "ready\n"),
        // The cause is in the log; strangers may read this.
        Err(_) => pages::text(StatusCode::SERVICE_UNAVAILABLE, "the store cannot be written\n"),
    }
}

/// `/metrics`.
pub(super) async fn numbers(shared: &Shared, seen: Option<Seen>) -> Response<Body> {
    let live = shared.live();
    let allowed = seen.map_or(Err(String::new()), |seen| live.door.check_metrics(&seen));
    if let Err(words) = allowed {
        shared.said.warn(&words);
        return pages::text(
            StatusCode::FORBIDDEN,
            "the metrics are for those named in baton.toml, [metrics] allow\n",
        );
    }
    let connections = shared.admission.upgrade().map_or(0, |a| a.open());
    match shared.meters.page(&shared.engine, connections, shared.is_draining()).await {
        Ok(page) => {
            let mut reply = pages::text(StatusCode::OK, page);
            reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(metrics::KIND));
            reply
        }
        Err(error) => {
            tracing::error!(%error, "the metrics could not be read");
            pages::text(StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read\n")
        }
    }
}
