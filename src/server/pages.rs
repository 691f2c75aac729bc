//! Files in the binary, and the pages made of them: the widget, the demonstration shop, the preview, the protocol's
//! documents. What is not in the binary cannot be asked for: there is no path to the disk here.

use axum::body::{Body, Bytes};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
    IF_NONE_MATCH, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Response, StatusCode};
use include_dir::{Dir, File, include_dir};
use sha2::{Digest, Sha256};

use super::docs::{DocsBook, Page};
use super::markdown::escape;
use crate::engine::SiteConfig;

static WIDGET: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/assets/widget");
static SHOP: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/assets/demo/site");
/// What stands around the shop's help pages.
static FRAME: &str = include_str!("../../assets/demo/help.html");
static PROTOCOL: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/assets/protocol");

/// Our pages load what this server has and nothing else; nobody frames them.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self' ws: wss:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// An answer, with the headers every answer has.
pub(super) fn reply(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::from(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// A short text.
pub(super) fn text(status: StatusCode, words: impl Into<String>) -> Response<Body> {
    reply(status, "text/plain; charset=utf-8", words.into())
}

/// A page of ours.
pub(super) fn html(status: StatusCode, page: String) -> Response<Body> {
    reply(status, "text/html; charset=utf-8", page)
}

/// JSON.
pub(super) fn json(status: StatusCode, value: &serde_json::Value) -> Response<Body> {
    reply(status, "application/json", value.to_string())
}

pub(super) fn not_found() -> Response<Body> {
    text(StatusCode::NOT_FOUND, "there is nothing at this address\n")
}

pub(super) fn widget(headers: &HeaderMap) -> Response<Body> {
    let Some(file) = WIDGET.get_file("widget.js") else { return not_found() };
    let mut response = unless_known(headers, file);
    // The one file other people's pages load.
    let h = response.headers_mut();
    h.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
    h.insert(HeaderName::from_static("access-control-allow-origin"), HeaderValue::from_static("*"));
    response
}

/// A file of the demonstration shop, or the text of one of its help pages.
pub(super) fn shop(path: &str, headers: &HeaderMap) -> Response<Body> {
    if let Some(bytes) = path.strip_prefix("docs/").and_then(DocsBook::shipped_source) {
        return reply(StatusCode::OK, "text/markdown; charset=utf-8", bytes);
    }
    let path = if path.is_empty() { "index.html" } else { path };
    match SHOP.get_file(path).filter(|f| !hidden(f)) {
        Some(file) => unless_known(headers, file),
        None => not_found(),
    }
}

/// The protocol's documents, or a list of them.
pub(super) fn protocol(path: &str, headers: &HeaderMap) -> Response<Body> {
    if path.is_empty() {
        let mut names: Vec<_> =
            PROTOCOL.files().filter(|f| !hidden(f)).map(|f| f.path().to_string_lossy()).collect();
        names.sort();
        return json(StatusCode::OK, &serde_json::json!({ "documents": names }));
    }
    match PROTOCOL.get_file(path).filter(|f| !hidden(f)) {
        Some(file) => unless_known(headers, file),
        None => not_found(),
    }
}

/// A help page, in the shop's frame where it is the shop's.
pub(super) fn help_page(page: &Page) -> String {
    if page.shipped { in_frame(FRAME, page) } else { bare(page, "") }
}

/// Puts a page into a frame. The page goes in last, so that a mark in its own words stays words.
fn in_frame(frame: &str, page: &Page) -> String {
    frame.replacen("{title}", &escape(&page.title), 1).replacen("{page}", &page.body, 1)
}

fn bare(page: &Page, head: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<style>body{{font:16px/1.6 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#1c1c1c;background:#fff}}table{{border-collapse:collapse}}td,th{{border:1px solid #ccc;padding:.3rem .6rem;text-align:left}}pre{{white-space:pre-wrap}}</style>\n{head}</head>\n<body>\n<main>\n{}</main>\n</body>\n</html>\n",
        escape(&page.title),
        page.body,
    )
}

/// A bare page with a site's widget, to try it before it goes live.
pub(super) fn preview(site: &SiteConfig, public_url: Option<&str>) -> String {
    let at = escape(public_url.unwrap_or("https://THIS-SERVER"));
    let id = escape(site.id.as_str());
    let name = escape(&site.name);
    let body = format!(
        "<h1>{name}: preview</h1>\n<p>The chat of this site stands in the corner, as on your own pages. What you write here is a real conversation: it reaches the assistant and, if you ask for a person, the team's queue.</p>\n<p>To put it on a page of yours, add this line to it:</p>\n<pre>&lt;script async src=&quot;{at}/widget.js&quot; data-site=&quot;{id}&quot;&gt;&lt;/script&gt;</pre>\n<p>If the chat does not appear, the browser's console says why, and the server's log names the line of baton.toml that allows this page.</p>\n"
    );
    let page = Page { title: format!("{}: preview", site.name), body, shipped: false };
    bare(&page, &format!("<script async src=\"/widget.js\" data-site=\"{id}\"></script>\n"))
}

fn hidden(file: &File<'_>) -> bool {
    file.path().file_name().is_none_or(|n| n.to_string_lossy().starts_with('.'))
}

/// The file, or "you have it already".
fn unless_known(headers: &HeaderMap, file: &'static File<'static>) -> Response<Body> {
    let kind = match file.path().extension().and_then(|e| e.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    };
    let digest = Sha256::digest(file.contents());
    let tag: String = digest.iter().take(12).map(|b| format!("{b:02x}")).collect();
    let tag = format!("\"{tag}\"");
    let known = headers.get_all(IF_NONE_MATCH).iter().any(|v| v.to_str().is_ok_and(|v| v.contains(&tag)));
    let mut response = if known {
        reply(StatusCode::NOT_MODIFIED, kind, Bytes::new())
    } else {
        reply(StatusCode::OK, kind, file.contents())
    };
    response.headers_mut().insert(ETAG, HeaderValue::from_str(&tag).expect("hexadecimal digits in quotes"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_put_into_the_frame() {
        let page = Page { title: "A & B".into(), body: "<p>words</p>".into(), shipped: true };
        let html = help_page(&page);
        assert!(html.contains("<title>A &amp; B · Varnholt</title>"), "{html}");
        assert!(html.contains("<article id=\"doc\">\n<p>words</p></article>"), "{html}");
        assert!(!html.contains("{title}") && !html.contains("{page}"), "{html}");
        let bare = help_page(&Page { shipped: false, ..page });
        assert!(bare.contains("<p>words</p>") && !bare.contains("Varnholt"), "{bare}");
    }
}
