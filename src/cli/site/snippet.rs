//! What to put on a page, and what a page with a content security policy has to allow.

use crate::conversation::SiteId;
use crate::doctor::internet;

/// The line for a page.
pub(in crate::cli) fn tag(base: &str, site: &SiteId) -> String {
    format!("<script async src=\"{base}/widget.js\" data-site=\"{site}\"></script>")
}

/// What a page's `Content-Security-Policy` must name besides what it has. The widget brings its styles as a constructed
/// sheet, which needs no `style-src`.
pub(super) fn policy(base: &str) -> String {
    let origin = origin(base);
    format!("script-src {origin}; connect-src {}", internet::socket(origin))
}

/// Scheme and authority: policies name no path but match by prefix, and the socket stands beside the script.
fn origin(base: &str) -> &str {
    let host = base.find("://").map_or(0, |at| at + 3);
    base[host..].find('/').map_or(base, |slash| &base[..host + slash])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_the_server_twice() {
        assert_eq!(
            policy("https://chat.example.com"),
            "script-src https://chat.example.com; connect-src wss://chat.example.com"
        );
        assert_eq!(policy("http://a:1/chat"), "script-src http://a:1; connect-src ws://a:1");
        let site = SiteId::new("shop").expect("an id");
        assert_eq!(
            tag("http://a:1", &site),
            "<script async src=\"http://a:1/widget.js\" data-site=\"shop\"></script>"
        );
    }
}
