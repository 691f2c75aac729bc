//! The link back: a page of the site that has the widget, with a pass in its fragment, which browsers send to nobody.
//!
//! Invariant: the page is the site owner's: the configured one, or one whose origin the site allows. What page a visitor says
//! they are on is a claim, and a mail from the company must not lead anywhere else; its query goes, too, since it may be made
//! to do anything.

use reqwest::Url;

use crate::engine::SiteConfig;

/// The name of the pass in the fragment; the widget looks for it.
pub const FRAGMENT: &str = "baton-chat";

/// The page a link leads to; none: no page of the site is known. `own`: the configured one; `page`: where the visitor says
/// they are.
pub fn page(site: &SiteConfig, own: Option<&Url>, page: Option<&str>) -> Option<Url> {
    if let Some(own) = own {
        return Some(own.clone());
    }
    let claimed = page.and_then(|page| claimed(site, page));
    let first = || Url::parse(site.origins.first()?).ok();
    claimed.or_else(first)
}

fn claimed(site: &SiteConfig, page: &str) -> Option<Url> {
    let mut url = Url::parse(page).ok()?;
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let origin = url.origin().ascii_serialization();
    let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let ours = site.origins.contains(&origin) || (site.loopback_origins && loopback);
    if !ours {
        return None;
    }
    url.set_query(None);
    Some(url)
}

/// The address with a pass.
pub fn with_pass(mut page: Url, pass: &str) -> Url {
    page.set_fragment(Some(&format!("{FRAGMENT}={pass}")));
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::SiteId;

    fn site(origins: &[&str], loopback: bool) -> SiteConfig {
        SiteConfig {
            id: SiteId::new("shop").expect("valid"),
            name: "Shop".into(),
            greeting: String::new(),
            origins: origins.iter().map(|o| (*o).to_owned()).collect(),
            loopback_origins: loopback,
            settings: Default::default(),
            policy: Default::default(),
            index: Default::default(),
        }
    }

    #[test]
    fn a_link_leads_to_the_sites_own_pages_only() {
        let shop = site(&["https://shop.example", "https://www.shop.example"], false);
        let at = |p: &str| page(&shop, None, Some(p)).expect("a page").to_string();
        assert_eq!(
            at("https://www.shop.example/help?to=//evil.example#x"),
            "https://www.shop.example/help#x"
        );
        for hostile in [
            "https://evil.example/",
            "https://shop.example.evil.example/",
            "https://shop.example@evil.example/",
            "https://user:pw@shop.example/",
            "http://shop.example/",
            "https://shop.example:8443/",
            "javascript:alert(1)",
            "data:text/html,x",
            "http://localhost/",
            "",
            "\r\nBcc: x@evil.example",
        ] {
            assert_eq!(at(hostile), "https://shop.example/", "{hostile}");
        }
        let own = Url::parse("https://help.example/chat?x=1").expect("a page");
        assert_eq!(
            page(&shop, Some(&own), Some("https://shop.example/a")),
            Some(own),
            "the owner's word counts"
        );
        assert_eq!(page(&site(&[], false), None, Some("https://shop.example/")), None);
        let demo = site(&[], true);
        let local = page(&demo, None, Some("http://127.0.0.1:8080/demo/")).expect("loopback");
        assert_eq!(with_pass(local, "l1.a.b").as_str(), "http://127.0.0.1:8080/demo/#baton-chat=l1.a.b");
    }
}
