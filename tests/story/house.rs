//! A folder of one's own, a server in it, and visitors who talk to it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;

use super::PATIENCE;
use super::terminal::Terminal;

/// The page visitors are on.
pub const PAGE: &str = "http://localhost/demo/support.html";

/// What every command of a test gets, so that nothing of this machine's shows through.
pub fn environment(home: &Path) -> Vec<(&'static str, PathBuf)> {
    vec![
        ("HOME", home.to_owned()),
        ("XDG_CONFIG_HOME", home.join("config")),
        ("XDG_STATE_HOME", home.join("state")),
        ("BATON_LOG", "warn".into()),
    ]
}

/// A server and its folder.
pub struct House {
    pub dir: TempDir,
    config: Option<PathBuf>,
    server: Option<Child>,
    pub port: u16,
}

impl House {
    /// The demonstration site.
    pub fn new() -> Self {
        Self::with(None)
    }

    /// With this configuration.
    pub fn configured(text: &str) -> Self {
        Self::with(Some(text))
    }

    fn with(text: Option<&str>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = text.map(|text| {
            let file = dir.path().join("baton.toml");
            std::fs::write(&file, text).unwrap();
            file
        });
        let mut house = Self { dir, config, server: None, port: 0 };
        house.serve();
        house
    }

    /// Starts the server: on a free port, or on the one it had.
    pub fn serve(&mut self) {
        let mut command = self.baton();
        command.args(["serve", "--listen", &format!("127.0.0.1:{}", self.port), "--data"]).arg(self.data());
        if let Some(config) = &self.config {
            command.arg("--config").arg(config);
        }
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let line = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        self.port = line.rsplit(':').next().unwrap().parse().expect("the promised line");
        self.server = Some(child);
    }

    /// Ends the server as a power cut does.
    pub fn kill(&mut self) {
        let mut child = self.server.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn baton(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_baton"));
        command.env_remove("BATON_URL").env_remove("BATON_TOKEN").stdin(Stdio::null());
        command.envs(environment(self.dir.path()));
        command
    }

    /// Adds an agent; gives the token.
    pub fn agent(&self, name: &str) -> String {
        let output = self.baton().args(["agent", "add", name, "--data"]).arg(self.data()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// What a command with `--json` says.
    pub fn json(&self, token: &str, args: &[&str]) -> Value {
        let mut command = self.baton();
        command.args(args).args(["--json", "--url", &self.url(), "--token", token]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The texts of the only conversation there is, by this author, in order.
    pub fn texts(&self, token: &str, author: &str) -> Vec<String> {
        let all = self.json(token, &["queue", "--tab", "all"]);
        let id = all[0]["id"].as_str().unwrap();
        let shown = self.json(token, &["show", id]);
        let messages = shown["messages"].as_array().unwrap().iter();
        messages.filter(|m| m["author"] == author).map(|m| m["text"].as_str().unwrap().to_owned()).collect()
    }

    /// A visitor who writes from [`PAGE`].
    pub fn visitor(&self, name: &str) -> Visitor {
        let mut command = self.baton();
        command.args(["chat", "--site", "demo", "--page", PAGE, "--name", name, "--url", &self.url()]);
        Visitor::start(command)
    }

    /// A console at this address, made Available.
    pub fn console(&self, url: &str, token: &str, size: (u16, u16)) -> Terminal {
        let args = ["--url", url, "--token", token];
        let mut console = Terminal::start(&args, &environment(self.dir.path()), size);
        console.until_shown("You are Away");
        console.press("~");
        console.until_shown("Available");
        console.until_gone("You are Away");
        console
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(child) = &mut self.server {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// `baton chat`, line by line.
pub struct Visitor {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    /// Every line so far.
    pub heard: Vec<String>,
}

impl Visitor {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        let input = child.stdin.take().unwrap();
        Self { child, input, lines, heard: Vec::new() }
    }

    pub fn says(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }

    /// Waits for a line that begins so.
    #[track_caller]
    pub fn hears(&mut self, start: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("the visitor never heard “{start}”, but: {:#?}", self.heard)
            };
            self.heard.push(line.clone());
            if line.starts_with(start) {
                return line;
            }
        }
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
