//! The real loop in a real pty: the terminal is taken, and given back whatever ends the console.
//!
//! The console runs in this very test program, started again with an environment variable (see [`child`]); there is no
//! server at the other end, so it shows that there is no link.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails and a child speaks that way"
)]

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use baton::console::config::Config;
use baton::console::{ConsoleOptions, run};
use vt100::{MouseProtocolEncoding, MouseProtocolMode};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// What the child is told to do beside running the console.
const TASK: &str = "BATON_TEST_CONSOLE";
/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Not a test of its own: the console, when a test below starts this program again.
#[test]
fn child() {
    let Ok(task) = std::env::var(TASK) else { return };
    let file = std::path::Path::new("console.toml");
    let settings = match task.as_str() {
        "broken" => "[keys]\npreset = \"vim\"\n[keys.panes]\nresolv = \"E\"\n",
        "no mouse" => "[looks]\nmouse = false\n",
        _ => "",
    };
    let (config, config_error) = match Config::parse(file, settings) {
        Ok(config) => (config, None),
        Err(error) => (Config::default(), Some(error.to_string())),
    };
    let options = ConsoleOptions {
        config,
        config_error,
        url: "http://127.0.0.1:9".into(),
        token: "none".into(),
        state_dir: None,
        status_note: Some("a note".into()),
        available_on_start: false,
        must_sign_in: false,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let ended = runtime.block_on(async {
        if task == "panic" {
            tokio::spawn(async {
                tokio::time::sleep(Duration::from_millis(300)).await;
                panic!("boom \u{1b}[31m");
            });
        }
        run(options).await
    });
    match ended {
        Ok(()) => println!("ended well"),
        Err(error) => println!("ended badly: {error}"),
    }
}

struct Pty {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    /// All that was written.
    raw: Vec<u8>,
    modes: String,
}

impl Pty {
    fn start(task: &str, through_a_shell: bool) -> Self {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let program = std::env::current_exe().unwrap();
        let mut command = if through_a_shell {
            let mut bash = CommandBuilder::new("bash");
            bash.args(["--norc", "--noprofile", "-i"]);
            bash.env("PS1", "prompt$ ");
            bash
        } else {
            let mut direct = CommandBuilder::new(&program);
            direct.args(["--exact", "child", "--nocapture", "--test-threads=1"]);
            direct
        };
        command.env(TASK, task);
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        let modes = modes(pair.master.as_ref());
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (send, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n) = reader.read(&mut buffer) {
                if n == 0 || send.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        let writer = pair.master.take_writer().unwrap();
        let size = |n| NonZero::new(n).unwrap();
        let parser = vt100::Parser::new(size(24), size(80), 0);
        let mut pty = Self { master: pair.master, child, writer, output, parser, raw: Vec::new(), modes };
        if through_a_shell {
            pty.until("a prompt", |screen| screen.contents().contains("prompt$"));
            let exe = program.display();
            pty.press(&format!("{exe} --exact child --nocapture --test-threads=1\r"));
        }
        pty
    }

    fn press(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    #[track_caller]
    fn until(&mut self, what: &str, reached: impl Fn(&vt100::Screen) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !reached(self.parser.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => {
                    self.parser.process(&bytes);
                    self.raw.extend(bytes);
                }
                Err(_) => panic!("never saw {what}:\n{}", self.parser.screen().contents()),
            }
        }
    }

    /// Waits for the end and checks that the terminal is as it was.
    #[track_caller]
    fn given_back(mut self) -> String {
        self.until("its last words", |screen| screen.contents().contains("test result"));
        let screen = self.parser.screen();
        assert!(!screen.alternate_screen(), "the screen of before is back");
        assert!(!screen.bracketed_paste(), "no bracketed paste");
        assert!(!screen.hide_cursor(), "the cursor is shown");
        assert_eq!(screen.mouse_protocol_mode(), MouseProtocolMode::None, "the mouse is the terminal's");
        assert_eq!(screen.mouse_protocol_encoding(), MouseProtocolEncoding::Default);
        assert_eq!(modes(self.master.as_ref()), self.modes, "the line discipline is as before");
        let contents = screen.contents();
        only_our_modes(&String::from_utf8_lossy(&self.raw));
        assert!(self.child.wait().unwrap().success(), "{contents}");
        contents
    }
}

/// Every mode that is switched is one of ours, and is off in the end (the cursor: on).
#[track_caller]
fn only_our_modes(bytes: &str) {
    // Cursor, alternate screen, focus, bracketed paste, the mouse's buttons and the form they are told in.
    let ours = ["25", "1049", "1004", "2004", "1000", "1006"];
    let mut last: std::collections::BTreeMap<&str, char> = std::collections::BTreeMap::new();
    for switch in bytes.split("\u{1b}[?").skip(1) {
        let end = switch.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(0);
        let (mode, how) = (&switch[..end], switch[end..].chars().next().unwrap_or(' '));
        if how == 'u' {
            continue;
        }
        assert!(ours.contains(&mode) && matches!(how, 'h' | 'l'), "mode {mode}{how}");
        last.insert(mode, how);
    }
    for (mode, how) in last {
        assert_eq!(how, if mode == "25" { 'h' } else { 'l' }, "mode {mode}");
    }
}

fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios())
}

fn no_link(screen: &vt100::Screen) -> bool {
    screen.alternate_screen() && screen.contents().contains("NO LINK")
}

#[test]
fn a_key_ends_it_and_the_terminal_is_as_before() {
    let mut pty = Pty::start("run", false);
    pty.until("the console", no_link);
    assert!(pty.parser.screen().bracketed_paste());
    assert!(pty.parser.screen().contents().contains("a note"));
    pty.press("?");
    pty.until("the help", |screen| screen.contents().contains("write a note only"));
    pty.press("\u{1b}");
    pty.until("the list", |screen| !screen.contents().contains("write a note only"));
    pty.press("q");
    assert!(pty.given_back().contains("ended well"));
}

#[test]
fn a_broken_settings_file_opens_with_the_defaults_and_says_so() {
    let mut pty = Pty::start("broken", false);
    let sentence = "console.toml, line 4, key `keys.panes.resolv`: there is no command `resolv`; did";
    // (It takes two rows and is broken between words.)
    pty.until("the sentence", |screen| {
        let rows: Vec<String> = screen.rows(0, 80).map(|row| row.trim().to_owned()).collect();
        rows.join(" ").contains(sentence)
    });
    pty.press("?");
    pty.until("the defaults", |screen| screen.contents().contains("write a note only"));
    assert!(!pty.parser.screen().contents().contains("g g"), "no preset of a file that is wrong");
    pty.press("\u{1b}");
    pty.until("the list", |screen| !screen.contents().contains("write a note only"));
    pty.press("q");
    assert!(pty.given_back().contains("ended well"));
}

#[test]
fn the_mouse_is_taken_freed_and_given_back() {
    let mut pty = Pty::start("run", false);
    pty.until("the console", no_link);
    assert_eq!(pty.parser.screen().mouse_protocol_mode(), MouseProtocolMode::PressRelease);
    assert_eq!(pty.parser.screen().mouse_protocol_encoding(), MouseProtocolEncoding::Sgr);
    // A click on the second tab: button, column and row from 1, then the release.
    pty.press("\u{1b}[<0;16;1M\u{1b}[<0;16;1m");
    pty.until("the second tab", |screen| {
        screen.contents().contains("You hold no conversation")
            || screen.cell(0, 14).is_some_and(vt100::Cell::inverse)
    });
    pty.press("M");
    pty.until("a free mouse", |screen| screen.mouse_protocol_mode() == MouseProtocolMode::None);
    pty.until("a word about it", |screen| screen.contents().contains("mouse free"));
    pty.press("M");
    pty.until("the mouse again", |screen| screen.mouse_protocol_mode() == MouseProtocolMode::PressRelease);
    pty.press("q");
    assert!(pty.given_back().contains("ended well"));
    let mut pty = Pty::start("no mouse", false);
    pty.until("the console", no_link);
    assert_eq!(pty.parser.screen().mouse_protocol_mode(), MouseProtocolMode::None);
    pty.press("q");
    pty.given_back();
}

#[test]
fn a_signal_ends_it_and_the_terminal_is_as_before() {
    for signal in ["TERM", "HUP"] {
        let mut pty = Pty::start("run", false);
        pty.until("the console", no_link);
        let id = pty.child.process_id().unwrap().to_string();
        let told = std::process::Command::new("kill").args(["-s", signal, &id]).status().unwrap();
        assert!(told.success());
        assert!(pty.given_back().contains("ended well"), "{signal}");
    }
}

#[test]
fn a_panic_in_the_background_is_told_and_the_screen_stays() {
    let mut pty = Pty::start("panic", false);
    pty.until("the toast", |screen| screen.contents().contains("a background part failed"));
    assert!(pty.parser.screen().alternate_screen());
    pty.press("q");
    let contents = pty.given_back();
    assert!(
        contents.contains("a part of the console failed") && contents.contains("boom ␛[31m"),
        "{contents}"
    );
}

#[test]
fn resizing_draws_anew() {
    let mut pty = Pty::start("run", false);
    pty.until("the console", no_link);
    pty.master.resize(PtySize { rows: 7, cols: 80, pixel_width: 0, pixel_height: 0 }).unwrap();
    pty.until("a word about the size", |screen| screen.contents().contains("Baton needs 30×8"));
    pty.press("q");
    pty.given_back();
}

/// The library that parses keys forgets what came in the same moment as the signal of a new size; the console must not.
#[test]
fn a_key_in_the_moment_of_a_resize_is_not_lost() {
    let mut pty = Pty::start("run", false);
    pty.until("the console", no_link);
    for round in 0..40 {
        let open = round % 2 == 0;
        let rows = if open { 23 } else { 24 };
        pty.master.resize(PtySize { rows, cols: 80, pixel_width: 0, pixel_height: 0 }).unwrap();
        let size = |n| NonZero::new(n).unwrap();
        pty.parser.screen_mut().set_size(size(rows), size(80));
        pty.press(if open { "?" } else { "\u{1b}" });
        pty.until("help, or its end", |screen| screen.contents().contains("write a note only") == open);
    }
    pty.press("q");
    pty.given_back();
}

/// Half a sequence, as a slow link brings it: the screen goes on, and the other half makes it whole.
#[test]
fn half_a_sequence_does_not_hold_up_the_screen() {
    let mut pty = Pty::start("run", false);
    pty.until("the console", no_link);
    pty.press("\u{1b}[20");
    // Another size is drawn although the sequence is not over.
    pty.master.resize(PtySize { rows: 7, cols: 80, pixel_width: 0, pixel_height: 0 }).unwrap();
    pty.until("a word about the size", |screen| screen.contents().contains("Baton needs 30×8"));
    pty.master.resize(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 }).unwrap();
    pty.until("the console", no_link);
    pty.press("0~pasted\u{1b}[201~");
    pty.until("the paste's answer", |screen| screen.contents().contains("a paste was ignored"));
    pty.press("q");
    pty.given_back();
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_again() {
    if std::process::Command::new("bash").arg("--version").output().is_err() {
        eprintln!("skipped: there is no bash here");
        return;
    }
    let mut pty = Pty::start("run", true);
    pty.until("the console", no_link);
    pty.press("\u{1a}");
    pty.until("the shell", |screen| !screen.alternate_screen() && screen.contents().contains("Stopped"));
    // (The shell switches bracketed paste on for itself.)
    assert!(!pty.parser.screen().hide_cursor());
    assert_eq!(pty.parser.screen().mouse_protocol_mode(), MouseProtocolMode::None);
    pty.press("fg\r");
    pty.until("the console again", no_link);
    pty.press("q");
    pty.until("the shell", |screen| !screen.alternate_screen() && screen.contents().contains("ended well"));
    pty.press("exit\r");
    pty.child.wait().unwrap();
}

#[test]
fn without_a_terminal_it_says_what_to_do() {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(TASK, "run")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(
        words.contains("ended badly: the console needs a terminal, and standard input is none"),
        "{words}"
    );
    assert!(words.contains("baton queue --json"), "{words}");
}
