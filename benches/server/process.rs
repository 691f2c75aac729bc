//! A server as a process of its own, so that its CPU and memory are its alone.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::SystemTime;

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Floor,
    Baton,
}

pub struct Server {
    child: Child,
    dir: tempfile::TempDir,
    pub address: String,
    traced: bool,
}

/// A site without an assistant: every message is one durable message, as in the floor. No rate limit: it is the load.
const CONFIG: &str = r#"
[limits]
messages_per_second = 1000000.0
message_burst = 1000000
sockets = 50000

[[site]]
id = "demo"
name = "Bench"
assistant = false
loopback_origins = true
"#;

fn baton() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_baton"))
}

impl Server {
    pub fn start(kind: Kind, traced: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let mut words: Vec<std::ffi::OsString> = vec![];
        if traced {
            let to = dir.path().join("strace");
            words.extend(["strace", "-f", "-ttt", "-e", "trace=fdatasync,fsync", "-o"].map(Into::into));
            words.push(to.into());
        }
        match kind {
            Kind::Floor => {
                words.push(std::env::current_exe().unwrap().into());
                words.extend(["--floor".into(), data.into()]);
            }
            Kind::Baton => {
                let config = dir.path().join("baton.toml");
                std::fs::write(&config, CONFIG).unwrap();
                words.push(baton().into());
                words.extend(["serve", "--listen", "127.0.0.1:0", "--data"].map(Into::into));
                words.push(data.into());
                words.extend(["--config".into(), config.into()]);
            }
        }
        let mut child = Command::new(&words[0])
            .args(&words[1..])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap().to_owned();
        Self { child, dir, address, traced }
    }

    /// The server itself, not the tracer around it.
    fn pid(&self) -> u32 {
        if !self.traced {
            return self.child.id();
        }
        let children = format!("/proc/{0}/task/{0}/children", self.child.id());
        std::fs::read_to_string(children).unwrap().split_whitespace().next().unwrap().parse().unwrap()
    }

    pub fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
        ticks / 100.0
    }

    pub fn rss_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    pub fn agent_token(&self) -> String {
        let out = Command::new(baton())
            .args(["agent", "add", "bench", "--role", "supervisor", "--data"])
            .arg(self.dir.path().join("data"))
            .output()
            .unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        text.split_whitespace().find(|w| w.starts_with("bt_")).unwrap().to_owned()
    }

    /// Stops the server (so that the tracer has written everything) and counts the flushes since then: `fsync` and
    /// `fdatasync`, each once, where the call began.
    pub fn stop_and_count_flushes(mut self, since: SystemTime) -> usize {
        let _ = Command::new("kill").arg("-9").arg(self.pid().to_string()).status();
        let _ = self.child.wait();
        let since = since.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64();
        let text = std::fs::read_to_string(self.dir.path().join("strace")).unwrap();
        let began = |line: &&str| line.contains(" fdatasync(") || line.contains(" fsync(");
        let at = |line: &str| line.split_whitespace().nth(1).and_then(|at| at.parse::<f64>().ok());
        text.lines().filter(began).filter_map(at).filter(|at| *at >= since).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let _ = Command::new("kill").arg("-9").arg(self.pid().to_string()).status();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
