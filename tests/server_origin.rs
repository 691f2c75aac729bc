//! Which pages may open a visitor socket: forty-odd forms of `Origin` against three sites.
#![allow(clippy::unwrap_used, clippy::panic)]

use baton::conversation::SiteId;
use baton::server::{OriginRule, check_origin, is_loopback_origin, normal_origin};

fn allowed(origins: &[&str], loopback: bool, origin: Option<&str>) -> bool {
    let origins: Vec<String> = origins.iter().map(|o| (*o).to_owned()).collect();
    let site = SiteId::new("shop").unwrap();
    check_origin(OriginRule { site: &site, origins: &origins, loopback }, origin.map(str::as_bytes)).is_ok()
}

const SHOP: &[&str] = &["https://shop.example.com", "http://intranet:8080", "https://xn--bcher-kva.example"];

#[test]
fn only_the_configured_origins_byte_for_byte() {
    for good in SHOP {
        assert!(allowed(SHOP, false, Some(good)), "{good}");
    }
    assert!(allowed(SHOP, false, None), "no browser");
    for bad in [
        "",
        "null",
        "file://",
        "https://shop.example.com/",
        "https://shop.example.com:443",
        "https://shop.example.com:8443",
        "http://shop.example.com",
        "https://SHOP.example.com",
        "HTTPS://shop.example.com",
        "https://shop.example.com.",
        "https://shop.example.com.evil.example",
        "https://evil-shop.example.com",
        "https://evil.example/https://shop.example.com",
        "https://evil.example#https://shop.example.com",
        "https://shop.example.com@evil.example",
        "https://user@shop.example.com",
        "https://sub.shop.example.com",
        "https://example.com",
        "https://com",
        "https://shop.example.com evil",
        " https://shop.example.com",
        "https://shop.example.com ",
        "https://shop.example.com, https://evil.example",
        "https://shop.example.com\\.evil.example",
        "https://shop%2eexample.com",
        "//shop.example.com",
        "shop.example.com",
        "http://intranet",
        "http://intranet:80",
        "http://intranet:08080",
        "https://intranet:8080",
        "https://bücher.example",
        "https://xn--bcher-kva.example.evil.example",
        "chrome-extension://abcdefghijklmnop",
        "moz-extension://abc",
        "data:text/html,x",
        "javascript:alert(1)",
        "*",
        "https://*",
        "http://localhost",
        "http://127.0.0.1:3000",
        "http://[::1]",
    ] {
        assert!(!allowed(SHOP, false, Some(bad)), "{bad:?} was let in");
    }
    let site = SiteId::new("shop").unwrap();
    let rule = OriginRule { site: &site, origins: &[], loopback: true };
    assert!(check_origin(rule, Some(b"http://localhost\xff")).is_err(), "bytes that are no text");
}

#[test]
fn loopback_is_this_machine_and_nothing_that_looks_like_it() {
    for good in [
        "http://localhost",
        "http://localhost:1",
        "http://localhost:65535",
        "http://127.0.0.1",
        "http://127.0.0.1:3000",
        "http://[::1]",
        "http://[::1]:8080",
    ] {
        assert!(is_loopback_origin(good), "{good}");
        assert!(allowed(&[], true, Some(good)), "{good}");
        assert!(!allowed(&[], false, Some(good)), "{good}");
    }
    for bad in [
        "https://localhost",
        "http://localhost.evil.example",
        "http://localhost:",
        "http://localhost:0",
        "http://localhost:80a",
        "http://localhost:65536",
        "http://localhost:+80",
        "http://localhost:080",
        "http://localhost:80:80",
        "http://localhost/",
        "http://localhost@evil.example",
        "http://LOCALHOST",
        "http://127.0.0.1.evil.example",
        "http://127.1",
        "http://2130706433",
        "http://0.0.0.0",
        "http://[::1].evil.example",
        "http://[::ffff:127.0.0.1]",
        "http://::1",
        "null",
    ] {
        assert!(!is_loopback_origin(bad), "{bad}");
        assert!(!allowed(&[], true, Some(bad)), "{bad}");
    }
}

#[test]
fn a_refusal_gives_the_line_that_would_allow_it() {
    let site = SiteId::new("shop").unwrap();
    let origins = ["https://a.example".to_owned()];
    let rule = OriginRule { site: &site, origins: &origins, loopback: false };
    let hint = check_origin(rule, Some(b"https://b.example")).unwrap_err();
    assert!(hint.contains(r#"origins = ["https://a.example", "https://b.example"]"#), "{hint}");
    assert!(hint.contains(r#"[[site]] id = "shop""#), "{hint}");
    let hint = check_origin(rule, Some(b"http://localhost:8000")).unwrap_err();
    assert!(hint.contains("loopback_origins = true"), "{hint}");
    // The hint, followed, works; a stranger's text is not repeated.
    assert!(allowed(&["https://a.example", "https://b.example"], false, Some("https://b.example")));
    for hostile in ["https://x\u{1b}[2J", "https://x\"]\norigins = [\"*", "null", "https://B.example"] {
        let hint = check_origin(rule, Some(hostile.as_bytes())).unwrap_err();
        assert!(!hint.contains(hostile), "{hint}");
        assert!(!hint.contains("origins = ["), "{hint}");
    }
}

#[test]
fn origins_in_the_configuration_are_put_into_the_form_browsers_send() {
    for (written, normal) in [
        ("https://shop.example.com", "https://shop.example.com"),
        ("https://Shop.Example.com/", "https://shop.example.com"),
        ("HTTPS://shop.example.com:443", "https://shop.example.com"),
        ("http://intranet:80", "http://intranet"),
        ("http://intranet:8080", "http://intranet:8080"),
        ("http://[2001:db8::1]:8080", "http://[2001:db8::1]:8080"),
        ("http://[::1]", "http://[::1]"),
    ] {
        assert_eq!(normal_origin(written).as_deref(), Ok(normal), "{written}");
    }
    for bad in [
        "*",
        "",
        "shop.example.com",
        "https://",
        "https://*.example.com",
        "https://a/b",
        "https://a?b",
        "ftp://a",
        "https://bücher.example",
        "https://a:b",
        "https://a:0",
        "https://a:70000",
        "https://u@a",
        "https://a..b",
        "null",
        "https://::1",
    ] {
        assert!(normal_origin(bad).is_err(), "{bad}");
    }
}
