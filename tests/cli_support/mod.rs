//! A server in a folder of its own, and the commands as a script would use them.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, dead_code)]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder of one's own, and a server in it.
pub struct House {
    pub dir: TempDir,
    pub server: Option<Child>,
    pub url: String,
}

/// A running command whose lines are read as they come; ended when dropped.
pub struct Running {
    pub child: Child,
    pub input: Option<ChildStdin>,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let input = child.stdin.take();
        Self { child, input, lines }
    }

    pub fn say(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Reads lines until one fits.
    pub fn until<T>(&mut self, mut fits: impl FnMut(&str) -> Option<T>) -> T {
        loop {
            let line = self.lines.next().expect("the command goes on").unwrap();
            if let Some(found) = fits(&line) {
                return found;
            }
        }
    }

    pub fn until_json(&mut self, mut fits: impl FnMut(&Value) -> bool) -> Value {
        self.until(|line| serde_json::from_str(line).ok().filter(|v| fits(v)))
    }
}

pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

pub fn baton(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_baton"));
    command
        .env_remove("BATON_URL")
        .env_remove("BATON_TOKEN")
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_STATE_HOME", home.join("state"))
        .env("BATON_LOG", "warn")
        .stdin(Stdio::null());
    command
}

impl House {
    pub fn new() -> Self {
        let mut house = Self { dir: tempfile::tempdir().unwrap(), server: None, url: String::new() };
        house.serve();
        house
    }

    pub fn serve(&mut self) {
        let mut child = baton(self.dir.path())
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(self.dir.path().join("data"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let line = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        self.url = line.strip_prefix("listening on ").expect("the promised line").to_owned();
        self.server = Some(child);
    }

    /// Stops the server as an init system does; its exit code.
    pub fn stop(&mut self) -> Option<i32> {
        let mut child = self.server.take().unwrap();
        signal(&child, "-TERM");
        child.wait().unwrap().code()
    }

    pub fn agent(&self, name: &str, role: &str) -> String {
        let data = self.dir.path().join("data");
        let add = ["agent", "add", name, "--role", role, "--data", data.to_str().unwrap()];
        let Output { status, stdout, .. } = baton(self.dir.path()).args(add).output().unwrap();
        assert!(status.success());
        String::from_utf8(stdout).unwrap().trim().to_owned()
    }

    pub fn command(&self, token: &str, args: &[&str]) -> Command {
        let mut command = baton(self.dir.path());
        command.args(args).env("BATON_URL", &self.url).env("BATON_TOKEN", token);
        command
    }

    pub fn run(&self, token: &str, args: &[&str]) -> (Option<i32>, String, String) {
        let Output { status, stdout, stderr } = self.command(token, args).output().unwrap();
        (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }

    pub fn ok(&self, token: &str, args: &[&str]) -> String {
        let (code, stdout, stderr) = self.run(token, args);
        assert_eq!(code, Some(0), "{args:?}: {stderr}");
        stdout
    }

    pub fn json(&self, token: &str, args: &[&str]) -> Value {
        serde_json::from_str(&self.ok(token, args)).unwrap()
    }

    pub fn chat(&self, args: &[&str]) -> Running {
        let mut all = vec!["chat", "--site", "demo", "--page", "http://localhost/demo/support.html"];
        all.extend(args);
        Running::start(&mut self.command("", &all))
    }

    /// Pipes lines through `baton chat`; exit code, output, errors.
    pub fn pipe(&self, input: &[u8], args: &[&str]) -> (Option<i32>, String, String) {
        let mut all = vec!["chat", "--site", "demo", "--json"];
        all.extend(args);
        let mut child = self
            .command("", &all)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
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

pub fn of_kind(output: &str, kind: &str) -> Vec<Value> {
    output.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()).filter(|v| v["kind"] == kind).collect()
}
