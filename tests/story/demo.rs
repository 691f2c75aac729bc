//! `baton demo`: one command, and everything is there; `q`, and nothing is left.

use std::net::TcpStream;

use super::house::environment;
use super::terminal::Terminal;

#[test]
fn the_demo_has_a_handoff_waiting_and_q_ends_everything() {
    let home = tempfile::tempdir().unwrap();
    let temp = home.path().join("tmp");
    std::fs::create_dir(&temp).unwrap();
    let mut environment = environment(home.path());
    environment.push(("TMPDIR", temp.clone()));
    let mut demo = Terminal::start(&["demo", "--seed", "5"], &environment, (120, 40));
    demo.until_shown("1 waiting for a person");
    demo.until_shown("> Maya Osei");
    demo.until_shown("Demo page: http://127.0.0.1:");
    let status = demo.row(-2);
    let address = status.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    assert!(TcpStream::connect(&address).is_ok(), "{status}");
    assert!(status.contains("/demo/"), "{status}");
    assert_eq!(std::fs::read_dir(&temp).unwrap().count(), 1);
    demo.press("q");
    demo.given_back();
    assert!(TcpStream::connect(&address).is_err(), "{address} is still open");
    assert_eq!(std::fs::read_dir(&temp).unwrap().count(), 0);
}
