//! A server process with a configuration, its log in a file, and the commands that speak to it.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// After this long something hangs; it is no measure of speed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until something holds.
pub fn until<T>(what: &str, mut holds: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = holds() {
            return found;
        }
        assert!(Instant::now() < end, "{what}: it did not come");
        // A condition of another process: there is nothing to be woken by.
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

pub struct Host {
    pub dir: TempDir,
    pub child: Option<Child>,
    /// `http://…` or `https://…` as it said.
    pub url: String,
}

/// One site, open to pages on this machine, without an assistant.
pub const SITE: &str =
    "\n[[site]]\nid = \"demo\"\nname = \"Demo\"\nassistant = false\nloopback_origins = true\n";

impl Host {
    /// A folder with this configuration (the site is added), not serving yet.
    pub fn new(config: &str) -> Host {
        let host = Host { dir: tempfile::tempdir().unwrap(), child: None, url: String::new() };
        host.configure(config);
        host
    }

    /// A running one.
    pub fn start(config: &str) -> Host {
        let mut host = Host::new(config);
        host.serve(&["--listen", "127.0.0.1:0"]);
        host
    }

    pub fn configure(&self, config: &str) {
        std::fs::write(self.path("baton.toml"), format!("{config}{SITE}")).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn command(&self) -> Command {
        baton(self.dir.path())
    }

    pub fn serve_command(&self, args: &[&str]) -> Command {
        let mut command = self.command();
        let log = File::options().create(true).append(true).open(self.path("log")).unwrap();
        command.args(["serve", "--data"]).arg(self.path("data")).arg("--config").arg(self.path("baton.toml"));
        command.args(args).stdout(Stdio::piped()).stderr(log);
        command
    }

    pub fn serve(&mut self, args: &[&str]) {
        let mut child = self.serve_command(args).spawn().unwrap();
        self.url = listening(&mut child).unwrap_or_else(|| panic!("no server: {}", self.log()));
        self.child = Some(child);
    }

    pub fn port(&self) -> u16 {
        self.url.rsplit(':').next().unwrap().parse().unwrap()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    pub fn until_logged(&self, words: &str) -> String {
        until(words, || self.log().lines().find(|l| l.contains(words)).map(str::to_owned))
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// Stops it as a service manager does; its exit code.
    pub fn stop(&mut self) -> Option<i32> {
        self.signal("-TERM");
        self.child.take().unwrap().wait().unwrap().code()
    }

    pub fn agent(&self, name: &str) -> String {
        let output =
            self.command().args(["agent", "add", name, "--data"]).arg(self.path("data")).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Runs a command; exit code, output, errors.
    pub fn run(&self, args: &[&str], token: &str) -> (Option<i32>, String, String) {
        let mut command = self.command();
        command.args(args).env("BATON_TOKEN", token).stdin(Stdio::null());
        told(&command.output().unwrap())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

pub fn baton(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_baton"));
    for name in [
        "BATON_URL",
        "BATON_TOKEN",
        "BATON_CA",
        "BATON_LOG",
        "SSL_CERT_FILE",
        "NOTIFY_SOCKET",
        "LISTEN_FDS",
        "LISTEN_PID",
    ] {
        command.env_remove(name);
    }
    command
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_STATE_HOME", home.join("state"));
    command
}

/// The address a server says it listens on; none: it ended.
pub fn listening(child: &mut Child) -> Option<String> {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    line.trim().strip_prefix("listening on ").map(str::to_owned)
}

/// A self-made certificate for these names; written as `NAME.pem` and `NAME.key`.
pub fn certificate(dir: &Path, name: &str, names: &[&str]) {
    let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    std::fs::write(dir.join(format!("{name}.pem")), made.cert.pem()).unwrap();
    std::fs::write(dir.join(format!("{name}.key")), made.signing_key.serialize_pem()).unwrap();
}

/// A visitor who says one thing and goes; what `baton chat --json` printed.
pub fn visitor_says(host: &Host, args: &[&str], words: &str) -> (Option<i32>, String, String) {
    let mut command = host.command();
    command.args(["chat", "--site", "demo", "--json"]).args(args);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{words}").unwrap();
    told(&child.wait_with_output().unwrap())
}
