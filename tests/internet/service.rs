//! What a service manager does: hands over the socket, is told when requests are taken, and reads our unit without a word.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};

use super::door::http;
use super::host::{Host, PATIENCE, listening};

fn deploy(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/deploy").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// Starts the server with a socket as descriptor 3, as systemd does.
fn handed(host: &Host, socket: impl Into<OwnedFd>, args: &[&str]) -> std::process::Child {
    let serve = host.serve_command(args);
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"", "sh"]);
    shell.arg(serve.get_program()).args(serve.get_args());
    for (name, value) in serve.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let log = std::fs::File::options().create(true).append(true).open(host.path("log")).unwrap();
    shell.stdin(Stdio::from(socket.into())).stdout(Stdio::piped()).stderr(log);
    shell.env("NOTIFY_SOCKET", host.path("notify")).spawn().unwrap()
}

#[test]
fn it_serves_on_the_socket_it_is_handed_and_says_when_it_does() {
    let mut host = Host::new("[server]\nlisten = \"127.0.0.1:1\"\n");
    let manager = UnixDatagram::bind(host.path("notify")).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let told = || {
        let mut words = [0u8; 256];
        let n = manager.recv(&mut words).unwrap();
        String::from_utf8_lossy(&words[..n]).into_owned()
    };
    // Ours, and we keep it: over a restart nobody is refused.
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    for _ in 0..2 {
        let mut child = handed(&host, socket.try_clone().unwrap(), &[]);
        host.url = listening(&mut child).unwrap_or_else(|| panic!("{}", host.log()));
        host.child = Some(child);
        assert_eq!(host.url, format!("http://{address}"), "not what the file says");
        assert_eq!(told().trim(), "READY=1");
        assert!(http(&address, "/healthz", &[]).0.starts_with("HTTP/1.1 200"));
        host.signal("-TERM");
        assert_eq!(told().trim(), "STOPPING=1");
        assert_eq!(host.child.take().unwrap().wait().unwrap().code(), Some(0));
    }
}

#[test]
fn a_socket_that_is_none_is_told() {
    let host = Host::new("");
    let _manager = UnixDatagram::bind(host.path("notify")).unwrap();
    let (datagram, _other) = UnixDatagram::pair().unwrap();
    let mut child = handed(&host, datagram, &[]);
    assert_eq!(listening(&mut child), None);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(host.log().contains("ListenStream"), "{}", host.log());
}

#[test]
fn the_units_are_sound_and_hardened() {
    let Ok(version) = Command::new("systemd-analyze").arg("--version").output() else {
        eprintln!("skipped: systemd-analyze is not on this machine");
        return;
    };
    assert!(version.status.success());
    let dir = tempfile::tempdir().unwrap();
    let unit = deploy("baton.service");
    assert!(unit.contains("ExecStart=/usr/local/bin/baton "));
    // Its place in a system; here it stands elsewhere.
    let unit = unit.replace("/usr/local/bin/baton", env!("CARGO_BIN_EXE_baton"));
    std::fs::write(dir.path().join("baton.service"), unit).unwrap();
    std::fs::write(dir.path().join("baton.socket"), deploy("baton.socket")).unwrap();
    let units = [dir.path().join("baton.service"), dir.path().join("baton.socket")];
    let verify = Command::new("systemd-analyze").args(["verify", "--man=no"]).args(&units).output().unwrap();
    let said = String::from_utf8_lossy(&verify.stderr).into_owned();
    assert!(verify.status.success() && !said.contains("baton."), "{said}");
    let mut security = Command::new("systemd-analyze");
    let security =
        security.args(["security", "--offline=true", "--threshold=20"]).arg(&units[0]).output().unwrap();
    let said = String::from_utf8_lossy(&security.stdout).into_owned();
    assert!(security.status.success(), "exposure above 2.0:\n{said}");
}

/// The command line in the unit and in the image is one this program takes.
#[test]
fn what_the_unit_and_the_image_run_is_understood() {
    let unit = deploy("baton.service");
    let line = unit.lines().find_map(|l| l.strip_prefix("ExecStart=/usr/local/bin/baton ")).unwrap();
    let image = deploy("Dockerfile");
    let cmd = image.lines().find_map(|l| l.strip_prefix("CMD ")).unwrap();
    let cmd: Vec<String> = serde_json::from_str(cmd).unwrap();
    for mut args in [line.split(' ').map(str::to_owned).collect::<Vec<_>>(), cmd] {
        let at = args.iter().position(|a| a == "--config").unwrap();
        args[at + 1] = "/nonexistent/baton.toml".into();
        let host = Host::new("");
        let output = host.command().args(&args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.code() == Some(1) && said.contains("there is no such file"),
            "{args:?}: {said}"
        );
    }
    // What is copied into the build is what it needs.
    for needed in ["Cargo.toml", "Cargo.lock", "src", "assets", "benches"] {
        assert!(image.contains(&format!("{needed} ")), "{needed} is not copied");
        assert!(deploy("Dockerfile.dockerignore").contains(&format!("!{needed}\n")), "{needed} is left out");
    }
}
