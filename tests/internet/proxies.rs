//! The configuration blocks in `assets/deploy/`, with the proxies they are for: page, widget, a visitor's and an agent's
//! socket by TLS, the visitor's true address, and a server that restarts behind them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::door::elsewhere;
use super::host::{Host, certificate, until, visitor_says};

/// A proxy's process; ended when dropped.
struct Proxy(Child);

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

fn there(command: &str) -> bool {
    let found = Command::new(command).arg("-h").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        eprintln!("skipped: {command} is not on this machine");
    }
    found
}

fn block(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/deploy").join(name)).unwrap()
}

/// Replaces what a person replaces; each of it has to be there.
fn set(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the block has no {from:?} any more");
        text.replace(from, to)
    })
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

const BEHIND: &str = "[server]\npublic_url = \"https://localhost\"\ntrusted_proxies = [\"127.0.0.1\", \"::1\"]\n[limits]\nsockets_per_address = 1\n";

fn server() -> Host {
    let host = Host::start(BEHIND);
    certificate(host.dir.path(), "site", &["localhost", "127.0.0.1"]);
    host
}

fn nginx(host: &Host, port: u16) -> Proxy {
    let plain = free_port();
    let path = |name: &str| host.path(name).display().to_string();
    let server = set(
        &block("nginx.conf"),
        &[
            ("server 127.0.0.1:7842;", &format!("server 127.0.0.1:{};", host.port())),
            ("listen 80;", &format!("listen 127.0.0.1:{plain};")),
            ("listen [::]:80;", ""),
            ("listen 443 ssl;", &format!("listen 0.0.0.0:{port} ssl;")),
            ("listen [::]:443 ssl;", ""),
            ("server_name chat.example.com;", "server_name localhost;"),
            ("/etc/ssl/chat.example.com/fullchain.pem", &path("site.pem")),
            ("/etc/ssl/chat.example.com/privkey.pem", &path("site.key")),
        ],
    );
    let whole = format!(
        "daemon off;\nmaster_process off;\npid {0}/nginx.pid;\nerror_log {0}/nginx.log;\nevents {{}}\nhttp {{\naccess_log off;\nclient_body_temp_path {0}/n1;\nproxy_temp_path {0}/n2;\nfastcgi_temp_path {0}/n3;\nuwsgi_temp_path {0}/n4;\nscgi_temp_path {0}/n5;\n{server}\n}}\n",
        host.dir.path().display()
    );
    fs::write(host.path("nginx.conf"), whole).unwrap();
    let child =
        Command::new("nginx").arg("-c").arg(host.path("nginx.conf")).stderr(Stdio::null()).spawn().unwrap();
    up(port, host, "nginx.log");
    // Plain http is sent on to https.
    let (head, _) = super::door::http(&format!("127.0.0.1:{plain}"), "/demo/", &[]);
    assert!(head.starts_with("HTTP/1.1 308") && head.contains("https://"), "{head}");
    Proxy(child)
}

fn caddy(host: &Host, port: u16) -> Proxy {
    let path = |name: &str| host.path(name).display().to_string();
    let site = set(
        &block("Caddyfile"),
        &[
            (
                "\nchat.example.com {\n",
                &format!(
                    "\nhttps://localhost:{port}, https://{}:{port} {{\n\ttls {} {}\n",
                    elsewhere().unwrap_or([127, 0, 0, 1].into()),
                    path("site.pem"),
                    path("site.key")
                ),
            ),
            ("reverse_proxy 127.0.0.1:7842", &format!("reverse_proxy 127.0.0.1:{}", host.port())),
        ],
    );
    let whole = format!("{{\n\tadmin off\n\tauto_https off\n\tdefault_sni localhost\n}}\n{site}");
    fs::write(host.path("Caddyfile"), whole).unwrap();
    let log = fs::File::create(host.path("caddy.log")).unwrap();
    let mut run = Command::new("caddy");
    run.args(["run", "--adapter", "caddyfile", "--config"]).arg(host.path("Caddyfile"));
    let child = run
        .env("HOME", host.dir.path())
        .env("XDG_DATA_HOME", host.path("caddy"))
        .stderr(log)
        .spawn()
        .unwrap();
    up(port, host, "caddy.log");
    Proxy(child)
}

fn up(port: u16, host: &Host, log: &str) {
    until(&format!("{log}: {}", fs::read_to_string(host.path(log)).unwrap_or_default()), || {
        TcpStream::connect(("127.0.0.1", port)).ok()
    });
}

/// What is asked of either.
fn through(mut host: Host, proxy: impl FnOnce(&Host, u16) -> Proxy) {
    let port = free_port();
    let _proxy = proxy(&host, port);
    let token = host.agent("Ann");
    let ca = host.path("site.pem").display().to_string();
    let url = format!("https://localhost:{port}");

    // Pages and the widget.
    let (status, body) = get(&format!("{url}/widget.js"), &ca);
    assert!(status == 200 && body.contains("WebSocket"), "{status} {body:.80}");
    let (status, body) = get(&format!("{url}/demo/"), &ca);
    assert!(status == 200 && body.contains("widget.js"), "{status}");
    assert_eq!(get(&format!("{url}/readyz"), &ca).0, 200);
    assert_eq!(get(&format!("{url}/metrics"), &ca).0, 404, "not from outside");

    // A visitor and an agent.
    let (code, out, said) = visitor_says(&host, &["--url", &url, "--ca", &ca], "through a proxy");
    assert_eq!(code, Some(0), "{out}{said}{}", host.log());
    let mut follow = host.command();
    follow.args(["follow", "--json", "--url", &url, "--ca", &ca]).env("BATON_TOKEN", &token);
    let mut follow = follow.stdout(Stdio::piped()).spawn().unwrap();
    let mut happens = BufReader::new(follow.stdout.take().unwrap()).lines();
    assert!(happens.next().unwrap().unwrap().contains("through a proxy"), "it is connected");
    let (code, rows, said) = host.run(&["queue", "--json", "--url", &url, "--ca", &ca], &token);
    assert!(code == Some(0) && rows.contains("through a proxy"), "{rows}{said}");

    // The server restarts behind it: the agent comes back by itself.
    let before = host.port();
    assert_eq!(host.stop(), Some(0));
    host.serve(&["--listen", &format!("127.0.0.1:{before}")]);
    let (code, out, said) = visitor_says(&host, &["--url", &url, "--ca", &ca], "after the restart");
    assert_eq!(code, Some(0), "{out}{said}");
    assert!(happens.any(|line| line.unwrap().contains("after the restart")));
    follow.kill().unwrap();
    follow.wait().unwrap();

    // Whose address it is: one from elsewhere has one socket, this machine as many as it likes.
    let Some(ip) = elsewhere() else {
        eprintln!("skipped: this machine has no address but loopback, so whose address arrives is not tried");
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let far = upgrade(ip.to_string(), port).await;
        assert_eq!(far.0, 101);
        let again = upgrade(ip.to_string(), port).await;
        assert_eq!(again.0, 429, "the second from {ip} is one too many: its own address arrived");
        let (near, too) = (upgrade("127.0.0.1".into(), port).await, upgrade("127.0.0.1".into(), port).await);
        assert_eq!((near.0, too.0), (101, 101));
    });
    assert!(!host.log().contains("trusted_proxies = "), "{}", host.log());
}

fn get(url: &str, ca: &str) -> (u16, String) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let ca = reqwest::Certificate::from_pem(&fs::read(ca).unwrap()).unwrap();
        let client = reqwest::Client::builder().tls_certs_only([ca]).build().unwrap();
        let answer = client.get(url).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    })
}

/// Opens a visitor's socket by TLS from whichever address reaches this one; its status, and what keeps it open.
async fn upgrade(to: String, port: u16) -> (u16, impl Sized) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let tcp = tokio::net::TcpStream::connect((to.as_str(), port)).await.unwrap();
    let mut tls = any_certificate().connect("localhost".try_into().unwrap(), tcp).await.unwrap();
    let request = format!(
        "GET /ws/visitor?site=demo HTTP/1.1\r\nHost: localhost:{port}\r\nX-Forwarded-For: 198.51.100.77\r\nForwarded: for=198.51.100.78\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: baton.v1+json\r\n\r\n"
    );
    tls.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0u8; 12];
    tls.read_exact(&mut first).await.unwrap();
    (std::str::from_utf8(&first[9..12]).unwrap().parse().unwrap(), tls)
}

/// A client that looks at no certificate: the name in it is not the address this test comes by.
fn any_certificate() -> tokio_rustls::TlsConnector {
    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::{DigitallySignedStruct, Error, SignatureScheme};
    use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

    #[derive(Debug)]
    struct Any;

    impl ServerCertVerifier for Any {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn verify_tls13_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            vec![SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::RSA_PSS_SHA256]
        }
    }
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(std::sync::Arc::new(Any))
        .with_no_client_auth();
    std::sync::Arc::new(config).into()
}

#[test]
fn nginx_brings_pages_sockets_and_the_true_address() {
    if there("nginx") {
        through(server(), nginx);
    }
}

#[test]
fn caddy_brings_pages_sockets_and_the_true_address() {
    if there("caddy") {
        through(server(), caddy);
    }
}
