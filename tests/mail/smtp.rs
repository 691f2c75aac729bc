//! A mail server that does as it is told: takes mails, refuses them, cuts the line, says nothing.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::support::server::soon;

/// What happens on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// All is well.
    Take,
    /// No greeting comes.
    Silent,
    /// The recipient is answered so.
    Recipient(u16),
    /// The mail is answered so.
    Mail(u16),
    /// The line is cut once the mail is there, before any word.
    CutBefore,
    /// The mail is taken, and the line cut in the same breath.
    CutAfter,
    /// The mail is there, and nothing is said until [`Fake::let_go`].
    Hold,
    /// A password is wanted that nobody has.
    Password,
}

/// A mail as it came.
#[derive(Debug, Clone)]
pub struct Came {
    pub from: String,
    pub to: String,
    pub text: String,
    /// Whether it was taken.
    pub taken: bool,
}

impl Came {
    /// A header's value, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        let (head, _) = self.text.split_once("\r\n\r\n").unwrap_or((&self.text, ""));
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let found: Vec<String> = unfolded
            .lines()
            .filter_map(|l| l.split_once(": "))
            .filter(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_owned())
            .collect();
        assert!(found.len() <= 1, "{name} stands there twice: {head}");
        found.into_iter().next()
    }

    /// Names of all headers.
    pub fn headers(&self) -> Vec<String> {
        let (head, _) = self.text.split_once("\r\n\r\n").unwrap_or((&self.text, ""));
        let lines = head.lines().filter(|l| !l.starts_with([' ', '\t']));
        lines.map(|l| l.split(':').next().unwrap().to_ascii_lowercase()).collect()
    }

    /// The body, decoded.
    pub fn body(&self) -> String {
        let (_, body) = self.text.split_once("\r\n\r\n").unwrap();
        match self.header("content-transfer-encoding").as_deref() {
            Some("quoted-printable") => quoted_printable(body),
            Some("base64") => {
                use base64::Engine as _;
                let flat: String = body.split_whitespace().collect();
                String::from_utf8(base64::engine::general_purpose::STANDARD.decode(flat).unwrap()).unwrap()
            }
            _ => body.to_owned(),
        }
    }
}

fn quoted_printable(text: &str) -> String {
    let text = text.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'=' && after.len() >= 2 {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&after[..2]).unwrap(), 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[derive(Default)]
struct Told {
    acts: VecDeque<Act>,
    came: Vec<Came>,
    connections: usize,
}

/// The mail server.
pub struct Fake {
    pub port: u16,
    told: Arc<Mutex<Told>>,
    changed: watch::Receiver<usize>,
    release: watch::Sender<bool>,
}

impl Fake {
    /// One that does these things, one a connection, and then takes whatever comes.
    pub async fn start(acts: &[Act]) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let told = Arc::new(Mutex::new(Told { acts: acts.iter().copied().collect(), ..Told::default() }));
        let (tell, changed) = watch::channel(0);
        let (release, held) = watch::channel(false);
        let (shared, tell) = (told.clone(), Arc::new(tell));
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let act = {
                    let mut told = shared.lock().unwrap();
                    told.connections += 1;
                    told.acts.pop_front().unwrap_or(Act::Take)
                };
                tokio::spawn(serve(tcp, act, shared.clone(), tell.clone(), held.clone()));
                tell.send_modify(|n| *n += 1);
            }
        });
        Fake { port, told, changed, release }
    }

    /// What [`Act::Hold`] held is answered with 250.
    pub fn let_go(&self) {
        let _ = self.release.send(true);
    }

    pub fn came(&self) -> Vec<Came> {
        self.told.lock().unwrap().came.clone()
    }

    pub fn connections(&self) -> usize {
        self.told.lock().unwrap().connections
    }

    /// Waits until so many mails came, taken or not; gives them.
    pub async fn mails(&mut self, n: usize) -> Vec<Came> {
        let told = self.told.clone();
        let enough = self.changed.wait_for(|_| told.lock().unwrap().came.len() >= n);
        soon("a mail", enough).await.unwrap();
        self.came()
    }

    /// Waits until so many connections were made.
    pub async fn connected(&mut self, n: usize) {
        let told = self.told.clone();
        let enough = self.changed.wait_for(|_| told.lock().unwrap().connections >= n);
        soon("a connection", enough).await.unwrap();
    }
}

async fn serve(
    tcp: TcpStream,
    act: Act,
    told: Arc<Mutex<Told>>,
    tell: Arc<watch::Sender<usize>>,
    mut held: watch::Receiver<bool>,
) {
    let (read, mut write) = tcp.into_split();
    let mut lines = BufReader::new(read).lines();
    if act == Act::Silent {
        while let Ok(Some(_)) = lines.next_line().await {}
        return;
    }
    let mut mail = Came { from: String::new(), to: String::new(), text: String::new(), taken: false };
    let _ = write.write_all(b"220 fake\r\n").await;
    while let Ok(Some(line)) = lines.next_line().await {
        let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match word.as_str() {
            "EHLO" => "250-fake\r\n250-8BITMIME\r\n250-AUTH PLAIN LOGIN\r\n250 SMTPUTF8\r\n".to_owned(),
            "MAIL" => {
                mail.from = line;
                if act == Act::Password {
                    "530 5.7.0 say who you are\r\n".into()
                } else {
                    "250 ok\r\n".into()
                }
            }
            "RCPT" => {
                mail.to = line;
                match act {
                    Act::Recipient(code) => format!("{code} no such user here\r\n"),
                    _ => "250 ok\r\n".into(),
                }
            }
            "DATA" => {
                let _ = write.write_all(b"354 go on\r\n").await;
                while let Ok(Some(line)) = lines.next_line().await {
                    if line == "." {
                        break;
                    }
                    mail.text.push_str(line.strip_prefix('.').unwrap_or(&line));
                    mail.text.push_str("\r\n");
                }
                mail.taken = matches!(act, Act::Take | Act::CutAfter | Act::Hold);
                told.lock().unwrap().came.push(mail.clone());
                tell.send_modify(|n| *n += 1);
                match act {
                    Act::CutBefore => return,
                    Act::Mail(code) => format!("{code} not this one\r\n"),
                    Act::Hold => {
                        let _ = held.wait_for(|go| *go).await;
                        "250 taken\r\n".into()
                    }
                    _ => "250 taken\r\n".into(),
                }
            }
            "AUTH" => "535 5.7.8 wrong\r\n".into(),
            "QUIT" => {
                let _ = write.write_all(b"221 bye\r\n").await;
                return;
            }
            _ => "250 ok\r\n".into(),
        };
        if write.write_all(answer.as_bytes()).await.is_err() || (act == Act::CutAfter && mail.taken) {
            return;
        }
    }
}
