//! The screen comes at once; what is wrong with the way in is told below it, as every command tells it.

use super::house::{House, environment};
use super::terminal::Terminal;

const SIZE: (u16, u16) = (80, 24);

#[test]
fn a_wrong_token_gives_the_terminal_back_and_is_told() {
    let house = House::new();
    let args = ["--url", &house.url(), "--token", "bt_wrong"];
    let console = Terminal::start(&args, &environment(house.dir.path()), SIZE);
    let words = console.ended(1);
    assert!(words.contains("baton: "), "{words}");
    assert!(words.contains("token"), "{words}");
}

#[test]
fn a_server_that_is_not_there_gives_the_terminal_back_and_is_told() {
    let home = tempfile::tempdir().unwrap();
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let console = Terminal::start(&["--url", &url, "--token", "bt_any"], &environment(home.path()), SIZE);
    let words = console.ended(3);
    assert!(words.contains("cannot be reached"), "{words}");
}
