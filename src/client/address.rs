//! A server's address: `https://host` or `http://host:port`, and what follows from it.

use std::fmt;

use tokio_tungstenite::tungstenite::http::Uri;

/// A checked address of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Whether by TLS.
    secure: bool,
    /// `host` or `host:port`, as given; an IPv6 host in brackets.
    authority: String,
    /// What stands before `/ws/…`; empty or starting with a slash.
    prefix: String,
}

/// Why a text is no address of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// It does not look like one.
    #[error(
        "“{0}” is no address of a Baton server; it looks like https://chat.example.com or http://127.0.0.1:8080"
    )]
    Malformed(String),
}

impl Address {
    /// Reads `https://host[:port][/prefix]` or `http://…` (`wss://…` and `ws://…` mean the same).
    ///
    /// # Errors
    /// [`BadAddress`]: it is none.
    pub fn parse(text: &str) -> Result<Self, BadAddress> {
        let malformed =
            || BadAddress::Malformed(text.chars().take(100).flat_map(char::escape_debug).collect());
        let uri: Uri = text.trim().parse().map_err(|_| malformed())?;
        let secure = match uri.scheme_str() {
            Some("http" | "ws") => false,
            Some("https" | "wss") => true,
            _ => return Err(malformed()),
        };
        let authority = uri.authority().ok_or_else(malformed)?.as_str();
        if authority.contains('@') || uri.query().is_some() || uri.host().is_none_or(str::is_empty) {
            return Err(malformed());
        }
        Ok(Self {
            secure,
            authority: authority.to_ascii_lowercase(),
            prefix: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    /// The WebSocket address of a path such as `/ws/agent`.
    pub fn socket(&self, path: &str) -> String {
        let scheme = if self.secure { "wss" } else { "ws" };
        format!("{scheme}://{}{}{path}", self.authority, self.prefix)
    }

    /// The address with a path, for a browser.
    pub fn page(&self, path: &str) -> String {
        format!("{self}{path}")
    }

    /// The address as a folder name: letters, digits, dots and hyphens stay, all else becomes `_`. The same with and
    /// without TLS: drafts stay with a server that turns it on.
    pub fn folder(&self) -> String {
        let name: String = format!("{}{}", self.authority, self.prefix)
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' })
            .collect();
        // A name of dots alone would be a way out of the folder.
        if name.trim_matches('.').is_empty() { "_".into() } else { name }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_paste() {
        for (given, socket) in [
            ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/ws/agent"),
            ("http://LOCALHOST:8080/", "ws://localhost:8080/ws/agent"),
            ("ws://[::1]:9", "ws://[::1]:9/ws/agent"),
            ("http://example.com/chat/", "ws://example.com/chat/ws/agent"),
            (" http://a:1 \n", "ws://a:1/ws/agent"),
            ("https://Chat.Example.com", "wss://chat.example.com/ws/agent"),
            ("wss://a:1/b", "wss://a:1/b/ws/agent"),
        ] {
            let address = Address::parse(given).expect(given);
            assert_eq!(address.socket("/ws/agent"), socket);
        }
    }

    #[test]
    fn refuses_with_a_reason() {
        let secure = Address::parse("wss://a/b/").expect("an address");
        assert_eq!(
            (secure.to_string(), secure.page("/demo/")),
            ("https://a/b".into(), "https://a/b/demo/".into())
        );
        for bad in
            ["", "a", "localhost:8080", "ftp://a", "http://", "http://u@a", "http://a?x=1", "http://a b"]
        {
            assert!(matches!(Address::parse(bad), Err(BadAddress::Malformed(_))), "{bad}");
        }
        let said = BadAddress::Malformed("x".into()).to_string();
        assert!(said.contains("http://127.0.0.1:8080"));
        let Err(hostile) = Address::parse("\u{1b}]0;x") else { unreachable!("not an address") };
        assert!(!hostile.to_string().contains('\u{1b}'));
    }

    #[test]
    fn a_folder_name_has_no_way_out() {
        let folder = |s: &str| Address::parse(s).expect(s).folder();
        assert_eq!(folder("http://127.0.0.1:80"), "127.0.0.1_80");
        assert_eq!(folder("http://[::1]:80/a/../b"), "___1__80_a_.._b");
        assert!(!folder("http://../..").contains('/'));
    }
}
