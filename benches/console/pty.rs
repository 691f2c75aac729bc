//! A program in a pty of its own: what it wrote and when, what its screen shows, what it costs.

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

pub const ROWS: u16 = 40;
pub const COLS: u16 = 120;
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Pty {
    _master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    output: Receiver<(Instant, Vec<u8>)>,
    parser: vt100::Parser,
    pub started: Instant,
    /// Bytes and pieces read so far.
    pub bytes: usize,
    pub pieces: usize,
}

/// What a process has used up to now.
#[derive(Clone, Copy)]
pub struct Used {
    pub cpu: Duration,
    pub wakes: u64,
}

impl Pty {
    pub fn start(program: &str, args: &[String], env: &[(&str, String)]) -> Self {
        let size = PtySize { rows: ROWS, cols: COLS, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        for (name, value) in env {
            command.env(name, value);
        }
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (send, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 16 << 10];
            while let Ok(n) = reader.read(&mut buffer) {
                if n == 0 || send.send((Instant::now(), buffer[..n].to_vec())).is_err() {
                    break;
                }
            }
        });
        let started = Instant::now();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let writer = pair.master.take_writer().unwrap();
        let size = |n| NonZero::new(n).unwrap();
        let parser = vt100::Parser::new(size(ROWS), size(COLS), 0);
        Self { _master: pair.master, child, writer, output, parser, started, bytes: 0, pieces: 0 }
    }

    pub fn press(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Takes in what comes until the screen is so; when the piece that made it so was read.
    pub fn until(&mut self, what: &str, reached: impl Fn(&vt100::Screen) -> bool) -> Instant {
        let deadline = Instant::now() + PATIENCE;
        let mut at = Instant::now();
        while !reached(self.parser.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok((when, bytes)) = self.output.recv_timeout(left) else {
                panic!("never saw {what}:\n{}", self.parser.screen().contents());
            };
            at = when;
            self.take(&bytes);
        }
        at
    }

    pub fn until_shown(&mut self, words: &str) -> Instant {
        self.until(words, |screen| screen.contents().contains(words))
    }

    /// Takes in what comes for so long.
    pub fn listen(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Ok((_, bytes)) = self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
            self.take(&bytes);
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len();
        self.pieces += 1;
        self.parser.process(bytes);
    }

    /// Types a character where the cursor stands: the time from its writing until it is shown with the cursor behind it.
    pub fn echo(&mut self, c: char) -> Duration {
        let (row, col) = self.screen().cursor_position();
        let began = Instant::now();
        self.press(&c.to_string());
        let at = self.until("an echo", |screen| {
            let cell = screen.cell(row, col).is_some_and(|cell| cell.contents() == c.to_string());
            cell && screen.cursor_position() == (row, col + 1)
        });
        at - began
    }

    /// Takes the character back.
    pub fn erase(&mut self) {
        let (row, col) = self.screen().cursor_position();
        self.press("\x7f");
        self.until("the cursor to go back", |screen| screen.cursor_position() == (row, col - 1));
    }

    /// Median time of so many echoes, in milliseconds. Keys come at uneven times, as people's do.
    pub fn echoes(&mut self, keys: u64) -> f64 {
        let mut times = Vec::new();
        for n in 0..keys {
            let c = char::from(b'a' + (n * 7 % 26) as u8);
            times.push(self.echo(c).as_secs_f64() * 1e3);
            self.listen(Duration::from_micros(7_000 + n * 1_931 % 9_000));
            self.erase();
            self.listen(Duration::from_micros(7_000 + n * 1_237 % 9_000));
        }
        super::median(times)
    }

    fn tasks(&self, file: &str) -> Vec<String> {
        let folder = format!("/proc/{}/task", self.child.process_id().unwrap());
        let tasks = std::fs::read_dir(folder).unwrap();
        tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join(file)).ok()).collect()
    }

    pub fn used(&self) -> Used {
        let nanos = |text: &String| text.split(' ').next().unwrap().parse::<u64>().unwrap();
        let cpu = Duration::from_nanos(self.tasks("schedstat").iter().map(nanos).sum());
        let wakes = self.tasks("status").iter().map(|text| field(text, "voluntary_ctxt_switches:")).sum();
        Used { cpu, wakes }
    }

    pub fn rss_kib(&self) -> u64 {
        let id = self.child.process_id().unwrap();
        field(&std::fs::read_to_string(format!("/proc/{id}/status")).unwrap(), "VmRSS:")
    }
}

fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
