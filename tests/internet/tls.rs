//! TLS by the server itself: commands over https, wrong certificates told, the pair exchanged under open sockets.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::host::{Host, certificate, until, visitor_says};

const TLS: &str = "[tls]\ncert = \"site.pem\"\nkey = \"site.key\"\n";

fn with_tls() -> Host {
    let mut host = Host::new(TLS);
    certificate(host.dir.path(), "site", &["localhost"]);
    host.serve(&["--listen", "127.0.0.1:0"]);
    assert!(host.url.starts_with("https://127.0.0.1:"), "{}", host.url);
    host.url = format!("https://localhost:{}", host.port());
    host
}

#[test]
fn commands_and_visitors_speak_https_with_a_certificate_given_or_kept() {
    let host = with_tls();
    let token = host.agent("Ann");
    let ca = host.path("site.pem");
    let ca = ca.to_str().unwrap();

    let (code, _, said) = host.run(&["queue", "--url", &host.url], &token);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("nobody this system trusts") && said.contains("--ca FILE"), "{said}");

    let (code, out, said) = visitor_says(&host, &["--url", &host.url, "--ca", ca], "my lamp is broken");
    assert_eq!(code, Some(0), "{out}{said}");

    let mut login = host.command();
    login.args(["login", &host.url, "--ca", ca]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut login = login.spawn().unwrap();
    std::io::Write::write_all(&mut login.stdin.take().unwrap(), token.as_bytes()).unwrap();
    assert!(login.wait().unwrap().success());
    // From another folder, with nothing but what was kept.
    let mut queue = host.command();
    let queue = queue.args(["queue", "--json"]).current_dir("/").output().unwrap();
    let rows = String::from_utf8(queue.stdout).unwrap();
    assert!(rows.contains("\"state\":\"queued\""), "{rows}{}", String::from_utf8_lossy(&queue.stderr));

    // By another name than the certificate's.
    let url = host.url.replace("localhost", "127.0.0.1");
    let (code, _, said) = host.run(&["queue", "--url", &url, "--ca", ca], &token);
    assert_eq!(code, Some(3));
    assert!(said.contains("for another name"), "{said}");

    // The same port still speaks plainly to this machine.
    let plain = format!("http://127.0.0.1:{}", host.port());
    let (code, _, said) = host.run(&["queue", "--url", &plain], &token);
    assert_eq!(code, Some(0), "{said}");
    assert!(host.log().contains("tls=true"));
}

#[test]
fn tls_asked_of_a_plain_server_is_told_so() {
    let host = Host::start("");
    let url = host.url.replace("http://", "https://");
    let (code, _, said) = host.run(&["queue", "--url", &url], "bt_x");
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("TLS") || said.contains("connection"), "{said}");
}

#[test]
fn every_wrong_pair_stops_the_start_with_its_file_and_line() {
    let host = Host::new(TLS);
    certificate(host.dir.path(), "site", &["localhost"]);
    certificate(host.dir.path(), "other", &["localhost"]);
    let refused = |config: &str| {
        host.configure(config);
        let output =
            host.serve_command(&["--listen", "127.0.0.1:0"]).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let pair = |cert: &str, key: &str| refused(&format!("[tls]\ncert = \"{cert}\"\nkey = \"{key}\"\n"));
    fs::write(host.path("words.pem"), "no certificate at all").unwrap();
    let key = fs::read_to_string(host.path("site.key")).unwrap();
    fs::write(host.path("locked.key"), key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")).unwrap();
    fs::write(host.path("cut.pem"), &fs::read_to_string(host.path("site.pem")).unwrap()[..200]).unwrap();
    for (cert, key, line, what) in [
        ("none.pem", "site.key", 2, "none.pem does not exist"),
        ("site.pem", "none.key", 3, "none.key does not exist"),
        ("words.pem", "site.key", 2, "words.pem holds no certificate"),
        ("site.pem", "words.pem", 3, "words.pem holds no private key"),
        ("site.key", "site.pem", 2, "are cert and key swapped?"),
        ("site.pem", "other.key", 3, "is not the key of the certificate"),
        ("site.pem", "locked.key", 3, "is encrypted"),
        ("cut.pem", "site.key", 2, "cut.pem"),
        (".", "site.key", 2, "is no file"),
    ] {
        let said = pair(cert, key);
        assert!(said.contains(&format!("line {line}")) && said.contains(what), "{cert} {key}: {said}");
        assert!(said.contains("baton.toml"), "{said}");
    }
    assert!(refused("[tls]\ncert = \"site.pem\"\n").contains("missing field `key`"));
    assert!(
        refused("[tls]\ncert = \"site.pem\"\nkey = \"site.key\"\nkeys = 1\n").contains("did you mean `key`?")
    );
}

#[test]
fn a_changed_pair_is_taken_up_and_a_broken_one_is_not_and_no_socket_ends() {
    let host = with_tls();
    let token = host.agent("Ann");
    let old = host.path("old.pem");
    fs::copy(host.path("site.pem"), &old).unwrap();
    let (old, new) = (old.to_str().unwrap().to_owned(), host.path("new.pem").to_str().unwrap().to_owned());
    let (code, out, said) = visitor_says(&host, &["--url", &host.url, "--ca", &old], "first");
    assert_eq!(code, Some(0), "{out}{said}");
    let mut follow = host.command();
    follow.args(["follow", "--json", "--url", &host.url, "--ca", &old]).env("BATON_TOKEN", &token);
    let mut follow = follow.stdout(Stdio::piped()).spawn().unwrap();
    let mut happens = BufReader::new(follow.stdout.take().unwrap()).lines();
    assert!(happens.next().unwrap().unwrap().contains("first"), "it is connected");
    let works = |ca: &str| host.run(&["queue", "--url", &host.url, "--ca", ca], &token).0 == Some(0);
    assert!(works(&old));

    // Half a pair, then garbage: the one before goes on.
    certificate(host.dir.path(), "new", &["localhost"]);
    fs::copy(host.path("new.pem"), host.path("site.pem")).unwrap();
    host.until_logged("is not the key of the certificate");
    assert!(works(&old) && !works(&new));
    fs::write(host.path("site.key"), "-----BEGIN").unwrap();
    host.until_logged("holds no private key");
    assert!(works(&old));

    fs::copy(host.path("new.key"), host.path("site.key")).unwrap();
    host.until_logged("the certificate changed");
    assert!(works(&new));
    until("only the new one", || (!works(&old)).then_some(()));

    // A reload with broken files changes nothing either.
    fs::write(host.path("site.pem"), "gone").unwrap();
    host.signal("-HUP");
    host.until_logged("Nothing was changed");
    assert!(works(&new));

    // The socket from the beginning still hears.
    let (code, out, said) = visitor_says(&host, &["--url", &host.url, "--ca", &new], "still there?");
    assert_eq!(code, Some(0), "{out}{said}");
    let heard = happens.any(|line| line.unwrap().contains("still there?"));
    assert!(heard, "the old socket was dropped");
    follow.kill().unwrap();
    follow.wait().unwrap();
}

#[test]
fn who_says_nothing_or_half_a_hello_is_sent_off_and_keeps_nobody_out() {
    let mut host = Host::new(&format!("{TLS}[limits]\nheader_ms = 300\nauth_ms = 300\n"));
    certificate(host.dir.path(), "site", &["localhost"]);
    host.serve(&["--listen", "127.0.0.1:0"]);
    // A record of the handshake that never comes to its end, no byte at all, and bytes that are neither.
    let ends: [&[u8]; 3] = [b"\x16\x03\x01\x02\x00\x01", b"", b"GET /widget.js HT"];
    for said in ends {
        let mut tcp = std::net::TcpStream::connect(("127.0.0.1", host.port())).unwrap();
        tcp.set_read_timeout(Some(super::host::PATIENCE)).unwrap();
        std::io::Write::write_all(&mut tcp, said).unwrap();
        let mut rest = Vec::new();
        // An end, or a reset: not a wait.
        match std::io::Read::read_to_end(&mut tcp, &mut rest) {
            Ok(_) => {}
            Err(e) => assert_eq!(e.kind(), std::io::ErrorKind::ConnectionReset, "{said:?}"),
        }
    }
    let page = super::door::http(&format!("127.0.0.1:{}", host.port()), "/metrics", &[]).1;
    assert!(page.contains("baton_refused_total{reason=\"tls\"} 2"), "{page}");
    // Stopped with one of them still open, it stops.
    let _silent = std::net::TcpStream::connect(("127.0.0.1", host.port())).unwrap();
    assert_eq!(host.stop(), Some(0));
}
