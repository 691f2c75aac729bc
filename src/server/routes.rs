//! What is at which address, and the two doors to WebSocket.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{
    ALLOW, CONNECTION, HeaderMap, HeaderValue, LOCATION, ORIGIN, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE, USER_AGENT,
};
use axum::http::{Response, StatusCode};
use axum::routing::{any, get};
use serde_json::json;

use super::admission::Ticket;
use super::origin::{OriginRule, check_origin};
use super::rights::Route;
use super::run::Connection;
use super::shared::Shared;
use super::{HandshakeError, agent, check_handshake, health, pages, visitor};
use crate::conversation::SiteId;
use crate::engine::SiteConfig;
use crate::protocol::{SUBPROTOCOL, WireError};

type Reply = Response<Body>;

/// All addresses.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route(Route::Healthz.path(), get(|| async { pages::text(StatusCode::OK, "ok") }))
        .route(Route::Readyz.path(), get(ready))
        .route(Route::Metrics.path(), get(numbers))
        .route(Route::Widget.path(), get(|headers: HeaderMap| async move { pages::widget(&headers) }))
        .route(Route::Demo.path(), get(|| async { to_shop() }))
        .route(Route::DemoIndex.path(), get(|headers: HeaderMap| async move { pages::shop("", &headers) }))
        .route(Route::DemoPage.path(), get(shop))
        .route(Route::Docs.path(), get(docs))
        .route(Route::Preview.path(), get(preview))
        .route(Route::Protocol.path(), get(|headers: HeaderMap| async move { pages::protocol("", &headers) }))
        .route(
            Route::ProtocolIndex.path(),
            get(|headers: HeaderMap| async move { pages::protocol("", &headers) }),
        )
        .route(Route::ProtocolPage.path(), get(protocol))
        .route(Route::AgentSocket.path(), any(agent_door))
        .route(Route::VisitorSocket.path(), any(visitor_door))
        .fallback(|| async { pages::not_found() })
        .method_not_allowed_fallback(|| async {
            pages::text(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered at this address\n")
        })
        .with_state(shared)
}

fn to_shop() -> Reply {
    let mut reply = pages::text(StatusCode::PERMANENT_REDIRECT, "/demo/\n");
    reply.headers_mut().insert(LOCATION, HeaderValue::from_static("/demo/"));
    reply
}

async fn shop(Path(path): Path<String>, headers: HeaderMap) -> Reply {
    pages::shop(&path, &headers)
}

async fn protocol(Path(path): Path<String>, headers: HeaderMap) -> Reply {
    pages::protocol(&path, &headers)
}

async fn ready(State(shared): State<Arc<Shared>>) -> Reply {
    health::ready(&shared).await
}

async fn numbers(State(shared): State<Arc<Shared>>, request: Request) -> Reply {
    let seen = request.extensions().get::<Connection>().map(|c| c.seen);
    health::numbers(&shared, seen).await
}

async fn docs(State(shared): State<Arc<Shared>>, Path(page): Path<String>) -> Reply {
    match shared.live().docs.page(page.trim_end_matches('/')).await {
        Some(page) => pages::html(StatusCode::OK, pages::help_page(&page)),
        None => pages::not_found(),
    }
}

async fn preview(State(shared): State<Arc<Shared>>, Path(site): Path<String>) -> Reply {
    let site = SiteId::new(&site).ok().and_then(|id| shared.engine.site(&id));
    let live = shared.live();
    let at = live.door.public_url.as_deref();
    site.map_or_else(pages::not_found, |site| pages::html(StatusCode::OK, pages::preview(&site, at)))
}

async fn agent_door(State(shared): State<Arc<Shared>>, mut request: Request) -> Reply {
    let accept = match check_handshake(request.method(), request.headers()) {
        Ok(handshake) => handshake.accept,
        Err(error) => return refuse_handshake(&error),
    };
    // Agents use a terminal: no page of any origin has business here.
    if request.headers().contains_key(ORIGIN) {
        shared.said.warn("a web page tried to open an agent's socket and was refused");
        shared.meters.refused("origin");
        let words = "agents connect from a terminal, not from a web page; there is no setting that allows it";
        return refuse(StatusCode::FORBIDDEN, &WireError::new("origin.forbidden", words));
    }
    let Some(ticket) = ticket(&request) else { return refuse_internal() };
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(agent::serve(shared, upgrade, ticket));
    switching(&accept)
}

async fn visitor_door(State(shared): State<Arc<Shared>>, mut request: Request) -> Reply {
    let accept = match check_handshake(request.method(), request.headers()) {
        Ok(handshake) => handshake.accept,
        Err(error) => return refuse_handshake(&error),
    };
    let site = match site_of(&shared, request.uri().query().unwrap_or("")) {
        Ok(site) => site,
        Err(refusal) => return *refusal,
    };
    let mut origins = request.headers().get_all(ORIGIN).iter();
    let origin = origins.next().map(HeaderValue::as_bytes);
    // Two origins are none that a browser sends.
    let origin = if origins.next().is_some() { Some(&b"two origins"[..]) } else { origin };
    // Pages of this server's own name (the preview, the demonstration) are ours.
    let live = shared.live();
    let own = live.door.public_url.as_deref().map(str::as_bytes);
    let rule = OriginRule { site: &site.id, origins: &site.origins, loopback: site.loopback_origins };
    let allowed = if origin.is_some() && origin == own { Ok(()) } else { check_origin(rule, origin) };
    if let Err(hint) = allowed {
        shared.said.warn(&hint);
        shared.meters.refused("origin");
        return refuse(StatusCode::FORBIDDEN, &WireError::new("origin.forbidden", hint));
    }
    let Some(ticket) = ticket(&request) else { return refuse_internal() };
    let address = request.extensions().get::<Connection>().map(|c| c.seen.address);
    let upgrade = hyper::upgrade::on(&mut request);
    // A claim like the rest of what a visitor tells; bytes that are no text are replaced, not refused.
    let user_agent =
        request.headers().get(USER_AGENT).map(|ua| String::from_utf8_lossy(ua.as_bytes()).into_owned());
    tokio::spawn(visitor::serve(shared, site, upgrade, user_agent, address, ticket));
    switching(&accept)
}

/// The site a visitor's address names. Site ids need no escapes, so an escaped one is none of ours.
fn site_of(shared: &Shared, query: &str) -> Result<Arc<SiteConfig>, Box<Reply>> {
    let Some(named) = query.split('&').find_map(|pair| pair.strip_prefix("site=")) else {
        let words = "the address names no site; it has the form /ws/visitor?site=ID";
        return Err(Box::new(refuse(StatusCode::BAD_REQUEST, &WireError::new("site.missing", words))));
    };
    SiteId::new(named).ok().and_then(|id| shared.engine.site(&id)).ok_or_else(|| {
        let words = "there is no such site on this server; sites stand in baton.toml as [[site]]";
        Box::new(refuse(StatusCode::NOT_FOUND, &WireError::new("site.unknown", words)))
    })
}

fn ticket(request: &Request) -> Option<Arc<Ticket>> {
    request.extensions().get::<Connection>().map(|c| c.ticket.clone())
}

fn switching(accept: &str) -> Reply {
    let mut reply = Response::new(Body::empty());
    *reply.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = reply.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    headers.insert(SEC_WEBSOCKET_ACCEPT, HeaderValue::from_str(accept).expect("base64 is a header value"));
    reply
}

fn refuse(status: StatusCode, error: &WireError) -> Reply {
    pages::json(status, &json!({ "error": error }))
}

fn refuse_internal() -> Reply {
    refuse(StatusCode::INTERNAL_SERVER_ERROR, &WireError::internal())
}

fn refuse_handshake(error: &HandshakeError) -> Reply {
    let wire = WireError::new(error.code(), error.to_string()).with(json!({ "protocols": [SUBPROTOCOL] }));
    let mut reply = pages::json(error.status(), &json!({ "error": wire, "protocols": [SUBPROTOCOL] }));
    let headers = reply.headers_mut();
    match error {
        HandshakeError::Method => {
            headers.insert(ALLOW, HeaderValue::from_static("GET"));
        }
        HandshakeError::NotAnUpgrade | HandshakeError::WebSocketVersion => {
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        HandshakeError::Key | HandshakeError::Protocol => {}
    }
    reply
}
