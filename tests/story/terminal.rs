//! The real binary in a real pty, and a terminal emulator that sees and hears what it does.

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::{Callbacks, Screen};

use super::PATIENCE;

/// What a terminal does that is no cell.
#[derive(Debug, Default)]
pub struct Heard {
    pub bells: usize,
    pub titles: Vec<String>,
    /// What a console has no business with: clipboards, resizes, icons, sequences nobody knows.
    pub strange: Vec<String>,
}

impl Callbacks for Heard {
    fn audible_bell(&mut self, _: &mut Screen) {
        self.bells += 1;
    }
    fn visual_bell(&mut self, _: &mut Screen) {
        self.strange.push("a visual bell".into());
    }
    fn resize(&mut self, _: &mut Screen, request: (u16, u16)) {
        self.strange.push(format!("a resize to {request:?}"));
    }
    fn set_window_icon_name(&mut self, _: &mut Screen, name: &[u8]) {
        self.strange.push(format!("an icon name {name:?}"));
    }
    fn set_window_title(&mut self, _: &mut Screen, title: &[u8]) {
        self.titles.push(String::from_utf8_lossy(title).into_owned());
    }
    fn copy_to_clipboard(&mut self, _: &mut Screen, _: &[u8], data: &[u8]) {
        self.strange.push(format!("the clipboard set to {data:?}"));
    }
    fn paste_from_clipboard(&mut self, _: &mut Screen, _: &[u8]) {
        self.strange.push("the clipboard read".into());
    }
    fn unhandled_control(&mut self, _: &mut Screen, byte: u8) {
        self.strange.push(format!("the control character {byte:#x}"));
    }
    fn unhandled_osc(&mut self, _: &mut Screen, params: &[&[u8]]) {
        // Links lead where our parser says, and are closed again (what they stand on: tests/console_bytes.rs).
        if let Some(([b"8", b""], address)) = params.split_at_checked(2)
            && let address = String::from_utf8_lossy(&address.join(&b';')).into_owned()
            && (address.is_empty() || Self::may_be_opened(&address))
        {
            return;
        }
        self.strange.push(format!("an OSC sequence {params:?}"));
    }
}

impl Heard {
    fn may_be_opened(address: &str) -> bool {
        let scheme = ["https://", "http://", "mailto:"].iter().any(|scheme| address.starts_with(scheme));
        scheme && address.bytes().all(|b| b.is_ascii_graphic())
    }

    /// Whether a title is one of our own: fixed words and counts.
    pub fn is_ours(title: &str) -> bool {
        let count = |words: &str, what: &str| {
            words.strip_suffix(what).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        };
        title.is_empty()
            || title == "baton"
            || title.strip_prefix("baton: ").is_some_and(|rest| {
                rest.split(", ").all(|part| count(part, " waiting") || count(part, " to answer"))
            })
    }
}

/// A command of the real binary in a pty.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser<Heard>,
    size: (u16, u16),
    modes: String,
}

impl Terminal {
    /// Starts it; size in columns and rows.
    pub fn start(args: &[&str], environment: &[(&str, PathBuf)], size: (u16, u16)) -> Self {
        let (cols, rows) = size;
        let pair =
            native_pty_system().openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_baton"));
        command.args(args);
        for (name, value) in environment {
            command.env(name, value);
        }
        for name in ["BATON_URL", "BATON_TOKEN", "NO_COLOR"] {
            command.env_remove(name);
        }
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        let modes = modes(pair.master.as_ref());
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (send, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 16384];
            while let Ok(n) = reader.read(&mut buffer) {
                if n == 0 || send.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        let writer = pair.master.take_writer().unwrap();
        let cells = |n| NonZero::new(n).unwrap();
        let parser = vt100::Parser::new_with_callbacks(cells(rows), cells(cols), 0, Heard::default());
        Self { master: pair.master, child, writer, output, parser, size, modes }
    }

    /// What the emulator heard.
    pub fn heard(&self) -> &Heard {
        self.parser.callbacks()
    }

    /// All of the screen.
    pub fn contents(&self) -> String {
        self.parser.screen().contents()
    }

    /// Whether the console has the screen, and not what was there before it.
    pub fn alternate(&self) -> bool {
        self.parser.screen().alternate_screen()
    }

    /// A row; from the end where negative.
    pub fn row(&self, row: i16) -> String {
        let (cols, rows) = self.size;
        let row = if row < 0 { rows.checked_add_signed(row).unwrap() } else { row.unsigned_abs() };
        self.parser.screen().rows(0, cols).nth(usize::from(row)).unwrap_or_default()
    }

    /// The text of a cell.
    pub fn cell(&self, row: u16, col: u16) -> String {
        self.parser.screen().cell(row, col).map(|cell| cell.contents().to_owned()).unwrap_or_default()
    }

    /// One keystroke, or several at once.
    pub fn press(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Types words, and Enter when they are seen and the breath after them is over: an Enter in the same breath would be
    /// taken for part of a paste.
    #[track_caller]
    pub fn types_and_sends(&mut self, words: &str) {
        self.press(words);
        self.until_shown(words);
        self.listen(Duration::from_millis(50));
        self.press("\r");
    }

    /// Takes in what comes for so long; false where nothing did.
    pub fn listen(&mut self, span: Duration) -> bool {
        let deadline = Instant::now() + span;
        let mut any = false;
        loop {
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.parser.process(&bytes),
                Err(_) => return any,
            }
            any = true;
        }
    }

    #[track_caller]
    pub fn until(&mut self, what: &str, reached: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !reached(self) {
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.parser.process(&bytes),
                Err(_) => panic!("never saw {what}:\n{}\n{:?}", self.contents(), self.heard()),
            }
        }
    }

    #[track_caller]
    pub fn until_shown(&mut self, words: &str) {
        self.until(words, |terminal| terminal.contents().contains(words));
    }

    #[track_caller]
    pub fn until_gone(&mut self, words: &str) {
        self.until(&format!("the end of “{words}”"), |terminal| !terminal.contents().contains(words));
    }

    /// Waits for the end; checks that the terminal is as it was before, and that the exit code is 0.
    #[track_caller]
    pub fn given_back(self) -> String {
        self.ended(0)
    }

    /// Waits for the end; checks that the terminal is as it was before, and the exit code.
    #[track_caller]
    pub fn ended(mut self, code: u32) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.parser.process(&bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it never ended:\n{}", self.contents()),
            }
        }
        let status = self.child.wait().unwrap();
        let screen = self.parser.screen();
        assert_eq!(status.exit_code(), code, "{}", screen.contents());
        assert!(!screen.alternate_screen(), "the screen of before is back");
        assert!(!screen.bracketed_paste(), "no bracketed paste");
        assert!(!screen.hide_cursor(), "the cursor is shown");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        assert_eq!(modes(self.master.as_ref()), self.modes, "the line discipline is as before");
        screen.contents()
    }
}

impl Terminal {
    /// Ends it as a power cut does, with no signal that could be answered; what it wrote is forgotten.
    pub fn killed(mut self) {
        let id = self.child.process_id().and_then(|id| i32::try_from(id).ok());
        let pid = id.and_then(rustix::process::Pid::from_raw).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios())
}
