//! The configuration read again under open sockets: everything or nothing, and in words.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::door::http;
use super::host::{Host, told, until, visitor_says};

#[test]
fn a_reload_changes_sites_docs_limits_and_texts_and_no_socket_ends() {
    let host = Host::start("");
    let token = host.agent("Ann");
    let (code, out, said) = visitor_says(&host, &["--url", &host.url], "first");
    assert_eq!(code, Some(0), "{out}{said}");
    let mut follow = host.command();
    follow.args(["follow", "--json", "--url", &host.url]).env("BATON_TOKEN", &token);
    let mut follow = follow.stdout(Stdio::piped()).spawn().unwrap();
    let mut happens = BufReader::new(follow.stdout.take().unwrap()).lines();
    assert!(happens.next().unwrap().unwrap().contains("first"));
    let address = host.url.trim_start_matches("http://").to_owned();
    assert!(http(&address, "/docs/hours", &[]).0.contains("404"));

    fs::create_dir(host.path("pages")).unwrap();
    fs::write(host.path("pages/hours.md"), "# Hours\n\nWe are open from nine to five.\n").unwrap();
    host.configure(
        "[server]\nlisten = \"127.0.0.1:9\"\n[log]\nlevel = \"debug\"\n[limits]\nmessage_bytes = 100\n[agents]\ncapacity = 7\n[[site]]\nid = \"shop\"\nname = \"The Shop\"\ndocs = \"pages\"\nassistant = false\n",
    );
    host.signal("-HUP");
    let line = host.until_logged("was read again");
    for words in [
        "sites shop, demo with 1 pages of docs",
        "added: shop",
        "limits changed",
        "agents.capacity changed",
        "Only a restart changes: server.listen",
        "log.format and log.level",
    ] {
        assert!(line.contains(words), "{words:?} is not in {line:?}");
    }
    assert!(http(&address, "/docs/hours", &[]).1.contains("nine to five"));
    assert!(http(&address, "/preview/shop", &[]).1.contains("The Shop"));
    let (code, out, _) = visitor_says(&host, &["--url", &host.url], &"long ".repeat(40));
    assert!(code != Some(0) || out.contains("too_long"), "the new limit holds: {out}");
    let mut chat = host.command();
    chat.args(["chat", "--site", "shop", "--json", "--url", &host.url])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut chat = chat.spawn().unwrap();
    std::io::Write::write_all(&mut chat.stdin.take().unwrap(), b"to the new site\n").unwrap();
    assert!(chat.wait().unwrap().success());
    assert!(
        happens.any(|line| line.unwrap().contains("to the new site")),
        "the old socket hears of the new site"
    );

    // The site goes again; what it needs of a restart is still named.
    host.configure("[server]\nlisten = \"127.0.0.1:9\"\n");
    host.signal("-HUP");
    let line = host.until_logged("removed: shop");
    assert!(line.contains("server.listen"), "{line}");
    assert!(http(&address, "/docs/hours", &[]).0.contains("404"));
    assert!(http(&address, "/preview/shop", &[]).0.contains("404"));
    let (code, out, said) = visitor_says(&host, &["--url", &host.url], "and the old one goes on");
    assert_eq!(code, Some(0), "{out}{said}");
    assert!(happens.any(|line| line.unwrap().contains("and the old one goes on")));
    follow.kill().unwrap();
    follow.wait().unwrap();
}

#[test]
fn whatever_is_wrong_the_configuration_before_goes_on() {
    let host = Host::start("");
    let address = host.url.trim_start_matches("http://").to_owned();
    for (n, (config, why)) in [
        ("[limits]\nmesage_bytes = 1\n", "did you mean `message_bytes`?"),
        ("[limits]\nmessage_bytes = 0\n", "says nothing"),
        ("[server\n", "line 1"),
        ("[tls]\ncert = \"a\"\nkey = \"b\"\n", "does not exist"),
        ("[[site]]\nid = \"demo\"\n", "configured twice"),
        ("[[site]]\nid = \"shop\"\ndocs = \"none\"\n", "does not exist"),
        ("[[webhook]]\nurl = \"ftp://x\"\n", "webhook"),
    ]
    .into_iter()
    .enumerate()
    {
        host.configure(config);
        host.signal("-HUP");
        let said = until(why, || {
            let log = host.log();
            (log.matches("Nothing was changed").count() == n + 1).then_some(log)
        });
        let last = said.lines().rfind(|l| l.contains("Nothing was changed")).unwrap();
        assert!(said.contains(why) && last.contains("ERROR"), "{why:?}: {last}");
    }
    fs::remove_file(host.path("baton.toml")).unwrap();
    host.signal("-HUP");
    host.until_logged("there is no such file");
    let (code, out, said) = visitor_says(&host, &["--url", &host.url], "as before");
    assert_eq!(code, Some(0), "{out}{said}");
    let (_, metrics) = http(&address, "/metrics", &[]);
    assert!(metrics.contains("baton_reloads_total{outcome=\"refused\"} 8"), "{metrics}");
}

#[test]
fn without_a_file_there_is_nothing_to_read_again() {
    let mut host = Host::new("");
    let log = fs::File::create(host.path("log")).unwrap();
    let mut serve = host.command();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(host.path("data"));
    let mut child = serve.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
    host.url = super::host::listening(&mut child).unwrap();
    host.child = Some(child);
    host.signal("-HUP");
    host.until_logged("start it with --config FILE");
    assert_eq!(host.stop(), Some(0));
}

#[test]
fn shorter_leases_send_no_open_console_away() {
    let limits =
        |heartbeat: u64, lease: u64| format!("[limits]\nheartbeat_ms = {heartbeat}\nlease_ms = {lease}\n");
    let host = Host::start(&limits(3_000, 45_000));
    let token = host.agent("Ann");
    let address = host.url.trim_start_matches("http://").to_owned();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = baton::client::ConnectOptions {
        url: host.url.clone(),
        token,
        client: "console/0.1.0".into(),
        instance: "one".into(),
        state_dir: None,
    };
    let (_console, mut events) = runtime.block_on(async { baton::client::connect(options) });
    // Somebody reads, as a console does.
    runtime.spawn(async move { while events.recv().await.is_some() {} });
    let here = || http(&address, "/metrics", &[]).1.contains("baton_agents{state=\"away\"} 1");
    until("the console is there", || here().then_some(()));
    host.configure(&limits(100, 1_000));
    host.signal("-HUP");
    host.until_logged("was read again");
    // Over several of the new leases, one heartbeat of the old pace, and no lease of the old.
    let end = std::time::Instant::now() + std::time::Duration::from_secs(5);
    let mut looks = 0;
    while std::time::Instant::now() < end {
        assert!(here(), "presence ended after {looks} looks");
        looks += 1;
        std::thread::park_timeout(std::time::Duration::from_millis(50));
    }
    assert!(looks > 0);
}

#[test]
fn the_command_says_what_came_of_it_and_it_is_in_the_trail() {
    let mut host = Host::start("");
    let data = host.path("data");
    let reload = |host: &Host| told(&host.command().arg("reload").arg("--data").arg(&data).output().unwrap());
    host.configure("[limits]\nmessage_bytes = 4096\n");
    let (code, out, said) = reload(&host);
    assert_eq!(code, Some(0), "{said}");
    assert!(out.contains("was read again") && out.contains("limits changed"), "{out}");
    host.configure("[limits]\nmesage_bytes = 1\n");
    let (code, out, said) = reload(&host);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(said.contains("did you mean `message_bytes`?") && said.contains("Nothing was changed"), "{said}");
    let trail = host.command().args(["audit", "--json", "--data"]).arg(&data).output().unwrap();
    let (code, trail, said) = told(&trail);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(trail.matches("configuration.reloaded").count(), 1, "{trail}");
    assert!(trail.contains("limits changed"), "{trail}");
    assert_eq!(host.stop(), Some(0));
    let (code, _, said) = reload(&host);
    assert_eq!(code, Some(1));
    assert!(said.contains("no server runs"), "{said}");
}
