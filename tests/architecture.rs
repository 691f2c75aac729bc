//! The house, kept: which room may look into which, and what a pure room may name. Read from the sources as text.

use std::fs;
use std::path::{Path, PathBuf};

/// Room → rooms it may name. What is not listed is refused; a new room without a line fails.
const ARROWS: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("conversation", &[]),
    ("settings", &[]),
    ("export", &["conversation", "text"]),
    ("handoff", &["conversation", "text"]),
    ("knowledge", &["handoff"]),
    ("protocol", &["conversation"]),
    ("assistant", &["conversation", "handoff", "knowledge"]),
    ("log", &["conversation", "protocol"]),
    ("engine", &["assistant", "conversation", "handoff", "knowledge", "log", "protocol"]),
    ("connectors", &["conversation", "engine", "log", "protocol", "settings", "text"]),
    (
        "server",
        &[
            "assistant",
            "connectors",
            "conversation",
            "engine",
            "handoff",
            "knowledge",
            "log",
            "protocol",
            "settings",
            "text",
        ],
    ),
    ("client", &["conversation", "protocol", "text"]),
    ("console", &["client", "conversation", "export", "protocol", "settings", "text"]),
    (
        "demo",
        &[
            "assistant",
            "client",
            "conversation",
            "console",
            "engine",
            "log",
            "protocol",
            "server",
            "settings",
            "text",
            "knowledge",
            "handoff",
        ],
    ),
    (
        "doctor",
        &[
            "client",
            "conversation",
            "engine",
            "handoff",
            "knowledge",
            "log",
            "protocol",
            "server",
            "settings",
            "text",
        ],
    ),
    (
        "cli",
        &[
            "doctor",
            "assistant",
            "client",
            "connectors",
            "console",
            "conversation",
            "demo",
            "engine",
            "export",
            "log",
            "protocol",
            "server",
            "settings",
            "text",
            "knowledge",
            "handoff",
        ],
    ),
];

/// Rooms (and one part of a room) that do no I/O, read no clock and know no terminal.
const PURE: &[&str] = &["conversation", "export", "handoff", "text", "console/app"];

/// What a pure room never names.
const IMPURE: &[&str] = &[
    "tokio::",
    "ratatui::",
    "crossterm::",
    "rusqlite::",
    "axum::",
    "tui_textarea::",
    "std::fs",
    "std::net::Tcp",
    "std::net::Udp",
    "std::net::ToSocket",
    "std::process",
    "std::env",
    "SystemTime::now",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "thread::sleep",
    "new_v4()",
    "now_v7()",
];

fn source_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("the sources are there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            source_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The code of a file, without comments (a word in prose is no import).
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file is text");
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn room_files(room: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    source_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room), &mut files);
    files
}

#[test]
fn arrows_between_rooms_point_down_only() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rooms: Vec<String> = fs::read_dir(&src)
        .expect("the sources are there")
        .flatten()
        .filter(|e| e.path().is_dir())
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    let mut wrong = Vec::new();
    for room in &rooms {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| name == room) else {
            wrong.push(format!("src/{room} is a room without a line in tests/architecture.rs"));
            continue;
        };
        for file in room_files(room) {
            let code = code(&file);
            for other in &rooms {
                let named =
                    code.contains(&format!("crate::{other}::")) || code.contains(&format!("crate::{other};"));
                if other != room && named && !allowed.contains(&other.as_str()) {
                    wrong.push(format!("{} names crate::{other}", file.display()));
                }
            }
        }
    }
    assert!(rooms.len() >= ARROWS.len(), "rooms are missing: {rooms:?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn pure_rooms_name_no_io_no_clock_and_no_terminal() {
    let mut wrong = Vec::new();
    for room in PURE {
        let files = room_files(room);
        assert!(!files.is_empty(), "src/{room} is gone");
        for file in files {
            let is_test = file.to_string_lossy().contains("test");
            let code = code(&file);
            for name in IMPURE {
                if !is_test && code.contains(name) {
                    wrong.push(format!("{} names {name}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_source_file_is_longer_than_500_lines_without_saying_why() {
    let mut files = Vec::new();
    source_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let long: Vec<_> = files
        .iter()
        .filter(|f| {
            let text = fs::read_to_string(f).expect("a source file is text");
            text.lines().count() > 500
                && !text.lines().take(12).any(|l| l.contains("Longer than 500 lines because"))
        })
        .collect();
    assert!(long.is_empty(), "split these, or say why in their first lines: {long:#?}");
}
