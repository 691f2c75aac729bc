//! How a server is reached from outside, as `baton.toml` says it: the seam to what stands before the server.
//!
//! Read from the text and not from the parsed configuration, so that this holds whatever the server itself knows of
//! these keys. `public_url` and `trusted_proxies` are looked for below `[server]`, and at the top.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// What the file says about addresses, proxies and certificates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Internet {
    /// Where visitors' browsers find the server: `https://chat.example.com`, without a slash at the end.
    pub public_url: Option<String>,
    /// Addresses or networks of proxies that are believed.
    pub trusted_proxies: Vec<String>,
    /// Certificate and key, as paths that can be opened.
    pub tls: Option<Tls>,
    /// Whether there is a `[mail]` table.
    pub mail: bool,
}

/// The server's own certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The chain.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Internet {
    /// Reads a configuration's text; `file` is what paths in it are relative to. A text that is no TOML says nothing.
    pub fn read(file: &Path, text: &str) -> Self {
        let table: Table = text.parse().unwrap_or_default();
        let server = table.get("server").and_then(Value::as_table);
        let find = |key: &str| server.and_then(|server| server.get(key)).or_else(|| table.get(key));
        let base = file.parent().unwrap_or(Path::new(""));
        let word = |value: &Value| value.as_str().map(str::to_owned);
        let tls = find("tls").and_then(Value::as_table).and_then(|tls| {
            let path = |names: [&str; 3]| {
                names
                    .iter()
                    .find_map(|name| tls.get(*name))
                    .and_then(Value::as_str)
                    .map(|path| base.join(path))
            };
            Some(Tls {
                certificate: path(["certificate", "cert", "certificate_file"])?,
                key: path(["key", "private_key", "key_file"])?,
            })
        });
        Self {
            public_url: find("public_url")
                .and_then(word)
                .map(|url| url.trim_end_matches('/').to_owned())
                .filter(|url| !url.is_empty()),
            trusted_proxies: find("trusted_proxies")
                .and_then(Value::as_array)
                .map(|list| list.iter().filter_map(word).collect())
                .unwrap_or_default(),
            tls,
            mail: table.contains_key("mail"),
        }
    }

    /// The address a page on the internet names, else the one this machine reaches `listen` at.
    pub fn base(&self, listen: SocketAddr) -> String {
        self.public_url.clone().unwrap_or_else(|| local(listen))
    }
}

/// How this machine reaches a server that listens there: without TLS also where the server has a certificate, which names
/// no loopback address.
pub fn local(listen: SocketAddr) -> String {
    let host = match listen {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => "127.0.0.1".to_owned(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => "[::1]".to_owned(),
        SocketAddr::V4(v4) => v4.ip().to_string(),
        SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
    };
    format!("http://{host}:{}", listen.port())
}

/// The WebSocket form of an address: `wss://…` for `https://…`.
pub fn socket(base: &str) -> String {
    base.strip_prefix("http").map_or_else(|| base.to_owned(), |rest| format!("ws{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_found_where_they_may_stand() {
        let text = "public_url = \"https://a.example/\"\n[server]\ntrusted_proxies = [\"10.0.0.1\"]\n[tls]\ncertificate = \"c.pem\"\nkey = \"/k.pem\"\n";
        let found = Internet::read(Path::new("etc/baton.toml"), text);
        assert_eq!(found.public_url.as_deref(), Some("https://a.example"));
        assert_eq!(found.trusted_proxies, ["10.0.0.1"]);
        let tls = found.tls.clone().expect("a certificate");
        assert_eq!((tls.certificate, tls.key), ("etc/c.pem".into(), "/k.pem".into()));
        assert_eq!(found.base("127.0.0.1:1".parse().expect("an address")), "https://a.example");
        assert_eq!(Internet::read(Path::new("b.toml"), "no toml ="), Internet::default());
    }

    #[test]
    fn this_machine_reaches_what_listens_everywhere() {
        let base = |listen: &str| Internet::default().base(listen.parse().expect("an address"));
        assert_eq!(base("0.0.0.0:80"), "http://127.0.0.1:80");
        assert_eq!(base("[::]:80"), "http://[::1]:80");
        assert_eq!(base("10.1.2.3:80"), "http://10.1.2.3:80");
        assert_eq!(socket("https://a.example"), "wss://a.example");
    }
}
