//! What each of the five questions takes, and why it takes nothing else.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use crate::conversation::SiteId;
use crate::knowledge;
use crate::server::{is_loopback_origin, normal_origin};

/// Longest name of a site and of an agent, in characters.
const NAME: usize = 64;

/// Everything `baton init` needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answers {
    pub(super) name: String,
    pub(super) id: SiteId,
    /// As given; none: no docs yet.
    pub(super) docs: Option<PathBuf>,
    /// None: pages on this machine only.
    pub(super) origin: Option<String>,
    pub(super) reached: Reached,
    pub(super) agent: String,
}

/// Where the server is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reached {
    /// Where to listen; none: the default.
    pub(super) listen: Option<SocketAddr>,
    /// Where browsers find it.
    pub(super) public_url: Option<String>,
}

/// A name on one line.
pub(super) fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > NAME || text.chars().any(char::is_control) {
        return Err(format!("a name has 1 to {NAME} characters on one line"));
    }
    Ok(text.to_owned())
}

/// The id a name makes: `Café Noir` is `cafe-noir`.
pub(super) fn id_of(name: &str) -> SiteId {
    let plain: String = name
        .nfkd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).collect();
    let mut id = words.join("-");
    id.truncate(40);
    SiteId::new(id.trim_end_matches('-'))
        .unwrap_or_else(|_| SiteId::new("site").expect("a plain word is an id"))
}

/// A folder with pages that can be answered from; empty: none yet.
pub(super) fn docs(text: &str) -> Result<Option<PathBuf>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let folder = Path::new(text);
    knowledge::load_dir(folder).map(|_| Some(folder.to_owned())).map_err(|e| e.to_string())
}

/// The origin of a page; a page's whole address is taken for its origin. Empty: pages on this machine only.
pub(super) fn origin(text: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let page = text.split_once("://").and_then(|(scheme, rest)| {
        let (host, path) = rest.split_at(rest.find('/')?);
        // Where somebody wrote `user@` or `*`, say so rather than guess.
        (!path.is_empty()).then(|| format!("{scheme}://{host}"))
    });
    normal_origin(page.as_deref().unwrap_or(text)).map(Some).map_err(str::to_owned)
}

/// Whether an origin is a page on this machine.
pub(super) fn is_here(origin: Option<&str>) -> bool {
    origin.is_none_or(is_loopback_origin)
}

/// `HOST:PORT` to listen on, or the `https://…` browsers find the server at.
pub(super) fn reached(text: &str) -> Result<Reached, String> {
    if text.contains("://") {
        return Ok(Reached { listen: None, public_url: Some(public_url(text)?) });
    }
    Ok(Reached { listen: Some(listen(text)?), public_url: None })
}

/// An address to listen on.
pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    let wrong = || {
        format!(
            "“{}” is no address to listen on; it looks like 127.0.0.1:7842, or 0.0.0.0:7842 for everybody",
            text.escape_debug()
        )
    };
    let listen: SocketAddr = text.trim().parse().map_err(|_| wrong())?;
    if listen.port() == 0 {
        Err("port 0 is another one at every start; choose one".into())
    } else {
        Ok(listen)
    }
}

/// An address browsers find the server at.
pub(super) fn public_url(text: &str) -> Result<String, String> {
    let text = text.trim().trim_end_matches('/');
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match host {
        Some(host) if !host.contains('/') => normal_origin(text).map_err(str::to_owned),
        Some(_) => Err("give the server's address without a path, such as https://chat.example.com".into()),
        None => Err("an address begins with https:// or http://, such as https://chat.example.com".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_make_ids() {
        for (name, id) in [
            ("Example Shop", "example-shop"),
            ("Café Noir & Söhne", "cafe-noir-sohne"),
            ("  -- ", "site"),
            ("你好", "site"),
            ("ACME 2", "acme-2"),
        ] {
            assert_eq!(id_of(name).as_str(), id);
        }
        assert!(id_of(&"long ".repeat(30)).as_str().len() <= 40);
    }

    #[test]
    fn a_page_is_taken_for_its_origin_and_nonsense_for_nothing() {
        let taken = |text: &str| origin(text).expect(text);
        assert_eq!(taken("https://Shop.example.com/help?x=1#y").as_deref(), Some("https://shop.example.com"));
        assert_eq!(taken("https://shop.example.com:443").as_deref(), Some("https://shop.example.com"));
        assert_eq!(taken("http://localhost:3000/").as_deref(), Some("http://localhost:3000"));
        assert_eq!(taken(" "), None);
        for bad in ["shop.example.com", "*", "https://*.example.com", "https://me@example.com/", "ftp://a/"] {
            assert!(origin(bad).is_err(), "{bad}");
        }
        assert!(
            is_here(None) && is_here(Some("http://localhost:3000")) && !is_here(Some("https://a.example"))
        );
    }

    #[test]
    fn an_address_is_to_listen_on_or_to_be_found_at() {
        let at = |text: &str| reached(text).expect(text);
        assert_eq!(at("0.0.0.0:80").listen, Some("0.0.0.0:80".parse().expect("an address")));
        assert_eq!(at("https://Chat.example.com/").public_url.as_deref(), Some("https://chat.example.com"));
        for bad in ["80", "0.0.0.0:0", "chat.example.com", "https://", "https://a/b", "wss://a"] {
            assert!(reached(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn docs_are_tried() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().to_str().expect("UTF-8");
        assert!(docs(path).expect_err("empty").contains("holds no usable page"));
        std::fs::write(dir.path().join("a.md"), "# A\n\nWords.").expect("written");
        assert_eq!(docs(path).expect("a page"), Some(dir.path().to_owned()));
        assert!(docs("no/such/folder").expect_err("missing").contains("does not exist"));
        assert_eq!(docs("").expect("none"), None);
    }
}
