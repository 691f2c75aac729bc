//! Who may come, whose word counts: lies about addresses, plain connections from elsewhere, limits behind a proxy.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpStream, UdpSocket};
use std::time::Duration;

use super::host::{Host, visitor_says};

/// An address of this machine that is not loopback, if it has one.
pub fn elsewhere() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: the route alone says which address is ours.
    socket.connect("192.0.2.1:9").ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip)
}

/// A request with these header lines, answered in full: the head with its status, and the body.
pub fn http(address: &str, path: &str, headers: &[&str]) -> (String, String) {
    let mut tcp = TcpStream::connect(address).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let lines: String = headers.iter().map(|h| format!("{h}\r\n")).collect();
    write!(tcp, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{lines}\r\n").unwrap();
    let mut answer = String::new();
    let _ = tcp.read_to_string(&mut answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.to_owned(), body.to_owned())
}

fn status(address: &str, path: &str, headers: &[&str]) -> u16 {
    let (head, _) = http(address, path, headers);
    head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or_else(|| panic!("no status: {head:?}"))
}

/// A WebSocket handshake that stays open: its status line, and the connection.
fn socket(address: &str, headers: &[&str]) -> (u16, TcpStream) {
    let mut tcp = TcpStream::connect(address).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let lines: String = headers.iter().map(|h| format!("{h}\r\n")).collect();
    write!(
        tcp,
        "GET /ws/visitor?site=demo HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: baton.v1+json\r\n{lines}\r\n"
    )
    .unwrap();
    let mut first = [0u8; 12];
    tcp.read_exact(&mut first).unwrap();
    let status = std::str::from_utf8(&first[9..12]).unwrap().parse().unwrap();
    (status, tcp)
}

#[test]
fn plain_from_elsewhere_is_refused_and_the_log_names_the_line_that_allows_it() {
    let Some(ip) = elsewhere() else {
        eprintln!("skipped: this machine has no address but loopback");
        return;
    };
    let mut host = Host::new("");
    host.serve(&["--listen", "0.0.0.0:0"]);
    let port = host.port();
    let (near, far) = (format!("127.0.0.1:{port}"), format!("{ip}:{port}"));
    assert_eq!(status(&near, "/widget.js", &[]), 200);
    for path in ["/widget.js", "/ws/visitor?site=demo", "/demo/", "/metrics"] {
        assert_eq!(status(&far, path, &[]), 403, "{path}");
    }
    // A lie does not help.
    for lie in
        ["X-Forwarded-Proto: https", "X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1;proto=https"]
    {
        assert_eq!(status(&far, "/widget.js", &[lie]), 403, "{lie}");
    }
    assert_eq!(status(&far, "/healthz", &[]), 200);
    assert_eq!(status(&far, "/readyz", &[]), 200);
    let (code, _, said) = host.run(&["queue", "--url", &format!("http://{far}")], "bt_x");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("https and wss only"), "{said}");

    // The very line the log names is put in, and holds after a reload.
    let line = host.until_logged("    allow_plain = ");
    assert_eq!(line.trim(), format!("allow_plain = [\"{ip}/32\"]"));
    assert!(host.log().contains("    trusted_proxies = [\""), "for whoever looks like a proxy");
    host.configure(&format!("[server]\n{}\n", line.trim()));
    host.signal("-HUP");
    host.until_logged("was read again");
    assert_eq!(status(&far, "/widget.js", &[]), 200);
    let (code, out, said) = visitor_says(&host, &["--url", &format!("http://{far}")], "hello");
    assert_eq!(code, Some(0), "{out}{said}");
}

#[test]
fn limits_count_the_address_a_trusted_proxy_names() {
    let host =
        Host::start("[server]\ntrusted_proxies = [\"127.0.0.1\"]\n[limits]\nsockets_per_address = 2\n");
    let address = host.url.trim_start_matches("http://").to_owned();
    let of = |visitor: &str| {
        let (status, tcp) = socket(
            &address,
            &[&format!("X-Forwarded-For: 198.51.100.9, {visitor}"), "X-Forwarded-Proto: https"],
        );
        (status, tcp)
    };
    let (first, one) = of("203.0.113.7");
    let (second, _two) = of("203.0.113.7");
    assert_eq!((first, second), (101, 101));
    // What the visitor wrote to the left changes nothing.
    assert_eq!(of("203.0.113.7").0, 429);
    assert_eq!(
        status(&address, "/widget.js", &["X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https"]),
        429
    );
    let (other, _three) = of("203.0.113.8");
    assert_eq!(other, 101, "another visitor is another address");
    drop(one);
    super::host::until("room again", || (of("203.0.113.7").0 == 101).then_some(()));

    // The proxy says http, or nothing: the visitor is elsewhere and plain.
    assert_eq!(
        status(&address, "/widget.js", &["X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: http"]),
        403
    );
    host.until_logged("Redirect http to https there");
    assert_eq!(status(&address, "/widget.js", &["X-Forwarded-For: 203.0.113.9"]), 403);
    host.until_logged("proxy_set_header X-Forwarded-Proto $scheme;");
}

#[test]
fn a_proxy_nobody_named_is_pointed_out_and_believed_nothing() {
    let host = Host::start("[limits]\nsockets_per_address = 1\n");
    let address = host.url.trim_start_matches("http://").to_owned();
    let headers = ["X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https"];
    let open: Vec<_> = (0..3).map(|_| socket(&address, &headers)).collect();
    assert!(open.iter().all(|(status, _)| *status == 101), "the address is not believed, so it has no share");
    let line = host.until_logged("    trusted_proxies = ");
    assert_eq!(line.trim(), "trusted_proxies = [\"127.0.0.1/32\"]");
    assert_eq!(host.log().matches("trusted_proxies").count(), 1, "said once");
    assert_eq!(status(&address, "/metrics", &headers), 403, "the numbers are not for everybody behind it");
    assert_eq!(status(&address, "/metrics", &[]), 200);
}

#[test]
fn pages_of_the_public_name_are_ours_and_others_are_told_the_line() {
    let host = Host::start("[server]\npublic_url = \"https://chat.example.com\"\n");
    let address = host.url.trim_start_matches("http://").to_owned();
    assert_eq!(socket(&address, &["Origin: https://chat.example.com"]).0, 101);
    assert_eq!(socket(&address, &["Origin: https://shop.example.com"]).0, 403);
    let line = host.until_logged("    origins = ");
    assert_eq!(line.trim(), "origins = [\"https://shop.example.com\"]");
    let (_, page) = http(&address, "/preview/demo", &[]);
    assert!(page.contains("https://chat.example.com/widget.js"), "{page}");
}

#[test]
fn what_is_wrong_with_these_keys_is_told() {
    let host = Host::new("");
    let refused = |config: &str| {
        host.configure(config);
        let output =
            host.serve_command(&["--listen", "127.0.0.1:0"]).stderr(std::process::Stdio::piped()).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(1), "{config}");
        String::from_utf8(output.stderr).unwrap()
    };
    for (keys, what) in [
        ("public_url = \"chat.example.com\"", "https://host[:port]"),
        ("public_url = \"https://chat.example.com/chat\"", "without a path"),
        ("public_url = \"http://chat.example.com\"", "write \"https://chat.example.com\""),
        ("trusted_proxies = [\"10.0.0.5/8\"]", "the network is \"10.0.0.0/8\""),
        ("trusted_proxies = [\"0.0.0.0/0\"]", "would believe everybody"),
        ("trusted_proxies = [\"nginx\"]", "is no network"),
        ("allow_plain = [\"10.0.0.0/33\"]", "is no network"),
        ("allow_plain = \"10.0.0.0/8\"", "invalid type"),
        ("trusted_proxy = []", "did you mean `trusted_proxies`?"),
    ] {
        let said = refused(&format!("[server]\n{keys}\n"));
        assert!(said.contains(what) && said.contains("line 2"), "{keys}: {said}");
    }
    assert!(refused("[metrics]\nallow = [\"all\"]\n").contains("is no network"));
    assert!(refused("[log]\nformat = \"jsn\"\n").contains("did you mean \"json\"?"));
    assert!(refused("[log]\nlevel = \"warning\"\n").contains("did you mean \"warn\"?"));
}
