//! The real program, a real mail server, and the power cut between them.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::smtp::{Act, Fake};
use crate::support::server::{Client, cid, soon};

/// The program on a folder; SIGKILL when it goes out of scope.
struct Program {
    child: Child,
    address: String,
}

impl Program {
    fn start(dir: &Path) -> Program {
        let mut command = baton();
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(dir.join("data"));
        command.arg("--config").arg(dir.join("baton.toml"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").expect("the promised line");
        Program { address: address.to_owned(), child }
    }

    async fn socket(&self, path: &str) -> Client {
        Client::open(self.address.parse().unwrap(), path).await
    }

    async fn agent(&self, token: &str) -> Client {
        let mut agent = self.socket("/ws/agent").await;
        agent.ok("auth", json!({ "token": token, "client": "test/1", "instance": cid() })).await;
        agent
    }

    /// Somebody asks, leaves an address, and leaves; gives the conversation.
    async fn ticket(&self, words: &str, email: &str) -> Value {
        let mut visitor = self.socket("/ws/visitor?site=demo").await;
        visitor.ok("auth", json!({ "page": { "url": "http://localhost/help" } })).await;
        let sent = visitor.ok("message.send", json!({ "cid": cid(), "text": words })).await;
        visitor.ok("lead.submit", json!({ "cid": cid(), "email": email })).await;
        visitor.bye().await;
        sent["conversation"].clone()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SIGKILL.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn baton() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_baton"));
    command.env_remove("BATON_URL").env_remove("BATON_TOKEN").env_remove("BATON_MAIL_PASSWORD");
    command.stdin(Stdio::null());
    command
}

fn configured(dir: &Path, port: u16) {
    let text = format!(
        "[mail]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nfrom = \"help@shop.example\"\ndelay_s = 0\n\n[[site]]\nid = \"demo\"\nname = \"Example Shop\"\nassistant = false\nloopback_origins = true\n"
    );
    std::fs::write(dir.join("baton.toml"), text).unwrap();
}

fn agent_of(dir: &Path) -> String {
    let done = baton().args(["agent", "add", "Dana", "--data"]).arg(dir.join("data")).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

async fn reply(agent: &mut Client, conversation: &Value, text: &str) {
    agent.ok("message.send", json!({ "conversation": conversation, "cid": cid(), "text": text })).await;
}

async fn until_listed(agent: &mut Client, what: &str, fits: impl Fn(&[Value]) -> bool) {
    crate::world::listed(agent, what, fits).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_250_it_goes_again_under_the_same_name_killed_after_it_never() {
    let dir = tempfile::tempdir().unwrap();
    let mut smtp = Fake::start(&[Act::Hold]).await;
    configured(dir.path(), smtp.port);
    let token = agent_of(dir.path());

    let program = Program::start(dir.path());
    let conversation = program.ticket("Where is it?", "maya@example.com").await;
    let mut dana = program.agent(&token).await;
    reply(&mut dana, &conversation, "It left yesterday.").await;
    // The mail server has it all and has not said so yet.
    smtp.mails(1).await;
    drop(program);

    let program = Program::start(dir.path());
    let mut dana = program.agent(&token).await;
    let came = smtp.mails(2).await;
    assert_eq!(came[0].header("message-id"), came[1].header("message-id"));
    assert_eq!(came[0].body().lines().next(), came[1].body().lines().next());
    until_listed(&mut dana, "sent", |m| m.len() == 1 && m[0]["state"] == "sent").await;
    drop(program);

    // Taken, and noted: whatever happens from here on, it does not go again.
    for _ in 0..2 {
        let program = Program::start(dir.path());
        let mut dana = program.agent(&token).await;
        until_listed(&mut dana, "still sent", |m| m.len() == 1 && m[0]["state"] == "sent").await;
        drop(program);
    }
    let program = Program::start(dir.path());
    let other = program.ticket("And mine?", "leo@example.com").await;
    let mut dana = program.agent(&token).await;
    reply(&mut dana, &other, "Tomorrow.").await;
    let came = smtp.mails(3).await;
    assert!(came.len() == 3 && came[2].to.contains("leo@"), "{:?}", came.last());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_acknowledged_and_not_yet_looked_at_goes_after_a_power_cut() {
    let dir = tempfile::tempdir().unwrap();
    let mut smtp = Fake::start(&[]).await;
    configured(dir.path(), smtp.port);
    let token = agent_of(dir.path());
    for n in 1..=8 {
        let program = Program::start(dir.path());
        let conversation = program.ticket("Hello?", &format!("v{n}@example.com")).await;
        let mut dana = program.agent(&token).await;
        reply(&mut dana, &conversation, "Hello.").await;
        // Killed with the acknowledgement in hand, wherever the mail is by now.
        drop(program);
        let program = Program::start(dir.path());
        let mut dana = program.agent(&token).await;
        until_listed(&mut dana, "all sent", |m| m.len() == n && m.iter().all(|m| m["state"] == "sent")).await;
    }
    let came = smtp.mails(8).await;
    let mut names: Vec<_> = came.iter().map(|m| m.header("message-id").unwrap()).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 8, "each goes, and a repeated one bears the same name");
}

/// A mail server from Debian's packages, with a Maildir.
struct Aiosmtpd {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Aiosmtpd {
    async fn start(dir: &Path, options: &[&str]) -> Option<Aiosmtpd> {
        let found = std::env::var_os("PATH")
            .is_some_and(|path| std::env::split_paths(&path).any(|p| p.join("aiosmtpd").is_file()));
        if !found {
            eprintln!(
                "skipped: mail through a real mail server: aiosmtpd is not installed (package python3-aiosmtpd)"
            );
            return None;
        }
        let folder = dir.join("maildir");
        // A free port: bound and let go, as it can only be told one.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new("aiosmtpd")
            .args(["-n", "-l", &format!("localhost:{port}")])
            .args(options)
            .args(["-c", "aiosmtpd.handlers.Mailbox"])
            .arg(&folder)
            .env("PYTHONWARNINGS", "ignore")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Aiosmtpd { child, port, folder };
        let up = async {
            while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        soon("the mail server", up).await;
        Some(server)
    }

    /// Waits for so many mails; gives them as they lie there.
    fn mails(&self, n: usize) -> Vec<String> {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let files = std::fs::read_dir(self.folder.join("new")).into_iter().flatten().flatten();
            let mails: Vec<String> = files.filter_map(|f| std::fs::read_to_string(f.path()).ok()).collect();
            if mails.len() >= n {
                return mails;
            }
            assert!(Instant::now() < until, "{} of {n} mails came", mails.len());
            std::thread::yield_now();
        }
    }
}

impl Drop for Aiosmtpd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_mail_server_takes_it() {
    let dir = tempfile::tempdir().unwrap();
    let Some(smtp) = Aiosmtpd::start(dir.path(), &[]).await else { return };
    configured(dir.path(), smtp.port);
    let token = agent_of(dir.path());
    let tried = baton()
        .args(["mail", "test", "owner@shop.example", "--config"])
        .arg(dir.path().join("baton.toml"))
        .output()
        .unwrap();
    assert!(tried.status.success(), "{tried:?}");
    assert!(String::from_utf8_lossy(&tried.stdout).contains("took the mail"), "{tried:?}");

    let program = Program::start(dir.path());
    let conversation =
        program.ticket("Grüße! Where is my order?\n.\nit ends with a dot.", "maya@example.com").await;
    let mut dana = program.agent(&token).await;
    reply(&mut dana, &conversation, "It left yesterday.\n.\nRCPT TO:<evil@example.com>\n- Dana").await;
    until_listed(&mut dana, "sent", |m| m.len() == 1 && m[0]["state"] == "sent").await;
    let mails = smtp.mails(2);
    let mail = mails.iter().find(|m| m.contains("X-RcptTo: maya@example.com")).expect("to the visitor alone");
    assert!(mail.contains("X-MailFrom: help@shop.example"), "{mail}");
    assert!(mail.contains("In-Reply-To: <") && mail.contains("Message-ID: <"), "{mail}");
    assert!(!mails.iter().any(|m| m.contains("X-RcptTo: evil@")));

    // What agents see of it from a shell.
    let listed = baton()
        .args(["mail", "list", "--json", "--url", &format!("http://{}", program.address), "--token", &token])
        .output()
        .unwrap();
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!((&listed[0]["state"], &listed[0]["to"]), (&json!("sent"), &json!("maya@example.com")));
}

/// A certificate of an authority of its own, for `localhost`; gives the files of both, and of the key.
fn certificates(dir: &Path) -> [String; 3] {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_cert = authority.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let cert = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let cert = cert.signed_by(&key, &issuer).unwrap();
    let file = |name: &str, text: String| {
        let path = dir.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    [file("ca.pem", authority_cert.pem()), file("cert.pem", cert.pem()), file("key.pem", key.serialize_pem())]
}

/// `baton mail test` with this in `[mail]`: whether it went, and what was said.
fn try_out(dir: &Path, port: u16, lines: &str) -> (bool, String) {
    let text = format!(
        "[mail]\nhost = \"localhost\"\nport = {port}\nfrom = \"help@shop.example\"\n{lines}\n[[site]]\nid = \"demo\"\n"
    );
    let config = dir.join("try.toml");
    std::fs::write(&config, text).unwrap();
    let done =
        baton().args(["mail", "test", "owner@shop.example", "--config"]).arg(&config).output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    (done.status.success(), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_used_checked_and_never_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let [_, cert, key] = certificates(dir.path());
    let Some(starttls) = Aiosmtpd::start(dir.path(), &["--tlscert", &cert, "--tlskey", &key]).await else {
        return;
    };
    let own = "ca_file = \"ca.pem\"";
    let (went, said) = try_out(dir.path(), starttls.port, own);
    assert!(went, "{said}");
    let (went, said) = try_out(dir.path(), starttls.port, "");
    assert!(!went && said.contains("no TLS with the mail server") && said.contains("certificate"), "{said}");
    // Not encrypted: it wants to be, and takes nothing.
    let (went, said) = try_out(dir.path(), starttls.port, "tls = \"none\"");
    assert!(!went && said.contains("530"), "{said}");
    assert_eq!(starttls.mails(1).len(), 1);

    let second = tempfile::tempdir().unwrap();
    let whole = ["--smtpscert", &cert, "--smtpskey", &key];
    let whole = Aiosmtpd::start(second.path(), &whole).await.expect("it was there");
    let (went, said) = try_out(dir.path(), whole.port, &format!("tls = \"tls\"\n{own}"));
    assert!(went, "{said}");

    let third = tempfile::tempdir().unwrap();
    let plain = Aiosmtpd::start(third.path(), &[]).await.expect("it was there");
    let (went, said) = try_out(dir.path(), plain.port, own);
    assert!(!went && said.contains("offers no STARTTLS"), "{said}");
    assert_eq!(plain.mails(0).len(), 0, "nothing went in the clear");
}
