//! The numbers and their table; alive and ready apart.

use std::collections::BTreeMap;
use std::path::Path;

use super::door::http;
use super::host::{Host, until, visitor_says};

fn page(host: &Host) -> String {
    let (head, body) = http(host.url.trim_start_matches("http://"), "/metrics", &[]);
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("openmetrics-text"), "{head}");
    // hyper sends what it cannot measure in pieces; this page is measured.
    assert!(body.ends_with("# EOF\n"), "{body}");
    body
}

#[test]
fn the_table_of_metrics_is_the_metrics() {
    let host = Host::start("");
    let token = host.agent("Ann");
    // An agent added while it runs is known from the first sign-in.
    assert_eq!(host.run(&["queue", "--url", &host.url], &token).0, Some(0));
    let (code, out, said) = visitor_says(&host, &["--url", &host.url], "hello");
    assert_eq!(code, Some(0), "{out}{said}");
    let page = until("counted", || {
        Some(page(&host)).filter(|p| p.contains("baton_messages_total{author=\"visitor\"} 1"))
    });
    for line in [
        "baton_conversations{site=\"demo\",state=\"queued\"} 1",
        "baton_handoffs_total 1",
        "baton_agents{state=\"offline\"} 1",
        "baton_draining 0",
        "baton_refused_total{reason=\"plain\"} 0",
        "baton_sockets{whose=\"agent\"} 0",
    ] {
        assert!(page.contains(line), "no {line} in\n{page}");
    }
    // Name → kind, as the page says, and help.
    let mut known = BTreeMap::new();
    let mut help = BTreeMap::new();
    for line in page.lines() {
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|l| l.split_once(' ')) {
            known.insert(name.to_owned(), kind.to_owned());
        }
        if let Some((name, words)) = line.strip_prefix("# HELP ").and_then(|l| l.split_once(' ')) {
            help.insert(name.to_owned(), words.trim_end_matches('.').to_owned());
        }
    }
    assert!(known.len() >= 15, "{known:?}");
    let labels = |name: &str| {
        let line = page.lines().find(|l| !l.starts_with('#') && l.starts_with(name) && l.contains('{'));
        let inside =
            line.and_then(|l| l.split('{').nth(1)?.split('}').next().map(str::to_owned)).unwrap_or_default();
        let names: Vec<String> =
            inside.split(',').filter_map(|l| l.split_once('=')).map(|(n, _)| format!("`{n}`")).collect();
        names.join(" ")
    };
    let mut fresh = String::from("| metric | kind | labels | what |\n| --- | --- | --- | --- |\n");
    for (name, kind) in &known {
        let shown = match kind.as_str() {
            "counter" => format!("{name}_total"),
            "info" => format!("{name}_info"),
            _ => name.clone(),
        };
        fresh.push_str(&format!("| `{shown}` | {kind} | {} | {} |\n", labels(name), help[name]));
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/deploy/METRICS.md");
    let text = std::fs::read_to_string(&file).unwrap();
    let (begin, end) = ("<!-- metrics:begin -->\n", "<!-- metrics:end -->");
    let from = text.find(begin).unwrap() + begin.len();
    let to = text.find(end).unwrap();
    if std::env::var_os("BATON_WRITE").is_some() {
        std::fs::write(&file, format!("{}{fresh}{}", &text[..from], &text[to..])).unwrap();
        return;
    }
    assert_eq!(
        text[from..to],
        fresh,
        "stale: BATON_WRITE=1 cargo test --test internet the_table writes it anew"
    );
}

#[test]
fn alive_and_ready_are_two_things() {
    let host = Host::start("");
    let address = host.url.trim_start_matches("http://").to_owned();
    assert_eq!(http(&address, "/healthz", &[]).1, "ok");
    let (head, body) = http(&address, "/readyz", &[]);
    assert!(head.starts_with("HTTP/1.1 200") && body == "ready\n", "{head} {body}");
    // A hundred answers cost the store no hundred writes.
    for _ in 0..100 {
        assert!(http(&address, "/readyz", &[]).0.starts_with("HTTP/1.1 200"));
    }
    // Another process holds the store: alive, not ready; and ready again without a restart.
    let store = std::fs::read_dir(host.path("data")).unwrap().map(|e| e.unwrap().path());
    let store =
        store.into_iter().find(|p| p.extension().is_some_and(|e| e == "db" || e == "sqlite")).unwrap();
    let held = rusqlite::Connection::open(store).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    until("not ready", || http(&address, "/readyz", &[]).0.starts_with("HTTP/1.1 503").then_some(()));
    assert_eq!(http(&address, "/healthz", &[]).1, "ok");
    held.execute_batch("ROLLBACK").unwrap();
    until("ready again", || http(&address, "/readyz", &[]).0.starts_with("HTTP/1.1 200").then_some(()));
}
