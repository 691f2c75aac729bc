//! An empty folder with some help pages, the binary in it, consoles without a terminal, and pages of a made-up domain.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;

use baton::client::{self, ClientEvent, ConnectOptions};
use serde_json::Value;
use tempfile::TempDir;

use super::PATIENCE;

pub struct House {
    pub dir: TempDir,
    pub url: String,
    server: Option<Child>,
}

/// What a command said.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl House {
    /// A folder with two help pages, and nothing else.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let house = Self { dir, url: "http://127.0.0.1:1".into(), server: None };
        house.write(
            "docs/returns.md",
            "# Returns\n\nYou may return anything within 30 days. We pay the way back.\n",
        );
        house.write("docs/shipping.md", "# Shipping\n\nParcels leave every working day at noon.\n");
        house
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The binary, in this folder, with nothing of this machine showing through.
    pub fn baton(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_baton"));
        command
            .args(args)
            .current_dir(self.dir.path())
            .env_remove("BATON_URL")
            .env_remove("BATON_TOKEN")
            .env("HOME", self.dir.path())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env("BATON_LOG", "warn")
            .env("USER", "robin")
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Said {
        said(self.baton(args).output().unwrap())
    }

    pub fn ok(&self, args: &[&str]) -> String {
        let said = self.run(args);
        assert_eq!(said.code, Some(0), "{args:?}: {}{}", said.out, said.err);
        said.out
    }

    pub fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.ok(args)).unwrap()
    }

    /// Refused with this exit code; what it said.
    pub fn refused(&self, code: i32, args: &[&str]) -> String {
        let said = self.run(args);
        assert_eq!(said.code, Some(code), "{args:?}: {}{}", said.out, said.err);
        said.err
    }

    /// Pipes lines into a command.
    pub fn piped(&self, input: &str, args: &[&str]) -> Said {
        let mut child = self
            .baton(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that refuses before it has read everything closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        said(child.wait_with_output().unwrap())
    }

    /// `baton serve` on a free port.
    pub fn serve(&mut self) {
        let args = ["serve", "--data", "data", "--config", "baton.toml", "--listen", "127.0.0.1:0"];
        let mut child = self.baton(&args).stdout(Stdio::piped()).spawn().unwrap();
        let line = BufReader::new(child.stdout.take().unwrap()).lines().next().expect("a line").unwrap();
        self.url = line.strip_prefix("listening on ").expect("the promised line").to_owned();
        self.server = Some(child);
    }

    /// Stops the server as an init system does.
    pub fn stop(&mut self) {
        let mut child = self.server.take().unwrap();
        assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }

    /// What the doctor says of the server of this house: exit code and object.
    pub fn doctor(&self, more: &[&str]) -> (Option<i32>, Value) {
        let mut args = vec!["doctor", "--json"];
        if !more.contains(&"--url") {
            args.extend(["--url", &self.url]);
        }
        args.extend(more);
        let said = self.run(&args);
        let value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}{}", said.out, said.err));
        (said.code, value)
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

fn said(output: Output) -> Said {
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A console without a terminal: it leases its agent's presence until it is dropped.
pub struct Console {
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl Console {
    pub fn open(url: &str, token: &str) -> Self {
        let options = ConnectOptions {
            url: url.to_owned(),
            token: token.to_owned(),
            client: "console/0.1.0".into(),
            instance: uuid::Uuid::new_v4().simple().to_string(),
            state_dir: None,
        };
        let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
        let (live, is_live) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let (handle, mut events) = client::connect(options);
                loop {
                    tokio::select! {
                        _ = &mut stopped => break,
                        event = events.recv() => match event {
                            Some(ClientEvent::Welcome(_)) => drop(live.send(())),
                            Some(_) => {}
                            None => break,
                        },
                    }
                }
                drop(handle);
            });
        });
        is_live.recv_timeout(PATIENCE).expect("the console signs in");
        Self { _stop: stop }
    }
}

/// A web server with one page, for as long as the test runs; whatever name it is asked by.
pub fn page(body: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                head.push(byte[0]);
            }
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}
